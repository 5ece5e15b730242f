// A hash of four lanes of 32 bits: rotations, shuffles and additions of vectors, as ChaCha and BLAKE have them, over eight streams.
#include "harness.h"
const uint32_t usual_size = 500000;

typedef uint32_t lanes __attribute__((vector_size(16)));

#define ROTATE(x, by) ((x) << (by) | (x) >> (32 - (by)))
#define HALF(a, b, c, d, r, s) (a += b, d = ROTATE(d ^ a, r), c += d, b = ROTATE(b ^ c, s))

static uint64_t kernel(uint32_t size) {
    lanes state[4][2];
    uint64_t random = 59, sum = 0;
    for (int i = 0; i < 4; i++) for (int j = 0; j < 2; j++) for (int k = 0; k < 4; k++) state[i][j][k] = (uint32_t)next_random(&random);
    for (uint32_t turn = 0; turn < size; turn++) {
        for (int j = 0; j < 2; j++) {
            lanes a = state[0][j], b = state[1][j], c = state[2][j], d = state[3][j];
            a[0] += turn;
            for (int round = 0; round < 4; round++) {
                HALF(a, b, c, d, 16, 12);
                HALF(a, b, c, d, 8, 7);
                b = __builtin_shufflevector(b, b, 1, 2, 3, 0);
                c = __builtin_shufflevector(c, c, 2, 3, 0, 1);
                d = __builtin_shufflevector(d, d, 3, 0, 1, 2);
            }
            state[0][j] += a, state[1][j] ^= b, state[2][j] += c, state[3][j] ^= d;
        }
        if (turn % 64 == 0) sum = mix(sum, state[turn >> 6 & 3][turn >> 8 & 1][turn >> 9 & 3]);
    }
    return sum;
}
