//! The bench of the address test: modules of accesses, the memory that they work on between its canaries, and the model of both.
//!
//! Called by the test `address` with shapes and with random expressions, and by the fuzz target `amode`.

use super::access::{self, Body, Pressure};
use super::canary::Canaries;
use super::tree::{self, Operands};
use crate::oracle::row::Random;
use std::ops::Range;
use std::rc::Rc;
use tancho::{Config, Engine, Instance, Memory, Module, OptLevel, RegallocAlgorithm, Store, Trap, TypedFunc};
use tancho_abi::tunables::Tunables;

/// Pages of the memory.
pub const PAGES: u64 = 4;
/// Its length in bytes.
pub const LENGTH: u64 = PAGES << 16;

/// How code is compiled.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    opt_level: OptLevel,
    registers: RegallocAlgorithm,
    reservation: u64,
    guard: u64,
    belt: bool,
}

/// The defaults; a guard that ends inside of the memory's length of the index; no guard, and no more reserved than is accessible.
const BOUNDS: [(u64, u64); 3] = [(4 << 30, 32 << 20), (4 << 30, 128 << 10), (LENGTH, 0)];

/// All settings, with the belt as `belts` says.
pub fn settings(belts: &[bool]) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (reservation, guard) in BOUNDS {
        for opt_level in [OptLevel::Speed, OptLevel::None] {
            for registers in [RegallocAlgorithm::Backtracking, RegallocAlgorithm::SinglePass] {
                for belt in belts.iter().copied() {
                    settings.push(Setting { opt_level, registers, reservation, guard, belt });
                }
            }
        }
    }
    settings
}

impl Setting {
    fn engine(&self) -> Engine {
        let mut config = Config::new();
        config.cranelift_opt_level(self.opt_level).cranelift_regalloc_algorithm(self.registers);
        config.memory_reservation(self.reservation).memory_guard_size(self.guard);
        Engine::new(config.belt(self.belt)).expect("the host is supported")
    }

    /// Constant offsets at the edges of what is left to the guard.
    pub fn offsets(&self) -> [u64; 8] {
        // Without a guard its edges are nothing; these are in bounds and out of bounds by the index.
        let [before, at, after] = match self.guard {
            0 => [7, 0xffff, LENGTH - 8],
            guard => [guard - 1, guard, guard + 1],
        };
        [0, 1, 1 << 16, before, at, after, (1 << 31) - 1, u64::from(u32::MAX)]
    }
}

type Access = TypedFunc<(u32, u64, u32, u64), u64>;

/// A function of a module, and what it must do.
struct Case {
    name: String,
    is_load: bool,
    size: u64,
    offset: u64,
    index: Rc<dyn Fn(&Operands) -> u32>,
    pressed: bool,
    operands: Vec<Operands>,
}

/// An instance, and what its memory must hold.
struct Bench {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
    model: Vec<u8>,
    canaries: Canaries,
}

/// What has been found so far.
#[derive(Default)]
pub struct Findings {
    /// Accesses that were made.
    pub accesses: usize,
    /// Those of them that are in bounds.
    pub inside: usize,
    /// What was wrong.
    pub failures: usize,
    /// The first twenty of it.
    pub texts: Vec<String>,
}

impl Findings {
    /// Whether so much is wrong that more is not worth the time.
    pub fn are_many(&self) -> bool {
        self.failures >= 1000
    }

    fn add(&mut self, text: String) {
        self.failures += 1;
        if self.texts.len() < 20 {
            self.texts.push(text);
        }
    }
}

impl Bench {
    fn new(setting: &Setting, engine: &Engine, text: &str) -> Bench {
        let module = Module::new(engine, text).unwrap_or_else(|error| panic!("it compiles: {error:#}\n{text}"));
        let before = Tunables::default().memory_guard_before as usize;
        let after = (setting.reservation + setting.guard) as usize;
        let ((mut store, instance, memory), canaries) = Canaries::around(|| {
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module, &[]).expect("there is address space");
            let memory = instance.get_memory(&mut store, "memory").expect("it is exported");
            let base = memory.data(&store).as_ptr().addr();
            // The memory of trees' values stands below, most likely.
            let values = instance.get_memory(&mut store, "values");
            let lowest = values.map_or(base, |values| values.data(&store).as_ptr().addr().min(base));
            ((store, instance, memory), Range { start: lowest - before, end: base + after })
        });
        let mut random = Random::new(setting.guard);
        let model: Vec<u8> = (0..LENGTH / 8).flat_map(|_| random.draw().to_le_bytes()).collect();
        memory.data_mut(&mut store).copy_from_slice(&model);
        Bench { store, instance, memory, model, canaries }
    }

    fn check(&mut self, case: &Case, random: &mut Random, setting: &Setting, findings: &mut Findings) {
        let access: Access = self.instance.get_typed_func(&mut self.store, &case.name).expect("it is exported");
        for operands in &case.operands {
            let value = random.draw();
            let index = (case.index)(operands);
            let start = u128::from(index) + u128::from(case.offset);
            let inside = start + u128::from(case.size) <= u128::from(LENGTH);
            let outcome = access.call(&mut self.store, (operands.x, operands.y, operands.z, value));
            findings.accesses += 1;
            findings.inside += usize::from(inside);
            let trap = outcome.as_ref().err().map(|error| error.downcast_ref::<Trap>().copied());
            let mut expected = if case.pressed { access::sum_of_live() } else { 0 };
            let sound = if inside {
                let range = start as usize..(start + u128::from(case.size)) as usize;
                if case.is_load {
                    expected = expected.wrapping_add(number(&self.model[range]));
                } else {
                    let bytes = value.to_le_bytes().repeat(2);
                    self.model[range.clone()].copy_from_slice(&bytes[..range.len()]);
                }
                outcome.as_ref().ok() == Some(&expected)
            } else {
                trap == Some(Some(Trap::MemoryOutOfBounds))
            };
            if !sound {
                findings.add(format!(
                    "{} of {} bytes at {index:#x} + {:#x} with {operands:x?}, inside: {inside}, {setting:?}: {outcome:x?}, \
                     expected {expected:#x}",
                    case.name, case.size, case.offset
                ));
            }
        }
        if !case.is_load && self.memory.data(&self.store) != self.model {
            findings.add(format!("{} has written where it should not: {setting:?}", case.name));
            self.memory.data_mut(&mut self.store).copy_from_slice(&self.model);
        }
    }
}

/// What a load of these bytes comes to.
fn number(bytes: &[u8]) -> u64 {
    let half = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    if bytes.len() == 16 { half(&bytes[..8]) ^ half(&bytes[8..]) } else { half(bytes) }
}

/// Functions, until there are so many that they make a module.
pub struct Batch<'a> {
    setting: &'a Setting,
    engine: Engine,
    head: &'a str,
    text: String,
    cases: Vec<Case>,
}

impl<'a> Batch<'a> {
    /// An empty one. `head` is what its modules begin with.
    pub fn new(setting: &'a Setting, head: &'a str) -> Batch<'a> {
        Batch { setting, engine: setting.engine(), head, text: head.to_owned(), cases: Vec::new() }
    }

    /// Adds an access.
    #[allow(clippy::too_many_arguments, reason = "the dimensions of the test")]
    pub fn add(
        &mut self,
        access: &str,
        is_load: bool,
        (size, offset): (u64, u64),
        shape: &str,
        index: Rc<dyn Fn(&Operands) -> u32>,
        operands: Vec<Operands>,
        pressure: Pressure,
    ) {
        let name = format!("{}{}", if is_load { "load" } else { "store" }, self.cases.len());
        access::write(&mut self.text, &Body { name: &name, access, is_load, offset, shape, pressure });
        let pressed = pressure != Pressure::None;
        self.cases.push(Case { name, is_load, size, offset, index, pressed, operands });
    }

    /// Whether it is time to run them.
    pub fn is_full(&self) -> bool {
        self.cases.len() >= 400
    }

    /// Runs them, and is empty again.
    pub fn run(&mut self, random: &mut Random, findings: &mut Findings) {
        if self.cases.is_empty() {
            return;
        }
        self.text.push(')');
        let mut bench = Bench::new(self.setting, &self.engine, &self.text);
        for case in &self.cases {
            if findings.are_many() {
                break;
            }
            bench.check(case, random, self.setting, findings);
        }
        if bench.memory.data(&bench.store) != bench.model {
            findings.add(format!("a load has written: {:?}", self.setting));
        }
        let touched = bench.canaries.touched();
        if touched > 0 {
            findings.add(format!("{touched} pages of canaries were touched: {:?}", self.setting));
        }
        self.text = self.head.to_owned();
        self.cases.clear();
    }

    /// Adds an access whose size, kind, offset, index expression and operands are random.
    pub fn add_random(&mut self, random: &mut Random) {
        let depth = 1 + random.below(5) as u32;
        let tree::Tree { text, value } = tree::tree(random, depth);
        let size = *random.of(&access::SIZES);
        let offset = match random.below(4) {
            0 => random.draw() & u64::from(u32::MAX),
            1 => random.below(LENGTH as usize) as u64,
            _ => *random.of(&self.setting.offsets()),
        };
        let is_load = random.below(2) == 0;
        let kinds = if is_load { access::loads(size) } else { access::stores(size) };
        let pressure = *random.of(&[Pressure::None, Pressure::None, Pressure::Operands, Pressure::Index]);
        let mut operands = Vec::new();
        let edge = LENGTH.wrapping_sub(offset).wrapping_sub(size) as u32;
        for _ in 0..8 {
            let x = if random.below(2) == 0 { *random.of(&tree::VALUES) } else { random.draw() as u32 };
            let y = if random.below(2) == 0 { random.draw() } else { u64::from(*random.of(&tree::VALUES)) };
            let wanted = *random.of(&[0, edge, edge.wrapping_add(1), edge.wrapping_sub(5), u32::MAX]);
            // `z` brings the sum to where the test wants it.
            let z = wanted.wrapping_sub(value(&Operands { x, y, z: 0 }));
            operands.push(Operands { x, y, z });
        }
        let text = format!("(i32.add {text} (local.get $z))");
        let index = Rc::new(move |operands: &Operands| value(operands).wrapping_add(operands.z));
        self.add(&kinds[random.below(kinds.len())], is_load, (size, offset), &text, index, operands, pressure);
    }
}
