//! The search: which functions of which units hold places, what is inlined where, and what they are called.
//!
//! All places are looked for at once, in one pass over the heads of the units, and one over each unit that holds any. It goes forward
//! only, but for names, which are found by following references a few steps.

use super::budget::{Budget, Ended};
use super::demangle::demangle;
use super::line::{Lines, Place};
use super::symbol::FrameSymbol;
use super::unit::{Bytes, Extent, Tables, Unit, Value, attributes, text};
use gimli::{AttributeValue, Dwarf, EndianSlice, LittleEndian, SectionId, UnitHeader, UnitOffset, constants};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use tancho_abi::module::ModuleView;

/// The most functions that are shown inlined into one another.
const DEEPEST: usize = 64;
/// How many references are followed to a name.
const HOPS: usize = 8;

/// What the debug information of a module says of places in its file: of each the functions that are inlined there, innermost first, and at
/// last the function itself. Nothing where nothing is known.
pub(crate) fn symbols(view: &ModuleView<'_>, offsets: &[u32]) -> Vec<Vec<FrameSymbol>> {
    let mut found = vec![Vec::new(); offsets.len()];
    let code = view.facts().code_offset;
    if view.debug_sections.is_empty() || code == 0 {
        return found;
    }
    // Places count from the start of the code section's content.
    let mut wanted: Vec<(u64, usize)> = offsets
        .iter()
        .enumerate()
        .filter_map(|(position, offset)| Some((u64::from(offset.checked_sub(code)?), position)))
        .collect();
    wanted.sort_unstable();
    let mut addresses: Vec<u64> = wanted.iter().map(|(address, _)| *address).collect();
    addresses.dedup();
    let mut answers = vec![Vec::new(); addresses.len()];
    let mut search = Search::new(view, addresses.len());
    // What was found before the end is true.
    let _ = search.units(&addresses, &mut answers);
    for (address, position) in wanted {
        if let Ok(answer) = addresses.binary_search(&address) {
            found[position].clone_from(&answers[answer]);
        }
    }
    found
}

struct Search<'a> {
    dwarf: Dwarf<Bytes<'a>>,
    budget: Budget,
    tables: Tables,
    /// Where each unit stands in its section, in order.
    headers: Vec<(usize, UnitHeader<Bytes<'a>>)>,
    /// Units that were opened because names stand in them.
    opened: HashMap<usize, Option<Rc<Unit<'a>>>>,
    /// The names that were found, by where their entries stand in the section.
    names: HashMap<usize, Option<Arc<str>>>,
}

/// A function that holds a place, or is inlined there.
#[derive(Clone, Copy)]
struct Scope {
    entry: UnitOffset,
    /// Where it was called, if it is inlined.
    call: Place,
}

impl<'a> Search<'a> {
    fn new(view: &ModuleView<'a>, places: usize) -> Search<'a> {
        let section = |id: SectionId| {
            let record = view.debug_sections.iter().find(|record| record.name() == Some(id.name()));
            let bytes = record.and_then(|record| record.bytes.of(view.debug_data)).unwrap_or_default();
            Ok::<_, std::convert::Infallible>(EndianSlice::new(bytes, LittleEndian))
        };
        let Ok(dwarf) = Dwarf::load(section);
        Search {
            dwarf,
            budget: Budget::new(view.debug_data.len(), places),
            tables: Tables::default(),
            headers: Vec::new(),
            opened: HashMap::new(),
            names: HashMap::new(),
        }
    }

    /// Asks every unit for the places that no other has answered.
    fn units(&mut self, addresses: &[u64], answers: &mut [Vec<FrameSymbol>]) -> Result<(), Ended> {
        let mut headers = self.dwarf.units();
        let mut start = 0;
        while let Ok(Some(header)) = headers.next() {
            self.budget.spend(32)?;
            self.headers.push((start, header));
            start += header.length_including_self();
        }
        // The positions of those that no unit has answered yet, and the addresses themselves.
        let mut open: Vec<usize> = (0..addresses.len()).collect();
        let mut asked = addresses.to_vec();
        for number in 0..self.headers.len() {
            let Some(unit) = self.sound(|search| search.read(number))?.flatten() else { continue };
            let held = if unit.extent.is_known() {
                let held =
                    |search: &mut Self| unit.extent.holds(&search.dwarf, &unit.gimli, &asked, &mut search.budget);
                self.sound(held)?.unwrap_or_default()
            } else {
                self.budget.spend(asked.len())?;
                (0..asked.len()).collect()
            };
            if held.is_empty() {
                continue;
            }
            let within: Vec<u64> = held.iter().map(|position| asked[*position]).collect();
            for (position, answer) in held.iter().zip(self.unit(number, &unit, &within)?) {
                answers[open[*position]] = answer;
            }
            self.budget.spend(open.len())?;
            open.retain(|position| answers[*position].is_empty());
            asked = open.iter().map(|position| addresses[*position]).collect();
            if open.is_empty() {
                break;
            }
        }
        Ok(())
    }

    fn read(&mut self, number: usize) -> Result<Option<Unit<'a>>, Ended> {
        let (_, header) = self.headers[number];
        Unit::open(&self.dwarf, header, &mut self.tables, &mut self.budget)
    }

    /// What a unit says of `addresses`.
    fn unit(&mut self, number: usize, unit: &Unit<'a>, addresses: &[u64]) -> Result<Vec<Vec<FrameSymbol>>, Ended> {
        let mut lines = Lines::open(&self.dwarf, unit, &mut self.budget)?;
        let places = match &lines {
            Some(lines) => lines.places(addresses, &mut self.budget),
            None => vec![None; addresses.len()],
        };
        let mut scopes = vec![Vec::new(); addresses.len()];
        // Entries that contradict themselves end it; those before them count.
        self.sound(|search| search.functions(unit, addresses, &mut scopes))?;
        let mut answers = Vec::with_capacity(addresses.len());
        for (place, scopes) in places.into_iter().zip(scopes) {
            let mut answer = Vec::new();
            let mut place = place;
            for scope in scopes.iter().rev() {
                let name = self.name(number, unit, scope.entry)?;
                answer.push(self.symbol(unit, lines.as_mut(), name, place));
                place = Some(scope.call);
            }
            if scopes.is_empty() && place.is_some() {
                answer.push(self.symbol(unit, lines.as_mut(), None, place));
            }
            answers.push(answer);
        }
        Ok(answers)
    }

    /// Does what a contradiction ends for one unit, and an empty budget for all.
    fn sound<R>(&mut self, step: impl FnOnce(&mut Self) -> Result<R, Ended>) -> Result<Option<R>, Ended> {
        let done = step(self).ok();
        if done.is_none() {
            self.budget.spend(1)?;
        }
        Ok(done)
    }

    fn symbol(
        &mut self,
        unit: &Unit<'a>,
        lines: Option<&mut Lines<'a>>,
        name: Option<Arc<str>>,
        place: Option<Place>,
    ) -> FrameSymbol {
        let place = place.filter(|place| place.line.is_some());
        let file =
            place.zip(lines).and_then(|(place, lines)| lines.file(&self.dwarf, unit, place.file, &mut self.budget));
        FrameSymbol {
            name,
            file,
            line: place.and_then(|place| place.line),
            column: place.and_then(|place| place.column),
        }
    }

    /// Adds to each address's scopes the function that holds it, and those that are inlined there, outermost first.
    fn functions(&mut self, unit: &Unit<'a>, addresses: &[u64], scopes: &mut [Vec<Scope>]) -> Result<(), Ended> {
        let mut entries = unit.gimli.header.entries_raw(&unit.gimli.abbreviations, None)?;
        while !entries.is_empty() {
            let entry = entries.next_offset();
            let mut extent = Extent::default();
            let mut call = Place { file: 0, line: None, column: None };
            let tag = attributes(&mut entries, &mut self.budget, |attribute| {
                extent.take(&attribute);
                let number = || attribute.udata_value();
                let narrow = || number().and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0);
                match attribute.name() {
                    constants::DW_AT_call_file => {
                        call.file = match attribute.value() {
                            AttributeValue::FileIndex(file) => file,
                            _ => number().unwrap_or(0),
                        };
                    }
                    constants::DW_AT_call_line => call.line = narrow(),
                    constants::DW_AT_call_column => call.column = narrow(),
                    _ => {}
                }
            })?;
            let inlined = match tag {
                Some(constants::DW_TAG_subprogram) => false,
                Some(constants::DW_TAG_inlined_subroutine) => true,
                _ => continue,
            };
            for position in extent.holds(&self.dwarf, &unit.gimli, addresses, &mut self.budget)? {
                let scopes = &mut scopes[position];
                // One function holds a place, and what is inlined there stands within it.
                if scopes.is_empty() != inlined && scopes.len() < DEEPEST {
                    scopes.push(Scope { entry, call });
                }
            }
        }
        Ok(())
    }

    /// The name of the function whose entry stands at `entry` of a unit: the linker's name where there is one on the way to what it is
    /// an instance of, for that is complete.
    fn name(&mut self, number: usize, unit: &Unit<'a>, entry: UnitOffset) -> Result<Option<Arc<str>>, Ended> {
        let place = self.headers[number].0 + entry.0;
        if let Some(known) = self.names.get(&place) {
            return Ok(known.clone());
        }
        let mut plain = None;
        let mut other: Option<Rc<Unit<'a>>> = None;
        let mut entry = entry;
        for _ in 0..HOPS {
            let unit = other.as_deref().unwrap_or(unit);
            let Some([linkage, name, origin]) = self.sound(|search| search.naming(unit, entry))? else { break };
            let mut read = |value: Option<Value<'a>>| {
                value.and_then(|value| text(&self.dwarf, &unit.gimli, value, &mut self.budget))
            };
            if let Some(linkage) = read(linkage) {
                plain = Some(linkage);
                break;
            }
            plain = plain.or_else(|| read(name));
            match origin {
                Some(AttributeValue::UnitRef(offset)) => entry = offset,
                Some(AttributeValue::DebugInfoRef(offset)) => {
                    let Some(found) = self.headers.partition_point(|(start, _)| *start <= offset.0).checked_sub(1)
                    else {
                        break;
                    };
                    entry = UnitOffset(offset.0 - self.headers[found].0);
                    let Some(opened) = self.open(found)? else { break };
                    other = Some(opened);
                }
                _ => break,
            }
        }
        let name: Option<Arc<str>> = plain.map(|name| demangle(&name).into());
        self.names.insert(place, name.clone());
        Ok(name)
    }

    /// What an entry is called by the linker and in the source, and what it is an instance of.
    fn naming(&mut self, unit: &Unit<'a>, entry: UnitOffset) -> Result<[Option<Value<'a>>; 3], Ended> {
        let mut entries = unit.gimli.header.entries_raw(&unit.gimli.abbreviations, Some(entry))?;
        let mut found = [None; 3];
        attributes(&mut entries, &mut self.budget, |attribute| {
            let kind = match attribute.name() {
                constants::DW_AT_linkage_name | constants::DW_AT_MIPS_linkage_name => 0,
                constants::DW_AT_name => 1,
                constants::DW_AT_abstract_origin | constants::DW_AT_specification => 2,
                _ => return,
            };
            found[kind] = Some(attribute.value());
        })?;
        Ok(found)
    }

    /// Another unit.
    fn open(&mut self, number: usize) -> Result<Option<Rc<Unit<'a>>>, Ended> {
        if let Some(known) = self.opened.get(&number) {
            return Ok(known.clone());
        }
        let opened = self.sound(|search| search.read(number))?.flatten().map(Rc::new);
        self.opened.insert(number, opened.clone());
        Ok(opened)
    }
}
