//! Scan: one reading of a function's body for what matters beyond the function.
//!
//! Called by `facts` for each body, before any is validated or translated. A body that cannot be read is left for validation to name: what
//! its scan says is of no use to anybody, because the module is refused.

use std::collections::BTreeSet;
use wasmparser::{BinaryReader, FunctionBody, Operator};

/// What a function does that matters beyond it.
#[derive(Default)]
pub(crate) struct Scan {
    /// What it calls.
    pub(super) calls: BTreeSet<Call>,
    /// The globals that it reads.
    pub(super) got: BTreeSet<u32>,
    /// The globals that it writes.
    pub(super) set: BTreeSet<u32>,
    /// The tables that it writes entries of.
    pub(super) written: BTreeSet<u32>,
    /// The tables that it makes longer.
    pub(super) grown: BTreeSet<u32>,
    /// Whether it catches exceptions.
    pub(super) catches: bool,
}

/// A call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Call {
    /// What is called.
    pub(super) callee: Callee,
    /// Whether the function may go on behind it: not where `unreachable` follows, as it does where a callee does not return.
    pub(super) returns: bool,
}

/// What is called, by the indices of functions, types and tables.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Callee {
    /// This function.
    Function(u32),
    /// A function of the type that stands in the table.
    Entry(u32, u32),
    /// A function of the type that there is a reference to.
    Reference(u32),
}

/// What an operator calls, if it does, and whether it is a tail call.
pub(super) fn callee(operator: &Operator<'_>) -> Option<(Callee, bool)> {
    Some(match *operator {
        Operator::Call { function_index } => (Callee::Function(function_index), false),
        Operator::ReturnCall { function_index } => (Callee::Function(function_index), true),
        Operator::CallIndirect { type_index, table_index } => (Callee::Entry(type_index, table_index), false),
        Operator::ReturnCallIndirect { type_index, table_index } => (Callee::Entry(type_index, table_index), true),
        Operator::CallRef { type_index } => (Callee::Reference(type_index), false),
        Operator::ReturnCallRef { type_index } => (Callee::Reference(type_index), true),
        _ => return None,
    })
}

/// Whether the operator that comes next in `rest` is `unreachable`.
pub(crate) fn is_unreachable_next(mut rest: BinaryReader<'_>) -> bool {
    rest.read_u8().is_ok_and(|opcode| opcode == 0)
}

/// Reads a body.
pub(super) fn scan(body: &FunctionBody<'_>) -> Scan {
    let mut scan = Scan::default();
    let Ok(mut operators) = body.get_operators_reader() else { return scan };
    while !operators.eof() {
        let Ok(operator) = operators.read() else { break };
        if let Some((callee, tail)) = callee(&operator) {
            let returns = tail || !is_unreachable_next(operators.get_binary_reader());
            scan.calls.insert(Call { callee, returns });
            continue;
        }
        match operator {
            Operator::GlobalGet { global_index } => drop(scan.got.insert(global_index)),
            Operator::GlobalSet { global_index } => drop(scan.set.insert(global_index)),
            Operator::TableSet { table }
            | Operator::TableFill { table }
            | Operator::TableInit { table, .. }
            | Operator::TableCopy { dst_table: table, .. } => drop(scan.written.insert(table)),
            Operator::TableGrow { table } => {
                scan.written.insert(table);
                scan.grown.insert(table);
            }
            Operator::TryTable { .. } | Operator::Try { .. } => scan.catches = true,
            _ => {}
        }
    }
    scan
}
