//! Recursion whose results are structures, which callers have room for in their frames: bounds of a tree, and
//! numbers made of those of half their place.
const USUAL_SIZE: u32 = 20;

#[derive(Clone, Copy)]
struct Bounds {
    least: u64,
    most: u64,
    sum: u64,
}

/// The bounds of a tree whose leaves are numbers that look random.
fn bounds(depth: u32, seed: u64) -> Bounds {
    if depth == 0 {
        let value = (seed ^ (seed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        return Bounds { least: value, most: value, sum: value };
    }
    let one = bounds(depth - 1, seed.wrapping_mul(3));
    let other = bounds(depth - 1, seed.wrapping_mul(5).wrapping_add(1));
    Bounds {
        least: one.least.min(other.least),
        most: one.most.max(other.most),
        sum: one.sum.wrapping_add(other.sum.rotate_left(depth)),
    }
}

/// Two of Fibonacci's numbers that follow one another, by halves of their place.
fn pair(place: u64) -> (u64, u64) {
    if place == 0 {
        return (0, 1);
    }
    let (one, next) = pair(place / 2);
    let even = one.wrapping_mul(next.wrapping_mul(2).wrapping_sub(one));
    let odd = one.wrapping_mul(one).wrapping_add(next.wrapping_mul(next));
    if place % 2 == 0 { (even, odd) } else { (odd, even.wrapping_add(odd)) }
}

fn kernel(size: u32) -> u64 {
    let (mut sum, mut state) = (0, 11);
    for turn in 0..8 {
        let found = bounds(size, turn);
        sum = mix(mix(sum, found.least ^ found.most), found.sum);
    }
    for _ in 0..1 << (size - 3) {
        let (one, next) = pair(next_random(&mut state) >> 40);
        sum = mix(sum, one ^ next);
    }
    sum
}

include!("harness.inc");
