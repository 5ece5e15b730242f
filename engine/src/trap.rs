//! Traps and backtraces: why compiled code stopped, and where.
//!
//! The typed-call files make an [`Error`] of what the runtime reports; users find [`Trap`] and [`WasmBacktrace`] in
//! it by type.

use crate::context::AsContext;
use crate::dwarf::{self, FrameSymbol};
use crate::engine::Reports;
use crate::error::Error;
use crate::module::Module;
use std::fmt;
use std::sync::{Arc, OnceLock};
use tancho_abi::index::FunctionIndex;
use tancho_abi::name::Shown;
use tancho_runtime::code::Code;
use tancho_runtime::unwind::{Backtrace, Frame};

pub use tancho_abi::trap::Trap;

/// A function that was running. It keeps the code that it belongs to.
///
/// ```
/// # use tancho::{Engine, Instance, Module, Result, Store, WasmBacktrace};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module $m (func $f (export "f") (unreachable)))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let error = instance.get_typed_func::<(), ()>(&mut store, "f")?.call(&mut store, ()).unwrap_err();
/// let frame = &error.downcast_ref::<WasmBacktrace>().expect("it has one").frames()[0];
/// assert_eq!((frame.module_name(), frame.func_name()), (Some("m"), Some("f")));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FrameInfo {
    code: Arc<Code>,
    function: FunctionIndex,
    offset: Option<u32>,
    symbols: OnceLock<Box<[FrameSymbol]>>,
}

impl FrameInfo {
    fn new(frame: &Frame) -> FrameInfo {
        let (code, function, offset) = (Arc::clone(&frame.code), frame.function, frame.wasm_offset);
        FrameInfo { code, function, offset, symbols: OnceLock::new() }
    }

    /// The function's index in its module.
    pub fn func_index(&self) -> u32 {
        self.function.0
    }

    /// Its name from the module's name section, as it stands there.
    pub fn func_name(&self) -> Option<&str> {
        self.code.view().function_name(self.function)
    }

    /// The module's name from its name section.
    pub fn module_name(&self) -> Option<&str> {
        Module::name_in(self.code.view())
    }

    /// Where in the WebAssembly file it was, in bytes from the start of the file.
    pub fn module_offset(&self) -> Option<usize> {
        self.offset.map(|offset| offset as usize)
    }

    /// The same from the start of the function's body.
    pub fn func_offset(&self) -> Option<usize> {
        let start = self.code.view().functions.get(self.function.index())?.body_offset;
        Some(self.offset?.checked_sub(start)? as usize)
    }

    /// What the module's DWARF says of the place: the functions that are inlined there, innermost first, and at last the function itself.
    /// Empty where there is none, or the module does not [keep it](crate::Config::keep_dwarf).
    ///
    /// It is looked up when it is first asked for. What is wrong with it is passed over.
    pub fn symbols(&self) -> &[FrameSymbol] {
        self.symbols.get_or_init(|| {
            let offset = self.offset.as_slice();
            dwarf::symbols(self.code.view(), offset).pop().unwrap_or_default().into()
        })
    }

    #[cfg(feature = "coredump")]
    pub(crate) fn code(&self) -> &Arc<Code> {
        &self.code
    }

    #[cfg(feature = "coredump")]
    pub(crate) fn function(&self) -> FunctionIndex {
        self.function
    }

    /// Shows it, with what is known already of its symbols, if `details` are wanted.
    fn write(&self, f: &mut fmt::Formatter<'_>, details: bool) -> fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "{:>9} - ", format!("{offset:#x}"))?,
            None => write!(f, "{:>9} - ", "?")?,
        }
        let symbols = if details { self.symbols() } else { &[] };
        for symbol in symbols.iter().rev().skip(1).rev() {
            write!(f, "{} (inlined)", Shown(symbol.name().unwrap_or("<unknown>")))?;
            write_place(f, symbol)?;
            write!(f, "\n{:19}", "")?;
        }
        write!(f, "{}!", Shown(self.module_name().unwrap_or("<unknown>")))?;
        let function = symbols.last();
        match function.and_then(FrameSymbol::name).map(Into::into).or_else(|| self.func_name().map(dwarf::demangle)) {
            Some(name) => write!(f, "{}", Shown(&name))?,
            None => write!(f, "<wasm function {}>", self.function.0)?,
        }
        function.map_or(Ok(()), |symbol| write_place(f, symbol))
    }
}

/// The file and line of a symbol, on a line of their own.
fn write_place(f: &mut fmt::Formatter<'_>, symbol: &FrameSymbol) -> fmt::Result {
    let Some(file) = symbol.file() else { return Ok(()) };
    write!(f, "\n{:21}at {}", "", Shown(file))?;
    if let Some(line) = symbol.line() {
        write!(f, ":{line}")?;
        if let Some(column) = symbol.column() {
            write!(f, ":{column}")?;
        }
    }
    Ok(())
}

impl fmt::Display for FrameInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, false)
    }
}

/// The WebAssembly functions that were running when an error came up, innermost first. It is in the [`Error`] as a
/// context.
///
/// Functions of the host are not in it; what they were called by is, through calls from the host into WebAssembly and back however often.
/// Shown, it has files and lines of the source where modules have DWARF: see
/// [`Config::wasm_backtrace_details`](crate::Config::wasm_backtrace_details).
///
/// ```
/// # use tancho::{Engine, Instance, Module, Result, Store, WasmBacktrace};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func $f (export "f") (call $g)) (func $g (unreachable)))"#)?;
/// let mut store = Store::new(&engine, ());
/// let instance = Instance::new(&mut store, &module, &[])?;
/// let error = instance.get_typed_func::<(), ()>(&mut store, "f")?.call(&mut store, ()).unwrap_err();
/// let trace = error.downcast_ref::<WasmBacktrace>().expect("it has one");
/// let names: Vec<_> = trace.frames().iter().map(|frame| frame.func_name()).collect();
/// assert_eq!(names, [Some("g"), Some("f")]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WasmBacktrace {
    frames: Box<[FrameInfo]>,
    truncated: usize,
    details: bool,
}

impl WasmBacktrace {
    /// The functions that are running now on this thread: empty outside of host functions, and where
    /// [`Config::wasm_backtrace_max_frames`](crate::Config::wasm_backtrace_max_frames) says that there are to be none.
    ///
    /// # Panics
    ///
    /// Never.
    pub fn capture(store: impl AsContext) -> WasmBacktrace {
        let context = store.as_context();
        Self::new(&context.opaque().runtime().backtrace(), context.engine().reports())
    }

    /// The same, whatever the configuration says: at most 4,096 functions.
    pub fn force_capture(store: impl AsContext) -> WasmBacktrace {
        let context = store.as_context();
        Self::new(&context.opaque().runtime().backtrace_of(usize::MAX), context.engine().reports())
    }

    pub(crate) fn new(backtrace: &Backtrace, reports: Reports) -> WasmBacktrace {
        let frames = backtrace.frames.iter().map(FrameInfo::new).collect();
        WasmBacktrace { frames, truncated: backtrace.truncated, details: reports.details }
    }

    /// Puts a backtrace around an error that has none yet.
    pub(crate) fn attach(error: Error, backtrace: &Backtrace, reports: Reports) -> Error {
        if error.is::<WasmBacktrace>() || backtrace.frames.is_empty() {
            return error;
        }
        error.context(WasmBacktrace::new(backtrace, reports))
    }

    /// The functions, innermost first.
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }

    /// How many further functions there were than [`WasmBacktrace::frames`] lists.
    pub fn truncated(&self) -> usize {
        self.truncated
    }

    /// Looks the symbols of all frames up that nobody has asked for yet, of each module in one go.
    fn resolve(&self) {
        for (position, frame) in self.frames.iter().enumerate() {
            let code = &frame.code;
            let same = |other: &&FrameInfo| Arc::ptr_eq(code, &other.code);
            if self.frames[..position].iter().any(|other| same(&other)) {
                continue;
            }
            let unknown = |other: &&FrameInfo| same(other) && other.symbols.get().is_none();
            let asked: Vec<&FrameInfo> = self.frames.iter().filter(unknown).collect();
            let (asked, offsets): (Vec<_>, Vec<_>) =
                asked.into_iter().filter_map(|frame| Some((frame, frame.offset?))).unzip();
            for (frame, symbols) in asked.into_iter().zip(dwarf::symbols(code.view(), &offsets)) {
                // Another thread may have been quicker, and has found the same.
                frame.symbols.set(symbols.into()).ok();
            }
        }
    }
}

impl fmt::Display for WasmBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.details {
            self.resolve();
        }
        f.write_str("error while executing at wasm backtrace:")?;
        for (position, frame) in self.frames.iter().enumerate() {
            write!(f, "\n{position:>5}: ")?;
            frame.write(f, self.details)?;
        }
        if self.truncated > 0 {
            write!(f, "\n    ... and at least {} more", self.truncated)?;
        }
        Ok(())
    }
}
