//! Fuel: what a store lets compiled code do.
//!
//! Compiled code pays by itself ([`VmStore::fuel`](tancho_abi::vmctx::VmStore::fuel)) as long as there is enough; where there is not, it asks
//! here, by way of the builtin.

use crate::state::State;
use crate::store::Store;
use tancho_abi::trap::Trap;

impl State {
    /// Pays `cost`, of which there is too little, as far as compiled code knows.
    ///
    /// # Errors
    ///
    /// The trap, when there is too little. Then nothing is left.
    pub(crate) fn pay(&mut self, cost: u64) -> Result<(), Trap> {
        match self.vm.fuel.checked_sub(cost) {
            Some(left) => {
                self.vm.fuel = left;
                Ok(())
            }
            None => {
                self.vm.fuel = 0;
                Err(Trap::OutOfFuel)
            }
        }
    }
}

impl Store {
    /// How much fuel is left.
    pub fn fuel(&self) -> u64 {
        self.state().vm.fuel
    }

    /// Replaces what is left. To be called at any time at which compiled code does not run, or has left for the host.
    pub fn set_fuel(&mut self, fuel: u64) {
        self.state_mut().vm.fuel = fuel;
    }
}
