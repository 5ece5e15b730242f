//! The error type: chains, contexts, conversions.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::error::Error as StdError;
use std::fmt;
use std::io;
use tancho::{Coded, Context, Error, ErrorCode, Result, Trap, bail, ensure, format_err};

#[derive(Debug, PartialEq)]
struct Inner;
#[derive(Debug)]
struct Outer(Inner);

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("inner\nsecond line")
    }
}

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outer")
    }
}

impl StdError for Inner {}

impl StdError for Outer {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn chains() {
    let error = Error::from(Outer(Inner)).context("one").context(7_u32);
    assert_eq!(error.to_string(), "7");
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    assert_eq!(chain, ["7", "one", "outer", "inner\nsecond line"]);
    assert_eq!(format!("{error:?}"), "7\n\nCaused by:\n    0: one\n    1: outer\n    2: inner\n       second line");
    assert_eq!(format!("{error:#}"), format!("{error:?}"));
    assert!(error.is::<Outer>() && error.is::<&str>() && error.is::<u32>() && !error.is::<Inner>());
    assert_eq!(error.downcast_ref::<u32>(), Some(&7));
    assert!(error.chain().any(|cause| cause.is::<Inner>()));
    assert_eq!(error.root_cause().downcast_ref(), Some(&Inner));
    let error = error.downcast::<String>().unwrap_err();
    assert_eq!(error.downcast::<Outer>().unwrap().0, Inner);
    assert_eq!(format!("{:?}", Error::from(Inner).context("c")), "c\n\nCaused by:\n    inner\n    second line");
    assert_eq!(format!("{:?}", Error::msg("alone")), "alone");
}

#[test]
fn a_standard_error_as_a_context_keeps_the_chain() {
    let error = Error::from(Inner).context(Outer(Inner));
    assert_eq!(error.chain().map(ToString::to_string).collect::<Vec<_>>(), ["outer", "inner\nsecond line"]);
}

#[test]
fn there_and_back() {
    let error = Error::from(Trap::Interrupt).context("context");
    let text = format!("{error:?}");
    let boxed: Box<dyn StdError + Send + Sync> = error.into();
    assert_eq!(boxed.to_string(), "context");
    assert_eq!(boxed.source().unwrap().downcast_ref(), Some(&Trap::Interrupt));
    let error = Error::from_boxed(boxed);
    assert_eq!(error.downcast_ref(), Some(&Trap::Interrupt));
    assert_eq!(format!("{error:?}"), text);
    let error = Error::from_boxed(Box::new(Outer(Inner)));
    assert_eq!(error.chain().count(), 2);
    assert!(error.chain().next().unwrap().is::<Outer>());
    let _: Box<dyn StdError> = error.into();
}

#[test]
fn contexts_and_macros() {
    let missing: Option<u8> = None;
    assert_eq!(missing.context("nothing").unwrap_err().to_string(), "nothing");
    assert_eq!(missing.with_context(|| format!("no {}", 1)).unwrap_err().to_string(), "no 1");
    let failed: io::Result<()> = Err(io::Error::other("disk"));
    assert_eq!(format!("{:?}", failed.context("reading").unwrap_err()), "reading\n\nCaused by:\n    disk");
    assert_eq!(Err::<(), Error>(format_err!("a {}", 1)).context("b").unwrap_err().chain().count(), 2);
    fn check(value: i32) -> Result<i32> {
        ensure!(value > 0, "{value} is too small");
        if value > 10 {
            bail!("{value} is too large");
        }
        let parsed: i32 = "5".parse()?;
        Ok(value + parsed)
    }
    assert_eq!(check(1).unwrap(), 6);
    assert_eq!(check(0).unwrap_err().to_string(), "0 is too small");
    assert_eq!(check(11).unwrap_err().to_string(), "11 is too large");
}

#[derive(Debug, thiserror::Error)]
enum Plugin {
    #[error("the plugin failed")]
    Run(#[from] Error),
    #[error("the plugin has no name")]
    Nameless,
}

#[test]
fn thiserror_derives_both_ways() {
    fn host(fail: bool) -> Result<(), Plugin> {
        let ran: Result<()> = Err(Error::from(Trap::Interrupt).context("in the loop"));
        if fail {
            ran?;
        }
        Err(Plugin::Nameless)
    }
    fn embedder(fail: bool) -> Result<()> {
        host(fail)?;
        Ok(())
    }
    let error = embedder(true).unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::Interrupt));
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    assert_eq!(chain, ["the plugin failed", "in the loop", "wasm trap: interrupt"]);
    let Plugin::Run(inside) = error.downcast::<Plugin>().unwrap() else { panic!("it was another") };
    assert_eq!(inside.downcast_ref(), Some(&Trap::Interrupt));
    assert!(matches!(embedder(false).unwrap_err().downcast_ref(), Some(Plugin::Nameless)));
    // As a standard error, a value that stands alone is itself, and one with a context is both.
    let alone: &(dyn StdError + Send + Sync) = &*Error::from(Trap::Interrupt);
    assert!(alone.is::<Trap>());
}

#[cfg(feature = "anyhow")]
#[test]
fn anyhow_there_and_back() {
    use anyhow::Context as _;

    fn embedder() -> anyhow::Result<()> {
        Err(Error::from(Trap::Interrupt).context(Coded::new(ErrorCode::Instantiation, "one")).context(7_u32))?;
        Ok(())
    }
    let there = embedder().context("two").unwrap_err();
    assert_eq!(there.downcast_ref(), Some(&Trap::Interrupt));
    assert_eq!(there.downcast_ref(), Some(&7_u32));
    assert_eq!(there.downcast_ref::<Coded>().unwrap().code(), ErrorCode::Instantiation);
    let chain: Vec<String> = there.chain().map(ToString::to_string).collect();
    assert_eq!(chain, ["two", "7", "one", "wasm trap: interrupt"]);
    let back = Error::from_anyhow(there).context("three");
    assert_eq!(back.code(), Some(ErrorCode::Instantiation));
    assert_eq!(back.downcast_ref(), Some(&Trap::Interrupt));
    assert_eq!(back.downcast_ref::<&str>(), Some(&"three"));
    let chain: Vec<String> = back.chain().map(ToString::to_string).collect();
    assert_eq!(chain, ["three", "two", "7", "one", "wasm trap: interrupt"]);
    assert_eq!(back.downcast::<Trap>().unwrap(), Trap::Interrupt);
    // One that only passes through is the same, and an error of anyhow's own is found.
    let own = anyhow::Error::from(Error::from_anyhow(anyhow::anyhow!("mine").context(Plugin::Nameless)));
    assert!(matches!(own.downcast_ref(), Some(Plugin::Nameless)));
    assert!(Error::from_anyhow(own).is::<Plugin>());
    assert_eq!(anyhow::Error::from(Error::msg("alone")).downcast_ref::<&str>(), Some(&"alone"));
    // Into a function of the host's: what it fails with arrives.
    let engine = tancho::Engine::default();
    let mut store = tancho::Store::new(&engine, ());
    let fails = || -> anyhow::Result<()> { Err(Plugin::Nameless.into()) };
    let func = tancho::Func::wrap(&mut store, move || -> Result<()> { fails().map_err(Error::from_anyhow) });
    let error = func.call(&mut store, &[], &mut []).unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(Plugin::Nameless)));
}
