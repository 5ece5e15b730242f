// The tree-walking interpreter proper, and run-time errors.
#include "script.h"

#include <math.h>
#include <stdarg.h>

static Value stack[STACK_SIZE];
static int stack_top;

typedef struct Call { const Function *function; const Node *site; struct Call *caller; } Call;

const char *script_name = "stdin";
static Call *innermost;       // active call
static const Node *current;   // node being evaluated, for messages
static int depth;

_Noreturn void fail(const char *format, ...) {
    fflush(stdout);
    fprintf(stderr, "%s:%d:%d: error: ", script_name, current ? current->line : 0, current ? current->column : 0);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    int shown = 0;
    for (Call *call = innermost; call; call = call->caller) {
        if (++shown > 5) {
            fprintf(stderr, "  ...\n");
            break;
        }
        fprintf(stderr, "  in %s, called at %s:%d:%d\n", call->function->name, script_name, call->site->line,
                call->site->column);
    }
    exit(3);
}

typedef enum { NORMAL, BREAKING, CONTINUING, RETURNING } Flow;

static Value returned; // while RETURNING

static Value evaluate(const Node *node, Value *frame);
static Flow execute(const Node *node, Value *frame);

static _Noreturn void bad_operands(const Node *node, Value a, Value b) {
    current = node;
    const char *symbol = "?";
    for (int i = 0; i < operator_count; i++)
        if (operators[i].form == node->form) symbol = operators[i].symbol;
    fail("cannot apply '%s' to %s and %s", symbol, kind_name(a.kind), kind_name(b.kind));
}

static Value integer_operation(const Node *node, int64_t a, int64_t b) {
    uint64_t x = (uint64_t)a, y = (uint64_t)b; // integers wrap
    switch (node->form) {
    case ADD: return of_int((int64_t)(x + y));
    case SUBTRACT: return of_int((int64_t)(x - y));
    case MULTIPLY: return of_int((int64_t)(x * y));
    case DIVIDE:
    case REMAINDER:
        current = node;
        if (b == 0) fail("division by zero");
        if (b == -1) return of_int(node->form == DIVIDE ? (int64_t)(0 - x) : 0);
        return of_int(node->form == DIVIDE ? a / b : a % b);
    case BIT_OR: return of_int(a | b);
    case BIT_XOR: return of_int(a ^ b);
    case BIT_AND: return of_int(a & b);
    case SHIFT_LEFT: return of_int((int64_t)(x << (y & 63)));
    case SHIFT_RIGHT: return of_int(a >> (y & 63));
    case LESS: return of_bool(a < b);
    case LESS_EQUAL: return of_bool(a <= b);
    case GREATER: return of_bool(a > b);
    default: return of_bool(a >= b);
    }
}

static Value real_operation(const Node *node, Value left, Value right) {
    double a = as_real(left), b = as_real(right);
    switch (node->form) {
    case ADD: return of_float(a + b);
    case SUBTRACT: return of_float(a - b);
    case MULTIPLY: return of_float(a * b);
    case DIVIDE: return of_float(a / b);
    case REMAINDER: return of_float(fmod(a, b));
    case LESS: return of_bool(a < b);
    case LESS_EQUAL: return of_bool(a <= b);
    case GREATER: return of_bool(a > b);
    case GREATER_EQUAL: return of_bool(a >= b);
    default: bad_operands(node, left, right);
    }
}

static Value string_operation(const Node *node, const String *a, const String *b) {
    int order = compare_strings(a, b);
    Value joined;
    switch (node->form) {
    case ADD:
        joined = of_string(NULL, a->length + b->length);
        memcpy(joined.string->bytes, a->bytes, a->length);
        memcpy(joined.string->bytes + a->length, b->bytes, b->length);
        return joined;
    case LESS: return of_bool(order < 0);
    case LESS_EQUAL: return of_bool(order <= 0);
    case GREATER: return of_bool(order > 0);
    case GREATER_EQUAL: return of_bool(order >= 0);
    default: bad_operands(node, (Value){.kind = STRING}, (Value){.kind = STRING});
    }
}

static Value binary_operation(const Node *node, Value *frame) {
    Value a = evaluate(node->parts[0], frame);
    Value b = evaluate(node->parts[1], frame);
    if (a.kind == INT && b.kind == INT && node->form != EQUAL && node->form != UNEQUAL)
        return integer_operation(node, a.integer, b.integer);
    Value result;
    if (node->form == EQUAL || node->form == UNEQUAL) result = of_bool(equal(a, b) == (node->form == EQUAL));
    else if (is_number(a) && is_number(b)) result = real_operation(node, a, b);
    else if (a.kind == STRING && b.kind == STRING) result = string_operation(node, a.string, b.string);
    else bad_operands(node, a, b);
    release(a);
    release(b);
    return result;
}

// The place of an element, after checking both operands.
static size_t checked_index(const Node *node, Value container, Value index) {
    current = node;
    if (container.kind != ARRAY && container.kind != STRING) fail("cannot index %s", kind_name(container.kind));
    if (index.kind != INT) fail("an index must be an int, not %s", kind_name(index.kind));
    size_t length = container.kind == ARRAY ? container.array->length : container.string->length;
    if (index.integer < 0 || (uint64_t)index.integer >= length)
        fail("index %lld out of range for length %zu", (long long)index.integer, length);
    return (size_t)index.integer;
}

static Value evaluate_index(const Node *node, Value *frame) {
    Value container = evaluate(node->parts[0], frame);
    Value index = evaluate(node->parts[1], frame);
    size_t at = checked_index(node, container, index);
    Value result = container.kind == ARRAY ? retain(container.array->items[at])
                                           : of_string(&container.string->bytes[at], 1);
    release(container);
    return result;
}

static Value invoke(const Node *site, const Function *function, int base, int count) {
    Call call = {function, site, innermost};
    Value *frame = &stack[base];
    if (function->native) return function->native(frame, count);
    if ((depth += function->nesting) > DEPTH_LIMIT) fail("recursion too deep");
    if (base + function->slots > STACK_SIZE) fail("out of stack");
    innermost = &call;
    while (stack_top < base + function->slots) stack[stack_top++] = (Value){.kind = NIL};
    Flow flow = execute(function->body, frame);
    depth -= function->nesting;
    innermost = call.caller;
    return flow == RETURNING ? returned : (Value){.kind = NIL};
}

static Value evaluate_call(const Node *node, Value *frame) {
    Value callee = evaluate(node->parts[0], frame);
    current = node;
    if (callee.kind != FUNCTION) fail("cannot call %s", kind_name(callee.kind));
    const Function *function = callee.function;
    int count = node->count - 1, base = stack_top;
    if (function->arity >= 0 && count != function->arity)
        fail("%s takes %d argument%s, not %d", function->name, function->arity, function->arity == 1 ? "" : "s", count);
    for (int i = 0; i < count; i++) {
        Value argument = evaluate(node->parts[i + 1], frame);
        if (stack_top == STACK_SIZE) fail("out of stack");
        stack[stack_top++] = argument;
    }
    current = node;
    Value result = invoke(node, function, base, count);
    while (stack_top > base) release(stack[--stack_top]);
    return result;
}

static Value evaluate(const Node *node, Value *frame) {
    Value value;
    switch (node->form) {
    case LITERAL: return retain(node->value);
    case LOCAL: return retain(frame[node->slot]);
    case GLOBAL:
        current = node;
        if (!globals[node->slot].defined) fail("'%s' is not defined", globals[node->slot].name);
        return retain(globals[node->slot].value);
    case LIST:
        value = of_array(node->count);
        for (int i = 0; i < node->count; i++) append(value.array, evaluate(node->parts[i], frame));
        return value;
    case INDEX: return evaluate_index(node, frame);
    case CALL: return evaluate_call(node, frame);
    case AND:
    case OR:
        value = evaluate(node->parts[0], frame);
        if (is_true(value) == (node->form == OR)) return value;
        release(value);
        return evaluate(node->parts[1], frame);
    case NOT:
        value = evaluate(node->parts[0], frame);
        release(value);
        return of_bool(!is_true(value));
    case NEGATE:
        value = evaluate(node->parts[0], frame);
        current = node;
        if (!is_number(value)) fail("cannot negate %s", kind_name(value.kind));
        return value.kind == INT ? of_int((int64_t)(0 - (uint64_t)value.integer)) : of_float(-value.real);
    default: return binary_operation(node, frame);
    }
}

static void assign(Value *place, Value owned) {
    Value old = *place;
    *place = owned;
    release(old);
}

static void set_index(const Node *node, Value *frame) {
    Value container = evaluate(node->parts[0], frame);
    Value index = evaluate(node->parts[1], frame);
    Value value = evaluate(node->parts[2], frame);
    current = node;
    if (container.kind != ARRAY) fail("cannot assign to an element of %s", kind_name(container.kind));
    size_t at = checked_index(node, container, index);
    assign(&container.array->items[at], value);
    release(container);
}

static bool condition(const Node *node, Value *frame) {
    Value value = evaluate(node, frame);
    release(value);
    return is_true(value);
}

static Flow execute(const Node *node, Value *frame) {
    Flow flow;
    switch (node->form) {
    case BLOCK:
        for (int i = 0; i < node->count; i++)
            if (node->parts[i] && (flow = execute(node->parts[i], frame)) != NORMAL) return flow;
        return NORMAL;
    case SET_LOCAL: assign(&frame[node->slot], evaluate(node->parts[0], frame)); return NORMAL;
    case SET_GLOBAL: {
        Value value = evaluate(node->parts[0], frame);
        Global *global = &globals[node->slot];
        current = node;
        if (!global->defined && !node->declares) fail("'%s' is not declared", global->name);
        assign(&global->value, value);
        global->defined = true;
        return NORMAL;
    }
    case SET_INDEX: set_index(node, frame); return NORMAL;
    case IF:
        if (condition(node->parts[0], frame)) return execute(node->parts[1], frame);
        return node->count == 3 ? execute(node->parts[2], frame) : NORMAL;
    case WHILE:
        while (condition(node->parts[0], frame)) {
            flow = execute(node->parts[1], frame);
            if (flow == BREAKING) break;
            if (flow == RETURNING) return flow;
        }
        return NORMAL;
    case RETURN:
        returned = node->count ? evaluate(node->parts[0], frame) : (Value){.kind = NIL};
        return RETURNING;
    case BREAK: return BREAKING;
    case CONTINUE: return CONTINUING;
    default: release(evaluate(node->parts[0], frame)); return NORMAL;
    }
}

void run(const Function *program) {
    depth = program->nesting;
    while (stack_top < program->slots) stack[stack_top++] = (Value){.kind = NIL};
    execute(program->body, stack);
}
