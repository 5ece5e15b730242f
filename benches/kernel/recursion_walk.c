// Recursion that hands structures in the caller's frame to its callees, as parsers and searches do: a game of taking counters is played to its
// end, and the sums of a tree are made that exists in the frames alone.
#include "harness.h"
const uint32_t usual_size = 19;

struct place { uint32_t depth, seed; };

static uint32_t walk(const struct place *from) {
    struct place next[2];
    if (from->depth == 0) return from->seed;
    for (uint32_t side = 0; side < 2; side++) next[side] = (struct place){from->depth - 1, from->seed * 31 + side};
    OPAQUE(next);
    return walk(&next[0]) ^ walk(&next[1]) * 3;
}

// The positions that a player can come to stand in the frame, with the way back to where the game began.
struct position { const struct position *before; uint32_t heaps[3]; };

static int32_t play(const struct position *from, uint32_t left) {
    struct position next = {from, {0, 0, 0}};
    if (left == 0 || (from->heaps[0] | from->heaps[1] | from->heaps[2]) == 0) return (int32_t)(from->before->heaps[0] & 1);
    int32_t best = -1;
    for (uint32_t heap = 0; heap < 3; heap++) {
        if (from->heaps[heap] == 0) continue;
        memcpy(next.heaps, from->heaps, sizeof next.heaps);
        next.heaps[heap] -= 1;
        OPAQUE(&next);
        int32_t worth = 1 - play(&next, left - 1);
        if (worth > best) best = worth;
    }
    return best;
}

static uint64_t kernel(uint32_t size) {
    uint64_t sum = 0;
    for (uint32_t turn = 0; turn < 24; turn++) {
        struct place root = {size, turn};
        sum = mix(sum, walk(&root));
    }
    struct position start = {NULL, {5, 6, 7}};
    sum = mix(sum, (uint64_t)play(&start, size / 2 + 4));
    return sum;
}
