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

static int is(const char *a, const char *b) {
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static const struct {
    const char *name;
    uint64_t (*run)(uint64_t size);
} KERNELS[] = {{"sieve", sieve}, {"matrix", matrix}, {"sort", sort}, {"words", words}};

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
