//! `tancho man`: manual pages, made of the same texts as `--help`.

use super::compile::write_whole;
use crate::diagnosis::{Diagnosis, code, spelling};
use crate::flags::{Man, definition};
use crate::outcome::print;
use std::process::ExitCode;
use tancho::{Context, Error, Result};

pub(crate) fn run(flags: &Man) -> Result<ExitCode> {
    let line = definition();
    if let Some(folder) = &flags.output {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let pages =
            std::iter::once(page(&line, None)).chain(line.get_subcommands().map(|command| page(&line, Some(command))));
        for made in pages {
            let (name, text) = made?;
            let path = folder.join(name);
            write_whole(&path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let command = match &flags.command {
        None => None,
        Some(name) => Some(line.find_subcommand(name).ok_or_else(|| {
            let diagnosis = Diagnosis::new(&code::line::UNKNOWN_COMMAND, format!("there is no command `{name}`"));
            match spelling::of_command(name, line.get_subcommands().map(clap::Command::get_name)) {
                Some(near) => diagnosis.help(format!("did you mean `{}`?", near.replacen("tancho", "tancho man", 1))),
                None => diagnosis.help("`tancho help` lists the commands"),
            }
        })?),
    };
    print(&page(&line, command)?.1)
}

/// The name and the text of the page of a command, or of all.
fn page(line: &clap::Command, command: Option<&clap::Command>) -> Result<(String, String)> {
    let (name, shown) = match command {
        None => ("tancho".to_owned(), line.clone()),
        Some(command) => {
            let name = format!("tancho-{}", command.get_name());
            let usage = format!("tancho {}", command.get_name());
            // The page's title is the name, which clap keeps as a reference.
            (
                name,
                command
                    .clone()
                    .display_name(format!("tancho-{}", command.get_name()))
                    .bin_name(usage)
                    .version(env!("CARGO_PKG_VERSION")),
            )
        }
    };
    let mut text = Vec::new();
    let source = concat!("tancho ", env!("CARGO_PKG_VERSION"));
    clap_mangen::Man::new(shown).source(source).render(&mut text).context("cannot make the page")?;
    Ok((format!("{name}.1"), String::from_utf8(text).map_err(Error::new)?))
}
