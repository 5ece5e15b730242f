//! The configuration file: options in TOML, turned into the words of a command line.
//!
//! Called by `line`. A key is the long name of an option, and stands at the top or in a table with a subcommand's name. That way every
//! option can stand in a file, and is read and checked as on the line.

use crate::diagnosis::{Diagnosis, code, spelling};
use std::ffi::OsString;
use std::path::Path;
use tancho::Result;
use toml::{Table, Value};

/// The words for command `name` that a file stands for, in the file's order, those for all commands first. Options of other commands are
/// left out.
///
/// # Errors
///
/// When the file cannot be read, is no TOML, or has a key that is no option of any command or a value that none can have.
pub(super) fn options(file: &Path, name: &str, definition: &clap::Command) -> Result<Vec<OsString>> {
    let wrong = |message: String| Diagnosis::new(&code::line::CONFIG_FILE, format!("{}: {message}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| wrong(error.to_string()))?;
    let mut words = Vec::new();
    for (key, value) in &table {
        let command = definition.get_subcommands().find(|command| command.get_name() == key);
        match (command, value) {
            (Some(command), Value::Table(table)) => {
                for (key, value) in table {
                    if !has_option(command, key) {
                        return Err(unknown(&wrong, key, [command].into_iter()).into());
                    }
                    if command.get_name() == name {
                        push(key, value, &mut words).map_err(wrong)?;
                    }
                }
            }
            _ => {
                if !definition.get_subcommands().any(|command| has_option(command, key)) {
                    return Err(unknown(&wrong, key, definition.get_subcommands()).into());
                }
                if definition.get_subcommands().any(|command| command.get_name() == name && has_option(command, key)) {
                    // Those for all commands stand first, whatever the file's order.
                    let mut general = Vec::new();
                    push(key, value, &mut general).map_err(wrong)?;
                    words.splice(0..0, general);
                }
            }
        }
    }
    Ok(words)
}

fn has_option(command: &clap::Command, name: &str) -> bool {
    let is_meant = |argument: &clap::Arg| {
        let aliases = argument.get_all_aliases().unwrap_or_default();
        argument.get_long() == Some(name) || aliases.contains(&name)
    };
    name != "config" && command.get_arguments().any(is_meant)
}

fn unknown<'a>(
    wrong: &impl Fn(String) -> Diagnosis,
    key: &str,
    commands: impl Iterator<Item = &'a clap::Command>,
) -> Diagnosis {
    let names: Vec<&str> =
        commands.flat_map(clap::Command::get_arguments).filter_map(|argument| argument.get_long()).collect();
    let diagnosis = wrong(format!("there is no option `{key}`"));
    match spelling::nearest(key, names.into_iter()) {
        Some(near) => diagnosis.help(format!("did you mean `{near}`?")),
        None => diagnosis.help("the keys are the long names of options, as `tancho help run` lists them"),
    }
}

fn push(key: &str, value: &Value, words: &mut Vec<OsString>) -> Result<(), String> {
    let text = match value {
        Value::Array(values) => return values.iter().try_for_each(|value| push(key, value, words)),
        Value::Boolean(true) => format!("--{key}"),
        Value::Boolean(false) => format!("--{key}=n"),
        Value::String(text) => format!("--{key}={text}"),
        Value::Integer(number) => format!("--{key}={number}"),
        Value::Float(number) => format!("--{key}={number}"),
        Value::Table(_) | Value::Datetime(_) => {
            return Err(format!(
                "`{key}` has a value that no option can have: it is a text, a number, true, false, or a list"
            ));
        }
    };
    words.push(text.into());
    Ok(())
}
