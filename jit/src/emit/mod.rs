//! Emit: from compiled functions to an image.
//!
//! The last stage of the pipeline: `code` is what it begins with, `frameless` takes frames out of it that nobody needs, `exit` is code of its own, `link` places the code and resolves calls within it, `tables` collects what the
//! runtime searches by address, `memory` lays out initial memories, `image` writes it all.

pub(crate) mod code;
pub(crate) mod exit;
mod frameless;
pub(crate) mod image;
pub(crate) mod link;
pub(crate) mod memory;
mod place;
pub(crate) mod tables;
