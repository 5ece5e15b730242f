// Recursion with nothing in memory: Takeuchi's function, Ackermann's, and Fibonacci's numbers.
#include "harness.h"
const uint32_t usual_size = 34;

static __attribute__((noinline)) int32_t tak(int32_t x, int32_t y, int32_t z) {
    return y < x ? tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y)) : z;
}

static __attribute__((noinline)) uint32_t ackermann(uint32_t m, uint32_t n) {
    if (m == 0) return n + 1;
    return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

static __attribute__((noinline)) uint64_t fibonacci(uint32_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

static uint64_t kernel(uint32_t size) {
    uint64_t sum = fibonacci(size);
    sum = mix(sum, ackermann(2, size * 20));
    return mix(sum, (uint64_t)tak((int32_t)size / 2 + 3, (int32_t)size / 3, (int32_t)size / 6));
}
