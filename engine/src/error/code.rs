//! The codes of errors: what an error is, in a number that does not change.
//!
//! Every error of this crate has one, found by [`Error::code`](crate::Error::code). The numbers are those of the whole of Tancho: the
//! command line has some more for its own mistakes, and explains all of them (`tancho explain`, `docs/errors.md`).

use std::fmt;
use std::str::FromStr;
use tancho_abi::image::ImageError;
use tancho_abi::trap::Trap;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $title:literal;)*) => {
        /// What kind of error an error is. Shown as `T0301`.
        ///
        /// ```
        /// # use tancho::{Engine, ErrorCode, Module};
        /// let error = Module::from_file(&Engine::default(), "there/is/none.wasm").unwrap_err();
        /// assert_eq!(error.code(), Some(ErrorCode::FileUnreadable));
        /// assert_eq!(ErrorCode::FileUnreadable.to_string(), "T0101");
        /// assert_eq!("T0101".parse(), Ok(ErrorCode::FileUnreadable));
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum ErrorCode {
            $($(#[$doc])* #[doc = concat!("\n\n“", $title, "”")] $name = $number,)*
        }

        impl ErrorCode {
            /// Every code, by number.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name,)*];

            /// What is wrong, in a line.
            pub const fn title(self) -> &'static str {
                match self {
                    $(ErrorCode::$name => $title,)*
                }
            }
        }
    };
}

codes! {
    /// A file cannot be read.
    FileUnreadable = 101, "the file cannot be read";
    /// The bytes are a component.
    Component = 104, "the file is a component, and not a core module";
    /// The text format has a mistake.
    TextSyntax = 108, "the text is not a module";
    /// The module breaks a rule of the specification.
    InvalidModule = 201, "the module is not valid";
    /// The module needs what is not implemented.
    UnsupportedModule = 202, "the module uses what Tancho does not have";
    /// The module exceeds a limit of this implementation.
    ModuleLimit = 203, "the module is larger than Tancho can take";
    /// The machine that is compiled for cannot be.
    Target = 204, "the code cannot be made for this machine";
    /// A bug of the compiler.
    CompilerBug = 205, "the compiler has failed";
    /// Nothing is defined for imports.
    UnknownImport = 301, "imports are not defined";
    /// What is defined for an import has another type.
    IncompatibleImport = 302, "an import has another type";
    /// There is no such export.
    NoExport = 304, "there is no exported function of this name";
    /// WASI's functions do not find the memory of their caller.
    NoMemory = 305, "the module exports no memory";
    /// The parts of a module do not fit one another, or there is no room for them.
    Instantiation = 306, "the module cannot be instantiated";
    /// Compiled code has called an import that nothing is defined for.
    UnknownImportCalled = 307, "an import was called that nothing defines";
    /// A linker has this name already.
    DefinedTwice = 308, "a name is defined twice";
    /// A linker does not have this name.
    NotDefined = 309, "a name is not defined";
    /// An instance was given another number of imports than its module has.
    ImportCount = 310, "there are not as many imports as the module has";
    /// A type has no value that could stand for an import.
    NoDefault = 311, "there is no default value of this type";
    /// The compiled module is of another version.
    OtherBuild = 401, "the compiled file is of another version of Tancho";
    /// The compiled module is for another machine.
    OtherMachine = 402, "the compiled file is for another machine";
    /// The compiled module was made with other settings.
    OtherSettings = 403, "the compiled file was made with other settings";
    /// The compiled module is not what it was when it was written.
    Damaged = 404, "the compiled file is damaged";
    /// The compiled module was not written by this user.
    Unsigned = 405, "the compiled file was not written by you";
    /// The key that compiled modules are signed with cannot be used.
    Key = 407, "the key cannot be used";
    /// The bytes are a compiled module, where WebAssembly is wanted.
    AlreadyCompiled = 408, "the bytes are compiled already";
    /// The engine compiles for another machine.
    NotNative = 409, "the engine compiles for another machine";
    /// The build has no compiler.
    NoCompiler = 410, "this build has no compiler";
    /// The folder of the cache cannot be used.
    CacheUnusable = 501, "the cache cannot be used";
    /// An entry of the cache is not used.
    CacheEntry = 502, "entries of the cache are not sound";
    /// [`Trap::StackOverflow`].
    StackOverflow = 601, "call stack exhausted";
    /// [`Trap::MemoryOutOfBounds`].
    MemoryOutOfBounds = 602, "out of bounds memory access";
    /// [`Trap::TableOutOfBounds`].
    TableOutOfBounds = 603, "out of bounds table access";
    /// [`Trap::IndirectCallToNull`].
    IndirectCallToNull = 604, "uninitialized element";
    /// [`Trap::BadSignature`].
    BadSignature = 605, "indirect call type mismatch";
    /// [`Trap::IntegerOverflow`].
    IntegerOverflow = 606, "integer overflow";
    /// [`Trap::IntegerDivisionByZero`].
    IntegerDivisionByZero = 607, "integer divide by zero";
    /// [`Trap::BadConversionToInteger`].
    BadConversionToInteger = 608, "invalid conversion to integer";
    /// [`Trap::UnreachableCodeReached`].
    UnreachableCodeReached = 609, "`unreachable` was executed";
    /// [`Trap::NullReference`].
    NullReference = 610, "null reference";
    /// [`Trap::Interrupt`].
    Interrupt = 611, "interrupt";
    /// [`Trap::OutOfFuel`].
    OutOfFuel = 612, "all fuel consumed";
    /// [`Trap::AllocationTooLarge`].
    AllocationTooLarge = 613, "allocation size too large";
    /// [`Trap::NullFunctionReference`].
    NullFunctionReference = 614, "null function reference";
    /// [`Trap::HeapExhausted`].
    HeapExhausted = 615, "heap exhausted";
    /// [`Trap::CastFailure`].
    CastFailure = 616, "cast failure";
    /// [`Trap::ArrayOutOfBounds`].
    ArrayOutOfBounds = 617, "out of bounds array access";
    /// [`Trap::NullStructureReference`].
    NullStructureReference = 618, "null structure reference";
    /// [`Trap::NullArrayReference`].
    NullArrayReference = 619, "null array reference";
    /// [`Trap::NullI31Reference`].
    NullI31Reference = 620, "null i31 reference";
    /// [`Trap::HeapMisaligned`].
    HeapMisaligned = 621, "unaligned atomic";
    /// [`Trap::AtomicWaitNonSharedMemory`].
    AtomicWaitNonSharedMemory = 622, "expected shared memory";
    /// Nothing has caught an exception.
    UncaughtException = 690, "an exception was not caught";
    /// A guest of WASI has asked for a status that no process has.
    ExitStatus = 691, "the program ended with a status that no process has";
    /// A guest of WASI starts threads, and cannot have any.
    Threads = 692, "the program cannot have threads";
    /// A trap that has no code of its own.
    OtherTrap = 699, "a trap";
    /// A thing of one store is used with another.
    ForeignStore = 801, "it belongs to another store";
    /// A thing of one engine is used with another.
    ForeignEngine = 802, "it belongs to another engine";
    /// A panic has made the store unusable.
    Poisoned = 803, "the store is poisoned";
    /// A host function, or a value of the host that was dropped, has panicked.
    HostPanic = 804, "the host panicked";
    /// A value has another type than is wanted.
    TypeMismatch = 805, "a value has another type";
    /// There are too many or too few values.
    ValueCount = 806, "the number of values is wrong";
    /// A function has another type than Rust's types say.
    FunctionType = 807, "the function has another type";
    /// The scope of a reference to an object has ended.
    Unrooted = 808, "the scope of the reference has ended";
    /// A global, field or element is not to be set.
    Immutable = 809, "it is immutable";
    /// The host has used an index that there is not.
    OutOfBounds = 810, "the index is out of bounds";
    /// A type cannot be.
    ImpossibleType = 811, "there can be no such type";
    /// The system, or a limit, refuses memory or another means.
    Refused = 812, "there is not enough memory, or it may not be used";
    /// A configuration cannot be.
    Configuration = 813, "there can be no engine with this configuration";
    /// The stack that compiled code is called on has no guard.
    UnguardedStack = 814, "the stack has no guard page";
    /// Something was asked of a store that it cannot do where its code is stopped at the end of an epoch.
    Stopped = 815, "the store is in the middle of a function";
    /// The future of an asynchronous call was forgotten.
    Forgotten = 816, "a call was forgotten while it waited";
    /// A function of the host's that waits was called by a synchronous call.
    WouldWait = 817, "a call that cannot wait would have to";
    /// The future of an asynchronous call was dropped while the call waited.
    Cancelled = 818, "an asynchronous call was cancelled";
    /// A bug of Tancho.
    EngineBug = 899, "a bug of Tancho";
}

impl ErrorCode {
    /// What follows the `T`.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The code with this number; `None` when there is none.
    pub fn from_number(number: u16) -> Option<ErrorCode> {
        let position = Self::ALL.binary_search_by_key(&number, |code| code.number()).ok()?;
        Self::ALL.get(position).copied()
    }

    /// The code of a trap: 600 and the number that the engine has for it.
    pub(super) fn of_trap(trap: Trap) -> ErrorCode {
        Self::from_number(600 + u16::from(trap.code())).unwrap_or(ErrorCode::OtherTrap)
    }

    pub(super) fn of_image(error: &ImageError) -> ErrorCode {
        match error {
            ImageError::Format { .. } | ImageError::BuildId { .. } => ErrorCode::OtherBuild,
            ImageError::Architecture { .. } | ImageError::CpuFeature { .. } => ErrorCode::OtherMachine,
            ImageError::Tunables => ErrorCode::OtherSettings,
            ImageError::Unsigned => ErrorCode::Unsigned,
            _ => ErrorCode::Damaged,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "T{:04}", self.number())
    }
}

/// A text that is no [`ErrorCode`].
///
/// ```
/// # use tancho::{ErrorCode, NoCode};
/// assert_eq!("T9999".parse::<ErrorCode>(), Err(NoCode));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoCode;

impl fmt::Display for NoCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no such code")
    }
}

impl std::error::Error for NoCode {}

impl FromStr for ErrorCode {
    type Err = NoCode;

    /// Reads a code as people write it: `T0301`, `t0301`, `0301`, `301`.
    fn from_str(text: &str) -> Result<ErrorCode, NoCode> {
        let digits = text.strip_prefix(['T', 't']).unwrap_or(text);
        let number = digits.parse().ok().filter(|_| digits.len() <= 4 && !digits.starts_with('+'));
        number.and_then(ErrorCode::from_number).ok_or(NoCode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_are_found() {
        assert!(ErrorCode::ALL.is_sorted_by_key(|code| code.number()));
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_number(code.number()), Some(*code));
            assert_eq!(code.to_string().parse(), Ok(*code));
            assert!(!code.title().is_empty() && !code.title().ends_with('.'), "{code}");
        }
        for text in ["", "T", "TT301", "+301", "9999", "99999", "x", "-1"] {
            assert_eq!(text.parse::<ErrorCode>(), Err(NoCode), "{text}");
        }
    }

    #[test]
    fn every_trap_has_a_code() {
        for trap in Trap::ALL {
            assert_eq!(ErrorCode::of_trap(*trap).number(), 600 + u16::from(trap.code()), "{trap}");
        }
    }
}
