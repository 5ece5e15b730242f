//! The builtins by which compiled code makes objects and has the collector work.
//!
//! Called by compiled code: [`gc_room`] where the nursery is full, [`gc_allocate`] for what it does not make itself.

use super::entry::run;
use crate::gc::TypeInfo;
use crate::instance::Instance;
use tancho_abi::index::ObjectTypeIndex;
use tancho_abi::vmctx::VmContext;

/// What objects of type `ty` of the instance's module are known by.
///
/// # Panics
///
/// When that is no type of structures or arrays, which a broken compiler might ask for.
pub(super) fn info(instance: &Instance, ty: u32) -> *const TypeInfo {
    let record = &instance.code().view().types[ty as usize];
    let layout = instance.code().layout();
    assert!(record.object < layout.counts().object_types, "a type of structures or arrays");
    let place = instance.context.at::<*const TypeInfo>(layout.type_info(ObjectTypeIndex(record.object)));
    // SAFETY: instantiation has written it.
    unsafe { place.read() }
}

/// Makes room in the nursery for an object of `size` bytes. Collects.
///
/// # Safety
///
/// This and the other builtins: to be called by compiled code with its instance's context.
pub(super) unsafe extern "C" fn gc_room(vmctx: *mut VmContext, size: u32) {
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, (), |state, _| state.make_room(size)) }
}

/// A new object of type `ty` of the module, zero. Collects.
///
/// # Safety
///
/// As for [`gc_room`].
pub(super) unsafe extern "C" fn gc_allocate(vmctx: *mut VmContext, ty: u32, length: u32) -> u32 {
    // SAFETY: the caller is compiled code.
    unsafe {
        run(vmctx, 0, |state, id| {
            let info = info(&state.instances[id.position()], ty);
            state.allocate(info, length)
        })
    }
}

/// Collects the whole heap.
///
/// # Safety
///
/// As for [`gc_room`].
pub(super) unsafe extern "C" fn gc_collect(vmctx: *mut VmContext) {
    // SAFETY: the caller is compiled code.
    unsafe {
        run(vmctx, (), |state, _| {
            state.collect();
            Ok(())
        })
    }
}
