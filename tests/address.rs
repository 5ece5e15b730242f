//! Addresses against a model in 128 bits: every size of access at every shape of index expression, every edge of the constant offset
//! and of the index; then random expressions. Each with the optimiser on and off, with either register allocator, values spilled, and
//! with bounds that are checked by guards, by code and by both. Accesses that leave a memory's reservation and guard land on canaries.

#[path = "address/access.rs"]
mod access;
#[path = "address/canary.rs"]
mod canary;
#[path = "address/shape.rs"]
mod shape;
#[path = "address/tree.rs"]
mod tree;

use access::{Body, Pressure};
use canary::Canaries;
use std::ops::Range;
use std::rc::Rc;
use tancho::{Config, Engine, Instance, Memory, Module, OptLevel, RegallocAlgorithm, Store, Trap, TypedFunc};
use tancho_abi::tunables::Tunables;
use tancho_tests::oracle::row::{Random, Row};
use tree::Operands;

const PAGES: u64 = 4;
const LENGTH: u64 = PAGES << 16;

/// How code is compiled.
#[derive(Clone, Copy, Debug)]
struct Setting {
    opt_level: OptLevel,
    registers: RegallocAlgorithm,
    reservation: u64,
    guard: u64,
    belt: bool,
}

/// The defaults; a guard that ends inside of the memory's length of the index; no guard, and no more reserved than is accessible.
const BOUNDS: [(u64, u64); 3] = [(4 << 30, 32 << 20), (4 << 30, 128 << 10), (LENGTH, 0)];

fn settings(belts: &[bool]) -> Vec<Setting> {
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

    fn offsets(&self) -> [u64; 8] {
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
struct Findings {
    accesses: usize,
    inside: usize,
    failures: usize,
    texts: Vec<String>,
}

impl Findings {
    /// Whether so much is wrong that more is not worth the time.
    fn are_many(&self) -> bool {
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
        let mut random = Random(setting.guard);
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

/// Twelve operands: six for an index at an edge, and six edges of the operands themselves.
fn edges(shape: &shape::Shape, offset: u64, size: u64) -> Vec<Operands> {
    let edge = LENGTH.wrapping_sub(offset).wrapping_sub(size) as u32;
    let wrapping = 0_u32.wrapping_sub(offset as u32);
    let indices = [0, edge.wrapping_sub(1), edge, edge.wrapping_add(1), wrapping, u32::MAX];
    let wanted = indices.into_iter().map(|index| (shape.operands)(index));
    let raw = [1, edge, i32::MAX as u32, 1 << 31, u32::MAX, wrapping];
    let raw = raw.into_iter().map(|x| (x, i64::from(x as i32) as u64));
    wanted.chain(raw).map(|(x, y)| Operands { x, y, z: 0 }).collect()
}

/// Functions, until there are so many that they make a module.
struct Batch<'a> {
    setting: &'a Setting,
    engine: Engine,
    head: &'a str,
    text: String,
    cases: Vec<Case>,
}

impl<'a> Batch<'a> {
    fn new(setting: &'a Setting, head: &'a str) -> Batch<'a> {
        Batch { setting, engine: setting.engine(), head, text: head.to_owned(), cases: Vec::new() }
    }

    #[allow(clippy::too_many_arguments, reason = "the dimensions of the test")]
    fn add(
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

    fn is_full(&self) -> bool {
        self.cases.len() >= 400
    }

    fn run(&mut self, random: &mut Random, findings: &mut Findings) {
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
}

fn end(row: Row, findings: &Findings) {
    row.end(findings.accesses, findings.failures);
    assert!(findings.failures == 0, "{} failures:\n{}", findings.failures, findings.texts.join("\n"));
    // Either outcome often enough to mean something.
    assert!(findings.inside * 8 > findings.accesses, "only {} of {} are in bounds", findings.inside, findings.accesses);
    assert!(findings.inside * 8 < findings.accesses * 7, "{} of {} are in bounds", findings.inside, findings.accesses);
}

#[test]
fn every_shape_of_address() {
    let row = Row::begin("C3");
    let mut random = Random(row.seed());
    let mut findings = Findings::default();
    let shapes: Vec<Rc<shape::Shape>> = shape::shapes().into_iter().map(Rc::new).collect();
    assert!(shapes.len() >= 128, "only {} shapes", shapes.len());
    let head = access::head(PAGES);
    let thorough = Row::cases(0) > 0;
    for (which, setting) in settings(&[false]).iter().enumerate() {
        let mut batch = Batch::new(setting, &head);
        for size in access::SIZES {
            let kinds = [(access::loads(size), true), (access::stores(size), false)];
            for (number, shape) in shapes.iter().enumerate() {
                let index = {
                    let shape = shape.clone();
                    Rc::new(move |operands: &Operands| (shape.index)(operands.x, operands.y))
                };
                for (place, offset) in setting.offsets().into_iter().enumerate() {
                    if findings.are_many() {
                        break;
                    }
                    // Loads and stores and their kinds take turns, so that over shapes, offsets and settings each meets each; in a soak all
                    // of them at every place.
                    let turn = number + place + which;
                    // One offset of each shape has its operands spilled; the next, its index.
                    let pressure = match (turn + size as usize) % 8 {
                        0 => Pressure::Operands,
                        1 => Pressure::Index,
                        _ => Pressure::None,
                    };
                    for (side, (kinds, is_load)) in kinds.iter().enumerate() {
                        for (kind, access) in kinds.iter().enumerate() {
                            if thorough || (turn % 2 == side && turn / 2 % kinds.len() == kind) {
                                let operands = edges(shape, offset, size);
                                batch.add(
                                    access,
                                    *is_load,
                                    (size, offset),
                                    &shape.text,
                                    index.clone(),
                                    operands,
                                    pressure,
                                );
                            }
                        }
                    }
                    if batch.is_full() {
                        batch.run(&mut random, &mut findings);
                    }
                }
            }
        }
        batch.run(&mut random, &mut findings);
    }
    assert!(findings.accesses >= 61_440 || findings.are_many(), "only {} accesses", findings.accesses);
    end(row, &findings);
}

#[test]
fn random_expressions() {
    let row = Row::begin("C3-trees");
    let mut random = Random(row.seed());
    let mut findings = Findings::default();
    let settings = settings(&[false, true]);
    let trees = Row::cases(5000);
    let head = access::head(PAGES) + &tree::values();
    // Imports and memories come before all functions that name them in the binary format; the text has them in any order.
    let mut left = trees;
    while left > 0 {
        for setting in &settings {
            let mut batch = Batch::new(setting, &head);
            for _ in 0..left.min(105) {
                let depth = 1 + random.below(5) as u32;
                let tree::Tree { text, value } = tree::tree(&mut random, depth);
                let size = *random.of(&access::SIZES);
                let offset = match random.below(4) {
                    0 => random.draw() & u64::from(u32::MAX),
                    1 => random.below(LENGTH as usize) as u64,
                    _ => *random.of(&setting.offsets()),
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
                batch.add(&kinds[random.below(kinds.len())], is_load, (size, offset), &text, index, operands, pressure);
                left -= 1;
            }
            batch.run(&mut random, &mut findings);
        }
    }
    assert!(findings.accesses >= trees * 8 || findings.are_many(), "only {} accesses", findings.accesses);
    end(row, &findings);
}
