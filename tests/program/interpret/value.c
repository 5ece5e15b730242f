// Values of the scripting language: strings, arrays, comparison, and the text that print shows.
#include "script.h"

#include <math.h>

void *allocate(void *old, size_t size) {
    void *block = realloc(old, size);
    if (!block) fail("out of memory");
    return block;
}

Value of_string(const char *bytes, size_t length) {
    String *string = allocate(NULL, sizeof(String) + length);
    string->references = 1;
    string->length = length;
    if (bytes) memcpy(string->bytes, bytes, length);
    return (Value){.kind = STRING, .string = string};
}

Value of_array(size_t capacity) {
    Array *array = allocate(NULL, sizeof(Array));
    *array = (Array){.references = 1, .capacity = capacity};
    array->items = capacity ? allocate(NULL, capacity * sizeof(Value)) : NULL;
    return (Value){.kind = ARRAY, .array = array};
}

void append(Array *array, Value owned) {
    if (array->length == array->capacity) {
        array->capacity = array->capacity ? 2 * array->capacity : 4;
        array->items = allocate(array->items, array->capacity * sizeof(Value));
    }
    array->items[array->length++] = owned;
}

const char *kind_name(Kind kind) {
    static const char *const names[] = {"nil", "bool", "int", "float", "string", "array", "function"};
    return names[kind];
}

int compare_strings(const String *a, const String *b) {
    int order = memcmp(a->bytes, b->bytes, a->length < b->length ? a->length : b->length);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

bool equal(Value a, Value b) {
    if (a.kind == INT && b.kind == INT) return a.integer == b.integer;
    if (is_number(a) && is_number(b)) return as_real(a) == as_real(b);
    if (a.kind != b.kind) return false;
    switch (a.kind) {
    case NIL: return true;
    case BOOL: return a.truth == b.truth;
    case STRING: return compare_strings(a.string, b.string) == 0;
    case ARRAY: return a.array == b.array;
    default: return a.function == b.function;
    }
}

void put(Text *text, const char *bytes, size_t length) {
    if (text->length + length > text->capacity) {
        text->capacity = 2 * (text->length + length);
        text->bytes = allocate(text->bytes, text->capacity);
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

void put_word(Text *text, const char *word) { put(text, word, strlen(word)); }

// The shortest decimal that reads back as the same double, always recognisable as a float.
static void put_real(Text *text, double real) {
    char digits[40];
    if (isnan(real)) return put_word(text, "nan");
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, real);
        if (strtod(digits, NULL) == real) break;
    }
    put_word(text, digits);
    if (!strpbrk(digits, ".en")) put_word(text, ".0");
}

void put_value(Text *text, Value value, int depth) {
    char digits[24];
    switch (value.kind) {
    case NIL: return put_word(text, "nil");
    case BOOL: return put_word(text, value.truth ? "true" : "false");
    case INT:
        snprintf(digits, sizeof digits, "%lld", (long long)value.integer);
        return put_word(text, digits);
    case FLOAT: return put_real(text, value.real);
    case STRING: return put(text, value.string->bytes, value.string->length);
    case FUNCTION:
        put_word(text, "fn ");
        return put_word(text, value.function->name);
    case ARRAY:
        if (depth > 8) return put_word(text, "[...]");
        put_word(text, "[");
        for (size_t i = 0; i < value.array->length; i++) {
            if (i) put_word(text, ", ");
            put_value(text, value.array->items[i], depth + 1);
        }
        return put_word(text, "]");
    }
}
