//! Ending a guest that is among calls to the host, or in one that waits for another process.

use super::guest::{Guest, Open, READ, READ_WRITE, ROOT};
use crate::context::{WasiCtx, WasiCtxBuilder};
use crate::p1::add_to_linker;
use crate::p1::errno::Errno;
use crate::p1::rights::Rights;
use crate::permission::{DirPerms, FilePerms};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tancho::{Caller, Engine, Linker, Module, Store, Trap};

/// Long enough for another thread to come to where it waits, and short enough for a test.
const MOMENT: Duration = Duration::from_millis(60);

fn fifo() -> (tempfile::TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("fifo");
    mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    (temp, path)
}

const WRITE: Rights = Rights::FD_WRITE;

/// A guest in an engine, that calls what it imports in a row.
fn instance(wasm: &str, ctx: WasiCtx) -> (Store<(WasiCtx, u32)>, tancho::TypedFunc<(), ()>) {
    let engine = Engine::default();
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |data: &mut (WasiCtx, u32)| &mut data.0).unwrap();
    linker
        .func_wrap("test", "interrupt", |caller: Caller<'_, (WasiCtx, u32)>| caller.interrupt_handle().interrupt())
        .unwrap();
    linker.func_wrap("test", "reached", |mut caller: Caller<'_, (WasiCtx, u32)>| caller.data_mut().1 += 1).unwrap();
    let mut store = Store::new(&engine, (ctx, 0));
    let module = Module::new(&engine, wasm).unwrap();
    let instance = linker.instantiate(&mut store, &module).unwrap();
    let run = instance.get_typed_func(&mut store, "run").unwrap();
    (store, run)
}

#[test]
fn a_guest_does_not_get_from_one_call_to_the_next() {
    let wasm = r#"(module
        (import "test" "interrupt" (func $interrupt))
        (import "test" "reached" (func $reached))
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "run")
            (drop (call $yield))
            (call $reached)
            (call $interrupt)
            (drop (call CALL))
            (call $reached)))"#;
    // One that succeeds, and one that has an error to tell.
    for call in ["$yield", "$close (i32.const 99)"] {
        let (mut store, run) = instance(&wasm.replace("CALL", call), WasiCtxBuilder::new().build());
        let error = run.call(&mut store, ()).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt), "{call}: {error:?}");
        assert_eq!(store.data().1, 1, "{call}");
        assert!(!store.interrupt_handle().is_pending(), "one request ends one guest");
    }
}

#[test]
fn a_guest_that_opens_a_fifo_is_ended_there() {
    for rights in [READ, WRITE] {
        let (temp, _path) = fifo();
        let wasm = format!(
            r#"(module
            (import "wasi_snapshot_preview1" "path_open"
                (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "fifo")
            (func (export "run")
                (drop (call $open (i32.const {ROOT}) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 0)
                    (i64.const {}) (i64.const 0) (i32.const 0) (i32.const 64)))))"#,
            rights.bits()
        );
        let mut builder = WasiCtxBuilder::new();
        builder.preopened_dir(temp.path(), "/", DirPerms::all(), FilePerms::all()).unwrap();
        let (mut store, run) = instance(&wasm, builder.build());
        let handle = store.interrupt_handle();
        let start = Instant::now();
        let other = std::thread::spawn(move || {
            std::thread::sleep(MOMENT);
            handle.interrupt();
        });
        let error = run.call(&mut store, ()).unwrap_err();
        let took = start.elapsed();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt), "{error:?}");
        assert!(took >= MOMENT && took < Duration::from_secs(5), "{took:?}");
        other.join().unwrap();
    }
}

#[test]
fn opening_a_fifo_waits_for_the_other_end() {
    // A writer that writes nothing yet, one that is gone again, and one that writes at once.
    for what in ["stays", "goes", "writes"] {
        let (temp, path) = fifo();
        let start = Instant::now();
        let other = std::thread::spawn(move || {
            std::thread::sleep(MOMENT);
            let mut writer = std::fs::OpenOptions::new().write(true).open(path).unwrap();
            match what {
                "goes" => return None,
                "writes" => writer.write_all(b"abc").unwrap(),
                _ => {}
            }
            Some(writer)
        });
        let mut guest = Guest::free(temp.path());
        let fd = guest.open(ROOT, "fifo", Open { base: READ, ..Open::default() }).unwrap();
        assert!(start.elapsed() >= MOMENT, "{what}");
        let writer = other.join().unwrap();
        match what {
            "writes" => assert_eq!(guest.read(fd, 9), Ok(b"abc".to_vec())),
            "goes" => assert_eq!(guest.read(fd, 9), Ok(Vec::new())),
            _ => {
                // It blocks, as it was asked to: what is written later is what is read.
                let later = std::thread::spawn(move || {
                    std::thread::sleep(MOMENT);
                    writer.unwrap().write_all(b"later").unwrap();
                });
                assert_eq!(guest.read(fd, 9), Ok(b"later".to_vec()));
                later.join().unwrap();
            }
        }
    }
    let (temp, path) = fifo();
    let start = Instant::now();
    let reader = std::thread::spawn(move || {
        std::thread::sleep(MOMENT);
        let mut text = String::new();
        std::fs::File::open(path).unwrap().read_to_string(&mut text).unwrap();
        text
    });
    let mut guest = Guest::free(temp.path());
    let fd = guest.open(ROOT, "fifo", Open { base: WRITE, ..Open::default() }).unwrap();
    assert!(start.elapsed() >= MOMENT);
    // More than a pipe holds: it blocks as well.
    let long = vec![b'x'; 100_000];
    let mut written = 0;
    while written < long.len() {
        written += guest.write(fd, &long[written..]).unwrap() as usize;
    }
    guest.close(fd).unwrap();
    assert_eq!(reader.join().unwrap().len(), long.len());
}

#[test]
fn opening_without_blocking_waits_for_nobody() {
    const NONBLOCK: u32 = 4;
    let (temp, _path) = fifo();
    let mut guest = Guest::free(temp.path());
    let open = |guest: &mut Guest, base, flags| guest.open(ROOT, "fifo", Open { base, flags, ..Open::default() });
    assert_eq!(open(&mut guest, WRITE, NONBLOCK), Err(Errno::NXIO));
    let fd = open(&mut guest, READ, NONBLOCK).unwrap();
    assert_eq!(guest.read(fd, 9), Ok(Vec::new()));
    // Who opens both ends is his own other end, and now there is one for those who write.
    open(&mut guest, READ_WRITE, 0).unwrap();
    open(&mut guest, WRITE, 0).unwrap();
    assert_eq!(guest.read(fd, 9), Err(Errno::AGAIN));
}
