//! Roots: what the host holds on to by scopes and by itself, and the walk over all places outside of the heap that refer to objects.
//!
//! Called by the embedding API, which keeps [`Root`]s and [`OwnedRoot`]s in place of references, and by `collect`.

use crate::state::State;
use crate::unwind::references;
use tancho_abi::vmctx::ValRaw;

/// A reference that is good until its scope is closed. Means nothing in another store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Root {
    position: u32,
    generation: u64,
}

/// A reference that is good until it is given up by [`Store::disown`](crate::store::Store::disown). Means nothing in another store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct OwnedRoot {
    position: u32,
    generation: u32,
}

/// Where a scope begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScopeMark(usize);

struct Scoped {
    reference: u32,
    generation: u64,
}

/// 0 is no reference: the slot is free.
struct Owned {
    reference: u32,
    generation: u32,
}

/// What the host of a store holds on to.
#[derive(Default)]
pub(crate) struct Roots {
    scoped: Vec<Scoped>,
    /// Changes whenever roots end, so that none is taken for one that had its position before.
    generation: u64,
    owned: Vec<Owned>,
    free: Vec<u32>,
}

impl Roots {
    pub(super) fn root(&mut self, reference: u32) -> Root {
        let position = u32::try_from(self.scoped.len()).expect("a host's memory ends before 2^32 roots");
        self.scoped.push(Scoped { reference, generation: self.generation });
        Root { position, generation: self.generation }
    }

    pub(super) fn rooted(&self, root: Root) -> Option<u32> {
        let found = self.scoped.get(root.position as usize)?;
        (found.generation == root.generation).then_some(found.reference)
    }

    #[inline]
    pub(super) fn open(&self) -> ScopeMark {
        ScopeMark(self.scoped.len())
    }

    #[inline]
    pub(super) fn close(&mut self, mark: ScopeMark) {
        if self.scoped.len() > mark.0 {
            self.scoped.truncate(mark.0);
            self.generation += 1;
        }
    }

    pub(super) fn own(&mut self, reference: u32) -> OwnedRoot {
        match self.free.pop() {
            Some(position) => {
                let slot = &mut self.owned[position as usize];
                slot.reference = reference;
                OwnedRoot { position, generation: slot.generation }
            }
            None => {
                let position = u32::try_from(self.owned.len()).expect("a host's memory ends before 2^32 roots");
                self.owned.push(Owned { reference, generation: 0 });
                OwnedRoot { position, generation: 0 }
            }
        }
    }

    fn slot(&self, root: OwnedRoot) -> Option<&Owned> {
        let found = self.owned.get(root.position as usize)?;
        (found.generation == root.generation && found.reference != 0).then_some(found)
    }

    pub(super) fn owned(&self, root: OwnedRoot) -> Option<u32> {
        self.slot(root).map(|found| found.reference)
    }

    pub(super) fn disown(&mut self, root: OwnedRoot) {
        if self.slot(root).is_none() {
            return;
        }
        let slot = &mut self.owned[root.position as usize];
        slot.reference = 0;
        // A slot whose generations are used up is not used again.
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.free.push(root.position);
        }
    }

    /// Calls `visit` with each reference.
    pub(super) fn each(&self, visit: impl FnMut(u32)) {
        let scoped = self.scoped.iter().map(|root| root.reference);
        scoped.chain(self.owned.iter().map(|root| root.reference)).for_each(visit);
    }

    fn visit(&mut self, mut visit: impl FnMut(*mut u32)) {
        self.scoped.iter_mut().for_each(|root| visit(&raw mut root.reference));
        self.owned.iter_mut().for_each(|root| visit(&raw mut root.reference));
    }
}

/// Calls `visit` with every place outside of the heap that may refer to an object: null and `i31` are among what stands there. Of those
/// that note when they are written only the ones that were since the last collection, unless `all` are asked for; the notes are taken
/// back.
///
/// # Safety
///
/// No compiled code of the store runs: all of it has left for the host.
pub(super) unsafe fn visit(state: &mut State, all: bool, mut visit: impl FnMut(*mut u32)) {
    // SAFETY: the caller says so; the activations that the state knows are alive.
    unsafe { references(&state.vm, state.activation, &mut state.heap.safepoints, &mut visit) };
    state.heap.roots.visit(&mut visit);
    for place in &state.object_globals {
        visit(place.as_ptr().cast());
    }
    for table in state.tables.iter_mut().filter(|table| table.is_of_objects()) {
        if table.take_written() || all {
            table.references_mut().iter_mut().for_each(|place| visit(place));
        }
    }
    for instance in &mut state.instances {
        if std::mem::take(&mut instance.elements_written) || all {
            for segment in instance.elements.iter_mut().flatten() {
                segment.iter_mut().for_each(|place| visit(place));
            }
        }
    }
    let tags = &state.tags;
    state.exceptions.values_mut(|tag, values| {
        let types = &tags[tag.position()].ty.func().params;
        for (value, _) in values.iter_mut().zip(types).filter(|(_, ty)| ty.is_object()) {
            visit((&raw mut *value).cast());
        }
    });
}

const _: () = assert!(std::mem::offset_of!(ValRaw, i32) == 0);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Random numbers: the same ones for a seed.
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: usize) -> usize {
            self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (self.0 >> 33) as usize % bound
        }
    }

    #[test]
    fn a_root_ends_with_its_scope_and_never_comes_back() {
        let mut roots = Roots::default();
        let outer = roots.root(1);
        let mark = roots.open();
        let inner = roots.root(2);
        assert_eq!((roots.rooted(outer), roots.rooted(inner)), (Some(1), Some(2)));
        roots.close(mark);
        assert_eq!(roots.rooted(inner), None);
        let next = roots.root(3);
        assert_eq!((roots.rooted(inner), roots.rooted(next), roots.rooted(outer)), (None, Some(3), Some(1)));
    }

    #[test]
    fn an_owned_root_that_was_given_up_is_not_the_next_one_at_its_place() {
        let mut roots = Roots::default();
        let first = roots.own(1);
        roots.disown(first);
        roots.disown(first);
        let second = roots.own(2);
        assert_eq!(first.position, second.position);
        assert_eq!((roots.owned(first), roots.owned(second)), (None, Some(2)));
    }

    #[test]
    fn a_place_whose_generations_are_used_up_is_left() {
        let mut roots = Roots::default();
        let root = roots.own(1);
        roots.owned[0].generation = u32::MAX;
        let last = OwnedRoot { generation: u32::MAX, ..root };
        roots.disown(last);
        assert_eq!((roots.owned(last), roots.owned(root)), (None, None));
        assert_ne!(roots.own(2).position, root.position);
    }

    /// Roots against a model that remembers every root there ever was.
    #[test]
    fn roots_are_those_of_the_model() {
        let cases = if cfg!(miri) { 2 } else { 200 };
        for seed in 0..cases {
            let mut random = Random(seed);
            let mut roots = Roots::default();
            let (mut scopes, mut scoped, mut alive) = (Vec::new(), Vec::new(), Vec::new());
            let (mut ended, mut owned) = (Vec::new(), HashMap::new());
            let mut gone = Vec::new();
            for number in 1..if cfg!(miri) { 60 } else { 400 } {
                match random.below(8) {
                    0 => scopes.push((roots.open(), alive.len())),
                    1 | 2 => {
                        if let Some((mark, length)) = scopes.pop() {
                            roots.close(mark);
                            ended.extend(alive.drain(length..));
                        }
                    }
                    3 | 4 => drop(owned.insert(roots.own(number), number)),
                    5 => {
                        if let Some(root) = owned.keys().min_by_key(|root| root.position).copied() {
                            owned.remove(&root);
                            roots.disown(root);
                            gone.push(root);
                        }
                    }
                    _ => {
                        let root = roots.root(number);
                        alive.push((root, number));
                        scoped.push(root);
                    }
                }
                assert!(alive.iter().all(|(root, number)| roots.rooted(*root) == Some(*number)), "seed {seed}");
                assert!(ended.iter().all(|(root, _)| roots.rooted(*root).is_none()), "seed {seed}");
                assert!(owned.iter().all(|(root, number)| roots.owned(*root) == Some(*number)), "seed {seed}");
                assert!(gone.iter().all(|root| roots.owned(*root).is_none()), "seed {seed}");
                let mut visited = 0;
                roots.each(|reference| visited += usize::from(reference != 0));
                assert_eq!(visited, alive.len() + owned.len(), "seed {seed}");
                // As a collection that moves everything does.
                roots.visit(|place| {
                    // SAFETY: the place is one of the roots'.
                    unsafe { place.write(place.read()) };
                });
            }
        }
    }
}
