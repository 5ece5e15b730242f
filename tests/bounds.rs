//! The sandbox wall against a model: every size of load and store at offsets and indices around every edge, for memories with
//! whole, small and no reservations and guards. An access is in bounds exactly when index + offset + size ≤ length.

#[path = "bounds/walk.rs"]
mod walk;

use std::fmt::Write;
use tancho::{Config, Engine, Instance, Module, Store, Trap};
use walk::{AGAIN, WALKS};

const PAGE: u64 = 64 << 10;
const KINDS: [(&str, &str, u64); 9] = [
    ("i32.load8_u", "i32.store8", 1),
    ("i32.load16_s", "i32.store16", 2),
    ("i32.load", "i32.store", 4),
    ("f32.load", "f32.store", 4),
    ("i64.load8_s", "i64.store8", 1),
    ("i64.load16_u", "i64.store16", 2),
    ("i64.load32_s", "i64.store32", 4),
    ("i64.load", "i64.store", 8),
    ("f64.load", "f64.store", 8),
];

/// A memory, and how accesses to it are checked.
#[derive(Clone, Copy, Debug)]
struct Case {
    /// Whether it is indexed by `i64`.
    wide: bool,
    /// Bytes, in pages of 64 KiB where they are a multiple of that.
    length: u64,
    reservation: u64,
    guard: u64,
    before: u64,
    signals: bool,
    mitigation: bool,
    belt: bool,
}

impl Case {
    const USUAL: Case = Case {
        wide: false,
        length: PAGE,
        reservation: 4 << 30,
        guard: 32 << 20,
        before: 2 << 30,
        signals: true,
        mitigation: true,
        belt: false,
    };

    fn engine(&self) -> Engine {
        let mut config = Config::new();
        config.memory_reservation(self.reservation).memory64_reservation(self.reservation);
        config.memory_guard_size(self.guard).memory_guard_before(self.before).signals_based_traps(self.signals);
        config.cranelift_memory_spectre_mitigation(self.mitigation).wasm_custom_page_sizes(true).belt(self.belt);
        Engine::new(&config).expect("the host is supported")
    }

    fn offsets(&self) -> Vec<u64> {
        let guard = self.guard;
        let mut offsets = vec![0, 1, PAGE - 1, PAGE, (1 << 31) - 1, 1 << 31, u64::from(u32::MAX)];
        offsets.extend([guard.saturating_sub(8), guard.saturating_sub(1), guard, guard + 1]);
        if self.wide {
            offsets.extend([
                self.length - 8,
                self.length - 1,
                self.length - 4,
                1 << 32,
                1 << 63,
                u64::MAX - 7,
                u64::MAX,
            ]);
        }
        offsets.retain(|offset| self.wide || u32::try_from(*offset).is_ok());
        offsets.sort_unstable();
        offsets.dedup();
        offsets
    }

    /// Indices around every edge of an access that ends `end` bytes after one.
    fn indices(&self, end: u128) -> Vec<u64> {
        let edge = (u128::from(self.length)).wrapping_sub(end) as u64;
        let mut indices = vec![0, 1, PAGE - 1, PAGE, 1 << 30, (1 << 31) - 1, 1 << 31, u64::from(u32::MAX)];
        indices.extend([edge.wrapping_sub(1), edge, edge.wrapping_add(1)]);
        let (guard, limit) = (self.guard, self.reservation);
        indices.extend([guard, limit.wrapping_sub(1), limit]);
        if self.wide {
            indices.extend([limit.wrapping_sub(end as u64), limit + 1, limit + guard, limit.wrapping_add(edge)]);
            indices.extend([
                1 << 32,
                edge.wrapping_add(1 << 32),
                1 << 63,
                edge.wrapping_add(1 << 63),
                u64::MAX - 7,
                u64::MAX,
            ]);
            // What wraps to the start, and to the end.
            indices.extend([(end as u64).wrapping_neg(), 1_u64.wrapping_sub(end as u64)]);
        }
        indices.retain(|index| self.wide || u32::try_from(*index).is_ok());
        indices
    }

    fn module(&self) -> String {
        let address = if self.wide { "i64" } else { "i32" };
        let memory = match self.length % PAGE {
            0 => format!("{address} {}", self.length / PAGE),
            _ => format!("{address} {} (pagesize 1)", self.length),
        };
        let mut text = format!("(module (memory (export \"memory\") {memory})\n");
        for (kind, (load, store, _)) in KINDS.iter().enumerate() {
            let ty = &load[..3];
            for offset in self.offsets() {
                writeln!(
                    text,
                    "(func (export \"l{kind}_{offset}\") (param {address}) (drop ({load} offset={offset} (local.get 0))))
                     (func (export \"s{kind}_{offset}\") (param {address}) ({store} offset={offset} (local.get 0) ({ty}.const 0)))"
                )
                .expect("writing to a string");
            }
        }
        text + ")"
    }

    fn check(&self) -> usize {
        let engine = self.engine();
        let module = Module::new(&engine, self.module()).expect("it compiles");
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("a page and a half fits every reservation");
        let mut accesses = 0;
        for (kind, (_, _, size)) in KINDS.iter().enumerate() {
            for offset in self.offsets() {
                let end = u128::from(offset) + u128::from(*size);
                for index in self.indices(end) {
                    let inside = u128::from(index) + end <= u128::from(self.length);
                    for access in ["l", "s"] {
                        let name = format!("{access}{kind}_{offset}");
                        let found = if self.wide {
                            let function = instance.get_typed_func::<u64, ()>(&mut store, &name);
                            function.expect("it is exported").call(&mut store, index)
                        } else {
                            let function = instance.get_typed_func::<u32, ()>(&mut store, &name);
                            function.expect("it is exported").call(&mut store, index as u32)
                        };
                        let trap = found.as_ref().err().and_then(|error| error.downcast_ref::<Trap>());
                        let expected = (!inside).then_some(&Trap::MemoryOutOfBounds);
                        assert_eq!(trap, expected, "{name} at {index:#x}, {self:?}");
                        accesses += 1;
                    }
                }
            }
        }
        accesses
    }
}

/// Lengths of `memory.copy` and `memory.fill`: in place, by a builtin, and about the sizes at which the way to do it changes.
const LENGTHS: [u32; 27] =
    [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 47, 63, 64, 65, 100, 127, 128, 129, 200, 4096, 65536];

fn bulk_module() -> String {
    let mut text = String::from(
        "(module (memory (export \"memory\") 1)
           (func (export \"copy\") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
           (func (export \"fill\") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))\n",
    );
    for length in LENGTHS {
        writeln!(
            text,
            "(func (export \"copy{length}\") (param i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const {length})))
             (func (export \"fill{length}\") (param i32 i32) (memory.fill (local.get 0) (local.get 1) (i32.const {length})))"
        )
        .expect("writing to a string");
    }
    text + ")"
}

/// Copies and fills of constant and variable length beside a model: every byte of the memory is compared after each, so that a
/// write past the end, a write before a trap, and bytes read after they were overwritten all show.
fn check_bulk(reservation: u64, guard: u64) -> usize {
    let mut config = Config::new();
    config.memory_reservation(reservation).memory_guard_size(guard);
    let engine = Engine::new(&config).expect("the host is supported");
    let module = Module::new(&engine, bulk_module()).expect("it compiles");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("one page fits every reservation");
    let memory = instance.get_memory(&mut store, "memory").expect("it is exported");
    let mut model: Vec<u8> = (0..PAGE).map(|at| (at * 31 % 251) as u8).collect();
    memory.data_mut(&mut store).copy_from_slice(&model);
    let mut operations = 0;
    for length in LENGTHS {
        let edge = PAGE as u32 - length;
        let places =
            [0, 1, 5, 64, edge.wrapping_sub(1), edge, edge + 1, PAGE as u32, PAGE as u32 + 1, u32::MAX - 7, u32::MAX];
        for target in places {
            for source in places.into_iter().chain([target.wrapping_sub(3), target.wrapping_add(3)]) {
                for (name, constant) in [("copy", true), ("copy", false), ("fill", true), ("fill", false)] {
                    let outcome = if constant {
                        let name = format!("{name}{length}");
                        let function = instance.get_typed_func::<(u32, u32), ()>(&mut store, &name).expect("exported");
                        function.call(&mut store, (target, source))
                    } else {
                        let function =
                            instance.get_typed_func::<(u32, u32, u32), ()>(&mut store, name).expect("exported");
                        function.call(&mut store, (target, source, length))
                    };
                    let range = |start: u32| {
                        let (start, length) = (start as usize, length as usize);
                        (start + length <= PAGE as usize).then(|| start..start + length)
                    };
                    let inside = match (name, range(target), range(source)) {
                        ("fill", Some(target), _) => {
                            model[target].fill(source as u8);
                            true
                        }
                        ("copy", Some(target), Some(source)) => {
                            model.copy_within(source, target.start);
                            true
                        }
                        _ => false,
                    };
                    let trap = outcome.as_ref().err().and_then(|error| error.downcast_ref::<Trap>());
                    let what = format!("{name} of {length} (constant: {constant}) from {source:#x} to {target:#x}");
                    assert_eq!(trap, (!inside).then_some(&Trap::MemoryOutOfBounds), "{what}");
                    assert!(memory.data(&store) == model, "{what}: the memory differs");
                    operations += 1;
                }
            }
        }
        // Varied bytes again after the fills.
        for (at, byte) in model.iter_mut().enumerate() {
            *byte = byte.wrapping_add((at * 7 % 253) as u8);
        }
        memory.data_mut(&mut store).copy_from_slice(&model);
    }
    operations
}

/// One function loads, writes in some way and loads again what was written: a compiler that takes the two for different memories gives
/// the first value twice.
#[test]
fn what_was_written_is_loaded_again() {
    let writes = [
        "(i32.store8 (local.get 0) (local.get 1))",
        "(i64.store (local.get 0) (i64.extend_i32_u (local.get 1)))",
        "(v128.store (local.get 0) (i32x4.splat (local.get 1)))",
        "(v128.store8_lane 3 (local.get 0) (i8x16.splat (local.get 1)))",
        "(f32.store (local.get 0) (f32.reinterpret_i32 (local.get 1)))",
        "(memory.fill (local.get 0) (local.get 1) (i32.const 1))",
        "(memory.fill (local.get 0) (local.get 1) (i32.const 40))",
        "(memory.fill (local.get 0) (local.get 1) (local.get 2))",
        "(i32.store8 offset=5000 (local.get 0) (local.get 1)) (memory.copy (local.get 0) (i32.add (local.get 0) (i32.const 5000)) (i32.const 1))",
        "(i32.store8 offset=5000 (local.get 0) (local.get 1)) (memory.copy (local.get 0) (i32.add (local.get 0) (i32.const 5000)) (i32.const 30))",
        "(i32.store8 offset=5000 (local.get 0) (local.get 1)) (memory.copy (local.get 0) (i32.add (local.get 0) (i32.const 5000)) (local.get 2))",
        "(memory.init $seven (local.get 0) (i32.const 0) (i32.const 1))",
    ];
    for (reservation, guard) in [(4 << 30, 32 << 20), (PAGE, 0)] {
        let mut text = String::from("(module (memory 1) (data $seven \"\\07\")\n");
        for (number, write) in writes.iter().enumerate() {
            let load = "(i32.load8_u (local.get 0))";
            writeln!(text, "(func (export \"f{number}\") (param i32 i32 i32) (result i32 i32) {load} {write} {load})")
                .expect("writing to a string");
        }
        let mut config = Config::new();
        config.memory_reservation(reservation).memory_guard_size(guard);
        let engine = Engine::new(&config).expect("the host is supported");
        let module = Module::new(&engine, text + ")").expect("it compiles");
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("one page fits every reservation");
        for (number, write) in writes.iter().enumerate() {
            let name = format!("f{number}");
            let f = instance.get_typed_func::<(u32, u32, u32), (u32, u32)>(&mut store, &name).expect("exported");
            let found = f.call(&mut store, (100 + number as u32 * 100, 7, 50)).expect("in bounds");
            assert_eq!(found, (0, 7), "{write}");
        }
    }
}

#[test]
fn copies_and_fills_are_in_bounds_or_trap_and_change_nothing() {
    let operations = check_bulk(4 << 30, 32 << 20) + check_bulk(PAGE, 0);
    println!("{operations} copies and fills, every one as the model has it");
    assert!(operations >= 30_000, "only {operations}");
}

#[test]
fn accesses_are_in_bounds_or_trap() {
    let mut accesses = 0;
    for reservation in [PAGE, 1 << 30, (4 << 30) - PAGE, 4 << 30] {
        for guard in [0, PAGE, 32 << 20, 4 << 30] {
            accesses += Case { reservation, guard, ..Case::USUAL }.check();
        }
    }
    println!("{accesses} accesses, every one as the model has it");
    assert!(accesses >= 28_000);
}

/// The same for indices of 64 bits, for memories that end in the middle of a page, for memories that have no reservation, and without
/// signals.
#[test]
fn accesses_to_other_memories_are_in_bounds_or_trap() {
    let mut accesses = 0;
    for wide in [false, true] {
        for length in [PAGE, PAGE + 12_345] {
            for (reservation, guard) in
                [(64 << 30, 32 << 20), (64 << 30, PAGE), (2 * PAGE, PAGE), (2 * PAGE, 0), (0, 0)]
            {
                for signals in [true, false] {
                    // Without the mitigation nothing stands behind the check.
                    let mitigation = signals;
                    accesses += Case { wide, length, reservation, guard, signals, mitigation, ..Case::USUAL }.check();
                    if reservation == 2 * PAGE {
                        accesses +=
                            Case { wide, length, reservation, guard, signals, mitigation: !mitigation, ..Case::USUAL }
                                .check();
                    }
                }
            }
        }
    }
    println!("{accesses} accesses, every one as the model has it");
    assert!(accesses >= 200_000, "only {accesses}");
}

const STEPS: [u64; 9] = [0, 1, 8, 16, 100, 4096, 4097, 8192, 40_000];

/// Indices of 64 bits that loops step through: what is checked once before a loop, or once for several accesses, against a model that
/// checks each.
#[test]
fn loops_are_in_bounds_or_trap() {
    let mut text = String::from("(module (memory (export \"memory\") i64 1)\n");
    for (number, walk) in WALKS.iter().enumerate() {
        for step in STEPS {
            let body = walk.text.replace("{s}", &step.to_string());
            writeln!(
                text,
                "(func (export \"w{number}_{step}\") (param $p i64) (param $n i64) (result i64 i64)
                   (local $sum i64) (local $q i64) (local $m i64)
                   (if (i64.ne (local.get $n) (i64.const 0)) (then (loop $again {body} {AGAIN})))
                   (local.get $p) (local.get $sum))"
            )
            .expect("writing to a string");
        }
    }
    text.push(')');
    let mut calls = 0;
    let fresh: Vec<u8> = (0..PAGE).map(|at| (at * 31 % 251) as u8).collect();
    let mut model = fresh.clone();
    for (reservation, guard, before, mitigation, belt) in [
        (64 << 30, 32 << 20, 2 << 30, true, false),
        (64 << 30, 32 << 20, 2 << 30, true, true),
        (PAGE, 64 << 10, 16 << 10, true, false),
        (PAGE, 16 << 10, 4096, false, false),
        (PAGE, 16 << 10, 8192, false, true),
        (PAGE, 16 << 10, 0, false, false),
        (PAGE, 32 << 20, 100, true, false),
        (PAGE, 0, 2 << 30, true, false),
        (0, 0, 0, true, false),
    ] {
        let case = Case { wide: true, reservation, guard, before, mitigation, belt, ..Case::USUAL };
        let engine = case.engine();
        let module = Module::new(&engine, &text).expect("it compiles");
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).expect("a page fits every reservation");
        let memory = instance.get_memory(&mut store, "memory").expect("it is exported");
        model.copy_from_slice(&fresh);
        memory.data_mut(&mut store).copy_from_slice(&fresh);
        for (number, walk) in WALKS.iter().enumerate() {
            for step in STEPS {
                let name = format!("w{number}_{step}");
                let function = instance.get_typed_func::<(u64, u64), (u64, u64)>(&mut store, &name);
                let function = function.expect("it is exported");
                for rounds in [0, 1, 2, 3, 7, 40] {
                    let far = step * rounds;
                    let starts = [
                        0,
                        PAGE.wrapping_sub(far),
                        PAGE.wrapping_sub(far + 20),
                        PAGE - 20,
                        PAGE - 19,
                        PAGE - 1,
                        PAGE,
                        reservation.wrapping_sub(1),
                        reservation,
                        reservation + 1,
                        reservation + guard,
                        1 << 32,
                        1 << 63,
                        u64::MAX,
                        far,
                        far + 20,
                        far.wrapping_sub(step),
                        far.wrapping_sub(step + 1),
                        far.saturating_sub(step + 4),
                        0_u64.wrapping_sub(step),
                        0_u64.wrapping_sub(8),
                        0_u64.wrapping_sub(16),
                        0_u64.wrapping_sub(4999),
                        0_u64.wrapping_sub(5000),
                    ];
                    for start in starts {
                        // What is never written stays as it is.
                        if walk.text.contains("store") {
                            model.copy_from_slice(&fresh);
                            memory.data_mut(&mut store).copy_from_slice(&fresh);
                        }
                        let expected = (walk.model)(&mut model, start, rounds, step);
                        let found = function.call(&mut store, (start, rounds));
                        let what = format!("{name} from {start:#x} {rounds} times, {case:?}");
                        match (&found, expected) {
                            (Ok(found), Some(expected)) => assert_eq!(*found, expected, "{what}"),
                            (Err(error), None) => {
                                assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds), "{what}");
                            }
                            _ => panic!("{what}: {found:x?}, expected {expected:x?}"),
                        }
                        if walk.text.contains("store") {
                            assert!(memory.data(&store) == model, "{what}: the memory differs");
                        }
                        calls += 1;
                    }
                }
                assert!(memory.data(&store) == model, "w{number}_{step}: the memory differs");
            }
        }
    }
    println!("{calls} walks, every one as the model has it");
    assert!(calls >= 30_000, "only {calls}");
}

/// Where a memory moves when it grows, a growth that the system refuses in the end moves nothing: faults are still looked for where the
/// memory is.
#[test]
fn a_growth_that_is_refused_leaves_the_memory_where_it_is() {
    let source = r#"(module (memory i64 1)
        (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
        (func (export "load") (param i64) (result i32) (i32.load8_u (i64.and (local.get 0) (i64.const 0xffffff)))))"#;
    let engine = Engine::new(Config::new().memory64_reservation(0)).expect("the host is supported");
    let module = Module::new(&engine, source).expect("it compiles");
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("there is address space");
    let grow = instance.get_typed_func::<i64, i64>(&mut store, "grow").expect("it is exported");
    let load = instance.get_typed_func::<i64, i32>(&mut store, "load").expect("it is exported");
    // A TiB: address space for it is given, and memory is not, where the system counts at all.
    let refused = grow.call(&mut store, 1 << 24).expect("it does not trap") == -1;
    for (index, inside) in [(0, true), (65_535, true), (65_536, !refused), (1_000_000, !refused)] {
        let result = load.call(&mut store, index);
        let trap = result.as_ref().err().map(|error| error.downcast_ref::<Trap>().copied());
        assert_eq!(trap, if inside { None } else { Some(Some(Trap::MemoryOutOfBounds)) }, "{index}: {result:?}");
    }
    assert_eq!(grow.call(&mut store, 1).expect("it does not trap") == 1, refused);
}
