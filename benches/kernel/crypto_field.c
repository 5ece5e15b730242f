// Arithmetic modulo 2^255 - 19 in five words of 51 bits, by products of 128 bits: powers and inverses.
#include "harness.h"
const uint32_t usual_size = 5000;

typedef struct { uint64_t limb[5]; } field;
__extension__ typedef unsigned __int128 wide;
#define MASK ((1ull << 51) - 1)

static __attribute__((noinline)) field product(const field *a, const field *b) {
    wide sum[5];
    field r;
    for (int i = 0; i < 5; i++) {
        sum[i] = 0;
        for (int j = 0; j < 5; j++) {
            uint64_t other = b->limb[(i + 5 - j) % 5];
            sum[i] += (wide)a->limb[j] * (j > i ? other * 19 : other);
        }
    }
    uint64_t carry = 0;
    for (int i = 0; i < 5; i++) {
        sum[i] += carry;
        r.limb[i] = (uint64_t)sum[i] & MASK;
        carry = (uint64_t)(sum[i] >> 51);
    }
    r.limb[0] += carry * 19;
    r.limb[1] += r.limb[0] >> 51;
    r.limb[0] &= MASK;
    return r;
}

static field inverse(const field *a) {
    // To the power 2^255 - 21: all bits set but the second and the fourth.
    field r = *a;
    for (int bit = 253; bit >= 0; bit--) {
        r = product(&r, &r);
        if (bit != 2 && bit != 4) r = product(&r, a);
    }
    return r;
}

static uint64_t kernel(uint32_t size) {
    field x = {{3, 5, 7, 11, 13}};
    uint64_t state = 37;
    for (uint32_t turn = 0; turn < size; turn++) {
        field step;
        for (int i = 0; i < 5; i++) step.limb[i] = next_random(&state) & MASK;
        x = product(&x, &step);
        if (turn % 4 == 0) x = inverse(&x);
        for (int i = 0; i < 40; i++) x = product(&x, &x);
    }
    return mix(mix(x.limb[0], x.limb[2]), x.limb[4]);
}
