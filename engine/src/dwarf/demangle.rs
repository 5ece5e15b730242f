//! Names of functions as people wrote them.
//!
//! `search` and `trap` show names by this.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// No name is shown longer, in bytes: one of a few hundred can stand for one of gigabytes.
pub(super) const LONGEST: usize = 4 << 10;

/// A name that was mangled by Rust's or C++'s rules as it stands in the source; any other as it is.
pub(crate) fn demangle(name: &str) -> Cow<'_, str> {
    if name.len() > LONGEST {
        return Cow::Borrowed(name);
    }
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        return written(format_args!("{rust:#}")).map_or(Cow::Borrowed(name), Cow::Owned);
    }
    let cpp = name.starts_with("_Z").then(|| cpp_demangle::Symbol::new(name).ok()).flatten();
    let cpp = cpp.and_then(|symbol| {
        let mut text = Bounded(String::new());
        let options = cpp_demangle::DemangleOptions::new().recursion_limit(64);
        symbol.structured_demangle(&mut text, &options).ok().map(|()| text.0)
    });
    cpp.map_or(Cow::Borrowed(name), Cow::Owned)
}

/// What is written, unless it is too long.
fn written(arguments: fmt::Arguments<'_>) -> Option<String> {
    let mut text = Bounded(String::new());
    text.write_fmt(arguments).ok().map(|()| text.0)
}

/// A text of at most [`LONGEST`] bytes.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > LONGEST {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rust_and_cpp() {
        assert_eq!(demangle("_ZN4core9panicking5panic17h0123456789abcdefE"), "core::panicking::panic");
        assert_eq!(demangle("_RNvCs1234_7mycrate4main"), "mycrate::main");
        assert_eq!(demangle("_Z3addii"), "add(int, int)");
        assert_eq!(demangle("main"), "main");
        assert_eq!(demangle("_Znot"), "_Znot");
    }

    /// Substitutions double what they stand for, so that a short name can say a very long one.
    #[test]
    fn names_that_grow_without_bound_stay_as_they_are() {
        let name = format!("_Z1fI{}E", "1aIS_S_E".repeat(40));
        assert!(demangle(&name).len() <= LONGEST);
        let name = format!("_Z1f{}i", "P".repeat(LONGEST - 6));
        assert!(demangle(&name).len() <= LONGEST);
    }
}
