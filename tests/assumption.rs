//! What Tancho assumes of Cranelift, as code that runs: each `assumption/*.clif` is compiled by Cranelift's own just-in-time
//! compiler and called with the arguments of its `; run:` lines. A new version of Cranelift that breaks one of these fails
//! here, by name, before it fails in a guest's program.
//!
//! `; run: f(1, -1) == 3` calls the function of two `i64` with a result `i64`.

use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Linkage, Module};
use std::path::Path;

#[test]
fn cranelift_does_what_is_assumed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assumption");
    let mut runs = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("it can be read");
        for opt_level in ["none", "speed"] {
            runs += run(&text, opt_level, &entry.path().display().to_string());
        }
    }
    assert!(runs >= 40, "only {runs} runs");
}

fn run(text: &str, opt_level: &str, name: &str) -> usize {
    let mut flags = settings::builder();
    for (flag, value) in [("opt_level", opt_level), ("enable_multi_ret_implicit_sret", "true")] {
        flags.set(flag, value).expect("the flag exists");
    }
    let isa = cranelift_native::builder()
        .expect("the host is supported")
        .finish(settings::Flags::new(flags))
        .expect("the flags go together");
    let mut module = JITModule::new(JITBuilder::with_isa(isa, cranelift_module::default_libcall_names()));
    let functions = cranelift_reader::parse_functions(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    // The last function is the one that is called; it may call those before it as %f0, %f1, … in their order.
    let mut last = None;
    for (number, function) in functions.into_iter().enumerate() {
        let id = module
            .declare_function(&format!("f{number}"), Linkage::Export, &function.signature)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut context = module.make_context();
        context.func = function;
        module.define_function(id, &mut context).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        last = Some(id);
    }
    module.finalize_definitions().unwrap_or_else(|error| panic!("{name}: {error}"));
    let code = module.get_finalized_function(last.expect("a file has a function"));
    // SAFETY: by the convention of this folder the last function takes two `i64` and returns one, in the C convention.
    let call: extern "C" fn(i64, i64) -> i64 = unsafe { std::mem::transmute(code) };
    let mut runs = 0;
    for line in text.lines().filter_map(|line| line.strip_prefix("; run: f(")) {
        let (arguments, result) = line.split_once(") == ").expect("a run line has a result");
        let (first, second) = arguments.split_once(", ").expect("a run line has two arguments");
        let number = |text: &str| text.trim().parse::<i64>().unwrap_or_else(|error| panic!("{name}: {text}: {error}"));
        let found = call(number(first), number(second));
        assert_eq!(found, number(result), "{name} at {opt_level}: f({arguments})");
        runs += 1;
    }
    runs
}

/// Why branches are not protected on aarch64 (`docs/decision`): where this fails, that can be changed.
#[test]
fn indirect_tail_calls_of_aarch64_do_not_arrive_where_functions_begin() {
    const BTI_C: u32 = 0xd503_245f;
    /// `br x16` and `br x17` may arrive there, others at `bti j` only.
    const BR_X1: u32 = 0xd61f_0020;
    let triple = "aarch64-unknown-linux-gnu".parse().expect("a triple");
    let mut isa = cranelift_codegen::isa::lookup(triple).expect("the tests are built with every back end");
    isa.enable("use_bti").expect("the setting exists");
    let mut flags = settings::builder();
    flags.set("preserve_frame_pointers", "true").expect("the flag exists");
    let isa = isa.finish(settings::Flags::new(flags)).expect("the flags go together");
    let text =
        "function %f(i64) -> i64 tail { sig0 = (i64) -> i64 tail block0(v0: i64): return_call_indirect sig0, v0(v0) }";
    let function = cranelift_reader::parse_functions(text).expect("it is well-formed").remove(0);
    let mut context = Context::for_function(function);
    let code = context.compile(&*isa, &mut ControlPlane::default()).expect("it compiles").code_buffer().to_vec();
    let words: Vec<u32> = code.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
    assert_eq!((words.first(), words.last()), (Some(&BTI_C), Some(&BR_X1)), "{words:x?}");
}
