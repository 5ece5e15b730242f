//! Canonical types: one number for each function type of an engine, by which `call_indirect` compares.
//!
//! Called by the embedding API, once for each type of each module. A number is never used twice in a process, so numbers of
//! different engines never mean different types by accident.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tancho_abi::types::{FuncType, HeapType, RefType, ValType};

/// The function types of an engine that somebody uses.
#[derive(Default)]
pub struct TypeRegistry {
    /// With its number, so that a type that is going can tell whether the entry is still its own.
    types: Mutex<HashMap<FuncType, (u32, Weak<RegisteredType>)>>,
}

/// A type that is in use. The last [`Arc`] that goes takes it out of the registry.
pub struct RegisteredType {
    /// Its canonical number: never 0.
    pub id: u32,
    /// The type. A concrete heap type in it holds a canonical number in place of a type index.
    pub ty: FuncType,
    registry: Arc<TypeRegistry>,
}

impl TypeRegistry {
    /// An empty one.
    pub fn new() -> Arc<TypeRegistry> {
        Arc::default()
    }

    /// The canonical form of `ty`, in which concrete heap types must have been replaced by canonical numbers already.
    ///
    /// # Panics
    ///
    /// When 2³² types have been registered in the life of the process.
    pub fn register(self: &Arc<Self>, ty: &FuncType) -> Arc<RegisteredType> {
        let mut types = self.lock();
        // A dead entry is one whose owner waits for this lock in its `drop`; it is replaced, and the owner will see that.
        if let Some(alive) = types.get(ty).and_then(|(_, registered)| registered.upgrade()) {
            return alive;
        }
        let registered = Arc::new(RegisteredType { id: next_id(), ty: ty.clone(), registry: self.clone() });
        types.insert(ty.clone(), (registered.id, Arc::downgrade(&registered)));
        registered
    }

    /// How many types are in use.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<FuncType, (u32, Weak<RegisteredType>)>> {
        // Every change is one operation of the map's: a panic elsewhere leaves it sound.
        self.types.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn next_id() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // Exhaustion must not wrap: a number that comes back would let a call through to a function of another type.
    NEXT.try_update(Ordering::Relaxed, Ordering::Relaxed, |id| id.checked_add(1))
        .expect("a process does not register 2^32 types")
}

impl Drop for RegisteredType {
    fn drop(&mut self) {
        let mut types = self.registry.lock();
        if types.get(&self.ty).is_some_and(|(id, _)| *id == self.id) {
            types.remove(&self.ty);
        }
    }
}

impl fmt::Debug for TypeRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypeRegistry").field("count", &self.count()).finish()
    }
}

impl fmt::Debug for RegisteredType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegisteredType({}: {})", self.id, self.ty)
    }
}

/// `ty` with the canonical number in place of a module's type index. A type that has no number keeps its index: only a
/// forged image has one.
pub(crate) fn canonical(ty: RefType, types: &[Arc<RegisteredType>]) -> RefType {
    match ty.heap {
        HeapType::ConcreteFunc(index) => {
            let id = types.get(index.index()).map_or(index.0, |registered| registered.id);
            RefType { heap: HeapType::ConcreteFunc(tancho_abi::index::TypeIndex(id)), ..ty }
        }
        _ => ty,
    }
}

/// [`canonical`] for any type of value.
pub(crate) fn canonical_value(ty: ValType, types: &[Arc<RegisteredType>]) -> ValType {
    match ty {
        ValType::Ref(reference) => ValType::Ref(canonical(reference, types)),
        other => other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn ty(params: usize) -> FuncType {
        FuncType { params: vec![ValType::I32; params].into(), results: Box::default() }
    }

    #[test]
    fn equal_types_are_one() {
        let registry = TypeRegistry::new();
        let (a, b, c) = (registry.register(&ty(1)), registry.register(&ty(1)), registry.register(&ty(2)));
        assert!(Arc::ptr_eq(&a, &b) && a.id != c.id && a.id != 0);
        let former = a.id;
        drop((a, b));
        assert_eq!(registry.count(), 1);
        assert_ne!(registry.register(&ty(1)).id, former);
        drop(c);
        assert_eq!(registry.count(), 0);
    }

    #[test]
    fn engines_never_share_numbers() {
        let (one, two) = (TypeRegistry::new(), TypeRegistry::new());
        let ids: HashSet<_> = [one.register(&ty(0)), one.register(&ty(1)), two.register(&ty(0)), two.register(&ty(1))]
            .map(|t| t.id)
            .into();
        assert_eq!(ids.len(), 4);
    }

    #[test]
    fn sixteen_threads_register_and_drop() {
        let registry = TypeRegistry::new();
        let threads: Vec<_> = (0..16_usize)
            .map(|thread| {
                let registry = registry.clone();
                std::thread::spawn(move || {
                    for round in 0..10_000_usize {
                        let wanted = ty((thread + round) % 4);
                        let one = registry.register(&wanted);
                        let two = registry.register(&wanted);
                        assert!(one.id == two.id && one.ty == wanted && two.ty == wanted);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(registry.count(), 0);
    }
}
