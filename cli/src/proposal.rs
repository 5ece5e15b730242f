//! The WebAssembly proposals by name, for the option `-W`.
//!
//! Read by `flags`, carried out by `engine`.

use tancho::Config;

/// Turns one on or off.
type Setter = fn(&mut Config, bool) -> &mut Config;

/// A proposal that is to be turned on or off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proposal {
    set: Setter,
    on: bool,
}

/// Their names, and what turns each on or off.
const PROPOSALS: &[(&str, Setter)] = &[
    ("mutable-global", Config::wasm_mutable_global),
    ("saturating-float-to-int", Config::wasm_saturating_float_to_int),
    ("sign-extension", Config::wasm_sign_extension),
    ("reference-types", Config::wasm_reference_types),
    ("multi-value", Config::wasm_multi_value),
    ("bulk-memory", Config::wasm_bulk_memory),
    ("simd", Config::wasm_simd),
    ("relaxed-simd", Config::wasm_relaxed_simd),
    ("extended-const", Config::wasm_extended_const),
    ("tail-call", Config::wasm_tail_call),
    ("multi-memory", Config::wasm_multi_memory),
    ("memory64", Config::wasm_memory64),
    ("custom-page-sizes", Config::wasm_custom_page_sizes),
    ("wide-arithmetic", Config::wasm_wide_arithmetic),
    ("branch-hinting", Config::wasm_branch_hinting),
];

impl Proposal {
    /// Reads `NAME`, `NAME=y` or `NAME=n`.
    pub(crate) fn parse(text: &str) -> Result<Proposal, String> {
        let (name, value) = text.split_once('=').unwrap_or((text, "y"));
        let on = match value {
            "y" => true,
            "n" => false,
            _ => return Err(format!("`{value}` is neither y nor n")),
        };
        let found = PROPOSALS.iter().find(|(known, _)| *known == name);
        let (_, set) = found.ok_or_else(|| {
            let known: Vec<&str> = PROPOSALS.iter().map(|(known, _)| *known).collect();
            format!("there is no proposal `{name}`; these are: {}", known.join(", "))
        })?;
        Ok(Proposal { set: *set, on })
    }

    /// Turns it on or off.
    pub(crate) fn apply(self, config: &mut Config) {
        (self.set)(config, self.on);
    }
}
