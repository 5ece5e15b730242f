//! Facts: what is known of a module as a whole when its functions are translated.
//!
//! Called by the pipeline once per module. A fact holds whatever the host and other instances do: what they can reach is none.

use super::indirect::{self, TableFacts};
use super::scan::{Scan, scan};
use super::shadow::{self, Shadow};
use crate::decode::module::Body;
use rayon::prelude::*;
use tancho_abi::index::TableIndex;
use tancho_abi::module::Module;
use tancho_abi::target::Architecture;
use tancho_abi::tunables::Tunables;

/// What is known of a module.
#[derive(Default)]
pub(crate) struct Facts {
    /// Of each table, by table index; empty where nothing was asked.
    tables: Vec<TableFacts>,
    /// Of the shadow-stack pointer, where there is one and it is passed on in a register.
    pub(crate) shadow: Option<Shadow>,
}

impl Facts {
    /// Those of a module with these bodies, as far as the tunables ask for any. Reads bodies one after the other where it is to be
    /// `serial`.
    pub(crate) fn new(
        module: &Module,
        bodies: &[Body<'_>],
        tunables: &Tunables,
        architecture: Architecture,
        serial: bool,
    ) -> Facts {
        if !tunables.table_facts && !tunables.shadow_stack_argument {
            return Facts::default();
        }
        let scans: Vec<Scan> = if serial {
            bodies.iter().map(|body| scan(&body.body)).collect()
        } else {
            bodies.par_iter().map(|body| scan(&body.body)).collect()
        };
        let tables = if tunables.table_facts { indirect::tables(module, &scans) } else { Vec::new() };
        let shadow = tunables
            .shadow_stack_argument
            .then(|| shadow::shadow(module, bodies, &scans, &tables, architecture, serial));
        Facts { tables, shadow: shadow.flatten() }
    }

    /// What is known of a table.
    pub(crate) fn table(&self, table: TableIndex) -> Option<&TableFacts> {
        self.tables.get(table.index())
    }
}
