//! Casts: `ref.test`, `ref.cast`, `br_on_cast` and its opposite.
//!
//! Called by the switchboard. What the static types say already is not asked again. An object's type is the address in its header; where a
//! type is not final and the address is another, the type's own display has it at the depth of the type that is asked for: two loads,
//! however deep the hierarchy (deeper than the display, three).

use super::root::reference_to;
use crate::decode;
use crate::error::CompileError;
use crate::translate::env::TypeCheck;
use crate::translate::function::{FunctionTranslator, Region};
use crate::translate::signature::POINTER;
use crate::translate::trap;
use core::mem::offset_of;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, MemFlagsData, Value, types};
use tancho_abi::index::TypeIndex;
use tancho_abi::object::{ObjectKind, VmTypeInfo};
use tancho_abi::trap::Trap;
use tancho_abi::types::{HeapType, Hierarchy, RefType, ValType};
use tancho_abi::vmctx::{VmContext, VmFuncRef};

/// What is known of a reference before it is looked at.
#[derive(Clone, Copy)]
struct Asked {
    reference: Value,
    from: RefType,
}

/// Where a test goes on.
#[derive(Clone, Copy)]
struct Outcome {
    yes: Block,
    no: Block,
    /// Whether nothing but a trap is at `no`, as which null may also fault.
    no_traps: bool,
    /// Whether null is left to fault.
    faults_on_null: bool,
}

impl FunctionTranslator<'_, '_> {
    /// A reference type of the module.
    fn target(&self, nullable: bool, heap: wasmparser::HeapType) -> Result<RefType, CompileError> {
        Ok(RefType { nullable, heap: decode::types::heap_type(self.env.module.types, heap)? })
    }

    /// What is known of the topmost operand: what validation has found, or, where it knows nothing, all that it may be.
    fn source(&self, to: RefType) -> RefType {
        self.operand.unwrap_or(RefType { nullable: true, heap: to.heap.top() })
    }

    pub(crate) fn ref_test(&mut self, nullable: bool, heap: wasmparser::HeapType) -> Result<(), CompileError> {
        let to = self.target(nullable, heap)?;
        let from = self.source(to);
        let reference = self.pop();
        if let Some(known) = self.known_outcome(from, to) {
            let known = self.iconst32(known.into());
            self.push(known);
            return Ok(());
        }
        let (yes, no, done) = (self.builder.create_block(), self.builder.create_block(), self.builder.create_block());
        let result = self.builder.append_block_param(done, types::I32);
        self.branch_on_type(Asked { reference, from }, to, Outcome { yes, no, no_traps: false, faults_on_null: false });
        for (block, value) in [(yes, 1), (no, 0)] {
            self.enter_block(block);
            let value = self.iconst32(value);
            self.builder.ins().jump(done, &[value.into()]);
        }
        self.enter_block(done);
        self.push(result);
        Ok(())
    }

    pub(crate) fn ref_cast(&mut self, nullable: bool, heap: wasmparser::HeapType) -> Result<(), CompileError> {
        let to = self.target(nullable, heap)?;
        let from = self.source(to);
        let reference = *self.stack.last().expect("validation ensures that the operand is there");
        match self.known_outcome(from, to) {
            Some(true) => return Ok(()),
            Some(false) => {
                self.trap(Trap::CastFailure);
                self.reachable = false;
                return Ok(());
            }
            None => {}
        }
        let (yes, no) = (self.builder.create_block(), self.builder.create_block());
        self.builder.set_cold_block(no);
        self.branch_on_type(Asked { reference, from }, to, Outcome { yes, no, no_traps: true, faults_on_null: false });
        self.enter_block(no);
        self.trap(Trap::CastFailure);
        self.enter_block(yes);
        Ok(())
    }

    pub(crate) fn br_on_cast(
        &mut self,
        depth: u32,
        from: wasmparser::RefType,
        to: wasmparser::RefType,
        on_success: bool,
    ) -> Result<(), CompileError> {
        let types = self.env.module.types;
        let (from, to) = (decode::types::ref_type(types, from)?, decode::types::ref_type(types, to)?);
        let reference = *self.stack.last().expect("validation ensures that the operand is there");
        if let Some(known) = self.known_outcome(from, to) {
            if known == on_success {
                self.br(depth);
            }
            return Ok(());
        }
        let (yes, no) = (self.builder.create_block(), self.builder.create_block());
        self.branch_on_type(Asked { reference, from }, to, Outcome { yes, no, no_traps: false, faults_on_null: false });
        let (out, on) = if on_success { (yes, no) } else { (no, yes) };
        self.enter_block(out);
        self.jump_out(depth);
        self.enter_block(on);
        Ok(())
    }

    /// What comes of the question whether a reference of type `from` is of type `to`, where the types decide.
    fn known_outcome(&self, from: RefType, to: RefType) -> Option<bool> {
        let matches = self.env.matches(from.heap, to.heap);
        if matches && (!from.nullable || to.nullable) {
            return Some(true);
        }
        // No value but null is of both types.
        let apart = self.are_apart(from.heap, to.heap);
        let null_fits = from.nullable && to.nullable;
        (apart && !null_fits).then_some(false)
    }

    /// Whether nothing but null is of both types.
    fn are_apart(&self, one: HeapType, other: HeapType) -> bool {
        let bottom = one.bottom();
        if one == bottom || other == bottom {
            return true;
        }
        if self.env.matches(one, other) || self.env.matches(other, one) {
            return false;
        }
        match (one.concrete(), other.concrete()) {
            // Types are the same by what they are, whatever their indices.
            (Some(_), Some(_)) => core::mem::discriminant(&one) != core::mem::discriminant(&other),
            _ => true,
        }
    }

    /// Branches by whether a reference is of type `to`. Ends the block.
    fn branch_on_type(&mut self, asked: Asked, to: RefType, outcome: Outcome) {
        let Asked { reference, from } = asked;
        let faults_on_null = from.nullable && self.may_fault_on_null(from, to, outcome);
        let outcome = Outcome { faults_on_null, ..outcome };
        let some = if from.nullable && !faults_on_null {
            let some = self.builder.create_block();
            let null = if to.nullable { outcome.yes } else { outcome.no };
            self.builder.ins().brif(reference, some, &[], null, &[]);
            some
        } else {
            let some = self.builder.create_block();
            self.builder.ins().jump(some, &[]);
            some
        };
        self.enter_block(some);
        if self.env.matches(from.heap, to.heap) {
            self.builder.ins().jump(outcome.yes, &[]);
            return;
        }
        if self.are_apart(from.heap, to.heap) {
            // Null alone is of both types: an `i31`, say, is no object whose header could be read.
            self.builder.ins().jump(outcome.no, &[]);
            return;
        }
        match to.heap.hierarchy() {
            Hierarchy::Func => self.branch_on_function(reference, to.heap, outcome),
            Hierarchy::Any => self.branch_on_object(asked, to.heap, outcome),
            // There is nothing between the top and the bottom, which is apart from everything.
            Hierarchy::Extern | Hierarchy::Exn => {
                self.builder.ins().jump(outcome.no, &[]);
            }
        }
    }

    /// Whether null need not be looked for: the object's header is read first thing, which faults, and the fault is the trap.
    fn may_fault_on_null(&self, from: RefType, to: RefType, outcome: Outcome) -> bool {
        let reads_header = matches!(
            to.heap,
            HeapType::Struct | HeapType::Array | HeapType::ConcreteStruct(_) | HeapType::ConcreteArray(_)
        ) && !self.env.matches(from.heap, to.heap);
        outcome.no_traps && !to.nullable && reads_header && self.env.tunables.signals_based_traps
    }

    /// A reference that is not null, or may fault; from a type that is not below `heap`.
    fn branch_on_object(&mut self, asked: Asked, heap: HeapType, outcome: Outcome) {
        let Asked { reference, from } = asked;
        let Outcome { yes, no, .. } = outcome;
        let may_be_i31 = matches!(from.heap, HeapType::Any | HeapType::Eq);
        if heap == HeapType::I31 {
            let odd = self.builder.ins().band_imm_u(reference, 1);
            self.builder.ins().brif(odd, yes, &[], no, &[]);
            return;
        }
        if may_be_i31 {
            let odd = self.builder.ins().band_imm_u(reference, 1);
            let object = self.builder.create_block();
            let at_i31 = if heap == HeapType::Eq { yes } else { no };
            self.builder.ins().brif(odd, at_i31, &[], object, &[]);
            self.enter_block(object);
        }
        let mut flags = self.object_flags(Region::ObjectHeader);
        if outcome.faults_on_null {
            flags = flags.with_trap_code(Some(trap::code(Trap::CastFailure)));
        }
        let address = self.object_address(reference);
        let info = self.builder.ins().load(POINTER, flags, address, 0);
        match heap {
            HeapType::ConcreteStruct(ty) | HeapType::ConcreteArray(ty) => self.branch_on_info(info, ty, yes, no),
            _ => {
                let kind = self.load_of_info(types::I32, info, offset_of!(VmTypeInfo, kind));
                let is = match heap {
                    HeapType::Struct => self.is_kind(kind, ObjectKind::Struct),
                    HeapType::Array => self.is_kind(kind, ObjectKind::Array),
                    // All but values of the host.
                    _ => {
                        let most = ObjectKind::Array as u32;
                        self.builder.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, kind, i64::from(most))
                    }
                };
                self.builder.ins().brif(is, yes, &[], no, &[]);
            }
        }
    }

    fn is_kind(&mut self, kind: Value, wanted: ObjectKind) -> Value {
        self.builder.ins().icmp_imm_u(IntCC::Equal, kind, i64::from(wanted as u32))
    }

    /// Loads of what is known of a type, which never changes.
    fn load_of_info(&mut self, ty: cranelift_codegen::ir::Type, info: Value, field: usize) -> Value {
        self.builder.ins().load(ty, MemFlagsData::trusted().with_readonly(), info, field as i32)
    }

    /// Branches by whether `info` is that of type `ty`, or of one that declares it.
    fn branch_on_info(&mut self, info: Value, ty: TypeIndex, yes: Block, no: Block) {
        let wanted = self.type_info(ty);
        let same = self.builder.ins().icmp(IntCC::Equal, info, wanted);
        let TypeCheck::Declared { depth } = self.env.type_check(ty) else {
            self.builder.ins().brif(same, yes, &[], no, &[]);
            return;
        };
        let other = self.builder.create_block();
        self.builder.ins().brif(same, yes, &[], other, &[]);
        self.enter_block(other);
        let found = match VmTypeInfo::display_offset(depth) {
            Some(offset) => self.load_of_info(POINTER, info, offset),
            None => {
                let deep = self.builder.create_block();
                let found = self.load_of_info(types::I32, info, offset_of!(VmTypeInfo, depth));
                let is_deep = self.builder.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, found, i64::from(depth));
                self.builder.ins().brif(is_deep, deep, &[], no, &[]);
                self.enter_block(deep);
                let supertypes = self.load_of_info(POINTER, info, offset_of!(VmTypeInfo, supertypes));
                self.load_of_info(POINTER, supertypes, depth as usize * size_of::<*const VmTypeInfo>())
            }
        };
        let declared = self.builder.ins().icmp(IntCC::Equal, found, wanted);
        self.builder.ins().brif(declared, yes, &[], no, &[]);
    }

    /// A reference to a function that is not null, from a type that is not below `heap`.
    fn branch_on_function(&mut self, reference: Value, heap: HeapType, outcome: Outcome) {
        let Outcome { yes, no, .. } = outcome;
        let HeapType::ConcreteFunc(ty) = heap else {
            // The bottom type has no function.
            self.builder.ins().jump(no, &[]);
            return;
        };
        let ids = self.load_constant(POINTER, offset_of!(VmContext, type_ids) as u32);
        let flags = self.constant_flags();
        let wanted = self.builder.ins().load(types::I32, flags, ids, (ty.0 * size_of::<u32>() as u32) as i32);
        let found = self.load_of_info(types::I32, reference, offset_of!(VmFuncRef, type_id));
        let same = self.builder.ins().icmp(IntCC::Equal, found, wanted);
        let TypeCheck::Declared { depth } = self.env.type_check(ty) else {
            self.builder.ins().brif(same, yes, &[], no, &[]);
            return;
        };
        let (other, deep) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(same, yes, &[], other, &[]);
        self.enter_block(other);
        let found = self.load_of_info(types::I32, reference, offset_of!(VmFuncRef, type_depth));
        let is_deep = self.builder.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, found, i64::from(depth));
        self.builder.ins().brif(is_deep, deep, &[], no, &[]);
        self.enter_block(deep);
        let supertypes = self.load_of_info(POINTER, reference, offset_of!(VmFuncRef, supertypes));
        let found = self.load_of_info(types::I32, supertypes, depth as usize * size_of::<u32>());
        let declared = self.builder.ins().icmp(IntCC::Equal, found, wanted);
        self.builder.ins().brif(declared, yes, &[], no, &[]);
    }

    /// `any.convert_extern` and `extern.convert_any`: the same reference, of another type.
    pub(crate) fn convert_reference(&mut self, heap: HeapType) {
        let reference = *self.stack.last().expect("validation ensures that the operand is there");
        let ValType::Ref(ty) = reference_to(heap) else { return };
        self.declare(reference, ValType::Ref(ty));
    }
}
