// Kernels on data structures: sorting through function pointers, a hash table, trees, text, and a bytecode machine.
#include "crunch.h"

#include <stdio.h>

// ---------------------------------------------------------------- sort

typedef int Compare(const void *a, const void *b);

static void swap(uint8_t *a, uint8_t *b, size_t width) {
    for (size_t i = 0; i < width; i++) {
        uint8_t byte = a[i];
        a[i] = b[i];
        b[i] = byte;
    }
}

static void sort_few(uint8_t *base, size_t count, size_t width, Compare *compare) {
    for (size_t i = 1; i < count; i++)
        for (uint8_t *at = base + i * width; at > base && compare(at - width, at) > 0; at -= width)
            swap(at - width, at, width);
}

// Quicksort by the median of three, recursing into the smaller part; insertion sort for few elements.
static void sort(uint8_t *base, size_t count, size_t width, Compare *compare) {
    while (count > 12) {
        uint8_t *first = base, *middle = base + count / 2 * width, *last = base + (count - 1) * width;
        if (compare(middle, first) < 0) swap(middle, first, width);
        if (compare(last, middle) < 0) swap(last, middle, width);
        if (compare(middle, first) < 0) swap(middle, first, width);
        swap(middle, base + width, width);
        const uint8_t *pivot = base + width;
        uint8_t *low = base + width, *high = last;
        for (;;) {
            do low += width; while (compare(low, pivot) < 0);
            do high -= width; while (compare(high, pivot) > 0);
            if (low >= high) break;
            swap(low, high, width);
        }
        swap(base + width, high, width);
        size_t left = (size_t)(high - base) / width, right = count - left - 1;
        if (left < right) {
            sort(base, left, width, compare);
            base = high + width;
            count = right;
        } else {
            sort(high + width, right, width, compare);
            count = left;
        }
    }
    sort_few(base, count, width, compare);
}

typedef struct { uint32_t key; int16_t group; char name[10]; } Record;

static int by_key(const void *a, const void *b) {
    const Record *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

static int by_name(const void *a, const void *b) {
    const Record *x = a, *y = b;
    int order = memcmp(x->name, y->name, sizeof x->name);
    return order ? order : by_key(a, b);
}

static int by_group(const void *a, const void *b) {
    const Record *x = a, *y = b;
    return x->group != y->group ? x->group - y->group : by_name(a, b);
}

uint64_t run_sort(uint32_t size) {
    Random random = RANDOM;
    Record *records = reserve(size * sizeof *records);
    for (uint32_t i = 0; i < size; i++) {
        records[i].key = draw(&random) * 2654435761u ^ i;
        records[i].group = (int16_t)(draw(&random) % 41 - 20);
        for (size_t j = 0; j < sizeof records[i].name; j++) records[i].name[j] = (char)('a' + draw(&random) % 3);
    }
    static Compare *const orders[] = {by_name, by_key, by_group};
    uint64_t sum = 0;
    for (int i = 0; i < 3; i++) {
        sort((uint8_t *)records, size, sizeof *records, orders[i]);
        for (uint32_t j = 0; j < size; j++) {
            if (j && orders[i](&records[j - 1], &records[j]) > 0) abort();
            sum = mix(sum, records[j].key);
        }
    }
    free(records);
    return sum;
}

// ---------------------------------------------------------------- table

typedef struct Entry { struct Entry *next; uint32_t hash, value; char key[]; } Entry;

typedef struct { Entry **buckets; uint32_t size, count; } Table;

static uint32_t hash_of(const char *key) {
    uint32_t hash = 2166136261u;
    for (; *key; key++) hash = (hash ^ (uint8_t)*key) * 16777619u;
    return hash;
}

static Entry **find(const Table *table, const char *key, uint32_t hash) {
    Entry **place = &table->buckets[hash & (table->size - 1)];
    while (*place && ((*place)->hash != hash || strcmp((*place)->key, key) != 0)) place = &(*place)->next;
    return place;
}

static void resize(Table *table, uint32_t size) {
    Table grown = {reserve(size * sizeof *grown.buckets), size, table->count};
    memset(grown.buckets, 0, size * sizeof *grown.buckets);
    for (uint32_t i = 0; i < table->size; i++) {
        for (Entry *entry = table->buckets[i], *next; entry; entry = next) {
            Entry **place = &grown.buckets[entry->hash & (size - 1)];
            next = entry->next;
            entry->next = *place;
            *place = entry;
        }
    }
    free(table->buckets);
    *table = grown;
}

static uint32_t *insert(Table *table, const char *key) {
    uint32_t hash = hash_of(key);
    Entry *found = *find(table, key, hash);
    if (found) return &found->value;
    if (table->count >= table->size) resize(table, 2 * table->size);
    size_t length = strlen(key) + 1;
    Entry *entry = reserve(sizeof *entry + length);
    Entry **place = &table->buckets[hash & (table->size - 1)];
    *entry = (Entry){*place, hash, 0};
    memcpy(entry->key, key, length);
    *place = entry;
    table->count++;
    return &entry->value;
}

static int take(Table *table, const char *key) {
    Entry **place = find(table, key, hash_of(key)), *entry = *place;
    if (!entry) return 0;
    *place = entry->next;
    free(entry);
    table->count--;
    return 1;
}

// Writes a key such as "k3f-9c2" by hand: the formatter of the C library is not what this measures.
static void make_key(char *key, uint32_t number) {
    static const char digits[] = "0123456789abcdef";
    *key++ = 'k';
    for (int i = 0; number; i++, number >>= 4) {
        if (i == 2) *key++ = '-';
        *key++ = digits[number & 15];
    }
    *key = '\0';
}

uint64_t run_table(uint32_t size) {
    Random random = RANDOM;
    Table table = {0};
    resize(&table, 16);
    char key[16];
    uint64_t sum = 0;
    for (uint32_t i = 0; i < size; i++) {
        make_key(key, draw(&random) % size * 17);
        *insert(&table, key) += i;
        make_key(key, draw(&random) % size * 17);
        Entry *found = *find(&table, key, hash_of(key));
        sum = mix(sum, found ? found->value : 1);
        if (i % 3 == 0) {
            make_key(key, draw(&random) % size * 17);
            sum += (uint64_t)take(&table, key);
        }
    }
    sum = mix(sum, table.count);
    for (uint32_t i = 0; i < table.size; i++) {
        for (Entry *entry = table.buckets[i], *next; entry; entry = next) {
            next = entry->next;
            sum += mix(entry->hash, entry->value);
            free(entry);
        }
    }
    free(table.buckets);
    return sum;
}

// ---------------------------------------------------------------- tree

typedef struct Tree { struct Tree *left, *right; } Tree;

static Tree *make_tree(uint32_t depth) {
    Tree *tree = reserve(sizeof *tree);
    tree->left = depth ? make_tree(depth - 1) : NULL;
    tree->right = depth ? make_tree(depth - 1) : NULL;
    return tree;
}

static uint32_t count_tree(const Tree *tree) {
    return 1 + (tree->left ? count_tree(tree->left) + count_tree(tree->right) : 0);
}

static void free_tree(Tree *tree) {
    if (tree->left) {
        free_tree(tree->left);
        free_tree(tree->right);
    }
    free(tree);
}

uint64_t run_tree(uint32_t size) {
    Tree *lasting = make_tree(size);
    uint64_t sum = 0;
    for (uint32_t depth = 2; depth <= size; depth += 2) {
        uint32_t nodes = 0;
        for (uint32_t i = 0; i < 1u << (size - depth); i++) {
            Tree *tree = make_tree(depth);
            nodes += count_tree(tree);
            free_tree(tree);
        }
        sum = mix(sum, nodes);
    }
    sum = mix(sum, count_tree(lasting));
    free_tree(lasting);
    return sum;
}

// ---------------------------------------------------------------- text

uint64_t run_text(uint32_t size) {
    static const char *const words[] = {"crane", "marsh", "reed", "winter", "dance", "red", "crown", "snow", "river"};
    Random random = RANDOM;
    size_t length = 0, capacity = 64;
    char *text = reserve(capacity);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < size; i++) {
        char line[128];
        const char *first = words[draw(&random) % 9], *second = words[draw(&random) % 9];
        int signed_number = (int)(draw(&random) % 20001) - 10000;
        uint32_t number = draw(&random);
        int written = snprintf(line, sizeof line, "%u: %s %-8s|%5d|%08x|%.3f\n", i, first, second, signed_number,
                               number, number % 100000 / 8.0);
        if (length + (size_t)written + 1 > capacity) {
            char *grown = reserve(capacity *= 2);
            memcpy(grown, text, length);
            free(text);
            text = grown;
        }
        memcpy(text + length, line, (size_t)written + 1);
        length += (size_t)written;
        if (length < 4096) continue;
        // A page is full: count the cranes, take out every " red", upper-case the rest, and add it up.
        for (const char *at = text; (at = strstr(at, "crane")); at++) sum++;
        for (char *at = text; (at = strstr(at, " red"));) {
            memmove(at, at + 4, length - (size_t)(at - text) - 3);
            length -= 4;
        }
        for (char *at = text; *at; at++) {
            if (*at >= 'a' && *at <= 'z') *at ^= 0x20;
            sum = (sum << 5 | sum >> 59) ^ (uint8_t)*at;
        }
        length = 0;
    }
    for (size_t i = 0; i < length; i++) sum = mix(sum, (uint8_t)text[i]);
    free(text);
    return sum;
}

// ---------------------------------------------------------------- machine

// A stack machine with 16 registers; its program finds the longest Collatz chain below a limit.
typedef enum { PUSH, LOAD, STORE, ADD, MULTIPLY, HALVE, ODD, LESS, JUMP, JUMP_IF, JUMP_UNLESS, HALT } Operation;

typedef struct { uint8_t operation; uint8_t operand; } Instruction;

static uint64_t execute(const Instruction *program, uint64_t *registers, uint64_t *steps) {
    uint64_t stack[16];
    uint64_t *top = stack; // the free slot above the last value
    for (const Instruction *at = program;; ++*steps) {
        uint8_t operand = at->operand;
        switch ((Operation)at++->operation) {
        case PUSH: *top++ = operand; break;
        case LOAD: *top++ = registers[operand]; break;
        case STORE: registers[operand] = *--top; break;
        case ADD: top--; top[-1] += *top; break;
        case MULTIPLY: top--; top[-1] *= *top; break;
        case HALVE: top[-1] >>= 1; break;
        case ODD: top[-1] &= 1; break;
        case LESS: top--; top[-1] = top[-1] < *top; break;
        case JUMP: at = program + operand; break;
        case JUMP_IF: if (*--top) at = program + operand; break;
        case JUMP_UNLESS: if (!*--top) at = program + operand; break;
        case HALT: return *--top;
        }
    }
}

uint64_t run_machine(uint32_t size) {
    enum { LIMIT, START, N, LENGTH, BEST, BEST_START };
    static const Instruction program[] = {
        /* 0 next start */ {LOAD, START}, {PUSH, 1}, {ADD, 0}, {STORE, START},
        /* 4 */ {LOAD, START}, {LOAD, LIMIT}, {LESS, 0}, {JUMP_UNLESS, 43},
        /* 8 */ {LOAD, START}, {STORE, N}, {PUSH, 0}, {STORE, LENGTH},
        /* 12 while 1 < n */ {PUSH, 1}, {LOAD, N}, {LESS, 0}, {JUMP_UNLESS, 34},
        /* 16 */ {LOAD, LENGTH}, {PUSH, 1}, {ADD, 0}, {STORE, LENGTH},
        /* 20 */ {LOAD, N}, {ODD, 0}, {JUMP_IF, 27},
        /* 23 even */ {LOAD, N}, {HALVE, 0}, {STORE, N}, {JUMP, 12},
        /* 27 odd */ {LOAD, N}, {PUSH, 3}, {MULTIPLY, 0}, {PUSH, 1}, {ADD, 0}, {STORE, N}, {JUMP, 12},
        /* 34 chain done */ {LOAD, BEST}, {LOAD, LENGTH}, {LESS, 0}, {JUMP_UNLESS, 0},
        /* 38 */ {LOAD, LENGTH}, {STORE, BEST}, {LOAD, START}, {STORE, BEST_START}, {JUMP, 0},
        /* 43 */ {LOAD, BEST_START}, {HALT, 0},
    };
    uint64_t registers[16] = {[LIMIT] = size};
    uint64_t steps = 0;
    uint64_t start = execute(program, registers, &steps);
    return mix(mix(start, registers[BEST]), steps);
}
