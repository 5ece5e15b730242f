//! The one error type: a value, and the contexts that were put around it on its way out.
//!
//! Every fallible function of this crate returns it. It is one pointer wide, so that results of calls stay small;
//! what it holds can be found again by type ([`Error::downcast_ref`]), whichever layer of the chain it is in.

use super::foreign;
use std::any::Any;
use std::error::Error as StdError;
use std::fmt::{self, Debug, Display};
use std::ops::Deref;

/// A result with this crate's [`Error`].
///
/// ```
/// # use tancho::Result;
/// fn parse(text: &str) -> Result<u32> {
///     Ok(text.parse()?)
/// }
/// assert!(parse("12").is_ok() && parse("twelve").is_err());
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Anything that went wrong, with its causes.
///
/// Made from any standard error by `?`, or from a message by [`Error::msg`]. `{}` shows the outermost message, `{:#}`
/// and `{:?}` show all of them under "Caused by:". [`Error::code`] says what kind it is, in a number that does not change.
///
/// It converts into `Box<dyn std::error::Error + Send + Sync>` and, with feature `anyhow`, into `anyhow::Error`, in which
/// values are found by type as they are here. It can be the source of an error that thiserror derives.
///
/// ```
/// # use tancho::{Context, Error, Result, Trap};
/// fn fails() -> Result<()> {
///     Err(Trap::IntegerOverflow).context("while adding up")
/// }
/// let error = fails().unwrap_err();
/// assert_eq!(error.to_string(), "while adding up");
/// assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::IntegerOverflow));
/// assert_eq!(error.chain().count(), 2);
/// ```
pub struct Error(Box<Layer>);

/// One layer of the chain: what it says, and the layer that it was put around.
struct Layer {
    value: Box<dyn Payload>,
    source: Option<Box<Layer>>,
}

/// What a layer holds.
pub(super) trait Payload: Send + Sync {
    fn any(&self) -> &(dyn Any + Send + Sync);
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send + Sync>;
    /// The value as a standard error, where it is one.
    fn standard(&self) -> Option<&(dyn StdError + Send + Sync + 'static)>;
    fn display(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    /// The value around `source`, as anyhow has it.
    #[cfg(feature = "anyhow")]
    fn into_anyhow(self: Box<Self>, source: Option<anyhow::Error>) -> anyhow::Error;
}

/// What is an error by itself, without being a standard one.
struct Message<M>(M);

impl<M: Display + Debug + Send + Sync + 'static> Payload for Message<M> {
    fn any(&self) -> &(dyn Any + Send + Sync) {
        &self.0
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send + Sync> {
        Box::new(self.0)
    }

    fn standard(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        None
    }

    fn display(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }

    #[cfg(feature = "anyhow")]
    fn into_anyhow(self: Box<Self>, _: Option<anyhow::Error>) -> anyhow::Error {
        anyhow::Error::msg(self.0)
    }
}

/// A context: there is always a source.
struct Around<C>(C);

impl<C: Display + Send + Sync + 'static> Payload for Around<C> {
    fn any(&self) -> &(dyn Any + Send + Sync) {
        &self.0
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send + Sync> {
        Box::new(self.0)
    }

    fn standard(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        None
    }

    fn display(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }

    #[cfg(feature = "anyhow")]
    fn into_anyhow(self: Box<Self>, source: Option<anyhow::Error>) -> anyhow::Error {
        match source {
            Some(source) => source.context(self.0),
            None => anyhow::Error::msg(self.0.to_string()),
        }
    }
}

struct Standard<E>(E);

impl<E: StdError + Send + Sync + 'static> Payload for Standard<E> {
    fn any(&self) -> &(dyn Any + Send + Sync) {
        &self.0
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send + Sync> {
        Box::new(self.0)
    }

    fn standard(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        Some(&self.0)
    }

    fn display(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }

    #[cfg(feature = "anyhow")]
    fn into_anyhow(self: Box<Self>, _: Option<anyhow::Error>) -> anyhow::Error {
        anyhow::Error::new(self.0)
    }
}

/// A boxed error whose type is no longer known.
struct Boxed(Box<dyn StdError + Send + Sync>);

impl Payload for Boxed {
    fn any(&self) -> &(dyn Any + Send + Sync) {
        &self.0
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send + Sync> {
        Box::new(self.0)
    }

    fn standard(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        Some(&*self.0)
    }

    fn display(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }

    #[cfg(feature = "anyhow")]
    fn into_anyhow(self: Box<Self>, _: Option<anyhow::Error>) -> anyhow::Error {
        anyhow::Error::from_boxed(self.0)
    }
}

impl Layer {
    fn as_standard(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self.value.standard().unwrap_or(self)
    }
}

impl Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.display(f)
    }
}

impl Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_chain(self, f)
    }
}

// A layer is a standard error itself, so that an `Error` becomes a boxed one without a copy.
impl StdError for Layer {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.source {
            Some(source) => Some(source.as_standard()),
            None => self.value.standard().and_then(|value| value.source()),
        }
    }
}

impl Error {
    /// An error that is only a message.
    #[cold]
    pub fn msg<M: Display + Debug + Send + Sync + 'static>(message: M) -> Error {
        Error(Box::new(Layer { value: Box::new(Message(message)), source: None }))
    }

    /// An error of a standard error: the same as [`Error::from`].
    #[cold]
    pub fn new<E: StdError + Send + Sync + 'static>(error: E) -> Error {
        Error(Box::new(Layer { value: Box::new(Standard(error)), source: None }))
    }

    /// An error of a boxed one. When that was an [`Error`] before, it is the same one again; otherwise the type in
    /// the box can be found through [`Error::chain`] only.
    #[cold]
    pub fn from_boxed(error: Box<dyn StdError + Send + Sync>) -> Error {
        match error.downcast::<Layer>() {
            Ok(layer) => Error(layer),
            Err(error) => Error(Box::new(Layer { value: Box::new(Boxed(error)), source: None })),
        }
    }

    /// Puts a context around it: `context` is what `{}` shows from now on, and can be found by its type.
    #[must_use]
    #[cold]
    pub fn context<C: Display + Send + Sync + 'static>(self, context: C) -> Error {
        Error(Box::new(Layer { value: Box::new(Around(context)), source: Some(self.0) }))
    }

    /// An error that is this value.
    #[cfg(feature = "anyhow")]
    pub(super) fn holding(value: impl Payload + 'static) -> Error {
        Error(Box::new(Layer { value: Box::new(value), source: None }))
    }

    /// Its value, and what that was put around.
    #[cfg(feature = "anyhow")]
    pub(super) fn split(self) -> (Box<dyn Payload>, Option<Error>) {
        (self.0.value, self.0.source.map(Error))
    }

    fn layers(&self) -> impl Iterator<Item = &Layer> {
        std::iter::successors(Some(&*self.0), |layer| layer.source.as_deref())
    }

    /// The contexts, outermost first, and the error itself.
    pub(super) fn values(&self) -> impl Iterator<Item = &(dyn Any + Send + Sync)> {
        self.layers().map(|layer| layer.value.any())
    }

    /// The outermost value of type `E` in the chain of contexts: a context, or the error itself.
    pub fn downcast_ref<E: Display + Debug + Send + Sync + 'static>(&self) -> Option<&E> {
        self.layers().find_map(|layer| {
            let value = layer.value.any();
            value.downcast_ref::<E>().or_else(|| foreign::within(value))
        })
    }

    /// Whether there is a value of type `E` in the chain of contexts.
    pub fn is<E: Display + Debug + Send + Sync + 'static>(&self) -> bool {
        self.downcast_ref::<E>().is_some()
    }

    /// Takes the outermost value of type `E` out of the chain of contexts.
    ///
    /// # Errors
    ///
    /// The error as it was, when there is none.
    pub fn downcast<E: Display + Debug + Send + Sync + 'static>(self) -> Result<E, Error> {
        if !self.is::<E>() {
            return Err(self);
        }
        let mut next = Some(self.0);
        while let Some(layer) = next {
            if layer.value.any().is::<E>() {
                let found = layer.value.into_any().downcast::<E>();
                return Ok(*found.unwrap_or_else(|_| unreachable!("its type was compared one line above")));
            }
            if foreign::within::<E>(layer.value.any()).is_some() {
                let found = foreign::take_within(layer.value.into_any());
                return Ok(found.unwrap_or_else(|| unreachable!("it was found one line above")));
            }
            next = layer.source;
        }
        unreachable!("`is` has found a layer of this type")
    }

    /// The error and its causes, outermost first, through contexts and the sources of standard errors.
    pub fn chain(&self) -> Chain<'_> {
        Chain { next: Some(self.0.as_standard()), layer: Some(&self.0) }
    }

    /// The innermost cause.
    pub fn root_cause(&self) -> &(dyn StdError + 'static) {
        self.chain().last().expect("a chain begins with the error itself")
    }
}

/// The causes of an [`Error`], outermost first.
///
/// ```
/// # use tancho::Error;
/// let error = Error::msg("inside").context("outside");
/// let messages: Vec<String> = error.chain().map(ToString::to_string).collect();
/// assert_eq!(messages, ["outside", "inside"]);
/// ```
#[derive(Debug)]
pub struct Chain<'a> {
    next: Option<&'a (dyn StdError + 'static)>,
    /// The layer that `next` is, while it is one: a standard error put in as a context does not know its layer's
    /// source.
    layer: Option<&'a Layer>,
}

impl<'a> Iterator for Chain<'a> {
    type Item = &'a (dyn StdError + 'static);

    fn next(&mut self) -> Option<Self::Item> {
        let this = self.next?;
        match self.layer.map(|layer| (layer, layer.source.as_deref())) {
            Some((_, Some(source))) => {
                self.layer = Some(source);
                self.next = Some(source.as_standard());
            }
            Some((layer, None)) => {
                self.layer = None;
                self.next = StdError::source(layer);
            }
            None => self.next = this.source(),
        }
        Some(this)
    }
}

/// What a context in a chain holds: `None` for a standard error, which is itself.
pub(super) fn context_of<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a (dyn Any + Send + Sync)> {
    cause.downcast_ref::<Layer>().map(|layer| layer.value.any())
}

fn write_chain(layer: &Layer, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut chain = Chain { next: Some(layer.as_standard()), layer: Some(layer) };
    layer.value.display(f)?;
    chain.next();
    let causes: Vec<String> = chain.map(ToString::to_string).collect();
    if causes.is_empty() {
        return Ok(());
    }
    write!(f, "\n\nCaused by:")?;
    for (position, cause) in causes.iter().enumerate() {
        let mut lines = cause.lines();
        let first = lines.next().unwrap_or_default();
        let indent = if causes.len() == 1 {
            write!(f, "\n    {first}")?;
            4
        } else {
            write!(f, "\n{position:>5}: {first}")?;
            7
        };
        for line in lines {
            write!(f, "\n{:indent$}{line}", "")?;
        }
    }
    Ok(())
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() { write_chain(&self.0, f) } else { self.0.value.display(f) }
    }
}

impl Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_chain(&self.0, f)
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    #[cold]
    fn from(error: E) -> Error {
        Error::new(error)
    }
}

/// As a standard error: so that one can be the `source` of another, such as thiserror derives.
impl Deref for Error {
    type Target = dyn StdError + Send + Sync + 'static;

    fn deref(&self) -> &Self::Target {
        // A context in front of a source is seen with it.
        if self.0.source.is_none() { self.0.as_standard() } else { &*self.0 }
    }
}

impl AsRef<dyn StdError + Send + Sync> for Error {
    fn as_ref(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &**self
    }
}

impl From<Error> for Box<dyn StdError + Send + Sync> {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl From<Error> for Box<dyn StdError> {
    fn from(error: Error) -> Self {
        error.0
    }
}

/// Puts contexts around the errors of results, and errors in the place of `None`.
///
/// ```
/// # use tancho::{Context, Result};
/// fn first(list: &[u32]) -> Result<u32> {
///     list.first().copied().context("the list is empty")
/// }
/// assert_eq!(first(&[]).unwrap_err().to_string(), "the list is empty");
/// ```
pub trait Context<T> {
    /// Puts `context` around the error.
    ///
    /// # Errors
    ///
    /// The error with the context; for `None` the context alone.
    fn context<C: Display + Debug + Send + Sync + 'static>(self, context: C) -> Result<T>;

    /// The same with a context that is made only when it is needed.
    ///
    /// # Errors
    ///
    /// The error with the context; for `None` the context alone.
    fn with_context<C: Display + Debug + Send + Sync + 'static>(self, context: impl FnOnce() -> C) -> Result<T>;
}

impl<T, E: Into<Error>> Context<T> for Result<T, E> {
    fn context<C: Display + Debug + Send + Sync + 'static>(self, context: C) -> Result<T> {
        self.map_err(|error| error.into().context(context))
    }

    fn with_context<C: Display + Debug + Send + Sync + 'static>(self, context: impl FnOnce() -> C) -> Result<T> {
        self.map_err(|error| error.into().context(context()))
    }
}

impl<T> Context<T> for Option<T> {
    fn context<C: Display + Debug + Send + Sync + 'static>(self, context: C) -> Result<T> {
        self.ok_or_else(|| Error::msg(context))
    }

    fn with_context<C: Display + Debug + Send + Sync + 'static>(self, context: impl FnOnce() -> C) -> Result<T> {
        self.ok_or_else(|| Error::msg(context()))
    }
}

/// An [`Error`] from a format string.
#[macro_export]
macro_rules! format_err {
    ($($message:tt)*) => { $crate::Error::msg(::std::format!($($message)*)) };
}

/// Returns an [`Error`] made from a format string.
#[macro_export]
macro_rules! bail {
    ($($message:tt)*) => { return ::core::result::Result::Err($crate::format_err!($($message)*)) };
}

/// Returns an [`Error`] made from a format string unless a condition holds.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($message:tt)*) => {
        if !$condition {
            $crate::bail!($($message)*);
        }
    };
}
