//! References: values of the host that a guest keeps, objects that the guest makes and the host reads, and how long references are good.
//!
//! Prints:
//!
//! ```text
//! the guest gave back "a connection"
//! point: 3, 4
//! after its scope: this structref has been unrooted: the scope that it was made in has ended, or its owner has been dropped
//! kept: 3
//! ```

use std::io::{self, Write};
use tancho::{AnyRef, Engine, Error, ExternRef, Instance, Module, Result, RootScope, Rooted, Store};

const GUEST: &str = r#"(module
    (type $point (struct (field i32) (field i32)))
    (table $kept 1 externref)
    (func (export "keep") (param externref) (table.set $kept (i32.const 0) (local.get 0)))
    (func (export "give") (result externref) (table.get $kept (i32.const 0)))
    (func (export "point") (result anyref) (struct.new $point (i32.const 3) (i32.const 4))))"#;

pub(crate) fn run(out: &mut dyn Write) -> Result<()> {
    let engine = Engine::default();
    let module = Module::new(&engine, GUEST)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;

    // Any value of the host's. The guest can hold it and hand it back, and nothing else.
    let value = ExternRef::new(&mut store, String::from("a connection"))?;
    instance.get_typed_func::<Option<Rooted<ExternRef>>, ()>(&mut store, "keep")?.call(&mut store, Some(value))?;
    let give = instance.get_typed_func::<(), Option<Rooted<ExternRef>>>(&mut store, "give")?;
    let back = give.call(&mut store, ())?.ok_or_else(|| Error::msg("the guest gave nothing back"))?;
    if let Some(text) = back.data(&store)?.and_then(|data| data.downcast_ref::<String>()) {
        writeln!(out, "the guest gave back {text:?}")?;
    }

    // An object of the guest's. References are good until the scope ends that they come to be in.
    let point = instance.get_typed_func::<(), Option<Rooted<AnyRef>>>(&mut store, "point")?;
    let (gone, kept) = {
        let mut scope = RootScope::new(&mut store);
        let object = point.call(&mut scope, ())?.ok_or_else(|| Error::msg("no point"))?;
        let object = object.unwrap_struct(&scope)?;
        let [x, y] = [0, 1].map(|index| object.field(&mut scope, index));
        writeln!(out, "point: {}, {}", x?.unwrap_i32(), y?.unwrap_i32())?;
        (object, object.to_owned_rooted(&mut scope)?)
    };
    if let Err(error) = gone.field(&mut store, 0) {
        writeln!(out, "after its scope: {error}")?;
    }
    // What is owned is good until it is dropped, collections or not.
    store.gc();
    writeln!(out, "kept: {}", kept.field(&mut store, 0)?.unwrap_i32())?;
    Ok(())
}

fn main() -> Result<()> {
    run(&mut io::stdout())
}
