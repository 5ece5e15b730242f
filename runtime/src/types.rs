//! Canonical types: one number for each type of an engine, by which `call_indirect` compares.
//!
//! Called by the embedding API, once for the types of each module and for those that the host makes. What is registered is a whole
//! recursion group (§3.1.4 of the specification, "rolling"): two types are the same when their groups are the same and they have the
//! same place there. A number is never used twice in a process, so numbers of different engines never mean different types by accident.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use tancho_abi::index::TypeIndex;
use tancho_abi::module::ModuleView;
use tancho_abi::types::{CompositeType, FuncType, RefType, SubType, ValType};

/// Canonical numbers are below this. In the form by which groups are compared, a concrete type at or above it is a type of the same
/// group: its position there, plus this.
const IN_GROUP: u32 = 1 << 31;

/// The types of an engine that somebody uses.
#[derive(Default)]
pub struct TypeRegistry {
    groups: Mutex<Groups>,
}

#[derive(Default)]
struct Groups {
    /// By structure; with the number of its first type, so that a group that is going can tell whether the entry is still its own.
    by_structure: HashMap<Arc<[SubType]>, (u32, Weak<RecGroup>)>,
    /// By the number of the first type.
    by_id: BTreeMap<u32, Weak<RecGroup>>,
}

/// A recursion group that is in use. The last [`Arc`] that goes takes it out of the registry.
struct RecGroup {
    /// The number of its first type; those of the others follow.
    first: u32,
    /// By which groups are compared.
    structure: Arc<[SubType]>,
    members: Box<[Member]>,
    /// The other groups that its types refer to, whose numbers must not change, by the number of their first type. There can be as many
    /// as a module has types.
    outer: BTreeMap<u32, Arc<RecGroup>>,
    registry: Arc<TypeRegistry>,
}

/// A type of a group.
struct Member {
    /// With canonical numbers throughout.
    composite: CompositeType,
    /// The numbers of the types that it matches by declaration (§3.3.3): from the one without a supertype down to itself.
    supertypes: Box<[u32]>,
}

/// A type that is in use, and its group with it.
pub struct RegisteredType {
    /// Its canonical number: never 0.
    pub id: u32,
    group: Arc<RecGroup>,
}

/// Why the types of a module are not registered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The description contradicts itself, which only a forged image can bring about.
    Malformed,
    /// 2³¹ types have been registered in the life of the process: numbers are not used again.
    Exhausted,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Malformed => "the description of its types contradicts itself",
            Refused::Exhausted => "this process has had 2^31 types, and has no more numbers for types",
        })
    }
}

impl std::error::Error for Refused {}

/// What compiled code and the runtime know of a function's type: the number, and the numbers of its supertypes. Valid while somebody
/// keeps the [`RegisteredType`].
#[derive(Clone, Copy, Debug)]
pub struct TypeIdentity {
    pub(crate) id: u32,
    pub(crate) depth: u32,
    pub(crate) supertypes: *const u32,
}

impl TypeRegistry {
    /// An empty one.
    pub fn new() -> Arc<TypeRegistry> {
        Arc::default()
    }

    /// The canonical form of a function type that stands alone: final, without a supertype. Concrete heap types in it are canonical
    /// numbers of this registry already, of types that the caller keeps meanwhile.
    ///
    /// # Panics
    ///
    /// When 2³¹ types have been registered in the life of the process; when a type that `ty` refers to is not in use.
    pub fn register(self: &Arc<Self>, ty: &FuncType) -> Arc<RegisteredType> {
        self.register_alone(SubType { is_final: true, supertype: None, composite: CompositeType::Func(ty.clone()) })
    }

    /// The canonical form of a type that is a recursion group of its own. Concrete heap types in it and its supertype are canonical
    /// numbers of this registry already, of types that the caller keeps meanwhile; that it matches its supertype, the caller has seen.
    ///
    /// # Panics
    ///
    /// As [`register`](Self::register).
    pub fn register_alone(self: &Arc<Self>, ty: SubType) -> Arc<RegisteredType> {
        RegisteredType::new(&self.group([ty].into()).expect(EXHAUSTED), 0)
    }

    /// The canonical forms of all types of a module, by type index.
    ///
    /// # Errors
    ///
    /// When the description is not a sound one, or there are no more numbers.
    pub fn register_module(self: &Arc<Self>, view: &ModuleView<'_>) -> Result<Arc<[Arc<RegisteredType>]>, Refused> {
        let mut types: Vec<Arc<RegisteredType>> = Vec::with_capacity(view.types.len());
        while let Some(start) = TypeIndex::new(types.len()).filter(|start| start.index() < view.types.len()) {
            let length = view.types[start.index()..].iter().take_while(|record| record.group == start.0).count();
            let members = (0..length).map(|position| {
                let index = TypeIndex(start.0 + position as u32);
                let own = index.0..start.0 + length as u32;
                let mut ty = view.sub_type(index).ok_or(Refused::Malformed)?;
                if ty.supertype.is_some_and(|supertype| own.contains(&supertype.0)) {
                    return Err(Refused::Malformed);
                }
                let mut sound = true;
                ty.for_each_index(|index| match index.0.checked_sub(start.0) {
                    Some(position) if (position as usize) < length => index.0 = IN_GROUP + position,
                    _ => match types.get(index.index()) {
                        Some(known) => index.0 = known.id,
                        None => sound = false,
                    },
                });
                if sound { Ok(ty) } else { Err(Refused::Malformed) }
            });
            let members = members.collect::<Result<Arc<[SubType]>, Refused>>()?;
            if members.is_empty() {
                return Err(Refused::Malformed);
            }
            let group = self.group(members).ok_or(Refused::Exhausted)?;
            types.extend((0..length).map(|position| RegisteredType::new(&group, position)));
        }
        Ok(types.into())
    }

    /// The type with this number, while somebody keeps it.
    pub fn by_id(&self, id: u32) -> Option<Arc<RegisteredType>> {
        let nearest = self.lock().by_id.range(..=id).next_back().map(|(_, group)| group.clone());
        // Not before the lock is open: this may come to be the last reference.
        let group = nearest?.upgrade()?;
        let position = (id - group.first) as usize;
        (position < group.members.len()).then(|| RegisteredType::new(&group, position))
    }

    /// How many recursion groups are in use. A type that stands alone is a group.
    pub fn count(&self) -> usize {
        self.lock().by_structure.len()
    }

    /// The group of this structure, in which types of the group are their positions plus [`IN_GROUP`] and others are numbers of
    /// types that the caller keeps; `None` when there are no more numbers.
    fn group(self: &Arc<Self>, structure: Arc<[SubType]>) -> Option<Arc<RecGroup>> {
        let mut groups = self.lock();
        // A dead entry is one whose owner waits for this lock in its `drop`; it is replaced, and the owner will see that.
        if let Some(alive) = groups.by_structure.get(&structure).and_then(|(_, group)| group.upgrade()) {
            return Some(alive);
        }
        let first = next_ids(structure.len())?;
        let mut outer: BTreeMap<u32, Arc<RecGroup>> = BTreeMap::new();
        let mut canonical = |index: &mut TypeIndex| {
            if index.0 >= IN_GROUP {
                index.0 = first + (index.0 - IN_GROUP);
            } else {
                let (first, group) = groups.by_id.range(..=index.0).next_back().expect("the caller keeps the type");
                outer.entry(*first).or_insert_with(|| group.upgrade().expect("the caller keeps the type"));
            }
        };
        let canonical: Vec<SubType> = structure
            .iter()
            .map(|ty| {
                let mut ty = ty.clone();
                ty.for_each_index(&mut canonical);
                ty
            })
            .collect();
        let mut members: Vec<Member> = Vec::with_capacity(canonical.len());
        for (id, ty) in (first..).zip(canonical) {
            let above = match ty.supertype {
                None => &[][..],
                // Declared before it, as validation and `register_module` see to.
                Some(above) if above.0 >= first => &members[(above.0 - first) as usize].supertypes,
                Some(above) => outer
                    .range(..=above.0)
                    .next_back()
                    .and_then(|(first, group)| group.members.get((above.0 - first) as usize))
                    .map_or(&[][..], |above| &above.supertypes),
            };
            let supertypes = above.iter().copied().chain([id]).collect();
            members.push(Member { composite: ty.composite, supertypes });
        }
        let registry = self.clone();
        let group =
            Arc::new(RecGroup { first, structure: structure.clone(), members: members.into(), outer, registry });
        groups.by_structure.insert(structure, (first, Arc::downgrade(&group)));
        groups.by_id.insert(first, Arc::downgrade(&group));
        Some(group)
    }

    fn lock(&self) -> MutexGuard<'_, Groups> {
        // The two maps change together, by operations that do not panic in between: a panic elsewhere leaves them sound.
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a host that makes so many types itself may not go on.
const EXHAUSTED: &str = "a host does not register 2^31 types";

/// As many numbers in a row that nothing has had before; the first. `None` when there are not so many.
fn next_ids(count: usize) -> Option<u32> {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    // Exhaustion must not wrap: a number that comes back would let a call through to a function of another type.
    NEXT.try_update(Ordering::Relaxed, Ordering::Relaxed, |id| {
        id.checked_add(u32::try_from(count).ok()?).filter(|next| *next <= IN_GROUP)
    })
    .ok()
}

impl RegisteredType {
    fn new(group: &Arc<RecGroup>, position: usize) -> Arc<RegisteredType> {
        Arc::new(RegisteredType { id: group.first + position as u32, group: group.clone() })
    }

    /// What it is made of. Concrete heap types in it hold canonical numbers in place of type indices.
    #[inline]
    pub fn composite(&self) -> &CompositeType {
        &self.member().composite
    }

    /// The function type; the one without parameters and results when it is none, which only a forged image can bring about.
    #[inline]
    pub fn func(&self) -> &FuncType {
        static NOTHING: LazyLock<FuncType> = LazyLock::new(FuncType::default);
        self.composite().as_func().unwrap_or_else(|| &NOTHING)
    }

    /// Whether no type may have it as its supertype.
    pub fn is_final(&self) -> bool {
        self.group.structure[(self.id - self.group.first) as usize].is_final
    }

    /// The canonical numbers of the types that it matches by declaration (§3.3.3): from the one without a supertype down to itself.
    pub fn supertypes(&self) -> &[u32] {
        &self.member().supertypes
    }

    /// The type with this number, one of [`supertypes`](Self::supertypes).
    pub(crate) fn supertype(self: &Arc<Self>, id: u32) -> Option<Arc<RegisteredType>> {
        if id == self.id { Some(self.clone()) } else { self.registry().by_id(id) }
    }

    fn member(&self) -> &Member {
        &self.group.members[(self.id - self.group.first) as usize]
    }

    /// The engine's types, of which it is one.
    pub fn registry(&self) -> &Arc<TypeRegistry> {
        &self.group.registry
    }

    /// Whether what is of this type is of type `other` as well, which is a number of the same registry: it is this type, or declares that
    /// as a supertype, itself or by its supertypes.
    pub fn is_declared(&self, other: u32) -> bool {
        self.member().supertypes.contains(&other)
    }

    /// What a reference to a function of this type says of it.
    pub fn identity(&self) -> TypeIdentity {
        let supertypes = &self.member().supertypes;
        TypeIdentity { id: self.id, depth: supertypes.len() as u32 - 1, supertypes: supertypes.as_ptr() }
    }

    /// The same type in another registry: itself, in its own.
    pub fn in_registry(self: &Arc<Self>, registry: &Arc<TypeRegistry>) -> Arc<RegisteredType> {
        if Arc::ptr_eq(self.registry(), registry) {
            return self.clone();
        }
        // Groups after those that they refer to. Chains can be as long as a module has types: nothing recurses.
        let mut done: HashMap<u32, Arc<RecGroup>> = HashMap::new();
        let mut entered = HashSet::new();
        let mut open = vec![self.group.clone()];
        while let Some(group) = open.last().cloned() {
            if entered.insert(group.first) {
                open.extend(group.outer.values().filter(|outer| !entered.contains(&outer.first)).cloned());
                continue;
            }
            open.pop();
            if done.contains_key(&group.first) {
                continue;
            }
            let translate = |index: &mut TypeIndex| {
                if index.0 < IN_GROUP {
                    let outer = group.outer.range(..=index.0).next_back();
                    let (first, _) = outer.expect("a group keeps those that it refers to");
                    index.0 = done[first].first + (index.0 - first);
                }
            };
            let structure = group.structure.iter().map(|ty| {
                let mut ty = ty.clone();
                ty.for_each_index(translate);
                ty
            });
            let structure = structure.collect();
            done.insert(group.first, registry.group(structure).expect(EXHAUSTED));
        }
        RegisteredType::new(&done[&self.group.first], (self.id - self.group.first) as usize)
    }
}

impl Drop for RecGroup {
    fn drop(&mut self) {
        {
            let mut groups = self.registry.lock();
            if groups.by_structure.get(&self.structure).is_some_and(|(first, _)| *first == self.first) {
                groups.by_structure.remove(&self.structure);
            }
            groups.by_id.remove(&self.first);
        }
        // A chain of groups can be as long as a module has types, so one does not drop the next from within its own drop.
        let mut outer: Vec<_> = mem::take(&mut self.outer).into_values().collect();
        while let Some(group) = outer.pop() {
            if let Some(mut last) = Arc::into_inner(group) {
                outer.extend(mem::take(&mut last.outer).into_values());
            }
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
        write!(f, "RegisteredType({}: {})", self.id, self.composite())
    }
}

/// `ty` with the canonical number in place of a module's type index. A type that has no number keeps its index: only a
/// forged image has one.
pub fn canonical(ty: RefType, types: &[Arc<RegisteredType>]) -> RefType {
    let id = |index: TypeIndex| TypeIndex(types.get(index.index()).map_or(index.0, |registered| registered.id));
    RefType { heap: ty.heap.with_concrete(id), ..ty }
}

/// [`canonical`] for any type of value.
pub fn canonical_value(ty: ValType, types: &[Arc<RegisteredType>]) -> ValType {
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
    use tancho_abi::types::HeapType;

    fn ty(params: usize) -> FuncType {
        FuncType { params: vec![ValType::I32; params].into(), results: Box::default() }
    }

    #[test]
    fn equal_types_are_one() {
        let registry = TypeRegistry::new();
        let (a, b, c) = (registry.register(&ty(1)), registry.register(&ty(1)), registry.register(&ty(2)));
        assert!(a.id == b.id && a.id != c.id && a.id != 0);
        let former = a.id;
        drop((a, b));
        assert_eq!(registry.count(), 1);
        assert_ne!(registry.register(&ty(1)).id, former);
        drop(c);
        assert_eq!(registry.count(), 0);
    }

    /// A reference to the type with this number, or at this position of the group.
    fn to(id: u32) -> ValType {
        ValType::Ref(RefType { nullable: false, heap: HeapType::ConcreteFunc(TypeIndex(id)) })
    }

    fn id_of(ty: &ValType) -> u32 {
        match ty {
            ValType::Ref(RefType { heap: HeapType::ConcreteFunc(id), .. }) => id.0,
            _ => 0,
        }
    }

    fn sub(is_final: bool, supertype: Option<u32>, params: &[ValType]) -> SubType {
        let ty = FuncType { params: params.into(), results: Box::default() };
        SubType { is_final, supertype: supertype.map(TypeIndex), composite: CompositeType::Func(ty) }
    }

    fn group(registry: &Arc<TypeRegistry>, types: &[SubType]) -> Vec<Arc<RegisteredType>> {
        let group = registry.group(types.into()).unwrap();
        (0..types.len()).map(|position| RegisteredType::new(&group, position)).collect()
    }

    #[test]
    fn groups_are_what_is_compared() {
        let registry = TypeRegistry::new();
        let pair = [sub(true, None, &[to(IN_GROUP + 1)]), sub(true, None, &[to(IN_GROUP)])];
        let (one, two) = (group(&registry, &pair), group(&registry, &pair));
        assert!(one[0].id == two[0].id && one[1].id == two[1].id && one[0].id != one[1].id);
        assert_eq!(one[0].func().params[..], [to(one[1].id)]);
        // The same function type alone, not final, with a supertype, or elsewhere in a group, is another type.
        let alone = registry.register(&ty(0));
        let open = group(&registry, &[sub(false, None, &[])]).remove(0);
        let below = group(&registry, &[sub(true, Some(open.id), &[])]).remove(0);
        let twice = group(&registry, &[sub(true, None, &[]), sub(true, None, &[])]);
        let ids = [alone.id, open.id, below.id, twice[0].id, twice[1].id];
        assert_eq!(HashSet::from(ids).len(), ids.len());
        // A type that refers to another group keeps it.
        let user = registry.register(&FuncType { params: [to(one[1].id)].into(), results: Box::default() });
        let former = one[1].id;
        drop((one, two));
        assert_eq!(group(&registry, &pair)[1].id, former);
        assert_eq!(registry.by_id(former).map(|ty| ty.id), Some(former));
        drop((user, alone, open, below, twice));
        assert!(registry.count() == 0 && registry.by_id(former).is_none() && registry.lock().by_id.is_empty());
    }

    #[test]
    fn supertypes_are_those_that_are_declared() {
        let registry = TypeRegistry::new();
        let root = group(&registry, &[sub(false, None, &[])]).remove(0);
        // Two in one group, the second below the first.
        let pair = [sub(false, Some(root.id), &[]), sub(false, Some(IN_GROUP), &[])];
        let pair = group(&registry, &pair);
        let other = group(&registry, &[sub(false, Some(root.id), &[])]).remove(0);
        let all = [&root, &pair[0], &pair[1], &other];
        let declared = all.map(|this| all.map(|other| this.is_declared(other.id)));
        let expected = [
            [true, false, false, false],
            [true, true, false, false],
            [true, true, true, false],
            [true, false, false, true],
        ];
        assert_eq!(declared, expected);
        assert_eq!(all.map(|ty| ty.identity().depth), [0, 1, 2, 1]);
        let identity = pair[1].identity();
        // SAFETY: the type is kept, and has as many supertypes.
        let supertypes = unsafe { std::slice::from_raw_parts(identity.supertypes, 3) };
        assert_eq!(supertypes, [root.id, pair[0].id, pair[1].id]);
    }

    #[test]
    fn long_chains_come_and_go() {
        let (one, two) = (TypeRegistry::new(), TypeRegistry::new());
        let mut last = one.register(&ty(1));
        // Miri is some thousand times as slow.
        let length = if cfg!(miri) { 60 } else { 200_000 };
        for _ in 0..length {
            last = one.register(&FuncType { params: [to(last.id)].into(), results: Box::default() });
        }
        let again = last.in_registry(&two);
        assert_eq!((one.count(), two.count()), (length + 1, length + 1));
        assert!(again.id != last.id && again.in_registry(&one).id == last.id);
        drop((last, again));
        assert_eq!((one.count(), two.count()), (0, 0));
    }

    #[test]
    fn types_are_the_same_in_another_registry() {
        let (one, two) = (TypeRegistry::new(), TypeRegistry::new());
        let root = group(&one, &[sub(false, None, &[])]).remove(0);
        let pair = [sub(false, Some(root.id), &[to(IN_GROUP + 1)]), sub(true, Some(IN_GROUP), &[to(root.id)])];
        let pair = group(&one, &pair);
        let moved = [&root, &pair[0], &pair[1]].map(|ty| ty.in_registry(&two));
        assert!(moved[2].is_declared(moved[1].id) && moved[2].is_declared(moved[0].id));
        assert_eq!(moved[1].func().params[..], [to(moved[2].id)]);
        assert_eq!(pair[1].in_registry(&two).id, moved[2].id);
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
        let (count, rounds) = if cfg!(miri) { (4, 12) } else { (16, 10_000) };
        let threads: Vec<_> = (0..count)
            .map(|thread| {
                let registry = registry.clone();
                std::thread::spawn(move || {
                    for round in 0..rounds {
                        let wanted = ty((thread + round) % 4);
                        let one = registry.register(&wanted);
                        let two = registry.register(&wanted);
                        assert!(one.id == two.id && *one.func() == wanted && *two.func() == wanted);
                        // A type that refers to one that comes and goes, and is looked for by all threads.
                        let user = FuncType { params: [to(one.id)].into(), results: Box::default() };
                        let (a, b) = (registry.register(&user), registry.by_id(one.id));
                        assert!(b.is_some_and(|b| b.id == one.id) && registry.register(&user).id == a.id);
                        drop((one, two));
                        assert!(registry.register(&wanted).id == a.func().params[..].iter().map(id_of).sum::<u32>());
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(registry.count(), 0);
    }
}
