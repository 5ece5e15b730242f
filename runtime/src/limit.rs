//! Limits: how much a store may come to have, and the embedder's own opinion of it.
//!
//! Asked before anything is made or grows, by the embedding API and the builtins; both the store's [`Limits`] and its [`Limiter`] must
//! agree. The limits are compared here; what is left for the limiter is a [`Question`], which is put to it while nobody holds a reference to
//! the store, since the answer may take its time, on a fiber that is suspended meanwhile. A memory that stores share counts in each of them
//! once.

use crate::code::Code;
use crate::id::{MemoryId, TableId};
use crate::memory::{MemoryType, SharedMemory};
use crate::state::State;
use crate::store::Store;
use crate::sys::register::stack_pointer;
use crate::table::{TableType, TableValue};
use std::any::Any;
use std::fmt;
use std::ptr::NonNull;
use tancho_abi::vmctx::PENDING_ERROR;

/// How much a store may have. The default is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of each memory.
    pub memory_bytes: u64,
    /// Bytes of all memories together.
    pub total_memory_bytes: u64,
    /// Entries of each table.
    pub table_elements: u64,
    /// Instances.
    pub instances: u64,
    /// Memories.
    pub memories: u64,
    /// Tables.
    pub tables: u64,
    /// Whether `memory.grow` and `table.grow` end the call where they would give -1.
    pub trap_on_grow_failure: bool,
    /// Bytes of stack for a call from the host into compiled code and all that it calls; compiled code looks at it where it compares for the
    /// end of the stack.
    pub stack_bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            memory_bytes: u64::MAX,
            total_memory_bytes: u64::MAX,
            table_elements: u64::MAX,
            instances: u64::MAX,
            memories: u64::MAX,
            tables: u64::MAX,
            trap_on_grow_failure: false,
            stack_bytes: u64::MAX,
        }
    }
}

/// What is limited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Resource {
    /// Bytes of one memory.
    MemoryBytes,
    /// Bytes of all memories.
    TotalMemoryBytes,
    /// Entries of one table.
    TableElements,
    /// Instances.
    Instances,
    /// Memories.
    Memories,
    /// Tables.
    Tables,
}

impl Resource {
    /// What there would be too many of, and what raises the limit.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Resource::MemoryBytes => ("bytes of a memory", "memory_bytes"),
            Resource::TotalMemoryBytes => ("bytes of all memories", "total_memory_bytes"),
            Resource::TableElements => ("entries of a table", "table_elements"),
            Resource::Instances => ("instances", "instances"),
            Resource::Memories => ("memories", "memories"),
            Resource::Tables => ("tables", "tables"),
        }
    }
}

/// What was asked of a store, and what it allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LimitExceeded {
    /// What.
    pub resource: Resource,
    /// How much there would be.
    pub asked: u64,
    /// How much there may be; `None` where the store's limiter has said no, which knows why.
    pub limit: Option<u64>,
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LimitExceeded { resource, asked, limit } = self;
        let (what, setter) = resource.words();
        match limit {
            Some(limit) => {
                write!(
                    f,
                    "{asked} {what} are more than the store may have, which is {limit}: `Limits::{setter}` sets that"
                )
            }
            None => write!(f, "the store's resource limiter does not allow {asked} {what}"),
        }
    }
}

impl std::error::Error for LimitExceeded {}

/// An error of the embedder's, which the runtime passes on.
pub type Foreign = Box<dyn Any + Send + Sync>;

/// Why there is not to be more.
#[derive(Debug)]
#[non_exhaustive]
pub enum Denied {
    /// A limit.
    Exceeded(LimitExceeded),
    /// Growing failed for another reason, and that is to end the call.
    Failed(&'static str),
    /// The limiter has failed.
    Limiter(Foreign),
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::Exceeded(exceeded) => exceeded.fmt(f),
            Denied::Failed(reason) => f.write_str(reason),
            Denied::Limiter(_) => f.write_str("the store's resource limiter has failed"),
        }
    }
}

impl std::error::Error for Denied {}

/// The embedder's opinion of how much a store may have.
pub trait Limiter: Send + Sync {
    /// Whether a memory may have `desired` bytes instead of `current`, of at most `maximum` by its type.
    ///
    /// # Errors
    ///
    /// The embedder's.
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool, Foreign>;

    /// A memory has not grown.
    ///
    /// # Errors
    ///
    /// The embedder's.
    fn memory_grow_failed(&mut self, reason: &str) -> Result<(), Foreign>;

    /// Whether a table may have `desired` entries instead of `current`, of at most `maximum` by its type.
    ///
    /// # Errors
    ///
    /// The embedder's.
    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool, Foreign>;

    /// A table has not grown.
    ///
    /// # Errors
    ///
    /// The embedder's.
    fn table_grow_failed(&mut self, reason: &str) -> Result<(), Foreign>;

    /// How many instances, memories and tables there may be.
    ///
    /// # Errors
    ///
    /// The embedder's.
    fn counts(&mut self) -> Result<[usize; 3], Foreign>;
}

/// Whether the store's limiter allows what its limits do.
#[must_use = "it is to be asked"]
#[derive(Debug)]
pub struct Question {
    limiter: NonNull<dyn Limiter>,
    subject: Subject,
}

/// What is to become larger, in bytes or entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Subject {
    resource: Resource,
    current: u64,
    desired: u64,
    maximum: Option<u64>,
}

impl Question {
    /// Asks the limiter. It may run whatever the embedder wants, and suspend the fiber that this runs on.
    ///
    /// # Errors
    ///
    /// When it says no, or has failed.
    ///
    /// # Safety
    ///
    /// The store that the question is of is alive and has its limiter still, and nobody holds a reference to what is in it.
    pub unsafe fn ask(self) -> Result<(), Denied> {
        let Subject { resource, current, desired, maximum } = self.subject;
        // SAFETY: it is the store's, which the caller says is alive. Nobody else asks it at the same time: who asks has the store to himself.
        let limiter = unsafe { &mut *self.limiter.as_ptr() };
        let (current, asked, maximum) = (position(current), position(desired), maximum.map(position));
        let answer = match resource {
            Resource::TableElements => limiter.table_growing(current, asked, maximum),
            _ => limiter.memory_growing(current, asked, maximum),
        };
        match answer {
            Ok(true) => Ok(()),
            Ok(false) => Err(Denied::Exceeded(LimitExceeded { resource, asked: desired, limit: None })),
            Err(error) => Err(Denied::Limiter(error)),
        }
    }
}

/// What a store is limited by.
#[derive(Default)]
pub(crate) struct Limitation {
    pub(crate) limits: Limits,
    pub(crate) limiter: Option<Box<dyn Limiter>>,
    /// Why compiled code has been stopped.
    refusal: Option<Denied>,
}

/// A number of bytes or entries as the embedder is told.
fn position(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn within(resource: Resource, asked: u64, limit: u64) -> Result<(), Denied> {
    if asked <= limit {
        return Ok(());
    }
    Err(Denied::Exceeded(LimitExceeded { resource, asked, limit: Some(limit) }))
}

impl Limitation {
    /// Whether a memory may have `desired` bytes instead of `current`, where all have `total`: what is still to be asked.
    fn memory(
        &mut self,
        current: u64,
        desired: u64,
        maximum: Option<u64>,
        total: u64,
    ) -> Result<Option<Question>, Denied> {
        within(Resource::MemoryBytes, desired, self.limits.memory_bytes)?;
        let sum = (total - current).saturating_add(desired);
        within(Resource::TotalMemoryBytes, sum, self.limits.total_memory_bytes)?;
        Ok(self.question(Subject { resource: Resource::MemoryBytes, current, desired, maximum }))
    }

    /// Whether a table may have `desired` entries instead of `current`: what is still to be asked.
    fn table(&mut self, current: u64, desired: u64, maximum: Option<u64>) -> Result<Option<Question>, Denied> {
        within(Resource::TableElements, desired, self.limits.table_elements)?;
        Ok(self.question(Subject { resource: Resource::TableElements, current, desired, maximum }))
    }

    fn question(&mut self, subject: Subject) -> Option<Question> {
        // In memory of its own, which nothing else refers to while it is asked.
        self.limiter.as_mut().map(|limiter| Question { limiter: NonNull::from(&mut **limiter), subject })
    }

    /// Whether there may be so many instances, memories and tables.
    fn counts(&mut self, asked: [u64; 3]) -> Result<(), Denied> {
        const RESOURCES: [Resource; 3] = [Resource::Instances, Resource::Memories, Resource::Tables];
        let limits = [self.limits.instances, self.limits.memories, self.limits.tables];
        for ((resource, asked), limit) in RESOURCES.into_iter().zip(asked).zip(limits) {
            within(resource, asked, limit)?;
        }
        let Some(limiter) = &mut self.limiter else { return Ok(()) };
        let limits = limiter.counts().map_err(Denied::Limiter)?;
        for ((resource, asked), limit) in RESOURCES.into_iter().zip(asked).zip(limits) {
            if asked > limit as u64 {
                return Err(Denied::Exceeded(LimitExceeded { resource, asked, limit: None }));
            }
        }
        Ok(())
    }

    /// Tells the limiter that growth has failed, which may have an error of its own for it.
    fn failed(&mut self, denied: Denied, tell: impl FnOnce(&mut dyn Limiter, &str) -> Result<(), Foreign>) -> Denied {
        let Some(limiter) = self.limiter.as_mut().filter(|_| !matches!(denied, Denied::Limiter(_))) else {
            return denied;
        };
        match tell(&mut **limiter, &denied.to_string()) {
            Ok(()) => denied,
            Err(error) => Denied::Limiter(error),
        }
    }
}

/// The bytes of so many pages, or as many as there are numbers for.
fn bytes(pages: u64, ty: &MemoryType) -> u64 {
    1_u64.checked_shl(ty.page_size_log2.into()).and_then(|page| pages.checked_mul(page)).unwrap_or(u64::MAX)
}

impl State {
    fn total_memory(&self) -> u64 {
        self.memories.iter().fold(0_u64, |sum, memory| sum.saturating_add(memory.byte_length() as u64))
    }

    fn may_grow_memory(&mut self, ty: &MemoryType, current: u64, pages: u64) -> Result<Option<Question>, Denied> {
        let total = self.total_memory();
        let maximum = ty.maximum.map(|pages| bytes(pages, ty));
        // Another thread may have made a shared one larger since it was counted.
        self.limitation.memory(current.min(total), bytes(pages, ty), maximum, total)
    }

    /// Whether a memory may grow by `delta` pages: what is still to be asked.
    pub(crate) fn memory_growth(&mut self, id: MemoryId, delta: u64) -> Result<Option<Question>, Denied> {
        let memory = &self.memories[id.position()];
        let (ty, current) = (*memory.ty(), memory.byte_length() as u64);
        if delta == 0 {
            return Ok(None);
        }
        self.may_grow_memory(&ty, current, (current >> ty.page_size_log2).saturating_add(delta))
    }

    /// Grows a memory by `delta` pages where it is `admitted`: the number that it had.
    ///
    /// # Errors
    ///
    /// When it has not grown.
    pub(crate) fn grow_memory_admitted(
        &mut self,
        id: MemoryId,
        delta: u64,
        admitted: Result<(), Denied>,
    ) -> Result<u64, Denied> {
        let memory = &self.memories[id.position()];
        if delta == 0 {
            return Ok(memory.byte_length() as u64 >> memory.ty().page_size_log2);
        }
        let grown = admitted.and_then(|()| {
            self.grow_memory(id, delta).ok_or(Denied::Failed(
                "a memory cannot grow: it would exceed its maximum or what is reserved for it, or the system has no more",
            ))
        });
        grown.map_err(|denied| self.limitation.failed(denied, |limiter, reason| limiter.memory_grow_failed(reason)))
    }

    /// Whether a table may grow by `delta` entries: what is still to be asked.
    pub(crate) fn table_growth(&mut self, id: TableId, delta: u64) -> Result<Option<Question>, Denied> {
        let table = &self.tables[id.position()];
        let (current, maximum) = (table.size(), table.ty().maximum);
        if delta == 0 {
            return Ok(None);
        }
        self.limitation.table(current, current.saturating_add(delta), maximum)
    }

    /// Grows a table by `delta` entries where it is `admitted`: as for a memory.
    ///
    /// # Errors
    ///
    /// When it has not grown.
    pub(crate) fn grow_table_admitted(
        &mut self,
        id: TableId,
        delta: u64,
        init: TableValue,
        admitted: Result<(), Denied>,
    ) -> Result<u64, Denied> {
        let table = &mut self.tables[id.position()];
        if delta == 0 {
            return Ok(table.size());
        }
        let grown = admitted.and_then(|()| {
            table.grow(delta, init).ok_or(Denied::Failed(
                "a table cannot grow: it would exceed its maximum or what the engine allows, or the system has no memory",
            ))
        });
        grown.map_err(|denied| self.limitation.failed(denied, |limiter, reason| limiter.table_grow_failed(reason)))
    }

    /// The lowest place of the stack at which compiled code may leave for the host, in a call that begins here, where the thread's is `limit`.
    #[inline]
    pub(crate) fn lowest_stack(&self, limit: usize) -> usize {
        match self.limitation.limits.stack_bytes {
            u64::MAX => limit,
            bytes => self.stack_within(limit, usize::try_from(bytes).unwrap_or(usize::MAX)),
        }
    }

    #[cold]
    fn stack_within(&self, limit: usize, bytes: usize) -> usize {
        let (here, outer) = (stack_pointer(), self.vm.stack_limit);
        let within = !self.activation.is_null() && here.checked_sub(outer).is_some_and(|left| left <= bytes);
        // What a host function calls that the store's code has called is part of the same call.
        limit.max(if within { outer } else { here.saturating_sub(bytes) })
    }

    /// What compiled code is given for what has grown, or has not: the former size, or -1, or it is stopped.
    pub(crate) fn grown(&mut self, grown: Result<u64, Denied>) -> i64 {
        match grown {
            Ok(former) => former as i64,
            Err(denied) => {
                if self.limitation.limits.trap_on_grow_failure || matches!(denied, Denied::Limiter(_)) {
                    self.limitation.refusal = Some(denied);
                    self.vm.pending = PENDING_ERROR;
                }
                -1
            }
        }
    }

    fn counts_with(&mut self, memories: u64, tables: u64) -> Result<(), Denied> {
        let [instances, present, entries] = [self.instances.len(), self.memories.len(), self.tables.len()];
        self.limitation.counts([instances as u64, present as u64 + memories, entries as u64 + tables])
    }
}

impl Store {
    /// Replaces the limits. What there is already stays.
    pub fn set_limits(&mut self, limits: Limits) {
        self.state_mut().limitation.limits = limits;
    }

    /// Asks this from now on; nobody any more where it is `None`.
    pub fn set_limiter(&mut self, limiter: Option<Box<dyn Limiter>>) {
        self.state_mut().limitation.limiter = limiter;
    }

    /// Why compiled code has been stopped, where it was because of a limit.
    pub fn take_refusal(&mut self) -> Option<Denied> {
        self.state_mut().limitation.refusal.take()
    }

    /// Whether there may be an instance of `code` more: what is still to be asked.
    ///
    /// # Errors
    ///
    /// When there may not.
    pub fn admit_instance(&mut self, code: &Code) -> Result<Vec<Question>, Denied> {
        let state = self.state_mut();
        let counts = code.layout().counts();
        let of = |present: usize, more: u32| present as u64 + u64::from(more);
        state.limitation.counts([
            of(state.instances.len(), 1),
            of(state.memories.len(), counts.defined_memories()),
            of(state.tables.len(), counts.defined_tables()),
        ])?;
        let view = code.view();
        let mut total = state.total_memory();
        let mut questions = Vec::new();
        for record in view.memories.iter().skip(counts.imported_memories as usize) {
            let ty = MemoryType::from(record);
            let (desired, maximum) = (bytes(ty.minimum, &ty), ty.maximum.map(|pages| bytes(pages, &ty)));
            questions.extend(state.limitation.memory(0, desired, maximum, total)?);
            total = total.saturating_add(desired);
        }
        for record in view.tables.iter().skip(counts.imported_tables as usize) {
            let maximum = (record.maximum != u64::MAX).then_some(record.maximum);
            questions.extend(state.limitation.table(0, record.minimum, maximum)?);
        }
        Ok(questions)
    }

    /// Whether there may be one more memory, of this type: what is still to be asked.
    ///
    /// # Errors
    ///
    /// When there may not.
    pub fn admit_memory(&mut self, ty: &MemoryType) -> Result<Option<Question>, Denied> {
        let state = self.state_mut();
        state.counts_with(1, 0)?;
        state.may_grow_memory(ty, 0, ty.minimum)
    }

    /// Whether this memory may be the store's, too: what is still to be asked. It may if it is already.
    ///
    /// # Errors
    ///
    /// When it may not.
    pub fn admit_shared_memory(&mut self, memory: &SharedMemory) -> Result<Option<Question>, Denied> {
        let state = self.state_mut();
        if state.has_shared_memory(memory) {
            return Ok(None);
        }
        state.counts_with(1, 0)?;
        state.may_grow_memory(memory.ty(), 0, memory.size_pages())
    }

    /// Whether there may be one more table, of this type: what is still to be asked.
    ///
    /// # Errors
    ///
    /// When there may not.
    pub fn admit_table(&mut self, ty: &TableType) -> Result<Option<Question>, Denied> {
        let state = self.state_mut();
        state.counts_with(0, 1)?;
        state.limitation.table(0, ty.minimum, ty.maximum)
    }

    /// Whether a memory may grow by `delta` pages: what is still to be asked.
    ///
    /// # Errors
    ///
    /// When it may not, which [`grow_memory`](Store::grow_memory) is to be told.
    pub fn memory_growth(&mut self, memory: MemoryId, delta: u64) -> Result<Option<Question>, Denied> {
        let state = self.state_mut();
        assert!(memory.position() < state.memories.len(), "{OWN}");
        state.memory_growth(memory, delta)
    }

    /// Grows a memory by `delta` pages, zeroed (§4.7.9), where it is `admitted`; says how many it had.
    ///
    /// # Errors
    ///
    /// When it was not admitted or has not grown.
    pub fn grow_memory(&mut self, memory: MemoryId, delta: u64, admitted: Result<(), Denied>) -> Result<u64, Denied> {
        let state = self.state_mut();
        assert!(memory.position() < state.memories.len(), "{OWN}");
        state.grow_memory_admitted(memory, delta, admitted)
    }

    /// Whether a table may grow by `delta` entries: what is still to be asked.
    ///
    /// # Errors
    ///
    /// When it may not, which [`grow_table`](Store::grow_table) is to be told.
    pub fn table_growth(&mut self, table: TableId, delta: u64) -> Result<Option<Question>, Denied> {
        let state = self.state_mut();
        assert!(table.position() < state.tables.len(), "{OWN}");
        state.table_growth(table, delta)
    }

    /// Grows a table by `delta` entries, each `init`, where it is `admitted`; says how many it had.
    ///
    /// # Errors
    ///
    /// When it was not admitted or has not grown.
    pub fn grow_table(
        &mut self,
        table: TableId,
        delta: u64,
        init: TableValue,
        admitted: Result<(), Denied>,
    ) -> Result<u64, Denied> {
        let state = self.state_mut();
        assert!(table.position() < state.tables.len(), "{OWN}");
        state.grow_table_admitted(table, delta, init, admitted)
    }
}

const OWN: &str = "the embedding API checks that a handle is of this store";
