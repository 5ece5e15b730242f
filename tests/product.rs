//! Functions in which a toolchain takes a multiplication apart (`product/*.wat`, as compilers wrote them), beside the machine's multiplication
//! that they are compiled to: the same bytes, the same traps, the same fuel, at the edges and at random, against 128-bit arithmetic.
//! And the same functions with one thing changed, which compute something else and must go on to.

use std::path::Path;
use tancho::{Config, Engine, Instance, Memory, Module, Store, Trap, Val};
use tancho_jit::{Compiler, Options};
use tancho_tests::oracle::seed::{Rng, Run};

/// The bytes of the modules' memory.
const LENGTH: u32 = 1 << 16;

const EDGES: [u64; 14] = [
    0,
    1,
    2,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0001,
    0xffff_ffff_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_fffe,
    u64::MAX,
];

fn sources() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("product");
    let files =
        std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("it can be listed").path());
    let mut sources: Vec<_> = files
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("it can be read");
            (path.file_stem().expect("it has a name").to_string_lossy().into_owned(), text)
        })
        .collect();
    sources.sort();
    assert_eq!(sources.len(), 4);
    sources
}

/// Whether the function of a module was recognised.
fn is_recognised(wasm: &[u8]) -> bool {
    let compiler =
        Compiler::new(Options { threads: Some(1), ..Options::default() }).expect("this machine is supported");
    compiler.inspect(wasm).expect("it compiles")[0].clif.contains("isplit")
}

/// The bytes of memory about `place`, as far as there are some.
fn around(place: u32) -> (usize, usize) {
    let start = place.saturating_sub(8).min(LENGTH - 40) as usize;
    (start, start + 40)
}

/// The function of a module, in a store of its own.
struct Subject {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
    /// How many numbers it takes.
    numbers: usize,
}

const FUEL: u64 = 1 << 40;

impl Subject {
    fn new(wasm: &[u8], native: bool, signals: bool, fuel: bool) -> Subject {
        let mut config = Config::new();
        config.native_products(native).signals_based_traps(signals).consume_fuel(fuel).cranelift_debug_verifier(true);
        let engine = Engine::new(&config).expect("the configuration is one");
        let module = Module::new(&engine, wasm).expect("it compiles");
        let mut store = Store::new(&engine, ());
        if fuel {
            store.set_fuel(FUEL).expect("fuel is consumed");
        }
        let instance = Instance::new(&mut store, &module, &[]).expect("it imports nothing");
        let memory = instance.get_memory(&mut store, "memory").expect("it is exported");
        let function = instance.get_func(&mut store, "multiply").expect("it is exported");
        let numbers = function.ty(&store).params().len() - 1;
        Subject { store, instance, memory, numbers }
    }

    /// What the function writes around `place`, or how it ends, and what is left of the fuel.
    fn run(&mut self, place: u32, numbers: [u64; 4]) -> (Vec<u8>, Option<Trap>, u64) {
        let function = self.instance.get_func(&mut self.store, "multiply").expect("it is exported");
        let (start, end) = around(place);
        self.memory.data_mut(&mut self.store)[start..end].fill(0x5a);
        let fuel = self.store.get_fuel().unwrap_or(0);
        let mut arguments = vec![Val::I32(place as i32)];
        arguments.extend(numbers[..self.numbers].iter().map(|number| Val::I64(*number as i64)));
        let ended = function.call(&mut self.store, &arguments, &mut []);
        let trap = ended.err().map(|error| *error.downcast_ref::<Trap>().expect("it traps"));
        let spent = fuel - self.store.get_fuel().unwrap_or(0);
        (self.memory.data(&self.store)[start..end].to_vec(), trap, spent)
    }
}

fn any(random: &mut Rng) -> u64 {
    match random.u8(..4) {
        0 => *random.choice(&EDGES).expect("there are some"),
        1 => EDGES[random.usize(..EDGES.len())].wrapping_add(random.u64(..4)),
        2 => random.u64(..) >> random.u8(..64),
        _ => random.u64(..),
    }
}

/// In the middle of memory, or about its end: within it, half outside, outside.
fn any_place(random: &mut Rng) -> u32 {
    match random.u8(..4) {
        0 => LENGTH - random.u32(..24),
        1 => random.u32(LENGTH..=u32::MAX),
        _ => random.u32(8..LENGTH - 64),
    }
}

#[test]
fn products_are_what_the_toolchains_functions_compute() {
    let run = Run::new("products", "products", 4000);
    for (name, text) in sources() {
        let wasm = wat::parse_str(&text).expect("the text is well-formed");
        assert!(is_recognised(&wasm), "{name} is not recognised");
        let both = |signals, fuel| [true, false].map(|native| Subject::new(&wasm, native, signals, fuel));
        let mut pairs = [both(true, false), both(false, false), both(true, true)];
        let mut compare = |place: u32, numbers: [u64; 4]| {
            for [native, plain] in &mut pairs {
                let (found, expected) = (native.run(place, numbers), plain.run(place, numbers));
                assert_eq!(found, expected, "{name}: {numbers:#x?} at {place:#x}");
                if found.1.is_none() {
                    let [low, high, other_low, other_high] = match native.numbers {
                        2 => [numbers[0], 0, numbers[1], 0],
                        _ => numbers,
                    };
                    let whole = |low, high| u128::from(low) | u128::from(high) << 64;
                    let product = whole(low, high).wrapping_mul(whole(other_low, other_high));
                    let start = place as usize - around(place).0;
                    assert_eq!(found.0[start..start + 16], product.to_le_bytes(), "{name}: {numbers:#x?}");
                }
            }
        };
        for first in EDGES {
            for second in EDGES {
                compare(64, [first, 0, second, 0]);
                compare(64, [first, second, second, first]);
            }
        }
        // Every place about the end, where the first store or the second is the one that traps.
        (LENGTH - 24..LENGTH + 8).for_each(|place| compare(place, [3, 5, u64::MAX, 7]));
        for case in 0..run.cases() {
            let mut random = run.random(case);
            let numbers = [(); 4].map(|()| any(&mut random));
            compare(any_place(&mut random), numbers);
        }
    }
    run.report("each with signals, without, and with fuel");
}

/// Each operator replaced by others, one at a time.
fn changed(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut all = Vec::new();
    for (position, line) in lines.iter().enumerate() {
        let (indent, operator) = line.split_at(line.len() - line.trim_start().len());
        let (operator, close) = operator.split_at(operator.trim_end_matches(')').len());
        let others: &[&str] = match operator {
            "i64.mul" => &["i64.add", "i64.and"],
            "i64.add" => &["i64.mul", "i64.sub", "i64.or", "i64.xor"],
            "i64.or" => &["i64.and", "i64.xor"],
            "i64.and" => &["i64.or", "i64.add"],
            "i64.shr_u" => &["i64.shr_s", "i64.shl", "i64.rotr"],
            "i64.shl" => &["i64.shr_u", "i64.rotl"],
            "i64.lt_u" => &["i64.lt_s", "i64.gt_u", "i64.le_u", "i64.ne"],
            "i64.extend_i32_u" => &["i64.extend_i32_s"],
            "i64.const 32" => &["i64.const 31", "i64.const 33", "i64.const 96"],
            "i64.const 4294967295" => &["i64.const 4294967294", "i64.const -1", "i64.const 2147483647"],
            "i64.store" => &["i64.store offset=1", "i64.store32"],
            "i64.store offset=8" => &["i64.store offset=7", "i64.store"],
            "local.get 1" | "local.get 2" | "local.get 3" | "local.get 4" => {
                &["local.get 1", "local.get 2", "local.get 3", "local.get 4"]
            }
            _ if operator.starts_with("local.get ") && operator != "local.get 0" => {
                &["local.get 1", "local.get 2", "local.get 5", "local.get 7"]
            }
            _ => &[],
        };
        for other in others.iter().filter(|other| **other != operator) {
            let line = format!("{indent}{other}{close}");
            let mut lines = lines.clone();
            lines[position] = &line;
            all.push(lines.join("\n"));
        }
    }
    all
}

#[test]
fn a_function_that_computes_something_else_goes_on_to() {
    let run = Run::new("changed products", "products", 40);
    let (mut different, mut recognised) = (0, 0);
    for (_, text) in sources() {
        for changed in changed(&text) {
            // Some name a local that there is none of.
            let Ok(wasm) = wat::parse_str(&changed) else { continue };
            if wasmparser::validate(&wasm).is_err() {
                continue;
            }
            different += 1;
            if !is_recognised(&wasm) {
                continue;
            }
            recognised += 1;
            let [mut native, mut plain] = [true, false].map(|native| Subject::new(&wasm, native, true, false));
            for case in 0..run.cases() {
                let mut random = run.random(case);
                let (place, numbers) = (any_place(&mut random), [(); 4].map(|()| any(&mut random)));
                assert_eq!(
                    native.run(place, numbers),
                    plain.run(place, numbers),
                    "{numbers:#x?} at {place:#x} by {changed}"
                );
            }
        }
    }
    run.report(&format!("{different} changed functions, {recognised} that store products all the same"));
    assert!(different > 300 && recognised > 10 && recognised < different / 3, "{recognised} of {different}");
}

/// A number that is `operator` of the one before it with itself, so many times over, in place of a factor in one of the functions.
fn deep(operator: &str, times: usize) -> Vec<u8> {
    let (_, text) = sources().into_iter().find(|(name, _)| name == "zig_fast").expect("it is there");
    let chain = format!("local.get 6\nlocal.get 6\n{operator}\nlocal.set 6\n").repeat(times);
    let text = text.replacen("(local i64)", &format!("(local i64 i64)\nlocal.get 4\nlocal.set 6\n{chain}"), 1);
    let text = text.replacen("local.get 4\n    local.get 1\n", "local.get 6\nlocal.get 1\n", 1);
    wat::parse_str(&text).expect("the text is well-formed")
}

#[test]
fn what_is_used_twice_is_not_computed_twice_over() {
    for (operator, times) in [("i64.mul", 45), ("i64.add", 3), ("i64.add", 45)] {
        let wasm = deep(operator, times);
        assert_eq!(is_recognised(&wasm), operator == "i64.mul" || times == 3, "{operator}, {times} times");
        let [mut native, mut plain] = [true, false].map(|native| Subject::new(&wasm, native, true, false));
        let numbers = [3, 5, u64::MAX, 7];
        assert_eq!(native.run(64, numbers), plain.run(64, numbers), "{operator}, {times} times");
    }
}
