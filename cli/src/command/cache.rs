//! `tancho cache`: the compiled modules that are kept for the next time.

use crate::diagnosis::{Diagnosis, code};
use crate::flags::{Cache as Flags, CacheAction};
use crate::outcome::print;
use crate::stats::size;
use serde_json::json;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};
use tancho::{Cache, CacheEntry, Engine, Result, Swept};

pub(crate) fn run(flags: &Flags) -> Result<ExitCode> {
    let Some(folder) = flags.folder.clone().or_else(Cache::default_folder) else {
        let message = "there is no place for a cache: neither TANCHO_CACHE_DIR nor HOME is set";
        return Err(Diagnosis::new(&code::cache::UNUSABLE, message).help("name one with --cache-dir FOLDER").into());
    };
    if let CacheAction::Dir = flags.action {
        return print(&format!("{}\n", folder.display()));
    }
    // A folder that is not there yet is an empty cache; only `run` makes it.
    if !folder.exists() {
        return match flags.action {
            CacheAction::List { json: true } => print("[]\n"),
            _ => Ok(ExitCode::SUCCESS),
        };
    }
    let mut cache = Cache::open(folder)?;
    match flags.action {
        CacheAction::Dir => Ok(ExitCode::SUCCESS),
        CacheAction::List { json } => list(&cache.entries()?, json),
        CacheAction::Clean => print(&removed(cache.clean()?)),
        CacheAction::Prune { size } => print(&removed(cache.limit(size).prune()?)),
        CacheAction::Verify { remove } => verify(&cache, remove),
    }
}

fn removed(swept: Swept) -> String {
    let files = if swept.files == 1 { "file" } else { "files" };
    format!("removed {} {files}, {}\n", swept.files, size(swept.bytes))
}

fn list(entries: &[CacheEntry], as_json: bool) -> Result<ExitCode> {
    if as_json {
        let entry = |entry: &CacheEntry| json!({"name": entry.name, "bytes": entry.bytes, "used": entry.used, "temporary": entry.temporary});
        return print(&format!("{:#}\n", serde_json::Value::from(entries.iter().map(entry).collect::<Vec<_>>())));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs().cast_signed());
    let mut text = String::new();
    for entry in entries {
        let state = if entry.temporary { ", being written" } else { "" };
        text += &format!("{} {:>10}  {}{state}\n", entry.name, size(entry.bytes), ago(now - entry.used));
    }
    let total = entries.iter().map(|entry| entry.bytes).sum();
    text += &format!("{} in {} files\n", size(total), entries.len());
    print(&text)
}

/// A time that has passed, for people. A clock that was set may make it negative.
fn ago(seconds: i64) -> String {
    match seconds {
        ..60 => "used just now".to_owned(),
        60..3600 => format!("used {} min ago", seconds / 60),
        3600..86_400 => format!("used {} h ago", seconds / 3600),
        _ => format!("used {} days ago", seconds / 86_400),
    }
}

fn verify(cache: &Cache, remove: bool) -> Result<ExitCode> {
    let bad = cache.verify(&Engine::default())?;
    let mut text = String::new();
    for (entry, why) in &bad {
        text += &format!("{}: {why:#}\n", entry.name.as_str());
        if remove {
            cache.remove_entry(entry)?;
        }
    }
    print(&text)?;
    if bad.is_empty() || remove {
        return Ok(ExitCode::SUCCESS);
    }
    let message = format!("{} of the cache's entries would not be used", bad.len());
    Err(Diagnosis::new(&code::cache::BAD_ENTRY, message).help("remove them: tancho cache verify --remove").into())
}
