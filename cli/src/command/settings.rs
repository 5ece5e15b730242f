//! `tancho settings`: what is in force, for people and for bug reports.

use crate::engine::engine;
use crate::flags::Settings;
use crate::outcome::print;
use crate::style::Style;
use serde_json::{Map, Value};
use std::process::ExitCode;
use tancho::{Cache, Result};

pub(crate) fn run(flags: &Settings) -> Result<ExitCode> {
    let engine = engine(&flags.engine)?;
    let mut rows = vec![("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned())];
    rows.extend(engine.settings());
    let place = |path: Option<std::path::PathBuf>| path.map_or("none".to_owned(), |path| path.display().to_string());
    rows.push(("key".to_owned(), place(engine.key_path().ok())));
    rows.push(("cache".to_owned(), place(Cache::default_folder())));
    if flags.json {
        let object: Map<String, Value> = rows.into_iter().map(|(name, value)| (name, value.into())).collect();
        return print(&format!("{:#}\n", Value::from(object)));
    }
    let style = Style::stdout();
    let line = |(name, value): &(String, String)| format!("{} {value}\n", style.faint(&format!("{name:<28}")));
    print(&rows.iter().map(line).collect::<String>())
}
