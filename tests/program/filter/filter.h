// What the two ways to filter a picture share: `plain.c` in ordinary C, `vector.c` by 128-bit vectors where there are any.
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { MAX_WIDTH = 4096 };

typedef struct { int width, height; uint8_t *bytes; } Picture; // four bytes a pixel: red, green, blue, alpha

// Filters the pixels from `begin` up to `end` of row `y`, and returns what is to be added up over all pixels, if anything.
typedef uint64_t Filter(const Picture *from, Picture *to, int y, int begin, int end);

Filter plain_box, plain_gauss, plain_tone, plain_gray, plain_flip, plain_key, plain_mix, plain_edge;
Filter vector_box, vector_gauss, vector_tone, vector_gray, vector_flip, vector_key, vector_mix, vector_edge;

// The row `y`, or the nearest there is.
static inline const uint8_t *row(const Picture *picture, int y) {
    if (y < 0) y = 0;
    if (y >= picture->height) y = picture->height - 1;
    return picture->bytes + (size_t)y * 4 * (size_t)picture->width;
}

static inline uint8_t *target_row(Picture *picture, int y) { return picture->bytes + (size_t)y * 4 * (size_t)picture->width; }

static inline int limit(int value, int least, int most) { return value < least ? least : value > most ? most : value; }

// How much of the lower picture `mix` shows in row `y`, in 1/32768.
static inline int16_t weight(const Picture *picture, int y) { return (int16_t)(32767 * (y + 1) / picture->height); }

// Both blurs add up columns first; the sums of a row stand here, with two pixels more at either end.
extern uint16_t column_sums[4 * (MAX_WIDTH + 4)];

// Repeats the outermost sums beyond both ends of a row.
void extend_column_sums(int width);
