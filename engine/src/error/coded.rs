//! Errors that are a code and a message, and the code of an error of any kind.
//!
//! Every file of this crate that finds something wrong makes a [`Coded`], or an error of a type of its own that [`of`] knows.

use super::{Error, ErrorCode};
use crate::exception::Exception;
use crate::link::{LinkError, UnknownImport};
use crate::memory::MemoryAccessError;
use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use tancho_abi::image::ImageError;
use tancho_abi::trap::Trap;
use tancho_runtime::code::LoadError;

/// A message with a code: an error, or a context around one.
///
/// ```
/// use tancho::{ErrorCode, Coded, Context, Error};
///
/// let failed: Result<(), _> = Err(std::io::Error::other("disk"));
/// let error = failed.context(Coded::new(ErrorCode::FileUnreadable, "cannot read the plugin")).unwrap_err();
/// assert_eq!(error.code(), Some(ErrorCode::FileUnreadable));
/// assert_eq!(error.to_string(), "cannot read the plugin");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Coded {
    code: ErrorCode,
    message: String,
}

impl Coded {
    /// The error `code`, of which `message` says what is wrong and where.
    #[cold]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Coded {
        Coded { code, message: message.into() }
    }

    /// Its code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }
}

impl fmt::Display for Coded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Coded {}

impl ErrorCode {
    /// An error with this code, of which `message` says what is wrong and where.
    #[cold]
    pub fn error(self, message: impl Into<String>) -> Error {
        Error::new(Coded::new(self, message))
    }
}

impl Error {
    /// What kind of error it is: the outermost code in the chain of contexts and sources, also of an [`Error`] that is the source of
    /// somebody else's.
    ///
    /// `None` when no code is in it, as for an error that a host function makes of its own.
    pub fn code(&self) -> Option<ErrorCode> {
        self.values().find_map(of_value).or_else(|| self.chain().find_map(of))
    }
}

/// The code of a value of one of the types that have them. The list stands once, and is asked of several kinds of holder.
macro_rules! code_of {
    ($holder:expr) => {{
        let holder = $holder;
        let found = || -> Option<ErrorCode> {
            if let Some(coded) = holder.downcast_ref::<Coded>() {
                return Some(coded.code);
            }
            if let Some(trap) = holder.downcast_ref::<Trap>() {
                return Some(ErrorCode::of_trap(*trap));
            }
            if let Some(error) = holder.downcast_ref::<LinkError>() {
                return Some(error.code());
            }
            if let Some(error) = holder.downcast_ref::<LoadError>() {
                return Some(of_load(error));
            }
            if let Some(error) = holder.downcast_ref::<ImageError>() {
                return Some(ErrorCode::of_image(error));
            }
            if holder.downcast_ref::<UnknownImport>().is_some() {
                return Some(ErrorCode::UnknownImportCalled);
            }
            if holder.downcast_ref::<Exception>().is_some() {
                return Some(ErrorCode::UncaughtException);
            }
            if holder.downcast_ref::<MemoryAccessError>().is_some() {
                return Some(ErrorCode::OutOfBounds);
            }
            #[cfg(feature = "compile")]
            if let Some(error) = holder.downcast_ref::<crate::compile::CompileError>() {
                return Some(crate::compile::code_of(error));
            }
            #[cfg(feature = "wat")]
            if holder.downcast_ref::<wat::Error>().is_some() {
                return Some(ErrorCode::TextSyntax);
            }
            None
        };
        found()
    }};
}

fn of(cause: &(dyn StdError + 'static)) -> Option<ErrorCode> {
    match super::chain::context_of(cause) {
        Some(context) => of_value(context),
        None => code_of!(cause),
    }
}

fn of_value(value: &(dyn Any + Send + Sync)) -> Option<ErrorCode> {
    #[cfg(feature = "anyhow")]
    if let Some(error) = value.downcast_ref::<anyhow::Error>() {
        return code_of!(error).or_else(|| error.chain().find_map(of));
    }
    code_of!(value)
}

fn of_load(error: &LoadError) -> ErrorCode {
    match error {
        LoadError::Image(error) => ErrorCode::of_image(error),
        _ => ErrorCode::Refused,
    }
}
