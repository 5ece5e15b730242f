// Recursion whose every call has an array on its stack, as parsers and solvers have: queens, with the board's columns in the frame.
#include "harness.h"
const uint32_t usual_size = 11;

static uint32_t place(uint32_t row, uint32_t size, const uint8_t *above) {
    uint8_t columns[16];
    uint32_t found = 0;
    if (row == size) return 1;
    memcpy(columns, above, row);
    for (uint32_t column = 0; column < size; column++) {
        uint32_t free = 1;
        for (uint32_t other = 0; other < row && free; other++) {
            uint32_t apart = row - other;
            free = columns[other] != column && (uint32_t)columns[other] + apart != column && columns[other] != column + apart;
        }
        if (!free) continue;
        columns[row] = (uint8_t)column;
        OPAQUE(columns);
        found += place(row + 1, size, columns);
    }
    return found;
}

static uint64_t kernel(uint32_t size) {
    uint8_t none[16] = {0};
    uint64_t sum = 0;
    for (uint32_t turn = 4; turn <= size; turn++) sum = mix(sum, place(0, turn, none));
    return sum;
}
