// A guest with debug information: a trap in a function that was inlined into a member of a template.
namespace store {
static inline __attribute__((always_inline)) int divide(int dividend, int divisor) {
    if (divisor == 0) __builtin_trap();
    return dividend / divisor;
}

template <typename Number> struct Account {
    Number total;
    __attribute__((noinline)) Number average(Number count) const {
        return divide(total, count) + 1;
    }
};
} // namespace store

extern "C" int run(int count) {
    store::Account<int> account{7};
    return account.average(count) * 2;
}
