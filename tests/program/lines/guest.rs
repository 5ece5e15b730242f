#![no_std]
#![no_main]
// A guest with debug information: a trap in a function that was inlined twice, called by one that was not.

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[inline(always)]
fn divide(dividend: i32, divisor: i32) -> i32 {
    if divisor == 0 {
        core::arch::wasm32::unreachable()
    }
    dividend.wrapping_div(divisor)
}

#[inline(always)]
fn average(total: i32, count: i32) -> i32 {
    divide(total, count)
}

#[inline(never)]
fn report(total: i32, count: i32) -> i32 {
    average(total, count) + 1
}

#[unsafe(no_mangle)]
pub extern "C" fn run(count: i32) -> i32 {
    report(7, count) * 2
}
