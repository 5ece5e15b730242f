//! Names as messages show them: whatever bytes a module's author chose, a message stays one line of text that says what it says.
//!
//! The compiler and the embedding API put names of modules and functions into their messages by [`Shown`].

use std::fmt;

/// A name whose control and other invisible characters (line ends, escapes of terminals, changes of the writing direction), and
/// backslashes, are escaped as in a string literal. Letters of every script, and quotes, are as they are.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a>(pub &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in self.0.split_inclusive(['"', '\'']) {
            let quote = piece.len() - usize::from(piece.ends_with(['"', '\'']));
            let (text, quote) = piece.split_at(quote);
            write!(f, "{}{quote}", text.escape_debug())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Shown;

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        for (name, shown) in [
            ("main", "main"),
            ("std::vec::Vec<T>::push 'a \"b\"", "std::vec::Vec<T>::push 'a \"b\""),
            ("丹頂 ü e\u{301}", "丹頂 ü e\u{301}"),
            ("a\nb\r\t\0", "a\\nb\\r\\t\\0"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("\u{202e}nimda\u{2028}", "\\u{202e}nimda\\u{2028}"),
            ("a\\n", "a\\\\n"),
            ("'\"", "'\""),
            ("", ""),
        ] {
            assert_eq!(Shown(name).to_string(), shown);
        }
    }
}
