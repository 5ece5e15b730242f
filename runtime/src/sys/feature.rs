//! CPU features of this machine, by the names of Cranelift's settings.
//!
//! Called by `code::memory`: an image lists what its code needs. A name that is not known here counts as missing.

/// The names of all that code for this machine may use, sorted: what Cranelift finds out by itself. `None` where it looks elsewhere than
/// `has_feature` does, and has to be asked.
pub fn cpu_features() -> Option<Vec<&'static str>> {
    NAMES.map(|names| names.iter().copied().filter(|name| has_feature(name)).collect())
}

#[cfg(target_arch = "x86_64")]
const NAMES: Option<&[&str]> = Some(&[
    "has_avx",
    "has_avx2",
    "has_avx512bitalg",
    "has_avx512dq",
    "has_avx512f",
    "has_avx512vbmi",
    "has_avx512vl",
    "has_avx512vnni",
    "has_avx_vnni",
    "has_bmi1",
    "has_bmi2",
    "has_cmpxchg16b",
    "has_fma",
    "has_lzcnt",
    "has_popcnt",
    "has_sse3",
    "has_sse41",
    "has_sse42",
    "has_ssse3",
]);

#[cfg(target_arch = "aarch64")]
const NAMES: Option<&[&str]> = Some(&["has_dotprod", "has_fp16", "has_i8mm", "has_lse", "has_pauth"]);

#[cfg(target_arch = "riscv64")]
const NAMES: Option<&[&str]> = None;

/// Whether this machine has the feature.
#[cfg(target_arch = "x86_64")]
pub(crate) fn has_feature(name: &str) -> bool {
    use std::is_x86_feature_detected as has;
    match name {
        "has_sse3" => has!("sse3"),
        "has_ssse3" => has!("ssse3"),
        "has_cmpxchg16b" => has!("cmpxchg16b"),
        "has_sse41" => has!("sse4.1"),
        "has_sse42" => has!("sse4.2"),
        "has_popcnt" => has!("popcnt"),
        "has_avx" => has!("avx"),
        "has_avx2" => has!("avx2"),
        "has_fma" => has!("fma"),
        "has_avx_vnni" => has!("avxvnni"),
        "has_bmi1" => has!("bmi1"),
        "has_bmi2" => has!("bmi2"),
        "has_lzcnt" => has!("lzcnt"),
        "has_avx512bitalg" => has!("avx512bitalg"),
        "has_avx512dq" => has!("avx512dq"),
        "has_avx512vl" => has!("avx512vl"),
        "has_avx512vbmi" => has!("avx512vbmi"),
        "has_avx512f" => has!("avx512f"),
        "has_avx512vnni" => has!("avx512vnni"),
        _ => false,
    }
}

/// Whether this machine has the feature.
#[cfg(target_arch = "aarch64")]
pub(crate) fn has_feature(name: &str) -> bool {
    use std::arch::is_aarch64_feature_detected as has;
    match name {
        "has_lse" => has!("lse"),
        "has_pauth" => has!("paca"),
        "has_fp16" => has!("fp16"),
        "has_dotprod" => has!("dotprod"),
        "has_i8mm" => has!("i8mm"),
        // These use instructions of the hint space, which do nothing on a machine that lacks the feature.
        "sign_return_address"
        | "sign_return_address_all"
        | "sign_return_address_with_bkey"
        | "use_bti"
        | "use_csdb" => true,
        _ => false,
    }
}

/// Whether this machine has the feature. The standard library's detection for RISC-V is not stable, so the kernel is asked: by the
/// auxiliary vector, which has the letters; by `riscv_hwprobe(2)`, where there is that (Linux 6.4); and by its list of extensions.
#[cfg(target_arch = "riscv64")]
pub(crate) fn has_feature(name: &str) -> bool {
    use std::collections::BTreeSet;
    use std::sync::OnceLock;
    static EXTENSIONS: OnceLock<BTreeSet<String>> = OnceLock::new();
    let extensions = EXTENSIONS.get_or_init(|| {
        let mut extensions = BTreeSet::new();
        // SAFETY: reads the auxiliary vector.
        let letters = unsafe { libc::getauxval(libc::AT_HWCAP) };
        for (position, letter) in ('a'..='z').enumerate() {
            if letters >> position & 1 == 1 {
                extensions.insert(letter.to_string());
            }
        }
        extensions.extend(probed().map(str::to_owned));
        let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let isa = text.lines().find(|line| line.starts_with("isa")).and_then(|line| line.split_once(':'));
        if let Some((_, isa)) = isa {
            extensions.extend(isa.trim().split('_').skip(1).map(str::to_owned));
        }
        let implied: [(&str, &[&str]); 2] = [("c", &["zca", "zcd"]), ("v", &["zvl32b", "zvl64b", "zvl128b"])];
        for (letter, names) in implied {
            if extensions.contains(letter) {
                extensions.extend(names.iter().map(|name| (*name).to_owned()));
            }
        }
        // What every Linux on riscv64gc has.
        extensions.extend(["m", "a", "f", "d", "zicsr", "zifencei"].map(str::to_owned));
        extensions
    });
    name.strip_prefix("has_").is_some_and(|extension| extensions.contains(extension))
}

/// The extensions that code may use and `riscv_hwprobe(2)` says that all processors have.
#[cfg(target_arch = "riscv64")]
fn probed() -> impl Iterator<Item = &'static str> {
    const RISCV_HWPROBE: libc::c_long = 258;
    /// `RISCV_HWPROBE_KEY_IMA_EXT_0`.
    const EXTENSIONS: i64 = 4;
    /// By the bits of its value.
    const BITS: [(u32, &str); 16] = [
        (1, "c"),
        (2, "v"),
        (3, "zba"),
        (4, "zbb"),
        (5, "zbs"),
        (7, "zbc"),
        (8, "zbkb"),
        (17, "zvbb"),
        (27, "zfh"),
        (28, "zfhmin"),
        (30, "zvfh"),
        (32, "zfa"),
        (35, "zicond"),
        (43, "zca"),
        (44, "zcb"),
        (45, "zcd"),
    ];
    #[repr(C)]
    struct Pair {
        key: i64,
        value: u64,
    }
    let mut pair = Pair { key: EXTENSIONS, value: 0 };
    let no_set: *const libc::c_void = std::ptr::null();
    // SAFETY: one pair, which the kernel writes; no set of processors means all.
    let answer = unsafe { libc::syscall(RISCV_HWPROBE, &raw mut pair, 1_usize, 0_usize, no_set, 0_u32) };
    // A key that the kernel does not know comes back as -1.
    let value = if answer == 0 && pair.key == EXTENSIONS { pair.value } else { 0 };
    BITS.into_iter().filter(move |(bit, _)| value >> bit & 1 == 1).map(|(_, name)| name)
}
