//! Types of functions at run time: every type against functions of every other (row C5), types that come and go on many threads (row
//! C5-threads), and what the host may hand over.

use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tancho::{Config, Engine, Instance, Linker, Module, Ref, Store, Table, Trap, TypedFunc};
use tancho_tests::oracle::row::{Random, Row, number};

/// Types of a module, each of functions without parameters that give an `i32`, so that nothing but declarations tells them apart.
#[derive(Clone, Debug)]
struct Types {
    /// Of each type its supertype, which stands before it, whether it is final, and how many types further its recursion group ends.
    all: Vec<(Option<usize>, bool, usize)>,
}

impl Types {
    /// `count` random types, the first 32 of them a chain in which each declares the one before.
    fn random(random: &mut Random, count: usize) -> Types {
        let mut all: Vec<(Option<usize>, bool, usize)> =
            (0..count.min(32)).map(|index| (index.checked_sub(1), index == 31, 0)).collect();
        while all.len() < count {
            let above = random.below(all.len());
            let above = (!all[above].1 && random.below(4) > 0).then_some(above);
            all.push((above, random.below(3) == 0, 0));
        }
        // Groups: cut at random.
        let mut end = count;
        for index in (0..count).rev() {
            all[index].2 = end - index - 1;
            if random.below(3) > 0 {
                end = index;
            }
        }
        Types { all }
    }

    /// The type section.
    fn section(&self) -> String {
        let mut text = String::new();
        let mut left = 0;
        for (index, (above, is_final, rest)) in self.all.iter().enumerate() {
            if left == 0 {
                text.push_str("(rec ");
                left = rest + 1;
            }
            let is_final = if *is_final { " final" } else { "" };
            let above = above.map_or(String::new(), |above| format!(" $t{above}"));
            write!(text, "(type $t{index} (sub{is_final}{above} (func (result i32))))").expect("text has room");
            left -= 1;
            text.push_str(if left == 0 { ")\n" } else { " " });
        }
        text
    }

    /// Whether types are the same or `this` declares `other`, by structure: groups that are equal, and places in them.
    fn is_declared(&self, this: usize, other: usize) -> bool {
        let mut next = Some(this);
        while let Some(index) = next {
            if self.form(index) == self.form(other) {
                return true;
            }
            next = self.all[index].0;
        }
        false
    }

    /// What a type is, in words that equal types share.
    fn form(&self, index: usize) -> String {
        let mut start = index;
        while start > 0 && self.all[start - 1].2 > 0 {
            start -= 1;
        }
        let length = self.all[start].2 + 1;
        let mut text = format!("{} of", index - start);
        for (above, is_final, _) in &self.all[start..start + length] {
            let above = match above {
                None => "none".to_owned(),
                Some(above) if *above >= start => format!("own {}", above - start),
                Some(above) => format!("<{}>", self.form(*above)),
            };
            write!(text, " [{is_final} {above}]").expect("text has room");
        }
        text
    }

    /// A module with a function of each type in a table, and for each type a function that calls the table through it: indirectly,
    /// and in the place of the caller. The table is imported where `own` is not set.
    fn module(&self, own: bool) -> String {
        let count = self.all.len();
        let mut text = format!("(module {}", self.section());
        if own {
            write!(text, "(table $table (export \"table\") {} funcref)", count + 1).expect("text has room");
            for index in 0..count {
                write!(text, "(func $f{index} (type $t{index}) (i32.const {index}))").expect("text has room");
            }
            text.push_str("(elem (i32.const 0) func");
            (0..count).for_each(|index| write!(text, " $f{index}").expect("text has room"));
            text.push(')');
        } else {
            write!(text, "(import \"a\" \"table\" (table $table {} funcref))", count + 1).expect("text has room");
        }
        for index in 0..count {
            write!(
                text,
                "(func (export \"call{index}\") (param i32) (result i32)
                   (i32.add (call_indirect (type $t{index}) (local.get 0)) (i32.const 1000)))
                 (func (export \"tail{index}\") (param i32) (result i32)
                   (return_call_indirect (type $t{index}) (local.get 0)))"
            )
            .expect("text has room");
        }
        text.push(')');
        text
    }
}

fn function(store: &mut Store<()>, instance: Instance, name: &str) -> TypedFunc<i32, i32> {
    instance.get_typed_func(store, name).expect("it is exported")
}

/// Calls every function of the table through every type; how many calls, and those that ended otherwise than the declarations say.
fn matrix(types: &Types, store: &mut Store<()>, instance: Instance) -> (usize, Vec<String>) {
    let count = types.all.len();
    let (mut calls, mut wrong) = (0, Vec::new());
    for expected in 0..count {
        for (name, plus) in [("call", 1000), ("tail", 0)] {
            let call = function(store, instance, &format!("{name}{expected}"));
            for entry in 0..count + 2 {
                let outcome =
                    call.call(&mut *store, entry as i32).map_err(|error| error.downcast_ref::<Trap>().copied());
                let right = match entry {
                    _ if entry > count => Err(Some(Trap::TableOutOfBounds)),
                    _ if entry == count => Err(Some(Trap::IndirectCallToNull)),
                    _ if types.is_declared(entry, expected) => Ok(entry as i32 + plus),
                    _ => Err(Some(Trap::BadSignature)),
                };
                calls += 1;
                if outcome != right {
                    wrong.push(format!("{name} of function {entry} as type {expected}: {outcome:?}, not {right:?}"));
                }
            }
        }
    }
    (calls, wrong)
}

#[test]
fn every_type_is_asked_of_every_function() {
    let row = Row::begin("C5");
    let mut random = Random::new(row.seed());
    let (mut calls, mut wrong) = (0, Vec::new());
    for round in 0..4 {
        let types = Types::random(&mut random, 64);
        let mut config = Config::new();
        config.cranelift_table_spectre_mitigation(round % 2 == 0);
        let engine = Engine::new(&config).expect("the host is supported");
        let mut store = Store::new(&engine, ());
        let owner = Module::new(&engine, types.module(true)).expect("it compiles");
        let owner = Instance::new(&mut store, &owner, &[]).expect("it imports nothing");
        // The same types in another module, by way of an image, have the same numbers.
        let user = engine.precompile_module(types.module(false).as_bytes()).expect("it compiles");
        let user = Module::deserialize(&engine, user).expect("it was just made");
        let table = owner.get_table(&mut store, "table").expect("it is exported");
        let user = Instance::new(&mut store, &user, &[table.into()]).expect("the table is what it imports");
        for instance in [owner, user] {
            let (more, errors) = matrix(&types, &mut store, instance);
            calls += more;
            wrong.extend(errors.into_iter().map(|error| format!("round {round}: {error}; {:?}", types.all)));
        }
        // After the table has grown and its entries have been exchanged, what they are is asked anew.
        table.grow(&mut store, 3, Ref::Func(None)).expect("it has no maximum");
        let (first, last) =
            (table.get(&mut store, 0).expect("it is there"), table.get(&mut store, 31).expect("it is there"));
        table.set(&mut store, 0, last).expect("it is a function");
        table.set(&mut store, 31, first).expect("it is a function");
        let deepest = function(&mut store, user, "tail31");
        assert_eq!(deepest.call(&mut store, 0).expect("it is of the type now"), 31);
        deepest.call(&mut store, 31).expect_err("it is not of the type any more");
        calls += 2;
    }
    row.end(calls, wrong.len());
    assert!(
        calls >= 4 * 2 * 64 * 64 * 2 && wrong.is_empty(),
        "{} wrong: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(5)]
    );
}

/// Modules that share types are compiled, called and dropped on sixteen threads at once: the types come and go in one registry, and
/// each call must find them as its own module declares them.
#[test]
fn types_come_and_go_on_many_threads() {
    let row = Row::begin("C5-threads");
    let start = Instant::now();
    let engine = Engine::default();
    let seed = row.seed();
    let rounds = number("TANCHO_CASES").map_or(60, |cases| cases as usize / 16);
    // Four sets of types; a thread takes them in turn, so that at any time some are used by several and some by none.
    let mut random = Random::new(seed);
    let sets: Vec<Types> = (0..4).map(|_| Types::random(&mut random, 6)).collect();
    let images: Vec<(Vec<u8>, Vec<u8>)> = sets
        .iter()
        .map(|types| {
            let image = |own| engine.precompile_module(types.module(own).as_bytes()).expect("it compiles");
            (image(true), image(false))
        })
        .collect();
    let calls = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let (engine, sets, images, calls) = (&engine, &sets, &images, &calls);
            scope.spawn(move || {
                for round in 0..rounds {
                    let set = (thread + round) % sets.len();
                    let load = |image: &[u8]| Module::deserialize(engine, image).expect("it was just made");
                    let mut store = Store::new(engine, ());
                    let owner = Instance::new(&mut store, &load(&images[set].0), &[]).expect("it imports nothing");
                    let table = owner.get_table(&mut store, "table").expect("it is exported");
                    let mut linker = Linker::new(engine);
                    linker.define(&store, "a", "table", table).expect("it is new");
                    let user = linker.instantiate(&mut store, &load(&images[set].1)).expect("the table is there");
                    let (more, wrong) = matrix(&sets[set], &mut store, user);
                    assert!(wrong.is_empty(), "thread {thread}, round {round}: {wrong:?}");
                    calls.fetch_add(more, Ordering::Relaxed);
                }
            });
        }
    });
    let calls = calls.into_inner();
    println!("{calls} calls in {:.1?}", start.elapsed());
    row.end(calls, 0);
}

/// A table's entries are checked by its type, whoever sets them.
#[test]
fn a_typed_table_takes_its_type_only() {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let module = Module::new(
        &engine,
        r#"(module
             (type $root (sub (func (result i32))))
             (type $below (sub final $root (func (result i32))))
             (func (export "root") (type $root) (i32.const 1))
             (func (export "below") (type $below) (i32.const 2))
             (type $alone (func (result i32)))
             (func (export "alone") (type $alone) (i32.const 3))
             (table (export "roots") 2 (ref null $root))
             (table (export "belows") 1 (ref null $below)))"#,
    )
    .expect("it compiles");
    let instance = Instance::new(&mut store, &module, &[]).expect("it imports nothing");
    let mut func = |name: &str| Ref::from(instance.get_func(&mut store, name).expect("it is exported"));
    let (root, below, alone) = (func("root"), func("below"), func("alone"));
    let mut table = |name: &str| instance.get_table(&mut store, name).expect("it is exported");
    let (roots, belows) = (table("roots"), table("belows"));
    for good in [root, below, Ref::Func(None)] {
        roots.set(&mut store, 0, good).expect("it is of the type");
        roots.fill(&mut store, 0, good, 2).expect("it is of the type");
    }
    for wrong in [alone, Ref::Extern(None)] {
        roots.set(&mut store, 0, wrong).expect_err("it is of another type");
        roots.fill(&mut store, 0, wrong, 1).expect_err("it is of another type");
        roots.grow(&mut store, 1, wrong).expect_err("it is of another type");
    }
    belows.set(&mut store, 0, root).expect_err("it is of a supertype");
    belows.set(&mut store, 0, below).expect("it is of the type");
    Table::copy(&mut store, &roots, 1, &belows, 0, 1).expect("each of these is one of those");
    Table::copy(&mut store, &belows, 0, &roots, 1, 1).expect_err("not each of these is one of those");
    assert_eq!(roots.ty(&store).element().to_string(), "(ref null ([] -> [i32]))");
}
