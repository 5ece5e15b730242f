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
;; | @0040                               v10 = iconst.i64 5
;; | @0040                               v11 = ishl v6, v10  ; v10 = 5
;; | @0040                               v12 = iadd v9, v11
;; | @0040                               v13 = select_spectre_guard v8, v9, v12
;; | @0040                               v14 = load.i64 notrap aligned readonly can_move v0+24
;; | @0040                               v15 = load.i32 notrap aligned readonly can_move v14
;; | @0040                               v16 = load.i32 notrap aligned region0 v13
;; | @0040                               v17 = icmp eq v16, v15
;; | @0040                               brif v17, block3, block4
;; |
;; |                                 block4 cold:
;; | @0040                               trapz.i32 v16, user4
;; | @0040                               trap user5
;; |
;; |                                 block3:
;; | @0040                               v18 = load.i64 notrap aligned region0 v13+8
;; | @0040                               v19 = icmp eq v18, v0
;; | @0040                               brif v19, block5, block6
;; |
;; |                                 block5:
;; | @0040                               v20 = load.i64 notrap aligned region0 v13+16
;; | @0040                               v21 = call_indirect sig0, v20(v0, v1)
;; | @0040                               jump block2(v21)
;; |
;; |                                 block6 cold:
;; | @0040                               v22 = load.i64 notrap aligned region0 v13+24
;; | @0040                               v23 = load.i64 notrap aligned v22
;; | @0040                               v24 = call_indirect sig0, v23(v18, v1)
;; | @0040                               jump block2(v24)
;; |
;; |                                 block2(v5: i32):
;; | @0043                               v25 = iconst.i32 1
;; | @0045                               v26 = iadd v5, v25  ; v25 = 1
;; | @0046                               jump block1(v26)
;; |
;; |                                 block1(v3: i32):
;; | @0046                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%eax
;;     7  mov %edx,%ecx
;;     9  cmp $8,%rcx
;;     d  jae 0x0000000000000078
;;    13  mov 0x30(%rdi),%rdx
;;    17  mov %rcx,%rax
;;    1a  shl $5,%rax
;;    1e  add %rdx,%rax
;;    21  cmp $8,%rcx
;;    25  cmovae %rdx,%rax
;;    29  mov (%rax),%ecx
;;    2b  mov 0x18(%rdi),%rdx
;;    2f  mov %rdi,%r8
;;    32  mov (%rdx),%edx
;;    34  cmp %edx,%ecx
;;    36  jne 0x0000000000000060
;;    3c  mov 8(%rax),%rdi
;;    40  mov %r8,%rcx
;;    43  cmp %rcx,%rdi
;;    46  jne 0x000000000000006A
;;    4c  mov 0x10(%rax),%rax
;;    50  mov %r8,%rdi
;;    53  call *%rax
;;    55  add $1,%eax
;;    5b  mov %rbp,%rsp
;;    5e  pop %rbp
;;    5f  ret
;;    60  test %ecx,%ecx
;;    62  je 0x000000000000007A
;;    68  hlt
;;    69  nop
;;    6a  mov 0x18(%rax),%rax
;;    6e  mov (%rax),%rax
;;    71  call *%rax
;;    73  jmp 0x0000000000000055
;;    78  hlt
;;    79  nop
;;    7a  hlt
;;    7b  nop
;;
;; function 0, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldur w0, [x2, #-4]
;;     c  mov w0, w4
;;    10  cmp x0, #8
;;    14  b.hs #0x80
;;    18  ldr x1, [x2, #0x30]
;;    1c  add x4, x1, x0, lsl #5
;;    20  cmp x0, #8
;;    24  csel x0, x1, x4, hs
;;    28  ldr w1, [x0]
;;    2c  ldr x4, [x2, #0x18]
;;    30  mov x5, x2
;;    34  ldr w2, [x4]
;;    38  cmp w1, w2
;;    3c  b.ne #0x68
;;    40  ldr x2, [x0, #8]
;;    44  mov x1, x5
;;    48  cmp x2, x1
;;    4c  b.ne #0x70
;;    50  ldr x0, [x0, #0x10]
;;    54  mov x2, x5
;;    58  blr x0
;;    5c  add w2, w2, #1
;;    60  ldp x29, x30, [sp], #0x10
;;    64  ret
;;    68  cbz w1, #0x84
;;    6c  udf #0xc11f
;;    70  ldr x0, [x0, #0x18]
;;    74  ldr x0, [x0]
;;    78  blr x0
;;    7c  b #0x5c
;;    80  udf #0xc11f
;;    84  udf #0xc11f
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
;;    1c  addi a4, zero, 8
;;    20  sltiu a3, a2, 8
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
;;    58  mv a5, a0
;;    5c  lw a0, 0(a4)
;;    60  sext.w a4, a3
;;    64  sext.w a0, a0
;;    68  bne a4, a0, 0x2c
;;    6c  ld a3, 8(a2)
;;    70  mv a0, a5
;;    74  bne a3, a0, 0x30
;;    78  ld a2, 0x10(a2)
;;    7c  jalr a2
;;    80  addiw a0, a0, 1
;;    84  ld ra, 8(sp)
;;    88  ld s0, 0(sp)
;;    8c  addi sp, sp, 0x10
;;    90  ret
;;    94  sext.w a0, a3
;;    98  bnez a0, 8
;;    9c  c.unimp
;;    9e  c.unimp
;;    a0  c.unimp
;;    a2  c.unimp
;;    a4  ld a0, 0x18(a2)
;;    a8  ld a2, 0(a0)
;;    ac  mv a0, a3
;;    b0  jalr a2
;;    b4  j -0x34
