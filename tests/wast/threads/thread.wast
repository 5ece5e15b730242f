;; Shared memories between threads of a script, each with a store of its own; waits that are ended by another thread.

(module $mem
  (memory (export "shared") 1 4 shared)
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size))
  (func (export "load") (param i32) (result i32) (i32.atomic.load (local.get 0)))
  (func (export "plain") (param i32) (result i32) (i32.load (local.get 0))))

;; What one thread has stored before an atomic store, another sees after the atomic load that gave it.
(thread $writer (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 10 shared)
    (func (export "run")
      (i32.store (i32.const 0) (i32.const 42))
      (i32.atomic.store (i32.const 4) (i32.const 1))
      (drop (memory.atomic.notify (i32.const 4) (i32.const -1)))))
  (invoke "run"))

(thread $reader (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 4 shared)
    (func (export "run") (result i32)
      (loop $again
        (if (i32.eqz (i32.atomic.load (i32.const 4)))
          (then
            (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const -1)))
            (br $again))))
      (i32.load (i32.const 0))))
  (assert_return (invoke "run") (i32.const 42)))

(wait $writer)
(wait $reader)
(assert_return (invoke $mem "plain" (i32.const 0)) (i32.const 42))

;; A waiter is released by a notification alone: memory never changes.
(thread $waiter (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 4 shared)
    (func (export "wait32") (result i32)
      (memory.atomic.wait32 offset=8 (i32.const 8) (i32.const 0) (i64.const -9223372036854775808)))
    (func (export "wait64") (result i32)
      (memory.atomic.wait64 offset=8 (i32.const 16) (i64.const 0) (i64.const 9223372036854775807))))
  (assert_return (invoke "wait32") (i32.const 0))
  (assert_return (invoke "wait64") (i32.const 0)))

(thread $notifier (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 4 shared)
    (func (export "release") (param i32) (result i32)
      (local $released i32)
      (loop $again
        (local.set $released (memory.atomic.notify (local.get 0) (i32.const 1)))
        (br_if $again (i32.eqz (local.get $released))))
      (local.get $released)))
  (assert_return (invoke "release" (i32.const 16)) (i32.const 1))
  (assert_return (invoke "release" (i32.const 24)) (i32.const 1)))

(wait $waiter)
(wait $notifier)

;; Growth is seen by all.
(thread $grower (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 4 shared)
    (func (export "run") (result i32)
      (local $former i32)
      (local.set $former (memory.grow (i32.const 2)))
      (i32.atomic.store (i32.const 196604) (i32.const 7))
      (local.get $former)))
  (assert_return (invoke "run") (i32.const 1)))
(wait $grower)
(assert_return (invoke $mem "size") (i32.const 3))
(assert_return (invoke $mem "load" (i32.const 196604)) (i32.const 7))
(assert_trap (invoke $mem "load" (i32.const 196608)) "out of bounds memory access")
(assert_return (invoke $mem "grow" (i32.const 2)) (i32.const -1))
(assert_return (invoke $mem "grow" (i32.const 1)) (i32.const 3))

;; Two names for one memory.
(register "mem" $mem)
(module
  (memory $a (import "mem" "shared") 1 4 shared)
  (memory $b (import "mem" "shared") 1 4 shared)
  (func (export "run") (result i32)
    (i32.store $a (i32.const 64) (i32.const 5))
    (i32.store $b (i32.const 64) (i32.const 6))
    (i32.load $a (i32.const 64))))
(assert_return (invoke "run") (i32.const 6))

;; Types of imports.
(assert_unlinkable
  (module (memory (import "mem" "shared") 1 4))
  "incompatible import type")
(assert_unlinkable
  (module (memory (import "mem" "shared") 1 3 shared))
  "incompatible import type")
(assert_unlinkable
  (module (memory (import "mem" "shared") 5 6 shared))
  "incompatible import type")
(assert_invalid (module (memory 1 shared)) "shared memory must have maximum")

;; Waits that do not begin, end at once, or may not be.
(module
  (memory 1 1 shared)
  (data (i32.const 65528) "\01\00\00\00\02\00\00\00")
  (func (export "wait32") (param i32 i32 i64) (result i32)
    (memory.atomic.wait32 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "wait64") (param i32 i64 i64) (result i32)
    (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "far") (param i32) (result i32)
    (memory.atomic.wait32 offset=0xfffffffc (local.get 0) (i32.const 0) (i64.const 0)))
  (func (export "notify") (param i32 i32) (result i32)
    (memory.atomic.notify (local.get 0) (local.get 1))))
(assert_return (invoke "wait32" (i32.const 65528) (i32.const 1) (i64.const 0)) (i32.const 2))
(assert_return (invoke "wait32" (i32.const 65532) (i32.const 2) (i64.const 1)) (i32.const 2))
(assert_return (invoke "wait32" (i32.const 65532) (i32.const 1) (i64.const -1)) (i32.const 1))
(assert_return (invoke "wait64" (i32.const 65528) (i64.const 0x200000001) (i64.const 1000)) (i32.const 2))
(assert_return (invoke "wait64" (i32.const 65528) (i64.const 1) (i64.const -1)) (i32.const 1))
(assert_trap (invoke "wait32" (i32.const 65536) (i32.const 0) (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "wait32" (i32.const 65534) (i32.const 0) (i64.const 0)) "unaligned atomic")
(assert_trap (invoke "wait32" (i32.const 65538) (i32.const 0) (i64.const 0)) "unaligned atomic")
(assert_trap (invoke "wait64" (i32.const 65532) (i64.const 0) (i64.const 0)) "unaligned atomic")
(assert_trap (invoke "wait64" (i32.const 65536) (i64.const 0) (i64.const 0)) "out of bounds memory access")
(assert_trap (invoke "far" (i32.const 4)) "out of bounds memory access")
(assert_trap (invoke "far" (i32.const 5)) "unaligned atomic")
(assert_return (invoke "notify" (i32.const 65532) (i32.const -1)) (i32.const 0))
(assert_trap (invoke "notify" (i32.const 65536) (i32.const 0)) "out of bounds memory access")
(assert_trap (invoke "notify" (i32.const 65533) (i32.const 0)) "unaligned atomic")
(assert_trap (invoke "notify" (i32.const -1) (i32.const 0)) "unaligned atomic")

;; Without other threads.
(module
  (memory 1 1)
  (func (export "wait32") (param i32) (result i32)
    (memory.atomic.wait32 (local.get 0) (i32.const 1) (i64.const -1)))
  (func (export "wait64") (param i32) (result i32)
    (memory.atomic.wait64 (local.get 0) (i64.const 1) (i64.const -1)))
  (func (export "notify") (param i32) (result i32)
    (memory.atomic.notify (local.get 0) (i32.const -1)))
  (func (export "fence") (atomic.fence)))
(assert_trap (invoke "wait32" (i32.const 0)) "expected shared memory")
(assert_trap (invoke "wait64" (i32.const 0)) "expected shared memory")
(assert_trap (invoke "wait32" (i32.const 1)) "unaligned atomic")
(assert_trap (invoke "wait64" (i32.const 65536)) "out of bounds memory access")
(assert_return (invoke "notify" (i32.const 65532)) (i32.const 0))
(assert_trap (invoke "notify" (i32.const 65534)) "unaligned atomic")
(assert_trap (invoke "notify" (i32.const 65536)) "out of bounds memory access")
(assert_return (invoke "fence"))

;; Indexed by i64: the sum of index and offset has no end.
(module
  (memory i64 1 1 shared)
  (func (export "load") (param i64) (result i32) (i32.atomic.load (local.get 0)))
  (func (export "far") (param i64) (result i64) (i64.atomic.load offset=0xfffffffffffffff8 (local.get 0)))
  (func (export "odd") (param i64) (result i64) (i64.atomic.load offset=0xfffffffffffffff1 (local.get 0)))
  (func (export "wait") (param i64) (result i32)
    (memory.atomic.wait32 offset=0xfffffffffffffffc (local.get 0) (i32.const 0) (i64.const 0)))
  (func (export "near") (param i64) (result i32)
    (memory.atomic.wait32 (local.get 0) (i32.const 0) (i64.const 0)))
  (func (export "notify") (param i64) (result i32)
    (memory.atomic.notify offset=0xfffffffffffffffc (local.get 0) (i32.const 0)))
  (func (export "size") (result i64) (memory.size))
  (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0))))
(assert_return (invoke "load" (i64.const 65532)) (i32.const 0))
(assert_trap (invoke "load" (i64.const 65533)) "unaligned atomic")
(assert_trap (invoke "load" (i64.const 65536)) "out of bounds memory access")
(assert_trap (invoke "load" (i64.const -4)) "out of bounds memory access")
(assert_trap (invoke "load" (i64.const -3)) "unaligned atomic")
(assert_trap (invoke "far" (i64.const 8)) "out of bounds memory access")
(assert_trap (invoke "far" (i64.const 9)) "unaligned atomic")
(assert_trap (invoke "odd" (i64.const 16)) "unaligned atomic")
(assert_trap (invoke "odd" (i64.const 15)) "out of bounds memory access")
(assert_trap (invoke "wait" (i64.const 4)) "out of bounds memory access")
(assert_trap (invoke "wait" (i64.const 5)) "unaligned atomic")
(assert_trap (invoke "wait" (i64.const 0)) "out of bounds memory access")
(assert_return (invoke "near" (i64.const 65532)) (i32.const 2))
(assert_trap (invoke "notify" (i64.const 4)) "out of bounds memory access")
(assert_trap (invoke "notify" (i64.const 2)) "unaligned atomic")
(assert_return (invoke "size") (i64.const 1))
(assert_return (invoke "grow" (i64.const 1)) (i64.const -1))
(assert_return (invoke "grow" (i64.const -1)) (i64.const -1))
(assert_return (invoke "grow" (i64.const 0)) (i64.const 1))

;; Of the expected value of a narrow exchange the low bits count.
(module
  (memory 1 1 shared)
  (func (export "cmpxchg8") (param i32 i32 i32) (result i32)
    (i32.atomic.rmw8.cmpxchg_u (local.get 0) (local.get 1) (local.get 2)))
  (func (export "cmpxchg16") (param i32 i64 i64) (result i64)
    (i64.atomic.rmw16.cmpxchg_u (local.get 0) (local.get 1) (local.get 2)))
  (func (export "cmpxchg32") (param i32 i64 i64) (result i64)
    (i64.atomic.rmw32.cmpxchg_u (local.get 0) (local.get 1) (local.get 2)))
  (func (export "load") (param i32) (result i64) (i64.atomic.load (local.get 0))))
(assert_return (invoke "cmpxchg8" (i32.const 3) (i32.const 0x100) (i32.const -1)) (i32.const 0))
(assert_return (invoke "cmpxchg16" (i32.const 6) (i64.const 0xffff0000) (i64.const 0x12345)) (i64.const 0))
(assert_return (invoke "load" (i32.const 0)) (i64.const 0x23450000ff000000))
(assert_return (invoke "cmpxchg32" (i32.const 4) (i64.const 0x100000023450000) (i64.const -2)) (i64.const 0x23450000))
(assert_return (invoke "cmpxchg32" (i32.const 4) (i64.const 0x23450000) (i64.const 1)) (i64.const 0xfffffffe))
(assert_return (invoke "cmpxchg8" (i32.const 3) (i32.const 0) (i32.const 1)) (i32.const 0xff))
(assert_return (invoke "load" (i32.const 0)) (i64.const 0xfffffffeff000000))
