//! Linking: does what is given match what a module imports, and what to say when it does not.
//!
//! `instance` resolves definitions here for each instantiation; `linker` checks what it can beforehand.

use crate::context::StoreContextMut;
use crate::error::{Error, ErrorCode, Result};
use crate::func::{Func, HostFunc, HostRecord};
use crate::func_type::FuncType;
use crate::global::Global;
use crate::handle::Extern;
use crate::memory::Memory;
use crate::module::Module;
use crate::shared_memory::SharedMemory;
use crate::store::Loan;
use crate::table::Table;
use crate::tag::Tag;
use crate::types::{ExternType, GlobalType, MemoryType, Mutability, TableType};
use crate::value::{Ref, Val};
use std::fmt;
use std::sync::Arc;
use tancho_runtime::instantiate::{FunctionImport, Imports};

/// What an import is bound to.
#[derive(Clone)]
pub(crate) enum Definition {
    /// A thing of a store.
    Extern(Extern),
    /// A host function of any store.
    Host(Arc<HostFunc>),
    /// A new thing of this type, not a function, for each instance: zero, null, and as small as it may be.
    Default(ExternType),
}

/// An import that nothing is defined for.
///
/// ```
/// # use tancho::{Engine, Linker, Module, Result};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (import "host" "prnt" (func)))"#)?;
/// let mut linker = Linker::<()>::new(&engine);
/// linker.func_wrap("host", "print", || ())?;
/// let missing = linker.missing_imports(&module);
/// assert_eq!(missing[0].name, "prnt");
/// assert_eq!(missing[0].nearest, ["host::print"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct MissingImport {
    /// Its module name.
    pub module: String,
    /// Its name.
    pub name: String,
    /// The type that it needs.
    pub ty: ExternType,
    /// Names that are defined and look like it, nearest first, each as `module::name`.
    pub nearest: Vec<String>,
}

impl fmt::Display for MissingImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown import: `{}::{}` has not been defined ({})", self.module, self.name, self.ty)?;
        for (position, near) in self.nearest.iter().enumerate() {
            write!(f, "{}`{near}`", if position == 0 { "; did you mean " } else { " or " })?;
        }
        if !self.nearest.is_empty() {
            f.write_str("?")?;
        }
        Ok(())
    }
}

/// Why a module was not linked.
///
/// ```
/// # use tancho::{Engine, LinkError, Linker, Module, Result, Store};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (import "a" "b" (func)) (import "a" "c" (memory 1)))"#)?;
/// let error = Linker::new(&engine).instantiate(Store::new(&engine, ()), &module).unwrap_err();
/// let Some(LinkError::Unknown(missing)) = error.downcast_ref() else { panic!("{error:?}") };
/// assert_eq!(missing.len(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LinkError {
    /// Nothing is defined for these imports: all that are missing.
    Unknown(Vec<MissingImport>),
    /// What is defined for an import has another type.
    Incompatible {
        /// The import's module name.
        module: String,
        /// Its name.
        name: String,
        /// The type that it needs.
        expected: Box<ExternType>,
        /// The type of what is defined. The minimum of a table or memory is its size.
        found: Box<ExternType>,
        /// In what they differ.
        why: String,
    },
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::Unknown(missing) => {
                for (position, import) in missing.iter().enumerate() {
                    write!(f, "{}{import}", if position == 0 { "" } else { "\n" })?;
                }
                Ok(())
            }
            LinkError::Incompatible { module, name, expected, found, why } => {
                write!(f, "incompatible import type for `{module}::{name}`: expected {expected}, found {found}: {why}")
            }
        }
    }
}

impl std::error::Error for LinkError {}

impl LinkError {
    /// Its code.
    pub fn code(&self) -> ErrorCode {
        match self {
            LinkError::Unknown(_) => ErrorCode::UnknownImport,
            LinkError::Incompatible { .. } => ErrorCode::IncompatibleImport,
        }
    }
}

/// The error of a call of an import that [nothing was defined for](crate::Linker::define_unknown_imports_as_traps).
///
/// ```
/// # use tancho::{Engine, Linker, Module, Result, Store, UnknownImport};
/// # fn main() -> Result<()> {
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (import "a" "b" (func $b)) (func (export "f") (call $b)))"#)?;
/// let mut linker = Linker::new(&engine);
/// linker.define_unknown_imports_as_traps(&module)?;
/// let mut store = Store::new(&engine, ());
/// let instance = linker.instantiate(&mut store, &module)?;
/// let error = instance.get_typed_func::<(), ()>(&mut store, "f")?.call(&mut store, ()).unwrap_err();
/// assert_eq!(error.downcast_ref::<UnknownImport>().map(|import| &*import.name), Some("b"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct UnknownImport {
    /// The import's module name.
    pub module: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for UnknownImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown import: `{}::{}` has not been defined", self.module, self.name)
    }
}

impl std::error::Error for UnknownImport {}

/// Whether a thing of type `found` may be imported as one of type `expected` (§3.4.16 and §3.3.11); if not, why.
fn matches(expected: &ExternType, found: &ExternType) -> Result<(), String> {
    match (expected, found) {
        (ExternType::Func(expected), ExternType::Func(found)) => {
            if found.matches(expected) {
                Ok(())
            } else {
                Err("the function types differ".to_owned())
            }
        }
        (ExternType::Table(expected), ExternType::Table(found)) => table_matches(expected, found),
        (ExternType::Memory(expected), ExternType::Memory(found)) => memory_matches(expected, found),
        (ExternType::Global(expected), ExternType::Global(found)) => global_matches(expected, found),
        (ExternType::Tag(expected), ExternType::Tag(found)) => {
            if expected == found {
                Ok(())
            } else {
                Err("the types of the exceptions' values differ".to_owned())
            }
        }
        _ => Err(format!("a {} is needed, not a {}", expected.kind(), found.kind())),
    }
}

fn limits_match(expected: (u64, Option<u64>), found: (u64, Option<u64>), unit: &str) -> Result<(), String> {
    if found.0 < expected.0 {
        return Err(format!("it has {} {unit}, and at least {} are needed", found.0, expected.0));
    }
    match (expected.1, found.1) {
        (None, _) => Ok(()),
        (Some(most), Some(found)) if found <= most => Ok(()),
        (Some(most), Some(found)) => Err(format!("it may grow to {found} {unit}, and must not to more than {most}")),
        (Some(most), None) => Err(format!("it may grow without limit, and must not to more than {most} {unit}")),
    }
}

fn table_matches(expected: &TableType, found: &TableType) -> Result<(), String> {
    // Entries are read and written, so the types must be equal and not only match.
    if expected.element() != found.element() {
        return Err("the types of the entries differ".to_owned());
    }
    if expected.is_64() != found.is_64() {
        return Err("one is indexed by i64 and the other by i32".to_owned());
    }
    limits_match((expected.minimum(), expected.maximum()), (found.minimum(), found.maximum()), "entries")
}

fn memory_matches(expected: &MemoryType, found: &MemoryType) -> Result<(), String> {
    for (differ, what) in [
        (expected.is_64() != found.is_64(), "one is indexed by i64 and the other by i32"),
        (expected.is_shared() != found.is_shared(), "one is shared and the other is not"),
        (expected.page_size() != found.page_size(), "the page sizes differ"),
    ] {
        if differ {
            return Err(what.to_owned());
        }
    }
    limits_match((expected.minimum(), expected.maximum()), (found.minimum(), found.maximum()), "pages")
}

fn global_matches(expected: &GlobalType, found: &GlobalType) -> Result<(), String> {
    match (expected.mutability(), found.mutability()) {
        (Mutability::Const, Mutability::Const) if found.content().matches(expected.content()) => Ok(()),
        (Mutability::Var, Mutability::Var) if found.content() == expected.content() => Ok(()),
        (expected, found) if expected == found => Err("the types of the values differ".to_owned()),
        (Mutability::Var, _) => Err("a mutable global is needed, and it is immutable".to_owned()),
        (Mutability::Const, _) => Err("an immutable global is needed, and it is mutable".to_owned()),
    }
}

/// The error when import `position` of the module is bound to a thing of type `found` and may not be.
fn check(module: &Module, position: usize, expected: &ExternType, found: ExternType) -> Result<()> {
    let Err(why) = matches(expected, &found) else { return Ok(()) };
    let (module, name) = import_name(module, position);
    Err(Error::new(LinkError::Incompatible {
        module,
        name,
        expected: Box::new(expected.clone()),
        found: Box::new(found),
        why,
    }))
}

fn import_name(module: &Module, position: usize) -> (String, String) {
    let import = module.imports().nth(position);
    import.map(|import| (import.module().to_owned(), import.name().to_owned())).unwrap_or_default()
}

/// Checks what can be checked without a store: whether host functions have the types of their imports.
pub(crate) fn check_hosts(module: &Module, definitions: &[Definition]) -> Result<()> {
    for (position, (expected, definition)) in module.import_types().iter().zip(definitions).enumerate() {
        if let Definition::Host(function) = definition {
            check(module, position, expected, ExternType::Func(function.ty().clone()))?;
        }
    }
    Ok(())
}

/// Checks each import's definition, and turns them into what the runtime needs.
///
/// There are as many definitions as imports; host functions among them take callers with data of type `T`, and have been [checked](check_hosts)
/// where `checked` says so.
pub(crate) fn resolve<T>(
    store: &mut Loan<'_, T>,
    module: &Module,
    definitions: &[Definition],
    checked: bool,
) -> Result<Imports> {
    let opaque = &store.inner().opaque;
    if !checked {
        check_hosts(module, definitions)?;
    }
    for (position, (expected, definition)) in module.import_types().iter().zip(definitions).enumerate() {
        let found = match definition {
            // Tables and memories grow, so that they may come to match or not.
            Definition::Extern(item) => item.ty_in(opaque)?,
            Definition::Default(ty) => ty.clone(),
            Definition::Host(_) => continue,
        };
        check(module, position, expected, found)?;
    }
    let hosts = definitions.iter().filter_map(|definition| match definition {
        Definition::Host(function) => Some(HostRecord::new(store, function)),
        _ => None,
    });
    let hosts: Box<[HostRecord]> = hosts.collect();
    let opaque = &mut store.inner_mut().opaque;
    let mut imports = Imports::default();
    let mut hosts = opaque.keep_hosts(hosts).iter().map(HostRecord::import).collect::<Vec<_>>().into_iter();
    for definition in definitions {
        match definition {
            Definition::Host(_) => imports.functions.extend(hosts.next()),
            Definition::Extern(item) => push(&mut imports, store, item)?,
            Definition::Default(ty) => {
                let item = make_default(store, ty)?;
                push(&mut imports, store, &item)?;
            }
        }
    }
    Ok(imports)
}

fn push<T>(imports: &mut Imports, loan: &mut Loan<'_, T>, item: &Extern) -> Result<()> {
    let store = &mut loan.inner_mut().opaque;
    match item {
        Extern::Func(func) => imports.functions.push(func.import(store)?),
        Extern::Table(table) => imports.tables.push(table.import(store)?),
        Extern::Memory(memory) => imports.memories.push(memory.import(store)?),
        Extern::SharedMemory(memory) => imports.memories.push(memory.import(loan)?),
        Extern::Global(global) => imports.globals.push(global.import(store)?),
        Extern::Tag(tag) => imports.tags.push(tag.import(store)?),
    }
    Ok(())
}

/// An error when functions of this type have no results by default.
pub(crate) fn require_default_results(ty: &FuncType) -> Result<()> {
    if ty.results().all(|ty| Val::default_for_ty(&ty).is_some()) {
        return Ok(());
    }
    Err(ErrorCode::NoDefault.error(format!("there is no default value for a function of type {ty}")))
}

/// A function of this type that returns zeros and nulls.
pub(crate) fn default_function<T>(ty: &FuncType, store: &mut StoreContextMut<'_, T>) -> Result<Func> {
    require_default_results(ty)?;
    Ok(Func::new(store, ty.clone(), |_, _, _| Ok(())))
}

/// A new thing of this type: zero, null, and as small as it may be.
pub(crate) fn make_default<T>(loan: &mut Loan<'_, T>, ty: &ExternType) -> Result<Extern> {
    let store = &mut loan.inner_mut().opaque;
    let no_default = || ErrorCode::NoDefault.error(format!("there is no default value for a {ty}"));
    Ok(match ty {
        ExternType::Func(_) => return Err(no_default()),
        ExternType::Table(ty) => Table::new_in(loan, ty, Ref::null(ty.element().heap_type()))?.into(),
        ExternType::Memory(ty) if ty.is_shared() => SharedMemory::new(store.engine(), ty.clone())?.into(),
        ExternType::Memory(ty) => Memory::new_in(loan, ty)?.into(),
        ExternType::Tag(ty) => Tag::new_in(store, ty).into(),
        ExternType::Global(ty) => {
            Global::new_in(store, ty, Val::default_for_ty(ty.content()).ok_or_else(no_default)?)?.into()
        }
    })
}

/// As many missing imports get suggestions: comparing names takes time, and nobody reads more.
pub(crate) const SUGGESTED: usize = 64;

/// The names among `defined` that are nearest to `module::name`, at most three, nearest first.
pub(crate) fn nearest<'a>(module: &str, name: &str, defined: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let mut near: Vec<(usize, String)> = defined
        .filter_map(|(other_module, other_name)| {
            let by_name = distance(name, other_name)?;
            let by_module = if module == other_module { 0 } else { distance(module, other_module)?.min(4) };
            // A third of the letters may differ; of a name that is there in another module, all of the module's.
            let close = by_name == 0 || by_name <= tolerance(name) && by_module <= tolerance(module);
            close.then(|| (by_name + by_module, format!("{other_module}::{other_name}")))
        })
        .collect();
    near.sort();
    near.truncate(3);
    near.into_iter().map(|(_, text)| text).collect()
}

/// How many letters of a name may differ.
fn tolerance(name: &str) -> usize {
    (name.len() / 3).max(usize::from(name.len() > 1))
}

/// How many bytes have to be inserted, removed or replaced; `None` for names too long to compare.
fn distance(one: &str, other: &str) -> Option<usize> {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() > 128 || other.len() > 128 {
        return None;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (position, byte) in one.iter().enumerate() {
        let mut diagonal = position;
        row[0] = position + 1;
        for (column, against) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(byte != against);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied()
}

impl HostRecord {
    fn import(&self) -> FunctionImport {
        let function = self.function();
        let ty = function.ty().registered().identity();
        FunctionImport::Host { function: self.entry(), data: self.data(), typed: self.is_typed(), ty }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;
    use crate::types::{RefType, ValType};

    #[test]
    fn distances() {
        assert_eq!(distance("", ""), Some(0));
        assert_eq!(distance("kitten", "sitting"), Some(3));
        assert_eq!(distance("", "abc"), Some(3));
        assert_eq!(distance(&"x".repeat(129), "x"), None);
    }

    #[test]
    fn near_names() {
        let defined = [("env", "print"), ("env", "printf"), ("host", "print"), ("env", "memory"), ("x", "y")];
        let nearest = |module, name| super::nearest(module, name, defined.into_iter());
        assert_eq!(nearest("env", "prind"), ["env::print"]);
        assert_eq!(nearest("envv", "print"), ["env::print", "env::printf", "host::print"]);
        assert_eq!(nearest("a", "b"), ["x::y"; 0]);
    }

    #[test]
    fn limits() {
        let table = |minimum, maximum| ExternType::Table(TableType::new(RefType::FUNCREF, minimum, maximum));
        let ok = |expected, found| matches(&expected, &found).is_ok();
        assert!(ok(table(1, None), table(1, None)));
        assert!(ok(table(1, None), table(2, Some(3))));
        assert!(ok(table(1, Some(5)), table(1, Some(5))));
        assert!(ok(table(1, Some(5)), table(3, Some(4))));
        assert!(!ok(table(2, None), table(1, None)));
        assert!(!ok(table(1, Some(5)), table(1, None)));
        assert!(!ok(table(1, Some(5)), table(1, Some(6))));
        let memory = |minimum, maximum| ExternType::Memory(MemoryType::new(minimum, maximum));
        assert!(ok(memory(0, None), memory(7, Some(8))));
        assert!(!ok(memory(1, None), table(1, None)));
        let externs = ExternType::Table(TableType::new(RefType::EXTERNREF, 1, None));
        assert!(!ok(table(1, None), externs));
    }

    #[test]
    fn globals() {
        let global = |ty: &ValType, mutability| ExternType::Global(GlobalType::new(ty.clone(), mutability));
        let ok = |expected, found| matches(&expected, &found).is_ok();
        let not_null = ValType::Ref(RefType::new(false, crate::types::HeapType::Func));
        for mutability in [Mutability::Const, Mutability::Var] {
            assert!(ok(global(&ValType::I32, mutability), global(&ValType::I32, mutability)));
            assert!(!ok(global(&ValType::I32, mutability), global(&ValType::I64, mutability)));
        }
        assert!(!ok(global(&ValType::I32, Mutability::Const), global(&ValType::I32, Mutability::Var)));
        assert!(!ok(global(&ValType::I32, Mutability::Var), global(&ValType::I32, Mutability::Const)));
        assert!(ok(global(&ValType::FUNCREF, Mutability::Const), global(&not_null, Mutability::Const)));
        assert!(!ok(global(&not_null, Mutability::Const), global(&ValType::FUNCREF, Mutability::Const)));
        assert!(!ok(global(&ValType::FUNCREF, Mutability::Var), global(&not_null, Mutability::Var)));
    }
}
