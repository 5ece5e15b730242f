//! The stage: gives actors their addresses and their turns.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

/// What takes messages of one type, one at a time.
pub trait Actor<Message> {
    fn receive(&mut self, message: Message, stage: &Stage);
}

/// Any closure is an actor without a name.
impl<Message, Behave: FnMut(Message, &Stage)> Actor<Message> for Behave {
    fn receive(&mut self, message: Message, stage: &Stage) {
        self(message, stage);
    }
}

/// Where to send an actor's messages; it is gone when all its addresses are.
pub struct Address<Message> {
    sender: Sender<Message>,
    turns: Rc<RefCell<VecDeque<usize>>>,
    number: usize,
}

impl<Message> Clone for Address<Message> {
    fn clone(&self) -> Self {
        Address { sender: self.sender.clone(), turns: Rc::clone(&self.turns), number: self.number }
    }
}

impl<Message> Address<Message> {
    /// Whether there is still anybody to receive it.
    pub fn send(&self, message: Message) -> bool {
        self.turns.borrow_mut().push_back(self.number);
        self.sender.send(message).is_ok()
    }
}

/// An actor with its mailbox, whatever its messages are.
trait Seat {
    /// Delivers one message; false when there is none and never will be.
    fn deliver(&mut self, stage: &Stage) -> bool;
}

struct Occupied<Message, A> {
    mailbox: Receiver<Message>,
    actor: A,
}

impl<Message, A: Actor<Message>> Seat for Occupied<Message, A> {
    fn deliver(&mut self, stage: &Stage) -> bool {
        match self.mailbox.try_recv() {
            Ok(message) => {
                self.actor.receive(message, stage);
                true
            }
            Err(TryRecvError::Empty) => true,
            Err(TryRecvError::Disconnected) => false,
        }
    }
}

#[derive(Default)]
pub struct Stage {
    seats: RefCell<Vec<Option<Box<dyn Seat>>>>,
    turns: Rc<RefCell<VecDeque<usize>>>,
}

impl Stage {
    /// Actors may bring on others while they have their turn.
    pub fn bring<Message: 'static>(&self, actor: impl Actor<Message> + 'static) -> Address<Message> {
        let (sender, mailbox) = channel();
        let mut seats = self.seats.borrow_mut();
        seats.push(Some(Box::new(Occupied { mailbox, actor })));
        Address { sender, turns: Rc::clone(&self.turns), number: seats.len() - 1 }
    }

    /// Delivers messages until none is left, and returns how many turns that took.
    pub fn play(&self) -> u64 {
        let mut count = 0;
        loop {
            let turn = self.turns.borrow_mut().pop_front();
            let Some(number) = turn else { return count };
            count += 1;
            // Taken off its seat meanwhile, because it may bring on others.
            let taken = self.seats.borrow_mut()[number].take();
            if let Some(mut seat) = taken
                && seat.deliver(self)
            {
                self.seats.borrow_mut()[number] = Some(seat);
            }
        }
    }
}
