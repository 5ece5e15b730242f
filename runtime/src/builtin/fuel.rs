//! The builtin that compiled code asks when it cannot pay.

use super::entry::run;
use tancho_abi::vmctx::VmContext;

/// Pays what compiled code has to, or traps.
///
/// # Safety
///
/// To be called by compiled code with its instance's context.
pub(super) unsafe extern "C" fn out_of_fuel(vmctx: *mut VmContext) {
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, (), |state, _| state.pay(state.vm.fuel_cost)) }
}
