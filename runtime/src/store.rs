//! A store (§4.2.3): everything that instances consist of, and the ids by which the embedding API names it.
//!
//! The embedding API owns it and calls it. Nothing in a store goes before the store does, and an address that it has handed
//! out stays good until then.

use crate::activation::{Exit, Thread};
use crate::builtin::BUILTINS;
use crate::code::Code;
use crate::instance::Instance;
use crate::interrupt::{EpochHandle, InterruptHandle};
use crate::memory::{Memory, MemoryError, MemoryInstance, MemoryType, SharedMemory};
use crate::site::SiteHook;
use crate::state::{Global, State, Tag};
use crate::table::{Table, TableError, TableType, TableValue};
use crate::types::{RegisteredType, TypeIdentity};
use crate::unwind::{Backtrace, Start, Trace, trace};
use crate::vmctx::{Fixed, Head};
use std::any::Any;
use std::fmt;
use std::io;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use tancho_abi::index::{FunctionIndex, TagIndex};
use tancho_abi::module::{ExternKind, NONE};
use tancho_abi::tunables::Tunables;
use tancho_abi::vmctx::{PENDING_THROW, ValRaw, VmContext, VmFuncRef, VmStore};

pub use crate::exception::Uncaught;
pub use crate::id::{GlobalId, InstanceId, MemoryId, TableId, TagId};
pub use crate::state::GlobalType;

/// What an instance exports, or any other thing of one.
#[derive(Clone, Debug)]
pub enum Export {
    /// A function.
    Function(NonNull<VmFuncRef>),
    /// A table.
    Table(TableId),
    /// A memory that is not shared.
    Memory(MemoryId),
    /// A shared memory.
    SharedMemory(SharedMemory),
    /// A global.
    Global(GlobalId),
    /// A tag.
    Tag(TagId),
}

/// A store.
pub struct Store {
    state: Fixed<State>,
}

// SAFETY: everything that the pointers in a store lead to is the store's own (allocations, mappings), or is kept by it and
// may be used from any thread; nothing depends on the thread that made it. Compiled code runs in a store only within
// `call::enter`, whose caller has the store to himself.
unsafe impl Send for Store {}
// SAFETY: by a shared reference things are only read; what compiled code writes, it writes within `call::enter`, whose
// caller has the store to himself.
unsafe impl Sync for Store {}

impl Store {
    /// An empty store.
    ///
    /// # Errors
    ///
    /// When the system refuses what a store needs from the start (nothing at present).
    pub fn new(tunables: Arc<Tunables>) -> io::Result<Store> {
        Ok(Store { state: State::new(tunables, &BUILTINS) })
    }

    /// What compiled code knows of the store. Its address never changes. The pointer may be used for all of the state, which
    /// builtins and signal handler reach by it.
    pub fn vm(&self) -> *mut VmStore {
        self.state.as_ptr().cast()
    }

    pub(crate) fn state(&self) -> &State {
        // SAFETY: the state is alive as long as `self`; nobody writes it while the store is borrowed.
        unsafe { &*self.state.as_ptr() }
    }

    pub(crate) fn state_mut(&mut self) -> &mut State {
        // SAFETY: as in `state`, and the borrow is exclusive.
        unsafe { &mut *self.state.as_ptr() }
    }

    /// Keeps something alive until the store goes.
    pub fn keep(&mut self, thing: Arc<dyn Any + Send + Sync>) {
        self.state_mut().kept.push(thing);
    }

    fn instance(&self, instance: InstanceId) -> &Instance {
        self.state()
            .instances
            .get(instance.position())
            .expect("the embedding API checks that a handle is of this store")
    }

    /// The instance's start function.
    pub fn start_function(&self, instance: InstanceId) -> Option<*mut VmFuncRef> {
        let instance = self.instance(instance);
        let start = instance.code().view().facts().start;
        (start != NONE).then(|| instance.funcref(FunctionIndex(start)).map(NonNull::as_ptr))?
    }

    /// The code of an instance.
    pub fn code_of(&self, instance: InstanceId) -> &Arc<Code> {
        self.instance(instance).code()
    }

    /// The type of a function of an instance as the module has it. What is imported may be of a subtype of it.
    pub fn declared_type(&self, instance: InstanceId, function: FunctionIndex) -> Option<&Arc<RegisteredType>> {
        let template = &self.instance(instance).template;
        template.types().get(template.code().view().functions.get(function.index())?.ty.index())
    }

    /// The context of an instance.
    pub fn vmctx(&self, instance: InstanceId) -> *mut VmContext {
        self.instance(instance).vmctx()
    }

    /// Whose context this is; `None` for the context of a host function, for null, and for an instance of another store.
    pub fn instance_of(&self, vmctx: *mut VmContext) -> Option<InstanceId> {
        self.state().instance_at(vmctx.addr())
    }

    /// A thing of an instance by its kind and index. `None` when there is none of that index, or it is a function that was
    /// not compiled to be reached from outside.
    pub fn export(&self, instance: InstanceId, kind: ExternKind, index: u32) -> Option<Export> {
        let instance = self.instance(instance);
        let position = index as usize;
        match kind {
            ExternKind::Function => instance.funcref(FunctionIndex(index)).map(Export::Function),
            ExternKind::Table => instance.tables.get(position).copied().map(Export::Table),
            ExternKind::Memory => {
                instance.memories.get(position).map(|id| match &self.state().memories[id.position()] {
                    MemoryInstance::Own(_) => Export::Memory(*id),
                    MemoryInstance::Shared(shared) => Export::SharedMemory(shared.clone()),
                })
            }
            ExternKind::Global => instance.globals.get(position).copied().map(Export::Global),
            ExternKind::Tag => instance.tags.get(position).copied().map(Export::Tag),
        }
    }

    /// A memory that the host makes, which is not shared.
    ///
    /// # Errors
    ///
    /// When its type is not supported or too large, or the system refuses.
    pub fn new_memory(&mut self, ty: MemoryType) -> Result<MemoryId, MemoryError> {
        if ty.shared {
            return Err(MemoryError::Unsupported("shared memories of one store alone"));
        }
        let state = self.state_mut();
        let memory = Memory::new(ty, &state.tunables, None, Head::own)?;
        Ok(state.add_memory(MemoryInstance::Own(memory)))
    }

    /// Takes a shared memory into the store, which has it from then on. It was made with the same tunables.
    pub fn add_shared_memory(&mut self, memory: SharedMemory) -> MemoryId {
        self.state_mut().add_memory(MemoryInstance::Shared(memory))
    }

    /// How other threads interrupt what runs in the store.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle::new(&self.state().interruption)
    }

    /// How it is told that its epoch has come.
    pub fn epoch_handle(&self) -> EpochHandle {
        EpochHandle::new(&self.state().interruption)
    }

    /// Whom the store asks when its epoch has come while compiled code runs: in the middle of a function, where nothing of
    /// the store may be collected, moved, grown or run. `None` ends what runs then, as an interruption does.
    ///
    /// # Safety
    ///
    /// `ask` may be called with the hook's data as long as compiled code of the store runs, and does not panic.
    pub unsafe fn set_epoch_hook(&mut self, hook: Option<SiteHook>) {
        let state = self.state_mut();
        state.epoch_hook = hook;
        state.interruption.set_asks(hook.is_some());
    }

    /// A table that the host makes, every entry `init`.
    ///
    /// # Errors
    ///
    /// When it is too large, or there is no memory.
    pub fn new_table(&mut self, ty: TableType, init: TableValue) -> Result<TableId, TableError> {
        let table = Table::new(ty, init, Head::own)?;
        Ok(self.state_mut().add_table(table))
    }

    /// A global that the host makes.
    pub fn new_global(&mut self, ty: GlobalType, value: ValRaw) -> GlobalId {
        let state = self.state_mut();
        let fixed = Fixed::new(value);
        let place = fixed.as_non_null();
        state.host_globals.push(fixed);
        state.add_global(Global { ty, place })
    }

    /// A host function as a reference. Its `external` is null until the caller sets it to an exit trampoline that fits
    /// `function`; before that it must not get to where compiled code could call it.
    pub fn new_host_function(
        &mut self,
        function: *const u8,
        data: *const u8,
        ty: &Arc<RegisteredType>,
    ) -> NonNull<VmFuncRef> {
        let vm = self.vm();
        let state = self.state_mut();
        // Its number must stay the type's as long as the reference lives.
        state.kept.push(ty.clone());
        let TypeIdentity { id, depth, supertypes } = ty.identity();
        let vmctx = state.add_host_context(vm, function, data, ptr::null_mut());
        let function = Fixed::new(VmFuncRef {
            external: ptr::null(),
            internal: ptr::null(),
            vmctx,
            type_id: id,
            type_depth: depth,
            host_entry: ptr::null(),
            array_entry: ptr::null(),
            supertypes,
            plain_type: 0,
            reserved: 0,
        });
        let address = function.as_non_null();
        state.host_functions.push(function);
        address
    }

    /// A memory that is not shared.
    pub fn memory(&self, memory: MemoryId) -> &Memory {
        match self.state().memories.get(memory.position()) {
            Some(MemoryInstance::Own(memory)) => memory,
            _ => panic!("the embedding API checks that a handle is of this store, and has others for shared memories"),
        }
    }

    /// A memory that is not shared.
    pub fn memory_mut(&mut self, memory: MemoryId) -> &mut Memory {
        match self.state_mut().memories.get_mut(memory.position()) {
            Some(MemoryInstance::Own(memory)) => memory,
            _ => panic!("the embedding API checks that a handle is of this store, and has others for shared memories"),
        }
    }

    /// A table.
    pub fn table(&self, table: TableId) -> &Table {
        self.state().tables.get(table.position()).expect("the embedding API checks that a handle is of this store")
    }

    /// A table.
    pub fn table_mut(&mut self, table: TableId) -> &mut Table {
        self.state_mut()
            .tables
            .get_mut(table.position())
            .expect("the embedding API checks that a handle is of this store")
    }

    /// A global: its type and where its value stands.
    pub fn global(&self, global: GlobalId) -> (&GlobalType, *mut ValRaw) {
        let global = self
            .state()
            .globals
            .get(global.position())
            .expect("the embedding API checks that a handle is of this store");
        (&global.ty, global.place.as_ptr())
    }

    /// A tag that the host makes. `ty` has no results.
    pub fn new_tag(&mut self, ty: &Arc<RegisteredType>) -> TagId {
        self.state_mut().add_tag(Tag { ty: ty.clone(), origin: None })
    }

    fn tag(&self, tag: TagId) -> &Tag {
        self.state().tags.get(tag.position()).expect("the embedding API checks that a handle is of this store")
    }

    /// The type of a tag: its parameters are the values of exceptions.
    pub fn tag_type(&self, tag: TagId) -> &Arc<RegisteredType> {
        &self.tag(tag).ty
    }

    /// The instance that defines a tag, and the tag's index there; `None` when the host made it.
    pub fn tag_origin(&self, tag: TagId) -> Option<(InstanceId, TagIndex)> {
        self.tag(tag).origin
    }

    /// Lets compiled code find an exception thrown when the host function that is calling this comes back to it. `values` are of the
    /// types of the tag; `origin` comes back when nothing catches the exception ([`Uncaught::origin`]).
    pub fn throw(&mut self, tag: TagId, values: &[ValRaw], origin: u64) {
        let state = self.state_mut();
        state.exceptions.put(tag, values.iter().copied());
        state.exceptions.set_from_host(tag, origin);
        state.vm.pending = PENDING_THROW;
    }

    /// The exception because of which compiled code has stopped ([`Cause::Exception`](crate::call::Cause::Exception)).
    pub fn take_uncaught(&mut self) -> Option<Uncaught> {
        self.state_mut().exceptions.take_uncaught()
    }

    /// The message of a panic in a builtin since this was last asked: the cause of a host error of which the embedding API
    /// knows nothing.
    pub fn take_panic(&mut self) -> Option<Box<str>> {
        self.state_mut().panic.take()
    }

    /// The compiled functions on this thread's stack: to be called from a host function. Empty when no code of this store
    /// runs on this thread. As many are kept as of a trap.
    pub fn backtrace(&self) -> Backtrace {
        self.backtrace_of(self.state().stop.trace.limit())
    }

    /// The same, of which at most `frames` are kept.
    pub fn backtrace_of(&self, frames: usize) -> Backtrace {
        let innermost = Thread::with(Thread::innermost);
        let mut next = innermost;
        loop {
            // SAFETY: activations of this thread live on the stack below this call.
            let Some(activation) = (unsafe { next.as_ref() }) else { return Backtrace::default() };
            if activation.store == self.vm() {
                break;
            }
            next = activation.outer();
        }
        let mut found = Trace::with_limit(frames);
        // SAFETY: the innermost activation left for the host, where this call is; the stores whose activations are on the
        // stack are alive.
        unsafe {
            let exit = Exit::of((*innermost).store);
            trace(&mut found, Start::Exit(exit), innermost);
            Backtrace::of(&found)
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.state().interruption.close();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Store").field("instances", &state.instances.len()).finish_non_exhaustive()
    }
}
