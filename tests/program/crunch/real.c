// Kernels on floating-point numbers; only + - * / and square root, whose results IEEE 754 fixes to the last bit.
#include "crunch.h"

#include <math.h>

// ---------------------------------------------------------------- matrix

uint64_t run_matrix(uint32_t size) {
    Random random = RANDOM;
    size_t n = size, cells = n * n;
    double *a = reserve(cells * sizeof *a), *b = reserve(cells * sizeof *b), *c = reserve(cells * sizeof *c);
    for (size_t i = 0; i < cells; i++) {
        a[i] = draw(&random) * 0x1p-31 - 1;
        b[i] = draw(&random) * 0x1p-31 - 1;
        c[i] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            double factor = a[i * n + k];
            for (size_t j = 0; j < n; j++) c[i * n + j] += factor * b[k * n + j];
        }
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < cells; i++) sum = mix(sum, bits_of(c[i]));
    free(a);
    free(b);
    free(c);
    return sum;
}

// ---------------------------------------------------------------- body

typedef struct { double x, y, z, vx, vy, vz, mass; } Body;

enum { BODIES = 5 };

static void advance(Body *bodies, double step) {
    for (int i = 0; i < BODIES; i++) {
        Body *a = &bodies[i];
        for (int j = i + 1; j < BODIES; j++) {
            Body *b = &bodies[j];
            double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
            double square = dx * dx + dy * dy + dz * dz + 0.01; // softened, so that close passes stay tame
            double force = step / (square * sqrt(square));
            a->vx -= dx * b->mass * force, a->vy -= dy * b->mass * force, a->vz -= dz * b->mass * force;
            b->vx += dx * a->mass * force, b->vy += dy * a->mass * force, b->vz += dz * a->mass * force;
        }
    }
    for (int i = 0; i < BODIES; i++) {
        Body *a = &bodies[i];
        a->x += a->vx * step, a->y += a->vy * step, a->z += a->vz * step;
    }
}

uint64_t run_body(uint32_t size) {
    Body bodies[BODIES];
    for (int i = 0; i < BODIES; i++) {
        double distance = 2 * i, speed = i ? 1 / sqrt(distance) : 0;
        bodies[i] = (Body){.x = i & 1 ? distance : 0, .y = i & 1 ? 0 : distance, .z = 0.1 * i,
                           .vx = i & 1 ? 0 : -speed, .vy = i & 1 ? speed : 0, .vz = 0, .mass = i ? 0.01 * i : 1};
    }
    for (uint32_t i = 0; i < size; i++) advance(bodies, 0.001);
    uint64_t sum = 0;
    for (int i = 0; i < BODIES; i++) {
        sum = mix(sum, bits_of(bodies[i].x));
        sum = mix(sum, bits_of(bodies[i].vy));
    }
    return sum;
}

// ---------------------------------------------------------------- blur

enum { WIDTH = 256, HEIGHT = 192 };

static uint8_t to_byte(float level) { return level <= 0 ? 0 : level >= 255 ? 255 : (uint8_t)(level + 0.5f); }

// One pass along x or y: a five-tap kernel with clamped borders.
static void blur_line(const float *from, float *to, int count, int step) {
    for (int i = 0; i < count; i++) {
        int a = i < 2 ? 0 : i - 2, b = i < 1 ? 0 : i - 1, c = i + 1 < count ? i + 1 : count - 1,
            d = i + 2 < count ? i + 2 : count - 1;
        to[i * step] = from[i * step] * 0.375f + (from[b * step] + from[c * step]) * 0.25f +
                       (from[a * step] + from[d * step]) * 0.0625f;
    }
}

uint64_t run_blur(uint32_t size) {
    Random random = RANDOM;
    float *picture = reserve(WIDTH * HEIGHT * sizeof *picture), *other = reserve(WIDTH * HEIGHT * sizeof *other);
    for (int i = 0; i < WIDTH * HEIGHT; i++) picture[i] = (float)(draw(&random) >> 8) * 0x1p-16f;
    uint64_t sum = 0;
    for (uint32_t round = 0; round < size; round++) {
        for (int y = 0; y < HEIGHT; y++) blur_line(picture + y * WIDTH, other + y * WIDTH, WIDTH, 1);
        for (int x = 0; x < WIDTH; x++) blur_line(other + x, picture + x, HEIGHT, WIDTH);
        // Sharpen the contrast again and cut to bytes, so that the picture does not fade to grey.
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            uint8_t byte = to_byte((picture[i] - 128) * 1.25f + 128);
            picture[i] = byte;
            sum += byte * (uint32_t)(i + 1);
        }
        sum = mix(sum, round);
    }
    free(picture);
    free(other);
    return sum;
}
