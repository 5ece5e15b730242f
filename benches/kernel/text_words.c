// Words of a text that it makes: split, folded to small letters, counted in a trie; then lines compared by edit distance.
#include "harness.h"
const uint32_t usual_size = 800000;

struct node { uint32_t children[26], count; };

static uint32_t distance(const char *a, uint32_t m, const char *b, uint32_t n) {
    uint32_t row[65];
    for (uint32_t j = 0; j <= n; j++) row[j] = j;
    for (uint32_t i = 1; i <= m; i++) {
        uint32_t corner = row[0];
        row[0] = i;
        for (uint32_t j = 1; j <= n; j++) {
            uint32_t above = row[j], best = corner + (a[i - 1] != b[j - 1]);
            if (above + 1 < best) best = above + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            corner = above;
            row[j] = best;
        }
    }
    return row[n];
}

static uint64_t kernel(uint32_t size) {
    static const char *const parts[] = {"ka", "Ri", "to", "mEn", "sa", "lo", "vi", "Tan", "cho", "e", "n", "Wa"};
    char *text = malloc(size + 64);
    uint64_t state = 29, sum = 0;
    uint32_t length = 0, used = 1;
    while (length < size) {
        uint64_t r = next_random(&state);
        for (uint32_t part = 0; part <= (r & 3); part++) {
            const char *piece = parts[(r >> (8 + 8 * part) & 255) % 12];
            while (*piece) text[length++] = *piece++;
        }
        text[length++] = (r >> 60) == 0 ? '\n' : (r >> 60) == 1 ? ',' : ' ';
    }
    struct node *trie = calloc(size / 2, sizeof *trie);
    uint32_t at = 0;
    for (uint32_t i = 0; i < length; i++) {
        uint8_t letter = (uint8_t)text[i] | 32;
        if (letter >= 'a' && letter <= 'z') {
            uint32_t *child = &trie[at].children[letter - 'a'];
            if (*child == 0 && used < size / 2) *child = used++;
            at = *child;
        } else {
            trie[at].count++;
            at = 0;
        }
    }
    for (uint32_t i = 1; i < used; i++) sum = mix(sum, trie[i].count);
    for (uint32_t i = 0; i + 200 < length && i < size / 4; i += 60) sum = mix(sum, distance(text + i, 60, text + i + 97, 64));
    free(trie);
    free(text);
    return sum;
}
