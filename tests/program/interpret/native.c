// The built-in functions of the scripting language.
#include "script.h"

#include <errno.h>
#include <math.h>

static void need(Value value, Kind kind, const char *what) {
    if (value.kind != kind) fail("%s must be %s, not %s", what, kind_name(kind), kind_name(value.kind));
}

static Value native_print(const Value *args, int n) {
    Text text = {0};
    for (int i = 0; i < n; i++) {
        if (i) put_word(&text, " ");
        put_value(&text, args[i], 0);
    }
    put_word(&text, "\n");
    fwrite(text.bytes, 1, text.length, stdout);
    free(text.bytes);
    return (Value){.kind = NIL};
}

static Value native_len(const Value *args, int n) {
    (void)n;
    if (args[0].kind == STRING) return of_int((int64_t)args[0].string->length);
    need(args[0], ARRAY, "the argument of len");
    return of_int((int64_t)args[0].array->length);
}

static Value native_push(const Value *args, int n) {
    (void)n;
    need(args[0], ARRAY, "the first argument of push");
    append(args[0].array, retain(args[1]));
    return (Value){.kind = NIL};
}

static Value native_pop(const Value *args, int n) {
    (void)n;
    need(args[0], ARRAY, "the argument of pop");
    if (!args[0].array->length) fail("pop from an empty array");
    return args[0].array->items[--args[0].array->length];
}

static Value native_str(const Value *args, int n) {
    (void)n;
    if (args[0].kind == STRING) return retain(args[0]);
    Text text = {0};
    put_value(&text, args[0], 0);
    Value value = of_string(text.bytes, text.length);
    free(text.bytes);
    return value;
}

static Value native_int(const Value *args, int n) {
    (void)n;
    if (args[0].kind == INT) return args[0];
    if (args[0].kind == STRING) {
        char digits[32] = {0}, *end;
        if (args[0].string->length < sizeof digits) memcpy(digits, args[0].string->bytes, args[0].string->length);
        errno = 0;
        long long integer = strtoll(digits, &end, 10);
        return !digits[0] || *end || errno ? (Value){.kind = NIL} : of_int(integer);
    }
    need(args[0], FLOAT, "the argument of int");
    if (!(args[0].real >= -0x1p63 && args[0].real < 0x1p63)) fail("float out of the range of int");
    return of_int((int64_t)args[0].real);
}

static Value native_float(const Value *args, int n) {
    (void)n;
    if (!is_number(args[0])) need(args[0], FLOAT, "the argument of float");
    return of_float(as_real(args[0]));
}

static Value native_sqrt(const Value *args, int n) {
    (void)n;
    if (!is_number(args[0])) need(args[0], FLOAT, "the argument of sqrt");
    return of_float(sqrt(as_real(args[0])));
}

static Value native_type(const Value *args, int n) {
    (void)n;
    const char *name = kind_name(args[0].kind);
    return of_string(name, strlen(name));
}

static Value native_slice(const Value *args, int n) {
    (void)n;
    need(args[1], INT, "the start of a slice");
    need(args[2], INT, "the end of a slice");
    if (args[0].kind != STRING) need(args[0], ARRAY, "the first argument of slice");
    int64_t length = args[0].kind == STRING ? (int64_t)args[0].string->length : (int64_t)args[0].array->length;
    int64_t start = args[1].integer, end = args[2].integer;
    if (start < 0 || end < start || end > length)
        fail("slice %lld..%lld out of range for length %lld", (long long)start, (long long)end, (long long)length);
    if (args[0].kind == STRING) return of_string(args[0].string->bytes + start, (size_t)(end - start));
    Value result = of_array((size_t)(end - start));
    for (int64_t i = start; i < end; i++) append(result.array, retain(args[0].array->items[i]));
    return result;
}

static Value native_ord(const Value *args, int n) {
    (void)n;
    need(args[0], STRING, "the argument of ord");
    if (!args[0].string->length) fail("ord of an empty string");
    return of_int((unsigned char)args[0].string->bytes[0]);
}

static Value native_chr(const Value *args, int n) {
    (void)n;
    need(args[0], INT, "the argument of chr");
    if (args[0].integer < 0 || args[0].integer > 255) fail("chr of %lld", (long long)args[0].integer);
    char byte = (char)args[0].integer;
    return of_string(&byte, 1);
}

static Value native_join(const Value *args, int n) {
    (void)n;
    need(args[0], ARRAY, "the first argument of join");
    need(args[1], STRING, "the second argument of join");
    Text text = {0};
    for (size_t i = 0; i < args[0].array->length; i++) {
        if (i) put(&text, args[1].string->bytes, args[1].string->length);
        put_value(&text, args[0].array->items[i], 0);
    }
    Value value = of_string(text.bytes, text.length);
    free(text.bytes);
    return value;
}

// The next line of stdin without its end, or nil.
static Value native_line(const Value *args, int n) {
    (void)args, (void)n;
    Text text = {0};
    int c = getchar();
    if (c == EOF) return (Value){.kind = NIL};
    for (; c != EOF && c != '\n'; c = getchar()) put(&text, &(char){(char)c}, 1);
    Value value = of_string(text.bytes, text.length);
    free(text.bytes);
    return value;
}

static Value native_error(const Value *args, int n) {
    (void)n;
    Text text = {0};
    put_value(&text, args[0], 0);
    fail("%.*s", (int)text.length, text.bytes);
}

static const Function natives[] = {
    {.name = "print", .arity = -1, .native = native_print}, {.name = "len", .arity = 1, .native = native_len},
    {.name = "push", .arity = 2, .native = native_push},    {.name = "pop", .arity = 1, .native = native_pop},
    {.name = "str", .arity = 1, .native = native_str},      {.name = "int", .arity = 1, .native = native_int},
    {.name = "float", .arity = 1, .native = native_float},  {.name = "sqrt", .arity = 1, .native = native_sqrt},
    {.name = "type", .arity = 1, .native = native_type},    {.name = "slice", .arity = 3, .native = native_slice},
    {.name = "ord", .arity = 1, .native = native_ord},      {.name = "chr", .arity = 1, .native = native_chr},
    {.name = "join", .arity = 2, .native = native_join},    {.name = "line", .arity = 0, .native = native_line},
    {.name = "error", .arity = 1, .native = native_error},
};

void declare_natives(void) {
    for (size_t i = 0; i < sizeof natives / sizeof *natives; i++)
        globals[global_count++] = (Global){natives[i].name, {.kind = FUNCTION, .function = &natives[i]}, true};
}
