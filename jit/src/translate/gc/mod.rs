//! Objects of the collected heap (§4.4.6): what `tancho_abi::object` draws, as code.

mod array;
mod cast;
mod object;
mod root;

pub(crate) use object::Extension;
pub(crate) use root::distinguish_slots;
