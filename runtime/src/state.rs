//! The state of a store: what its handle, the builtins and the signal handler all reach.
//!
//! `store` owns it; builtins and handler find it by the address of its [`VmStore`], which every context holds. It never
//! moves, and what compiled code knows addresses of is reached by raw pointers only.

use crate::activation::Activation;
use crate::exception::Exceptions;
use crate::gc::Heap;
use crate::id::{GlobalId, InstanceId, MemoryId, TableId, TagId};
use crate::instance::Instance;
use crate::interrupt::Interruption;
use crate::limit::Limitation;
use crate::memory::{MemoryInstance, SharedMemory};
use crate::site::SiteHook;
use crate::stack::Suspender;
use crate::sync;
use crate::sys::map::page_size;
use crate::table::Table;
use crate::types::RegisteredType;
use crate::unwind::Trace;
use crate::vmctx::Fixed;
use std::any::Any;
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::ops::Range;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use tancho_abi::builtin::VmBuiltins;
use tancho_abi::index::TagIndex;
use tancho_abi::object::NULL_AREA;
use tancho_abi::tunables::Tunables;
use tancho_abi::types::ValType;
use tancho_abi::vmctx::{HOST_MAGIC, ValRaw, VmContext, VmFuncRef, VmHostContext, VmStore};

/// A global type (§2.3.14).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GlobalType {
    /// Type of its value. A concrete heap type holds the canonical id of the type.
    pub ty: ValType,
    /// Whether it can be set.
    pub mutable: bool,
}

/// A global: its value stands in the context of the instance that defines it, or by itself when the host made it.
pub(crate) struct Global {
    pub(crate) ty: GlobalType,
    pub(crate) place: NonNull<ValRaw>,
}

/// A tag: what it is, is its position in the store.
pub(crate) struct Tag {
    /// The types of an exception's values are its parameters.
    pub(crate) ty: Arc<RegisteredType>,
    /// The instance that defines it and its index there; `None` when the host made it.
    pub(crate) origin: Option<(InstanceId, TagIndex)>,
}

/// Why compiled code was stopped: left by the signal handler or `raise` for `call::enter`.
pub(crate) struct Stop {
    /// What [`VmStore::pending`] held, or would have.
    pub(crate) pending: usize,
    /// The address that could not be accessed.
    pub(crate) address: Option<usize>,
    /// Where it was stopped.
    pub(crate) trace: Trace,
}

/// What a store consists of, at an address that does not change. Reached by raw pointer.
#[repr(C)]
pub(crate) struct State {
    /// First, so that its address is the state's.
    pub(crate) vm: VmStore,
    /// The last activation of the store that was begun and has not ended, or null: the collector finds the others by it.
    pub(crate) activation: *const Activation,
    pub(crate) stop: Stop,
    /// The fiber that runs, where one does and nobody has taken it; else null.
    pub(crate) suspender: *const Suspender,
    /// How many fibers of the store there are.
    pub(crate) fibers: u32,
    /// The tunable of this name, where calls find it at once.
    pub(crate) signals_based_traps: bool,
    /// The addresses of all memories with their guards, sorted: for the signal handler.
    reserved: Vec<Range<usize>>,
    /// The pages below the contexts of instances and below memories, by their addresses, sorted: for the signal handler. And whose context
    /// each is below: for those who know a context only.
    pages: Vec<(usize, Option<InstanceId>)>,
    pub(crate) tunables: Arc<Tunables>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) memories: Vec<MemoryInstance>,
    /// The shared ones among them: a store has each once.
    shared: HashMap<usize, MemoryId>,
    pub(crate) tables: Vec<Table>,
    pub(crate) globals: Vec<Global>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) exceptions: Exceptions,
    pub(crate) heap: Heap,
    /// The places of the globals that can refer to objects.
    pub(crate) object_globals: Vec<NonNull<ValRaw>>,
    pub(crate) host_globals: Vec<Fixed<ValRaw>>,
    host_contexts: Vec<Fixed<VmHostContext>>,
    pub(crate) host_functions: Vec<Fixed<VmFuncRef>>,
    pub(crate) kept: Vec<Arc<dyn Any + Send + Sync>>,
    /// How much it may have.
    pub(crate) limitation: Limitation,
    /// How it is interrupted.
    pub(crate) interruption: sync::Arc<Interruption>,
    /// Whom it asks when its epoch has come, unless that ends what runs.
    pub(crate) epoch_hook: Option<SiteHook>,
    /// How much fuel compiled code may spend in one turn, and whom the store asks at its end.
    pub(crate) fuel_interval: Option<NonZeroU64>,
    pub(crate) fuel_hook: Option<SiteHook>,
    /// What is left beside [`VmStore::fuel`], which is that of this turn.
    pub(crate) fuel_reserve: u64,
    /// The message of a panic in a builtin.
    pub(crate) panic: Option<Box<str>>,
}

impl State {
    /// An empty one. It is written where it stays: it is large.
    pub(crate) fn new(tunables: Arc<Tunables>, builtins: *const VmBuiltins) -> Fixed<State> {
        let write = |place: *mut State| {
            let state = State::empty(place, tunables, builtins);
            // SAFETY: the place is one for a state.
            unsafe { place.write(state) };
        };
        // SAFETY: it does.
        unsafe { Fixed::written(write) }
    }

    #[inline(always)]
    fn empty(place: *mut State, tunables: Arc<Tunables>, builtins: *const VmBuiltins) -> State {
        let heap = Heap::new(&tunables);
        State {
            vm: VmStore {
                stack_limit: 0,
                exit_fp: 0,
                exit_pc: 0,
                pending: 0,
                builtins,
                interrupted: 0,
                heap_next: NULL_AREA,
                heap_limit: NULL_AREA,
                fuel: 0,
                fuel_cost: 0,
            },
            activation: ptr::null(),
            suspender: ptr::null(),
            fibers: 0,
            stop: Stop { pending: 0, address: None, trace: Trace::new() },
            signals_based_traps: tunables.signals_based_traps,
            reserved: Vec::new(),
            pages: Vec::new(),
            tunables,
            instances: Vec::new(),
            memories: Vec::new(),
            shared: HashMap::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            tags: Vec::new(),
            exceptions: Exceptions::default(),
            heap,
            object_globals: Vec::new(),
            host_globals: Vec::new(),
            host_contexts: Vec::new(),
            host_functions: Vec::new(),
            kept: Vec::new(),
            limitation: Limitation::default(),
            // SAFETY: the field's address alone is taken.
            interruption: Interruption::new(unsafe { &raw mut (*place).vm.interrupted }),
            epoch_hook: None,
            fuel_interval: None,
            fuel_hook: None,
            fuel_reserve: 0,
            panic: None,
        }
    }

    /// The state of which this is the [`VmStore`]. The pointer must have come from one to the whole state.
    #[inline(always)]
    pub(crate) fn of(vm: *mut VmStore) -> *mut State {
        vm.cast()
    }

    /// Whether `address` belongs to one of the memories or their guards. Async-signal-safe.
    pub(crate) fn reserves(&self, address: usize) -> bool {
        let position = self.reserved.partition_point(|range| range.start <= address);
        position
            .checked_sub(1)
            .and_then(|position| self.reserved.get(position))
            .is_some_and(|range| address < range.end)
    }

    /// Whether `address` belongs to a page that compiled code reads to be interrupted. Async-signal-safe.
    pub(crate) fn is_interrupt_site(&self, address: usize) -> bool {
        let position = self.pages.partition_point(|(page, _)| *page <= address);
        let below = position.checked_sub(1).and_then(|position| self.pages.get(position));
        below.is_some_and(|(page, _)| address - page < page_size())
    }

    /// Whose context is at `address`, if it is that of an instance of the store.
    pub(crate) fn instance_at(&self, address: usize) -> Option<InstanceId> {
        let page = address.checked_sub(page_size())?;
        let position = self.pages.binary_search_by_key(&page, |(page, _)| *page).ok()?;
        self.pages.get(position).and_then(|(_, instance)| *instance)
    }

    /// Takes note of the page below the context of an instance, or, where it is that of none, below a memory.
    pub(crate) fn add_page(&mut self, page: usize, instance: Option<InstanceId>) {
        let position = self.pages.partition_point(|(other, _)| *other < page);
        self.pages.insert(position, (page, instance));
        self.interruption.add_page(page);
    }

    /// Takes a memory into the store.
    pub(crate) fn add_memory(&mut self, memory: MemoryInstance) -> MemoryId {
        let id = MemoryId::next(self.memories.len());
        if let MemoryInstance::Shared(shared) = &memory
            && let Some(known) = self.shared.insert(shared.key(), id)
        {
            // Counted once, and known by its addresses once, however often it is imported.
            self.shared.insert(shared.key(), known);
            return known;
        }
        self.reserve(memory.reserved());
        if let MemoryInstance::Own(own) = &memory
            && let Some(page) = own.interrupt_page()
        {
            self.add_page(page, None);
        }
        self.memories.push(memory);
        id
    }

    /// Whether it is one of the store's memories.
    pub(crate) fn has_shared_memory(&self, memory: &SharedMemory) -> bool {
        self.shared.contains_key(&memory.key())
    }

    /// Grows a memory as [`Memory::grow`](crate::memory::Memory::grow) does, and knows it by its new addresses where it moved.
    pub(crate) fn grow_memory(&mut self, id: MemoryId, delta: u64) -> Option<u64> {
        let memory = &mut self.memories[id.position()];
        let before = memory.reserved();
        let old = memory.grow(delta)?;
        let now = memory.reserved();
        if now != before {
            self.reserved.retain(|range| *range != before);
            self.reserve(now);
        }
        Some(old)
    }

    fn reserve(&mut self, range: Range<usize>) {
        let position = self.reserved.partition_point(|other| other.start < range.start);
        self.reserved.insert(position, range);
    }

    /// Takes a table into the store.
    pub(crate) fn add_table(&mut self, table: Table) -> TableId {
        let id = TableId::next(self.tables.len());
        self.tables.push(table);
        id
    }

    /// Takes a global into the store.
    pub(crate) fn add_global(&mut self, global: Global) -> GlobalId {
        let id = GlobalId::next(self.globals.len());
        if global.ty.ty.is_object() {
            self.object_globals.push(global.place);
        }
        self.globals.push(global);
        id
    }

    /// Takes a tag into the store.
    pub(crate) fn add_tag(&mut self, tag: Tag) -> TagId {
        let id = TagId::next(self.tags.len());
        self.tags.push(tag);
        id
    }

    /// A context for a host function of `store`, which is this state's, as [`Store::vm`](crate::store::Store::vm) gives it:
    /// what finds the state by the context needs a pointer to all of it.
    pub(crate) fn add_host_context(
        &mut self,
        store: *mut VmStore,
        function: *const u8,
        data: *const u8,
        caller: *mut VmContext,
    ) -> *mut VmContext {
        let context = VmHostContext { magic: HOST_MAGIC, reserved: 0, store, function, data, caller };
        let context = Fixed::new(context);
        let address = context.as_ptr();
        self.host_contexts.push(context);
        address.cast()
    }
}

/// The id that an instance's context holds.
pub(crate) fn instance_id(context: &VmContext) -> Option<InstanceId> {
    u32::try_from(context.instance.addr()).ok().map(InstanceId)
}
