//! Types of functions: registered with an engine, so that the same type is the same number.
//!
//! `types` has them for what they are of; modules, handles and host functions are described by them.

use crate::engine::Engine;
use crate::types::{HeapType, ValType};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use tancho_abi::types as abi;
use tancho_runtime::types::{RegisteredType, TypeRegistry};

/// The type of a function. Cheap to clone.
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
        // Kept until the new type keeps what it refers to.
        let own = |ty: ValType| ty.in_registry(engine.types());
        let params: Vec<ValType> = params.into_iter().map(own).collect();
        let results: Vec<ValType> = results.into_iter().map(own).collect();
        FuncType(engine.types().register(&abi::FuncType {
            params: params.iter().map(ValType::abi).collect(),
            results: results.iter().map(ValType::abi).collect(),
        }))
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

    /// Whether every function of this type is one of type `other`: they are the same type, or this one declares the other as its
    /// supertype, itself or by its supertypes. That parameters and results would match is not enough (§3.3.3).
    pub fn matches(&self, other: &FuncType) -> bool {
        self.0.is_declared(other.in_registry(self.0.registry()).id())
    }

    /// The same type, of this registry.
    pub(crate) fn in_registry(&self, registry: &Arc<TypeRegistry>) -> FuncType {
        FuncType(self.0.in_registry(registry))
    }

    pub(crate) fn abi(&self) -> &abi::FuncType {
        self.0.func()
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id
    }

    pub(crate) fn registered(&self) -> &Arc<RegisteredType> {
        &self.0
    }

    /// Writes the type. Concrete types within it are written out down to `depth`: a type can refer to itself.
    fn write(&self, f: &mut fmt::Formatter<'_>, depth: u32) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, types: &mut dyn Iterator<Item = ValType>| {
            for (position, ty) in types.enumerate() {
                if position > 0 {
                    f.write_str(" ")?;
                }
                match ty.as_ref().map(|ty| (ty.is_nullable(), ty.heap_type())) {
                    Some((nullable, HeapType::ConcreteFunc(ty))) => {
                        f.write_str(if nullable { "(ref null (" } else { "(ref (" })?;
                        match depth {
                            0 => f.write_str("...")?,
                            _ => ty.write(f, depth - 1)?,
                        }
                        f.write_str("))")?;
                    }
                    _ => write!(f, "{ty}")?,
                }
            }
            Ok(())
        };
        f.write_str("[")?;
        list(f, &mut self.params())?;
        f.write_str("] -> [")?;
        list(f, &mut self.results())?;
        f.write_str("]")
    }
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
        self.write(f, 1)
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 1)
    }
}
