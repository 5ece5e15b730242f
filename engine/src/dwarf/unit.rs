//! Units: what a compiler made of one source file, by the entry at their head; and the texts and ranges that entries refer to.
//!
//! `search` opens those that it needs.

use super::budget::{Budget, Ended, abbreviations_length};
use super::demangle::LONGEST;
use super::line::within;
use gimli::{
    Abbreviations, Attribute, AttributeValue, DebugLineOffset, Dwarf, DwarfFileType, EndianSlice, EntriesRaw,
    LittleEndian, Section, UnitHeader, constants,
};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

/// Bytes of a section.
pub(super) type Bytes<'a> = EndianSlice<'a, LittleEndian>;
/// The value of an attribute.
pub(super) type Value<'a> = AttributeValue<Bytes<'a>>;

/// The largest table of abbreviations that is read, in bytes.
const LARGEST_TABLE: usize = 4 << 20;

/// A unit, and what its head says.
pub(super) struct Unit<'a> {
    pub(super) gimli: gimli::Unit<Bytes<'a>>,
    pub(super) line_offset: Option<DebugLineOffset>,
    /// The code that it is of; nothing where it does not say.
    pub(super) extent: Extent<'a>,
}

/// Which code an entry is of, as its attributes say.
#[derive(Clone, Copy, Default)]
pub(super) struct Extent<'a> {
    low: Option<Value<'a>>,
    high: Option<Value<'a>>,
    ranges: Option<Value<'a>>,
}

impl<'a> Extent<'a> {
    /// Takes an attribute in, if it is one of these.
    pub(super) fn take(&mut self, attribute: &Attribute<Bytes<'a>>) {
        match attribute.name() {
            constants::DW_AT_low_pc => self.low = Some(attribute.value()),
            constants::DW_AT_high_pc => self.high = Some(attribute.value()),
            constants::DW_AT_ranges => self.ranges = Some(attribute.value()),
            _ => {}
        }
    }

    /// Whether it says anything.
    pub(super) fn is_known(&self) -> bool {
        self.ranges.is_some() || self.high.is_some()
    }

    /// The positions of those of `addresses`, which are sorted, that it holds.
    pub(super) fn holds(
        &self,
        dwarf: &Dwarf<Bytes<'a>>,
        unit: &gimli::Unit<Bytes<'a>>,
        addresses: &[u64],
        budget: &mut Budget,
    ) -> Result<Vec<usize>, Ended> {
        let mut positions = Vec::new();
        let mut add = |range: Range<u64>, budget: &mut Budget| {
            // No function stands at 0: what is said to was removed by the linker.
            let found = if range.start == 0 { 0..0 } else { within(addresses, range) };
            budget.spend(found.len())?;
            positions.extend(found);
            Ok::<_, Ended>(())
        };
        if let Some(ranges) = self.ranges {
            if let Some(offset) = dwarf.attr_ranges_offset(unit, ranges)? {
                let mut list = dwarf.ranges(unit, offset)?;
                while let Some(raw) = list.next_raw()? {
                    budget.spend(4)?;
                    if let Some(range) = list.convert_raw(raw)? {
                        add(range.begin..range.end, budget)?;
                    }
                }
            }
        } else if let (Some(low), Some(high)) = (self.low, self.high)
            && let Some(low) = dwarf.attr_address(unit, low)?
        {
            // The end, or how many bytes there are.
            let end = match dwarf.attr_address(unit, high)? {
                Some(end) => Some(end),
                None => high.udata_value().map(|length| low.saturating_add(length)),
            };
            add(low..end.unwrap_or(low), budget)?;
        }
        // One function can have several parts, and hostile ones overlap.
        positions.sort_unstable();
        positions.dedup();
        Ok(positions)
    }
}

impl<'a> Unit<'a> {
    /// Reads the head of a unit; `None` where there is none.
    pub(super) fn open(
        dwarf: &Dwarf<Bytes<'a>>,
        header: UnitHeader<Bytes<'a>>,
        tables: &mut Tables,
        budget: &mut Budget,
    ) -> Result<Option<Unit<'a>>, Ended> {
        let Some(abbreviations) = tables.get(dwarf, header.debug_abbrev_offset().0, budget)? else { return Ok(None) };
        let str_offsets_base =
            gimli::DebugStrOffsetsBase::default_for_encoding_and_file(header.encoding(), DwarfFileType::Main);
        let mut unit = Unit {
            gimli: gimli::Unit {
                header,
                abbreviations: Arc::clone(&abbreviations),
                name: None,
                comp_dir: None,
                low_pc: 0,
                str_offsets_base,
                addr_base: gimli::DebugAddrBase(0),
                loclists_base: gimli::DebugLocListsBase(0),
                rnglists_base: gimli::DebugRngListsBase(0),
                line_program: None,
                dwo_id: None,
            },
            line_offset: None,
            extent: Extent::default(),
        };
        let mut entries = unit.gimli.header.entries_raw(&abbreviations, None)?;
        let mut texts = [None; 2];
        let found = attributes(&mut entries, budget, |attribute| {
            unit.extent.take(&attribute);
            match (attribute.name(), attribute.value()) {
                (_, AttributeValue::DebugStrOffsetsBase(base)) => unit.gimli.str_offsets_base = base,
                (_, AttributeValue::DebugAddrBase(base)) => unit.gimli.addr_base = base,
                (_, AttributeValue::DebugRngListsBase(base)) => unit.gimli.rnglists_base = base,
                (constants::DW_AT_stmt_list, AttributeValue::DebugLineRef(offset)) => unit.line_offset = Some(offset),
                (constants::DW_AT_name, value) => texts[0] = Some(value),
                (constants::DW_AT_comp_dir, value) => texts[1] = Some(value),
                _ => {}
            }
        })?;
        if found.is_none() {
            return Ok(None);
        }
        // What refers to the bases can stand before them.
        if let Some(low) = unit.extent.low {
            unit.gimli.low_pc = dwarf.attr_address(&unit.gimli, low)?.unwrap_or(0);
        }
        let [name, directory] = texts.map(|value| value.and_then(|value| slice(dwarf, &unit.gimli, value)));
        (unit.gimli.name, unit.gimli.comp_dir) = (name, directory);
        Ok(Some(unit))
    }
}

/// Reads the next entry: gives its attributes to `each`, and its tag back. `None` at the end of a list of children.
pub(super) fn attributes<'a>(
    entries: &mut EntriesRaw<'_, Bytes<'a>>,
    budget: &mut Budget,
    mut each: impl FnMut(Attribute<Bytes<'a>>),
) -> Result<Option<constants::DwTag>, Ended> {
    let start = entries.next_offset().0;
    let Some(abbreviation) = entries.read_abbreviation()? else { return Ok(None) };
    // Attributes can take no bytes.
    budget.spend(1 + abbreviation.attributes().len())?;
    for specification in abbreviation.attributes() {
        each(entries.read_attribute(*specification)?);
    }
    budget.spend(entries.next_offset().0.saturating_sub(start))?;
    Ok(Some(abbreviation.tag()))
}

/// The table of abbreviations that was read last: units that follow one another often share theirs.
#[derive(Default)]
pub(super) struct Tables {
    last: Option<(usize, Arc<Abbreviations>)>,
}

impl Tables {
    fn get(
        &mut self,
        dwarf: &Dwarf<Bytes<'_>>,
        offset: usize,
        budget: &mut Budget,
    ) -> Result<Option<Arc<Abbreviations>>, Ended> {
        if let Some((_, table)) = self.last.as_ref().filter(|(last, _)| *last == offset) {
            return Ok(Some(Arc::clone(table)));
        }
        let Some(bytes) = dwarf.debug_abbrev.reader().slice().get(offset..) else { return Ok(None) };
        let Some(length) = abbreviations_length(bytes, LARGEST_TABLE) else {
            budget.spend(bytes.len().min(LARGEST_TABLE))?;
            return Ok(None);
        };
        budget.spend(2 * length)?;
        let Ok(table) = dwarf.debug_abbrev.abbreviations(gimli::DebugAbbrevOffset(offset)) else { return Ok(None) };
        let table = Arc::new(table);
        self.last = Some((offset, Arc::clone(&table)));
        Ok(Some(table))
    }
}

/// A text that an attribute refers to; the part of it that may be shown.
fn slice<'a>(dwarf: &Dwarf<Bytes<'a>>, unit: &gimli::Unit<Bytes<'a>>, value: Value<'a>) -> Option<Bytes<'a>> {
    let at = |section: &Bytes<'a>, offset: usize| {
        let rest = section.slice().get(offset..)?;
        let window = rest.get(..LONGEST).unwrap_or(rest);
        let end = window.iter().position(|byte| *byte == 0).unwrap_or(window.len());
        window.get(..end).map(|text| EndianSlice::new(text, LittleEndian))
    };
    match value {
        AttributeValue::String(text) => {
            Some(EndianSlice::new(text.slice().get(..LONGEST).unwrap_or(text.slice()), LittleEndian))
        }
        AttributeValue::DebugStrRef(offset) => at(dwarf.debug_str.reader(), offset.0),
        AttributeValue::DebugLineStrRef(offset) => at(dwarf.debug_line_str.reader(), offset.0),
        AttributeValue::DebugStrOffsetsIndex(index) => {
            at(dwarf.debug_str.reader(), dwarf.string_offset(unit, index).ok()?.0)
        }
        _ => None,
    }
}

/// A text that an attribute refers to, as UTF-8.
pub(super) fn text<'a>(
    dwarf: &Dwarf<Bytes<'a>>,
    unit: &gimli::Unit<Bytes<'a>>,
    value: Value<'a>,
    budget: &mut Budget,
) -> Option<Cow<'a, str>> {
    let text = slice(dwarf, unit, value)?;
    budget.spend(text.len()).ok()?;
    Some(text.to_string_lossy())
}
