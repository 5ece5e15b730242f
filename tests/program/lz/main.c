// Packs bytes by references to what came before (LZ77), unpacks them again, and compares.
//
// Usage: lz                  packs and unpacks standard input, prints sizes and checksums
//        lz pack | unpack    from standard input to standard output
//        lz make KIND SIZE [ROUNDS]   as without arguments, with made-up bytes: text, table, noise or same; packed ROUNDS times
//
// The packed form: "LZ1", the length in seven-bit groups, then tokens up to the end. A token's first byte has in its high half
// the number of bytes that follow as they are, in its low half the length of the reference after them, less 4; 15 says
// that more groups follow. A reference goes back by two bytes, or by three, if the highest bit of the second is set.
// Last comes the CRC-32 of the bytes, lowest byte first.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { uint8_t *bytes; size_t length, room; } Buffer;

static void *allocate(void *old, size_t size) {
    void *block = realloc(old, size ? size : 1);
    if (!block) {
        fprintf(stderr, "lz: out of memory\n");
        exit(1);
    }
    return block;
}

static void reserve(Buffer *buffer, size_t more) {
    if (buffer->length + more <= buffer->room) return;
    buffer->room = 2 * buffer->room + more + 256;
    buffer->bytes = allocate(buffer->bytes, buffer->room);
}

static void put(Buffer *buffer, unsigned byte) {
    reserve(buffer, 1);
    buffer->bytes[buffer->length++] = (uint8_t)byte;
}

static void put_all(Buffer *buffer, const uint8_t *bytes, size_t count) {
    if (!count) return;
    reserve(buffer, count);
    memcpy(buffer->bytes + buffer->length, bytes, count);
    buffer->length += count;
}

static void put_groups(Buffer *buffer, size_t value) {
    for (; value >= 128; value >>= 7) put(buffer, (unsigned)(value & 127) | 128);
    put(buffer, (unsigned)value);
}

// ---------------------------------------------------------------- checksum

static uint32_t crc_table[256];

static void make_crc_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
        crc_table[i] = crc;
    }
}

static uint32_t crc_of(const uint8_t *bytes, size_t count) {
    uint32_t crc = ~0u;
    for (size_t i = 0; i < count; i++) crc = crc >> 8 ^ crc_table[(crc ^ bytes[i]) & 255];
    return ~crc;
}

// Of what is printed: a CRC of bytes that end in their own CRC would say nothing.
static uint64_t sum_of(const Buffer *buffer) {
    uint64_t sum = 14695981039346656037u; // FNV-1a
    for (size_t i = 0; i < buffer->length; i++) sum = (sum ^ buffer->bytes[i]) * 1099511628211u;
    return sum;
}

// ---------------------------------------------------------------- packing

enum { LEAST = 4, HASH_BITS = 15, WINDOW = 1 << 20, FAR = 1 << 15, CHAIN = 48, NONE = -1 };

static uint32_t word_at(const uint8_t *bytes) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static uint32_t hash(const uint8_t *bytes) { return word_at(bytes) * 2654435761u >> (32 - HASH_BITS); }

typedef struct {
    const uint8_t *bytes;
    size_t length;
    int32_t heads[1 << HASH_BITS]; // the last place of each hash
    int32_t *before;               // for each place, modulo WINDOW, the one before it of the same hash
} Finder;

typedef struct { size_t length, distance; } Match;

static void enter(Finder *finder, size_t place) {
    if (place + LEAST > finder->length) return;
    uint32_t h = hash(finder->bytes + place);
    finder->before[place & (WINDOW - 1)] = finder->heads[h];
    finder->heads[h] = (int32_t)place;
}

static size_t common(const uint8_t *a, const uint8_t *b, size_t most) {
    size_t length = 0;
    while (length + 8 <= most) {
        uint64_t x, y;
        memcpy(&x, a + length, 8);
        memcpy(&y, b + length, 8);
        if (x != y) return length + (size_t)__builtin_ctzll(x ^ y) / 8; // bytes are in ascending order in all our machines
        length += 8;
    }
    while (length < most && a[length] == b[length]) length++;
    return length;
}

// The longest match among the last CHAIN of the same hash; a far one must be longer to be worth its third byte.
static Match find(const Finder *finder, size_t place) {
    Match best = {0, 0};
    size_t most = finder->length - place;
    if (most < LEAST) return best;
    const uint8_t *here = finder->bytes + place;
    int32_t other = finder->heads[hash(here)];
    for (int tries = 0; tries < CHAIN && other != NONE; tries++) {
        size_t distance = place - (size_t)other;
        if (distance >= WINDOW) break;
        const uint8_t *there = finder->bytes + other;
        if (there[best.length] == here[best.length] || best.length == 0) {
            size_t length = common(there, here, most);
            if (length >= LEAST + (distance >= FAR) && length > best.length) {
                best = (Match){length, distance};
                if (length == most) break;
            }
        }
        other = finder->before[(size_t)other & (WINDOW - 1)];
    }
    return best;
}

static void put_token(Buffer *packed, const uint8_t *plain, size_t count, Match match) {
    size_t length = match.length ? match.length - LEAST : 0;
    put(packed, (unsigned)(count < 15 ? count : 15) << 4 | (unsigned)(length < 15 ? length : 15));
    if (count >= 15) put_groups(packed, count - 15);
    put_all(packed, plain, count);
    if (!match.length) return; // the last one
    if (length >= 15) put_groups(packed, length - 15);
    put(packed, match.distance & 255);
    if (match.distance < FAR) {
        put(packed, (unsigned)(match.distance >> 8));
    } else {
        put(packed, (unsigned)(match.distance >> 8 & 127) | 128);
        put(packed, (unsigned)(match.distance >> 15));
    }
}

static Buffer pack(const uint8_t *bytes, size_t length) {
    Buffer packed = {0};
    put_all(&packed, (const uint8_t *)"LZ1", 3);
    put_groups(&packed, length);
    Finder *finder = allocate(NULL, sizeof *finder);
    finder->bytes = bytes;
    finder->length = length;
    finder->before = allocate(NULL, WINDOW * sizeof *finder->before);
    for (size_t i = 0; i < 1 << HASH_BITS; i++) finder->heads[i] = NONE;
    size_t plain = 0, place = 0; // what was not written yet begins at `plain`
    while (place < length) {
        Match match = find(finder, place);
        enter(finder, place);
        if (match.length && match.length < 64 && place + 1 < length) {
            // Perhaps the next byte begins a longer one.
            Match later = find(finder, place + 1);
            if (later.length > match.length + 1) match.length = 0;
        }
        if (!match.length) {
            place++;
            continue;
        }
        put_token(&packed, bytes + plain, place - plain, match);
        for (size_t i = 1; i < match.length; i++) enter(finder, place + i);
        place += match.length;
        plain = place;
    }
    put_token(&packed, bytes + plain, length - plain, (Match){0, 0});
    uint32_t crc = crc_of(bytes, length);
    for (int i = 0; i < 4; i++) put(&packed, crc >> 8 * i & 255);
    free(finder->before);
    free(finder);
    return packed;
}

// ---------------------------------------------------------------- unpacking

typedef struct { const uint8_t *next, *end; } Reader;

static bool take_groups(Reader *reader, size_t *value) {
    *value = 0;
    for (int shift = 0; shift < 28; shift += 7) {
        if (reader->next == reader->end) return false;
        uint8_t byte = *reader->next++;
        *value |= (size_t)(byte & 127) << shift;
        if (byte < 128) return true;
    }
    return false;
}

// Returns what is wrong with the packed bytes, or NULL. Nothing in them is trusted.
static const char *unpack(const uint8_t *packed, size_t packed_length, Buffer *bytes) {
    if (packed_length < 3 || memcmp(packed, "LZ1", 3) != 0) return "not packed by lz";
    Reader reader = {packed + 3, packed + packed_length};
    size_t length;
    if (!take_groups(&reader, &length)) return "ends too early";
    for (;;) {
        if (reader.next == reader.end) return "ends too early";
        size_t token = *reader.next++, count = token >> 4, match = token & 15, more;
        if (count == 15) {
            if (!take_groups(&reader, &more)) return "ends too early";
            count += more;
        }
        if (count > (size_t)(reader.end - reader.next)) return "ends too early";
        if (count > length - bytes->length) return "longer than it says";
        put_all(bytes, reader.next, count);
        reader.next += count;
        if (bytes->length == length && match == 0 && reader.end - reader.next == 4) break; // only the checksum is left
        if (match == 15) {
            if (!take_groups(&reader, &more)) return "ends too early";
            match += more;
        }
        match += LEAST;
        if (reader.end - reader.next < 2) return "ends too early";
        size_t distance = reader.next[0] | (size_t)(reader.next[1] & 127) << 8;
        bool far = reader.next[1] >= 128;
        reader.next += 2;
        if (far) {
            if (reader.next == reader.end) return "ends too early";
            distance |= (size_t)*reader.next++ << 15;
        }
        if (distance == 0 || distance > bytes->length) return "refers to what is not there";
        if (match > length - bytes->length) return "longer than it says";
        reserve(bytes, match);
        uint8_t *to = bytes->bytes + bytes->length;
        // A reference may overlap what it makes: then it repeats it.
        if (distance >= match) memcpy(to, to - distance, match);
        else for (size_t i = 0; i < match; i++) to[i] = to[i - distance];
        bytes->length += match;
    }
    uint32_t crc = 0;
    for (int i = 0; i < 4; i++) crc |= (uint32_t)*reader.next++ << 8 * i;
    return crc == crc_of(bytes->bytes, bytes->length) ? NULL : "damaged: the checksum is another";
}

// ---------------------------------------------------------------- bytes to pack

static uint32_t draw(void) {
    static uint64_t state = 0x9e3779b97f4a7c15u;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 0x2545f4914f6cdd1du) >> 32);
}

static bool make(const char *kind, size_t size, Buffer *bytes) {
    char line[64];
    if (strcmp(kind, "text") == 0) {
        // Words of a made-up language, the early ones far more frequent.
        char words[512][12];
        for (int i = 0; i < 512; i++) {
            int syllables = 1 + (int)(draw() % 4);
            for (int j = 0; j < syllables; j++) {
                words[i][2 * j] = "bdfgklmnprstvz"[draw() % 14];
                words[i][2 * j + 1] = "aeiou"[draw() % 5];
            }
            words[i][2 * syllables] = 0;
        }
        while (bytes->length < size) {
            uint32_t rank = draw() % 512, other = draw() % 512;
            const char *word = words[rank * other / 512];
            put_all(bytes, (const uint8_t *)word, strlen(word));
            put(bytes, draw() % 12 == 0 ? '\n' : ' ');
        }
    } else if (strcmp(kind, "table") == 0) {
        for (unsigned i = 0; bytes->length < size; i++) {
            uint32_t whole = draw() % 1000, part = draw() % 100, flag = draw() % 3; // in this order on every compiler
            int length = snprintf(line, sizeof line, "%08u;%u.%02u;%s\n", i, whole, part, flag ? "yes" : "no");
            put_all(bytes, (const uint8_t *)line, (size_t)length);
        }
    } else if (strcmp(kind, "noise") == 0) {
        while (bytes->length < size) put(bytes, draw() >> 24);
    } else if (strcmp(kind, "same") == 0) {
        while (bytes->length < size) put(bytes, 'a');
    } else {
        return false;
    }
    bytes->length = size;
    return true;
}

static void read_all(Buffer *bytes) {
    size_t got;
    do {
        reserve(bytes, 65536);
        got = fread(bytes->bytes + bytes->length, 1, 65536, stdin);
        bytes->length += got;
    } while (got);
}

static int complain(const char *what) {
    fprintf(stderr, "lz: %s\n", what);
    return 1;
}

static int round_trip(const Buffer *bytes, unsigned rounds) {
    Buffer packed = {0}, again = {0};
    for (unsigned i = 0; i < rounds; i++) {
        free(packed.bytes);
        packed = pack(bytes->bytes, bytes->length);
        again.length = 0;
        const char *wrong = unpack(packed.bytes, packed.length, &again);
        if (wrong) return complain(wrong);
        if (again.length != bytes->length || (again.length && memcmp(again.bytes, bytes->bytes, again.length) != 0))
            return complain("unpacked bytes differ");
    }
    printf("%zu bytes, sum %016llx\n", bytes->length, (unsigned long long)sum_of(bytes));
    printf("%zu packed, sum %016llx\n", packed.length, (unsigned long long)sum_of(&packed));
    free(packed.bytes);
    free(again.bytes);
    return 0;
}

int main(int argc, char **argv) {
    make_crc_table();
    Buffer bytes = {0};
    if (argc == 1) {
        read_all(&bytes);
        return round_trip(&bytes, 1);
    }
    if (argc == 2 && strcmp(argv[1], "pack") == 0) {
        read_all(&bytes);
        Buffer packed = pack(bytes.bytes, bytes.length);
        return fwrite(packed.bytes, 1, packed.length, stdout) == packed.length ? 0 : complain("cannot write");
    }
    if (argc == 2 && strcmp(argv[1], "unpack") == 0) {
        read_all(&bytes);
        Buffer plain = {0};
        const char *wrong = unpack(bytes.bytes, bytes.length, &plain);
        if (wrong) return complain(wrong);
        return fwrite(plain.bytes, 1, plain.length, stdout) == plain.length ? 0 : complain("cannot write");
    }
    if ((argc == 4 || argc == 5) && strcmp(argv[1], "make") == 0) {
        unsigned long size = strtoul(argv[3], NULL, 10), rounds = argc == 5 ? strtoul(argv[4], NULL, 10) : 1;
        if (size <= 1u << 27 && rounds >= 1 && make(argv[2], size, &bytes)) return round_trip(&bytes, (unsigned)rounds);
    }
    fprintf(stderr, "usage: lz [pack | unpack | make text|table|noise|same SIZE [ROUNDS]]\n");
    return 2;
}
