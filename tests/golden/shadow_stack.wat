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
;;    11  mov %rdx,%r12
;;    14  mov -4(%rdi),%r9d
;;    18  mov %r12,%rax
;;    1b  mov %rax,%rdx
;;    1e  sub $0x20,%edx
;;    21  mov %edx,0x40(%rdi)
;;    24  mov 0x30(%rdi),%r10
;;    28  mov %rdi,%rbx
;;    2b  mov %esi,0xC(%r10,%rdx)
;;    30  mov 8(%r10,%rdx),%esi
;;    35  call 0x000000000000003A
;;    3a  mov %r12,%rdx
;;    3d  mov %edx,0x40(%rbx)
;;    40  mov (%rsp),%rbx
;;    44  mov 8(%rsp),%r12
;;    49  add $0x10,%rsp
;;    4d  mov %rbp,%rsp
;;    50  pop %rbp
;;    51  ret
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
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  lea 1(%rsi),%eax
;;     7  mov %rbp,%rsp
;;     a  pop %rbp
;;     b  ret
;;
;; function 3 `passes_on`
;; | function u0:3(i64, i32, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     sig1 = (i64, i32, i32) -> i32 tail
;; |     fn0 = colocated u0:2 sig0
;; |     fn1 = colocated u0:1 sig1
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; |                                     v4 = load.i32 user11 aligned v0-4
;; | @0085                               v5 = call fn0(v0, v1)
;; | @0087                               v6 = call fn1(v0, v5, v2)
;; | @0089                               v7 = iconst.i32 1
;; | @008b                               v8 = iadd v6, v7  ; v7 = 1
;; | @008c                               jump block1(v8)
;; |
;; |                                 block1(v3: i32):
;; | @008c                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x10,%rsp
;;     8  mov %r12,(%rsp)
;;     c  mov %r13,8(%rsp)
;;    11  mov %rdx,%r12
;;    14  mov -4(%rdi),%r8d
;;    18  mov %rdi,%r13
;;    1b  call 0x0000000000000020
;;    20  mov %r12,%rdx
;;    23  mov %rax,%rsi
;;    26  mov %r13,%rdi
;;    29  call 0x000000000000002E
;;    2e  add $1,%eax
;;    34  mov (%rsp),%r12
;;    38  mov 8(%rsp),%r13
;;    3d  add $0x10,%rsp
;;    41  mov %rbp,%rsp
;;    44  pop %rbp
;;    45  ret
;;
;; function 4
;; | function u0:4(i64, i32) -> i32 tail {
;; |     region0 = 1610612736 "Global(GlobalIndex(0))"
;; |     sig0 = (i64) tail
;; |     sig1 = (i64, i32, i32) -> i32 tail
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
;; | @00a1                               v12 = call fn0(v0, v11, v10)  ; v11 = 1
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
;;     f  mov -4(%rdi),%r11d
;;    13  sub $0x10,%esi
;;    16  mov %esi,0x40(%rdi)
;;    19  mov 0x50(%rdi),%rax
;;    1d  mov 0x58(%rdi),%rdi
;;    21  call *%rax
;;    23  mov %r12,%rdi
;;    26  mov 0x40(%rdi),%eax
;;    29  lea 0x10(%rax),%edx
;;    2c  mov %edx,0x40(%rdi)
;;    2f  mov $1,%esi
;;    34  call 0x0000000000000039
;;    39  mov (%rsp),%r12
;;    3d  add $0x10,%rsp
;;    41  mov %rbp,%rsp
;;    44  pop %rbp
;;    45  ret
;;
;; function 1 `framed`, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  stp x19, x22, [sp, #-0x10]!
;;     c  mov x19, x4
;;    10  ldur w11, [x2, #-4]
;;    14  mov x0, x19
;;    18  sub w4, w0, #0x20
;;    1c  str w4, [x2, #0x40]
;;    20  ldr x12, [x2, #0x30]
;;    24  mov x22, x2
;;    28  add x12, x12, w4, uxtw
;;    2c  ldr w13, [x12, #0xc]
;;    30  str w3, [x12, #0xc]
;;    34  ldr w3, [x12, #8]
;;    38  bl #0x38
;;    3c  mov x4, x19
;;    40  str w4, [x22, #0x40]
;;    44  ldp x19, x22, [sp], #0x10
;;    48  ldp x29, x30, [sp], #0x10
;;    4c  ret
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
;;     8  stp x19, x20, [sp, #-0x10]!
;;     c  mov x19, x4
;;    10  ldur w8, [x2, #-4]
;;    14  mov x20, x2
;;    18  bl #0x18
;;    1c  mov x4, x19
;;    20  mov x3, x2
;;    24  mov x2, x20
;;    28  bl #0x28
;;    2c  add w2, w2, #1
;;    30  ldp x19, x20, [sp], #0x10
;;    34  ldp x29, x30, [sp], #0x10
;;    38  ret
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
;;    30  add w4, w13, #0x10
;;    34  str w4, [x2, #0x40]
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
;;    18  sd s10, 0(sp)
;;    1c  lw a3, -4(a0)
;;    20  addiw a3, a2, -0x20
;;    24  mv s2, a2
;;    28  sw a3, 0x40(a0)
;;    2c  ld a4, 0x30(a0)
;;    30  mv s10, a0
;;    34  slli a5, a3, 0x20
;;    38  srli a5, a5, 0x20
;;    3c  add a4, a4, a5
;;    40  lw a5, 0xc(a4)
;;    44  sw a1, 0xc(a4)
;;    48  lw a1, 8(a4)
;;    4c  mv a2, a3
;;    50  auipc ra, 0
;;    54  jalr ra
;;    58  mv a2, s2
;;    5c  sw a2, 0x40(s10)
;;    60  ld s2, 8(sp)
;;    64  ld s10, 0(sp)
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
;;    14  sd s1, 8(sp)
;;    18  sd s2, 0(sp)
;;    1c  mv s1, a2
;;    20  lw a2, -4(a0)
;;    24  mv s2, a0
;;    28  auipc ra, 0
;;    2c  jalr ra
;;    30  mv a2, s1
;;    34  mv a1, a0
;;    38  mv a0, s2
;;    3c  auipc ra, 0
;;    40  jalr ra
;;    44  addiw a0, a0, 1
;;    48  ld s1, 8(sp)
;;    4c  ld s2, 0(sp)
;;    50  addi sp, sp, 0x10
;;    54  ld ra, 8(sp)
;;    58  ld s0, 0(sp)
;;    5c  addi sp, sp, 0x10
;;    60  ret
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
;;    3c  addiw a2, a3, 0x10
;;    40  sw a2, 0x40(a0)
;;    44  addi a1, zero, 1
;;    48  auipc ra, 0
;;    4c  jalr ra
;;    50  ld s2, 8(sp)
;;    54  addi sp, sp, 0x10
;;    58  ld ra, 8(sp)
;;    5c  ld s0, 0(sp)
;;    60  addi sp, sp, 0x10
;;    64  ret
