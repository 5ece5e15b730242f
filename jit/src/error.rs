//! Why a module was not compiled: one error for all stages, with the place in the file and the function's name.
//!
//! Made by every stage, shown by the embedding API. Its text is meant for the person whose module it is.

use crate::limit;
use std::fmt;

/// Why a module was not compiled.
#[derive(Clone, Debug)]
pub struct CompileError {
    reason: Reason,
    offset: Option<u64>,
    function: Option<String>,
}

/// The kinds of [`CompileError`].
#[derive(Clone, Debug)]
enum Reason {
    Invalid(String),
    Component,
    Unsupported(String),
    Limit(String),
    Target(String),
    Internal(String),
}

impl CompileError {
    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::new(Reason::Unsupported(what.into()))
    }

    pub(crate) fn limit(what: impl Into<String>) -> Self {
        Self::new(Reason::Limit(what.into()))
    }

    pub(crate) fn target(what: impl Into<String>) -> Self {
        Self::new(Reason::Target(what.into()))
    }

    pub(crate) fn internal(what: impl Into<String>) -> Self {
        Self::new(Reason::Internal(what.into()))
    }

    pub(crate) fn component() -> Self {
        Self::new(Reason::Component)
    }

    fn new(reason: Reason) -> Self {
        CompileError { reason, offset: None, function: None }
    }

    /// Adds the place in the file, if none is known yet.
    pub(crate) fn at(mut self, offset: u64) -> Self {
        self.offset.get_or_insert(offset);
        self
    }

    /// Adds the function, if none is known yet.
    pub(crate) fn in_function(mut self, name: impl FnOnce() -> String) -> Self {
        if self.function.is_none() {
            self.function = Some(name());
        }
        self
    }

    /// Where in the file, from its start.
    pub fn offset(&self) -> Option<u64> {
        self.offset
    }

    /// In which function: its name from the name section, or `function 7`.
    pub fn function(&self) -> Option<&str> {
        self.function.as_deref()
    }

    /// Whether the bytes are a component and not a core module.
    pub fn is_component(&self) -> bool {
        matches!(self.reason, Reason::Component)
    }

    /// Whether the module is not valid WebAssembly (of the features that are on), rather than too large or not supported.
    pub fn is_invalid(&self) -> bool {
        matches!(self.reason, Reason::Invalid(_))
    }

    /// Whether the module exceeds a limit of this implementation.
    pub fn is_limit(&self) -> bool {
        matches!(self.reason, Reason::Limit(_))
    }

    /// Whether the module uses what this implementation does not have.
    pub fn is_unsupported(&self) -> bool {
        matches!(self.reason, Reason::Unsupported(_))
    }

    /// Whether it is about the machine that is compiled for, and not about the module.
    pub fn is_about_target(&self) -> bool {
        matches!(self.reason, Reason::Target(_))
    }

    /// Whether it is a bug of the compiler.
    pub fn is_internal(&self) -> bool {
        matches!(self.reason, Reason::Internal(_))
    }
}

impl From<wasmparser::BinaryReaderError> for CompileError {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        let message = error.message().to_owned();
        let reason = match limit::of_message(&message) {
            None => Reason::Invalid(message),
            Some(limit) if message.contains(&limit.most.to_string()) => Reason::Limit(message),
            Some(limit) => Reason::Limit(format!("{message} (the limit is {})", limit.most)),
        };
        Self::new(reason).at(error.offset())
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Invalid(message) => write!(f, "invalid WebAssembly: {message}")?,
            Reason::Component => f.write_str(
                "this is a WebAssembly component, and Tancho runs core modules only so far: take the core module out of it \
                 (`wasm-tools component unbundle`) or build for a core target such as wasm32-wasip1",
            )?,
            Reason::Unsupported(what) => write!(f, "not supported: {what}")?,
            Reason::Limit(what) => write!(f, "implementation limit exceeded: {what}")?,
            Reason::Target(what) => f.write_str(what)?,
            Reason::Internal(what) => write!(f, "compiler bug, please report it: {what}")?,
        }
        if let Some(function) = &self.function {
            write!(f, ", in {function}")?;
        }
        if let Some(offset) = self.offset {
            write!(f, " (at offset {offset:#x})")?;
        }
        Ok(())
    }
}

impl std::error::Error for CompileError {}
