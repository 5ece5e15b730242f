//! Lines: the file, line and column of places, by a unit's line program.
//!
//! `search` asks for all places that lie in a unit at once: the program is run a single time, and nothing of it is kept.

use super::budget::{Budget, Ended};
use super::demangle::LONGEST;
use super::unit::{Bytes, Unit, text};
use gimli::{ColumnType, Dwarf, IncompleteLineProgram, LineProgramHeader, Section};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// The largest table of files that is read, in bytes.
const LARGEST_HEADER: usize = 4 << 20;

/// A place in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Its number in the table of files.
    pub(super) file: u64,
    pub(super) line: Option<u32>,
    pub(super) column: Option<u32>,
}

/// A unit's line program, and the names of its files that have been asked for.
pub(super) struct Lines<'a> {
    program: IncompleteLineProgram<Bytes<'a>>,
    files: HashMap<u64, Option<Arc<str>>>,
}

impl<'a> Lines<'a> {
    /// The program of a unit, if it has a sound one.
    pub(super) fn open(
        dwarf: &Dwarf<Bytes<'a>>,
        unit: &Unit<'a>,
        budget: &mut Budget,
    ) -> Result<Option<Lines<'a>>, Ended> {
        let Some(offset) = unit.line_offset else { return Ok(None) };
        let Some((length, tables)) = lengths(dwarf.debug_line.reader().slice(), offset.0) else { return Ok(None) };
        if tables > LARGEST_HEADER {
            return Ok(None);
        }
        // Parsing reads the header, and running the rest.
        budget.spend(length)?;
        let (size, directory, name) = (unit.gimli.header.address_size(), unit.gimli.comp_dir, unit.gimli.name);
        let program = dwarf.debug_line.program(offset, size, directory, name).ok();
        Ok(program.map(|program| Lines { program, files: HashMap::new() }))
    }

    /// The places of `addresses`, which are sorted, in the same order.
    pub(super) fn places(&self, addresses: &[u64], budget: &mut Budget) -> Vec<Option<Place>> {
        let mut found = vec![None; addresses.len()];
        let mut rows = self.program.clone().rows();
        let mut last: Option<(u64, Place)> = None;
        // Where the program is not sound, what came before counts.
        while let Ok(Some((_, row))) = rows.next_row() {
            let address = row.address();
            if let Some((start, place)) = last {
                let held = within(addresses, start..address);
                if budget.spend(held.len()).is_err() {
                    return found;
                }
                for position in held {
                    found[position].get_or_insert(place);
                }
            }
            let narrow = |number: u64| u32::try_from(number).ok();
            let place = Place {
                file: row.file_index(),
                line: row.line().and_then(|line| narrow(line.get())),
                column: match row.column() {
                    ColumnType::LeftEdge => None,
                    ColumnType::Column(column) => narrow(column.get()),
                },
            };
            // No function stands at 0: what is said to was removed by the linker.
            last = (!row.end_sequence() && address != 0).then_some((address, place));
        }
        found
    }

    /// The path of a file.
    pub(super) fn file(
        &mut self,
        dwarf: &Dwarf<Bytes<'a>>,
        unit: &Unit<'a>,
        file: u64,
        budget: &mut Budget,
    ) -> Option<Arc<str>> {
        if let Some(known) = self.files.get(&file) {
            return known.clone();
        }
        let path = path(self.program.header(), dwarf, unit, file, budget).map(Arc::from);
        self.files.insert(file, path.clone());
        path
    }
}

fn path<'a>(
    header: &LineProgramHeader<Bytes<'a>>,
    dwarf: &Dwarf<Bytes<'a>>,
    unit: &Unit<'a>,
    file: u64,
    budget: &mut Budget,
) -> Option<String> {
    let entry = header.file(file)?;
    let name = text(dwarf, &unit.gimli, entry.path_name(), budget)?;
    // The first directory of a program of version 4 is that in which it was compiled.
    let other = header.version() >= 5 || entry.directory_index() != 0;
    let directory = entry.directory(header).filter(|_| other);
    let directory = directory.and_then(|directory| text(dwarf, &unit.gimli, directory, budget));
    let compiled_in = unit.gimli.comp_dir.map(|directory| directory.to_string_lossy());
    let mut path = String::new();
    for part in [compiled_in.as_deref(), directory.as_deref(), Some(&*name)].into_iter().flatten() {
        let part = part.strip_prefix("./").unwrap_or(part);
        if part.is_empty() || part == "." {
            continue;
        }
        if part.starts_with('/') || part.get(1..3) == Some(":\\") {
            path.clear();
        } else if !path.is_empty() && !path.ends_with('/') {
            path.push('/');
        }
        path.push_str(part);
    }
    (path.len() <= LONGEST).then_some(path)
}

/// How many bytes the program at `offset` of the section has, and how many of them are tables of directories and files. Those of 64-bit
/// DWARF, which no compiler makes for WebAssembly, are not read.
fn lengths(section: &[u8], offset: usize) -> Option<(usize, usize)> {
    let word =
        |at: usize| section.get(offset.checked_add(at)?..)?.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes));
    let version = section.get(offset.checked_add(4)?..)?.first_chunk::<2>().map(|bytes| u16::from_le_bytes(*bytes))?;
    let length = word(0)? as usize;
    let tables = word(if version >= 5 { 8 } else { 6 })? as usize;
    (length <= section.len() - offset).then_some((length, tables))
}

/// The positions of those of `addresses`, which are sorted, that lie in `range`.
pub(super) fn within(addresses: &[u64], range: Range<u64>) -> Range<usize> {
    let start = addresses.partition_point(|address| *address < range.start);
    start..start + addresses[start..].partition_point(|address| *address < range.end)
}
