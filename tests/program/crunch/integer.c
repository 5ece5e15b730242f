// Kernels on integers: hashing, sieving, primality, and three kinds of recursion.
#include "crunch.h"

// ---------------------------------------------------------------- hash: SHA-256 (FIPS 180-4)

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate_right(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void compress(uint32_t state[8], const uint8_t *block) {
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t x = w[i - 15], y = w[i - 2];
        x = rotate_right(x, 7) ^ rotate_right(x, 18) ^ x >> 3;
        y = rotate_right(y, 17) ^ rotate_right(y, 19) ^ y >> 10;
        w[i] = w[i - 16] + x + w[i - 7] + y;
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        uint32_t sum = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        uint32_t t = h + sum + ((e & f) ^ (~e & g)) + round_constants[i] + w[i];
        uint32_t u = (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t;
        d = c, c = b, b = a, a = t + u;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

// The first 64 bits of the digest of `size` KiB: low bytes of random draws.
uint64_t run_hash(uint32_t size) {
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    Random random = RANDOM;
    uint8_t block[64];
    for (uint32_t i = 0; i < size * 16; i++) {
        for (int j = 0; j < 64; j++) block[j] = (uint8_t)draw(&random);
        compress(state, block);
    }
    uint64_t bit_length = (uint64_t)size * 8192;
    memset(block, 0, sizeof block);
    block[0] = 0x80;
    for (int i = 0; i < 8; i++) block[63 - i] = (uint8_t)(bit_length >> 8 * i);
    compress(state, block);
    return (uint64_t)state[0] << 32 | state[1];
}

// ---------------------------------------------------------------- sieve

// Number of primes and their sum, mixed.
uint64_t run_sieve(uint32_t size) {
    uint32_t half = (size - 1) / 2; // odd numbers 3, 5, ...: bit i stands for 2 i + 3
    uint32_t words = half / 32 + 1;
    uint32_t *composite = reserve(words * sizeof *composite);
    memset(composite, 0, words * sizeof *composite);
    uint64_t count = 1, sum = 2;
    for (uint32_t i = 0; i < half; i++) {
        if (composite[i / 32] >> i % 32 & 1) continue;
        uint64_t p = 2 * (uint64_t)i + 3;
        count++;
        sum += p;
        for (uint64_t multiple = (p * p - 3) / 2; multiple < half; multiple += p)
            composite[multiple / 32] |= 1u << multiple % 32;
    }
    free(composite);
    return mix(sum, count);
}

// ---------------------------------------------------------------- prime

typedef unsigned __int128 Wide;

// x y / 2^64 modulo n, for odd n and inverse = -1/n modulo 2^64 (Montgomery).
static uint64_t multiply(uint64_t x, uint64_t y, uint64_t n, uint64_t inverse) {
    Wide product = (Wide)x * y;
    Wide correction = (Wide)((uint64_t)product * inverse) * n;
    uint64_t high = (uint64_t)(product >> 64), carry = (uint64_t)product != 0;
    uint64_t sum = high + (uint64_t)(correction >> 64);
    int over = sum < high;
    sum += carry;
    over |= sum < carry;
    return over || sum >= n ? sum - n : sum;
}

// n odd and above 40. With these bases the answer is certain for every 64-bit number.
static int is_prime(uint64_t n) {
    static const uint8_t bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    uint64_t inverse = n;                                     // -1/n by Newton's iteration, five bits to begin with
    for (int i = 0; i < 5; i++) inverse *= 2 - n * inverse;
    inverse = -inverse;
    uint64_t one = -n % n;                                    // 2^64 modulo n
    uint64_t minus_one = n - one;
    int shift = __builtin_ctzll(n - 1);
    uint64_t odd = (n - 1) >> shift;
    for (size_t i = 0; i < sizeof bases; i++) {
        uint64_t base = (uint64_t)(((Wide)one * bases[i]) % n), power = one;
        for (uint64_t e = odd; e; e >>= 1) {
            if (e & 1) power = multiply(power, base, n, inverse);
            base = multiply(base, base, n, inverse);
        }
        if (power == one || power == minus_one) continue;
        int s = 1;
        for (; s < shift; s++) {
            power = multiply(power, power, n, inverse);
            if (power == minus_one) break;
        }
        if (s == shift) return 0;
    }
    return 1;
}

uint64_t run_prime(uint32_t size) {
    Random random = RANDOM;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < size; i++) {
        uint64_t high = draw(&random);
        uint64_t n = (high << 32 | draw(&random)) | 65;
        while (!is_prime(n)) n += 2; // the next prime (never near 2^64 for these draws)
        sum = mix(sum, n);
    }
    return sum;
}

// ---------------------------------------------------------------- queens, frame, fib

static uint32_t place_queens(uint32_t all, uint32_t columns, uint32_t falling, uint32_t rising) {
    if (columns == all) return 1;
    uint32_t ways = 0;
    for (uint32_t free = all & ~(columns | falling | rising); free; free &= free - 1) {
        uint32_t bit = free & -free;
        ways += place_queens(all, columns | bit, (falling | bit) << 1, (rising | bit) >> 1);
    }
    return ways;
}

uint64_t run_queens(uint32_t size) { return place_queens((1u << size) - 1, 0, 0, 0); }

static uint64_t permute(const uint8_t *items, int count, uint64_t prefix) {
    if (count == 0) return prefix;
    uint8_t rest[16];
    uint64_t sum = 0;
    for (int i = 0; i < count; i++) {
        memcpy(rest, items, (size_t)i);
        memcpy(rest + i, items + i + 1, (size_t)(count - i - 1));
        sum ^= permute(rest, count - 1, mix(prefix, items[i]));
    }
    return sum;
}

uint64_t run_frame(uint32_t size) {
    uint8_t items[16];
    for (int i = 0; i < 16; i++) items[i] = (uint8_t)(3 * i + 1);
    return permute(items, (int)size, size);
}

__attribute__((noinline)) static uint64_t fib(uint32_t n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

uint64_t run_fib(uint32_t size) { return fib(size); }
