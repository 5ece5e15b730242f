//! The builtin that compiled code asks when it cannot pay.

use super::entry::run;
use crate::site;
use tancho_abi::vmctx::VmContext;

/// Pays what compiled code has to, or traps.
///
/// # Safety
///
/// To be called by compiled code with its instance's context.
pub(super) unsafe extern "C" fn out_of_fuel(vmctx: *mut VmContext) {
    // SAFETY: the caller is compiled code, whose store is alive, and has recorded its exit.
    unsafe {
        let vm = (*vmctx).store;
        site::turn(vm);
        if (*vm).pending == 0 {
            run(vmctx, (), |state, _| state.pay(state.vm.fuel_cost));
        }
    }
}
