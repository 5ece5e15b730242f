;; An indirect call through a table that others can write to: bound, type, then the two ways: the own vmctx is passed on where the callee is of this instance.
;; also: aarch64 riscv64
(module
  (type $t (func (param i32) (result i32)))
  (table (export "table") 8 8 funcref)
  (func (export "indirect") (param i32 i32) (result i32)
    (i32.add (call_indirect (type $t) (local.get 0) (local.get 1)) (i32.const 1))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32, i32) -> i32 tail {
;; |     region0 = 1342177280 "Table(TableIndex(0))"
;; |     sig0 = (i64, i32) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; | @0040                               v6 = uextend.i64 v2
;; | @0040                               v7 = iconst.i64 8
;; | @0040                               v8 = icmp uge v6, v7  ; v7 = 8
;; | @0040                               trapnz v8, user3
;; | @0040                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @0040                               v10 = iconst.i64 0
;; | @0040                               v11 = select_spectre_guard v8, v10, v6  ; v10 = 0
;; | @0040                               v12 = iconst.i64 5
;; | @0040                               v13 = ishl v11, v12  ; v12 = 5
;; | @0040                               v14 = iadd v9, v13
;; | @0040                               v15 = load.i64 notrap aligned readonly can_move v0+24
;; | @0040                               v16 = load.i32 notrap aligned readonly can_move v15
;; | @0040                               v17 = load.i32 notrap aligned region0 v14
;; | @0040                               v18 = icmp eq v17, v16
;; | @0040                               brif v18, block3, block4
;; |
;; |                                 block4 cold:
;; | @0040                               trapz.i32 v17, user4
;; | @0040                               trap user5
;; |
;; |                                 block3:
;; | @0040                               v4 = load.i32 user11 aligned v0-4
;; | @0040                               v19 = load.i64 notrap aligned region0 v14+8
;; | @0040                               v20 = icmp eq v19, v0
;; | @0040                               brif v20, block5, block6
;; |
;; |                                 block5:
;; | @0040                               v21 = load.i64 notrap aligned region0 v14+16
;; | @0040                               v22 = call_indirect sig0, v21(v0, v1)
;; | @0040                               jump block2(v22)
;; |
;; |                                 block6 cold:
;; | @0040                               v23 = load.i64 notrap aligned region0 v14+24
;; | @0040                               v24 = load.i64 notrap aligned v23
;; | @0040                               v25 = call_indirect sig0, v24(v19, v1)
;; | @0040                               jump block2(v25)
;; |
;; |                                 block2(v5: i32):
;; | @0043                               v26 = iconst.i32 1
;; | @0045                               v27 = iadd v5, v26  ; v26 = 1
;; | @0046                               jump block1(v27)
;; |
;; |                                 block1(v3: i32):
;; | @0046                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %edx,%eax
;;     6  cmp $8,%rax
;;     a  jae 0x0000000000000078
;;    10  mov 0x30(%rdi),%rcx
;;    14  xor %rdx,%rdx
;;    17  cmp $8,%rax
;;    1b  cmovae %rdx,%rax
;;    1f  shl $5,%rax
;;    23  mov (%rcx,%rax),%edx
;;    26  mov 0x18(%rdi),%r8
;;    2a  mov (%r8),%r8d
;;    2d  cmp %r8d,%edx
;;    30  jne 0x000000000000005F
;;    36  mov -4(%rdi),%edx
;;    39  mov %rdi,%rdx
;;    3c  mov 8(%rcx,%rax),%rdi
;;    41  cmp %rdx,%rdi
;;    44  jne 0x0000000000000069
;;    4a  mov 0x10(%rcx,%rax),%rax
;;    4f  mov %rdx,%rdi
;;    52  call *%rax
;;    54  add $1,%eax
;;    5a  mov %rbp,%rsp
;;    5d  pop %rbp
;;    5e  ret
;;    5f  test %edx,%edx
;;    61  je 0x000000000000007A
;;    67  hlt
;;    68  nop
;;    69  mov 0x18(%rcx,%rax),%rax
;;    6e  mov (%rax),%rax
;;    71  call *%rax
;;    73  jmp 0x0000000000000054
;;    78  hlt
;;    79  nop
;;    7a  hlt
;;    7b  nop
;;
;; function 0, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mov w0, w4
;;     c  cmp x0, #8
;;    10  b.hs #0x84
;;    14  ldr x1, [x2, #0x30]
;;    18  mov x4, #0
;;    1c  cmp x0, #8
;;    20  csel x0, x4, x0, hs
;;    24  lsl x4, x0, #5
;;    28  add x0, x1, x0, lsl #5
;;    2c  ldr w1, [x1, x4]
;;    30  ldr x4, [x2, #0x18]
;;    34  ldr w4, [x4]
;;    38  cmp w1, w4
;;    3c  b.ne #0x6c
;;    40  ldur w1, [x2, #-4]
;;    44  mov x1, x2
;;    48  ldr x2, [x0, #8]
;;    4c  cmp x2, x1
;;    50  b.ne #0x74
;;    54  ldr x0, [x0, #0x10]
;;    58  mov x2, x1
;;    5c  blr x0
;;    60  add w2, w2, #1
;;    64  ldp x29, x30, [sp], #0x10
;;    68  ret
;;    6c  cbz w1, #0x88
;;    70  udf #0xc11f
;;    74  ldr x0, [x0, #0x18]
;;    78  ldr x0, [x0]
;;    7c  blr x0
;;    80  b #0x60
;;    84  udf #0xc11f
;;    88  udf #0xc11f
;;
;; function 0, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  slli a2, a2, 0x20
;;    14  srli a2, a2, 0x20
;;    18  addi a3, zero, 8
;;    1c  sltiu a4, a2, 8
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
;;    44  lw a3, 0(a2)
;;    48  ld a4, 0x18(a0)
;;    4c  lw a4, 0(a4)
;;    50  sext.w a5, a3
;;    54  sext.w a4, a4
;;    58  bne a5, a4, 0x2c
;;    5c  lw a3, -4(a0)
;;    60  ld a3, 8(a2)
;;    64  bne a3, a0, 0x30
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
;;    94  ld a0, 0x18(a2)
;;    98  ld a2, 0(a0)
;;    9c  mv a0, a3
;;    a0  jalr a2
;;    a4  j -0x34
