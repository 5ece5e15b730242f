;; Entries of tables that others can see: what a function reference refers to begins as its entry does, so that most of it is copied at once; null is zeros. An index that is below the least length has no check.
;; also: aarch64 riscv64
(module
  (table $functions (export "functions") 4 8 funcref)
  (table $values (export "values") 4 8 externref)
  (func (export "set") (param i32 funcref) (table.set $functions (local.get 0) (local.get 1)))
  (func (export "clear") (param i32) (table.set $functions (i32.and (local.get 0) (i32.const 3)) (ref.null func)))
  (func (export "get") (param i32) (result funcref) (table.get $functions (i32.and (local.get 0) (i32.const 3))))
  (func (export "set_value") (param i32 externref) (table.set $values (i32.const 3) (local.get 1)))
  (func (export "clear_value") (param i32) (table.set $values (i32.and (local.get 0) (i32.const 7)) (ref.null extern))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32, i64) tail {
;; |     region0 = 0 "Head"
;; |     region1 = 1342177280 "Table(TableIndex(0))"
;; |     const0 = 0x00000000000000000000000000000000
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i64):
;; | @0080                               v4 = uextend.i64 v1
;; | @0080                               v5 = load.i64 notrap aligned region0 v0+56
;; | @0080                               v6 = icmp uge v4, v5
;; | @0080                               trapnz v6, user3
;; | @0080                               v7 = load.i64 notrap aligned region0 v0+48
;; | @0080                               v8 = iconst.i64 0
;; | @0080                               v9 = select_spectre_guard v6, v8, v4  ; v8 = 0
;; | @0080                               v10 = iconst.i64 5
;; | @0080                               v11 = ishl v9, v10  ; v10 = 5
;; | @0080                               v12 = iadd v7, v11
;; | @0080                               brif v2, block2, block3
;; |
;; |                                 block3 cold:
;; | @0080                               v13 = vconst.i8x16 const0
;; | @0080                               store notrap aligned region1 v13, v12  ; v13 = const0
;; | @0080                               store notrap aligned region1 v13, v12+16  ; v13 = const0
;; | @0080                               jump block4
;; |
;; |                                 block2:
;; | @0080                               v14 = load.i8x16 notrap aligned v2
;; | @0080                               v15 = load.i64 notrap aligned v2+16
;; | @0080                               store notrap aligned region1 v14, v12
;; | @0080                               store notrap aligned region1 v15, v12+16
;; | @0080                               store.i64 notrap aligned region1 v2, v12+24
;; | @0080                               jump block4
;; |
;; |                                 block4:
;; | @0082                               jump block1
;; |
;; |                                 block1:
;; | @0082                               return
;; | }
;;
;;     0  nopl (%rax)
;;     4  mov 0x38(%rdi),%rcx
;;     8  mov %esi,%esi
;;     a  cmp %rcx,%rsi
;;     d  jae 0x000000000000006C
;;    13  mov 0x30(%rdi),%rax
;;    17  test %rdx,%rdx
;;    1a  je 0x000000000000004A
;;    20  movdqu (%rdx),%xmm0
;;    24  mov 0x10(%rdx),%rdi
;;    28  xor %r8,%r8
;;    2b  cmp %rcx,%rsi
;;    2e  cmovae %r8,%rsi
;;    32  shl $5,%rsi
;;    36  movdqu %xmm0,(%rax,%rsi)
;;    3b  mov %rdi,0x10(%rax,%rsi)
;;    40  mov %rdx,0x18(%rax,%rsi)
;;    45  ret
;;    46  int3
;;    47  int3
;;    48  int3
;;    49  int3
;;    4a  pxor %xmm0,%xmm0
;;    4e  xor %rdx,%rdx
;;    51  cmp %rcx,%rsi
;;    54  cmovae %rdx,%rsi
;;    58  shl $5,%rsi
;;    5c  movdqu %xmm0,(%rax,%rsi)
;;    61  movdqu %xmm0,0x10(%rax,%rsi)
;;    67  jmp 0x0000000000000045
;;    6c  hlt
;;    6d  nop
;;
;; function 1
;; | function u0:1(i64, i32) tail {
;; |     region0 = 0 "Head"
;; |     region1 = 1342177280 "Table(TableIndex(0))"
;; |     const0 = 0x00000000000000000000000000000000
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0087                               v3 = iconst.i32 3
;; | @0089                               v4 = band v1, v3  ; v3 = 3
;; | @008a                               v5 = iconst.i64 0
;; | @008c                               v6 = uextend.i64 v4
;; | @008c                               v7 = load.i64 notrap aligned region0 v0+48
;; | @008c                               v8 = iconst.i64 5
;; | @008c                               v9 = ishl v6, v8  ; v8 = 5
;; | @008c                               v10 = iadd v7, v9
;; | @008c                               v11 = vconst.i8x16 const0
;; | @008c                               store notrap aligned region1 v11, v10  ; v11 = const0
;; | @008c                               store notrap aligned region1 v11, v10+16  ; v11 = const0
;; | @008e                               jump block1
;; |
;; |                                 block1:
;; | @008e                               return
;; | }
;;
;;     0  mov 0x30(%rdi),%rdi
;;     4  pxor %xmm7,%xmm7
;;     8  and $3,%esi
;;     b  shl $5,%rsi
;;     f  movdqu %xmm7,(%rdi,%rsi)
;;    14  movdqu %xmm7,0x10(%rdi,%rsi)
;;    1a  ret
;;    1b  int3
;;    1c  int3
;;    1d  int3
;;    1e  int3
;;
;; function 2
;; | function u0:2(i64, i32) -> i64 tail {
;; |     region0 = 0 "Head"
;; |     region1 = 1342177280 "Table(TableIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0093                               v4 = iconst.i32 3
;; | @0095                               v5 = band v1, v4  ; v4 = 3
;; | @0096                               v6 = uextend.i64 v5
;; | @0096                               v7 = load.i64 notrap aligned region0 v0+48
;; | @0096                               v8 = iconst.i64 5
;; | @0096                               v9 = ishl v6, v8  ; v8 = 5
;; | @0096                               v10 = iadd v7, v9
;; | @0096                               v11 = load.i64 notrap aligned region1 v10+24
;; | @0098                               jump block1(v11)
;; |
;; |                                 block1(v2: i64):
;; | @0098                               return v2
;; | }
;;
;;     0  mov 0x30(%rdi),%rdi
;;     4  and $3,%esi
;;     7  shl $5,%rsi
;;     b  mov 0x18(%rdi,%rsi),%rax
;;    10  ret
;;    11  int3
;;    12  int3
;;    13  int3
;;    14  int3
;;
;; function 3
;; | function u0:3(i64, i32, i32) tail {
;; |     region0 = 0 "Head"
;; |     region1 = 1342177281 "Table(TableIndex(1))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; | @009b                               v4 = iconst.i32 3
;; | @009f                               v5 = uextend.i64 v4  ; v4 = 3
;; | @009f                               v6 = load.i64 notrap aligned region0 v0+72
;; | @009f                               v7 = iconst.i64 2
;; | @009f                               v8 = ishl v5, v7  ; v7 = 2
;; | @009f                               v9 = iadd v6, v8
;; | @009f                               store notrap aligned region1 v2, v9
;; | @009f                               v10 = iconst.i64 1
;; | @009f                               store notrap aligned region0 v10, v0+88  ; v10 = 1
;; | @00a1                               jump block1
;; |
;; |                                 block1:
;; | @00a1                               return
;; | }
;;
;;     0  mov 0x48(%rdi),%rsi
;;     4  mov %edx,0xC(%rsi)
;;     7  movq $1,0x58(%rdi)
;;     f  ret
;;    10  int3
;;    11  int3
;;    12  int3
;;    13  int3
;;
;; function 4
;; | function u0:4(i64, i32) tail {
;; |     region0 = 0 "Head"
;; |     region1 = 1342177281 "Table(TableIndex(1))"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @00a6                               v3 = iconst.i32 7
;; | @00a8                               v4 = band v1, v3  ; v3 = 7
;; | @00a9                               v5 = iconst.i32 0
;; | @00ab                               v6 = uextend.i64 v4
;; | @00ab                               v7 = load.i64 notrap aligned region0 v0+80
;; | @00ab                               v8 = icmp uge v6, v7
;; | @00ab                               trapnz v8, user3
;; | @00ab                               v9 = load.i64 notrap aligned region0 v0+72
;; | @00ab                               v10 = iconst.i64 0
;; | @00ab                               v11 = select_spectre_guard v8, v10, v6  ; v10 = 0
;; | @00ab                               v12 = iconst.i64 2
;; | @00ab                               v13 = ishl v11, v12  ; v12 = 2
;; | @00ab                               v14 = iadd v9, v13
;; | @00ab                               store notrap aligned region1 v5, v14  ; v5 = 0
;; | @00ad                               jump block1
;; |
;; |                                 block1:
;; | @00ad                               return
;; | }
;;
;;     0  mov 0x50(%rdi),%r8
;;     4  and $7,%esi
;;     7  cmp %r8,%rsi
;;     a  jae 0x000000000000002B
;;    10  mov 0x48(%rdi),%r10
;;    14  xor %r11,%r11
;;    17  cmp %r8,%rsi
;;    1a  cmovae %r11,%rsi
;;    1e  movl $0,(%r10,%rsi,4)
;;    26  ret
;;    27  int3
;;    28  int3
;;    29  int3
;;    2a  int3
;;    2b  hlt
;;    2c  nop
;;
;; function 0, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x5, [x2, #0x38]
;;     c  mov w1, w3
;;    10  cmp x1, x5
;;    14  b.hs #0x74
;;    18  ldr x0, [x2, #0x30]
;;    1c  cbz x4, #0x50
;;    20  ldr q24, [x4]
;;    24  ldr x3, [x4, #0x10]
;;    28  mov x2, #0
;;    2c  cmp x1, x5
;;    30  csel x1, x2, x1, hs
;;    34  lsl x2, x1, #5
;;    38  add x1, x0, x1, lsl #5
;;    3c  str q24, [x0, x2]
;;    40  str x3, [x1, #0x10]
;;    44  str x4, [x1, #0x18]
;;    48  ldp x29, x30, [sp], #0x10
;;    4c  ret
;;    50  movi v20.16b, #0
;;    54  mov x2, #0
;;    58  cmp x1, x5
;;    5c  csel x1, x2, x1, hs
;;    60  lsl x2, x1, #5
;;    64  add x1, x0, x1, lsl #5
;;    68  str q20, [x0, x2]
;;    6c  str q20, [x1, #0x10]
;;    70  b #0x48
;;    74  udf #0xc11f
;;
;; function 1, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x8, [x2, #0x30]
;;     c  movi v16.16b, #0
;;    10  and w9, w3, #3
;;    14  mov w9, w9
;;    18  lsl x10, x9, #5
;;    1c  add x9, x8, x9, lsl #5
;;    20  str q16, [x8, x10]
;;    24  str q16, [x9, #0x10]
;;    28  ldp x29, x30, [sp], #0x10
;;    2c  ret
;;
;; function 2, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x7, [x2, #0x30]
;;     c  and w8, w3, #3
;;    10  mov w8, w8
;;    14  add x7, x7, x8, lsl #5
;;    18  ldr x2, [x7, #0x18]
;;    1c  ldp x29, x30, [sp], #0x10
;;    20  ret
;;
;; function 3, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x5, [x2, #0x48]
;;     c  str w4, [x5, #0xc]
;;    10  mov x5, #1
;;    14  str x5, [x2, #0x58]
;;    18  ldp x29, x30, [sp], #0x10
;;    1c  ret
;;
;; function 4, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x9, [x2, #0x50]
;;     c  and w10, w3, #7
;;    10  mov w10, w10
;;    14  cmp x10, x9
;;    18  b.hs #0x3c
;;    1c  ldr x11, [x2, #0x48]
;;    20  mov w12, #0
;;    24  mov x13, #0
;;    28  cmp x10, x9
;;    2c  csel x13, x13, x10, hs
;;    30  str w12, [x11, x13, lsl #2]
;;    34  ldp x29, x30, [sp], #0x10
;;    38  ret
;;    3c  udf #0xc11f
;;
;; function 0, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  addi sp, sp, -0x10
;;    14  sd s9, 8(sp)
;;    18  ld a4, 0x38(a0)
;;    1c  slli a1, a1, 0x20
;;    20  srli s9, a1, 0x20
;;    24  sltu a1, s9, a4
;;    28  xori a3, a1, 1
;;    2c  bltu s9, a4, 8
;;    30  c.unimp
;;    32  c.unimp
;;    34  ld a1, 0x30(a0)
;;    38  beqz a2, 0x4c
;;    3c  ld a5, 0(a2)
;;    40  ld a4, 8(a2)
;;    44  ld t0, 0x10(a2)
;;    48  neg a0, a3
;;    4c  not a0, a0
;;    50  and a0, s9, a0
;;    54  slli a0, a0, 5
;;    58  add a0, a1, a0
;;    5c  sd a5, 0(a0)
;;    60  sd a4, 8(a0)
;;    64  sd t0, 0x10(a0)
;;    68  sd a2, 0x18(a0)
;;    6c  ld s9, 8(sp)
;;    70  addi sp, sp, 0x10
;;    74  ld ra, 8(sp)
;;    78  ld s0, 0(sp)
;;    7c  addi sp, sp, 0x10
;;    80  ret
;;    84  mv a2, zero
;;    88  mv a4, zero
;;    8c  neg a0, a3
;;    90  not a0, a0
;;    94  and a0, s9, a0
;;    98  slli a0, a0, 5
;;    9c  add a0, a1, a0
;;    a0  sd a2, 0(a0)
;;    a4  sd a4, 8(a0)
;;    a8  sd a2, 0x10(a0)
;;    ac  sd a4, 0x18(a0)
;;    b0  j -0x44
;;
;; function 1, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  ld a2, 0x30(a0)
;;    14  mv a0, zero
;;    18  mv a3, zero
;;    1c  andi a1, a1, 3
;;    20  slli a1, a1, 0x20
;;    24  srli a1, a1, 0x20
;;    28  slli a1, a1, 5
;;    2c  add a2, a2, a1
;;    30  sd a0, 0(a2)
;;    34  sd a3, 8(a2)
;;    38  sd a0, 0x10(a2)
;;    3c  sd a3, 0x18(a2)
;;    40  ld ra, 8(sp)
;;    44  ld s0, 0(sp)
;;    48  addi sp, sp, 0x10
;;    4c  ret
;;
;; function 2, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  ld a0, 0x30(a0)
;;    14  andi a1, a1, 3
;;    18  slli a1, a1, 0x20
;;    1c  srli a1, a1, 0x20
;;    20  slli a1, a1, 5
;;    24  add a0, a0, a1
;;    28  ld a0, 0x18(a0)
;;    2c  ld ra, 8(sp)
;;    30  ld s0, 0(sp)
;;    34  addi sp, sp, 0x10
;;    38  ret
;;
;; function 3, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  ld a1, 0x48(a0)
;;    14  sw a2, 0xc(a1)
;;    18  addi a1, zero, 1
;;    1c  sd a1, 0x58(a0)
;;    20  ld ra, 8(sp)
;;    24  ld s0, 0(sp)
;;    28  addi sp, sp, 0x10
;;    2c  ret
;;
;; function 4, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  ld a4, 0x50(a0)
;;    14  andi a5, a1, 7
;;    18  slli a3, a5, 0x20
;;    1c  srli a5, a3, 0x20
;;    20  sltu a3, a5, a4
;;    24  xori a1, a3, 1
;;    28  bltu a5, a4, 8
;;    2c  c.unimp
;;    2e  c.unimp
;;    30  ld a0, 0x48(a0)
;;    34  neg a3, a1
;;    38  not a1, a3
;;    3c  and a1, a5, a1
;;    40  slli a5, a1, 2
;;    44  add a5, a0, a5
;;    48  sw zero, 0(a5)
;;    4c  ld ra, 8(sp)
;;    50  ld s0, 0(sp)
;;    54  addi sp, sp, 0x10
;;    58  ret
