// A bytecode machine whose instructions are cases of one `switch`: three programs for it, with loops, an array and calls.
#include "harness.h"
const uint32_t usual_size = 130000;

enum { PUSH, LOAD, STORE, ADD, SUB, MUL, AND, LESS, JUMP, UNLESS, CALL, RETURN, FETCH, PUT, DUP, DROP, HALT };

static __attribute__((noinline)) int64_t run(const int32_t *code, int64_t argument) {
    int64_t stack[256], locals[16] = {argument}, heap[1024] = {0};
    uint32_t top = 0, at = 0, returns[64], depth = 0;
    for (;;) {
        int32_t operand = code[at + 1];
        switch (code[at]) {
        case PUSH: stack[top++] = operand; at += 2; break;
        case LOAD: stack[top++] = locals[operand]; at += 2; break;
        case STORE: locals[operand] = stack[--top]; at += 2; break;
        case ADD: top--; stack[top - 1] += stack[top]; at += 1; break;
        case SUB: top--; stack[top - 1] -= stack[top]; at += 1; break;
        case MUL: top--; stack[top - 1] = (int64_t)((uint64_t)stack[top - 1] * (uint64_t)stack[top]); at += 1; break;
        case AND: top--; stack[top - 1] &= stack[top]; at += 1; break;
        case LESS: top--; stack[top - 1] = stack[top - 1] < stack[top]; at += 1; break;
        case JUMP: at = (uint32_t)operand; break;
        case UNLESS: at = stack[--top] ? at + 2 : (uint32_t)operand; break;
        case CALL: returns[depth++] = at + 2; at = (uint32_t)operand; break;
        case RETURN: at = returns[--depth]; break;
        case FETCH: stack[top - 1] = heap[stack[top - 1] & 1023]; at += 1; break;
        case PUT: top -= 2; heap[stack[top + 1] & 1023] = stack[top]; at += 1; break;
        case DUP: stack[top] = stack[top - 1]; top++; at += 1; break;
        case DROP: top--; at += 1; break;
        default: return locals[1];
        }
    }
}

// A sum of squares; a sieve of 1,024 numbers, whose primes are counted; and a loop that calls a function which multiplies and masks.
static const int32_t squares[] = {
    LOAD, 2, LOAD, 0, LESS, UNLESS, 22, LOAD, 1, LOAD, 2, DUP, MUL, ADD, STORE, 1, LOAD, 2, PUSH, 1, JUMP, 23,
    HALT, ADD, STORE, 2, JUMP, 0};
static const int32_t sieve[] = {
    PUSH, 2, STORE, 2,
    /* 4 */ LOAD, 2, PUSH, 1024, LESS, UNLESS, 61,
    /* 11 */ LOAD, 2, FETCH, UNLESS, 18, JUMP, 52,
    /* 18 */ LOAD, 1, PUSH, 1, ADD, STORE, 1, LOAD, 2, DUP, ADD, STORE, 3,
    /* 31 */ LOAD, 3, PUSH, 1024, LESS, UNLESS, 52, PUSH, 1, LOAD, 3, PUT, LOAD, 3, LOAD, 2, ADD, STORE, 3, JUMP, 31,
    /* 52 */ LOAD, 2, PUSH, 1, ADD, STORE, 2, JUMP, 4,
    /* 61 */ HALT, 0};
static const int32_t calls[] = {
    LOAD, 2, LOAD, 0, LESS, UNLESS, 18, CALL, 19, LOAD, 2, PUSH, 1, ADD, STORE, 2, JUMP, 0,
    /* 18 */ HALT,
    /* 19 */ LOAD, 1, PUSH, 31, MUL, LOAD, 2, ADD, PUSH, 0xfffff, AND, STORE, 1, RETURN, 0};

static uint64_t kernel(uint32_t size) {
    uint64_t sum = mix(0, (uint64_t)run(squares, size * 8));
    sum = mix(sum, (uint64_t)run(calls, size * 8));
    for (uint32_t turn = 0; turn < size / 1000; turn++) sum = mix(sum, (uint64_t)run(sieve, turn));
    return sum;
}
