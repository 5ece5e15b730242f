// Filters a made-up picture of bytes with 128-bit vectors, again and again, and prints a checksum of what comes out.
//
// Usage: filter [--plain] NAME ROUNDS [WIDTH HEIGHT]; with --plain without the vectors, which must make no difference.
#include "filter.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *name; Filter *vector, *plain; const char *about; } filters[] = {
    {"box", vector_box, plain_box, "mean of 3 x 3 pixels (16-bit sums, 32-bit products)"},
    {"gauss", vector_gauss, plain_gauss, "bell-shaped blur of 5 x 5 pixels (16-bit lanes)"},
    {"tone", vector_tone, plain_tone, "tone curve (single floats, division, square root)"},
    {"gray", vector_gray, plain_gray, "shades of grey (shuffles, widening products)"},
    {"flip", vector_flip, plain_flip, "left and right exchanged (swizzle)"},
    {"key", vector_key, plain_key, "green made transparent (comparison, bit masks)"},
    {"mix", vector_mix, plain_mix, "picture over itself (fixed-point and saturating arithmetic)"},
    {"edge", vector_edge, plain_edge, "difference to the row below (dot product, 64-bit sums)"},
};

enum { FILTER_COUNT = sizeof filters / sizeof filters[0] };

static int usage(void) {
    fprintf(stderr, "usage: filter [--plain] NAME ROUNDS [WIDTH HEIGHT]\n");
    for (int i = 0; i < FILTER_COUNT; i++) fprintf(stderr, "  %-6s %s\n", filters[i].name, filters[i].about);
    return 2;
}

// From `least` to `most`, or 0.
static int number(const char *text, int least, int most) {
    char *rest;
    long value = strtol(text, &rest, 10);
    return *rest || value < least || value > most ? 0 : (int)value;
}

static uint32_t draw(void) {
    static uint64_t state = 0x9e3779b97f4a7c15u;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 0x2545f4914f6cdd1du) >> 32);
}

static Picture new_picture(int width, int height) {
    Picture picture = {width, height, calloc((size_t)width * (size_t)height, 4)};
    if (!picture.bytes) {
        fprintf(stderr, "filter: out of memory\n");
        exit(1);
    }
    return picture;
}

// Soft slopes, hard squares, and noise in the lower bits.
static void paint(Picture *picture) {
    for (int y = 0; y < picture->height; y++) {
        uint8_t *bytes = target_row(picture, y);
        for (int x = 0; x < picture->width; x++) {
            uint32_t noise = draw();
            bool square = (x / 16 + y / 16) % 3 == 0;
            bytes[4 * x] = (uint8_t)((square ? 40 : 200 * x / picture->width) + (int)(noise & 31));
            bytes[4 * x + 1] = (uint8_t)((square ? 190 : 180 * y / picture->height) + (int)(noise >> 8 & 63));
            bytes[4 * x + 2] = (uint8_t)((square ? 60 : 220 - 200 * x / picture->width) + (int)(noise >> 16 & 31));
            bytes[4 * x + 3] = (uint8_t)(255 - (noise >> 24 & 7));
        }
    }
}

// New noise in one row, so that many rounds do not end in one colour.
static void stir(Picture *picture, int round) {
    uint8_t *bytes = target_row(picture, round % picture->height);
    for (int i = 0; i < 4 * picture->width; i++) bytes[i] = (uint8_t)(draw() >> 24);
}

static uint64_t mix(uint64_t sum, uint64_t value) {
    sum ^= value;
    return (sum << 27 | sum >> 37) * 0x9fb21c651e98df25u;
}

int main(int argc, char **argv) {
    bool plain = argc > 1 && strcmp(argv[1], "--plain") == 0;
    char **words = argv + 1 + plain;
    int count = argc - 1 - plain, width = 512, height = 384;
    if (count != 2 && count != 4) return usage();
    int rounds = number(words[1], 1, 1000000);
    if (count == 4) width = number(words[2], 1, MAX_WIDTH), height = number(words[3], 1, 4096);
    if (!rounds || !width || !height) return usage();
    for (int i = 0; i < FILTER_COUNT; i++) {
        if (strcmp(words[0], filters[i].name) != 0) continue;
        Filter *filter = plain ? filters[i].plain : filters[i].vector;
        Picture now = new_picture(width, height), next = new_picture(width, height);
        paint(&now);
        uint64_t sum = 0;
        for (int round = 0; round < rounds; round++) {
            uint64_t tally = 0;
            for (int y = 0; y < height; y++) tally += filter(&now, &next, y, 0, width);
            sum = mix(sum, tally);
            Picture old = now;
            now = next, next = old;
            stir(&now, round);
        }
        for (int j = 0; j < 4 * width * height; j++) sum = mix(sum, now.bytes[j]);
        printf("%s %d of %d x %d: %016llx\n", filters[i].name, rounds, width, height, (unsigned long long)sum);
        free(now.bytes);
        free(next.bytes);
        return 0;
    }
    return usage();
}
