//! Fourier transforms of complex numbers in vectors with bounds checks, and a convolution by them; then Mandelbrot's set.
const USUAL_SIZE: u32 = 15;

#[derive(Clone, Copy)]
struct Complex(f64, f64);

impl std::ops::Mul for Complex {
    type Output = Complex;
    fn mul(self, other: Complex) -> Complex {
        Complex(self.0 * other.0 - self.1 * other.1, self.0 * other.1 + self.1 * other.0)
    }
}

fn transform(data: &mut [Complex], roots: &[Complex]) {
    let length = data.len();
    let bits = length.trailing_zeros();
    for place in 0..length {
        let other = place.reverse_bits() >> (usize::BITS - bits);
        if place < other {
            data.swap(place, other);
        }
    }
    let mut half = 1;
    while half < length {
        for start in (0..length).step_by(2 * half) {
            for place in start..start + half {
                let turned = data[place + half] * roots[(place - start) * (length / (2 * half))];
                let one = data[place];
                data[place] = Complex(one.0 + turned.0, one.1 + turned.1);
                data[place + half] = Complex(one.0 - turned.0, one.1 - turned.1);
            }
        }
        half *= 2;
    }
}

fn mandelbrot(side: u32) -> u64 {
    let mut sum = 0;
    for y in 0..side {
        for x in 0..side {
            let point = Complex(f64::from(x) * 3.0 / f64::from(side) - 2.0, f64::from(y) * 2.0 / f64::from(side) - 1.0);
            let (mut z, mut rounds) = (point, 0);
            while rounds < 200 && z.0 * z.0 + z.1 * z.1 < 4.0 {
                z = z * z;
                z = Complex(z.0 + point.0, z.1 + point.1);
                rounds += 1;
            }
            sum = mix(sum, rounds);
        }
    }
    sum
}

fn kernel(size: u32) -> u64 {
    let length = 1_usize << size;
    // By halving angles, with square roots alone, so that every library gives the same bits.
    let mut step = Complex(-1.0, 0.0);
    let mut roots = vec![Complex(1.0, 0.0); length / 2];
    let mut span = length / 2;
    while span > 1 {
        let cosine = ((1.0 + step.0) / 2.0).max(0.0).sqrt();
        step = Complex(cosine, -((1.0 - step.0) / 2.0).sqrt());
        span /= 2;
        for place in (span..length / 2).step_by(2 * span) {
            roots[place] = roots[place - span] * step;
        }
    }
    let (mut state, mut sum) = (47, 0);
    let mut data: Vec<Complex> = (0..length).map(|_| Complex((next_random(&mut state) >> 44) as f64, 0.0)).collect();
    for _ in 0..6 {
        transform(&mut data, &roots);
        data.iter_mut().for_each(|one| *one = Complex(one.0 / length as f64, -one.1 / length as f64) * *one);
        transform(&mut data, &roots);
        let scale = data.iter().fold(1.0_f64, |most, one| most.max(one.0.abs()));
        data.iter_mut().for_each(|one| *one = Complex(one.0 * 1000.0 / scale, 0.0));
        sum = data.iter().step_by(97).fold(sum, |sum, one| mix(sum, one.0.to_bits()));
    }
    mix(sum, mandelbrot(220))
}

include!("harness.inc");
