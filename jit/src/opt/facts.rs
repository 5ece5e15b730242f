//! Facts: what is known of a module as a whole when its functions are translated.
//!
//! Called by the pipeline once per module. A fact holds whatever the host and other instances do: what they can reach is none.

use super::indirect::{self, TableFacts};
use super::scan::Scan;
use tancho_abi::index::TableIndex;
use tancho_abi::module::Module;
use tancho_abi::tunables::Tunables;

/// What is known of a module.
#[derive(Default)]
pub(crate) struct Facts {
    /// Of each table, by table index; empty where nothing was asked.
    tables: Vec<TableFacts>,
}

impl Facts {
    /// Whether the tunables ask for any.
    pub(crate) fn wanted(tunables: &Tunables) -> bool {
        tunables.table_facts
    }

    /// Those of a module of whose functions this is known, in order, as far as the tunables ask for any.
    pub(crate) fn new(module: &Module, scans: &[Scan], tunables: &Tunables) -> Facts {
        let tables = if tunables.table_facts { indirect::tables(module, scans) } else { Vec::new() };
        Facts { tables }
    }

    /// What is known of a table.
    pub(crate) fn table(&self, table: TableIndex) -> Option<&TableFacts> {
        self.tables.get(table.index())
    }
}
