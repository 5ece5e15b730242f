//! Bodies under gravity: a sun and planets around it, advanced in steps; prints the energy before and after, which should stay.
//!
//! Usage: `orbit STEPS [PLANETS [DAYS]]`, each step that many days (by default 4 planets, 1/8 day).

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub, SubAssign};
use std::process::ExitCode;

// Only + - * / and square root, which IEEE 754 fixes to the last bit: every machine prints the same digits.

#[derive(Clone, Copy, Default)]
struct Vector {
    x: f64,
    y: f64,
    z: f64,
}

impl Vector {
    fn square(self) -> f64 {
        self.x * self.x + self.y * self.y + self.z * self.z
    }
}

impl Add for Vector {
    type Output = Vector;
    fn add(self, other: Vector) -> Vector {
        Vector { x: self.x + other.x, y: self.y + other.y, z: self.z + other.z }
    }
}

impl Sub for Vector {
    type Output = Vector;
    fn sub(self, other: Vector) -> Vector {
        Vector { x: self.x - other.x, y: self.y - other.y, z: self.z - other.z }
    }
}

impl Mul<f64> for Vector {
    type Output = Vector;
    fn mul(self, factor: f64) -> Vector {
        Vector { x: self.x * factor, y: self.y * factor, z: self.z * factor }
    }
}

impl AddAssign for Vector {
    fn add_assign(&mut self, other: Vector) {
        *self = *self + other;
    }
}

impl SubAssign for Vector {
    fn sub_assign(&mut self, other: Vector) {
        *self = *self - other;
    }
}

impl fmt::Display for Vector {
    fn fmt(&self, to: &mut fmt::Formatter) -> fmt::Result {
        write!(to, "({:.9}, {:.9}, {:.9})", self.x, self.y, self.z)
    }
}

/// In astronomical units, days and masses of the sun.
#[derive(Clone, Copy)]
struct Body {
    place: Vector,
    speed: Vector,
    pull: Vector,
    mass: f64,
}

/// The gravitational constant in these units: the square of Gauss's.
const GRAVITY: f64 = 0.017_202_098_95 * 0.017_202_098_95;

struct System {
    bodies: Vec<Body>,
}

impl System {
    /// Planets in growing distances on nearly circular orbits, each a quarter further round than the one before.
    fn new(planets: usize) -> System {
        let at_rest = Body { place: Vector::default(), speed: Vector::default(), pull: Vector::default(), mass: 1.0 };
        let mut bodies = vec![at_rest];
        let mut distance = 0.4;
        for planet in 0..planets {
            let speed = (GRAVITY / distance).sqrt();
            let (mut place, mut along) = (Vector::default(), Vector::default());
            match planet % 4 {
                0 => (place.x, along.y) = (distance, speed),
                1 => (place.y, along.x) = (distance, -speed),
                2 => (place.x, along.y) = (-distance, -speed),
                _ => (place.y, along.x) = (-distance, speed),
            }
            place.z = 0.01 * planet as f64;
            along.z = speed * 0.05;
            let mass = 1e-6 * (1 + planet * planet % 7 * 40) as f64;
            bodies.push(Body { place, speed: along, pull: Vector::default(), mass });
            distance = distance * 1.5 + 0.1;
        }
        let mut system = System { bodies };
        // The sun moves against the planets, so that the middle of all rests.
        let momentum = system.momentum();
        system.bodies[0].speed -= momentum;
        system.attract();
        system
    }

    fn momentum(&self) -> Vector {
        self.bodies.iter().fold(Vector::default(), |sum, body| sum + body.speed * body.mass)
    }

    fn energy(&self) -> f64 {
        let moving: f64 = self.bodies.iter().map(|body| 0.5 * body.mass * body.speed.square()).sum();
        let mut bound = 0.0;
        for (index, body) in self.bodies.iter().enumerate() {
            for other in &self.bodies[index + 1..] {
                bound += GRAVITY * body.mass * other.mass / (body.place - other.place).square().sqrt();
            }
        }
        moving - bound
    }

    /// Sets every body's acceleration.
    fn attract(&mut self) {
        for body in &mut self.bodies {
            body.pull = Vector::default();
        }
        for index in 1..self.bodies.len() {
            let (before, rest) = self.bodies.split_at_mut(index);
            let body = &mut rest[0];
            for other in before {
                let apart = body.place - other.place;
                let square = apart.square();
                let force = GRAVITY / (square * square.sqrt());
                body.pull -= apart * (force * other.mass);
                other.pull += apart * (force * body.mass);
            }
        }
    }

    /// One step by the leapfrog method, which loses no energy in the long run.
    fn advance(&mut self, days: f64) {
        for body in &mut self.bodies {
            body.speed += body.pull * (0.5 * days);
            body.place += body.speed * days;
        }
        self.attract();
        for body in &mut self.bodies {
            body.speed += body.pull * (0.5 * days);
        }
    }
}

fn parse(arguments: &[String]) -> Option<(u64, usize, f64)> {
    let (steps, rest) = arguments.split_first()?;
    let planets = rest.first().map_or(Some(4), |text| text.parse().ok())?;
    let days = rest.get(1).map_or(Some(0.125), |text| text.parse().ok())?;
    let sensible = rest.len() <= 2 && planets <= 64 && days > 0.0 && days <= 10.0;
    sensible.then_some((steps.parse().ok()?, planets, days))
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((steps, planets, days)) = parse(&arguments) else {
        eprintln!("usage: orbit STEPS [PLANETS [DAYS]]");
        return ExitCode::from(2);
    };
    let mut system = System::new(planets);
    let before = system.energy();
    println!("before: energy {before:.15e}");
    for _ in 0..steps {
        system.advance(days);
    }
    let after = system.energy();
    println!("after {steps} steps of {days} days: energy {after:.15e}");
    let change = if before == 0.0 { 0.0 } else { ((after - before) / before).abs() };
    println!("relative change {change:.1e}");
    for (index, body) in system.bodies.iter().enumerate() {
        println!("{index:2} {} moving {}", body.place, body.speed);
    }
    println!("momentum {:.0e}", system.momentum().square().sqrt());
    ExitCode::SUCCESS
}
