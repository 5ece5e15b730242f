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
;;     0  mov %rsi,%rax
;;     3  ret
;;     4  int3
;;     5  int3
;;     6  int3
;;     7  int3
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
;;     0  mov $1,%eax
;;     5  ret
;;     6  int3
;;     7  int3
;;     8  int3
;;     9  int3
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
;;     0  mov %rsi,%rax
;;     3  ret
;;     4  int3
;;     5  int3
;;     6  int3
;;     7  int3
;;
;; function 3
;; | function u0:3(i64, i32, i32) -> i32 tail {
;; |     region0 = 1342177280 "Table(TableIndex(0))"
;; |     sig0 = (i64, i32) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; | @008b                               v5 = uextend.i64 v2
;; | @008b                               v6 = iconst.i64 4
;; | @008b                               v7 = icmp uge v5, v6  ; v6 = 4
;; | @008b                               trapnz v7, user3
;; | @008b                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @008b                               v9 = iconst.i64 0
;; | @008b                               v10 = select_spectre_guard v7, v9, v5  ; v9 = 0
;; | @008b                               v11 = iconst.i64 5
;; | @008b                               v12 = ishl v10, v11  ; v11 = 5
;; | @008b                               v13 = iadd v8, v12
;; | @008b                               v14 = load.i32 notrap aligned region0 v13+4
;; | @008b                               v15 = iconst.i32 1
;; | @008b                               v16 = icmp eq v14, v15  ; v15 = 1
;; | @008b                               brif v16, block2, block3
;; |
;; |                                 block3 cold:
;; | @008b                               v17 = load.i32 notrap aligned region0 v13
;; | @008b                               trapz v17, user4
;; | @008b                               trap user5
;; |
;; |                                 block2:
;; | @008b                               v4 = load.i32 user11 aligned v0-4
;; | @008b                               v18 = load.i64 notrap aligned region0 v13+16
;; | @008b                               v19 = call_indirect sig0, v18(v0, v1)
;; | @008e                               v20 = iconst.i32 1
;; | @0090                               v21 = iadd v19, v20  ; v20 = 1
;; | @0091                               jump block1(v21)
;; |
;; |                                 block1(v3: i32):
;; | @0091                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %edx,%r10d
;;     7  cmp $4,%r10
;;     b  jae 0x0000000000000055
;;    11  mov 0x30(%rdi),%rax
;;    15  xor %rcx,%rcx
;;    18  cmp $4,%r10
;;    1c  cmovae %rcx,%r10
;;    20  shl $5,%r10
;;    24  mov 4(%rax,%r10),%ecx
;;    29  cmp $1,%ecx
;;    2c  jne 0x0000000000000047
;;    32  mov -4(%rdi),%ecx
;;    35  mov 0x10(%rax,%r10),%rax
;;    3a  call *%rax
;;    3c  add $1,%eax
;;    42  mov %rbp,%rsp
;;    45  pop %rbp
;;    46  ret
;;    47  mov (%rax,%r10),%eax
;;    4b  test %eax,%eax
;;    4d  je 0x0000000000000057
;;    53  hlt
;;    54  nop
;;    55  hlt
;;    56  nop
;;    57  hlt
;;    58  nop
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
;; | @0098                               v9 = iconst.i64 0
;; | @0098                               v10 = select_spectre_guard v7, v9, v5  ; v9 = 0
;; | @0098                               v11 = iconst.i64 5
;; | @0098                               v12 = ishl v10, v11  ; v11 = 5
;; | @0098                               v13 = iadd v8, v12
;; | @0098                               v14 = load.i64 notrap aligned region0 v13+16
;; | @0098                               return_call_indirect sig0, v14(v0, v1)
;; | }
;;
;;     0  mov -4(%rdi),%eax
;;     3  mov %edx,%r8d
;;     6  cmp $2,%r8
;;     a  jae 0x000000000000002F
;;    10  mov 0x48(%rdi),%rax
;;    14  xor %rcx,%rcx
;;    17  cmp $2,%r8
;;    1b  cmovae %rcx,%r8
;;    1f  shl $5,%r8
;;    23  mov 0x10(%rax,%r8),%r10
;;    28  nopl (%rax)
;;    2c  jmp *%r10
;;    2f  hlt
;;    30  nop
;;
;; function 5
;; | function u0:5(i64, i64, i32) -> i64 tail {
;; |     region0 = 1342177280 "Table(TableIndex(0))"
;; |     sig0 = (i64, i64) -> i64 tail
;; |     fn0 = colocated u0:2 sig0
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32):
;; | @00a2                               v5 = uextend.i64 v2
;; | @00a2                               v6 = iconst.i64 4
;; | @00a2                               v7 = icmp uge v5, v6  ; v6 = 4
;; | @00a2                               trapnz v7, user3
;; | @00a2                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @00a2                               v9 = iconst.i64 0
;; | @00a2                               v10 = select_spectre_guard v7, v9, v5  ; v9 = 0
;; | @00a2                               v11 = iconst.i64 5
;; | @00a2                               v12 = ishl v10, v11  ; v11 = 5
;; | @00a2                               v13 = iadd v8, v12
;; | @00a2                               v14 = load.i32 notrap aligned region0 v13+4
;; | @00a2                               v15 = iconst.i32 2
;; | @00a2                               v16 = icmp eq v14, v15  ; v15 = 2
;; | @00a2                               brif v16, block2, block3
;; |
;; |                                 block3 cold:
;; | @00a2                               v17 = load.i32 notrap aligned region0 v13
;; | @00a2                               trapz v17, user4
;; | @00a2                               trap user5
;; |
;; |                                 block2:
;; | @00a2                               v4 = load.i32 user11 aligned v0-4
;; | @00a2                               v18 = call fn0(v0, v1)
;; | @00a5                               v19 = iconst.i64 1
;; | @00a7                               v20 = iadd v18, v19  ; v19 = 1
;; | @00a8                               jump block1(v20)
;; |
;; |                                 block1(v3: i64):
;; | @00a8                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %edx,%r9d
;;     7  cmp $4,%r9
;;     b  jae 0x0000000000000054
;;    11  mov 0x30(%rdi),%rax
;;    15  xor %rcx,%rcx
;;    18  cmp $4,%r9
;;    1c  cmovae %rcx,%r9
;;    20  shl $5,%r9
;;    24  mov 4(%rax,%r9),%ecx
;;    29  cmp $2,%ecx
;;    2c  jne 0x0000000000000046
;;    32  mov -4(%rdi),%eax
;;    35  call 0x000000000000003A
;;    3a  add $1,%rax
;;    41  mov %rbp,%rsp
;;    44  pop %rbp
;;    45  ret
;;    46  mov (%rax,%r9),%eax
;;    4a  test %eax,%eax
;;    4c  je 0x0000000000000056
;;    52  hlt
;;    53  nop
;;    54  hlt
;;    55  nop
;;    56  hlt
;;    57  nop
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
;;     8  mov w15, w4
;;     c  cmp x15, #4
;;    10  b.hs #0x5c
;;    14  ldr x0, [x2, #0x30]
;;    18  mov x1, #0
;;    1c  cmp x15, #4
;;    20  csel x1, x1, x15, hs
;;    24  lsl x4, x1, #5
;;    28  add x1, x0, x1, lsl #5
;;    2c  ldr w5, [x1, #4]
;;    30  cmp w5, #1
;;    34  b.ne #0x50
;;    38  ldur w0, [x2, #-4]
;;    3c  ldr x0, [x1, #0x10]
;;    40  blr x0
;;    44  add w2, w2, #1
;;    48  ldp x29, x30, [sp], #0x10
;;    4c  ret
;;    50  ldr w0, [x0, x4]
;;    54  cbz w0, #0x60
;;    58  udf #0xc11f
;;    5c  udf #0xc11f
;;    60  udf #0xc11f
;;
;; function 4, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldur w11, [x2, #-4]
;;     c  mov w11, w4
;;    10  cmp x11, #2
;;    14  b.hs #0x38
;;    18  ldr x13, [x2, #0x48]
;;    1c  mov x14, #0
;;    20  cmp x11, #2
;;    24  csel x14, x14, x11, hs
;;    28  add x14, x13, x14, lsl #5
;;    2c  ldr x1, [x14, #0x10]
;;    30  ldp x29, x30, [sp], #0x10
;;    34  br x1
;;    38  udf #0xc11f
;;
;; function 5, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mov w14, w4
;;     c  cmp x14, #4
;;    10  b.hs #0x58
;;    14  ldr x0, [x2, #0x30]
;;    18  mov x1, #0
;;    1c  cmp x14, #4
;;    20  csel x4, x1, x14, hs
;;    24  lsl x1, x4, #5
;;    28  add x4, x0, x4, lsl #5
;;    2c  ldr w4, [x4, #4]
;;    30  cmp w4, #2
;;    34  b.ne #0x4c
;;    38  ldur w0, [x2, #-4]
;;    3c  bl #0x3c
;;    40  add x2, x2, #1
;;    44  ldp x29, x30, [sp], #0x10
;;    48  ret
;;    4c  ldr w0, [x0, x1]
;;    50  cbz w0, #0x5c
;;    54  udf #0xc11f
;;    58  udf #0xc11f
;;    5c  udf #0xc11f
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
;;    10  slli a2, a2, 0x20
;;    14  srli a2, a2, 0x20
;;    18  addi a3, zero, 4
;;    1c  sltiu a4, a2, 4
;;    20  xori a4, a4, 1
;;    24  bltu a2, a3, 8
;;    28  c.unimp
;;    2a  c.unimp
;;    2c  ld a3, 0x30(a0)
;;    30  neg a4, a4
;;    34  not a4, a4
;;    38  and a2, a2, a4
;;    3c  slli a2, a2, 5
;;    40  add a2, a3, a2
;;    44  lw a3, 4(a2)
;;    48  addi a4, zero, 1
;;    4c  sext.w a3, a3
;;    50  sext.w a4, a4
;;    54  bne a3, a4, 0x24
;;    58  lw a3, -4(a0)
;;    5c  ld a2, 0x10(a2)
;;    60  jalr a2
;;    64  addiw a0, a0, 1
;;    68  ld ra, 8(sp)
;;    6c  ld s0, 0(sp)
;;    70  addi sp, sp, 0x10
;;    74  ret
;;    78  lw a0, 0(a2)
;;    7c  sext.w a0, a0
;;    80  bnez a0, 8
;;    84  c.unimp
;;    86  c.unimp
;;    88  c.unimp
;;    8a  c.unimp
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
;;    1c  addi a3, zero, 2
;;    20  sltiu a4, a2, 2
;;    24  xori a4, a4, 1
;;    28  bltu a2, a3, 8
;;    2c  c.unimp
;;    2e  c.unimp
;;    30  ld a3, 0x48(a0)
;;    34  neg a4, a4
;;    38  not a4, a4
;;    3c  and a2, a2, a4
;;    40  slli a2, a2, 5
;;    44  add a2, a3, a2
;;    48  ld t0, 0x10(a2)
;;    4c  ld ra, 8(sp)
;;    50  ld s0, 0(sp)
;;    54  addi sp, sp, 0x10
;;    58  jr t0
;;
;; function 5, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  slli a2, a2, 0x20
;;    14  srli a2, a2, 0x20
;;    18  addi a3, zero, 4
;;    1c  sltiu a4, a2, 4
;;    20  xori a4, a4, 1
;;    24  bltu a2, a3, 8
;;    28  c.unimp
;;    2a  c.unimp
;;    2c  ld a3, 0x30(a0)
;;    30  neg a4, a4
;;    34  not a4, a4
;;    38  and a2, a2, a4
;;    3c  slli a2, a2, 5
;;    40  add a2, a3, a2
;;    44  lw a3, 4(a2)
;;    48  addi a4, zero, 2
;;    4c  sext.w a3, a3
;;    50  sext.w a4, a4
;;    54  bne a3, a4, 0x24
;;    58  lw a2, -4(a0)
;;    5c  auipc ra, 0
;;    60  jalr ra
;;    64  addi a0, a0, 1
;;    68  ld ra, 8(sp)
;;    6c  ld s0, 0(sp)
;;    70  addi sp, sp, 0x10
;;    74  ret
;;    78  lw a0, 0(a2)
;;    7c  sext.w a0, a0
;;    80  bnez a0, 8
;;    84  c.unimp
;;    86  c.unimp
;;    88  c.unimp
;;    8a  c.unimp
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
