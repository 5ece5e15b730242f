//! Traps and backtraces: why compiled code stopped, and where.
//!
//! The typed-call files make an [`Error`] of what the runtime reports; users find [`Trap`] and [`WasmBacktrace`] in
//! it by type.

use crate::context::AsContext;
use crate::error::Error;
use crate::module::Module;
use std::fmt;
use tancho_abi::index::FunctionIndex;
use tancho_abi::name::Shown;
use tancho_runtime::unwind::{Backtrace, Frame};

pub use tancho_abi::trap::Trap;

/// A function that was running.
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
    function: FunctionIndex,
    function_name: Option<Box<str>>,
    module_name: Option<Box<str>>,
    offset: Option<u32>,
}

impl FrameInfo {
    /// The function's index in its module.
    pub fn func_index(&self) -> u32 {
        self.function.0
    }

    /// Its name from the module's name section.
    pub fn func_name(&self) -> Option<&str> {
        self.function_name.as_deref()
    }

    /// The module's name from its name section.
    pub fn module_name(&self) -> Option<&str> {
        self.module_name.as_deref()
    }

    /// Where in the WebAssembly file it was, in bytes from the start of the file.
    pub fn module_offset(&self) -> Option<usize> {
        self.offset.map(|offset| offset as usize)
    }
}

impl fmt::Display for FrameInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(offset) = self.offset {
            write!(f, "{:>9} - ", format!("{offset:#x}"))?;
        } else {
            write!(f, "{:>9} - ", "?")?;
        }
        write!(f, "{}!", Shown(self.module_name().unwrap_or("<unknown>")))?;
        match self.func_name() {
            Some(name) => Shown(name).fmt(f),
            None => write!(f, "<wasm function {}>", self.function.0),
        }
    }
}

/// The WebAssembly functions that were running when an error came up, innermost first. It is in the [`Error`] as a
/// context.
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
}

impl WasmBacktrace {
    /// The functions that are running now on this thread: empty outside of host functions.
    ///
    /// # Panics
    ///
    /// Never.
    pub fn capture(store: impl AsContext) -> WasmBacktrace {
        let context = store.as_context();
        Self::new(&context.opaque().runtime().backtrace())
    }

    pub(crate) fn new(backtrace: &Backtrace) -> WasmBacktrace {
        let frame = |frame: &Frame| {
            let view = frame.code.view();
            FrameInfo {
                function: frame.function,
                function_name: view.function_name(frame.function).map(Box::from),
                module_name: Module::name_in(&view).map(Box::from),
                offset: frame.wasm_offset,
            }
        };
        WasmBacktrace { frames: backtrace.frames.iter().map(frame).collect(), truncated: backtrace.truncated }
    }

    /// Puts a backtrace around an error that has none yet.
    pub(crate) fn attach(error: Error, backtrace: &Backtrace) -> Error {
        if error.is::<WasmBacktrace>() || backtrace.frames.is_empty() {
            return error;
        }
        error.context(WasmBacktrace::new(backtrace))
    }

    /// The functions, innermost first.
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }

    /// How many further functions there were than [`WasmBacktrace::frames`] lists.
    pub fn truncated(&self) -> usize {
        self.truncated
    }
}

impl fmt::Display for WasmBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("error while executing at wasm backtrace:")?;
        for (position, frame) in self.frames.iter().enumerate() {
            write!(f, "\n{position:>5}: {frame}")?;
        }
        if self.truncated > 0 {
            write!(f, "\n    ... and at least {} more", self.truncated)?;
        }
        Ok(())
    }
}
