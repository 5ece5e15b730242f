//! The end of a fiber's stack is found as that of a thread's is, on whatever thread.

use super::executor::{Turns, block_on, wander};
use tancho::{Caller, Config, Engine, Linker, Module, Store, Trap};

const RECURSES: &str = r#"(module
    (import "host" "wait" (func $wait (param i32) (result i32)))
    (func $deeper (export "deeper") (param i32) (result i32)
        (i32.add (i32.const 1) (call $deeper (i32.add (local.get 0) (i32.const 1)))))
    (func (export "run") (param i32) (result i32)
        (drop (call $wait (i32.const 1)))
        (call $deeper (local.get 0)))
    (func $host (export "host") (param i32) (result i32)
        (drop (call $wait (i32.const 0)))
        (i32.add (i32.const 1) (call $host (local.get 0)))))"#;

#[test]
fn infinite_recursion_on_a_fiber() {
    for (signals, size, rounds) in [(true, 256 << 10, 1000), (true, 2 << 20, 20), (false, 256 << 10, 100)] {
        let engine = Engine::new(Config::new().signals_based_traps(signals).async_stack_size(size)).unwrap();
        let mut linker = Linker::<()>::new(&engine);
        linker
            .func_wrap_async("host", "wait", |_: Caller<'_, ()>, (turns,): (i32,)| {
                Box::new(async move {
                    // It has as much of the stack as every host function.
                    let mut room = [0_u8; 40 << 10];
                    std::hint::black_box(&mut room);
                    Turns(turns.cast_unsigned()).await;
                    i32::from(room[turns as usize])
                })
            })
            .unwrap();
        let mut store = Store::new(&engine, ());
        let instance = linker.instantiate(&mut store, &Module::new(&engine, RECURSES).unwrap()).unwrap();
        for (name, rounds) in [("deeper", rounds), ("run", rounds / 10), ("host", rounds / 10)] {
            let run = instance.get_typed_func::<i32, i32>(&mut store, name).unwrap();
            for round in 0..rounds {
                let call = run.call_async(&mut store, 0);
                // Most on this thread: to make one takes longer than the call.
                let result = if round % 10 == 0 { wander(call).0 } else { block_on(call) };
                assert_eq!(result.unwrap_err().downcast_ref::<Trap>(), Some(&Trap::StackOverflow));
            }
        }
        assert_eq!(engine.async_stacks_in_use(), 0);
    }
}
