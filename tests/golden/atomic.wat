;; Atomic operators of a shared memory: alignment is asked for, bounds are left to the guard, the operation is one instruction where the
;; machine has one. The length comes from the head that all stores read.
;; also: aarch64 aarch64+has_lse riscv64
(module
  (memory 1 2 shared)
  (func (export "load") (param i32) (result i64)
    (i64.atomic.load offset=8 (local.get 0)))
  (func (export "store") (param i32 i32)
    (i32.atomic.store (local.get 0) (local.get 1)))
  (func (export "add") (param i32 i32) (result i32)
    (i32.atomic.rmw.add (local.get 0) (local.get 1)))
  (func (export "or") (param i32 i64) (result i64)
    (i64.atomic.rmw.or (local.get 0) (local.get 1)))
  (func (export "narrow") (param i32 i32) (result i32)
    (i32.atomic.rmw8.xchg_u (local.get 0) (local.get 1)))
  (func (export "cmpxchg") (param i32 i64 i64) (result i64)
    (i64.atomic.rmw.cmpxchg (local.get 0) (local.get 1) (local.get 2)))
  (func (export "narrow cmpxchg") (param i32 i32 i32) (result i32)
    (i32.atomic.rmw16.cmpxchg_u (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fence")
    (atomic.fence))
  (func (export "size") (result i32)
    (memory.size))
  (func (export "merged") (param i32) (result i32)
    ;; Of two plain loads one is made, of those on both sides of an atomic one both.
    (i32.add
      (i32.add (i32.load (local.get 0)) (i32.load (local.get 0)))
      (i32.add (i32.atomic.load (i32.const 0)) (i32.load (local.get 0))))))
