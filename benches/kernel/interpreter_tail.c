// An interpreter whose instructions are functions that end in a tail call of the next by a table: registers in parameters.
#include "harness.h"
const uint32_t usual_size = 1500000;

struct machine { uint64_t cells[64]; };
typedef uint64_t step(struct machine *machine, const uint8_t *code, uint64_t accumulator, uint64_t counter);

static step halt, add, load, store, shift, xors, multiply, loop, skip;
static step *const table[] = {halt, add, load, store, shift, xors, multiply, loop, skip};

#define NEXT(more) __attribute__((musttail)) return table[code[more]](machine, code + (more), accumulator, counter)
#define STEP(name) static uint64_t name(struct machine *machine, const uint8_t *code, uint64_t accumulator, uint64_t counter)

STEP(halt) { (void)code; (void)counter; return accumulator ^ machine->cells[3]; }
STEP(add) { accumulator += machine->cells[code[1] & 63]; NEXT(2); }
STEP(load) { accumulator = machine->cells[code[1] & 63]; NEXT(2); }
STEP(store) { machine->cells[code[1] & 63] = accumulator; NEXT(2); }
STEP(shift) { accumulator = accumulator << (code[1] & 63) | accumulator >> (-code[1] & 63); NEXT(2); }
STEP(xors) { accumulator ^= machine->cells[code[1] & 63] + counter; NEXT(2); }
STEP(multiply) { accumulator *= 0x9e3779b97f4a7c15u; NEXT(1); }
STEP(skip) { if (accumulator & 1) { NEXT(3); } NEXT(1); }
STEP(loop) {
    if (--counter == 0) { NEXT(2); }
    code -= code[1];
    NEXT(0);
}

static uint64_t kernel(uint32_t size) {
    static const uint8_t code[] = {2, 0, 1, 1, 5, 2, 4, 13, 8, 3, 2, 6, 1, 4, 3, 3, 5, 0, 3, 0, 7, 20, 0};
    struct machine machine;
    uint64_t state = 5;
    for (int i = 0; i < 64; i++) machine.cells[i] = next_random(&state);
    return mix(table[code[0]](&machine, code, 1, size), machine.cells[2]);
}
