//! The WebAssembly proposals by name, for the option `-W`, and the limits that other command lines put there. Which proposals there are is the
//! library's matter.
//!
//! Read by `flags`, carried out by `engine` and `flags::limits`.

use crate::diagnosis::spelling;
use crate::flags::size;
use tancho::Config;

/// A proposal that is to be turned on or off, or a limit.
#[derive(Clone, Debug)]
pub(crate) struct Proposal {
    name: String,
    value: Value,
}

#[derive(Clone, Copy, Debug)]
enum Value {
    Proposal(bool),
    Limit(u64),
}

/// The names of limits.
const LIMITS: [&str; 5] = ["fuel", "max-memory-size", "max-table-elements", "max-instances", "trap-on-grow-failure"];

fn yes_or_no(value: &str) -> Result<bool, String> {
    match value {
        "y" | "yes" | "true" => Ok(true),
        "n" | "no" | "false" => Ok(false),
        _ => Err(format!("`{value}` is neither y nor n")),
    }
}

impl Proposal {
    /// Reads `NAME`, `NAME=y` or `NAME=n`, or the name of a limit and its number.
    pub(crate) fn parse(text: &str) -> Result<Proposal, String> {
        let (name, value) = text.split_once('=').unwrap_or((text, "y"));
        if LIMITS.contains(&name) {
            let value = match name {
                "trap-on-grow-failure" => yes_or_no(value)?.into(),
                "max-memory-size" => size(value)?,
                _ => value.parse().map_err(|_| format!("`{value}` is no number: write {name}=N"))?,
            };
            return Ok(Proposal { name: name.to_owned(), value: Value::Limit(value) });
        }
        if let Some(here) = spelling::of_wasm(name) {
            return Err(format!("`{name}` is no proposal: {here}"));
        }
        let on = yes_or_no(value)?;
        let proposal = Proposal { name: name.to_owned(), value: Value::Proposal(on) };
        match Config::new().wasm_feature(name, on) {
            Ok(_) => Ok(proposal),
            Err(error) => {
                Err(match spelling::nearest(&name.replace('-', "_"), Config::WASM_FEATURES.iter().copied()) {
                    Some(near) => format!("there is no proposal `{name}`; did you mean `{}`?", near.replace('_', "-")),
                    None => error.to_string(),
                })
            }
        }
    }

    /// Turns it on or off. Of limits only fuel is a matter of code.
    pub(crate) fn apply(&self, config: &mut Config) {
        match self.value {
            Value::Proposal(on) => {
                config.wasm_feature(&self.name, on).expect("`parse` has asked for it");
            }
            Value::Limit(_) if self.name == "fuel" => {
                config.consume_fuel(true);
            }
            Value::Limit(_) => {}
        }
    }

    /// The limit of this name: the last that was given.
    pub(crate) fn limit(all: &[Proposal], name: &str) -> Option<u64> {
        all.iter().rev().find(|one| one.name == name).and_then(|one| match one.value {
            Value::Limit(value) => Some(value),
            Value::Proposal(_) => None,
        })
    }
}
