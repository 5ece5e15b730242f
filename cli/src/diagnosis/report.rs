//! From an error to what is printed: the message with its causes, what to do, and where to read more.
//!
//! Commands make a [`Diagnosis`] where they know what is wrong; what the library reports has its code with it.

use super::code::{self, Code};
use super::import;
use crate::outcome::tell;
use crate::style::Style;
use std::fmt;
use tancho::{CompileError, Error, LimitExceeded, LinkError, Resource};

/// An error, or a context around one, that has a code and says what to do.
#[derive(Clone, Debug)]
pub(crate) struct Diagnosis {
    code: &'static Code,
    message: String,
    help: Vec<String>,
}

impl Diagnosis {
    /// The error `code`, of which `message` says what is wrong and where.
    pub(crate) fn new(code: &'static Code, message: impl Into<String>) -> Diagnosis {
        Diagnosis { code, message: message.into(), help: Vec::new() }
    }

    /// Adds what the user can type or do next.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Diagnosis {
        self.help.push(help.into());
        self
    }
}

impl Diagnosis {
    /// Whether it says all that there is to say: what is wrong, and what to do.
    pub(crate) fn is_whole(&self) -> bool {
        !self.message.is_empty() && !self.help.is_empty()
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnosis {}

/// What is to be said beside an error.
struct Advice {
    code: Option<&'static Code>,
    help: Vec<String>,
}

/// Prints an error on standard error.
pub(crate) fn error(error: &Error) {
    let style = Style::stderr();
    tell(format!("{} {error:?}", style.bad("Error:")).trim_end());
    tail(&advice(error), style);
}

/// Prints what does not keep a command from going on.
pub(crate) fn warning(error: &Error) {
    let style = Style::stderr();
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    tell(&format!("{} {}", style.warning("Warning:"), causes.join(": ")));
    tail(&advice(error), style);
}

/// Prints what clap does not say of a line that is not understood.
pub(crate) fn usage(diagnosis: &Diagnosis) {
    let advice = Advice { code: Some(diagnosis.code), help: diagnosis.help.clone() };
    tail(&advice, Style::stderr());
}

fn tail(advice: &Advice, style: Style) {
    if advice.code.is_some() || !advice.help.is_empty() {
        tell("");
    }
    for help in &advice.help {
        tell(&format!("{} {}", style.good("Help:"), help.replace('\n', "\n      ")));
    }
    if let Some(code) = advice.code {
        tell(&format!("{} tancho explain {code}", style.good("More:")));
    }
}

/// The code of an error, and what there is to do about it.
fn advice(error: &Error) -> Advice {
    if let Some(diagnosis) = error.downcast_ref::<Diagnosis>() {
        return Advice { code: Some(diagnosis.code), help: diagnosis.help.clone() };
    }
    let help = if let Some(LinkError::Unknown(missing)) = error.downcast_ref() {
        import::advise(missing)
    } else if let Some(error) = error.downcast_ref::<CompileError>() {
        of_compiler(error)
    } else if let Some(exceeded) = error.downcast_ref::<LimitExceeded>() {
        of_limit(exceeded).into_iter().collect()
    } else {
        Vec::new()
    };
    Advice { code: error.code().and_then(code::of), help }
}

/// What raises a limit that an option has set.
fn of_limit(exceeded: &LimitExceeded) -> Option<String> {
    let option = match exceeded.resource {
        Resource::MemoryBytes => "--max-memory-size",
        Resource::TableElements => "--max-table-elements",
        Resource::Instances => "--max-instances",
        _ => return None,
    };
    Some(format!("let it have as much: {option} {}", exceeded.asked))
}

fn of_compiler(error: &CompileError) -> Vec<String> {
    let said = error.to_string();
    let cut =
        said.contains("unexpected end").then(|| "the file is perhaps cut short: make or download it anew".to_owned());
    import::proposal_in(&said).or(cut).into_iter().collect()
}
