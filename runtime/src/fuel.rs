//! Fuel: what a store lets compiled code do.
//!
//! Compiled code pays by itself ([`VmStore::fuel`](tancho_abi::vmctx::VmStore::fuel)) as long as there is enough; where there is not, it asks
//! here, by way of the builtin.

use crate::site::SiteHook;
use crate::state::State;
use crate::store::Store;
use std::num::NonZeroU64;
use tancho_abi::trap::Trap;

impl State {
    /// Pays `cost`, of which there is too little, as far as compiled code knows.
    ///
    /// # Errors
    ///
    /// The trap, when there is too little. Then nothing is left.
    pub(crate) fn pay(&mut self, cost: u64) -> Result<(), Trap> {
        self.begin_turn(cost);
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

impl State {
    /// Lets compiled code have as much as there is for a turn, or `cost` where that is more, of all that is left.
    fn begin_turn(&mut self, cost: u64) {
        // Both together are what somebody has set, or less.
        let all = self.vm.fuel.saturating_add(self.fuel_reserve);
        let turn = self.fuel_interval.map_or(u64::MAX, |interval| interval.get().max(cost));
        self.vm.fuel = all.min(turn);
        self.fuel_reserve = all - self.vm.fuel;
    }
}

impl Store {
    /// How much fuel is left.
    pub fn fuel(&self) -> u64 {
        let state = self.state();
        state.vm.fuel.saturating_add(state.fuel_reserve)
    }

    /// Replaces what is left. To be called at any time at which compiled code does not run, or has left for the host.
    pub fn set_fuel(&mut self, fuel: u64) {
        let state = self.state_mut();
        state.vm.fuel = fuel;
        state.fuel_reserve = 0;
        state.begin_turn(0);
    }

    /// Has the store ask `hook` whenever compiled code has spent so much, and there is more: in the middle of a function, where nothing of
    /// the store may be collected, moved, grown or run.
    ///
    /// # Safety
    ///
    /// As for [`set_epoch_hook`](Store::set_epoch_hook).
    pub unsafe fn set_fuel_interval(&mut self, interval: Option<NonZeroU64>, hook: SiteHook) {
        let state = self.state_mut();
        state.fuel_interval = interval;
        state.fuel_hook = interval.map(|_| hook);
        state.begin_turn(0);
    }
}
