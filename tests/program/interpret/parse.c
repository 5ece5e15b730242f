// Tokens and recursive-descent parser: names are resolved to slots here, so that running needs no look-up.
//
//     program    = statement*
//     statement  = "let" name "=" expression ";" | "fn" name "(" names ")" block | "return" expression? ";"
//                | "if" expression block ("else" (block | if))? | "while" expression block
//                | "break" ";" | "continue" ";" | block | expression ("=" expression)? ";"
//     expression = "or" < "and" < comparison < "|" "^" < "&" < "<<" ">>" < "+" "-" < "*" "/" "%" < unary < call, index
#include "script.h"

#include <errno.h>
#include <stdarg.h>

Global globals[NAME_LIMIT];
int global_count;

const Operator operators[] = {
    {0, "or", OR},          {1, "and", AND},          {2, "==", EQUAL},     {2, "!=", UNEQUAL}, {2, "<", LESS},
    {2, "<=", LESS_EQUAL},  {2, ">", GREATER},        {2, ">=", GREATER_EQUAL}, {3, "|", BIT_OR}, {3, "^", BIT_XOR},
    {4, "&", BIT_AND},      {5, "<<", SHIFT_LEFT},    {5, ">>", SHIFT_RIGHT}, {6, "+", ADD},   {6, "-", SUBTRACT},
    {7, "*", MULTIPLY},     {7, "/", DIVIDE},         {7, "%", REMAINDER},
};

const int operator_count = sizeof operators / sizeof *operators;

// ---------------------------------------------------------------- tokens

typedef enum { END, NAME, NUMBER, TEXT, SYMBOL } TokenKind;

typedef struct { TokenKind kind; const char *start; int length, line, column; } Token;

static const char *source, *source_end, *line_start;
static int line_number = 1;
static Token token;

static _Noreturn void syntax_error(const char *format, ...) {
    fprintf(stderr, "%s:%d:%d: syntax error: ", script_name, token.line, token.column);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static char peek(int distance) { return source_end - source > distance ? source[distance] : '\0'; }

static void skip_space(void) {
    for (;; source++) {
        if (peek(0) == '#') while (source < source_end && *source != '\n') source++;
        if (source == source_end) return;
        if (*source == '\n') line_number++, line_start = source + 1;
        else if (*source != ' ' && *source != '\t' && *source != '\r') return;
    }
}

static void scan_number(void) {
    if (peek(0) == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
        source += 2;
        while (is_digit(peek(0)) || is_letter(peek(0))) source++;
        return;
    }
    while (is_digit(peek(0))) source++;
    if (peek(0) == '.' && is_digit(peek(1))) for (source++; is_digit(peek(0));) source++;
    if (peek(0) == 'e' || peek(0) == 'E') {
        source += peek(1) == '-' || peek(1) == '+' ? 2 : 1;
        if (!is_digit(peek(0))) syntax_error("exponent without digits");
        while (is_digit(peek(0))) source++;
    }
}

static void next(void) {
    skip_space();
    token = (Token){END, source, 0, line_number, (int)(source - line_start) + 1};
    char c = peek(0);
    if (source == source_end) return;
    if (is_letter(c)) {
        token.kind = NAME;
        while (is_letter(peek(0)) || is_digit(peek(0))) source++;
    } else if (is_digit(c)) {
        token.kind = NUMBER;
        scan_number();
    } else if (c == '"') {
        token.kind = TEXT;
        for (source++; peek(0) != '"'; source++) {
            if (source == source_end || *source == '\n') syntax_error("string without end");
            if (*source == '\\' && source + 1 < source_end) source++;
        }
        source++;
    } else {
        token.kind = SYMBOL;
        char d = peek(1);
        bool two = (d == '=' && strchr("=!<>", c)) || (c == d && (c == '<' || c == '>'));
        if (!two && !strchr("()[]{},;=+-*/%<>|&^", c)) syntax_error("unexpected byte 0x%02x", (unsigned char)c);
        source += two ? 2 : 1;
    }
    token.length = (int)(source - token.start);
}

static bool at(const char *word) {
    return (token.kind == NAME || token.kind == SYMBOL) && (int)strlen(word) == token.length &&
           memcmp(token.start, word, token.length) == 0;
}

static bool accept(const char *word) {
    if (!at(word)) return false;
    next();
    return true;
}

static void expect(const char *word) {
    if (accept(word)) return;
    if (token.kind == END) syntax_error("expected '%s' before the end", word);
    syntax_error("expected '%s' before '%.*s'", word, token.length, token.start);
}

// ---------------------------------------------------------------- parser

static const char *locals[NAME_LIMIT]; // names in scope, innermost last
static int local_count, slot_count;
static int nesting, deepest;           // of the function being parsed
static int block_level, loop_level;
static bool in_function;

static Node *parse_expression(void);
static Node *parse_block(void);

static void enter(void) {
    if (++nesting > NESTING_LIMIT) syntax_error("nested too deeply");
    if (nesting > deepest) deepest = nesting;
}

static void leave(void) { nesting--; }

static Node *node(Form form, Token where) {
    Node *made = allocate(NULL, sizeof(Node));
    *made = (Node){.form = form, .line = where.line, .column = where.column};
    return made;
}

static Node *add_part(Node *parent, Node *part) {
    if ((parent->count & (parent->count - 1)) == 0) // full at each power of two
        parent->parts = allocate(parent->parts, (parent->count ? 2 * parent->count : 1) * sizeof(Node *));
    parent->parts[parent->count++] = part;
    return parent;
}

static const char *copy_name(void) {
    static const char *const reserved[] = {"let", "fn", "if", "else", "while", "return", "break", "continue",
                                           "and", "or", "not", "true", "false", "nil"};
    if (token.kind != NAME) syntax_error("expected a name");
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (at(reserved[i])) syntax_error("'%s' is reserved", reserved[i]);
    char *name = allocate(NULL, token.length + 1);
    memcpy(name, token.start, token.length);
    name[token.length] = '\0';
    next();
    return name;
}

static int find_global(const char *name) {
    for (int i = 0; i < global_count; i++)
        if (strcmp(globals[i].name, name) == 0) return i;
    if (global_count == NAME_LIMIT) syntax_error("too many names");
    globals[global_count].name = name;
    return global_count++;
}

static int declare_local(const char *name) {
    if (local_count == NAME_LIMIT) syntax_error("too many local variables");
    locals[local_count] = name;
    if (local_count + 1 > slot_count) slot_count = local_count + 1;
    return local_count++;
}

static Value number_value(void) {
    char digits[64];
    if (token.length >= (int)sizeof digits) syntax_error("number too long");
    memcpy(digits, token.start, token.length);
    digits[token.length] = '\0';
    bool hexadecimal = token.length > 1 && (digits[1] == 'x' || digits[1] == 'X');
    char *end;
    errno = 0;
    Value value = !hexadecimal && strpbrk(digits, ".eE") ? of_float(strtod(digits, &end))
                : hexadecimal ? of_int((int64_t)strtoull(digits, &end, 16))
                              : of_int(strtoll(digits, &end, 10));
    if (*end || (errno && value.kind == INT)) syntax_error("bad number '%s'", digits);
    return value;
}

static int hex_digit(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    syntax_error("bad hexadecimal digit in a string");
}

static Value text_value(void) {
    Value value = of_string(NULL, token.length - 2);
    char *out = value.string->bytes;
    const char *end = token.start + token.length - 1;
    for (const char *in = token.start + 1; in < end; in++) {
        if (*in != '\\') {
            *out++ = *in;
            continue;
        }
        switch (*++in) {
        case 'n': *out++ = '\n'; break;
        case 't': *out++ = '\t'; break;
        case '"': case '\\': *out++ = *in; break;
        case 'x':
            if (end - in < 3) syntax_error("bad \\x escape");
            *out++ = (char)(hex_digit(in[1]) << 4 | hex_digit(in[2]));
            in += 2;
            break;
        default: syntax_error("unknown escape '\\%c'", *in);
        }
    }
    value.string->length = out - value.string->bytes;
    return value;
}

static Node *parse_primary(void) {
    Token start = token;
    Node *made;
    if (accept("(")) {
        made = parse_expression();
        expect(")");
    } else if (accept("[")) {
        made = node(LIST, start);
        while (!at("]")) {
            add_part(made, parse_expression());
            if (!accept(",")) break;
        }
        expect("]");
    } else if (token.kind == NUMBER || token.kind == TEXT) {
        made = node(LITERAL, start);
        made->value = token.kind == NUMBER ? number_value() : text_value();
        next();
    } else if (at("true") || at("false") || at("nil")) {
        made = node(LITERAL, start);
        if (!at("nil")) made->value = of_bool(at("true"));
        next();
    } else if (token.kind == NAME) {
        const char *name = copy_name();
        int slot = local_count - 1;
        while (slot >= 0 && strcmp(locals[slot], name) != 0) slot--;
        made = node(slot >= 0 ? LOCAL : GLOBAL, start);
        made->slot = slot >= 0 ? slot : find_global(name);
    } else if (token.kind == END) {
        syntax_error("expected an expression before the end");
    } else {
        syntax_error("expected an expression before '%.*s'", token.length, token.start);
    }
    return made;
}

static Node *parse_postfix(void) {
    Node *made = parse_primary();
    int applied = 0; // each application nests the tree, not the text
    for (;; applied++) {
        Token start = token;
        if (accept("(")) {
            made = add_part(node(CALL, start), made);
            while (!at(")")) {
                add_part(made, parse_expression());
                if (!accept(",")) break;
            }
            expect(")");
        } else if (accept("[")) {
            made = add_part(node(INDEX, start), made);
            add_part(made, parse_expression());
            expect("]");
        } else {
            break;
        }
        enter();
    }
    nesting -= applied;
    return made;
}

static Node *parse_unary(void) {
    Token start = token;
    Form form = at("-") ? NEGATE : NOT;
    if (!accept("-") && !accept("not")) return parse_postfix();
    enter();
    Node *made = add_part(node(form, start), parse_unary());
    leave();
    return made;
}

static const Operator *operator_at(int lowest) {
    if (token.kind != NAME && token.kind != SYMBOL) return NULL;
    for (int i = 0; i < operator_count; i++)
        if (operators[i].level >= lowest && at(operators[i].symbol)) return &operators[i];
    return NULL;
}

// Precedence climbing: every operator of at least the given level, left associative.
static Node *parse_binary(int lowest) {
    enter();
    Node *left = parse_unary();
    const Operator *found;
    int applied = 0;
    for (; (found = operator_at(lowest)); applied++) {
        Node *made = node(found->form, token);
        next();
        enter();
        add_part(made, left);
        left = add_part(made, parse_binary(found->level + 1));
    }
    nesting -= applied;
    leave();
    return left;
}

static Node *parse_expression(void) { return parse_binary(0); }

static void parse_function(void) {
    if (in_function || block_level) syntax_error("functions are declared at the outermost level only");
    Function *function = allocate(NULL, sizeof(Function));
    *function = (Function){.name = copy_name()};
    Global *global = &globals[find_global(function->name)];
    if (global->defined) syntax_error("'%s' is declared twice", function->name);
    *global = (Global){function->name, {.kind = FUNCTION, .function = function}, true};

    int outer_slots = slot_count, outer_deepest = deepest;
    in_function = true;
    local_count = slot_count = deepest = nesting = 0; // at the outermost level there are no locals to save
    expect("(");
    while (!at(")")) {
        declare_local(copy_name());
        function->arity++;
        if (!accept(",")) break;
    }
    expect(")");
    function->body = parse_block();
    function->slots = slot_count;
    function->nesting = deepest;
    in_function = false;
    local_count = 0;
    slot_count = outer_slots;
    deepest = outer_deepest;
}

static Node *parse_let(Token start) {
    const char *name = copy_name();
    expect("=");
    Node *value = parse_expression(); // before the name is in scope
    bool is_local = in_function || block_level;
    Node *made = add_part(node(is_local ? SET_LOCAL : SET_GLOBAL, start), value);
    made->slot = is_local ? declare_local(name) : find_global(name);
    made->declares = true;
    expect(";");
    return made;
}

static Node *parse_if(Token start) {
    Node *made = add_part(node(IF, start), parse_expression());
    add_part(made, parse_block());
    if (accept("else")) {
        Token branch = token;
        enter();
        add_part(made, accept("if") ? parse_if(branch) : parse_block());
        leave();
    }
    return made;
}

// Null for a function declaration, which leaves nothing to execute.
static Node *parse_statement(void) {
    Token start = token;
    if (at("{")) return parse_block();
    if (accept("let")) return parse_let(start);
    if (accept("if")) return parse_if(start);
    if (accept("fn")) return parse_function(), NULL;
    if (accept("while")) {
        Node *made = add_part(node(WHILE, start), parse_expression());
        loop_level++;
        add_part(made, parse_block());
        loop_level--;
        return made;
    }
    Node *made;
    if (accept("return")) {
        if (!in_function) syntax_error("return outside of a function");
        made = node(RETURN, start);
        if (!at(";")) add_part(made, parse_expression());
    } else if (at("break") || at("continue")) {
        if (!loop_level) syntax_error("'%.*s' outside of a loop", token.length, token.start);
        made = node(at("break") ? BREAK : CONTINUE, start);
        next();
    } else {
        Node *target = parse_expression();
        if (accept("=")) {
            Form form = target->form == LOCAL ? SET_LOCAL : target->form == GLOBAL ? SET_GLOBAL : SET_INDEX;
            if (form == SET_INDEX && target->form != INDEX) syntax_error("cannot assign to this");
            made = node(form, start);
            made->slot = target->slot;
            if (form == SET_INDEX) {
                add_part(made, target->parts[0]);
                add_part(made, target->parts[1]);
            }
            add_part(made, parse_expression());
        } else {
            made = add_part(node(EXPRESSION, start), target);
        }
    }
    expect(";");
    return made;
}

static Node *parse_block(void) {
    Node *made = node(BLOCK, token);
    int outer_locals = local_count;
    expect("{");
    enter();
    block_level++;
    while (!at("}")) {
        if (token.kind == END) syntax_error("expected '}' before the end");
        add_part(made, parse_statement());
    }
    next();
    block_level--;
    leave();
    local_count = outer_locals;
    return made;
}

Function parse_program(const char *script, size_t length) {
    source = line_start = script;
    source_end = script + length;
    Node *body = node(BLOCK, token);
    next();
    while (token.kind != END) add_part(body, parse_statement());
    return (Function){.name = "main", .slots = slot_count, .nesting = deepest, .body = body};
}
