;; also: aarch64 riscv64
(module
  (memory 1)
  (func $__multi3 (param i32 i64 i64 i64 i64) (local i64 i64 i64 i64 i64 i64)
    local.get 0
    local.get 3
    i64.const 4294967295
    i64.and
    local.tee 5
    local.get 1
    i64.const 4294967295
    i64.and
    local.tee 6
    i64.mul
    local.tee 7
    local.get 3
    i64.const 32
    i64.shr_u
    local.tee 8
    local.get 6
    i64.mul
    local.tee 6
    local.get 5
    local.get 1
    i64.const 32
    i64.shr_u
    local.tee 9
    i64.mul
    i64.add
    local.tee 5
    i64.const 32
    i64.shl
    i64.add
    local.tee 10
    i64.store
    local.get 0
    local.get 8
    local.get 9
    i64.mul
    local.get 5
    local.get 6
    i64.lt_u
    i64.extend_i32_u
    i64.const 32
    i64.shl
    local.get 5
    i64.const 32
    i64.shr_u
    i64.or
    i64.add
    local.get 10
    local.get 7
    i64.lt_u
    i64.extend_i32_u
    i64.add
    local.get 4
    local.get 1
    i64.mul
    local.get 3
    local.get 2
    i64.mul
    i64.add
    i64.add
    i64.store offset=8))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0 `__multi3`
;; | function u0:0(i64, i32, i64, i64, i64, i64) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i64, v3: i64, v4: i64, v5: i64):
;; |                                     v6 = iconst.i64 0
;; | @005d                               v8 = uextend.i128 v4
;; | @005d                               v9 = uextend.i128 v2
;; | @005d                               v10 = imul v8, v9
;; | @005d                               v11, v12 = isplit v10
;; | @005d                               v13 = load.i64 notrap aligned readonly can_move v0+48
;; | @005d                               v14 = uextend.i64 v1
;; | @005d                               v15 = iadd v13, v14
;; | @005d                               store user2 little region0 v11, v15
;; | @008a                               v16 = imul v2, v5
;; | @008a                               v17 = iadd v12, v16
;; | @008a                               v18 = imul v3, v4
;; | @008a                               v19 = iadd v17, v18
;; | @008a                               v20 = load.i64 notrap aligned readonly can_move v0+48
;; | @008a                               v21 = uextend.i64 v1
;; | @008a                               v22 = iadd v20, v21
;; | @008a                               store user2 little region0 v19, v22+8
;; | @008d                               jump block1
;; |
;; |                                 block1:
;; | @008d                               return
;; | }
;;
;;     0  mov %rdx,%r10
;;     3  mov %r8,%rax
;;     6  mul %r10
;;     9  mov %rdx,%r11
;;     c  mov %r10,%rdx
;;     f  mov %r11,%r10
;;    12  mov 0x30(%rdi),%rdi
;;    16  mov %esi,%esi
;;    18  mov %rax,(%rdi,%rsi)
;;    1c  imul %r9,%rdx
;;    20  mov %r10,%rax
;;    23  add %rdx,%rax
;;    26  imul %r8,%rcx
;;    2a  add %rcx,%rax
;;    2d  mov %rax,8(%rdi,%rsi)
;;    32  ret
;;    33  int3
;;    34  int3
;;    35  int3
;;    36  int3
;;
;; function 0 `__multi3`, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mul x13, x6, x4
;;     c  umulh x15, x6, x4
;;    10  ldr x0, [x2, #0x30]
;;    14  add x14, x0, w3, uxtw
;;    18  ldr x1, [x0, w3, uxtw]
;;    1c  str x13, [x0, w3, uxtw]
;;    20  ldr x0, [x14, #8]
;;    24  madd x15, x4, x7, x15
;;    28  madd x15, x5, x6, x15
;;    2c  str x15, [x14, #8]
;;    30  ldp x29, x30, [sp], #0x10
;;    34  ret
;;
;; function 0 `__multi3`, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  addi sp, sp, -0x10
;;    14  sd s2, 8(sp)
;;    18  sd s3, 0(sp)
;;    1c  mul a7, a4, a2
;;    20  mulhu s3, a4, a2
;;    24  ld s2, 0x30(a0)
;;    28  slli a0, a1, 0x20
;;    2c  srli a0, a0, 0x20
;;    30  add a1, s2, a0
;;    34  ld a0, 0(a1)
;;    38  sd a7, 0(a1)
;;    3c  ld a0, 8(a1)
;;    40  mul a0, a2, a5
;;    44  add a0, s3, a0
;;    48  mul a2, a3, a4
;;    4c  add a0, a0, a2
;;    50  sd a0, 8(a1)
;;    54  ld s2, 8(sp)
;;    58  ld s3, 0(sp)
;;    5c  addi sp, sp, 0x10
;;    60  ld ra, 8(sp)
;;    64  ld s0, 0(sp)
;;    68  addi sp, sp, 0x10
;;    6c  ret
