//! Compute-bound kernels in Rust: runs the one its first argument names, at the size given, and prints a checksum.

mod collection;
mod grid;
mod number;
mod pack;

use std::process::ExitCode;

/// Draws the input of a kernel (xorshift64*), from the same seed each time.
pub struct Random(u64);

impl Random {
    pub fn new() -> Random {
        Random(0x9e37_79b9_7f4a_7c15)
    }

    pub fn draw(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    pub fn below(&mut self, limit: u32) -> u32 {
        self.draw() % limit
    }
}

pub fn mix(sum: u64, value: u64) -> u64 {
    (sum ^ value).rotate_left(27).wrapping_mul(0x9fb2_1c65_1e98_df25)
}

struct Kernel {
    name: &'static str,
    run: fn(u32) -> u64,
    about: &'static str,
}

const KERNELS: &[Kernel] = &[
    Kernel { name: "life", run: grid::life, about: "SIZE generations of Life on a torus" },
    Kernel { name: "path", run: grid::path, about: "SIZE shortest ways through a maze, by a priority queue" },
    Kernel { name: "pack", run: pack::pack, about: "SIZE KiB compressed with back references, and unpacked" },
    Kernel { name: "tree", run: collection::tree, about: "SIZE operations on a BTreeMap" },
    Kernel { name: "hash", run: collection::hash, about: "SIZE operations on a HashMap of strings" },
    Kernel { name: "sort", run: collection::sort, about: "SIZE strings formatted, sorted, parsed" },
    Kernel { name: "shape", run: collection::shape, about: "SIZE calls through trait objects" },
    Kernel { name: "pi", run: number::pi, about: "SIZE decimal places of pi, with long division" },
    Kernel { name: "fourier", run: number::fourier, about: "SIZE Fourier transforms of 1024 points" },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [name, size] = arguments.as_slice()
        && let Ok(size @ 1..=100_000_000) = size.parse()
        && let Some(kernel) = KERNELS.iter().find(|kernel| kernel.name == name)
    {
        println!("{name} {size}: {:016x}", (kernel.run)(size));
        return ExitCode::SUCCESS;
    }
    eprintln!("usage: life KERNEL SIZE");
    for kernel in KERNELS {
        eprintln!("  {:<8} {}", kernel.name, kernel.about);
    }
    ExitCode::from(2)
}
