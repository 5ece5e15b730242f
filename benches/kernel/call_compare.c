// Calls by function pointer to one of a few functions: heap sort and binary search with comparators, as `qsort` has them.
#include "harness.h"
const uint32_t usual_size = 45000;

struct record { uint32_t key; int32_t rank; double weight; };
typedef int (*compare)(const struct record *, const struct record *);

static int by_key(const struct record *a, const struct record *b) { return (a->key > b->key) - (a->key < b->key); }
static int by_rank(const struct record *a, const struct record *b) {
    return a->rank != b->rank ? (a->rank > b->rank) - (a->rank < b->rank) : by_key(a, b);
}
static int by_weight(const struct record *a, const struct record *b) {
    return a->weight != b->weight ? (a->weight > b->weight) - (a->weight < b->weight) : by_key(a, b);
}

static __attribute__((noinline)) void sift(struct record *heap, uint32_t at, uint32_t count, compare order) {
    struct record moved = heap[at];
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && order(&heap[child], &heap[child + 1]) < 0) child++;
        if (order(&moved, &heap[child]) >= 0) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

static __attribute__((noinline)) void sort(struct record *records, uint32_t count, compare order) {
    for (uint32_t at = count / 2; at-- > 0;) sift(records, at, count, order);
    for (uint32_t last = count; last-- > 1;) {
        struct record largest = records[0];
        records[0] = records[last];
        records[last] = largest;
        sift(records, 0, last, order);
    }
}

static __attribute__((noinline)) uint32_t search(const struct record *records, uint32_t count, const struct record *what, compare order) {
    uint32_t low = 0;
    while (count > 0) {
        uint32_t half = count / 2;
        if (order(&records[low + half], what) < 0) low += half + 1, count -= half + 1;
        else count = half;
    }
    return low;
}

static uint64_t kernel(uint32_t size) {
    static const compare orders[] = {by_key, by_rank, by_weight};
    struct record *records = malloc(size * sizeof *records);
    uint64_t state = 3, sum = 0;
    for (uint32_t i = 0; i < size; i++) {
        uint64_t r = next_random(&state);
        records[i] = (struct record){(uint32_t)r, (int32_t)(r >> 50), (double)(r >> 40 & 4095) / 16};
    }
    for (int turn = 0; turn < 3; turn++) {
        compare order = orders[turn];
        OPAQUE(order);
        sort(records, size, order);
        for (uint32_t i = 0; i < size; i += 3) sum = mix(sum, search(records, size, &records[(i * 7u) % size], order));
        sum = mix(sum, records[size / 3].key);
    }
    free(records);
    return sum;
}
