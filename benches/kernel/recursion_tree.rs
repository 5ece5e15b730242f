//! Recursion over a tree of boxes: derivatives of formulas are made, simplified, evaluated and dropped.
const USUAL_SIZE: u32 = 24;

enum Formula {
    Number(i64),
    Variable,
    Sum(Box<Formula>, Box<Formula>),
    Product(Box<Formula>, Box<Formula>),
}
use Formula::{Number, Product, Sum, Variable};

impl Formula {
    fn copy(&self) -> Formula {
        match self {
            Number(value) => Number(*value),
            Variable => Variable,
            Sum(a, b) => Sum(Box::new(a.copy()), Box::new(b.copy())),
            Product(a, b) => Product(Box::new(a.copy()), Box::new(b.copy())),
        }
    }

    fn derivative(&self) -> Formula {
        match self {
            Number(_) => Number(0),
            Variable => Number(1),
            Sum(a, b) => Sum(Box::new(a.derivative()), Box::new(b.derivative())),
            Product(a, b) => Sum(
                Box::new(Product(Box::new(a.derivative()), Box::new(b.copy()))),
                Box::new(Product(Box::new(a.copy()), Box::new(b.derivative()))),
            ),
        }
    }

    fn simple(self) -> Formula {
        match self {
            Sum(a, b) => match (a.simple(), b.simple()) {
                (Number(0), other) | (other, Number(0)) => other,
                (Number(a), Number(b)) => Number(a.wrapping_add(b)),
                (a, b) => Sum(Box::new(a), Box::new(b)),
            },
            Product(a, b) => match (a.simple(), b.simple()) {
                (Number(0), _) | (_, Number(0)) => Number(0),
                (Number(1), other) | (other, Number(1)) => other,
                (Number(a), Number(b)) => Number(a.wrapping_mul(b)),
                (a, b) => Product(Box::new(a), Box::new(b)),
            },
            other => other,
        }
    }

    fn value(&self, variable: i64) -> i64 {
        match self {
            Number(value) => *value,
            Variable => variable,
            Sum(a, b) => a.value(variable).wrapping_add(b.value(variable)),
            Product(a, b) => a.value(variable).wrapping_mul(b.value(variable)),
        }
    }
}

fn random_formula(depth: u32, state: &mut u64) -> Formula {
    let choice = next_random(state);
    match choice % 8 {
        _ if depth == 0 => if choice & 16 == 0 { Variable } else { Number((choice >> 60) as i64) },
        0..4 => Sum(Box::new(random_formula(depth - 1, state)), Box::new(random_formula(depth - 1, state))),
        _ => Product(Box::new(random_formula(depth - 1, state)), Box::new(random_formula(depth - 1, state))),
    }
}

fn kernel(size: u32) -> u64 {
    let (mut sum, mut state) = (0, 7);
    for _ in 0..size {
        let mut formula = random_formula(7, &mut state);
        for order in 0..3 {
            formula = formula.derivative().simple();
            sum = mix(sum, formula.value(order + 2) as u64);
        }
    }
    sum
}

include!("harness.inc");
