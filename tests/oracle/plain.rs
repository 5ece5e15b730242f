//! What an engine must be to be compared: start a module, call it, show what became of its state.
//!
//! `tancho` and `wasmi` beside this file do it, and the fuzz targets have one more.

use super::shape::{Shape, Signature};
use super::value::{Stop, Type, Value};

/// The exported global that holds how many loops and calls a module may still make (see `generate`).
pub const FUEL: &str = "tancho-fuel";

/// Why a module did not start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It is not valid, or exceeds a limit.
    Invalid(String),
    /// A segment or its start function trapped.
    Stopped(Stop),
}

/// The state of an instance that can be seen from outside.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// Exported globals.
    pub globals: Vec<(String, Value)>,
    /// Exported memories: their bytes and their digest.
    pub memories: Vec<(String, usize, blake3::Hash)>,
    /// Exported tables: their entries, in the words of values.
    pub tables: Vec<(String, Vec<Value>)>,
    /// What the host's functions were called with.
    pub host: Host,
}

impl Seen {
    /// Adds an exported memory.
    pub fn memory(&mut self, name: &str, bytes: &[u8]) {
        self.memories.push((name.to_owned(), bytes.len(), blake3::hash(bytes)));
    }
}

/// An engine with one configuration.
pub trait Subject {
    /// What to call it.
    fn name(&self) -> String;

    /// Instantiates a module, whose imports are functions of [`Host`].
    ///
    /// # Errors
    ///
    /// When it is refused or traps on the way.
    fn start(&self, wasm: &[u8], shape: &Shape) -> Result<Box<dyn Running>, Refusal>;
}

/// An instance.
pub trait Running {
    /// Calls an exported function.
    ///
    /// # Errors
    ///
    /// When it traps.
    fn call(&mut self, function: &str, arguments: &[Value], results: &[Type]) -> Result<Vec<Value>, Stop>;

    /// Sets the exported global [`FUEL`], where there is one.
    fn refuel(&mut self, fuel: i32);

    /// What can be seen of it.
    fn look(&mut self, shape: &Shape) -> Seen;
}

/// The host's side of a module's imports: every function returns what follows from all calls before it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Host {
    calls: u64,
    hash: u64,
}

impl Host {
    /// A call of the import called `name`.
    pub fn called(&mut self, name: &str, signature: &Signature, arguments: &[Value]) -> Vec<Value> {
        self.calls += 1;
        let mut mix = |bits: u64| {
            self.hash = (self.hash ^ bits).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.hash ^= self.hash >> 29;
        };
        name.bytes().for_each(|byte| mix(byte.into()));
        for argument in arguments {
            let bits = argument.bits();
            mix(bits as u64);
            mix((bits >> 64) as u64);
        }
        let hash = u128::from(self.hash) | u128::from(self.hash.rotate_left(17)) << 64;
        let result = |ty: &Type| match ty {
            // No NaN: which one it is would be for the module to see.
            Type::F32 => Value::F32((f32::from(hash as u8) / 4.0).to_bits()),
            Type::F64 => Value::F64((f64::from(hash as u16) / 4.0).to_bits()),
            ty => Value::from_bits(*ty, hash),
        };
        signature.results.iter().map(result).collect()
    }
}
