//! The target: which of Cranelift's back ends, with which settings and CPU features. The reasons for the settings are in
//! `docs/settings.md`.
//!
//! Called once per compiler.

use crate::error::CompileError;
use crate::options::Options;
use cranelift_codegen::isa::{self, Builder, OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable, SetError, SettingKind};
use tancho_abi::target::Architecture;
use tancho_abi::tunables::{OptLevel, RegallocAlgorithm};

/// CPU features that every x86-64 machine must have: without SSSE3 and SSE4.1 Cranelift would call library functions by
/// absolute addresses.
const X86_64_BASELINE: [&str; 4] = ["has_sse3", "has_ssse3", "has_cmpxchg16b", "has_sse41"];

/// The CPU feature without which riscv64 has no vectors.
const RISCV64_VECTORS: &str = "has_v";

/// How much work goes into a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Effort {
    /// What the tunables ask for.
    Full,
    /// The same, but that nothing is said about where loops are.
    Unplaced,
    /// Registers in one pass, in time by the function's size.
    Linear,
    /// The same, and nothing is optimised.
    Least,
}

/// Makes the back end for the target of `options`.
pub(crate) fn isa(options: &Options, effort: Effort) -> Result<OwnedTargetIsa, CompileError> {
    let flags = flags(options, effort).map_err(|error| CompileError::internal(format!("setting refused: {error}")))?;
    let isa = match &options.target {
        None if !options.cpu_features.is_empty() => {
            return Err(CompileError::target(
                "CPU features can be asked for with a named target only: code for this machine uses all that it has",
            ));
        }
        None => cranelift_native::builder()
            .map_err(|error| CompileError::target(format!("this machine is not supported: {error}")))?
            .finish(flags),
        Some(triple) => {
            let Some(architecture) = Architecture::of_triple(triple) else {
                return Err(CompileError::target(format!(
                    "target {triple} is not supported; supported are {}",
                    Architecture::ALL.map(|architecture| architecture.triple()).join(", ")
                )));
            };
            let mut builder = isa::lookup(triple.clone()).map_err(|_| {
                CompileError::target(format!(
                    "this build of Tancho has no back end for {triple}: build it with the feature `all-targets`"
                ))
            })?;
            if architecture == Architecture::X86_64 {
                for feature in X86_64_BASELINE {
                    builder
                        .enable(feature)
                        .map_err(|error| CompileError::internal(format!("{feature} refused: {error}")))?;
                }
            }
            enable(&mut builder, &options.cpu_features)?;
            builder.finish(flags)
        }
    }
    .map_err(|error| CompileError::internal(format!("back end refused its settings: {error}")))?;
    require(architecture(&*isa)?, &cpu_features(&*isa))?;
    Ok(isa)
}

/// Checks that this machine, which has these CPU features, has those that all code for it may use.
///
/// # Errors
///
/// Which one it lacks.
pub fn require_features(features: &[&str]) -> Result<(), CompileError> {
    require(Architecture::HOST, features)
}

fn require(architecture: Architecture, features: &[&str]) -> Result<(), CompileError> {
    let least: &[&str] = if architecture == Architecture::X86_64 { &X86_64_BASELINE } else { &[] };
    match least.iter().find(|feature| !features.contains(feature)) {
        Some(missing) => {
            Err(CompileError::target(format!("this machine lacks the CPU feature {missing}, which Tancho needs")))
        }
        None => Ok(()),
    }
}

/// Enables the CPU features that a user asks for.
fn enable(builder: &mut Builder, features: &[String]) -> Result<(), CompileError> {
    let is_feature = |kind, name: &str| kind == SettingKind::Bool && name.starts_with("has_");
    let known = builder.iter().filter(|setting| is_feature(setting.kind, setting.name)).map(|setting| setting.name);
    let known: Vec<&str> = known.collect();
    for feature in features {
        if !known.contains(&feature.as_str()) {
            return Err(CompileError::target(format!(
                "`{feature}` is no CPU feature of {}; these are: {}",
                builder.triple(),
                known.join(", ")
            )));
        }
        builder.enable(feature).map_err(|error| CompileError::internal(format!("{feature} refused: {error}")))?;
    }
    Ok(())
}

/// Why modules that use vectors are refused, where the target has none.
pub(crate) struct NoVectors {
    /// Whose CPU lacks them, and what to do.
    whose: String,
}

impl NoVectors {
    /// That of a back end that has none. V has registers of 128 bits at least.
    pub(crate) fn of(isa: &dyn TargetIsa, options: &Options) -> Option<NoVectors> {
        let missing = Architecture::of_triple(isa.triple()) == Some(Architecture::Riscv64)
            && !cpu_features(isa).contains(&RISCV64_VECTORS);
        let whose = match options.target {
            Some(_) => format!(
                "the target {} has not: add it with --cpu-features (`Config::cpu_feature`) if the machines have it, or build the \
                 program without SIMD",
                isa.triple()
            ),
            None => "this machine lacks: build the program without SIMD".to_owned(),
        };
        missing.then_some(NoVectors { whose })
    }

    /// The error for a module in which `what`, an instruction or a type, uses vectors.
    pub(crate) fn error(&self, what: &str) -> CompileError {
        CompileError::target(format!(
            "{what} uses vectors (v128), which need the CPU feature {RISCV64_VECTORS}, and that {}",
            self.whose
        ))
    }
}

/// The architecture of a back end.
pub(crate) fn architecture(isa: &dyn TargetIsa) -> Result<Architecture, CompileError> {
    Architecture::of_triple(isa.triple())
        .ok_or_else(|| CompileError::target(format!("target {} is not supported", isa.triple())))
}

/// The names of the CPU features that generated code may use, sorted.
pub(crate) fn cpu_features(isa: &dyn TargetIsa) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = isa
        .isa_flags()
        .iter()
        .filter(|flag| flag.name.starts_with("has_") && flag.as_bool() == Some(true))
        .map(|flag| flag.name)
        .collect();
    names.sort_unstable();
    names
}

fn flags(options: &Options, effort: Effort) -> Result<settings::Flags, SetError> {
    let tunables = &options.tunables;
    let mut flags = settings::builder();
    flags.set(
        "opt_level",
        match tunables.opt_level {
            _ if effort == Effort::Least => "none",
            OptLevel::None => "none",
            OptLevel::Speed => "speed",
            OptLevel::SpeedAndSize => "speed_and_size",
        },
    )?;
    if matches!(effort, Effort::Linear | Effort::Least) || tunables.regalloc_algorithm == RegallocAlgorithm::SinglePass
    {
        flags.set("regalloc_algorithm", "single_pass")?;
    }
    let on_off = |value: bool| if value { "true" } else { "false" };
    flags.set("enable_verifier", on_off(options.verifier))?;
    flags.set("regalloc_checker", on_off(options.regalloc_checker))?;
    flags.set("enable_nan_canonicalization", on_off(tunables.nan_canonicalization))?;
    flags.set("enable_heap_access_spectre_mitigation", on_off(tunables.memory_spectre_mitigation))?;
    flags.set("enable_table_access_spectre_mitigation", on_off(tunables.table_spectre_mitigation))?;
    // Code is position-independent because it has no absolute reference at all; `is_pic` would only change how symbols
    // that are not colocated are reached, and there are none.
    flags.set("is_pic", "true")?;
    // The linker places functions by where their loops are.
    flags.set("machine_code_cfg_info", on_off(effort == Effort::Full))?;
    // Overflow is found by touching the guard region, so a large frame must touch every page of itself in order.
    flags.set("enable_probestack", "true")?;
    flags.set("probestack_strategy", "inline")?;
    flags.set("probestack_size_log2", "12")?;
    // Backtraces, traps and exceptions walk frame pointers; DWARF unwind tables have no reader.
    flags.set("preserve_frame_pointers", "true")?;
    flags.set("unwind_info", "false")?;
    // More results than registers travel through a hidden pointer.
    flags.set("enable_multi_ret_implicit_sret", "true")?;
    Ok(settings::Flags::new(flags))
}
