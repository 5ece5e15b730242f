//! `tancho explain`: what a code means.

use crate::diagnosis::{Diagnosis, code};
use crate::flags::Explain;
use crate::outcome::print;
use crate::style::Style;
use std::process::ExitCode;
use tancho::Result;

pub(crate) fn run(flags: &Explain) -> Result<ExitCode> {
    if flags.markdown {
        return print(&code::markdown());
    }
    let style = Style::stdout();
    let Some(text) = &flags.code else {
        return print(&code::all().map(|code| format!("{code}  {}\n", code.title)).collect::<String>());
    };
    let Some(code) = code::find(text) else {
        let message = format!("there is no code `{text}`");
        return Err(Diagnosis::new(&code::line::WRONG_VALUE, message).help("`tancho explain` lists all codes").into());
    };
    print(&format!("{}\n\n{}\n", style.heading(&format!("{code}: {}", code.title)), code.explanation))
}
