// Every filter by 128-bit vectors. What does not fill a vector at the end of a row is left to the plain ones.
#include "filter.h"

#ifdef __wasm_simd128__
#include <wasm_simd128.h>

static inline v128_t low(v128_t bytes) { return wasm_u16x8_extend_low_u8x16(bytes); }
static inline v128_t high(v128_t bytes) { return wasm_u16x8_extend_high_u8x16(bytes); }

// (sum * 7282 + 32768) >> 16 needs 32 bits between.
static inline v128_t ninth(v128_t sums) {
    v128_t factor = wasm_i16x8_const_splat(7282), half = wasm_i32x4_const_splat(32768);
    v128_t left = wasm_u32x4_shr(wasm_i32x4_add(wasm_u32x4_extmul_low_u16x8(sums, factor), half), 16);
    v128_t right = wasm_u32x4_shr(wasm_i32x4_add(wasm_u32x4_extmul_high_u16x8(sums, factor), half), 16);
    return wasm_u16x8_narrow_i32x4(left, right);
}

static inline v128_t three(const uint16_t *sums) {
    return wasm_i16x8_add(wasm_i16x8_add(wasm_v128_load(sums - 4), wasm_v128_load(sums + 4)), wasm_v128_load(sums));
}

uint64_t vector_box(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *above = row(from, y - 1), *here = row(from, y), *below = row(from, y + 1);
    uint8_t *target = target_row(to, y);
    uint16_t *sums = column_sums + 8;
    int count = 4 * from->width, i = 0;
    for (; i + 16 <= count; i += 16) {
        v128_t a = wasm_v128_load(above + i), b = wasm_v128_load(here + i), c = wasm_v128_load(below + i);
        wasm_v128_store(sums + i, wasm_i16x8_add(wasm_i16x8_add(low(a), low(b)), low(c)));
        wasm_v128_store(sums + i + 8, wasm_i16x8_add(wasm_i16x8_add(high(a), high(b)), high(c)));
    }
    for (; i < count; i++) sums[i] = (uint16_t)(above[i] + here[i] + below[i]);
    extend_column_sums(from->width);
    for (i = 4 * begin; i + 16 <= 4 * end; i += 16)
        wasm_v128_store(target + i, wasm_u8x16_narrow_i16x8(ninth(three(sums + i)), ninth(three(sums + i + 8))));
    return plain_box(from, to, y, i / 4, end);
}

// a + 4 b + 6 c + 4 d + e; four times b + d + c, and twice c.
static inline v128_t five(v128_t a, v128_t b, v128_t c, v128_t d, v128_t e) {
    v128_t inner = wasm_i16x8_shl(wasm_i16x8_add(wasm_i16x8_add(b, d), c), 2);
    return wasm_i16x8_add(wasm_i16x8_add(wasm_i16x8_add(a, e), inner), wasm_i16x8_shl(c, 1));
}

static inline v128_t smooth(const uint16_t *sums) {
    v128_t sum = five(wasm_v128_load(sums - 8), wasm_v128_load(sums - 4), wasm_v128_load(sums), wasm_v128_load(sums + 4),
                      wasm_v128_load(sums + 8));
    return wasm_u16x8_shr(wasm_i16x8_add(sum, wasm_i16x8_const_splat(128)), 8);
}

uint64_t vector_gauss(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *rows[5];
    for (int line = 0; line < 5; line++) rows[line] = row(from, y + line - 2);
    uint8_t *target = target_row(to, y);
    uint16_t *sums = column_sums + 8;
    int count = 4 * from->width, i = 0;
    for (; i + 16 <= count; i += 16) {
        v128_t a = wasm_v128_load(rows[0] + i), b = wasm_v128_load(rows[1] + i), c = wasm_v128_load(rows[2] + i),
               d = wasm_v128_load(rows[3] + i), e = wasm_v128_load(rows[4] + i);
        wasm_v128_store(sums + i, five(low(a), low(b), low(c), low(d), low(e)));
        wasm_v128_store(sums + i + 8, five(high(a), high(b), high(c), high(d), high(e)));
    }
    for (; i < count; i++)
        sums[i] = (uint16_t)(rows[0][i] + 4 * rows[1][i] + 6 * rows[2][i] + 4 * rows[3][i] + rows[4][i]);
    extend_column_sums(from->width);
    for (i = 4 * begin; i + 16 <= 4 * end; i += 16)
        wasm_v128_store(target + i, wasm_u8x16_narrow_i16x8(smooth(sums + i), smooth(sums + i + 8)));
    return plain_gauss(from, to, y, i / 4, end);
}

// Four bytes, each in 32 bits, through the curve.
static inline v128_t develop(v128_t bytes) {
    v128_t light = wasm_f32x4_mul(wasm_f32x4_convert_u32x4(bytes), wasm_f32x4_const_splat(1.0f / 255));
    v128_t above = wasm_f32x4_add(wasm_f32x4_mul(wasm_f32x4_const_splat(2.5f), light), wasm_f32x4_const_splat(0.03f));
    v128_t below = wasm_f32x4_add(wasm_f32x4_mul(wasm_f32x4_const_splat(2.4f), light), wasm_f32x4_const_splat(0.6f));
    below = wasm_f32x4_add(wasm_f32x4_mul(light, below), wasm_f32x4_const_splat(0.15f));
    v128_t curve = wasm_f32x4_min(wasm_f32x4_div(wasm_f32x4_mul(light, above), below), wasm_f32x4_const_splat(1));
    v128_t level = wasm_f32x4_add(wasm_f32x4_mul(wasm_f32x4_sqrt(curve), wasm_f32x4_const_splat(255)),
                                  wasm_f32x4_const_splat(0.5f));
    return wasm_u32x4_trunc_sat_f32x4(level);
}

uint64_t vector_tone(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *source = row(from, y);
    uint8_t *target = target_row(to, y);
    v128_t alpha = wasm_u32x4_const_splat(0xff000000);
    int i = 4 * begin;
    for (; i + 16 <= 4 * end; i += 16) {
        v128_t bytes = wasm_v128_load(source + i), left = low(bytes), right = high(bytes);
        v128_t a = develop(wasm_u32x4_extend_low_u16x8(left)), b = develop(wasm_u32x4_extend_high_u16x8(left));
        v128_t c = develop(wasm_u32x4_extend_low_u16x8(right)), d = develop(wasm_u32x4_extend_high_u16x8(right));
        v128_t curve = wasm_u8x16_narrow_i16x8(wasm_u16x8_narrow_i32x4(a, b), wasm_u16x8_narrow_i32x4(c, d));
        wasm_v128_store(target + i, wasm_v128_bitselect(bytes, curve, alpha));
    }
    return plain_tone(from, to, y, i / 4, end);
}

// Sorts 16 pixels into one vector a colour, weighs them, and spreads the grey again.
uint64_t vector_gray(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *source = row(from, y);
    uint8_t *target = target_row(to, y);
    int x = begin;
    for (; x + 16 <= end; x += 16) {
        v128_t a = wasm_v128_load(source + 4 * x), b = wasm_v128_load(source + 4 * x + 16);
        v128_t c = wasm_v128_load(source + 4 * x + 32), d = wasm_v128_load(source + 4 * x + 48);
        v128_t red_green = wasm_i8x16_shuffle(a, b, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
        v128_t blue_alpha = wasm_i8x16_shuffle(a, b, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
        v128_t red_green_2 = wasm_i8x16_shuffle(c, d, 0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
        v128_t blue_alpha_2 = wasm_i8x16_shuffle(c, d, 2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
        v128_t red = wasm_i64x2_shuffle(red_green, red_green_2, 0, 2), green = wasm_i64x2_shuffle(red_green, red_green_2, 1, 3);
        v128_t blue = wasm_i64x2_shuffle(blue_alpha, blue_alpha_2, 0, 2), alpha = wasm_i64x2_shuffle(blue_alpha, blue_alpha_2, 1, 3);

        v128_t half = wasm_i16x8_const_splat(128), of_red = wasm_i8x16_const_splat(77);
        v128_t of_green = wasm_u8x16_const_splat(150), of_blue = wasm_i8x16_const_splat(29);
        v128_t left = wasm_i16x8_add(wasm_u16x8_extmul_low_u8x16(red, of_red), wasm_u16x8_extmul_low_u8x16(green, of_green));
        v128_t right = wasm_i16x8_add(wasm_u16x8_extmul_high_u8x16(red, of_red), wasm_u16x8_extmul_high_u8x16(green, of_green));
        left = wasm_i16x8_add(wasm_i16x8_add(left, wasm_u16x8_extmul_low_u8x16(blue, of_blue)), half);
        right = wasm_i16x8_add(wasm_i16x8_add(right, wasm_u16x8_extmul_high_u8x16(blue, of_blue)), half);
        v128_t gray = wasm_u8x16_narrow_i16x8(wasm_u16x8_shr(left, 8), wasm_u16x8_shr(right, 8));

        wasm_v128_store(target + 4 * x, wasm_i8x16_shuffle(gray, alpha, 0, 0, 0, 16, 1, 1, 1, 17, 2, 2, 2, 18, 3, 3, 3, 19));
        wasm_v128_store(target + 4 * x + 16, wasm_i8x16_shuffle(gray, alpha, 4, 4, 4, 20, 5, 5, 5, 21, 6, 6, 6, 22, 7, 7, 7, 23));
        wasm_v128_store(target + 4 * x + 32, wasm_i8x16_shuffle(gray, alpha, 8, 8, 8, 24, 9, 9, 9, 25, 10, 10, 10, 26, 11, 11, 11, 27));
        wasm_v128_store(target + 4 * x + 48,
                        wasm_i8x16_shuffle(gray, alpha, 12, 12, 12, 28, 13, 13, 13, 29, 14, 14, 14, 30, 15, 15, 15, 31));
    }
    return plain_gray(from, to, y, x, end);
}

// Turns four pixels around by indices that are not known when this is compiled.
uint64_t vector_flip(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *source = row(from, y);
    uint8_t *target = target_row(to, y);
    static volatile uint8_t turn = 12; // volatile, or the swizzle becomes a shuffle
    v128_t indices = wasm_v128_xor(wasm_u8x16_const(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), wasm_u8x16_splat(turn));
    int x = begin;
    for (; x + 4 <= end; x += 4) {
        v128_t pixels = wasm_v128_load(source + 4 * (from->width - 4 - x));
        wasm_v128_store(target + 4 * x, wasm_i8x16_swizzle(pixels, indices));
    }
    return plain_flip(from, to, y, x, end);
}

uint64_t vector_key(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *source = row(from, y);
    uint8_t *target = target_row(to, y);
    v128_t byte = wasm_i32x4_const_splat(0xff), alpha = wasm_u32x4_const_splat(0xff000000), margin = wasm_i32x4_const_splat(24);
    uint64_t count = 0;
    int i = 4 * begin;
    for (; i + 16 <= 4 * end; i += 16) {
        v128_t pixels = wasm_v128_load(source + i);
        v128_t red = wasm_v128_and(pixels, byte), green = wasm_v128_and(wasm_u32x4_shr(pixels, 8), byte);
        v128_t blue = wasm_v128_and(wasm_u32x4_shr(pixels, 16), byte);
        v128_t key = wasm_i32x4_gt(green, wasm_i32x4_add(wasm_i32x4_max(red, blue), margin));
        if (wasm_v128_any_true(key)) {
            count += (uint64_t)__builtin_popcount(wasm_i32x4_bitmask(key));
            pixels = wasm_v128_andnot(pixels, wasm_v128_and(key, alpha));
        }
        wasm_v128_store(target + i, pixels);
    }
    return count + plain_key(from, to, y, i / 4, end);
}

static inline v128_t fade(v128_t upper, v128_t lower, v128_t share) {
    v128_t step = wasm_i16x8_q15mulr_sat(wasm_i16x8_shl(wasm_i16x8_sub(lower, upper), 7), share);
    return wasm_i16x8_add(upper, wasm_i16x8_shr(step, 7));
}

uint64_t vector_mix(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *source = row(from, y), *under = row(from, from->height - 1 - y);
    uint8_t *target = target_row(to, y);
    v128_t share = wasm_i16x8_splat(weight(from, y));
    int i = 4 * begin;
    for (; i + 16 <= 4 * end; i += 16) {
        v128_t upper = wasm_v128_load(source + i), lower = wasm_v128_load(under + i);
        v128_t mixed = wasm_u8x16_narrow_i16x8(fade(low(upper), low(lower), share), fade(high(upper), high(lower), share));
        wasm_v128_store(target + i, wasm_u8x16_sub_sat(wasm_u8x16_avgr(mixed, upper), wasm_i8x16_const_splat(3)));
    }
    return plain_mix(from, to, y, i / 4, end);
}

uint64_t vector_edge(const Picture *from, Picture *to, int y, int begin, int end) {
    const uint8_t *source = row(from, y), *below = row(from, y + 1);
    uint8_t *target = target_row(to, y);
    v128_t sums = wasm_i64x2_const_splat(0);
    int i = 4 * begin;
    for (; i + 16 <= 4 * end; i += 16) {
        v128_t a = wasm_v128_load(source + i), b = wasm_v128_load(below + i);
        v128_t left = wasm_i16x8_sub(low(a), low(b)), right = wasm_i16x8_sub(high(a), high(b));
        v128_t squares = wasm_i32x4_add(wasm_i32x4_dot_i16x8(left, left), wasm_i32x4_dot_i16x8(right, right));
        sums = wasm_i64x2_add(sums, wasm_u64x2_extend_low_u32x4(squares));
        sums = wasm_i64x2_add(sums, wasm_u64x2_extend_high_u32x4(squares));
        wasm_v128_store(target + i, wasm_v128_or(wasm_u8x16_sub_sat(a, b), wasm_u8x16_sub_sat(b, a)));
    }
    uint64_t sum = (uint64_t)wasm_i64x2_extract_lane(sums, 0) + (uint64_t)wasm_i64x2_extract_lane(sums, 1);
    return sum + plain_edge(from, to, y, i / 4, end);
}

#else // A native build has the plain ones twice.
#define SAME(name) uint64_t vector_##name(const Picture *from, Picture *to, int y, int begin, int end) { return plain_##name(from, to, y, begin, end); }
SAME(box) SAME(gauss) SAME(tone) SAME(gray) SAME(flip) SAME(key) SAME(mix) SAME(edge)
#endif
