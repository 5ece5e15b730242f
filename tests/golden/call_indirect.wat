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
;; |                                     v4 = load.i32 user11 aligned v0-4
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
;; | @0040                               v24 = load.i64 notrap aligned v23+24
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
;;     4  mov -4(%rdi),%eax
;;     7  mov %edx,%eax
;;     9  cmp $8,%rax
;;     d  jae 0x000000000000007B
;;    13  mov 0x30(%rdi),%rcx
;;    17  xor %rdx,%rdx
;;    1a  cmp $8,%rax
;;    1e  cmovae %rdx,%rax
;;    22  shl $5,%rax
;;    26  mov (%rcx,%rax),%edx
;;    29  mov 0x18(%rdi),%r8
;;    2d  mov %rdi,%r9
;;    30  mov (%r8),%edi
;;    33  cmp %edi,%edx
;;    35  jne 0x0000000000000061
;;    3b  mov 8(%rcx,%rax),%rdi
;;    40  mov %r9,%rdx
;;    43  cmp %rdx,%rdi
;;    46  jne 0x000000000000006B
;;    4c  mov 0x10(%rcx,%rax),%rax
;;    51  mov %r9,%rdi
;;    54  call *%rax
;;    56  add $1,%eax
;;    5c  mov %rbp,%rsp
;;    5f  pop %rbp
;;    60  ret
;;    61  test %edx,%edx
;;    63  je 0x000000000000007D
;;    69  hlt
;;    6a  nop
;;    6b  mov 0x18(%rcx,%rax),%rax
;;    70  mov 0x18(%rax),%rax
;;    74  call *%rax
;;    76  jmp 0x0000000000000056
;;    7b  hlt
;;    7c  nop
;;    7d  hlt
;;    7e  nop
;;
;; function 0, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldur w0, [x2, #-4]
;;     c  mov w0, w4
;;    10  cmp x0, #8
;;    14  b.hs #0x88
;;    18  ldr x1, [x2, #0x30]
;;    1c  mov x4, #0
;;    20  cmp x0, #8
;;    24  csel x0, x4, x0, hs
;;    28  lsl x4, x0, #5
;;    2c  add x0, x1, x0, lsl #5
;;    30  ldr w1, [x1, x4]
;;    34  ldr x4, [x2, #0x18]
;;    38  mov x5, x2
;;    3c  ldr w2, [x4]
;;    40  cmp w1, w2
;;    44  b.ne #0x70
;;    48  ldr x2, [x0, #8]
;;    4c  mov x1, x5
;;    50  cmp x2, x1
;;    54  b.ne #0x78
;;    58  ldr x0, [x0, #0x10]
;;    5c  mov x2, x5
;;    60  blr x0
;;    64  add w2, w2, #1
;;    68  ldp x29, x30, [sp], #0x10
;;    6c  ret
;;    70  cbz w1, #0x8c
;;    74  udf #0xc11f
;;    78  ldr x0, [x0, #0x18]
;;    7c  ldr x0, [x0, #0x18]
;;    80  blr x0
;;    84  b #0x64
;;    88  udf #0xc11f
;;    8c  udf #0xc11f
;;
;; function 0, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  lw a3, -4(a0)
;;    14  slli a2, a2, 0x20
;;    18  srli a2, a2, 0x20
;;    1c  addi a3, zero, 8
;;    20  sltiu a4, a2, 8
;;    24  xori a4, a4, 1
;;    28  bltu a2, a3, 8
;;    2c  c.unimp
;;    2e  c.unimp
;;    30  ld a3, 0x30(a0)
;;    34  neg a4, a4
;;    38  not a4, a4
;;    3c  and a2, a2, a4
;;    40  slli a2, a2, 5
;;    44  add a2, a3, a2
;;    48  lw a3, 0(a2)
;;    4c  ld a4, 0x18(a0)
;;    50  mv a5, a0
;;    54  lw a0, 0(a4)
;;    58  sext.w a4, a3
;;    5c  sext.w a0, a0
;;    60  bne a4, a0, 0x2c
;;    64  ld a3, 8(a2)
;;    68  mv a0, a5
;;    6c  bne a3, a0, 0x30
;;    70  ld a2, 0x10(a2)
;;    74  jalr a2
;;    78  addiw a0, a0, 1
;;    7c  ld ra, 8(sp)
;;    80  ld s0, 0(sp)
;;    84  addi sp, sp, 0x10
;;    88  ret
;;    8c  sext.w a0, a3
;;    90  bnez a0, 8
;;    94  c.unimp
;;    96  c.unimp
;;    98  c.unimp
;;    9a  c.unimp
;;    9c  ld a0, 0x18(a2)
;;    a0  ld a2, 0x18(a0)
;;    a4  mv a0, a3
;;    a8  jalr a2
;;    ac  j -0x34
