// Products of 64 by 64 bits, and of 128 by 128: a hash that folds them, Lehmer's generator, and rows of products of long numbers.
#include "harness.h"
const uint32_t usual_size = 36000;

__extension__ typedef unsigned __int128 wide;

static uint64_t fold(uint64_t a, uint64_t b) {
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash(const uint64_t *words, uint32_t count, uint64_t seed) {
    for (uint32_t i = 0; i + 1 < count; i += 2)
        seed = fold(words[i] ^ 0xa0761d6478bd642fu, words[i + 1] ^ seed);
    return fold(seed ^ 0xe7037ed1a0b428dbu, count);
}

static uint64_t lehmer(wide *state) {
    *state *= (wide)0x0fc94e3bf4e9ab32u << 64 | 0x866458cd56f5e605u;
    return (uint64_t)(*state >> 64);
}

// Adds a number times `by` to another, a row of a long multiplication.
static uint64_t add_row(uint64_t *sum, const uint64_t *number, uint32_t count, uint64_t by) {
    uint64_t carry = 0;
    for (uint32_t i = 0; i < count; i++) {
        wide all = (wide)number[i] * by + sum[i] + carry;
        sum[i] = (uint64_t)all;
        carry = (uint64_t)(all >> 64);
    }
    return carry;
}

static uint64_t kernel(uint32_t size) {
    enum { WORDS = 64 };
    static uint64_t words[WORDS], product[2 * WORDS];
    wide state = 1;
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < size; turn++) {
        for (int i = 0; i < WORDS; i++) words[i] = lehmer(&state);
        for (int i = 0; i < 8; i++) sum = hash(words, WORDS, sum);
        for (int i = 0; i < 8; i++) product[i + WORDS] = add_row(product + i, words, WORDS, words[i]);
        sum = mix(sum, product[turn % WORDS]);
    }
    return sum;
}
