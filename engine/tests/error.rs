//! The error type: chains, contexts, conversions.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::error::Error as StdError;
use std::fmt;
use std::io;
use tancho::{Context, Error, Result, Trap, bail, ensure, format_err};

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
