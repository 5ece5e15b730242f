// A hash table with open addressing, of pairs of words: insertion, look-up and removal at random.
#include "harness.h"
const uint32_t usual_size = 2000000;

struct slot { uint64_t key; uint32_t value, used; };
struct map { struct slot *slots; uint32_t mask, count; };

static uint32_t home(const struct map *map, uint64_t key) { return (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 40) & map->mask; }

static struct slot *find(const struct map *map, uint64_t key) {
    uint32_t at = home(map, key);
    while (map->slots[at].used && map->slots[at].key != key) at = (at + 1) & map->mask;
    return &map->slots[at];
}

static void grow(struct map *map) {
    struct slot *old = map->slots;
    uint32_t length = map->mask + 1;
    map->mask = length * 2 - 1;
    map->slots = calloc(map->mask + 1, sizeof *map->slots);
    for (uint32_t i = 0; i < length; i++) if (old[i].used) *find(map, old[i].key) = old[i];
    free(old);
}

static void take_out(struct map *map, struct slot *slot) {
    uint32_t hole = (uint32_t)(slot - map->slots), at = hole;
    for (;;) {
        at = (at + 1) & map->mask;
        if (!map->slots[at].used) break;
        uint32_t from = home(map, map->slots[at].key);
        if (((at - from) & map->mask) >= ((at - hole) & map->mask)) map->slots[hole] = map->slots[at], hole = at;
    }
    map->slots[hole].used = 0;
    map->count--;
}

static uint64_t kernel(uint32_t size) {
    struct map map = {calloc(16, sizeof(struct slot)), 15, 0};
    uint64_t state = 9, sum = 0;
    for (uint32_t turn = 0; turn < size; turn++) {
        uint64_t r = next_random(&state), key = (r >> 20) % 40000;
        struct slot *slot = find(&map, key);
        if (!slot->used) {
            *slot = (struct slot){key, (uint32_t)r & 0xffff, 1};
            if (++map.count * 2 > map.mask) grow(&map);
        } else if ((r & 7) == 0) {
            sum = mix(sum, slot->value);
            take_out(&map, slot);
        } else {
            slot->value += (uint32_t)r & 15;
        }
    }
    sum = mix(sum, map.count);
    free(map.slots);
    return sum;
}
