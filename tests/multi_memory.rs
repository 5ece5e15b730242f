//! Several memories in one module against a model: imported ones, of which two may be the same, and own ones, with every instruction,
//! active segments large enough to be mapped, and passive segments; each access touches the memory it names and no other.

use std::fmt::Write;
use tancho::{Engine, Extern, Instance, Linker, Memory, MemoryType, Module, Store, Trap, Val};

const PAGE: usize = 64 << 10;
/// Memories: two imported, three own. Pages at the start and at most.
const PAGES: [(usize, usize); 5] = [(1, 3), (1, 3), (2, 2), (3, 5), (0, 2)];
/// An active segment: memory, offset, byte, length. The long ones are mapped, not copied.
const SEGMENTS: [(usize, usize, u8, usize); 5] =
    [(2, 0, 0xa2, 70_000), (3, PAGE, 0xa3, 100_000), (3, 5, 0xb3, 3), (0, 100, 0xa0, 10), (4, 0, 0, 0)];
const PASSIVE: &[u8] = b"kept for memory.init";

fn module() -> String {
    let mut text =
        String::from("(module\n(import \"host\" \"a\" (memory 1 3))\n(import \"host\" \"b\" (memory 1 3))\n");
    for (index, (minimum, maximum)) in PAGES.iter().enumerate() {
        if index >= 2 {
            writeln!(text, "(memory {minimum} {maximum})").expect("writing to a string");
        }
        writeln!(
            text,
            "(export \"memory{index}\" (memory {index}))
            (func (export \"load{index}\") (param i32) (result i64) (i64.load {index} offset=3 (local.get 0)))
            (func (export \"byte{index}\") (param i32) (result i64) (i64.load8_u {index} (local.get 0)))
            (func (export \"store{index}\") (param i32 i64) (i64.store {index} offset=3 (local.get 0) (local.get 1)))
            (func (export \"short{index}\") (param i32 i64) (i64.store16 {index} (local.get 0) (local.get 1)))
            (func (export \"size{index}\") (result i32) (memory.size {index}))
            (func (export \"grow{index}\") (param i32) (result i32) (memory.grow {index} (local.get 0)))
            (func (export \"fill{index}\") (param i32 i32 i32)
                (memory.fill {index} (local.get 0) (local.get 1) (local.get 2)))
            (func (export \"init{index}\") (param i32 i32 i32)
                (memory.init {index} $passive (local.get 0) (local.get 1) (local.get 2)))"
        )
        .expect("writing to a string");
        for source in 0..PAGES.len() {
            writeln!(
                text,
                "(func (export \"copy{index}{source}\") (param i32 i32 i32)
                    (memory.copy {index} {source} (local.get 0) (local.get 1) (local.get 2)))"
            )
            .expect("writing to a string");
        }
    }
    // A value that is loaded from one memory stays what it was over a store to another.
    text.push_str(
        "(func (export \"forward\") (param i32) (result i64)
            (i64.store 2 (local.get 0) (i64.const 1)) (i64.store 3 (local.get 0) (i64.const 2))
            (i64.store 0 (local.get 0) (i64.const 4)) (i64.store 1 (local.get 0) (i64.const 8))
            (i64.or (i64.or (i64.load 2 (local.get 0)) (i64.load 3 (local.get 0)))
                (i64.or (i64.load 0 (local.get 0)) (i64.load 1 (local.get 0)))))\n",
    );
    for (memory, offset, byte, length) in SEGMENTS {
        let bytes = format!("\\{byte:02x}").repeat(length);
        writeln!(text, "(data (memory {memory}) (i32.const {offset}) \"{bytes}\")").expect("writing to a string");
    }
    writeln!(text, "(data $passive \"{}\"))", String::from_utf8_lossy(PASSIVE)).expect("writing to a string");
    text
}

/// Pseudo-random numbers (a linear congruential generator), the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % bound.max(1) as u64) as usize
    }
}

struct Model {
    bytes: Vec<Vec<u8>>,
    /// Which of `bytes` each memory is.
    which: [usize; 5],
}

impl Model {
    fn of(&mut self, memory: usize) -> &mut Vec<u8> {
        &mut self.bytes[self.which[memory]]
    }

    /// The bytes of a range; `None` where it is out of bounds.
    fn range(&mut self, memory: usize, start: usize, length: usize) -> Option<&mut [u8]> {
        self.of(memory).get_mut(start..start + length)
    }
}

struct Run {
    store: Store<()>,
    instance: Instance,
    model: Model,
}

fn start(same: bool) -> Run {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::<()>::new(&engine);
    let a = Memory::new(&mut store, MemoryType::new(1, Some(3))).expect("there is room");
    let b = if same { a } else { Memory::new(&mut store, MemoryType::new(1, Some(3))).expect("there is room") };
    linker.define(&mut store, "host", "a", Extern::Memory(a)).expect("a new name");
    linker.define(&mut store, "host", "b", Extern::Memory(b)).expect("a new name");
    let module = Module::new(&engine, module()).expect("it compiles");
    let instance = linker.instantiate(&mut store, &module).expect("every import is there");
    let bytes = PAGES.iter().map(|(minimum, _)| vec![0; minimum * PAGE]).collect();
    let mut model = Model { bytes, which: [0, usize::from(!same), 2, 3, 4] };
    for (memory, offset, byte, length) in SEGMENTS {
        model.range(memory, offset, length).expect("segments fit").fill(byte);
    }
    Run { store, instance, model }
}

impl Run {
    /// Calls a function; its result where it has one, or its trap.
    fn call(&mut self, name: &str, arguments: &[Val]) -> Result<Option<u64>, Trap> {
        let function = self.instance.get_func(&mut self.store, name).expect("it is exported");
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        match function.call(&mut self.store, arguments, &mut results) {
            Ok(()) => Ok(results.first().map(|value| match value {
                Val::I32(value) => u64::from(*value as u32),
                Val::I64(value) => *value as u64,
                other => panic!("{other:?} is no integer"),
            })),
            Err(error) => Err(*error.downcast_ref::<Trap>().unwrap_or_else(|| panic!("{error:?}"))),
        }
    }

    /// A random place in or near a memory.
    fn place(&mut self, numbers: &mut Numbers, memory: usize) -> usize {
        let length = self.model.of(memory).len();
        match numbers.below(4) {
            0 => numbers.below(64),
            1 => (length + 16).saturating_sub(numbers.below(64)),
            _ => numbers.below(length),
        }
    }

    /// Does something random, in the engine and in the model, and compares what came of it.
    fn step(&mut self, numbers: &mut Numbers) {
        let (memory, other) = (numbers.below(5), numbers.below(5));
        let (start, from) = (self.place(numbers, memory), self.place(numbers, other));
        let most = if numbers.below(8) == 0 { 2 * PAGE } else { 40 };
        let length = numbers.below(most);
        let word = |value: usize| Val::I32(value as u32 as i32);
        let value = 0x0123_4567_89ab_cdef_u64.rotate_left(numbers.below(64) as u32);
        let oob = Err(Trap::MemoryOutOfBounds);
        let done = |range: Option<()>| range.map_or(oob, |()| Ok(None));
        let (name, arguments, expected) = match numbers.below(9) {
            0 => {
                let found = self.model.range(memory, start + 3, 8).and_then(|bytes| bytes.try_into().ok());
                ("load", vec![word(start)], found.map_or(oob, |bytes| Ok(Some(u64::from_le_bytes(bytes)))))
            }
            1 => {
                let found = self.model.range(memory, start, 1).map(|bytes| u64::from(bytes[0]));
                ("byte", vec![word(start)], found.map_or(oob, |byte| Ok(Some(byte))))
            }
            2 => {
                let bytes = self.model.range(memory, start + 3, 8);
                let expected = done(bytes.map(|bytes| bytes.copy_from_slice(&value.to_le_bytes())));
                ("store", vec![word(start), Val::I64(value as i64)], expected)
            }
            3 => {
                let bytes = self.model.range(memory, start, 2);
                let expected = done(bytes.map(|bytes| bytes.copy_from_slice(&value.to_le_bytes()[..2])));
                ("short", vec![word(start), Val::I64(value as i64)], expected)
            }
            4 => ("size", vec![], Ok(Some((self.model.of(memory).len() / PAGE) as u64))),
            5 => {
                let delta = usize::from(numbers.below(40) == 0) + usize::from(numbers.below(20) == 0) * 5;
                let pages = self.model.of(memory).len() / PAGE;
                let grows = pages + delta <= PAGES[memory].1;
                if grows {
                    self.model.of(memory).resize((pages + delta) * PAGE, 0);
                }
                ("grow", vec![word(delta)], Ok(Some(if grows { pages as u64 } else { u64::from(u32::MAX) })))
            }
            6 => {
                let expected = done(self.model.range(memory, start, length).map(|bytes| bytes.fill(value as u8)));
                ("fill", vec![word(start), Val::I32(value as i32), word(length)], expected)
            }
            7 => {
                let skip = numbers.below(PASSIVE.len() + 2);
                let source = PASSIVE.get(skip..skip + length % 24);
                let target = self.model.range(memory, start, length % 24);
                let copied = target.zip(source).map(|(target, source)| target.copy_from_slice(source));
                ("init", vec![word(start), word(skip), word(length % 24)], done(copied))
            }
            _ => {
                let source = self.model.range(other, from, length).map(|bytes| bytes.to_vec());
                let target = self.model.range(memory, start, length);
                let copied = target.zip(source).map(|(target, source)| target.copy_from_slice(&source));
                let name = format!("copy{memory}{other}");
                let found = self.call(&name, &[word(start), word(from), word(length)]);
                assert_eq!(found, done(copied), "{name} to {start} from {from}, {length} bytes");
                return;
            }
        };
        let name = format!("{name}{memory}");
        assert_eq!(self.call(&name, &arguments), expected, "{name} {arguments:?}");
    }

    fn compare(&mut self) {
        for memory in 0..PAGES.len() {
            let found = self.instance.get_memory(&mut self.store, &format!("memory{memory}")).expect("it is exported");
            assert!(
                found.data(&self.store) == &self.model.of(memory)[..],
                "memory {memory} is not as the model has it"
            );
        }
    }
}

#[test]
fn every_instruction_touches_the_memory_it_names() {
    for same in [false, true] {
        let mut run = start(same);
        run.compare();
        let mut numbers = Numbers(u64::from(same) + 7);
        for step in 0..20_000 {
            run.step(&mut numbers);
            if step % 500 == 0 {
                run.compare();
            }
        }
        run.compare();
    }
}

/// Own memories are told apart; of the imported ones the second may be the first by another name, and then the last store counts.
#[test]
fn loads_are_forwarded_from_stores_to_the_same_memory_only() {
    for (same, expected) in [(false, 1 | 2 | 4 | 8), (true, 1 | 2 | 8)] {
        let mut run = start(same);
        assert_eq!(run.call("forward", &[Val::I32(64)]), Ok(Some(expected)), "same: {same}");
    }
}

#[test]
fn the_feature_can_be_off() {
    let mut config = tancho::Config::new();
    config.wasm_multi_memory(false);
    let engine = Engine::new(&config).expect("the host is supported");
    let error = Module::new(&engine, "(module (memory 1) (memory 1))").expect_err("two memories");
    assert!(format!("{error:#}").contains("multiple memories"), "{error:#}");
}
