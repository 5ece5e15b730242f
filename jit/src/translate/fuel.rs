//! Fuel: what compiled code pays for itself, and how it finds that it cannot.
//!
//! Called by the switchboard around each operator, by `control` where a loop begins and by `exception` where a handler does. Each
//! segment of a function (`segment`) is paid for where it begins: no operator runs that is not. Operators whose work depends on their
//! operands are paid for right before they run as well.
//!
//! What is left stands in the store ([`VmStore::fuel`]). A function has it in a variable, too, so that loops need not load it: the two
//! differ only between a payment and the next operator that could stop the function, or let anybody else look. So whatever stops
//! compiled code finds in the store what it left, on every machine and with every setting.
//!
//! Where there is too little, the runtime is asked: the builtin `out_of_fuel` traps, or comes back when it has paid. It keeps all
//! registers, and collects nothing: so a loop is compiled as if there was no call in it. To the frontend of Cranelift it would be one, across
//! which it moves all references to the frame; it is therefore put in afterwards ([`ask`]).

use super::env::CodeName;
use super::function::{FunctionTranslator, Region};
use super::known;
use super::segment::{self, BYTES_PER_UNIT, Segment};
use super::signature::POINTER;
use crate::error::CompileError;
use core::mem::offset_of;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{FuncRef, Function, Inst, InstBuilder, Value, types};
use cranelift_frontend::Variable;
use tancho_abi::builtin::Builtin;
use tancho_abi::index::{MemoryIndex, TableIndex, TypeIndex};
use tancho_abi::module::MAX_TABLE_ENTRIES;
use tancho_abi::vmctx::{VmContext, VmStore};
use wasmparser::{FunctionBody, Operator as Op};

/// What is known about fuel at the present place of a function.
pub(crate) struct Fuel {
    /// The segments that are still to come, the last first.
    segments: Vec<Segment>,
    /// What is left.
    variable: Variable,
    /// How many operators there have been.
    position: u32,
    /// Whether the store has what is left, and the variable may not.
    in_store: bool,
    /// Whether the variable has what is left, and the store may not.
    in_variable: bool,
    /// Where the runtime is to be asked.
    asks: Vec<Inst>,
}

/// The places at which the runtime is to be asked, each held by an instruction that does nothing of the kind, and how it is.
pub(crate) struct Asks {
    places: Vec<Inst>,
    builtin: FuncRef,
    vmctx: Value,
}

impl FunctionTranslator<'_, '_> {
    /// Begins to count, at the function's entry, where the tunables say so.
    pub(crate) fn fuel_at_entry(&mut self, body: &FunctionBody<'_>) {
        if !self.env.tunables.consume_fuel {
            return;
        }
        // Where it runs out there, backtraces are to say where that is.
        self.set_place(body.range().start);
        let mut segments = segment::scan(self.env, body);
        segments.reverse();
        let variable = self.builder.declare_var(types::I64);
        let (in_store, in_variable) = (true, false);
        self.fuel = Some(Fuel { segments, variable, position: 0, in_store, in_variable, asks: Vec::new() });
        self.segment();
    }

    /// Begins to count what an inlined function pays for, and returns what is still to come behind it.
    pub(crate) fn fuel_of_inlined(&mut self, body: &FunctionBody<'_>) -> Option<(Vec<Segment>, u32)> {
        self.fuel.as_ref()?;
        self.set_place(body.range().start);
        let mut segments = segment::scan(self.env, body);
        segments.reverse();
        let fuel = self.fuel.as_mut()?;
        let outer = (std::mem::replace(&mut fuel.segments, segments), std::mem::take(&mut fuel.position));
        self.segment();
        Some(outer)
    }

    /// Goes on behind an inlined function, whatever it was left by: then the store has what is left.
    pub(crate) fn fuel_behind_inlined(&mut self, outer: Option<(Vec<Segment>, u32)>) {
        if let (Some(fuel), Some((segments, position))) = (&mut self.fuel, outer) {
            (fuel.segments, fuel.position) = (segments, position);
            (fuel.in_store, fuel.in_variable) = (true, false);
        }
    }

    /// Translates an operator by `translate`, with what is to be paid before and behind it.
    pub(crate) fn fueled(
        &mut self,
        operator: &Op<'_>,
        translate: impl FnOnce(&mut Self, &Op<'_>) -> Result<(), CompileError>,
    ) -> Result<(), CompileError> {
        if let Some(fuel) = &mut self.fuel {
            fuel.position += 1;
            if self.reachable {
                self.before(operator);
            }
        }
        translate(self, operator)?;
        self.segment();
        Ok(())
    }

    /// Pays for the segment that begins behind the present operator, if one does and has not been paid for.
    pub(crate) fn segment(&mut self) {
        let reachable = self.reachable;
        let Some(fuel) = &mut self.fuel else { return };
        let position = fuel.position;
        let Some(Segment { after, cost }) = fuel.segments.pop_if(|segment| segment.after <= position) else { return };
        if !reachable {
            return;
        }
        if after > 0 {
            // Others may come here as well. All of them bring the variable.
            (fuel.in_store, fuel.in_variable) = (false, true);
        }
        if cost > 0 {
            let cost = self.builder.ins().iconst(types::I64, cost as i64);
            self.pay(cost);
        }
    }

    /// What an operator needs: whatever can stop it, or look, needs the store, and where it branches to, the variable.
    fn before(&mut self, operator: &Op<'_>) {
        self.pay_by_size(operator);
        let outermost = self.control.len() - 1 - self.here.base;
        match operator {
            Op::Block { .. } | Op::TryTable { .. } | Op::Try { .. } => {}
            Op::End if outermost == 0 => self.fuel_to_store(),
            Op::Loop { .. } | Op::If { .. } | Op::Else | Op::End | Op::Delegate { .. } => self.fuel_to_variable(),
            Op::Catch { .. } | Op::CatchAll => self.fuel_to_variable(),
            Op::Br { .. } | Op::BrIf { .. } | Op::BrTable { .. } | Op::BrOnNull { .. } | Op::BrOnNonNull { .. } => {
                self.before_branch(operator, outermost);
            }
            Op::BrOnCast { .. } | Op::BrOnCastFail { .. } => self.before_branch(operator, outermost),
            // It may be no more than a branch.
            Op::Throw { .. } => {
                self.fuel_to_store();
                self.fuel_to_variable();
            }
            Op::Call { .. } | Op::CallIndirect { .. } | Op::CallRef { .. } => {
                self.fuel_to_store();
                if let Some(fuel) = &mut self.fuel {
                    fuel.in_store = true;
                }
            }
            quiet if is_quiet(quiet) => {}
            _ => self.fuel_to_store(),
        }
    }

    fn before_branch(&mut self, operator: &Op<'_>, outermost: usize) {
        self.fuel_to_variable();
        let depths = segment::branches(operator).unwrap_or_default();
        if depths.iter().any(|depth| *depth as usize == outermost) {
            // It may return.
            self.fuel_to_store();
        }
    }

    /// Sees to it that the store has what is left.
    pub(crate) fn fuel_to_store(&mut self) {
        let Some(Fuel { variable, in_variable: in_variable @ true, .. }) = &mut self.fuel else { return };
        *in_variable = false;
        let left = self.builder.use_var(*variable);
        self.put(left);
    }

    /// Sees to it that the variable has what is left.
    fn fuel_to_variable(&mut self) {
        if let Some(Fuel { in_store: in_store @ true, .. }) = &mut self.fuel {
            *in_store = false;
            self.fuel_from_store();
        }
    }

    /// Takes what is left from the store: where a handler begins, nothing else is known.
    pub(crate) fn fuel_from_store(&mut self) {
        let Some(Fuel { variable, .. }) = self.fuel else { return };
        let store = self.store_record();
        let flags = self.flags(Region::Fuel);
        let left = self.builder.ins().load(types::I64, flags, store, offset_of!(VmStore, fuel) as i32);
        self.builder.def_var(variable, left);
    }

    fn put(&mut self, left: Value) {
        let store = self.store_record();
        let flags = self.flags(Region::Fuel);
        self.builder.ins().store(flags, left, store, offset_of!(VmStore, fuel) as i32);
    }

    fn store_record(&mut self) -> Value {
        self.load_constant(POINTER, offset_of!(VmContext, store) as u32)
    }

    /// Pays `cost`, or leaves it to the runtime. Nothing wraps: what is left and the cost are compared as they are.
    fn pay(&mut self, cost: Value) {
        self.fuel_to_variable();
        let Some(Fuel { variable, .. }) = self.fuel else { return };
        let left = self.builder.use_var(variable);
        let short = self.builder.ins().icmp(IntCC::UnsignedLessThan, left, cost);
        let [ask, enough, done] = [(); 3].map(|()| self.builder.create_block());
        self.builder.ins().brif(short, ask, &[], enough, &[]);
        self.builder.set_cold_block(ask);

        self.enter_block(ask);
        self.put(left);
        let store = self.store_record();
        let flags = self.flags(Region::Fuel);
        self.builder.ins().store(flags, cost, store, offset_of!(VmStore, fuel_cost) as i32);
        let place = self.builder.ins().debugtrap();
        self.fuel_from_store();
        self.builder.ins().jump(done, &[]);

        self.enter_block(enough);
        let rest = self.builder.ins().isub(left, cost);
        self.builder.def_var(variable, rest);
        self.builder.ins().jump(done, &[]);

        self.enter_block(done);
        if let Some(fuel) = &mut self.fuel {
            fuel.asks.push(place);
            fuel.in_variable = true;
        }
    }

    /// Pays for the bytes that an operator is about, where its topmost operand says how many: that is the number of bytes, pages, entries or
    /// elements.
    fn pay_by_size(&mut self, operator: &Op<'_>) {
        let (count, of) = (self.stack.last().copied(), self.unit_of(operator));
        let (Some(count), Some(of)) = (count, of) else { return };
        // An operator costs that of a power of two of bytes: count · 2ⁿ / 8.
        let shift = i64::from(of) - i64::from(BYTES_PER_UNIT.ilog2());
        let room = self.room_of(operator);
        if let Some(count) = known::constant(&self.builder.func.dfg, count) {
            let units = match room {
                Some(room) if count > room => 0,
                _ if shift < 0 => count >> -shift,
                _ => count.saturating_mul(1 << shift),
            };
            if units > 0 {
                let units = self.builder.ins().iconst(types::I64, units as i64);
                self.pay(units);
            }
            return;
        }
        let is_wide = self.builder.func.dfg.value_type(count) == types::I64;
        let count = self.extend_index(count);
        let units = if shift <= 0 {
            self.builder.ins().ushr_imm_u(count, -shift)
        } else {
            let units = self.builder.ins().ishl_imm_u(count, shift);
            // Where there is room for so many, the number of their bytes is one of 64 bits.
            if is_wide && room.is_none() {
                // More than there are numbers is as much as there is.
                let most = self.builder.ins().iconst(types::I64, -1);
                let wraps =
                    self.builder.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, count, (u64::MAX >> shift) as i64);
                self.builder.ins().select(wraps, most, units)
            } else {
                units
            }
        };
        let units = match room {
            Some(room) => {
                let futile = self.builder.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, count, room as i64);
                let nothing = self.builder.ins().iconst(types::I64, 0);
                self.builder.ins().select(futile, nothing, units)
            }
            None => units,
        };
        self.pay(units);
    }

    /// By how many pages or entries that which an operator grows can become larger at most, by its type. More can never succeed and is
    /// done nothing for, so that it costs nothing.
    fn room_of(&self, operator: &Op<'_>) -> Option<u64> {
        match operator {
            Op::MemoryGrow { mem } => {
                let memory = &self.env.module.memories[MemoryIndex(*mem).index()];
                let bits = if memory.index64() { 64 } else { 32 };
                let most = 1_u64.checked_shl(bits - memory.page_size_log2).unwrap_or(u64::MAX);
                Some(memory.maximum.min(most).saturating_sub(memory.minimum))
            }
            Op::TableGrow { table } => {
                let table = &self.env.module.tables[TableIndex(*table).index()];
                Some(table.maximum.min(MAX_TABLE_ENTRIES).saturating_sub(table.minimum))
            }
            _ => None,
        }
    }

    /// log₂ of the bytes that each of what an operator is about counts as.
    fn unit_of(&self, operator: &Op<'_>) -> Option<u32> {
        let element = |ty: &u32| {
            let (storage, _) = self.env.object(TypeIndex(*ty)).field(0);
            segment::bytes_of(storage).ilog2()
        };
        let reference = BYTES_PER_UNIT.ilog2();
        Some(match operator {
            Op::MemoryFill { .. } | Op::MemoryCopy { .. } | Op::MemoryInit { .. } => 0,
            Op::MemoryGrow { mem } => self.env.module.memories[MemoryIndex(*mem).index()].page_size_log2,
            Op::TableGrow { .. } | Op::TableFill { .. } | Op::TableCopy { .. } | Op::TableInit { .. } => reference,
            Op::ArrayNew { array_type_index }
            | Op::ArrayNewDefault { array_type_index }
            | Op::ArrayNewData { array_type_index, .. }
            | Op::ArrayNewElem { array_type_index, .. }
            | Op::ArrayFill { array_type_index }
            | Op::ArrayCopy { array_type_index_dst: array_type_index, .. }
            | Op::ArrayInitData { array_type_index, .. }
            | Op::ArrayInitElem { array_type_index, .. } => element(array_type_index),
            _ => return None,
        })
    }

    /// What is still to be done about the places at which the runtime is to be asked.
    pub(crate) fn take_asks(&mut self) -> Option<Asks> {
        let places = self.fuel.take()?.asks;
        Some(Asks { places, builtin: self.callee(CodeName::Builtin(Builtin::out_of_fuel)), vmctx: self.vmctx })
    }
}

/// Puts the calls in by which the runtime is asked.
pub(crate) fn ask(function: &mut Function, asks: &Asks) {
    for place in &asks.places {
        let mut cursor = FuncCursor::new(function).at_inst(*place);
        cursor.use_srcloc(*place);
        cursor.ins().call(asks.builtin, &[asks.vmctx]);
        cursor.func.layout.remove_inst(*place);
    }
}

/// Whether an operator neither traps, calls, nor returns: nobody looks at the store meanwhile. What is not known to be so is not.
fn is_quiet(operator: &Op<'_>) -> bool {
    is_quiet_integer(operator)
        || is_quiet_float(operator)
        || matches!(
            operator,
            Op::Nop
                | Op::Drop
                | Op::Select
                | Op::TypedSelect { .. }
                | Op::LocalGet { .. }
                | Op::LocalSet { .. }
                | Op::LocalTee { .. }
                | Op::GlobalGet { .. }
                | Op::GlobalSet { .. }
                | Op::RefNull { .. }
                | Op::RefIsNull
                | Op::RefEq
                | Op::RefI31
                | Op::MemorySize { .. }
                | Op::TableSize { .. }
                | Op::V128Const { .. }
        )
}

fn is_quiet_integer(operator: &Op<'_>) -> bool {
    matches!(
        operator,
        Op::I32Const { .. }
            | Op::I64Const { .. }
            | Op::I32Eqz
            | Op::I64Eqz
            | Op::I32Eq
            | Op::I64Eq
            | Op::I32Ne
            | Op::I64Ne
            | Op::I32LtS
            | Op::I64LtS
            | Op::I32LtU
            | Op::I64LtU
            | Op::I32GtS
            | Op::I64GtS
            | Op::I32GtU
            | Op::I64GtU
            | Op::I32LeS
            | Op::I64LeS
            | Op::I32LeU
            | Op::I64LeU
            | Op::I32GeS
            | Op::I64GeS
            | Op::I32GeU
            | Op::I64GeU
            | Op::I32Clz
            | Op::I64Clz
            | Op::I32Ctz
            | Op::I64Ctz
            | Op::I32Popcnt
            | Op::I64Popcnt
            | Op::I32Add
            | Op::I64Add
            | Op::I32Sub
            | Op::I64Sub
            | Op::I32Mul
            | Op::I64Mul
            | Op::I32And
            | Op::I64And
            | Op::I32Or
            | Op::I64Or
            | Op::I32Xor
            | Op::I64Xor
            | Op::I32Shl
            | Op::I64Shl
            | Op::I32ShrS
            | Op::I64ShrS
            | Op::I32ShrU
            | Op::I64ShrU
            | Op::I32Rotl
            | Op::I64Rotl
            | Op::I32Rotr
            | Op::I64Rotr
            | Op::I32Extend8S
            | Op::I32Extend16S
            | Op::I64Extend8S
            | Op::I64Extend16S
            | Op::I64Extend32S
            | Op::I32WrapI64
            | Op::I64ExtendI32S
            | Op::I64ExtendI32U
            | Op::I32ReinterpretF32
            | Op::I64ReinterpretF64
    )
}

fn is_quiet_float(operator: &Op<'_>) -> bool {
    matches!(
        operator,
        Op::F32Const { .. }
            | Op::F64Const { .. }
            | Op::F32Eq
            | Op::F64Eq
            | Op::F32Ne
            | Op::F64Ne
            | Op::F32Lt
            | Op::F64Lt
            | Op::F32Gt
            | Op::F64Gt
            | Op::F32Le
            | Op::F64Le
            | Op::F32Ge
            | Op::F64Ge
            | Op::F32Add
            | Op::F64Add
            | Op::F32Sub
            | Op::F64Sub
            | Op::F32Mul
            | Op::F64Mul
            | Op::F32Div
            | Op::F64Div
            | Op::F32Abs
            | Op::F64Abs
            | Op::F32Neg
            | Op::F64Neg
            | Op::F32Sqrt
            | Op::F64Sqrt
            | Op::F32Min
            | Op::F64Min
            | Op::F32Max
            | Op::F64Max
            | Op::F32Copysign
            | Op::F64Copysign
            | Op::F32ReinterpretI32
            | Op::F64ReinterpretI64
    )
}
