//! Actors: objects that share nothing but messages, which wait in channels; one thread delivers them in turn.
//!
//! Usage: `actors ring SIZE | bank SIZE | sieve SIZE | words < TEXT`

mod scene;
mod stage;

use std::process::ExitCode;

struct Play {
    name: &'static str,
    run: fn(u32) -> String,
    most: u32,
    about: &'static str,
}

const PLAYS: &[Play] = &[
    Play { name: "ring", run: scene::ring, most: 1 << 30, about: "a hundred actors hand a token on, SIZE times" },
    Play { name: "bank", run: scene::bank, most: 1 << 24, about: "SIZE transfers between accounts, with refusals" },
    Play {
        name: "sieve",
        run: scene::sieve,
        most: 1 << 20,
        about: "numbers up to SIZE through a chain of actors, one a prime",
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [name, size] => {
            if let Ok(size) = size.parse()
                && let Some(play) = PLAYS.iter().find(|play| play.name == name && (1..=play.most).contains(&size))
            {
                println!("{name} {size}: {}", (play.run)(size));
                return ExitCode::SUCCESS;
            }
        }
        [name] if name == "words" => {
            return match std::io::read_to_string(std::io::stdin()) {
                Ok(text) => {
                    print!("{}", scene::words(&text));
                    ExitCode::SUCCESS
                }
                Err(error) => {
                    eprintln!("actors: {error}");
                    ExitCode::FAILURE
                }
            };
        }
        _ => {}
    }
    eprintln!("usage: actors PLAY SIZE");
    for play in PLAYS {
        eprintln!("  {:<5} {}", play.name, play.about);
    }
    eprintln!("  words counts the words of standard input (without SIZE)");
    ExitCode::from(2)
}
