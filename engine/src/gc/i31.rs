//! Integers of 31 bits, which are references that refer to nothing.
//!
//! Users make and read them; typed calls pass them as they are.

use std::fmt;
use tancho_abi::object::i31_reference;

/// An integer of 31 bits (§2.3.4), signed or not as one looks at it.
///
/// ```
/// # use tancho::I31;
/// let value = I31::wrapping_i32(-1);
/// assert_eq!((value.get_i32(), value.get_u32()), (-1, 0x7fff_ffff));
/// assert_eq!(I31::new_u32(1 << 31), None);
/// assert_eq!(I31::wrapping_u32(1 << 31).get_u32(), 0);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct I31(u32);

/// The bits that an integer has.
const MASK: u32 = 0x7fff_ffff;

impl I31 {
    /// This unsigned integer; `None` when it does not fit.
    pub const fn new_u32(value: u32) -> Option<I31> {
        if value <= MASK { Some(I31(value)) } else { None }
    }

    /// This signed integer; `None` when it does not fit.
    pub const fn new_i32(value: i32) -> Option<I31> {
        if value >= -(1 << 30) && value < 1 << 30 { Some(I31::wrapping_i32(value)) } else { None }
    }

    /// The lowest 31 bits of this integer.
    pub const fn wrapping_u32(value: u32) -> I31 {
        I31(value & MASK)
    }

    /// The lowest 31 bits of this integer.
    pub const fn wrapping_i32(value: i32) -> I31 {
        I31(value.cast_unsigned() & MASK)
    }

    /// It as an unsigned integer.
    pub const fn get_u32(self) -> u32 {
        self.0
    }

    /// It as a signed integer.
    pub const fn get_i32(self) -> i32 {
        (self.0 << 1).cast_signed() >> 1
    }

    /// What compiled code has for it.
    pub(crate) const fn reference(self) -> u32 {
        i31_reference(self.0)
    }

    /// From what compiled code has for an `i31`.
    pub(crate) const fn of_reference(reference: u32) -> I31 {
        I31(reference >> 1)
    }
}

impl fmt::Debug for I31 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("I31").field(&self.get_i32()).finish()
    }
}
