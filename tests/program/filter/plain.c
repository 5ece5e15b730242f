// Every filter in ordinary C, byte by byte: what the vectors must equal, and what does the ends of the rows for them.
#include "filter.h"

#include <math.h>
#include <string.h>

uint16_t column_sums[4 * (MAX_WIDTH + 4)];

void extend_column_sums(int width) {
    uint16_t *first = column_sums + 8, *last = column_sums + 8 + 4 * (width - 1);
    for (int i = 1; i <= 2; i++) {
        memcpy(first - 4 * i, first, 8);
        memcpy(last + 4 * i, last, 8);
    }
}

// The mean of 3 x 3 pixels; the division by 9 is a multiplication by 65536 / 9.
uint64_t plain_box(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *above = row(from, y - 1), *here = row(from, y), *below = row(from, y + 1);
    uint8_t *target = target_row(to, y);
    for (int i = 4 * begin; i < 4 * end; i++) {
        int left = i < 4 ? i : i - 4, right = i + 4 < 4 * from->width ? i + 4 : i;
        uint32_t sum = (uint32_t)(above[left] + above[i] + above[right] + here[left] + here[i] + here[right] +
                                  below[left] + below[i] + below[right]);
        target[i] = (uint8_t)((sum * 7282 + 32768) >> 16);
    }
    return 0;
}

// 5 x 5 pixels, weighted 1 4 6 4 1 along either axis.
uint64_t plain_gauss(const Picture *from, Picture *to, int y, int begin, int end) {
    static const int weights[5] = {1, 4, 6, 4, 1};
    uint8_t *target = target_row(to, y);
    for (int i = 4 * begin; i < 4 * end; i++) {
        int sum = 128;
        for (int x = -2; x <= 2; x++) {
            int place = 4 * limit(i / 4 + x, 0, from->width - 1) + i % 4, column = 0;
            for (int line = -2; line <= 2; line++) column += weights[line + 2] * row(from, y + line)[place];
            sum += weights[x + 2] * column;
        }
        target[i] = (uint8_t)(sum >> 8);
    }
    return 0;
}

// A curve with a foot and a shoulder, as film has, then a square root for the screen; alpha stays.
uint64_t plain_tone(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *source = row(from, y);
    uint8_t *target = target_row(to, y);
    for (int i = 4 * begin; i < 4 * end; i++) {
        float light = (float)source[i] * (1.0f / 255);
        float curve = light * (2.5f * light + 0.03f) / (light * (2.4f * light + 0.6f) + 0.15f);
        curve = curve > 1 ? 1 : curve;
        target[i] = i % 4 == 3 ? source[i] : (uint8_t)(sqrtf(curve) * 255 + 0.5f);
    }
    return 0;
}

uint64_t plain_gray(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *source = row(from, y);
    uint8_t *target = target_row(to, y);
    for (int i = 4 * begin; i < 4 * end; i += 4) {
        uint8_t gray = (uint8_t)((77 * source[i] + 150 * source[i + 1] + 29 * source[i + 2] + 128) >> 8);
        target[i] = target[i + 1] = target[i + 2] = gray;
        target[i + 3] = source[i + 3];
    }
    return 0;
}

uint64_t plain_flip(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *source = row(from, y);
    uint8_t *target = target_row(to, y);
    for (int x = begin; x < end; x++) memcpy(target + 4 * x, source + 4 * (from->width - 1 - x), 4);
    return 0;
}

// Makes pixels transparent where green stands out, and counts them.
uint64_t plain_key(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *source = row(from, y);
    uint8_t *target = target_row(to, y);
    uint64_t count = 0;
    for (int i = 4 * begin; i < 4 * end; i += 4) {
        int red = source[i], green = source[i + 1], blue = source[i + 2];
        int key = green > (red > blue ? red : blue) + 24;
        memcpy(target + i, source + i, 4);
        if (key) target[i + 3] = 0;
        count += (uint64_t)key;
    }
    return count;
}

// Fades from the picture into the same picture upside down, then takes the mean with the picture, and darkens it.
uint64_t plain_mix(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *source = row(from, y), *lower = row(from, from->height - 1 - y);
    uint8_t *target = target_row(to, y);
    int share = weight(from, y);
    for (int i = 4 * begin; i < 4 * end; i++) {
        int step = (lower[i] - source[i]) * 128;
        int mixed = limit(source[i] + (((step * share + 16384) >> 15) >> 7), 0, 255);
        target[i] = (uint8_t)limit(((mixed + source[i] + 1) >> 1) - 3, 0, 255);
    }
    return 0;
}

// The difference to the row below, and the sum of its squares.
uint64_t plain_edge(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *source = row(from, y), *below = row(from, y + 1);
    uint8_t *target = target_row(to, y);
    uint64_t sum = 0;
    for (int i = 4 * begin; i < 4 * end; i++) {
        int difference = source[i] - below[i];
        target[i] = (uint8_t)(difference < 0 ? -difference : difference);
        sum += (uint64_t)(difference * difference);
    }
    return sum;
}
