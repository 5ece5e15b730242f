//! Functions: handles of WebAssembly's and of the host's, and the two ways to call and to define them.
//!
//! Every file of the crate uses [`Func`] from here. `typed` calls with types known at compile time, `untyped` by
//! arrays of values, `host` makes closures callable.

mod host;
mod typed;
mod untyped;

pub use host::{Caller, HostReturn, IntoFunc};
pub use typed::{TypedFunc, WasmParams, WasmResults, WasmTy};
pub use untyped::Func;

pub(crate) use host::{HostFunc, HostRecord};
pub(crate) use typed::check_type;
pub(crate) use untyped::{
    call_start, lift_field, lift_ref, load_global, lower_ref, lower_val, object_reference, store_global,
};
