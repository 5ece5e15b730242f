//! The shapes of index expressions, each with what it means: what compilers of guests emit to address arrays, structures and tables,
//! and what the rules of an instruction selector look for.
//!
//! Used by `address`. A shape is text over `$x` (`i32`) and `$y` (`i64`), a function that computes the same, and one that finds
//! operands for an index that a test wants to have.

/// A shape.
pub(crate) struct Shape {
    pub(crate) text: String,
    pub(crate) index: Box<dyn Fn(u32, u64) -> u32>,
    /// Operands for which `index` is the given one where there are such; any others else.
    pub(crate) operands: Box<dyn Fn(u32) -> (u32, u64)>,
}

/// Bits above those that count, so that a width mixed up shows.
const DIRT: u64 = 0xdead_beef << 32;

fn shape(
    text: impl Into<String>,
    index: impl Fn(u32, u64) -> u32 + 'static,
    operands: impl Fn(u32) -> (u32, u64) + 'static,
) -> Shape {
    Shape { text: text.into(), index: Box::new(index), operands: Box::new(operands) }
}

const X: &str = "(local.get $x)";
const Y: &str = "(local.get $y)";
const LOW_Y: &str = "(i32.wrap_i64 (local.get $y))";

/// All of them.
pub(crate) fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    shifts(&mut shapes);
    arithmetic(&mut shapes);
    widths(&mut shapes);
    combined(&mut shapes);
    shapes
}

/// Every amount by which either width can be shifted to the left.
fn shifts(shapes: &mut Vec<Shape>) {
    for amount in 0..32_u32 {
        // Bits that a shift in 32 bits drops and one in 64 keeps.
        let dropped = if amount == 0 { 0 } else { 0x5555_5555 << (32 - amount) };
        shapes.push(shape(
            format!("(i32.shl {X} (i32.const {amount}))"),
            move |x, _| x << amount,
            move |index| (index >> amount | dropped, DIRT),
        ));
    }
    for amount in 0..64_u32 {
        shapes.push(shape(
            format!("(i32.wrap_i64 (i64.shl {Y} (i64.const {amount})))"),
            move |_, y| (y << amount) as u32,
            move |index| (7, u64::from(index).checked_shr(amount).unwrap_or(0) | DIRT),
        ));
    }
    for amount in [1, 7, 16, 31_u32] {
        shapes.push(shape(
            format!("(i32.shr_u {X} (i32.const {amount}))"),
            move |x, _| x >> amount,
            move |index| (index << amount, DIRT),
        ));
        shapes.push(shape(
            format!("(i32.shr_s {X} (i32.const {amount}))"),
            move |x, _| (x as i32 >> amount) as u32,
            move |index| (index << amount, DIRT),
        ));
        shapes.push(shape(
            format!("(i32.rotl {X} (i32.const {amount}))"),
            move |x, _| x.rotate_left(amount),
            move |index| (index.rotate_right(amount), DIRT),
        ));
    }
    shapes.push(shape(
        format!("(i32.shl {X} {LOW_Y})"),
        |x, y| x.wrapping_shl(y as u32),
        |index| (index >> 3, DIRT | 0x23),
    ));
    shapes.push(shape(
        format!("(i32.wrap_i64 (i64.shr_u {Y} (i64.const 32)))"),
        |_, y| (y >> 32) as u32,
        |index| (1, u64::from(index) << 32 | 0xffff),
    ));
    shapes.push(shape(
        format!("(i32.wrap_i64 (i64.shr_s {Y} (i64.const 3)))"),
        |_, y| (y as i64 >> 3) as u32,
        |index| (1, u64::from(index) << 3 | 1 << 63),
    ));
}

fn arithmetic(shapes: &mut Vec<Shape>) {
    shapes.push(shape(X, |x, _| x, |index| (index, DIRT)));
    for constant in [1, 8, 1 << 16, i32::MAX as u32, 1 << 31, u32::MAX, -16_i32 as u32] {
        shapes.push(shape(
            format!("(i32.add {X} (i32.const {constant}))"),
            move |x, _| x.wrapping_add(constant),
            move |index| (index.wrapping_sub(constant), DIRT),
        ));
        shapes.push(shape(
            format!("(i32.sub {X} (i32.const {constant}))"),
            move |x, _| x.wrapping_sub(constant),
            move |index| (index.wrapping_add(constant), DIRT),
        ));
        shapes.push(shape(
            format!("(i32.sub (i32.const {constant}) {X})"),
            move |x, _| constant.wrapping_sub(x),
            move |index| (constant.wrapping_sub(index), DIRT),
        ));
    }
    for factor in [2, 3, 4, 5, 8, 9, 24, 1 << 16, u32::MAX] {
        // A factor that is odd has an inverse; for the others what overflows is tried.
        shapes.push(shape(
            format!("(i32.mul {X} (i32.const {factor}))"),
            move |x, _| x.wrapping_mul(factor),
            move |index| ((index / factor) | (u32::from(factor.is_power_of_two()) << 31), DIRT),
        ));
    }
    for mask in [0xff, 0xffff, 0x7fff_ffff, 0xffff_fff8, 0x1fff_ffff, 0x8000_ffff_u32] {
        shapes.push(shape(
            format!("(i32.and {X} (i32.const {mask}))"),
            move |x, _| x & mask,
            move |index| (index | !mask, DIRT),
        ));
        shapes.push(shape(
            format!("(i32.xor {X} (i32.const {mask}))"),
            move |x, _| x ^ mask,
            move |index| (index ^ mask, DIRT),
        ));
    }
    shapes.push(shape(format!("(i32.or {X} (i32.const 3))"), |x, _| x | 3, |index| (index & !3, DIRT)));
    shapes.push(shape(format!("(i32.mul {X} {LOW_Y})"), |x, y| x.wrapping_mul(y as u32), |index| (index, DIRT | 1)));
    shapes.push(shape(format!("(i32.add {X} {X})"), |x, _| x.wrapping_add(x), |index| (index >> 1 | 1 << 31, DIRT)));
}

/// Where 32 bits become 64 and the other way round.
fn widths(shapes: &mut Vec<Shape>) {
    shapes.push(shape(LOW_Y, |_, y| y as u32, |index| (1, DIRT | u64::from(index))));
    shapes.push(shape(format!("(i32.extend8_s {X})"), |x, _| x as i8 as u32, |index| (index & 0x7f | 0xab00, DIRT)));
    shapes.push(shape(format!("(i32.extend16_s {X})"), |x, _| x as i16 as u32, |index| (index & 0x7fff, DIRT)));
    let wide = |text: String| format!("(i32.wrap_i64 {text})");
    shapes.push(shape(wide(format!("(i64.extend32_s {Y})")), |_, y| y as u32, |index| (1, DIRT | u64::from(index))));
    shapes.push(shape(wide(format!("(i64.extend16_s {Y})")), |_, y| y as i16 as u32, |index| (1, u64::from(index))));
    for (extend, shift) in [("u", 0_u32), ("s", 0), ("u", 1), ("s", 1), ("u", 2), ("s", 3), ("u", 4), ("s", 31)] {
        let dropped = if shift == 0 { 0 } else { 1 << 31 };
        shapes.push(shape(
            wide(format!("(i64.shl (i64.extend_i32_{extend} {X}) (i64.const {shift}))")),
            move |x, _| x << shift,
            move |index| (index >> shift | dropped, DIRT),
        ));
    }
    for constant in [1_u64, 1 << 31, 1 << 32, u64::MAX, 0xffff_ffff] {
        shapes.push(shape(
            wide(format!("(i64.add {Y} (i64.const {}))", constant as i64)),
            move |_, y| y.wrapping_add(constant) as u32,
            move |index| (1, DIRT | u64::from(index.wrapping_sub(constant as u32))),
        ));
    }
    shapes.push(shape(
        wide(format!("(i64.mul (i64.extend_i32_s {X}) (i64.const 12))")),
        |x, _| x.wrapping_mul(12),
        |index| (index / 12, DIRT),
    ));
    shapes.push(shape(
        wide(format!("(i64.sub {Y} (i64.extend_i32_s {X}))")),
        |x, y| (y as u32).wrapping_sub(x),
        |index| (u32::MAX, DIRT | u64::from(index.wrapping_sub(1))),
    ));
}

/// What has a scaled index, a displacement, a condition.
fn combined(shapes: &mut Vec<Shape>) {
    for shift in [1, 2, 3, 4_u32] {
        shapes.push(shape(
            format!("(i32.add {LOW_Y} (i32.shl {X} (i32.const {shift})))"),
            move |x, y| (y as u32).wrapping_add(x << shift),
            move |index| (index >> shift | 1 << 31, DIRT | u64::from(index & ((1 << shift) - 1))),
        ));
        shapes.push(shape(
            format!("(i32.sub {LOW_Y} (i32.shl {X} (i32.const {shift})))"),
            move |x, y| (y as u32).wrapping_sub(x << shift),
            move |index| (u32::MAX, DIRT | u64::from(index.wrapping_sub(1 << shift))),
        ));
        shapes.push(shape(
            format!("(i32.add (i32.shl {X} (i32.const {shift})) (i32.const 20))"),
            move |x, _| (x << shift).wrapping_add(20),
            move |index| (index.wrapping_sub(20) >> shift | 1 << 31, DIRT),
        ));
        shapes.push(shape(
            format!("(i32.shl (i32.and {X} (i32.const 0xffffff)) (i32.const {shift}))"),
            move |x, _| (x & 0xff_ffff) << shift,
            move |index| (index >> shift | 0xff00_0000, DIRT),
        ));
    }
    shapes.push(shape(
        format!("(i32.add (i32.add {X} {LOW_Y}) (i32.const -1))"),
        |x, y| x.wrapping_add(y as u32).wrapping_sub(1),
        |index| (index.wrapping_sub(1 << 31), DIRT | 0x8000_0001),
    ));
    shapes.push(shape(
        format!("(select {X} {LOW_Y} (i32.and {X} (i32.const 1)))"),
        |x, y| if x & 1 == 1 { x } else { y as u32 },
        |index| (index & 1 | index & !1, DIRT | u64::from(index)),
    ));
    shapes.push(shape(
        format!("(select {LOW_Y} (i32.shl {X} (i32.const 2)) (i64.lt_s {Y} (i64.const 0)))"),
        |x, y| if (y as i64) < 0 { y as u32 } else { x << 2 },
        |index| (index >> 2 | 1 << 30, u64::from(index) | u64::from(index & 1) << 63),
    ));
    shapes.push(shape(
        format!("(if (result i32) (i32.eqz {X}) (then {LOW_Y}) (else (i32.shl {X} (i32.const 3))))"),
        |x, y| if x == 0 { y as u32 } else { x << 3 },
        |index| if index & 7 == 0 { (index >> 3 | 1 << 29, DIRT) } else { (0, DIRT | u64::from(index)) },
    ));
    shapes.push(shape(
        format!("(i32.shl (i32.shr_u {X} (i32.const 2)) (i32.const 2))"),
        |x, _| x >> 2 << 2,
        |index| (index | 3, DIRT),
    ));
    shapes.push(shape(format!("(i32.eqz {X})"), |x, _| u32::from(x == 0), |index| (index.wrapping_sub(1), DIRT)));
}
