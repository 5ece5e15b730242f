//! The image: one position-independent blob that holds all of a compiled module, in memory and in a `.cwasm` file alike.
//!
//! ```text
//! offset 0      Header                      256 bytes
//!        256    SectionRecord × sections    kind, offset, length
//!        …      read-only sections          each aligned to 16 bytes
//!        page   memory_images               aligned to the target's page size
//!        page   code                        aligned to the target's page size, padded to a whole page: the end
//! ```
//!
//! The emitter writes it with an [`ImageWriter`], the loader reads it with [`Image::check`]. Nothing in it is relocated:
//! code refers to code by relative addresses and to everything else through the vmctx.
//!
//! # Worked example
//!
//! A reader finds the trap of the instruction at text offset 0x40: `Image::records(Section::Traps)` gives the sorted
//! [`TrapRecord`](crate::module::TrapRecord)s in place; a binary search by `code` finds `{code: 0x40, trap: 2}`.
//!
//! # Trust
//!
//! [`Header::digest`] is BLAKE3 over the whole image with `digest` and `mac` zero: it proves that the image is intact, not
//! who made it. [`Header::mac`] is BLAKE3 keyed with the user's secret over the digest: it proves that this user's
//! engine made it. An image is native code: load it only when the MAC is right, or when its origin is known otherwise.

use crate::target::Architecture;
use crate::tunables::Tunables;
use bytemuck::{Pod, Zeroable};
use std::fmt;

/// First bytes of every image.
pub const MAGIC: [u8; 8] = *b"\0tancho\n";
/// Version of the format that this module describes.
pub const FORMAT: u32 = 1;
/// Digest of the sources that decide what an image means, as 64 hexadecimal digits.
pub const BUILD_ID: &str = env!("TANCHO_BUILD_ID");

/// The first 256 bytes.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// [`FORMAT`].
    pub format: u32,
    /// An [`Architecture`].
    pub architecture: u32,
    /// Bytes in the whole image.
    pub length: u64,
    /// How many section records follow.
    pub sections: u32,
    /// What mapped sections are aligned to.
    pub page_size: u32,
    /// Engine build id, as hexadecimal digits.
    pub build_id: [[u8; 32]; 2],
    /// [`Tunables::hash`] of the tunables in force.
    pub tunables: [u8; 32],
    /// BLAKE3 of the image with this field and the next zero.
    pub digest: [u8; 32],
    /// BLAKE3 of `digest`, keyed with the user's secret; zero when it was not signed.
    pub mac: [u8; 32],
    /// Zero.
    pub reserved: [[u8; 32]; 2],
}

const _: () = assert!(size_of::<Header>() == 256);

/// Where a section stands.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct SectionRecord {
    /// A [`Section`].
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
    /// From the start of the image.
    pub offset: u64,
    /// In bytes.
    pub length: u64,
}

macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// The sections of an image, in the order in which they stand. All but the last two hold the records of the
        /// [`module`](crate::module) description.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u32)]
        pub enum Section {
            $($(#[$doc])* $name = $code,)*
        }

        impl Section {
            /// Every section.
            pub const ALL: &'static [Section] = &[$(Section::$name,)*];
        }
    };
}

sections! {
    /// Counts and facts.
    Summary = 1,
    /// Function types.
    Types = 2,
    /// Pool of value types.
    ValueTypes = 3,
    /// Imports.
    Imports = 4,
    /// Functions.
    Functions = 5,
    /// Tables.
    Tables = 6,
    /// Memories.
    Memories = 7,
    /// Globals.
    Globals = 8,
    /// Exports.
    Exports = 9,
    /// Exports by name.
    ExportOrder = 10,
    /// Element segments.
    Elements = 11,
    /// Their functions.
    ElementFunctions = 12,
    /// Their expressions.
    ElementExpressions = 13,
    /// Data segments.
    DataSegments = 14,
    /// Their bytes.
    Data = 15,
    /// Pool of constant operators.
    Constants = 16,
    /// Text of names.
    Text = 17,
    /// Function names.
    FunctionNames = 18,
    /// Which memories have initial contents.
    MemoryImageRecords = 19,
    /// Trampolines.
    Trampolines = 20,
    /// Handlers.
    Handlers = 21,
    /// Address map.
    Addresses = 22,
    /// Trap table.
    Traps = 23,
    /// Names of the CPU features needed.
    CpuFeatures = 24,
    /// Tags.
    Tags = 25,
    /// Where calls return to that exceptions can end in.
    CatchAddresses = 26,
    /// What is known of each of these.
    CatchSites = 27,
    /// Pool of the exceptions that are caught.
    Catches = 28,
    /// Names of things that are no functions.
    ItemNames = 29,
    /// Pool of fields.
    Fields = 30,
    /// Where calls return to at which the collector may work.
    SafepointAddresses = 31,
    /// What is alive across each of these.
    Safepoints = 32,
    /// Pool of places of references.
    References = 33,
    /// Custom sections.
    CustomSections = 34,
    /// Their bytes.
    CustomBytes = 35,
    /// Sections of DWARF.
    DebugSections = 36,
    /// Their bytes. Nobody reads them before lines of the source are asked for.
    DebugData = 37,
    /// Where the code of functions stands that are inlined.
    Inlined = 38,
    /// The calls in whose place it stands.
    InlineSites = 39,
    /// Initial contents of memories, page-aligned.
    MemoryImages = 40,
    /// Machine code, page-aligned; to be mapped readable and executable.
    Code = 41,
}

impl Section {
    const fn is_mapped(self) -> bool {
        matches!(self, Section::MemoryImages | Section::Code)
    }
}

/// Why bytes are not an image that this engine can load.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ImageError {
    /// They do not begin as an image does.
    NotAnImage,
    /// Another version of the format.
    Format {
        /// The image's.
        found: u32,
    },
    /// Made by another build of the engine.
    BuildId {
        /// The image's.
        found: String,
    },
    /// For another architecture.
    Architecture {
        /// The image's, where it is known.
        found: Option<Architecture>,
    },
    /// Compiled with other tunables.
    Tunables,
    /// The CPU lacks a feature that the code needs.
    CpuFeature {
        /// Its name.
        name: String,
    },
    /// The length in the header is not that of the bytes.
    Length {
        /// By the header.
        expected: u64,
        /// In fact.
        found: u64,
    },
    /// A bit of it is not what it was when it was written.
    Digest,
    /// Intact, but not signed with this user's key.
    Unsigned,
    /// A section is missing, misplaced or of a wrong length.
    Section {
        /// Its number.
        kind: u32,
    },
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnImage => f.write_str("not a compiled module: the file does not begin with Tancho's magic number"),
            Self::Format { found } => {
                write!(f, "the file has format version {found} and this engine reads version {FORMAT}: compile it again")
            }
            Self::BuildId { found } => write!(
                f,
                "the file was made by another build of the engine ({}, this one is {}): compile it again",
                found.get(..12).unwrap_or(found),
                BUILD_ID.get(..12).unwrap_or(BUILD_ID)
            ),
            Self::Architecture { found: Some(found) } => {
                write!(f, "the file is compiled for {found} and this machine is {}", Architecture::HOST)
            }
            Self::Architecture { found: None } => f.write_str("the file is compiled for an unknown architecture"),
            Self::Tunables => {
                f.write_str("the file was compiled with other settings than this engine has: compile it again or use the same settings")
            }
            Self::CpuFeature { name } => {
                write!(f, "the file's code needs the CPU feature {name}, which this machine lacks")
            }
            Self::Length { expected, found } => {
                write!(f, "the file should have {expected} bytes and has {found}: it was cut short or appended to")
            }
            Self::Digest => f.write_str("the file is damaged: its content does not have the digest that its header states"),
            Self::Unsigned => f.write_str(
                "the file is intact, but was not written by this user's engine; a compiled module is native code, so it is \
                 only loaded when its origin is trusted",
            ),
            Self::Section { kind } => write!(f, "section {kind} of the file is missing or malformed"),
        }
    }
}

impl std::error::Error for ImageError {}

/// Assembles an image.
#[derive(Debug, Default)]
pub struct ImageWriter {
    sections: Vec<(Section, Vec<u8>)>,
}

impl ImageWriter {
    /// An image without sections.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a section.
    pub fn section(&mut self, kind: Section, bytes: &[u8]) {
        self.section_owned(kind, bytes.to_vec());
    }

    /// Adds a section without a copy.
    pub fn section_owned(&mut self, kind: Section, bytes: Vec<u8>) {
        self.sections.push((kind, bytes));
    }

    /// The bytes of the image, with its digest and without a MAC.
    pub fn finish(mut self, architecture: Architecture, tunables: &Tunables) -> Vec<u8> {
        self.sections.sort_by_key(|(kind, _)| *kind as u32);
        let page = u64::from(architecture.page_size());
        let table = size_of::<Header>() + self.sections.len() * size_of::<SectionRecord>();
        let mut cursor = table as u64;
        let mut records = Vec::with_capacity(self.sections.len());
        for (kind, bytes) in &self.sections {
            cursor = cursor.next_multiple_of(if kind.is_mapped() { page } else { 16 });
            records.push(SectionRecord { kind: *kind as u32, reserved: 0, offset: cursor, length: bytes.len() as u64 });
            cursor += bytes.len() as u64;
        }
        let length = cursor.next_multiple_of(page);
        let mut build_id = [[0; 32]; 2];
        bytemuck::bytes_of_mut(&mut build_id).copy_from_slice(BUILD_ID.as_bytes());
        let header = Header {
            magic: MAGIC,
            format: FORMAT,
            architecture: architecture as u32,
            length,
            sections: records.len() as u32,
            page_size: architecture.page_size(),
            build_id,
            tunables: tunables.hash(),
            digest: [0; 32],
            mac: [0; 32],
            reserved: [[0; 32]; 2],
        };
        let mut image = Vec::with_capacity(length as usize);
        image.extend_from_slice(bytemuck::bytes_of(&header));
        image.extend_from_slice(bytemuck::cast_slice(&records));
        // Each section is given back as soon as it is copied.
        for ((_, bytes), record) in self.sections.into_iter().zip(&records) {
            image.resize(record.offset as usize, 0);
            image.extend_from_slice(&bytes);
        }
        image.resize(length as usize, 0);
        let digest = digest(&image);
        image[DIGEST].copy_from_slice(&digest);
        image
    }
}

const DIGEST: std::ops::Range<usize> = {
    let start = core::mem::offset_of!(Header, digest);
    start..start + 32
};
const MAC: std::ops::Range<usize> = {
    let start = core::mem::offset_of!(Header, mac);
    start..start + 32
};

/// BLAKE3 of an image (or of anything at least as long as a header) with its digest and MAC taken as zero.
fn digest(image: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&image[..DIGEST.start]);
    hasher.update(&[0; 64]);
    hasher.update(&image[MAC.end..]);
    *hasher.finalize().as_bytes()
}

fn mac(digest: &[u8], key: &[u8; 32]) -> blake3::Hash {
    let key = blake3::derive_key("tancho 2026 image origin", key);
    blake3::keyed_hash(&key, digest)
}

/// Signs an image with the user's secret.
///
/// # Panics
///
/// When `image` is shorter than a header: it must come from [`ImageWriter::finish`].
pub fn sign(image: &mut [u8], key: &[u8; 32]) {
    let mac = mac(&image[DIGEST], key);
    image[MAC].copy_from_slice(mac.as_bytes());
}

/// Whose word there is for an image's origin.
#[derive(Clone, Copy, Debug)]
pub enum Origin<'a> {
    /// The caller's: the MAC is not looked at.
    Trusted,
    /// The caller's, who also vouches that it is intact: the digest is not looked at either, for all of the image would have to be read.
    Vouched,
    /// The MAC's: it must be right under this key.
    Signed(&'a [u8; 32]),
}

/// A checked image: its header is sound, its content intact, its origin established, its sections in bounds.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    bytes: &'a [u8],
    records: &'a [SectionRecord],
}

impl<'a> Image<'a> {
    /// Whether `bytes` begin as an image does, sound or not.
    pub fn is_image(bytes: &[u8]) -> bool {
        bytes.starts_with(&MAGIC)
    }

    /// How many bytes the header has: every image has as many.
    pub const HEAD: usize = size_of::<Header>();

    /// Where the table of sections ends in an image of which no more than the header need be there yet.
    ///
    /// # Errors
    ///
    /// When it is none, or of another format, or of another length than `bytes`, or the table does not lie in it.
    pub fn table_end(bytes: &[u8]) -> Result<usize, ImageError> {
        let header = bytes.get(..Self::HEAD).filter(|_| Self::is_image(bytes));
        let header: &Header =
            header.and_then(|head| bytemuck::try_from_bytes(head).ok()).ok_or(ImageError::NotAnImage)?;
        if header.format != FORMAT {
            return Err(ImageError::Format { found: header.format });
        }
        let found = bytes.len() as u64;
        if header.length != found {
            return Err(ImageError::Length { expected: header.length, found });
        }
        let table = (header.sections as usize).checked_mul(size_of::<SectionRecord>());
        let end = table.and_then(|table| table.checked_add(Self::HEAD)).filter(|end| *end <= bytes.len());
        end.ok_or(ImageError::Section { kind: 0 })
    }

    /// Checks everything that stands in the header against this engine, in the order: magic, length, format, build id,
    /// architecture, tunables, digest, origin, sections, CPU features.
    ///
    /// `bytes` must be aligned to 16 bytes; `has_feature` says whether the machine has a CPU feature by its name.
    ///
    /// # Errors
    ///
    /// The first of these that differs.
    pub fn check(
        bytes: &'a [u8],
        tunables: &Tunables,
        origin: Origin<'_>,
        has_feature: impl Fn(&str) -> bool,
    ) -> Result<Image<'a>, ImageError> {
        if !Self::is_image(bytes) {
            return Err(ImageError::NotAnImage);
        }
        let found = bytes.len() as u64;
        let header: &Header = bytes
            .get(..size_of::<Header>())
            .and_then(|head| bytemuck::try_from_bytes(head).ok())
            .ok_or(ImageError::Length { expected: size_of::<Header>() as u64, found })?;
        // The format comes before all that its version could change.
        if header.format != FORMAT {
            return Err(ImageError::Format { found: header.format });
        }
        if header.length != found {
            return Err(ImageError::Length { expected: header.length, found });
        }
        if bytemuck::bytes_of(&header.build_id) != BUILD_ID.as_bytes() {
            let found = String::from_utf8_lossy(bytemuck::bytes_of(&header.build_id)).into_owned();
            return Err(ImageError::BuildId { found });
        }
        let architecture = Architecture::from_code(header.architecture);
        if architecture != Some(Architecture::HOST) {
            return Err(ImageError::Architecture { found: architecture });
        }
        if header.tunables != tunables.hash() {
            return Err(ImageError::Tunables);
        }
        if !matches!(origin, Origin::Vouched) && digest(bytes) != header.digest {
            return Err(ImageError::Digest);
        }
        if let Origin::Signed(key) = origin {
            // `blake3::Hash` compares in constant time.
            if mac(&header.digest, key) != blake3::Hash::from_bytes(header.mac) {
                return Err(ImageError::Unsigned);
            }
        }
        let image = Self::sections(bytes, header)?;
        let features = image.records::<u8>(Section::CpuFeatures)?;
        for name in String::from_utf8_lossy(features).lines() {
            if !has_feature(name) {
                return Err(ImageError::CpuFeature { name: name.to_owned() });
            }
        }
        Ok(image)
    }

    /// Finds an image's sections again, without the other checks: for bytes that [`Image::check`] has accepted and that
    /// nobody can have changed since.
    ///
    /// # Errors
    ///
    /// When the header or a section does not lie in `bytes`.
    pub fn reopen(bytes: &'a [u8]) -> Result<Image<'a>, ImageError> {
        let header: &Header = bytes
            .get(..size_of::<Header>())
            .and_then(|head| bytemuck::try_from_bytes(head).ok())
            .ok_or(ImageError::NotAnImage)?;
        Self::sections(bytes, header)
    }

    fn sections(bytes: &'a [u8], header: &Header) -> Result<Image<'a>, ImageError> {
        let end = (header.sections as usize)
            .checked_mul(size_of::<SectionRecord>())
            .and_then(|table| table.checked_add(size_of::<Header>()));
        let records: &[SectionRecord] = end
            .and_then(|end| bytes.get(size_of::<Header>()..end))
            .and_then(|table| bytemuck::try_cast_slice(table).ok())
            .ok_or(ImageError::Section { kind: 0 })?;
        let image = Image { bytes, records };
        for kind in Section::ALL {
            let section = image.section(*kind)?;
            if kind.is_mapped() && !section.start.is_multiple_of(header.page_size.max(4096) as usize) {
                return Err(ImageError::Section { kind: *kind as u32 });
            }
        }
        Ok(image)
    }

    /// Where a section stands in the image.
    ///
    /// # Errors
    ///
    /// When there is none, or it does not lie in the image.
    pub fn section(&self, kind: Section) -> Result<std::ops::Range<usize>, ImageError> {
        let error = ImageError::Section { kind: kind as u32 };
        let record = self.records.iter().find(|record| record.kind == kind as u32).ok_or(error.clone())?;
        let start = usize::try_from(record.offset).map_err(|_| error.clone())?;
        let end = usize::try_from(record.length)
            .ok()
            .and_then(|length| start.checked_add(length))
            .filter(|end| *end <= self.bytes.len())
            .ok_or(error)?;
        Ok(start..end)
    }

    /// The records of a section, in place.
    ///
    /// # Errors
    ///
    /// When there is no such section, or it is not a whole number of aligned records.
    pub fn records<T: Pod>(&self, kind: Section) -> Result<&'a [T], ImageError> {
        bytemuck::try_cast_slice(&self.bytes[self.section(kind)?])
            .map_err(|_| ImageError::Section { kind: kind as u32 })
    }

    /// The whole image.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}
