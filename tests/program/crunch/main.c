// Compute-bound kernels in C: runs the one its first argument names, at the size given, and prints a checksum.
#include "crunch.h"

#include <stdio.h>

static const struct { const char *name; Kernel *run; uint32_t least, most; const char *about; } kernels[] = {
    {"hash", run_hash, 1, 1 << 20, "SHA-256 of SIZE KiB"},
    {"sieve", run_sieve, 2, 1u << 30, "primes up to SIZE, one bit each"},
    {"prime", run_prime, 1, 1 << 24, "Miller-Rabin test of SIZE 64-bit numbers (64 x 64 -> 128 bit products)"},
    {"queens", run_queens, 1, 20, "ways to place SIZE queens, by bit masks"},
    {"frame", run_frame, 1, 12, "all permutations of SIZE items, with arrays in the stack frames"},
    {"fib", run_fib, 0, 60, "Fibonacci number by plain recursion"},
    {"matrix", run_matrix, 1, 4096, "product of two SIZE x SIZE matrices of doubles"},
    {"body", run_body, 1, 1 << 28, "SIZE steps of five bodies under gravity"},
    {"blur", run_blur, 1, 1 << 16, "SIZE blurs of a picture of single floats"},
    {"sort", run_sort, 1, 1 << 24, "SIZE records sorted with three comparison functions"},
    {"table", run_table, 1, 1 << 24, "SIZE string keys inserted, found, removed"},
    {"tree", run_tree, 1, 24, "binary trees up to depth SIZE, made and freed"},
    {"text", run_text, 1, 1 << 24, "SIZE lines formatted, searched, edited"},
    {"machine", run_machine, 1, 1 << 28, "longest Collatz chain below SIZE, on a bytecode machine"},
};

enum { KERNEL_COUNT = sizeof kernels / sizeof *kernels };

void *reserve(size_t size) {
    void *block = malloc(size);
    if (!block) {
        fprintf(stderr, "crunch: out of memory\n");
        exit(1);
    }
    return block;
}

static int usage(void) {
    fprintf(stderr, "usage: crunch KERNEL SIZE\n");
    for (int i = 0; i < KERNEL_COUNT; i++)
        fprintf(stderr, "  %-8s SIZE %u..%u: %s\n", kernels[i].name, kernels[i].least, kernels[i].most, kernels[i].about);
    return 2;
}

int main(int argc, char **argv) {
    if (argc != 3) return usage();
    char *end;
    unsigned long size = strtoul(argv[2], &end, 10);
    if (*end || end == argv[2]) return usage();
    for (int i = 0; i < KERNEL_COUNT; i++) {
        if (strcmp(argv[1], kernels[i].name) != 0) continue;
        if (size < kernels[i].least || size > kernels[i].most) return usage();
        uint64_t sum = kernels[i].run((uint32_t)size);
        printf("%s %lu: %016llx\n", kernels[i].name, size, (unsigned long long)sum);
        return 0;
    }
    return usage();
}
