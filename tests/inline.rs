//! Inlining changes nothing but speed: random modules of small functions that call one another in every way, with it and without. Compared are
//! results, errors with their backtraces, what hosts see of the stack, memory, globals and fuel. And what it must not do, by hand.

use std::fmt::Write;
use std::time::Duration;
use tancho::{Caller, Config, Engine, Extern, Func, Instance, Linker, Module, Store, Trap, Val, WasmBacktrace};
use tancho_abi::tunables::Tunables;
use tancho_jit::{Compiler, Options};
use tancho_tests::oracle::seed::{Rng, Run};

/// The functions of a module. Each takes two numbers and gives one.
const FUNCTIONS: usize = 9;

/// A random module.
struct Text<'r> {
    random: &'r mut Rng,
    text: String,
    /// How much more there may be in the present function.
    left: usize,
}

impl Text<'_> {
    fn module(random: &mut Rng) -> String {
        let mut text = Text { random, text: String::new(), left: 0 };
        text.text.push_str(
            "(module
                (type $box (struct (field (mut i32))))
                (import \"host\" \"look\" (func $look (param i32) (result i32)))
                (memory (export \"memory\") 1)
                (tag $thrown (param i32)) (tag $other)
                (global $left (export \"left\") (mut i32) (i32.const 0))
                (table funcref (elem $f0 $f1 $f2))
                (type $two (func (param i32 i32) (result i32)))\n",
        );
        for function in 0..FUNCTIONS {
            text.function(function);
        }
        text.text.push_str(
            "(func (export \"run\") (param i32 i32) (result i32) (local i32)
                (global.set $left (i32.const 120))
                (loop (result i32)
                    (local.set 1 (call $f0 (local.get 0) (call $f1 (local.get 1) (local.get 2))))
                    (local.set 2 (i32.add (local.get 2) (i32.const 1)))
                    (br_if 0 (local.get 1) (i32.lt_u (local.get 2) (i32.const 4))))))",
        );
        text.text
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn function(&mut self, index: usize) {
        self.left = self.random.usize(1..14);
        writeln!(self.text, "(func $f{index} (param i32 i32) (result i32) (local i32 (ref null $box) i64)")
            .expect("a string");
        // Calls come to an end.
        if index < 5 || self.random.bool() {
            self.push("(if (i32.lt_s (global.get $left) (i32.const 0)) (then (return (local.get 1))))");
            self.push("(global.set $left (i32.sub (global.get $left) (i32.const 1)))\n");
        } else {
            // So that none of these calls those that do not count.
            self.push("(local.set 2 (i32.add (local.get 0) (i32.const 3)))");
            self.leaf(index);
            self.push(")\n");
            return;
        }
        match self.random.u8(..4) {
            0 => {
                let callee = self.callee();
                write!(self.text, "(return_call {callee} ").expect("a string");
                self.expression();
                self.expression();
                self.push(")");
            }
            1 => {
                // Handlers do not catch what a tail call throws.
                let callee = self.callee();
                write!(
                    self.text,
                    "(block $h (result i32) (try_table (result i32) (catch $thrown $h) (return_call {callee} "
                )
                .expect("a string");
                self.expression();
                self.expression();
                self.push(")))");
            }
            _ => self.expression(),
        }
        self.push(")\n");
    }

    /// The body of one that calls nothing.
    fn leaf(&mut self, index: usize) {
        let pick = (index + self.random.usize(..6)) % 6;
        self.push(match pick {
            0 => "(i32.div_u (local.get 0) (i32.and (local.get 1) (i32.const 7)))",
            1 => "(i32.load (i32.shl (local.get 0) (i32.const 9)))",
            2 => "(if (i32.and (local.get 0) (i32.const 1)) (then (throw $thrown (local.get 1)))) (local.get 2)",
            3 => "(block (br_if 0 (i32.lt_s (local.get 0) (local.get 1))) (return (i32.mul (local.get 2) (local.get 1)))) (local.get 0)",
            4 => "(struct.get $box 0 (struct.new $box (local.get 2)))",
            _ => "(if (i32.eqz (i32.and (local.get 1) (i32.const 15))) (then unreachable)) (local.get 1)",
        });
    }

    fn callee(&mut self) -> String {
        format!("$f{}", self.random.usize(..FUNCTIONS))
    }

    fn expression(&mut self) {
        let pick = if self.left == 0 { self.random.u8(..3) } else { self.random.u8(..22) };
        self.left = self.left.saturating_sub(1);
        match pick {
            0 => write!(self.text, "(i32.const {})", self.random.i32(-4..40)).expect("a string"),
            1 | 2 => write!(self.text, "(local.get {})", self.random.u8(..3)).expect("a string"),
            3..=5 => {
                let operator = *self.random.choice(&["add", "sub", "xor", "mul", "and"]).expect("there are some");
                write!(self.text, "(i32.{operator} ").expect("a string");
                self.expression();
                self.expression();
                self.push(")");
            }
            6..=10 => {
                let callee = self.callee();
                write!(self.text, "(call {callee} ").expect("a string");
                self.expression();
                self.expression();
                self.push(")");
            }
            11 => {
                self.push("(if (result i32) ");
                self.expression();
                self.push("(then ");
                self.expression();
                self.push(") (else ");
                self.expression();
                self.push("))");
            }
            12 | 13 => {
                let tag = if self.random.u8(..4) == 0 { "$other" } else { "$thrown" };
                if tag == "$other" {
                    self.push("(block $h (try_table (catch $other $h) (drop ");
                    self.expression();
                    self.push("))) (i32.const 5)");
                } else {
                    self.push("(block $h (result i32) (try_table (result i32) (catch $thrown $h) ");
                    self.expression();
                    self.push("))");
                }
            }
            14 => {
                self.push("(call $look ");
                self.expression();
                self.push(")");
            }
            _ => self.larger(pick),
        }
    }

    /// An expression that stores, throws, loops or returns, by a number from 15 on.
    fn larger(&mut self, pick: u8) {
        match pick {
            15 => {
                self.push("(block (result i32) (local.set 3 (struct.new $box ");
                self.expression();
                self.push(")) ");
                self.expression();
                self.push("(i32.add (struct.get $box 0 (local.get 3))))");
            }
            16 => {
                self.push("(block (result i32) (local.set 2 ");
                self.expression();
                self.push(") (i32.store offset=8 (i32.and (local.get 2) (i32.const 0xfff)) ");
                self.expression();
                self.push(") (local.get 2))");
            }
            17 => {
                self.push("(call_indirect (type $two) ");
                self.expression();
                self.expression();
                self.push("(i32.and (i32.const 3) ");
                self.expression();
                self.push("))");
            }
            19 => {
                // Some turns: whoever inlines it has a loop in its own.
                self.push("(loop (result i32) (global.set $left (i32.sub (global.get $left) (i32.const 1))) ");
                self.expression();
                self.push("(br_if 0 (i32.and (i32.gt_s (global.get $left) (i32.const 0)) ");
                self.expression();
                self.push(")))");
            }
            18 => {
                self.push("(if (result i32) (i32.eqz ");
                self.expression();
                self.push(") (then (throw $thrown ");
                self.expression();
                self.push(")) (else (local.get 1)))");
            }
            _ => {
                self.push("(block (result i32) (if (i32.eqz ");
                self.expression();
                self.push(") (then (return (local.get 0)))) ");
                self.expression();
                self.push(")");
            }
        }
    }
}

/// What is there to be seen of a call.
#[derive(PartialEq, Eq, Debug)]
struct Seen {
    ended: Result<i32, String>,
    frames: Vec<Place>,
    truncated: usize,
    /// What the host saw, each time that it was called.
    looks: Vec<Vec<Place>>,
    memory: Vec<u8>,
    left: i32,
    fuel: u64,
}

/// A function, and the place in the file.
type Place = (u32, Option<usize>);

fn places(trace: &WasmBacktrace) -> Vec<Place> {
    trace.frames().iter().map(|frame| (frame.func_index(), frame.module_offset())).collect()
}

fn run(config: &Config, wasm: &[u8], arguments: &[(i32, i32)]) -> Vec<Seen> {
    let engine = Engine::new(config).expect("the configuration is one");
    let module = Module::new(&engine, wasm).expect("it compiles");
    let see = |(first, second): &(i32, i32)| {
        let mut store: Store<Vec<Vec<Place>>> = Store::new(&engine, Vec::new());
        let pays = store.set_fuel(20_000).is_ok();
        let look = Func::wrap(&mut store, |mut caller: Caller<'_, Vec<Vec<Place>>>, number: i32| {
            let seen = places(&WasmBacktrace::force_capture(&caller));
            caller.data_mut().push(seen);
            number ^ 1
        });
        let instance = Instance::new(&mut store, &module, &[Extern::from(look)]).expect("it has what it imports");
        let function = instance.get_typed_func::<(i32, i32), i32>(&mut store, "run").expect("it is exported");
        let ended = function.call(&mut store, (*first, *second));
        let trace = ended.as_ref().err().and_then(|error| error.downcast_ref::<WasmBacktrace>());
        let (frames, truncated) = trace.map_or((Vec::new(), 0), |trace| (places(trace), trace.truncated()));
        let ended = ended.map_err(|error| format!("{error:?}"));
        let memory = instance.get_memory(&mut store, "memory").expect("it is exported").data(&store)[..0x1010].to_vec();
        let global = instance.get_global(&mut store, "left").expect("it is exported");
        let Val::I32(left) = global.get(&mut store) else { panic!("it is a number") };
        let fuel = if pays { store.get_fuel().expect("it pays") } else { 0 };
        Seen { ended, frames, truncated, looks: store.into_data(), memory, left, fuel }
    };
    arguments.iter().map(see).collect()
}

fn config(random: &mut Rng) -> Config {
    let mut config = Config::new();
    config.cranelift_debug_verifier(true).compilation_threads(1);
    config.signals_based_traps(random.u8(..4) != 0).consume_fuel(random.u8(..3) == 0);
    config.gc_zeal(random.u8(..3) == 0).generate_address_map(random.u8(..6) != 0);
    config.interruption(random.bool());
    config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(*random.choice(&[1, 3, 20, 64, 100]).expect("some")));
    config
}

#[test]
fn modules_do_the_same_with_it_and_without() {
    let run_of = Run::new("inline", "inline", 120);
    let compiler =
        Compiler::new(Options { threads: Some(1), ..Options::default() }).expect("this machine is supported");
    let tunables = Tunables { recursive_inlining: false, ..Tunables::default() };
    let flat = Compiler::new(Options { threads: Some(1), tunables, ..Options::default() }).expect("the same");
    let counts = run_of.all(
        || [0_usize; 5],
        |counts, _, random| {
            let text = Text::module(random);
            let wasm = wat::parse_str(&text).map_err(|error| format!("{error}\n{text}"))?;
            let arguments: Vec<(i32, i32)> = (0..3).map(|_| (random.i32(-20..60), random.i32(-20..60))).collect();
            let mut config = config(random);
            let with = run(config.inlining(true), &wasm, &arguments);
            let without = run(config.inlining(false), &wasm, &arguments);
            for (with, without) in with.iter().zip(&without) {
                if with != without {
                    return Err(format!("with: {with:#x?}\nwithout: {without:#x?}\n{text}"));
                }
                counts[0] += usize::from(without.ended.is_ok());
                counts[1] += usize::from(without.frames.len() > 2);
                counts[2] += without.looks.len();
            }
            let functions = compiler.inspect(&wasm).map_err(|error| error.to_string())?;
            counts[3] += functions.iter().filter(|function| function.code.is_empty()).count();
            let others = flat.inspect(&wasm).map_err(|error| error.to_string())?;
            counts[4] += functions.iter().zip(&others).filter(|(one, other)| one.code != other.code).count();
            Ok(())
        },
    );
    let [returned, deep, looks, gone, nested] = counts.iter().fold([0; 5], |sum, counts| {
        let mut sum = sum;
        sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        sum
    });
    run_of.report(&format!(
        "{returned} returned, {deep} failed deep inside, {looks} looks of the host, {gone} functions all inlined, {nested} nested in themselves"
    ));
    if run_of.cases() >= 100 {
        let least = run_of.cases() as usize / 10;
        assert!(returned > least && deep > least && looks > least && gone > least && nested > least);
    }
}

/// On a stack that a frame for each would exhaust.
#[test]
fn inlined_tail_calls_take_no_stack() {
    let text = r#"(module
        ;; Of two that call each other one is inlined in the other, where each call must stay a tail call.
        (func $even (export "even") (param i64 i64) (result i64)
            (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
            (return_call $odd (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (local.get 0))))
        (func $odd (param i64 i64) (result i64)
            (if (i64.eqz (local.get 0)) (then (return (local.get 1))))
            (return_call $even (i64.sub (local.get 0) (i64.const 1)) (i64.add (local.get 1) (local.get 0))))
        ;; One that is inlined where it is called in the ordinary way, and ends in a tail call.
        (func $step (param i64 i64) (result i64)
            (return_call $even (local.get 0) (local.get 1)))
        (func (export "plain") (param i64 i64) (result i64)
            (i64.add (i64.const 0) (call $step (local.get 0) (local.get 1)))))"#;
    let run = move || {
        for inlining in [true, false] {
            let mut config = Config::new();
            let engine = Engine::new(config.inlining(inlining)).expect("the configuration is one");
            let module = Module::new(&engine, text).expect("it compiles");
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).expect("it imports nothing");
            for name in ["even", "plain"] {
                let function = instance.get_typed_func::<(u64, u64), u64>(&mut store, name).expect("it is exported");
                let count = 2_000_001;
                assert_eq!(
                    function.call(&mut store, (count, 0)).expect("no overflow"),
                    count * (count + 1) / 2,
                    "{name}"
                );
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(run).expect("a thread can be started");
    thread.join().expect("all sums are right");
}

/// A tail call has left the handlers of its function behind, also where both are in one.
#[test]
fn handlers_catch_what_they_are_around() {
    let text = r#"(module
        (tag $t (param i32))
        (func $throw (param i32) (result i32) (throw $t (local.get 0)))
        ;; Its handler is gone when the callee throws.
        (func $tail (param i32) (result i32)
            (block $h (result i32)
                (try_table (result i32) (catch $t $h) (return_call $throw (i32.add (local.get 0) (i32.const 1))))
                (return)))
        ;; The same, where what throws is called by what the tail call has been replaced by.
        (type $f (func (param i32) (result i32)))
        (table 1 funcref) (elem (i32.const 0) $throw)
        (func $through (param i32) (result i32) (i32.add (i32.const 5) (call_indirect (type $f) (local.get 0) (i32.const 0))))
        (func $tail_through (param i32) (result i32)
            (block $h (result i32)
                (try_table (result i32) (catch $t $h) (return_call $through (i32.add (local.get 0) (i32.const 1))))
                (return)))
        (func (export "through") (param i32) (result i32)
            (block $h (result i32)
                (try_table (result i32) (catch $t $h) (call $tail_through (local.get 0)))
                (return (i32.const -1)))
            (i32.add (i32.const 1000)))
        ;; Its handler is not.
        (func $own (param i32) (result i32)
            (block $h (result i32)
                (try_table (result i32) (catch $t $h) (call $throw (local.get 0)))
                (return))
            (i32.add (i32.const 100)))
        (func (export "tail") (param i32) (result i32)
            (block $h (result i32)
                (try_table (result i32) (catch $t $h) (call $tail (local.get 0)))
                (return (i32.const -1)))
            (i32.add (i32.const 1000)))
        (func (export "own") (param i32) (result i32)
            (block $h (result i32)
                (try_table (result i32) (catch $t $h) (call $own (local.get 0)))
                (return))
            (drop) (i32.const -1)))"#;
    for inlining in [true, false] {
        let mut config = Config::new();
        let engine =
            Engine::new(config.inlining(inlining).cranelift_debug_verifier(true)).expect("the configuration is one");
        let module = Module::new(&engine, text).expect("it compiles");
        let mut store = Store::new(&engine, ());
        let instance = Linker::new(&engine).instantiate(&mut store, &module).expect("it imports nothing");
        for (name, expected) in [("tail", 1008), ("through", 1008), ("own", 107)] {
            let function = instance.get_typed_func::<i32, i32>(&mut store, name).expect("it is exported");
            assert_eq!(function.call(&mut store, 7).expect("it is caught"), expected, "{name}, inlining: {inlining}");
        }
    }
}

/// However deep functions are put into themselves: each level takes no more of the stack than a call of its own would, and the end of it is
/// met as ever.
#[test]
fn nested_calls_take_no_more_stack() {
    let text = r#"(module
        (global $depth (export "depth") (mut i32) (i32.const 0))
        (global $sp (mut i32) (i32.const 65536))
        (memory 1)
        (func (export "one") (param i32) (result i32)
            (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
            (i32.xor (i32.const 5) (call 0 (i32.add (local.get 0) (i32.const 1)))))
        (func (export "two") (param i32) (result i32)
            (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
            (if (i32.eq (local.get 0) (i32.const 0x12345678)) (then (return (i32.const 1))))
            (i32.sub (call 1 (i32.add (local.get 0) (i32.const 1))) (call 1 (i32.mul (local.get 0) (i32.const 3)))))
        (func (export "frames") (param i32) (result i32) (local i32)
            (local.set 1 (i32.sub (global.get $sp) (i32.const 16)))
            (global.set $sp (local.get 1))
            (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
            (i32.store (i32.and (local.get 1) (i32.const 0xffff)) (local.get 0))
            (local.set 0 (i32.add (call 2 (i32.add (local.get 0) (i32.const 7))) (local.get 0)))
            (global.set $sp (i32.add (local.get 1) (i32.const 16)))
            (local.get 0)))"#;
    for name in ["one", "two", "frames"] {
        let [nested, flat] = [true, false].map(|nests| {
            let mut config = Config::new();
            config.recursive_inlining(nests).cranelift_debug_verifier(true);
            let engine = Engine::new(&config).expect("the configuration is one");
            let module = Module::new(&engine, text).expect("it compiles");
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).expect("it imports nothing");
            let function = instance.get_typed_func::<i32, i32>(&mut store, name).expect("it is exported");
            let error = function.call(&mut store, 1).expect_err("it never returns");
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{name}, nested: {nests}");
            let global = instance.get_global(&mut store, "depth").expect("it is exported");
            let Val::I32(depth) = global.get(&mut store) else { panic!("it is a number") };
            depth
        });
        assert!(nested >= flat, "{name}: {nested} calls deep when nested, else {flat}");
    }
}

/// Each loop is a place where the store can be stopped, in what is inlined too.
#[test]
fn what_repeats_in_nested_functions_can_be_stopped() {
    let text = r#"(module
        (func $again (export "again") (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (loop (br 0))))
            (i32.add (i32.const 1) (call $again (i32.sub (local.get 0) (i32.const 1))))))"#;
    // In its own body, and in that which stands in it.
    for depth in [0, 1] {
        let engine = Engine::default();
        let module = Module::new(&engine, text).expect("it compiles");
        let mut store = Store::new(&engine, ());
        let handle = store.interrupt_handle();
        let (send, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let instance = Instance::new(&mut store, &module, &[]).expect("it imports nothing");
            let function = instance.get_typed_func::<i32, i32>(&mut store, "again").expect("it is exported");
            let error = function.call(&mut store, depth).expect_err("it never returns");
            let frames = error.downcast_ref::<WasmBacktrace>().map_or(0, |trace| trace.frames().len());
            send.send((error.downcast_ref::<Trap>().copied(), frames)).expect("somebody waits");
        });
        std::thread::sleep(Duration::from_millis(50));
        handle.interrupt();
        let ended = ended.recv_timeout(Duration::from_secs(20)).expect("it is stopped");
        assert_eq!(ended, (Some(Trap::Interrupt), depth as usize + 1));
    }
}

/// On one thread, two and four.
#[test]
fn the_plan_is_the_same_on_any_number_of_threads() {
    let run = Run::new("inline on threads", "inline", 10);
    let compilers = [1, 2, 4].map(|threads| {
        Compiler::new(Options { threads: Some(threads), ..Options::default() }).expect("this machine is supported")
    });
    for case in 0..run.cases() {
        let wasm = wat::parse_str(Text::module(&mut run.random(case))).expect("the text is well-formed");
        let [one, two, four] = compilers.each_ref().map(|compiler| compiler.compile(&wasm).expect("it compiles"));
        assert!(one == two && two == four, "case {case}");
    }
    run.report("one image each");
}
