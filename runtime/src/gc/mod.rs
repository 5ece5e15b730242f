//! The collected heap: what is made, moved and freed there, and what is known of its objects.

mod allocate;
mod collect;
mod heap;
mod host_value;
mod info;
mod object;
mod old;
mod policy;
mod root;
mod space;
mod verify;

pub(crate) use heap::Heap;
pub use heap::HeapStats;
pub(crate) use info::TypeInfo;
pub use object::ObjectType;
pub use root::{OwnedRoot, Root, ScopeMark};
