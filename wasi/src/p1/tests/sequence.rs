//! Do long random sequences of opening, closing and renumbering agree with a small model, and leave nothing open?

use super::guest::{CREAT, Guest, Open, READ_WRITE, ROOT, Random};
use crate::p1::errno::Errno;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How many of this process's descriptors lead below `root`.
fn held(root: &Path) -> usize {
    let targets = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.starts_with(root)).count()
}

/// The model: what each number stands for, as the content of the file, or nothing for a directory or stream.
type Model = BTreeMap<u32, Option<String>>;

fn lowest_free(model: &Model) -> u32 {
    (0..).find(|fd| !model.contains_key(fd)).unwrap()
}

fn step(random: &mut Random, guest: &mut Guest, model: &mut Model, root: u32) {
    let any = |random: &mut Random| u32::try_from(random.below(24)).unwrap();
    match random.below(8) {
        0..=2 => {
            let name = format!("f{}", random.below(6));
            let opened = guest.open(root, &name, Open { oflags: CREAT, base: READ_WRITE, ..Open::default() });
            if model.get(&root) == Some(&Some("root".to_owned())) {
                assert_eq!(opened, Ok(lowest_free(model)));
                model.insert(opened.unwrap(), Some(name));
            } else {
                assert!(opened.is_err());
            }
        }
        3 | 4 => {
            let fd = any(random);
            let known = model.remove(&fd).is_some();
            assert_eq!(guest.close(fd), if known { Ok(()) } else { Err(Errno::BADF) });
        }
        5 | 6 => {
            let (from, to) = (any(random), any(random));
            let known = model.contains_key(&from) && model.contains_key(&to);
            assert_eq!(guest.renumber(from, to), if known { Ok(()) } else { Err(Errno::BADF) });
            if known && from != to {
                let moved = model.remove(&from).unwrap();
                model.insert(to, moved);
            }
        }
        _ => {
            let fd = any(random);
            match model.get(&fd) {
                Some(Some(name)) if name != "root" => {
                    guest.seek(fd, 0, 0).unwrap();
                    assert_eq!(guest.read(fd, 10).as_deref(), Ok(name.as_bytes()));
                }
                Some(_) => assert!(guest.fdstat(fd).is_ok()),
                None => assert_eq!(guest.fdstat(fd), Err(Errno::BADF)),
            }
        }
    }
}

#[test]
fn a_table_of_descriptors_and_its_model() {
    let temp = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(temp.path()).unwrap();
    for index in 0..6 {
        fs::write(root.join(format!("f{index}")), format!("f{index}")).unwrap();
    }
    let start = held(&root);
    let sequences = std::env::var("TANCHO_CASES").map_or(300, |text| text.parse().unwrap());
    for seed in 0..sequences {
        let mut random = Random::new(seed);
        let mut guest = Guest::free(&root);
        let mut model: Model = (0..3).map(|fd| (fd, None)).collect();
        model.insert(ROOT, Some("root".to_owned()));
        for _ in 0..60 {
            // The directory may have been closed or moved, even onto a standard stream.
            let found = model.iter().find(|(_, what)| what.as_deref() == Some("root"));
            let root = found.map_or(ROOT, |(fd, _)| *fd);
            step(&mut random, &mut guest, &mut model, root);
            let in_use = model.values().flatten().count();
            assert_eq!(held(&temp.path().canonicalize().unwrap()) - start, in_use, "seed {seed}");
        }
        drop(guest);
        assert_eq!(held(&root), start, "seed {seed}");
    }
}

#[test]
fn descriptors_run_out_without_anything_being_created() {
    let temp = tempfile::tempdir().unwrap();
    let mut guest = Guest::free(temp.path());
    let mut opened = 0;
    let error = loop {
        match guest.create(ROOT, "file") {
            Ok(_) => opened += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error, Errno::MFILE);
    assert!(opened <= 1024);
    assert_eq!(guest.create(ROOT, "another"), Err(Errno::MFILE));
    assert!(!temp.path().join("another").exists());
    guest.close(opened + 2).unwrap();
    assert_eq!(guest.create(ROOT, "another"), Ok(opened + 2));
    assert_eq!(fs::metadata(temp.path().join("file")).unwrap().nlink(), 1);
}
