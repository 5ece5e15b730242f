//! Powers modulo odd numbers by Montgomery's products, three products of 64 by 64 bits for each: a test for primes, and square roots modulo one.
const USUAL_SIZE: u32 = 36_000;

struct Modulus {
    number: u64,
    /// The inverse of its opposite modulo 2⁶⁴.
    inverse: u64,
    /// 2⁶⁴ and 2¹²⁸ modulo it.
    one: u64,
    square: u64,
}

impl Modulus {
    fn new(number: u64) -> Modulus {
        let mut inverse = number;
        for _ in 0..5 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(number.wrapping_mul(inverse)));
        }
        let one = (u64::MAX % number + 1) % number;
        let mut square = one;
        for _ in 0..64 {
            let (sum, carry) = square.overflowing_add(square);
            square = if carry || sum >= number { sum.wrapping_sub(number) } else { sum };
        }
        Modulus { number, inverse: inverse.wrapping_neg(), one, square }
    }

    /// `a` times `b` over 2⁶⁴.
    fn product(&self, a: u64, b: u64) -> u64 {
        let wide = u128::from(a) * u128::from(b);
        let factor = (wide as u64).wrapping_mul(self.inverse);
        let multiple = u128::from(factor) * u128::from(self.number);
        let (sum, carry) = wide.overflowing_add(multiple);
        let high = (sum >> 64) as u64;
        if carry || high >= self.number { high.wrapping_sub(self.number) } else { high }
    }

    fn power(&self, mut base: u64, mut exponent: u64) -> u64 {
        let mut result = self.one;
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = self.product(result, base);
            }
            base = self.product(base, base);
            exponent >>= 1;
        }
        result
    }

    fn is_probably_prime(&self) -> bool {
        [2, 3, 5, 7].iter().all(|&base| {
            let base = self.product(base, self.square);
            self.power(base, self.number - 1) == self.one
        })
    }
}

fn kernel(size: u32) -> u64 {
    let (mut sum, mut state) = (0, 41);
    for _ in 0..size {
        let modulus = Modulus::new(next_random(&mut state) | 1 << 63 | 3);
        sum = mix(sum, u64::from(modulus.is_probably_prime()));
        // A root of a square, where the number is prime.
        let square = modulus.product(next_random(&mut state) % modulus.number, modulus.square);
        sum = mix(sum, modulus.power(square, modulus.number / 4 + 1));
    }
    sum
}

include!("harness.inc");
