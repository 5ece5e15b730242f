//! The WebAssembly proposals by name, for the option `-W`. Which there are is the library's matter.
//!
//! Read by `flags`, carried out by `engine`.

use crate::diagnosis::spelling;
use tancho::Config;

/// A proposal that is to be turned on or off.
#[derive(Clone, Debug)]
pub(crate) struct Proposal {
    name: String,
    on: bool,
}

impl Proposal {
    /// Reads `NAME`, `NAME=y` or `NAME=n`.
    pub(crate) fn parse(text: &str) -> Result<Proposal, String> {
        let (name, value) = text.split_once('=').unwrap_or((text, "y"));
        if let Some(here) = spelling::of_wasm(name) {
            return Err(format!("`{name}` is no proposal: {here}"));
        }
        let on = match value {
            "y" | "yes" | "true" => true,
            "n" | "no" | "false" => false,
            _ => return Err(format!("`{value}` is neither y nor n")),
        };
        let proposal = Proposal { name: name.to_owned(), on };
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

    /// Turns it on or off.
    pub(crate) fn apply(&self, config: &mut Config) {
        config.wasm_feature(&self.name, self.on).expect("`parse` has asked for it");
    }
}
