// Pixels in vectors of sixteen bytes: blending, thresholds, sums of differences, by the compiler's own vector types.
#include "harness.h"
const uint32_t usual_size = 600;

typedef uint8_t bytes __attribute__((vector_size(16)));
typedef uint16_t words __attribute__((vector_size(16)));
typedef uint16_t wide __attribute__((vector_size(32)));

enum { LENGTH = 256 * 1024 };
static bytes one[LENGTH / 16], other[LENGTH / 16], out[LENGTH / 16];

static bytes blend(bytes a, bytes b, uint16_t share) {
    wide x = __builtin_convertvector(a, wide), y = __builtin_convertvector(b, wide);
    wide sum = (x * share + y * (uint16_t)(256 - share)) >> 8;
    return __builtin_convertvector(sum, bytes);
}

static uint64_t kernel(uint32_t size) {
    uint64_t state = 53, sum = 0;
    for (uint32_t i = 0; i < LENGTH / 16; i++) for (int k = 0; k < 16; k++) one[i][k] = (uint8_t)next_random(&state), other[i][k] = (uint8_t)(i + k);
    for (uint32_t turn = 0; turn < size; turn++) {
        words difference = {0};
        uint16_t share = (uint16_t)(turn * 5 & 255);
        for (uint32_t i = 0; i < LENGTH / 16; i++) {
            bytes mixed = blend(one[i], other[i], share);
            bytes dark = (bytes)(mixed < (uint8_t)share);
            out[i] = (mixed & ~dark) | ((mixed >> 1) & dark);
            bytes larger = (bytes)(out[i] > one[i]);
            bytes apart = ((out[i] - one[i]) & larger) | ((one[i] - out[i]) & ~larger);
            difference += ((words)apart & 255) + ((words)apart >> 8);
        }
        for (int k = 0; k < 8; k++) sum = mix(sum, difference[k]);
        if (turn & 1) memcpy(other, out, sizeof other);
    }
    return sum;
}
