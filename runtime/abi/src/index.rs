//! Typed indices: one type per index space of the core specification (§2.5.1), so that two spaces cannot be mixed up.
//!
//! Used by every crate below the embedding API. Each is a `u32` with the layout of one.

use bytemuck::{Pod, Zeroable};

macro_rules! index {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Pod, Zeroable)]
        #[repr(transparent)]
        pub struct $name(pub u32);

        impl $name {
            /// The index as a position in a slice.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The index of position `index` of a slice; `None` when it does not fit 32 bits.
            pub fn new(index: usize) -> Option<Self> {
                u32::try_from(index).ok().map(Self)
            }
        }
    )*};
}

index! {
    /// A type of the module's type section.
    TypeIndex
    /// A function of the module's function index space: imports first.
    FunctionIndex
    /// A function that the module itself defines.
    DefinedFunctionIndex
    /// A table, imports first.
    TableIndex
    /// A memory, imports first.
    MemoryIndex
    /// A global, imports first.
    GlobalIndex
    /// A tag, imports first.
    TagIndex
    /// A type of structures or arrays, by its position among those of the module.
    ObjectTypeIndex
    /// A global that the module itself defines.
    DefinedGlobalIndex
    /// An element segment.
    ElementIndex
    /// A data segment.
    DataIndex
    /// A function that may be reached by reference: it has a [`VmFuncRef`](crate::vmctx::VmFuncRef) in every instance.
    EscapedIndex
}
