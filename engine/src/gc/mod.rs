//! References to what the collector keeps: objects, `i31`, values of the host.
//!
//! `root` has how they are held from outside of WebAssembly, the other files a kind of referent each. References to exceptions stand in
//! `exception`.

mod any;
mod array;
mod eq;
mod external;
mod i31;
mod object;
mod root;
mod structure;

pub use any::AnyRef;
pub use array::{ArrayRef, ArrayRefPre};
pub use eq::EqRef;
pub use external::ExternRef;
pub use i31::I31;
pub use root::{GcRef, OwnedRooted, RootScope, Rooted, RootedGcRef};
pub use structure::{StructRef, StructRefPre};

pub(crate) use object::heap_type;
pub(crate) use root::{Located, Owner, Place, Referent, Released, referent};
