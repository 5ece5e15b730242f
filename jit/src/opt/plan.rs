//! Plan: which calls are inlined. It is made for the whole module before any function is translated, from the bodies alone, so it is
//! the same on any number of threads; `inline` carries it out.
//!
//! Called by the pipeline. Functions are looked at from the callees up. What is inlined into a function counts as part of it where it is
//! inlined itself, so that no budget is exceeded by degrees. A call whose callee is being looked at already closes a cycle, and is not chosen:
//! what is inlined comes to an end.
//!
//! A small function that calls itself, or is called by what is inlined into it, is put into itself a few levels deep (its [`levels`](Plan::levels)):
//! one call, with its prologue and what it saves, then does the work of several. Where such a call stands does not say whether it is inlined,
//! for its body stands in itself; how often the function is around the call already does.
//!
//! A callee is worth it where it is small beside what a call costs. More is allowed to one that calls nothing, where the call stands in
//! a loop, or in a function that calls itself; to constants among the arguments, which the body is then compiled for; and to the only call of
//! a function, of which nothing is left elsewhere. When all of it would make the module too large, all limits are lowered.

use super::product;
use crate::decode::hint::BranchHint;
use crate::decode::module::Body;
use rayon::prelude::*;
use std::collections::HashMap;
use tancho_abi::index::FunctionIndex;
use tancho_abi::module::{ModuleView, NONE};
use tancho_abi::types::CompositeType;
use wasmparser::{FuncToValidate, FuncValidatorAllocations, FunctionBody, Operator, ValidatorResources};

/// The most parameters and locals of a function that is inlined.
const MAX_LOCALS: u32 = 32;
/// The most bytes of the body of a function that is inlined.
const MAX_BYTES: u64 = 1 << 10;
/// Into a function of more operators than this nothing is inlined, nor up to more: it takes the compiler long enough.
const MAX_SIZE: u32 = 10_000;
/// A function may be doubled, or come to this.
const SMALL_CALLER: u32 = 600;
/// Operators that become no instruction are counted by their bytes: so many are one that does.
const BYTES: u64 = 6;
/// The size of a function that is compiled to a multiplication, whatever its operators are.
const PRODUCT: u32 = 10;
/// The module may become larger by its size divided by this.
const GROWTH: u64 = 8;
/// Files that are longer have no numbers left for places in inlined functions.
const MAX_PLACE: u64 = 1 << 31;

/// Limits on what is inlined, in operators that become instructions. A call costs about ten.
struct Limits {
    /// Any call.
    any: u32,
    /// A callee that calls nothing.
    leaf: u32,
    /// The same in a loop, and in a loop within a loop.
    leaf_in_loop: [u32; 2],
    /// One that calls others, in a loop.
    in_loop: u32,
    /// For each constant argument.
    constant: u32,
    /// The only call of a function.
    only: u32,
}

/// The most operators of a function that is put into itself.
const NESTED: u32 = 60;
/// The most that all its levels may come to.
const NEST: u32 = 240;
/// How many levels there are at most.
const MAX_LEVELS: u32 = 3;

const LIMITS: Limits = Limits { any: 10, leaf: 20, leaf_in_loop: [45, 60], in_loop: 20, constant: 3, only: 60 };

/// Which calls are inlined.
#[derive(Default)]
pub(crate) struct Plan<'a> {
    /// Where they stand in the file, in order.
    calls: Vec<u32>,
    /// How many levels deep functions are inlined in themselves that are at all, by function index.
    levels: HashMap<u32, u32>,
    /// What is called, by function index.
    inlinees: HashMap<u32, Inlinee<'a>>,
    /// By the position among the functions that the module defines: whether each call of it is inlined, and nobody else can call it.
    gone: Vec<bool>,
}

/// A function that is inlined somewhere. It is valid.
pub(crate) struct Inlinee<'a> {
    pub(crate) validator: FuncToValidate<ValidatorResources>,
    pub(crate) body: FunctionBody<'a>,
    pub(crate) hints: Vec<BranchHint>,
}

/// What is known of a function.
#[derive(Default)]
struct Function {
    /// How many operators it has that become instructions.
    size: u32,
    calls: Vec<Call>,
    /// Whether it can be inlined, but for its loops.
    fits: bool,
    /// Whether it has a loop: then what a call costs is little beside the rest, unless it calls itself.
    repeats: bool,
}

/// A direct call.
struct Call {
    callee: u32,
    /// Where it stands in the file.
    place: u32,
    /// Whether it is a tail call.
    is_tail: bool,
    /// In how many loops.
    depth: u32,
    /// How many arguments are constants, as far as the operators before it tell.
    constants: u32,
    /// Whether it is inlined.
    chosen: bool,
}

impl<'a> Plan<'a> {
    /// The plan for a module whose escaped functions have been numbered; `products` says whether multiplications are recognised, `nests` whether functions
    /// are inlined in themselves, `parallel` whether bodies may be read on several threads.
    /// Nothing is inlined where a body cannot be read or is not valid: that is left for translation to name.
    pub(crate) fn new(
        module: &ModuleView<'_>,
        bodies: &[Body<'a>],
        products: bool,
        nests: bool,
        parallel: bool,
    ) -> Plan<'a> {
        if bodies.last().is_none_or(|body| body.body.range().end >= MAX_PLACE) {
            return Plan::default();
        }
        let functions: Option<Vec<Function>> = match parallel {
            true => bodies.par_iter().map(scan).collect(),
            false => bodies.iter().map(scan).collect(),
        };
        let Some(mut functions) = functions else { return Plan::default() };
        if products {
            shrink_products(module, bodies, &mut functions);
        }
        let mut planner = Planner::new(module, functions, nests);
        for scale in [4, 3, 2, 1] {
            planner.plan(scale);
            if planner.grown() <= planner.whole() / GROWTH + u64::from(SMALL_CALLER) {
                break;
            }
        }
        planner.finish(bodies)
    }

    /// Whether the call at `place` in the file is inlined.
    pub(crate) fn inlines(&self, place: u32) -> bool {
        self.calls.binary_search(&place).is_ok()
    }

    /// How many levels deep a function is inlined in itself.
    pub(crate) fn levels(&self, function: FunctionIndex) -> u32 {
        self.levels.get(&function.0).copied().unwrap_or(0)
    }

    /// A function of which a call is inlined.
    pub(crate) fn inlinee(&self, function: FunctionIndex) -> Option<&Inlinee<'a>> {
        self.inlinees.get(&function.0)
    }

    /// Whether nobody calls a function any more, by its position among those that the module defines.
    pub(crate) fn is_gone(&self, position: usize) -> bool {
        self.gone.get(position).copied().unwrap_or(false)
    }
}

/// Reads a body. `None` where that cannot be done.
fn scan(body: &Body<'_>) -> Option<Function> {
    let range = body.body.range();
    let mut locals: u32 = 0;
    for declared in body.body.get_locals_reader().ok()? {
        locals = locals.saturating_add(declared.ok()?.0);
    }
    let mut function =
        Function { fits: locals <= MAX_LOCALS && range.end - range.start <= MAX_BYTES, ..Function::default() };
    // For each open construct whether it is a loop.
    let mut open: Vec<bool> = Vec::new();
    let (mut depth, mut constants) = (0, 0);
    let mut operators = body.body.get_operators_reader().ok()?;
    while !operators.eof() {
        let place = u32::try_from(operators.original_position()).ok()?;
        let operator = operators.read().ok()?;
        let before = std::mem::take(&mut constants);
        match &operator {
            Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => open.push(false),
            Operator::Loop { .. } => {
                function.repeats = true;
                open.push(true);
                depth += 1;
            }
            // What a `try` catches stands behind it: it is read once more, for each time that it is translated.
            Operator::Try { .. } => {
                function.fits = false;
                open.push(false);
            }
            Operator::End | Operator::Delegate { .. } => depth -= u32::from(open.pop() == Some(true)),
            Operator::I32Const { .. } | Operator::I64Const { .. } => constants = before + 1,
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                let is_tail = matches!(operator, Operator::ReturnCall { .. });
                let (callee, chosen) = (*function_index, false);
                function.calls.push(Call { callee, place, is_tail, depth, constants: before, chosen });
            }
            // Where what they stand in is inlined, they would have to come back.
            Operator::ReturnCallIndirect { .. } | Operator::ReturnCallRef { .. } => function.fits = false,
            _ => {}
        }
        function.size = function.size.saturating_add(weight(&operator));
    }
    let least = u32::try_from((range.end - range.start) / BYTES).unwrap_or(u32::MAX);
    function.size = function.size.max(least);
    Some(function)
}

/// Counts functions that are compiled to a multiplication as what they become.
fn shrink_products(module: &ModuleView<'_>, bodies: &[Body<'_>], functions: &mut [Function]) {
    let records = module.functions.iter().skip(module.facts().counts.imported_functions as usize);
    for ((function, body), record) in functions.iter_mut().zip(bodies).zip(records) {
        if function.size <= PRODUCT || !function.fits || function.repeats || !function.calls.is_empty() {
            continue;
        }
        if let Some(CompositeType::Func(ty)) = module.composite_type(record.ty)
            && product::recognise(&ty, &body.body).is_some()
        {
            function.size = PRODUCT;
        }
    }
}

/// How many instructions an operator becomes, roughly.
fn weight(operator: &Operator<'_>) -> u32 {
    match operator {
        Operator::Nop
        | Operator::Drop
        | Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::Else
        | Operator::End
        | Operator::LocalGet { .. }
        | Operator::LocalSet { .. }
        | Operator::LocalTee { .. }
        | Operator::I32Const { .. }
        | Operator::I64Const { .. }
        | Operator::RefNull { .. }
        | Operator::Return => 0,
        Operator::Call { .. } | Operator::ReturnCall { .. } => 5,
        Operator::CallIndirect { .. } | Operator::CallRef { .. } => 12,
        Operator::BrTable { targets } => 4 + targets.len(),
        Operator::Throw { .. } | Operator::ThrowRef | Operator::TryTable { .. } => 8,
        Operator::MemoryGrow { .. } | Operator::MemoryCopy { .. } | Operator::MemoryFill { .. } => 8,
        Operator::StructNew { .. } | Operator::StructNewDefault { .. } => 16,
        Operator::ArrayNew { .. } | Operator::ArrayNewDefault { .. } | Operator::ArrayNewFixed { .. } => 20,
        Operator::RefTestNonNull { .. }
        | Operator::RefTestNullable { .. }
        | Operator::RefCastNonNull { .. }
        | Operator::RefCastNullable { .. }
        | Operator::BrOnCast { .. }
        | Operator::BrOnCastFail { .. } => 8,
        Operator::StructSet { .. } | Operator::ArraySet { .. } | Operator::ArrayGet { .. } => 3,
        _ => 1,
    }
}

/// How far a function has been looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unseen,
    /// Its callees are being looked at.
    Open,
    Done,
}

/// Makes a plan.
struct Planner<'m> {
    module: &'m ModuleView<'m>,
    imported: u32,
    /// Whether functions are inlined in themselves.
    nests: bool,
    functions: Vec<Function>,
    /// How often each is called.
    callers: Vec<u32>,
    state: Vec<State>,
    /// The size of each with what is inlined into it.
    sizes: Vec<u32>,
    /// How many calls of each are left, and how many calls in it.
    left: Vec<u32>,
    calls_left: Vec<u32>,
    /// Whether each closes a cycle of calls.
    recursive: Vec<bool>,
    /// How many levels deep each is inlined in itself, and how many of its bodies that makes.
    nested: Vec<Nested>,
}

/// How often a function is inlined in itself.
#[derive(Clone, Copy)]
struct Nested {
    levels: u32,
    bodies: u32,
}

impl<'m> Planner<'m> {
    fn new(module: &'m ModuleView<'m>, functions: Vec<Function>, nests: bool) -> Planner<'m> {
        let imported = module.facts().counts.imported_functions;
        let mut callers = vec![0; functions.len()];
        for call in functions.iter().flat_map(|function| &function.calls) {
            if let Some(count) = call.callee.checked_sub(imported).and_then(|callee| callers.get_mut(callee as usize)) {
                *count += 1;
            }
        }
        let (state, sizes, left, calls_left, recursive, nested) = Default::default();
        Planner { module, imported, nests, functions, callers, state, sizes, left, calls_left, recursive, nested }
    }

    /// Chooses with all limits at `scale` quarters.
    fn plan(&mut self, scale: u32) {
        let count = self.functions.len();
        self.state = vec![State::Unseen; count];
        self.sizes = self.functions.iter().map(|function| function.size).collect();
        self.left.clone_from(&self.callers);
        self.calls_left = self.functions.iter().map(|function| function.calls.len() as u32).collect();
        self.recursive = vec![false; count];
        self.nested = vec![Nested { levels: 0, bodies: 1 }; count];
        for call in self.functions.iter_mut().flat_map(|function| &mut function.calls) {
            call.chosen = false;
        }
        for root in 0..count {
            self.visit(root, scale);
        }
    }

    /// Looks at a function's callees, then at itself. Calls nest without limit, so this does not recurse.
    fn visit(&mut self, root: usize, scale: u32) {
        if self.state[root] != State::Unseen {
            return;
        }
        self.state[root] = State::Open;
        let mut path = vec![(root, 0)];
        while let Some((function, next)) = path.last_mut() {
            let function = *function;
            let Some(call) = self.functions[function].calls.get(*next) else {
                self.choose(function, scale);
                self.nest(function, scale);
                self.state[function] = State::Done;
                path.pop();
                continue;
            };
            *next += 1;
            let Some(callee) = self.position(call.callee) else { continue };
            match self.state[callee] {
                State::Unseen => {
                    self.state[callee] = State::Open;
                    path.push((callee, 0));
                }
                State::Open => self.recursive[callee] = true,
                State::Done => {}
            }
        }
    }

    /// The position of a function among those that the module defines.
    fn position(&self, function: u32) -> Option<usize> {
        let position = function.checked_sub(self.imported)? as usize;
        (position < self.functions.len()).then_some(position)
    }

    /// Chooses among the calls in a function, whose callees have been looked at.
    fn choose(&mut self, function: usize, scale: u32) {
        let most = self.functions[function].size.saturating_mul(2).clamp(SMALL_CALLER, MAX_SIZE);
        for position in 0..self.functions[function].calls.len() {
            let call = &self.functions[function].calls[position];
            let Some(callee) = self.position(call.callee) else { continue };
            let Function { fits, repeats, .. } = self.functions[callee];
            if self.state[callee] != State::Done || !fits || repeats {
                continue;
            }
            let size = self.sizes[callee];
            let sum = self.sizes[function].saturating_add(size);
            if size > self.limit(function, call, callee) * scale / 4 || sum > most {
                continue;
            }
            self.sizes[function] = sum;
            self.left[callee] -= 1;
            self.calls_left[function] += self.calls_left[callee];
            self.calls_left[function] -= 1;
            self.functions[function].calls[position].chosen = true;
        }
    }

    /// Decides how many levels deep a function is inlined in itself, when what else is inlined into it has been chosen. Each level has as many of its
    /// bodies as the one above it has calls of it.
    fn nest(&mut self, function: usize, scale: u32) {
        let size = self.sizes[function];
        if !self.nests || !self.recursive[function] || !self.functions[function].fits || size > NESTED * scale / 4 {
            return;
        }
        let calls = self.calls_of(function, function);
        if calls == 0 {
            return;
        }
        let (mut nested, mut level) = (Nested { levels: 0, bodies: 1 }, 1_u32);
        while nested.levels < MAX_LEVELS {
            level = level.saturating_mul(calls);
            let bodies = nested.bodies.saturating_add(level);
            if bodies.saturating_mul(size) > NEST * scale / 4 {
                break;
            }
            nested = Nested { levels: nested.levels + 1, bodies };
        }
        self.nested[function] = nested;
        self.sizes[function] = size * nested.bodies;
    }

    /// How many calls of `callee` there are in a function with what is inlined into it: at most. Tail calls are none.
    fn calls_of(&self, callee: usize, function: usize) -> u32 {
        let count = |call: &Call| match self.position(call.callee) {
            Some(called) if called == callee => u32::from(!call.is_tail),
            // As deep as calls are inlined in one another, of which each adds to a size that has a limit.
            Some(called) if call.chosen => self.nested[called].bodies.saturating_mul(self.calls_of(callee, called)),
            _ => 0,
        };
        self.functions[function].calls.iter().map(count).fold(0, u32::saturating_add)
    }

    /// The most operators that a callee may have to be inlined.
    fn limit(&self, function: usize, call: &Call, callee: usize) -> u32 {
        let depth = call.depth + u32::from(self.recursive[function]);
        let is_leaf = self.calls_left[callee] == 0;
        let limit = match (is_leaf, depth) {
            (true, 0) => LIMITS.leaf,
            (true, depth) => LIMITS.leaf_in_loop[(depth as usize - 1).min(1)],
            (false, 0) => LIMITS.any,
            (false, _) => LIMITS.in_loop,
        };
        let limit = if self.callers[callee] == 1 && !self.escapes(callee) { limit.max(LIMITS.only) } else { limit };
        limit + LIMITS.constant * call.constants.min(4)
    }

    /// Whether others than direct calls can reach a function.
    fn escapes(&self, position: usize) -> bool {
        self.module.functions[position + self.imported as usize].escaped != NONE
    }

    fn is_gone(&self, position: usize) -> bool {
        self.callers[position] > 0 && self.left[position] == 0 && !self.escapes(position)
    }

    /// The size of the module before.
    fn whole(&self) -> u64 {
        self.functions.iter().map(|function| u64::from(function.size)).sum()
    }

    /// How much larger it becomes.
    fn grown(&self) -> u64 {
        let kept = (0..self.functions.len()).filter(|position| !self.is_gone(*position));
        let after: u64 = kept.map(|position| u64::from(self.sizes[position])).sum();
        after.saturating_sub(self.whole())
    }

    /// The plan, unless a function that is inlined is not valid.
    fn finish<'a>(self, bodies: &[Body<'a>]) -> Plan<'a> {
        let chosen = || self.functions.iter().flat_map(|function| &function.calls).filter(|call| call.chosen);
        let mut calls: Vec<u32> = chosen().map(|call| call.place).collect();
        calls.sort_unstable();
        let with_levels = self.nested.iter().zip(self.imported..).filter(|(nested, _)| nested.levels > 0);
        let levels: HashMap<u32, u32> = with_levels.map(|(nested, function)| (function, nested.levels)).collect();

        let mut inlinees = HashMap::new();
        let mut allocations = FuncValidatorAllocations::default();
        for callee in chosen().map(|call| call.callee).chain(levels.keys().copied()) {
            let Some(body) = self.position(callee).and_then(|position| bodies.get(position)) else { continue };
            if inlinees.contains_key(&callee) {
                continue;
            }
            let mut validator = copy(&body.validator).into_validator(allocations);
            if validator.validate(&body.body).is_err() {
                return Plan::default();
            }
            allocations = validator.into_allocations();
            let (validator, body, hints) = (copy(&body.validator), body.body.clone(), body.hints.clone());
            inlinees.insert(callee, Inlinee { validator, body, hints });
        }
        let gone = (0..self.functions.len()).map(|position| self.is_gone(position)).collect();
        Plan { calls, levels, inlinees, gone }
    }
}

/// Another validator of the same function.
pub(crate) fn copy(validator: &FuncToValidate<ValidatorResources>) -> FuncToValidate<ValidatorResources> {
    FuncToValidate {
        resources: validator.resources.clone(),
        index: validator.index,
        ty: validator.ty,
        features: validator.features,
    }
}
