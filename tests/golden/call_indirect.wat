;; An indirect call: bound, type, then the two ways: the own vmctx is passed on where the callee is of this instance.
;; also: aarch64 riscv64
(module
  (type $t (func (param i32) (result i32)))
  (table 8 8 funcref)
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
;; | @0038                               v5 = uextend.i64 v2
;; | @0038                               v6 = iconst.i64 8
;; | @0038                               v7 = icmp uge v5, v6  ; v6 = 8
;; | @0038                               trapnz v7, user3
;; | @0038                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @0038                               v9 = iconst.i64 5
;; | @0038                               v10 = ishl v5, v9  ; v9 = 5
;; | @0038                               v11 = iadd v8, v10
;; | @0038                               v12 = select_spectre_guard v7, v8, v11
;; | @0038                               v13 = load.i64 notrap aligned readonly can_move v0+24
;; | @0038                               v14 = load.i32 notrap aligned readonly can_move v13
;; | @0038                               v15 = load.i32 notrap aligned region0 v12
;; | @0038                               v16 = icmp eq v15, v14
;; | @0038                               brif v16, block3, block4
;; |
;; |                                 block4 cold:
;; | @0038                               trapz.i32 v15, user4
;; | @0038                               trap user5
;; |
;; |                                 block3:
;; | @0038                               v17 = load.i64 notrap aligned region0 v12+8
;; | @0038                               v18 = icmp eq v17, v0
;; | @0038                               brif v18, block5, block6
;; |
;; |                                 block5:
;; | @0038                               v19 = load.i64 notrap aligned region0 v12+16
;; | @0038                               v20 = call_indirect sig0, v19(v0, v1)
;; | @0038                               jump block2(v20)
;; |
;; |                                 block6 cold:
;; | @0038                               v21 = load.i64 notrap aligned region0 v12+24
;; | @0038                               v22 = load.i64 notrap aligned v21
;; | @0038                               v23 = call_indirect sig0, v22(v17, v1)
;; | @0038                               jump block2(v23)
;; |
;; |                                 block2(v4: i32):
;; | @003b                               v24 = iconst.i32 1
;; | @003d                               v25 = iadd v4, v24  ; v24 = 1
;; | @003e                               jump block1(v25)
;; |
;; |                                 block1(v3: i32):
;; | @003e                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %edx,%ecx
;;     6  cmp $8,%rcx
;;     a  jae 0x0000000000000075
;;    10  mov 0x30(%rdi),%rdx
;;    14  mov %rcx,%rax
;;    17  shl $5,%rax
;;    1b  add %rdx,%rax
;;    1e  cmp $8,%rcx
;;    22  cmovae %rdx,%rax
;;    26  mov (%rax),%ecx
;;    28  mov 0x18(%rdi),%rdx
;;    2c  mov %rdi,%r8
;;    2f  mov (%rdx),%edx
;;    31  cmp %edx,%ecx
;;    33  jne 0x000000000000005D
;;    39  mov 8(%rax),%rdi
;;    3d  mov %r8,%rcx
;;    40  cmp %rcx,%rdi
;;    43  jne 0x0000000000000067
;;    49  mov 0x10(%rax),%rax
;;    4d  mov %r8,%rdi
;;    50  call *%rax
;;    52  add $1,%eax
;;    58  mov %rbp,%rsp
;;    5b  pop %rbp
;;    5c  ret
;;    5d  test %ecx,%ecx
;;    5f  je 0x0000000000000077
;;    65  ud2
;;    67  mov 0x18(%rax),%rax
;;    6b  mov (%rax),%rax
;;    6e  call *%rax
;;    70  jmp 0x0000000000000052
;;    75  ud2
;;    77  ud2
;;
;; function 0, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mov w0, w4
;;     c  cmp x0, #8
;;    10  b.hs #0x7c
;;    14  ldr x1, [x2, #0x30]
;;    18  add x4, x1, x0, lsl #5
;;    1c  cmp x0, #8
;;    20  csel x0, x1, x4, hs
;;    24  ldr w1, [x0]
;;    28  ldr x4, [x2, #0x18]
;;    2c  mov x5, x2
;;    30  ldr w2, [x4]
;;    34  cmp w1, w2
;;    38  b.ne #0x64
;;    3c  ldr x2, [x0, #8]
;;    40  mov x1, x5
;;    44  cmp x2, x1
;;    48  b.ne #0x6c
;;    4c  ldr x0, [x0, #0x10]
;;    50  mov x2, x5
;;    54  blr x0
;;    58  add w2, w2, #1
;;    5c  ldp x29, x30, [sp], #0x10
;;    60  ret
;;    64  cbz w1, #0x80
;;    68  udf #0xc11f
;;    6c  ldr x0, [x0, #0x18]
;;    70  ldr x0, [x0]
;;    74  blr x0
;;    78  b #0x58
;;    7c  udf #0xc11f
;;    80  udf #0xc11f
;;
;; function 0, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  slli a2, a2, 0x20
;;    14  srli a2, a2, 0x20
;;    18  addi a4, zero, 8
;;    1c  sltiu a3, a2, 8
;;    20  xori a3, a3, 1
;;    24  bltu a2, a4, 8
;;    28  c.unimp
;;    2a  c.unimp
;;    2c  ld a4, 0x30(a0)
;;    30  slli a2, a2, 5
;;    34  add a2, a4, a2
;;    38  neg a5, a3
;;    3c  and a3, a5, a4
;;    40  not a4, a5
;;    44  and a2, a2, a4
;;    48  or a2, a3, a2
;;    4c  lw a3, 0(a2)
;;    50  ld a4, 0x18(a0)
;;    54  mv a5, a0
;;    58  lw a0, 0(a4)
;;    5c  sext.w a4, a3
;;    60  sext.w a0, a0
;;    64  bne a4, a0, 0x2c
;;    68  ld a3, 8(a2)
;;    6c  mv a0, a5
;;    70  bne a3, a0, 0x30
;;    74  ld a2, 0x10(a2)
;;    78  jalr a2
;;    7c  addiw a0, a0, 1
;;    80  ld ra, 8(sp)
;;    84  ld s0, 0(sp)
;;    88  addi sp, sp, 0x10
;;    8c  ret
;;    90  sext.w a0, a3
;;    94  bnez a0, 8
;;    98  c.unimp
;;    9a  c.unimp
;;    9c  c.unimp
;;    9e  c.unimp
;;    a0  ld a0, 0x18(a2)
;;    a4  ld a2, 0(a0)
;;    a8  mv a0, a3
;;    ac  jalr a2
;;    b0  j -0x34
