//! Types of memories as users see them, and what makes them.

use super::Maximum;
use crate::error::{Error, Result};
use std::fmt;

/// The type of a memory.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType {
    pub(super) minimum: u64,
    pub(super) maximum: Option<u64>,
    pub(super) index64: bool,
    pub(super) shared: bool,
    pub(super) page_size_log2: u8,
}

impl MemoryType {
    /// The type of 32-bit memories of at least `minimum` pages of 64 KiB and at most `maximum`.
    pub fn new(minimum: u32, maximum: Option<u32>) -> MemoryType {
        MemoryType {
            minimum: minimum.into(),
            maximum: maximum.map(u64::from),
            index64: false,
            shared: false,
            page_size_log2: DEFAULT_PAGE_SIZE_LOG2,
        }
    }

    /// The same for memories that are indexed by `i64`.
    pub fn new64(minimum: u64, maximum: Option<u64>) -> MemoryType {
        MemoryType { minimum, maximum, index64: true, shared: false, page_size_log2: DEFAULT_PAGE_SIZE_LOG2 }
    }

    /// For types that these two do not make.
    pub fn builder() -> MemoryTypeBuilder {
        MemoryTypeBuilder::default()
    }

    /// How many pages it has at least.
    pub const fn minimum(&self) -> u64 {
        self.minimum
    }

    /// How many pages it may have at most; `None` when not limited.
    pub const fn maximum(&self) -> Option<u64> {
        self.maximum
    }

    /// Whether it is indexed by `i64`.
    pub const fn is_64(&self) -> bool {
        self.index64
    }

    /// Whether threads can share it.
    pub const fn is_shared(&self) -> bool {
        self.shared
    }

    /// Bytes in a page.
    pub const fn page_size(&self) -> u64 {
        match 1_u64.checked_shl(self.page_size_log2 as u32) {
            Some(size) => size,
            None => u64::MAX,
        }
    }

    pub(crate) fn runtime(&self) -> tancho_runtime::memory::MemoryType {
        tancho_runtime::memory::MemoryType {
            minimum: self.minimum,
            maximum: self.maximum,
            index64: self.index64,
            shared: self.shared,
            page_size_log2: self.page_size_log2,
        }
    }

    /// The type of a memory that has `size` pages now (§4.5.3.1: what is imported counts as large as it is).
    pub(crate) fn of(ty: &tancho_runtime::memory::MemoryType, size: u64) -> MemoryType {
        MemoryType {
            minimum: size,
            maximum: ty.maximum,
            index64: ty.index64,
            shared: ty.shared,
            page_size_log2: ty.page_size_log2,
        }
    }
}

impl fmt::Display for MemoryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let index = if self.index64 { "i64 " } else { "" };
        let shared = if self.shared { " shared" } else { "" };
        write!(f, "{index}{}{}{shared}", self.minimum, Maximum(self.maximum))?;
        if self.page_size_log2 == DEFAULT_PAGE_SIZE_LOG2 {
            return Ok(());
        }
        write!(f, " (pagesize {})", self.page_size())
    }
}

/// log₂ of the page size of memories that say nothing of it.
const DEFAULT_PAGE_SIZE_LOG2: u8 = 16;

/// Makes a [`MemoryType`], by default of a 32-bit memory of at least no pages of 64 KiB.
#[derive(Clone, Debug)]
pub struct MemoryTypeBuilder {
    ty: MemoryType,
}

impl Default for MemoryTypeBuilder {
    fn default() -> Self {
        MemoryTypeBuilder { ty: MemoryType::new(0, None) }
    }
}

impl MemoryTypeBuilder {
    /// How many pages it has at least.
    pub fn min(&mut self, minimum: u64) -> &mut Self {
        self.ty.minimum = minimum;
        self
    }

    /// How many pages it may have at most; `None` when not limited.
    pub fn max(&mut self, maximum: Option<u64>) -> &mut Self {
        self.ty.maximum = maximum;
        self
    }

    /// Whether it is indexed by `i64`.
    pub fn memory64(&mut self, index64: bool) -> &mut Self {
        self.ty.index64 = index64;
        self
    }

    /// log₂ of the bytes in a page: 16 by default, or 0.
    pub fn page_size_log2(&mut self, log2: u8) -> &mut Self {
        self.ty.page_size_log2 = log2;
        self
    }

    /// The type.
    ///
    /// # Errors
    ///
    /// When it is none (§3.2.6): the page size is neither 1 nor 64 KiB, the minimum exceeds the maximum, or one of them is more bytes than
    /// an address of the memory can have.
    pub fn build(&self) -> Result<MemoryType> {
        let ty = &self.ty;
        if ![0, DEFAULT_PAGE_SIZE_LOG2].contains(&ty.page_size_log2) {
            return Err(Error::msg(format!("a page of 2^{} bytes is neither 1 byte nor 64 KiB", ty.page_size_log2)));
        }
        let most = if ty.index64 { u128::from(u64::MAX) + 1 } else { 1 << 32 };
        if u128::from(ty.maximum.unwrap_or(0).max(ty.minimum)) << ty.page_size_log2 > most {
            return Err(Error::msg(format!("a memory {ty} has more bytes than addresses")));
        }
        if ty.maximum.is_some_and(|maximum| maximum < ty.minimum) {
            return Err(Error::msg(format!("the minimum of a memory {ty} exceeds its maximum")));
        }
        Ok(ty.clone())
    }
}
