//! Lanes of vectors: constants, splats, and operators that take lanes out, put them in or move them about.
//!
//! Called by the switchboard. A lane narrower than 32 bits is an `i32` outside of its vector.

use crate::translate::function::FunctionTranslator;
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};
use cranelift_frontend::FunctionBuilder;

impl FunctionTranslator<'_, '_> {
    pub(crate) fn v128_const(&mut self, bytes: [u8; 16]) {
        let constant = self.builder.func.dfg.constants.insert(bytes.to_vec().into());
        let value = self.builder.ins().vconst(types::I8X16, constant);
        self.push(value);
    }

    /// Pops what becomes a lane of `ty`.
    fn pop_lane(&mut self, ty: Type) -> Value {
        let value = self.pop();
        match ty.lane_type() {
            narrow @ (types::I8 | types::I16) => self.builder.ins().ireduce(narrow, value),
            _ => value,
        }
    }

    pub(crate) fn splat(&mut self, ty: Type) {
        let lane = self.pop_lane(ty);
        let value = self.builder.ins().splat(ty, lane);
        self.push(value);
    }

    pub(crate) fn extract_lane(&mut self, ty: Type, lane: u8) {
        self.unary_as(ty, |builder, vector| builder.ins().extractlane(vector, lane));
    }

    /// Takes a lane out and makes it an `i32` by `extend`.
    pub(crate) fn extract_extended(
        &mut self,
        ty: Type,
        lane: u8,
        extend: impl FnOnce(&mut FunctionBuilder<'_>, Value) -> Value,
    ) {
        self.unary_as(ty, |builder, vector| {
            let lane = builder.ins().extractlane(vector, lane);
            extend(builder, lane)
        });
    }

    pub(crate) fn replace_lane(&mut self, ty: Type, lane: u8) {
        let value = self.pop_lane(ty);
        self.unary_as(ty, |builder, vector| builder.ins().insertlane(vector, value, lane));
    }

    pub(crate) fn shuffle(&mut self, lanes: [u8; 16]) {
        let lanes = self.builder.func.dfg.immediates.push(lanes.to_vec().into());
        self.binary_as(types::I8X16, |builder, first, second| builder.ins().shuffle(first, second, lanes));
    }
}
