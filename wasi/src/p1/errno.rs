//! The error numbers of preview 1 (witx `errno`), and those of the host in their terms.
//!
//! Every function of this face fails with an [`Errno`]; `link` turns it into the number the guest gets.

use rustix::io::Errno as HostErrno;

/// Declares the numbers in the order of witx, with the host's number that means the same, if there is one.
macro_rules! errnos {
    ($($number:literal $name:ident $(= $host:ident)?,)*) => {
        /// A failure in the terms of preview 1. Success, number 0, is no `Errno`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        #[allow(dead_code, clippy::upper_case_acronyms)]
        pub(super) enum Errno {
            $($name = $number,)*
        }

        impl From<HostErrno> for Errno {
            /// The same failure; `IO` for what the host may report but preview 1 has no number for.
            fn from(host: HostErrno) -> Errno {
                match host {
                    $($(HostErrno::$host => Errno::$name,)?)*
                    _ => Errno::IO,
                }
            }
        }

        #[cfg(test)]
        pub(super) const ALL: &[Errno] = &[$(Errno::$name,)*];
    };
}

errnos! {
    1 TOOBIG = TOOBIG,
    2 ACCES = ACCESS,
    3 ADDRINUSE = ADDRINUSE,
    4 ADDRNOTAVAIL = ADDRNOTAVAIL,
    5 AFNOSUPPORT = AFNOSUPPORT,
    6 AGAIN = AGAIN,
    7 ALREADY = ALREADY,
    8 BADF = BADF,
    9 BADMSG = BADMSG,
    10 BUSY = BUSY,
    11 CANCELED = CANCELED,
    12 CHILD = CHILD,
    13 CONNABORTED = CONNABORTED,
    14 CONNREFUSED = CONNREFUSED,
    15 CONNRESET = CONNRESET,
    16 DEADLK = DEADLK,
    17 DESTADDRREQ = DESTADDRREQ,
    18 DOM = DOM,
    19 DQUOT = DQUOT,
    20 EXIST = EXIST,
    21 FAULT = FAULT,
    22 FBIG = FBIG,
    23 HOSTUNREACH = HOSTUNREACH,
    24 IDRM = IDRM,
    25 ILSEQ = ILSEQ,
    26 INPROGRESS = INPROGRESS,
    27 INTR = INTR,
    28 INVAL = INVAL,
    29 IO = IO,
    30 ISCONN = ISCONN,
    31 ISDIR = ISDIR,
    32 LOOP = LOOP,
    33 MFILE = MFILE,
    34 MLINK = MLINK,
    35 MSGSIZE = MSGSIZE,
    36 MULTIHOP = MULTIHOP,
    37 NAMETOOLONG = NAMETOOLONG,
    38 NETDOWN = NETDOWN,
    39 NETRESET = NETRESET,
    40 NETUNREACH = NETUNREACH,
    41 NFILE = NFILE,
    42 NOBUFS = NOBUFS,
    43 NODEV = NODEV,
    44 NOENT = NOENT,
    45 NOEXEC = NOEXEC,
    46 NOLCK = NOLCK,
    47 NOLINK = NOLINK,
    48 NOMEM = NOMEM,
    49 NOMSG = NOMSG,
    50 NOPROTOOPT = NOPROTOOPT,
    51 NOSPC = NOSPC,
    52 NOSYS = NOSYS,
    53 NOTCONN = NOTCONN,
    54 NOTDIR = NOTDIR,
    55 NOTEMPTY = NOTEMPTY,
    56 NOTRECOVERABLE = NOTRECOVERABLE,
    57 NOTSOCK = NOTSOCK,
    58 NOTSUP = NOTSUP,
    59 NOTTY = NOTTY,
    60 NXIO = NXIO,
    61 OVERFLOW = OVERFLOW,
    62 OWNERDEAD = OWNERDEAD,
    63 PERM = PERM,
    64 PIPE = PIPE,
    65 PROTO = PROTO,
    66 PROTONOSUPPORT = PROTONOSUPPORT,
    67 PROTOTYPE = PROTOTYPE,
    68 RANGE = RANGE,
    69 ROFS = ROFS,
    70 SPIPE = SPIPE,
    71 SRCH = SRCH,
    72 STALE = STALE,
    73 TIMEDOUT = TIMEDOUT,
    74 TXTBSY = TXTBSY,
    75 XDEV = XDEV,
    76 NOTCAPABLE,
}

impl Errno {
    /// The number the guest sees.
    pub(super) fn number(self) -> u16 {
        self as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_run_from_1_to_76_without_gaps() {
        assert!(ALL.iter().enumerate().all(|(index, errno)| usize::from(errno.number()) == index + 1));
        assert_eq!(ALL.len(), 76);
    }

    #[test]
    fn unknown_host_numbers_are_input_output_errors() {
        assert_eq!(Errno::from(HostErrno::from_raw_os_error(4000)), Errno::IO);
        assert_eq!(Errno::from(HostErrno::ACCESS), Errno::ACCES);
    }
}
