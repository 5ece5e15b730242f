//! Targets: the three architectures, and the CPU features that code may need.

use std::fmt;
use target_lexicon::Triple;

/// An architecture that Tancho compiles for and runs on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u32)]
pub enum Architecture {
    /// x86-64 with at least SSSE3 and SSE4.1.
    X86_64 = 1,
    /// 64-bit Arm, little-endian.
    Aarch64 = 2,
    /// 64-bit RISC-V with the extensions of `riscv64gc`.
    Riscv64 = 3,
}

impl Architecture {
    /// Every architecture.
    pub const ALL: [Self; 3] = [Self::X86_64, Self::Aarch64, Self::Riscv64];

    /// The one this process runs on.
    pub const HOST: Architecture = if cfg!(target_arch = "aarch64") {
        Architecture::Aarch64
    } else if cfg!(target_arch = "riscv64") {
        Architecture::Riscv64
    } else {
        Architecture::X86_64
    };

    /// The architecture of this code.
    pub fn from_code(code: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|architecture| *architecture as u32 == code)
    }

    /// The architecture of a triple; `None` when Tancho does not support the triple.
    pub fn of_triple(triple: &Triple) -> Option<Self> {
        use target_lexicon::{Aarch64Architecture, Architecture as A, OperatingSystem};
        if triple.operating_system != OperatingSystem::Linux {
            return None;
        }
        match triple.architecture {
            A::X86_64 | A::X86_64h => Some(Self::X86_64),
            A::Aarch64(Aarch64Architecture::Aarch64) => Some(Self::Aarch64),
            A::Riscv64(_) => Some(Self::Riscv64),
            _ => None,
        }
    }

    /// Its triple.
    pub const fn triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Aarch64 => "aarch64-unknown-linux-gnu",
            Self::Riscv64 => "riscv64gc-unknown-linux-gnu",
        }
    }

    /// The largest page size that its kernels use: sections of an image that are mapped with different permissions
    /// begin at multiples of it.
    pub const fn page_size(self) -> u32 {
        match self {
            Self::X86_64 | Self::Riscv64 => 4 << 10,
            Self::Aarch64 => 64 << 10,
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.triple())
    }
}
