;; A store with a small offset, which the guard covers, and one with an offset past the guard, which is checked.
;; also: aarch64 riscv64
(module
  (memory 1)
  (func (export "near") (param i32 i64)
    (i64.store offset=8 (local.get 0) (local.get 1)))
  (func (export "far") (param i32 i64)
    (i64.store offset=0x80000000 (local.get 0) (local.get 1))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32, i64) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i64):
;; | @0033                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @0033                               v5 = uextend.i64 v1
;; | @0033                               v6 = iadd v4, v5
;; | @0033                               store user2 little region0 v2, v6+8
;; | @0036                               jump block1
;; |
;; |                                 block1:
;; | @0036                               return
;; | }
;;
;;     0  mov %rsi,%r8
;;     3  mov 0x30(%rdi),%rsi
;;     7  mov %r8,%rdi
;;     a  mov %edi,%edi
;;     c  mov %rdx,8(%rsi,%rdi)
;;    11  ret
;;    12  int3
;;    13  int3
;;    14  int3
;;    15  int3
;;
;; function 1
;; | function u0:1(i64, i32, i64) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |     region1 = 0 "Head"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i64):
;; | @003d                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @003d                               v5 = uextend.i64 v1
;; | @003d                               v6 = load.i64 notrap aligned region1 v0+56
;; | @003d                               v7 = iconst.i64 0x8000_0008
;; | @003d                               v8 = iadd v5, v7  ; v7 = 0x8000_0008
;; | @003d                               v9 = icmp ugt v8, v6
;; | @003d                               trapnz v9, user2
;; | @003d                               v10 = iconst.i64 0x8000_0000
;; | @003d                               v11 = iadd v5, v10  ; v10 = 0x8000_0000
;; | @003d                               v12 = iadd v4, v11
;; | @003d                               v13 = iconst.i64 0
;; | @003d                               v14 = select_spectre_guard v9, v13, v12  ; v13 = 0
;; | @003d                               store user2 little region0 v2, v14
;; | @0044                               jump block1
;; |
;; |                                 block1:
;; | @0044                               return
;; | }
;;
;;     0  mov 0x38(%rdi),%rax
;;     4  mov %esi,%ecx
;;     6  mov $0x80000008,%esi
;;     b  add %rcx,%rsi
;;     e  cmp %rax,%rsi
;;    11  ja 0x0000000000000036
;;    17  xor %r8,%r8
;;    1a  mov $0x80000000,%r9d
;;    20  add %r9,%rcx
;;    23  add 0x30(%rdi),%rcx
;;    27  cmp %rax,%rsi
;;    2a  cmova %r8,%rcx
;;    2e  mov %rdx,(%rcx)
;;    31  ret
;;    32  int3
;;    33  int3
;;    34  int3
;;    35  int3
;;    36  hlt
;;    37  nop
;;
;; function 0, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x6, [x2, #0x30]
;;     c  add x6, x6, w3, uxtw
;;    10  ldr x7, [x6, #8]
;;    14  str x4, [x6, #8]
;;    18  ldp x29, x30, [sp], #0x10
;;    1c  ret
;;
;; function 1, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x13, [x2, #0x38]
;;     c  mov w14, #8
;;    10  movk w14, #0x8000, lsl #16
;;    14  add x14, x14, w3, uxtw
;;    18  cmp x14, x13
;;    1c  b.hi #0x48
;;    20  mov x15, #0
;;    24  ldr x0, [x2, #0x30]
;;    28  mov x1, #0x80000000
;;    2c  add x1, x1, w3, uxtw
;;    30  add x0, x0, x1
;;    34  cmp x14, x13
;;    38  csel x0, x15, x0, hi
;;    3c  str x4, [x0]
;;    40  ldp x29, x30, [sp], #0x10
;;    44  ret
;;    48  udf #0xc11f
;;
;; function 0, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  ld a0, 0x30(a0)
;;    14  slli a1, a1, 0x20
;;    18  srli a1, a1, 0x20
;;    1c  add a0, a0, a1
;;    20  ld a1, 8(a0)
;;    24  sd a2, 8(a0)
;;    28  ld ra, 8(sp)
;;    2c  ld s0, 0(sp)
;;    30  addi sp, sp, 0x10
;;    34  ret
;;
;; function 1, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  addi sp, sp, -0x10
;;    14  sd s4, 8(sp)
;;    18  ld a5, 0x38(a0)
;;    1c  mv s4, a0
;;    20  slli a0, a1, 0x20
;;    24  srli a0, a0, 0x20
;;    28  lui a1, 0x10000
;;    2c  addi a1, a1, 1
;;    30  slli a1, a1, 3
;;    34  add a4, a0, a1
;;    38  sltu a3, a5, a4
;;    3c  bgeu a5, a4, 8
;;    40  c.unimp
;;    42  c.unimp
;;    44  mv a1, s4
;;    48  ld a1, 0x30(a1)
;;    4c  lui a4, 1
;;    50  slli a4, a4, 0x13
;;    54  add a0, a0, a4
;;    58  add a0, a1, a0
;;    5c  neg a1, a3
;;    60  not a1, a1
;;    64  and a0, a0, a1
;;    68  sd a2, 0(a0)
;;    6c  ld s4, 8(sp)
;;    70  addi sp, sp, 0x10
;;    74  ld ra, 8(sp)
;;    78  ld s0, 0(sp)
;;    7c  addi sp, sp, 0x10
;;    80  ret
