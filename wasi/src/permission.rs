//! What the embedder lets a guest do below a preopened directory.
//!
//! `WasiCtxBuilder::preopened_dir` takes one value of each type; whatever is opened below inherits both, and
//! `directory` and `file` ask for them on every route to an effect. They can never grow: an entry can be moved or
//! linked only to where the same or fewer permissions hold.

use bitflags::bitflags;

bitflags! {
    /// What a guest may do with a directory and its entries.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct DirPerms: u8 {
        /// Look: open what the directory names, list it, read attributes and symbolic links.
        const READ = 1;
        /// Change the directory: create, remove, rename and link entries, and set the times of an entry.
        const MUTATE = 2;
    }
}

bitflags! {
    /// What a guest may do with the files found below a directory.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct FilePerms: u8 {
        /// Read the contents of files.
        const READ = 1;
        /// Change files: their contents, their size and their times.
        const WRITE = 2;
    }
}
