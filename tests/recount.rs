//! Recounting and wide counters: loops that look for something find it, and leave what they have counted as it was, whatever they count by, where
//! they are left and what is asked for afterwards: with each of the two, without, and not optimised.

use tancho::{Config, Engine, Instance, Module, OptLevel, Store};
use tancho_abi::tunables::Tunables;
use tancho_jit::{Compiler, Options};
use tancho_tests::oracle::seed::{Rng, Run};

/// The random text of a module.
struct Text<'a> {
    random: &'a mut Rng,
    text: String,
}

impl Text<'_> {
    /// A loop with two counters of either width, `$c0` and `$c1`, which have been `$o0` and `$o1`; it is left at several places, and after `$cap` turns.
    fn module(random: &mut Rng) -> String {
        let types = [0, 1].map(|_| *random.choice(&["i32", "i64"]).expect("there are some"));
        let mut text = Text { random, text: String::new() };
        text.push("(block $done (block $second (block $first (loop $l\n");
        text.push(
            "(br_if $done (i32.gt_u (local.tee $turns (i32.add (local.get $turns) (i32.const 1))) (local.get $cap)))\n",
        );
        // Mostly, each counter is stepped once in a turn.
        let mut steps: Vec<Option<usize>> = vec![Some(0), Some(1)];
        steps.extend((0..text.random.usize(0..4)).map(|_| None));
        if text.random.u8(..8) == 0 {
            steps.push(Some(text.random.usize(..2)));
        }
        text.random.shuffle(&mut steps);
        for step in steps {
            match step {
                Some(which) => text.count(types, which),
                None => text.step(types),
            }
        }
        let again = text.found(types);
        text.push(&format!("(br_if $l {again})) "));
        text.asks(types);
        text.push("(br $done))\n");
        text.asks(types);
        if text.random.bool() {
            text.push("(br $done)\n");
        }
        text.push(")");
        text.asks(types);
        text.push(")");
        text.asks(types);
        let begin = |which: usize| match types[which] {
            "i32" => format!("(i32.wrap_i64 (local.get $p{which}))"),
            _ => format!("(local.get $p{which})"),
        };
        format!(
            r#"(module (memory 65536) (data (i32.const 0) "\01\01\02\01\01\01\03\01\00\01\01\01\01\02\01\01\01\00")
                (func (export "run") (param $p0 i64) (param $p1 i64) (param $cap i32) (result i64)
                    (local $c0 {0}) (local $c1 {1}) (local $o0 {0}) (local $o1 {1}) (local $turns i32) (local $sum i64)
                    (local.set $c0 {2}) (local.set $c1 {3})
                    {4}
                    (local.get $sum)))"#,
            types[0],
            types[1],
            begin(0),
            begin(1),
            text.text
        )
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A local and its type: a counter, or what it was.
    fn local(&mut self, types: [&'static str; 2]) -> (String, &'static str) {
        let which = self.random.usize(..2);
        (format!("${}{which}", self.random.choice(['c', 'o', 'o']).expect("there are some")), types[which])
    }

    /// Adds a local to the sum.
    fn ask(&mut self, types: [&'static str; 2]) {
        let (local, ty) = self.local(types);
        let wide = if ty == "i32" {
            format!("(i64.extend_i32_u (local.get {local}))")
        } else {
            format!("(local.get {local})")
        };
        self.push(&format!("(local.set $sum (i64.rotl (i64.add (local.get $sum) {wide}) (i64.const 7)))\n"));
    }

    fn asks(&mut self, types: [&'static str; 2]) {
        for _ in 0..self.random.usize(..3) {
            self.ask(types);
        }
    }

    /// An i32 that is rarely 0: a byte at a place near a local.
    fn found(&mut self, types: [&'static str; 2]) -> String {
        let (local, ty) = self.local(types);
        let place =
            if ty == "i32" { format!("(local.get {local})") } else { format!("(i32.wrap_i64 (local.get {local}))") };
        if ty == "i32" && self.random.bool() {
            return format!("(i32.load8_u (local.get {local}))");
        }
        let byte = format!("(i32.load8_u offset={} (i32.and {place} (i32.const 15)))", self.random.u8(..3));
        if self.random.bool() { byte } else { format!("(i32.ne {byte} (i32.const {}))", self.random.u8(1..4)) }
    }

    /// Steps a counter.
    fn count(&mut self, types: [&'static str; 2], which: usize) {
        let ty = types[which];
        let by = *self.random.choice(&[1_i64, 1, -1, 4, -8, 0x7fff_ffff, -0x8000_0000]).expect("there are some");
        let add = if self.random.u8(..4) == 0 { "sub" } else { "add" };
        self.push(&format!(
            "(local.set $c{which} ({ty}.{add} (local.tee $o{which} (local.get $c{which})) ({ty}.const {by})))\n"
        ));
    }

    /// Asks for something, goes back, or leaves the loop.
    fn step(&mut self, types: [&'static str; 2]) {
        match self.random.u8(..8) {
            0..3 => self.ask(types),
            3 => {
                let found = self.found(types);
                self.push(&format!("(br_if $l {found})\n"));
            }
            _ => {
                let (found, out) = (self.found(types), self.random.choice(["first", "second", "done"]).expect("some"));
                self.push(&format!("(br_if ${out} (i32.eqz {found}))\n"));
            }
        }
    }
}

fn compiler(recounting: bool, wide_counters: bool) -> Compiler {
    let tunables = Tunables { recounting, wide_counters, ..Tunables::default() };
    Compiler::new(Options { threads: Some(1), tunables, verifier: true, ..Options::default() })
        .expect("this machine is supported")
}

/// What a module comes to with each of these arguments.
fn run(config: &Config, wasm: &[u8], arguments: &[(i64, i64, i32)]) -> tancho::Result<Vec<i64>> {
    let engine = Engine::new(config)?;
    let module = Module::new(&engine, wasm)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let run = instance.get_typed_func::<(i64, i64, i32), i64>(&mut store, "run")?;
    arguments.iter().map(|arguments| run.call(&mut store, *arguments)).collect()
}

#[test]
fn loops_leave_what_they_counted() {
    let run_of = Run::new("recount", "recount", 1500);
    let (with, narrow, without) = (compiler(true, true), compiler(true, false), compiler(false, true));
    let mut usual = Config::new();
    usual.compilation_threads(1);
    let mut off = usual.clone();
    off.recounting(false).wide_counters(false);
    let mut plain = usual.clone();
    plain.cranelift_opt_level(OptLevel::None);
    let counts = run_of.all(
        || [0_usize; 2],
        |counts, _, random| {
            let text = Text::module(random);
            let wasm = wat::parse_str(&text).map_err(|error| format!("{error}\n{text}"))?;
            let code = |compiler: &Compiler| compiler.inspect(&wasm).map(|functions| functions[0].code.clone());
            let with = code(&with).map_err(|error| error.to_string())?;
            counts[0] += usize::from(with != code(&without).map_err(|error| error.to_string())?);
            counts[1] += usize::from(with != code(&narrow).map_err(|error| error.to_string())?);
            let arguments: Vec<(i64, i64, i32)> = (0..8)
                .map(|_| (random.i64(-9..9), *random.choice(&[0, -1, 8, i64::MAX]).expect("some"), random.i32(0..40)))
                .collect();
            let [usual, off, plain] = [&usual, &off, &plain].map(|config| run(config, &wasm, &arguments));
            let told = |result: tancho::Result<Vec<i64>>| result.map_err(|error| format!("{error:?}\n{text}"));
            let (usual, off, plain) = (told(usual)?, told(off)?, told(plain)?);
            if usual == off && off == plain {
                return Ok(());
            }
            Err(format!("with {usual:x?}, without {off:x?}, not optimised {plain:x?}\n{text}"))
        },
    );
    let [recounted, widened] = [0, 1].map(|which| counts.iter().map(|counts| counts[which]).sum::<usize>());
    if run_of.is_whole() {
        let least = run_of.cases() as usize / 20;
        assert!(recounted > least && (widened > least || !cfg!(target_arch = "x86_64")), "{recounted}, {widened}");
    }
    run_of.report(&format!("{recounted} recounted, {widened} with wide counters"));
}
