;; Indirect calls through tables whose entries are known: no comparison of contexts, and of types only where they differ; a direct call
;; where one function is left.
;; also: aarch64 riscv64
(module
  (type $t (func (param i32) (result i32)))
  (type $other (func (param i64) (result i64)))
  (func $a (param i32) (result i32) (local.get 0))
  (func $b (param i32) (result i32) (i32.const 1))
  (func $c (param i64) (result i64) (local.get 0))
  (table $mixed 4 4 funcref)
  (elem (table $mixed) (i32.const 1) func $a $b $c)
  (table $uniform 2 4 funcref)
  (elem (table $uniform) (i32.const 0) func $a $b)
  (func (export "mixed") (param i32 i32) (result i32)
    (i32.add (call_indirect $mixed (type $t) (local.get 0) (local.get 1)) (i32.const 1)))
  (func (export "uniform") (param i32 i32) (result i32)
    (return_call_indirect $uniform (type $t) (local.get 0) (local.get 1)))
  (func (export "only") (param i64 i32) (result i64)
    (i64.add (call_indirect $mixed (type $other) (local.get 0) (local.get 1)) (i64.const 1)))
  (func (export "constant") (param i32) (result i32)
    (i32.add (call_indirect $mixed (type $t) (local.get 0) (i32.const 2)) (i32.const 1))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0 `a`
;; | function u0:0(i64, i32) -> i32 tail {
;; |                                 block0(v0: i64, v1: i32):
;; | @007a                               jump block1(v1)
;; |
;; |                                 block1(v2: i32):
;; | @007a                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %rsi,%rax
;;     7  mov %rbp,%rsp
;;     a  pop %rbp
;;     b  ret
;;
;; function 1 `b`
;; | function u0:1(i64, i32) -> i32 tail {
;; |                                 block0(v0: i64, v1: i32):
;; | @007d                               v4 = iconst.i32 1
;; | @007f                               jump block1(v4)  ; v4 = 1
;; |
;; |                                 block1(v2: i32):
;; | @007f                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov $1,%eax
;;     9  mov %rbp,%rsp
;;     c  pop %rbp
;;     d  ret
;;
;; function 2 `c`
;; | function u0:2(i64, i64) -> i64 tail {
;; |                                 block0(v0: i64, v1: i64):
;; | @0084                               jump block1(v1)
;; |
;; |                                 block1(v2: i64):
;; | @0084                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %rsi,%rax
;;     7  mov %rbp,%rsp
;;     a  pop %rbp
;;     b  ret
;;
;; function 3
;; | function u0:3(i64, i32, i32) -> i32 tail {
;; |     region0 = 1342177280 "Table(TableIndex(0))"
;; |     sig0 = (i64, i32) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; |                                     v4 = load.i32 user11 aligned v0-4
;; | @008b                               v5 = uextend.i64 v2
;; | @008b                               v6 = iconst.i64 4
;; | @008b                               v7 = icmp uge v5, v6  ; v6 = 4
;; | @008b                               trapnz v7, user3
;; | @008b                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @008b                               v9 = iconst.i64 5
;; | @008b                               v10 = ishl v5, v9  ; v9 = 5
;; | @008b                               v11 = iadd v8, v10
;; | @008b                               v12 = select_spectre_guard v7, v8, v11
;; | @008b                               v13 = load.i64 notrap aligned readonly can_move v0+24
;; | @008b                               v14 = load.i32 notrap aligned readonly can_move v13
;; | @008b                               v15 = load.i32 notrap aligned region0 v12
;; | @008b                               v16 = icmp eq v15, v14
;; | @008b                               brif v16, block2, block3
;; |
;; |                                 block3 cold:
;; | @008b                               trapz.i32 v15, user4
;; | @008b                               trap user5
;; |
;; |                                 block2:
;; | @008b                               v17 = load.i64 notrap aligned region0 v12+16
;; | @008b                               v18 = call_indirect sig0, v17(v0, v1)
;; | @008e                               v19 = iconst.i32 1
;; | @0090                               v20 = iadd v18, v19  ; v19 = 1
;; | @0091                               jump block1(v20)
;; |
;; |                                 block1(v3: i32):
;; | @0091                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%eax
;;     7  mov %edx,%ecx
;;     9  cmp $4,%rcx
;;     d  jae 0x0000000000000054
;;    13  mov 0x30(%rdi),%rdx
;;    17  mov %rcx,%rax
;;    1a  shl $5,%rax
;;    1e  add %rdx,%rax
;;    21  cmp $4,%rcx
;;    25  cmovae %rdx,%rax
;;    29  mov (%rax),%ecx
;;    2b  mov 0x18(%rdi),%rdx
;;    2f  mov (%rdx),%edx
;;    31  cmp %edx,%ecx
;;    33  jne 0x000000000000004A
;;    39  mov 0x10(%rax),%rax
;;    3d  call *%rax
;;    3f  add $1,%eax
;;    45  mov %rbp,%rsp
;;    48  pop %rbp
;;    49  ret
;;    4a  test %ecx,%ecx
;;    4c  je 0x0000000000000056
;;    52  hlt
;;    53  nop
;;    54  hlt
;;    55  nop
;;    56  hlt
;;    57  nop
;;
;; function 4
;; | function u0:4(i64, i32, i32) -> i32 tail {
;; |     region0 = 1342177281 "Table(TableIndex(1))"
;; |     sig0 = (i64, i32) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; |                                     v4 = load.i32 user11 aligned v0-4
;; | @0098                               v5 = uextend.i64 v2
;; | @0098                               v6 = iconst.i64 2
;; | @0098                               v7 = icmp uge v5, v6  ; v6 = 2
;; | @0098                               trapnz v7, user3
;; | @0098                               v8 = load.i64 notrap aligned readonly can_move v0+72
;; | @0098                               v9 = iconst.i64 5
;; | @0098                               v10 = ishl v5, v9  ; v9 = 5
;; | @0098                               v11 = iadd v8, v10
;; | @0098                               v12 = select_spectre_guard v7, v8, v11
;; | @0098                               v13 = load.i64 notrap aligned region0 v12+16
;; | @0098                               return_call_indirect sig0, v13(v0, v1)
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%eax
;;     7  mov %edx,%eax
;;     9  cmp $2,%rax
;;     d  jae 0x0000000000000034
;;    13  mov 0x48(%rdi),%rcx
;;    17  mov %rax,%rdx
;;    1a  shl $5,%rdx
;;    1e  add %rcx,%rdx
;;    21  cmp $2,%rax
;;    25  cmovae %rcx,%rdx
;;    29  mov 0x10(%rdx),%r10
;;    2d  mov %rbp,%rsp
;;    30  pop %rbp
;;    31  jmp *%r10
;;    34  hlt
;;    35  nop
;;
;; function 5
;; | function u0:5(i64, i64, i32) -> i64 tail {
;; |     region0 = 1342177280 "Table(TableIndex(0))"
;; |     sig0 = (i64, i64) -> i64 tail
;; |     fn0 = colocated u0:2 sig0
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32):
;; |                                     v4 = load.i32 user11 aligned v0-4
;; | @00a2                               v5 = uextend.i64 v2
;; | @00a2                               v6 = iconst.i64 4
;; | @00a2                               v7 = icmp uge v5, v6  ; v6 = 4
;; | @00a2                               trapnz v7, user3
;; | @00a2                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @00a2                               v9 = iconst.i64 5
;; | @00a2                               v10 = ishl v5, v9  ; v9 = 5
;; | @00a2                               v11 = iadd v8, v10
;; | @00a2                               v12 = select_spectre_guard v7, v8, v11
;; | @00a2                               v13 = load.i64 notrap aligned readonly can_move v0+24
;; | @00a2                               v14 = load.i32 notrap aligned readonly can_move v13+4
;; | @00a2                               v15 = load.i32 notrap aligned region0 v12
;; | @00a2                               v16 = icmp eq v15, v14
;; | @00a2                               brif v16, block2, block3
;; |
;; |                                 block3 cold:
;; | @00a2                               trapz.i32 v15, user4
;; | @00a2                               trap user5
;; |
;; |                                 block2:
;; | @00a2                               v17 = call fn0(v0, v1)
;; | @00a5                               v18 = iconst.i64 1
;; | @00a7                               v19 = iadd v17, v18  ; v18 = 1
;; | @00a8                               jump block1(v19)
;; |
;; |                                 block1(v3: i64):
;; | @00a8                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%eax
;;     7  mov %edx,%eax
;;     9  cmp $4,%rax
;;     d  jae 0x0000000000000055
;;    13  mov 0x30(%rdi),%rcx
;;    17  mov %rax,%rdx
;;    1a  shl $5,%rdx
;;    1e  add %rcx,%rdx
;;    21  cmp $4,%rax
;;    25  cmovae %rcx,%rdx
;;    29  mov (%rdx),%eax
;;    2b  mov 0x18(%rdi),%rcx
;;    2f  mov 4(%rcx),%ecx
;;    32  cmp %ecx,%eax
;;    34  jne 0x000000000000004B
;;    3a  call 0x000000000000003F
;;    3f  add $1,%rax
;;    46  mov %rbp,%rsp
;;    49  pop %rbp
;;    4a  ret
;;    4b  test %eax,%eax
;;    4d  je 0x0000000000000057
;;    53  hlt
;;    54  nop
;;    55  hlt
;;    56  nop
;;    57  hlt
;;    58  nop
;;
;; function 6
;; | function u0:6(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:1 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @00ad                               v4 = iconst.i32 2
;; | @00af                               v5 = call fn0(v0, v1)
;; | @00b2                               v6 = iconst.i32 1
;; | @00b4                               v7 = iadd v5, v6  ; v6 = 1
;; | @00b5                               jump block1(v7)
;; |
;; |                                 block1(v2: i32):
;; | @00b5                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%r8d
;;     8  call 0x000000000000000D
;;     d  add $1,%eax
;;    13  mov %rbp,%rsp
;;    16  pop %rbp
;;    17  ret
;;
;; function 0 `a`, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mov x2, x3
;;     c  ldp x29, x30, [sp], #0x10
;;    10  ret
;;
;; function 1 `b`, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mov w2, #1
;;     c  ldp x29, x30, [sp], #0x10
;;    10  ret
;;
;; function 2 `c`, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mov x2, x3
;;     c  ldp x29, x30, [sp], #0x10
;;    10  ret
;;
;; function 3, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldur w15, [x2, #-4]
;;     c  mov w15, w4
;;    10  cmp x15, #4
;;    14  b.hs #0x58
;;    18  ldr x0, [x2, #0x30]
;;    1c  add x1, x0, x15, lsl #5
;;    20  cmp x15, #4
;;    24  csel x0, x0, x1, hs
;;    28  ldr w1, [x0]
;;    2c  ldr x4, [x2, #0x18]
;;    30  ldr w4, [x4]
;;    34  cmp w1, w4
;;    38  b.ne #0x50
;;    3c  ldr x0, [x0, #0x10]
;;    40  blr x0
;;    44  add w2, w2, #1
;;    48  ldp x29, x30, [sp], #0x10
;;    4c  ret
;;    50  cbz w1, #0x5c
;;    54  udf #0xc11f
;;    58  udf #0xc11f
;;    5c  udf #0xc11f
;;
;; function 4, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldur w10, [x2, #-4]
;;     c  mov w10, w4
;;    10  cmp x10, #2
;;    14  b.hs #0x34
;;    18  ldr x12, [x2, #0x48]
;;    1c  add x13, x12, x10, lsl #5
;;    20  cmp x10, #2
;;    24  csel x13, x12, x13, hs
;;    28  ldr x1, [x13, #0x10]
;;    2c  ldp x29, x30, [sp], #0x10
;;    30  br x1
;;    34  udf #0xc11f
;;
;; function 5, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldur w14, [x2, #-4]
;;     c  mov w14, w4
;;    10  cmp x14, #4
;;    14  b.hs #0x54
;;    18  ldr x0, [x2, #0x30]
;;    1c  add x1, x0, x14, lsl #5
;;    20  cmp x14, #4
;;    24  csel x0, x0, x1, hs
;;    28  ldr w0, [x0]
;;    2c  ldr x1, [x2, #0x18]
;;    30  ldr w1, [x1, #4]
;;    34  cmp w0, w1
;;    38  b.ne #0x4c
;;    3c  bl #0x3c
;;    40  add x2, x2, #1
;;    44  ldp x29, x30, [sp], #0x10
;;    48  ret
;;    4c  cbz w0, #0x58
;;    50  udf #0xc11f
;;    54  udf #0xc11f
;;    58  udf #0xc11f
;;
;; function 6, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldur w6, [x2, #-4]
;;     c  bl #0xc
;;    10  add w2, w2, #1
;;    14  ldp x29, x30, [sp], #0x10
;;    18  ret
;;
;; function 0 `a`, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  mv a0, a1
;;    14  ld ra, 8(sp)
;;    18  ld s0, 0(sp)
;;    1c  addi sp, sp, 0x10
;;    20  ret
;;
;; function 1 `b`, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  addi a0, zero, 1
;;    14  ld ra, 8(sp)
;;    18  ld s0, 0(sp)
;;    1c  addi sp, sp, 0x10
;;    20  ret
;;
;; function 2 `c`, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  mv a0, a1
;;    14  ld ra, 8(sp)
;;    18  ld s0, 0(sp)
;;    1c  addi sp, sp, 0x10
;;    20  ret
;;
;; function 3, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  lw a3, -4(a0)
;;    14  slli a2, a2, 0x20
;;    18  srli a2, a2, 0x20
;;    1c  addi a4, zero, 4
;;    20  sltiu a3, a2, 4
;;    24  xori a3, a3, 1
;;    28  bltu a2, a4, 8
;;    2c  c.unimp
;;    2e  c.unimp
;;    30  ld a4, 0x30(a0)
;;    34  slli a2, a2, 5
;;    38  add a2, a4, a2
;;    3c  neg a5, a3
;;    40  and a3, a5, a4
;;    44  not a4, a5
;;    48  and a2, a2, a4
;;    4c  or a2, a3, a2
;;    50  lw a3, 0(a2)
;;    54  ld a4, 0x18(a0)
;;    58  lw a4, 0(a4)
;;    5c  sext.w a5, a3
;;    60  sext.w a4, a4
;;    64  bne a5, a4, 0x20
;;    68  ld a2, 0x10(a2)
;;    6c  jalr a2
;;    70  addiw a0, a0, 1
;;    74  ld ra, 8(sp)
;;    78  ld s0, 0(sp)
;;    7c  addi sp, sp, 0x10
;;    80  ret
;;    84  sext.w a0, a3
;;    88  bnez a0, 8
;;    8c  c.unimp
;;    8e  c.unimp
;;    90  c.unimp
;;    92  c.unimp
;;
;; function 4, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  lw a3, -4(a0)
;;    14  slli a2, a2, 0x20
;;    18  srli a2, a2, 0x20
;;    1c  addi a4, zero, 2
;;    20  sltiu a3, a2, 2
;;    24  xori a3, a3, 1
;;    28  bltu a2, a4, 8
;;    2c  c.unimp
;;    2e  c.unimp
;;    30  ld a4, 0x48(a0)
;;    34  slli a2, a2, 5
;;    38  add a2, a4, a2
;;    3c  neg a5, a3
;;    40  and a3, a5, a4
;;    44  not a4, a5
;;    48  and a2, a2, a4
;;    4c  or a2, a3, a2
;;    50  ld t0, 0x10(a2)
;;    54  ld ra, 8(sp)
;;    58  ld s0, 0(sp)
;;    5c  addi sp, sp, 0x10
;;    60  jr t0
;;
;; function 5, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  lw a3, -4(a0)
;;    14  slli a2, a2, 0x20
;;    18  srli a2, a2, 0x20
;;    1c  addi a4, zero, 4
;;    20  sltiu a3, a2, 4
;;    24  xori a3, a3, 1
;;    28  bltu a2, a4, 8
;;    2c  c.unimp
;;    2e  c.unimp
;;    30  ld a4, 0x30(a0)
;;    34  slli a2, a2, 5
;;    38  add a2, a4, a2
;;    3c  neg a5, a3
;;    40  and a3, a5, a4
;;    44  not a4, a5
;;    48  and a2, a2, a4
;;    4c  or a2, a3, a2
;;    50  lw a2, 0(a2)
;;    54  ld a3, 0x18(a0)
;;    58  lw a3, 4(a3)
;;    5c  sext.w a4, a2
;;    60  sext.w a3, a3
;;    64  bne a4, a3, 0x20
;;    68  auipc ra, 0
;;    6c  jalr ra
;;    70  addi a0, a0, 1
;;    74  ld ra, 8(sp)
;;    78  ld s0, 0(sp)
;;    7c  addi sp, sp, 0x10
;;    80  ret
;;    84  sext.w a0, a2
;;    88  bnez a0, 8
;;    8c  c.unimp
;;    8e  c.unimp
;;    90  c.unimp
;;    92  c.unimp
;;
;; function 6, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  lw a2, -4(a0)
;;    14  auipc ra, 0
;;    18  jalr ra
;;    1c  addiw a0, a0, 1
;;    20  ld ra, 8(sp)
;;    24  ld s0, 0(sp)
;;    28  addi sp, sp, 0x10
;;    2c  ret
