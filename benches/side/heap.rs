//! An instance of a program in GC instructions under one engine. Compiled twice: `engine` is `tancho` or `wasmtime`.
//!
//! `gc` comes here by way of [`Side`](crate::Side). Only the guest's call is inside the clock.

use super::engine::{Engine, Instance, Module, Store, Val};
use super::host;
use crate::clock::{Span, Stopwatch};
use crate::{Error, Objects};
use std::time::Duration;

struct Program {
    store: Store<()>,
    instance: Instance,
}

/// See [`Side::objects`](crate::Side::objects).
pub(crate) fn instantiate(wasm: &[u8]) -> Result<Box<dyn Objects>, Error> {
    let engine = Engine::new(&host::with_objects())?;
    let module = Module::from_binary(&engine, wasm)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    Ok(Box::new(Program { store, instance }))
}

impl Objects for Program {
    fn call(&mut self, export: &str, argument: i32) -> Result<(i64, Span), Error> {
        let function = self.instance.get_func(&mut self.store, export).ok_or("no such function is exported")?;
        let mut result = [Val::I32(0)];
        let watch = Stopwatch::start();
        function.call(&mut self.store, &[Val::I32(argument)], &mut result)?;
        let span = watch.stop();
        let result = match result {
            [Val::I32(result)] => i64::from(result),
            [Val::I64(result)] => result,
            _ => return Err("the result is no integer".into()),
        };
        Ok((result, span))
    }

    fn collect(&mut self) -> Result<Span, Error> {
        let watch = Stopwatch::start();
        host::collect(&mut self.store)?;
        Ok(watch.stop())
    }

    fn longest_pause(&mut self) -> Result<Option<Duration>, Error> {
        Ok(host::longest_pause(&self.store))
    }
}
