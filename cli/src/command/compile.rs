//! `tancho compile`: from a module to a `.cwasm` file.

use crate::diagnosis::{Diagnosis, code};
use crate::engine::config;
use crate::flags::Compile;
use crate::{load, progress};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tancho::{Context, Engine, Error, Module, Result};

pub(crate) fn run(flags: Compile) -> Result<ExitCode> {
    let mut config = config(&flags.engine);
    if let Some(target) = &flags.target {
        config.target(target);
    }
    for feature in &flags.cpu_features {
        config.cpu_feature(feature);
    }
    let engine = Engine::new(&config)?;
    let wasm = load::source(&flags.file)?;
    let shown = load::shown(&flags.file);
    if Module::is_precompiled(&wasm) {
        let message = format!("{shown} is compiled already");
        return Err(Diagnosis::new(&code::file::NOT_WASM, message).help(format!("run it: tancho {shown}")).into());
    }
    let image = progress::while_compiling(&flags.file, wasm.len(), || engine.precompile_module(&wasm));
    let image = image.with_context(|| format!("cannot compile {shown}"))?;
    let output = flags.output.unwrap_or_else(|| {
        let name = Path::new(&flags.file).file_stem().filter(|_| flags.file != "-");
        PathBuf::from(name.unwrap_or("module".as_ref())).with_extension("cwasm")
    });
    write_whole(&output, &image).map_err(|error| {
        let diagnosis = Diagnosis::new(&code::file::UNWRITABLE, format!("cannot write {}", output.display()));
        Error::new(error).context(diagnosis.help("name another place with -o FILE"))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that is there whole or not at all, whenever this process or the machine is stopped.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // A device or pipe cannot be replaced by another file.
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return std::fs::OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let written = std::fs::File::create(&temporary)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // The error that matters is the one above.
        std::fs::remove_file(&temporary).ok();
    }
    written
}
