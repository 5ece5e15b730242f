//! Bytes that mean harm.
