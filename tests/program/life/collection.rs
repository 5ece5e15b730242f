//! Kernels on the collections of the standard library, on strings, and on trait objects.

use std::collections::{BTreeMap, HashMap};

use crate::{Random, mix};

/// Inserts, removals, look-ups and range sums on an ordered map.
pub fn tree(operations: u32) -> u64 {
    let mut random = Random::new();
    let mut map: BTreeMap<u32, u64> = BTreeMap::new();
    let mut sum = 0;
    for operation in 0..operations {
        let key = random.below(operations.max(16));
        match random.below(8) {
            0..4 => *map.entry(key).or_default() += u64::from(operation),
            4 | 5 => sum = mix(sum, map.remove(&key).unwrap_or(1)),
            6 => sum = mix(sum, map.get(&key).copied().unwrap_or(2)),
            _ => sum = mix(sum, map.range(key..).take(10).map(|(key, value)| u64::from(*key) ^ value).sum()),
        }
    }
    map.iter().fold(sum, |sum, (key, value)| mix(sum, u64::from(*key) << 32 ^ value))
}

/// String keys under the default, randomly keyed hash: the checksum must not depend on the map's order.
pub fn hash(operations: u32) -> u64 {
    let mut random = Random::new();
    let mut map: HashMap<String, u32> = HashMap::new();
    let mut sum = 0;
    for operation in 0..operations {
        let number = random.below(operations / 2 + 8);
        let key = format!("crane/{:x}", number.wrapping_mul(40503));
        match random.below(8) {
            0..5 => {
                let count = map.entry(key).or_insert(operation);
                *count = count.wrapping_mul(31).wrapping_add(operation);
            }
            5 => sum = mix(sum, u64::from(map.remove(&key).unwrap_or(1))),
            _ => sum = mix(sum, u64::from(map.get(key.as_str()).copied().unwrap_or(2))),
        }
    }
    let rest = map.iter().fold(0u64, |rest, (key, value)| rest.wrapping_add(mix(key.len() as u64, u64::from(*value))));
    mix(sum, rest)
}

/// Formats numbers in several ways, sorts the text (stable and unstable), and reads the numbers again.
pub fn sort(count: u32) -> u64 {
    let mut random = Random::new();
    let mut lines: Vec<String> = (0..count)
        .map(|index| {
            let number = random.draw();
            match index % 4 {
                0 => format!("{number}"),
                1 => format!("{:.2}", f64::from(number) / 64.0),
                2 => format!("{number:08x}"),
                _ => format!("{:>12}", number >> 12),
            }
        })
        .collect();
    lines.sort();
    let mut sum = lines.iter().fold(0, |sum, line| mix(sum, line.bytes().fold(7, |h, byte| h * 31 + u64::from(byte))));
    lines.sort_unstable_by(|a, b| a.len().cmp(&b.len()).then_with(|| b.cmp(a)));
    for line in &lines {
        let value = line.trim().parse::<f64>().map(f64::to_bits);
        sum = mix(sum, value.or_else(|_| u64::from_str_radix(line, 16)).unwrap_or(3));
    }
    sum
}

trait Shape {
    fn area(&self) -> f64;
    fn grow(&mut self, factor: f64);
}

struct Square(f64);
struct Rectangle(f64, f64);
struct Triangle(f64, f64, f64);

impl Shape for Square {
    fn area(&self) -> f64 {
        self.0 * self.0
    }
    fn grow(&mut self, factor: f64) {
        self.0 *= factor;
    }
}

impl Shape for Rectangle {
    fn area(&self) -> f64 {
        self.0 * self.1
    }
    fn grow(&mut self, factor: f64) {
        self.1 *= factor;
    }
}

impl Shape for Triangle {
    fn area(&self) -> f64 {
        let half = (self.0 + self.1 + self.2) / 2.0; // Heron
        (half * (half - self.0) * (half - self.1) * (half - self.2)).max(0.0).sqrt()
    }
    fn grow(&mut self, factor: f64) {
        self.0 *= factor;
        self.1 *= factor;
    }
}

/// Calls that no compiler can resolve: which shape is where is drawn at run time.
pub fn shape(calls: u32) -> u64 {
    let mut random = Random::new();
    let mut shapes: Vec<Box<dyn Shape>> = (0..1000)
        .map(|_| -> Box<dyn Shape> {
            let mut side = || 1.0 + f64::from(random.draw() >> 16) / 65536.0;
            let (a, b, c) = (side(), side(), side());
            match random.below(3) {
                0 => Box::new(Square(a)),
                1 => Box::new(Rectangle(a, b)),
                _ => Box::new(Triangle(a, b, c)),
            }
        })
        .collect();
    let mut sum = 0;
    let mut left = calls;
    while left > 0 {
        let round = left.min(shapes.len() as u32);
        let mut total = 0.0;
        for shape in &mut shapes[..round as usize] {
            let area = shape.area();
            shape.grow(if area < 2.0 { 1.25 } else { 0.75 });
            total += area;
        }
        sum = mix(sum, total.to_bits());
        left -= round;
    }
    sum
}
