//! The grammar of the paths guests hand in.
//!
//! The faces parse guest text into a [`GuestPath`]; `directory` walks it. Parsing decides everything that can be said
//! without looking at the host, and splits off the last component, because the host must never see more than one
//! component at a time outside the sandboxed walk. A trailing slash is cut off and remembered: a host path that ends
//! in one would be resolved through a symbolic link.

use rustix::io::Errno;

/// The longest path, in bytes, as on the host (`PATH_MAX` less the closing NUL).
pub(crate) const MAX_LENGTH: usize = 4095;

/// A relative path that is well-formed: not empty, not absolute, without NUL, not longer than the host takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GuestPath<'a> {
    text: &'a str,
    parent: &'a str,
    last: Last<'a>,
    slash: bool,
}

/// The last component of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Last<'a> {
    /// A name: not empty, no slash in it, neither `.` nor `..`.
    Name(&'a str),
    /// `.`
    Dot,
    /// `..`
    DotDot,
}

impl<'a> GuestPath<'a> {
    /// Takes a path apart. `ENOENT` when it is empty, `ENAMETOOLONG` when it is too long, `EINVAL` when it contains a
    /// NUL, `EPERM` when it is absolute: a guest has no root, only directories it was given.
    pub(crate) fn parse(text: &'a str) -> Result<GuestPath<'a>, Errno> {
        if text.is_empty() {
            return Err(Errno::NOENT);
        }
        if text.len() > MAX_LENGTH {
            return Err(Errno::NAMETOOLONG);
        }
        if text.contains('\0') {
            return Err(Errno::INVAL);
        }
        if text.starts_with('/') {
            return Err(Errno::PERM);
        }
        let trimmed = text.trim_end_matches('/');
        let (parent, last) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
        let last = match last {
            "." => Last::Dot,
            ".." => Last::DotDot,
            name => Last::Name(name),
        };
        Ok(GuestPath { text: trimmed, parent, last, slash: trimmed.len() < text.len() })
    }

    /// The whole path without trailing slashes.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// What precedes the last component; empty where that is all there is.
    pub(crate) fn parent(&self) -> &'a str {
        self.parent
    }

    /// The last component.
    pub(crate) fn last(&self) -> Last<'a> {
        self.last
    }

    /// Did the path end in a slash? Then it names a directory, and a symbolic link at its end is followed.
    pub(crate) fn slash(&self) -> bool {
        self.slash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (&str, Last<'_>, bool) {
        let path = GuestPath::parse(text).unwrap();
        (path.parent(), path.last(), path.slash())
    }

    #[test]
    fn splits_off_the_last_component() {
        assert_eq!(parts("a"), ("", Last::Name("a"), false));
        assert_eq!(parts("a/b"), ("a", Last::Name("b"), false));
        assert_eq!(parts("a//b"), ("a/", Last::Name("b"), false));
        assert_eq!(parts("a/b///"), ("a", Last::Name("b"), true));
        assert_eq!(parts("."), ("", Last::Dot, false));
        assert_eq!(parts("./"), ("", Last::Dot, true));
        assert_eq!(parts("a/.."), ("a", Last::DotDot, false));
        assert_eq!(parts("../a"), ("..", Last::Name("a"), false));
        assert_eq!(parts("..."), ("", Last::Name("..."), false));
        assert_eq!(parts(".a"), ("", Last::Name(".a"), false));
    }

    #[test]
    fn refuses_what_no_directory_can_resolve() {
        let error = |text: &str| GuestPath::parse(text).unwrap_err();
        assert_eq!(error(""), Errno::NOENT);
        assert_eq!(error("/"), Errno::PERM);
        assert_eq!(error("//"), Errno::PERM);
        assert_eq!(error("/a"), Errno::PERM);
        assert_eq!(error("a\0"), Errno::INVAL);
        assert_eq!(error("\0"), Errno::INVAL);
        assert_eq!(error(&"a".repeat(MAX_LENGTH + 1)), Errno::NAMETOOLONG);
        assert!(GuestPath::parse(&"a/".repeat(MAX_LENGTH / 2)).is_ok());
    }

    #[test]
    fn a_name_is_always_a_single_component() {
        for text in ["a", "a/b", "a//b//", "./x", "../x/", "a/./b", "é/ü"] {
            match GuestPath::parse(text).unwrap().last() {
                Last::Name(name) => {
                    assert!(!name.is_empty() && !name.contains('/') && name != "." && name != "..", "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
