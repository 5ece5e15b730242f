//! Backtraces: the functions that were being executed.
//!
//! Made by `call` after a trap and by `store` for a host function; shown by the embedding API.

use super::frame::Trace;
use crate::code::Code;
use std::sync::Arc;
use tancho_abi::index::FunctionIndex;

/// A function that was being executed.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The code that it belongs to.
    pub code: Arc<Code>,
    /// Which function of its module.
    pub function: FunctionIndex,
    /// Where it stood in the WebAssembly file, where that is known.
    pub wasm_offset: Option<u32>,
}

/// The functions that were being executed, innermost first.
#[derive(Clone, Debug, Default)]
pub struct Backtrace {
    /// Those that were kept.
    pub frames: Vec<Frame>,
    /// How many frames outside of these were not kept. Counting ends at 4,096: then there are at least so many.
    pub truncated: usize,
}

impl Backtrace {
    /// What the places of a trace are.
    ///
    /// # Safety
    ///
    /// The code in which the places lie must be alive: the stores to which it belongs have not been dropped since.
    pub(crate) unsafe fn of(trace: &Trace) -> Backtrace {
        let mut frames = Vec::new();
        let mut truncated = trace.more();
        for place in trace.places() {
            // SAFETY: the caller says so.
            let Some(code) = (unsafe { Code::find_owned(place) }) else { continue };
            let Ok(offset) = u32::try_from(place - code.text().start) else { continue };
            // Trampolines belong to no function.
            for (function, wasm_offset) in code.view().frames_at(offset) {
                if frames.len() < trace.limit() {
                    frames.push(Frame { code: Arc::clone(&code), function, wasm_offset });
                } else {
                    truncated += 1;
                }
            }
        }
        Backtrace { frames, truncated }
    }
}
