// Kernels that need nothing but memory: built with addresses of 64 bits as `wide` and with addresses of 32 bits as `narrow`, without a
// C library, since none has 64-bit memories yet. WASI preview 1 has addresses of 32 bits; what it is shown lies at low ones.
//
//     wide KERNEL SIZE

#include <stddef.h>
#include <stdint.h>

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))

typedef uint32_t low; // an address as WASI takes it

WASI(args_sizes_get) extern int32_t args_sizes_get(low count, low bytes);
WASI(args_get) extern int32_t args_get(low list, low bytes);
WASI(fd_write) extern int32_t fd_write(int32_t file, low list, low count, low written);
WASI(proc_exit) extern _Noreturn void proc_exit(int32_t code);

static low at(const void *pointer) { return (low)(uintptr_t)pointer; }

static void put(const char *text) {
    static low list[2], written;
    size_t length = 0;
    while (text[length])
        length++;
    list[0] = at(text);
    list[1] = (low)length;
    fd_write(1, at(list), 1, at(&written));
}

static void put_number(uint64_t number) {
    static char digits[24];
    char *first = &digits[22];
    first[0] = '\n';
    first[1] = 0;
    do
        *--first = (char)('0' + number % 10);
    while (number /= 10);
    put(first);
}

static _Noreturn void fail(const char *text) {
    put(text);
    proc_exit(2);
}

// Memory is taken from its end and never given back.

extern unsigned char __heap_base;
static uintptr_t next;

static void *take(size_t bytes) {
    if (!next)
        next = (uintptr_t)&__heap_base;
    next = (next + 15) & ~(uintptr_t)15;
    uintptr_t start = next;
    next += bytes;
    uintptr_t pages = (next + 65535) >> 16, now = __builtin_wasm_memory_size(0);
    if (pages > now && __builtin_wasm_memory_grow(0, pages - now) == (size_t)-1)
        fail("no memory\n");
    return (void *)start;
}

static uint64_t state = 88172645463325252u;

static uint64_t draw(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

// Primes below `size` by the sieve of Eratosthenes: strided stores of bytes.
static uint64_t sieve(uint64_t size) {
    unsigned char *composite = take(size + 1);
    uint64_t count = 0;
    for (uint64_t number = 2; number < size; number++) {
        if (composite[number])
            continue;
        count++;
        for (uint64_t multiple = number * number; multiple < size; multiple += number)
            composite[multiple] = 1;
    }
    return count;
}

// The product of two matrices of floats, `size` by `size`.
static uint64_t matrix(uint64_t size) {
    double *a = take(size * size * sizeof *a), *b = take(size * size * sizeof *b), *c = take(size * size * sizeof *c);
    for (uint64_t place = 0; place < size * size; place++) {
        a[place] = (double)(draw() & 255);
        b[place] = (double)(draw() & 255);
    }
    for (uint64_t row = 0; row < size; row++)
        for (uint64_t inner = 0; inner < size; inner++) {
            double factor = a[row * size + inner];
            for (uint64_t column = 0; column < size; column++)
                c[row * size + column] += factor * b[inner * size + column];
        }
    double trace = 0;
    for (uint64_t place = 0; place < size; place++)
        trace += c[place * size + place];
    return (uint64_t)trace;
}

// A heap sort of 64-bit numbers: comparisons, and loads and stores at computed places.
static void sift(uint64_t *heap, uint64_t root, uint64_t length) {
    uint64_t value = heap[root];
    for (;;) {
        uint64_t child = 2 * root + 1;
        if (child >= length)
            break;
        if (child + 1 < length && heap[child + 1] > heap[child])
            child++;
        if (heap[child] <= value)
            break;
        heap[root] = heap[child];
        root = child;
    }
    heap[root] = value;
}

static uint64_t sort(uint64_t size) {
    uint64_t *heap = take(size * sizeof *heap);
    for (uint64_t place = 0; place < size; place++)
        heap[place] = draw();
    for (uint64_t root = size / 2; root-- > 0;)
        sift(heap, root, size);
    for (uint64_t length = size; length-- > 1;) {
        uint64_t greatest = heap[0];
        heap[0] = heap[length];
        heap[length] = greatest;
        sift(heap, 0, length);
    }
    uint64_t sum = 0;
    for (uint64_t place = 0; place < size; place++)
        sum = sum * 31 + heap[place];
    return sum;
}

// How many words there are of each kind in random text: bytes, hashes, a table with chains of structures.
struct word {
    struct word *next;
    uint32_t hash, count, start, length;
};

static uint64_t words(uint64_t size) {
    enum { BUCKETS = 1 << 12 };
    char *text = take(size + 1);
    for (uint64_t place = 0; place < size; place++) {
        uint64_t random = draw();
        text[place] = random % 4 == 0 ? ' ' : (char)('a' + (random >> 8) % 10);
    }
    text[size] = ' ';
    struct word **buckets = take(BUCKETS * sizeof *buckets);
    uint64_t kinds = 0, most = 0;
    for (uint64_t start = 0; start < size; start++) {
        uint32_t hash = 2166136261u;
        uint64_t end = start;
        for (; text[end] != ' '; end++)
            hash = (hash ^ (unsigned char)text[end]) * 16777619u;
        if (end - start > 5 || end == start) {
            start = end;
            continue;
        }
        struct word **link = &buckets[hash % BUCKETS], *word;
        for (; (word = *link); link = &word->next) {
            if (word->hash != hash || word->length != end - start)
                continue;
            uint64_t same = 0;
            while (same < word->length && text[word->start + same] == text[start + same])
                same++;
            if (same == word->length)
                break;
        }
        if (!word) {
            word = take(sizeof *word);
            *link = word;
            word->hash = hash;
            word->start = (uint32_t)start;
            word->length = (uint32_t)(end - start);
            kinds++;
        }
        if (++word->count > most)
            most = word->count;
        start = end;
    }
    return kinds * 1000000007u + most;
}

// SHA-256 (FIPS 180-4) of random bytes: arithmetic, with a table and a window of words in memory.
static const uint32_t ROUND[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t word, int by) { return word >> by | word << (32 - by); }

static void digest_block(uint32_t digest[8], const unsigned char *block) {
    uint32_t window[64], now[8];
    for (size_t place = 0; place < 16; place++, block += 4)
        window[place] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
    for (size_t place = 16; place < 64; place++) {
        uint32_t near = window[place - 2], far = window[place - 15];
        near = turn(near, 17) ^ turn(near, 19) ^ near >> 10;
        far = turn(far, 7) ^ turn(far, 18) ^ far >> 3;
        window[place] = near + window[place - 7] + far + window[place - 16];
    }
    for (size_t place = 0; place < 8; place++)
        now[place] = digest[place];
    for (size_t place = 0; place < 64; place++) {
        uint32_t e = now[4], a = now[0];
        uint32_t first = now[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & now[5]) ^ (~e & now[6])) + ROUND[place] + window[place];
        uint32_t second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & now[1]) ^ (a & now[2]) ^ (now[1] & now[2]));
        for (size_t later = 7; later > 0; later--)
            now[later] = now[later - 1];
        now[4] += first;
        now[0] = first + second;
    }
    for (size_t place = 0; place < 8; place++)
        digest[place] += now[place];
}

static uint64_t hash(uint64_t size) {
    unsigned char *message = take(size + 128);
    for (uint64_t place = 0; place < size; place++)
        message[place] = (unsigned char)draw();
    uint64_t end = size;
    message[end++] = 0x80;
    while (end % 64 != 56)
        message[end++] = 0;
    for (int shift = 56; shift >= 0; shift -= 8)
        message[end++] = (unsigned char)(size * 8 >> shift);
    uint32_t digest[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    for (uint64_t start = 0; start < end; start += 64)
        digest_block(digest, message + start);
    return (uint64_t)digest[0] << 32 | digest[1];
}

// Where patterns occur in random text, by Horspool's way: compared from the end down, and moved on by a table of bytes.
static uint64_t search(uint64_t size) {
    enum { PATTERNS = 16 };
    unsigned char *text = take(size);
    for (uint64_t place = 0; place < size; place++)
        text[place] = (unsigned char)('a' + draw() % 3);
    uint64_t found = 0;
    for (uint64_t pattern = 0; pattern < PATTERNS; pattern++) {
        static uint64_t shift[256];
        uint64_t length = 4 + pattern;
        const unsigned char *sought = text + draw() % (size - length);
        for (size_t byte = 0; byte < 256; byte++)
            shift[byte] = length;
        for (uint64_t place = 0; place + 1 < length; place++)
            shift[sought[place]] = length - 1 - place;
        for (uint64_t start = 0; start + length <= size; start += shift[text[start + length - 1]]) {
            uint64_t left = length;
            while (left > 0 && text[start + left - 1] == sought[left - 1])
                left--;
            if (!left)
                found += start ^ pattern;
        }
    }
    return found;
}

// Text packed as literals and references back, found by a table of hashes, and unpacked again: bytes, and lengths that vary.
static uint32_t read32(const unsigned char *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static unsigned char *put_length(unsigned char *out, uint64_t length) {
    for (; length >= 128; length >>= 7)
        *out++ = (unsigned char)(length | 128);
    *out++ = (unsigned char)length;
    return out;
}

static const unsigned char *get_length(const unsigned char *in, uint64_t *length) {
    *length = 0;
    for (int shift = 0;; shift += 7) {
        *length |= (uint64_t)(*in & 127) << shift;
        if (!(*in++ & 128))
            return in;
    }
}

static uint64_t pack(uint64_t size) {
    enum { BITS = 14, WORDS = 4096 };
    unsigned char *plain = take(size + 16), *packed = take(size * 2 + 64), *again = take(size + 16);
    static uint64_t lexicon[WORDS];
    for (size_t word = 0; word < WORDS; word++)
        lexicon[word] = draw();
    for (uint64_t place = 0; place < size;) {
        uint64_t random = draw(), word = lexicon[random % WORDS & (random >> 20) % WORDS];
        for (uint64_t left = 2 + (random >> 40) % 7; left > 0 && place < size; left--, word >>= 8)
            plain[place++] = (unsigned char)word;
    }
    uint64_t *latest = take(sizeof *latest << BITS);
    unsigned char *out = packed;
    uint64_t kept = 0, place = 0;
    while (place + 4 <= size) {
        uint64_t slot = read32(plain + place) * 2654435761u >> (32 - BITS), before = latest[slot];
        latest[slot] = place + 1;
        uint64_t length = 0;
        if (before)
            while (place + length < size && plain[before - 1 + length] == plain[place + length])
                length++;
        if (length < 4) {
            place++;
            continue;
        }
        out = put_length(out, place - kept);
        while (kept < place)
            *out++ = plain[kept++];
        out = put_length(out, place + 1 - before);
        out = put_length(out, length);
        kept = place += length;
    }
    out = put_length(out, size - kept);
    while (kept < size)
        *out++ = plain[kept++];

    unsigned char *end = again;
    for (const unsigned char *in = packed; in < out;) {
        uint64_t length, distance;
        for (in = get_length(in, &length); length > 0; length--)
            *end++ = *in++;
        if (in == out)
            break;
        in = get_length(in, &distance);
        for (in = get_length(in, &length); length > 0; length--, end++)
            *end = *(end - distance);
    }
    uint64_t sum = (uint64_t)(out - packed);
    if ((uint64_t)(end - again) != size)
        fail("not as long as before\n");
    for (place = 0; place < size; place++)
        if (again[place] != plain[place])
            fail("not as before\n");
        else
            sum = sum * 31 + again[place];
    return sum;
}

// A search tree: built at random, looked up in, walked in order without a stack by links to parents.
struct node {
    struct node *child[2], *parent;
    uint64_t key, seen;
};

static uint64_t tree(uint64_t size) {
    struct node *root = 0;
    for (uint64_t count = 0; count < size; count++) {
        uint64_t key = draw() % (size * 2);
        struct node **link = &root, *parent = 0;
        while (*link && (*link)->key != key) {
            parent = *link;
            link = &parent->child[key > parent->key];
        }
        if (!*link) {
            struct node *node = take(sizeof *node);
            node->key = key;
            node->parent = parent;
            *link = node;
        }
        (*link)->seen++;
    }
    uint64_t sum = 0;
    for (uint64_t count = 0; count < size * 2; count++) {
        const struct node *node = root;
        uint64_t key = draw() % (size * 2);
        while (node && node->key != key)
            node = node->child[key > node->key];
        if (node)
            sum += node->seen;
    }
    const struct node *node = root;
    while (node && node->child[0])
        node = node->child[0];
    while (node) {
        sum = sum * 31 + node->key * node->seen;
        if (node->child[1])
            for (node = node->child[1]; node->child[0];)
                node = node->child[0];
        else {
            const struct node *last;
            do
                last = node, node = node->parent;
            while (node && node->child[1] == last);
        }
    }
    return sum;
}

static int is(const char *a, const char *b) {
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static const struct {
    const char *name;
    uint64_t (*run)(uint64_t size);
} KERNELS[] = {{"sieve", sieve}, {"matrix", matrix}, {"sort", sort}, {"words", words},
             {"hash", hash},   {"search", search}, {"pack", pack}, {"tree", tree}};

void _start(void) {
    static low count, bytes, list[8];
    static char text[256];
    args_sizes_get(at(&count), at(&bytes));
    if (count != 3 || bytes > sizeof text)
        fail("usage: wide KERNEL SIZE\n");
    args_get(at(list), at(text));
    const char *kernel = (char *)(uintptr_t)list[1], *digit = (char *)(uintptr_t)list[2];
    uint64_t size = 0;
    for (; *digit; digit++) {
        if (*digit < '0' || *digit > '9' || size > 1000000000)
            fail("usage: wide KERNEL SIZE\n");
        size = size * 10 + (uint64_t)(*digit - '0');
    }
    for (size_t place = 0; place < sizeof KERNELS / sizeof *KERNELS; place++)
        if (is(kernel, KERNELS[place].name)) {
            put_number(KERNELS[place].run(size));
            return;
        }
    fail("usage: wide KERNEL SIZE\n");
}
