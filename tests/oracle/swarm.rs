//! The swarm: random configurations of our engine, so that no setting goes untested for being off by default.
//!
//! [`Swarm::random`] makes one, `tancho` beside this file an engine of it. Every tunable and every option of the compiler is
//! taken apart by name: a new one does not compile until somebody has said how the swarm sets it, and a test counts that
//! each takes more than one value.

use super::seed::Rng;
use tancho::{Config, OptLevel, RegallocAlgorithm};
use tancho_abi::target::Architecture;
use tancho_abi::tunables::Tunables;
use tancho_jit::{Features, Options};

/// A configuration.
#[derive(Clone, Debug)]
pub struct Swarm {
    /// What compiler and runtime agree about.
    pub tunables: Tunables,
    /// The CPU features to use, for this machine as a named target; all that it has where there are none named.
    pub cpu_features: Option<Vec<&'static str>>,
    /// How many threads compile.
    pub threads: Option<usize>,
    /// Whether Cranelift checks its intermediate representation.
    pub verifier: bool,
    /// Whether Cranelift checks its register allocator.
    pub regalloc_checker: bool,
    /// Whether modules go through the bytes of a `.cwasm` file.
    pub precompiled: bool,
}

impl Default for Swarm {
    /// What users get, on one thread.
    fn default() -> Self {
        Swarm {
            tunables: Tunables::default(),
            cpu_features: None,
            threads: Some(1),
            verifier: true,
            regalloc_checker: false,
            precompiled: false,
        }
    }
}

/// The largest memory that every configuration of the swarm has room for, in bytes: `generate` makes none that may be larger.
pub const MEMORY: u64 = 1 << 20;

/// What Cranelift can use of this machine, by the names of its settings.
pub fn host_features() -> Vec<&'static str> {
    let flags = cranelift_codegen::settings::Flags::new(cranelift_codegen::settings::builder());
    let isa = cranelift_native::builder().and_then(|builder| builder.finish(flags).map_err(|_| "no back end"));
    let isa = isa.expect("this machine is supported");
    let flags = isa.isa_flags();
    flags
        .iter()
        .filter(|flag| flag.name.starts_with("has_") && flag.as_bool() == Some(true))
        .map(|flag| flag.name)
        .collect()
}

/// One of all features (as is, or named), none, all but one, or any set of them. Vectors on riscv64 stay: without them modules that use
/// them are refused, which is no difference in what is computed.
fn cpu_features(random: &mut Rng) -> Option<Vec<&'static str>> {
    let all = host_features();
    let stays = |feature: &str| feature == "has_v";
    match random.u8(..8) {
        0 | 1 => None,
        2 => Some(all.into_iter().filter(|feature| stays(feature)).collect()),
        3..=5 => {
            let out = *random.choice(&all).expect("this machine has some");
            Some(all.into_iter().filter(|feature| stays(feature) || *feature != out).collect())
        }
        _ => Some(all.into_iter().filter(|feature| stays(feature) || random.bool()).collect()),
    }
}

impl Swarm {
    /// Any configuration.
    pub fn random(random: &mut Rng) -> Swarm {
        // Reservation, guard after and guard before. With 4 GiB and a guard no access needs a check, with less every one does.
        let memories = [
            (4 << 30, 32 << 20, 2 << 30),
            (4 << 30, 0, 0),
            (4 << 30, 1 << 16, 0),
            (MEMORY, 0, 0),
            (MEMORY, 1 << 16, 1 << 16),
            (16 << 20, 32 << 20, 2 << 30),
        ];
        let (memory_reservation, memory_guard, memory_guard_before) =
            *random.choice(&memories).expect("there are some");
        // Tunables that came later draw from a copy, so that the modules of a seed stay what they were.
        let mut later = random.clone();
        let levels = [OptLevel::None, OptLevel::Speed, OptLevel::Speed, OptLevel::SpeedAndSize];
        Swarm {
            // Without `..`, so that a new tunable does not compile until it is here.
            tunables: Tunables {
                memory_reservation,
                memory64_reservation: *later.choice(&[0, MEMORY, 64 << 20, 64 << 30]).expect("there are some"),
                memory_guard,
                memory_guard_before,
                memory_copy_below: *random.choice(&[0, 64 << 10, u64::MAX]).expect("there are some"),
                opt_level: *random.choice(&levels).expect("there are some"),
                nan_canonicalization: random.bool(),
                relaxed_simd_deterministic: random.bool(),
                table_spectre_mitigation: random.bool(),
                memory_spectre_mitigation: random.bool(),
                address_map: random.bool(),
                signals_based_traps: later.u8(..4) != 0,
                // The belt hides how an access folds its address, so it is on in a part of the runs only.
                belt: later.u8(..4) == 0,
                regalloc_algorithm: if later.u8(..4) == 0 {
                    RegallocAlgorithm::SinglePass
                } else {
                    RegallocAlgorithm::Backtracking
                },
                gc_heap_reservation: 1 << later.u8(23..=32),
                gc_nursery: *later.choice(&[128 << 10, 256 << 10, 4 << 20]).expect("there are some"),
                gc_zeal: later.u8(..8) == 0,
                interruption: later.u8(..4) != 0,
                consume_fuel: later.u8(..4) == 0,
                table_facts: later.u8(..4) != 0,
                shadow_stack_argument: later.u8(..4) != 0,
                native_products: later.u8(..4) != 0,
                inlining: later.u8(..4) != 0,
                fenced_sites: later.u8(..4) == 0,
                recursive_inlining: later.u8(..4) != 0,
                loop_strips: later.u8(..4) != 0,
                sites_at_calls: later.u8(..4) != 0,
                wide_loads: later.u8(..4) != 0,
            },
            cpu_features: cpu_features(random),
            threads: Some(random.usize(1..=2)),
            verifier: random.bool(),
            regalloc_checker: random.u8(..4) == 0,
            precompiled: random.u8(..4) == 0,
        }
    }

    /// For the embedding API.
    pub fn config(&self) -> Config {
        let Tunables {
            memory_reservation,
            memory64_reservation,
            memory_guard,
            memory_guard_before,
            memory_copy_below,
            gc_heap_reservation,
            gc_nursery,
            gc_zeal,
            opt_level,
            nan_canonicalization,
            relaxed_simd_deterministic,
            table_spectre_mitigation,
            memory_spectre_mitigation,
            address_map,
            signals_based_traps,
            belt,
            regalloc_algorithm,
            interruption,
            consume_fuel,
            table_facts,
            shadow_stack_argument,
            native_products,
            inlining,
            recursive_inlining,
            fenced_sites,
            loop_strips,
            sites_at_calls,
            wide_loads,
        } = self.tunables;
        let mut config = Config::new();
        config
            .memory_reservation(memory_reservation)
            .memory64_reservation(memory64_reservation)
            .memory_guard_size(memory_guard)
            .memory_guard_before(memory_guard_before)
            .memory_copy_below(memory_copy_below)
            .gc_heap_reservation(gc_heap_reservation)
            .gc_nursery(gc_nursery)
            .gc_zeal(gc_zeal)
            .cranelift_opt_level(opt_level)
            .cranelift_nan_canonicalization(nan_canonicalization)
            .relaxed_simd_deterministic(relaxed_simd_deterministic)
            .cranelift_table_spectre_mitigation(table_spectre_mitigation)
            .cranelift_memory_spectre_mitigation(memory_spectre_mitigation)
            .generate_address_map(address_map)
            .signals_based_traps(signals_based_traps)
            .belt(belt)
            .epoch_interruption(fenced_sites)
            .interruption(interruption)
            .consume_fuel(consume_fuel)
            .table_facts(table_facts)
            .shadow_stack_argument(shadow_stack_argument)
            .native_products(native_products)
            .inlining(inlining)
            .recursive_inlining(recursive_inlining)
            .loop_strips(loop_strips)
            .sites_at_calls(sites_at_calls)
            .wide_loads(wide_loads)
            .wasm_custom_page_sizes(true)
            .cranelift_regalloc_algorithm(regalloc_algorithm);
        // The same in terms of the compiler, of which nothing may be left out either.
        let Options { target, cpu_features, tunables: _, features: _, keep_dwarf, threads, verifier, regalloc_checker } =
            self.options();
        if let Some(target) = target {
            config.target(&target.to_string());
        }
        for feature in &cpu_features {
            config.cpu_feature(feature);
        }
        if let Some(threads) = threads {
            config.compilation_threads(threads);
        }
        config.keep_dwarf(keep_dwarf).cranelift_debug_verifier(verifier).cranelift_regalloc_checker(regalloc_checker);
        config
    }

    /// For the compiler alone. Without `..`, so that a new option does not compile until it is here. Which proposals are on is
    /// not the swarm's: modules use all of them.
    pub fn options(&self) -> Options {
        let host = || Architecture::HOST.triple().parse().expect("it is a triple");
        Options {
            target: self.cpu_features.as_ref().map(|_| host()),
            cpu_features: self.cpu_features.iter().flatten().map(|feature| (*feature).to_owned()).collect(),
            tunables: self.tunables.clone(),
            features: Features { custom_page_sizes: true, ..Features::default() },
            keep_dwarf: true,
            threads: self.threads,
            verifier: self.verifier,
            regalloc_checker: self.regalloc_checker,
        }
    }
}
