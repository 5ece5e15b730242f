//! The differential machinery: what makes modules, what runs them in two engines, and what says where they differ.
//!
//! Called by the tests of this crate (`differential`, `operand`, `hostile`, `address`, `atomic`, `exception_ops`, `gc_ops`, `shadow`) and by the fuzz targets. Everything is made
//! from a seed, so whatever is found can be made again.

pub mod address;
pub mod atomic;
pub mod differential;
pub mod exception;
pub mod gc;
#[cfg(feature = "modules")]
pub mod generate;
pub mod hostile;
pub mod operator;
pub mod plain;
pub mod reference;
pub mod row;
pub mod seed;
pub mod shadow;
pub mod shape;
pub mod swarm;
pub mod switch;
pub mod tancho;
pub mod value;
#[cfg(feature = "engines")]
pub mod wasmi;
