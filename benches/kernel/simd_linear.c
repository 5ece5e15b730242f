// Vectors of four floats and two doubles: products of small matrices with many points, dot products, polynomials.
#include "harness.h"
const uint32_t usual_size = 500;

typedef float floats __attribute__((vector_size(16)));
typedef double doubles __attribute__((vector_size(16)));

enum { POINTS = 16384 };
static floats points[POINTS], moved[POINTS];
static doubles series[POINTS];

static uint64_t kernel(uint32_t size) {
    floats rows[4];
    uint64_t state = 61, sum = 0, bits;
    for (int i = 0; i < POINTS; i++) {
        for (int k = 0; k < 4; k++) points[i][k] = (float)(int32_t)next_random(&state) / 2e9f;
        series[i] = (doubles){(double)i / POINTS, (double)(POINTS - i) / POINTS};
    }
    for (int i = 0; i < 4; i++) for (int k = 0; k < 4; k++) rows[i][k] = (i == k ? 0.9f : 0.1f) + (float)(i - k) / 32;
    for (uint32_t turn = 0; turn < size; turn++) {
        floats lengths = {0};
        doubles total = {0};
        for (int i = 0; i < POINTS; i++) {
            floats p = points[i];
            floats x = __builtin_shufflevector(p, p, 0, 0, 0, 0), y = __builtin_shufflevector(p, p, 1, 1, 1, 1);
            floats z = __builtin_shufflevector(p, p, 2, 2, 2, 2), w = __builtin_shufflevector(p, p, 3, 3, 3, 3);
            moved[i] = x * rows[0] + y * rows[1] + z * rows[2] + w * rows[3];
            lengths += moved[i] * moved[i];
        }
        for (int i = 0; i < POINTS; i++) {
            doubles v = series[i];
            total += ((((0.3 * v - 1.1) * v + 0.7) * v - 0.2) * v + 1.0) * v;
        }
        double whole = (double)lengths[0] + lengths[1] + lengths[2] + lengths[3] + total[0] - total[1];
        memcpy(&bits, &whole, 8);
        sum = mix(sum, bits);
        for (int i = 0; i < POINTS; i++) points[i] = (floats){0.5f, 0.25f, 0.125f, 0.0625f} + moved[(i * 5 + 1) % POINTS] * 0.5f;
    }
    return sum;
}
