;; A direct call is relative; an imported function is reached through the vmctx, with its own context.
;; also: aarch64 riscv64
(module
  (import "host" "f" (func $import (param i32) (result i32)))
  (func $callee (param i32) (result i32)
    (i32.add (local.get 0) (i32.const 1)))
  (func (export "direct") (param i32) (result i32)
    (i32.mul (call $callee (local.get 0)) (i32.const 3)))
  (func (export "imported") (param i32) (result i32)
    (i32.mul (call $import (local.get 0)) (i32.const 3))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 1 `callee`
;; | function u0:1(i64, i32) -> i32 tail {
;; |                                 block0(v0: i64, v1: i32):
;; | @0040                               v4 = iconst.i32 1
;; | @0042                               v5 = iadd v1, v4  ; v4 = 1
;; | @0043                               jump block1(v5)
;; |
;; |                                 block1(v2: i32):
;; | @0043                               return v2
;; | }
;;
;;     0  lea 1(%rsi),%eax
;;     3  ret
;;     4  int3
;;     5  int3
;;     6  int3
;;     7  int3
;;
;; function 2
;; | function u0:2(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:1 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @0048                               v4 = call fn0(v0, v1)
;; | @004a                               v5 = iconst.i32 3
;; | @004c                               v6 = imul v4, v5  ; v5 = 3
;; | @004d                               jump block1(v6)
;; |
;; |                                 block1(v2: i32):
;; | @004d                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%r8d
;;     8  call 0x000000000000000D
;;     d  imul $3,%eax
;;    10  mov %rbp,%rsp
;;    13  pop %rbp
;;    14  ret
;;
;; function 3
;; | function u0:3(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @0052                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @0052                               v5 = load.i64 notrap aligned readonly can_move v0+56
;; | @0052                               v6 = call_indirect sig0, v4(v5, v1)
;; | @0054                               v7 = iconst.i32 3
;; | @0056                               v8 = imul v6, v7  ; v7 = 3
;; | @0057                               jump block1(v8)
;; |
;; |                                 block1(v2: i32):
;; | @0057                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%r8d
;;     8  mov 0x30(%rdi),%r8
;;     c  mov 0x38(%rdi),%rdi
;;    10  call *%r8
;;    13  imul $3,%eax
;;    16  mov %rbp,%rsp
;;    19  pop %rbp
;;    1a  ret
;;
;; function 1 `callee`, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  add w2, w3, #1
;;     c  ldp x29, x30, [sp], #0x10
;;    10  ret
;;
;; function 2, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldur w7, [x2, #-4]
;;     c  bl #0xc
;;    10  mov w8, #3
;;    14  mul w2, w2, w8
;;    18  ldp x29, x30, [sp], #0x10
;;    1c  ret
;;
;; function 3, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldur w9, [x2, #-4]
;;     c  ldr x9, [x2, #0x30]
;;    10  ldr x2, [x2, #0x38]
;;    14  blr x9
;;    18  mov w10, #3
;;    1c  mul w2, w2, w10
;;    20  ldp x29, x30, [sp], #0x10
;;    24  ret
;;
;; function 1 `callee`, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  addiw a0, a1, 1
;;    14  ld ra, 8(sp)
;;    18  ld s0, 0(sp)
;;    1c  addi sp, sp, 0x10
;;    20  ret
;;
;; function 2, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  lw a2, -4(a0)
;;    14  auipc ra, 0
;;    18  jalr ra
;;    1c  addi a1, zero, 3
;;    20  mulw a0, a0, a1
;;    24  ld ra, 8(sp)
;;    28  ld s0, 0(sp)
;;    2c  addi sp, sp, 0x10
;;    30  ret
;;
;; function 3, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  lw a2, -4(a0)
;;    14  ld a2, 0x30(a0)
;;    18  ld a0, 0x38(a0)
;;    1c  jalr a2
;;    20  addi a1, zero, 3
;;    24  mulw a0, a0, a1
;;    28  ld ra, 8(sp)
;;    2c  ld s0, 0(sp)
;;    30  addi sp, sp, 0x10
;;    34  ret
