//! Threads of a guest: what `std` has for them, and how a program ends that has some.
//!
//! Usage: `threads count | channel | wait | local | file | exit | panic | left`

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Condvar, Mutex, RwLock};
use std::time::{Duration, Instant};
use std::{fs, thread};

const THREADS: u64 = 4;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("count") => count(),
        Some("channel") => channels(),
        Some("wait") => wait(),
        Some("local") => local(),
        Some("file") => files(),
        Some("exit") => exit(),
        Some("panic") => panics(),
        Some("left") => left(),
        _ => {
            eprintln!("usage: threads count | channel | wait | local | file | exit | panic | left");
            std::process::exit(2);
        }
    }
}

/// One number behind a lock, one that is atomic, and what each thread returns.
fn count() {
    let (locked, atomic) = (Arc::new(Mutex::new(0_u64)), Arc::new(AtomicU64::new(0)));
    let start = |number: u64| {
        let (locked, atomic) = (locked.clone(), atomic.clone());
        thread::spawn(move || {
            for round in 0..10_000 {
                *locked.lock().unwrap() += number;
                atomic.fetch_add(round % 3, Ordering::Relaxed);
            }
            number * number
        })
    };
    let threads: Vec<_> = (1..=THREADS).map(start).collect();
    let squares: Vec<u64> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    println!("locked {}, atomic {}, returned {squares:?}", locked.lock().unwrap(), atomic.load(Ordering::Relaxed));
}

/// Words go to whichever of the threads is free, and come back with their lengths.
fn channels() {
    let text = "the quick brown fox jumps over the lazy dog and the cat";
    let (to_workers, words) = channel::<String>();
    let (to_main, results) = channel();
    let words = Arc::new(Mutex::new(words));
    let workers: Vec<_> = (0..THREADS)
        .map(|_| {
            let (words, to_main) = (words.clone(), to_main.clone());
            thread::spawn(move || {
                loop {
                    let Ok(word) = words.lock().unwrap().recv() else { return };
                    let length = word.len();
                    to_main.send((word, length)).unwrap();
                }
            })
        })
        .collect();
    drop(to_main);
    for word in text.split(' ').cycle().take(1200) {
        to_workers.send(word.to_owned()).unwrap();
    }
    drop(to_workers);
    let mut counted = BTreeMap::new();
    for (word, length) in results {
        counted.entry(word).or_insert((length, 0)).1 += 1;
    }
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    for (word, (length, times)) in counted {
        println!("{word}: {length} letters, {times} times");
    }
}

/// Barriers, conditions, and time.
fn wait() {
    let (turn, changed) = (Mutex::new(0), Condvar::new());
    let (barrier, log) = (Barrier::new(4), RwLock::new(Vec::new()));
    let start = Instant::now();
    thread::scope(|scope| {
        for number in 0..4 {
            let (turn, changed, barrier, log) = (&turn, &changed, &barrier, &log);
            scope.spawn(move || {
                barrier.wait();
                let mut now = turn.lock().unwrap();
                while *now != 3 - number {
                    now = changed.wait(now).unwrap();
                }
                log.write().unwrap().push(number);
                *now += 1;
                changed.notify_all();
                drop(now);
                thread::sleep(Duration::from_millis(20));
            });
        }
    });
    let (held, timed_out) =
        changed.wait_timeout_while(turn.lock().unwrap(), Duration::from_millis(5), |_| true).unwrap();
    println!("order {:?}, after turn {held}, timed out: {}", log.read().unwrap(), timed_out.timed_out());
    println!("slept: {}", start.elapsed() >= Duration::from_millis(20));
}

/// Each thread has its own of what is thread-local, and a stack of its own.
fn local() {
    thread_local!(static OWN: Cell<u64> = const { Cell::new(1) });
    fn depth(left: u64) -> u64 {
        let room = std::hint::black_box([left; 16]);
        if left == 0 { 0 } else { depth(left - 1) + room[3] / left }
    }
    let threads: Vec<_> = (1..=THREADS)
        .map(|number| {
            thread::spawn(move || {
                for _ in 0..number * 1000 {
                    OWN.with(|own| own.set(own.get() + 1));
                }
                (OWN.with(Cell::get), depth(1000 * number))
            })
        })
        .collect();
    for thread in threads {
        println!("{:?}", thread.join().unwrap());
    }
    println!("first: {}", OWN.with(Cell::get));
}

/// All use the same descriptors: files that each opens, and one that all write to.
fn files() {
    let shared = fs::OpenOptions::new().create(true).append(true).open("/data/all").unwrap();
    thread::scope(|scope| {
        for number in 0..THREADS {
            let shared = &shared;
            scope.spawn(move || {
                let name = format!("/data/own-{number}");
                for round in 0..50 {
                    fs::write(&name, format!("{number} {round}\n")).unwrap();
                    assert_eq!(fs::read_to_string(&name).unwrap(), format!("{number} {round}\n"));
                    std::io::Write::write_all(&mut { shared }, format!("{number}{round:02}\n").as_bytes()).unwrap();
                }
                fs::remove_file(&name).unwrap();
            });
        }
    });
    let all = fs::read_to_string("/data/all").unwrap();
    let mut lines: Vec<&str> = all.lines().collect();
    lines.sort_unstable();
    println!("{} lines, whole: {}", lines.len(), lines.iter().all(|line| line.len() == 3));
    println!("{} {}", lines[0], lines[lines.len() - 1]);
    fs::remove_file("/data/all").unwrap();
}

/// One thread ends the program while others wait and turn.
fn exit() {
    thread::spawn(|| {
        loop {
            std::hint::spin_loop();
        }
    });
    thread::spawn(|| thread::sleep(Duration::from_secs(1000)));
    let ends = thread::spawn(|| {
        println!("before");
        std::process::exit(3);
    });
    ends.join().unwrap();
    println!("after");
}

/// A panic of one thread is the end of the program, for there is no unwinding.
fn panics() {
    let other = thread::Builder::new().name("other".to_owned()).spawn(|| panic!("that was to be")).unwrap();
    other.join().unwrap();
    println!("after");
}

/// The first thread's end is everybody's.
fn left() {
    thread::spawn(|| thread::sleep(Duration::from_secs(1000)));
    thread::spawn(|| {
        loop {
            std::hint::spin_loop();
        }
    });
    println!("done");
}
