//! Instantiation of hand-made images: memories and their images, tables, globals, segments, imports, and failures that
//! leave the store as it was.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test")]

mod hand;

use hand::{Hand, operator, types};
use std::sync::Arc;
use tancho_abi::index::{DefinedGlobalIndex, GlobalIndex, MemoryIndex, TableIndex};
use tancho_abi::module::*;
use tancho_abi::trap::Trap;
use tancho_abi::types::{RefType, ValType};
use tancho_abi::vmctx::*;
use tancho_runtime::code::Code;
use tancho_runtime::instantiate::{FunctionImport, Imports, InstantiateError};
use tancho_runtime::memory::{MemoryError, MemoryType};
use tancho_runtime::store::{Export, GlobalId, GlobalType, InstanceId, MemoryId, Store, TableId};
use tancho_runtime::table::{TableError, TableType, TableValue};
use tancho_runtime::template::Template;
use tancho_runtime::types::TypeRegistry;

const FUNCREF: ValType = ValType::Ref(RefType::FUNCREF);
const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);

fn store() -> Store {
    Store::new(Arc::default()).unwrap()
}

fn instantiate(store: &mut Store, code: &Arc<Code>, imports: Imports) -> Result<InstanceId, InstantiateError> {
    store.instantiate(&Template::new(code.clone(), types(&TypeRegistry::new(), code)), imports)
}

fn memory(store: &Store, instance: InstanceId, index: u32) -> MemoryId {
    let Some(Export::Memory(memory)) = store.export(instance, ExternKind::Memory, index) else { panic!() };
    memory
}

fn table(store: &Store, instance: InstanceId, index: u32) -> TableId {
    let Some(Export::Table(table)) = store.export(instance, ExternKind::Table, index) else { panic!() };
    table
}

fn global(store: &Store, instance: InstanceId, index: u32) -> GlobalId {
    let Some(Export::Global(global)) = store.export(instance, ExternKind::Global, index) else { panic!() };
    global
}

fn read(store: &Store, global: GlobalId) -> ValRaw {
    // SAFETY: the store is not in use.
    unsafe { store.global(global).1.read() }
}

/// Runs a builtin as compiled code would; the trap that it left pending.
macro_rules! builtin {
    ($store:expr, $instance:expr, $name:ident($($argument:expr),*)) => {{
        let (vmctx, vm) = ($store.vmctx($instance), $store.vm());
        // SAFETY: the context is the instance's, and the store is ours alone.
        unsafe {
            let result = ((*(*vmctx).builtins).$name)(vmctx, $($argument),*);
            let pending = std::mem::take(&mut (*vm).pending);
            (result, Trap::from_code(pending as u8))
        }
    }};
}

#[test]
fn memory_images_are_shared_until_written() {
    // One image large enough to be mapped, one small enough to be copied.
    for size in [256_usize << 10, 8 << 10] {
        let mut hand = Hand::new();
        hand.memory(8, None);
        let page = tancho_abi::target::Architecture::HOST.page_size() as usize;
        let size = size.next_multiple_of(page);
        hand.images = (0..size).map(|position| (position / 7) as u8).collect();
        hand.module.memory_image_records.push(MemoryImageRecord {
            memory: MemoryIndex(0),
            reserved: 0,
            memory_offset: 65536,
            image_offset: 0,
            length: size as u64,
        });
        let contents = hand.images.clone();
        let code = hand.load();
        let mut stores = [store(), store()];
        let ids = stores.each_mut().map(|store| instantiate(store, &code, Imports::default()).unwrap());
        let memories = [0, 1].map(|which| memory(&stores[which], ids[which], 0));
        for which in [0, 1] {
            let bytes = stores[which].memory(memories[which]).as_slice();
            assert_eq!(bytes.len(), 8 << 16);
            assert_eq!(bytes[65536..][..size], contents);
            assert!(bytes[..65536].iter().chain(&bytes[65536 + size..]).all(|byte| *byte == 0));
        }
        stores[0].memory_mut(memories[0]).as_mut_slice().fill(0xEE);
        assert_eq!(stores[1].memory(memories[1]).as_slice()[65536..][..size], contents);
        // A later instance, in the store that was written to, sees none of it.
        let third = instantiate(&mut stores[0], &code, Imports::default()).unwrap();
        let third = memory(&stores[0], third, 0);
        assert_eq!(stores[0].memory(third).as_slice()[65536..][..size], contents);
        assert!(stores[0].memory(third).as_slice()[..65536].iter().all(|byte| *byte == 0));
    }
}

#[test]
fn exactly_the_length_of_a_memory_is_accessible() {
    let mut hand = Hand::new();
    hand.memory(2, Some(4));
    let mut store = store();
    let instance = instantiate(&mut store, &hand.load(), Imports::default()).unwrap();
    let memory = memory(&store, instance, 0);
    let base = store.memory(memory).base().addr();
    let permission = |address: usize| {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.lines()
            .find_map(|line| {
                let (range, rest) = line.split_once(' ')?;
                let (start, end) = range.split_once('-')?;
                let number = |digits| usize::from_str_radix(digits, 16).unwrap();
                (number(start)..number(end)).contains(&address).then(|| rest[..4].to_owned())
            })
            .unwrap_or_default()
    };
    for pages in 2..=4 {
        let end = base + (pages << 16);
        assert_eq!(permission(base), "rw-p");
        assert_eq!(permission(end - 1), "rw-p");
        // The page below is read by code that is to be interrupted.
        assert_eq!(permission(base - 1), "r--p");
        for inaccessible in [base - 4097, base - (2 << 30), end, base + (4 << 30), base + (4 << 30) + (32 << 20) - 1] {
            assert_eq!(permission(inaccessible), "---p", "{pages} pages");
        }
        let grown = builtin!(store, instance, memory_grow(0, 1));
        assert_eq!(grown, (if pages < 4 { pages as i64 } else { -1 }, None));
    }
    assert_eq!(builtin!(store, instance, memory_grow(0, u64::MAX)), (-1, None));
    assert_eq!(builtin!(store, instance, memory_grow(0, 0)), (4, None));
    // SAFETY: the context has its memory's head first.
    let head = unsafe { &*store.vmctx(instance).byte_add(size_of::<VmContext>()).cast::<VmMemory>() };
    assert_eq!((head.base.addr(), head.length), (base, 4 << 16));
}

#[test]
fn memory_builtins_check_before_they_write() {
    let mut hand = Hand::new();
    hand.memory(1, None);
    hand.memory(1, None);
    hand.data(SegmentMode::Passive, Range::default(), b"crane", false);
    let mut store = store();
    let instance = instantiate(&mut store, &hand.load(), Imports::default()).unwrap();
    let oob = ((), Some(Trap::MemoryOutOfBounds));
    let ok = ((), None);
    assert_eq!(builtin!(store, instance, memory_init(0, 0, 65531, 0, 5)), ok);
    assert_eq!(builtin!(store, instance, memory_init(0, 0, 65532, 0, 5)), oob);
    assert_eq!(builtin!(store, instance, memory_init(0, 0, 0, 3, 3)), oob);
    assert_eq!(builtin!(store, instance, memory_init(0, 0, 0, u32::MAX, u32::MAX)), oob);
    let place = |index, offset| store.memory(memory(&store, instance, index)).base().wrapping_add(offset);
    let (start, end) = (place(1, 0), place(0, 65531));
    assert_eq!(builtin!(store, instance, memory_copy(start, end, 5)), ok);
    assert_eq!(builtin!(store, instance, memory_copy(start.wrapping_add(2), start, 5)), ok);
    assert_eq!(builtin!(store, instance, memory_fill(place(0, 0), 0x1ff, 2)), ok);
    let second = memory(&store, instance, 1);
    assert_eq!(&store.memory(second).as_slice()[..8], b"crcrane\0");
    let first = memory(&store, instance, 0);
    assert_eq!(store.memory(first).as_slice()[..3], [0xff, 0xff, 0]);
    assert_eq!(builtin!(store, instance, data_drop(0)), ok);
    assert_eq!(builtin!(store, instance, memory_init(0, 0, 0, 0, 1)), oob);
    assert_eq!(builtin!(store, instance, memory_init(0, 0, 0, 0, 0)), ok);
}

#[test]
fn constants_are_evaluated() {
    let mut hand = Hand::new();
    let seven = hand.i32(7);
    hand.global(ValType::I32, seven);
    let wide = hand.constant(&[ConstantRecord { operator: ConstantOperator::V128 as u32, index: 0, low: 1, high: 2 }]);
    hand.global(ValType::V128, wide);
    let sum = hand.constant(&[
        operator(ConstantOperator::GlobalGet, 0, 0),
        operator(ConstantOperator::I32, 0, 3),
        operator(ConstantOperator::I32Mul, 0, 0),
        operator(ConstantOperator::I32, 0, 22),
        operator(ConstantOperator::I32Sub, 0, 0),
    ]);
    hand.global(ValType::I32, sum);
    let long = hand.constant(&[
        operator(ConstantOperator::I64, 0, u64::MAX),
        operator(ConstantOperator::I64, 0, 2),
        operator(ConstantOperator::I64Add, 0, 0),
    ]);
    hand.global(ValType::I64, long);
    let null = hand.constant(&[operator(ConstantOperator::RefNull, 0, 0)]);
    hand.global(FUNCREF, null);
    let mut store = store();
    let instance = instantiate(&mut store, &hand.load(), Imports::default()).unwrap();
    // SAFETY: each value is read as what it is; all of its bytes have been written.
    unsafe {
        assert_eq!(read(&store, global(&store, instance, 0)).i32, 7);
        assert_eq!(u128::from_le_bytes(read(&store, global(&store, instance, 1)).v128), 1 | 2 << 64);
        assert_eq!(read(&store, global(&store, instance, 2)).i32, u32::MAX);
        assert_eq!(read(&store, global(&store, instance, 3)).i64, 1);
        assert!(read(&store, global(&store, instance, 4)).funcref.is_null());
    }
    assert_eq!(store.global(global(&store, instance, 1)).0, &GlobalType { ty: ValType::V128, mutable: true });
}

#[test]
fn unsound_constants_are_errors() {
    for operators in [
        &[operator(ConstantOperator::I32Add, 0, 0)][..],
        &[operator(ConstantOperator::GlobalGet, 9, 0)],
        &[operator(ConstantOperator::RefFunc, 9, 0)],
        &[operator(ConstantOperator::I32, 0, 0), operator(ConstantOperator::I32, 0, 0)],
        &[],
        &[ConstantRecord { operator: 99, index: 0, low: 0, high: 0 }],
    ] {
        let mut hand = Hand::new();
        let init = hand.constant(operators);
        hand.global(ValType::I32, init);
        let result = instantiate(&mut store(), &hand.load(), Imports::default());
        assert!(matches!(result, Err(InstantiateError::Malformed(_))), "{operators:?}");
    }
}

/// A module that defines two functions, a table of functions and element segments.
fn with_table() -> Hand {
    let mut hand = Hand::new();
    let ty = hand.ty(&[ValType::I32], &[]);
    hand.text = vec![0xcc; 64];
    hand.function(ty, 0, 16);
    hand.function(ty, 16, 32);
    hand.table(FUNCREF, 4, Some(6));
    let one = hand.i32(1);
    hand.elements(SegmentMode::Active, one, &[1, NONE, 0], FUNCREF);
    hand.elements(SegmentMode::Passive, Range::default(), &[0, 1], FUNCREF);
    hand.elements(SegmentMode::Declared, Range::default(), &[0], FUNCREF);
    hand
}

#[test]
fn element_segments_fill_tables() {
    let mut store = store();
    let code = with_table().load();
    let instance = instantiate(&mut store, &code, Imports::default()).unwrap();
    let table = table(&store, instance, 0);
    let functions = [0, 1].map(|index| match store.export(instance, ExternKind::Function, index) {
        Some(Export::Function(function)) => function.as_ptr(),
        _ => panic!(),
    });
    let get = |store: &Store| -> Vec<_> {
        (0..store.table(table).size()).map(|index| store.table(table).get(index).unwrap()).collect()
    };
    let null = TableValue::Function(std::ptr::null_mut());
    let [first, second] = functions.map(TableValue::Function);
    assert_eq!(get(&store), [null, second, null, first]);
    // SAFETY: the reference is the instance's.
    unsafe {
        assert_eq!((*functions[1]).external, code.address(16).unwrap());
        assert_eq!((*functions[1]).vmctx, store.vmctx(instance));
        assert!((*functions[1]).type_id != 0 && (*functions[1]).array_entry.is_null());
    }
    let oob = ((), Some(Trap::TableOutOfBounds));
    let ok = ((), None);
    assert_eq!(builtin!(store, instance, table_init(0, 1, 0, 0, 2)), ok);
    assert_eq!(get(&store), [first, second, null, first]);
    assert_eq!(builtin!(store, instance, table_init(0, 1, 3, 0, 2)), oob);
    assert_eq!(builtin!(store, instance, table_init(0, 1, 0, 1, 2)), oob);
    // Applied and declared segments count as dropped.
    assert_eq!(builtin!(store, instance, table_init(0, 0, 0, 0, 1)), oob);
    assert_eq!(builtin!(store, instance, table_init(0, 2, 0, 0, 1)), oob);
    assert_eq!(builtin!(store, instance, elem_drop(1)), ok);
    assert_eq!(builtin!(store, instance, table_init(0, 1, 0, 0, 1)), oob);
    assert_eq!(builtin!(store, instance, table_copy(0, 0, 1, 0, 3)), ok);
    assert_eq!(get(&store), [first, first, second, null]);
    assert_eq!(builtin!(store, instance, table_copy(0, 0, 2, 0, 3)), oob);
    assert_eq!(builtin!(store, instance, table_grow_function(0, 3, functions[0])), (-1, None));
    assert_eq!(builtin!(store, instance, table_grow_function(0, 2, functions[1])), (4, None));
    assert_eq!(builtin!(store, instance, table_fill_function(0, 0, std::ptr::null_mut(), 4)), ok);
    assert_eq!(builtin!(store, instance, table_fill_function(0, 5, std::ptr::null_mut(), 2)), oob);
    assert_eq!(get(&store), [null, null, null, null, second, second]);
    let offset = code.layout().defined_table(TableIndex(0)) as usize;
    // SAFETY: the layout's place for the head, and an entry within its length.
    unsafe {
        let head = &*store.vmctx(instance).byte_add(offset).cast::<VmTable>();
        assert_eq!(head.length, 6);
        let entry = &*head.base.cast::<VmFunctionEntry>().add(5);
        assert_eq!(
            (entry.funcref, entry.vmctx, entry.internal),
            (functions[1], store.vmctx(instance), code.address(16).unwrap())
        );
        assert_eq!(entry.type_id, (*functions[1]).type_id);
    }
}

#[test]
fn segments_out_of_bounds_trap_after_earlier_ones() {
    let mut hand = with_table();
    hand.memory(1, None);
    let (two, late, early) = (hand.i32(2), hand.i32(65535), hand.i32(0));
    hand.data(SegmentMode::Active, early, b"crane", false);
    hand.data(SegmentMode::Active, late, b"!!", false);
    let mut store = store();
    let mut hand_again = with_table();
    hand_again.elements(SegmentMode::Active, two, &[0, 0, 0], FUNCREF);
    let result = instantiate(&mut store, &hand.load(), Imports::default());
    assert!(matches!(result, Err(InstantiateError::Segment { trap: Trap::MemoryOutOfBounds, .. })));
    hand_again.module.constants = vec![operator(ConstantOperator::I32, 0, 2); 3];
    let result = instantiate(&mut store, &hand_again.load(), Imports::default());
    assert!(matches!(result, Err(InstantiateError::Segment { trap: Trap::TableOutOfBounds, .. })));
}

#[test]
fn imports_are_linked() {
    let mut store = store();
    let owner = {
        let mut hand = with_table();
        hand.memory(1, Some(5));
        let nine = hand.i32(9);
        hand.global(ValType::I32, nine);
        instantiate(&mut store, &hand.load(), Imports::default()).unwrap()
    };
    let Some(Export::Function(function)) = store.export(owner, ExternKind::Function, 1) else { panic!() };
    let mut hand = Hand::new();
    let ty = hand.ty(&[ValType::I32], &[]);
    hand.text = vec![0xcc; 64];
    hand.module.trampolines[0] =
        TrampolineRecord { host_entry: NONE, array_entry: NONE, host_exit: 32, array_exit: 48 };
    (0..3).for_each(|_| hand.imported_function(ty));
    hand.table(FUNCREF, 0, None);
    hand.summary.counts.imported_tables = 1;
    hand.memory(0, None);
    hand.summary.counts.imported_memories = 1;
    hand.global(ValType::I32, Range::default());
    hand.summary.counts.imported_globals = 1;
    let copied = hand.constant(&[operator(ConstantOperator::GlobalGet, 0, 0)]);
    hand.global(ValType::I32, copied);
    let reference = hand.constant(&[operator(ConstantOperator::RefFunc, 0, 0)]);
    hand.global(FUNCREF, reference);
    let code = hand.load();
    let host = std::ptr::without_provenance::<u8>(0x1234);
    let data = std::ptr::without_provenance::<u8>(0x5678);
    let registered = TypeRegistry::new().register(&Default::default());
    let own = registered.identity();
    let imports = Imports {
        functions: vec![
            FunctionImport::Wasm(function),
            FunctionImport::Host { function: host, data, typed: true, ty: own },
            FunctionImport::Host { function: host, data, typed: false, ty: own },
        ],
        tables: vec![table(&store, owner, 0)],
        memories: vec![memory(&store, owner, 0)],
        globals: vec![global(&store, owner, 0)],
        tags: Vec::new(),
    };
    let none = instantiate(&mut store, &code, Imports::default());
    assert!(matches!(none, Err(InstantiateError::Malformed(_))));
    let instance = instantiate(&mut store, &code, imports).unwrap();
    assert_eq!(memory(&store, instance, 0), memory(&store, owner, 0));
    assert_eq!(table(&store, instance, 0), table(&store, owner, 0));
    assert_eq!(global(&store, instance, 0), global(&store, owner, 0));
    let (vmctx, layout) = (store.vmctx(instance), code.layout());
    // SAFETY: the layout's places hold what it says; the store is ours alone.
    unsafe {
        assert_eq!(read(&store, global(&store, instance, 1)).i32, 9);
        let escaped = read(&store, global(&store, instance, 2)).funcref;
        assert_eq!(((*escaped).external, (*escaped).vmctx), ((*function.as_ptr()).external, store.vmctx(owner)));
        let import = |index| {
            let offset = layout.imported_function(tancho_abi::index::FunctionIndex(index)) as usize;
            &*vmctx.byte_add(offset).cast::<VmFunctionImport>()
        };
        assert_eq!((import(0).external, import(0).vmctx), ((*function.as_ptr()).external, store.vmctx(owner)));
        for (index, exit) in [(1, 32), (2, 48)] {
            assert_eq!(import(index).external, code.address(exit).unwrap());
            let context = &*import(index).vmctx.cast::<VmHostContext>();
            assert_eq!((context.magic, context.store, context.caller), (HOST_MAGIC, store.vm(), vmctx));
            assert_eq!((context.function, context.data), (host, data));
        }
        let memory_import = &*vmctx.byte_add(layout.imported_memory(MemoryIndex(0)) as usize).cast::<VmMemoryImport>();
        let owned = memory(&store, owner, 0);
        assert!(matches!(store.grow_memory(owned, 2, Ok(())), Ok(1)));
        assert_eq!((*memory_import.memory).length, 3 << 16);
        assert_eq!(memory_import.base, (*memory_import.memory).base);
        let table_import = *vmctx.byte_add(layout.imported_table(TableIndex(0)) as usize).cast::<*mut VmTable>();
        assert_eq!((*table_import).length, 4);
        let global_import = *vmctx.byte_add(layout.imported_global(GlobalIndex(0)) as usize).cast::<*mut ValRaw>();
        (*global_import).i32 = 10;
        assert_eq!(read(&store, global(&store, owner, 0)).i32, 10);
        let defined = vmctx.byte_add(layout.defined_global(DefinedGlobalIndex(0)) as usize).cast::<ValRaw>();
        assert_eq!(defined, store.global(global(&store, instance, 1)).1);
    }
}

#[test]
fn what_cannot_be_is_refused_and_the_store_goes_on() {
    let mut store = store();
    let mut refuse = |make: &dyn Fn(&mut Hand)| {
        let mut hand = Hand::new();
        make(&mut hand);
        instantiate(&mut store, &hand.load(), Imports::default()).unwrap_err()
    };
    assert!(matches!(
        refuse(&|hand| hand.memory(65537, None)),
        InstantiateError::Memory(MemoryError::TooLarge { pages: 65537 })
    ));
    assert!(matches!(
        refuse(&|hand| hand.memory(u64::MAX, None)),
        InstantiateError::Memory(MemoryError::TooLarge { .. })
    ));
    for (flags, page_size_log2) in [(0, 17), (INDEX64, 64)] {
        let error = refuse(&|hand| {
            hand.memory(1, None);
            hand.module.memories[0].flags = flags;
            hand.module.memories[0].page_size_log2 = page_size_log2;
        });
        assert!(matches!(error, InstantiateError::Memory(MemoryError::Unsupported(_))));
    }
    for (minimum, flags, page_size_log2) in [(1 << 48, INDEX64, 16), (1 << 20, INDEX64, 16), (1 << 32, 0, 0)] {
        let error = refuse(&|hand| {
            hand.memory(minimum + 1, None);
            hand.module.memories[0].flags = flags;
            hand.module.memories[0].page_size_log2 = page_size_log2;
        });
        assert!(matches!(error, InstantiateError::Memory(MemoryError::TooLarge { .. })), "{error}");
    }
    assert!(matches!(
        refuse(&|hand| hand.table(FUNCREF, 10_000_001, None)),
        InstantiateError::Table(TableError::TooLarge { .. })
    ));
    let mut hand = Hand::new();
    hand.memory(1, None);
    let instance = instantiate(&mut store, &hand.load(), Imports::default()).unwrap();
    assert_eq!(store.memory(memory(&store, instance, 0)).size_pages(), 1);
}

#[test]
fn the_host_makes_things() {
    let mut store = store();
    let extern_table = TableType { element: RefType::EXTERNREF, minimum: 2, maximum: None, index64: false };
    let handle = store.new_extern(Box::new("crane")).unwrap();
    let table = store.new_table(extern_table, TableValue::Reference(handle)).unwrap();
    assert_eq!(store.table(table).get(1), Some(TableValue::Reference(handle)));
    assert_eq!(store.extern_value(handle).unwrap().downcast_ref::<&str>(), Some(&"crane"));
    assert!(store.extern_value(0).is_none());
    let wrong = store.new_table(extern_table, TableValue::Function(std::ptr::null_mut()));
    assert_eq!(wrong, Err(TableError::Type));
    let value = ValRaw { i64: 5 };
    let global = store.new_global(GlobalType { ty: ValType::I64, mutable: false }, value);
    // SAFETY: the store is ours.
    assert_eq!(unsafe { read(&store, global).i64 }, 5);
    let registry = TypeRegistry::new();
    let ty = registry.register(&Default::default());
    let function = store.new_host_function(std::ptr::null(), std::ptr::null(), &ty);
    let id = ty.id;
    drop(ty);
    // The reference keeps the type's number.
    assert_eq!((registry.count(), registry.register(&Default::default()).id), (1, id));
    // SAFETY: the store is alive.
    unsafe {
        assert_eq!((*function.as_ptr()).type_id, id);
        assert_eq!((*(*function.as_ptr()).vmctx.cast::<VmHostContext>()).magic, HOST_MAGIC);
    }
    let alive = Arc::new(());
    store.keep(alive.clone());
    assert_eq!(Arc::strong_count(&alive), 2);
    drop(store);
    assert_eq!((Arc::strong_count(&alive), registry.count()), (1, 0));
}

#[test]
fn extern_tables_grow_and_fill() {
    let mut hand = Hand::new();
    hand.table(EXTERNREF, 1, None);
    let mut store = store();
    let instance = instantiate(&mut store, &hand.load(), Imports::default()).unwrap();
    assert_eq!(builtin!(store, instance, table_grow_reference(0, 3, 5)), (1, None));
    assert_eq!(builtin!(store, instance, table_fill_reference(0, 0, 6, 2)), ((), None));
    assert_eq!(builtin!(store, instance, table_fill_reference(0, 3, 6, 2)), ((), Some(Trap::TableOutOfBounds)));
    let table = table(&store, instance, 0);
    let values: Vec<_> = (0..4).map(|index| store.table(table).get(index).unwrap()).collect();
    assert_eq!(values, [6, 6, 5, 5].map(TableValue::Reference));
}

#[test]
fn a_panic_in_a_builtin_does_not_come_out() {
    let mut hand = Hand::new();
    hand.memory(1, None);
    let mut store = store();
    let instance = instantiate(&mut store, &hand.load(), Imports::default()).unwrap();
    // No compiled code asks for a memory that is not there; a broken compiler might.
    let vmctx = store.vmctx(instance);
    // SAFETY: the context is the instance's, and the store is ours alone.
    unsafe {
        assert_eq!(((*(*vmctx).builtins).memory_grow)(vmctx, 77, 1), -1);
        assert_eq!((*store.vm()).pending, PENDING_ERROR);
    }
    assert!(store.take_panic().unwrap().contains("index out of bounds"));
    assert!(store.take_panic().is_none());
}

#[test]
fn many_instances_on_two_threads_come_and_go() {
    let mut hand = with_table();
    hand.memory(1, None);
    let code = hand.load();
    let maps = || std::fs::read_to_string("/proc/self/maps").unwrap().lines().count();
    let before = maps();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let code = code.clone();
            std::thread::spawn(move || {
                for _ in 0..2000 {
                    instantiate(&mut store(), &code, Imports::default()).unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(maps() < before + 100);
}

/// Memories take over address space from those that are gone.
#[test]
fn memories_find_nothing_of_those_before_them() {
    for round in 0..4 {
        for pages in [1, 2, 0, 2, 3, 1, 200, 1] {
            let mut store = store();
            let ty = MemoryType { minimum: pages, maximum: None, index64: false, shared: false, page_size_log2: 16 };
            let memory = store.new_memory(ty).unwrap();
            for length in [pages, pages + 1] {
                let bytes = store.memory_mut(memory).as_mut_slice();
                assert_eq!(bytes.len() as u64, length << 16);
                let new = &mut bytes[if length == pages { 0 } else { (pages as usize) << 16 }..];
                assert!(new.iter().all(|byte| *byte == 0), "round {round}, {length} of {pages} pages");
                new.fill(0xa5);
                if length == pages {
                    assert!(matches!(store.grow_memory(memory, 1, Ok(())), Ok(grown) if grown == pages));
                }
            }
        }
    }
}
