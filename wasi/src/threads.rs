//! wasi-threads: a guest that starts threads of its own, by the import `wasi` `thread-spawn`.
//!
//! An embedder makes [`Threads`] for a module, adds them to the linker, and [runs](Threads::run) what it would have called. Each thread is a
//! thread of the host with a store and an instance of its own; what they share is the memory that the module imports, and the context of
//! WASI. When one ends the guest, by a trap or `proc_exit`, or the first one comes to its end, the others are interrupted.
//!
//! The specification is the proposal `wasi-threads` (its `README.md` and `wasi-threads.abi.md`).

use crate::sync::lock;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tancho::{
    Context, Error, ErrorCode, ExternType, InstancePre, InterruptHandle, Linker, Module, Result, SharedMemory, Store,
    Trap, ValType,
};

/// The module and the name of the import that starts a thread.
pub const SPAWN: (&str, &str) = ("wasi", "thread-spawn");

/// The export that a thread begins with: its number, and what the guest gave it.
const START: &str = "wasi_thread_start";

/// The largest number of a thread.
const LAST_ID: i32 = 0x1FFF_FFFF;

/// witx `errno`: there are too many.
const EAGAIN: i32 = 6;

/// The stack of a thread, as large as that of a first one usually is. Only what is used takes memory.
const STACK: usize = 8 << 20;

/// How long an ended guest's threads are waited for. Compiled code and the functions of WASI end within a part of that.
const GRACE: Duration = Duration::from_secs(1);

/// The threads of one guest. A clone is the same.
pub struct Threads<T>(Arc<Group<T>>);

/// Prepares the store of a new thread.
type Prepare<T> = Box<dyn Fn(&mut Store<T>) -> Result<()> + Send + Sync>;

struct Group<T> {
    memory: SharedMemory,
    /// The module and the name by which the module imports it.
    import: (String, String),
    /// How many may run beside the first.
    most: usize,
    prepare: Option<Prepare<T>>,
    state: Mutex<State<T>>,
    /// Told when a thread has ended.
    ended: Condvar,
}

struct State<T> {
    /// What threads are instances of, while the guest runs. It refers to the linker's functions, which refer to this.
    pre: Option<InstancePre<T>>,
    /// The first thread.
    first: Option<InterruptHandle>,
    /// The others, by number. One that is being prepared cannot be interrupted yet, and looks afterwards whether it is to begin.
    others: BTreeMap<i32, Option<InterruptHandle>>,
    /// The number that was given last.
    last: i32,
    /// What has ended the guest; `None` while it runs, and an inner `None` when the first thread came to its end.
    outcome: Option<Option<Error>>,
}

impl<T> Clone for Threads<T> {
    fn clone(&self) -> Self {
        Threads(self.0.clone())
    }
}

impl<T> fmt::Debug for Threads<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").field("memory", &self.0.memory).field("most", &self.0.most).finish_non_exhaustive()
    }
}

/// Whether a module imports what starts a thread.
pub fn are_imported(module: &Module) -> bool {
    module.imports().any(|import| (import.module(), import.name()) == SPAWN)
}

impl<T: Clone + Send + 'static> Threads<T> {
    /// Threads for a module that [imports](are_imported) them: of the first and at most `most` others. Their memory is made here.
    ///
    /// # Errors
    ///
    /// When the module does not import exactly one memory that is shared, or does not export `wasi_thread_start` with two parameters of
    /// type `i32`; when the system has no memory left.
    pub fn new(module: &Module, most: usize) -> Result<Threads<T>> {
        Threads::with(module, most, None)
    }

    /// The same, with something to be done to the store of each new thread before it runs, such as to set limits.
    ///
    /// # Errors
    ///
    /// As for [`Threads::new`].
    pub fn with_preparation(
        module: &Module,
        most: usize,
        prepare: impl Fn(&mut Store<T>) -> Result<()> + Send + Sync + 'static,
    ) -> Result<Threads<T>> {
        Threads::with(module, most, Some(Box::new(prepare)))
    }

    fn with(module: &Module, most: usize, prepare: Option<Prepare<T>>) -> Result<Threads<T>> {
        let mut shared = module.imports().filter_map(|import| match import.ty() {
            ExternType::Memory(ty) if ty.is_shared() => {
                Some((import.module().to_owned(), import.name().to_owned(), ty))
            }
            _ => None,
        });
        let (Some((from, name, ty)), None) = (shared.next(), shared.next()) else {
            return Err(ErrorCode::Threads.error(
                "the module starts threads, so it has to import one memory that is shared: build it for a target with threads \
                 (`--import-memory --export-memory --shared-memory`)",
            ));
        };
        let starts = match module.get_export(START) {
            Some(ExternType::Func(ty)) => {
                ty.params().all(|ty| matches!(ty, ValType::I32)) && ty.params().len() == 2 && ty.results().len() == 0
            }
            _ => false,
        };
        if !starts {
            return Err(ErrorCode::Threads.error(format!(
                "the module starts threads, but exports no function `{START}` with two parameters of type i32, with which they begin"
            )));
        }
        let memory = SharedMemory::new(module.engine(), ty).context("cannot make the memory that threads share")?;
        let state = State { pre: None, first: None, others: BTreeMap::new(), last: 0, outcome: None };
        Ok(Threads(Arc::new(Group {
            memory,
            import: (from, name),
            most,
            prepare,
            state: Mutex::new(state),
            ended: Condvar::new(),
        })))
    }

    /// Adds the shared memory to `linker`, and what starts a thread. Each thread's store has a clone of the data that the store of the thread
    /// has which starts it. Everything else in the linker has to be a function of the host.
    ///
    /// # Errors
    ///
    /// Those of `Linker::define` and `Linker::func_wrap`: a name is defined already.
    pub fn add_to_linker(&self, linker: &mut Linker<T>, store: &Store<T>) -> Result<()> {
        let (from, name) = &self.0.import;
        linker.define(store, from, name, self.0.memory.clone())?;
        let group = self.0.clone();
        linker.func_wrap(SPAWN.0, SPAWN.1, move |caller: tancho::Caller<'_, T>, argument: i32| -> i32 {
            let data = caller.data().clone();
            group.spawn(data, argument).unwrap_or(-EAGAIN)
        })?;
        Ok(())
    }

    /// Runs the guest: `first`, on this thread, is to instantiate what it is given, and to call it. When it returns the guest is at its end,
    /// and so are its threads. What keeps a thread in the host for long is not waited for.
    ///
    /// A guest runs once.
    ///
    /// # Errors
    ///
    /// What ended the guest, on whichever thread: the error of `first`, or of another thread, such as a [`Trap`] or an
    /// [`I32Exit`](crate::I32Exit). When there are imports that nothing in the linker satisfies.
    pub fn run<R>(
        &self,
        linker: &Linker<T>,
        module: &Module,
        store: &mut Store<T>,
        first: impl FnOnce(&mut Store<T>, &InstancePre<T>) -> Result<R>,
    ) -> Result<R> {
        let pre = linker.instantiate_pre(module)?;
        let handle = store.interrupt_handle();
        {
            let mut state = lock(&self.0.state);
            if state.first.is_some() {
                return Err(ErrorCode::Threads.error("a guest with threads runs once"));
            }
            (state.pre, state.first) = (Some(pre.clone()), Some(handle.clone()));
        }
        // Not only where it returns: a panic of the embedder's must not leave threads behind.
        let end = End(&self.0);
        let result = first(store, &pre);
        let (result, error) = match result {
            Ok(result) => (Some(result), None),
            Err(error) => (None, Some(error)),
        };
        self.0.end(error);
        drop(end);
        // Whatever has not been interrupted by now need not be.
        handle.cancel();
        let outcome = lock(&self.0.state).outcome.as_mut().and_then(Option::take);
        match (outcome, result) {
            (Some(error), _) => Err(error),
            (None, Some(result)) => Ok(result),
            (None, None) => Err(Trap::Interrupt.into()),
        }
    }
}

impl<T: Clone + Send + 'static> Group<T> {
    /// Starts a thread and says its number; `None` when there are too many, or the guest is at its end.
    fn spawn(self: &Arc<Self>, data: T, argument: i32) -> Option<i32> {
        // A store is made where there may be a thread only: a guest that asks for too many is to cost the host nothing.
        let (id, pre) = {
            let mut state = lock(&self.state);
            if state.outcome.is_some() || state.others.len() >= self.most {
                return None;
            }
            let pre = state.pre.clone()?;
            let id = state.next_id()?;
            state.others.insert(id, None);
            (id, pre)
        };
        // Where it comes to no thread, this is dropped, and the number is free again.
        let thread = Thread { group: self.clone(), id, result: None };
        let mut store = Store::try_new(self.memory.engine(), data).ok()?;
        if let Some(prepare) = &self.prepare {
            prepare(&mut store).ok()?;
        }
        {
            let mut state = lock(&self.state);
            if state.outcome.is_some() {
                drop(state);
                return None;
            }
            state.others.insert(id, Some(store.interrupt_handle()));
        }
        let builder = std::thread::Builder::new().name(format!("guest thread {id}")).stack_size(STACK);
        builder.spawn(move || thread.run(store, &pre, argument)).ok().map(|_| id)
    }

    /// The first thread has ended, with this error or at its end: ends the others, and waits for them for a while.
    fn end(&self, error: Option<Error>) {
        let mut state = lock(&self.state);
        state.stop(error);
        let deadline = Instant::now() + GRACE;
        while !state.others.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            state = self.ended.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.pre = None;
    }
}

impl<T> State<T> {
    /// The next number that no thread has.
    fn next_id(&mut self) -> Option<i32> {
        for _ in 0..=self.others.len() {
            self.last = if self.last == LAST_ID { 1 } else { self.last + 1 };
            if !self.others.contains_key(&self.last) {
                return Some(self.last);
            }
        }
        None
    }

    /// The guest is at its end, by this error or without one, unless it was before: all its threads are interrupted.
    fn stop(&mut self, error: Option<Error>) {
        if self.outcome.is_some() {
            return;
        }
        self.outcome = Some(error);
        self.first.iter().chain(self.others.values().flatten()).for_each(InterruptHandle::interrupt);
    }
}

/// Ends a guest whose first thread is unwound.
struct End<'g, T: Clone + Send + 'static>(&'g Group<T>);

impl<T: Clone + Send + 'static> Drop for End<'_, T> {
    fn drop(&mut self) {
        self.0.end(None);
    }
}

/// A thread of the guest but the first. However it ends, its number is free then.
struct Thread<T: Clone + Send + 'static> {
    group: Arc<Group<T>>,
    id: i32,
    /// How it ended; `None` where it was never begun.
    result: Option<Result<()>>,
}

impl<T: Clone + Send + 'static> Thread<T> {
    fn run(mut self, mut store: Store<T>, pre: &InstancePre<T>, argument: i32) {
        self.result = Some(Err(ErrorCode::HostPanic.error("the host panicked")));
        let start = |store: &mut Store<T>| {
            let instance = pre.instantiate(&mut *store)?;
            instance.get_typed_func::<(i32, i32), ()>(&mut *store, START)?.call(&mut *store, (self.id, argument))
        };
        self.result = Some(start(&mut store));
        // The store goes first: who is told that the thread has ended finds nothing of it any more.
        drop(store);
    }
}

impl<T: Clone + Send + 'static> Drop for Thread<T> {
    fn drop(&mut self) {
        let mut state = lock(&self.group.state);
        state.others.remove(&self.id);
        if let Some(Err(error)) = self.result.take() {
            let exit = error.is::<crate::I32Exit>();
            let error = if exit { error } else { error.context(format!("in thread {} of the program", self.id)) };
            state.stop(Some(error));
        }
        drop(state);
        self.group.ended.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{WasiCtx, WasiCtxBuilder};
    use crate::{I32Exit, MemoryOutput};
    use tancho::Engine;

    /// A guest whose threads do `body`, with the thread's number in `$id` and its argument in `$argument`; the first does `first`.
    fn guest(first: &str, body: &str) -> String {
        format!(
            r#"(module
                (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
                (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
                (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
                (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
                (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
                (import "env" "memory" (memory 2 2 shared))
                (export "memory" (memory 0))
                (func $for_ever (loop $again (br $again)))
                (func $wait_for_ever (drop (memory.atomic.wait32 (i32.const 32) (i32.const 0) (i64.const -1))))
                (func $sleep_for_ever
                    (i64.store (i32.const 4120) (i64.const 0x00ff_ffff_ffff_ffff))
                    (drop (call $poll (i32.const 4096) (i32.const 8192) (i32.const 1) (i32.const 64))))
                (func (export "wasi_thread_start") (param $id i32) (param $argument i32) {body})
                (func (export "_start") (local $n i32) {first}))"#
        )
    }

    fn run_with(text: &str, most: usize, ctx: WasiCtx) -> (Result<()>, SharedMemory) {
        let engine = Engine::default();
        let module = Module::new(&engine, text).unwrap();
        assert!(are_imported(&module));
        let mut linker = Linker::new(&engine);
        crate::p1::add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx).unwrap();
        let mut store = Store::new(&engine, ctx);
        // A guest that nobody ends is a failure, and no wait without an end.
        store.set_deadline(Some(Instant::now() + Duration::from_secs(20))).unwrap();
        let threads = Threads::new(&module, most).unwrap();
        threads.add_to_linker(&mut linker, &store).unwrap();
        let ended = threads.run(&linker, &module, &mut store, |store, pre| {
            let instance = pre.instantiate(&mut *store)?;
            instance.get_typed_func::<(), ()>(&mut *store, "_start")?.call(&mut *store, ())
        });
        assert!(lock(&threads.0.state).others.is_empty(), "a thread is left");
        assert!(!store.interrupt_handle().is_pending());
        (ended, threads.0.memory.clone())
    }

    fn run(text: &str) -> Result<()> {
        let start = Instant::now();
        let ended = run_with(text, 8, WasiCtxBuilder::new().build()).0;
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        ended
    }

    /// Eight threads each add their arguments a thousand times, and tell the first when they are done.
    #[test]
    fn threads_share_a_memory_and_have_numbers() {
        let text = guest(
            "(loop $more
                (if (i32.le_s (call $spawn (i32.add (local.get $n) (i32.const 1))) (i32.const 0)) (then unreachable))
                (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 8))))
             (loop $until (local.set $n (i32.atomic.load (i32.const 8)))
                (if (i32.ne (local.get $n) (i32.const 8)) (then
                    (drop (memory.atomic.wait32 (i32.const 8) (local.get $n) (i64.const -1)))
                    (br $until))))",
            "(local $n i32)
             (drop (i32.atomic.rmw.or (i32.const 4) (i32.shl (i32.const 1) (local.get $id))))
             (loop $again
                (drop (i32.atomic.rmw.add (i32.const 0) (local.get $argument)))
                (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))
             (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))
             (drop (memory.atomic.notify (i32.const 8) (i32.const 1)))",
        );
        for _ in 0..20 {
            let (ended, memory) = run_with(&text, 8, WasiCtxBuilder::new().build());
            ended.unwrap();
            let mut words = [0; 8];
            memory.read(0, &mut words).unwrap();
            assert_eq!(words[..4], 36_000_u32.to_le_bytes());
            assert_eq!(words[4..], 0b1_1111_1110_u32.to_le_bytes(), "numbers from 1 on, each once");
        }
    }

    #[test]
    fn whatever_ends_one_ends_all() {
        let ways = ["(call $for_ever)", "(call $wait_for_ever)", "(call $sleep_for_ever)"];
        for stays in ways {
            let text = guest("(drop (call $spawn (i32.const 0)))", stays);
            run(&text).unwrap();
            for (ends, expected) in
                [("(call $exit (i32.const 7))", None), ("(unreachable)", Some(Trap::UnreachableCodeReached))]
            {
                let other = guest(&format!("(drop (call $spawn (i32.const 0))) {stays}"), ends);
                let first = guest(&format!("(drop (call $spawn (i32.const 0))) {ends}"), stays);
                for (text, is_other) in [(other, true), (first, false)] {
                    let error = run(&text).unwrap_err();
                    match expected {
                        None => assert_eq!(error.downcast_ref(), Some(&I32Exit(7)), "{error:?}"),
                        Some(trap) => assert_eq!(error.downcast_ref(), Some(&trap), "{error:?}"),
                    }
                    let said = format!("{error:?}").contains("in thread 1 of the program");
                    assert_eq!(said, is_other && expected.is_some(), "{error:?}");
                }
            }
        }
    }

    #[test]
    fn there_are_no_more_than_are_allowed() {
        let text = guest(
            "(loop $more
                (if (i32.gt_s (call $spawn (i32.const 0)) (i32.const 0)) (then
                    (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $more))))
             (i32.store (i32.const 0) (local.get $n))
             (i32.store (i32.const 4) (call $spawn (i32.const 0)))",
            "(call $wait_for_ever)",
        );
        let (ended, memory) = run_with(&text, 5, WasiCtxBuilder::new().build());
        ended.unwrap();
        let mut words = [0; 8];
        memory.read(0, &mut words).unwrap();
        assert_eq!((words[0], i32::from_le_bytes(words[4..].try_into().unwrap())), (5, -6));
    }

    /// While one thread waits for what never comes, others write: whole lines, whoever else writes.
    #[test]
    fn a_thread_that_waits_keeps_nobody_from_writing() {
        let output = MemoryOutput::new(1 << 20);
        let (silent, _open) = std::io::pipe().unwrap();
        let ctx = WasiCtxBuilder::new().stdin(silent).stdout(output.clone()).build();
        let text = guest(
            "(i64.store (i32.const 1024) (i64.const 0x0000_0004_0000_0410))
             (i32.store (i32.const 1040) (i32.const 0x0a64_6362))
             (loop $more
                (drop (call $spawn (local.get $n)))
                (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 4))))
             (loop $until (br_if $until (i32.lt_u (i32.atomic.load (i32.const 8)) (i32.const 3))))",
            "(local $n i32)
             (if (i32.eqz (local.get $argument)) (then (call $sleep_for_ever)))
             (loop $again
                (drop (call $write (i32.const 1) (i32.const 1024) (i32.const 1)
                    (i32.add (i32.const 2048) (i32.shl (local.get $id) (i32.const 2)))))
                (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 100))))
             (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1)))",
        );
        run_with(&text, 8, ctx).0.unwrap();
        assert_eq!(output.contents(), b"bcd\n".repeat(300));
    }

    #[test]
    fn modules_that_are_not_built_for_threads_are_told_so() {
        let engine = Engine::default();
        let spawn = r#"(import "wasi" "thread-spawn" (func (param i32) (result i32)))"#;
        let memory = r#"(import "env" "memory" (memory 1 1 shared))"#;
        for (rest, said) in [
            ("(memory (export \"memory\") 1 1 shared)".to_owned(), "has to import one memory"),
            (memory.to_owned(), "wasi_thread_start"),
            (format!("{memory} (func (export \"wasi_thread_start\") (param i32))"), "wasi_thread_start"),
            (format!("{memory} (global (export \"wasi_thread_start\") i32 (i32.const 1))"), "wasi_thread_start"),
        ] {
            let module = Module::new(&engine, format!("(module {spawn} {rest})")).unwrap();
            let error = Threads::<WasiCtx>::new(&module, 1).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
        assert!(!are_imported(&Module::new(&engine, "(module)").unwrap()));
    }
}
