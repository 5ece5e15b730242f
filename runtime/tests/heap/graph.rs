//! Random operations on a heap, and the same on a model of it: a graph of objects that Rust keeps.
//!
//! Each object has a number of its own in the model, and carries it. After a while everything that the model can reach is looked up in the
//! heap, which must have the same values, and the same objects where the model has one twice. Values of the host must be alive exactly if the
//! model reaches them, once all has been collected.

use super::{Counted, alone, field, i32_value, i64_value, low, reference, wide};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tancho_abi::object::i31_reference;
use tancho_abi::types::{CompositeType, FuncType, RefType, StorageType, ValType};
use tancho_abi::vmctx::ValRaw;
use tancho_runtime::gc::OwnedRoot;
use tancho_runtime::store::{GlobalId, GlobalType, Store, TableId, TagId};
use tancho_runtime::table::{TableType, TableValue};
use tancho_runtime::types::{RegisteredType, TypeRegistry};

/// SplitMix64.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// Runs cases; `TANCHO_SEED`, `TANCHO_CASES` and `TANCHO_CASE` choose others.
pub fn cases(count: u64, seed: u64, run: impl Fn(u64)) {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        }
    };
    let seed = number("TANCHO_SEED").unwrap_or(seed);
    let count = number("TANCHO_CASES").unwrap_or(count);
    let one = number("TANCHO_CASE");
    for case in one.map_or(0..count, |case| case..case + 1) {
        eprintln!("TANCHO_SEED={seed:#x} TANCHO_CASE={case}");
        run(Rng(seed ^ case << 32).next());
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Value {
    Null,
    I31(u32),
    Object(usize),
}

/// An object of the model, by what it refers to.
enum Shape {
    /// The number, `anyref`, `i16`, `externref`, `exnref`.
    Node(u32, [Value; 3]),
    /// Elements `anyref`.
    Array(Vec<Value>),
    Bytes(Vec<u8>),
    Host,
    /// `anyref`, `exnref`.
    Exn([Value; 2]),
}

struct Case {
    store: Store,
    node: Arc<RegisteredType>,
    array: Arc<RegisteredType>,
    bytes: Arc<RegisteredType>,
    tag: TagId,
    table: TableId,
    globals: [GlobalId; 2],
    model: Vec<Shape>,
    /// Roots: the model's object and the heap's.
    roots: Vec<(usize, OwnedRoot)>,
    in_table: Vec<Value>,
    in_globals: [Value; 2],
    drops: Arc<AtomicUsize>,
    hosts: usize,
}

const TABLE: usize = 40;

/// A case of `steps` operations.
pub fn run(mut store: Store, rng: &mut Rng, steps: usize) {
    let registry = TypeRegistry::new();
    let fields = [
        StorageType::Val(ValType::I64),
        reference(RefType::ANYREF),
        StorageType::I16,
        reference(RefType::EXTERNREF),
        reference(RefType::EXNREF),
    ];
    let node = alone(&registry, CompositeType::Struct(fields.map(field).into()));
    let array = alone(&registry, CompositeType::Array(field(reference(RefType::ANYREF))));
    let bytes = alone(&registry, CompositeType::Array(field(StorageType::I8)));
    let params = [ValType::I64, ValType::Ref(RefType::ANYREF), ValType::Ref(RefType::EXNREF)].into();
    let tag = store.new_tag(&registry.register(&FuncType { params, results: Box::default() }));
    let ty = TableType { element: RefType::ANYREF, minimum: TABLE as u64, maximum: None, index64: false };
    let table = store.new_table(ty, TableValue::Reference(0)).unwrap();
    let global =
        |store: &mut Store, ty| store.new_global(GlobalType { ty: ValType::Ref(ty), mutable: true }, ValRaw::ZERO);
    let globals = [global(&mut store, RefType::ANYREF), global(&mut store, RefType::EXNREF)];
    let mut case = Case {
        store,
        node,
        array,
        bytes,
        tag,
        table,
        globals,
        model: Vec::new(),
        roots: Vec::new(),
        in_table: vec![Value::Null; TABLE],
        in_globals: [Value::Null; 2],
        drops: Arc::default(),
        hosts: 0,
    };
    for step in 0..steps {
        case.step(rng);
        if step % 500 == 499 {
            case.check();
        }
    }
    case.store.collect();
    let reached = case.check();
    let alive = reached.iter().filter(|object| matches!(case.model[**object], Shape::Host)).count();
    assert_eq!((case.store.extern_count(), case.drops.load(Ordering::Relaxed)), (alive, case.hosts - alive));
    drop(case.store);
    assert_eq!(case.drops.load(Ordering::Relaxed), case.hosts);
}

impl Case {
    fn step(&mut self, rng: &mut Rng) {
        match rng.below(100) {
            0..45 => self.make(rng),
            45..75 => self.mutate(rng),
            75..85 => self.forget(rng),
            85..93 => self.put_in_table(rng),
            93..97 => {
                let is_exn = rng.below(2) == 1;
                let (value, raw) = self.pick(rng, is_exn);
                self.in_globals[usize::from(is_exn)] = value;
                let place = self.store.global(self.globals[usize::from(is_exn)]).1;
                // SAFETY: the store is ours alone.
                unsafe { place.write(i32_value(raw)) };
            }
            97 => {
                // Something that dies at once.
                let length = [10, 3000, 20_000][rng.below(3)];
                self.store.new_array(&self.bytes, length).unwrap();
            }
            _ if rng.below(8) == 0 => self.store.collect(),
            _ => self.make(rng),
        }
    }

    /// A value for a place of `exnref`s or of `anyref`s and `externref`s: of the model and of the heap.
    fn pick(&self, rng: &mut Rng, is_exn: bool) -> (Value, u32) {
        if !is_exn && rng.below(8) == 0 {
            let number = rng.below(1 << 20) as u32;
            return (Value::I31(number), i31_reference(number));
        }
        if self.roots.is_empty() || rng.below(10) == 0 {
            return (Value::Null, 0);
        }
        let (object, root) = self.roots[rng.below(self.roots.len())];
        if matches!(self.model[object], Shape::Exn(_)) != is_exn {
            return (Value::Null, 0);
        }
        (Value::Object(object), self.store.owned(root).unwrap())
    }

    fn make(&mut self, rng: &mut Rng) {
        let id = self.model.len();
        let raw_id = i64_value(id as u64);
        let (shape, object) = match rng.below(20) {
            0..9 => {
                let object = self.store.new_struct(&self.node).unwrap();
                let [any, host, exn] = [false, false, true].map(|is_exn| self.pick(rng, is_exn));
                let small = rng.below(1 << 16) as u32;
                let values = [raw_id, i32_value(any.1), i32_value(small), i32_value(host.1), i32_value(exn.1)];
                for (index, value) in (0..).zip(values) {
                    self.store.set_field(object, index, value).unwrap();
                }
                (Shape::Node(small, [any.0, host.0, exn.0]), object)
            }
            9..14 => {
                let length = match rng.below(12) {
                    0 => 2000 + rng.below(40_000),
                    1..3 => rng.below(2000),
                    _ => rng.below(30),
                };
                let object = self.store.new_array(&self.array, length as u32).unwrap();
                let mut elements = vec![Value::Null; length];
                for (index, element) in (0..).zip(elements.iter_mut().take(20)) {
                    let (value, raw) = self.pick(rng, false);
                    *element = value;
                    self.store.set_element(object, index, i32_value(raw)).unwrap();
                }
                (Shape::Array(elements), object)
            }
            14..16 => {
                let length = if rng.below(12) == 0 { rng.below(200_000) } else { rng.below(100) };
                let object = self.store.new_array(&self.bytes, length as u32).unwrap();
                let content: Vec<u8> = (0..length).map(|index| (index * 31 + id) as u8).collect();
                for (index, byte) in (0..).zip(&content) {
                    self.store.set_element(object, index, i32_value(u32::from(*byte))).unwrap();
                }
                (Shape::Bytes(content), object)
            }
            16..18 => {
                self.hosts += 1;
                let value = Box::new((id, Counted(self.drops.clone())));
                (Shape::Host, self.store.new_extern(value).unwrap())
            }
            _ => {
                let object = self.store.new_exception(self.tag).unwrap();
                let (any, exn) = (self.pick(rng, false), self.pick(rng, true));
                for (index, value) in (0..).zip([raw_id, i32_value(any.1), i32_value(exn.1)]) {
                    self.store.set_exception_value(object, index, value).unwrap();
                }
                (Shape::Exn([any.0, exn.0]), object)
            }
        };
        self.model.push(shape);
        self.roots.push((id, self.store.own(object)));
    }

    /// Writes a reference into a rooted object.
    fn mutate(&mut self, rng: &mut Rng) {
        if self.roots.is_empty() {
            return;
        }
        let (id, root) = self.roots[rng.below(self.roots.len())];
        let object = self.store.owned(root).unwrap();
        let which = rng.below(3);
        let index = rng.below(40_000);
        match &self.model[id] {
            Shape::Node(..) => {
                let (value, raw) = self.pick(rng, which == 2);
                self.store.set_field(object, [1, 3, 4][which], i32_value(raw)).unwrap();
                let Shape::Node(_, values) = &mut self.model[id] else { unreachable!() };
                values[which] = value;
            }
            Shape::Array(elements) if !elements.is_empty() => {
                let index = index % elements.len();
                let (value, raw) = self.pick(rng, false);
                self.store.set_element(object, index as u32, i32_value(raw)).unwrap();
                let Shape::Array(elements) = &mut self.model[id] else { unreachable!() };
                elements[index] = value;
            }
            Shape::Array(_) | Shape::Bytes(_) | Shape::Host | Shape::Exn(_) => {}
        }
    }

    /// Gives roots up.
    fn forget(&mut self, rng: &mut Rng) {
        for _ in 0..rng.below(if self.roots.len() > 200 { 60 } else { 8 }) {
            if !self.roots.is_empty() {
                let (_, root) = self.roots.swap_remove(rng.below(self.roots.len()));
                self.store.disown(root);
            }
        }
    }

    fn put_in_table(&mut self, rng: &mut Rng) {
        let (value, raw) = self.pick(rng, false);
        let index = rng.below(TABLE);
        self.in_table[index] = value;
        self.store.table_mut(self.table).set(index as u64, TableValue::Reference(raw)).unwrap();
    }

    /// Compares all that can be reached; gives it.
    fn check(&self) -> HashSet<usize> {
        let mut open: Vec<(Value, u32)> = Vec::new();
        for (object, root) in &self.roots {
            open.push((Value::Object(*object), self.store.owned(*root).unwrap()));
        }
        for (index, value) in self.in_table.iter().enumerate() {
            let Some(TableValue::Reference(raw)) = self.store.table(self.table).get(index as u64) else { panic!() };
            open.push((*value, raw));
        }
        for (value, global) in self.in_globals.iter().zip(self.globals) {
            // SAFETY: the store is not in use.
            open.push((*value, low(unsafe { self.store.global(global).1.read() })));
        }
        let mut places: HashMap<usize, u32> = HashMap::new();
        while let Some((value, raw)) = open.pop() {
            match value {
                Value::Null => assert_eq!(raw, 0),
                Value::I31(number) => assert_eq!(raw, i31_reference(number)),
                Value::Object(id) => match places.insert(id, raw) {
                    Some(before) => assert_eq!(before, raw, "object {id} is two"),
                    None => self.compare(id, raw, &mut open),
                },
            }
        }
        let distinct: HashSet<u32> = places.values().copied().collect();
        assert_eq!(distinct.len(), places.len(), "two objects are one");
        places.into_keys().collect()
    }

    fn compare(&self, id: usize, raw: u32, open: &mut Vec<(Value, u32)>) {
        let store = &self.store;
        match &self.model[id] {
            Shape::Node(small, values) => {
                let field = |index| store.field(raw, index).unwrap();
                assert_eq!((wide(field(0)), low(field(2))), (id as u64, *small));
                open.extend(values.iter().zip([1, 3, 4]).map(|(value, index)| (*value, low(field(index)))));
            }
            Shape::Array(elements) => {
                assert_eq!(store.array_length(raw), Some(elements.len() as u32));
                for (index, value) in (0..).zip(elements) {
                    let element = low(store.element(raw, index).unwrap());
                    if *value == Value::Null {
                        assert_eq!(element, 0);
                    } else {
                        open.push((*value, element));
                    }
                }
            }
            Shape::Bytes(content) => {
                assert_eq!(store.array_length(raw), Some(content.len() as u32));
                for (index, byte) in (0..).zip(content).step_by(7) {
                    assert_eq!(low(store.element(raw, index).unwrap()), u32::from(*byte));
                }
            }
            Shape::Host => {
                let value = store.extern_value(raw).unwrap().downcast_ref::<(usize, Counted)>().unwrap();
                assert_eq!(value.0, id);
            }
            Shape::Exn(values) => {
                let (tag, raws) = store.exception(raw).unwrap();
                assert_eq!((tag, wide(raws[0])), (self.tag, id as u64));
                open.extend(values.iter().zip(&raws[1..]).map(|(value, raw)| (*value, low(*raw))));
            }
        }
    }
}
