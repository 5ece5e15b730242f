//! `tancho compile`: from a module to a `.cwasm` file.

use crate::engine::{config, read};
use crate::flags::Compile;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tancho::{Context, Engine, Result};

pub(crate) fn run(flags: Compile) -> Result<ExitCode> {
    let mut config = config(&flags.engine);
    if let Some(target) = &flags.target {
        config.target(target);
    }
    for feature in &flags.cpu_features {
        config.cpu_feature(feature);
    }
    let engine = Engine::new(&config)?;
    let wasm = read(&flags.file)?;
    let image = engine.precompile_module(&wasm).with_context(|| format!("cannot compile {}", flags.file.display()))?;
    let output = flags.output.unwrap_or_else(|| {
        let name = Path::new(&flags.file).file_stem().filter(|_| flags.file != "-");
        PathBuf::from(name.unwrap_or("module".as_ref())).with_extension("cwasm")
    });
    write_whole(&output, &image).with_context(|| format!("cannot write {}", output.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that is there whole or not at all, whenever this process is stopped.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // A device or pipe cannot be replaced by another file.
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return std::fs::OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let written = std::fs::write(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // The error that matters is the one above.
        std::fs::remove_file(&temporary).ok();
    }
    written
}
