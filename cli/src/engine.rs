//! From flags to an engine.
//!
//! Called by every command that compiles or loads.

use crate::flags::{EngineFlags, OptLevel, ProposalFlags};
use tancho::{Config, Engine, Result};

/// The configuration that the flags ask for.
pub(crate) fn config(flags: &EngineFlags) -> Config {
    let mut config = proposals(&flags.proposals);
    config.cranelift_opt_level(match flags.opt_level {
        OptLevel::None => tancho::OptLevel::None,
        OptLevel::Speed => tancho::OptLevel::Speed,
        OptLevel::SpeedAndSize => tancho::OptLevel::SpeedAndSize,
    });
    config.cranelift_nan_canonicalization(flags.canonical_nan);
    config.relaxed_simd_deterministic(flags.relaxed_simd_deterministic);
    if flags.consume_fuel {
        config.consume_fuel(true);
    }
    config.belt(flags.belt);
    config.gc_zeal(flags.gc_zeal);
    config.keep_dwarf(flags.keep_dwarf);
    if let Some(bytes) = flags.gc_heap_limit {
        config.gc_heap_limit(bytes);
    }
    if let Some(threads) = flags.compile_threads {
        config.compilation_threads(threads);
    }
    config.signals_based_traps(!flags.no_signals);
    if let Some(bytes) = flags.memory_reservation {
        config.memory_reservation(bytes);
    }
    if let Some(bytes) = flags.memory64_reservation {
        config.memory64_reservation(bytes);
    }
    if let Some(bytes) = flags.memory_guard_size {
        config.memory_guard_size(bytes);
    }
    if let Some(bytes) = flags.memory_guard_before {
        config.memory_guard_before(bytes);
    }
    config
}

/// The configuration with these proposals and nothing else.
pub(crate) fn proposals(flags: &ProposalFlags) -> Config {
    let mut config = Config::new();
    for proposal in &flags.wasm {
        proposal.apply(&mut config);
    }
    config
}

/// The engine that the flags ask for.
pub(crate) fn engine(flags: &EngineFlags) -> Result<Engine> {
    Engine::new(&config(flags))
}
