//! What is true of all machine code that the compiler emits for x86-64: every way through a function leaves the stack and the frame pointer as
//! they were, functions without a frame touch neither, and their traps say that they have none.
//!
//! Found out from the finished image alone, by following each function's instructions, with what each does to either register: so a frame that was
//! taken out where it is needed shows, whatever the compiler thought.

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;
use tancho_abi::image::{Image, Section};
use tancho_abi::module::{ModuleView, TrapRecord};
use tancho_abi::tunables::Tunables;
use tancho_jit::{Compiler, Options};

/// What makes a frame.
const PROLOGUE: [u8; 4] = [0x55, 0x48, 0x89, 0xe5];

/// How many bytes below where it was at the entry the stack pointer is, and the frame pointer, where it is not the caller's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct State {
    depth: i64,
    frame: Option<i64>,
}

const ENTERED: State = State { depth: 0, frame: None };

/// What was seen.
#[derive(Default, Debug)]
struct Seen {
    framed: usize,
    frameless: usize,
    /// Those that make their argument area larger, or go on by a table: they move either register in a way that is not followed.
    given_up: usize,
    traps: usize,
    tail_calls: usize,
}

/// What an instruction does.
enum Step {
    On(State),
    /// It is not followed.
    Unknown,
}

/// Whether an instruction reads and whether it writes a register, or a part of it.
fn uses(factory: &mut InstructionInfoFactory, instruction: &Instruction, register: Register) -> (bool, bool) {
    let (mut read, mut written) = (false, false);
    let info = factory.info(instruction);
    for used in info.used_registers().iter().filter(|used| used.register().full_register() == register) {
        read |=
            !matches!(used.access(), OpAccess::Write | OpAccess::CondWrite | OpAccess::NoMemAccess | OpAccess::None);
        written |=
            !matches!(used.access(), OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess | OpAccess::None);
    }
    (read, written)
}

/// The state behind an instruction that goes on. A function without a frame uses neither register.
fn step(
    factory: &mut InstructionInfoFactory,
    instruction: &Instruction,
    state: State,
    framed: bool,
    place: &str,
) -> Step {
    let (stack, frame) = (uses(factory, instruction, Register::RSP), uses(factory, instruction, Register::RBP));
    if stack == (false, false) && frame == (false, false) {
        return Step::On(state);
    }
    assert!(framed, "{place}: {instruction:?} uses the stack in a function without a frame");
    let State { depth, frame: own } = state;
    let kinds = (0..instruction.op_count()).map(|operand| instruction.op_kind(operand)).collect::<Vec<_>>();
    let registers = |first, second| {
        kinds == [OpKind::Register; 2] && (instruction.op0_register(), instruction.op1_register()) == (first, second)
    };
    let stack_by = instruction.op0_register() == Register::RSP
        && kinds.len() == 2
        && kinds[1] != OpKind::Register
        && kinds[1] != OpKind::Memory;
    match instruction.mnemonic() {
        Mnemonic::Push => {
            assert!(!(instruction.op0_register() == Register::RBP && own.is_some()), "{place}: a second frame");
            Step::On(State { depth: depth + 8, frame: own })
        }
        Mnemonic::Pop if instruction.op0_register() == Register::RBP => {
            assert_eq!(own, Some(depth), "{place}: the frame pointer is taken from elsewhere");
            Step::On(State { depth: depth - 8, frame: None })
        }
        Mnemonic::Mov if registers(Register::RBP, Register::RSP) => Step::On(State { depth, frame: Some(depth) }),
        Mnemonic::Mov if registers(Register::RSP, Register::RBP) => match own {
            Some(own) => Step::On(State { depth: own, frame: Some(own) }),
            None => panic!("{place}: the stack pointer is taken from the caller's frame"),
        },
        Mnemonic::Sub if stack_by => Step::On(State { depth: depth + instruction.immediate(1) as i64, frame: own }),
        Mnemonic::Add if stack_by => Step::On(State { depth: depth - instruction.immediate(1) as i64, frame: own }),
        Mnemonic::Call => {
            assert!(own.is_some(), "{place}: a call without a frame");
            assert_eq!((depth + 8) % 16, 0, "{place}: the stack is not aligned at a call");
            Step::On(state)
        }
        _ if stack.1 || frame.1 => Step::Unknown,
        _ => Step::On(state),
    }
}

/// Where a function may trap; what is recorded of each place says whether it has a frame.
fn traps(view: &ModuleView<'_>, code: Range<u64>, framed: bool, name: &str) -> HashSet<u64> {
    let records = view.traps.iter().filter(|record| code.contains(&u64::from(record.code)));
    let checked = records.map(|record| {
        assert_eq!(record.trap & TrapRecord::FRAMELESS != 0, !framed, "{name}: the trap at {:x}", record.code);
        assert!(record.trap().is_some(), "{name}: no trap at {:x}", record.code);
        u64::from(record.code)
    });
    checked.collect()
}

/// Whether a function with a frame that is given up may return by `instruction`: where it has room for more arguments than it has been called
/// with, it removes that as well.
fn removes_room(instruction: &Instruction, state: State) -> bool {
    state.frame.is_none()
        && state.depth > 0
        && instruction.op_count() == 1
        && state.depth <= instruction.immediate(0) as i64
}

/// Follows one function.
fn follow(
    factory: &mut InstructionInfoFactory,
    code: &[u8],
    start: u64,
    view: &ModuleView<'_>,
    seen: &mut Seen,
    name: &str,
) {
    let framed = code.starts_with(&PROLOGUE);
    let end = start + code.len() as u64;
    let traps = traps(view, start..end, framed, name);
    seen.traps += traps.len();
    let mut states: HashMap<u64, State> = HashMap::new();
    let mut open = vec![(start, ENTERED)];
    while let Some((ip, state)) = open.pop() {
        if let Some(known) = states.insert(ip, state) {
            assert_eq!(known, state, "{name}: two ways to {ip:x} with other stacks");
            continue;
        }
        let offset = (ip - start) as usize;
        let mut decoder = Decoder::with_ip(64, &code[offset..], ip, DecoderOptions::NONE);
        let instruction = decoder.decode();
        let place = format!("{name} at {ip:x}");
        assert!(!instruction.is_invalid(), "{place}: no instruction");
        if traps.contains(&ip) && !framed {
            assert_eq!(state, ENTERED, "{place}: a trap says that there is no frame");
        }
        match instruction.flow_control() {
            FlowControl::Return => {
                let moved = framed && removes_room(&instruction, state);
                assert!(moved || state == ENTERED, "{place}: it returns with another stack: {state:?}");
            }
            FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch => {
                let target = instruction.near_branch64();
                if instruction.flow_control() == FlowControl::ConditionalBranch {
                    open.push((instruction.next_ip(), state));
                }
                if (start + 1..end).contains(&target) {
                    open.push((target, state));
                } else {
                    assert_eq!(instruction.mnemonic(), Mnemonic::Jmp, "{place}: it leaves the function by a condition");
                    // With more arguments or fewer on the stack than it has been called with.
                    let moved = framed && state.frame.is_none() && state.depth % 16 == 0;
                    assert!(moved || state == ENTERED, "{place}: a tail call with another stack: {state:?}");
                    seen.tail_calls += 1;
                }
            }
            FlowControl::IndirectBranch
                if state == ENTERED || (framed && state.frame.is_none() && state.depth % 16 == 0) =>
            {
                seen.tail_calls += 1;
            }
            FlowControl::IndirectBranch => {
                assert!(framed, "{place}: a table in a function without a frame");
                seen.given_up += 1;
                return;
            }
            FlowControl::Next | FlowControl::Call | FlowControl::IndirectCall => {
                // `hlt` stands where a trap is.
                if instruction.mnemonic() == Mnemonic::Hlt {
                    assert!(traps.contains(&ip), "{place}: a trap that is not listed");
                    continue;
                }
                match step(factory, &instruction, state, framed, &place) {
                    Step::On(mut state) => {
                        if instruction.mnemonic() == Mnemonic::Call {
                            // A callee removes its arguments, and its caller makes the room again at once.
                            let next = decoder.decode();
                            if next.mnemonic() == Mnemonic::Sub && next.op0_register() == Register::RSP {
                                state.depth -= next.immediate(1) as i64;
                            }
                        }
                        open.push((instruction.next_ip(), state));
                    }
                    Step::Unknown => {
                        seen.given_up += 1;
                        return;
                    }
                }
            }
            other => panic!("{place}: {other:?}"),
        }
    }
    *(if framed { &mut seen.framed } else { &mut seen.frameless }) += 1;
}

/// Follows all functions of a module.
fn module(factory: &mut InstructionInfoFactory, image: &[u8], seen: &mut Seen, name: &str) {
    let image = Image::reopen(image).expect("it has just been made");
    let view = ModuleView::of_image(&image).expect("it has just been made");
    let text: &[u8] = image.records(Section::Code).expect("it has code");
    for (index, function) in view.functions.iter().enumerate() {
        if function.internal == tancho_abi::module::NONE || function.end <= function.internal {
            continue;
        }
        let name = format!("{name}, function {index}");
        // The entry for everybody stands before it, with padding between, and jumps to it.
        let code = &text[function.internal as usize..function.end as usize];
        follow(factory, code, u64::from(function.internal), &view, seen, &name);
        if function.external != function.internal {
            let from = &text[function.external as usize..function.internal as usize];
            follow(factory, from, u64::from(function.external), &view, seen, &format!("{name}, external"));
        }
    }
}

fn compilers() -> Vec<(&'static str, Compiler)> {
    let default = Tunables::default();
    let tunables = [
        ("default", default.clone()),
        ("fuel", Tunables { consume_fuel: true, ..default.clone() }),
        (
            "without signals, no known callees",
            Tunables { signals_based_traps: false, known_callees: false, ..default.clone() },
        ),
        ("belt", Tunables { belt: true, ..default.clone() }),
        (
            "no interruption, no inlining, no known callees",
            Tunables { interruption: false, inlining: false, known_callees: false, ..default },
        ),
    ];
    tunables
        .into_iter()
        .map(|(name, tunables)| {
            let target = Some("x86_64-unknown-linux-gnu".parse().expect("a triple"));
            let options = Options { target, tunables, ..Options::default() };
            (name, Compiler::new(options).expect("the tests are built with every back end"))
        })
        .collect()
}

/// Arguments and results on the stack, and tail calls between functions with more and fewer of them, by every kind of call.
fn stacks() -> String {
    use std::fmt::Write;
    let mut text = String::from("(module (memory 1) (table 8 funcref)\n");
    let list = |count: usize| "i64 ".repeat(count);
    let values = |count: usize| (0..count).map(|at| format!("(i64.const {at}) ")).collect::<String>();
    let counts = [0_usize, 3, 5, 6, 7, 8, 12, 21];
    for params in counts {
        writeln!(text, "(type $t{params} (func (param {}) (result i64)))", list(params)).expect("there is memory");
        // It uses its first, its last, or none.
        let last = params.saturating_sub(1);
        for (name, body) in [
            ("none", "(i64.const 1)".to_owned()),
            (
                "first",
                if params == 0 {
                    "(i64.const 2)".to_owned()
                } else {
                    "(i64.mul (local.get 0) (local.get 0))".to_owned()
                },
            ),
            (
                "last",
                if params == 0 {
                    "unreachable".to_owned()
                } else {
                    format!("(i64.load (i32.wrap_i64 (local.get {last})))")
                },
            ),
        ] {
            writeln!(text, "(func $f{params}{name} (export \"f{params}{name}\") (type $t{params}) {body})")
                .expect("there is memory");
        }
        for callee in counts {
            let arguments = values(callee);
            let head = format!("(func (export \"{params} to {callee}");
            writeln!(text, "{head}\") (type $t{params}) (return_call $f{callee}last {arguments}))")
                .expect("there is memory");
            writeln!(text, "{head} by table\") (type $t{params}) (return_call_indirect (type $t{callee}) {arguments} (i32.const 1)))")
                .expect("there is memory");
            writeln!(text, "{head} by reference\") (type $t{params}) (return_call_ref $t{callee} {arguments} (ref.func $f{callee}none)))")
                .expect("there is memory");
            writeln!(
                text,
                "{head} and back\") (type $t{params}) (i64.add (call $f{callee}last {arguments}) (i64.const 1)))"
            )
            .expect("there is memory");
        }
    }
    text + ")"
}

fn files(folder: &str, extension: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).expect("the folder is there").flatten();
    let paths = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|is| is == extension));
    paths
        .map(|path| {
            let wasm = wat::parse_file(&path).expect("it is a module");
            (path.file_name().expect("it has a name").to_string_lossy().into_owned(), wasm)
        })
        .collect()
}

#[test]
fn all_code_keeps_the_stack() {
    let mut factory = InstructionInfoFactory::new();
    let mut modules = files("golden", "wat");
    modules.push(("stacks".to_owned(), wat::parse_str(stacks()).expect("the text is well-formed")));
    let programs = files("program", "wasm");
    let mut seen = Seen::default();
    for (position, (setting, compiler)) in compilers().into_iter().enumerate() {
        // The large ones by the defaults alone.
        for (name, wasm) in modules.iter().chain(programs.iter().filter(|_| position == 0)) {
            let image = compiler.compile(wasm).unwrap_or_else(|error| panic!("{name}: {error}"));
            module(&mut factory, &image, &mut seen, &format!("{name}, {setting}"));
        }
    }
    println!("{seen:?}");
    assert!(seen.frameless > 500 && seen.framed > 1000 && seen.tail_calls > 1000 && seen.traps > 1000, "{seen:?}");
    assert!(seen.given_up < seen.framed / 4, "{seen:?}");
}
