// Assembles a program for a small stack machine, and runs it by tail calls from one instruction to the next.
//
// Usage: machine NAME SIZE for one of the programs below; machine - SIZE for one from standard input. The program finds
// SIZE in slot 0; what is on top of its stack in the end is printed.
#include "machine.h"

#include <stdlib.h>
#include <string.h>

static const struct { const char *name, *about, *text; } programs[] = {
    {"loop", "SIZE times through a loop of arithmetic",
     "  frame 2\n"         // slots 1: count, 2: a number that goes to and fro
     "  push 1\n  set 2\n"
     "again:\n"
     "  less 1 0 body\n"
     "  get 2\n"
     "  stop\n"
     "body:\n"
     "  get 2\n  push 6364136223846793005\n  mul\n  push 1442695040888963407\n  add\n"
     "  dup\n  push 29\n  shr\n  xor\n  get 1\n  add\n  set 2\n"
     "  step 1 1\n"
     "  jump again\n"},
    {"fib", "Fibonacci number SIZE by plain recursion",
     "  get 0\n  call fib 1\n  stop\n"
     "fib:\n"
     "  frame 0\n"
     "  get 0\n  push 2\n  lt\n  zero deeper\n"
     "  get 0\n  ret\n"
     "deeper:\n"
     "  get 0\n  push 1\n  sub\n  call fib 1\n"
     "  get 0\n  push 2\n  sub\n  call fib 1\n"
     "  add\n  ret\n"},
    {"sieve", "how many primes there are below SIZE",
     "  frame 4\n"         // slots 1: candidate, 2: multiple, 3: count, 4: 1
     "  get 0\n  size\n"
     "  push 2\n  set 1\n"
     "  jump test\n"
     "next:\n"
     "  get 1\n  load\n  more composite\n"
     "  step 3 1\n"
     "  get 1\n  get 1\n  mul\n  set 2\n"
     "  jump strike_test\n"
     "strike:\n"
     "  push 1\n  get 2\n  store\n"
     "  get 2\n  get 1\n  add\n  set 2\n"
     "strike_test:\n"
     "  less 2 0 strike\n"
     "composite:\n"
     "  step 1 1\n"
     "test:\n"
     "  less 1 0 next\n"
     "  get 3\n  stop\n"},
    {"sort", "SIZE numbers by heap sort, and a checksum",
     "  frame 4\n"         // slots 1: i, 2: random number, 3: checksum, 4: last
     "  get 0\n  size\n"
     "  push 12345\n  set 2\n"
     "  jump fill_test\n"
     "fill:\n"
     "  get 2\n  push 1103515245\n  mul\n  push 12345\n  add\n  push 0x7fffffff\n  and\n  set 2\n"
     "  get 2\n  push 7\n  shr\n  get 1\n  store\n"
     "  step 1 1\n"
     "fill_test:\n"
     "  less 1 0 fill\n"
     "  get 0\n  push 2\n  div\n  set 1\n"
     "heap:\n"
     "  get 1\n  zero heaped\n"
     "  step 1 -1\n"
     "  get 1\n  get 0\n  call sink 2\n  drop\n"
     "  jump heap\n"
     "heaped:\n"
     "  get 0\n  set 4\n"
     "take:\n"
     "  get 4\n  push 2\n  lt\n  more sum\n"
     "  step 4 -1\n"
     "  push 0\n  load\n  get 4\n  load\n  push 0\n  store\n  get 4\n  store\n"
     "  push 0\n  get 4\n  call sink 2\n  drop\n"
     "  jump take\n"
     "sum:\n"
     "  push 0\n  set 1\n"
     "  jump sum_test\n"
     "add_up:\n"
     "  get 3\n  push 31\n  mul\n  get 1\n  load\n  add\n  set 3\n"
     "  get 1\n  zero in_order\n"
     "  get 1\n  push 1\n  sub\n  load\n  get 1\n  load\n  le\n  more in_order\n"
     "  push -1\n  stop\n" // not sorted
     "in_order:\n"
     "  step 1 1\n"
     "sum_test:\n"
     "  less 1 0 add_up\n"
     "  get 3\n  stop\n"
     "sink:\n"             // slots 0: place, 1: end, 2: child, 3: value, 4: other child
     "  frame 3\n"
     "  get 0\n  load\n  set 3\n"
     "deeper:\n"
     "  get 0\n  push 2\n  mul\n  push 1\n  add\n  set 2\n"
     "  less 2 1 has_child\n"
     "settle:\n"
     "  get 3\n  get 0\n  store\n  push 0\n  ret\n"
     "has_child:\n"
     "  get 2\n  push 1\n  add\n  set 4\n"
     "  less 4 1 two\n"
     "  jump chosen\n"
     "two:\n"
     "  get 2\n  load\n  get 4\n  load\n  lt\n  zero chosen\n"
     "  get 4\n  set 2\n"
     "chosen:\n"
     "  get 3\n  get 2\n  load\n  lt\n  zero settle\n"
     "  get 2\n  load\n  get 0\n  store\n"
     "  get 2\n  set 0\n"
     "  jump deeper\n"},
};

enum { PROGRAM_COUNT = sizeof programs / sizeof programs[0] };

void *allocate(void *old, size_t size) {
    void *block = realloc(old, size);
    if (!block) {
        fprintf(stderr, "machine: out of memory\n");
        exit(1);
    }
    return block;
}

static char *read_all(void) {
    char *text = NULL;
    size_t length = 0, room = 0, got;
    do {
        if (length + 1 >= room) text = allocate(text, room = 2 * room + 4096);
        got = fread(text + length, 1, room - 1 - length, stdin);
        length += got;
    } while (got);
    text[length] = 0;
    return text;
}

static int usage(void) {
    fprintf(stderr, "usage: machine NAME SIZE\n");
    for (int i = 0; i < PROGRAM_COUNT; i++) fprintf(stderr, "  %-5s %s\n", programs[i].name, programs[i].about);
    fprintf(stderr, "  -     the program in standard input\n");
    return 2;
}

int main(int argc, char **argv) {
    if (argc != 3) return usage();
    char *end;
    long long size = strtoll(argv[2], &end, 10);
    if (*end || !*argv[2]) return usage();
    const char *text = NULL;
    if (strcmp(argv[1], "-") == 0) text = read_all();
    for (int i = 0; i < PROGRAM_COUNT; i++)
        if (strcmp(argv[1], programs[i].name) == 0) text = programs[i].text;
    if (!text) return usage();

    Code code = {0};
    const char *wrong;
    uint32_t bad = assemble(text, &code, &wrong);
    if (bad) {
        fprintf(stderr, "machine: line %u: %s\n", bad, wrong);
        return 2;
    }
    static Machine machine;
    int64_t top = execute(&machine, code.words, size);
    if (machine.fault) {
        fflush(stdout);
        fprintf(stderr, "machine: line %u: %s\n", code.lines[machine.fault_at - code.words], machine.fault);
        return 3;
    }
    printf("%s %lld: %lld\n", argv[1], size, (long long)top);
    return 0;
}
