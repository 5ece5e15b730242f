//! A JSON formatter: reads one document on stdin, checks it strictly, and prints it again.
//!
//! Usage: json [--compact | --indent N] [--sort] [--ascii]. Exit codes: 0 fine, 1 bad input, 2 wrong usage.

mod document;
mod parse;
mod write;

use std::io::{self, Read, Write};
use std::process::ExitCode;

use write::Style;

const USAGE: &str = "usage: json [--compact | --indent N] [--sort] [--ascii] < document";

fn style_from(arguments: impl Iterator<Item = String>) -> Result<Style, String> {
    let mut style = Style { indent: Some(2), sort: false, ascii: false };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--compact" => style.indent = None,
            "--sort" => style.sort = true,
            "--ascii" => style.ascii = true,
            "--indent" => {
                let width = arguments.next().ok_or("--indent needs a number")?;
                let width = width.parse().ok().filter(|width| *width <= 16);
                style.indent = Some(width.ok_or("--indent needs a number from 0 to 16")?);
            }
            _ => return Err(format!("unknown argument '{argument}'")),
        }
    }
    Ok(style)
}

fn main() -> ExitCode {
    let style = match style_from(std::env::args().skip(1)) {
        Ok(style) => style,
        Err(problem) => {
            eprintln!("json: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let mut input = Vec::new();
    if let Err(error) = io::stdin().lock().read_to_end(&mut input) {
        eprintln!("json: cannot read stdin: {error}");
        return ExitCode::from(1);
    }
    let document = match parse::parse(&input) {
        Ok(document) => document,
        Err(error) => {
            eprintln!("json: {error}");
            return ExitCode::from(1);
        }
    };
    let mut output = write::to_text(&document, &style);
    output.push('\n');
    match io::stdout().lock().write_all(output.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("json: cannot write: {error}");
            ExitCode::from(1)
        }
    }
}
