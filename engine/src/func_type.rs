//! Types of functions: registered with an engine, so that the same type is the same number.
//!
//! `types` has them for what they are of; modules, handles and host functions are described by them.

use crate::engine::Engine;
use crate::error::Result;
use crate::types::{Finality, ValType, declare, finality_of, supertype_of, write_type};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use tancho_abi::types as abi;
use tancho_runtime::types::{RegisteredType, TypeRegistry};

/// The type of a function. Cheap to clone.
///
/// ```
/// # use tancho::{Engine, FuncType, ValType};
/// let engine = Engine::default();
/// let ty = FuncType::new(&engine, [ValType::I32, ValType::F64], [ValType::I64]);
/// assert_eq!(ty.params().len(), 2);
/// assert!(ty.result(0).is_some_and(|ty| ty.is_i64()));
/// // The same type of another engine is the same type.
/// assert_eq!(ty, FuncType::new(&Engine::default(), [ValType::I32, ValType::F64], [ValType::I64]));
/// ```
#[derive(Clone)]
pub struct FuncType(Arc<RegisteredType>);

impl FuncType {
    /// The type of functions from `params` to `results`: final, and without a supertype. It may be used with every engine;
    /// with `engine` it is quickest.
    pub fn new(
        engine: &Engine,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        let (_kept, composite) = composite(engine, params, results);
        FuncType(engine.types().register_alone(abi::SubType { is_final: true, supertype: None, composite }))
    }

    /// The type of functions from `params` to `results` with this supertype.
    ///
    /// # Errors
    ///
    /// When `supertype` is final, has 63 supertypes above it, or is not matched by the new type: parameters may be wider than its own and
    /// results narrower (§3.3.8).
    pub fn with_finality_and_supertype(
        engine: &Engine,
        finality: Finality,
        supertype: Option<&FuncType>,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> Result<FuncType> {
        let (_kept, composite) = composite(engine, params, results);
        declare(engine, finality, supertype.map(FuncType::registered), composite).map(FuncType)
    }

    pub(crate) fn of(registered: Arc<RegisteredType>) -> FuncType {
        FuncType(registered)
    }

    /// The types of the parameters.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.0.func().params.iter().map(|ty| ValType::of(*ty, self.0.registry()))
    }

    /// The types of the results.
    pub fn results(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.0.func().results.iter().map(|ty| ValType::of(*ty, self.0.registry()))
    }

    /// The type of parameter `index`; `None` when there are fewer.
    pub fn param(&self, index: usize) -> Option<ValType> {
        self.0.func().params.get(index).map(|ty| ValType::of(*ty, self.0.registry()))
    }

    /// The type of result `index`; `None` when there are fewer.
    pub fn result(&self, index: usize) -> Option<ValType> {
        self.0.func().results.get(index).map(|ty| ValType::of(*ty, self.0.registry()))
    }

    /// Whether it may be the supertype of others.
    pub fn finality(&self) -> Finality {
        finality_of(&self.0)
    }

    /// The type that it declares as its supertype.
    pub fn supertype(&self) -> Option<FuncType> {
        supertype_of(&self.0).map(FuncType)
    }

    /// Whether every function of this type is one of type `other`: they are the same type, or this one declares the other as its
    /// supertype, itself or by its supertypes. That parameters and results would match is not enough (§3.3.3).
    pub fn matches(&self, other: &FuncType) -> bool {
        self.0.is_declared(other.in_registry(self.0.registry()).id())
    }

    /// The same type, of this registry.
    pub(crate) fn in_registry(&self, registry: &Arc<TypeRegistry>) -> FuncType {
        FuncType(self.0.in_registry(registry))
    }

    #[inline]
    pub(crate) fn abi(&self) -> &abi::FuncType {
        self.0.func()
    }

    #[inline]
    pub(crate) fn id(&self) -> u32 {
        self.0.id
    }

    pub(crate) fn registered(&self) -> &Arc<RegisteredType> {
        &self.0
    }
}

/// What a function type is made of, in the engine's own types, which have to be kept until the new one keeps what it refers to.
fn composite(
    engine: &Engine,
    params: impl IntoIterator<Item = ValType>,
    results: impl IntoIterator<Item = ValType>,
) -> (Vec<ValType>, abi::CompositeType) {
    let own = |ty: ValType| ty.in_registry(engine.types());
    let mut kept: Vec<ValType> = params.into_iter().map(own).collect();
    let count = kept.len();
    kept.extend(results.into_iter().map(own));
    let (params, results) = kept.split_at(count);
    let [params, results] = [params, results].map(|types| types.iter().map(ValType::abi).collect());
    (kept, abi::CompositeType::Func(abi::FuncType { params, results }))
}

impl PartialEq for FuncType {
    fn eq(&self, other: &Self) -> bool {
        // The same type has another id in another engine.
        self.id() == other.id() || self.id() == other.in_registry(self.0.registry()).id()
    }
}

impl Eq for FuncType {}

impl Hash for FuncType {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Not the id, which equal types of two engines do not share.
        (self.0.func().params.len(), self.0.func().results.len()).hash(state);
    }
}

impl fmt::Debug for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_type(&self.0, f, 1)
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_type(&self.0, f, 1)
    }
}
