//! Copies and fills of few bytes, in place: a call costs more than they do.
//!
//! Called by `bulk` for constant lengths, and by `trampoline` for the others. All bytes are loaded before the first is stored, so
//! source and target may overlap.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Type, Value, types};
use cranelift_frontend::FunctionBuilder;
use tancho_abi::target::Architecture;

/// The most pieces that a constant length is taken apart into: as many as there are registers for.
const MAX_PIECES: u32 = 8;

/// The most bytes that are copied in place.
pub(crate) const MOST: u64 = MAX_PIECES as u64 * 16;

/// The widest value that copies may use. Vectors of riscv64 are an extension.
fn widest(architecture: Architecture) -> Type {
    match architecture {
        Architecture::X86_64 | Architecture::Aarch64 => types::I8X16,
        Architecture::Riscv64 => types::I64,
    }
}

/// `length` bytes as values of one type, which may overlap, at these offsets; `None` when they are too many.
pub(crate) fn pieces(architecture: Architecture, length: u32) -> Option<(Type, Vec<i32>)> {
    let sizes = [types::I8X16, types::I64, types::I32, types::I16, types::I8];
    let fits = |ty: &Type| ty.bytes() <= length.clamp(1, widest(architecture).bytes());
    let ty = sizes.into_iter().find(fits)?;
    let count = length.div_ceil(ty.bytes());
    if count > MAX_PIECES {
        return None;
    }
    // The last piece ends where the bytes do.
    let offset = |piece: u32| (piece * ty.bytes()).min(length.saturating_sub(ty.bytes())) as i32;
    Some((ty, (0..count).map(offset).collect()))
}

/// Copies `length` bytes if they are few, and returns from the function; else goes on. The addresses are good for the length.
pub(crate) fn copy_few(
    builder: &mut FunctionBuilder<'_>,
    architecture: Architecture,
    [target, source, length]: [Value; 3],
) {
    few(builder, architecture, length, |builder, ty, places| {
        let values: Vec<Value> = places.iter().map(|place| load_at(builder, ty, source, *place)).collect();
        for (place, value) in places.iter().zip(values) {
            store_at(builder, value, target, *place);
        }
    });
}

/// Fills `length` bytes with the lowest byte of `value` if they are few, and returns from the function; else goes on. The address is good for
/// the length.
pub(crate) fn fill_few(
    builder: &mut FunctionBuilder<'_>,
    architecture: Architecture,
    [target, value, length]: [Value; 3],
) {
    let byte = builder.ins().ireduce(types::I8, value);
    few(builder, architecture, length, |builder, ty, places| {
        let filled = filled(builder, ty, byte);
        for place in places {
            store_at(builder, filled, target, *place);
        }
    });
}

/// A value of type `ty` all bytes of which are `byte`.
pub(crate) fn filled(builder: &mut FunctionBuilder<'_>, ty: Type, byte: Value) -> Value {
    if ty.is_vector() {
        return builder.ins().splat(ty, byte);
    }
    if ty == types::I8 {
        return byte;
    }
    // The byte in every place: times 0x0101….
    let wide = builder.ins().uextend(ty, byte);
    let ones = builder.ins().iconst(ty, ((u64::MAX / 0xff) & (u64::MAX >> (64 - ty.bits()))) as i64);
    builder.ins().imul(wide, ones)
}

/// Where `length` is no more than four times the widest value, has `work` make what is done with values of one type at these places, which
/// may overlap, and returns from the function; else goes on.
fn few(
    builder: &mut FunctionBuilder<'_>,
    architecture: Architecture,
    length: Value,
    mut work: impl FnMut(&mut FunctionBuilder<'_>, Type, &[Value]),
) {
    let widest = widest(architecture);
    let before_end =
        |builder: &mut FunctionBuilder<'_>, bytes: u32| builder.ins().iadd_imm_s(length, -i64::from(bytes));
    let (more, many) = (builder.create_block(), builder.create_block());
    branch_if(builder, IntCC::UnsignedGreaterThan, length, 2 * widest.bytes(), more);
    for ty in [types::I8X16, types::I64, types::I32] {
        if ty.bytes() <= widest.bytes() {
            // From one to two times the type's size: one at the start and one that ends where the bytes do.
            let fewer = builder.create_block();
            branch_if(builder, IntCC::UnsignedLessThan, length, ty.bytes(), fewer);
            let places = [builder.ins().iconst(types::I64, 0), before_end(builder, ty.bytes())];
            work(builder, ty, &places);
            builder.ins().return_(&[]);
            switch_to(builder, fewer);
        }
    }
    // 1 to 3 bytes: the first, the middle, the last.
    let none = builder.create_block();
    branch_if(builder, IntCC::Equal, length, 0, none);
    let middle = builder.ins().ushr_imm_u(length, 1);
    let places = [builder.ins().iconst(types::I64, 0), middle, before_end(builder, 1)];
    work(builder, types::I8, &places);
    builder.ins().return_(&[]);
    switch_to(builder, none);
    builder.ins().return_(&[]);
    switch_to(builder, more);
    // From two to four times the widest: two at the start and two that end where the bytes do.
    branch_if(builder, IntCC::UnsignedGreaterThan, length, 4 * widest.bytes(), many);
    let starts = [0, i64::from(widest.bytes())].map(|place| builder.ins().iconst(types::I64, place));
    let ends = [2 * widest.bytes(), widest.bytes()].map(|bytes| before_end(builder, bytes));
    work(builder, widest, &[starts, ends].concat());
    builder.ins().return_(&[]);
    switch_to(builder, many);
}

fn switch_to(builder: &mut FunctionBuilder<'_>, block: Block) {
    builder.switch_to_block(block);
    builder.seal_block(block);
}

/// Goes to `block` if `length` compares so with `bound`.
fn branch_if(builder: &mut FunctionBuilder<'_>, condition: IntCC, length: Value, bound: u32, block: Block) {
    let taken = builder.ins().icmp_imm_u(condition, length, i64::from(bound));
    let next = builder.create_block();
    builder.ins().brif(taken, block, &[], next, &[]);
    switch_to(builder, next);
}

fn load_at(builder: &mut FunctionBuilder<'_>, ty: Type, base: Value, place: Value) -> Value {
    let address = builder.ins().iadd(base, place);
    builder.ins().load(ty, MemFlagsData::new().with_notrap(), address, 0)
}

fn store_at(builder: &mut FunctionBuilder<'_>, value: Value, base: Value, place: Value) {
    let address = builder.ins().iadd(base, place);
    builder.ins().store(MemFlagsData::new().with_notrap(), value, address, 0);
}
