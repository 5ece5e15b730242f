//! What an image says of the exceptions that its code catches: which calls are within the reach of handlers, and of which.
//!
//! Written by the emitter from what the compiler reports, checked by the loader, followed by each throw.

use crate::module::Range;
use bytemuck::{Pod, Zeroable};

/// A call within a handler's reach, by which an exception can come: where it stands among the frames of the machine. See [`CatchRecord`].
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct CatchSiteRecord {
    /// Stack pointer at the call, and at the landing pads = the function's frame pointer - this.
    pub frame_offset: u32,
    /// Where the function's vmctx stands: above the stack pointer. [`NONE`](crate::module::NONE) where only handlers of all exceptions are.
    pub context: u32,
    /// The handlers, the first that catches an exception before the others: a range of `catches`.
    pub catches: Range,
}

/// A handler of exceptions.
///
/// A throw walks the frames outwards. For each it looks the return address up in `catch_addresses`, which are sorted; the
/// [`CatchSiteRecord`] at the same position of `catch_sites` names the handlers in force at that call, those of inner constructs before
/// those of outer ones. `tag` is an index of the function's own module, so it means a tag of the instance whose vmctx stands in the
/// frame. Execution goes on at `landing` with the address of the values ([`ValRaw`](crate::vmctx::ValRaw)s, good until the next call) in the
/// first payload register and the reference, or 0, in the second.
///
/// ```text
/// catch_addresses   0x1a     0x52     0x90
/// catch_sites       │        {48, 8, 1..3}
/// catches           …        {tag 0, 0xc0, 0} {any, 0xd4, 1}
/// ```
///
/// An exception that comes out of the call that returns to 0x52 is caught at 0xc0 when its tag is the instance's tag 0, else at 0xd4.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct CatchRecord {
    /// Index of the tag, or [`NONE`](crate::module::NONE) for all exceptions.
    pub tag: u32,
    /// The landing pad, from the start of the text.
    pub landing: u32,
    /// 1 when the handler takes a reference to the exception, which is made for it.
    pub reference: u32,
}
