//! Core dumps: all that a store held when a trap ended what ran in it, in the format of WebAssembly's tool conventions (`Coredump.md`).
//!
//! `func::untyped` takes note of what there is; it is written out when somebody asks.

use crate::context::{AsContextMut, StoreContextMut};
use crate::error::{Error, ErrorCode, Result};
use crate::global::Global;
use crate::handle::StoreId;
use crate::instance::{self, Instance};
use crate::memory::Memory;
use crate::module::Module;
use crate::shared_memory::SharedMemory;
use crate::store::StoreOpaque;
use crate::trap::{FrameInfo, WasmBacktrace};
use crate::types::{MemoryType, ValType};
use crate::value::Val;
use std::fmt;
use std::sync::Arc;
use tancho_abi::types::Hierarchy;
use tancho_runtime::inventory::AnyMemory;
use tancho_runtime::unwind::Backtrace;
use wasm_encoder::{
    AbstractHeapType, ConstExpr, CoreDumpInstancesSection, CoreDumpModulesSection, CoreDumpSection,
    CoreDumpStackSection, CoreDumpValue, DataSection, GlobalSection, HeapType, MemorySection,
};

/// What a store held when a trap ended what ran in it. It is in the [`Error`] as a context, where
/// [`Config::coredump_on_trap`](crate::Config::coredump_on_trap) is on.
///
#[cfg_attr(all(feature = "compile", feature = "wat"), doc = "```")]
#[cfg_attr(not(all(feature = "compile", feature = "wat")), doc = "```ignore")]
/// # use tancho::{Config, Engine, Instance, Module, Result, Store, WasmCoreDump};
/// # fn main() -> Result<()> {
/// let engine = Engine::new(Config::new().coredump_on_trap(true))?;
/// let module = Module::new(&engine, r#"(module (memory 1) (func (export "f") unreachable))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let error = instance.get_typed_func::<(), ()>(&mut store, "f")?.call(&mut store, ()).unwrap_err();
/// let dump = error.downcast_ref::<WasmCoreDump>().unwrap();
/// let bytes = dump.serialize(&mut store, "example.wasm")?;
/// assert!(bytes.starts_with(b"\0asm"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WasmCoreDump {
    store: StoreId,
    modules: Vec<Module>,
    instances: Vec<Instance>,
    memories: Vec<DumpedMemory>,
    globals: Vec<Global>,
    backtrace: WasmBacktrace,
}

/// A memory of the store.
#[derive(Clone, Debug)]
enum DumpedMemory {
    Own(Memory),
    Shared(SharedMemory),
}

impl WasmCoreDump {
    /// Takes note of what the store holds, and puts that around an error that has no core dump yet.
    pub(crate) fn attach(error: Error, store: &StoreOpaque, backtrace: &Backtrace) -> Error {
        if error.is::<WasmCoreDump>() {
            return error;
        }
        let runtime = store.runtime();
        let mut modules: Vec<Module> = Vec::new();
        for module in store.modules() {
            if modules.iter().all(|known| !Arc::ptr_eq(known.code(), module.code())) {
                modules.push(module.clone());
            }
        }
        let memory = |memory| match memory {
            AnyMemory::Own(id) => DumpedMemory::Own(Memory::of(id, store)),
            AnyMemory::Shared(shared) => DumpedMemory::Shared(SharedMemory::of(shared, store)),
        };
        error.context(WasmCoreDump {
            store: store.id(),
            modules,
            instances: runtime.instances().map(|id| instance::of(store, id)).collect(),
            memories: runtime.memories().map(memory).collect(),
            globals: runtime.globals().map(|id| Global::of(id, store)).collect(),
            backtrace: WasmBacktrace::new(backtrace, store.engine().reports()),
        })
    }

    /// The modules that were instantiated in the store.
    pub fn modules(&self) -> &[Module] {
        &self.modules
    }

    /// The instances, those that were made first first.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// The store's memories. Those that threads share are in what is [serialised](WasmCoreDump::serialize), and not here.
    pub fn memories(&self) -> Vec<Memory> {
        let own = |memory: &DumpedMemory| match memory {
            DumpedMemory::Own(memory) => Some(*memory),
            DumpedMemory::Shared(_) => None,
        };
        self.memories.iter().filter_map(own).collect()
    }

    /// The store's globals.
    pub fn globals(&self) -> &[Global] {
        &self.globals
    }

    /// The functions that were running, innermost first, as many as a [`WasmBacktrace`] keeps.
    pub fn frames(&self) -> &[FrameInfo] {
        self.backtrace.frames()
    }

    /// The core dump, as the bytes of a file: of a WebAssembly module that is not to be instantiated. `name` is that of the program.
    ///
    /// What the store holds *now* is written, so this is to be called before anything else runs in it. Pages that are all zero are left
    /// out. Locals and operands are written as missing, for they may be anywhere in the machine; of references is said what kind they are,
    /// and not what they refer to. Of several instances of one module, a function that ran is said to be of the first.
    ///
    /// # Errors
    ///
    /// When the store is not the one in which the trap was; when there are 4 GiB to write, which a section cannot have.
    pub fn serialize(&self, mut store: impl AsContextMut, name: &str) -> Result<Vec<u8>> {
        let mut store = store.as_context_mut();
        self.store.check(store.opaque(), "core dump")?;
        let mut file = wasm_encoder::Module::new();
        file.section(&CoreDumpSection::new(name));
        let mut modules = CoreDumpModulesSection::new();
        for module in &self.modules {
            modules.module(module.name().unwrap_or_default());
        }
        file.section(&modules);
        file.section(&self.instances_section(store.opaque()));
        file.section(&self.stack(store.opaque()));
        self.memories_and_globals(&mut store, &mut file)?;
        Ok(file.finish())
    }

    fn instances_section(&self, store: &StoreOpaque) -> CoreDumpInstancesSection {
        let mut section = CoreDumpInstancesSection::new();
        for instance in &self.instances {
            let code = store.runtime().code_of(instance.id());
            let module = self.modules.iter().position(|module| Arc::ptr_eq(module.code(), code)).unwrap_or(0);
            let (memories, globals) = store.runtime().parts(instance.id());
            let memories: Vec<u32> = memories.iter().map(|memory| memory.number()).collect();
            let globals: Vec<u32> = globals.iter().map(|global| global.number()).collect();
            section.instance(module as u32, memories, globals);
        }
        section
    }

    fn stack(&self, store: &StoreOpaque) -> CoreDumpStackSection {
        let mut section = CoreDumpStackSection::new("main");
        for frame in self.frames() {
            let of = |instance: &Instance| Arc::ptr_eq(store.runtime().code_of(instance.id()), frame.code());
            let instance = self.instances.iter().position(of).unwrap_or(0);
            let offset = frame.func_offset().and_then(|offset| u32::try_from(offset).ok()).unwrap_or(0);
            let parameters = frame.code().view().function_type(frame.function()).map_or(0, |ty| ty.params.len());
            let missing = vec![CoreDumpValue::Missing; parameters];
            section.frame(instance as u32, frame.func_index(), offset, missing, []);
        }
        section
    }

    fn memories_and_globals(
        &self,
        store: &mut StoreContextMut<'_, impl Sized>,
        file: &mut wasm_encoder::Module,
    ) -> Result<()> {
        let mut memories = MemorySection::new();
        let mut contents = Vec::with_capacity(self.memories.len());
        for memory in &self.memories {
            let (ty, content) = match memory {
                DumpedMemory::Own(memory) => (memory.ty(&*store), Content::Own(memory.data(&*store))),
                DumpedMemory::Shared(memory) => (memory.ty(), Content::Shared(memory)),
            };
            memories.memory(memory_type(&ty));
            contents.push((ty.is_64(), content));
        }
        let data = data(&contents)?;
        drop(contents);
        let mut globals = GlobalSection::new();
        for global in &self.globals {
            let ty = global.ty(&*store);
            let (val_type, value) = match ty.content() {
                ValType::Ref(reference) => {
                    let ty = match reference.heap_type().hierarchy() {
                        Hierarchy::Func => HeapType::FUNC,
                        Hierarchy::Extern => HeapType::EXTERN,
                        Hierarchy::Exn => HeapType::Abstract { shared: false, ty: AbstractHeapType::Exn },
                        _ => HeapType::ANY,
                    };
                    (
                        wasm_encoder::ValType::Ref(wasm_encoder::RefType { nullable: true, heap_type: ty }),
                        ConstExpr::ref_null(ty),
                    )
                }
                _ => number(&global.get(&mut *store)),
            };
            globals.global(wasm_encoder::GlobalType { val_type, mutable: false, shared: false }, &value);
        }
        file.section(&memories).section(&globals).section(&data);
        Ok(())
    }
}

impl fmt::Display for WasmCoreDump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "there is a core dump of {} modules, {} instances, {} memories and {} globals",
            self.modules.len(),
            self.instances.len(),
            self.memories.len(),
            self.globals.len()
        )
    }
}

fn memory_type(ty: &MemoryType) -> wasm_encoder::MemoryType {
    let page_size_log2 = ty.page_size().trailing_zeros();
    wasm_encoder::MemoryType {
        minimum: ty.minimum(),
        maximum: ty.maximum(),
        memory64: ty.is_64(),
        shared: ty.is_shared(),
        page_size_log2: (page_size_log2 != 16).then_some(page_size_log2),
    }
}

/// The type and value of a global that is no reference.
fn number(value: &Val) -> (wasm_encoder::ValType, ConstExpr) {
    match *value {
        Val::I32(value) => (wasm_encoder::ValType::I32, ConstExpr::i32_const(value)),
        Val::I64(value) => (wasm_encoder::ValType::I64, ConstExpr::i64_const(value)),
        Val::F32(bits) => (wasm_encoder::ValType::F32, ConstExpr::f32_const(wasm_encoder::Ieee32::new(bits))),
        Val::F64(bits) => (wasm_encoder::ValType::F64, ConstExpr::f64_const(wasm_encoder::Ieee64::new(bits))),
        Val::V128(vector) => (wasm_encoder::ValType::V128, ConstExpr::v128_const(vector.as_u128().cast_signed())),
        _ => (wasm_encoder::ValType::I32, ConstExpr::i32_const(0)),
    }
}

/// The bytes of a memory, to be read in parts.
enum Content<'a> {
    Own(&'a [u8]),
    Shared(&'a SharedMemory),
}

/// The least part that is left out when it is zero, in bytes.
const PAGE: usize = 4096;

impl Content<'_> {
    fn len(&self) -> usize {
        match self {
            Content::Own(bytes) => bytes.len(),
            Content::Shared(memory) => memory.data_size(),
        }
    }

    /// Whether the part from `start` on, of at most a page, is all zero.
    fn is_zero(&self, start: usize, length: usize) -> bool {
        const ZERO: [u8; PAGE] = [0; PAGE];
        match self {
            Content::Own(bytes) => bytes[start..start + length] == ZERO[..length],
            Content::Shared(memory) => {
                let mut copy = [0; PAGE];
                memory.read(start, &mut copy[..length]).is_err() || copy[..length] == ZERO[..length]
            }
        }
    }

    fn copy(&self, start: usize, length: usize) -> Vec<u8> {
        match self {
            Content::Own(bytes) => bytes[start..start + length].to_vec(),
            Content::Shared(memory) => {
                let mut copy = vec![0; length];
                // It never becomes smaller.
                memory.read(start, &mut copy).ok();
                copy
            }
        }
    }

    /// The parts that are not all zero: their starts and lengths. Parts with less than `gap` bytes of zeros between them are one.
    fn parts(&self, gap: usize) -> Vec<(usize, usize)> {
        let mut parts: Vec<(usize, usize)> = Vec::new();
        for start in (0..self.len()).step_by(PAGE) {
            let length = PAGE.min(self.len() - start);
            if self.is_zero(start, length) {
                continue;
            }
            match parts.last_mut() {
                Some(last) if start - (last.0 + last.1) < gap => last.1 = start + length - last.0,
                _ => parts.push((start, length)),
            }
        }
        parts
    }
}

/// The contents of memories, with whether their addresses are 64 bits.
fn data(contents: &[(bool, Content<'_>)]) -> Result<DataSection> {
    /// As many as others read.
    const SEGMENTS: usize = 90_000;
    /// With what stands around them, so that the section's length is 32 bits.
    const BYTES: usize = u32::MAX as usize - (4 << 20);
    let mut gap = 1;
    let parts = loop {
        let parts: Vec<_> = contents.iter().map(|(_, content)| content.parts(gap)).collect();
        if parts.iter().map(Vec::len).sum::<usize>() <= SEGMENTS {
            break parts;
        }
        gap = (2 * gap).max(2 * PAGE);
    };
    let bytes: usize = parts.iter().flatten().map(|(_, length)| length).sum();
    if bytes > BYTES {
        return Err(ErrorCode::Refused.error(format!("{bytes} bytes of memories are too many for a core dump")));
    }
    let mut section = DataSection::new();
    for (position, ((is_64, content), parts)) in contents.iter().zip(parts).enumerate() {
        for (start, length) in parts {
            let offset = match is_64 {
                true => ConstExpr::i64_const((start as u64).cast_signed()),
                false => ConstExpr::i32_const((start as u32).cast_signed()),
            };
            section.active(position as u32, &offset, content.copy(start, length));
        }
    }
    Ok(section)
}
