// Bodies that attract each other, in double precision, by pairs: square roots and divisions.
#include "harness.h"
#include <math.h>
const uint32_t usual_size = 25000;

struct body { double place[3], speed[3], mass; };

static uint64_t kernel(uint32_t size) {
    struct body bodies[24];
    uint64_t state = 41, bits;
    for (int i = 0; i < 24; i++) {
        for (int k = 0; k < 3; k++) {
            bodies[i].place[k] = (double)(int64_t)next_random(&state) / 9e18 * 10;
            bodies[i].speed[k] = (double)(int64_t)next_random(&state) / 9e18;
        }
        bodies[i].mass = 0.1 + (double)i / 50;
    }
    for (uint32_t turn = 0; turn < size; turn++) {
        for (int i = 0; i < 24; i++)
            for (int j = i + 1; j < 24; j++) {
                double d[3], square = 0.01;
                for (int k = 0; k < 3; k++) d[k] = bodies[i].place[k] - bodies[j].place[k], square += d[k] * d[k];
                double pull = 0.001 / (square * sqrt(square));
                for (int k = 0; k < 3; k++) {
                    bodies[i].speed[k] -= d[k] * bodies[j].mass * pull;
                    bodies[j].speed[k] += d[k] * bodies[i].mass * pull;
                }
            }
        for (int i = 0; i < 24; i++)
            for (int k = 0; k < 3; k++) bodies[i].place[k] += bodies[i].speed[k] * 0.001;
    }
    double energy = 0;
    for (int i = 0; i < 24; i++) for (int k = 0; k < 3; k++) energy += bodies[i].mass * bodies[i].speed[k] * bodies[i].speed[k];
    memcpy(&bits, &energy, 8);
    return bits;
}
