//! The limits of a program: what `run` gives it of fuel, memory, tables and instances.
//!
//! Flattened into `command`'s `Run`. What other command lines write as `-W fuel=N` is read by `proposal` and counts as well.

use crate::proposal::Proposal;
use clap::Args;
use tancho::Limits;

/// What a program may have.
#[derive(Args, Clone, Debug)]
pub(crate) struct LimitFlags {
    /// Gives the program so many units of fuel, and ends it when it has used them up: the same place on every machine. Also -W fuel=N.
    #[arg(long, value_name = "N")]
    pub(crate) fuel: Option<u64>,

    /// Bytes that each memory may have, such as 65536, 64K, 16M or 1G; growing further fails. Also -W max-memory-size=SIZE.
    #[arg(long, alias = "max-memory", value_name = "SIZE", value_parser = size)]
    pub(crate) max_memory_size: Option<u64>,

    /// Entries that each table may have. Also -W max-table-elements=N.
    #[arg(long, value_name = "N")]
    pub(crate) max_table_elements: Option<u64>,

    /// Instances that there may be. Also -W max-instances=N.
    #[arg(long, value_name = "N")]
    pub(crate) max_instances: Option<u64>,
}

/// Reads a number of bytes: K, M and G are powers of 1024.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let shift = match &text[digits.len()..] {
        "" => 0,
        "K" | "k" | "KiB" => 10,
        "M" | "m" | "MiB" => 20,
        "G" | "g" | "GiB" => 30,
        unit => return Err(format!("`{unit}` is no unit of bytes; these are: K, M, G")),
    };
    let number: u64 = digits.parse().map_err(|_| "it is no number of bytes".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "so many bytes there are not".to_owned())
}

impl LimitFlags {
    /// How much fuel there is, where it is limited.
    pub(crate) fn fuel(&self, wasm: &[Proposal]) -> Option<u64> {
        self.fuel.or_else(|| Proposal::limit(wasm, "fuel"))
    }

    /// The limits of the store.
    pub(crate) fn limits(&self, wasm: &[Proposal]) -> Limits {
        let mut limits = Limits::new();
        if let Some(fuel) = self.fuel(wasm) {
            limits = limits.fuel(fuel);
        }
        if let Some(bytes) = self.max_memory_size.or_else(|| Proposal::limit(wasm, "max-memory-size")) {
            limits = limits.memory_bytes(bytes);
        }
        if let Some(elements) = self.max_table_elements.or_else(|| Proposal::limit(wasm, "max-table-elements")) {
            limits = limits.table_elements(elements);
        }
        if let Some(instances) = self.max_instances.or_else(|| Proposal::limit(wasm, "max-instances")) {
            limits = limits.instances(instances);
        }
        limits.trap_on_grow_failure(Proposal::limit(wasm, "trap-on-grow-failure") == Some(1))
    }
}
