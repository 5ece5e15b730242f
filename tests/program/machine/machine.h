// A stack machine: 64-bit numbers, one array of memory, and code whose every instruction ends in a jump to the next.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// Every instruction: its name, and how many words follow it in the code. L is a label, N a number, S a slot of the frame.
#define INSTRUCTIONS(DO)                                                                                         \
    DO(stop, "") DO(push, "N") DO(drop, "") DO(dup, "") DO(swap, "") DO(add, "") DO(sub, "") DO(mul, "")         \
    DO(div, "") DO(rem, "") DO(and, "") DO(or, "") DO(xor, "") DO(shl, "") DO(shr, "") DO(eq, "") DO(ne, "")     \
    DO(lt, "") DO(le, "") DO(not, "") DO(jump, "L") DO(zero, "L") DO(more, "L") DO(call, "LN") DO(frame, "N")    \
    DO(ret, "") DO(get, "S") DO(set, "S") DO(load, "") DO(store, "") DO(size, "") DO(print, "")                  \
    DO(step, "SN") DO(less, "SSL")

enum {
#define NUMBER(name, operands) DO_##name,
    INSTRUCTIONS(NUMBER)
#undef NUMBER
    INSTRUCTION_COUNT
};

enum { STACK_WORDS = 1 << 16, CALLS = 1 << 13, MOST_MEMORY = 1 << 24 };

typedef struct { const int64_t *code; int64_t *frame; } Return;

typedef struct {
    int64_t *stack, *memory;
    int64_t memory_size;
    Return returns[CALLS];
    size_t depth;
    const char *fault; // why the program ended, if not by `stop`
    const int64_t *fault_at;
} Machine;

// machine.c: runs code from its first word on; the frame of the main program begins with `size`. Returns what is on top in the end.
int64_t execute(Machine *machine, const int64_t *code, int64_t size);

// assemble.c
typedef struct { int64_t *words; uint32_t *lines; size_t count, room; } Code;

// Returns 0, or the number of the bad line, and what is wrong with it.
uint32_t assemble(const char *text, Code *code, const char **wrong);

void *allocate(void *old, size_t size); // realloc that ends the program instead of failing
