//! Trampolines: the code between the host's calling conventions and `Tail`, made per type and per builtin.
//!
//! Called by the pipeline once per type and builtin that needs one. The conventions are those of `tancho_abi::vmctx`.
//!
//! * Entries (`host_entry`, `array_entry`) are called by the host. They store their frame pointer in the activation and
//!   call the function with `try_call`, which makes them save every callee-saved register: after a trap the runtime
//!   resumes at the landing pad with nothing but the frame pointer.
//! * Exits (`host_exit`, `array_exit`, builtins) are called by compiled code. They compare the stack limit, leave the
//!   caller's frame pointer and return address for backtraces and call the host. They unwind when it has left something pending, but for `host_exit`: who fails there does
//!   not come back.

use super::copy;
use super::env::CodeName;
use super::signature::{self, POINTER, machine_type};
use super::trap;
use core::mem::{offset_of, size_of};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, BlockArg, BlockCall, Endianness, ExceptionTableData, ExceptionTableItem, ExtFuncData, ExternalName, FuncRef,
    Function, InstBuilder, MemFlagsData, Signature, StackSlotData, StackSlotKind, Type, UserFuncName, Value, types,
};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use tancho_abi::builtin::{Builtin, VmBuiltins};
use tancho_abi::index::FunctionIndex;
use tancho_abi::target::Architecture;
use tancho_abi::trap::Trap;
use tancho_abi::types::{FuncType, ValType};
use tancho_abi::vmctx::{ValRaw, VmActivation, VmContext, VmHostContext, VmStore};

/// What trampolines are made with.
pub(crate) struct TrampolineMaker<'s> {
    pub(crate) architecture: Architecture,
    pub(crate) frontend: TargetFrontendConfig,
    /// The tunable `signals_based_traps`.
    pub(crate) signals: bool,
    pub(crate) scratch: &'s mut FunctionBuilderContext,
}

/// Flags of accesses to the runtime's own records.
const RECORD: MemFlagsData = MemFlagsData::trusted();

/// The offset of a value in an array of values.
fn slot(position: usize) -> i32 {
    (position * size_of::<ValRaw>()) as i32
}

struct Maker<'f> {
    builder: FunctionBuilder<'f>,
    architecture: Architecture,
    signals: bool,
    params: Vec<Value>,
}

impl TrampolineMaker<'_> {
    fn make(&mut self, signature: Signature, body: impl FnOnce(&mut Maker<'_>)) -> Function {
        let mut function = Function::with_name_signature(UserFuncName::default(), signature);
        let mut builder = FunctionBuilder::new(&mut function, self.scratch);
        let entry = builder.create_block();
        builder.append_block_params_for_function_params(entry);
        builder.switch_to_block(entry);
        builder.seal_block(entry);
        let params = builder.block_params(entry).to_vec();
        let (architecture, signals) = (self.architecture, self.signals);
        let mut maker = Maker { builder, architecture, signals, params };
        body(&mut maker);
        maker.builder.finalize(self.frontend);
        function
    }

    /// The typed host entry for functions of type `ty`.
    pub(crate) fn host_entry(&mut self, ty: &FuncType) -> Function {
        self.make(signature::host_entry(self.architecture, ty), |maker| {
            let [vmctx, code, activation] = maker.first();
            let types: Vec<Type> = ty.params.iter().map(|ty| machine_type(*ty)).collect();
            let params = maker.params[3..].to_vec();
            let arguments = maker.convert(&params, &types);
            let results = maker.enter(ty, vmctx, code, activation, &arguments, |maker| {
                // After a trap there is no result; zero takes its place.
                signature::single_result(ty).map(|_| maker.zero(ty.results[0])).into_iter().collect()
            });
            if results.len() > 1 {
                let target = maker.load_record(activation, offset_of!(VmActivation, results));
                maker.store_values(target, &results);
                maker.builder.ins().return_(&[]);
            } else {
                maker.builder.ins().return_(&results);
            }
        })
    }

    /// The array host entry for functions of type `ty`.
    pub(crate) fn array_entry(&mut self, ty: &FuncType) -> Function {
        self.make(signature::array_entry(self.architecture), |maker| {
            let [vmctx, code, activation, values] = maker.first();
            let arguments = maker.load_values(values, &ty.params);
            let results = maker.enter(ty, vmctx, code, activation, &arguments, |_| Vec::new());
            maker.store_values(values, &results);
            maker.builder.ins().return_(&[]);
        })
    }

    /// The exit to typed host functions of type `ty`.
    pub(crate) fn host_exit(&mut self, ty: &FuncType) -> Function {
        self.make(signature::function(ty), |maker| {
            let [context] = maker.first();
            maker.leave(context);
            let code = maker.load_constant(context, offset_of!(VmHostContext, function));
            let several = (ty.results.len() > 1).then(|| maker.array(ty.results.len()));
            let mut arguments = vec![context];
            arguments.extend(several);
            let signature = signature::host_function(maker.architecture, ty);
            let types: Vec<Type> = signature.params[arguments.len()..].iter().map(|param| param.value_type).collect();
            let params = maker.params[1..].to_vec();
            arguments.extend(maker.convert(&params, &types));
            // It comes back only where it has not failed.
            let results = maker.call(signature, code, &arguments);
            let results = match several {
                Some(array) => maker.load_values(array, &ty.results),
                None => results,
            };
            maker.builder.ins().return_(&results);
        })
    }

    /// The exit to array host functions of type `ty`.
    pub(crate) fn array_exit(&mut self, ty: &FuncType) -> Function {
        self.make(signature::function(ty), |maker| {
            let [context] = maker.first();
            let store = maker.leave(context);
            let code = maker.load_constant(context, offset_of!(VmHostContext, function));
            let array = maker.array(ty.params.len().max(ty.results.len()));
            let arguments = maker.params[1..].to_vec();
            maker.store_values(array, &arguments);
            let signature = signature::array_function(maker.architecture);
            maker.call(signature, code, &[context, array]);
            maker.raise_pending(store);
            let results = maker.load_values(array, &ty.results);
            maker.builder.ins().return_(&results);
        })
    }

    /// The exit to a builtin.
    pub(crate) fn builtin(&mut self, builtin: Builtin) -> Function {
        let mut function = self.make(signature::builtin_trampoline(self.architecture, builtin), |maker| {
            let [vmctx] = maker.first();
            if let Builtin::memory_copy | Builtin::memory_fill = builtin {
                let [_, target, what, length] = maker.first();
                let few = if builtin == Builtin::memory_copy { copy::copy_few } else { copy::fill_few };
                few(&mut maker.builder, maker.architecture, [target, what, length]);
            }
            let store = match builtin {
                // Whoever traps may have no more than is promised.
                Builtin::trap => {
                    let store = maker.store_of(vmctx);
                    maker.record_exit(store);
                    store
                }
                leaf if leaf.is_leaf() => maker.check_stack(vmctx),
                _ => maker.leave(vmctx),
            };
            let builtins = maker.load_constant(vmctx, offset_of!(VmContext, builtins));
            let code = maker.load_constant(builtins, builtin.offset());
            let arguments = maker.params.clone();
            let signature = signature::builtin(maker.architecture, builtin);
            let results = maker.call(signature, code, &arguments);
            if !builtin.is_leaf() {
                maker.raise_pending(store);
            }
            maker.builder.ins().return_(&results);
        });
        function.name = UserFuncName::User(CodeName::Builtin(builtin).encode());
        function
    }

    /// The external entry of a function of type `ty` whose internal one takes the shadow-stack pointer: of this type, and at this place of
    /// the vmctx.
    pub(crate) fn external_entry(&mut self, function: FunctionIndex, ty: &FuncType, shadow: (Type, u32)) -> Function {
        self.make(signature::function(ty), |maker| {
            let [vmctx] = maker.first();
            let (shadow_ty, place) = shadow;
            let value = maker.builder.ins().load(shadow_ty, RECORD, vmctx, place as i32);
            let internal = signature::internal(ty, Some(shadow_ty));
            let internal = maker.callee(CodeName::Function(function), internal);
            let mut arguments = maker.params.clone();
            arguments.insert(signature::shadow_position(ty), value);
            maker.builder.ins().return_call(internal, &arguments);
        })
    }

    /// The entry to a function of this signature with a frame of `frame` bytes, where none may be made that does not fit: traps, or goes on
    /// to its body.
    pub(crate) fn checked_entry(&mut self, function: FunctionIndex, signature: &Signature, frame: u32) -> Function {
        let mut made = self.make(signature.clone(), |maker| {
            let [vmctx] = maker.first();
            let store = maker.store_of(vmctx);
            let short = maker.is_short(store, frame);
            let done = maker.out_of_line(short);
            let overflow = maker.builder.ins().iconst(types::I32, i64::from(Trap::StackOverflow.code()));
            let trap = maker.callee(
                CodeName::Builtin(Builtin::trap),
                signature::builtin_trampoline(maker.architecture, Builtin::trap),
            );
            maker.builder.ins().call(trap, &[vmctx, overflow]);
            // The builtin does not come back.
            maker.builder.ins().trap(trap::code(Trap::StackOverflow));
            maker.switch_to(done);
            let body = maker.callee(CodeName::Body(function), signature.clone());
            let arguments = maker.params.clone();
            maker.builder.ins().return_call(body, &arguments);
        });
        made.name = UserFuncName::User(CodeName::Function(function).encode());
        made
    }
}

impl Maker<'_> {
    /// The first parameters. The signatures made in this file have at least as many as are asked for.
    fn first<const N: usize>(&self) -> [Value; N] {
        *self.params.first_chunk().expect("the signature has these parameters")
    }

    fn zero(&mut self, ty: ValType) -> Value {
        match machine_type(ty) {
            types::F32 => self.builder.ins().f32const(0.0),
            types::F64 => self.builder.ins().f64const(0.0),
            integer => self.builder.ins().iconst(integer, 0),
        }
    }

    /// Values of one convention as those of the other: the same, but for floats that travel as integers in one of them.
    fn convert(&mut self, values: &[Value], types: &[Type]) -> Vec<Value> {
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        let convert = |(value, ty): (&Value, &Type)| {
            let same = self.builder.func.dfg.value_type(*value) == *ty;
            if same { *value } else { self.builder.ins().bitcast(*ty, flags, *value) }
        };
        values.iter().zip(types).map(convert).collect()
    }

    fn load_record(&mut self, record: Value, field: usize) -> Value {
        self.builder.ins().load(POINTER, RECORD, record, field as i32)
    }

    fn load_constant(&mut self, record: Value, field: usize) -> Value {
        self.builder.ins().load(POINTER, RECORD.with_readonly().with_can_move(), record, field as i32)
    }

    fn store_values(&mut self, array: Value, values: &[Value]) {
        for (position, value) in values.iter().enumerate() {
            self.builder.ins().store(RECORD, *value, array, slot(position));
        }
    }

    fn load_values(&mut self, array: Value, types: &[ValType]) -> Vec<Value> {
        let load = |(position, ty): (usize, &ValType)| {
            self.builder.ins().load(machine_type(*ty), RECORD, array, slot(position))
        };
        types.iter().enumerate().map(load).collect()
    }

    /// The address of an array of values on the stack.
    fn array(&mut self, length: usize) -> Value {
        let size = (length.max(1) * size_of::<ValRaw>()) as u32;
        let slot = self.builder.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, size, 4));
        self.builder.ins().stack_addr(POINTER, slot, 0)
    }

    /// A reference to code of the same image.
    fn callee(&mut self, name: CodeName, signature: Signature) -> FuncRef {
        let signature = self.builder.import_signature(signature);
        let external = self.builder.func.declare_imported_user_function(name.encode());
        self.builder.import_function(ExtFuncData {
            name: ExternalName::user(external),
            signature,
            colocated: true,
            patchable: false,
        })
    }

    fn call(&mut self, signature: Signature, code: Value, arguments: &[Value]) -> Vec<Value> {
        let signature = self.builder.import_signature(signature);
        let call = self.builder.ins().call_indirect(signature, code, arguments);
        self.builder.inst_results(call).to_vec()
    }

    /// Calls the function and continues with its results; after a trap, returns what `trapped` gives.
    fn enter(
        &mut self,
        ty: &FuncType,
        vmctx: Value,
        code: Value,
        activation: Value,
        arguments: &[Value],
        trapped: impl FnOnce(&mut Self) -> Vec<Value>,
    ) -> Vec<Value> {
        let frame = self.builder.ins().get_frame_pointer(POINTER);
        self.builder.ins().store(RECORD, frame, activation, offset_of!(VmActivation, entry_fp) as i32);
        let signature = self.builder.import_signature(signature::function(ty));
        let (normal, landing) = (self.builder.create_block(), self.builder.create_block());
        for result in &ty.results {
            self.builder.append_block_param(normal, machine_type(*result));
        }
        let results: Vec<BlockArg> = (0..ty.results.len() as u32).map(BlockArg::TryCallRet).collect();
        let pool = &mut self.builder.func.dfg.value_lists;
        let normal_call = BlockCall::new(normal, results, pool);
        let landing_call = BlockCall::new(landing, [], pool);
        let table = ExceptionTableData::new(signature, normal_call, [ExceptionTableItem::Default(landing_call)]);
        let table = self.builder.func.dfg.exception_tables.push(table);
        let arguments = super::call::with_vmctx(vmctx, arguments);
        self.builder.ins().try_call_indirect(code, &arguments, table);

        self.builder.switch_to_block(landing);
        self.builder.seal_block(landing);
        self.builder.set_cold_block(landing);
        let nothing = trapped(self);
        self.builder.ins().return_(&nothing);

        self.builder.switch_to_block(normal);
        self.builder.seal_block(normal);
        self.builder.block_params(normal).to_vec()
    }

    /// The store of a vmctx or host context.
    fn store_of(&mut self, context: Value) -> Value {
        self.load_constant(context, offset_of!(VmContext, store))
    }

    /// Whether less than `frame` bytes of stack are left above what the host may rely on.
    fn is_short(&mut self, store: Value, frame: u32) -> Value {
        let limit = self.load_record(store, offset_of!(VmStore, stack_limit));
        let limit = if frame == 0 { limit } else { self.builder.ins().iadd_imm_u(limit, i64::from(frame)) };
        let stack = self.builder.ins().get_stack_pointer(POINTER);
        self.builder.ins().icmp(IntCC::UnsignedLessThan, stack, limit)
    }

    /// Traps when less stack is left than the host may rely on. `context` is a vmctx or host context; the result is its store.
    fn check_stack(&mut self, context: Value) -> Value {
        let store = self.store_of(context);
        let short = self.is_short(store, 0);
        if self.signals {
            self.builder.ins().trapnz(short, trap::code(Trap::StackOverflow));
            return store;
        }
        let done = self.out_of_line(short);
        self.record_exit(store);
        let overflow = self.builder.ins().iconst(POINTER, i64::from(Trap::StackOverflow.code()));
        self.builder.ins().store(RECORD, overflow, store, offset_of!(VmStore, pending) as i32);
        self.raise(store);
        self.switch_to(done);
        store
    }

    /// Leaves compiled code: checks the stack and records where that of compiled code ends. The result is the store.
    fn leave(&mut self, context: Value) -> Value {
        let store = self.check_stack(context);
        self.record_exit(store);
        store
    }

    /// Records where compiled code ends on the stack, and where in it this was called.
    fn record_exit(&mut self, store: Value) {
        let frame = self.builder.ins().get_frame_pointer(POINTER);
        let caller = self.load_record(frame, 0);
        self.builder.ins().store(RECORD, caller, store, offset_of!(VmStore, exit_fp) as i32);
        let place = self.builder.ins().get_return_address(POINTER);
        self.builder.ins().store(RECORD, place, store, offset_of!(VmStore, exit_pc) as i32);
    }

    /// Unwinds when the host has left something pending.
    fn raise_pending(&mut self, store: Value) {
        let pending = self.load_record(store, offset_of!(VmStore, pending));
        let done = self.out_of_line(pending);
        self.raise(store);
        self.switch_to(done);
    }

    /// Goes on out of line where `condition` is not 0; where it is, in the block that is given back.
    fn out_of_line(&mut self, condition: Value) -> Block {
        let (unlikely, done) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(condition, unlikely, &[], done, &[]);
        self.builder.set_cold_block(unlikely);
        self.switch_to(unlikely);
        done
    }

    fn switch_to(&mut self, block: Block) {
        self.builder.switch_to_block(block);
        self.builder.seal_block(block);
    }

    /// Unwinds with what is pending; ends the block.
    fn raise(&mut self, store: Value) {
        let builtins = self.load_record(store, offset_of!(VmStore, builtins));
        let code = self.load_record(builtins, offset_of!(VmBuiltins, raise));
        let signature = signature::raise(self.architecture);
        self.call(signature, code, &[store]);
        // The builtin does not return.
        self.builder.ins().trap(trap::code(Trap::UnreachableCodeReached));
    }
}
