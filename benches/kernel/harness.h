// What every kernel in C and C++ has around it: one run of `kernel` at the size that the first argument says, and a line with its checksum and
// the nanoseconds that it took by the guest's own clock. Native and WebAssembly builds are of the same source.
#pragma once
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// The size without an argument, and what is measured. A kernel returns a number that depends on all that it computed.
extern const uint32_t usual_size;
static uint64_t kernel(uint32_t size);

// Numbers that look random, the same everywhere.
static inline uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint64_t mix(uint64_t sum, uint64_t value) { return (sum ^ value) * 0x100000001b3u + (sum >> 47); }

// What takes an address off the optimizer's hands, so that what is computed from it is computed.
#define OPAQUE(value) __asm__ volatile("" : : "r"(value) : "memory")

int main(int count, char **arguments) {
    uint32_t size = count > 1 ? (uint32_t)strtoul(arguments[1], NULL, 10) : usual_size;
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    uint64_t sum = kernel(size);
    clock_gettime(CLOCK_MONOTONIC, &after);
    long long nanoseconds = (after.tv_sec - before.tv_sec) * 1000000000LL + (after.tv_nsec - before.tv_nsec);
    printf("%016llx %lld\n", (unsigned long long)sum, nanoseconds);
    return 0;
}
