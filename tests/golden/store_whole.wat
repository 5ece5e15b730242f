;; Stores write nothing where they trap. On x86-64 each is so; elsewhere what is stored over is loaded before, but not where that has been
;; loaded or stored already, nor where the address is a multiple of the store's size, nor before a single byte.
;; also: aarch64 riscv64+has_v
(module
  (memory 1)
  (func (export "tried") (param i32 v128)
    (v128.store offset=4 (local.get 0) (local.get 1)))
  (func (export "narrow") (param i32 i64)
    (i64.store32 (local.get 0) (local.get 1))
    (i64.store16 offset=3 (local.get 0) (local.get 1))
    (i64.store8 offset=9 (local.get 0) (local.get 1)))
  (func (export "loaded") (param i32) (result i64)
    (local $was i64)
    (local.set $was (i64.load (local.get 0)))
    (i64.store (local.get 0) (i64.add (local.get $was) (i64.const 1)))
    (local.get $was))
  (func (export "aligned") (param i32 i64 v128)
    (i64.store offset=24 (i32.shl (local.get 0) (i32.const 3)) (local.get 1))
    (v128.store offset=32 (i32.and (local.get 0) (i32.const -16)) (local.get 2)))
  (func (export "odd") (param i32 i32 i64)
    (i64.store (i32.add (i32.shl (local.get 0) (i32.const 3)) (local.get 1)) (local.get 2)))
  (func (export "elsewhere") (param i32 i32 i64)
    (if (local.get 1) (then (drop (i64.load (local.get 0)))))
    (i64.store (local.get 0) (local.get 2)))
  (func (export "further") (param i32 i64)
    (drop (i32.load offset=8 (local.get 0)))
    (i64.store offset=4 (local.get 0) (local.get 1))
    (i64.store offset=5 (local.get 0) (local.get 1)))
  (func (export "lane") (param i32 v128)
    (v128.store32_lane 2 (local.get 0) (local.get 1))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32, i8x16) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i8x16):
;; | @008a                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @008a                               v5 = uextend.i64 v1
;; | @008a                               v6 = iadd v4, v5
;; | @008a                               store user2 little region0 v2, v6+4
;; | @008e                               jump block1
;; |
;; |                                 block1:
;; | @008e                               return
;; | }
;;
;;     0  mov %rsi,%r8
;;     3  mov 0x30(%rdi),%rsi
;;     7  mov %r8,%rdi
;;     a  mov %edi,%edi
;;     c  movdqu %xmm0,4(%rsi,%rdi)
;;    12  ret
;;    13  int3
;;    14  int3
;;    15  int3
;;    16  int3
;;
;; function 1
;; | function u0:1(i64, i32, i64) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i64):
;; | @0095                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @0095                               v5 = uextend.i64 v1
;; | @0095                               v6 = iadd v4, v5
;; | @0095                               istore32 user2 little region0 v2, v6
;; | @009c                               v7 = load.i64 notrap aligned readonly can_move v0+48
;; | @009c                               v8 = uextend.i64 v1
;; | @009c                               v9 = iadd v7, v8
;; | @009c                               istore16 user2 little region0 v2, v9+3
;; | @00a3                               v10 = load.i64 notrap aligned readonly can_move v0+48
;; | @00a3                               v11 = uextend.i64 v1
;; | @00a3                               v12 = iadd v10, v11
;; | @00a3                               istore8 user2 little region0 v2, v12+9
;; | @00a6                               jump block1
;; |
;; |                                 block1:
;; | @00a6                               return
;; | }
;;
;;     0  mov 0x30(%rdi),%r8
;;     4  mov %esi,%edi
;;     6  mov %edx,(%r8,%rdi)
;;     a  mov %dx,3(%r8,%rdi)
;;    10  mov %dl,9(%r8,%rdi)
;;    15  ret
;;    16  int3
;;    17  int3
;;    18  int3
;;    19  int3
;;
;; function 2
;; | function u0:2(i64, i32) -> i64 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = iconst.i64 0
;; | @00ad                               v5 = load.i64 notrap aligned readonly can_move v0+48
;; | @00ad                               v6 = uextend.i64 v1
;; | @00ad                               v7 = iadd v5, v6
;; | @00ad                               v8 = load.i64 user2 little region0 v7
;; | @00b6                               v9 = iconst.i64 1
;; | @00b8                               v10 = iadd v8, v9  ; v9 = 1
;; | @00b9                               v11 = load.i64 notrap aligned readonly can_move v0+48
;; | @00b9                               v12 = uextend.i64 v1
;; | @00b9                               v13 = iadd v11, v12
;; | @00b9                               store user2 little region0 v10, v13
;; | @00be                               jump block1(v8)
;; |
;; |                                 block1(v2: i64):
;; | @00be                               return v2
;; | }
;;
;;     0  mov 0x30(%rdi),%r8
;;     4  mov %esi,%edi
;;     6  mov (%r8,%rdi),%rax
;;     a  lea 1(%rax),%rsi
;;     e  mov %rsi,(%r8,%rdi)
;;    12  ret
;;    13  int3
;;    14  int3
;;    15  int3
;;    16  int3
;;
;; function 3
;; | function u0:3(i64, i32, i64, i8x16) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i64, v3: i8x16):
;; | @00c3                               v5 = iconst.i32 3
;; | @00c5                               v6 = ishl v1, v5  ; v5 = 3
;; | @00c8                               v7 = load.i64 notrap aligned readonly can_move v0+48
;; | @00c8                               v8 = uextend.i64 v6
;; | @00c8                               v9 = iadd v7, v8
;; | @00c8                               store user2 little region0 v2, v9+24
;; | @00cd                               v10 = iconst.i32 -16
;; | @00cf                               v11 = band v1, v10  ; v10 = -16
;; | @00d2                               v12 = load.i64 notrap aligned readonly can_move v0+48
;; | @00d2                               v13 = uextend.i64 v11
;; | @00d2                               v14 = iadd v12, v13
;; | @00d2                               store user2 little region0 v3, v14+32
;; | @00d6                               jump block1
;; |
;; |                                 block1:
;; | @00d6                               return
;; | }
;;
;;     0  mov 0x30(%rdi),%rdi
;;     4  mov %rsi,%r8
;;     7  shl $3,%r8d
;;     b  mov %rdx,0x18(%rdi,%r8)
;;    10  and $0xFFFFFFF0,%esi
;;    13  movdqu %xmm0,0x20(%rdi,%rsi)
;;    19  ret
;;    1a  int3
;;    1b  int3
;;    1c  int3
;;    1d  int3
;;
;; function 4
;; | function u0:4(i64, i32, i32, i64) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32, v3: i64):
;; | @00db                               v5 = iconst.i32 3
;; | @00dd                               v6 = ishl v1, v5  ; v5 = 3
;; | @00e0                               v7 = iadd v6, v2
;; | @00e3                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @00e3                               v9 = uextend.i64 v7
;; | @00e3                               v10 = iadd v8, v9
;; | @00e3                               store user2 little region0 v3, v10
;; | @00e6                               jump block1
;; |
;; |                                 block1:
;; | @00e6                               return
;; | }
;;
;;     0  mov %rsi,%r8
;;     3  mov 0x30(%rdi),%rsi
;;     7  lea (%rdx,%r8,8),%edi
;;     b  mov %rcx,(%rsi,%rdi)
;;     f  ret
;;    10  int3
;;    11  int3
;;    12  int3
;;    13  int3
;;
;; function 5
;; | function u0:5(i64, i32, i32, i64) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32, v3: i64):
;; |                                     v9 -> v1
;; |                                     v10 -> v3
;; | @00eb                               brif v2, block3, block4
;; |
;; |                                 block3:
;; | @00ef                               v5 = load.i64 notrap aligned readonly can_move v0+48
;; | @00ef                               v6 = uextend.i64 v1
;; | @00ef                               v7 = iadd v5, v6
;; | @00ef                               v8 = load.i64 user2 little region0 v7
;; | @00f3                               jump block2
;; |
;; |                                 block4:
;; | @00f3                               jump block2
;; |
;; |                                 block2:
;; | @00f8                               v11 = load.i64 notrap aligned readonly can_move v0+48
;; | @00f8                               v12 = uextend.i64 v1
;; | @00f8                               v13 = iadd v11, v12
;; | @00f8                               store.i64 user2 little region0 v3, v13
;; | @00fb                               jump block1
;; |
;; |                                 block1:
;; | @00fb                               return
;; | }
;;
;;     0  test %edx,%edx
;;     2  je 0x0000000000000012
;;     8  mov 0x30(%rdi),%rax
;;     c  mov %esi,%edx
;;     e  mov (%rax,%rdx),%rax
;;    12  mov 0x30(%rdi),%rax
;;    16  mov %esi,%edx
;;    18  mov %rcx,(%rax,%rdx)
;;    1c  ret
;;    1d  int3
;;    1e  int3
;;    1f  int3
;;    20  int3
;;
;; function 6
;; | function u0:6(i64, i32, i64) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i64):
;; | @0100                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @0100                               v5 = uextend.i64 v1
;; | @0100                               v6 = iadd v4, v5
;; | @0100                               v7 = load.i32 user2 little region0 v6+8
;; | @0108                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @0108                               v9 = uextend.i64 v1
;; | @0108                               v10 = iadd v8, v9
;; | @0108                               store user2 little region0 v2, v10+4
;; | @010f                               v11 = load.i64 notrap aligned readonly can_move v0+48
;; | @010f                               v12 = uextend.i64 v1
;; | @010f                               v13 = iadd v11, v12
;; | @010f                               store user2 little region0 v2, v13+5
;; | @0112                               jump block1
;; |
;; |                                 block1:
;; | @0112                               return
;; | }
;;
;;     0  mov 0x30(%rdi),%r8
;;     4  mov %esi,%edi
;;     6  mov 8(%r8,%rdi),%esi
;;     b  mov %rdx,4(%r8,%rdi)
;;    10  mov %rdx,5(%r8,%rdi)
;;    15  ret
;;    16  int3
;;    17  int3
;;    18  int3
;;    19  int3
;;
;; function 7
;; | function u0:7(i64, i32, i8x16) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i8x16):
;; | @0119                               v4 = bitcast.i32x4 little v2
;; | @0119                               v5 = load.i64 notrap aligned readonly can_move v0+48
;; | @0119                               v6 = uextend.i64 v1
;; | @0119                               v7 = iadd v5, v6
;; | @0119                               v8 = extractlane v4, 2
;; | @0119                               store user2 little region0 v8, v7
;; | @011e                               jump block1
;; |
;; |                                 block1:
;; | @011e                               return
;; | }
;;
;;     0  mov %rsi,%r8
;;     3  mov 0x30(%rdi),%rsi
;;     7  mov %r8,%rdi
;;     a  mov %edi,%edi
;;     c  pextrd $2,%xmm0,(%rsi,%rdi)
;;    13  ret
;;    14  int3
;;    15  int3
;;    16  int3
;;    17  int3
;;
;; function 0, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x7, [x2, #0x30]
;;     c  add x6, x7, #4
;;    10  ldr q16, [x6, w3, uxtw]
;;    14  add x7, x7, #4
;;    18  str q0, [x7, w3, uxtw]
;;    1c  ldp x29, x30, [sp], #0x10
;;    20  ret
;;
;; function 1, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x10, [x2, #0x30]
;;     c  add x9, x10, w3, uxtw
;;    10  ldr w11, [x10, w3, uxtw]
;;    14  str w4, [x10, w3, uxtw]
;;    18  add x11, x10, #3
;;    1c  ldrh w11, [x11, w3, uxtw]
;;    20  add x10, x10, #3
;;    24  strh w4, [x10, w3, uxtw]
;;    28  strb w4, [x9, #9]
;;    2c  ldp x29, x30, [sp], #0x10
;;    30  ret
;;
;; function 2, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x5, [x2, #0x30]
;;     c  ldr x2, [x5, w3, uxtw]
;;    10  add x6, x2, #1
;;    14  str x6, [x5, w3, uxtw]
;;    18  ldp x29, x30, [sp], #0x10
;;    1c  ret
;;
;; function 3, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x9, [x2, #0x30]
;;     c  lsl w10, w3, #3
;;    10  add x10, x9, w10, uxtw
;;    14  str x4, [x10, #0x18]
;;    18  and w10, w3, #0xfffffff0
;;    1c  add x10, x9, w10, uxtw
;;    20  str q0, [x10, #0x20]
;;    24  ldp x29, x30, [sp], #0x10
;;    28  ret
;;
;; function 4, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x7, [x2, #0x30]
;;     c  add w8, w4, w3, lsl #3
;;    10  ldr x9, [x7, w8, uxtw]
;;    14  str x5, [x7, w8, uxtw]
;;    18  ldp x29, x30, [sp], #0x10
;;    1c  ret
;;
;; function 5, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  cbz w4, #0x14
;;     c  ldr x10, [x2, #0x30]
;;    10  ldr x10, [x10, w3, uxtw]
;;    14  ldr x11, [x2, #0x30]
;;    18  ldr x12, [x11, w3, uxtw]
;;    1c  str x5, [x11, w3, uxtw]
;;    20  ldp x29, x30, [sp], #0x10
;;    24  ret
;;
;; function 6, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x10, [x2, #0x30]
;;     c  add x11, x10, w3, uxtw
;;    10  ldr w11, [x11, #8]
;;    14  add x11, x10, #4
;;    18  str x4, [x11, w3, uxtw]
;;    1c  add x11, x10, #5
;;    20  ldr x12, [x11, w3, uxtw]
;;    24  add x11, x10, #5
;;    28  str x4, [x11, w3, uxtw]
;;    2c  ldp x29, x30, [sp], #0x10
;;    30  ret
;;
;; function 7, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x6, [x2, #0x30]
;;     c  ldr w7, [x6, w3, uxtw]
;;    10  mov w7, v0.s[2]
;;    14  str w7, [x6, w3, uxtw]
;;    18  ldp x29, x30, [sp], #0x10
;;    1c  ret
;;
;; function 0, riscv64+has_v
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  57 70 08 cc
;;    14  addi t6, sp, 0x10
;;    18  07 84 0f 02
;;    1c  ld a0, 0x30(a0)
;;    20  slli a1, a1, 0x20
;;    24  srli a1, a1, 0x20
;;    28  add a0, a0, a1
;;    2c  addi t6, a0, 4
;;    30  87 84 0f 02
;;    34  addi t6, a0, 4
;;    38  27 84 0f 02
;;    3c  ld ra, 8(sp)
;;    40  ld s0, 0(sp)
;;    44  addi sp, sp, 0x10
;;    48  addi sp, sp, 0x10
;;    4c  ret
;;
;; function 1, riscv64+has_v
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  ld a0, 0x30(a0)
;;    14  slli a1, a1, 0x20
;;    18  srli a1, a1, 0x20
;;    1c  add a0, a0, a1
;;    20  lw a1, 0(a0)
;;    24  sw a2, 0(a0)
;;    28  lh a1, 3(a0)
;;    2c  sh a2, 3(a0)
;;    30  sb a2, 9(a0)
;;    34  ld ra, 8(sp)
;;    38  ld s0, 0(sp)
;;    3c  addi sp, sp, 0x10
;;    40  ret
;;
;; function 2, riscv64+has_v
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  ld a0, 0x30(a0)
;;    14  slli a1, a1, 0x20
;;    18  srli a1, a1, 0x20
;;    1c  add a1, a0, a1
;;    20  ld a0, 0(a1)
;;    24  addi a2, a0, 1
;;    28  sd a2, 0(a1)
;;    2c  ld ra, 8(sp)
;;    30  ld s0, 0(sp)
;;    34  addi sp, sp, 0x10
;;    38  ret
;;
;; function 3, riscv64+has_v
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  57 70 08 cc
;;    14  addi t6, sp, 0x10
;;    18  07 84 0f 02
;;    1c  ld a4, 0x30(a0)
;;    20  slliw a5, a1, 3
;;    24  slli a3, a5, 0x20
;;    28  srli a5, a3, 0x20
;;    2c  add a5, a4, a5
;;    30  sd a2, 0x18(a5)
;;    34  andi a5, a1, -0x10
;;    38  slli a5, a5, 0x20
;;    3c  srli a0, a5, 0x20
;;    40  add a5, a4, a0
;;    44  addi t6, a5, 0x20
;;    48  27 84 0f 02
;;    4c  ld ra, 8(sp)
;;    50  ld s0, 0(sp)
;;    54  addi sp, sp, 0x10
;;    58  addi sp, sp, 0x10
;;    5c  ret
;;
;; function 4, riscv64+has_v
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  ld a4, 0x30(a0)
;;    14  slliw a1, a1, 3
;;    18  addw a1, a1, a2
;;    1c  slli a0, a1, 0x20
;;    20  srli a2, a0, 0x20
;;    24  add a1, a4, a2
;;    28  ld a2, 0(a1)
;;    2c  sd a3, 0(a1)
;;    30  ld ra, 8(sp)
;;    34  ld s0, 0(sp)
;;    38  addi sp, sp, 0x10
;;    3c  ret
;;
;; function 5, riscv64+has_v
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  sext.w a5, a2
;;    14  beqz a5, 0x18
;;    18  ld a2, 0x30(a0)
;;    1c  slli a4, a1, 0x20
;;    20  srli a4, a4, 0x20
;;    24  add a2, a2, a4
;;    28  ld a2, 0(a2)
;;    2c  ld a0, 0x30(a0)
;;    30  slli a1, a1, 0x20
;;    34  srli a1, a1, 0x20
;;    38  add a0, a0, a1
;;    3c  ld a1, 0(a0)
;;    40  sd a3, 0(a0)
;;    44  ld ra, 8(sp)
;;    48  ld s0, 0(sp)
;;    4c  addi sp, sp, 0x10
;;    50  ret
;;
;; function 6, riscv64+has_v
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  ld a0, 0x30(a0)
;;    14  slli a1, a1, 0x20
;;    18  srli a1, a1, 0x20
;;    1c  add a0, a0, a1
;;    20  lw a1, 8(a0)
;;    24  sd a2, 4(a0)
;;    28  ld a1, 5(a0)
;;    2c  sd a2, 5(a0)
;;    30  ld ra, 8(sp)
;;    34  ld s0, 0(sp)
;;    38  addi sp, sp, 0x10
;;    3c  ret
;;
;; function 7, riscv64+has_v
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  mv a3, a1
;;    14  57 70 08 cc
;;    18  addi t6, sp, 0x10
;;    1c  07 84 0f 02
;;    20  ld a1, 0x30(a0)
;;    24  slli a0, a3, 0x20
;;    28  srli a2, a0, 0x20
;;    2c  add a1, a1, a2
;;    30  lw a2, 0(a1)
;;    34  57 70 02 cd
;;    38  57 35 81 3e
;;    3c  57 26 a0 42
;;    40  sw a2, 0(a1)
;;    44  ld ra, 8(sp)
;;    48  ld s0, 0(sp)
;;    4c  addi sp, sp, 0x10
;;    50  addi sp, sp, 0x10
;;    54  ret
