//! The table of the imports of preview 1 and of what was before it, and the one place where this face meets the engine.
//!
//! An embedder calls [`add_to_linker`] once per linker. Each import finds the guest's memory and context, calls its
//! function, and answers 0 or the number of the errno.

use super::errno::Errno;
use super::memory::GuestMemory;
use super::{attribute, clock, descriptor, io, listing, path, poll, process, socket, unstable};
use crate::context::{Context, WasiCtx};
use crate::poll::Interruption;
use std::sync::atomic::Ordering;
use tancho::{Caller, Extern, Linker, Result, Trap};

/// The import module of preview 1.
const MODULE: &str = "wasi_snapshot_preview1";

/// The import module of snapshot 0, from before preview 1 was named.
const UNSTABLE: &str = "wasi_unstable";

/// Binds the imports in the table to the functions of the same names.
macro_rules! imports {
    ($linker:ident, $module:ident, $get:ident, $($file:ident::$name:ident($($arg:ident: $type:ty),*);)*) => {
        $($linker.func_wrap($module, stringify!($name), move |mut caller: Caller<'_, T>, $($arg: $type),*| {
            call(&mut caller, $get, |guest, ctx| $file::$name(guest, ctx, $($arg),*))
        })?;)*
    };
}

/// Adds the functions of `wasi_snapshot_preview1`, and of `wasi_unstable` as old guests import it, to `linker`; `get` finds the context
/// in the data of a store.
///
/// They work on the memory the guest exports as `memory` (witx: the import `memory` of the module), which may be one that threads share. A
/// call by a guest that exports none fails with an error instead of an errno. Addresses are `i32` in all of these functions, so of a memory that is
/// indexed by `i64` they reach the first 4 GiB; a guest that imports them with addresses of 64 bits does not link.
/// A call that waits is ended by an [`InterruptHandle`](tancho::InterruptHandle) of the store within a tenth of a second, with
/// [`Trap::Interrupt`], but where it waits for a reader or writer of the embedder's, or for the host to store a file: then it ends when that
/// is done, as does a call that does not wait. So a guest that is to be ended does not get from one call to the next.
/// `proc_exit` ends the guest with the error [`I32Exit`](crate::I32Exit), and so does `proc_raise` of a signal that ends a process.
///
/// # Errors
///
/// Those of `Linker::func_wrap`: a name is defined already.
pub fn add_to_linker<T: 'static>(
    linker: &mut Linker<T>,
    get: impl Fn(&mut T) -> &mut WasiCtx + Send + Sync + Copy + 'static,
) -> Result<()> {
    shared(linker, MODULE, get)?;
    imports! { linker, MODULE, get,
        attribute::fd_filestat_get(fd: u32, result: u32);
        io::fd_seek(fd: u32, offset: i64, whence: u32, result: u32);
        path::path_filestat_get(fd: u32, flags: u32, path: u32, path_length: u32, result: u32);
        poll::poll_oneoff(subscriptions: u32, events: u32, count: u32, result: u32);
        socket::sock_accept(fd: u32, flags: u32, result: u32);
    }
    shared(linker, UNSTABLE, get)?;
    imports! { linker, UNSTABLE, get,
        unstable::fd_filestat_get(fd: u32, result: u32);
        unstable::fd_seek(fd: u32, offset: i64, whence: u32, result: u32);
        unstable::path_filestat_get(fd: u32, flags: u32, path: u32, path_length: u32, result: u32);
        unstable::poll_oneoff(subscriptions: u32, events: u32, count: u32, result: u32);
    }
    Ok(())
}

/// The functions that are the same in both.
fn shared<T: 'static>(
    linker: &mut Linker<T>,
    module: &str,
    get: impl Fn(&mut T) -> &mut WasiCtx + Send + Sync + Copy + 'static,
) -> Result<()> {
    imports! { linker, module, get,
        process::args_get(argv: u32, buffer: u32);
        process::args_sizes_get(count: u32, bytes: u32);
        process::environ_get(environ: u32, buffer: u32);
        process::environ_sizes_get(count: u32, bytes: u32);
        clock::clock_res_get(id: u32, result: u32);
        clock::clock_time_get(id: u32, precision: u64, result: u32);
        attribute::fd_advise(fd: u32, offset: u64, length: u64, advice: u32);
        attribute::fd_allocate(fd: u32, offset: u64, length: u64);
        descriptor::fd_close(fd: u32);
        io::fd_datasync(fd: u32);
        descriptor::fd_fdstat_get(fd: u32, result: u32);
        descriptor::fd_fdstat_set_flags(fd: u32, flags: u32);
        descriptor::fd_fdstat_set_rights(fd: u32, base: u64, inheriting: u64);
        attribute::fd_filestat_set_size(fd: u32, size: u64);
        attribute::fd_filestat_set_times(fd: u32, accessed: u64, modified: u64, flags: u32);
        io::fd_pread(fd: u32, list: u32, count: u32, offset: u64, result: u32);
        descriptor::fd_prestat_get(fd: u32, result: u32);
        descriptor::fd_prestat_dir_name(fd: u32, buffer: u32, length: u32);
        io::fd_pwrite(fd: u32, list: u32, count: u32, offset: u64, result: u32);
        io::fd_read(fd: u32, list: u32, count: u32, result: u32);
        listing::fd_readdir(fd: u32, buffer: u32, length: u32, cookie: u64, result: u32);
        descriptor::fd_renumber(fd: u32, to: u32);
        io::fd_sync(fd: u32);
        io::fd_tell(fd: u32, result: u32);
        io::fd_write(fd: u32, list: u32, count: u32, result: u32);
        path::path_create_directory(fd: u32, path: u32, path_length: u32);
        path::path_filestat_set_times(
            fd: u32, flags: u32, path: u32, path_length: u32, accessed: u64, modified: u64, time_flags: u32
        );
        path::path_link(
            old_fd: u32, old_flags: u32, old_path: u32, old_path_length: u32,
            new_fd: u32, new_path: u32, new_path_length: u32
        );
        path::path_open(
            fd: u32, lookup_flags: u32, path: u32, path_length: u32, open_flags: u32,
            base: u64, inheriting: u64, flags: u32, result: u32
        );
        path::path_readlink(fd: u32, path: u32, path_length: u32, buffer: u32, length: u32, result: u32);
        path::path_remove_directory(fd: u32, path: u32, path_length: u32);
        path::path_rename(
            fd: u32, old_path: u32, old_path_length: u32, new_fd: u32, new_path: u32, new_path_length: u32
        );
        path::path_symlink(target: u32, target_length: u32, fd: u32, path: u32, path_length: u32);
        path::path_unlink_file(fd: u32, path: u32, path_length: u32);
        process::sched_yield();
        process::random_get(buffer: u32, length: u32);
        socket::sock_recv(fd: u32, list: u32, count: u32, flags: u32, length_result: u32, flags_result: u32);
        socket::sock_send(fd: u32, list: u32, count: u32, flags: u32, result: u32);
        socket::sock_shutdown(fd: u32, how: u32);
    }
    linker.func_wrap(module, "proc_exit", |_: Caller<'_, T>, status: u32| -> Result<()> {
        Err(process::proc_exit(status))
    })?;
    linker.func_wrap(module, "proc_raise", |_: Caller<'_, T>, signal: u32| process::proc_raise(signal))?;
    Ok(())
}

/// Calls the function behind an import with the guest's memory and context.
///
/// # Errors
///
/// When the guest exports no memory; [`Trap::Interrupt`] when it is to be ended, whatever has become of the call: compiled code looks for
/// that in loops and where functions begin, and there may be none before the next call.
fn call<T: 'static>(
    caller: &mut Caller<'_, T>,
    get: impl Fn(&mut T) -> &mut WasiCtx,
    function: impl FnOnce(&mut GuestMemory<'_>, &Context) -> std::result::Result<(), Errno>,
) -> Result<i32> {
    let interruption = Interruption::by(caller.interrupt_handle());
    let counted = |ctx: &Context| ctx.calls.fetch_add(1, Ordering::Relaxed);
    let (answer, interruption) = match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => {
            let (bytes, data) = memory.data_and_store_mut(&mut *caller);
            let ctx = get(data);
            counted(&ctx.0);
            let mut guest = GuestMemory::new(bytes).of(interruption);
            (function(&mut guest, &ctx.0), guest.into_interruption())
        }
        Some(Extern::SharedMemory(memory)) => {
            let ctx = get(caller.data_mut());
            counted(&ctx.0);
            let mut guest = GuestMemory::shared(memory.atomics()).of(interruption);
            (function(&mut guest, &ctx.0), guest.into_interruption())
        }
        _ => return Err(tancho::ErrorCode::NoMemory.error("missing required memory export")),
    };
    if interruption.take() {
        return Err(Trap::Interrupt.into());
    }
    match answer {
        Ok(()) => Ok(0),
        Err(errno) => Ok(i32::from(errno.number())),
    }
}
