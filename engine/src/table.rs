//! Tables: handles of tables of references.
//!
//! Users read, write and grow them; `link` matches their types.

use crate::context::{AsContext, AsContextMut};
use crate::error::{Coded, Context, Error, ErrorCode, Result};
use crate::func::{lift_ref, lower_ref};
use crate::handle::{StoreId, own};
use crate::limiter;
use crate::store::{Loan, StoreOpaque};
use crate::trap::Trap;
use crate::types::{RefType, TableType, ValType};
use crate::value::Ref;
use tancho_runtime::store::TableId;
use tancho_runtime::table::TableValue;

/// A table of a store.
///
/// ```
/// # use tancho::{Engine, Func, Ref, RefType, Result, Store, Table, TableType};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let table = Table::new(&mut store, TableType::new(RefType::FUNCREF, 2, None), Ref::Func(None))?;
/// let func = Func::wrap(&mut store, || 1);
/// table.set(&mut store, 1, func.into())?;
/// assert!(table.get(&mut store, 0).is_some_and(|entry| entry.is_null()));
/// assert!(table.get(&mut store, 2).is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Table {
    store: StoreId,
    id: TableId,
}

impl Table {
    /// A new table, all of whose entries are `init`.
    ///
    /// # Errors
    ///
    /// When the type is none, because the minimum exceeds the maximum; when `init` is not of the type's element type or belongs to another
    /// store; or when the table is too large.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Ref) -> Result<Table> {
        Self::new_in(store.as_context_mut().loan(), &ty, init)
    }

    pub(crate) fn new_in<T>(loan: &mut Loan<'_, T>, ty: &TableType, init: Ref) -> Result<Table> {
        let store = &mut loan.inner_mut().opaque;
        let ValType::Ref(element) = store.keep_type(&ValType::Ref(ty.element().clone())) else {
            return Err(ErrorCode::ImpossibleType.error("a table holds references"));
        };
        // §3.2.5.
        if ty.maximum().is_some_and(|maximum| maximum < ty.minimum()) {
            return Err(ErrorCode::ImpossibleType.error(format!("the minimum of a table {ty} exceeds its maximum")));
        }
        init.require(&element, store)?;
        let runtime = tancho_runtime::table::TableType { element: element.abi(), ..ty.runtime() };
        let failed = || Coded::new(ErrorCode::Refused, format!("cannot make a table {ty}"));
        let admitted = store.runtime_mut().admit_table(&runtime);
        let admitted = admitted.and_then(|question| limiter::ask(loan, question));
        let store = &mut loan.inner_mut().opaque;
        admitted.map_err(|denied| store.denied(denied).context(failed()))?;
        let init = lower_ref(init, store)?;
        let id = store.runtime_mut().new_table(runtime, init).with_context(failed)?;
        Ok(Table::of(id, store))
    }

    /// Its type. The minimum is the present size.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Table::try_ty`].
    #[track_caller]
    pub fn ty(&self, store: impl AsContext) -> TableType {
        own(self.try_ty(store))
    }

    /// Its type: as [`Table::ty`].
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_ty(&self, store: impl AsContext) -> Result<TableType> {
        self.ty_in(store.as_context().opaque())
    }

    /// Entry `index`; `None` when there are fewer, and when the table belongs to another store. A reference to an object is good until the
    /// present [scope](crate::RootScope) ends.
    pub fn get(&self, mut store: impl AsContextMut, index: u64) -> Option<Ref> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        self.store.check(store, "table").ok()?;
        let table = store.runtime().table(self.id);
        let (value, hierarchy) = (table.get(index)?, table.ty().element.heap.hierarchy());
        Some(lift_ref(value, hierarchy, store))
    }

    /// Sets entry `index`.
    ///
    /// # Errors
    ///
    /// When there is no such entry, or `value` is not of the element type; when one of them belongs to another store.
    pub fn set(&self, mut store: impl AsContextMut, index: u64, value: Ref) -> Result<()> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let value = self.lower(store, value)?;
        let set = store.runtime_mut().table_mut(self.id).set(index, value);
        set.map_err(|_| ErrorCode::OutOfBounds.error(format!("table entry {index} is out of bounds")))
    }

    /// Grows it by `delta` entries that are `init`, and says how many it had.
    ///
    /// # Errors
    ///
    /// When it would exceed its maximum or what the engine allows, or the system has no memory left; when `init` is
    /// not of the element type; when one of them belongs to another store. Then it is as it was.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Ref) -> Result<u64> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        store.require_at_rest()?;
        self.lower(store, init)?;
        let admitted = store.runtime_mut().table_growth(self.id, delta);
        let admitted = admitted.and_then(|question| limiter::ask(context.loan(), question));
        let store = context.opaque_mut();
        let init = self.lower(store, init)?;
        let grown = store.runtime_mut().grow_table(self.id, delta, init, admitted);
        let failed = || Coded::new(ErrorCode::Refused, format!("cannot grow a table by {delta} entries"));
        grown.map_err(|denied| store.denied(denied).context(failed()))
    }

    /// How many entries it has.
    ///
    /// # Panics
    ///
    /// When it belongs to another store: see [`Table::try_size`].
    #[track_caller]
    pub fn size(&self, store: impl AsContext) -> u64 {
        own(self.try_size(store))
    }

    /// How many entries it has.
    ///
    /// # Errors
    ///
    /// When it belongs to another store.
    pub fn try_size(&self, store: impl AsContext) -> Result<u64> {
        let context = store.as_context();
        self.store.check(context.opaque(), "table")?;
        Ok(context.opaque().runtime().table(self.id).size())
    }

    /// Sets `length` entries from `start` on.
    ///
    /// # Errors
    ///
    /// [`Trap::TableOutOfBounds`] when not all of them are there; when `value` is not of the element type; when one
    /// of them belongs to another store. Then the table is as it was.
    pub fn fill(&self, mut store: impl AsContextMut, start: u64, value: Ref, length: u64) -> Result<()> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let value = self.lower(store, value)?;
        let filled = store.runtime_mut().table_mut(self.id).fill(start, value, length);
        filled.map_err(|_| Error::new(Trap::TableOutOfBounds))
    }

    /// Copies `length` entries of `source` from `source_start` on over those of `target` from `target_start` on. Both
    /// may be the same table, and the ranges may overlap.
    ///
    /// # Errors
    ///
    /// [`Trap::TableOutOfBounds`] when not all of them are there; when the element types differ; when one of the
    /// tables belongs to another store. Then nothing is copied.
    pub fn copy(
        mut store: impl AsContextMut,
        target: &Table,
        target_start: u64,
        source: &Table,
        source_start: u64,
        length: u64,
    ) -> Result<()> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let to = target.ty_in(store)?;
        let from = source.ty_in(store)?;
        if !from.element().matches(to.element()) {
            return Err(ErrorCode::TypeMismatch.error(format!(
                "type mismatch: {} entries cannot be copied to a table of {}",
                from.element(),
                to.element()
            )));
        }
        let within = |start: u64, size: u64| start.checked_add(length).is_some_and(|end| end <= size);
        if !within(target_start, to.minimum()) || !within(source_start, from.minimum()) {
            return Err(Error::new(Trap::TableOutOfBounds));
        }
        let copy = |position: u64| {
            let value = store.runtime().table(source.id).get(source_start + position);
            let set = value.map(|value| store.runtime_mut().table_mut(target.id).set(target_start + position, value));
            if let Some(Ok(())) = set { Ok(()) } else { Err(Error::new(Trap::TableOutOfBounds)) }
        };
        // Like `memmove`: in the direction in which no entry is overwritten before it is read.
        if target_start <= source_start { (0..length).try_for_each(copy) } else { (0..length).rev().try_for_each(copy) }
    }

    /// Checks a value for this table and converts it.
    fn lower(self, store: &mut StoreOpaque, value: Ref) -> Result<TableValue> {
        self.store.check(store, "table")?;
        let element = RefType::of(store.runtime().table(self.id).ty().element, store.engine().types());
        value.require(&element, store)?;
        lower_ref(value, store)
    }

    pub(crate) fn of(id: TableId, store: &StoreOpaque) -> Table {
        Table { store: store.id(), id }
    }

    fn now(self, store: &StoreOpaque) -> TableType {
        let table = store.runtime().table(self.id);
        TableType::of(table.ty(), table.size(), store.engine().types())
    }

    pub(crate) fn ty_in(self, store: &StoreOpaque) -> Result<TableType> {
        self.store.check(store, "table")?;
        Ok(self.now(store))
    }

    /// How it is imported.
    pub(crate) fn import(self, store: &StoreOpaque) -> Result<TableId> {
        self.store.check(store, "table")?;
        Ok(self.id)
    }
}
