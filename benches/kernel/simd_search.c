// Searching bytes sixteen at a time: where two letters stand apart by a given distance, lines counted, letters folded, by comparison masks.
#include "harness.h"
const uint32_t usual_size = 350;

typedef uint8_t bytes __attribute__((vector_size(16)));
typedef int64_t halves __attribute__((vector_size(16)));

enum { LENGTH = 128 * 1024 };
static uint8_t text[LENGTH + 64];

static bytes load(const uint8_t *from) {
    bytes vector;
    memcpy(&vector, from, 16);
    return vector;
}

static uint64_t kernel(uint32_t size) {
    uint64_t state = 67, sum = 0;
    for (uint32_t i = 0; i < LENGTH; i++) text[i] = "etaoin shrdluETAOIN\n,.qxz"[next_random(&state) % 25];
    for (uint32_t turn = 0; turn < size; turn++) {
        uint8_t first = "etaxz"[turn % 5], second = "snrqx"[turn % 7 % 5];
        uint32_t apart = turn % 13 + 1, found = 0, lines = 0;
        for (uint32_t at = 0; at < LENGTH; at += 16) {
            bytes here = load(text + at), there = load(text + at + apart);
            bytes small = here | (0x20 & (bytes)((here >= 'A') & (here <= 'Z')));
            bytes hits = (bytes)(small == first) & (bytes)(there == second);
            halves parts = (halves)hits, ends = (halves)(bytes)(here == '\n');
            if (parts[0] | parts[1]) found += (uint32_t)(__builtin_popcountll((uint64_t)parts[0]) + __builtin_popcountll((uint64_t)parts[1])) / 8 * (at & 255);
            if (ends[0] | ends[1]) lines += (uint32_t)(__builtin_popcountll((uint64_t)ends[0]) + __builtin_popcountll((uint64_t)ends[1])) / 8;
        }
        sum = mix(mix(sum, found), lines);
        text[(turn * 7919) % LENGTH] ^= 32;
    }
    return sum;
}
