//! The contract between Tancho's compiler and its runtime: types, layouts, the list of builtins, trap codes, the image
//! format, tunables. Data only: this crate knows no other of Tancho's, no file and no system call.

pub mod builtin;
pub mod catch;
pub mod debug;
pub mod image;
pub mod index;
pub mod module;
pub mod name;
pub mod object;
pub mod target;
pub mod trap;
pub mod tunables;
pub mod types;
mod view;
pub mod vmctx;

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))))]
compile_error!("Tancho runs on Linux on x86_64, aarch64 and riscv64; this target is none of these");
