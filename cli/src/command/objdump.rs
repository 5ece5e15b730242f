//! `tancho objdump`: the machine code of a module, function by function, with the WebAssembly that it comes from.
//!
//! The engine says where code stands, where it comes from, where it may trap and where references are; capstone reads the machine's instructions, wasmparser
//! WebAssembly's.

use crate::flags::Objdump;
use std::process::ExitCode;
use tancho::Result;

/// Without a disassembler there is nothing to show.
#[cfg(not(feature = "objdump"))]
pub(crate) fn run(_: &Objdump) -> Result<ExitCode> {
    use crate::diagnosis::{Diagnosis, code};
    let message = "this build of Tancho has no disassembler";
    Err(Diagnosis::new(&code::line::UNKNOWN_COMMAND, message).help("build it with the feature `objdump`").into())
}

#[cfg(feature = "objdump")]
pub(crate) use listing::run;

#[cfg(feature = "objdump")]
mod listing {
    use super::{ExitCode, Objdump, Result};
    use crate::diagnosis::{Diagnosis, code};
    use crate::engine::engine;
    use crate::outcome::print;
    use crate::style::Style;
    use crate::{command, load};
    use capstone::arch::{arm64, riscv, x86};
    use capstone::prelude::*;
    use std::collections::BTreeMap;
    use tancho::{CompiledFunction, Context, Error, FrameSymbol, Module};
    use wasmparser::{Operator, Parser, Payload};

    pub(crate) fn run(flags: &Objdump) -> Result<ExitCode> {
        let engine = engine(&flags.engine)?;
        let bytes = load::source(&flags.file)?;
        let shown = load::shown(&flags.file);
        let (module, operators) = if Module::is_precompiled(&bytes) {
            // Of a compiled file only the places in the module are known, not what stood there.
            let module = command::run::load_compiled(&engine, &bytes, &flags.file, flags.allow_precompiled)?;
            (module, BTreeMap::new())
        } else {
            let wasm = wat::parse_bytes(&bytes).with_context(|| format!("cannot read {shown}"))?;
            let module = Module::new(&engine, &wasm).with_context(|| format!("cannot compile {shown}"))?;
            (module, operators(&wasm)?)
        };
        let listing = Listing {
            disassembler: disassembler(&engine)?,
            addresses: module.address_map().collect(),
            traps: module.traps().map(|(at, trap)| (at, trap.message())).collect(),
            safepoints: module.safepoints().filter(|(_, references)| !references.is_empty()).collect(),
            lines: lines(&module),
            names: names(&module),
            style: Style::stdout(),
            bytes: flags.bytes,
            operators,
            module: &module,
        };
        let wanted = |function: &CompiledFunction<'_>| {
            let index = function.index.to_string();
            flags.function.is_empty() || flags.function.iter().any(|name| *name == index || function.name == Some(name))
        };
        let mut found = false;
        for function in module.functions().filter(wanted) {
            found = true;
            print(&listing.function(&function)?)?;
        }
        if !found && !flags.function.is_empty() {
            let message = format!("the module defines no function {}", flags.function.join(", "));
            return Err(Diagnosis::new(&code::import::NO_EXPORT, message)
                .help("without --function all are shown, with their indices and names")
                .into());
        }
        Ok(ExitCode::SUCCESS)
    }

    struct Listing<'m> {
        module: &'m Module,
        disassembler: Capstone,
        /// Place in the text to place in the file.
        addresses: BTreeMap<usize, Option<usize>>,
        traps: BTreeMap<usize, &'static str>,
        /// Place in the text that a call returns to, to how far below the frame pointer references stand.
        safepoints: BTreeMap<usize, &'m [u32]>,
        /// Place in the file to the place in the source.
        lines: BTreeMap<usize, String>,
        /// Place in the text to the function that starts there.
        names: BTreeMap<usize, String>,
        /// Place in the file to the instruction.
        operators: BTreeMap<usize, String>,
        style: Style,
        bytes: bool,
    }

    impl Listing<'_> {
        fn function(&self, function: &CompiledFunction<'_>) -> Result<String> {
            let name = function.name.map_or(String::new(), |name| format!(" `{name}`"));
            let size = function.code.len();
            let heading = format!("function {}{name}: {size} bytes at {:#x}", function.index, function.code.start);
            let mut text = format!("{}\n", self.style.heading(&heading));
            let code = self.module.text().get(function.code.clone()).unwrap_or_default();
            let start = function.code.start;
            let instructions = self.disassembler.disasm_all(code, start as u64).map_err(Error::new)?;
            let mut shown = None;
            let mut line = None;
            let mut end = start;
            for instruction in instructions.iter() {
                let at = usize::try_from(instruction.address()).map_err(Error::new)?;
                end = at + instruction.len();
                let place = self.addresses.range(..=at).next_back().and_then(|(_, place)| *place);
                if let Some(place) = place.filter(|place| shown != Some(*place)) {
                    let source = self.lines.get(&place);
                    if let Some(source) = source.filter(|source| line != Some(*source)) {
                        text += &format!("{}\n", self.style.heading(&format!("  {source}")));
                    }
                    line = source.or(line);
                    let operator = self.operators.get(&place).map_or("", String::as_str);
                    text += &format!("{}\n", self.style.good(format!("  {place:#8x}: {operator}").trim_end()));
                    shown = Some(place);
                }
                text += &self.instruction(at, instruction);
                if let Some(references) = self.safepoints.get(&end) {
                    let places: Vec<String> = references.iter().map(|below| format!("fp-{below}")).collect();
                    let alive = format!("{:>12}  ; references alive here: {}", "", places.join(", "));
                    text += &format!("{}\n", self.style.faint(&alive));
                }
            }
            let rest = (function.code.end).saturating_sub(end);
            if rest > 0 {
                // Constants that the compiler keeps behind a function are no instructions.
                text += &format!("{}\n", self.style.faint(&format!("{end:>12x}: {rest} bytes of data")));
            }
            text.push('\n');
            Ok(text)
        }

        fn instruction(&self, at: usize, instruction: &capstone::Insn<'_>) -> String {
            let bytes: String = match self.bytes {
                true => instruction.bytes().iter().map(|byte| format!("{byte:02x} ")).collect::<String>() + " ",
                false => String::new(),
            };
            let operands = instruction.op_str().unwrap_or_default();
            let mut line = format!("{at:>12x}: {bytes}{:<8} {operands}", instruction.mnemonic().unwrap_or_default());
            line.truncate(line.trim_end().len());
            let target =
                operands.trim_start_matches('#').strip_prefix("0x").and_then(|hex| usize::from_str_radix(hex, 16).ok());
            if let Some(name) = target.and_then(|target| self.names.get(&target)) {
                line += &self.style.faint(&format!("  ; {name}"));
            }
            if let Some(trap) = self.traps.get(&at) {
                line += &self.style.warning(&format!("  ; may trap: {trap}"));
            }
            line + "\n"
        }
    }

    /// The places in the source of the instructions that code comes from, with the function where it is an inlined one.
    fn lines(module: &Module) -> BTreeMap<usize, String> {
        if !module.has_dwarf() {
            return BTreeMap::new();
        }
        let mut places: Vec<usize> = module.address_map().filter_map(|(_, place)| place).collect();
        places.sort_unstable();
        places.dedup();
        let symbols = module.symbols(&places);
        let line = |symbols: Vec<FrameSymbol>| {
            let symbol = symbols.first()?;
            let line = symbol.line().map_or(String::new(), |line| format!(":{line}"));
            let inlined = if symbols.len() > 1 { symbol.name() } else { None };
            let within = inlined.map_or(String::new(), |name| format!(" in {name} (inlined)"));
            Some(format!("{}{line}{within}", symbol.file()?).escape_debug().to_string())
        };
        places.into_iter().zip(symbols).filter_map(|(place, symbols)| Some((place, line(symbols)?))).collect()
    }

    fn names(module: &Module) -> BTreeMap<usize, String> {
        let name = |function: CompiledFunction<'_>| {
            (function.code.start, function.name.map_or_else(|| format!("function {}", function.index), str::to_owned))
        };
        module.functions().map(name).collect()
    }

    /// The disassembler for what the engine compiles for, which is what it loads.
    fn disassembler(engine: &tancho::Engine) -> Result<Capstone> {
        let settings = engine.settings();
        let target =
            settings.iter().find(|(name, _)| name == "target").map(|(_, value)| value.as_str()).unwrap_or_default();
        let made = match target.split('-').next().unwrap_or_default() {
            "x86_64" => Capstone::new().x86().mode(x86::ArchMode::Mode64).syntax(x86::ArchSyntax::Intel).build(),
            "aarch64" => Capstone::new().arm64().mode(arm64::ArchMode::Arm).build(),
            "riscv64gc" | "riscv64" => Capstone::new()
                .riscv()
                .mode(riscv::ArchMode::RiscV64)
                .extra_mode([riscv::ArchExtraMode::RiscVC].into_iter())
                .build(),
            other => return Err(Error::msg(format!("there is no disassembler for {other}"))),
        };
        let mut made = made.map_err(Error::new)?;
        made.set_skipdata(true).map_err(Error::new)?;
        Ok(made)
    }

    /// The instructions of all functions by their place in the file.
    fn operators(wasm: &[u8]) -> Result<BTreeMap<usize, String>> {
        let mut operators = BTreeMap::new();
        for payload in Parser::new(0).parse_all(wasm) {
            if let Payload::CodeSectionEntry(body) = payload? {
                for operator in body.get_operators_reader()?.into_iter_with_offsets() {
                    let (operator, at) = operator?;
                    operators.insert(usize::try_from(at).map_err(Error::new)?, text_of(&operator));
                }
            }
        }
        Ok(operators)
    }

    macro_rules! names_of_operators {
        ($(@$proposal:ident $operator:ident $({ $($argument:ident: $type:ty),* })? => $visit:ident ($($annotation:tt)*))*) => {
            /// The name of an instruction, with underscores, after `visit_`.
            fn name_of(operator: &Operator<'_>) -> &'static str {
                match operator {
                    $(Operator::$operator { .. } => stringify!($visit),)*
                    _ => "visit_unknown",
                }
            }
        };
    }
    wasmparser::for_each_operator!(names_of_operators);

    /// An instruction as it is written in text, nearly: its name, and its immediate values as they stand in the binary format.
    fn text_of(operator: &Operator<'_>) -> String {
        // What stands before the point in names of instructions.
        const OF: [&str; 24] = [
            "i32", "i64", "f32", "f64", "v128", "i8x16", "i16x8", "i32x4", "i64x2", "f32x4", "f64x2", "local",
            "global", "table", "memory", "ref", "struct", "array", "i31", "elem", "data", "any", "extern", "atomic",
        ];
        let name = name_of(operator).trim_start_matches("visit_");
        let name = match name.split_once('_') {
            Some((of, rest)) if OF.contains(&of) => format!("{of}.{rest}"),
            _ => name.to_owned(),
        };
        let all = format!("{operator:?}");
        let values = all.split_once(" { ").map(|(_, values)| values.trim_end_matches(" }"));
        values.map_or(name.clone(), |values| format!("{name} {values}"))
    }
}
