//! Builtins: what compiled code asks of the runtime by a call.

mod array;
mod atomic;
mod belt;
mod entry;
mod exception;
mod fuel;
mod gc;
mod list;
mod memory;
mod table;

pub(crate) use entry::caught;
pub(crate) use list::BUILTINS;
pub(crate) use memory::init as init_memory;
pub(crate) use table::{init as init_table, value as table_value};
