// A small scripting language: recursive-descent parser and tree-walking interpreter. Usage: interpret [SCRIPT | -].
//
// The script comes from the path given, or from stdin. Exit codes: 0 fine, 1 unreadable script, 2 syntax error,
// 3 run-time error. Values are reference counted (cyclic arrays are leaked, deliberately).
#include "script.h"

#include <errno.h>

static Text read_all(FILE *file) {
    Text text = {0};
    char chunk[4096];
    size_t got;
    while ((got = fread(chunk, 1, sizeof chunk, file)) > 0) put(&text, chunk, got);
    return text;
}

int main(int argc, char **argv) {
    if (argc > 2) {
        fprintf(stderr, "usage: interpret [SCRIPT | -]\n");
        return 1;
    }
    FILE *file = stdin;
    if (argc == 2 && strcmp(argv[1], "-") != 0) {
        script_name = argv[1];
        file = fopen(script_name, "rb");
        if (!file) {
            fprintf(stderr, "interpret: cannot read %s: %s\n", script_name, strerror(errno));
            return 1;
        }
    }
    Text script = read_all(file);
    if (file != stdin) fclose(file);
    declare_natives();
    Function program = parse_program(script.bytes, script.length);
    run(&program);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
