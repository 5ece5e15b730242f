// What the kernels share. Each takes a size and returns a checksum which is the same on every machine.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t Kernel(uint32_t size);

// integer.c
Kernel run_hash, run_sieve, run_prime, run_queens, run_frame, run_fib;
// real.c
Kernel run_matrix, run_body, run_blur;
// memory.c
Kernel run_sort, run_table, run_tree, run_text, run_machine;

void *reserve(size_t size); // malloc that ends the program instead of failing

// xorshift64*: every kernel draws its input from its own, equally seeded generator.
typedef struct { uint64_t state; } Random;

#define RANDOM {0x9e3779b97f4a7c15u}

static inline uint32_t draw(Random *random) {
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return (uint32_t)((random->state * 0x2545f4914f6cdd1du) >> 32);
}

static inline uint64_t mix(uint64_t sum, uint64_t value) {
    sum ^= value;
    return (sum << 27 | sum >> 37) * 0x9fb21c651e98df25u;
}

static inline uint64_t bits_of(double real) {
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return bits;
}
