//! Values of the host that objects of the heap stand for: kept here by number, dropped once when their object is found to be dead.
//!
//! Called by `allocate` and `object`, and by `collect`, which takes out those that are dead. They are dropped by `policy`, when the heap is
//! consistent again.

use std::any::Any;
use std::mem;

/// A value.
pub(crate) type HostValue = Box<dyn Any + Send + Sync>;

/// See the [module](self).
#[derive(Default)]
pub(crate) struct HostValues {
    /// By number.
    values: Vec<Option<HostValue>>,
    /// Numbers that are not in use.
    free: Vec<u32>,
    /// The objects that stand for them, in the nursery and elsewhere.
    young: Vec<u32>,
    old: Vec<u32>,
    /// Those of dead objects, until they are dropped.
    dead: Vec<HostValue>,
}

impl HostValues {
    /// Takes a value in; its number. `None` when 2³² are in use.
    pub(super) fn add(&mut self, value: HostValue) -> Option<u32> {
        match self.free.pop() {
            Some(number) => {
                self.values[number as usize] = Some(value);
                Some(number)
            }
            None => {
                let number = u32::try_from(self.values.len()).ok()?;
                self.values.push(Some(value));
                Some(number)
            }
        }
    }

    /// Notes which object stands for the value that was added last; `young` says whether it stands in the nursery.
    pub(super) fn note(&mut self, object: u32, young: bool) {
        if young {
            self.young.push(object);
        } else {
            self.old.push(object);
        }
    }

    /// The value of this number.
    pub(super) fn get(&self, number: u32) -> Option<&(dyn Any + Send + Sync)> {
        self.values.get(number as usize)?.as_deref()
    }

    /// The value of this number, to change.
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut (dyn Any + Send + Sync)> {
        self.values.get_mut(number as usize)?.as_deref_mut()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.values.len() - self.free.len()
    }

    /// The objects that stand for values.
    pub(super) fn objects(&self) -> impl Iterator<Item = u32> {
        self.young.iter().chain(&self.old).copied()
    }

    /// Follows objects of the nursery, or `all`, to where they have been moved; `moved` says where that is, or else the number of the value.
    pub(super) fn sweep(&mut self, all: bool, moved: impl Fn(u32) -> Result<u32, u32>) {
        let mut old = mem::take(&mut self.old);
        if all {
            let mut kept = 0;
            for position in 0..old.len() {
                if let Some(object) = self.follow(moved(old[position])) {
                    old[kept] = object;
                    kept += 1;
                }
            }
            old.truncate(kept);
        }
        let mut young = mem::take(&mut self.young);
        for object in young.drain(..) {
            old.extend(self.follow(moved(object)));
        }
        (self.young, self.old) = (young, old);
    }

    fn follow(&mut self, moved: Result<u32, u32>) -> Option<u32> {
        match moved {
            Ok(object) => Some(object),
            Err(number) => {
                self.dead.extend(self.values[number as usize].take());
                self.free.push(number);
                None
            }
        }
    }

    /// Takes the values that are to be dropped.
    pub(super) fn take_dead(&mut self) -> Vec<HostValue> {
        mem::take(&mut self.dead)
    }
}
