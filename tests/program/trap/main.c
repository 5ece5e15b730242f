// Traps three calls deep, in the way its argument names; a backtrace must show inner, middle and outer.
//
// The operands pass through volatile variables, so that the compiler can neither fold the operation nor use its
// being undefined in C: what runs is the plain WebAssembly instruction.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum {
    UNREACHABLE, DIV, REM, OVERFLOW, OOB, STORE, INDIRECT, NULL_CALL, TABLE, RECURSION, FLOAT, FLOAT_RANGE, EXIT, NONE
} Way;

static const char *const names[] = {"unreachable", "div",   "rem",       "overflow", "oob",         "store", "indirect",
                                    "null",        "table", "recursion", "float",    "float-range", "exit",  "none"};

static volatile int32_t zero = 0, minus_one = -1, least = INT32_MIN;
static volatile uint32_t far = 0xfffffff0; // address space ends there; the memory much earlier
static volatile double large = 1e10, not_a_number;

static double half(double x) { return x / 2; }

static void *volatile some_function = (void *)half;
static void *volatile no_function = NULL;
static void *volatile wild_function = (void *)0x00ffffff; // an index beyond the table

// Every level works on after its call returns, so that no call is in tail position.
__attribute__((noinline)) int inner(Way way, int level) {
    switch (way) {
    case UNREACHABLE: __builtin_trap();
    case DIV: return 7 / zero + level;
    case REM: return 7 % zero + level;
    case OVERFLOW: return least / minus_one + level;
    case OOB: return *(volatile int32_t *)(uintptr_t)far + level;
    case STORE: *(volatile int64_t *)(uintptr_t)far = level; return level;
    case INDIRECT: return ((int (*)(int))some_function)(level) + level;
    case NULL_CALL: return ((int (*)(int))no_function)(level) + level;
    case TABLE: return ((int (*)(int))wild_function)(level) + level;
    case RECURSION: return inner(way, level + 1) * 3 ^ zero;
    case FLOAT: return __builtin_wasm_trunc_s_i32_f64(not_a_number) + level; // the trapping form, unlike a cast
    case FLOAT_RANGE: return (int)__builtin_wasm_trunc_u_i32_f64(large) + level;
    case EXIT: exit(7);
    case NONE: return level;
    }
    return 0;
}

__attribute__((noinline)) int middle(Way way, int level) { return inner(way, level + 1) * 5 + zero; }

__attribute__((noinline)) int outer(Way way, int level) { return middle(way, level + 1) * 7 + zero; }

int main(int argc, char **argv) {
    not_a_number = 0.0 / zero;
    for (int way = 0; argc == 2 && way <= NONE; way++) {
        if (strcmp(argv[1], names[way]) != 0) continue;
        printf("before %s\n", names[way]);
        fflush(stdout);
        printf("after %s: %d\n", names[way], outer((Way)way, 1));
        return 0;
    }
    fprintf(stderr, "usage: trap WAY, where WAY is one of:");
    for (int way = 0; way <= NONE; way++) fprintf(stderr, " %s", names[way]);
    fputc('\n', stderr);
    return 2;
}
