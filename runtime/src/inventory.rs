//! The inventory: all that a store holds, for those who want to see it whole, such as a core dump; and how much of the stack is kept.
//!
//! Read by the embedding API. Things are found by name through `store`.

use crate::id::{GlobalId, InstanceId, MemoryId};
use crate::memory::{MemoryInstance, SharedMemory};
use crate::store::Store;
use crate::unwind::Trace;

/// A memory of a store: its own, or one that threads share.
#[derive(Debug)]
pub enum AnyMemory {
    /// Of the store alone.
    Own(MemoryId),
    /// Shared.
    Shared(SharedMemory),
}

impl Store {
    /// Every instance, those that were made first first.
    pub fn instances(&self) -> impl ExactSizeIterator<Item = InstanceId> {
        (0..self.state().instances.len()).map(InstanceId::next)
    }

    /// Every memory, in the order of their ids' [positions](MemoryId::number).
    pub fn memories(&self) -> impl ExactSizeIterator<Item = AnyMemory> {
        self.state().memories.iter().enumerate().map(|(position, memory)| match memory {
            MemoryInstance::Own(_) => AnyMemory::Own(MemoryId::next(position)),
            MemoryInstance::Shared(shared) => AnyMemory::Shared(shared.clone()),
        })
    }

    /// Every global, in the order of their ids' [positions](GlobalId::number).
    pub fn globals(&self) -> impl ExactSizeIterator<Item = GlobalId> {
        (0..self.state().globals.len()).map(GlobalId::next)
    }

    /// The memories and globals of an instance, by index.
    pub fn parts(&self, instance: InstanceId) -> (&[MemoryId], &[GlobalId]) {
        let instance = &self.state().instances[instance.position()];
        (&instance.memories, &instance.globals)
    }

    /// How many functions of a backtrace are kept of each trap. With 0 the stack is not looked at.
    pub fn set_backtrace_limit(&mut self, frames: usize) {
        let trace = &mut self.state_mut().stop.trace;
        if frames != trace.limit() {
            *trace = Trace::with_limit(frames);
        }
    }
}

impl MemoryId {
    /// Its position among the memories of its store.
    pub fn number(self) -> u32 {
        self.0
    }
}

impl GlobalId {
    /// Its position among the globals of its store.
    pub fn number(self) -> u32 {
        self.0
    }
}
