//! What is said when something goes wrong: which mistake it is (`code`), how it is told (`report`), and what the user is to do.
//!
//! `recognise` knows files that are no modules, `import` who supplies what a module wants, `spelling` what other engines call an
//! option. A [`Diagnosis`] is an error, or a context around one, of `tancho::Error`.

pub(crate) mod code;
pub(crate) mod import;
pub(crate) mod recognise;
pub(crate) mod report;
pub(crate) mod spelling;

pub(crate) use report::Diagnosis;
