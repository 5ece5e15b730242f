// Containers of the C++ library: shortest paths in a grid graph by a priority queue, with hash maps and sets of nodes.
#include "harness.h"
#include <queue>
#include <unordered_map>
#include <vector>
const uint32_t usual_size = 200;

struct Edge { uint32_t to, cost; };

static uint64_t kernel(uint32_t size) {
    uint64_t state = 19, sum = 0;
    std::unordered_map<uint32_t, std::vector<Edge>> graph;
    auto name = [](uint32_t x, uint32_t y) { return x * 100003u + y; };
    for (uint32_t x = 0; x < size; x++)
        for (uint32_t y = 0; y < size; y++) {
            auto &edges = graph[name(x, y)];
            uint64_t r = next_random(&state);
            if (x + 1 < size) edges.push_back({name(x + 1, y), (uint32_t)r & 255});
            if (y + 1 < size) edges.push_back({name(x, y + 1), (uint32_t)(r >> 8) & 255});
            if (x > 0 && (r >> 60) < 6) edges.push_back({name(x - 1, y), (uint32_t)(r >> 16) & 63});
            if (y > 0 && (r >> 60) > 9) edges.push_back({name(x, y - 1), (uint32_t)(r >> 24) & 63});
        }
    for (uint32_t from = 0; from < 4; from++) {
        std::unordered_map<uint32_t, uint32_t> best;
        using Item = std::pair<uint32_t, uint32_t>;
        std::priority_queue<Item, std::vector<Item>, std::greater<Item>> queue;
        queue.push({0, name(from * 5, from * 3)});
        while (!queue.empty()) {
            auto [cost, node] = queue.top();
            queue.pop();
            if (!best.try_emplace(node, cost).second) continue;
            for (const Edge &edge : graph.at(node)) if (!best.count(edge.to)) queue.push({cost + edge.cost, edge.to});
        }
        sum = mix(sum, best.at(name(size - 1, size - 1)));
        sum = mix(sum, best.size());
    }
    return sum;
}
