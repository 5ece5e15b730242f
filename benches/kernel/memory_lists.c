// Linked lists: merge sort by links, reversal, splicing; every step is a load that the next depends on.
#include "harness.h"
const uint32_t usual_size = 50000;

struct node { struct node *next; uint32_t key, tag; };

static struct node *merge(struct node *a, struct node *b) {
    struct node head, *last = &head;
    while (a && b) {
        if (b->key < a->key) last = last->next = b, b = b->next;
        else last = last->next = a, a = a->next;
    }
    last->next = a ? a : b;
    return head.next;
}

static struct node *sort(struct node *list) {
    struct node *piles[32] = {0};
    while (list) {
        struct node *one = list;
        uint32_t level = 0;
        list = list->next;
        one->next = NULL;
        for (; piles[level]; level++) one = merge(piles[level], one), piles[level] = NULL;
        piles[level] = one;
    }
    for (uint32_t level = 0; level < 32; level++) list = piles[level] ? merge(piles[level], list) : list;
    return list;
}

static struct node *reverse(struct node *list) {
    struct node *back = NULL;
    while (list) {
        struct node *next = list->next;
        list->next = back;
        back = list, list = next;
    }
    return back;
}

static uint64_t kernel(uint32_t size) {
    struct node *nodes = malloc(size * sizeof *nodes), *list = NULL;
    uint64_t state = 13, sum = 0;
    for (uint32_t i = 0; i < size; i++) {
        struct node *node = &nodes[(i * 7919ull) % size];
        node->key = (uint32_t)(next_random(&state) >> 33);
        node->tag = i;
    }
    for (uint32_t i = 0; i < size; i++) nodes[i].next = list, list = &nodes[i];
    for (int turn = 0; turn < 4; turn++) {
        list = reverse(sort(list));
        uint32_t place = 0;
        for (struct node *node = list; node; node = node->next) {
            if (place++ % 1000 == 0) sum = mix(sum, node->key ^ node->tag);
            node->key = node->key * 0x9e3779b1u + node->tag;
        }
    }
    free(nodes);
    return sum;
}
