// Shapes behind virtual functions: a picture by tracing rays, a walk over many small objects, a simulation of events.
//
// Usage: shapes ray WIDTH | shapes walk COUNT | shapes event COUNT
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

struct Random {
    uint64_t state = 0x9e3779b97f4a7c15u;

    uint32_t draw() {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return uint32_t((state * 0x2545f4914f6cdd1du) >> 32);
    }
    uint32_t below(uint32_t limit) { return draw() % limit; }
    double between(double least, double most) { return least + (most - least) * (draw() * 0x1p-32); }
};

uint64_t mix(uint64_t sum, uint64_t value) {
    sum ^= value;
    return (sum << 27 | sum >> 37) * 0x9fb21c651e98df25u;
}

uint64_t bits_of(double real) {
    uint64_t bits;
    std::memcpy(&bits, &real, sizeof bits);
    return bits;
}

// ---------------------------------------------------------------- vectors of three

template <typename Real> struct Vector {
    Real x{}, y{}, z{};

    Vector operator+(const Vector &other) const { return {x + other.x, y + other.y, z + other.z}; }
    Vector operator-(const Vector &other) const { return {x - other.x, y - other.y, z - other.z}; }
    Vector operator*(Real factor) const { return {x * factor, y * factor, z * factor}; }
    Vector operator*(const Vector &other) const { return {x * other.x, y * other.y, z * other.z}; }
    Real dot(const Vector &other) const { return x * other.x + y * other.y + z * other.z; }
    Vector unit() const { return *this * (1 / std::sqrt(dot(*this))); }
    Vector mirrored(const Vector &normal) const { return *this - normal * (2 * dot(normal)); }
};

using Point = Vector<double>;
using Color = Vector<double>;

struct Ray { Point from, along; };

// ---------------------------------------------------------------- materials

class Material {
public:
    virtual ~Material() = default;
    virtual Color color(const Point &point) const = 0;
    virtual double mirror() const { return 0; }
};

class Paint : public Material {
public:
    explicit Paint(Color color) : color_(color) {}
    Color color(const Point &) const override { return color_; }

private:
    Color color_;
};

class Metal : public Paint {
public:
    Metal(Color color, double mirror) : Paint(color), mirror_(mirror) {}
    double mirror() const override { return mirror_; }

private:
    double mirror_;
};

// Two other materials in turn.
class Chess : public Material {
public:
    Chess(const Material &even, const Material &odd) : even_(even), odd_(odd) {}
    Color color(const Point &point) const override {
        auto cell = int64_t(std::floor(point.x)) + int64_t(std::floor(point.z));
        return (cell & 1 ? odd_ : even_).color(point);
    }

private:
    const Material &even_, &odd_;
};

// By name; whoever asks for a name that is not there gets grey.
class Palette {
public:
    template <typename Kind, typename... Arguments> const Material &add(const std::string &name, Arguments &&...arguments) {
        auto material = std::make_unique<Kind>(std::forward<Arguments>(arguments)...);
        auto &entry = materials_[name];
        entry = std::move(material);
        return *entry;
    }
    const Material &operator[](const std::string &name) const {
        auto found = materials_.find(name);
        if (found == materials_.end()) return grey_;
        return *found->second;
    }

private:
    std::unordered_map<std::string, std::unique_ptr<Material>> materials_;
    Paint grey_{Color{0.5, 0.5, 0.5}};
};

// ---------------------------------------------------------------- shapes

struct Hit {
    double distance;
    Point normal;
    const Material *material;
};

class Shape {
public:
    virtual ~Shape() = default;
    // The first hit after `least`, if it is nearer than `hit` already is.
    virtual bool meets(const Ray &ray, double least, Hit &hit) const = 0;
    virtual double area() const = 0;
    virtual void move(const Point &by) = 0;
    virtual Point middle() const = 0;
};

// What all shapes of one material share.
class Solid : public Shape {
public:
    Solid(Point place, const Material &material) : place_(place), material_(material) {}
    void move(const Point &by) override { place_ = place_ + by; }
    Point middle() const override { return place_; }

protected:
    Point place_;
    const Material &material_;
};

class Sphere : public Solid {
public:
    Sphere(Point place, double radius, const Material &material) : Solid(place, material), radius_(radius) {}
    bool meets(const Ray &ray, double least, Hit &hit) const override {
        Point to_middle = place_ - ray.from;
        double nearest = to_middle.dot(ray.along);
        double depth = radius_ * radius_ - (to_middle.dot(to_middle) - nearest * nearest);
        if (depth < 0) return false;
        double half = std::sqrt(depth), distance = nearest - half;
        if (distance < least) distance = nearest + half;
        if (distance < least || distance >= hit.distance) return false;
        Point normal = (ray.from + ray.along * distance - place_) * (1 / radius_);
        hit = {distance, normal, &material_};
        return true;
    }
    double area() const override { return 4 * 3.141592653589793 * radius_ * radius_; }

private:
    double radius_;
};

// The ground at a height.
class Ground : public Solid {
public:
    using Solid::Solid;
    bool meets(const Ray &ray, double least, Hit &hit) const override {
        if (ray.along.y == 0) return false;
        double distance = (place_.y - ray.from.y) / ray.along.y;
        if (distance < least || distance >= hit.distance) return false;
        hit = {distance, Point{0, ray.along.y < 0 ? 1.0 : -1.0, 0}, &material_};
        return true;
    }
    double area() const override { return 0; }
};

class Box : public Solid {
public:
    Box(Point place, Point half, const Material &material) : Solid(place, material), half_(half) {}
    bool meets(const Ray &ray, double least, Hit &hit) const override {
        double enter = least, leave = hit.distance;
        int axis = -1;
        const double from[] = {ray.from.x, ray.from.y, ray.from.z}, along[] = {ray.along.x, ray.along.y, ray.along.z};
        const double place[] = {place_.x, place_.y, place_.z}, half[] = {half_.x, half_.y, half_.z};
        for (int i = 0; i < 3; i++) {
            if (along[i] == 0) {
                if (std::fabs(from[i] - place[i]) > half[i]) return false;
                continue;
            }
            double one = (place[i] - half[i] - from[i]) / along[i], other = (place[i] + half[i] - from[i]) / along[i];
            if (one > other) std::swap(one, other);
            if (one > enter) enter = one, axis = i;
            if (other < leave) leave = other;
            if (enter >= leave) return false;
        }
        if (axis < 0) return false; // from within
        double sign = along[axis] > 0 ? -1 : 1;
        hit = {enter, Point{axis == 0 ? sign : 0, axis == 1 ? sign : 0, axis == 2 ? sign : 0}, &material_};
        return true;
    }
    double area() const override { return 8 * (half_.x * half_.y + half_.y * half_.z + half_.z * half_.x); }

private:
    Point half_;
};

// Other shapes, tried only where a ray meets the sphere around them.
class Group : public Shape {
public:
    Group(Point place, double radius) : place_(place), radius_(radius) {}
    void add(std::unique_ptr<Shape> shape) { parts_.push_back(std::move(shape)); }
    bool meets(const Ray &ray, double least, Hit &hit) const override {
        Point to_middle = place_ - ray.from;
        double nearest = to_middle.dot(ray.along), off = to_middle.dot(to_middle) - nearest * nearest;
        if (off > radius_ * radius_) return false;
        bool any = false;
        for (const auto &part : parts_) any |= part->meets(ray, least, hit);
        return any;
    }
    double area() const override {
        double sum = 0;
        for (const auto &part : parts_) sum += part->area();
        return sum;
    }
    void move(const Point &by) override {
        place_ = place_ + by;
        for (const auto &part : parts_) part->move(by);
    }
    Point middle() const override { return place_; }
    // Nearest to `eye` first: then most of the others end at their first comparison.
    void sort(const Point &eye) {
        std::sort(parts_.begin(), parts_.end(), [&](const auto &a, const auto &b) {
            Point to_a = a->middle() - eye, to_b = b->middle() - eye;
            double far_a = to_a.dot(to_a), far_b = to_b.dot(to_b);
            return far_a != far_b ? far_a < far_b : a->area() < b->area();
        });
    }
    size_t size() const { return parts_.size(); }

private:
    Point place_;
    double radius_;
    std::vector<std::unique_ptr<Shape>> parts_;
};

// ---------------------------------------------------------------- ray

class Scene {
public:
    Scene() : world_(Point{}, 1e9) {
        const Material &white = palette_.add<Paint>("white", Color{0.9, 0.9, 0.9});
        const Material &black = palette_.add<Paint>("black", Color{0.1, 0.1, 0.12});
        palette_.add<Paint>("red", Color{0.9, 0.2, 0.15});
        palette_.add<Paint>("blue", Color{0.2, 0.3, 0.9});
        palette_.add<Metal>("silver", Color{0.8, 0.8, 0.85}, 0.6);
        palette_.add<Metal>("gold", Color{0.9, 0.7, 0.2}, 0.4);
        palette_.add<Chess>("chess", white, black);
        const char *names[] = {"red", "blue", "silver", "gold", "chess", "no such paint"};
        world_.add(std::make_unique<Ground>(Point{0, 0, 0}, palette_["chess"]));
        Random random;
        for (int i = 0; i < 12; i++) {
            Point place{random.between(-6, 6), random.between(0.5, 2.5), random.between(4, 14)};
            auto group = std::make_unique<Group>(place, 1.6);
            for (int j = 0; j < 5; j++) {
                const Material &material = palette_[names[random.below(6)]];
                double x = random.between(-0.8, 0.8), y = random.between(-0.5, 0.8), z = random.between(-0.8, 0.8);
                Point at = place + Point{x, y, z};
                double size = random.between(0.15, 0.45);
                if (j % 2 == 0) group->add(std::make_unique<Sphere>(at, size, material));
                else group->add(std::make_unique<Box>(at, Point{size, size * 0.7, size * 0.8}, material));
            }
            group->sort(eye);
            world_.add(std::move(group));
        }
        world_.sort(eye);
    }

    Color see(const Ray &ray, int depth) const {
        Hit hit{1e9, {}, nullptr};
        if (!world_.meets(ray, 1e-6, hit)) {
            double height = ray.along.y * 0.5 + 0.5;
            return Color{0.6, 0.7, 0.9} * height + Color{1, 1, 1} * (1 - height);
        }
        Point point = ray.from + ray.along * hit.distance;
        Color color = hit.material->color(point);
        Hit shadow{1e9, {}, nullptr};
        double light = hit.normal.dot(sun_);
        if (light < 0 || world_.meets(Ray{point, sun_}, 1e-6, shadow)) light = 0;
        color = color * (0.2 + 0.8 * light);
        double mirror = hit.material->mirror();
        if (mirror > 0 && depth > 0) {
            Color seen = see(Ray{point, ray.along.mirrored(hit.normal)}, depth - 1);
            color = color * (1 - mirror) + seen * mirror;
        }
        return color;
    }

    static constexpr Point eye{0, 2, -4};

private:
    Palette palette_;
    Group world_;
    Point sun_ = Point{0.5, 0.8, -0.4}.unit();
};

uint64_t run_ray(uint32_t width) {
    Scene scene;
    int height = int(width) * 3 / 4;
    uint64_t sum = 0;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < int(width); x++) {
            Point along{(x + 0.5) / width * 2 - 1, 0.7 - (y + 0.5) / width * 2, 1.6};
            Color color = scene.see(Ray{Scene::eye, along.unit()}, 3);
            for (double level : {color.x, color.y, color.z}) sum = mix(sum, uint64_t(std::min(level, 1.0) * 255 + 0.5));
        }
    }
    return sum;
}

// ---------------------------------------------------------------- walk

// Hundreds of small shapes in no order of kinds, asked and moved again and again: next to nothing but virtual calls.
uint64_t run_walk(uint32_t count) {
    Palette palette;
    const Material &material = palette.add<Paint>("any", Color{1, 1, 1});
    Random random;
    std::vector<std::unique_ptr<Shape>> shapes;
    for (int i = 0; i < 500; i++) {
        Point place{random.between(-9, 9), random.between(-9, 9), random.between(-9, 9)};
        double size = random.between(0.1, 2);
        switch (random.below(4)) {
        case 0: shapes.push_back(std::make_unique<Sphere>(place, size, material)); break;
        case 1: shapes.push_back(std::make_unique<Box>(place, Point{size, size, 1}, material)); break;
        case 2: shapes.push_back(std::make_unique<Ground>(place, material)); break;
        default:
            auto group = std::make_unique<Group>(place, size);
            group->add(std::make_unique<Sphere>(place, size / 2, material));
            group->add(std::make_unique<Box>(place, Point{size / 2, size / 2, size / 2}, material));
            shapes.push_back(std::move(group));
        }
    }
    double total = 0;
    Point drift{0.001, -0.002, 0.0005};
    for (uint32_t round = 0; round < count; round++) {
        for (const auto &shape : shapes) {
            total += shape->area();
            shape->move(drift);
            total -= shape->middle().x;
        }
        if (round % 64 == 0) drift = drift * -1;
    }
    return mix(bits_of(total), shapes.size());
}

// ---------------------------------------------------------------- event

// Customers come, wait for one of the desks, are served, and go; every event is an object that knows what it does.
class Hall;

class Event {
public:
    explicit Event(uint64_t time) : time_(time) {}
    virtual ~Event() = default;
    virtual void happen(Hall &hall) = 0;
    uint64_t time() const { return time_; }

private:
    uint64_t time_;
};

class Hall {
public:
    Random random;
    std::vector<uint32_t> free_desks;
    std::queue<uint64_t> waiting; // since when
    std::unordered_map<uint32_t, uint64_t> served; // by desk
    uint64_t waited = 0, left = 0, sum = 0;

    void plan(std::unique_ptr<Event> event) {
        events_.push_back({event->time(), number_++, std::move(event)});
        std::push_heap(events_.begin(), events_.end());
    }
    bool step() {
        if (events_.empty()) return false;
        std::pop_heap(events_.begin(), events_.end());
        std::unique_ptr<Event> event = std::move(events_.back().event);
        events_.pop_back();
        event->happen(*this);
        return true;
    }

private:
    struct Planned {
        uint64_t time, number; // the number decides between events of one time
        std::unique_ptr<Event> event;
        bool operator<(const Planned &other) const {
            return time != other.time ? time > other.time : number > other.number; // a heap has its greatest first
        }
    };
    std::vector<Planned> events_;
    uint64_t number_ = 0;
};

void serve(Hall &hall, uint64_t time);

class Leave : public Event {
public:
    Leave(uint64_t time, uint32_t desk) : Event(time), desk_(desk) {}
    void happen(Hall &hall) override {
        hall.served[desk_]++;
        hall.free_desks.push_back(desk_);
        hall.sum = mix(hall.sum, time() * 64 + desk_);
        serve(hall, time());
    }

private:
    uint32_t desk_;
};

class GiveUp : public Event {
public:
    using Event::Event;
    void happen(Hall &hall) override {
        if (hall.waiting.size() < 8) return; // it is short enough after all
        hall.waiting.pop();
        hall.left++;
    }
};

class Arrive : public Event {
public:
    Arrive(uint64_t time, uint32_t more) : Event(time), more_(more) {}
    void happen(Hall &hall) override {
        hall.waiting.push(time());
        serve(hall, time());
        if (hall.waiting.size() > 8) hall.plan(std::make_unique<GiveUp>(time() + 20));
        if (more_ > 0) hall.plan(std::make_unique<Arrive>(time() + 1 + hall.random.below(8), more_ - 1));
    }

private:
    uint32_t more_;
};

void serve(Hall &hall, uint64_t time) {
    while (!hall.waiting.empty() && !hall.free_desks.empty()) {
        uint32_t desk = hall.free_desks.back();
        hall.free_desks.pop_back();
        hall.waited += time - hall.waiting.front();
        hall.waiting.pop();
        hall.plan(std::make_unique<Leave>(time + 10 + hall.random.below(100), desk));
    }
}

uint64_t run_event(uint32_t count) {
    Hall hall;
    for (uint32_t desk = 0; desk < 12; desk++) hall.free_desks.push_back(desk);
    hall.plan(std::make_unique<Arrive>(0, count));
    while (hall.step()) {}
    std::vector<std::pair<uint64_t, uint32_t>> ranking; // sorted, for the table of served has no order of its own
    for (const auto &[desk, customers] : hall.served) ranking.push_back({customers, desk});
    std::sort(ranking.rbegin(), ranking.rend());
    uint64_t sum = hall.sum;
    for (const auto &[customers, desk] : ranking) sum = mix(sum, customers * 64 + desk);
    return mix(mix(sum, hall.waited), hall.left);
}

struct Kernel { const char *name; uint64_t (*run)(uint32_t); uint32_t most; const char *about; };

const Kernel kernels[] = {
    {"ray", run_ray, 4096, "a picture SIZE pixels wide, by tracing rays"},
    {"walk", run_walk, 10000000, "SIZE walks over 500 shapes of mixed kinds"},
    {"event", run_event, 100000000, "SIZE customers in a hall of twelve desks"},
};

} // namespace

int main(int argc, char **argv) {
    if (argc == 3) {
        char *rest;
        unsigned long size = std::strtoul(argv[2], &rest, 10);
        for (const Kernel &kernel : kernels) {
            if (std::strcmp(argv[1], kernel.name) != 0 || *rest || size < 1 || size > kernel.most) continue;
            std::printf("%s %lu: %016llx\n", kernel.name, size, (unsigned long long)kernel.run(uint32_t(size)));
            return 0;
        }
    }
    std::fprintf(stderr, "usage: shapes KERNEL SIZE\n");
    for (const Kernel &kernel : kernels) std::fprintf(stderr, "  %-5s %s\n", kernel.name, kernel.about);
    return 2;
}
