//! Loading: what is accepted, what is refused and why, and that what was loaded can no longer be written.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test")]

mod hand;

use hand::Hand;
use tancho_abi::image::{ImageError, Origin, sign};
use tancho_abi::target::Architecture;
use tancho_abi::tunables::Tunables;
use tancho_abi::types::ValType;
use tancho_runtime::code::{Code, LoadError};

fn sample() -> Hand {
    let mut hand = Hand::new();
    let ty = hand.ty(&[ValType::I32], &[ValType::I64]);
    hand.text = vec![0; 5000];
    hand.function(ty, 0, 16);
    hand.memory(1, None);
    hand
}

fn refusal(bytes: &[u8], origin: Origin<'_>) -> ImageError {
    match Code::load(bytes, &Tunables::default(), origin) {
        Err(LoadError::Image(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("loaded"),
    }
}

/// The permissions of the mapping that holds `address`.
fn permissions(address: usize) -> String {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines()
        .find_map(|line| {
            let (range, rest) = line.split_once(' ')?;
            let (start, end) = range.split_once('-')?;
            let number = |digits| usize::from_str_radix(digits, 16).unwrap();
            (number(start)..number(end)).contains(&address).then(|| rest[..4].to_owned())
        })
        .unwrap_or_default()
}

#[test]
fn a_sound_image_loads_and_says_what_stands_in_it() {
    let bytes = sample().bytes();
    let code = Code::load(&bytes, &Tunables::default(), Origin::Trusted).unwrap();
    assert_eq!(code.bytes(), bytes);
    assert_eq!(code.view().memories.len(), 1);
    assert_eq!(code.text().len(), 5000);
    assert_eq!(code.address(16).unwrap().addr(), code.text().start + 16);
    assert_eq!(code.address(4999).unwrap().addr(), code.text().end - 1);
    assert_eq!(code.address(5000), None);
    assert_eq!(code.address(u32::MAX), None);
}

#[test]
fn no_page_is_writable_and_only_code_is_executable() {
    let code = sample().load();
    // An emulator (`tests/cross.sh`) translates code, and so maps nothing as executable itself.
    let executable = if std::env::var_os("TANCHO_RUNNER").is_some() { "r--p" } else { "r-xp" };
    assert_eq!(permissions(code.bytes().as_ptr().addr()), "r--p");
    assert_eq!(permissions(code.text().start), executable);
    assert_eq!(permissions(code.text().end - 1), executable);
    assert_eq!(permissions(code.text().start - 1), "r--p");
}

#[test]
fn a_module_without_code_loads() {
    let code = Hand::new().load();
    assert!(code.text().is_empty());
    assert_eq!(code.address(0), None);
}

#[test]
fn damage_anywhere_is_noticed() {
    let bytes = sample().bytes();
    let step = if cfg!(debug_assertions) { 37 } else { 1 };
    for position in (0..bytes.len()).step_by(step).chain(0..1200) {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1 << (position % 8);
        // Only the MAC may be anything in an image whose origin is known otherwise.
        let mac = std::mem::offset_of!(tancho_abi::image::Header, mac);
        let accepted = Code::load(&damaged, &Tunables::default(), Origin::Trusted).is_ok();
        assert_eq!(accepted, (mac..mac + 32).contains(&position), "position {position}");
    }
}

#[test]
fn a_cut_or_extended_image_is_refused() {
    let bytes = sample().bytes();
    for length in (0..bytes.len()).step_by(101).chain([0, 7, 8, 255, 256, bytes.len() - 1]) {
        let error = refusal(&bytes[..length], Origin::Trusted);
        assert!(matches!(error, ImageError::Length { .. } | ImageError::NotAnImage), "{length}: {error}");
    }
    let longer = [&bytes[..], &[0; 4096]].concat();
    assert!(matches!(refusal(&longer, Origin::Trusted), ImageError::Length { .. }));
    assert_eq!(refusal(b"\0asm\x01\0\0\0", Origin::Trusted), ImageError::NotAnImage);
}

#[test]
fn images_of_others_are_refused() {
    let other = Architecture::ALL.into_iter().find(|architecture| *architecture != Architecture::HOST).unwrap();
    let bytes = sample().bytes_with(other, &Tunables::default());
    assert_eq!(refusal(&bytes, Origin::Trusted), ImageError::Architecture { found: Some(other) });
    let tunables = Tunables { memory_guard: 64 << 20, ..Tunables::default() };
    let bytes = sample().bytes_with(Architecture::HOST, &tunables);
    assert_eq!(refusal(&bytes, Origin::Trusted), ImageError::Tunables);
    assert!(Code::load(&bytes, &tunables, Origin::Trusted).is_ok());
}

#[test]
fn only_images_of_this_user_are_believed() {
    let mut bytes = sample().bytes();
    let (mine, theirs) = ([1; 32], [2; 32]);
    assert_eq!(refusal(&bytes, Origin::Signed(&mine)), ImageError::Unsigned);
    sign(&mut bytes, &theirs);
    assert_eq!(refusal(&bytes, Origin::Signed(&mine)), ImageError::Unsigned);
    sign(&mut bytes, &mine);
    assert!(Code::load(&bytes, &Tunables::default(), Origin::Signed(&mine)).is_ok());
}

#[test]
fn a_missing_cpu_feature_is_named() {
    let mut hand = sample();
    hand.module.cpu_features = b"has_teleportation".to_vec();
    let name = "has_teleportation".to_owned();
    assert_eq!(refusal(&hand.bytes(), Origin::Trusted), ImageError::CpuFeature { name });
}

#[cfg(target_arch = "x86_64")]
#[test]
fn features_that_the_machine_has_are_found() {
    let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap();
    let flags: Vec<&str> = flags.lines().find(|line| line.starts_with("flags")).unwrap().split(' ').collect();
    for (name, flag) in [
        ("has_sse3", "pni"),
        ("has_ssse3", "ssse3"),
        ("has_cmpxchg16b", "cx16"),
        ("has_sse41", "sse4_1"),
        ("has_sse42", "sse4_2"),
        ("has_popcnt", "popcnt"),
        ("has_avx", "avx"),
        ("has_avx2", "avx2"),
        ("has_fma", "fma"),
        ("has_avx_vnni", "avx_vnni"),
        ("has_bmi1", "bmi1"),
        ("has_bmi2", "bmi2"),
        ("has_lzcnt", "abm"),
        ("has_avx512bitalg", "avx512_bitalg"),
        ("has_avx512dq", "avx512dq"),
        ("has_avx512vl", "avx512vl"),
        ("has_avx512vbmi", "avx512vbmi"),
        ("has_avx512f", "avx512f"),
        ("has_avx512vnni", "avx512_vnni"),
    ] {
        let mut hand = sample();
        hand.module.cpu_features = name.as_bytes().to_vec();
        let loads = Code::load(&hand.bytes(), &Tunables::default(), Origin::Trusted).is_ok();
        assert_eq!(loads, flags.contains(&flag), "{name}");
    }
}

#[test]
fn counts_that_lie_are_refused() {
    for lie in [
        |hand: &mut Hand| hand.summary.counts.memories = 2,
        |hand: &mut Hand| hand.summary.counts.imported_memories = 2,
        |hand: &mut Hand| hand.summary.counts.imported_tables = 1,
        |hand: &mut Hand| hand.summary.counts.imported_functions = 9,
        |hand: &mut Hand| hand.summary.counts.escaped = u32::MAX,
        |hand: &mut Hand| hand.module.trampolines.clear(),
    ] {
        let mut hand = sample();
        lie(&mut hand);
        assert!(matches!(refusal(&hand.bytes(), Origin::Trusted), ImageError::Section { kind: 1 }));
    }
}

#[test]
fn loading_and_dropping_gives_everything_back() {
    let bytes = sample().bytes();
    let load = || Code::load(&bytes, &Tunables::default(), Origin::Trusted).unwrap();
    let maps = || std::fs::read_to_string("/proc/self/maps").unwrap().lines().count();
    (0..50).for_each(|_| drop(load()));
    let before = maps();
    (0..500).for_each(|_| drop(load()));
    assert!(maps() < before + 40);
}
