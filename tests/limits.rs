//! Large modules, each up to what toolchains make or a limit allows: compiled in bounded time and memory, and right when run. And what
//! lies beyond a limit is refused with a message that names it; `docs/limits.md` has them all.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tancho::{Engine, Instance, Module, Store, Val};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ElementSection, Elements, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, InstructionSink, MemArg, MemArgTarget, MemorySection, MemoryType,
    RefType, TableSection, TableType, TypeSection, ValType,
};

/// Of memory 0, at no offset.
const LOAD: MemArg = MemArg { offset: 0, align: 0, target: MemArgTarget::Memory(0), ordering: None };

/// A module under construction: sections in the order in which they must stand.
#[derive(Default)]
struct Parts {
    types: TypeSection,
    functions: FunctionSection,
    tables: TableSection,
    memories: MemorySection,
    globals: GlobalSection,
    exports: ExportSection,
    elements: ElementSection,
    code: CodeSection,
    data: DataSection,
}

impl Parts {
    fn ty(&mut self, params: usize, results: usize) -> u32 {
        self.types.ty().function(vec![ValType::I64; params], vec![ValType::I64; results]);
        self.types.len() - 1
    }

    /// Adds a function; its index.
    fn function(&mut self, ty: u32, locals: u32, body: impl FnOnce(&mut InstructionSink<'_>)) -> u32 {
        let mut function = Function::new((locals > 0).then_some((locals, ValType::I64)));
        body(&mut function.instructions());
        function.instructions().end();
        self.functions.function(ty);
        self.code.function(&function);
        self.functions.len() - 1
    }

    /// The module, whose function `run` is exported.
    fn finish(mut self, run: u32) -> Vec<u8> {
        self.exports.export("run", ExportKind::Func, run);
        let mut module = wasm_encoder::Module::new();
        module.section(&self.types).section(&self.functions).section(&self.tables).section(&self.memories);
        module.section(&self.globals).section(&self.exports).section(&self.elements);
        module.section(&self.code).section(&self.data);
        module.finish()
    }
}

/// A module of one function from `i64` to `i64`.
fn one(locals: u32, body: impl FnOnce(&mut InstructionSink<'_>)) -> Vec<u8> {
    let mut parts = Parts::default();
    let ty = parts.ty(1, 1);
    let run = parts.function(ty, locals, body);
    parts.finish(run)
}

/// One at a time, so that figures are of one module.
static ALONE: Mutex<()> = Mutex::new(());

/// Memory at most in use since `reset`, in MiB.
fn peak(reset: bool) -> u64 {
    if reset {
        std::fs::write("/proc/self/clear_refs", "5").expect("the kernel forgets the peak");
    }
    let status = std::fs::read_to_string("/proc/self/status").expect("the kernel says");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("there is a peak");
    line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).expect("a number of KiB") >> 10
}

/// The time that all threads of the process have run, in hundredths of a second as the kernel counts it: what else the machine does
/// makes no difference to it.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").expect("the kernel says");
    let (_, fields) = text.rsplit_once(')').expect("the name stands in parentheses");
    let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().expect("a number"));
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

fn run(engine: &Engine, wasm: &[u8], arguments: &[Val]) -> (Vec<i64>, Duration) {
    let start = processor_time();
    let module = Module::from_binary(engine, wasm).expect("it is within the limits");
    let time = processor_time() - start;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[]).expect("it has no imports");
    let run = instance.get_func(&mut store, "run").expect("it is exported");
    let mut results = vec![Val::I32(0); run.ty(&store).results().len()];
    run.call(&mut store, arguments, &mut results).expect("no trap");
    let results = results.iter().map(|value| value.i64().expect("an i64")).collect();
    (results, time)
}

/// Compiles and runs `make(size)`, and a module of a quarter of the size, so that time that grows by the square shows.
fn large(name: &str, size: u32, arguments: &[Val], make: impl Fn(u32) -> Vec<u8>, check: impl Fn(u32, &[i64])) {
    grows(name, size, 10, arguments, make, check);
}

/// Cranelift takes the square of the depth of the dominator tree, with debug assertions and without (`docs/limits.md`).
const DEEP: u32 = 30;

/// The same, where four times the size may take `most` times as long.
fn grows(
    name: &str,
    size: u32,
    most: u32,
    arguments: &[Val],
    make: impl Fn(u32) -> Vec<u8>,
    check: impl Fn(u32, &[i64]),
) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let engine = Engine::default();
    let quarter = make(size / 4);
    let before = peak(true);
    let (results, small) = run(&engine, &quarter, arguments);
    check(size / 4, &results);
    let wasm = make(size);
    let (results, time) = run(&engine, &wasm, arguments);
    check(size, &results);
    let (peak, length) = (peak(false).saturating_sub(before), wasm.len() >> 10);
    writeln!(
        std::io::stderr(),
        "{name}: {length} KiB compiled in {time:.2?} of processor time (a quarter of it in {small:.2?}), at most {peak} MiB"
    )
    .expect("standard error is open");
    assert!(time < Duration::from_secs(60), "{name} took {time:?}");
    assert!(peak < 3 << 10, "{name} took {peak} MiB");
    // Four times as much in four times the time and some; sixteen times would be the square. What is quick is all noise.
    assert!(time < Duration::from_secs(1) || time < small * most, "{name}: {small:?} grew to {time:?}");
}

#[test]
fn fifty_thousand_functions() {
    let make = |count: u32| {
        let mut parts = Parts::default();
        let ty = parts.ty(1, 1);
        // Calls far forward and back.
        for index in 0..count {
            parts.function(ty, 0, |code| {
                code.local_get(0).i64_const(1).i64_add();
                if index % 1000 == 0 && index + 1000 < count {
                    code.call(count - 1 - index);
                } else if index == count / 2 + 1 {
                    code.call(0);
                }
            });
        }
        parts.finish(0)
    };
    large("functions", 50_000, &[Val::I64(5)], make, |count, results| {
        // To the last function and back.
        assert_eq!(results, [if count > 1000 { 7 } else { 6 }]);
    });
}

#[test]
fn a_long_function() {
    let make = |size: u32| {
        one(3, |code| {
            for step in 0..size / 20 {
                code.local_get(0).i64_const(i64::from(step % 50)).i64_add().local_tee(1).i64_const(3).i64_mul();
                code.local_get(2).i64_xor().local_set(2);
                if step % 7 == 0 {
                    code.local_get(1).i32_wrap_i64().if_(BlockType::Empty).local_get(2).i64_const(1).i64_add();
                    code.local_set(2).end();
                }
            }
            code.local_get(2);
        })
    };
    let model = |size: u32| {
        let mut sum = 0_i64;
        for step in 0..size / 20 {
            let value = 11 + i64::from(step % 50);
            sum ^= value * 3;
            sum += i64::from(step % 7 == 0 && value as i32 != 0);
        }
        sum
    };
    grows("a long function", 400_000, DEEP, &[Val::I64(11)], make, |size, results| assert_eq!(results, [model(size)]));
}

/// Every local is set, and read in a loop that changes all of them.
fn locals(count: u32) -> Vec<u8> {
    one(count - 1, |code| {
        code.loop_(BlockType::Empty);
        for local in 1..count {
            code.local_get(local).i64_const(i64::from(local)).i64_add().local_set(local);
        }
        code.local_get(0).i64_const(1).i64_sub().local_tee(0).i32_wrap_i64().br_if(0).end();
        code.i64_const(0);
        for local in 1..count {
            code.local_get(local).i64_add();
        }
    })
}

#[test]
fn ten_thousand_locals() {
    let sum = |count: u32| i64::from(count) * i64::from(count - 1) / 2;
    large("10,000 locals", 10_000, &[Val::I64(3)], locals, |count, results| assert_eq!(results, [3 * sum(count)]));
}

#[test]
fn as_many_locals_as_may_be() {
    let sum = |count: u32| i64::from(count) * i64::from(count - 1) / 2;
    large("50,000 locals", 50_000, &[Val::I64(3)], locals, |count, results| assert_eq!(results, [3 * sum(count)]));
}

/// Values that cannot be made again after the call, so all of them are kept over it.
#[test]
fn as_many_locals_as_may_be_over_a_call() {
    let make = |count: u32| {
        let mut parts = Parts::default();
        let ty = parts.ty(1, 1);
        parts.memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let bytes = (0..count).map(|position| (position % 251) as u8);
        parts.data.active(0, &ConstExpr::i32_const(0), bytes);
        let changed = parts.function(ty, 0, |code| {
            code.i32_const(0).local_get(0).i64_store(MemArg { offset: 0, ..LOAD }).local_get(0);
        });
        let run = parts.function(ty, count - 1, |code| {
            for local in 1..count {
                code.i32_const(local as i32).i64_load8_u(LOAD).local_set(local);
            }
            code.local_get(0).call(changed);
            for local in 1..count {
                code.local_get(local).i64_add();
            }
        });
        parts.finish(run)
    };
    let sum = |count: u32| (1..i64::from(count)).map(|local| local % 251).sum::<i64>();
    large("locals over a call", 50_000, &[Val::I64(3)], make, |count, results| assert_eq!(results, [3 + sum(count)]));
}

/// One after the other in one function.
#[test]
fn forty_thousand_conditions() {
    let make = |count: u32| {
        one(2, |code| {
            for step in 0..count {
                code.local_get(1).i32_wrap_i64().if_(BlockType::Empty);
                code.local_get(2).i64_const(i64::from(step)).i64_xor().local_set(2).else_();
                code.local_get(1).local_get(2).i64_add().local_get(0).i64_add().local_set(1).end();
            }
            code.local_get(1);
        })
    };
    grows("conditions", 40_000, DEEP, &[Val::I64(0)], make, |_, results| assert_eq!(results, [0]));
}

#[test]
fn branches_in_many_loops() {
    let make = |count: u32| {
        one(3, |code| {
            for _ in 0..1000 {
                code.loop_(BlockType::Empty);
            }
            for step in 0..count {
                code.local_get(0).i64_const(-1 - i64::from(step)).i64_eq().br_if(step % 990);
                code.local_get(1 + step % 3).i64_const(3).i64_add().local_set(1 + (step + 1) % 3);
            }
            for _ in 0..1000 {
                code.end();
            }
            code.local_get(0);
        })
    };
    grows("branches in loops", 8_000, 8, &[Val::I64(7)], make, |_, results| assert_eq!(results, [7]));
}

#[test]
fn deep_blocks() {
    for (name, kind) in [("nested blocks", 0), ("nested loops", 1), ("nested ifs", 2)] {
        let make = |depth: u32| {
            one(1, |code| {
                for level in 0..depth {
                    match kind {
                        0 => code.block(BlockType::Empty),
                        1 => code.loop_(BlockType::Empty),
                        _ => code.local_get(0).i32_wrap_i64().if_(BlockType::Empty),
                    };
                    code.local_get(1).i64_const(i64::from(level)).i64_add().local_set(1);
                    if level % 3 == 1 && kind != 1 {
                        code.local_get(0).i64_eqz().br_if(level % 100);
                    }
                }
                for _ in 0..depth {
                    code.end();
                }
                code.local_get(1);
            })
        };
        grows(name, 12_000, DEEP, &[Val::I64(1)], make, |depth, results| {
            assert_eq!(results, [i64::from(depth) * i64::from(depth - 1) / 2]);
        });
    }
}

#[test]
fn deep_expressions() {
    let make = |depth: u32| {
        one(0, |code| {
            for _ in 0..depth {
                code.local_get(0).i64_const(3).i64_mul();
            }
            for _ in 1..depth {
                code.i64_add();
            }
        })
    };
    large("operands", 100_000, &[Val::I64(5)], make, |depth, results| assert_eq!(results, [15 * i64::from(depth)]));
    let make = |depth: u32| {
        one(0, |code| {
            code.local_get(0);
            for level in 0..depth {
                code.local_get(0).i64_xor().i64_const(i64::from(level)).i64_add();
            }
        })
    };
    let model = |depth: u32| (0..i64::from(depth)).fold(5, |value, level| (value ^ 5) + level);
    large("a deep expression", 100_000, &[Val::I64(5)], make, |depth, results| assert_eq!(results, [model(depth)]));
}

#[test]
fn huge_branch_tables() {
    let make = |count: u32| {
        one(0, |code| {
            const BLOCKS: u32 = 100;
            for _ in 0..BLOCKS {
                code.block(BlockType::Result(ValType::I64));
            }
            code.i64_const(7).local_get(0).i32_wrap_i64();
            code.br_table((0..count).map(|target| target % BLOCKS).collect::<Vec<u32>>(), 0);
            for block in 0..BLOCKS {
                code.end().i64_const(i64::from(block)).i64_add();
            }
        })
    };
    // Out of the 43rd block, behind the 44th and so on.
    let expected = 7 + (43..100).sum::<i64>();
    large("a table of branches", 100_000, &[Val::I64(943)], make, |_, results| assert_eq!(results, [expected]));
    let make = |count: u32| {
        one(0, |code| {
            for _ in 0..=count {
                code.block(BlockType::Empty);
            }
            code.local_get(0).i32_wrap_i64().br_table((0..count).collect::<Vec<u32>>(), count);
            for target in 0..count {
                code.end().i64_const(i64::from(target)).return_();
            }
            code.end().i64_const(-1);
        })
    };
    large("a branch to each block", 20_000, &[Val::I64(4321)], make, |_, results| assert_eq!(results, [4321]));
}

#[test]
fn thirty_mebibytes_of_data() {
    let make = |mebibytes: u32| {
        let mut parts = Parts::default();
        let ty = parts.ty(1, 1);
        parts.memories.memory(MemoryType {
            minimum: 512,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let bytes = (0..mebibytes << 20).map(|position| (position % 251) as u8 + 1);
        parts.data.active(0, &ConstExpr::i32_const(0), bytes);
        let run = parts.function(ty, 0, |code| {
            code.local_get(0).i32_wrap_i64().i64_load8_u(LOAD);
        });
        parts.finish(run)
    };
    large("data", 30, &[Val::I64(7_000_000)], make, |_, results| assert_eq!(results, [7_000_000 % 251 + 1]));
}

#[test]
fn a_thousand_parameters_and_results() {
    let make = |count: u32| {
        let mut parts = Parts::default();
        let (outer, inner) = (parts.ty(1, count as usize), parts.ty(count as usize, count as usize));
        let reversed = parts.function(inner, 0, |code| {
            for param in (0..count).rev() {
                code.local_get(param);
            }
        });
        let tail = parts.function(inner, 0, |code| {
            for param in 0..count {
                code.local_get(param).i64_const(1).i64_add();
            }
            code.return_call(reversed);
        });
        let run = parts.function(outer, 0, |code| {
            for param in 0..count {
                code.local_get(0).i64_const(i64::from(param)).i64_add();
            }
            code.call(reversed).call(tail);
        });
        parts.finish(run)
    };
    large("parameters and results", 1000, &[Val::I64(5)], make, |count, results| {
        assert_eq!(results, (0..i64::from(count)).map(|param| param + 6).collect::<Vec<i64>>());
    });
}

#[test]
fn many_of_everything() {
    let make = |count: u32| {
        let mut parts = Parts::default();
        // All types differ: as many parameters as binary digits, each one of two types.
        for index in 0..count {
            let params = (0..17).map(|bit| if index >> bit & 1 == 0 { ValType::I32 } else { ValType::F64 });
            parts.types.ty().function(params, []);
            parts.globals.global(
                GlobalType { val_type: ValType::I64, mutable: true, shared: false },
                &ConstExpr::i64_const(i64::from(index)),
            );
            parts.exports.export(&format!("export {index}"), ExportKind::Global, index);
        }
        let ty = parts.ty(1, 1);
        parts.memories.memory(MemoryType {
            minimum: 10,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        parts.tables.table(TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: u64::from(count),
            maximum: None,
            shared: false,
        });
        let run = parts.function(ty, 0, |code| {
            code.local_get(0).i32_wrap_i64().i64_load8_u(LOAD);
            for global in (0..count).step_by(count as usize / 100) {
                code.global_get(global).i64_add();
            }
        });
        for index in 0..count {
            parts.data.active(0, &ConstExpr::i32_const(index as i32), [index as u8]);
            parts.elements.active(None, &ConstExpr::i32_const(index as i32), Elements::Functions([run][..].into()));
        }
        parts.finish(run)
    };
    large("types, globals, exports, segments", 100_000, &[Val::I64(1001)], make, |count, results| {
        let globals: i64 = (0..i64::from(count)).step_by(count as usize / 100).sum();
        assert_eq!(results, [globals + i64::from(1001_i32 as u8)]);
    });
}

/// A section of the number, with the bytes.
fn section(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number][..], &leb(bytes.len() as u64), bytes].concat()
}

fn leb(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A module with one more of something than its limit allows.
fn beyond(of: &str, most: u64) -> Option<Vec<u8>> {
    let more = leb(most + 1);
    let body = |bytes: &[u8]| {
        let code = section(10, &[&[1][..], &leb(bytes.len() as u64), bytes].concat());
        [section(1, &[1, 0x60, 0, 0]), section(3, &[1, 0]), code].concat()
    };
    let nothing = vec![0; most as usize + 1];
    let many = vec![0x7f; most as usize + 1];
    // What stands behind a number that is too large is not looked at.
    let sections = match of {
        "types" => section(1, &more),
        "imports" => section(2, &more),
        "functions" => section(3, &more),
        "tables" => section(4, &more),
        "memories" => section(5, &more),
        "globals" => section(6, &more),
        "tags" => section(13, &more),
        "exports" => section(7, &more),
        "element segments" => section(9, &more),
        "items of an element segment" => {
            // All of them are functions 0.
            let items = section(9, &[&[1, 0, 0x41, 0, 0x0b][..], &more, &nothing].concat());
            [section(1, &[1, 0x60, 0, 0]), section(3, &[1, 0]), section(4, &[1, 0x70, 0, 0]), items].concat()
        }
        "data segments" => section(11, &more),
        "data segments that are announced" => section(12, &more),
        "bytes of a name" => section(2, &[&[1][..], &more, &nothing].concat()),
        "parameters" => section(1, &[&[1, 0x60][..], &more, &many, &[0]].concat()),
        "results" => section(1, &[&[1, 0x60, 0][..], &more, &many].concat()),
        "size of all types" => {
            let thousand = [leb(1000), vec![0x7f; 1000]].concat();
            let import = |_| [0, 0, 0, 0];
            let imports = (0..most / 1000 + 1).flat_map(import).collect::<Vec<u8>>();
            let ty = section(1, &[&[1, 0x60][..], &thousand, &[0]].concat());
            [ty, section(2, &[leb(most / 1000 + 1), imports].concat())].concat()
        }
        "bytes of a function" => body(&nothing),
        "locals and parameters" => body(&[&[1][..], &more, &[0x7f, 0x0b]].concat()),
        "targets of a `br_table`" => body(&[&[0, 0x41, 0, 0x0e][..], &more, &[0, 0x0b]].concat()),
        "clauses of a `try_table`" => body(&[&[0, 0x1f, 0x40][..], &more, &[0, 0x0b]].concat()),
        _ => return None,
    };
    Some([&b"\0asm\x01\0\0\0"[..], &sections].concat())
}

#[test]
fn beyond_a_limit_the_error_says_which() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let engine = Engine::default();
    let mut seen = 0;
    for limit in tancho_jit::LIMITS {
        let Some(wasm) = beyond(limit.of, limit.most) else { continue };
        let error = format!("{:#}", Module::from_binary(&engine, &wasm).expect_err("it is too large"));
        println!("{}: {error}", limit.of);
        assert!(error.contains("implementation limit exceeded"), "{}: {error}", limit.of);
        assert!(error.contains(&limit.most.to_string()) && error.contains("at offset 0x"), "{}: {error}", limit.of);
        let in_function = matches!(
            limit.of,
            "bytes of a function" | "locals and parameters" | "targets of a `br_table`" | "clauses of a `try_table`"
        );
        assert_eq!(error.contains("in function 0"), in_function, "{}: {error}", limit.of);
        seen += 1;
    }
    assert_eq!(seen, 20, "every limit of wasmparser");
}

/// The number with commas, as the document has it.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

#[test]
fn the_document_has_the_same_numbers() {
    let document = include_str!("../docs/limits.md");
    let own = [
        ("entries of a table", tancho_abi::module::MAX_TABLE_ENTRIES),
        ("stack that a host function finds", tancho_runtime::call::HOST_RESERVE as u64),
        ("frame of a trampoline", tancho_abi::vmctx::TRAMPOLINE_FRAME.into()),
    ];
    let limits = tancho_jit::LIMITS.into_iter().map(|limit| (limit.of, limit.most)).chain(own);
    let mut rows = 0;
    for (of, most) in limits {
        let row = format!("| {of} | {} |", grouped(most));
        assert_eq!(document.matches(&row).count(), 1, "`{row}` stands in docs/limits.md");
        rows += 1;
    }
    assert_eq!(rows, 30);
}

/// Trampolines make their frames before they look at the stack, so these are held to a share of what is kept free there. All types that a
/// module may have fit it, but for hundreds of vectors on riscv64, where each has a large place; a host's type that does not is an error.
#[test]
fn frames_of_trampolines_are_bounded() {
    use tancho_abi::types::{FuncType, ValType};
    for (architecture, features) in [("x86_64", &[][..]), ("aarch64", &[]), ("riscv64gc", &["has_v"])] {
        let options = tancho_jit::Options {
            target: Some(format!("{architecture}-unknown-linux-gnu").parse().expect("it is a triple")),
            cpu_features: features.iter().map(|feature| (*feature).to_owned()).collect(),
            ..tancho_jit::Options::default()
        };
        let compiler = tancho_jit::Compiler::new(options).expect("tests have every back end");
        let compile = |types: &[ValType], params, results| {
            let many = |count| types.iter().copied().cycle().take(count).collect::<Box<[ValType]>>();
            let ty = FuncType { params: many(params), results: many(results) };
            compiler.trampolines(&[ty]).map_err(|error| format!("{architecture} {types:?} {params} {results}: {error}"))
        };
        let kinds =
            [&[ValType::V128][..], &[ValType::I64], &[ValType::F64], &[ValType::F32, ValType::I32, ValType::V128]];
        for types in kinds {
            let vectors = architecture == "riscv64gc" && types.contains(&ValType::V128);
            let many = if vectors { 200 } else { 1000 };
            for (params, results) in [(many, many), (many, 0), (0, many), (many, 1)] {
                compile(types, params, results).unwrap_or_else(|error| panic!("{error}"));
            }
        }
        let too_large = [(&[ValType::I64], 10_000, 0), (&[ValType::I64], 0, 10_000), (&[ValType::V128], 5000, 5000)];
        let vectors = (architecture == "riscv64gc").then_some((&[ValType::V128], 1000, 1000));
        for (types, params, results) in too_large.into_iter().chain(vectors) {
            let error = compile(types, params, results).expect_err("it is too large");
            assert!(error.contains("bytes of stack in a call from or to the host, more than 49152"), "{error}");
        }
    }
}
