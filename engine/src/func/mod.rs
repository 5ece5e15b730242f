//! Functions: handles of WebAssembly's and of the host's, and the two ways to call and to define them.
//!
//! Every file of the crate uses [`Func`] from here. `typed` calls with types known at compile time, each
//! value as `native` has it, `untyped` by arrays of values, `host` makes closures callable; `site` asks the program at the end of an
//! epoch; `asynchronous` does all of this for what may wait, on the fibers of `task`.

#[cfg(feature = "async")]
mod asynchronous;
mod hook;
mod host;
mod matching;
mod native;
mod site;
#[cfg(feature = "async")]
mod task;
mod typed;
mod untyped;

pub use hook::CallHook;
pub use host::{Caller, HostReturn, IntoFunc};
pub use site::UpdateDeadline;
pub use typed::{TypedFunc, WasmParams, WasmResults, WasmTy};
pub use untyped::Func;

pub(crate) use hook::Hook;
pub(crate) use host::{HostFunc, HostRecord};
pub(crate) use matching::check_type;
pub(crate) use site::EpochEnd;
#[cfg(feature = "async")]
pub(crate) use task::{run, suspension, wait};
pub(crate) use untyped::{
    call_start, lift_field, lift_ref, load_global, lower_ref, lower_val, object_reference, store_global,
};
