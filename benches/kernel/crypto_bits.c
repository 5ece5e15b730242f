// Bits: a sieve, population counts, Gray codes, checksums by table (CRC-32) and without (Adler-like), ChaCha's quarter rounds.
#include "harness.h"
const uint32_t usual_size = 2000000;

#define ROTATE(x, by) ((x) << (by) | (x) >> (32 - (by)))
#define QUARTER(a, b, c, d) \
    a += b, d ^= a, d = ROTATE(d, 16), c += d, b ^= c, b = ROTATE(b, 12), a += b, d ^= a, d = ROTATE(d, 8), c += d, b ^= c, b = ROTATE(b, 7)

static uint64_t kernel(uint32_t size) {
    static uint32_t table[256];
    uint32_t crc = ~0u, s[16], total = 0, low = 1, high = 0;
    uint64_t *sieve = calloc(size / 64 + 1, 8), sum = 0;
    for (uint64_t i = 2; i < size; i++) {
        if (sieve[i >> 6] >> (i & 63) & 1) continue;
        for (uint64_t j = i * i; j < size; j += i) sieve[j >> 6] |= 1ull << (j & 63);
    }
    for (uint32_t i = 0; i < size / 64; i++) total += (uint32_t)__builtin_popcountll(sieve[i]), sum = mix(sum, (uint64_t)__builtin_ctzll(~sieve[i] | 1ull << 63));
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0xedb88320u : value >> 1;
        table[i] = value;
    }
    const uint8_t *bytes = (const uint8_t *)sieve;
    for (int turn = 0; turn < 20; turn++)
        for (uint32_t i = 0; i < size / 8; i++) {
            crc = table[(crc ^ bytes[i]) & 255] ^ crc >> 8;
            low += bytes[i];
            high += low;
        }
    for (uint32_t i = 0; i < 16; i++) s[i] = crc ^ i * 0x9e3779b9u;
    for (uint32_t i = 0; i < size / 4; i++) {
        QUARTER(s[0], s[4], s[8], s[12]);
        QUARTER(s[1], s[5], s[9], s[13]);
        QUARTER(s[2], s[6], s[10], s[14]);
        QUARTER(s[3], s[7], s[11], s[15]);
        s[i & 15] ^= i ^ i >> 1;
    }
    free(sieve);
    for (int i = 0; i < 16; i++) sum = mix(sum, s[i]);
    return mix(mix(sum, total), (uint64_t)high << 32 | low);
}
