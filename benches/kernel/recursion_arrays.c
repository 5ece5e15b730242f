// Recursion whose time is in its calls, each with an array in its frame that is written and read: Fibonacci's numbers, and paths through a grid.
#include "harness.h"
const uint32_t usual_size = 33;

static uint32_t fibonacci(uint32_t number) {
    uint32_t slots[8];
    slots[number & 7] = number;
    OPAQUE(slots);
    if (number < 2) return slots[number & 7];
    return fibonacci(number - 1) + fibonacci(number - 2);
}

// The steps to the right and down from the last three places, in which the frames of the callees are told apart.
static uint32_t paths(uint32_t right, uint32_t down, uint32_t before) {
    uint32_t steps[3] = {before, right, down};
    OPAQUE(steps);
    if (right == 0 || down == 0) return 1 + (steps[0] & 1);
    return paths(right - 1, down, steps[1] + 1) + paths(right, down - 1, steps[2]);
}

static uint64_t kernel(uint32_t size) {
    uint64_t sum = 0;
    for (uint32_t turn = size - 8; turn <= size; turn++) sum = mix(sum, fibonacci(turn));
    for (uint32_t turn = 4; turn <= size / 3; turn++) sum = mix(sum, paths(turn, turn, size));
    return sum;
}
