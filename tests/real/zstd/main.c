// Compresses a made-up text by Zstandard at several levels, decompresses it, and prints sizes and checksums.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

static uint64_t sum_of(const unsigned char *bytes, size_t count) {
    uint64_t sum = 14695981039346656037u; // FNV-1a
    for (size_t i = 0; i < count; i++) sum = (sum ^ bytes[i]) * 1099511628211u;
    return sum;
}

int main(void) {
    static const char *const words[] = {"red", "crane", "lake", "over", "under", "water", "stone", "the", "a", "of", "and", "white"};
    static const int levels[] = {-5, 1, 3, 7, 12, 19};
    enum { SIZE = 3000000 };
    char *text = malloc(SIZE + 32);
    uint64_t random = 1;
    size_t length = 0;
    while (length < SIZE) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned draw = (unsigned)(random >> 40);
        length += (size_t)(draw % 29 ? sprintf(text + length, "%s ", words[draw / 29 % 12]) : sprintf(text + length, "%u\n", draw));
    }
    length = SIZE;
    size_t room = ZSTD_compressBound(length);
    unsigned char *packed = malloc(room), *plain = malloc(length);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        size_t size = ZSTD_compress(packed, room, text, length, levels[i]);
        if (ZSTD_isError(size)) return printf("error: %s\n", ZSTD_getErrorName(size)), 1;
        size_t back = ZSTD_decompress(plain, length, packed, size);
        if (back != length || memcmp(plain, text, length) != 0) return puts("decompressed bytes differ"), 1;
        printf("level %d: %zu bytes, %016llx\n", levels[i], size, (unsigned long long)sum_of(packed, size));
    }
    packed[1000] ^= 4;
    packed[30] ^= 64;
    puts(ZSTD_getErrorName(ZSTD_decompress(plain, length, packed, 5000)));
    printf("%s %016llx\n", ZSTD_versionString(), (unsigned long long)sum_of((unsigned char *)text, length));
    return 0;
}
