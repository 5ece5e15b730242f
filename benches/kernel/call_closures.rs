//! Boxed closures of many kinds, chained: what callbacks, iterators by trait object and plug-ins look like.
const USUAL_SIZE: u32 = 700_000;

trait Stage {
    fn put(&mut self, value: u64) -> Option<u64>;
}

struct Every(u64, u64);
impl Stage for Every {
    fn put(&mut self, value: u64) -> Option<u64> {
        self.1 += 1;
        (self.1 % self.0 != 0).then_some(value)
    }
}

struct Delay([u64; 8], usize);
impl Stage for Delay {
    fn put(&mut self, value: u64) -> Option<u64> {
        self.1 = (self.1 + 1) % 8;
        Some(std::mem::replace(&mut self.0[self.1], value))
    }
}

struct Apply<F>(F);
impl<F: FnMut(u64) -> u64> Stage for Apply<F> {
    fn put(&mut self, value: u64) -> Option<u64> {
        Some((self.0)(value))
    }
}

fn stages(state: &mut u64) -> Vec<Box<dyn Stage>> {
    (0..12)
        .map(|_| {
            let r = next_random(state);
            let amount = r >> 32;
            match r % 6 {
                0 => Box::new(Every(r >> 60 | 2, 0)) as Box<dyn Stage>,
                1 => Box::new(Delay([r; 8], 0)),
                2 => Box::new(Apply(move |value: u64| value.wrapping_add(amount))),
                3 => Box::new(Apply(move |value: u64| value.rotate_left(amount as u32) ^ amount)),
                4 => {
                    let mut seen = 0;
                    Box::new(Apply(move |value| {
                        seen = std::cmp::max(seen, value & 0xffff);
                        value ^ seen
                    }))
                }
                _ => {
                    let function: Box<dyn Fn(u64, u64) -> u64> =
                        if r >> 63 == 0 { Box::new(u64::wrapping_mul) } else { Box::new(u64::wrapping_sub) };
                    Box::new(Apply(move |value| function(value, amount | 1)))
                }
            }
        })
        .collect()
}

fn kernel(size: u32) -> u64 {
    let (mut sum, mut state) = (0, 11);
    for _ in 0..40 {
        let mut stages = stages(&mut state);
        for turn in 0..size / 40 {
            for start in 0..4 {
                let put = stages[start..].iter_mut().try_fold(u64::from(turn), |value, stage| stage.put(value));
                sum = mix(sum, put.unwrap_or(1));
            }
        }
    }
    sum
}

include!("harness.inc");
