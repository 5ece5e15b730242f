// From text to code: one instruction a line with its operands, `name:` for a label, a comment from `;` on.
#include "machine.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct { const char *name, *operands; } known[INSTRUCTION_COUNT] = {
#define ENTRY(name, operands) {#name, operands},
    INSTRUCTIONS(ENTRY)
#undef ENTRY
};

typedef struct { char name[32]; size_t place; uint32_t line; } Name; // a label, or a place that names one

typedef struct { Name *names; size_t count, room; } Names;

static void note(Names *names, const char *name, size_t place, uint32_t line) {
    if (names->count == names->room) names->names = allocate(names->names, (names->room = 2 * names->room + 8) * sizeof(Name));
    Name *entry = &names->names[names->count++];
    snprintf(entry->name, sizeof entry->name, "%s", name);
    entry->place = place;
    entry->line = line;
}

static const Name *find(const Names *names, const char *name) {
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->names[i].name, name) == 0) return &names->names[i];
    return NULL;
}

static void put(Code *code, int64_t word, uint32_t line) {
    if (code->count == code->room) {
        code->room = 2 * code->room + 64;
        code->words = allocate(code->words, code->room * sizeof *code->words);
        code->lines = allocate(code->lines, code->room * sizeof *code->lines);
    }
    code->lines[code->count] = line;
    code->words[code->count++] = word;
}

// The next word of a line; empty at its end.
static const char *next_word(const char **rest, char *word, size_t size) {
    size_t length = 0;
    while (**rest == ' ' || **rest == '\t' || **rest == '\r') ++*rest;
    while (**rest && **rest != ';' && !isspace((unsigned char)**rest)) {
        if (length + 1 < size) word[length++] = **rest;
        ++*rest;
    }
    word[length] = 0;
    return word;
}

static const char *take_line(Code *code, Names *labels, Names *uses, const char *text, uint32_t line) {
    char word[32];
    next_word(&text, word, sizeof word);
    size_t length = strlen(word);
    if (length > 1 && word[length - 1] == ':') {
        word[length - 1] = 0;
        if (find(labels, word)) return "label defined twice";
        note(labels, word, code->count, line);
        next_word(&text, word, sizeof word);
    }
    if (!*word) return NULL;
    int number = 0;
    while (number < INSTRUCTION_COUNT && strcmp(known[number].name, word) != 0) number++;
    if (number == INSTRUCTION_COUNT) return "unknown instruction";
    put(code, number, line);
    for (const char *operand = known[number].operands; *operand; operand++) {
        if (!*next_word(&text, word, sizeof word)) return "operand missing";
        if (*operand == 'L') {
            note(uses, word, code->count, line);
            put(code, 0, line);
            continue;
        }
        char *end;
        long long value = strtoll(word, &end, 0);
        if (*end) return "not a number";
        if (*operand == 'S' && (value < 0 || value > 63)) return "no such slot";
        put(code, value, line);
    }
    return *next_word(&text, word, sizeof word) ? "too many operands" : NULL;
}

uint32_t assemble(const char *text, Code *code, const char **wrong) {
    Names labels = {0}, uses = {0};
    uint32_t line = 0, bad = 0;
    while (*text && !bad) {
        size_t length = strcspn(text, "\n");
        char *copy = allocate(NULL, length + 1);
        memcpy(copy, text, length);
        copy[length] = 0;
        *wrong = take_line(code, &labels, &uses, copy, ++line);
        free(copy);
        if (*wrong) bad = line;
        text += length + (text[length] == '\n');
    }
    put(code, DO_stop, line);
    for (size_t i = 0; i < uses.count && !bad; i++) {
        const Name *use = &uses.names[i], *label = find(&labels, use->name);
        if (!label) {
            *wrong = "no such label";
            bad = use->line;
        } else {
            // From the word after the operands that a distance is counted from, see machine.c: `less` has it last.
            code->words[use->place] = (int64_t)label->place - (int64_t)use->place - 1;
        }
    }
    free(labels.names);
    free(uses.names);
    return bad;
}
