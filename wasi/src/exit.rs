//! The error by which a guest's orderly exit reaches the embedder.
//!
//! `proc_exit` raises it; an embedder finds it with `error.downcast_ref::<I32Exit>()` and takes the number as the
//! exit status of its own process.

use std::error::Error;
use std::fmt;

/// A guest ended itself with this status (`proc_exit`).
///
/// It is an error only in form: it unwinds the guest. Status 0 is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct I32Exit(pub i32);

impl fmt::Display for I32Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exited with status {}", self.0)
    }
}

impl Error for I32Exit {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_its_status() {
        assert_eq!(I32Exit(7).to_string(), "exited with status 7");
    }
}
