//! The loops that `bounds` walks through memory with, and what each must do.

/// From the memory, where to start, the rounds and the step to where it ends and what it reads; a trap is `None`.
pub(crate) type Model = fn(&mut Vec<u8>, u64, u64, u64) -> Option<(u64, u64)>;

/// Loops over a memory, each a function of where to start (`$p`) and how often to go round (`$n`), which gives where it ended and what it
/// read in two numbers; and what it must do. `{s}` is the step.
pub(crate) struct Walk {
    pub(crate) text: &'static str,
    pub(crate) model: Model,
}

/// The byte at `place`, which is a trap where there is none.
fn byte(memory: &[u8], place: u128) -> Option<u64> {
    memory.get(usize::try_from(place).ok()?).map(|byte| u64::from(*byte))
}

/// Rounds that end when `$n` is used up.
pub(crate) const AGAIN: &str =
    "(br_if $again (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1)))))";

pub(crate) const WALKS: [Walk; 28] = [
    // One access and a step.
    Walk {
        text: "(local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $p))))
               (local.set $p (i64.add (local.get $p) (i64.const {s})))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for _ in 0..n {
                sum += byte(memory, p.into())?;
                p = p.wrapping_add(s);
            }
            Some((p, sum))
        },
    },
    // As an unrolled loop has it, with a store.
    Walk {
        text: "(i64.store8 (local.get $p) (i64.add (i64.load8_u (local.get $p)) (i64.const 1)))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (i64.add (local.get $p) (i64.const 8)))))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u offset=3 (i64.add (local.get $p) (i64.const 16)))))
               (local.set $p (i64.add (local.get $p) (i64.const {s})))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for _ in 0..n {
                let value = byte(memory, p.into())?;
                memory[p as usize] = (value as u8).wrapping_add(1);
                sum += byte(memory, p.wrapping_add(8).into())?;
                sum += byte(memory, u128::from(p.wrapping_add(16)) + 3)?;
                p = p.wrapping_add(s);
            }
            Some((p, sum))
        },
    },
    // Not in every round.
    Walk {
        text: "(if (i64.eqz (i64.rem_u (local.get $n) (i64.const 3)))
                 (then (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $p))))))
               (local.set $p (i64.add (local.get $p) (i64.const {s})))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for left in (1..=n).rev() {
                if left % 3 == 0 {
                    sum += byte(memory, p.into())?;
                }
                p = p.wrapping_add(s);
            }
            Some((p, sum))
        },
    },
    // Not in every round, and a little further in every one.
    Walk {
        text: "(if (i64.eqz (i64.rem_u (local.get $n) (i64.const 3)))
                 (then (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $p))))))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (i64.add (local.get $p) (i64.const 8)))))
               (local.set $p (i64.add (local.get $p) (i64.const {s})))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for left in (1..=n).rev() {
                if left % 3 == 0 {
                    sum += byte(memory, p.into())?;
                }
                sum += byte(memory, p.wrapping_add(8).into())?;
                p = p.wrapping_add(s);
            }
            Some((p, sum))
        },
    },
    // The step before the access.
    Walk {
        text: "(local.set $p (i64.add (local.get $p) (i64.const {s})))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u offset=1 (local.get $p))))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for _ in 0..n {
                p = p.wrapping_add(s);
                sum += byte(memory, u128::from(p) + 1)?;
            }
            Some((p, sum))
        },
    },
    // Downwards.
    Walk {
        text: "(local.set $sum (i64.add (local.get $sum) (i64.load8_u offset=5000 (local.get $p))))
               (local.set $p (i64.sub (local.get $p) (i64.const {s})))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for _ in 0..n {
                sum += byte(memory, u128::from(p) + 5000)?;
                p = p.wrapping_sub(s);
            }
            Some((p, sum))
        },
    },
    // Downwards, from the place itself on; by a number that is added.
    Walk {
        text: "(local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $p))))
               (local.set $p (i64.add (local.get $p) (i64.const -{s})))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for _ in 0..n {
                sum += byte(memory, p.into())?;
                p = p.wrapping_sub(s);
            }
            Some((p, sum))
        },
    },
    // Downwards, with a store, and with what lies further on behind it, which the same check may serve.
    Walk {
        text: "(i64.store8 (local.get $p) (i64.add (i64.load8_u (local.get $p)) (i64.const 1)))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (i64.add (local.get $p) (i64.const 8)))))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u offset=100 (local.get $p))))
               (local.set $p (i64.sub (local.get $p) (i64.const {s})))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for _ in 0..n {
                let value = byte(memory, p.into())?;
                memory[p as usize] = (value as u8).wrapping_add(1);
                sum += byte(memory, p.wrapping_add(8).into())?;
                sum += byte(memory, u128::from(p) + 100)?;
                p = p.wrapping_sub(s);
            }
            Some((p, sum))
        },
    },
    // Downwards, with what lies further on before it: that is in the memory where the place is in the guard before.
    Walk {
        text: "(i64.store8 offset=8 (local.get $p) (local.get $n))
               (i64.store8 (local.get $p) (i64.add (i64.load8_u (local.get $p)) (i64.const 1)))
               (local.set $p (i64.sub (local.get $p) (i64.const {s})))",
        model: |memory, mut p, n, s| {
            for left in (1..=n).rev() {
                byte(memory, u128::from(p) + 8)?;
                memory[p as usize + 8] = left as u8;
                let value = byte(memory, p.into())?;
                memory[p as usize] = (value as u8).wrapping_add(1);
                p = p.wrapping_sub(s);
            }
            Some((p, 0))
        },
    },
    // Downwards, from the place itself on in some rounds only.
    Walk {
        text: "(if (i64.eqz (i64.rem_u (local.get $n) (i64.const 3)))
                 (then (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $p))))))
               (i64.store8 offset=8 (local.get $p) (local.get $n))
               (local.set $p (i64.sub (local.get $p) (i64.const {s})))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for left in (1..=n).rev() {
                if left % 3 == 0 {
                    sum += byte(memory, p.into())?;
                }
                byte(memory, u128::from(p) + 8)?;
                memory[p as usize + 8] = left as u8;
                p = p.wrapping_sub(s);
            }
            Some((p, sum))
        },
    },
    // Downwards, with nothing accessed in some rounds.
    Walk {
        text: "(if (i64.eqz (i64.rem_u (local.get $n) (i64.const 3)))
                 (then (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $p))))))
               (local.set $p (i64.sub (local.get $p) (i64.const {s})))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for left in (1..=n).rev() {
                if left % 3 == 0 {
                    sum += byte(memory, p.into())?;
                }
                p = p.wrapping_sub(s);
            }
            Some((p, sum))
        },
    },
    // Up in some rounds and down in others, by two ways back, eight bytes at a time: some begin before the memory and end in it.
    Walk {
        text: "(i64.store (local.get $p) (i64.add (i64.load (local.get $p)) (i64.const 1)))
               (if (i64.eqz (i64.rem_u (local.get $n) (i64.const 3)))
                 (then
                   (local.set $p (i64.add (local.get $p) (i64.const {s})))
                   (br_if $again (i64.ne (i64.const 1) (local.get $n)) (local.set $n (i64.sub (local.get $n) (i64.const 1))))
                   (return (local.get $p) (local.get $sum))))
               (local.set $p (i64.sub (local.get $p) (i64.const {s})))",
        model: |memory, mut p, n, s| {
            for left in (1..=n).rev() {
                byte(memory, u128::from(p) + 7)?;
                let place = p as usize..p as usize + 8;
                let value = u64::from_le_bytes(memory[place.clone()].try_into().expect("eight bytes"));
                memory[place].copy_from_slice(&value.wrapping_add(1).to_le_bytes());
                p = if left % 3 == 0 { p.wrapping_add(s) } else { p.wrapping_sub(s) };
            }
            Some((p, 0))
        },
    },
    // The step down before the access, and the place read by something else too.
    Walk {
        text: "(local.set $p (i64.sub (local.get $p) (i64.const {s})))
               (local.set $sum (i64.add (local.get $sum) (i64.load16_u (local.get $p))))
               (local.set $sum (i64.add (local.get $sum) (i64.shr_u (local.get $p) (i64.const 60))))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for _ in 0..n {
                p = p.wrapping_sub(s);
                byte(memory, u128::from(p) + 1)?;
                sum += byte(memory, p.into())? + (byte(memory, u128::from(p) + 1)? << 8) + (p >> 60);
            }
            Some((p, sum))
        },
    },
    // What is behind is another index than what is further on.
    Walk {
        text: "(local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $p))))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (i64.sub (local.get $p) (i64.const 8)))))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (i64.sub (local.get $p) (i64.const -9)))))
               (local.set $p (i64.add (local.get $p) (i64.const {s})))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for _ in 0..n {
                sum += byte(memory, p.into())? + byte(memory, p.wrapping_sub(8).into())?;
                sum += byte(memory, p.wrapping_add(9).into())?;
                p = p.wrapping_add(s);
            }
            Some((p, sum))
        },
    },
    // Far from the place in some rounds, before the access that all rounds have.
    Walk {
        text: "(if (i64.eqz (i64.and (local.get $n) (i64.const 1)))
                 (then (local.set $sum (i64.add (local.get $sum) (i64.load8_u offset=12000 (local.get $p))))))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $p))))
               (local.set $p (i64.add (local.get $p) (i64.const {s})))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for left in (1..=n).rev() {
                if left % 2 == 0 {
                    sum += byte(memory, u128::from(p) + 12000)?;
                }
                sum += byte(memory, p.into())?;
                p = p.wrapping_add(s);
            }
            Some((p, sum))
        },
    },
    // A sum of a number that stays and one that grows.
    Walk {
        text: "(i64.store8 (i64.add (local.get $p) (local.get $m)) (local.get $n))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u offset=3 (i64.add (local.get $m) (local.get $p)))))
               (local.set $m (i64.add (local.get $m) (i64.const {s})))",
        model: |memory, p, n, s| {
            let (mut sum, mut at) = (0, p);
            for left in (1..=n).rev() {
                byte(memory, at.into())?;
                memory[at as usize] = left as u8;
                sum += byte(memory, u128::from(at) + 3)?;
                at = at.wrapping_add(s);
            }
            Some((p, sum))
        },
    },
    // The same with a constant, and the sum read by something else, before and behind.
    Walk {
        text: "(local.set $q (i64.sub (i64.add (local.get $p) (local.get $m)) (i64.const 5)))
               (local.set $sum (i64.add (local.get $sum) (i64.shr_u (local.get $q) (i64.const 60))))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $q))))
               (local.set $sum (i64.add (local.get $sum) (i64.and (local.get $q) (i64.const 255))))
               (local.set $m (i64.add (local.get $m) (i64.const {s})))",
        model: |memory, p, n, s| {
            let (mut sum, mut at) = (0, p.wrapping_sub(5));
            for _ in 0..n {
                sum += (at >> 60) + byte(memory, at.into())? + (at & 255);
                at = at.wrapping_add(s);
            }
            Some((p, sum))
        },
    },
    // A sum with a number that changes by less than the sum does: up, and down.
    Walk {
        text: "(local.set $q (i64.add (i64.add (local.get $p) (i64.shl (local.get $m) (i64.const 3))) (local.get $m)))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $q))))
               (local.set $m (i64.add (local.get $m) (i64.const {s})))",
        model: |memory, p, n, s| {
            let (mut sum, mut at) = (0, p);
            for _ in 0..n {
                sum += byte(memory, at.into())?;
                at = at.wrapping_add(s * 9);
            }
            Some((p, sum))
        },
    },
    Walk {
        text: "(i64.store8 (i64.add (i64.mul (local.get $m) (i64.const 24)) (local.get $p)) (local.get $n))
               (local.set $m (i64.sub (local.get $m) (i64.const {s})))",
        model: |memory, p, n, s| {
            let mut at = p;
            for left in (1..=n).rev() {
                byte(memory, at.into())?;
                memory[at as usize] = left as u8;
                at = at.wrapping_sub(s * 24);
            }
            Some((p, 0))
        },
    },
    // A difference.
    Walk {
        text: "(local.set $sum (i64.add (local.get $sum) (i64.load8_u (i64.sub (local.get $p) (local.get $m)))))
               (local.set $m (i64.add (local.get $m) (i64.const {s})))",
        model: |memory, p, n, s| {
            let (mut sum, mut at) = (0, p);
            for _ in 0..n {
                sum += byte(memory, at.into())?;
                at = at.wrapping_sub(s);
            }
            Some((p, sum))
        },
    },
    // A sum that wraps to where the memory is, of two numbers that grow, and one that stays.
    Walk {
        text: "(local.set $q (local.get $p)) (local.set $m (i64.const -77)) (local.set $p (i64.const 7))
               (loop $inner
                 (local.set $sum (i64.add (local.get $sum)
                   (i64.load8_u (i64.add (local.get $m) (i64.add (i64.const 70) (i64.add (local.get $q) (local.get $p)))))))
                 (local.set $m (i64.add (local.get $m) (i64.const {s})))
                 (local.set $p (i64.add (local.get $p) (i64.const 2)))
                 (br_if $inner (i64.ne (i64.const 0) (local.tee $n (i64.sub (local.get $n) (i64.const 1))))))
               (return (local.get $p) (local.get $sum))",
        model: |memory, p, n, s| {
            let (mut sum, mut at) = (0, p);
            for _ in 0..n {
                sum += byte(memory, at.into())?;
                at = at.wrapping_add(s + 2);
            }
            Some((if n == 0 { p } else { 7 + 2 * n }, sum))
        },
    },
    // A sum with what the loop around this one changes.
    Walk {
        text: "(local.set $m (i64.const 0))
               (loop $inner
                 (local.set $sum (i64.add (local.get $sum) (i64.load8_u (i64.add (local.get $p) (local.get $m)))))
                 (local.set $m (i64.add (local.get $m) (i64.const {s})))
                 (br_if $inner (i64.lt_u (local.get $m) (i64.const {s}0))))
               (local.set $p (i64.sub (local.get $p) (i64.const 1)))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for _ in 0..n {
                for round in 0..if s == 0 { 1 } else { 10 } {
                    sum += byte(memory, p.wrapping_add(s * round).into())?;
                }
                p = p.wrapping_sub(1);
            }
            Some((p, sum))
        },
    },
    // A sum with what is another number in each round.
    Walk {
        text: "(local.set $q (i64.add (local.get $p) (i64.rem_u (local.get $n) (i64.const 3))))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (i64.add (local.get $m) (local.get $q)))))
               (local.set $m (i64.add (local.get $m) (i64.const {s})))",
        model: |memory, p, n, s| {
            let (mut sum, mut at) = (0, p);
            for left in (1..=n).rev() {
                sum += byte(memory, at.wrapping_add(left % 3).into())?;
                at = at.wrapping_add(s);
            }
            Some((p, sum))
        },
    },
    // A sum that is accessed in some rounds only, and more sums than a loop keeps.
    Walk {
        text: "(if (i64.eqz (i64.rem_u (local.get $n) (i64.const 3)))
                 (then (i64.store8 (i64.add (local.get $p) (local.get $m)) (local.get $n))))
               (local.set $q (i64.shl (local.get $p) (i64.const 1)))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (i64.add (local.get $q) (local.get $m)))))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (i64.add (i64.add (local.get $q) (i64.const 3)) (local.get $m)))))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (i64.add (i64.mul (local.get $p) (i64.const 3)) (local.get $m)))))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (i64.add (i64.mul (local.get $p) (i64.const 4)) (local.get $m)))))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (i64.add (i64.mul (local.get $p) (i64.const 5)) (local.get $m)))))
               (local.set $m (i64.add (local.get $m) (i64.const {s})))",
        model: |memory, p, n, s| {
            let (mut sum, mut m) = (0, 0_u64);
            for left in (1..=n).rev() {
                if left % 3 == 0 {
                    let at = p.wrapping_add(m);
                    byte(memory, at.into())?;
                    memory[at as usize] = left as u8;
                }
                for (times, more) in [(2, 0), (2, 3), (3, 0), (4, 0), (5, 0)] {
                    sum += byte(memory, p.wrapping_mul(times).wrapping_add(m + more).into())?;
                }
                m += s;
            }
            Some((p, sum))
        },
    },
    // A sum downwards, with what lies further on before it.
    Walk {
        text: "(i64.store8 offset=8 (i64.add (local.get $p) (local.get $m)) (local.get $n))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (i64.add (local.get $p) (local.get $m)))))
               (local.set $m (i64.sub (local.get $m) (i64.const {s})))",
        model: |memory, p, n, s| {
            let (mut sum, mut at) = (0, p);
            for left in (1..=n).rev() {
                byte(memory, u128::from(at) + 8)?;
                memory[at as usize + 8] = left as u8;
                sum += byte(memory, at.into())?;
                at = at.wrapping_sub(s);
            }
            Some((p, sum))
        },
    },
    // A step that is there twice, and one of nothing.
    Walk {
        text: "(local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $p))))
               (if (i64.ne (i64.and (local.get $n) (i64.const 1)) (i64.const 0))
                 (then (local.set $p (i64.add (i64.add (local.get $p) (i64.const {s})) (i64.const {s})))))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for left in (1..=n).rev() {
                sum += byte(memory, p.into())?;
                if left % 2 == 1 {
                    p = p.wrapping_add(s).wrapping_add(s);
                }
            }
            Some((p, sum))
        },
    },
    // A loop within a loop, and two indices.
    Walk {
        text: "(local.set $q (local.get $p)) (local.set $m (i64.const 3))
               (loop $inner
                 (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $q))))
                 (i64.store8 offset=2 (local.get $q) (local.get $m))
                 (local.set $q (i64.add (local.get $q) (i64.const {s})))
                 (br_if $inner (i64.ne (local.tee $m (i64.sub (local.get $m) (i64.const 1))) (i64.const 0))))
               (local.set $p (i64.add (local.get $p) (i64.const 1)))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for _ in 0..n {
                let mut q = p;
                for left in (1..=3).rev() {
                    sum += byte(memory, q.into())?;
                    byte(memory, u128::from(q) + 2)?;
                    memory[q as usize + 2] = left;
                    q = q.wrapping_add(s);
                }
                p = p.wrapping_add(1);
            }
            Some((p, sum))
        },
    },
    // The index itself is read before the access, and grows with it.
    Walk {
        text: "(local.set $sum (i64.add (local.get $sum) (i64.shr_u (local.get $p) (i64.const 60))))
               (local.set $sum (i64.add (local.get $sum) (i64.load8_u (local.get $p))))
               (local.set $p (i64.add (local.get $p) (i64.const {s})))",
        model: |memory, mut p, n, s| {
            let mut sum = 0;
            for _ in 0..n {
                sum += (p >> 60) + byte(memory, p.into())?;
                p = p.wrapping_add(s);
            }
            Some((p, sum))
        },
    },
];
