//! An entry of the cache: an image, signed, and after it what binds it to the place where it is looked for.
//!
//! ```text
//! 0 …           image (`tancho_abi::image`), signed with the user's key
//! length - 64   the entry's key: what was compiled, by what, with which settings
//! length - 32   BLAKE3, keyed with the user's secret, over a label, the entry's key and the image's header
//! ```
//!
//! The image's own MAC says that this user's engine has made it. The second one says of which module: without it, one sound
//! entry could be put in another's place. The header holds the digest of all of the image, which the loader compares.
//!
//! Used by `folder` alone.

use crate::error::{Error, ErrorCode, Result};
use crate::key::Key;
use std::fmt;
use std::mem::offset_of;
use tancho_abi::image::Header;

/// What an entry is found by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryKey([u8; 32]);

/// What the MAC begins with, so that it can be taken for no other made with the same secret.
const LABEL: &[u8] = b"tancho cache entry 1\n";

/// Bytes of the image that the MAC covers.
const HEADER: usize = size_of::<Header>();

/// Bytes after the image.
pub(super) const TRAILER: usize = 64;

impl EntryKey {
    /// The key of what `source`, binary or text, becomes when something that calls itself `maker` compiles it.
    pub(super) fn new(maker: &str, source: &[u8]) -> EntryKey {
        let mut hasher = blake3::Hasher::new();
        hasher.update(LABEL);
        // With its length before it, one text cannot run into the other.
        hasher.update(&(maker.len() as u64).to_le_bytes());
        hasher.update(maker.as_bytes());
        hasher.update(source);
        EntryKey(*hasher.finalize().as_bytes())
    }

    /// The file's name.
    pub(super) fn file_name(&self) -> String {
        format!("{self}.cwasm")
    }
}

impl fmt::Display for EntryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Adds the trailer to a signed image.
pub(super) fn seal(mut image: Vec<u8>, key: &EntryKey, secret: &Key) -> Vec<u8> {
    let mac = mac(&image, key, secret);
    image.extend_from_slice(&key.0);
    image.extend_from_slice(mac.as_bytes());
    image
}

/// The image in an entry that is to be found by `key`.
///
/// # Errors
///
/// When it is too short, is another module's, or was not sealed with this secret.
pub(super) fn unseal<'a>(bytes: &'a [u8], key: &EntryKey, secret: &Key) -> Result<&'a [u8]> {
    let (image, trailer) = bytes.split_last_chunk::<TRAILER>().ok_or_else(cut_short)?;
    check(image, trailer, key, secret)?;
    Ok(image)
}

/// The error of an entry that ends too soon.
pub(super) fn cut_short() -> Error {
    ErrorCode::CacheEntry.error("it was cut short")
}

/// Checks that a trailer is that of this image, in an entry that is to be found by `key`.
///
/// # Errors
///
/// As [`unseal`].
pub(super) fn check(image: &[u8], trailer: &[u8; TRAILER], key: &EntryKey, secret: &Key) -> Result<()> {
    if image.len() < HEADER {
        return Err(cut_short());
    }
    if trailer[..32] != key.0 {
        return Err(ErrorCode::CacheEntry.error("it is of another module"));
    }
    let mut found = [0; 32];
    found.copy_from_slice(&trailer[32..]);
    // Comparing two hashes of `blake3` takes the same time wherever they differ.
    if mac(image, key, secret) != blake3::Hash::from_bytes(found) {
        return Err(ErrorCode::CacheEntry.error("it was not written with this user's key"));
    }
    Ok(())
}

/// The key that an entry's trailer states, true or not.
pub(super) fn stated_key(bytes: &[u8]) -> Option<EntryKey> {
    let (_, trailer) = bytes.split_last_chunk::<TRAILER>()?;
    let mut key = [0; 32];
    key.copy_from_slice(&trailer[..32]);
    Some(EntryKey(key))
}

/// Whether the image in an entry has the digest that its header states, whatever engine and settings it is for.
pub(super) fn is_intact(image: &[u8]) -> bool {
    let (start, end) = (offset_of!(Header, digest), offset_of!(Header, mac) + 32);
    let (Some(before), Some(after)) = (image.get(..start), image.get(end..)) else { return false };
    let mut hasher = blake3::Hasher::new();
    hasher.update(before);
    hasher.update(&[0; 64]);
    hasher.update(after);
    image.get(start..start + 32) == Some(hasher.finalize().as_bytes())
}

/// The digest and the MAC, which an image's digest takes as zero, stand together.
const _: () = assert!(offset_of!(Header, digest) + 32 == offset_of!(Header, mac));

fn mac(image: &[u8], key: &EntryKey, secret: &Key) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_keyed(secret);
    hasher.update(LABEL);
    hasher.update(&key.0);
    hasher.update(&image[..HEADER.min(image.len())]);
    hasher.finalize()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_is_found_and_nothing_else() {
        let (key, other) = (EntryKey::new("maker", b"wasm"), EntryKey::new("maker", b"other"));
        let image = vec![7; 1000];
        let sealed = seal(image.clone(), &key, &[1; 32]);
        assert_eq!(unseal(&sealed, &key, &[1; 32]).unwrap(), image);
        assert!(stated_key(&sealed) == Some(key));
        for (key, secret, why) in
            [(other, [1; 32], "another module"), (key, [2; 32], "this user's key"), (other, [2; 32], "another module")]
        {
            assert!(unseal(&sealed, &key, &secret).unwrap_err().to_string().contains(why));
        }
        for length in [0, 63, 64, HEADER + TRAILER - 1] {
            assert!(unseal(&sealed[..length], &key, &[1; 32]).is_err());
        }
        // Every bit of the header and of the trailer counts; the rest is the image's own digest's matter.
        for at in (0..HEADER).chain(sealed.len() - TRAILER..sealed.len()) {
            let mut bytes = sealed.clone();
            bytes[at] ^= 1;
            assert!(unseal(&bytes, &key, &[1; 32]).is_err(), "byte {at}");
        }
    }

    #[test]
    fn keys_differ_with_what_they_are_made_of() {
        let keys = [("a", "bc"), ("ab", "c"), ("", "abc"), ("abc", "")]
            .map(|(maker, source)| EntryKey::new(maker, source.as_bytes()));
        for (position, key) in keys.iter().enumerate() {
            assert!(keys[..position].iter().all(|other| other != key));
            assert_eq!(key.file_name().len(), 64 + 6);
        }
    }
}
