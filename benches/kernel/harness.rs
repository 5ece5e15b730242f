// What every kernel in Rust has around it, by `include!`: one run of `kernel` at the size that the first argument says, and a line with its
// checksum and the nanoseconds that it took by the guest's own clock.

#[allow(dead_code)]
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn mix(sum: u64, value: u64) -> u64 {
    (sum ^ value).wrapping_mul(0x100_0000_01b3).wrapping_add(sum >> 47)
}

fn main() {
    let size = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(USUAL_SIZE);
    let start = std::time::Instant::now();
    let sum = kernel(size);
    println!("{sum:016x} {}", start.elapsed().as_nanos());
}
