//! Does everything that a guest hands in, however odd, end in an errno, without harm and without memory of the host?

use super::guest::{DATA, Guest, MEMORY, ROOT, Random, cases, first_seed, scratch, snapshot};
use crate::context::{Context, WasiCtx, WasiCtxBuilder};
use crate::p1::errno::Errno;
use crate::p1::memory::GuestMemory;
use crate::p1::{attribute, clock, descriptor, io, listing, path, poll, process, socket, unstable};
use crate::permission::{DirPerms, FilePerms};
use std::fs;
use std::sync::atomic::{AtomicU8, Ordering};

/// An import whose arguments all come from a list of numbers.
type Import = fn(&mut GuestMemory<'_>, &Context, &[u64]) -> Result<(), Errno>;

macro_rules! import {
    ($file:ident::$name:ident($($kind:ident),*)) => {
        (stringify!($name), {
            fn call(guest: &mut GuestMemory<'_>, ctx: &Context, numbers: &[u64]) -> Result<(), Errno> {
                let mut _numbers = numbers.iter().copied();
                $file::$name(guest, ctx, $(_numbers.next().unwrap() as $kind),*)
            }
            call as Import
        })
    };
}

/// All imports but those that end the guest.
fn imports() -> Vec<(&'static str, Import)> {
    vec![
        import!(process::args_get(u32, u32)),
        import!(process::args_sizes_get(u32, u32)),
        import!(process::environ_get(u32, u32)),
        import!(process::environ_sizes_get(u32, u32)),
        import!(clock::clock_res_get(u32, u32)),
        import!(clock::clock_time_get(u32, u64, u32)),
        import!(attribute::fd_advise(u32, u64, u64, u32)),
        import!(attribute::fd_allocate(u32, u64, u64)),
        import!(descriptor::fd_close(u32)),
        import!(io::fd_datasync(u32)),
        import!(descriptor::fd_fdstat_get(u32, u32)),
        import!(descriptor::fd_fdstat_set_flags(u32, u32)),
        import!(descriptor::fd_fdstat_set_rights(u32, u64, u64)),
        import!(attribute::fd_filestat_get(u32, u32)),
        import!(attribute::fd_filestat_set_size(u32, u64)),
        import!(attribute::fd_filestat_set_times(u32, u64, u64, u32)),
        import!(io::fd_pread(u32, u32, u32, u64, u32)),
        import!(descriptor::fd_prestat_get(u32, u32)),
        import!(descriptor::fd_prestat_dir_name(u32, u32, u32)),
        import!(io::fd_pwrite(u32, u32, u32, u64, u32)),
        import!(io::fd_read(u32, u32, u32, u32)),
        import!(listing::fd_readdir(u32, u32, u32, u64, u32)),
        import!(descriptor::fd_renumber(u32, u32)),
        import!(io::fd_seek(u32, i64, u32, u32)),
        import!(io::fd_sync(u32)),
        import!(io::fd_tell(u32, u32)),
        import!(io::fd_write(u32, u32, u32, u32)),
        import!(path::path_create_directory(u32, u32, u32)),
        import!(path::path_filestat_get(u32, u32, u32, u32, u32)),
        import!(path::path_filestat_set_times(u32, u32, u32, u32, u64, u64, u32)),
        import!(path::path_link(u32, u32, u32, u32, u32, u32, u32)),
        import!(path::path_open(u32, u32, u32, u32, u32, u64, u64, u32, u32)),
        import!(path::path_readlink(u32, u32, u32, u32, u32, u32)),
        import!(path::path_remove_directory(u32, u32, u32)),
        import!(path::path_rename(u32, u32, u32, u32, u32, u32)),
        import!(path::path_symlink(u32, u32, u32, u32, u32)),
        import!(path::path_unlink_file(u32, u32, u32)),
        import!(process::sched_yield()),
        import!(process::random_get(u32, u32)),
        import!(socket::sock_accept(u32, u32, u32)),
        import!(socket::sock_recv(u32, u32, u32, u32, u32, u32)),
        import!(socket::sock_send(u32, u32, u32, u32, u32)),
        import!(socket::sock_shutdown(u32, u32)),
        import!(poll::poll_oneoff(u32, u32, u32, u32)),
        import!(unstable::fd_filestat_get(u32, u32)),
        import!(unstable::fd_seek(u32, i64, u32, u32)),
        import!(unstable::path_filestat_get(u32, u32, u32, u32, u32)),
        import!(unstable::poll_oneoff(u32, u32, u32, u32)),
    ]
}

/// The socket that guests are given.
const SOCKET: u32 = 4;

fn context(root: &std::path::Path) -> WasiCtx {
    let mut builder = WasiCtxBuilder::new();
    builder.args(&["a", "bc"]).env("D", "e");
    builder.preopened_dir(root, "/", DirPerms::all(), FilePerms::all()).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    // Clocks that count, so that no wait takes time, however long.
    builder.preopened_listener(listener).unwrap().deterministic(1);
    let ctx = builder.build();
    // Nobody comes, and nothing is waited for.
    let mut memory = [0; 8];
    descriptor::fd_fdstat_set_flags(&mut GuestMemory::new(&mut memory), &ctx.0, SOCKET, 4).unwrap();
    ctx
}

/// Numbers at which something begins, ends or overflows, and addresses that are not aligned.
fn boundaries() -> [u64; 31] {
    let end = MEMORY as u64;
    let data = u64::from(DATA);
    [
        data + 1,
        data + 2,
        data + 7,
        end - 3,
        0,
        1,
        2,
        3,
        4,
        5,
        7,
        8,
        16,
        31,
        32,
        63,
        64,
        end - 64,
        end - 8,
        end - 1,
        end,
        end + 1,
        (1 << 31) - 1,
        1 << 31,
        (1 << 32) - 8,
        (1 << 32) - 1,
        1 << 32,
        i64::MAX as u64,
        1 << 63,
        u64::MAX - 1,
        u64::MAX,
    ]
}

/// What may stand where an import looks for a path, a list of buffers, or subscriptions.
fn contents() -> [Vec<u8>; 5] {
    let buffer = |at: u32, length: u32| [at.to_le_bytes(), length.to_le_bytes()].concat();
    let end = u32::try_from(MEMORY).unwrap();
    [
        b"f".to_vec(),
        vec![0xff; 64],
        [buffer(DATA, u32::MAX), buffer(u32::MAX, 1)].concat(),
        [buffer(end - 4, 4), buffer(end - 4, 5)].concat(),
        [buffer(DATA + 1, 3), buffer(DATA, 64)].concat(),
    ]
}

/// Each argument of each import in turn takes each number at a boundary, the others being valid ones, with everything in memory that could
/// be met there.
#[test]
fn numbers_at_every_boundary() {
    let temp = scratch();
    let mut tried = 0;
    for (name, import) in imports() {
        for (place, number) in (0..10).flat_map(|place| boundaries().map(|number| (place, number))) {
            fs::write(temp.path().join("f"), "content").unwrap();
            let mut guest = Guest::new(context(temp.path()));
            guest.put(DATA, b"f");
            let file = guest.create(ROOT, "f").unwrap();
            for (first, content) in [ROOT, file, SOCKET, 0, 1].iter().flat_map(|fd| contents().map(|text| (*fd, text)))
            {
                guest.put(DATA, &content);
                let mut numbers = [u64::from(DATA); 10];
                numbers[0] = u64::from(first);
                numbers[2] = 1;
                numbers[place] = number;
                // Which error it is, other tests ask; here it must only come back.
                let result = guest.call(|memory, ctx| import(memory, ctx, &numbers));
                assert_ne!(result, Err(Errno::NOSYS), "{name}");
                tried += 1;
            }
            let _ = fs::remove_dir(temp.path().join("f"));
        }
    }
    assert!(tried > 300_000, "{tried}");
}

#[test]
fn random_numbers() {
    let mut random = Random::new(1);
    let temp = scratch();
    let mut guest = Guest::new(context(temp.path()));
    let imports = imports();
    for _ in 0..20_000 {
        let (_, import) = random.pick(&imports);
        let mut numbers = [0_u64; 10];
        for number in &mut numbers {
            *number = match random.below(4) {
                0 => random.below(8) as u64,
                1 => random.below(MEMORY) as u64,
                2 => u64::from(DATA) + random.below(64) as u64,
                _ => u64::MAX >> random.below(64),
            };
        }
        if random.below(8) == 0 {
            guest.put(DATA, [&b"../x\0"[..], b"a/b", b"\xff\xfe", b"a/../.."][random.below(4)]);
        }
        let _ = guest.call(|memory, ctx| import(memory, ctx, &numbers));
    }
    // It was only ever given one directory, and that is where everything is.
    assert!(temp.path().exists());
}

/// The same random calls of two guests, one whose memory is its own and one whose memory is shared: all that comes back is the same.
#[test]
fn a_shared_memory_makes_no_difference() {
    let length = DATA as usize + 8 * 1024;
    let temps = [scratch(), scratch()];
    let contexts = [context(temps[0].path()), context(temps[1].path())];
    let mut own = vec![0_u8; length];
    let shared: Vec<AtomicU8> = (0..length).map(|_| AtomicU8::new(0)).collect();
    let imports = imports();
    let first = first_seed();
    for seed in first..first + cases(20_000) {
        let mut random = Random::new(seed);
        let (name, import) = random.pick(&imports);
        let mut numbers = [0_u64; 10];
        for number in &mut numbers {
            *number = match random.below(6) {
                0 | 1 => random.below(8) as u64,
                2 => random.below(length) as u64,
                3 => length as u64 - random.below(20) as u64,
                4 => u64::from(DATA) + random.below(64) as u64,
                _ => u64::MAX >> random.below(64),
            };
        }
        let text = *random.pick(&[&b"a"[..], b"b", b"a/b", b"..", b"\xff\xfe", b"", b"\0\0\x01\0\x09\0\0\0"]);
        let at = DATA as usize + random.below(64);
        own[at..at + text.len()].copy_from_slice(text);
        shared[at..].iter().zip(text).for_each(|(cell, byte)| cell.store(*byte, Ordering::Relaxed));
        let one = import(&mut GuestMemory::new(&mut own), &contexts[0].0, &numbers);
        let other = import(&mut GuestMemory::shared(&shared), &contexts[1].0, &numbers);
        assert_eq!(one, other, "seed {seed}: {name} {numbers:?}");
        // Comparing takes longer than most calls.
        if seed % 64 == 0 || seed == first + cases(20_000) - 1 {
            let same = own.iter().zip(&shared).position(|(byte, cell)| *byte != cell.load(Ordering::Relaxed));
            assert_eq!(same, None, "seed {seed}: {name} {numbers:?}");
        }
    }
    assert_eq!(names(temps[0].path()), names(temps[1].path()));
}

/// What is below a directory, without what differs from run to run.
fn names(root: &std::path::Path) -> Vec<String> {
    snapshot(root).into_keys().collect()
}

/// The names of the specification, in its order.
const NAMES: &str = "args_get args_sizes_get environ_get environ_sizes_get clock_res_get clock_time_get fd_advise fd_allocate fd_close \
    fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get fd_filestat_set_size fd_filestat_set_times fd_pread \
    fd_prestat_get fd_prestat_dir_name fd_pwrite fd_read fd_readdir fd_renumber fd_seek fd_sync fd_tell fd_write path_create_directory \
    path_filestat_get path_filestat_set_times path_link path_open path_readlink path_remove_directory path_rename path_symlink \
    path_unlink_file poll_oneoff proc_exit proc_raise sched_yield random_get sock_accept sock_recv sock_send sock_shutdown";

/// There are as many functions as the specification has, and each is tried here.
#[test]
fn every_import_is_there_and_is_tried() {
    let names: Vec<&str> = NAMES.split_whitespace().collect();
    assert_eq!(names.len(), 46);
    let engine = tancho::Engine::default();
    let mut linker = tancho::Linker::new(&engine);
    crate::p1::add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx).unwrap();
    let mut store = tancho::Store::new(&engine, WasiCtxBuilder::new().build());
    for name in names {
        assert!(linker.get(&mut store, "wasi_snapshot_preview1", name).is_ok(), "{name}");
        let unstable = linker.get(&mut store, "wasi_unstable", name).is_ok();
        assert_eq!(unstable, name != "sock_accept", "{name}: snapshot 0 has all but what came later");
        let ends = ["proc_exit", "proc_raise"].contains(&name);
        assert!(ends || imports().iter().any(|(known, _)| *known == name), "{name} is not tried");
    }
    for number in boundaries() {
        let number = number as u32;
        let error = process::proc_exit(number);
        assert_eq!(error.is::<crate::exit::I32Exit>(), number < 126);
        match process::proc_raise(number) {
            Ok(errno) => assert!([0, 28, 58].contains(&errno), "{number}"),
            Err(error) => assert!(error.is::<crate::exit::I32Exit>(), "{number}"),
        }
    }
}

#[test]
fn a_guest_without_memory_gets_faults_where_memory_is_needed() {
    let temp = tempfile::tempdir().unwrap();
    let mut ctx = context(temp.path());
    for (name, import) in imports() {
        let mut numbers = [16; 10];
        numbers[0] = u64::from(ROOT);
        let result = import(&mut GuestMemory::new(&mut []), &ctx.0, &numbers);
        let without = ["fd_close", "fd_renumber", "sched_yield", "fd_sync", "fd_datasync"];
        assert!(result.is_err() || without.contains(&name) || name.contains("_set_"), "{name}: {result:?}");
        ctx = context(temp.path());
    }
}

#[test]
fn preopened_directories_introduce_themselves() {
    let temp = tempfile::tempdir().unwrap();
    let mut guest = Guest::new(context(temp.path()));
    guest.put(DATA, &[0xA5; 16]);
    guest.call(|g, c| descriptor::fd_prestat_get(g, c, ROOT, DATA)).unwrap();
    assert_eq!(guest.get(DATA, 16), [0, 0xA5, 0xA5, 0xA5, 1, 0, 0, 0, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5]);
    let name = |guest: &mut Guest, fd, length| {
        guest.put(DATA, &[0xA5; 4]);
        let result = guest.call(|g, c| descriptor::fd_prestat_dir_name(g, c, fd, DATA, length));
        result.map(|()| guest.get(DATA, 4).to_vec())
    };
    assert_eq!(name(&mut guest, ROOT, 1), Ok(vec![b'/', 0xA5, 0xA5, 0xA5]));
    assert_eq!(name(&mut guest, ROOT, 3), Ok(vec![b'/', 0xA5, 0xA5, 0xA5]));
    assert_eq!(name(&mut guest, ROOT, u32::MAX), Ok(vec![b'/', 0xA5, 0xA5, 0xA5]));
    assert_eq!(name(&mut guest, ROOT, 0), Err(Errno::NAMETOOLONG));
    let below = guest.open_dir(ROOT, ".").unwrap();
    for fd in [0, 1, below, 9, u32::MAX] {
        assert_eq!(name(&mut guest, fd, 9), Err(Errno::BADF));
        assert_eq!(guest.call(|g, c| descriptor::fd_prestat_get(g, c, fd, DATA)), Err(Errno::BADF));
    }
    // The name goes with the descriptor, and ends with it.
    guest.renumber(ROOT, below).unwrap();
    assert_eq!(name(&mut guest, below, 1), Ok(vec![b'/', 0xA5, 0xA5, 0xA5]));
    guest.close(below).unwrap();
    assert_eq!(name(&mut guest, below, 1), Err(Errno::BADF));
}

#[test]
fn exit_statuses() {
    for status in [0, 1, 125] {
        let error = process::proc_exit(status);
        assert_eq!(error.downcast_ref::<crate::exit::I32Exit>(), Some(&crate::exit::I32Exit(status as i32)));
    }
    for status in [126, 255, 1 << 31, u32::MAX] {
        let error = process::proc_exit(status);
        assert!(error.downcast_ref::<crate::exit::I32Exit>().is_none());
        assert_eq!(error.to_string(), "exit with invalid exit status outside of [0..126)");
    }
}

/// What the host allocates must not depend on the numbers a guest names. Counting is done by the operating system: a
/// call with lengths of 4 GiB may not make this thread touch more than a little memory, or it would take its time.
#[test]
fn lengths_of_gigabytes_are_refused_at_once() {
    let temp = tempfile::tempdir().unwrap();
    let mut guest = Guest::new(context(temp.path()));
    let file = guest.create(ROOT, "f").unwrap();
    let before = resident();
    for _ in 0..1000 {
        for length in [1 << 20, 1 << 30, 1 << 31, u32::MAX] {
            let fault = Err(Errno::FAULT);
            assert_eq!(guest.call(|g, c| process::random_get(g, c, DATA, length)), fault);
            assert_eq!(guest.call(|g, c| listing::fd_readdir(g, c, ROOT, DATA, length, 0, DATA)), fault);
            assert_eq!(guest.call(|g, c| io::fd_read(g, c, file, DATA, length, DATA)), fault);
            assert_eq!(guest.call(|g, c| io::fd_write(g, c, 1, DATA, length, DATA)), fault);
            assert_eq!(guest.call(|g, c| path::path_create_directory(g, c, ROOT, DATA, length)), fault);
        }
    }
    assert!(resident() < before + 64 * 1024, "grew from {before} to {} KiB", resident());
}

/// How much memory this process has, in KiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
