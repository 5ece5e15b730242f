//! The compiler as a whole: what compiles, what is refused and with which words, and that images are deterministic.

use tancho_jit::{Compiler, Features, Options};

fn compiler(threads: usize) -> Compiler {
    Compiler::new(Options { threads: Some(threads), verifier: true, ..Options::default() })
        .expect("the host is supported")
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the text is well-formed")
}

const MANY: &str = r#"
(module
  (import "a" "f" (func $import (param i32 i64 f32 f64) (result i64)))
  (type $t (func (param i32) (result i32)))
  (memory (export "memory") 1 4)
  (data (i32.const 8) "hello")
  (global $g (mut i32) (i32.const 7))
  (table $table 4 4 funcref)
  (elem (i32.const 0) $twice $thrice)
  (func $twice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
  (func $thrice (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func (export "indirect") (param i32 i32) (result i32)
    (call_indirect $table (type $t) (local.get 0) (local.get 1)))
  (func (export "many") (param i32) (result i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 i32 i64)
    (local.get 0) (i64.const 2) (f32.const 3) (f64.const 4)
    (local.get 0) (i64.const 2) (f32.const 3) (f64.const 4)
    (local.get 0) (i64.const 2) (i32.const 3) (i64.const 4))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "loop") (param $n i32) (result i64) (local $sum i64)
    (loop $again
      (local.set $sum (i64.add (local.get $sum) (i64.load32_u offset=4 (local.get $n))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 4)))))
    (call $import (i32.const 1) (local.get $sum) (f32.const 1) (f64.const 2))))
"#;

#[test]
fn images_do_not_depend_on_threads() {
    let wasm = wat(MANY);
    let first = compiler(1).compile(&wasm).expect("it compiles");
    for threads in [1, 2, 4] {
        assert!(compiler(threads).compile(&wasm).expect("it compiles") == first, "{threads} threads");
    }
}

#[test]
fn errors_name_the_function_and_the_offset() {
    let wasm = wat("(module (func $good) (func $bad (result i32) i64.const 1))");
    for error in
        [compiler(2).compile(&wasm).expect_err("it is invalid"), compiler(1).validate(&wasm).expect_err("invalid")]
    {
        assert!(error.is_invalid());
        assert!(error.offset().is_some());
        let text = error.to_string();
        assert!(text.contains("function 1 `bad`") && text.contains("type mismatch"), "{text}");
    }
}

#[test]
fn components_are_recognised() {
    let error = compiler(1).compile(&wat("(component)")).expect_err("components do not compile yet");
    assert!(error.is_component() && error.to_string().contains("component"), "{error}");
}

#[test]
fn features_can_be_turned_off() {
    let wasm = wat("(module (func (param i32) (result i32) (i32.extend8_s (local.get 0))))");
    compiler(1).compile(&wasm).expect("on by default");
    let features = Features { sign_extension: false, ..Features::default() };
    let without = Compiler::new(Options { features, ..Options::default() }).expect("the host is supported");
    let text = without.compile(&wasm).expect_err("it is off").to_string();
    assert!(text.contains("sign extension"), "{text}");
}

#[test]
fn foreign_targets_need_their_back_end() {
    let triple = "s390x-unknown-linux-gnu".parse().expect("a triple");
    let error = Compiler::new(Options { target: Some(triple), ..Options::default() }).err().expect("not supported");
    assert!(error.to_string().contains("supported are x86_64"), "{error}");
    let triple = "riscv64gc-unknown-linux-gnu".parse().expect("a triple");
    match Compiler::new(Options { target: Some(triple), ..Options::default() }) {
        Ok(compiler) => {
            let has_back_end = cfg!(feature = "all-targets") || cfg!(target_arch = "riscv64");
            assert!(has_back_end, "a back end that was not asked for");
            compiler.compile(&wat(MANY)).expect("it compiles");
        }
        Err(error) => assert!(error.to_string().contains("all-targets"), "{error}"),
    }
}

#[test]
fn guest_programs_compile() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/program");
    for entry in std::fs::read_dir(folder).expect("the folder is there").flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "wasm") {
            let wasm = std::fs::read(entry.path()).expect("it can be read");
            let image = compiler(2).compile(&wasm).unwrap_or_else(|error| panic!("{:?}: {error}", entry.path()));
            assert!(image == compiler(1).compile(&wasm).expect("it compiled"), "{:?}", entry.path());
        }
    }
}

/// A module of one function with the body `body`, below `before`.
fn body(before: &str, body: &str) -> Vec<u8> {
    wat(&format!("(module {before} (func (export \"f\") (param i32) {body}))"))
}

#[test]
fn more_tables_than_cranelift_tells_accesses_apart() {
    let tables = "(table 1 externref)".repeat(70_000);
    let gets: String = (0..70_000).map(|table| format!("(drop (table.get {table} (i32.const 0)))")).collect();
    compiler(1).compile(&body(&tables, &gets)).expect("it compiles");
}

#[test]
fn a_branch_table_does_not_multiply_its_values() {
    let results = "i32 ".repeat(500);
    let values = "(i32.const 1)".repeat(500);
    let targets = "0 ".repeat(20_000);
    let text =
        format!("(block (result {results}) {values} (br_table {targets} 0 (local.get 0))) {}", "drop ".repeat(500));
    let functions = compiler(1).inspect(&body("", &text)).expect("it compiles");
    // The text of ten million arguments would be longer.
    assert!(functions[0].clif.len() < 2_000_000, "{}", functions[0].clif.len());
}

#[test]
fn a_function_that_would_take_too_much_memory_is_refused() {
    let types = "i32 ".repeat(1000);
    let wide = format!("(func $wide (param {types}) (result {types}) unreachable)");
    let text = format!("{} {} {}", "(i32.const 1)".repeat(1000), "call $wide ".repeat(10_000), "drop ".repeat(1000));
    let error = compiler(1).compile(&body(&wide, &text)).expect_err("ten million values");
    assert!(error.to_string().contains("more than 2097152 values") && error.offset().is_some(), "{error}");
}

/// A segment at each end of every memory: the space between them is not to be paid for once a memory.
#[test]
fn many_sparse_memories_make_no_large_image() {
    let mut wat = String::from("(module");
    for memory in 0..100 {
        wat += &format!(
            "(memory 64) (data (memory {memory}) (i32.const 0) \"a\") (data (memory {memory}) (i32.const 1040000) \"b\")"
        );
    }
    let wasm = wat::parse_str(wat + ")").expect("the text is well-formed");
    let image = Compiler::new(Options::default()).and_then(|compiler| compiler.compile(&wasm)).expect("it compiles");
    assert!(image.len() < 2 << 20, "{} bytes of WebAssembly became an image of {}", wasm.len(), image.len());
}
