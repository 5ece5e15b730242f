//! An open directory and all that can be done by path below it, without ever leaving it.
//!
//! The faces parse paths (`path`) and call what is here. Two rules keep a guest inside:
//!
//! 1. A path of more than one component, or one whose last component may be a symbolic link to follow, is walked by
//!    cap-std alone, which resolves `..` and symbolic links within the directory and refuses to leave it.
//! 2. The host is given a name directly only where it is one component of a path ([`Last::Name`]), relative to a
//!    directory the walk arrived at, and with the demand not to follow it. Such a name can lead nowhere else.
//!
//! ```text
//!     path ──┬── parent ── walk (cap-std) ──> a handle ──┐
//!            └── last name ───────────────────────────── + ──> one system call, not following
//! ```
//!
//! And every route asks for the permission it needs before it touches the host.

use crate::attributes::{Attributes, FileKind, SetTime, timestamps};
use crate::failure::{errno, retry};
use crate::fifo;
use crate::file::{File, FileFlags};
use crate::listing::{Budget, Entry, Listing};
use crate::path::{GuestPath, Last, MAX_LENGTH};
use crate::permission::{DirPerms, FilePerms};
use crate::poll::Interruption;
use crate::sync::lock;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::path::Arg;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Mutex;

/// The mode of new files and directories, before the host's umask: what `open` and `mkdir` in C use.
const FILE_MODE: Mode = Mode::from_raw_mode(0o666);
const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o777);

/// How many symbolic links at the end of a path are followed, as on the host.
const MOST_LINKS: usize = 40;

/// How to open something by path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenRequest {
    /// Follow a symbolic link at the end of the path?
    pub(crate) follow: bool,
    /// Create the file if there is none.
    pub(crate) create: bool,
    /// With `create`: fail if there is one.
    pub(crate) exclusive: bool,
    /// Fail if it is not a directory.
    pub(crate) directory: bool,
    /// Cut the file to nothing.
    pub(crate) truncate: bool,
    /// What the guest will do with the file.
    pub(crate) access: FilePerms,
    pub(crate) flags: FileFlags,
}

impl OpenRequest {
    /// The host's flags, all but those about following and about directories. Nothing blocks: see [`Directory::open`].
    fn oflags(&self) -> OFlags {
        let mut oflags = self.flags.oflags() | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        oflags |= match (self.access.contains(FilePerms::READ), self.access.contains(FilePerms::WRITE)) {
            (_, false) => OFlags::RDONLY,
            (false, true) => OFlags::WRONLY,
            (true, true) => OFlags::RDWR,
        };
        let pairs = [(self.create, OFlags::CREATE), (self.exclusive, OFlags::EXCL), (self.truncate, OFlags::TRUNC)];
        oflags | pairs.into_iter().filter(|(wanted, _)| *wanted).map(|(_, host)| host).collect()
    }
}

/// What opening a path gave.
#[derive(Debug)]
pub(crate) enum Opened {
    File(File),
    Directory(Directory),
}

/// An open directory, and what may be done below it.
#[derive(Debug)]
pub(crate) struct Directory {
    dir: Dir,
    dir_perms: DirPerms,
    file_perms: FilePerms,
    /// The device and inode of the preopened directory this one was found below. Its `..` is not the guest's business.
    root: (u64, u64),
    /// The name under which the guest was given it, if it was preopened.
    preopen: Option<String>,
    listing: Mutex<Listing>,
}

/// The directory a path's last component is in.
enum Parent<'a> {
    Here(&'a Dir),
    Below(Dir),
}

impl AsFd for Parent<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Parent::Here(dir) => dir.as_fd(),
            Parent::Below(dir) => dir.as_fd(),
        }
    }
}

impl Directory {
    /// Opens a directory of the host, with the host's own authority, to give it to a guest under the name `preopen`.
    pub(crate) fn preopen(
        host: &Path,
        preopen: String,
        dir_perms: DirPerms,
        file_perms: FilePerms,
    ) -> io::Result<Directory> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = match rustix::fs::openat(CWD, host, flags, Mode::empty()) {
            // A directory that may be searched but not listed is still of use.
            Err(Errno::ACCESS) => rustix::fs::openat(CWD, host, flags | OFlags::PATH, Mode::empty())?,
            opened => opened?,
        };
        let stat = Attributes::from(rustix::fs::fstat(&fd)?);
        Ok(Directory {
            dir: Dir::from_std_file(fd.into()),
            dir_perms,
            file_perms,
            root: (stat.device, stat.inode),
            preopen: Some(preopen),
            listing: Mutex::default(),
        })
    }

    /// Lists this directory, and those opened below it from now on, in the order of names.
    pub(crate) fn sort(&mut self, of: &Budget) {
        self.listing = Mutex::new(Listing::sorted(of.clone()));
    }

    /// The name under which the guest was given this directory, if it was preopened.
    pub(crate) fn preopen_name(&self) -> Option<&str> {
        self.preopen.as_deref()
    }

    /// The attributes of the directory itself.
    pub(crate) fn attributes(&self) -> Result<Attributes, Errno> {
        Ok(Attributes::from(rustix::fs::fstat(&self.dir)?))
    }

    /// Sets the times of the directory itself.
    pub(crate) fn set_own_times(&self, accessed: SetTime, modified: SetTime) -> Result<(), Errno> {
        self.permitted(DirPerms::MUTATE)?;
        rustix::fs::futimens(&self.dir, &timestamps(accessed, modified))
    }

    /// Returns when the directory's entries are stored.
    pub(crate) fn sync(&self) -> Result<(), Errno> {
        retry(|| rustix::fs::fsync(&self.dir))
    }

    /// The entry before which there are `place` others, or `None` beyond the end; see [`Listing::entry`].
    ///
    /// The `..` of a preopened directory is given the directory's own inode, as that of a root is.
    pub(crate) fn entry(&self, place: u64) -> Result<Option<Entry>, Errno> {
        self.permitted(DirPerms::READ)?;
        let Some(mut entry) = lock(&self.listing).entry(self.dir.as_fd(), place)?.cloned() else {
            return Ok(None);
        };
        if *entry.name == *b".." {
            let own = self.attributes()?;
            if (own.device, own.inode) == self.root {
                entry.inode = own.inode;
            }
        }
        Ok(Some(entry))
    }

    /// Opens what `path` names. Errors are the host's, and `EPERM` for what is not permitted or lies outside. Where the other end of a FIFO
    /// must be waited for, `EINTR` says that the guest is to be ended.
    pub(crate) fn open(
        &self,
        path: &GuestPath<'_>,
        request: &OpenRequest,
        who: &Interruption,
    ) -> Result<Opened, Errno> {
        let mut request = *request;
        self.permit_open(path, &mut request)?;
        if request.create && request.directory {
            return Err(Errno::INVAL);
        }
        if request.create && (path.slash() || !matches!(path.last(), Last::Name(_))) {
            return Err(Errno::ISDIR);
        }
        let waits = !request.flags.contains(FileFlags::NONBLOCK);
        let open = || self.open_on_host(path, &request);
        let mut fd =
            if waits { fifo::open_patiently(who, open, || self.is_fifo(path, request.follow))? } else { open()? };
        let stat = rustix::fs::fstat(&fd)?;
        let kind = Attributes::from(stat).kind;
        if kind != FileKind::Directory {
            if waits {
                if FileType::from_raw_mode(stat.st_mode) == FileType::Fifo && !request.access.contains(FilePerms::WRITE)
                {
                    fifo::await_writer(&fd, who)?;
                }
                rustix::fs::fcntl_setfl(&fd, request.flags.oflags())?;
            }
            return Ok(Opened::File(File::new(fd, kind, self.file_perms, request.access, request.flags)));
        }
        if request.create || request.truncate || request.access.contains(FilePerms::WRITE) {
            // The kernel says so by itself; cap-std, component by component, opens a directory that a link to `x/` leads to.
            return Err(Errno::ISDIR);
        }
        if rustix::fs::fcntl_getfl(&fd)?.contains(OFlags::PATH) {
            // Without `openat2`, a walk that ends in a link to `x/` gives a handle, which cannot be listed.
            fd = open_entry(&fd, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC)?;
        }
        Ok(Opened::Directory(Directory {
            dir: Dir::from_std_file(fd.into()),
            dir_perms: self.dir_perms,
            file_perms: self.file_perms,
            root: self.root,
            preopen: None,
            listing: Mutex::new(lock(&self.listing).anew()),
        }))
    }

    /// Whether what `path` names is a FIFO.
    fn is_fifo(&self, path: &GuestPath<'_>, follow: bool) -> bool {
        let stat = self.handle(path, follow).and_then(rustix::fs::fstat);
        stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo)
    }

    /// Are all effects of `request` permitted? Where files may not be read, it is narrowed to directories: those may
    /// be opened for what reading means to a directory.
    fn permit_open(&self, path: &GuestPath<'_>, request: &mut OpenRequest) -> Result<(), Errno> {
        self.permitted(DirPerms::READ)?;
        if request.create {
            self.permitted(DirPerms::MUTATE)?;
        }
        let writes = request.truncate || request.access.contains(FilePerms::WRITE);
        if writes && !self.file_perms.contains(FilePerms::WRITE) {
            return Err(Errno::PERM);
        }
        let reads = request.access.contains(FilePerms::READ);
        if reads && !self.file_perms.contains(FilePerms::READ) && !request.directory {
            match self.attributes_at(path, request.follow) {
                Ok(Attributes { kind: FileKind::Directory, .. }) if !request.create => request.directory = true,
                Err(error) if error != Errno::NOENT => return Err(error),
                _ => return Err(Errno::PERM),
            }
        }
        Ok(())
    }

    /// The system call behind [`open`](Self::open), by the four ways there are to name what is opened.
    fn open_on_host(&self, path: &GuestPath<'_>, request: &OpenRequest) -> Result<OwnedFd, Errno> {
        let oflags = request.oflags();
        let walked = request.follow || path.slash();
        match path.last() {
            // What must not be there yet is no link that could be followed.
            Last::Name(name) if !walked || (request.create && request.exclusive) => {
                let mut oflags = oflags | OFlags::NOFOLLOW;
                oflags.set(OFlags::DIRECTORY, request.directory);
                open_entry(&self.parent(path)?, name, oflags)
            }
            Last::Name(_) if request.create => self.create_followed(path.text(), oflags),
            Last::Name(_) if !request.directory && !path.slash() => {
                let mut options = OpenOptions::new();
                options.read(!oflags.contains(OFlags::WRONLY));
                options.write(request.access.contains(FilePerms::WRITE));
                // All but the access mode goes past cap-std's own view of what goes with what.
                options.custom_flags(host_flags(oflags - OFlags::RWMODE));
                options.mode(FILE_MODE.as_raw_mode());
                self.walk_to_file(path.text(), &options)
            }
            _ => open_entry(&self.walk(path.text())?, ".", oflags | OFlags::DIRECTORY),
        }
    }

    /// Opens, and creates if need be, the file that `text` leads to, symbolic links at its end followed one by one: what each names is
    /// walked to from here, so that it leads nowhere else, and its last component is opened without being followed. That way no kernel
    /// and no library decides what it means to create what a link to `x/` names: `EISDIR`, as on Linux.
    fn create_followed(&self, text: &str, oflags: OFlags) -> Result<OwnedFd, Errno> {
        let mut text = text.as_bytes().to_vec();
        for _ in 0..=MOST_LINKS {
            let trimmed = without_slashes(&text);
            let (parent, name) = split_last(trimmed);
            let parent = match parent {
                b"" => Parent::Here(&self.dir),
                parent => Parent::Below(self.walk(OsStr::from_bytes(parent))?),
            };
            if matches!(name, b"." | b"..") {
                self.walk(OsStr::from_bytes(trimmed))?;
                return Err(Errno::ISDIR);
            }
            if trimmed.len() < text.len() {
                return Err(Errno::ISDIR);
            }
            match retry(|| rustix::fs::readlinkat(&parent, name, Vec::new())) {
                Ok(target) => text = beside(trimmed, name, target.as_bytes())?,
                // No link, or nothing yet. Where it has become one meanwhile, it is looked at again.
                Err(Errno::INVAL | Errno::NOENT) => match open_entry(&parent, name, oflags | OFlags::NOFOLLOW) {
                    Err(Errno::LOOP) => {}
                    opened => return opened,
                },
                Err(error) => return Err(error),
            }
        }
        Err(Errno::LOOP)
    }

    /// The attributes of what `path` names.
    pub(crate) fn attributes_at(&self, path: &GuestPath<'_>, follow: bool) -> Result<Attributes, Errno> {
        self.permitted(DirPerms::READ)?;
        let stat = match path.last() {
            Last::Name(name) if !follow && !path.slash() => {
                let parent = self.parent(path)?;
                retry(|| rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW))?
            }
            _ => rustix::fs::fstat(self.handle(path, follow)?)?,
        };
        Ok(Attributes::from(stat))
    }

    /// Sets the times of what `path` names. For a file that is a change of the file, and needs that permission too.
    pub(crate) fn set_times_at(
        &self,
        path: &GuestPath<'_>,
        follow: bool,
        accessed: SetTime,
        modified: SetTime,
    ) -> Result<(), Errno> {
        self.permitted(DirPerms::MUTATE)?;
        let handle = self.handle(path, follow)?;
        let kind = Attributes::from(rustix::fs::fstat(&handle)?).kind;
        let of_directory = matches!(kind, FileKind::Directory | FileKind::SymbolicLink);
        if !of_directory && !self.file_perms.contains(FilePerms::WRITE) {
            return Err(Errno::PERM);
        }
        let times = timestamps(accessed, modified);
        match rustix::fs::utimensat(&handle, "", &times, AtFlags::EMPTY_PATH) {
            // Hosts before Linux 5.8 cannot do it by a handle alone, but by the handle's name.
            Err(Errno::INVAL) => {
                let name = format!("/proc/self/fd/{}", handle.as_raw_fd());
                rustix::fs::utimensat(CWD, name, &times, AtFlags::empty())
            }
            done => done,
        }
    }

    /// Creates a directory.
    pub(crate) fn create_directory(&self, path: &GuestPath<'_>) -> Result<(), Errno> {
        self.permitted(DirPerms::MUTATE)?;
        let name = self.name(path, Errno::EXIST, Errno::EXIST)?;
        rustix::fs::mkdirat(self.parent(path)?, name, DIRECTORY_MODE)
    }

    /// Removes an empty directory.
    pub(crate) fn remove_directory(&self, path: &GuestPath<'_>) -> Result<(), Errno> {
        self.permitted(DirPerms::MUTATE)?;
        let name = self.name(path, Errno::INVAL, Errno::NOTEMPTY)?;
        rustix::fs::unlinkat(self.parent(path)?, name, AtFlags::REMOVEDIR)
    }

    /// Removes a name of something that is not a directory: `EISDIR` if it is one.
    pub(crate) fn unlink_file(&self, path: &GuestPath<'_>) -> Result<(), Errno> {
        self.permitted(DirPerms::MUTATE)?;
        let name = self.name(path, Errno::ISDIR, Errno::ISDIR)?;
        let parent = self.parent(path)?;
        if path.slash() {
            let kind = kind_of(&parent, name)?;
            return Err(if kind == FileKind::Directory { Errno::ISDIR } else { Errno::NOTDIR });
        }
        rustix::fs::unlinkat(parent, name, AtFlags::empty())
    }

    /// The target of a symbolic link, at most as long as a path can be. `EINVAL` if it is none.
    pub(crate) fn read_link(&self, path: &GuestPath<'_>) -> Result<Vec<u8>, Errno> {
        self.permitted(DirPerms::READ)?;
        let name = self.name(path, Errno::INVAL, Errno::INVAL)?;
        if path.slash() {
            self.handle(path, true)?;
            return Err(Errno::INVAL);
        }
        let parent = self.parent(path)?;
        Ok(retry(|| rustix::fs::readlinkat(&parent, name, Vec::new()))?.into_bytes())
    }

    /// Creates a symbolic link to `target`, which is not looked at here: it is resolved when the link is followed,
    /// and then cannot lead outside. `EPERM` if it is absolute, `ENOENT` if it is empty.
    pub(crate) fn symlink(&self, target: &str, path: &GuestPath<'_>) -> Result<(), Errno> {
        self.permitted(DirPerms::MUTATE)?;
        if target.starts_with('/') {
            return Err(Errno::PERM);
        }
        if target.contains('\0') {
            return Err(Errno::INVAL);
        }
        let name = self.name(path, Errno::EXIST, Errno::EXIST)?;
        let parent = self.parent(path)?;
        absent(&parent, name, path)?;
        rustix::fs::symlinkat(target, parent, name)
    }

    /// Gives what `path` names a second name. A symbolic link is linked itself, not what it points to.
    pub(crate) fn link(&self, path: &GuestPath<'_>, to: &Directory, new: &GuestPath<'_>) -> Result<(), Errno> {
        self.permit_move(to)?;
        let name = self.name(path, Errno::PERM, Errno::PERM)?;
        if path.slash() {
            // It can only be a directory, and those have one name.
            self.handle(path, true)?;
            return Err(Errno::PERM);
        }
        let new_name = to.name(new, Errno::EXIST, Errno::EXIST)?;
        let new_parent = to.parent(new)?;
        absent(&new_parent, new_name, new)?;
        rustix::fs::linkat(self.parent(path)?, name, new_parent, new_name, AtFlags::empty())
    }

    /// Moves what `path` names, replacing what `new` names.
    pub(crate) fn rename(&self, path: &GuestPath<'_>, to: &Directory, new: &GuestPath<'_>) -> Result<(), Errno> {
        self.permit_move(to)?;
        let name = self.name(path, Errno::BUSY, Errno::BUSY)?;
        let new_name = to.name(new, Errno::BUSY, Errno::BUSY)?;
        let parent = self.parent(path)?;
        let new_parent = to.parent(new)?;
        if (path.slash() || new.slash()) && kind_of(&parent, name)? != FileKind::Directory {
            return Err(Errno::NOTDIR);
        }
        rustix::fs::renameat(parent, name, new_parent, new_name)
    }

    fn permitted(&self, perms: DirPerms) -> Result<(), Errno> {
        if self.dir_perms.contains(perms) { Ok(()) } else { Err(Errno::PERM) }
    }

    /// May an entry go from here to `to`? Both directories change, and nothing may become possible with the entry
    /// there that is not possible here.
    fn permit_move(&self, to: &Directory) -> Result<(), Errno> {
        self.permitted(DirPerms::MUTATE)?;
        to.permitted(DirPerms::MUTATE)?;
        let gains = !self.dir_perms.contains(to.dir_perms) || !self.file_perms.contains(to.file_perms);
        if gains { Err(Errno::PERM) } else { Ok(()) }
    }

    /// The directory that the last component of `path` is in.
    fn parent(&self, path: &GuestPath<'_>) -> Result<Parent<'_>, Errno> {
        if path.parent().is_empty() {
            return Ok(Parent::Here(&self.dir));
        }
        Ok(Parent::Below(self.walk(path.parent())?))
    }

    /// The directory that `text` leads to, following symbolic links, without leaving this one. A handle: it can be
    /// walked on from, but not listed.
    fn walk(&self, text: impl AsRef<Path>) -> Result<Dir, Errno> {
        retry(|| self.dir.open_dir(&text).map_err(|error| errno(&error)))
    }

    /// Opens what `text` leads to, following symbolic links, without leaving this directory.
    fn walk_to_file(&self, text: &str, options: &OpenOptions) -> Result<OwnedFd, Errno> {
        let file = retry(|| self.dir.open_with(text, options).map_err(|error| errno(&error)))?;
        Ok(OwnedFd::from(file.into_std()))
    }

    /// The name at the end of `path`. Where it ends in `.` or `..` there is no entry to work on: then the error is
    /// the one given for that, unless the path leads nowhere or outside.
    fn name<'p>(&self, path: &GuestPath<'p>, dot: Errno, dotdot: Errno) -> Result<&'p str, Errno> {
        let error = match path.last() {
            Last::Name(name) => return Ok(name),
            Last::Dot => dot,
            Last::DotDot => dotdot,
        };
        self.handle(path, true)?;
        Err(error)
    }

    /// A handle to what `path` names, good for its attributes and no more.
    fn handle(&self, path: &GuestPath<'_>, follow: bool) -> Result<OwnedFd, Errno> {
        let oflags = OFlags::PATH | OFlags::CLOEXEC;
        match path.last() {
            Last::Name(name) if !follow && !path.slash() => {
                open_entry(&self.parent(path)?, name, oflags | OFlags::NOFOLLOW)
            }
            Last::Name(_) if !path.slash() => {
                let mut options = OpenOptions::new();
                options.read(true).custom_flags(host_flags(oflags));
                self.walk_to_file(path.text(), &options)
            }
            _ => Ok(OwnedFd::from(self.walk(path.text())?.into_std_file())),
        }
    }
}

/// Opens the entry `name`, which is one component, or `.`, and `oflags` say not to follow it.
fn open_entry(parent: &impl AsFd, name: impl Arg + Copy, oflags: OFlags) -> Result<OwnedFd, Errno> {
    retry(|| rustix::fs::openat(parent, name, oflags, FILE_MODE))
}

/// `text` without slashes at its end.
fn without_slashes(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    text.get(..end).unwrap_or_default()
}

/// What stands before the last component, its slash included, and the last component.
fn split_last(text: &[u8]) -> (&[u8], &[u8]) {
    let start = text.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    text.split_at_checked(start).unwrap_or((b"", text))
}

/// The path that a link at the end of `text`, with this name, leads to. `EPERM` if its target is absolute, `ENAMETOOLONG` if both together
/// are longer than a path can be.
fn beside(text: &[u8], name: &[u8], target: &[u8]) -> Result<Vec<u8>, Errno> {
    if target.starts_with(b"/") {
        return Err(Errno::PERM);
    }
    let before = text.get(..text.len() - name.len()).unwrap_or_default();
    if before.len() + target.len() > MAX_LENGTH {
        return Err(Errno::NAMETOOLONG);
    }
    Ok([before, target].concat())
}

/// The kind of the entry `name` itself.
fn kind_of(parent: &Parent<'_>, name: &str) -> Result<FileKind, Errno> {
    Ok(Attributes::from(rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?).kind)
}

/// A new entry that is no directory cannot have a name that ends in a slash: `EEXIST` if there is an entry of that
/// name already, else `ENOENT`.
fn absent(parent: &Parent<'_>, name: &str, path: &GuestPath<'_>) -> Result<(), Errno> {
    if path.slash() {
        kind_of(parent, name)?;
        return Err(Errno::EXIST);
    }
    Ok(())
}

/// Flags in the type in which cap-std takes them.
fn host_flags(flags: OFlags) -> i32 {
    flags.bits().cast_signed()
}
