//! Colours, where there is a person to see them: on a terminal, unless `NO_COLOR` is set or the terminal is dumb.
//!
//! Used by what prints messages and tables.

use std::io::IsTerminal;

/// How words are marked on one of the standard streams.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    colours: bool,
}

impl Style {
    /// For standard error.
    pub(crate) fn stderr() -> Style {
        Style { colours: std::io::stderr().is_terminal() && wanted() }
    }

    /// For standard output.
    pub(crate) fn stdout() -> Style {
        Style { colours: std::io::stdout().is_terminal() && wanted() }
    }

    /// What is wrong.
    pub(crate) fn bad(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// What may be wrong.
    pub(crate) fn warning(self, text: &str) -> String {
        self.paint("1;33", text)
    }

    /// What helps.
    pub(crate) fn good(self, text: &str) -> String {
        self.paint("1;32", text)
    }

    /// A heading.
    pub(crate) fn heading(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// What is less important.
    pub(crate) fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, colour: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Whether the user has not said that colours are not wanted (no-color.org: a value that is not empty).
fn wanted() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_none_or(|terminal| terminal != "dumb")
}
