;; A shadow-stack pointer: given as a parameter, written through to the global, and read only behind what may leave another value.
;; also: aarch64 riscv64
(module
  (import "host" "f" (func $import))
  (global $sp (mut i32) (i32.const 65536))
  (memory 1)
  (func $framed (export "framed") (param i32) (result i32)
    (local $frame i32)
    (global.set $sp (local.tee $frame (i32.sub (global.get $sp) (i32.const 32))))
    (i32.store offset=12 (local.get $frame) (local.get 0))
    (local.set 0 (call $framed (i32.load offset=8 (local.get $frame))))
    (global.set $sp (i32.add (local.get $frame) (i32.const 32)))
    (local.get 0))
  (func $leaf (param i32) (result i32)
    (i32.add (local.get 0) (i32.const 1)))
  (func $passes_on (param i32) (result i32)
    (i32.add (call $framed (call $leaf (local.get 0))) (i32.const 1)))
  (func (export "outside") (result i32)
    (global.set $sp (i32.sub (global.get $sp) (i32.const 16)))
    (call $import)
    (global.set $sp (i32.add (global.get $sp) (i32.const 16)))
    (call $passes_on (i32.const 1))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 1 `framed`
;; | function u0:1(i64, i32, i32) -> i32 tail {
;; |     region0 = 1610612736 "Global(GlobalIndex(0))"
;; |     region1 = 1073741824 "Memory(MemoryIndex(0))"
;; |     sig0 = (i64, i32, i32) -> i32 tail
;; |     fn0 = colocated u0:1 sig0
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; |                                     v4 = iconst.i32 0
;; |                                     v5 = load.i32 user11 aligned v0-4
;; | @0058                               v6 = iconst.i32 32
;; | @005a                               v7 = isub v2, v6  ; v6 = 32
;; | @005d                               store notrap aligned region0 v7, v0+64
;; | @0063                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @0063                               v9 = uextend.i64 v7
;; | @0063                               v10 = iadd v8, v9
;; | @0063                               store user2 little region1 v1, v10+12
;; | @0068                               v11 = load.i64 notrap aligned readonly can_move v0+48
;; | @0068                               v12 = uextend.i64 v7
;; | @0068                               v13 = iadd v11, v12
;; | @0068                               v14 = load.i32 user2 little region1 v13+8
;; | @006b                               v15 = call fn0(v0, v14, v7)
;; | @0071                               v16 = iconst.i32 32
;; | @0073                               v17 = iadd v7, v16  ; v16 = 32
;; | @0074                               store notrap aligned region0 v17, v0+64
;; | @0078                               jump block1(v15)
;; |
;; |                                 block1(v3: i32):
;; | @0078                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x10,%rsp
;;     8  mov %rbx,(%rsp)
;;     c  mov %r12,8(%rsp)
;;    11  mov -4(%rdi),%r10d
;;    15  sub $0x20,%edx
;;    18  mov %edx,0x40(%rdi)
;;    1b  mov 0x30(%rdi),%r11
;;    1f  mov %rdi,%rbx
;;    22  mov %esi,0xC(%r11,%rdx)
;;    27  mov 8(%r11,%rdx),%esi
;;    2c  mov %rdx,%r12
;;    2f  call 0x0000000000000034
;;    34  lea 0x20(%r12),%ecx
;;    39  mov %ecx,0x40(%rbx)
;;    3c  mov (%rsp),%rbx
;;    40  mov 8(%rsp),%r12
;;    45  add $0x10,%rsp
;;    49  mov %rbp,%rsp
;;    4c  pop %rbp
;;    4d  ret
;;
;; function 2 `leaf`
;; | function u0:2(i64, i32) -> i32 tail {
;; |                                 block0(v0: i64, v1: i32):
;; | @007d                               v4 = iconst.i32 1
;; | @007f                               v5 = iadd v1, v4  ; v4 = 1
;; | @0080                               jump block1(v5)
;; |
;; |                                 block1(v2: i32):
;; | @0080                               return v2
;; | }
;;
;;     0  lea 1(%rsi),%eax
;;     3  ret
;;     4  int3
;;     5  int3
;;     6  int3
;;     7  int3
;;
;; function 3 `passes_on`
;; | function u0:3(i64, i32) -> i32 tail {
;; |     region0 = 1610612736 "Global(GlobalIndex(0))"
;; |     sig0 = (i64, i32) -> i32 tail
;; |     sig1 = (i64, i32, i32) -> i32 tail
;; |     fn0 = colocated u0:2 sig0
;; |     fn1 = colocated u0:1 sig1
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @0085                               v4 = call fn0(v0, v1)
;; | @0087                               v5 = load.i32 notrap aligned region0 v0+64
;; | @0087                               v6 = call fn1(v0, v4, v5)
;; | @0089                               v7 = iconst.i32 1
;; | @008b                               v8 = iadd v6, v7  ; v7 = 1
;; | @008c                               jump block1(v8)
;; |
;; |                                 block1(v2: i32):
;; | @008c                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x10,%rsp
;;     8  mov %r12,(%rsp)
;;     c  mov -4(%rdi),%r8d
;;    10  mov %rdi,%r12
;;    13  call 0x0000000000000018
;;    18  mov %rax,%rsi
;;    1b  mov 0x40(%r12),%edx
;;    20  mov %r12,%rdi
;;    23  call 0x0000000000000028
;;    28  add $1,%eax
;;    2e  mov (%rsp),%r12
;;    32  add $0x10,%rsp
;;    36  mov %rbp,%rsp
;;    39  pop %rbp
;;    3a  ret
;;
;; function 4
;; | function u0:4(i64, i32) -> i32 tail {
;; |     region0 = 1610612736 "Global(GlobalIndex(0))"
;; |     sig0 = (i64) tail
;; |     sig1 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:3 sig1
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @0091                               v4 = iconst.i32 16
;; | @0093                               v5 = isub v1, v4  ; v4 = 16
;; | @0094                               store notrap aligned region0 v5, v0+64
;; | @0096                               v6 = load.i64 notrap aligned readonly can_move v0+80
;; | @0096                               v7 = load.i64 notrap aligned readonly can_move v0+88
;; | @0096                               call_indirect sig0, v6(v7)
;; | @0096                               v8 = load.i32 notrap aligned region0 v0+64
;; | @009a                               v9 = iconst.i32 16
;; | @009c                               v10 = iadd v8, v9  ; v9 = 16
;; | @009d                               store notrap aligned region0 v10, v0+64
;; | @009f                               v11 = iconst.i32 1
;; | @00a1                               v12 = call fn0(v0, v11)  ; v11 = 1
;; | @00a3                               jump block1(v12)
;; |
;; |                                 block1(v2: i32):
;; | @00a3                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x10,%rsp
;;     8  mov %r12,(%rsp)
;;     c  mov %rdi,%r12
;;     f  mov -4(%rdi),%r9d
;;    13  sub $0x10,%esi
;;    16  mov %esi,0x40(%rdi)
;;    19  mov 0x50(%rdi),%r10
;;    1d  mov 0x58(%rdi),%rdi
;;    21  call *%r10
;;    24  mov %r12,%rdi
;;    27  addl $0x10,0x40(%rdi)
;;    2b  mov $1,%esi
;;    30  call 0x0000000000000035
;;    35  mov (%rsp),%r12
;;    39  add $0x10,%rsp
;;    3d  mov %rbp,%rsp
;;    40  pop %rbp
;;    41  ret
;;
;; function 1 `framed`, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  stp x19, x21, [sp, #-0x10]!
;;     c  ldur w12, [x2, #-4]
;;    10  sub w19, w4, #0x20
;;    14  str w19, [x2, #0x40]
;;    18  ldr x13, [x2, #0x30]
;;    1c  mov x21, x2
;;    20  add x13, x13, w19, uxtw
;;    24  ldr w14, [x13, #0xc]
;;    28  str w3, [x13, #0xc]
;;    2c  ldr w3, [x13, #8]
;;    30  mov x4, x19
;;    34  bl #0x34
;;    38  add w14, w19, #0x20
;;    3c  str w14, [x21, #0x40]
;;    40  ldp x19, x21, [sp], #0x10
;;    44  ldp x29, x30, [sp], #0x10
;;    48  ret
;;
;; function 2 `leaf`, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  add w2, w3, #1
;;     c  ldp x29, x30, [sp], #0x10
;;    10  ret
;;
;; function 3 `passes_on`, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  str x19, [sp, #-0x10]!
;;     c  ldur w8, [x2, #-4]
;;    10  mov x19, x2
;;    14  bl #0x14
;;    18  ldr w4, [x19, #0x40]
;;    1c  mov x3, x2
;;    20  mov x2, x19
;;    24  bl #0x24
;;    28  add w2, w2, #1
;;    2c  ldr x19, [sp], #0x10
;;    30  ldp x29, x30, [sp], #0x10
;;    34  ret
;;
;; function 4, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  str x19, [sp, #-0x10]!
;;     c  mov x19, x2
;;    10  ldur w11, [x2, #-4]
;;    14  sub w11, w3, #0x10
;;    18  str w11, [x2, #0x40]
;;    1c  ldr x12, [x2, #0x50]
;;    20  ldr x2, [x2, #0x58]
;;    24  blr x12
;;    28  mov x2, x19
;;    2c  ldr w13, [x2, #0x40]
;;    30  add w13, w13, #0x10
;;    34  str w13, [x2, #0x40]
;;    38  mov w3, #1
;;    3c  bl #0x3c
;;    40  ldr x19, [sp], #0x10
;;    44  ldp x29, x30, [sp], #0x10
;;    48  ret
;;
;; function 1 `framed`, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  addi sp, sp, -0x10
;;    14  sd s2, 8(sp)
;;    18  sd s9, 0(sp)
;;    1c  lw a4, -4(a0)
;;    20  addiw s2, a2, -0x20
;;    24  sw s2, 0x40(a0)
;;    28  ld a5, 0x30(a0)
;;    2c  mv s9, a0
;;    30  slli a4, s2, 0x20
;;    34  srli a0, a4, 0x20
;;    38  add a5, a5, a0
;;    3c  lw a0, 0xc(a5)
;;    40  sw a1, 0xc(a5)
;;    44  lw a1, 8(a5)
;;    48  mv a0, s9
;;    4c  mv a2, s2
;;    50  auipc ra, 0
;;    54  jalr ra
;;    58  addiw a1, s2, 0x20
;;    5c  sw a1, 0x40(s9)
;;    60  ld s2, 8(sp)
;;    64  ld s9, 0(sp)
;;    68  addi sp, sp, 0x10
;;    6c  ld ra, 8(sp)
;;    70  ld s0, 0(sp)
;;    74  addi sp, sp, 0x10
;;    78  ret
;;
;; function 2 `leaf`, riscv64
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
;; function 3 `passes_on`, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  addi sp, sp, -0x10
;;    14  sd s2, 8(sp)
;;    18  lw a2, -4(a0)
;;    1c  mv s2, a0
;;    20  auipc ra, 0
;;    24  jalr ra
;;    28  lw a2, 0x40(s2)
;;    2c  mv a1, a0
;;    30  mv a0, s2
;;    34  auipc ra, 0
;;    38  jalr ra
;;    3c  addiw a0, a0, 1
;;    40  ld s2, 8(sp)
;;    44  addi sp, sp, 0x10
;;    48  ld ra, 8(sp)
;;    4c  ld s0, 0(sp)
;;    50  addi sp, sp, 0x10
;;    54  ret
;;
;; function 4, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  addi sp, sp, -0x10
;;    14  sd s2, 8(sp)
;;    18  mv s2, a0
;;    1c  lw a2, -4(a0)
;;    20  addiw a1, a1, -0x10
;;    24  sw a1, 0x40(a0)
;;    28  ld a2, 0x50(a0)
;;    2c  ld a0, 0x58(a0)
;;    30  jalr a2
;;    34  mv a0, s2
;;    38  lw a3, 0x40(a0)
;;    3c  addiw a3, a3, 0x10
;;    40  sw a3, 0x40(a0)
;;    44  addi a1, zero, 1
;;    48  auipc ra, 0
;;    4c  jalr ra
;;    50  ld s2, 8(sp)
;;    54  addi sp, sp, 0x10
;;    58  ld ra, 8(sp)
;;    5c  ld s0, 0(sp)
;;    60  addi sp, sp, 0x10
;;    64  ret
