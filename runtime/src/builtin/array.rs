//! The builtins for arrays: `array.new_data`, `array.new_elem`, `array.init_data`, `array.init_elem`, `array.copy`.
//!
//! Called by compiled code. All bounds are checked before anything is made or written.

use super::entry::run;
use super::gc::info;
use super::table::{Items, items};
use crate::gc::TypeInfo;
use crate::id::InstanceId;
use crate::state::State;
use crate::table::within;
use tancho_abi::object::HEADER_SIZE;
use tancho_abi::trap::Trap;
use tancho_abi::vmctx::{VmContext, VmFuncRef};

/// An array that there is: where it stands, and what it is.
#[derive(Clone, Copy)]
struct Array {
    reference: u32,
    length: u32,
    start: u32,
    element_size: u32,
    /// Whether its elements can refer to objects.
    of_objects: bool,
}

impl Array {
    /// That of a reference.
    ///
    /// # Safety
    ///
    /// It is null, or one to an array.
    unsafe fn of(state: &State, reference: u32) -> Result<Array, Trap> {
        if reference == 0 {
            return Err(Trap::NullArrayReference);
        }
        // SAFETY: the caller says so.
        unsafe {
            let info: &TypeInfo = &*state.heap.info(reference);
            let length = state.heap.at(reference + HEADER_SIZE).cast::<u32>().read();
            let (start, element_size) = (info.vm.size, info.vm.element_size);
            Ok(Array { reference, length, start, element_size, of_objects: info.vm.reference_count != 0 })
        }
    }

    /// The address of element `index` of `length` ones, which are all there.
    fn elements(self, state: &State, index: u32, length: u32) -> Result<*mut u8, Trap> {
        within(index.into(), length.into(), self.length as usize).map_err(|_| Trap::ArrayOutOfBounds)?;
        let distance = self.start as usize + index as usize * self.element_size as usize;
        Ok(state.heap.at(self.reference).wrapping_add(distance))
    }

    /// Notes that `length` elements from `to` on have been written.
    fn note_written(self, state: &mut State, to: *const u8, length: u32) {
        if self.of_objects {
            let place = to.addr() - state.heap.base().addr();
            state.heap.set_cards(place, length as usize * self.element_size as usize);
        }
    }
}

/// The bytes of `length` elements from byte `source` on in a data segment.
fn data(state: &State, id: InstanceId, segment: u32, source: u32, length: u64) -> Result<&[u8], Trap> {
    let data = state.instances[id.position()].data(segment);
    let (start, length) = within(source.into(), length, data.len()).map_err(|_| Trap::MemoryOutOfBounds)?;
    Ok(&data[start..start + length])
}

/// A new array of the bytes of a data segment (§4.6.7 `array.new_data`).
///
/// # Safety
///
/// This and the other builtins: to be called by compiled code with its instance's context.
pub(super) unsafe extern "C" fn array_new_data(
    vmctx: *mut VmContext,
    ty: u32,
    segment: u32,
    source: u32,
    length: u32,
) -> u32 {
    let work = |state: &mut State, id: InstanceId| {
        let info = info(&state.instances[id.position()], ty);
        // SAFETY: types live as long as the store.
        let bytes = u64::from(length) * u64::from(unsafe { (*info).vm.element_size });
        data(state, id, segment, source, bytes)?;
        // SAFETY: the type is this store's, and one of arrays.
        let reference = unsafe { state.allocate(info, length) }?;
        // SAFETY: the array has just been made.
        let array = unsafe { Array::of(state, reference) }?;
        let (to, from) = (array.elements(state, 0, length)?, data(state, id, segment, source, bytes)?);
        // SAFETY: the array has room for as many bytes.
        unsafe { to.copy_from_nonoverlapping(from.as_ptr(), from.len()) };
        Ok(reference)
    };
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, 0, work) }
}

/// A new array of items of an element segment (§4.6.7 `array.new_elem`).
///
/// # Safety
///
/// As for [`array_new_data`].
pub(super) unsafe extern "C" fn array_new_elem(
    vmctx: *mut VmContext,
    ty: u32,
    segment: u32,
    source: u32,
    length: u32,
) -> u32 {
    let work = |state: &mut State, id: InstanceId| {
        items(&state.instances[id.position()], segment).range(source, length)?;
        let info = info(&state.instances[id.position()], ty);
        // SAFETY: the type is this store's, and one of arrays.
        let reference = unsafe { state.allocate(info, length) }?;
        // SAFETY: the array has just been made, of elements of the kind of the segment's.
        unsafe { write_items(state, id, (reference, 0), segment, source, length) }?;
        Ok(reference)
    };
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, 0, work) }
}

/// `array.init_data`.
///
/// # Safety
///
/// As for [`array_new_data`]; `array` is null or an array.
pub(super) unsafe extern "C" fn array_init_data(
    vmctx: *mut VmContext,
    segment: u32,
    array: u32,
    target: u32,
    source: u32,
    length: u32,
) {
    let work = |state: &mut State, id: InstanceId| {
        // SAFETY: the caller says so.
        let array = unsafe { Array::of(state, array) }?;
        let to = array.elements(state, target, length)?;
        let from = data(state, id, segment, source, u64::from(length) * u64::from(array.element_size))?;
        // SAFETY: the array has as many bytes there.
        unsafe { to.copy_from_nonoverlapping(from.as_ptr(), from.len()) };
        Ok(())
    };
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, (), work) }
}

/// `array.init_elem`.
///
/// # Safety
///
/// As for [`array_init_data`].
pub(super) unsafe extern "C" fn array_init_elem(
    vmctx: *mut VmContext,
    segment: u32,
    array: u32,
    target: u32,
    source: u32,
    length: u32,
) {
    // SAFETY: the caller is compiled code, and has an array of elements of the kind of the segment's.
    unsafe { run(vmctx, (), |state, id| write_items(state, id, (array, target), segment, source, length)) }
}

/// Writes `length` items of an element segment from `source` on to an array, from element `target` on.
///
/// # Safety
///
/// The array is null or one of elements of the kind of the segment's.
unsafe fn write_items(
    state: &mut State,
    id: InstanceId,
    (reference, target): (u32, u32),
    segment: u32,
    source: u32,
    length: u32,
) -> Result<(), Trap> {
    // SAFETY: the caller says so.
    let array = unsafe { Array::of(state, reference) }?;
    let to = array.elements(state, target, length)?;
    let instance = &state.instances[id.position()];
    let items = items(instance, segment);
    let range = items.range(source, length)?;
    // SAFETY: the array has as many elements there, of this size.
    unsafe {
        match items {
            Items::References(references) => {
                to.cast::<u32>().copy_from_nonoverlapping(references[range].as_ptr(), length as usize);
            }
            Items::Functions(_) => {
                for (place, function) in items.functions(instance, range).enumerate() {
                    to.cast::<*mut VmFuncRef>().add(place).write(function);
                }
            }
        }
    }
    array.note_written(state, to, length);
    Ok(())
}

/// `array.copy`.
///
/// # Safety
///
/// As for [`array_new_data`]; both are null or arrays, and the elements of one are as large as those of the other.
pub(super) unsafe extern "C" fn array_copy(
    vmctx: *mut VmContext,
    target: u32,
    target_start: u32,
    source: u32,
    source_start: u32,
    length: u32,
) {
    let work = |state: &mut State, _| {
        // SAFETY: the caller says so.
        let (target, source) = unsafe { (Array::of(state, target)?, Array::of(state, source)?) };
        let to = target.elements(state, target_start, length)?;
        let from = source.elements(state, source_start, length)?;
        // SAFETY: both arrays have as many elements there, of the same size; they may overlap.
        unsafe { from.copy_to(to, length as usize * target.element_size as usize) };
        target.note_written(state, to, length);
        Ok(())
    };
    // SAFETY: the caller is compiled code.
    unsafe { run(vmctx, (), work) }
}
