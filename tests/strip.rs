//! Strips: loops that count do the same turns whether they can be interrupted in each or once in many, whatever they begin with, step by and
//! end at; and what has no site at all is bounded.

use tancho::{Config, Engine, Instance, Module, Store};
use tancho_jit::{Compiler, Options};

/// The ways in which loops end: what is done behind the body, with `$p` the counter, `$end` what it is compared with, `T` the type and `S` the step.
const FORMS: &[(&str, &str)] = &[
    ("compared", "(br_if $l (T.ne (local.tee $p (T.add (local.get $p) (T.const S))) (local.get $end)))"),
    (
        "compared, the other way round",
        "(br_if $l (T.ne (local.get $end) (local.tee $p (T.add (T.const S) (local.get $p)))))",
    ),
    (
        "compared before",
        "(local.set $old (local.get $p)) (local.set $p (T.add (local.get $p) (T.const S))) (br_if $l (T.ne (local.get $old) (local.get $end)))",
    ),
    (
        "compared with more",
        "(local.set $p (T.add (local.get $p) (T.const S))) (br_if $l (T.ne (T.add (local.get $p) (T.const 5)) (local.get $end)))",
    ),
    ("left", "(br_if $out (T.eq (local.tee $p (T.add (local.get $p) (T.const S))) (local.get $end))) (br $l)"),
    ("not equal", "(br_if $l (i32.eqz (T.eq (local.tee $p (T.add (local.get $p) (T.const S))) (local.get $end))))"),
    (
        "not not equal, and left",
        "(br_if $out (i32.eqz (T.ne (local.tee $p (T.add (local.get $p) (T.const S))) (local.get $end)))) (br $l)",
    ),
    (
        "compared in an arm",
        "(if (T.ne (local.tee $p (T.add (local.get $p) (T.const S))) (local.get $end)) (then (br $l)) (else (local.set $more (i32.const 1))))",
    ),
    (
        "stepped twice",
        "(local.set $p (T.add (local.get $p) (T.const 1))) (br_if $l (T.ne (local.tee $p (T.add (local.get $p) (T.const S1))) (local.get $end)))",
    ),
    ("to zero", "(br_if $l (T.ne (local.tee $p (T.add (local.get $p) (T.const S))) (T.const 0)))"),
    ("to zero and left", "(br_if $out (T.eqz (local.tee $p (T.add (local.get $p) (T.const S))))) (br $l)"),
];

/// How much a counter becomes larger by.
const STEPS: [i64; 14] = [1, -1, 2, -2, 3, 8, -8, 12, -24, 7, -0x10000, 0x300000, i32::MIN as i64, 0x5555_5555];

/// After so many turns a loop is left anyway.
const CAP: u64 = 3000;

fn module(form: &str, ty: &str, step: i64) -> String {
    // A step of 32 bits.
    let one_less = if ty == "i32" { i64::from((step as i32).wrapping_sub(1)) } else { step - 1 };
    let test =
        form.replace("S1", &one_less.to_string()).replace('S', &step.to_string()).replace("T.", &format!("{ty}."));
    format!(
        r#"(module (memory 1)
            (func (export "run") (param $p {ty}) (param $end {ty}) (param $cap i32) (result i32 {ty} i32)
                (local $turns i32) (local $sum i32) (local $old {ty}) (local $more i32)
                (block $out
                    (loop $l
                        (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
                        (i32.store (i32.and (local.get $turns) (i32.const 1020)) (local.get $sum))
                        (if (i32.and (local.get $turns) (i32.const 4))
                            (then (local.set $sum (i32.rotl (i32.add (local.get $sum) (local.get $turns)) (i32.const 3)))))
                        (br_if $out (i32.eq (local.get $turns) (local.get $cap)))
                        {test}))
                (local.get $turns) (local.get $p) (local.get $sum)))"#
    )
}

/// What such a loop does, turn by turn: how many turns, and what the counter and the sum are in the end.
fn model(form: &str, bits: u32, step: i64, first: u64, end: u64) -> (u64, u64, u32) {
    let mask = u64::MAX >> (64 - bits);
    let (mut p, mut sum) = (first & mask, 0_u32);
    for turns in 1_u64.. {
        if turns & 4 != 0 {
            sum = sum.wrapping_add(turns as u32).rotate_left(3);
        }
        if turns == CAP {
            return (turns, p, sum);
        }
        let before = p;
        p = p.wrapping_add(step as u64) & mask;
        let compared = match form {
            "compared before" => before,
            "compared with more" => p.wrapping_add(5) & mask,
            _ => p,
        };
        let end = if form.starts_with("to zero") { 0 } else { end & mask };
        if compared == end {
            return (turns, p, sum);
        }
    }
    unreachable!("it is left after some turns")
}

/// In which turns loops are to end: in `every` one, or in some, and never.
fn turns(every: bool) -> impl Iterator<Item = u64> {
    let by = if every { 1 } else { 61 };
    [0, 1, 2, 3].into_iter().chain((200..2000).step_by(by)).chain([CAP - 1, CAP, 1 << 40])
}

#[test]
fn loops_do_the_same_turns() {
    let mut cases = 0;
    let fenced = |config: &mut Config| {
        config.epoch_interruption(true);
    };
    let without = |config: &mut Config| {
        config.loop_strips(false);
    };
    let comparing = |config: &mut Config| {
        config.signals_based_traps(false);
    };
    let usual = |_: &mut Config| {};
    type Set<'a> = (&'a str, &'a dyn Fn(&mut Config));
    let settings: [Set<'_>; 4] =
        [("usual", &usual), ("fenced", &fenced), ("without", &without), ("comparing", &comparing)];
    for (how, set) in settings {
        let mut config = Config::new();
        config.cranelift_debug_verifier(true);
        set(&mut config);
        let engine = Engine::new(&config).expect("the host is supported");
        for (form, test) in FORMS {
            for (ty, bits) in [("i32", 32), ("i64", 64)] {
                // What the settings have to do with each other does not depend on the step.
                for step in STEPS.into_iter().take(if how == "usual" { STEPS.len() } else { 4 }) {
                    let module = Module::new(&engine, module(test, ty, step))
                        .unwrap_or_else(|error| panic!("{form}: {error:?}"));
                    let mut store = Store::new(&engine, ());
                    if how == "fenced" {
                        store.set_epoch_deadline(1 << 20);
                    }
                    let instance = Instance::new(&mut store, &module, &[]).expect("it imports nothing");
                    let mut check = |first: u64, end: u64| {
                        let got = if bits == 32 {
                            let run = instance.get_typed_func::<(i32, i32, i32), (i32, i32, i32)>(&mut store, "run");
                            let run = run.expect("it is exported");
                            let (turns, p, sum) =
                                run.call(&mut store, (first as i32, end as i32, CAP as i32)).expect("it ends");
                            (turns as u64, u64::from(p as u32), sum as u32)
                        } else {
                            let run = instance.get_typed_func::<(i64, i64, i32), (i32, i64, i32)>(&mut store, "run");
                            let run = run.expect("it is exported");
                            let (turns, p, sum) =
                                run.call(&mut store, (first as i64, end as i64, CAP as i32)).expect("it ends");
                            (turns as u64, p as u64, sum as u32)
                        };
                        let expected = model(form, bits, step, first, end);
                        assert_eq!(got, expected, "{form}, {how}: {ty} from {first:#x} by {step} to {end:#x}");
                        cases += 1;
                    };
                    // Where strips end is the compiler's affair: all turns are some strip's last for some of them.
                    let every = how == "usual" && bits == 32 && step == 3;
                    for turns in turns(every) {
                        let far = (step as u64).wrapping_mul(turns);
                        for (first, beside) in [(0_u64, 0_u64), (5, 1), (u64::MAX - 9, 0), (1 << 31, u64::MAX)] {
                            let end = first.wrapping_add(far).wrapping_add(beside);
                            check(first, end);
                            // To zero.
                            check(far.wrapping_neg().wrapping_add(beside), end);
                        }
                    }
                }
            }
        }
    }
    eprintln!("{cases} loops");
    assert!(cases > 50_000);
}

/// How many sites there are in the first function of a module.
fn sites(text: &str) -> usize {
    let compiler = Compiler::new(Options { verifier: true, ..Options::default() }).expect("the host is supported");
    let wasm = wat::parse_str(text).expect("the text is well-formed");
    let functions = compiler.inspect(&wasm).expect("it compiles");
    functions[0].clif.lines().filter(|line| line.contains("= load") && line.contains(" user11 ")).count()
}

/// A loop of so many turns, counted down.
fn counted(turns: u32) -> String {
    format!(
        "(local.set $n (i32.const {turns}))
        (loop $l
            (local.set $sum (i32.mul (i32.add (local.get $sum) (local.get $n)) (i32.const 3)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))"
    )
}

fn function(body: &str) -> String {
    format!(
        "(module (func $f (export \"f\") (param $never i32) (result i32) (local $n i32) (local $sum i32) {body} (local.get $sum)))"
    )
}

#[test]
fn a_loop_of_few_turns_has_no_site_and_its_function_has_one() {
    assert_eq!(sites(&function("")), 0);
    assert_eq!(sites(&function(&counted(100))), 1);
    // One that has many turns has its own, and then the function needs none.
    assert_eq!(sites(&function(&counted(1_000_000))), 1);
    assert_eq!(sites(&function(&counted(100).repeat(3))), 1);
    // It comes to 0 after 2³² turns, and never.
    assert_eq!(sites(&function(&counted(0))), 1);
    let by_two = counted(7).replace("(i32.const 1)", "(i32.const 2)");
    assert_eq!(sites(&function(&by_two)), 1);
    let in_an_endless_one = format!("(loop $o {} (br_if $o (local.get $never)))", counted(100));
    assert_eq!(sites(&function(&in_an_endless_one)), 2);
}

/// What a function does without asking is bounded, however many loops it has.
#[test]
fn many_loops_of_few_turns_have_sites_after_all() {
    let sites = sites(&function(&counted(1000).repeat(1000)));
    assert!((100..950).contains(&sites), "{sites} sites in 1000 loops of 1000 turns");
}
