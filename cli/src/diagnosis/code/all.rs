//! What a code is, and all of them.
//!
//! `command::explain` shows them, `report` names them beside an error.

use super::{cache, embedding, file, guest, image, import, line, module};
use std::fmt;
use tancho::ErrorCode;

/// The code of a kind of error.
#[derive(Debug)]
pub(crate) struct Code {
    /// What follows the T, in four digits.
    pub(crate) number: u16,
    /// What is wrong, in a line.
    pub(crate) title: &'static str,
    /// What it means, why it is, and what to do, for `tancho explain`.
    pub(crate) explanation: &'static str,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "T{:04}", self.number)
    }
}

/// Declares codes: a constant for each, and the list of them. Those of the library's errors have their number and title there.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = [$($what:tt)+], $explanation:literal;)*) => {
        $($(#[$doc])* pub(crate) static $name: $crate::diagnosis::code::Code =
            $crate::diagnosis::code::all::code!($($what)+; $explanation);)*

        /// All of them, by number.
        pub(super) static CODES: &[&$crate::diagnosis::code::Code] = &[$(&$name),*];
    };
}
pub(super) use codes;

macro_rules! code {
    ($number:literal, $title:literal; $explanation:literal) => {
        $crate::diagnosis::code::Code { number: $number, title: $title, explanation: $explanation }
    };
    ($code:path; $explanation:literal) => {
        $crate::diagnosis::code::Code { number: $code.number(), title: $code.title(), explanation: $explanation }
    };
}
pub(super) use code;

/// The subjects, in the order of their numbers.
static SUBJECTS: [(&str, &[&Code]); 8] = [
    ("The command line", line::CODES),
    ("Files", file::CODES),
    ("Modules", module::CODES),
    ("Imports and exports", import::CODES),
    ("Compiled files", image::CODES),
    ("The cache", cache::CODES),
    ("Running", guest::CODES),
    ("Embedding", embedding::CODES),
];

/// Every code, by number.
pub(crate) fn all() -> impl Iterator<Item = &'static Code> {
    SUBJECTS.iter().flat_map(|(_, codes)| codes.iter().copied())
}

/// The code that a user writes as `T0301`, `t0301`, `0301` or `301`.
pub(crate) fn find(text: &str) -> Option<&'static Code> {
    let digits = text.trim_start_matches(['T', 't']);
    let number: u16 = digits.parse().ok().filter(|_| digits.len() <= 4)?;
    all().find(|code| code.number == number)
}

/// What is said of a code of the library's.
pub(crate) fn of(code: ErrorCode) -> Option<&'static Code> {
    all().find(|known| known.number == code.number())
}

/// The document `docs/errors.md`.
pub(crate) fn markdown() -> String {
    let mut text = "# Errors\n\nEvery error of the command and of the library has a code that does not change: a program that embeds Tancho gets it \
                    by `Error::code`.\n`tancho explain T0301` prints what stands here; this file is made by `tancho explain --markdown`, and a test \
                    compares them.\n"
        .to_owned();
    for (subject, codes) in SUBJECTS {
        text += &format!("\n## {subject}\n");
        for code in codes {
            text += &format!("\n### {code}: {}\n\n{}\n", code.title, code.explanation);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_say_something() {
        let numbers: Vec<u16> = all().map(|code| code.number).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        for code in all() {
            assert!(!code.title.is_empty() && !code.title.ends_with('.'), "{code}");
            assert!(code.explanation.len() > code.title.len() && code.explanation.ends_with(['.', '`', '?']), "{code}");
        }
    }

    #[test]
    fn codes_are_found_as_people_write_them() {
        for text in ["T0301", "t0301", "0301", "301"] {
            assert_eq!(find(text).map(|code| code.number), Some(301), "{text}");
        }
        for text in ["", "T", "T99999", "9999", "x", "-1"] {
            assert!(find(text).is_none(), "{text}");
        }
    }

    #[test]
    fn every_code_of_the_library_is_explained() {
        for code in ErrorCode::ALL {
            let found = of(*code).unwrap_or_else(|| panic!("{code} is not explained"));
            assert_eq!((found.title, found.to_string()), (code.title(), code.to_string()));
        }
    }
}
