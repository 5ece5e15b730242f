//! A piece of compiled code: what is kept of a function or trampoline between its compilation and the image.
//!
//! Made by the pipeline as soon as Cranelift is done with a function, because what Cranelift gives takes several KiB even for the
//! smallest function, and a module may have a million. Taken apart by `link` and `tables`.

use super::{frameless, place};
use crate::error::CompileError;
use crate::opt::inline::Sources;
use crate::target::architecture;
use crate::translate::env::CodeName;
use crate::translate::function::Caught;
use crate::translate::trap;
use cranelift_codegen::binemit::{Addend, Reloc};
use cranelift_codegen::ir::{ExternalName, Type, UserStackMap};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::{
    CompiledCode, ExceptionContextLoc, FinalizedMachExceptionHandler, FinalizedMachReloc, FinalizedRelocTarget,
};
use tancho_abi::catch::CatchRecord;
use tancho_abi::module::{AddressRecord, InlineSiteRecord, InlinedRecord, NONE, TrapRecord};
use tancho_abi::target::Architecture;
use tancho_abi::trap::X86_64_TRAP;

/// A function or a trampoline. Offsets are from its start.
pub(crate) struct Code {
    /// What others call it by, if they do.
    pub(crate) name: Option<CodeName>,
    /// The machine code.
    pub(crate) bytes: Box<[u8]>,
    /// What its start must be a multiple of.
    pub(super) alignment: u32,
    /// Where in a cache line it should start, if it matters.
    pub(super) line_offset: Option<u32>,
    /// Its calls of other code.
    pub(crate) calls: Box<[Call]>,
    /// The instructions that may trap, in order.
    pub(super) traps: Box<[TrapRecord]>,
    /// The places in the WebAssembly file that it comes from, in order; `NONE` where it comes from nowhere.
    pub(super) addresses: Box<[AddressRecord]>,
    /// Where in it the code of inlined functions stands, in order.
    pub(super) inlined: Box<[InlinedRecord]>,
    /// The calls in whose place that stands.
    pub(super) inline_sites: Box<[InlineSiteRecord]>,
    /// The bytes of its frame below its frame pointer.
    pub(crate) frame: u32,
    /// The calls within the reach of handlers, in order.
    pub(super) catch_sites: Box<[CatchSite]>,
    /// The calls that references to objects are alive across, in order.
    pub(super) safepoints: Box<[Safepoint]>,
    /// Whether it has to do with the collected heap.
    pub(crate) uses_heap: bool,
    /// Where execution goes on after a trap in what it calls, and how far below its frame pointer its stack pointer is there.
    pub(super) landing: Option<(u32, u32)>,
}

/// What the translator knows of the numbers that it gave to things.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    /// What is caught.
    pub(crate) caught: &'a [Caught],
    /// Where code comes from.
    pub(crate) sources: &'a Sources,
}

/// A call within the reach of handlers.
#[derive(Debug)]
pub(crate) struct CatchSite {
    /// Where it returns to.
    pub(super) code: u32,
    /// As in [`CatchSiteRecord`](tancho_abi::catch::CatchSiteRecord).
    pub(super) frame_offset: u32,
    /// As there.
    pub(super) context: u32,
    /// The handlers, in order.
    pub(super) catches: Box<[CatchRecord]>,
}

/// A call that references to objects are alive across.
#[derive(Debug)]
pub(crate) struct Safepoint {
    /// Where it returns to.
    pub(super) code: u32,
    /// How far below the frame pointer they stand, in order.
    pub(super) references: Box<[u32]>,
}

/// A relative call of code of the same image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// Where the address stands.
    pub(super) offset: u32,
    /// How it is written.
    pub(super) kind: Reloc,
    /// What is added to it.
    pub(super) addend: Addend,
    /// What is called.
    pub(crate) callee: CodeName,
}

impl Code {
    /// Keeps of `compiled` what an image needs. `names` are what its relocations refer to by number, `isa` is what it was
    /// compiled for; `addresses` says whether places are to be kept.
    ///
    /// # Errors
    ///
    /// On any relocation that is not a relative call to code of the image: nothing is left for a loader to do.
    pub(crate) fn new(
        compiled: &CompiledCode,
        name: Option<CodeName>,
        names: &[Option<CodeName>],
        known: Known<'_>,
        isa: &dyn TargetIsa,
        addresses: bool,
    ) -> Result<Code, CompileError> {
        let buffer = &compiled.buffer;
        let alignment = buffer.alignment.max(isa.function_alignment().minimum);
        let traps = traps(compiled)?;
        let mut bytes: Box<[u8]> = compiled.code_buffer().into();
        let architecture = architecture(isa)?;
        let frame = buffer.frame_layout().map_or(0, |layout| layout.frame_to_fp_offset);
        let mut frameless = false;
        if architecture == Architecture::X86_64 {
            replace_invalid(&mut bytes, &traps);
            frameless = frame == 0 && frameless::remove(&mut bytes);
        }
        let code = Code {
            name,
            bytes,
            alignment,
            line_offset: place::line_offset(compiled, architecture, alignment),
            calls: buffer.relocs().iter().map(|reloc| call(reloc, names)).collect::<Result<_, _>>()?,
            traps,
            addresses: if addresses { self::addresses(compiled, known.sources) } else { Box::default() },
            inlined: inlined(compiled, known.sources),
            inline_sites: known.sources.sites.as_slice().into(),
            frame,
            catch_sites: catch_sites(compiled, known.caught)?,
            safepoints: safepoints(compiled)?,
            uses_heap: false,
            landing: landing(compiled)?,
        };
        Ok(if frameless { code.without_frame() } else { code })
    }

    /// With its traps marked as those of a function without a frame; and without the bytes at its start that do nothing any more, unless its
    /// loops are where they should be by them.
    fn without_frame(mut self) -> Code {
        self.traps.iter_mut().for_each(|record| record.trap |= TrapRecord::FRAMELESS);
        if self.line_offset.is_some() {
            return self;
        }
        let cut = frameless::SAVED;
        self.bytes = self.bytes[cut as usize..].into();
        self.calls.iter_mut().for_each(|call| call.offset -= cut);
        self.traps.iter_mut().for_each(|record| record.code -= cut);
        // What comes from nowhere, because it made the frame, is gone.
        let mut addresses = self.addresses.into_vec();
        addresses.iter_mut().for_each(|record| record.code = record.code.saturating_sub(cut));
        self.addresses = last_of_each(addresses, |record| record.code);
        let mut inlined = self.inlined.into_vec();
        inlined.iter_mut().for_each(|record| record.code = record.code.saturating_sub(cut));
        self.inlined = last_of_each(inlined, |record| record.code);
        self
    }

    /// That of a function that nobody calls: none.
    pub(crate) fn gone() -> Code {
        Code::of(Box::default(), 1, Box::default())
    }

    /// A trampoline without a frame that may trap at one place.
    pub(super) fn by_hand(bytes: Vec<u8>, trap: TrapRecord) -> Code {
        Code::of(bytes.into(), place::LINE / 2, Box::new([trap]))
    }

    fn of(bytes: Box<[u8]>, alignment: u32, traps: Box<[TrapRecord]>) -> Code {
        Code {
            name: None,
            bytes,
            alignment,
            line_offset: None,
            calls: Box::default(),
            traps,
            addresses: Box::default(),
            inlined: Box::default(),
            inline_sites: Box::default(),
            frame: 0,
            catch_sites: Box::default(),
            safepoints: Box::default(),
            uses_heap: false,
            landing: None,
        }
    }
}

/// Of records one after the other at the same place the last.
fn last_of_each<R>(mut records: Vec<R>, place: impl Fn(&R) -> u32) -> Box<[R]> {
    records.dedup_by(|next, kept| {
        let same = place(next) == place(kept);
        if same {
            std::mem::swap(next, kept);
        }
        same
    });
    records.into()
}

fn call(reloc: &FinalizedMachReloc, names: &[Option<CodeName>]) -> Result<Call, CompileError> {
    let refused = |why: &str| {
        CompileError::internal(format!("relocation {:?} to {:?} in generated code: {why}", reloc.kind, reloc.target))
    };
    if !matches!(reloc.kind, Reloc::X86CallPCRel4 | Reloc::Arm64Call | Reloc::RiscvCallPlt) {
        return Err(refused("only relative calls can be resolved"));
    }
    let FinalizedRelocTarget::ExternalName(ExternalName::User(number)) = &reloc.target else {
        return Err(refused("only code of the image can be called"));
    };
    let callee = names.get(number.as_u32() as usize).copied().flatten().ok_or_else(|| refused("it has no name"))?;
    Ok(Call { offset: reloc.offset, kind: reloc.kind, addend: reloc.addend, callee })
}

fn traps(compiled: &CompiledCode) -> Result<Box<[TrapRecord]>, CompileError> {
    let record = |found: &cranelift_codegen::MachTrap| {
        let trap = trap::decode(found.code)
            .ok_or_else(|| CompileError::internal(format!("unknown trap code {}", found.code)))?;
        Ok(TrapRecord { code: found.offset, trap: u32::from(trap.code()) })
    };
    compiled.buffer.traps().iter().map(record).collect()
}

/// Puts [`X86_64_TRAP`] where there is an invalid instruction for a trap.
fn replace_invalid(bytes: &mut [u8], traps: &[TrapRecord]) {
    const UD2: [u8; 2] = [0x0f, 0x0b];
    for record in traps {
        // What traps there is this instruction or an access, and no other instruction begins like this one.
        if let Some(place) = bytes.get_mut(record.code as usize..).and_then(<[u8]>::first_chunk_mut)
            && *place == UD2
        {
            *place = X86_64_TRAP;
        }
    }
}

fn addresses(compiled: &CompiledCode, sources: &Sources) -> Box<[AddressRecord]> {
    let mut records: Vec<AddressRecord> = Vec::new();
    let mut push = |code, wasm| {
        if records.last().is_none_or(|last| last.wasm != wasm) {
            records.push(AddressRecord { code, wasm });
        }
    };
    let mut end = 0;
    for found in compiled.buffer.get_srclocs_sorted() {
        if found.start > end {
            push(end, NONE);
        }
        // A default location is all ones, as `NONE` is.
        push(found.start, sources.of(found.loc).0);
        end = found.end;
    }
    if end < compiled.code_buffer().len() as u32 {
        push(end, NONE);
    }
    records.into()
}

fn inlined(compiled: &CompiledCode, sources: &Sources) -> Box<[InlinedRecord]> {
    if sources.sites.is_empty() {
        return Box::default();
    }
    let mut records: Vec<InlinedRecord> = Vec::new();
    let mut push = |code, site| {
        if records.last().map_or(NONE, |last| last.site) != site {
            records.push(InlinedRecord { code, site });
        }
    };
    for found in compiled.buffer.get_srclocs_sorted() {
        push(found.start, sources.of(found.loc).1);
    }
    push(compiled.code_buffer().len() as u32, NONE);
    records.into()
}

fn catch_sites(compiled: &CompiledCode, caught: &[Caught]) -> Result<Box<[CatchSite]>, CompileError> {
    let wrong = |what: &str| CompileError::internal(format!("a call within the reach of handlers: {what}"));
    let mut sites = Vec::new();
    if caught.is_empty() {
        return Ok(Box::default());
    }
    for site in compiled.buffer.call_sites() {
        let mut context = NONE;
        let mut catches = Vec::new();
        for handler in site.exception_handlers {
            match handler {
                FinalizedMachExceptionHandler::Tag(clause, landing) => {
                    let known = caught.get(clause.as_u32() as usize);
                    let Caught { tag, takes_reference } = *known.ok_or_else(|| wrong("a handler of no clause"))?;
                    catches.push(CatchRecord { tag, landing: *landing, reference: u32::from(takes_reference) });
                }
                FinalizedMachExceptionHandler::Context(ExceptionContextLoc::SPOffset(offset)) => context = *offset,
                FinalizedMachExceptionHandler::Context(ExceptionContextLoc::GPR(_)) => {
                    return Err(wrong("the vmctx is in a register, which the call does not preserve"));
                }
                FinalizedMachExceptionHandler::Default(_) => return Err(wrong("a handler of an entry trampoline")),
            }
        }
        if !catches.is_empty() {
            let frame_offset = site.frame_offset.ok_or_else(|| wrong("the back end reports no frame offset"))?;
            sites.push(CatchSite { code: site.ret_addr, frame_offset, context, catches: catches.into() });
        }
    }
    sites.sort_by_key(|site| site.code);
    Ok(sites.into())
}

fn safepoints(compiled: &CompiledCode) -> Result<Box<[Safepoint]>, CompileError> {
    let safepoint = |(code, span, map): &(u32, u32, UserStackMap)| {
        // The frame pointer is `span` bytes above the stack pointer, from which the map counts.
        let below = |(_, offset): (Type, u32)| {
            span.checked_sub(offset).ok_or_else(|| CompileError::internal("a reference is kept outside of its frame"))
        };
        let mut references = map.entries().map(below).collect::<Result<Vec<u32>, _>>()?;
        references.sort_unstable();
        Ok(Safepoint { code: *code, references: references.into() })
    };
    compiled.buffer.user_stack_maps().iter().map(safepoint).collect()
}

fn landing(compiled: &CompiledCode) -> Result<Option<(u32, u32)>, CompileError> {
    for site in compiled.buffer.call_sites() {
        if let [FinalizedMachExceptionHandler::Default(landing)] = site.exception_handlers {
            let frame_offset = site
                .frame_offset
                .ok_or_else(|| CompileError::internal("the back end reports no frame offset for a call site"))?;
            return Ok(Some((*landing, frame_offset)));
        }
    }
    Ok(None)
}
