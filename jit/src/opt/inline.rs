//! Inlining: the body of a function in the place of a call of it.
//!
//! Called by `call` for each direct call, and asks the [`plan`](super::plan) whether it is one of those. The body is translated as that of a function
//! is, operator by operator, into the caller: its parameters are new locals, its outermost frame is one of the caller's control stack, and
//! a return is a branch out of that. So what is known of arguments is known in the body, handlers around the call are around the body's
//! calls, and references, fuel and places in the file are what they are in any function. Cranelift's own inliner works on finished
//! functions: it drops places, needs every callee's graph at hand while callers are compiled, and sees two functions' handlers by one number.
//!
//! Backtraces do not change. Each call that is inlined is a site, and each place of the code says which site it belongs to.
//!
//! Tail calls stay what they are. One that is inlined leaves nothing behind: a return in its body returns from the caller. A tail call in a
//! body that was called in the ordinary way is an ordinary call, behind which the body is left. The frame that it is made from would
//! have stayed there without inlining as well, so a chain of tail calls grows no stack that did not grow before.

use crate::error::CompileError;
use crate::translate::control::{Frame, FrameKind};
use crate::translate::function::FunctionTranslator;
use crate::translate::hint::Hints;
use cranelift_codegen::ir::SourceLoc;
use tancho_abi::index::FunctionIndex;
use tancho_abi::module::{InlineSiteRecord, NONE};

/// What of a [`SourceLoc`] says that the rest is a position in [`Sources::inlined`].
const INLINED: u32 = 1 << 31;

/// The places that inlined code comes from.
#[derive(Default)]
pub(crate) struct Sources {
    /// Where in the file, and of which site, for each number that instructions have.
    inlined: Vec<(u32, u32)>,
    /// The calls that are inlined, each behind the one that it stands in.
    pub(crate) sites: Vec<InlineSiteRecord>,
}

impl Sources {
    /// What instructions at `place` in the file, of `site`, are marked with.
    fn mark(&mut self, place: u32, site: u32) -> SourceLoc {
        if site == NONE {
            return SourceLoc::new(place);
        }
        if self.inlined.last() != Some(&(place, site)) {
            self.inlined.push((place, site));
        }
        SourceLoc::new(INLINED | (self.inlined.len() - 1) as u32)
    }

    /// The place in the file and the site that a mark stands for.
    pub(crate) fn of(&self, mark: SourceLoc) -> (u32, u32) {
        let own = (mark.bits(), NONE);
        match mark.bits().checked_sub(INLINED) {
            // A mark of nowhere is no position.
            Some(position) => self.inlined.get(position as usize).copied().unwrap_or(own),
            None => own,
        }
    }
}

/// The function whose operators are being translated: the one that is compiled, or one that is inlined in it.
pub(crate) struct Here {
    /// The function that is compiled.
    compiled: FunctionIndex,
    /// The site; [`NONE`] in the function itself.
    site: u32,
    /// Its outermost frame.
    pub(crate) base: usize,
    /// Whether what it returns is what the function that is compiled returns.
    is_tail: bool,
    /// Where the present operator stands in the file.
    place: u32,
    /// How many locals the functions around it have.
    pub(crate) outer_locals: usize,
}

impl Here {
    /// At the beginning of a function.
    pub(crate) fn new(compiled: FunctionIndex) -> Here {
        Here { compiled, site: NONE, base: 0, is_tail: true, place: 0, outer_locals: 0 }
    }
}

impl FunctionTranslator<'_, '_> {
    /// Notes where in the file the code comes from that follows.
    pub(crate) fn set_place(&mut self, offset: u64) {
        self.here.place = u32::try_from(offset).unwrap_or(u32::MAX);
        self.mark(self.here.place, self.here.site);
    }

    fn mark(&mut self, place: u32, site: u32) {
        let mark = self.sources.mark(place, site);
        self.builder.set_srcloc(mark);
    }

    /// Whether the present call is inlined wherever its body stands.
    pub(crate) fn is_inlined(&self) -> bool {
        self.env.plan.inlines(self.here.place)
    }

    /// Whether the present call, an ordinary one of `function`, is inlined because it stands in that function, and not too deep in it.
    pub(crate) fn is_nested(&self, function: FunctionIndex) -> bool {
        let levels = self.env.plan.levels(function);
        if levels == 0 {
            return false;
        }
        let mut around = u32::from(self.here.compiled == function);
        let mut site = self.here.site;
        while let Some(InlineSiteRecord { function: inlined, parent, .. }) = self.sources.sites.get(site as usize) {
            around += u32::from(*inlined == function);
            site = *parent;
        }
        (1..=levels).contains(&around)
    }

    /// Whether the function that is being translated leaves no frame of its own where it ends in a tail call.
    pub(crate) fn is_tail(&self) -> bool {
        self.here.is_tail
    }

    /// Translates the body of `function` in the place of a call, whose arguments are on the operand stack; `is_tail` says whether it is a tail call.
    pub(crate) fn inline(&mut self, function: FunctionIndex, is_tail: bool) -> Result<(), CompileError> {
        let env = self.env;
        let missing = || CompileError::internal("a function to be inlined has no body");
        let inlinee = env.plan.inlinee(function).ok_or_else(missing)?;
        let ty = env.function_type(function);
        let arguments = self.pop_many_plain(ty.params.len());
        let target = self.block_with_params(&ty.results);
        // Behind a tail call the handlers of its function are gone.
        let scope = if is_tail { self.control[self.here.base].scope } else { self.scope() };
        let height = self.stack.len();
        self.control.push(Frame {
            kind: FrameKind::Inlined,
            height,
            cold: self.cold,
            scope,
            ..Frame::function(target, ty)
        });

        let place = self.here.place;
        let call = if is_tail { NONE } else { place };
        self.sources.sites.push(InlineSiteRecord { function, call, parent: self.here.site });
        let here = Here {
            compiled: self.here.compiled,
            site: self.sources.sites.len() as u32 - 1,
            base: self.control.len() - 1,
            is_tail: is_tail && self.here.is_tail,
            place,
            outer_locals: self.here.outer_locals + self.locals.len(),
        };
        let here = std::mem::replace(&mut self.here, here);
        let locals = std::mem::take(&mut self.locals);
        let ty = std::mem::replace(&mut self.ty, ty);
        let hints = std::mem::replace(&mut self.hints, Hints::new(inlinee.hints.clone()));
        let fuel = self.fuel_of_inlined(&inlinee.body);
        for (param, value) in self.ty.params.iter().zip(arguments) {
            let variable = self.declare_local(*param);
            self.builder.def_var(variable, value);
        }
        let mut validator =
            super::plan::copy(&inlinee.validator).into_validator(self.allocations.pop().unwrap_or_default());
        self.body(&mut validator, &inlinee.body).map_err(|error| error.in_function(|| env.function_name(function)))?;
        self.allocations.push(validator.into_allocations());

        (self.here, self.locals, self.ty, self.hints) = (here, locals, ty, hints);
        self.fuel_behind_inlined(fuel);
        self.mark(place, self.here.site);
        if is_tail && self.reachable {
            self.return_();
        }
        Ok(())
    }

    /// A tail call of `function` in a body that was called in the ordinary way.
    pub(crate) fn call_and_return(&mut self, function: FunctionIndex) -> Result<(), CompileError> {
        // To backtraces, only the call is there that the body stands in the place of.
        let sites = &self.sources.sites;
        let mut site = sites[self.here.site as usize];
        while site.call == NONE {
            site = sites[site.parent as usize];
        }
        self.mark(site.call, site.parent);
        // So it is to handlers.
        let around = self.control[self.here.base].scope;
        let inner = self.control.last_mut().map(|frame| std::mem::replace(&mut frame.scope, around));
        let called = self.call_out_of_line(function);
        if let (Some(frame), Some(inner)) = (self.control.last_mut(), inner) {
            frame.scope = inner;
        }
        called?;
        self.return_();
        Ok(())
    }
}
