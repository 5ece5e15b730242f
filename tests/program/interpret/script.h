// What the rooms of the interpreter share: values, the syntax tree, the global names, and error reports.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NESTING_LIMIT = 150,  // of the source text
    DEPTH_LIMIT = 2000,   // of the interpreter's own recursion: nesting summed over the active calls
    STACK_SIZE = 1 << 15, // slots for arguments and local variables
    NAME_LIMIT = 256,     // globals, and locals per function
};

// ---------------------------------------------------------------- values (value.c)

typedef enum { NIL, BOOL, INT, FLOAT, STRING, ARRAY, FUNCTION } Kind;

typedef struct String {
    int references;
    size_t length;
    char bytes[];
} String;

typedef struct Array Array;
typedef struct Function Function;

typedef struct Value {
    Kind kind;
    union {
        bool truth;
        int64_t integer;
        double real;
        String *string;
        Array *array;
        const Function *function;
    };
} Value;

struct Array {
    int references;
    size_t length, capacity;
    Value *items;
};

typedef struct Node Node;

struct Function {
    const char *name;
    int arity;                                 // -1: any number of arguments
    int slots;                                 // arguments and local variables
    int nesting;                               // deepest nesting of nodes in the body
    const Node *body;                          // or, if null:
    Value (*native)(const Value *args, int n); // borrows its arguments
};

typedef struct { char *bytes; size_t length, capacity; } Text;

static inline Value retain(Value value) {
    if (value.kind == STRING) value.string->references++;
    if (value.kind == ARRAY) value.array->references++;
    return value;
}

static inline void release(Value value) {
    if (value.kind == STRING && --value.string->references == 0) free(value.string);
    if (value.kind == ARRAY && --value.array->references == 0) {
        for (size_t i = 0; i < value.array->length; i++) release(value.array->items[i]);
        free(value.array->items);
        free(value.array);
    }
}

static inline Value of_bool(bool truth) { return (Value){.kind = BOOL, .truth = truth}; }
static inline Value of_int(int64_t integer) { return (Value){.kind = INT, .integer = integer}; }
static inline Value of_float(double real) { return (Value){.kind = FLOAT, .real = real}; }

static inline bool is_true(Value value) {
    return value.kind == BOOL ? value.truth : value.kind != NIL;
}

static inline bool is_number(Value value) { return value.kind == INT || value.kind == FLOAT; }
static inline double as_real(Value value) { return value.kind == INT ? (double)value.integer : value.real; }

void *allocate(void *old, size_t size);
Value of_string(const char *bytes, size_t length); // null bytes: not yet filled in
Value of_array(size_t capacity);
void append(Array *array, Value owned);
const char *kind_name(Kind kind);
int compare_strings(const String *a, const String *b);
bool equal(Value a, Value b);
void put(Text *text, const char *bytes, size_t length);
void put_word(Text *text, const char *word);
void put_value(Text *text, Value value, int depth);

// ---------------------------------------------------------------- syntax tree (parse.c)

typedef enum {
    LITERAL, LOCAL, GLOBAL, LIST, INDEX, CALL, NEGATE, NOT, AND, OR, // expressions without a token of their own
    ADD, SUBTRACT, MULTIPLY, DIVIDE, REMAINDER, BIT_OR, BIT_XOR, BIT_AND, SHIFT_LEFT, SHIFT_RIGHT,
    EQUAL, UNEQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL,
    BLOCK, SET_LOCAL, SET_GLOBAL, SET_INDEX, IF, WHILE, RETURN, BREAK, CONTINUE, EXPRESSION, // statements
} Form;

struct Node {
    Form form;
    int line, column;
    int slot;      // of a variable
    bool declares; // of a SET_GLOBAL
    int count;
    Value value;   // of a LITERAL
    Node **parts;
};

typedef struct { const char *name; Value value; bool defined; } Global;

typedef struct { int level; const char *symbol; Form form; } Operator;

extern const Operator operators[];
extern const int operator_count;
extern Global globals[NAME_LIMIT];
extern int global_count;

// The whole script as a function without arguments; on a syntax error the process ends with exit code 2.
Function parse_program(const char *script, size_t length);

// ---------------------------------------------------------------- running (evaluate.c, native.c)

extern const char *script_name;

void declare_natives(void);
void run(const Function *program);
_Noreturn void fail(const char *format, ...); // a run-time error: the process ends with exit code 3
