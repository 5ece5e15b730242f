// SHA-256 of files, standard input, whole directories, or of memory again and again, printed as sha256sum prints them.
//
// Usage: sha PATH...         digests of the files, and of all files below the directories, in the order of their names;
//        sha -               of standard input;
//        sha --again COUNT   of 64 KiB, then COUNT - 1 times of the digest followed by the same 64 KiB.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// ---------------------------------------------------------------- the digest

enum { BLOCK = 64, DIGEST = 32 };

typedef struct { uint32_t state[8]; uint64_t length; uint8_t block[BLOCK]; } Hash;

static uint32_t constants[64], start[8];

// The first 32 bits of the fraction of the square root (or the cube root) of a prime, in integers only.
static uint32_t root_fraction(uint32_t prime, int power) {
    // The largest r with r^power <= prime * 2^(32 * power); its low 32 bits are the fraction.
    uint64_t root = 0;
    for (int bit = 35; bit >= 0; bit--) {
        uint64_t tried = root | 1ull << bit;
        unsigned __int128 square = (unsigned __int128)tried * tried;
        bool fits;
        if (power == 2) {
            fits = square <= (unsigned __int128)prime << 64;
        } else {
            // tried^3 <= prime * 2^96, compared in two halves, because the cube has up to 108 bits.
            unsigned __int128 low = (unsigned __int128)(uint64_t)square * tried;
            unsigned __int128 high = (square >> 64) * tried + (low >> 64);
            fits = high < (unsigned __int128)prime << 32 || (high == (unsigned __int128)prime << 32 && (uint64_t)low == 0);
        }
        if (fits) root = tried;
    }
    return (uint32_t)root;
}

static void make_constants(void) {
    int count = 0;
    for (uint32_t number = 2; count < 64; number++) {
        bool prime = true;
        for (uint32_t divisor = 2; divisor * divisor <= number; divisor++) prime &= number % divisor != 0;
        if (!prime) continue;
        if (count < 8) start[count] = root_fraction(number, 2);
        constants[count++] = root_fraction(number, 3);
    }
}

static inline uint32_t turn(uint32_t word, int bits) { return word >> bits | word << (32 - bits); }

static uint32_t read_big(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void write_big(uint8_t *bytes, uint32_t word) {
    bytes[0] = (uint8_t)(word >> 24), bytes[1] = (uint8_t)(word >> 16), bytes[2] = (uint8_t)(word >> 8), bytes[3] = (uint8_t)word;
}

static void take_block(uint32_t state[8], const uint8_t *block) {
    uint32_t words[64];
    for (int i = 0; i < 16; i++) words[i] = read_big(block + 4 * i);
    for (int i = 16; i < 64; i++) {
        uint32_t near = words[i - 2], far = words[i - 15];
        words[i] = words[i - 16] + words[i - 7] + (turn(far, 7) ^ turn(far, 18) ^ far >> 3) +
                   (turn(near, 17) ^ turn(near, 19) ^ near >> 10);
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        uint32_t first = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + words[i];
        uint32_t second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static void begin(Hash *hash) {
    memcpy(hash->state, start, sizeof start);
    hash->length = 0;
}

static void take(Hash *hash, const uint8_t *bytes, size_t count) {
    size_t filled = hash->length % BLOCK;
    hash->length += count;
    if (filled) {
        size_t part = count < BLOCK - filled ? count : BLOCK - filled;
        memcpy(hash->block + filled, bytes, part);
        bytes += part, count -= part;
        if (filled + part < BLOCK) return;
        take_block(hash->state, hash->block);
    }
    for (; count >= BLOCK; bytes += BLOCK, count -= BLOCK) take_block(hash->state, bytes);
    memcpy(hash->block, bytes, count);
}

static void end(Hash *hash, uint8_t digest[DIGEST]) {
    uint64_t bits = hash->length * 8;
    uint8_t tail[BLOCK + 8] = {0x80};
    // As many zeros as leave 8 bytes of a block for the length: 55 bytes still fit into one block, 56 take two.
    size_t padding = (hash->length % BLOCK < 56 ? 56 : 56 + BLOCK) - hash->length % BLOCK;
    write_big(tail + padding, (uint32_t)(bits >> 32));
    write_big(tail + padding + 4, (uint32_t)bits);
    take(hash, tail, padding + 8);
    for (int i = 0; i < 8; i++) write_big(digest + 4 * i, hash->state[i]);
}

// ---------------------------------------------------------------- files

static int exit_code = 0;

static void complain(const char *path) {
    fprintf(stderr, "sha: %s: %s\n", path, strerror(errno));
    exit_code = 1;
}

static void *allocate(void *old, size_t size) {
    void *block = realloc(old, size);
    if (!block) {
        fprintf(stderr, "sha: out of memory\n");
        exit(1);
    }
    return block;
}

static void print(const uint8_t digest[DIGEST], const char *name) {
    for (int i = 0; i < DIGEST; i++) printf("%02x", digest[i]);
    printf("  %s\n", name);
}

// By read and not by stdio: what the system hands over in one piece is hashed where it lies.
static void print_file(int file, const char *name) {
    static uint8_t chunk[1 << 16];
    Hash hash;
    begin(&hash);
    ssize_t got;
    while ((got = read(file, chunk, sizeof chunk)) > 0) take(&hash, chunk, (size_t)got);
    if (got < 0) return complain(name);
    uint8_t digest[DIGEST];
    end(&hash, digest);
    print(digest, name);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void print_path(const char *path);

static void print_directory(const char *path) {
    DIR *directory = opendir(path);
    if (!directory) return complain(path);
    char **paths = NULL;
    size_t count = 0, room = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (count == room) paths = allocate(paths, (room = room ? 2 * room : 8) * sizeof *paths);
        size_t size = strlen(path) + strlen(entry->d_name) + 2;
        paths[count] = allocate(NULL, size);
        snprintf(paths[count++], size, "%s/%s", path, entry->d_name);
    }
    closedir(directory);
    if (count) qsort(paths, count, sizeof *paths, by_name);
    for (size_t i = 0; i < count; i++) {
        print_path(paths[i]);
        free(paths[i]);
    }
    free(paths);
}

static void print_path(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) return complain(path);
    if (S_ISDIR(status.st_mode)) return print_directory(path);
    int file = open(path, O_RDONLY);
    if (file < 0) return complain(path);
    print_file(file, path);
    close(file);
}

// ---------------------------------------------------------------- memory

static void print_again(unsigned long count) {
    static uint8_t memory[DIGEST + (1 << 16)];
    uint32_t random = 1;
    for (size_t i = DIGEST; i < sizeof memory; i++) memory[i] = (uint8_t)((random = random * 1664525u + 1013904223u) >> 24);
    for (unsigned long i = 0; i < count; i++) {
        size_t skipped = i == 0 ? DIGEST : 0; // there is no digest yet
        Hash hash;
        begin(&hash);
        take(&hash, memory + skipped, sizeof memory - skipped);
        end(&hash, memory);
    }
    print(memory, "memory");
}

int main(int argc, char **argv) {
    make_constants();
    if (argc == 3 && strcmp(argv[1], "--again") == 0) {
        char *rest;
        unsigned long count = strtoul(argv[2], &rest, 10);
        if (!*rest && count > 0) {
            print_again(count);
            return 0;
        }
        argc = 1;
    }
    if (argc < 2) {
        fprintf(stderr, "usage: sha PATH... | sha - | sha --again COUNT\n");
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-") == 0) print_file(STDIN_FILENO, "-");
        else print_path(argv[i]);
    }
    return exit_code;
}
