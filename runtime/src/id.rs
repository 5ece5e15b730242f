//! Ids: positions in the arenas of a store.
//!
//! Handed out by `store`, kept by the embedding API together with the store's identity. An id means nothing elsewhere.

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
        pub struct $name(pub(crate) u32);

        impl $name {
            pub(crate) fn position(self) -> usize {
                self.0 as usize
            }

            /// The id of the next thing of an arena that holds `count`.
            pub(crate) fn next(count: usize) -> $name {
                $name(u32::try_from(count).expect("a store's address space ends before 2^32 things"))
            }
        }
    )*};
}

id! {
    /// An instance of a store.
    InstanceId
    /// A memory of a store.
    MemoryId
    /// A table of a store.
    TableId
    /// A global of a store.
    GlobalId
    /// A tag of a store.
    TagId
}
