//! The bench of the address test: modules of accesses, the memory that they work on between its canaries, and the model of both.
//!
//! Called by the test `address` with shapes and with random expressions, and by the fuzz target `amode`.

use super::access::{self, Body, Kind, LENGTH, Pressure};
use super::canary::Canaries;
use super::tree::{self, Operands};
use crate::oracle::row::Random;
use crate::oracle::switch;
use std::ops::Range;
use std::rc::Rc;
use tancho::{Engine, Instance, Memory, Module, OptLevel, RegallocAlgorithm, Store, Trap, TypedFunc};
use tancho_abi::tunables::Tunables;

/// How code is compiled.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    opt_level: OptLevel,
    registers: RegallocAlgorithm,
    /// What the memory is.
    pub kind: Kind,
    reservation: u64,
    guard: u64,
    signals: bool,
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
                    let (kind, signals) = (Kind::USUAL, true);
                    settings.push(Setting { opt_level, registers, kind, reservation, guard, signals, belt });
                }
            }
        }
    }
    settings
}

/// The defaults; a reservation that edges of 32 bits lie beyond; one that is as large as the memory, with a guard and without; none.
const WIDE_BOUNDS: [(u64, u64); 6] =
    [(64 << 30, 32 << 20), (64 << 30, 0), (1 << 30, 128 << 10), (LENGTH, 64 << 10), (LENGTH, 0), (0, 32 << 20)];

/// Settings with the other kinds of memories, and memories that are accessed without signals.
pub fn wide_settings() -> Vec<Setting> {
    let mut settings = Vec::new();
    for kind in Kind::ALL {
        for (number, (reservation, guard)) in WIDE_BOUNDS.into_iter().enumerate() {
            for opt_level in [OptLevel::Speed, OptLevel::None] {
                // The usual kind with signals has settings enough.
                for signals in [true, false].into_iter().skip(usize::from(kind == Kind::USUAL)) {
                    let single = (number + usize::from(signals)) % 2 == 0;
                    let registers =
                        if single { RegallocAlgorithm::SinglePass } else { RegallocAlgorithm::Backtracking };
                    let belt = number % 3 == 2 && opt_level == OptLevel::Speed;
                    settings.push(Setting { opt_level, registers, kind, reservation, guard, signals, belt });
                }
            }
        }
    }
    settings
}

impl Setting {
    fn engine(&self) -> Engine {
        let mut config = switch::config();
        config.cranelift_opt_level(self.opt_level).cranelift_regalloc_algorithm(self.registers);
        config.memory_reservation(self.reservation).memory_guard_size(self.guard);
        if self.kind != Kind::USUAL || !self.signals {
            // Trees load from a 32-bit memory as well.
            config.memory64_reservation(self.reservation).wasm_custom_page_sizes(true);
        }
        config.signals_based_traps(self.signals);
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

type Access = TypedFunc<(u32, u64, u32, u64, u64), u64>;

/// What an index expression comes to.
pub type Index = Rc<dyn Fn(&Operands) -> u64>;

/// A function of a module, and what it must do.
struct Case {
    name: String,
    is_load: bool,
    size: u64,
    offset: u64,
    index: Index,
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
        let after = (setting.reservation.max(LENGTH) + setting.guard) as usize;
        let ((mut store, instance, memory), canaries) = Canaries::around(|| {
            let mut store = Store::new(engine, ());
            let instance = Instance::new(&mut store, &module, &[]).expect("there is address space");
            let memory = instance.get_memory(&mut store, "memory").expect("it is exported");
            let base = memory.data(&store).as_ptr().addr();
            // The memory of trees' values stands below, most likely; above where addresses are given out from below, as qemu does.
            let values = instance.get_memory(&mut store, "values");
            let values = values.map_or(base, |values| values.data(&store).as_ptr().addr());
            ((store, instance, memory), Range { start: values.min(base) - before, end: values.max(base) + after })
        });
        let mut random = Random::new(setting.guard);
        let mut model: Vec<u8> = (0..LENGTH / 8).flat_map(|_| random.draw().to_le_bytes()).collect();
        model.truncate(setting.kind.length() as usize);
        memory.data_mut(&mut store).copy_from_slice(&model);
        Bench { store, instance, memory, model, canaries }
    }

    fn check(&mut self, case: &Case, random: &mut Random, setting: &Setting, findings: &mut Findings) {
        let access: Access = self.instance.get_typed_func(&mut self.store, &case.name).expect("it is exported");
        for operands in &case.operands {
            let value = random.draw();
            let index = (case.index)(operands);
            let start = u128::from(index) + u128::from(case.offset);
            let inside = start + u128::from(case.size) <= u128::from(setting.kind.length());
            let outcome = access.call(&mut self.store, (operands.x, operands.y, operands.z, value, operands.t));
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
        index: Index,
        operands: Vec<Operands>,
        pressure: Pressure,
    ) {
        let name = format!("{}{}", if is_load { "load" } else { "store" }, self.cases.len());
        let kind = self.setting.kind;
        access::write(&mut self.text, &Body { kind, name: &name, access, is_load, offset, shape, pressure });
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
        let kind = &kinds[random.below(kinds.len())];
        if self.setting.kind.wide {
            let offset = if random.below(6) == 0 { *random.of(&tree::WIDE) } else { offset };
            let (text, index, operands) = self.random_wide(random, depth, offset.wrapping_add(size));
            return self.add(kind, is_load, (size, offset), &text, index, operands, pressure);
        }
        let mut operands = Vec::new();
        let edge = self.setting.kind.length().wrapping_sub(offset).wrapping_sub(size) as u32;
        for _ in 0..8 {
            let x = if random.below(2) == 0 { *random.of(&tree::VALUES) } else { random.draw() as u32 };
            let y = if random.below(2) == 0 { random.draw() } else { u64::from(*random.of(&tree::VALUES)) };
            let wanted = *random.of(&[0, edge, edge.wrapping_add(1), edge.wrapping_sub(5), u32::MAX]);
            // `z` brings the sum to where the test wants it.
            let z = wanted.wrapping_sub(value(&Operands { x, y, z: 0, t: 0 }));
            operands.push(Operands { x, y, z, t: 0 });
        }
        let text = format!("(i32.add {text} (local.get $z))");
        let index = Rc::new(move |operands: &Operands| u64::from(value(operands).wrapping_add(operands.z)));
        self.add(kind, is_load, (size, offset), &text, index, operands, pressure);
    }

    /// An index of 64 bits, and operands that bring it to the edges of an access that ends `end` bytes after it. Some expressions tell a
    /// compiler how large it can be.
    fn random_wide(&self, random: &mut Random, depth: u32, end: u64) -> (String, Index, Vec<Operands>) {
        let tree::Tree { text, value } = tree::wide(random, depth);
        let narrow = tree::tree(random, depth);
        let [amount, mask, factor] = [random.draw() % 64, *random.of(&tree::WIDE), 1 + random.draw() % 9];
        // The expression, what it makes of the sum of a tree and `$t` or `$z`, and whether that has 64 bits.
        let sum = format!("(i64.add {text} (local.get $t))");
        let narrow_sum = format!("(i32.add {} (local.get $z))", narrow.text);
        let shape = random.below(8);
        let text = match shape {
            0 | 1 => sum,
            2 => format!("(i64.shr_u {sum} (i64.const {amount}))"),
            3 => format!("(i64.and {sum} (i64.const {mask}))"),
            4 => format!("(i64.extend_i32_u {narrow_sum})"),
            5 => format!("(i64.mul (i64.extend_i32_u {narrow_sum}) (i64.const {factor}))"),
            6 => format!("(i64.add (i64.extend_i32_u {narrow_sum}) (i64.const {mask}))"),
            _ => format!("(i64.shl (i64.extend_i32_u {narrow_sum}) (i64.const {amount}))"),
        };
        let finish = move |wide: u64, narrow: u32| match shape {
            0 | 1 => wide,
            2 => wide >> amount,
            3 => wide & mask,
            4 => u64::from(narrow),
            5 => u64::from(narrow).wrapping_mul(factor),
            6 => u64::from(narrow).wrapping_add(mask),
            _ => u64::from(narrow) << amount,
        };
        let (wide, narrow) = (value, narrow.value);
        let sums = move |operands: &Operands| {
            (wide(operands).wrapping_add(operands.t), narrow(operands).wrapping_add(operands.z))
        };
        let mut all = Vec::new();
        let edge = self.setting.kind.length().wrapping_sub(end);
        let limit = self.setting.reservation;
        for _ in 0..10 {
            let near = [edge, edge, edge.wrapping_sub(5), edge.wrapping_add(1), 0];
            let far = [limit, limit.wrapping_sub(1), limit + 1, limit.wrapping_sub(end)];
            let index = match random.below(8) {
                0 => *random.of(&tree::WIDE),
                1 => (*random.of(&tree::WIDE)).wrapping_add(edge),
                2 => *random.of(&far),
                _ => *random.of(&near),
            };
            // What the finish makes of it is this index, where it can be.
            let (before, low) = match shape {
                2 => (index << amount | (random.draw() & ((1 << amount) - 1)), 0),
                3 => (index | (random.draw() & !mask), 0),
                4 => (0, index as u32),
                5 => (0, (index / factor) as u32),
                6 => (0, index.wrapping_sub(mask) as u32),
                7 => (0, (index >> amount) as u32),
                _ => (index, 0),
            };
            let x = if random.below(2) == 0 { *random.of(&tree::VALUES) } else { random.draw() as u32 };
            let y = if random.below(2) == 0 { random.draw() } else { *random.of(&tree::WIDE) };
            let mut operands = Operands { x, y, z: 0, t: 0 };
            let found = sums(&operands);
            (operands.t, operands.z) = (before.wrapping_sub(found.0), low.wrapping_sub(found.1));
            all.push(operands);
        }
        let index = move |operands: &Operands| {
            let (wide, narrow) = sums(operands);
            finish(wide, narrow)
        };
        (text, Rc::new(index), all)
    }
}
