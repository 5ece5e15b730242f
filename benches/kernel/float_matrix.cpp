// Matrices as a class with operators: products, elimination with pivots, and powers of a vector.
#include "harness.h"
#include <cmath>
#include <vector>
const uint32_t usual_size = 240;

class Matrix {
    uint32_t side;
    std::vector<double> cells;

public:
    explicit Matrix(uint32_t side) : side(side), cells((size_t)side * side) {}
    double &operator()(uint32_t row, uint32_t column) { return cells[(size_t)row * side + column]; }
    double operator()(uint32_t row, uint32_t column) const { return cells[(size_t)row * side + column]; }
    Matrix operator*(const Matrix &other) const {
        Matrix result(side);
        for (uint32_t i = 0; i < side; i++)
            for (uint32_t j = 0; j < side; j++) {
                double sum = 0;
                for (uint32_t k = 0; k < side; k++) sum += (*this)(i, k) * other(k, j);
                result(i, j) = sum;
            }
        return result;
    }
    std::vector<double> solve(std::vector<double> right) const {
        Matrix left = *this;
        for (uint32_t i = 0; i < side; i++) {
            uint32_t pivot = i;
            for (uint32_t r = i + 1; r < side; r++) if (std::fabs(left(r, i)) > std::fabs(left(pivot, i))) pivot = r;
            for (uint32_t c = 0; c < side; c++) std::swap(left(i, c), left(pivot, c));
            std::swap(right[i], right[pivot]);
            for (uint32_t r = i + 1; r < side; r++) {
                double factor = left(r, i) / left(i, i);
                for (uint32_t c = i; c < side; c++) left(r, c) -= factor * left(i, c);
                right[r] -= factor * right[i];
            }
        }
        for (uint32_t i = side; i-- > 0;) {
            for (uint32_t c = i + 1; c < side; c++) right[i] -= left(i, c) * right[c];
            right[i] /= left(i, i);
        }
        return right;
    }
};

static uint64_t kernel(uint32_t size) {
    uint64_t state = 43, sum = 0;
    Matrix a(size), b(size);
    std::vector<double> right(size);
    for (uint32_t i = 0; i < size; i++) {
        right[i] = (double)(next_random(&state) >> 40);
        for (uint32_t j = 0; j < size; j++) {
            a(i, j) = (double)(int32_t)next_random(&state) / 1e9;
            b(i, j) = (double)(int32_t)next_random(&state) / 1e9;
        }
    }
    for (int turn = 0; turn < 3; turn++) {
        Matrix c = a * b;
        right = c.solve(right);
        for (uint32_t i = 0; i < size; i++) {
            uint64_t bits;
            memcpy(&bits, &right[i], 8);
            sum = mix(sum, bits);
            right[i] = std::floor(std::fmod(std::fabs(right[i]), 1e6)) + i;
        }
        std::swap(a, b);
    }
    return sum;
}
