//! The stacks of a thread: where its own begins and ends, and the alternate stack on which signal handlers run.
//!
//! Called by `call`, once per thread, and again where code runs on a stack that is not the thread's own.

use super::map::page_size;
use region::Protection;
use std::io;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A stack: `low` is the first byte that may be used, `high` the first above it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bounds {
    pub(crate) low: usize,
    pub(crate) high: usize,
}

impl Bounds {
    pub(crate) fn contains(self, address: usize) -> bool {
        self.low <= address && address < self.high
    }
}

/// The bounds of a stack at a place where another thread may read them: one that has been given the store for a while.
pub(crate) struct BoundsCell {
    low: AtomicUsize,
    high: AtomicUsize,
}

impl BoundsCell {
    pub(crate) const fn new(bounds: Bounds) -> BoundsCell {
        BoundsCell { low: AtomicUsize::new(bounds.low), high: AtomicUsize::new(bounds.high) }
    }

    pub(crate) fn get(&self) -> Bounds {
        Bounds { low: self.low.load(Ordering::Relaxed), high: self.high.load(Ordering::Relaxed) }
    }

    pub(crate) fn set(&self, bounds: Bounds) {
        self.low.store(bounds.low, Ordering::Relaxed);
        self.high.store(bounds.high, Ordering::Relaxed);
    }
}

/// Of a main stack without limit compiled code gets this much, with a guard below.
const MAIN_LIMIT: usize = 256 << 20;
/// How much of such a stack must still be free for the guard to be put in place.
const MAIN_MARGIN: usize = 1 << 20;

/// Whose a stack is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The main thread's own: the kernel lets it grow, and keeps a gap below it.
    Main,
    /// The own one of another thread.
    Thread,
    /// One to which somebody has switched: a fiber's, or the alternate signal stack.
    Foreign,
}

/// The bounds of the stack that holds `address`, a place in the caller's frame.
pub(crate) fn bounds_around(address: usize) -> io::Result<(Bounds, Kind)> {
    let alternate = alternate()?;
    if alternate.ss_flags & libc::SS_ONSTACK != 0 {
        // More exact than the mapping around it, which may hold other things below.
        let low = alternate.ss_sp.addr();
        return Ok((Bounds { low, high: low.saturating_add(alternate.ss_size) }, Kind::Foreign));
    }
    let own = match own_bounds() {
        // The C library reads the main stack's bounds from /proc, which a sandbox may lack.
        Err(_) if is_main() => {
            let estimated = estimated_bounds(address);
            let kind = if is_main_stack(estimated) { Kind::Main } else { Kind::Foreign };
            return Ok((estimated, kind));
        }
        own => own?,
    };
    if !own.contains(address) {
        return Ok((foreign_bounds(address)?, Kind::Foreign));
    }
    if !is_main_stack(own) {
        return Ok((own, Kind::Thread));
    }
    // A limit that somebody has chosen is his affair, however large.
    let runaway = own.high - own.low > MAIN_LIMIT && stack_limit().is_none();
    Ok((if runaway { guard_main(own, address) } else { own }, Kind::Main))
}

/// Whether `stack` is that of the process's first thread, which the kernel made: by the random bytes that it put above the
/// frames there. The number of the thread would not say it: after a fork, the child's only thread has the process's.
fn is_main_stack(stack: Bounds) -> bool {
    /// What arguments and environment, which the C library does not count to the stack, take at most.
    const ABOVE: usize = 8 << 20;
    // SAFETY: reads the auxiliary vector; 0 when the kernel does not say.
    let random = unsafe { libc::getauxval(libc::AT_RANDOM) } as usize;
    stack.low <= random && random < stack.high.saturating_add(ABOVE)
}

/// The limit of the main stack; `None` when it has none.
fn stack_limit() -> Option<usize> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes the limit.
    let known = unsafe { libc::getrlimit(libc::RLIMIT_STACK, &mut limit) } == 0;
    (known && limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur as usize)
}

/// Whether running off the lower end of `stack` meets an inaccessible page before anything else.
pub(crate) fn is_guarded(stack: Bounds, kind: Kind) -> bool {
    // The kernel keeps its stack guard gap below a main stack, wherever that ends; it may have grown beyond its limit
    // before the limit was lowered.
    if kind == Kind::Main {
        return true;
    }
    let below = stack.low.wrapping_sub(1);
    // C libraries before glibc 2.27 count the guard to the stack: then it is the lowest page that is inaccessible.
    match (is_inaccessible(below), is_inaccessible(stack.low)) {
        (Some(below), lowest) => below || lowest == Some(true),
        // Nobody can be asked. The C library gives its threads a guard unless told otherwise; of others we know nothing.
        (None, _) => kind == Kind::Thread,
    }
}

/// Whether nobody may read at `address`; `None` when the system does not say.
fn is_inaccessible(address: usize) -> Option<bool> {
    let mut byte = 0_u8;
    let here = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let there = libc::iovec { iov_base: ptr::without_provenance_mut(address), iov_len: 1 };
    // Unlike /proc/self/maps, this knows of guards that are no mappings of their own (MADV_GUARD_INSTALL).
    // SAFETY: the kernel reads one byte of this process, or says that it cannot, and writes it to `byte`.
    if unsafe { libc::process_vm_readv(libc::getpid(), &here, 1, &there, 1, 0) } == 1 {
        return Some(false);
    }
    if io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT) {
        return Some(true);
    }
    // A sandbox may forbid the call.
    match region::query(ptr::without_provenance::<u8>(address)) {
        Ok(region) => Some(region.protection() == Protection::NONE),
        Err(region::Error::UnmappedRegion) => Some(true),
        Err(_) => None,
    }
}

/// The bounds of the main stack by its limit alone, taking `address` to be near its upper end.
fn estimated_bounds(address: usize) -> Bounds {
    const USUAL: usize = 8 << 20;
    /// What the frames, arguments and environment above `address` may take.
    const ABOVE: usize = 512 << 10;
    let size = stack_limit().unwrap_or(USUAL);
    let low = address.saturating_sub(size.saturating_sub(ABOVE.min(size / 2)));
    Bounds { low, high: (address + 1).next_multiple_of(page_size()) }
}

/// The bounds of the thread's own stack, without its guard.
fn own_bounds() -> io::Result<Bounds> {
    let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
    let check = |code| if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) };
    // SAFETY: the attributes are initialised by the first call when it succeeds, read after that, and destroyed once.
    unsafe {
        check(libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()))?;
        let (mut low, mut size) = (ptr::null_mut(), 0);
        let found = check(libc::pthread_attr_getstack(attributes.as_ptr(), &mut low, &mut size));
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        found?;
        let low = low.addr();
        Ok(Bounds { low, high: low.saturating_add(size) })
    }
}

fn is_main() -> bool {
    // SAFETY: both only ask the kernel for a number.
    unsafe { libc::syscall(libc::SYS_gettid) == libc::c_long::from(libc::getpid()) }
}

/// Puts a guard under a main stack without limit (`ulimit -s unlimited`), so that runaway recursion meets one before it has
/// used up the machine's memory. The kernel lets the stack grow down to an inaccessible mapping, and no further.
fn guard_main(own: Bounds, address: usize) -> Bounds {
    let low = (own.high - MAIN_LIMIT) & !(page_size() - 1);
    if address < low + MAIN_MARGIN || low - MAIN_MARGIN < own.low {
        return own;
    }
    let guard = low - MAIN_MARGIN;
    // SAFETY: with FIXED_NOREPLACE the mapping replaces nothing; it stays for the life of the process.
    let mapped = unsafe {
        libc::mmap(
            ptr::without_provenance_mut(guard),
            MAIN_MARGIN,
            libc::PROT_NONE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED_NOREPLACE,
            -1,
            0,
        )
    };
    if mapped.addr() == guard {
        return Bounds { low, ..own };
    }
    if mapped != libc::MAP_FAILED {
        // A kernel before 4.17 took the address for a hint.
        // SAFETY: the mapping was just made and is nobody's.
        unsafe { libc::munmap(mapped, MAIN_MARGIN) };
    }
    own
}

/// A stack that is not the thread's own (a fiber's, the alternate stack): the mapping around `address`.
fn foreign_bounds(address: usize) -> io::Result<Bounds> {
    let region = region::query(ptr::without_provenance::<u8>(address)).map_err(region::Error::into_io_error)?;
    let range = region.as_range();
    Ok(Bounds { low: range.start, high: range.end })
}

/// What a handler, ours or one that we pass a signal on to, has at least.
const ALTERNATE_SIZE: usize = 64 << 10;

/// An alternate signal stack that we installed on this thread. Dropping it puts the former one back, if ours is still the
/// installed one then.
pub(crate) struct AlternateStack {
    allocation: ManuallyDrop<region::Allocation>,
    /// What was installed before; `None` when that is not known to be good any more.
    former: Option<libc::stack_t>,
}

/// Whether this thread's alternate signal stack exists and is large enough, or cannot be replaced.
pub(crate) fn has_alternate() -> io::Result<bool> {
    let present = alternate()?;
    let enough = present.ss_flags & libc::SS_DISABLE == 0 && present.ss_size >= ALTERNATE_SIZE;
    // On the alternate stack itself, inside of a handler, it cannot be replaced.
    Ok(enough || present.ss_flags & libc::SS_ONSTACK != 0)
}

/// Gives this thread an alternate signal stack that is large enough.
pub(crate) fn install_alternate() -> io::Result<AlternateStack> {
    let former = alternate()?;
    // SAFETY: reads the auxiliary vector; 0 when the kernel does not say.
    let frame = unsafe { libc::getauxval(libc::AT_MINSIGSTKSZ) } as usize;
    let guard = page_size();
    let size = (ALTERNATE_SIZE + frame).next_multiple_of(guard);
    let mut allocation = region::alloc(guard + size, Protection::READ_WRITE).map_err(region::Error::into_io_error)?;
    // SAFETY: the first page of a mapping that is nobody else's.
    unsafe { region::protect(allocation.as_ptr::<u8>(), guard, Protection::NONE) }
        .map_err(region::Error::into_io_error)?;
    install(&mut allocation)?;
    Ok(AlternateStack { allocation: ManuallyDrop::new(allocation), former: Some(former) })
}

/// Makes an allocation, whose first page is the guard, the alternate signal stack.
fn install(allocation: &mut region::Allocation) -> io::Result<()> {
    let guard = page_size();
    let size = allocation.len() - guard;
    let stack =
        libc::stack_t { ss_sp: allocation.as_mut_ptr::<u8>().wrapping_add(guard).cast(), ss_flags: 0, ss_size: size };
    // SAFETY: the stack lives until `AlternateStack::drop` has made sure that it is not installed any more.
    if unsafe { libc::sigaltstack(&stack, ptr::null_mut()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

impl AlternateStack {
    /// Installs it again after somebody has put another in its place.
    pub(crate) fn reinstall(&mut self) -> io::Result<()> {
        install(&mut self.allocation)?;
        // Whoever replaced ours may have taken away the one from before, and will take away his own.
        self.former = None;
        Ok(())
    }
}

fn alternate() -> io::Result<libc::stack_t> {
    let mut stack = MaybeUninit::uninit();
    // SAFETY: a null new stack only asks for the present one.
    if unsafe { libc::sigaltstack(ptr::null(), stack.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded and wrote it.
    Ok(unsafe { stack.assume_init() })
}

impl Drop for AlternateStack {
    fn drop(&mut self) {
        let ours = self.allocation.as_range();
        // The standard library's own thread teardown comes before ours and disables whatever is installed: then there is
        // nothing to restore, and what it had installed itself is unmapped already.
        let installed = match alternate() {
            Ok(stack) => stack.ss_flags & libc::SS_DISABLE == 0 && ours.contains(&stack.ss_sp.addr()),
            Err(_) => true,
        };
        if installed {
            let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
            let mut former = self.former.unwrap_or(none);
            former.ss_flags &= libc::SS_DISABLE;
            // SAFETY: ours is still the installed one, so whoever owned the former one has not taken it away yet.
            if unsafe { libc::sigaltstack(&former, ptr::null_mut()) } != 0 {
                // In use at this moment (the thread exits from inside of a handler): it has to stay.
                return;
            }
        }
        // SAFETY: dropped once, here; no signal can be delivered on it any more.
        unsafe { ManuallyDrop::drop(&mut self.allocation) };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::sys::register::stack_pointer;

    #[test]
    fn bounds_are_those_of_the_thread() {
        for size in [256_usize << 10, 2 << 20] {
            let body = move || {
                let here = stack_pointer();
                let (bounds, kind) = bounds_around(here).unwrap();
                assert_eq!(kind, Kind::Thread);
                assert!(is_guarded(bounds, kind));
                assert!(bounds.contains(here));
                let found = bounds.high - bounds.low;
                assert!((size - (32 << 10)..=size + (64 << 10)).contains(&found), "{found} for {size}");
                // The lowest byte can be used, and the one below it cannot.
                // SAFETY: the stack is this thread's.
                unsafe { std::ptr::with_exposed_provenance::<u8>(bounds.low).read_volatile() };
                let below = region::query(std::ptr::without_provenance::<u8>(bounds.low - 1)).unwrap();
                assert_eq!(below.protection(), Protection::NONE);
            };
            std::thread::Builder::new().stack_size(size).spawn(body).unwrap().join().unwrap();
        }
    }

    #[test]
    fn another_stack_is_the_mapping_around_it() {
        let page = page_size();
        let stack = region::alloc(16 * page, Protection::NONE).unwrap();
        let start = stack.as_range().start;
        // SAFETY: the pages are this test's.
        unsafe { region::protect(stack.as_ptr::<u8>().wrapping_add(4 * page), 8 * page, Protection::READ_WRITE) }
            .unwrap();
        let (bounds, kind) = bounds_around(start + 9 * page).unwrap();
        assert_eq!((bounds, kind), (Bounds { low: start + 4 * page, high: start + 12 * page }, Kind::Foreign));
        assert!(is_guarded(bounds, kind));
        assert!(!is_guarded(Bounds { low: start + 5 * page, ..bounds }, kind));
    }

    #[test]
    fn estimated_bounds_hold_the_address() {
        let here = stack_pointer();
        let bounds = estimated_bounds(here);
        assert!(bounds.contains(here) && here - bounds.low >= 1 << 20);
    }
}
