//! What is played: a ring, a bank, a sieve, a count of words.

use crate::stage::{Actor, Address, Stage};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::rc::{Rc, Weak};

// ---------------------------------------------------------------- ring

struct Member {
    next: Rc<RefCell<Option<Address<Token>>>>,
    salt: u64,
    last: Rc<Cell<u64>>,
}

struct Token {
    left: u32,
    value: u64,
}

impl Actor<Token> for Member {
    fn receive(&mut self, token: Token, _: &Stage) {
        let value = (token.value ^ self.salt).rotate_left(27).wrapping_mul(0x9fb2_1c65_1e98_df25);
        match (token.left, self.next.borrow().as_ref()) {
            (0, _) | (_, None) => self.last.set(value),
            (left, Some(next)) => assert!(next.send(Token { left: left - 1, value })),
        }
    }
}

pub fn ring(size: u32) -> String {
    let stage = Stage::default();
    let last = Rc::new(Cell::new(0));
    let link = || Rc::new(RefCell::new(None));
    let links: Vec<_> = (0..100).map(|_| link()).collect();
    let members: Vec<Address<Token>> = (1..)
        .zip(&links)
        .map(|(salt, next)| stage.bring(Member { next: Rc::clone(next), salt, last: Rc::clone(&last) }))
        .collect();
    for (link, next) in links.iter().zip(members.iter().cycle().skip(1)) {
        *link.borrow_mut() = Some(next.clone());
    }
    assert!(members[0].send(Token { left: size, value: 1 }));
    let turns = stage.play();
    format!("{turns} turns, {:016x}", last.get())
}

// ---------------------------------------------------------------- bank

enum Order {
    Pay { amount: u64, to: usize },
    Take { amount: u64, from: Address<Reply> },
}

enum Reply {
    Taken,
    Refused(u64),
}

/// What all accounts see: each other, and the book. Held weakly by the accounts, for it holds them.
struct Bank {
    accounts: RefCell<Vec<Address<Order>>>,
    book: RefCell<Book>,
}

#[derive(Default)]
struct Book {
    paid: u64,
    refused: u64,
    unpaid: u64,
    balances: HashMap<usize, u64>,
}

struct Account {
    number: usize,
    balance: u64,
    bank: Weak<Bank>,
}

impl Account {
    fn enter(&self, change: impl FnOnce(&mut Book)) {
        let Some(bank) = self.bank.upgrade() else { return };
        let mut book = bank.book.borrow_mut();
        change(&mut book);
        book.balances.insert(self.number, self.balance);
    }
}

impl Actor<Order> for Account {
    fn receive(&mut self, order: Order, stage: &Stage) {
        match order {
            Order::Pay { amount, .. } if amount > self.balance => self.enter(|book| book.unpaid += 1),
            Order::Pay { amount, to } => {
                self.balance -= amount;
                self.enter(|book| book.paid += amount);
                let Some(bank) = self.bank.upgrade() else { return };
                // Who answers is an actor of its own, made for this one answer.
                let weak = Weak::clone(&self.bank);
                let payer = self.number;
                let clerk = stage.bring(move |reply: Reply, _: &Stage| {
                    if let (Reply::Refused(amount), Some(bank)) = (reply, weak.upgrade()) {
                        bank.book.borrow_mut().refused += amount;
                        bank.accounts.borrow()[payer].send(Order::Take { amount, from: nobody() });
                    }
                });
                bank.accounts.borrow()[to].send(Order::Take { amount, from: clerk });
            }
            Order::Take { amount, from } => {
                // Odd accounts accept no even sums above 50.
                let refused = self.number % 2 == 1 && amount % 2 == 0 && amount > 50;
                if refused && from.send(Reply::Refused(amount)) {
                    return;
                }
                self.balance += amount;
                self.enter(|_| ());
                if !refused {
                    from.send(Reply::Taken);
                }
            }
        }
    }
}

/// An address at which nobody receives anything.
fn nobody<Message: 'static>() -> Address<Message> {
    Stage::default().bring(|_: Message, _: &Stage| ())
}

pub fn bank(size: u32) -> String {
    const ACCOUNTS: usize = 64;
    let stage = Stage::default();
    let bank = Rc::new(Bank { accounts: RefCell::default(), book: RefCell::default() });
    for number in 0..ACCOUNTS {
        let account = Account { number, balance: 1000, bank: Rc::downgrade(&bank) };
        account.enter(|_| ());
        let address = stage.bring(account);
        bank.accounts.borrow_mut().push(address);
    }
    let mut state = 1_u64;
    let mut draw = |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let mut turns = 0;
    for _ in 0..size {
        let (from, to, amount) = (draw(ACCOUNTS as u64) as usize, draw(ACCOUNTS as u64) as usize, 1 + draw(200));
        bank.accounts.borrow()[from].send(Order::Pay { amount, to });
        if draw(16) == 0 {
            turns += stage.play();
        }
    }
    turns += stage.play();
    let book = bank.book.borrow();
    let total: u64 = book.balances.values().sum();
    assert_eq!(total, 1000 * ACCOUNTS as u64, "money is neither made nor lost");
    let mut order: Vec<(&usize, &u64)> = book.balances.iter().collect();
    order.sort_by_key(|&(number, balance)| (std::cmp::Reverse(balance), number));
    let rich: Vec<String> = order.iter().take(3).map(|(number, balance)| format!("{number} has {balance}")).collect();
    format!("{turns} turns, {} paid, {} refused, {} unpaid; {}", book.paid, book.refused, book.unpaid, rich.join(", "))
}

// ---------------------------------------------------------------- sieve

/// Keeps the first number it gets, which is a prime, and hands on what that does not divide.
struct Filter {
    prime: Option<u32>,
    next: Option<Address<u32>>,
    found: Rc<RefCell<Vec<u32>>>,
}

impl Filter {
    fn new(found: &Rc<RefCell<Vec<u32>>>) -> Filter {
        Filter { prime: None, next: None, found: Rc::clone(found) }
    }
}

impl Actor<u32> for Filter {
    fn receive(&mut self, number: u32, stage: &Stage) {
        match self.prime {
            None => {
                self.prime = Some(number);
                self.found.borrow_mut().push(number);
            }
            Some(prime) if number % prime == 0 => {}
            Some(_) => {
                self.next.get_or_insert_with(|| stage.bring(Filter::new(&self.found))).send(number);
            }
        }
    }
}

pub fn sieve(size: u32) -> String {
    let stage = Stage::default();
    let found = Rc::new(RefCell::new(Vec::new()));
    let first = stage.bring(Filter::new(&found));
    let turns: u64 = (2..=size)
        .map(|number| {
            first.send(number);
            stage.play()
        })
        .sum();
    let found = found.borrow();
    let gap = found.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    format!("{} primes, the last {:?}, widest gap {gap}, {turns} turns", found.len(), found.last().unwrap_or(&0))
}

// ---------------------------------------------------------------- words

/// Splits, folds, counts and reports by one actor each.
pub fn words(text: &str) -> String {
    let stage = Stage::default();
    let report = Rc::new(RefCell::new(String::new()));
    let counts: Rc<RefCell<BTreeMap<String, usize>>> = Rc::default();

    let counter = {
        let counts = Rc::clone(&counts);
        stage.bring(move |word: String, _: &Stage| *counts.borrow_mut().entry(word).or_default() += 1)
    };
    let folder = stage.bring(move |word: String, _: &Stage| {
        let folded: String =
            word.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        if !folded.is_empty() {
            counter.send(folded);
        }
    });
    let splitter = stage.bring(move |line: String, _: &Stage| {
        line.split_whitespace().map(str::to_owned).for_each(|word| {
            folder.send(word);
        });
    });
    for line in text.lines() {
        splitter.send(line.to_owned());
    }
    stage.play();

    let reporter = {
        let report = Rc::clone(&report);
        stage.bring(move |(count, word): (usize, String), _: &Stage| {
            let mut report = report.borrow_mut();
            let _ = writeln!(report, "{count:5} {word}");
        })
    };
    let counts = counts.borrow();
    let mut ranking: Vec<(&String, &usize)> = counts.iter().collect();
    ranking.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    for (word, count) in ranking.into_iter().take(12) {
        reporter.send((*count, word.clone()));
    }
    stage.play();
    let total: usize = counts.values().sum();
    format!("{}{total} words, {} different\n", report.borrow(), counts.len())
}
