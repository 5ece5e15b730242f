//! The way to the compiler: the only file that names the crate `tancho-jit`, and the only one that knows whether it
//! is there.
//!
//! `engine` owns a [`Compiler`]. Without the feature `compile` there is the same face, and every request is an error
//! that says so.

use crate::config::Config;
use crate::error::{ErrorCode, Result};
use std::borrow::Cow;
#[cfg(feature = "compile")]
use std::sync::OnceLock;
use tancho_abi::target::Architecture;
use tancho_abi::types::FuncType;
use target_lexicon::Triple;

/// Makes images of WebAssembly.
pub(crate) struct Compiler {
    #[cfg(feature = "compile")]
    jit: OnceLock<tancho_jit::Compiler>,
    /// What it is made with.
    #[cfg(feature = "compile")]
    options: tancho_jit::Options,
    /// The triple that it compiles for.
    #[cfg(feature = "compile")]
    target: String,
    /// The names of the CPU features that code may use.
    #[cfg(feature = "compile")]
    cpu_features: String,
    /// What it compiles for, when that is not this machine's architecture.
    foreign: Option<Architecture>,
    /// The proposals that modules may use.
    proposals: String,
    /// Whether modules keep their DWARF.
    #[cfg(feature = "compile")]
    keep_dwarf: bool,
}

#[cfg(feature = "compile")]
pub use tancho_jit::CompileError;

/// The code of an error of the compiler.
#[cfg(feature = "compile")]
pub(crate) fn code_of(error: &CompileError) -> ErrorCode {
    match error {
        error if error.is_component() => ErrorCode::Component,
        error if error.is_limit() => ErrorCode::ModuleLimit,
        error if error.is_unsupported() => ErrorCode::UnsupportedModule,
        error if error.is_about_target() => ErrorCode::Target,
        error if error.is_internal() => ErrorCode::CompilerBug,
        _ => ErrorCode::InvalidModule,
    }
}

/// The names of the proposals that are on, for people.
fn proposals(config: &Config) -> String {
    let on = Config::WASM_FEATURES.iter().filter(|name| config.has_wasm_feature(name) == Some(true));
    on.copied().collect::<Vec<_>>().join(" ").replace('_', "-")
}

fn target(config: &Config) -> Result<Option<(Triple, Architecture)>> {
    let Some(name) = &config.target else { return Ok(None) };
    let triple: Triple =
        name.parse().map_err(|error| ErrorCode::Target.error(format!("`{name}` is not a target triple: {error}")))?;
    let architecture = Architecture::of_triple(&triple).ok_or_else(|| {
        let known = Architecture::ALL.map(Architecture::triple).join(", ");
        ErrorCode::Target.error(format!("target `{name}` is not supported; these are: {known}"))
    })?;
    Ok(Some((triple, architecture)))
}

/// The compiler itself, made when it is first needed.
#[cfg(feature = "compile")]
fn made<'a>(
    jit: &'a OnceLock<tancho_jit::Compiler>,
    options: &tancho_jit::Options,
) -> std::result::Result<&'a tancho_jit::Compiler, CompileError> {
    if let Some(jit) = jit.get() {
        return Ok(jit);
    }
    let new = tancho_jit::Compiler::new(options.clone())?;
    Ok(jit.get_or_init(|| new))
}

#[cfg(feature = "compile")]
impl Compiler {
    pub(crate) fn new(config: &Config) -> Result<Compiler> {
        let target = target(config)?;
        let foreign = target.as_ref().map(|target| target.1).filter(|target| *target != Architecture::HOST);
        let features = &config.features;
        let options = tancho_jit::Options {
            target: target.map(|target| target.0),
            cpu_features: config.cpu_features.clone(),
            tunables: config.tunables.clone(),
            features: tancho_jit::Features {
                mutable_global: features.mutable_global,
                saturating_float_to_int: features.saturating_float_to_int,
                sign_extension: features.sign_extension,
                reference_types: features.reference_types,
                multi_value: features.multi_value,
                exceptions: features.exceptions,
                legacy_exceptions: features.legacy_exceptions,
                bulk_memory: features.bulk_memory,
                simd: features.simd,
                relaxed_simd: features.relaxed_simd,
                extended_const: features.extended_const,
                tail_call: features.tail_call,
                function_references: features.function_references,
                gc: features.gc,
                compact_imports: features.compact_imports,
                multi_memory: features.multi_memory,
                memory64: features.memory64,
                custom_page_sizes: features.custom_page_sizes,
                threads: features.threads,
                wide_arithmetic: features.wide_arithmetic,
                branch_hinting: features.branch_hinting,
            },
            keep_dwarf: !config.drop_dwarf,
            threads: config.threads,
            verifier: config.verifier,
            regalloc_checker: config.regalloc_checker,
        };
        let jit = OnceLock::new();
        // Code for this machine may use all that it has, and what that is can be said without a compiler: many a process loads what was
        // compiled before, and needs none.
        let all = options.target.is_none() && options.cpu_features.is_empty();
        let (target, cpu_features) = match tancho_runtime::code::cpu_features().filter(|_| all) {
            Some(features) => {
                tancho_jit::require_features(&features)?;
                (Triple::host().to_string(), features)
            }
            None => {
                let jit = made(&jit, &options)?;
                (jit.target(), jit.cpu_features())
            }
        };
        let cpu_features = cpu_features.join(" ");
        let keep_dwarf = !config.drop_dwarf;
        Ok(Compiler { jit, options, target, cpu_features, foreign, proposals: proposals(config), keep_dwarf })
    }

    /// The image of a module, unsigned.
    pub(crate) fn compile(&self, wasm: &[u8]) -> Result<Vec<u8>> {
        Ok(made(&self.jit, &self.options)?.compile(wasm)?)
    }

    pub(crate) fn validate(&self, wasm: &[u8]) -> Result<()> {
        Ok(made(&self.jit, &self.options)?.validate(wasm)?)
    }

    /// What it compiles for, what modules may use, and what is kept of them.
    pub(crate) fn settings(&self) -> [(String, String); 4] {
        [
            ("target".to_owned(), self.target.clone()),
            ("cpu_features".to_owned(), self.cpu_features.clone()),
            ("proposals".to_owned(), self.proposals.clone()),
            ("dwarf".to_owned(), if self.keep_dwarf { "kept" } else { "dropped" }.to_owned()),
        ]
    }

    /// An image that holds only the trampolines of a type.
    pub(crate) fn trampolines(&self, ty: &FuncType) -> Result<Vec<u8>> {
        Ok(made(&self.jit, &self.options)?.trampolines(std::slice::from_ref(ty))?)
    }
}

#[cfg(not(feature = "compile"))]
impl Compiler {
    pub(crate) fn new(config: &Config) -> Result<Compiler> {
        let foreign = target(config)?.map(|target| target.1).filter(|target| *target != Architecture::HOST);
        // What only the compiler reads is read here, so that a build without it has no other configuration.
        let _ = (&config.features, &config.cpu_features, config.threads, config.verifier, config.regalloc_checker);
        let _ = config.drop_dwarf;
        Ok(Compiler { foreign, proposals: proposals(config) })
    }

    /// What it would compile for.
    pub(crate) fn settings(&self) -> [(String, String); 2] {
        let target = self.foreign.unwrap_or(Architecture::HOST).to_string();
        [("target".to_owned(), target), ("proposals".to_owned(), self.proposals.clone())]
    }

    fn absent<T>(what: &str) -> Result<T> {
        Err(ErrorCode::NoCompiler.error(format!(
            "{what}: this build of Tancho has no compiler (feature `compile` is off), it only loads compiled modules (.cwasm)"
        )))
    }

    pub(crate) fn compile(&self, _: &[u8]) -> Result<Vec<u8>> {
        Self::absent("cannot compile WebAssembly")
    }

    pub(crate) fn validate(&self, _: &[u8]) -> Result<()> {
        Self::absent("cannot validate WebAssembly")
    }

    pub(crate) fn trampolines(&self, ty: &FuncType) -> Result<Vec<u8>> {
        Self::absent(&format!(
            "cannot make a reference to a host function of type {ty}, which no loaded module has trampolines for"
        ))
    }
}

impl Compiler {
    /// What it compiles for, when that is not this machine's architecture.
    pub(crate) fn foreign(&self) -> Option<Architecture> {
        self.foreign
    }
}

/// The binary format of `bytes`, which may be text.
#[cfg(feature = "wat")]
pub(crate) fn binary(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    Ok(wat::parse_bytes(bytes)?)
}

/// The binary format of `bytes`: this build reads no text.
#[cfg(not(feature = "wat"))]
pub(crate) fn binary(bytes: &[u8]) -> Result<Cow<'_, [u8]>> {
    Ok(Cow::Borrowed(bytes))
}

#[cfg(all(test, feature = "compile"))]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_this_machine_is_what_the_compiler_finds() {
        let compiler = Compiler::new(&Config::new()).unwrap();
        let jit = made(&compiler.jit, &compiler.options).unwrap();
        assert_eq!(compiler.target, jit.target());
        assert_eq!(compiler.cpu_features, jit.cpu_features().join(" "));
    }
}
