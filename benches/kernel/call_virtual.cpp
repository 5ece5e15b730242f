// Virtual calls of small methods, of a kind that changes from object to object: areas and boxes of shapes in a scene.
#include "harness.h"
#include <memory>
#include <vector>
const uint32_t usual_size = 400;

struct Shape {
    virtual ~Shape() = default;
    virtual int64_t area() const = 0;
    virtual bool contains(int32_t x, int32_t y) const = 0;
    virtual void move(int32_t x, int32_t y) = 0;
};
struct Rectangle : Shape {
    int32_t left, top, width, height;
    Rectangle(uint64_t r) : left(r & 1023), top(r >> 10 & 1023), width(r >> 20 & 255), height(r >> 28 & 255) {}
    int64_t area() const override { return (int64_t)width * height; }
    bool contains(int32_t x, int32_t y) const override { return x >= left && x < left + width && y >= top && y < top + height; }
    void move(int32_t x, int32_t y) override { left = (left + x) & 1023, top = (top + y) & 1023; }
};
struct Disc : Shape {
    int32_t x, y, radius;
    Disc(uint64_t r) : x(r & 1023), y(r >> 10 & 1023), radius(r >> 20 & 127) {}
    int64_t area() const override { return (int64_t)radius * radius * 355 / 113; }
    bool contains(int32_t px, int32_t py) const override { return (px - x) * (px - x) + (py - y) * (py - y) < radius * radius; }
    void move(int32_t dx, int32_t dy) override { x = (x + dx) & 1023, y = (y + dy) & 1023; }
};
struct Diamond : Disc {
    Diamond(uint64_t r) : Disc(r) {}
    int64_t area() const override { return 2 * (int64_t)radius * radius; }
    bool contains(int32_t px, int32_t py) const override { return abs(px - x) + abs(py - y) < radius; }
};
struct Both : Shape {
    std::unique_ptr<Shape> one, other;
    Both(std::unique_ptr<Shape> a, std::unique_ptr<Shape> b) : one(std::move(a)), other(std::move(b)) {}
    int64_t area() const override { return one->area() + other->area(); }
    bool contains(int32_t x, int32_t y) const override { return one->contains(x, y) || other->contains(x, y); }
    void move(int32_t x, int32_t y) override { one->move(x, y), other->move(y, x); }
};

static std::unique_ptr<Shape> random_shape(uint64_t *state) {
    uint64_t r = next_random(state);
    switch (r >> 60) {
    case 0: case 1: case 2: return std::make_unique<Both>(random_shape(state), random_shape(state));
    case 3: case 4: case 5: case 6: return std::make_unique<Disc>(r);
    case 7: case 8: case 9: return std::make_unique<Diamond>(r);
    default: return std::make_unique<Rectangle>(r);
    }
}

static uint64_t kernel(uint32_t size) {
    uint64_t state = 1, sum = 0;
    std::vector<std::unique_ptr<Shape>> scene;
    for (int i = 0; i < 2000; i++) scene.push_back(random_shape(&state));
    for (uint32_t turn = 0; turn < size; turn++) {
        int32_t x = turn * 37 & 1023, y = turn * 91 & 1023;
        int64_t area = 0;
        uint32_t hits = 0;
        for (auto &shape : scene) {
            area += shape->area();
            hits += shape->contains(x, y);
            if (turn & 1) shape->move(3, 5);
        }
        sum = mix(sum, (uint64_t)area + hits);
    }
    return sum;
}
