//! Custom sections: names in backtraces and branch hints. Whatever they hold, a module compiles and runs as it would without them.

use std::borrow::Cow;
use tancho::{Config, Engine, Instance, Module, Store, WasmBacktrace};
use wasm_encoder::{
    BranchHint, BranchHints, CodeSection, ConstExpr, CustomSection, DataSection, ElementSection, Elements, ExportKind,
    ExportSection, Function, FunctionSection, IndirectNameMap, MemorySection, MemoryType, NameMap, NameSection,
    RefType, Section, TableSection, TableType, TypeSection, ValType,
};

/// `inner` traps where its parameter is 0, `outer` calls it. `before` stands before the code, `after` behind it.
fn module(before: &[&dyn Section], after: &[&dyn Section]) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0).function(0);
    let mut exports = ExportSection::new();
    exports.export("outer", ExportKind::Func, 1);
    let mut inner = Function::new([]);
    inner.instructions().local_get(0).i32_eqz();
    let branch = inner.byte_len() as u32;
    inner
        .instructions()
        .if_(wasm_encoder::BlockType::Empty)
        .unreachable()
        .end()
        .local_get(0)
        .i32_const(2)
        .i32_mul()
        .end();
    assert_eq!(branch, BRANCH);
    let mut outer = Function::new([]);
    outer.instructions().local_get(0).call(0).i32_const(1).i32_add().end();
    let mut code = CodeSection::new();
    code.function(&inner).function(&outer);
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&functions).section(&exports);
    let mut bytes = module.finish();
    before.iter().for_each(|section| section.append_to(&mut bytes));
    code.append_to(&mut bytes);
    after.iter().for_each(|section| section.append_to(&mut bytes));
    bytes
}

/// Where the `if` of `inner` stands in its body.
const BRANCH: u32 = 4;

/// Runs the module; the backtrace's lines, without offsets.
fn trace(engine: &Engine, wasm: &[u8]) -> Vec<String> {
    let module = Module::from_binary(engine, wasm).expect("custom sections cannot make it invalid");
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("it has no imports");
    let outer = instance.get_typed_func::<u32, u32>(&mut store, "outer").expect("it is exported");
    assert_eq!(outer.call(&mut store, 20).expect("no trap"), 41);
    let error = outer.call(&mut store, 0).expect_err("a trap");
    let trace = error.downcast_ref::<WasmBacktrace>().expect("it has a backtrace").to_string();
    let names = |line: &str| line.split_once(" - ").map(|(_, name)| name.to_owned());
    trace.lines().filter_map(names).collect()
}

fn names(module: Option<&str>, functions: &[(u32, &str)]) -> NameSection {
    let mut section = NameSection::new();
    if let Some(name) = module {
        section.module(name);
    }
    let mut map = NameMap::new();
    functions.iter().for_each(|(index, name)| map.append(*index, name));
    section.functions(&map);
    section
}

fn custom(name: &'static str, data: &[u8]) -> CustomSection<'static> {
    CustomSection { name: Cow::Borrowed(name), data: Cow::Owned(data.to_vec()) }
}

#[test]
fn traces_name_modules_and_functions() {
    let engine = Engine::default();
    let of = |section: &NameSection| trace(&engine, &module(&[], &[section]));
    assert_eq!(of(&names(Some("mod"), &[(0, "inner"), (1, "outer")])), ["mod!inner", "mod!outer"]);
    assert_eq!(of(&names(None, &[(0, "inner"), (1, "outer")])), ["<unknown>!inner", "<unknown>!outer"]);
    assert_eq!(of(&names(Some("mod"), &[(1, "outer")])), ["mod!<wasm function 0>", "mod!outer"]);
    assert_eq!(of(&names(Some(""), &[(0, ""), (1, "outer")])), ["<unknown>!<wasm function 0>", "<unknown>!outer"]);
    assert_eq!(
        of(&names(Some("a\nb"), &[(0, "\u{1b}[2Jin\0ner"), (1, "größe::<'a>\u{202e}")])),
        ["a\\nb!\\u{1b}[2Jin\\0ner", "a\\nb!größe::<'a>\\u{202e}"]
    );
    // Names of functions that are not there.
    assert_eq!(of(&names(None, &[(0, "inner"), (1, "outer"), (7, "x"), (u32::MAX, "y")])).len(), 2);
    assert_eq!(trace(&engine, &module(&[], &[])), ["<unknown>!<wasm function 0>", "<unknown>!<wasm function 1>"]);
    // A compiled file keeps them.
    let folder = tempfile::tempdir().expect("a folder for the key");
    let mut config = Config::new();
    config.key_file(folder.path().join("key"));
    let engine = Engine::new(&config).expect("the host is supported");
    let wasm = module(&[], &[&names(Some("mod"), &[(0, "inner")])]);
    let image = Module::from_binary(&engine, &wasm).expect("it compiles").serialize().expect("it can be signed");
    let module = Module::deserialize(&engine, image).expect("it is ours");
    assert_eq!(module.name(), Some("mod"));
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("it has no imports");
    let outer = instance.get_typed_func::<u32, u32>(&mut store, "outer").expect("it is exported");
    let error = outer.call(&mut store, 0).expect_err("a trap");
    assert!(format!("{error:?}").contains("mod!inner"), "{error:?}");
}

/// The bytes of a section without its number and length.
fn data(section: &impl wasm_encoder::Encode, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    section.encode(&mut bytes);
    let start = bytes.windows(name.len()).position(|window| window == name.as_bytes()).expect("its name is there");
    bytes.split_off(start + name.len())
}

/// The section cut short everywhere, and with every byte changed to several others.
fn spoilt(data: &[u8]) -> Vec<Vec<u8>> {
    let cut = (0..data.len()).map(|end| data[..end].to_vec());
    let changed = (0..data.len()).flat_map(|position| {
        [0x00, 0x01, 0x02, 0x7f, 0x80, 0xff].map(|byte| {
            let mut data = data.to_vec();
            data[position] = byte;
            data
        })
    });
    cut.chain(changed).collect()
}

#[test]
fn malformed_names_are_ignored() {
    let engine = Engine::default();
    let good = data(&names(Some("mod"), &[(0, "inner"), (1, "outer")]), "name");
    assert_eq!(trace(&engine, &module(&[], &[&custom("name", &good)])), ["mod!inner", "mod!outer"]);
    let mut count = 0;
    for bytes in spoilt(&good) {
        assert_eq!(trace(&engine, &module(&[], &[&custom("name", &bytes)])).len(), 2, "{bytes:x?}");
        count += 1;
    }
    println!("{count} malformed or other name sections");
    // What stands before the malformed place is kept.
    let cut = trace(&engine, &module(&[], &[&custom("name", &good[..good.len() - 1])]));
    assert_eq!(cut[0].split('!').next(), Some("mod"));
}

/// A module whose segments do not fit: the first data segment, or, where there is `element`, the element segment.
fn unfitting(element: bool, names: &[&dyn Section]) -> Vec<u8> {
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        minimum: 1,
        maximum: None,
        table64: false,
        shared: false,
    });
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let mut elements = ElementSection::new();
    if element {
        elements.active(None, &ConstExpr::i32_const(1), Elements::Functions((&[0]).into()));
    }
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(0x10000), [0]);
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut functions = FunctionSection::new();
    functions.function(0);
    let mut body = Function::new([]);
    body.instructions().end();
    let mut code = CodeSection::new();
    code.function(&body);
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&functions).section(&tables).section(&memories).section(&elements);
    module.section(&code).section(&data);
    let mut bytes = module.finish();
    names.iter().for_each(|section| section.append_to(&mut bytes));
    bytes
}

fn map(names: &[(u32, &str)]) -> NameMap {
    let mut map = NameMap::new();
    names.iter().for_each(|(index, name)| map.append(*index, name));
    map
}

/// All subsections of the extended name section.
fn extended() -> NameSection {
    let mut labels = IndirectNameMap::new();
    labels.append(0, &map(&[(0, "label")]));
    let mut fields = IndirectNameMap::new();
    fields.append(0, &map(&[(0, "field")]));
    let mut section = NameSection::new();
    section.module("mod");
    section.functions(&map(&[(0, "f")]));
    section.locals(&labels);
    section.labels(&labels);
    section.types(&map(&[(0, "type")]));
    section.tables(&map(&[(0, "ta\nble")]));
    section.memories(&map(&[(0, "heap"), (9, "none")]));
    section.globals(&map(&[(0, "global")]));
    section.elements(&map(&[(0, "vtable")]));
    section.data(&map(&[(0, ".rodata"), (0, "again")]));
    section.fields(&fields);
    section.tag(&map(&[(0, "tag")]));
    section
}

#[test]
fn messages_name_segments_tables_and_memories() {
    let engine = Engine::default();
    let text = |wasm: &[u8]| {
        let module = Module::from_binary(&engine, wasm).expect("names cannot make it invalid");
        let error = Instance::new(&mut Store::new(&engine, ()), &module, &[]).expect_err("a segment does not fit");
        assert!(error.is::<tancho::Trap>());
        format!("{error}")
    };
    assert_eq!(text(&unfitting(false, &[])), "data segment 0 does not fit memory 0");
    assert_eq!(text(&unfitting(true, &[])), "element segment 0 does not fit table 0");
    let names = extended();
    assert_eq!(text(&unfitting(false, &[&names])), "data segment 0 `.rodata` does not fit memory 0 `heap`");
    assert_eq!(text(&unfitting(true, &[&names])), "element segment 0 `vtable` does not fit table 0 `ta\\nble`");
    // Whatever the section holds, the module is made, and its segment does not fit.
    let good = data(&names, "name");
    for bytes in spoilt(&good) {
        assert!(text(&unfitting(false, &[&custom("name", &bytes)])).starts_with("data segment 0"));
    }
}

fn hints(likely: u32) -> BranchHints {
    let mut hints = BranchHints::new();
    hints.function_hints(0, [BranchHint { branch_func_offset: BRANCH, branch_hint_value: likely }]);
    hints
}

const HINTS: &str = "metadata.code.branch_hint";

#[test]
fn malformed_hints_are_ignored() {
    let engine = Engine::default();
    let expected = ["<unknown>!<wasm function 0>", "<unknown>!<wasm function 1>"];
    for likely in [0, 1] {
        let good = data(&hints(likely), HINTS);
        let mut count = 0;
        for bytes in spoilt(&good) {
            assert_eq!(trace(&engine, &module(&[&custom(HINTS, &bytes)], &[])), expected, "{bytes:x?}");
            count += 1;
        }
        println!("{count} malformed or other sections of hints");
    }
}

#[test]
fn hints_move_code_where_they_are_well_formed_and_on() {
    let code = |wasm: &[u8], on: bool| {
        let mut options = tancho_jit::Options { threads: Some(1), verifier: true, ..tancho_jit::Options::default() };
        options.features.branch_hinting = on;
        let compiler = tancho_jit::Compiler::new(options).expect("the host is supported");
        // The function may be inlined in the other, with what is known of its branches.
        compiler.inspect(wasm).expect("it compiles").iter().any(|function| function.clif.contains("cold"))
    };
    let with = |section: &dyn Section| module(&[section], &[]);
    assert!(!code(&module(&[], &[]), true));
    assert!(code(&with(&hints(0)), true) && code(&with(&hints(1)), true));
    assert!(!code(&with(&hints(0)), false), "the feature is off");
    assert!(!code(&module(&[], &[&hints(0)]), true), "hints stand before the code");
    // Sections: how many functions; a function, how many hints; a hint, its offset, its length 1, its value.
    let section = |bytes: &[u8]| code(&with(&custom(HINTS, bytes)), true);
    assert!(section(&[1, 0, 1, 4, 1, 0]));
    assert!(section(&[1, 0, 2, 2, 1, 0, 4, 1, 0]), "a hint about no branch is passed over");
    assert!(!section(&[1, 0, 1, 5, 1, 0]), "only a hint about no branch");
    assert!(!section(&[1, 1, 1, 4, 1, 0]), "of another function");
    assert!(!section(&[1, 0, 1, 4, 1, 2]), "no such value");
    assert!(!section(&[1, 0, 1, 4, 2, 0, 0]), "no such length");
    assert!(!section(&[1, 0, 2, 4, 1, 0, 4, 1, 0]), "twice the same place");
    assert!(!section(&[2, 0, 1, 4, 1, 0, 0, 1, 4, 1, 0]), "twice the same function");
    assert!(!section(&[1, 0, 1, 4, 1, 0, 0]), "bytes behind the end");
}
