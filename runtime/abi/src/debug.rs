//! Debug information: which custom sections of DWARF an image keeps, and where their bytes stand in it.
//!
//! The decoder fills it, the embedding API reads it when somebody asks for lines of the source. Nothing runs by it.

use crate::module::Range;
use bytemuck::{Pod, Zeroable};

/// The sections that functions, files and lines are found by. Others say where variables are, or repeat what stands in these.
pub const DEBUG_SECTIONS: [&str; 9] = [
    ".debug_abbrev",
    ".debug_addr",
    ".debug_info",
    ".debug_line",
    ".debug_line_str",
    ".debug_ranges",
    ".debug_rnglists",
    ".debug_str",
    ".debug_str_offsets",
];

/// A section of DWARF.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct DebugRecord {
    /// Its position among [`DEBUG_SECTIONS`].
    pub section: u32,
    /// Zero.
    pub reserved: u32,
    /// Its bytes: a range of `debug_data`.
    pub bytes: Range,
}

impl DebugRecord {
    /// Its name.
    pub fn name(&self) -> Option<&'static str> {
        DEBUG_SECTIONS.get(self.section as usize).copied()
    }
}
