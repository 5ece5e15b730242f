//! From an error to what is printed: the message with its causes, what to do, and where to read more.
//!
//! Commands make a [`Diagnosis`] where they know what is wrong; [`explain`] finds the code of what the library reports.

use super::code::{self, Code};
use super::import;
use crate::outcome::tell;
use crate::style::Style;
use std::fmt;
use tancho::{CompileError, Error, Exception, ImageError, LinkError, LoadError, Trap};

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
    let of = |code| Advice { code: Some(code), help: Vec::new() };
    if let Some(link) = error.downcast_ref::<LinkError>() {
        return match link {
            LinkError::Unknown(missing) => Advice { code: Some(&code::import::MISSING), help: import::advise(missing) },
            _ => of(&code::import::INCOMPATIBLE),
        };
    }
    if error.chain().any(|cause| cause.to_string().contains(" does not fit ")) {
        return of(&code::import::INSTANTIATION);
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return of(code::guest::of_trap(*trap).unwrap_or(&code::guest::OTHER_TRAP));
    }
    if error.is::<Exception>() {
        return of(&code::guest::EXCEPTION);
    }
    if let Some(LoadError::Image(error)) = error.downcast_ref::<LoadError>() {
        return of(of_image(error));
    }
    if let Some(error) = error.downcast_ref::<CompileError>() {
        return of_compiler(error);
    }
    if error.is::<wat::Error>() {
        return of(&code::file::TEXT_SYNTAX);
    }
    let said = |text: &str| error.chain().any(|cause| cause.to_string().starts_with(text));
    let by_text = [
        ("cannot use the key file", &code::image::KEY),
        ("there is no place for the key", &code::image::KEY),
        ("cannot use the cache folder", &code::cache::UNUSABLE),
        ("cannot write to the cache", &code::cache::UNUSABLE),
        ("the cache entry", &code::cache::BAD_ENTRY),
        ("missing required memory export", &code::import::NO_MEMORY),
        ("exit with invalid exit status", &code::guest::EXIT_STATUS),
        ("cannot instantiate the module", &code::import::INSTANTIATION),
    ];
    let found = by_text.into_iter().find(|(text, _)| said(text));
    Advice { code: found.map(|(_, code)| code), help: Vec::new() }
}

/// The code of what keeps a compiled file from being loaded.
pub(crate) fn of_image(error: &ImageError) -> &'static Code {
    match error {
        ImageError::Format { .. } | ImageError::BuildId { .. } => &code::image::OTHER_BUILD,
        ImageError::Architecture { .. } | ImageError::CpuFeature { .. } => &code::image::OTHER_MACHINE,
        ImageError::Tunables => &code::image::OTHER_SETTINGS,
        ImageError::Unsigned => &code::image::UNSIGNED,
        _ => &code::image::DAMAGED,
    }
}

fn of_compiler(error: &CompileError) -> Advice {
    let code = match error {
        error if error.is_component() => &code::file::COMPONENT,
        error if error.is_limit() => &code::module::LIMIT,
        error if error.is_unsupported() => &code::module::UNSUPPORTED,
        error if error.is_about_target() => &code::module::TARGET,
        error if error.is_internal() => &code::module::COMPILER_BUG,
        _ => &code::module::INVALID,
    };
    let said = error.to_string();
    let cut =
        said.contains("unexpected end").then(|| "the file is perhaps cut short: make or download it anew".to_owned());
    Advice { code: Some(code), help: import::proposal_in(&said).or(cut).into_iter().collect() }
}
