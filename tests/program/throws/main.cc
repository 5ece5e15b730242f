// C++ exceptions: a parser that throws, destructors that run, nested and rethrown ones, through C's qsort, from any depth.
// Usage: throws KERNEL [N]; `throws parse` reads expressions from stdin, one a line.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

// What has happened, told by those it happens to.
std::vector<std::string> told;

void tell(const std::string& what) { told.push_back(what); }

void tell_all() {
    for (const auto& what : told) std::printf("%s\n", what.c_str());
    told.clear();
}

struct Guard {
    std::string name;
    explicit Guard(std::string n) : name(std::move(n)) { tell("+" + name); }
    ~Guard() { tell("-" + name); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
};

// Errors of the parser, in three levels, the middle one with a base that is shared.
struct Error {
    virtual ~Error() = default;
    virtual std::string what() const = 0;
};
struct Located : virtual Error {
    std::size_t position;
    explicit Located(std::size_t at) : position(at) {}
};
struct Syntax : Located {
    char found;
    Syntax(std::size_t at, char c) : Located(at), found(c) {}
    std::string what() const override {
        return found ? std::string("unexpected `") + found + "` at " + std::to_string(position)
                     : "unexpected end at " + std::to_string(position);
    }
};
struct Unknown : Located {
    std::string name;
    Unknown(std::size_t at, std::string n) : Located(at), name(std::move(n)) {}
    std::string what() const override { return "unknown name " + name + " at " + std::to_string(position); }
};
struct Arithmetic : virtual Error {
    const char* text;
    explicit Arithmetic(const char* t) : text(t) {}
    std::string what() const override { return text; }
};

struct Node {
    char op;
    int64_t value = 0;
    std::unique_ptr<Node> left, right;
    static int alive;
    explicit Node(char o) : op(o) { ++alive; }
    ~Node() { --alive; }
};
int Node::alive = 0;

class Parser {
    const std::string& text;
    std::size_t at = 0;
    int depth = 0;

    struct Deeper {
        int& depth;
        Deeper(int& d, std::size_t at) : depth(d) {
            if (depth >= 200) throw at;  // a plain number
            ++depth;
        }
        ~Deeper() { --depth; }
    };

    char peek() {
        while (at < text.size() && text[at] == ' ') ++at;
        return at < text.size() ? text[at] : 0;
    }

    std::unique_ptr<Node> primary() {
        Deeper deeper(depth, at);
        char c = peek();
        if (c >= '0' && c <= '9') {
            auto node = std::make_unique<Node>('n');
            while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
                if (__builtin_mul_overflow(node->value, int64_t{10}, &node->value) ||
                    __builtin_add_overflow(node->value, int64_t{text[at] - '0'}, &node->value))
                    throw Arithmetic("number too large");
                ++at;
            }
            return node;
        }
        if (c >= 'a' && c <= 'z') {
            std::size_t start = at;
            while (at < text.size() && text[at] >= 'a' && text[at] <= 'z') ++at;
            std::string name = text.substr(start, at - start);
            auto node = std::make_unique<Node>('n');
            if (name == "answer")
                node->value = 42;
            else if (name == "dozen")
                node->value = 12;
            else
                throw Unknown(start, name);
            return node;
        }
        if (c == '-') {
            ++at;
            auto node = std::make_unique<Node>('-');
            node->left = std::make_unique<Node>('n');
            node->right = primary();
            return node;
        }
        if (c == '(') {
            ++at;
            auto node = sum();
            if (peek() != ')') throw Syntax(at, peek());
            ++at;
            return node;
        }
        throw Syntax(at, c);
    }

    std::unique_ptr<Node> binary(const char* ops, std::unique_ptr<Node> (Parser::*next)()) {
        auto node = (this->*next)();
        while (peek() && std::strchr(ops, peek())) {
            auto parent = std::make_unique<Node>(text[at++]);
            parent->left = std::move(node);
            parent->right = (this->*next)();
            node = std::move(parent);
        }
        return node;
    }
    std::unique_ptr<Node> product() { return binary("*/%", &Parser::primary); }
    std::unique_ptr<Node> sum() { return binary("+-", &Parser::product); }

public:
    explicit Parser(const std::string& t) : text(t) {}
    std::unique_ptr<Node> whole() {
        auto node = sum();
        if (peek()) throw Syntax(at, peek());
        return node;
    }
};

int64_t evaluate(const Node& node) {
    if (node.op == 'n') return node.value;
    int64_t x = evaluate(*node.left), y = evaluate(*node.right), result;
    switch (node.op) {
        case '+':
            if (__builtin_add_overflow(x, y, &result)) throw Arithmetic("sum too large");
            return result;
        case '-':
            if (__builtin_sub_overflow(x, y, &result)) throw Arithmetic("difference too large");
            return result;
        case '*':
            if (__builtin_mul_overflow(x, y, &result)) throw Arithmetic("product too large");
            return result;
        default:
            if (y == 0) throw std::domain_error("division by zero");
            if (y == -1) return -x;
            return node.op == '/' ? x / y : x % y;
    }
}

std::string calculate(const std::string& line) {
    try {
        return std::to_string(evaluate(*Parser(line).whole()));
    } catch (const Located& error) {
        return error.what();
    } catch (const Error& error) {
        return std::string("cannot calculate: ") + error.what();
    } catch (const std::exception& error) {
        return std::string("error: ") + error.what();
    } catch (std::size_t position) {
        return "too deep at " + std::to_string(position);
    }
}

int parse() {
    std::string line;
    int c;
    auto answer = [&] {
        std::printf("%s\n", calculate(line).c_str());
        line.clear();
    };
    while ((c = std::getchar()) != EOF) {
        if (c == '\n')
            answer();
        else
            line += static_cast<char>(c);
    }
    if (!line.empty()) answer();
    std::printf("%d nodes left\n", Node::alive);
    return 0;
}

// Destructors, in which order.
struct Member : Guard {
    Guard inner;
    explicit Member(bool fail) : Guard("base"), inner("member") {
        Guard local("constructor");
        if (fail) throw std::runtime_error("no member");
    }
};

void frame(int depth) {
    Guard guard("frame " + std::to_string(depth));
    if (depth == 0) {
        Guard last("last");
        throw depth;
    }
    try {
        Guard tried("try " + std::to_string(depth));
        frame(depth - 1);
    } catch (const char*) {
        tell("never");
    }
    tell("never after");
}

int destructors() {
    try {
        frame(3);
    } catch (int value) {
        tell("caught " + std::to_string(value));
    }
    try {
        Member member(true);
    } catch (const std::exception& error) {
        tell(std::string("caught ") + error.what());
    }
    try {
        std::unique_ptr<Guard> array[3];
        for (int i = 0; i < 3; ++i) {
            if (i == 2) throw i;
            array[i] = std::make_unique<Guard>("element " + std::to_string(i));
        }
    } catch (...) {
        tell("caught something");
    }
    tell_all();
    return 0;
}

// One within another, thrown again, replaced.
int outer_for_nested(int kind) try {
    try {
        Guard guard("outer");
        try {
            Guard inner("inner");
            if (kind == 0) throw 1;
            if (kind == 1) throw std::string("text");
            if (kind == 2) throw std::out_of_range("range");
            tell("nothing thrown");
        } catch (int value) {
            tell("int " + std::to_string(value));
            throw value + 1;
        } catch (const std::string& text) {
            tell("string " + text);
            try {
                throw;
            } catch (const std::string& again) {
                tell("again " + again);
            }
            try {
                throw 2.5;
            } catch (double number) {
                tell("double " + std::to_string(number));
            }
            throw;
        }
        tell("after");
    } catch (const std::logic_error& error) {
        tell(std::string("logic ") + error.what());
        return 10;
    }
    return 0;
} catch (int value) {
    tell("function int " + std::to_string(value));
    return value;
} catch (...) {
    tell("function something");
    return -1;
}

struct Unwinding {
    ~Unwinding() {
        tell("uncaught " + std::to_string(std::uncaught_exceptions()));
        try {
            throw 'x';
        } catch (char c) {
            tell(std::string("in a destructor ") + c);
        }
    }
};

int nested() {
    for (int kind = 0; kind < 4; ++kind) {
        int result = outer_for_nested(kind);
        tell("result " + std::to_string(result));
    }
    try {
        Unwinding unwinding;
        throw std::runtime_error("main");
    } catch (const std::exception& error) {
        tell(error.what());
    }
    tell_all();
    return 0;
}

// Through frames that know nothing of exceptions.
struct TooMany {
    int compared;
};
int budget;
int compared;

int compare(const void* a, const void* b) {
    if (++compared > budget) throw TooMany{compared};
    uint32_t x = *static_cast<const uint32_t*>(a), y = *static_cast<const uint32_t*>(b);
    return x < y ? -1 : x > y;
}

int sort(int count) {
    uint32_t seed = 1;
    uint64_t sum = 0;
    int thrown = 0;
    for (int round = 0; round < 20; ++round) {
        std::vector<uint32_t> numbers(count);
        for (auto& number : numbers) number = (seed = seed * 1664525 + 1013904223) >> 8;
        budget = round % 4 == 3 ? 1 << 30 : count * round / 4;
        compared = 0;
        try {
            std::qsort(numbers.data(), numbers.size(), sizeof numbers[0], compare);
            for (std::size_t i = 1; i < numbers.size(); ++i) {
                if (numbers[i - 1] > numbers[i]) throw std::logic_error("not sorted");
            }
            sum += numbers[numbers.size() / 2];
        } catch (const TooMany& error) {
            if (error.compared != budget + 1) return 1;
            ++thrown;
        }
    }
    std::printf("%d thrown, sum %llu\n", thrown, static_cast<unsigned long long>(sum));
    return 0;
}

// From any depth, many times.
struct Counter {
    uint64_t& count;
    ~Counter() { ++count; }
};

__attribute__((noinline)) uint64_t down(int depth, uint64_t& count) {
    Counter counter{count};
    if (depth == 0) throw static_cast<int>(count & 3);
    return down(depth - 1, count) + 1;
}

int deep(int times) {
    uint64_t count = 0, sum = 0;
    for (int i = 0; i < times; ++i) {
        try {
            sum += down(i % 50, count);
        } catch (int value) {
            sum = sum * 31 + value;
        }
    }
    std::printf("%llu destructors, sum %llx\n", static_cast<unsigned long long>(count), static_cast<unsigned long long>(sum));
    return 0;
}

int three() { throw 3; }
void leave() noexcept { std::printf("%d\n", three()); }

}  // namespace

int main(int argc, char** argv) {
    std::string kernel = argc > 1 ? argv[1] : "";
    int n = argc > 2 ? std::atoi(argv[2]) : 0;
    if (kernel == "parse") return parse();
    if (kernel == "destructors") return destructors();
    if (kernel == "nested") return nested();
    if (kernel == "sort") return sort(n);
    if (kernel == "deep") return deep(n);
    if (kernel == "exit") {
        try {
            std::exit(n);
        } catch (...) {
            std::printf("an exit is no exception\n");
        }
    }
    if (kernel == "uncaught") throw std::runtime_error("nobody wants it");
    if (kernel == "noexcept") leave();
    std::fprintf(stderr, "usage: throws parse | destructors | nested | sort N | deep N | exit N | uncaught | noexcept\n");
    return 2;
}
