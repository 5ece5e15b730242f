// Heat in a plate and waves in a pond: five- and nine-point stencils over two-dimensional arrays, single precision.
#include "harness.h"
const uint32_t usual_size = 200;

enum { SIDE = 512 };
static float now[SIDE][SIDE], then[SIDE][SIDE], before[SIDE][SIDE];

static uint64_t kernel(uint32_t size) {
    uint64_t sum = 0;
    for (int y = 0; y < SIDE; y++) for (int x = 0; x < SIDE; x++) now[y][x] = (float)((x * 7 + y * 13) % 101), before[y][x] = now[y][x];
    for (uint32_t turn = 0; turn < size; turn++) {
        for (int y = 1; y < SIDE - 1; y++)
            for (int x = 1; x < SIDE - 1; x++)
                then[y][x] = now[y][x] + 0.2f * (now[y - 1][x] + now[y + 1][x] + now[y][x - 1] + now[y][x + 1] - 4 * now[y][x]);
        for (int y = 1; y < SIDE - 1; y++)
            for (int x = 1; x < SIDE - 1; x++) {
                float around = then[y - 1][x - 1] + then[y - 1][x] + then[y - 1][x + 1] + then[y][x - 1] + then[y][x + 1] + then[y + 1][x - 1] +
                               then[y + 1][x] + then[y + 1][x + 1];
                now[y][x] = 1.9f * then[y][x] - 0.9f * before[y][x] + 0.02f * (around - 8 * then[y][x]);
            }
        memcpy(before, then, sizeof before);
    }
    for (int y = 0; y < SIDE; y += 7) for (int x = 0; x < SIDE; x += 5) {
        uint32_t bits;
        memcpy(&bits, &now[y][x], 4);
        sum = mix(sum, bits);
    }
    return sum;
}
