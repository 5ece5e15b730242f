//! Large numbers: factorials and their digits, and Miller and Rabin's test by remainders of products of 128 bits.
const USUAL_SIZE: u32 = 12_000;

fn power(mut base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = (u128::from(result) * u128::from(base) % u128::from(modulus)) as u64;
        }
        base = (u128::from(base) * u128::from(base) % u128::from(modulus)) as u64;
        exponent >>= 1;
    }
    result
}

fn is_prime(number: u64) -> bool {
    let zeros = (number - 1).trailing_zeros();
    [2, 3, 5, 7, 11, 13, 17, 19, 23].iter().all(|&base| {
        let mut value = power(base, (number - 1) >> zeros, number);
        if value == 1 || value == number - 1 {
            return true;
        }
        (1..zeros).any(|_| {
            value = (u128::from(value) * u128::from(value) % u128::from(number)) as u64;
            value == number - 1
        })
    })
}

fn multiply(number: &mut Vec<u64>, by: u64) {
    let mut carry = 0;
    for limb in number.iter_mut() {
        let wide = u128::from(*limb) * u128::from(by) + carry;
        *limb = wide as u64;
        carry = wide >> 64;
    }
    if carry > 0 {
        number.push(carry as u64);
    }
}

fn divide(number: &mut Vec<u64>, by: u64) -> u64 {
    let mut rest = 0;
    for limb in number.iter_mut().rev() {
        // Two halves, so that the division is one of 64 bits.
        let high = (rest << 32) | (*limb >> 32);
        let low = ((high % by) << 32) | (*limb & 0xffff_ffff);
        *limb = ((high / by) << 32) | (low / by);
        rest = low % by;
    }
    while number.last() == Some(&0) {
        number.pop();
    }
    rest
}

fn kernel(size: u32) -> u64 {
    let mut number = vec![1];
    (2..=u64::from(size)).for_each(|factor| multiply(&mut number, factor));
    let mut sum = 0;
    while !number.is_empty() {
        sum = mix(sum, divide(&mut number, 1_000_000_000));
    }
    let (mut candidate, mut found) = (0x7fff_ffff_ffff_0001_u64, 0);
    while found < size / 90 {
        if is_prime(candidate) {
            sum = mix(sum, candidate);
            found += 1;
        }
        candidate -= 2;
    }
    sum
}

include!("harness.inc");
