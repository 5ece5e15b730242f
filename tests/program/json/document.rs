//! What a JSON document is made of. Numbers stay text, so that no digit is ever lost.

use std::borrow::Cow;

#[derive(Debug)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Value<'a>>),
    /// In the order of the source; a name may occur more than once.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}
