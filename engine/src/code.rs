//! What a module was compiled to, for those who want to read it: the machine code of each function, where in the WebAssembly file it
//! comes from, and where it may trap.
//!
//! Used by `tancho objdump` and by people who look at code. Nothing here changes anything.

use crate::dwarf::{self, FrameSymbol};
use crate::module::Module;
use std::ops::Range;
use tancho_abi::index::FunctionIndex;
use tancho_abi::module::NONE;
use tancho_abi::trap::Trap;

/// A function that a module defines, as it was compiled.
///
/// ```
/// # use tancho::{Engine, Module, Result};
/// # fn main() -> Result<()> {
/// let module = Module::new(&Engine::default(), r#"(module (func $f (export "f")))"#)?;
/// let function = module.functions().next().expect("it defines one");
/// assert_eq!((function.index, function.name), (0, Some("f")));
/// assert!(!module.text()[function.code].is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CompiledFunction<'a> {
    /// Its index in the module.
    pub index: u32,
    /// Its name from the name section.
    pub name: Option<&'a str>,
    /// Where its code stands in [`Module::text`].
    pub code: Range<usize>,
    /// Where its body starts in the WebAssembly file.
    pub body_offset: usize,
}

impl Module {
    /// The machine code of all functions and trampolines.
    pub fn text(&self) -> &[u8] {
        let code = self.code();
        let start = code.text().start.wrapping_sub(code.bytes().as_ptr().addr());
        code.bytes().get(start..start + code.text().len()).unwrap_or_default()
    }

    /// The functions that the module defines, by index.
    pub fn functions(&self) -> impl Iterator<Item = CompiledFunction<'_>> {
        let view = self.code().view();
        let defined = view.functions.iter().enumerate().filter(|(_, record)| record.external != NONE);
        defined.filter_map(move |(index, record)| {
            let index = FunctionIndex(u32::try_from(index).ok()?);
            Some(CompiledFunction {
                index: index.0,
                name: view.function_name(index),
                code: record.external.min(record.internal) as usize..record.end as usize,
                body_offset: record.body_offset as usize,
            })
        })
    }

    /// For places in [`Module::text`], in order, where in the WebAssembly file the code from there on comes from; `None` where it comes
    /// from no instruction. Empty without [`Config::generate_address_map`](crate::Config::generate_address_map), but for the places
    /// that may trap or call.
    pub fn address_map(&self) -> impl Iterator<Item = (usize, Option<usize>)> + '_ {
        let known = |wasm: u32| (wasm != NONE).then_some(wasm as usize);
        self.code().view().addresses.iter().map(move |record| (record.code as usize, known(record.wasm)))
    }

    /// The places in [`Module::text`], in order, of instructions that may trap, and how.
    pub fn traps(&self) -> impl Iterator<Item = (usize, Trap)> + '_ {
        let records = self.code().view().traps.iter();
        records.filter_map(|record| Some((record.code as usize, record.trap()?)))
    }

    /// The places in [`Module::text`], in order, that calls return to across which references to objects are alive: for each, how many
    /// bytes below its function's frame pointer they stand. The collector finds and updates them there.
    pub fn safepoints(&self) -> impl Iterator<Item = (usize, &[u32])> {
        let view = self.code().view();
        let references = view.references;
        let records = view.safepoint_addresses.iter().zip(view.safepoints);
        records.filter_map(move |(code, range)| Some((*code as usize, range.of(references)?)))
    }

    /// What the module's DWARF says of places in the WebAssembly file, in bytes from its start: for each the functions that are inlined
    /// there, innermost first, and at last the function itself. Empty where nothing is known. As
    /// [`FrameInfo::symbols`](crate::FrameInfo::symbols), for many places at once.
    pub fn symbols(&self, offsets: &[usize]) -> Vec<Vec<FrameSymbol>> {
        let offsets: Vec<u32> = offsets.iter().map(|offset| u32::try_from(*offset).unwrap_or(NONE)).collect();
        dwarf::symbols(self.code().view(), &offsets)
    }

    /// Whether it has DWARF, which says what comes from where in the source.
    pub fn has_dwarf(&self) -> bool {
        !self.code().view().debug_sections.is_empty()
    }

    /// Bytes of the whole compiled module, as in a `.cwasm` file.
    pub fn image_len(&self) -> usize {
        self.code().bytes().len()
    }
}
