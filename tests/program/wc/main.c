// Counts lines, words and bytes of all files below a directory, and shows the most frequent words.
//
// Usage: wc [-n TOP] [DIRECTORY]; by default the 10 most frequent words below /data. A word of the count is a run of
// bytes other than ASCII white space; a word of the ranking is a run of ASCII letters, compared without case.
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int exit_code = 0;

static void complain(const char *path) {
    fprintf(stderr, "wc: %s: %s\n", path, strerror(errno));
    exit_code = 1;
}

static void *allocate(void *old, size_t size) {
    void *block = realloc(old, size);
    if (!block) {
        fprintf(stderr, "wc: out of memory\n");
        exit(1);
    }
    return block;
}

// ---------------------------------------------------------------- the table of words

typedef struct Word { struct Word *next; uint64_t count; size_t length; char letters[]; } Word;

static Word **buckets;
static size_t bucket_count, word_count;

static size_t hash(const char *letters, size_t length) {
    uint32_t h = 2166136261u; // FNV-1a
    for (size_t i = 0; i < length; i++) h = (h ^ (unsigned char)letters[i]) * 16777619u;
    return h;
}

static void grow_table(void) {
    size_t count = bucket_count ? 2 * bucket_count : 64;
    Word **grown = allocate(NULL, count * sizeof *grown);
    memset(grown, 0, count * sizeof *grown);
    for (size_t i = 0; i < bucket_count; i++) {
        for (Word *word = buckets[i], *next; word; word = next) {
            Word **place = &grown[hash(word->letters, word->length) & (count - 1)];
            next = word->next;
            word->next = *place;
            *place = word;
        }
    }
    free(buckets);
    buckets = grown;
    bucket_count = count;
}

static void count_word(const char *letters, size_t length) {
    if (word_count >= bucket_count) grow_table();
    Word **place = &buckets[hash(letters, length) & (bucket_count - 1)];
    for (Word *word = *place; word; word = word->next) {
        if (word->length == length && memcmp(word->letters, letters, length) == 0) {
            word->count++;
            return;
        }
    }
    Word *word = allocate(NULL, sizeof *word + length);
    *word = (Word){.next = *place, .count = 1, .length = length};
    memcpy(word->letters, letters, length);
    *place = word;
    word_count++;
}

static int by_rank(const void *a, const void *b) {
    const Word *x = *(Word *const *)a, *y = *(Word *const *)b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    int order = memcmp(x->letters, y->letters, x->length < y->length ? x->length : y->length);
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

static void print_ranking(size_t top) {
    Word **ranking = allocate(NULL, (word_count + 1) * sizeof *ranking);
    size_t filled = 0;
    for (size_t i = 0; i < bucket_count; i++)
        for (Word *word = buckets[i]; word; word = word->next) ranking[filled++] = word;
    qsort(ranking, filled, sizeof *ranking, by_rank);
    printf("\n%zu different words\n", word_count);
    for (size_t i = 0; i < filled && i < top; i++)
        printf("%7llu %.*s\n", (unsigned long long)ranking[i]->count, (int)ranking[i]->length, ranking[i]->letters);
    free(ranking);
}

// ---------------------------------------------------------------- files

typedef struct { uint64_t lines, words, bytes, files; } Count;

static Count total;

static void print_count(const Count *count, const char *name) {
    printf("%7llu %7llu %8llu %s\n", (unsigned long long)count->lines, (unsigned long long)count->words,
           (unsigned long long)count->bytes, name);
}

static bool is_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool is_letter(int c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Counts the words of one file as its bytes come by; a run of letters may be of any length.
typedef struct { char *letters; size_t length, capacity; bool in_word; } Scanner;

static void scan(Scanner *scanner, Count *count, int c) {
    count->bytes++;
    count->lines += c == '\n';
    count->words += !is_space(c) && !scanner->in_word;
    scanner->in_word = !is_space(c);
    if (is_letter(c)) {
        if (scanner->length == scanner->capacity) {
            scanner->capacity = scanner->capacity ? 2 * scanner->capacity : 16;
            scanner->letters = allocate(scanner->letters, scanner->capacity);
        }
        scanner->letters[scanner->length++] = (char)(c | 0x20);
    } else if (scanner->length) {
        count_word(scanner->letters, scanner->length);
        scanner->length = 0;
    }
}

static void count_file(const char *path, const char *name) {
    FILE *file = fopen(path, "rb");
    if (!file) return complain(name);
    Count count = {.files = 1};
    Scanner scanner = {0};
    unsigned char chunk[8192];
    size_t got;
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0)
        for (size_t i = 0; i < got; i++) scan(&scanner, &count, chunk[i]);
    if (ferror(file)) complain(name);
    fclose(file);
    if (scanner.length) count_word(scanner.letters, scanner.length);
    free(scanner.letters);
    print_count(&count, name);
    total.lines += count.lines;
    total.words += count.words;
    total.bytes += count.bytes;
    total.files++;
}

// ---------------------------------------------------------------- directories

typedef struct { char **names; size_t length, capacity; } Names;

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool read_names(const char *path, Names *names) {
    DIR *directory = opendir(path);
    if (!directory) return false;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (names->length == names->capacity) {
            names->capacity = names->capacity ? 2 * names->capacity : 8;
            names->names = allocate(names->names, names->capacity * sizeof *names->names);
        }
        names->names[names->length++] = strdup(entry->d_name);
    }
    closedir(directory);
    if (names->length) qsort(names->names, names->length, sizeof *names->names, by_name);
    return true;
}

static char *join(const char *directory, const char *name) {
    size_t size = strlen(directory) + strlen(name) + 2;
    char *path = allocate(NULL, size);
    snprintf(path, size, "%s%s%s", directory, *directory ? "/" : "", name);
    return path;
}

// `path` opens the directory; `shown` is its name relative to where we started.
static void count_directory(const char *path, const char *shown) {
    Names names = {0};
    if (!read_names(path, &names)) return complain(*shown ? shown : path);
    for (size_t i = 0; i < names.length; i++) {
        char *inner_path = join(path, names.names[i]), *inner_shown = join(shown, names.names[i]);
        struct stat status;
        if (lstat(inner_path, &status) != 0) complain(inner_shown);
        else if (S_ISDIR(status.st_mode)) count_directory(inner_path, inner_shown);
        else if (S_ISREG(status.st_mode)) count_file(inner_path, inner_shown);
        free(inner_path);
        free(inner_shown);
        free(names.names[i]);
    }
    free(names.names);
}

int main(int argc, char **argv) {
    const char *directory = "/data";
    size_t top = 10;
    int next = 1;
    if (argc >= 3 && strcmp(argv[1], "-n") == 0) {
        char *end;
        top = strtoul(argv[2], &end, 10);
        if (*end || !*argv[2]) {
            fprintf(stderr, "wc: bad number '%s'\n", argv[2]);
            return 2;
        }
        next = 3;
    }
    if (next < argc) directory = argv[next++];
    if (next < argc) {
        fprintf(stderr, "usage: wc [-n TOP] [DIRECTORY]\n");
        return 2;
    }
    count_directory(directory, "");
    char label[40];
    snprintf(label, sizeof label, "total of %llu file%s", (unsigned long long)total.files, total.files == 1 ? "" : "s");
    print_count(&total, label);
    print_ranking(top);
    return exit_code;
}
