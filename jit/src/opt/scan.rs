//! Scan: one reading of a function's body for what matters beyond the function.
//!
//! Called by the pipeline for each body, before any is validated or translated. A body that cannot be read is left for validation to name: what
//! its scan says is of no use to anybody, because the module is refused.

use wasmparser::{FunctionBody, Operator};

/// What a function does that matters beyond it.
#[derive(Default)]
pub(crate) struct Scan {
    /// The tables that it writes entries of, each once.
    pub(super) written: Vec<u32>,
    /// The tables that it makes longer, each once.
    pub(super) grown: Vec<u32>,
}

/// Adds `item` unless it is there already. What these lists hold is few.
fn note(list: &mut Vec<u32>, item: u32) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// Reads a body.
pub(crate) fn scan(body: &FunctionBody<'_>) -> Scan {
    let mut scan = Scan::default();
    let Ok(mut operators) = body.get_operators_reader() else { return scan };
    while !operators.eof() {
        let Ok(operator) = operators.read() else { break };
        match operator {
            Operator::TableSet { table }
            | Operator::TableFill { table }
            | Operator::TableInit { table, .. }
            | Operator::TableCopy { dst_table: table, .. } => note(&mut scan.written, table),
            Operator::TableGrow { table } => {
                note(&mut scan.written, table);
                note(&mut scan.grown, table);
            }
            _ => {}
        }
    }
    scan
}
