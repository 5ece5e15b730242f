;; What traps: an instruction that faults by itself, one that is compared for, and no more than that.
;; also: aarch64 riscv64
(module
  (func (export "unreachable") unreachable)
  (func (export "divide") (param i32 i32) (result i32)
    (i32.div_s (local.get 0) (local.get 1)))
  (func (export "truncate") (param f64) (result i32)
    (i32.trunc_f64_s (local.get 0))))
