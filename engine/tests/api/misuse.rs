//! Misuse: every public method that takes what belongs to an engine or a store is given what belongs to another, or a reference that is
//! good no longer.
//!
//! The answer must be an error that says so; where a method has no room for one it is `None`, or a panic with the same words, and then the
//! method has a twin that returns the error. Both stores must work as before. A method without a row fails the test.

use crate::rows;
use crate::sources;
use crate::world::{Made, Roots, Things, World};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tancho::Error;

/// Uses something of another world, or dead, in the first world.
pub(crate) type Case = fn(&mut World, &Things) -> Answer;

/// What a method has answered.
pub(crate) enum Answer {
    Error(Error),
    Nothing,
    Value,
}

/// The answer that a method is to give to misuse.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Expected {
    /// An error.
    Error,
    /// `None`, or no item.
    Nothing,
    /// A panic, since there is no room for an error. The twin `try_…` has.
    Panic,
    /// It is no misuse.
    Works,
}

/// What a method is tried with.
pub(crate) struct Row {
    pub(crate) method: &'static str,
    pub(crate) expected: Expected,
    /// Whether the cases use references, which can be dead.
    pub(crate) references: bool,
    pub(crate) cases: &'static [Case],
}

/// Methods that return errors.
pub(crate) const fn error(method: &'static str, cases: &'static [Case]) -> Row {
    Row { method, expected: Expected::Error, references: false, cases }
}

/// Methods that return errors for what belongs to another and for references that are good no longer.
pub(crate) const fn reference(method: &'static str, cases: &'static [Case]) -> Row {
    Row { method, expected: Expected::Error, references: true, cases }
}

/// Methods that answer `None`.
pub(crate) const fn nothing(method: &'static str, cases: &'static [Case]) -> Row {
    Row { method, expected: Expected::Nothing, references: false, cases }
}

/// Methods that panic.
pub(crate) const fn panic(method: &'static str, cases: &'static [Case]) -> Row {
    Row { method, expected: Expected::Panic, references: false, cases }
}

/// Methods that take what belongs to any engine.
pub(crate) const fn works(method: &'static str, cases: &'static [Case]) -> Row {
    Row { method, expected: Expected::Works, references: false, cases }
}

/// Methods that are given a store and nothing else that belongs to one.
pub(crate) const fn alone(method: &'static str) -> Row {
    Row { method, expected: Expected::Works, references: false, cases: &[] }
}

/// The answer of a method that returns a [`tancho::Result`].
pub(crate) fn result<V>(answer: tancho::Result<V>) -> Answer {
    answer.map_or_else(Answer::Error, |_| Answer::Value)
}

/// The answer of a method that returns an [`Option`].
pub(crate) fn option<V>(answer: Option<V>) -> Answer {
    answer.map_or(Answer::Nothing, |_| Answer::Value)
}

/// The answer of a method that has no room for an error.
pub(crate) fn value<V>(_: V) -> Answer {
    Answer::Value
}

/// A yes where one is expected.
pub(crate) fn yes(answer: bool) -> Answer {
    if answer { Answer::Value } else { Answer::Nothing }
}

/// What an error has to say.
fn is_of_misuse(message: &str) -> bool {
    ["belongs to another", "is one of another module", "has been unrooted"].iter().any(|text| message.contains(text))
}

fn check(row: &Row, made: [&Made; 2], roots: Roots) {
    for (position, case) in row.cases.iter().enumerate() {
        let label = format!("{}, case {position}, roots {roots:?}", row.method);
        let (mut own, mut other) = (World::new(made[0]), World::new(made[1]));
        // What is good no longer is the store's own otherwise.
        let dead = (roots != Roots::Alive).then(|| Things::new(&mut own.store, made[0], roots));
        let things = dead.as_ref().unwrap_or(&other.things);
        let outcome = catch_unwind(AssertUnwindSafe(|| case(&mut own, things)));
        match (row.expected, outcome) {
            (Expected::Error, Ok(Answer::Error(error))) => {
                assert!(is_of_misuse(&format!("{error:?}")) && error.code().is_some(), "{label}: {error:?}")
            }
            (Expected::Nothing, Ok(Answer::Nothing)) | (Expected::Works, Ok(Answer::Value)) => {}
            (Expected::Panic, Err(payload)) => {
                let message = payload.downcast_ref::<String>().map_or("", String::as_str);
                assert!(message.starts_with("error[T") && is_of_misuse(message), "{label}: {message}");
            }
            (_, Ok(Answer::Error(error))) => panic!("{label}: {error:?}"),
            (_, Ok(Answer::Nothing)) => panic!("{label}: nothing"),
            (_, Ok(Answer::Value)) => panic!("{label}: accepted"),
            (_, Err(_)) => panic!("{label}: panicked"),
        }
        own.check(&label);
        other.check(&label);
    }
}

#[test]
fn what_belongs_to_another_store() {
    let made = Made::new();
    for row in rows::stores().filter(|row| row.expected != Expected::Works) {
        check(row, [&made, &made], Roots::Alive);
    }
}

#[test]
fn what_belongs_to_another_engine() {
    let made = [Made::new(), Made::new()];
    for row in rows::stores().chain(rows::engines()) {
        check(row, [&made[0], &made[1]], Roots::Alive);
    }
}

#[test]
fn references_that_are_good_no_longer() {
    let made = Made::new();
    for row in rows::stores().filter(|row| row.references) {
        for roots in [Roots::ScopeEnded, Roots::OwnerDropped] {
            check(row, [&made, &made], roots);
        }
    }
}

#[test]
fn every_method_has_a_row() {
    let methods = sources::methods();
    let found: BTreeSet<&str> =
        methods.iter().filter(|method| method.tagged).map(|method| method.name.as_str()).collect();
    let rows: BTreeSet<&str> = rows::stores().chain(rows::engines()).map(|row| row.method).collect();
    let missing: Vec<_> = found.difference(&rows).collect();
    assert!(missing.is_empty(), "add rows to engine/tests/api/rows: {missing:#?}");
    let gone: Vec<_> = rows.difference(&found).collect();
    assert!(gone.is_empty(), "there are no such methods, or they take nothing that belongs to another: {gone:#?}");
    assert!(found.len() > 150, "only {} methods are found", found.len());
}

#[test]
fn what_panics_has_a_twin_that_does_not() {
    let methods: BTreeSet<String> = sources::methods().into_iter().map(|method| method.name).collect();
    for row in rows::stores().chain(rows::engines()).filter(|row| row.expected == Expected::Panic) {
        let twin = row.method.replace("::", "::try_");
        assert!(methods.contains(&twin), "`{}` panics, and there is no `{twin}`", row.method);
    }
}
