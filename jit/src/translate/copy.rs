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
pub(crate) fn few(
    builder: &mut FunctionBuilder<'_>,
    architecture: Architecture,
    target: Value,
    source: Value,
    length: Value,
) {
    let widest = widest(architecture);
    let many = builder.create_block();
    branch_if(builder, IntCC::UnsignedGreaterThan, length, 2 * widest.bytes(), many);
    for ty in [types::I8X16, types::I64, types::I32] {
        if ty.bytes() <= widest.bytes() {
            // From one to two times the type's size: one at the start and one that ends where the bytes do.
            let fewer = builder.create_block();
            branch_if(builder, IntCC::UnsignedLessThan, length, ty.bytes(), fewer);
            let last = builder.ins().iadd_imm_s(length, -i64::from(ty.bytes()));
            let zero = builder.ins().iconst(types::I64, 0);
            copy_at(builder, ty, target, source, &[zero, last]);
            switch_to(builder, fewer);
        }
    }
    // 1 to 3 bytes: the first, the middle, the last.
    let none = builder.create_block();
    branch_if(builder, IntCC::Equal, length, 0, none);
    let zero = builder.ins().iconst(types::I64, 0);
    let middle = builder.ins().ushr_imm_u(length, 1);
    let last = builder.ins().iadd_imm_s(length, -1);
    copy_at(builder, types::I8, target, source, &[zero, middle, last]);
    switch_to(builder, none);
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

/// Copies a value of type `ty` at each of the offsets, and returns from the function.
fn copy_at(builder: &mut FunctionBuilder<'_>, ty: Type, target: Value, source: Value, offsets: &[Value]) {
    let flags = MemFlagsData::new().with_notrap();
    let load = |offset: &Value| {
        let address = builder.ins().iadd(source, *offset);
        builder.ins().load(ty, flags, address, 0)
    };
    let values: Vec<Value> = offsets.iter().map(load).collect();
    for (offset, value) in offsets.iter().zip(values) {
        let address = builder.ins().iadd(target, *offset);
        builder.ins().store(flags, value, address, 0);
    }
    builder.ins().return_(&[]);
}
