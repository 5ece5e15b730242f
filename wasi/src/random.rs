//! Random bytes from the host's generator.
//!
//! The faces hand in the guest's own memory, which is filled in place; nothing is allocated, however much is asked
//! for.

use crate::failure::retry;
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

/// How much one system call fills: little enough that no call takes long.
const CHUNK: usize = 64 * 1024;

/// Fills `buffer` with bytes fit for cryptography.
///
/// Blocks until the host's generator is seeded. Fails only where the host has none.
pub(crate) fn fill(buffer: &mut [u8]) -> Result<(), Errno> {
    for chunk in buffer.chunks_mut(CHUNK) {
        let mut rest = chunk;
        while !rest.is_empty() {
            let filled = retry(|| getrandom(&mut *rest, GetRandomFlags::empty()))?;
            rest = rest.get_mut(filled..).ok_or(Errno::IO)?;
            if filled == 0 {
                return Err(Errno::IO);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_every_byte_of_any_length() {
        for length in [0, 1, 255, 256, 257, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7] {
            let mut seen = vec![0_u8; length];
            // A byte stays 0 in one filling with probability 1/256, in 16 of them never.
            for _ in 0..16 {
                let mut bytes = vec![0; length];
                fill(&mut bytes).unwrap();
                seen.iter_mut().zip(bytes).for_each(|(all, byte)| *all |= byte);
            }
            assert!(seen.iter().all(|byte| *byte != 0), "a byte of {length} was never filled");
        }
    }
}
