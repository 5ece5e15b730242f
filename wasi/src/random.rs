//! Random bytes: from the host's generator, or from a seed.
//!
//! The faces hand in the guest's own memory, which is filled in place; nothing is allocated, however much is asked
//! for.

use crate::failure::retry;
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

/// How much one system call fills: little enough that no call takes long.
const CHUNK: usize = 64 * 1024;

/// Where a guest's random bytes come from.
#[derive(Debug)]
pub(crate) enum Random {
    /// The host: bytes fit for cryptography.
    Host,
    /// A seed: the same bytes each time, fit for nothing that must not be guessed.
    Seeded(Sequence),
}

impl Random {
    /// Bytes that follow from `seed`.
    pub(crate) fn seeded(seed: u64) -> Random {
        Random::Seeded(Sequence { state: seed, rest: [0; 8], left: 0 })
    }

    /// Fills `buffer`. Fails only where the host has no generator.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Errno> {
        match self {
            Random::Host => fill(buffer),
            Random::Seeded(sequence) => {
                buffer.fill_with(|| sequence.next());
                Ok(())
            }
        }
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014), a byte at a time: how a guest divides what it asks for changes nothing.
#[derive(Debug)]
pub(crate) struct Sequence {
    state: u64,
    rest: [u8; 8],
    /// How many bytes of `rest`, from its end, are not used yet.
    left: usize,
}

impl Sequence {
    fn next(&mut self) -> u8 {
        if self.left == 0 {
            self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = self.state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            self.rest = (mixed ^ (mixed >> 31)).to_le_bytes();
            self.left = self.rest.len();
        }
        let byte = self.rest.get(self.rest.len() - self.left).copied().unwrap_or(0);
        self.left -= 1;
        byte
    }
}

/// Fills `buffer` with bytes fit for cryptography.
///
/// Blocks until the host's generator is seeded. Fails only where the host has none.
fn fill(buffer: &mut [u8]) -> Result<(), Errno> {
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
    fn a_seed_gives_the_same_bytes_however_they_are_asked_for() {
        let mut whole = [0; 100];
        Random::seeded(7).fill(&mut whole).unwrap();
        let mut pieces = [0; 100];
        let mut random = Random::seeded(7);
        for piece in pieces.chunks_mut(3) {
            random.fill(piece).unwrap();
        }
        assert_eq!(whole, pieces);
        let mut other = [0; 100];
        Random::seeded(8).fill(&mut other).unwrap();
        assert_ne!(whole, other);
        // The first output of SplitMix64 from 0, as its authors publish it.
        let mut first = [0; 8];
        Random::seeded(0).fill(&mut first).unwrap();
        assert_eq!(u64::from_le_bytes(first), 0xE220_A839_7B1D_CDAF);
    }

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
