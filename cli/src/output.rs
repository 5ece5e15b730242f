//! The guest's standard streams where more is wanted than to hand them on: a digest of what is written, and streams that look the same
//! whatever stands behind them.
//!
//! Made by `command::run`.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// The digest of what was written to a stream.
#[derive(Clone, Default)]
pub(crate) struct Digest(Arc<Mutex<blake3::Hasher>>);

impl Digest {
    /// BLAKE3 of all that was written so far, in hexadecimal digits.
    pub(crate) fn hex(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).finalize().to_hex().to_string()
    }
}

/// Writes all that it is given to `stream`, and what was written to `digest`.
pub(crate) struct Whole<S> {
    stream: S,
    digest: Digest,
}

impl<S> Whole<S> {
    pub(crate) fn new(stream: S, digest: Digest) -> Whole<S> {
        Whole { stream, digest }
    }
}

impl<S: Write> Write for Whole<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write_all(bytes)?;
        self.digest.0.lock().unwrap_or_else(PoisonError::into_inner).update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Reads as much as is asked for, unless the end comes first: how the bytes arrive does not show.
pub(crate) struct Patient<S>(pub(crate) S);

impl<S: Read> Read for Patient<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.0.read(rest) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if filled == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(filled)
    }

    fn read_vectored(&mut self, buffers: &mut [io::IoSliceMut<'_>]) -> io::Result<usize> {
        let mut total = 0;
        for buffer in buffers {
            let count = self.read(buffer)?;
            total += count;
            if count < buffer.len() {
                break;
            }
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_of_what_was_written() {
        let digest = Digest::default();
        let mut whole = Whole::new(Vec::new(), digest.clone());
        whole.write_all(b"ab").and_then(|()| whole.write_all(b"c")).expect("a vector takes everything");
        assert_eq!(whole.stream, b"abc");
        assert_eq!(digest.hex(), blake3::hash(b"abc").to_hex().to_string());
    }

    #[test]
    fn how_bytes_arrive_does_not_show() {
        struct Drops(u8);
        impl Read for Drops {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if self.0 == 0 || buffer.is_empty() {
                    return Ok(0);
                }
                buffer[0] = self.0;
                self.0 -= 1;
                Ok(1)
            }
        }
        let mut patient = Patient(Drops(5));
        let (mut one, mut two) = ([0; 2], [0; 9]);
        let read = patient.read_vectored(&mut [io::IoSliceMut::new(&mut one), io::IoSliceMut::new(&mut two)]);
        assert_eq!(read.ok(), Some(5));
        assert_eq!((one, &two[..4]), ([5, 4], &[3, 2, 1, 0][..]));
    }
}
