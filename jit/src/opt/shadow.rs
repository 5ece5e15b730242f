//! The shadow-stack pointer: the global in which a compiler keeps where its own stack ends, in linear memory, and how it travels in a
//! register.
//!
//! Called by `facts`; asked by the translator for each access to the global and each call. The value is in the vmctx as ever, and every write goes
//! there at once: whatever stops the code, or lets anybody else look, finds what the specification says. What is saved is reading it: a
//! function that makes a frame is given the value as a hidden parameter, so that the frame need not wait for what the frame before it
//! has written. So a value in a register is a copy, and has to be known to be one:
//!
//! ```text
//! at an entry from outside         read                          (the external entry, and then the internal one)
//! after a write                    what was written
//! after a call that keeps it       as before
//! after any other call             read
//! where an exception is caught     read
//! ```
//!
//! Which calls keep it is all that is to be proven here: calls of functions of the module that write it back as they found it ([`balance`]),
//! or do not write it, and call none but such. What leaves the instance may come back into it, and trap or throw in the middle of a
//! frame, which the host or another instance need not tell.
//!
//! Calls by reference cannot know what takes the parameter: so among the functions that there are references to, all of one machine signature do,
//! or none does (a class).

use super::balance::{self, Effect, Question};
use super::indirect::TableFacts;
use super::scan::{Callee, Scan};
use crate::decode::module::Body;
use rayon::prelude::*;
use std::collections::HashMap;
use tancho_abi::index::{FunctionIndex, GlobalIndex, TableIndex, TypeIndex};
use tancho_abi::module::{Module, ModuleView, NONE};
use tancho_abi::target::Architecture;
use tancho_abi::types::{FuncType, ValType};

/// What is known of the shadow-stack pointer.
pub(crate) struct Shadow {
    /// Which global it is: the module's own, mutable, `i32` or `i64`.
    pub(crate) global: GlobalIndex,
    /// Its type.
    pub(crate) ty: ValType,
    /// By function, whether it reads the value for itself.
    reads: Vec<bool>,
    /// By function, whether its internal entry takes the value.
    takes: Vec<bool>,
    /// By function, whether it leaves the value as it found it, when it returns.
    keeps: Vec<bool>,
    /// By type, its class; [`NONE`] where no function that there is a reference to has the like.
    classes: Vec<u32>,
    class_takes: Vec<bool>,
    class_keeps: Vec<bool>,
}

impl Shadow {
    /// Whether the internal entry of a function takes the value.
    pub(crate) fn takes(&self, function: FunctionIndex) -> bool {
        self.takes.get(function.index()).is_some_and(|takes| *takes)
    }

    /// Whether a function reads the value for itself, and not only to pass it on.
    pub(crate) fn reads(&self, function: FunctionIndex) -> bool {
        self.reads.get(function.index()).is_some_and(|reads| *reads)
    }

    /// Whether a call of a function leaves the value as it was: never of an imported one.
    pub(crate) fn keeps(&self, function: FunctionIndex) -> bool {
        self.keeps.get(function.index()).is_some_and(|keeps| *keeps)
    }

    /// Whether the internal entries of functions of the instance that a reference of type `ty` can be to take the value.
    pub(crate) fn class_takes(&self, ty: TypeIndex) -> bool {
        self.of_class(ty, &self.class_takes)
    }

    /// Whether calls of these functions leave the value as it was.
    pub(crate) fn class_keeps(&self, ty: TypeIndex) -> bool {
        self.of_class(ty, &self.class_keeps)
    }

    fn of_class(&self, ty: TypeIndex, classes: &[bool]) -> bool {
        let class = self.classes.get(ty.index());
        class.and_then(|class| classes.get(*class as usize)).is_some_and(|is| *is)
    }
}

/// How many integers of WebAssembly travel in registers beside the vmctx and the value.
const REGISTERS_X86_64: usize = 4;
const REGISTERS_OTHERS: usize = 6;

fn is_integer(ty: ValType) -> bool {
    matches!(ty, ValType::I32 | ValType::I64 | ValType::Ref(_))
}

/// Whether a register is left for the value: one that pushes a parameter to the stack saves nothing.
fn has_room(ty: &FuncType, architecture: Architecture) -> bool {
    let registers = match architecture {
        Architecture::X86_64 => REGISTERS_X86_64,
        _ => REGISTERS_OTHERS,
    };
    ty.params.iter().filter(|ty| is_integer(**ty)).count() <= registers
}

/// What there is to know, of a module of whose functions `scans` is known; `None` where there is no such global.
pub(super) fn shadow(
    module: &Module,
    bodies: &[Body<'_>],
    scans: &[Scan],
    tables: &[TableFacts],
    architecture: Architecture,
    serial: bool,
) -> Option<Shadow> {
    let (global, ty) = choose(module, scans)?;
    let question = Question { global: global.0, wide: ty == ValType::I64 };
    let analysis = Analysis::new(module, scans, tables, architecture)?;
    let balances: Vec<Balance> = if serial {
        bodies.iter().zip(scans).map(|(body, scan)| analysis.balance(body, scan, question)).collect()
    } else {
        bodies.par_iter().zip(scans).map(|(body, scan)| analysis.balance(body, scan, question)).collect()
    };
    // Where most that write it do not keep it, it is no stack pointer, and to pass it on a waste.
    let writers = || scans.iter().zip(&balances).filter(|(scan, _)| scan.set.contains(&global.0));
    let lost = writers().filter(|(_, balance)| **balance == Balance::Never).count();
    if lost * 2 > writers().count() {
        return None;
    }
    let (keeps, class_keeps) = analysis.kept(&balances);
    let imported = (0..analysis.imported).map(|_| false);
    let reads: Vec<bool> = imported.chain(scans.iter().map(|scan| scan.got.contains(&global.0))).collect();
    let (takes, class_takes) = analysis.taken(&reads);
    Some(Shadow { global, ty, reads, takes, keeps, classes: analysis.classes, class_takes, class_keeps })
}

/// The global that most functions write, of those that can be one.
fn choose(module: &Module, scans: &[Scan]) -> Option<(GlobalIndex, ValType)> {
    let imported = module.summary[0].counts.imported_globals;
    let mut writers: HashMap<u32, usize> = HashMap::new();
    for global in scans.iter().flat_map(|scan| &scan.set) {
        *writers.entry(*global).or_default() += 1;
    }
    let candidate = |(global, count): (&u32, &usize)| {
        let record = module.globals.get(*global as usize).filter(|record| record.mutable != 0)?;
        let ty = record.ty.decode().filter(|ty| matches!(ty, ValType::I32 | ValType::I64))?;
        // Two that are imported may be one.
        (*global >= imported).then_some((*count, std::cmp::Reverse(*global), ty))
    };
    let (_, global, ty) = writers.iter().filter_map(candidate).max_by_key(|(count, global, _)| (*count, *global))?;
    Some((GlobalIndex(global.0), ty))
}

/// Whether a function leaves the global as it found it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Balance {
    /// Whatever it calls does.
    Always,
    /// If all that it calls do.
    WithCallees,
    /// Not, or that cannot be seen.
    Never,
}

struct Analysis<'a> {
    scans: &'a [Scan],
    tables: &'a [TableFacts],
    view: ModuleView<'a>,
    /// How many functions are imported.
    imported: usize,
    /// By type, its class, or [`NONE`].
    classes: Vec<u32>,
    /// The functions of each class.
    members: Vec<Vec<u32>>,
    /// Of each class, whether a register is left for the value.
    class_room: Vec<bool>,
    /// The same of each function.
    room: Vec<bool>,
}

/// Functions and classes as the nodes of a graph: the functions first.
type Node = u32;

impl<'a> Analysis<'a> {
    fn new(
        module: &'a Module,
        scans: &'a [Scan],
        tables: &'a [TableFacts],
        architecture: Architecture,
    ) -> Option<Analysis<'a>> {
        let view = module.view();
        let imported = module.summary[0].counts.imported_functions as usize;
        if module.functions.len() != imported + scans.len() {
            return None;
        }
        let types: Vec<FuncType> = (0..module.types.len())
            .map(|ty| TypeIndex::new(ty).and_then(|ty| view.func_type(ty)).unwrap_or_default())
            .collect();
        // Subtypes have the machine types of their supertypes.
        let machine = |ty: &FuncType| {
            let values = |types: &[ValType]| {
                types.iter().map(|ty| crate::translate::signature::machine_type(*ty)).collect::<Vec<_>>()
            };
            (values(&ty.params), values(&ty.results))
        };
        let mut numbers = HashMap::new();
        let (mut members, mut class_room): (Vec<Vec<u32>>, Vec<bool>) = Default::default();
        for (function, record) in module.functions.iter().enumerate().skip(imported) {
            if record.escaped == NONE {
                continue;
            }
            let ty = types.get(record.ty.index())?;
            let class = *numbers.entry(machine(ty)).or_insert_with(|| {
                members.push(Vec::new());
                class_room.push(has_room(ty, architecture));
                members.len() - 1
            });
            members[class].push(function as u32);
        }
        let class = |ty| numbers.get(&machine(ty)).map_or(NONE, |class| *class as u32);
        let classes = types.iter().map(class).collect();
        let room = |record: &tancho_abi::module::FunctionRecord| {
            types.get(record.ty.index()).is_some_and(|ty| has_room(ty, architecture))
        };
        let room = module.functions.iter().map(room).collect();
        Some(Analysis { scans, tables, view, imported, classes, members, class_room, room })
    }

    fn function_count(&self) -> usize {
        self.imported + self.scans.len()
    }

    /// The node of what a call calls; `None` for what may be outside of the instance, or nothing that there is.
    fn node(&self, callee: Callee) -> Option<Node> {
        match callee {
            Callee::Function(function) => (function as usize >= self.imported).then_some(function),
            Callee::Entry(ty, table) => {
                let contents = self.tables.get(TableIndex(table).index())?.contents.as_ref()?;
                contents.callees(&self.view, TypeIndex(ty)).local.then(|| self.class_node(ty))?
            }
            Callee::Reference(_) => None,
        }
    }

    fn class_node(&self, ty: u32) -> Option<Node> {
        let class = *self.classes.get(ty as usize)?;
        (class != NONE).then(|| self.function_count() as u32 + class)
    }

    fn balance(&self, body: &Body<'_>, scan: &Scan, question: Question) -> Balance {
        if !scan.set.contains(&question.global) && !scan.catches {
            let outside = scan.calls.iter().any(|call| call.returns && self.node(call.callee).is_none());
            return if outside { Balance::Never } else { Balance::WithCallees };
        }
        if balance::keeps(&body.body, question, &|_| Effect::Changes) {
            return Balance::Always;
        }
        let effect = |callee| if self.node(callee).is_some() { Effect::Keeps } else { Effect::Changes };
        if balance::keeps(&body.body, question, &effect) { Balance::WithCallees } else { Balance::Never }
    }

    /// Which functions and classes keep the global: all but those that do not, and those that need that of others that do not.
    fn kept(&self, balances: &[Balance]) -> (Vec<bool>, Vec<bool>) {
        let count = self.function_count();
        let mut graph = Graph::new(count + self.members.len());
        let mut lost: Vec<Node> = (0..self.imported as u32).collect();
        for (position, (scan, balance)) in self.scans.iter().zip(balances).enumerate() {
            let node = (self.imported + position) as Node;
            match balance {
                Balance::Always => {}
                Balance::Never => lost.push(node),
                Balance::WithCallees => {
                    for callee in scan.calls.iter().filter_map(|call| self.node(call.callee)) {
                        graph.follows(node, callee);
                    }
                }
            }
        }
        for (class, members) in self.members.iter().enumerate() {
            members.iter().for_each(|member| graph.follows((count + class) as Node, *member));
        }
        let lost = graph.reached(lost);
        let kept: Vec<bool> = lost.into_iter().map(|lost| !lost).collect();
        (kept[..count].to_vec(), kept[count..].to_vec())
    }

    /// Which functions and classes take the value: those that read it, while a register is left for it; of classes those half of whose
    /// functions do. Who only passes it on reads it from the global for that: kept in a register for the whole function it would cost
    /// more than it saves.
    fn taken(&self, reads: &[bool]) -> (Vec<bool>, Vec<bool>) {
        let mut taken: Vec<bool> = reads.iter().zip(&self.room).map(|(reads, room)| *reads && *room).collect();
        let mut class_taken = Vec::with_capacity(self.members.len());
        for (members, room) in self.members.iter().zip(&self.class_room) {
            let readers = members.iter().filter(|member| reads[**member as usize]).count();
            let takes = *room && readers * 2 >= members.len();
            members.iter().for_each(|member| taken[*member as usize] = takes);
            class_taken.push(takes);
        }
        (taken, class_taken)
    }
}

/// What follows from what.
struct Graph {
    followers: Vec<Vec<Node>>,
}

impl Graph {
    fn new(nodes: usize) -> Graph {
        Graph { followers: vec![Vec::new(); nodes] }
    }

    /// What holds for `source` holds for `node`.
    fn follows(&mut self, node: Node, source: Node) {
        if let Some(followers) = self.followers.get_mut(source as usize) {
            followers.push(node);
        }
    }

    /// For which nodes something holds, if it does for `first`.
    fn reached(&self, first: Vec<Node>) -> Vec<bool> {
        let mut holds = vec![false; self.followers.len()];
        let mut work = first;
        while let Some(node) = work.pop() {
            if !std::mem::replace(&mut holds[node as usize], true) {
                work.extend_from_slice(&self.followers[node as usize]);
            }
        }
        holds
    }
}
