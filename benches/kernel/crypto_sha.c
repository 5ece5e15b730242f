// SHA-256 over a buffer, and a chain of digests of digests: rotations and additions of 32 bits.
#include "harness.h"
const uint32_t usual_size = 1500;

static uint32_t constants[64];

static uint32_t turned(uint32_t x, uint32_t by) { return x >> by | x << (32 - by); }

// The first 32 bits of the fractions of cube roots of primes, by search, so that no table of another's is here.
static void make_constants(void) {
    uint32_t count = 0;
    for (uint32_t prime = 2; count < 64; prime++) {
        uint32_t is_prime = 1;
        for (uint32_t d = 2; d * d <= prime; d++) if (prime % d == 0) is_prime = 0;
        if (!is_prime) continue;
        uint64_t low = 0, high = 1ull << 36;
        while (high - low > 1) {
            uint64_t middle = low + (high - low) / 2;
            __extension__ unsigned __int128 cube = (unsigned __int128)middle * middle;
            uint64_t upper = (uint64_t)(cube >> 32);
            if ((unsigned __int128)upper * middle >= (unsigned __int128)prime << 64) high = middle;
            else low = middle;
        }
        constants[count++] = (uint32_t)low;
    }
}

static void block(uint32_t state[8], const uint8_t *data) {
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++) w[i] = (uint32_t)data[4 * i] << 24 | (uint32_t)data[4 * i + 1] << 16 | (uint32_t)data[4 * i + 2] << 8 | data[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t a = turned(w[i - 15], 7) ^ turned(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t b = turned(w[i - 2], 17) ^ turned(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t t = v[7] + (turned(v[4], 6) ^ turned(v[4], 11) ^ turned(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[i] + w[i];
        uint32_t u = (turned(v[0], 2) ^ turned(v[0], 13) ^ turned(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        v[7] = v[6], v[6] = v[5], v[5] = v[4], v[4] = v[3] + t, v[3] = v[2], v[2] = v[1], v[1] = v[0], v[0] = t + u;
    }
    for (int i = 0; i < 8; i++) state[i] += v[i];
}

static uint64_t kernel(uint32_t size) {
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t data[4096];
    make_constants();
    for (uint32_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * 131 >> 3);
    for (uint32_t turn = 0; turn < size; turn++) {
        for (uint32_t at = 0; at < sizeof data; at += 64) block(state, data + at);
        memcpy(data + turn % 4000, state, sizeof state);
    }
    return (uint64_t)state[0] << 32 | state[7];
}
