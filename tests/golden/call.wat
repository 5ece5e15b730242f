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
;; | @0040                               v3 = iconst.i32 1
;; | @0042                               v4 = iadd v1, v3  ; v3 = 1
;; | @0043                               jump block1(v4)
;; |
;; |                                 block1(v2: i32):
;; | @0043                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  lea 1(%rsi),%eax
;;     7  mov %rbp,%rsp
;;     a  pop %rbp
;;     b  ret
;;
;; function 2
;; | function u0:2(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:1 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0048                               v3 = call fn0(v0, v1)
;; | @004a                               v4 = iconst.i32 3
;; | @004c                               v5 = imul v3, v4  ; v4 = 3
;; | @004d                               jump block1(v5)
;; |
;; |                                 block1(v2: i32):
;; | @004d                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  call 9
;;     9  imul $3,%eax
;;     c  mov %rbp,%rsp
;;     f  pop %rbp
;;    10  ret
;;
;; function 3
;; | function u0:3(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0052                               v3 = load.i64 notrap aligned readonly can_move v0+48
;; | @0052                               v4 = load.i64 notrap aligned readonly can_move v0+56
;; | @0052                               v5 = call_indirect sig0, v3(v4, v1)
;; | @0054                               v6 = iconst.i32 3
;; | @0056                               v7 = imul v5, v6  ; v6 = 3
;; | @0057                               jump block1(v7)
;; |
;; |                                 block1(v2: i32):
;; | @0057                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 0x30(%rdi),%r8
;;     8  mov 0x38(%rdi),%rdi
;;     c  call *%r8
;;     f  imul $3,%eax
;;    12  mov %rbp,%rsp
;;    15  pop %rbp
;;    16  ret
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
;;     8  bl #8
;;     c  mov w6, #3
;;    10  mul w2, w2, w6
;;    14  ldp x29, x30, [sp], #0x10
;;    18  ret
;;
;; function 3, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x7, [x2, #0x30]
;;     c  ldr x2, [x2, #0x38]
;;    10  blr x7
;;    14  mov w8, #3
;;    18  mul w2, w2, w8
;;    1c  ldp x29, x30, [sp], #0x10
;;    20  ret
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
;;    10  auipc ra, 0
;;    14  jalr ra
;;    18  addi a1, zero, 3
;;    1c  mulw a0, a0, a1
;;    20  ld ra, 8(sp)
;;    24  ld s0, 0(sp)
;;    28  addi sp, sp, 0x10
;;    2c  ret
;;
;; function 3, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  ld a2, 0x30(a0)
;;    14  ld a0, 0x38(a0)
;;    18  jalr a2
;;    1c  addi a1, zero, 3
;;    20  mulw a0, a0, a1
;;    24  ld ra, 8(sp)
;;    28  ld s0, 0(sp)
;;    2c  addi sp, sp, 0x10
;;    30  ret
