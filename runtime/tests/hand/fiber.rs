//! Fibers (by `ucontext`), and stacks for them with and without a guard.
#![cfg(target_arch = "x86_64")]
#![allow(dead_code, reason = "not every test uses every part")]

use std::cell::Cell;
use std::ptr;

pub const PAGE: usize = 4096;

/// A stack with a guard page below it: its lowest byte.
pub fn guarded(size: usize) -> usize {
    let low = accessible(PAGE + size) + PAGE;
    // SAFETY: the page is the first of a mapping that is nobody else's.
    assert_eq!(unsafe { libc::mprotect(ptr::with_exposed_provenance_mut(low - PAGE), PAGE, libc::PROT_NONE) }, 0);
    low
}

/// A stack below which, instead of a guard, lies something that others can see written: its lowest byte.
pub fn unguarded(size: usize) -> usize {
    let low = accessible(PAGE + size) + PAGE;
    let below = ptr::with_exposed_provenance_mut(low - PAGE);
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
    // SAFETY: it replaces the first page of a mapping that is nobody else's.
    assert_ne!(unsafe { libc::mmap(below, PAGE, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) }, libc::MAP_FAILED);
    low
}

/// Memory without any guard: its lowest byte.
pub fn accessible(size: usize) -> usize {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a mapping of its own.
    let start = unsafe { libc::mmap(ptr::null_mut(), size, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED);
    start.expose_provenance()
}

pub struct Fiber {
    own: libc::ucontext_t,
    back: libc::ucontext_t,
    body: Option<Box<dyn FnOnce()>>,
}

thread_local! {
    static CURRENT: Cell<*mut Fiber> = const { Cell::new(ptr::null_mut()) };
}

/// A fiber on the stack from `low`. It stays for good.
pub fn fiber(low: usize, size: usize, body: impl FnOnce() + 'static) -> *mut Fiber {
    extern "C" fn start() {
        // SAFETY: `resume` has set it.
        let body = unsafe { (*CURRENT.get()).body.take() };
        body.unwrap()();
        loop {
            pause();
        }
    }
    // SAFETY: all zero is sound for contexts, which `getcontext` and `makecontext` then fill in at the place where they
    // stay; the stack is the caller's.
    unsafe {
        let (own, back) = (std::mem::zeroed(), std::mem::zeroed());
        let fiber = Box::into_raw(Box::new(Fiber { own, back, body: Some(Box::new(body)) }));
        assert_eq!(libc::getcontext(&raw mut (*fiber).own), 0);
        (*fiber).own.uc_stack.ss_sp = ptr::with_exposed_provenance_mut(low);
        (*fiber).own.uc_stack.ss_size = size;
        libc::makecontext(&raw mut (*fiber).own, start, 0);
        fiber
    }
}

/// Lets a fiber run until it pauses.
pub fn resume(fiber: *mut Fiber) {
    let before = CURRENT.replace(fiber);
    // SAFETY: fibers stay for good; the contexts are those of this thread.
    unsafe { assert_eq!(libc::swapcontext(&raw mut (*fiber).back, &raw const (*fiber).own), 0) };
    CURRENT.set(before);
}

/// Returns to whoever let this fiber run.
pub fn pause() {
    let fiber = CURRENT.get();
    // SAFETY: as in `resume`.
    unsafe { assert_eq!(libc::swapcontext(&raw mut (*fiber).own, &raw const (*fiber).back), 0) };
}
