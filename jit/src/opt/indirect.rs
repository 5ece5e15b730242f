//! Indirect calls: which functions the entries of a table can be.
//!
//! Called by `facts`; asked by the translator for each `call_indirect`. A table that the module defines, does not export, and that no function
//! of it writes holds what its active element segments put there, before any code of the instance runs. So it is known which functions
//! stand in it:
//!
//! ```text
//! all entries are of the type that is asked for        no comparison of types
//! those of that type are one function                  a direct call behind the comparison
//! none of that type is imported                        no comparison of contexts: the callee is of this instance
//! the index is a constant                              a direct call
//! ```

use super::scan::Scan;
use std::collections::HashMap;
use tancho_abi::index::{FunctionIndex, TypeIndex};
use tancho_abi::module::{ConstantOperator, ElementRecord, ExternKind, Module, ModuleView, NONE, Range, SegmentMode};
use tancho_abi::types::{CompositeType, FuncType, HeapType, ValType};

/// Tables with more entries than this are not looked into.
const MAX_ENTRIES: u64 = 1 << 20;

/// What is known of a table.
#[derive(Default)]
pub(crate) struct TableFacts {
    /// Its length, where that never changes.
    pub(crate) length: Option<u64>,
    /// What it holds, where that never changes.
    pub(crate) contents: Option<Contents>,
}

/// What a table of functions holds as long as any code of its instance can run.
pub(crate) struct Contents {
    /// The functions by position, [`NONE`] for null.
    entries: Box<[u32]>,
    /// Whether any entry is null.
    has_null: bool,
    /// How many are not.
    count: usize,
    /// Whether no entry is an imported function.
    local: bool,
    /// The functions of plain types, by number.
    groups: HashMap<u32, Group>,
}

/// The entries of one plain type.
struct Group {
    count: usize,
    /// The function, where all of them are one.
    only: Option<FunctionIndex>,
    /// Whether none is imported.
    local: bool,
}

/// What can be said of the callee of an indirect call once it is known to have its type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Callees {
    /// What has to be compared.
    pub(crate) check: Check,
    /// The callee, where there is but one.
    pub(crate) only: Option<FunctionIndex>,
    /// Whether it is a function of the instance.
    pub(crate) local: bool,
}

/// What has to be compared before an indirect call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Check {
    /// Nothing.
    Nothing,
    /// The entry with null.
    Null,
    /// The number of its type, as [`TypeRecord::plain`](tancho_abi::module::TypeRecord::plain), with this one.
    Plain(u32),
    /// Its type with the one that is asked for.
    Type,
}

/// Numbers the plain types of a module.
pub(crate) fn number_plain(module: &mut Module) {
    let mut numbers: HashMap<FuncType, u32> = HashMap::new();
    for ty in (0..module.types.len()).map_while(TypeIndex::new) {
        if let Some(plain) = plain(&module.view(), ty) {
            let next = numbers.len() as u32 + 1;
            module.types[ty.index()].plain = *numbers.entry(plain).or_insert(next);
        }
    }
}

impl Contents {
    /// The function at a position; `None` for null and past the end.
    pub(crate) fn function(&self, position: u64) -> Option<FunctionIndex> {
        let function = *self.entries.get(usize::try_from(position).ok()?)?;
        (function != NONE).then_some(FunctionIndex(function))
    }

    /// What is known of a callee of type `ty` of the module.
    pub(crate) fn callees(&self, module: &ModuleView<'_>, ty: TypeIndex) -> Callees {
        let number = module.types.get(ty.index()).map_or(0, |record| record.plain);
        match self.groups.get(&number) {
            // Another type may be that of functions that declare a subtype of it.
            _ if number == 0 => Callees { check: Check::Type, only: None, local: self.local },
            Some(group) => {
                let check = match (group.count == self.count, self.has_null) {
                    (true, false) => Check::Nothing,
                    (true, true) => Check::Null,
                    // Functions of other modules have numbers of theirs.
                    _ if self.local => Check::Plain(number),
                    _ => Check::Type,
                };
                Callees { check, only: group.only, local: group.local }
            }
            // The comparison fails, whatever the index.
            None => Callees { check: Check::Type, only: None, local: true },
        }
    }
}

/// The function type `ty` of a module, where no type is the same but one that is written the same: it is a recursion group of its own, declares
/// no supertype, can be none's, and names no other.
fn plain(module: &ModuleView<'_>, ty: TypeIndex) -> Option<FuncType> {
    let record = module.types.get(ty.index())?;
    let alone = record.group == ty.0 && module.types.get(ty.index() + 1).is_none_or(|next| next.group != ty.0);
    if !alone || record.is_final == 0 || record.supertype != NONE {
        return None;
    }
    let Some(CompositeType::Func(ty)) = module.composite_type(ty) else { return None };
    let names = |ty: &ValType| match ty {
        ValType::Ref(ty) => is_concrete(ty.heap),
        _ => false,
    };
    (!ty.params.iter().chain(&ty.results).any(names)).then_some(ty)
}

fn is_concrete(heap: HeapType) -> bool {
    matches!(heap, HeapType::ConcreteFunc(_) | HeapType::ConcreteStruct(_) | HeapType::ConcreteArray(_))
}

/// What is known of each table, given what all functions do.
pub(super) fn tables(module: &Module, scans: &[Scan]) -> Vec<TableFacts> {
    let imported = module.summary[0].counts.imported_tables as usize;
    let mut facts: Vec<TableFacts> = module.tables.iter().map(|_| TableFacts::default()).collect();
    let mut private: Vec<bool> = (0..facts.len()).map(|table| table >= imported).collect();
    for export in &module.exports {
        if export.kind == ExternKind::Table as u32
            && let Some(private) = private.get_mut(export.index as usize)
        {
            *private = false;
        }
    }
    let mut unwritten = private.clone();
    for scan in scans {
        for (tables, marks) in [(&scan.grown, &mut private), (&scan.written, &mut unwritten)] {
            for table in tables {
                if let Some(mark) = marks.get_mut(*table as usize) {
                    *mark = false;
                }
            }
        }
    }
    // `private` now says which keep their length.
    let certain = fits(module);
    for (table, facts) in facts.iter_mut().enumerate() {
        if private[table] {
            facts.length = Some(module.tables[table].minimum);
        }
        if private[table] && unwritten[table] && certain {
            facts.contents = contents(module, table);
        }
    }
    facts
}

/// The operators of a constant expression.
fn constant(module: &Module, range: Range) -> &[tancho_abi::module::ConstantRecord] {
    range.of(&module.constants).unwrap_or_default()
}

/// The offset of an active segment, where it is a constant.
fn offset(module: &Module, record: &ElementRecord) -> Option<u64> {
    match constant(module, record.offset) {
        [only] if only.operator == ConstantOperator::I32 as u32 => Some(u64::from(only.low as u32)),
        [only] if only.operator == ConstantOperator::I64 as u32 => Some(only.low),
        _ => None,
    }
}

/// The items of a segment as functions, [`NONE`] for null; `None` where they are something else.
fn items(module: &Module, record: &ElementRecord) -> Option<Vec<u32>> {
    if record.expressions == 0 {
        return record.items.of(&module.element_functions).map(<[u32]>::to_vec);
    }
    let item = |range: &Range| match constant(module, *range) {
        [only] if only.operator == ConstantOperator::RefFunc as u32 => Some(only.index),
        [only] if only.operator == ConstantOperator::RefNull as u32 => Some(NONE),
        _ => None,
    };
    record.items.of(&module.element_expressions)?.iter().map(item).collect()
}

/// Whether every active element segment is sure to be applied. Were one not, a function that an earlier one has put into a table of
/// others could run while the tables here are half filled.
fn fits(module: &Module) -> bool {
    module.elements.iter().filter(|record| record.mode == SegmentMode::Active as u32).all(|record| {
        let end = offset(module, record).and_then(|offset| offset.checked_add(u64::from(record.items.length)));
        // A table has at least its minimum, an imported one too (§3.3).
        let table = module.tables.get(record.table as usize);
        end.zip(table).is_some_and(|(end, table)| end <= table.minimum)
    })
}

fn contents(module: &Module, table: usize) -> Option<Contents> {
    let record = &module.tables[table];
    let element = record.element.decode_ref()?;
    if !element.is_function() || record.minimum > MAX_ENTRIES {
        return None;
    }
    let first = match constant(module, record.init) {
        [] => NONE,
        [only] if only.operator == ConstantOperator::RefNull as u32 => NONE,
        [only] if only.operator == ConstantOperator::RefFunc as u32 => only.index,
        _ => return None,
    };
    let mut entries = vec![first; record.minimum as usize];
    for segment in &module.elements {
        if segment.mode != SegmentMode::Active as u32 || segment.table as usize != table {
            continue;
        }
        let items = items(module, segment)?;
        let start = usize::try_from(offset(module, segment)?).ok()?;
        entries.get_mut(start..start.checked_add(items.len())?)?.copy_from_slice(&items);
    }
    group(module, entries.into())
}

fn group(module: &Module, entries: Box<[u32]>) -> Option<Contents> {
    let imported = module.summary[0].counts.imported_functions;
    let mut contents = Contents { entries, has_null: false, count: 0, local: true, groups: HashMap::new() };
    for function in &contents.entries {
        if *function == NONE {
            contents.has_null = true;
            continue;
        }
        let local = *function >= imported;
        contents.count += 1;
        contents.local &= local;
        let ty = module.functions.get(*function as usize)?.ty;
        let number = module.types.get(ty.index())?.plain;
        if number == 0 {
            continue;
        }
        let function = FunctionIndex(*function);
        match contents.groups.get_mut(&number) {
            Some(group) => {
                group.count += 1;
                group.local &= local;
                group.only = group.only.filter(|only| *only == function);
            }
            None => {
                contents.groups.insert(number, Group { count: 1, only: Some(function), local });
            }
        }
    }
    Some(contents)
}
