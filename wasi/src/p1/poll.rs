//! Waiting for clocks and descriptors (witx `poll_oneoff`).
//!
//! Called through `link`. The list of subscriptions is gone through twice, before the wait to gather what to wait for
//! and after it to report what came, and never copied: what the host holds meanwhile is bounded by the number of
//! descriptors, not by the length of the list.

use super::errno::Errno;
use super::layout::{Event, Snapshot, Subscription, Wanted};
use super::memory::{GuestMemory, GuestPtr};
use super::rights::Rights;
use super::table::Entry;
use crate::clock::Clock;
use crate::context::Context;
use crate::poll::{Deadline, Readiness, wait};
use rustix::event::{PollFd, PollFlags};
use rustix::fd::BorrowedFd;
use std::collections::BTreeMap;

/// The longest list of subscriptions. Longer is `EINVAL`, as on a host with fewer descriptors than that.
const MOST: u32 = 65_536;

/// witx `size`.
const SIZE: u32 = 4;

/// Ready or not, these end a wait on the host.
const ALWAYS_REPORTED: PollFlags = PollFlags::HUP.union(PollFlags::ERR).union(PollFlags::NVAL);

/// `poll_oneoff`: waits until at least one subscription has something to report, and reports all that do. `EINVAL` if
/// there is none, or one that has no meaning; what is wrong with a single descriptor or clock is reported in its event.
pub(super) fn poll_oneoff(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    subscriptions: u32,
    events: u32,
    count: u32,
    result: u32,
) -> Result<(), Errno> {
    poll(guest, ctx, Snapshot::One, subscriptions, events, count, result)
}

/// [`poll_oneoff`] with subscriptions in the layout of `snapshot`.
pub(super) fn poll(
    guest: &mut GuestMemory<'_>,
    ctx: &Context,
    snapshot: Snapshot,
    subscriptions: u32,
    events: u32,
    count: u32,
    result: u32,
) -> Result<(), Errno> {
    if count == 0 || count > MOST {
        return Err(Errno::INVAL);
    }
    let list = List { at: GuestPtr::new(subscriptions), count, snapshot };
    let events = GuestPtr::new(events);
    guest.check_array(list.at, count, snapshot.subscription_size())?;
    guest.check_array(events, count, Event::SIZE)?;
    guest.check(GuestPtr::new(result), SIZE)?;
    let start = ctx.clocks.now(Clock::Monotonic)?;
    let entries = entries(guest, ctx, list)?;
    let mut round = Round { ctx, entries: &entries, start, asked: BTreeMap::new(), monotonic: start, realtime: None };
    loop {
        round.wait(guest, list)?;
        let stored = round.report(guest, list, events)?;
        if stored > 0 {
            return guest.store_u32(GuestPtr::new(result), stored);
        }
    }
}

/// The subscriptions in guest memory.
#[derive(Clone, Copy)]
struct List {
    at: GuestPtr,
    count: u32,
    snapshot: Snapshot,
}

impl List {
    fn get(self, guest: &GuestMemory<'_>, index: u32) -> Result<Subscription, Errno> {
        Subscription::load(guest, self.at.element(index, self.snapshot.subscription_size())?, self.snapshot)
    }
}

/// What each descriptor of the list stands for. It stays open for as long as the call waits for it, whatever other threads do.
fn entries(guest: &GuestMemory<'_>, ctx: &Context, list: List) -> Result<BTreeMap<u32, Entry>, Errno> {
    let mut entries = BTreeMap::new();
    for index in 0..list.count {
        if let Wanted::Read { fd } | Wanted::Write { fd } = list.get(guest, index)?.wanted
            && !entries.contains_key(&fd)
            && let Ok(entry) = ctx.table.entry(fd)
        {
            entries.insert(fd, entry);
        }
    }
    Ok(entries)
}

/// What is to be done about a subscription.
enum State<'ctx> {
    /// Report it: what was asked for is there, or never will be.
    Done(Result<Readiness<'ctx>, Errno>),
    /// Report it when this clock shows this time.
    Until(Clock, u64),
    /// Report it when the host says so.
    Ask(BorrowedFd<'ctx>, PollFlags),
}

/// One call, from the gathering to the report.
struct Round<'ctx> {
    ctx: &'ctx Context,
    /// What the list's descriptors stood for when the call began.
    entries: &'ctx BTreeMap<u32, Entry>,
    /// When the call began, on the monotonic clock; relative timeouts count from here.
    start: u64,
    /// What the host was asked for by guest descriptor, and after the wait what it answered.
    asked: BTreeMap<u32, PollFlags>,
    /// The times after the wait.
    monotonic: u64,
    realtime: Option<u64>,
}

impl<'ctx> Round<'ctx> {
    /// What is to be done about `subscription`, as far as can be said without the host.
    fn state(&self, subscription: Subscription) -> State<'ctx> {
        let (fd, right, writing) = match subscription.wanted {
            Wanted::Clock { clock, timeout, absolute } => return self.clock_state(clock, timeout, absolute),
            Wanted::Read { fd } => (fd, Rights::FD_READ, false),
            Wanted::Write { fd } => (fd, Rights::FD_WRITE, true),
        };
        let readiness = self.entries.get(&fd).ok_or(Errno::BADF).and_then(|entry| {
            let readiness = entry.descriptor.readiness(writing)?;
            entry.require(right | Rights::POLL_FD_READWRITE)?;
            Ok(readiness)
        });
        match readiness {
            // Whether something has come by now is the host's matter; a guest that depends on its inputs alone waits when it reads.
            Ok(Readiness::Ask(_)) if self.ctx.clocks.are_counting() => State::Done(Ok(Readiness::ALWAYS)),
            Ok(Readiness::Ask(host)) => State::Ask(host, if writing { PollFlags::OUT } else { PollFlags::IN }),
            known => State::Done(known),
        }
    }

    /// A relative timeout counts on the monotonic clock whichever was named: setting the time of day does not change
    /// how long it takes.
    fn clock_state(&self, clock: Clock, timeout: u64, absolute: bool) -> State<'ctx> {
        match clock {
            Clock::Monotonic | Clock::Realtime if !absolute => {
                State::Until(Clock::Monotonic, self.start.saturating_add(timeout))
            }
            Clock::Monotonic | Clock::Realtime => State::Until(clock, timeout),
            Clock::ProcessCpu | Clock::ThreadCpu => State::Done(Err(Errno::NOTSUP)),
        }
    }

    /// Waits until there is something to report; only looks if there is already.
    fn wait(&mut self, guest: &GuestMemory<'_>, list: List) -> Result<(), Errno> {
        let mut deadline = Deadline::default();
        let mut hosts: BTreeMap<u32, (BorrowedFd<'ctx>, PollFlags)> = BTreeMap::new();
        for index in 0..list.count {
            let subscription = list.get(guest, index)?;
            match (self.state(subscription), subscription.wanted) {
                (State::Done(_), _) => deadline.at_most(Clock::Monotonic, 0),
                (State::Until(clock, time), _) => deadline.at_most(clock, time),
                (State::Ask(host, events), Wanted::Read { fd } | Wanted::Write { fd }) => {
                    hosts.entry(fd).or_insert((host, PollFlags::empty())).1 |= events;
                }
                (State::Ask(..), Wanted::Clock { .. }) => {}
            }
        }
        let mut fds: Vec<PollFd<'_>> =
            hosts.values().map(|(host, events)| PollFd::from_borrowed_fd(*host, *events)).collect();
        wait(&mut fds, deadline, &self.ctx.clocks, guest.interruption())?;
        self.asked = hosts.keys().copied().zip(fds.iter().map(PollFd::revents)).collect();
        self.monotonic = self.ctx.clocks.now(Clock::Monotonic)?;
        self.realtime = self.ctx.clocks.now(Clock::Realtime).ok();
        Ok(())
    }

    /// Writes an event for each subscription that has something to report, and counts them.
    fn report(&self, guest: &mut GuestMemory<'_>, list: List, events: GuestPtr) -> Result<u32, Errno> {
        let mut stored = 0;
        for index in 0..list.count {
            // A guest whose events lie over its subscriptions gets what it wrote there; it cannot get outside.
            let of = list.get(guest, index)?;
            if let Some(event) = self.event(of) {
                event.store(guest, events.element(stored, Event::SIZE)?)?;
                stored += 1;
            }
        }
        Ok(stored)
    }

    /// What there is to report of a subscription.
    fn event(&self, of: Subscription) -> Option<Event> {
        let event = |bytes, hangup| Some(Event { of, error: None, bytes, hangup });
        let fail = |error| Some(Event { of, error: Some(error), bytes: 0, hangup: false });
        match (self.state(of), of.wanted) {
            (State::Until(Clock::Realtime, time), _) if self.realtime.is_some_and(|now| now >= time) => event(0, false),
            (State::Until(Clock::Monotonic, time), _) if self.monotonic >= time => event(0, false),
            (State::Until(..), _) => None,
            (State::Done(Ok(Readiness::Ready { bytes, hangup })), _) => event(bytes, hangup),
            (State::Done(Ok(Readiness::Ask(_))), _) => None,
            (State::Done(Err(error)), _) => fail(error),
            (State::Ask(host, events), Wanted::Read { fd } | Wanted::Write { fd }) => {
                let answer = self.asked.get(&fd).copied().unwrap_or(PollFlags::empty());
                if answer.contains(PollFlags::NVAL) {
                    return fail(Errno::BADF);
                }
                if !answer.intersects(events | ALWAYS_REPORTED) {
                    return None;
                }
                let waiting = match events {
                    PollFlags::IN => rustix::io::ioctl_fionread(host).unwrap_or(1),
                    _ => 1,
                };
                event(waiting, answer.contains(PollFlags::HUP))
            }
            (State::Ask(..), Wanted::Clock { .. }) => None,
        }
    }
}
