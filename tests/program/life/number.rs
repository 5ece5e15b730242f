//! Kernels on numbers: many digits of pi, and complex floating point without any library function but the square root.

use std::ops::{Add, Mul, Sub};

use crate::{Random, mix};

const BASE: u64 = 1_000_000_000;

/// A number from 0 up to `BASE`: the whole part, then nine decimal places a word.
#[derive(Clone)]
struct Fixed(Vec<u32>);

impl Fixed {
    fn new(whole: u32, words: usize) -> Fixed {
        let mut number = Fixed(vec![0; words + 1]);
        number.0[0] = whole;
        number
    }

    fn is_zero(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// self / divisor, rounded down.
    fn over(&self, divisor: u32) -> Fixed {
        let mut rest = 0;
        let mut quotient = Vec::with_capacity(self.0.len());
        for word in &self.0 {
            let value = rest * BASE + u64::from(*word);
            quotient.push((value / u64::from(divisor)) as u32);
            rest = value % u64::from(divisor);
        }
        Fixed(quotient)
    }

    fn multiply(&mut self, factor: u32) {
        let mut carry = 0;
        for word in self.0.iter_mut().rev() {
            let product = u64::from(*word) * u64::from(factor) + carry;
            *word = (product % BASE) as u32;
            carry = product / BASE;
        }
        assert!(carry == 0, "the product must stay in range");
    }

    fn add(&mut self, other: &Fixed) {
        let mut carry = 0;
        for (word, theirs) in self.0.iter_mut().zip(&other.0).rev() {
            let sum = *word + theirs + carry;
            carry = u32::from(sum >= BASE as u32);
            *word = sum - carry * BASE as u32;
        }
        assert!(carry == 0, "the sum must stay in range");
    }

    fn subtract(&mut self, other: &Fixed) {
        let mut borrow = 0;
        for (word, theirs) in self.0.iter_mut().zip(&other.0).rev() {
            let needed = theirs + borrow;
            borrow = u32::from(*word < needed);
            *word = *word + borrow * BASE as u32 - needed;
        }
        assert!(borrow == 0, "the difference must not be negative");
    }
}

/// arctan(1/n) = 1/n − 1/3n³ + 1/5n⁵ − …
fn arctan_of_inverse(n: u32, words: usize) -> Fixed {
    let mut power = Fixed::new(1, words).over(n);
    let mut sum = power.clone();
    for k in 1.. {
        power = power.over(n * n);
        if power.is_zero() {
            break;
        }
        let term = power.over(2 * k + 1);
        if k % 2 == 1 { sum.subtract(&term) } else { sum.add(&term) }
    }
    sum
}

/// Machin's formula: π = 16 arctan(1/5) − 4 arctan(1/239). The checksum is that of the decimal text.
pub fn pi(digits: u32) -> u64 {
    let words = digits as usize / 9 + 3; // at least two words more than shown, for what is rounded away
    let mut pi = arctan_of_inverse(5, words);
    pi.multiply(16);
    let mut less = arctan_of_inverse(239, words);
    less.multiply(4);
    pi.subtract(&less);
    let mut text = String::new();
    for word in &pi.0[1..] {
        text.push_str(&format!("{word:09}"));
    }
    text[..digits as usize].bytes().fold(u64::from(pi.0[0]), |sum, digit| mix(sum, u64::from(digit)))
}

#[derive(Clone, Copy)]
struct Complex {
    re: f64,
    im: f64,
}

impl Add for Complex {
    type Output = Complex;
    fn add(self, other: Complex) -> Complex {
        Complex { re: self.re + other.re, im: self.im + other.im }
    }
}

impl Sub for Complex {
    type Output = Complex;
    fn sub(self, other: Complex) -> Complex {
        Complex { re: self.re - other.re, im: self.im - other.im }
    }
}

impl Mul for Complex {
    type Output = Complex;
    fn mul(self, other: Complex) -> Complex {
        Complex { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }
}

const POINTS: usize = 1024;

/// The roots of unity for each stage, by halving angles: e^(iφ/2) from e^(iφ) needs square roots only.
fn roots() -> Vec<Complex> {
    let mut roots = vec![Complex { re: 1.0, im: 0.0 }; POINTS / 2];
    let mut root = Complex { re: -1.0, im: 0.0 }; // of angle π
    let mut stride = POINTS / 2;
    while stride > 1 {
        root = Complex { re: ((1.0 + root.re) / 2.0).sqrt(), im: ((1.0 - root.re) / 2.0).sqrt() };
        stride /= 2;
        // Angle π · stride · 2 / POINTS: fill in the odd multiples of the stride from the even ones.
        for index in (stride..POINTS / 2).step_by(2 * stride) {
            roots[index] = roots[index - stride] * root;
        }
    }
    roots
}

fn transform(data: &mut [Complex], roots: &[Complex]) {
    for index in 0..POINTS {
        let mirrored = index.reverse_bits() >> (usize::BITS - POINTS.trailing_zeros());
        if index < mirrored {
            data.swap(index, mirrored);
        }
    }
    let mut half = 1;
    while half < POINTS {
        for block in data.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for (index, (low, high)) in low.iter_mut().zip(high).enumerate() {
                let turned = *high * roots[index * (POINTS / 2 / half)];
                (*low, *high) = (*low + turned, *low - turned);
            }
        }
        half *= 2;
    }
}

pub fn fourier(transforms: u32) -> u64 {
    let mut random = Random::new();
    let roots = roots();
    let mut data: Vec<Complex> = (0..POINTS)
        .map(|_| Complex { re: f64::from(random.draw() >> 20) / 4096.0 - 0.5, im: 0.0 })
        .collect();
    let scale = 1.0 / (POINTS as f64).sqrt();
    for _ in 0..transforms {
        transform(&mut data, &roots);
        for point in &mut data {
            *point = Complex { re: point.re * scale, im: point.im * scale };
        }
    }
    data.iter().fold(0, |sum, point| mix(mix(sum, point.re.to_bits()), point.im.to_bits()))
}
