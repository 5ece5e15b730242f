//! Kernels on grids: Conway's Game of Life, and shortest paths.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::{Random, mix};

const WIDTH: usize = 256;
const HEIGHT: usize = 128;

/// One byte a cell, with wrap-around in both directions.
struct Life {
    cells: Vec<u8>,
    next: Vec<u8>,
}

impl Life {
    fn random() -> Life {
        let mut random = Random::new();
        let cells = (0..WIDTH * HEIGHT).map(|_| u8::from(random.below(100) < 35)).collect();
        Life { cells, next: vec![0; WIDTH * HEIGHT] }
    }

    fn row(&self, y: usize) -> &[u8] {
        &self.cells[y * WIDTH..][..WIDTH]
    }

    fn step(&mut self) {
        let mut next = std::mem::take(&mut self.next);
        for (y, line) in next.chunks_exact_mut(WIDTH).enumerate() {
            let above = self.row((y + HEIGHT - 1) % HEIGHT);
            let here = self.row(y);
            let below = self.row((y + 1) % HEIGHT);
            for (x, cell) in line.iter_mut().enumerate() {
                let left = (x + WIDTH - 1) % WIDTH;
                let right = (x + 1) % WIDTH;
                let column = |x: usize| above[x] + here[x] + below[x];
                let sum = column(left) + column(x) + column(right);
                *cell = u8::from(sum == 3 || (sum == 4 && here[x] == 1));
            }
        }
        self.next = std::mem::replace(&mut self.cells, next);
    }
}

pub fn life(generations: u32) -> u64 {
    let mut life = Life::random();
    let mut sum = 0;
    for generation in 0..generations {
        life.step();
        let alive: u64 = life.cells.iter().map(|cell| u64::from(*cell)).sum();
        sum = mix(sum, alive << 32 | u64::from(generation));
    }
    life.cells.chunks(8).fold(sum, |sum, cells| {
        let byte = cells.iter().fold(0, |byte, cell| byte << 1 | u64::from(*cell));
        mix(sum, byte)
    })
}

/// Dijkstra's algorithm on cells of differing cost; each search begins and ends somewhere else.
pub fn path(searches: u32) -> u64 {
    let mut random = Random::new();
    let cost: Vec<u32> = (0..WIDTH * HEIGHT).map(|_| 1 + random.below(10) * random.below(10)).collect();
    let mut sum = 0;
    for _ in 0..searches {
        let start = random.below((WIDTH * HEIGHT) as u32) as usize;
        let goal = random.below((WIDTH * HEIGHT) as u32) as usize;
        sum = mix(sum, u64::from(shortest(&cost, start, goal).unwrap_or(u32::MAX)));
    }
    sum
}

fn shortest(cost: &[u32], start: usize, goal: usize) -> Option<u32> {
    let mut best = vec![u32::MAX; cost.len()];
    let mut queue = BinaryHeap::from([Reverse((0, start))]);
    best[start] = 0;
    while let Some(Reverse((spent, at))) = queue.pop() {
        if at == goal {
            return Some(spent);
        }
        if spent > best[at] {
            continue;
        }
        let (x, y) = (at % WIDTH, at / WIDTH);
        let neighbours = [
            (x > 0).then(|| at - 1),
            (x + 1 < WIDTH).then(|| at + 1),
            (y > 0).then(|| at - WIDTH),
            (y + 1 < HEIGHT).then(|| at + WIDTH),
        ];
        for next in neighbours.into_iter().flatten() {
            let total = spent + cost[next];
            if total < best[next] {
                best[next] = total;
                queue.push(Reverse((total, next)));
            }
        }
    }
    None
}
