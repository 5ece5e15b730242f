//! Exception operators (§4.4.8): `try_table`, `throw`, `throw_ref`, and what handlers mean for every call.
//!
//! Called by the switchboard, by `control` at the end of a `try_table`, and by `call` for each call. A call within the reach of handlers is
//! a `try_call`: where it returns, execution goes on as after any call; where an exception comes out of it, at the landing pad of one of
//! the handlers, which the runtime finds by the tables that `emit` makes of Cranelift's. Handlers that nothing reaches have no landing
//! pad, and no code.
//!
//! ```text
//! clause    what is caught, and where it goes: a label (`try_table`) or a body (`legacy`)
//! scope     the clauses of a construct, and the scope around it
//! handlers  the clauses of a scope and of all those around it, in the order in which they are asked
//! ```

use super::call::with_vmctx;
use super::control::{Frame, FrameKind, block_args};
use super::env::CodeName;
use super::function::FunctionTranslator;
use super::signature::{POINTER, machine_type};
use super::trap;
use crate::error::CompileError;
use core::mem::size_of;
use cranelift_codegen::ir::{
    Block, BlockArg, BlockCall, ExceptionTableData, ExceptionTableItem, ExceptionTag, FuncRef, InstBuilder,
    MemFlagsData, SigRef, StackSlotData, StackSlotKind, Value, types,
};
use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;
use tancho_abi::builtin::Builtin;
use tancho_abi::index::TagIndex;
use tancho_abi::trap::Trap;
use tancho_abi::types::{RefType, ValType};
use tancho_abi::vmctx::ValRaw;
use wasmparser::{Catch, TryTable};

/// What a construct catches.
pub(crate) struct Clause {
    /// Exceptions of this tag; `None` is all.
    pub(crate) tag: Option<TagIndex>,
    /// Whether the handler takes a reference to the exception.
    pub(crate) takes_reference: bool,
    /// Where it goes.
    pub(crate) target: Target,
    /// Where a call goes that an exception comes out of, once there is one.
    pub(crate) landing: Option<Block>,
}

/// Where a clause goes.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// A branch to this frame of the control stack.
    Label(usize),
    /// The body of a legacy clause. The block is where throws in the same function jump, once there is one.
    Body(Option<Block>),
}

/// The clauses of a construct.
pub(crate) struct Scope {
    clauses: Range<usize>,
    outer: Option<usize>,
    handlers: Option<Rc<[usize]>>,
}

/// All that a function catches.
#[derive(Default)]
pub(crate) struct Catches {
    pub(crate) clauses: Vec<Clause>,
    scopes: Vec<Scope>,
    /// Where the values of a new exception stand.
    values: Option<cranelift_codegen::ir::StackSlot>,
}

impl Catches {
    /// A new construct within `outer`: its scope.
    pub(crate) fn open(&mut self, clauses: Range<usize>, outer: Option<usize>) -> usize {
        self.scopes.push(Scope { clauses, outer, handlers: None });
        self.scopes.len() - 1
    }
}

/// What a call calls.
#[derive(Clone, Copy)]
pub(crate) enum CallTarget {
    /// Code of the same image.
    Direct(FuncRef),
    /// Code by its address.
    Indirect(SigRef, Value),
}

/// Where in this function a throw ends.
enum Local {
    /// At this clause.
    Certain(usize),
    /// That depends on what tags are imported.
    Unknown,
    /// Nowhere.
    Outside,
}

/// Values of exceptions: the runtime writes them before the landing pad is reached, and nothing else does.
const VALUES: MemFlagsData = MemFlagsData::trusted();

impl FunctionTranslator<'_, '_> {
    /// The scope of the present place.
    pub(crate) fn scope(&self) -> Option<usize> {
        self.control.last().and_then(|frame| frame.scope)
    }

    /// The types of the values of a tag's exceptions.
    pub(crate) fn tag_values(&self, tag: Option<TagIndex>) -> &[ValType] {
        match tag {
            Some(tag) => &self.env.types[self.env.module.tags[tag.index()].ty.index()].params,
            None => &[],
        }
    }

    pub(crate) fn try_table(&mut self, table: &TryTable) -> Result<(), CompileError> {
        if !self.reachable {
            self.push_unreachable();
            return Ok(());
        }
        let (params, results) = self.block_type(table.ty)?;
        let start = self.catches.clauses.len();
        for catch in &table.catches {
            let (tag, label, takes_reference) = match *catch {
                Catch::One { tag, label } => (Some(TagIndex(tag)), label, false),
                Catch::OneRef { tag, label } => (Some(TagIndex(tag)), label, true),
                Catch::All { label } => (None, label, false),
                Catch::AllRef { label } => (None, label, true),
            };
            let target = Target::Label(self.control.len() - 1 - label as usize);
            self.catches.clauses.push(Clause { tag, takes_reference, target, landing: None });
        }
        let clauses = start..self.catches.clauses.len();
        let outer = self.scope();
        let scope = if clauses.is_empty() { outer } else { Some(self.catches.open(clauses.clone(), outer)) };
        let target = self.block_with_params(&results);
        let height = self.stack.len() - params.len();
        self.control.push(Frame {
            kind: FrameKind::TryTable { clauses },
            target,
            carries: results.len(),
            results: results.len(),
            height,
            reached: false,
            cold: self.cold,
            scope,
        });
        Ok(())
    }

    /// Writes the landing pads of a `try_table` at whose end this is.
    pub(crate) fn land(&mut self, clauses: Range<usize>) {
        for clause in clauses {
            let Some((values, reference)) = self.land_at(clause) else { continue };
            let Target::Label(position) = self.catches.clauses[clause].target else { continue };
            let mut carried = values;
            if self.catches.clauses[clause].takes_reference {
                carried.push(reference);
            }
            self.jump_to(position, &carried);
        }
    }

    /// Goes to the landing pad of a clause and takes what it is given there: the values, and the reference. `None` when nothing
    /// reaches it.
    pub(crate) fn land_at(&mut self, clause: usize) -> Option<(Vec<Value>, Value)> {
        let Clause { tag, landing, takes_reference, .. } = self.catches.clauses[clause];
        let landing = landing?;
        self.builder.switch_to_block(landing);
        self.builder.seal_block(landing);
        self.fuel_from_store();
        let given = self.builder.block_params(landing).to_vec();
        let types = self.tag_values(tag).to_vec();
        let load = |(position, ty): (usize, &ValType)| {
            let offset = (position * size_of::<ValRaw>()) as i32;
            let value = self.builder.ins().load(machine_type(*ty), VALUES, given[0], offset);
            self.declare(value, *ty)
        };
        let values = types.iter().enumerate().map(load).collect();
        let reference = self.builder.ins().ireduce(types::I32, given[1]);
        if takes_reference {
            self.declare(reference, ValType::Ref(RefType::EXNREF));
        }
        Some((values, reference))
    }

    /// Jumps to a frame of the control stack with values that are not on the operand stack.
    pub(super) fn jump_to(&mut self, position: usize, values: &[Value]) {
        let frame = &mut self.control[position];
        frame.reached = true;
        let target = frame.target;
        self.branch_arguments += values.len();
        self.builder.ins().jump(target, &block_args(values));
    }

    pub(crate) fn throw(&mut self, tag: u32) -> Result<(), CompileError> {
        let tag = TagIndex(tag);
        let count = self.tag_values(Some(tag)).len();
        let values = self.pop_many_plain(count);
        let handlers = self.handlers()?;
        let local = self.handler_of(&handlers, tag);
        self.reachable = false;
        if let Local::Certain(clause) = local
            && !self.catches.clauses[clause].takes_reference
        {
            let carried = if self.catches.clauses[clause].tag.is_some() { &*values } else { &[] };
            self.jump_to_clause(clause, carried);
            return Ok(());
        }
        let handlers = if matches!(local, Local::Outside) { Rc::default() } else { handlers };
        let array = self.store_values(&values);
        let tag = self.iconst32(tag.0);
        self.raise(Builtin::throw, &[tag, array], &handlers);
        Ok(())
    }

    /// Jumps to where a clause goes, with the values of an exception that has been caught before it was made.
    fn jump_to_clause(&mut self, clause: usize, values: &[Value]) {
        match self.catches.clauses[clause].target {
            Target::Label(position) => self.jump_to(position, values),
            Target::Body(body) => {
                let body = body.unwrap_or_else(|| {
                    let types = self.tag_values(self.catches.clauses[clause].tag).to_vec();
                    self.block_with_params(&types)
                });
                self.catches.clauses[clause].target = Target::Body(Some(body));
                self.branch_arguments += values.len();
                self.builder.ins().jump(body, &block_args(values));
            }
        }
    }

    /// Which of the handlers catches an exception of `tag`, a tag of this instance. A tag that the instance defines is no other; two that it
    /// imports may be one (§4.7.2).
    fn handler_of(&self, handlers: &[usize], tag: TagIndex) -> Local {
        for clause in handlers {
            match self.catches.clauses[*clause].tag {
                None => return Local::Certain(*clause),
                Some(caught) if caught == tag => return Local::Certain(*clause),
                Some(caught) => {
                    if self.env.module.is_imported_tag(caught) && self.env.module.is_imported_tag(tag) {
                        return Local::Unknown;
                    }
                }
            }
        }
        Local::Outside
    }

    /// Stores the values of a new exception; their address.
    fn store_values(&mut self, values: &[Value]) -> Value {
        if values.is_empty() {
            return self.builder.ins().iconst(POINTER, 0);
        }
        let size = (values.len() * size_of::<ValRaw>()) as u32;
        let slot = match self.catches.values {
            Some(slot) => slot,
            None => {
                let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, size, 4);
                *self.catches.values.insert(self.builder.create_sized_stack_slot(slot))
            }
        };
        let slots = &mut self.builder.func.sized_stack_slots;
        slots[slot].size = slots[slot].size.max(size);
        let array = self.builder.ins().stack_addr(POINTER, slot, 0);
        for (position, value) in values.iter().enumerate() {
            self.builder.ins().store(VALUES, *value, array, (position * size_of::<ValRaw>()) as i32);
        }
        array
    }

    pub(crate) fn throw_ref(&mut self) -> Result<(), CompileError> {
        let exception = self.pop();
        self.trap_unless(exception, Trap::NullReference);
        self.throw_again(exception)
    }

    /// Throws an exception that there is a reference to.
    pub(crate) fn throw_again(&mut self, exception: Value) -> Result<(), CompileError> {
        let handlers = self.handlers()?;
        self.raise(Builtin::throw_ref, &[exception], &handlers);
        self.reachable = false;
        Ok(())
    }

    /// Calls a builtin that does not return.
    fn raise(&mut self, builtin: Builtin, arguments: &[Value], handlers: &[usize]) {
        let callee = self.callee(CodeName::Builtin(builtin));
        let arguments = with_vmctx(self.vmctx, arguments);
        if handlers.is_empty() {
            self.builder.ins().call(callee, &arguments);
        } else {
            let never = self.builder.create_block();
            self.builder.set_cold_block(never);
            self.try_call(CallTarget::Direct(callee), &arguments, 0, never, handlers);
            self.builder.switch_to_block(never);
            self.builder.seal_block(never);
        }
        self.builder.ins().trap(trap::code(Trap::UnreachableCodeReached));
    }

    /// Calls, and goes on in the block `done`, whose parameters are the results. Ends the block.
    pub(crate) fn call_into(
        &mut self,
        callee: CallTarget,
        arguments: &[Value],
        done: Block,
    ) -> Result<(), CompileError> {
        let handlers = self.handlers()?;
        if handlers.is_empty() {
            let call = match callee {
                CallTarget::Direct(function) => self.builder.ins().call(function, arguments),
                CallTarget::Indirect(signature, code) => self.builder.ins().call_indirect(signature, code, arguments),
            };
            let results = block_args(self.builder.inst_results(call));
            self.builder.ins().jump(done, &results);
        } else {
            let results = self.builder.block_params(done).len();
            self.try_call(callee, arguments, results, done, &handlers);
        }
        Ok(())
    }

    /// Calls; the results.
    pub(crate) fn call_plainly(&mut self, callee: CallTarget, arguments: &[Value]) -> Result<Vec<Value>, CompileError> {
        let handlers = self.handlers()?;
        if handlers.is_empty() {
            let call = match callee {
                CallTarget::Direct(function) => self.builder.ins().call(function, arguments),
                CallTarget::Indirect(signature, code) => self.builder.ins().call_indirect(signature, code, arguments),
            };
            return Ok(self.builder.inst_results(call).to_vec());
        }
        let signature = self.signature_of(callee);
        let results = self.builder.func.dfg.signatures[signature].returns.clone();
        let done = self.builder.create_block();
        for result in &results {
            self.builder.append_block_param(done, result.value_type);
        }
        self.try_call(callee, arguments, results.len(), done, &handlers);
        self.builder.switch_to_block(done);
        self.builder.seal_block(done);
        Ok(self.builder.block_params(done).to_vec())
    }

    fn signature_of(&self, callee: CallTarget) -> SigRef {
        match callee {
            CallTarget::Direct(function) => self.builder.func.dfg.ext_funcs[function].signature,
            CallTarget::Indirect(signature, _) => signature,
        }
    }

    /// Calls within the reach of `handlers`. Ends the block.
    fn try_call(&mut self, callee: CallTarget, arguments: &[Value], results: usize, done: Block, handlers: &[usize]) {
        self.branch_arguments += results + 2 * handlers.len();
        let mut items = Vec::with_capacity(handlers.len() + 1);
        // By the vmctx the runtime knows which tags are meant.
        if handlers.iter().any(|clause| self.catches.clauses[*clause].tag.is_some()) {
            items.push(ExceptionTableItem::Context(self.vmctx));
        }
        for clause in handlers {
            let landing = self.landing(*clause);
            let given = [BlockArg::TryCallExn(0), BlockArg::TryCallExn(1)];
            let landing = BlockCall::new(landing, given, &mut self.builder.func.dfg.value_lists);
            items.push(ExceptionTableItem::Tag(ExceptionTag::from_u32(*clause as u32), landing));
        }
        let results = (0..results as u32).map(BlockArg::TryCallRet).collect::<Vec<_>>();
        let done = BlockCall::new(done, results, &mut self.builder.func.dfg.value_lists);
        let table = ExceptionTableData::new(self.signature_of(callee), done, items);
        let table = self.builder.func.dfg.exception_tables.push(table);
        match callee {
            CallTarget::Direct(function) => self.builder.ins().try_call(function, arguments, table),
            CallTarget::Indirect(_, code) => self.builder.ins().try_call_indirect(code, arguments, table),
        };
    }

    /// The landing pad of a clause.
    fn landing(&mut self, clause: usize) -> Block {
        if let Some(landing) = self.catches.clauses[clause].landing {
            return landing;
        }
        let landing = self.builder.create_block();
        self.builder.append_block_param(landing, POINTER);
        self.builder.append_block_param(landing, POINTER);
        self.builder.set_cold_block(landing);
        self.catches.clauses[clause].landing = Some(landing);
        landing
    }

    /// The clauses that are asked, in order, when an exception comes up at the present place. No clause follows one that catches the same
    /// tag, or all.
    ///
    /// # Errors
    ///
    /// When the function comes to more of them than it may have values.
    pub(crate) fn handlers(&mut self) -> Result<Rc<[usize]>, CompileError> {
        let Some(scope) = self.scope() else { return Ok(Rc::default()) };
        // Scopes nest without limit, so this does not recurse.
        let mut unknown = Vec::new();
        let mut next = Some(scope);
        let mut handlers: Rc<[usize]> = Rc::default();
        while let Some(scope) = next {
            if let Some(known) = &self.catches.scopes[scope].handlers {
                handlers = known.clone();
                break;
            }
            unknown.push(scope);
            next = self.catches.scopes[scope].outer;
        }
        for scope in unknown.into_iter().rev() {
            handlers = self.with_outer(scope, &handlers);
            self.branch_arguments += handlers.len();
            self.check_size()?;
            self.catches.scopes[scope].handlers = Some(handlers.clone());
        }
        Ok(handlers)
    }

    /// The handlers of a scope, given those around it.
    fn with_outer(&self, scope: usize, outer: &[usize]) -> Rc<[usize]> {
        let mut seen = HashSet::new();
        let mut handlers = Vec::new();
        for clause in self.catches.scopes[scope].clauses.clone().chain(outer.iter().copied()) {
            let tag = self.catches.clauses[clause].tag;
            if seen.insert(tag) {
                handlers.push(clause);
            }
            if tag.is_none() {
                break;
            }
        }
        handlers.into()
    }
}
