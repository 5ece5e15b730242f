//! The ways to and from anyhow's errors, so that what is in them is found by type on both sides.
//!
//! `chain` looks into what came from there. Without the feature `anyhow` there is nothing to look into.

#[cfg(feature = "anyhow")]
mod with_anyhow {
    use crate::error::Error;
    use crate::error::chain::Payload;
    use std::any::Any;
    use std::error::Error as StdError;
    use std::fmt::{self, Debug, Display};

    struct Anyhow(anyhow::Error);

    impl Payload for Anyhow {
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

        fn into_anyhow(self: Box<Self>, _: Option<anyhow::Error>) -> anyhow::Error {
            self.0
        }
    }

    impl Error {
        /// An error of anyhow's: its chain, and the values that are found in it by type, stay what they are. One that was an [`Error`]
        /// before has all that it had then.
        ///
        /// There is no `From`, because anyhow's error might become a standard one: write `.map_err(Error::from_anyhow)?`.
        #[cold]
        pub fn from_anyhow(error: anyhow::Error) -> Error {
            Error::holding(Anyhow(error))
        }
    }

    impl From<Error> for anyhow::Error {
        #[cold]
        fn from(error: Error) -> anyhow::Error {
            let mut layers = Vec::new();
            let mut next = Some(error);
            while let Some(error) = next {
                let (value, source) = error.split();
                layers.push(value);
                next = source;
            }
            let made = layers.into_iter().rev().fold(None, |source, layer| Some(layer.into_anyhow(source)));
            made.unwrap_or_else(|| unreachable!("an error has at least one layer"))
        }
    }

    /// The value of type `E` in an error of anyhow's, if `value` is one.
    pub(crate) fn within<E: Display + Debug + Send + Sync + 'static>(value: &(dyn Any + Send + Sync)) -> Option<&E> {
        value.downcast_ref::<anyhow::Error>()?.downcast_ref::<E>()
    }

    /// The same, taken out.
    pub(crate) fn take_within<E: Display + Debug + Send + Sync + 'static>(
        value: Box<dyn Any + Send + Sync>,
    ) -> Option<E> {
        value.downcast::<anyhow::Error>().ok()?.downcast::<E>().ok()
    }
}

#[cfg(feature = "anyhow")]
pub(super) use with_anyhow::{take_within, within};

#[cfg(not(feature = "anyhow"))]
pub(super) fn within<E>(_: &(dyn std::any::Any + Send + Sync)) -> Option<&E> {
    None
}

#[cfg(not(feature = "anyhow"))]
pub(super) fn take_within<E>(_: Box<dyn std::any::Any + Send + Sync>) -> Option<E> {
    None
}
