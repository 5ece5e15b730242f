//! Segments: the pieces of a function that fuel is charged for, and what each costs.
//!
//! Called by `function` before a body is translated, where the tunable `consume_fuel` is on. A segment is a run of operators of which
//! the first is followed by all others, unless one of them traps, throws or does not come back. Where one begins follows from the
//! operators alone, and so does what it costs: nothing that the translator or Cranelift knows counts. `docs/fuel.md` says the rules.

use super::env::ModuleEnv;
use tancho_abi::index::TypeIndex;
use tancho_abi::types::{StorageType, ValType};
use wasmparser::{FunctionBody, Operator};

/// What one unit of fuel pays of the bytes that an operator makes, sets or moves.
pub(crate) const BYTES_PER_UNIT: u64 = 8;

/// A segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Segment {
    /// The operator that it begins behind, counted from 1; 0 is the function's entry.
    pub(crate) after: u32,
    /// What its operators cost.
    pub(crate) cost: u64,
}

/// A construct that has not ended.
struct Open {
    kind: Kind,
    /// Whether it can be reached.
    reachable: bool,
    /// Whether a branch to its end exists.
    targeted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The function, a block, a `try_table`: its end is reached from before it, and by branches.
    Block,
    Loop,
    If,
    /// An `if` in its second arm; whether the end of the first is reached.
    Else(bool),
    Legacy,
}

/// The segments of a function, in order. What cannot be read, or is not valid, is left for validation to name.
pub(crate) fn scan(env: &ModuleEnv<'_>, body: &FunctionBody<'_>) -> Vec<Segment> {
    let function = Open { kind: Kind::Block, reachable: true, targeted: false };
    // Whoever calls it has come to it, even where it has no operator that costs anything.
    let mut scan = Scan { env, segments: vec![Segment { after: 0, cost: 1 }], open: vec![function], reachable: true };
    let Ok(operators) = body.get_operators_reader() else { return scan.segments };
    for (position, operator) in (1..).zip(operators) {
        let Ok(operator) = operator else { break };
        if scan.operator(position, &operator).is_none() {
            break;
        }
    }
    scan.segments
}

struct Scan<'a, 'm> {
    env: &'a ModuleEnv<'m>,
    segments: Vec<Segment>,
    open: Vec<Open>,
    /// Whether the present place can be reached, as far as structure says.
    reachable: bool,
}

impl Scan<'_, '_> {
    /// `None` where the function makes no sense.
    fn operator(&mut self, position: u32, operator: &Operator<'_>) -> Option<()> {
        if self.reachable {
            self.segments.last_mut()?.cost += cost(self.env, operator);
            self.leave(operator)?;
        }
        match operator {
            Operator::Block { .. } | Operator::TryTable { .. } => self.push(Kind::Block),
            Operator::Try { .. } => self.push(Kind::Legacy),
            Operator::Loop { .. } => {
                self.push(Kind::Loop);
                self.begin(position);
            }
            Operator::If { .. } => {
                self.push(Kind::If);
                self.begin(position);
            }
            Operator::Else => {
                let first = self.reachable;
                let open = self.open.last_mut()?;
                open.kind = Kind::Else(first);
                self.reachable = open.reachable;
                self.begin(position);
            }
            Operator::Catch { .. } | Operator::CatchAll => {
                self.reachable = self.open.last()?.reachable;
                self.begin(position);
            }
            Operator::End | Operator::Delegate { .. } => self.end(position)?,
            Operator::BrIf { .. }
            | Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. }
            | Operator::BrOnCast { .. }
            | Operator::BrOnCastFail { .. } => self.begin(position),
            _ => {}
        }
        Some(())
    }

    /// Takes note of where an operator branches to, and of one behind which nothing is reached.
    fn leave(&mut self, operator: &Operator<'_>) -> Option<()> {
        let targets = branches(operator)?;
        for depth in targets {
            let position = self.open.len().checked_sub(1 + depth as usize)?;
            self.open[position].targeted = true;
        }
        if is_last(operator) {
            self.reachable = false;
        }
        Some(())
    }

    fn push(&mut self, kind: Kind) {
        self.open.push(Open { kind, reachable: self.reachable, targeted: false });
    }

    /// A new segment, if the place can be reached.
    fn begin(&mut self, position: u32) {
        if self.reachable {
            self.segments.push(Segment { after: position, cost: 0 });
        }
    }

    fn end(&mut self, position: u32) -> Option<()> {
        let Open { kind, reachable, targeted } = self.open.pop()?;
        let joins = match kind {
            // Nothing but what stands before its end comes there.
            Kind::Loop => false,
            Kind::Block => targeted,
            Kind::If => reachable,
            Kind::Else(first) => targeted || first || self.reachable,
            Kind::Legacy => reachable,
        };
        if joins {
            self.reachable = true;
            self.begin(position);
        }
        Some(())
    }
}

/// The depths of the labels that an operator may branch to; `None` where it cannot be read. Those of a `try_table` are where its
/// exceptions go.
pub(crate) fn branches(operator: &Operator<'_>) -> Option<Vec<u32>> {
    Some(match operator {
        Operator::Br { relative_depth }
        | Operator::BrIf { relative_depth }
        | Operator::BrOnNull { relative_depth }
        | Operator::BrOnNonNull { relative_depth }
        | Operator::BrOnCast { relative_depth, .. }
        | Operator::BrOnCastFail { relative_depth, .. } => vec![*relative_depth],
        Operator::BrTable { targets } => {
            let mut depths = targets.targets().collect::<Result<Vec<u32>, _>>().ok()?;
            depths.push(targets.default());
            depths
        }
        Operator::TryTable { try_table } => {
            let label = |catch: &wasmparser::Catch| match *catch {
                wasmparser::Catch::One { label, .. }
                | wasmparser::Catch::OneRef { label, .. }
                | wasmparser::Catch::All { label }
                | wasmparser::Catch::AllRef { label } => label,
            };
            try_table.catches.iter().map(label).collect()
        }
        _ => Vec::new(),
    })
}

/// Whether nothing that follows an operator is reached from it.
fn is_last(operator: &Operator<'_>) -> bool {
    matches!(
        operator,
        Operator::Unreachable
            | Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef
            | Operator::Rethrow { .. }
    )
}

/// What an operator costs, but for what depends on its operands.
fn cost(env: &ModuleEnv<'_>, operator: &Operator<'_>) -> u64 {
    let fields = |ty: &u32| env.find_object(TypeIndex(*ty)).map_or(&[][..], |object| &object.fields);
    let units = |bytes: u64| 1 + bytes / BYTES_PER_UNIT;
    match operator {
        // Structure, and what leaves no instruction behind.
        Operator::Nop
        | Operator::Drop
        | Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::Else
        | Operator::End
        | Operator::TryTable { .. }
        | Operator::Try { .. }
        | Operator::Catch { .. }
        | Operator::CatchAll
        | Operator::Delegate { .. }
        | Operator::Unreachable
        | Operator::Return => 0,
        Operator::StructNewDefault { struct_type_index } => {
            units(fields(struct_type_index).iter().map(|field| bytes_of(field.storage)).sum())
        }
        Operator::ArrayNewFixed { array_type_index, array_size } => {
            let element = fields(array_type_index).first().map_or(0, |element| bytes_of(element.storage));
            units(element * u64::from(*array_size))
        }
        _ => 1,
    }
}

/// The bytes that a field or an element counts as: a power of two. A reference counts as 8, whatever it takes.
pub(crate) fn bytes_of(storage: StorageType) -> u64 {
    match storage {
        StorageType::I8 => 1,
        StorageType::I16 => 2,
        StorageType::Val(ValType::I32 | ValType::F32) => 4,
        StorageType::Val(ValType::I64 | ValType::F64 | ValType::Ref(_)) => 8,
        StorageType::Val(ValType::V128) => 16,
    }
}
