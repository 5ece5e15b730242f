// A matcher of regular expressions that backtracks, by recursion and by pointers into a compiled form, over many short strings.
#include "harness.h"
#include <string>
#include <vector>
const uint32_t usual_size = 8000;

struct Item { char kind, letter; bool star; uint32_t set[8]; };

static std::vector<Item> compile(const char *text) {
    std::vector<Item> items;
    for (; *text; text++) {
        Item item{};
        item.kind = 'c';
        if (*text == '.') item.kind = '.';
        else if (*text == '$') item.kind = '$';
        else if (*text == '[') {
            item.kind = 's';
            for (text++; *text != ']'; text++)
                if (text[1] == '-') { for (int c = text[0]; c <= text[2]; c++) item.set[c >> 5 & 7] |= 1u << (c & 31); text += 2; }
                else item.set[*text >> 5 & 7] |= 1u << (*text & 31);
        } else item.letter = *text;
        if (text[1] == '*') item.star = true, text++;
        items.push_back(item);
    }
    return items;
}

static bool fits(const Item &item, char letter) {
    if (letter == 0) return false;
    if (item.kind == 'c') return item.letter == letter;
    return item.kind == '.' || (item.set[(uint8_t)letter >> 5] >> (letter & 31) & 1);
}

static bool match(const Item *item, const Item *end, const char *text) {
    if (item == end) return true;
    if (item->kind == '$') return *text == 0;
    if (!item->star) return fits(*item, *text) && match(item + 1, end, text + 1);
    const char *far = text;
    while (fits(*item, *far)) far++;
    for (;; far--) {
        if (match(item + 1, end, far)) return true;
        if (far == text) return false;
    }
}

static uint64_t kernel(uint32_t size) {
    static const char *const sources[] = {"[a-f]*x.*9", "q[0-9]*z*.*aa", ".*[xyz][xyz][xyz].*$", "[a-z]*[0-9][0-9]*$", "m.*n.*o.*p"};
    std::vector<std::vector<Item>> expressions;
    for (auto source : sources) expressions.push_back(compile(source));
    uint64_t state = 31, sum = 0;
    std::string text;
    for (uint32_t turn = 0; turn < size; turn++) {
        text.clear();
        for (uint32_t i = 0, n = 10 + turn % 40; i < n; i++) text.push_back("abcdefmnopqxyz0123456789"[next_random(&state) % 24]);
        for (auto &expression : expressions) {
            uint32_t found = 0;
            for (const char *from = text.c_str(); *from && !found; from++)
                found = match(expression.data(), expression.data() + expression.size(), from) ? (uint32_t)(from - text.c_str()) + 1 : 0;
            sum = mix(sum, found);
        }
    }
    return sum;
}
