;; Atomic operators of a shared memory: alignment is asked for, bounds are left to the guard, the operation is one instruction where the
;; machine has one. The length comes from the head that all stores read.
;; also: aarch64 aarch64+has_lse riscv64
(module
  (memory 1 2 shared)
  (func (export "load") (param i32) (result i64)
    (i64.atomic.load offset=8 (local.get 0)))
  (func (export "store") (param i32 i32)
    (i32.atomic.store (local.get 0) (local.get 1)))
  (func (export "add") (param i32 i32) (result i32)
    (i32.atomic.rmw.add (local.get 0) (local.get 1)))
  (func (export "or") (param i32 i64) (result i64)
    (i64.atomic.rmw.or (local.get 0) (local.get 1)))
  (func (export "narrow") (param i32 i32) (result i32)
    (i32.atomic.rmw8.xchg_u (local.get 0) (local.get 1)))
  (func (export "cmpxchg") (param i32 i64 i64) (result i64)
    (i64.atomic.rmw.cmpxchg (local.get 0) (local.get 1) (local.get 2)))
  (func (export "narrow cmpxchg") (param i32 i32 i32) (result i32)
    (i32.atomic.rmw16.cmpxchg_u (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fence")
    (atomic.fence))
  (func (export "size") (result i32)
    (memory.size))
  (func (export "merged") (param i32) (result i32)
    ;; Of two plain loads one is made, of those on both sides of an atomic one both.
    (i32.add
      (i32.add (i32.load (local.get 0)) (i32.load (local.get 0)))
      (i32.add (i32.atomic.load (i32.const 0)) (i32.load (local.get 0))))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32) -> i64 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @00ae                               v4 = uextend.i64 v1
;; | @00ae                               v5 = iconst.i64 7
;; | @00ae                               v6 = band v4, v5  ; v5 = 7
;; | @00ae                               trapnz v6, user21
;; | @00ae                               v7 = load.i64 notrap aligned readonly can_move v0+48
;; | @00ae                               v8 = uextend.i64 v1
;; | @00ae                               v9 = iadd v7, v8
;; | @00ae                               v10 = iconst.i64 8
;; | @00ae                               v11 = iadd v9, v10  ; v10 = 8
;; | @00ae                               v12 = atomic_load.i64 user2 little region0 v11
;; | @00b2                               jump block1(v12)
;; |
;; |                                 block1(v2: i64):
;; | @00b2                               return v2
;; | }
;;
;;     0  mov %esi,%esi
;;     2  test $7,%rsi
;;     9  jne 0x000000000000001D
;;     f  mov 0x30(%rdi),%rdi
;;    13  mov 8(%rdi,%rsi),%rax
;;    18  ret
;;    19  int3
;;    1a  int3
;;    1b  int3
;;    1c  int3
;;    1d  hlt
;;    1e  nop
;;
;; function 1
;; | function u0:1(i64, i32, i32) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; | @00b9                               v4 = uextend.i64 v1
;; | @00b9                               v5 = iconst.i64 3
;; | @00b9                               v6 = band v4, v5  ; v5 = 3
;; | @00b9                               trapnz v6, user21
;; | @00b9                               v7 = load.i64 notrap aligned readonly can_move v0+48
;; | @00b9                               v8 = uextend.i64 v1
;; | @00b9                               v9 = iadd v7, v8
;; | @00b9                               atomic_store user2 little region0 v2, v9
;; | @00bd                               jump block1
;; |
;; |                                 block1:
;; | @00bd                               return
;; | }
;;
;;     0  mov %esi,%esi
;;     2  test $3,%rsi
;;     9  jne 0x000000000000001E
;;     f  mov 0x30(%rdi),%rdi
;;    13  mov %edx,(%rdi,%rsi)
;;    16  mfence
;;    19  ret
;;    1a  int3
;;    1b  int3
;;    1c  int3
;;    1d  int3
;;    1e  hlt
;;    1f  nop
;;
;; function 2
;; | function u0:2(i64, i32, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; | @00c4                               v5 = uextend.i64 v1
;; | @00c4                               v6 = iconst.i64 3
;; | @00c4                               v7 = band v5, v6  ; v6 = 3
;; | @00c4                               trapnz v7, user21
;; | @00c4                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @00c4                               v9 = uextend.i64 v1
;; | @00c4                               v10 = iadd v8, v9
;; | @00c4                               v11 = atomic_rmw.i32 add v10, v2
;; | @00c8                               jump block1(v11)
;; |
;; |                                 block1(v3: i32):
;; | @00c8                               return v3
;; | }
;;
;;     0  mov %esi,%esi
;;     2  test $3,%rsi
;;     9  jne 0x0000000000000021
;;     f  mov 0x30(%rdi),%r8
;;    13  mov %rdx,%rax
;;    16  lock xadd %eax,(%r8,%rsi)
;;    1c  ret
;;    1d  int3
;;    1e  int3
;;    1f  int3
;;    20  int3
;;    21  hlt
;;    22  nop
;;
;; function 3
;; | function u0:3(i64, i32, i64) -> i64 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i64):
;; | @00cf                               v5 = uextend.i64 v1
;; | @00cf                               v6 = iconst.i64 7
;; | @00cf                               v7 = band v5, v6  ; v6 = 7
;; | @00cf                               trapnz v7, user21
;; | @00cf                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @00cf                               v9 = uextend.i64 v1
;; | @00cf                               v10 = iadd v8, v9
;; | @00cf                               v11 = atomic_rmw.i64 or v10, v2
;; | @00d3                               jump block1(v11)
;; |
;; |                                 block1(v3: i64):
;; | @00d3                               return v3
;; | }
;;
;;     0  mov %rdi,%r11
;;     3  mov %esi,%edi
;;     5  test $7,%rdi
;;     c  jne 0x0000000000000031
;;    12  mov 0x30(%r11),%r9
;;    16  mov (%r9,%rdi),%rax
;;    1a  mov %rax,%r10
;;    1d  or %rdx,%r10
;;    20  lock cmpxchg %r10,(%r9,%rdi)
;;    26  jne 0x000000000000001A
;;    2c  ret
;;    2d  int3
;;    2e  int3
;;    2f  int3
;;    30  int3
;;    31  hlt
;;    32  nop
;;
;; function 4
;; | function u0:4(i64, i32, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; | @00da                               v5 = load.i64 notrap aligned readonly can_move v0+48
;; | @00da                               v6 = uextend.i64 v1
;; | @00da                               v7 = iadd v5, v6
;; | @00da                               v8 = ireduce.i8 v2
;; | @00da                               v9 = atomic_rmw.i8 xchg v7, v8
;; | @00da                               v10 = uextend.i32 v9
;; | @00de                               jump block1(v10)
;; |
;; |                                 block1(v3: i32):
;; | @00de                               return v3
;; | }
;;
;;     0  mov 0x30(%rdi),%rdi
;;     4  mov %esi,%r8d
;;     7  xchg %dl,(%rdi,%r8)
;;     b  movzbl %dl,%eax
;;     e  ret
;;     f  int3
;;    10  int3
;;    11  int3
;;    12  int3
;;
;; function 5
;; | function u0:5(i64, i32, i64, i64) -> i64 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i64, v3: i64):
;; | @00e7                               v6 = uextend.i64 v1
;; | @00e7                               v7 = iconst.i64 7
;; | @00e7                               v8 = band v6, v7  ; v7 = 7
;; | @00e7                               trapnz v8, user21
;; | @00e7                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @00e7                               v10 = uextend.i64 v1
;; | @00e7                               v11 = iadd v9, v10
;; | @00e7                               v12 = atomic_cas v11, v2, v3
;; | @00eb                               jump block1(v12)
;; |
;; |                                 block1(v4: i64):
;; | @00eb                               return v4
;; | }
;;
;;     0  mov %rdi,%rax
;;     3  mov %esi,%edi
;;     5  test $7,%rdi
;;     c  jne 0x0000000000000024
;;    12  mov 0x30(%rax),%r9
;;    16  mov %rdx,%rax
;;    19  lock cmpxchg %rcx,(%r9,%rdi)
;;    1f  ret
;;    20  int3
;;    21  int3
;;    22  int3
;;    23  int3
;;    24  hlt
;;    25  nop
;;
;; function 6
;; | function u0:6(i64, i32, i32, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32, v3: i32):
;; | @00f4                               v6 = uextend.i64 v1
;; | @00f4                               v7 = iconst.i64 1
;; | @00f4                               v8 = band v6, v7  ; v7 = 1
;; | @00f4                               trapnz v8, user21
;; | @00f4                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @00f4                               v10 = uextend.i64 v1
;; | @00f4                               v11 = iadd v9, v10
;; | @00f4                               v12 = ireduce.i16 v2
;; | @00f4                               v13 = ireduce.i16 v3
;; | @00f4                               v14 = atomic_cas v11, v12, v13
;; | @00f4                               v15 = uextend.i32 v14
;; | @00f8                               jump block1(v15)
;; |
;; |                                 block1(v4: i32):
;; | @00f8                               return v4
;; | }
;;
;;     0  mov %esi,%r8d
;;     3  test $1,%r8
;;     a  jne 0x0000000000000026
;;    10  mov 0x30(%rdi),%r10
;;    14  mov %rdx,%rax
;;    17  lock cmpxchg %cx,(%r10,%r8)
;;    1e  movzwl %ax,%eax
;;    21  ret
;;    22  int3
;;    23  int3
;;    24  int3
;;    25  int3
;;    26  hlt
;;    27  nop
;;
;; function 7
;; | function u0:7(i64) tail {
;; |                                 block0(v0: i64):
;; | @00fb                               fence
;; | @00fe                               jump block1
;; |
;; |                                 block1:
;; | @00fe                               return
;; | }
;;
;;     0  mfence
;;     3  ret
;;     4  int3
;;     5  int3
;;     6  int3
;;     7  int3
;;
;; function 8
;; | function u0:8(i64) -> i32 tail {
;; |     region0 = 0 "Head"
;; |
;; |                                 block0(v0: i64):
;; | @0101                               v3 = load.i64 notrap aligned readonly can_move v0+56
;; | @0101                               v4 = iconst.i64 8
;; | @0101                               v5 = iadd v3, v4  ; v4 = 8
;; | @0101                               v6 = atomic_load.i64 notrap aligned region0 v5
;; | @0101                               v7 = iconst.i64 16
;; | @0101                               v8 = ushr v6, v7  ; v7 = 16
;; | @0101                               v9 = ireduce.i32 v8
;; | @0103                               jump block1(v9)
;; |
;; |                                 block1(v1: i32):
;; | @0103                               return v1
;; | }
;;
;;     0  mov 0x38(%rdi),%rsi
;;     4  mov 8(%rsi),%rax
;;     8  shr $0x10,%rax
;;     c  ret
;;     d  int3
;;     e  int3
;;     f  int3
;;    10  int3
;;
;; function 9
;; | function u0:9(i64, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0108                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @0108                               v5 = uextend.i64 v1
;; | @0108                               v6 = iadd v4, v5
;; | @0108                               v7 = load.i32 user2 little region0 v6
;; | @010d                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @010d                               v9 = uextend.i64 v1
;; | @010d                               v10 = iadd v8, v9
;; | @010d                               v11 = load.i32 user2 little region0 v10
;; | @0110                               v12 = iadd v7, v11
;; | @0111                               v13 = iconst.i32 0
;; | @0113                               v14 = uextend.i64 v13  ; v13 = 0
;; | @0113                               v15 = iconst.i64 3
;; | @0113                               v16 = band v14, v15  ; v15 = 3
;; | @0113                               trapnz v16, user21
;; | @0113                               v17 = load.i64 notrap aligned readonly can_move v0+48
;; | @0113                               v18 = uextend.i64 v13  ; v13 = 0
;; | @0113                               v19 = iadd v17, v18
;; | @0113                               v20 = atomic_load.i32 user2 little region0 v19
;; | @0119                               v21 = load.i64 notrap aligned readonly can_move v0+48
;; | @0119                               v22 = uextend.i64 v1
;; | @0119                               v23 = iadd v21, v22
;; | @0119                               v24 = load.i32 user2 little region0 v23
;; | @011c                               v25 = iadd v20, v24
;; | @011d                               v26 = iadd v12, v25
;; | @011e                               jump block1(v26)
;; |
;; |                                 block1(v2: i32):
;; | @011e                               return v2
;; | }
;;
;;     0  mov 0x30(%rdi),%r10
;;     4  mov %esi,%ecx
;;     6  mov (%r10,%rcx),%r11d
;;     a  mov (%r10),%eax
;;     d  mov (%r10,%rcx),%r10d
;;    11  add %r11d,%r11d
;;    14  add %r10d,%eax
;;    17  add %r11d,%eax
;;    1a  ret
;;    1b  int3
;;    1c  int3
;;    1d  int3
;;    1e  int3
;;
;; function 0, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mov w8, w3
;;     c  and x8, x8, #7
;;    10  cbnz x8, #0x2c
;;    14  ldr x9, [x2, #0x30]
;;    18  add x9, x9, w3, uxtw
;;    1c  add x9, x9, #8
;;    20  ldar x2, [x9]
;;    24  ldp x29, x30, [sp], #0x10
;;    28  ret
;;    2c  udf #0xc11f
;;
;; function 1, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mov w7, w3
;;     c  and x7, x7, #3
;;    10  cbnz x7, #0x28
;;    14  ldr x8, [x2, #0x30]
;;    18  add x8, x8, w3, uxtw
;;    1c  stlr w4, [x8]
;;    20  ldp x29, x30, [sp], #0x10
;;    24  ret
;;    28  udf #0xc11f
;;
;; function 2, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  str x28, [sp, #-0x10]!
;;     c  stp x26, x27, [sp, #-0x10]!
;;    10  stp x24, x25, [sp, #-0x10]!
;;    14  mov w10, w3
;;    18  and x10, x10, #3
;;    1c  cbnz x10, #0x54
;;    20  ldr x11, [x2, #0x30]
;;    24  add x25, x11, w3, uxtw
;;    28  mov x26, x4
;;    2c  ldaxr w27, [x25]
;;    30  add w28, w27, w26
;;    34  stlxr w24, w28, [x25]
;;    38  cbnz x24, #0x2c
;;    3c  mov x2, x27
;;    40  ldp x24, x25, [sp], #0x10
;;    44  ldp x26, x27, [sp], #0x10
;;    48  ldr x28, [sp], #0x10
;;    4c  ldp x29, x30, [sp], #0x10
;;    50  ret
;;    54  udf #0xc11f
;;
;; function 3, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  str x28, [sp, #-0x10]!
;;     c  stp x26, x27, [sp, #-0x10]!
;;    10  stp x24, x25, [sp, #-0x10]!
;;    14  mov w10, w3
;;    18  and x10, x10, #7
;;    1c  cbnz x10, #0x54
;;    20  ldr x11, [x2, #0x30]
;;    24  add x25, x11, w3, uxtw
;;    28  mov x26, x4
;;    2c  ldaxr x27, [x25]
;;    30  orr x28, x27, x26
;;    34  stlxr w24, x28, [x25]
;;    38  cbnz x24, #0x2c
;;    3c  mov x2, x27
;;    40  ldp x24, x25, [sp], #0x10
;;    44  ldp x26, x27, [sp], #0x10
;;    48  ldr x28, [sp], #0x10
;;    4c  ldp x29, x30, [sp], #0x10
;;    50  ret
;;    54  udf #0xc11f
;;
;; function 4, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  stp x26, x27, [sp, #-0x10]!
;;     c  stp x24, x25, [sp, #-0x10]!
;;    10  ldr x8, [x2, #0x30]
;;    14  add x25, x8, w3, uxtw
;;    18  mov x26, x4
;;    1c  ldaxrb w27, [x25]
;;    20  stlxrb w24, w26, [x25]
;;    24  cbnz x24, #0x1c
;;    28  uxtb w2, w27
;;    2c  ldp x24, x25, [sp], #0x10
;;    30  ldp x26, x27, [sp], #0x10
;;    34  ldp x29, x30, [sp], #0x10
;;    38  ret
;;
;; function 5, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  str x28, [sp, #-0x10]!
;;     c  stp x26, x27, [sp, #-0x10]!
;;    10  stp x24, x25, [sp, #-0x10]!
;;    14  mov w10, w3
;;    18  and x10, x10, #7
;;    1c  cbnz x10, #0x5c
;;    20  ldr x11, [x2, #0x30]
;;    24  add x25, x11, w3, uxtw
;;    28  mov x26, x4
;;    2c  mov x28, x5
;;    30  ldaxr x27, [x25]
;;    34  cmp x27, x26
;;    38  b.ne #0x44
;;    3c  stlxr w24, x28, [x25]
;;    40  cbnz x24, #0x30
;;    44  mov x2, x27
;;    48  ldp x24, x25, [sp], #0x10
;;    4c  ldp x26, x27, [sp], #0x10
;;    50  ldr x28, [sp], #0x10
;;    54  ldp x29, x30, [sp], #0x10
;;    58  ret
;;    5c  udf #0xc11f
;;
;; function 6, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  str x28, [sp, #-0x10]!
;;     c  stp x26, x27, [sp, #-0x10]!
;;    10  stp x24, x25, [sp, #-0x10]!
;;    14  mov w11, w3
;;    18  and x11, x11, #1
;;    1c  cbnz x11, #0x5c
;;    20  ldr x12, [x2, #0x30]
;;    24  add x25, x12, w3, uxtw
;;    28  mov x26, x4
;;    2c  mov x28, x5
;;    30  ldaxrh w27, [x25]
;;    34  cmp x27, w26, uxth
;;    38  b.ne #0x44
;;    3c  stlxrh w24, w28, [x25]
;;    40  cbnz x24, #0x30
;;    44  uxth w2, w27
;;    48  ldp x24, x25, [sp], #0x10
;;    4c  ldp x26, x27, [sp], #0x10
;;    50  ldr x28, [sp], #0x10
;;    54  ldp x29, x30, [sp], #0x10
;;    58  ret
;;    5c  udf #0xc11f
;;
;; function 7, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  dmb ish
;;     c  ldp x29, x30, [sp], #0x10
;;    10  ret
;;
;; function 8, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x5, [x2, #0x38]
;;     c  add x5, x5, #8
;;    10  ldar x5, [x5]
;;    14  lsr x2, x5, #0x10
;;    18  ldp x29, x30, [sp], #0x10
;;    1c  ret
;;
;; function 9, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x11, [x2, #0x30]
;;     c  ldr w9, [x11, w3, uxtw]
;;    10  ldar w10, [x11]
;;    14  ldr w11, [x11, w3, uxtw]
;;    18  add w12, w9, w9
;;    1c  add w10, w10, w11
;;    20  add w2, w12, w10
;;    24  ldp x29, x30, [sp], #0x10
;;    28  ret
;;
;; function 0, aarch64+has_lse
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mov w8, w3
;;     c  and x8, x8, #7
;;    10  cbnz x8, #0x2c
;;    14  ldr x9, [x2, #0x30]
;;    18  add x9, x9, w3, uxtw
;;    1c  add x9, x9, #8
;;    20  ldar x2, [x9]
;;    24  ldp x29, x30, [sp], #0x10
;;    28  ret
;;    2c  udf #0xc11f
;;
;; function 1, aarch64+has_lse
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mov w7, w3
;;     c  and x7, x7, #3
;;    10  cbnz x7, #0x28
;;    14  ldr x8, [x2, #0x30]
;;    18  add x8, x8, w3, uxtw
;;    1c  stlr w4, [x8]
;;    20  ldp x29, x30, [sp], #0x10
;;    24  ret
;;    28  udf #0xc11f
;;
;; function 2, aarch64+has_lse
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mov w8, w3
;;     c  and x8, x8, #3
;;    10  cbnz x8, #0x28
;;    14  ldr x9, [x2, #0x30]
;;    18  add x9, x9, w3, uxtw
;;    1c  ldaddal w4, w2, [x9]
;;    20  ldp x29, x30, [sp], #0x10
;;    24  ret
;;    28  udf #0xc11f
;;
;; function 3, aarch64+has_lse
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mov w8, w3
;;     c  and x8, x8, #7
;;    10  cbnz x8, #0x28
;;    14  ldr x9, [x2, #0x30]
;;    18  add x9, x9, w3, uxtw
;;    1c  ldsetal x4, x2, [x9]
;;    20  ldp x29, x30, [sp], #0x10
;;    24  ret
;;    28  udf #0xc11f
;;
;; function 4, aarch64+has_lse
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  stp x26, x27, [sp, #-0x10]!
;;     c  stp x24, x25, [sp, #-0x10]!
;;    10  ldr x8, [x2, #0x30]
;;    14  add x25, x8, w3, uxtw
;;    18  mov x26, x4
;;    1c  ldaxrb w27, [x25]
;;    20  stlxrb w24, w26, [x25]
;;    24  cbnz x24, #0x1c
;;    28  uxtb w2, w27
;;    2c  ldp x24, x25, [sp], #0x10
;;    30  ldp x26, x27, [sp], #0x10
;;    34  ldp x29, x30, [sp], #0x10
;;    38  ret
;;
;; function 5, aarch64+has_lse
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mov w9, w3
;;     c  and x9, x9, #7
;;    10  cbnz x9, #0x2c
;;    14  ldr x10, [x2, #0x30]
;;    18  add x10, x10, w3, uxtw
;;    1c  mov x2, x4
;;    20  casal x2, x5, [x10]
;;    24  ldp x29, x30, [sp], #0x10
;;    28  ret
;;    2c  udf #0xc11f
;;
;; function 6, aarch64+has_lse
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  mov w10, w3
;;     c  and x10, x10, #1
;;    10  cbnz x10, #0x2c
;;    14  ldr x11, [x2, #0x30]
;;    18  add x11, x11, w3, uxtw
;;    1c  casalh w4, w5, [x11]
;;    20  uxth w2, w4
;;    24  ldp x29, x30, [sp], #0x10
;;    28  ret
;;    2c  udf #0xc11f
;;
;; function 7, aarch64+has_lse
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  dmb ish
;;     c  ldp x29, x30, [sp], #0x10
;;    10  ret
;;
;; function 8, aarch64+has_lse
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x5, [x2, #0x38]
;;     c  add x5, x5, #8
;;    10  ldar x5, [x5]
;;    14  lsr x2, x5, #0x10
;;    18  ldp x29, x30, [sp], #0x10
;;    1c  ret
;;
;; function 9, aarch64+has_lse
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x11, [x2, #0x30]
;;     c  ldr w9, [x11, w3, uxtw]
;;    10  ldar w10, [x11]
;;    14  ldr w11, [x11, w3, uxtw]
;;    18  add w12, w9, w9
;;    1c  add w10, w10, w11
;;    20  add w2, w12, w10
;;    24  ldp x29, x30, [sp], #0x10
;;    28  ret
;;
;; function 0, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  slli a1, a1, 0x20
;;    14  srli a1, a1, 0x20
;;    18  andi a2, a1, 7
;;    1c  beqz a2, 8
;;    20  c.unimp
;;    22  c.unimp
;;    24  ld a0, 0x30(a0)
;;    28  add a0, a0, a1
;;    2c  addi a0, a0, 8
;;    30  fence rw, rw
;;    34  ld a0, 0(a0)
;;    38  fence r, rw
;;    3c  ld ra, 8(sp)
;;    40  ld s0, 0(sp)
;;    44  addi sp, sp, 0x10
;;    48  ret
;;
;; function 1, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  slli a1, a1, 0x20
;;    14  srli a1, a1, 0x20
;;    18  andi a3, a1, 3
;;    1c  beqz a3, 8
;;    20  c.unimp
;;    22  c.unimp
;;    24  ld a0, 0x30(a0)
;;    28  add a0, a0, a1
;;    2c  fence rw, w
;;    30  sw a2, 0(a0)
;;    34  ld ra, 8(sp)
;;    38  ld s0, 0(sp)
;;    3c  addi sp, sp, 0x10
;;    40  ret
;;
;; function 2, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  slli a1, a1, 0x20
;;    14  srli a1, a1, 0x20
;;    18  andi a3, a1, 3
;;    1c  beqz a3, 8
;;    20  c.unimp
;;    22  c.unimp
;;    24  ld a0, 0x30(a0)
;;    28  add a0, a0, a1
;;    2c  amoadd.w.aqrl a0, a2, (a0)
;;    30  ld ra, 8(sp)
;;    34  ld s0, 0(sp)
;;    38  addi sp, sp, 0x10
;;    3c  ret
;;
;; function 3, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  slli a1, a1, 0x20
;;    14  srli a1, a1, 0x20
;;    18  andi a3, a1, 7
;;    1c  beqz a3, 8
;;    20  c.unimp
;;    22  c.unimp
;;    24  ld a0, 0x30(a0)
;;    28  add a0, a0, a1
;;    2c  amoor.d.aqrl a0, a2, (a0)
;;    30  ld ra, 8(sp)
;;    34  ld s0, 0(sp)
;;    38  addi sp, sp, 0x10
;;    3c  ret
;;
;; function 4, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  ld a3, 0x30(a0)
;;    14  slli a4, a1, 0x20
;;    18  srli a4, a4, 0x20
;;    1c  add a3, a3, a4
;;    20  andi a1, a3, 3
;;    24  slli a4, a1, 3
;;    28  andi a5, a3, -4
;;    2c  lr.w.aqrl a3, (a5)
;;    30  mv t5, a3
;;    34  srl a3, a3, a4
;;    38  andi a3, a3, 0xff
;;    3c  addi t6, zero, 0xff
;;    40  sll t6, t6, a4
;;    44  not t6, t6
;;    48  and t5, t5, t6
;;    4c  andi t6, a2, 0xff
;;    50  sll t6, t6, a4
;;    54  or t5, t5, t6
;;    58  sc.w.aqrl a0, t5, (a5)
;;    5c  bnez a0, -0x30
;;    60  andi a0, a3, 0xff
;;    64  ld ra, 8(sp)
;;    68  ld s0, 0(sp)
;;    6c  addi sp, sp, 0x10
;;    70  ret
;;
;; function 5, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  slli a1, a1, 0x20
;;    14  srli a4, a1, 0x20
;;    18  andi a1, a4, 7
;;    1c  beqz a1, 8
;;    20  c.unimp
;;    22  c.unimp
;;    24  ld a5, 0x30(a0)
;;    28  add a4, a5, a4
;;    2c  lr.d.aqrl a0, (a4)
;;    30  bne a2, a0, 0xc
;;    34  sc.d.aqrl a1, a3, (a4)
;;    38  bnez a1, -0xc
;;    3c  ld ra, 8(sp)
;;    40  ld s0, 0(sp)
;;    44  addi sp, sp, 0x10
;;    48  ret
;;
;; function 6, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  addi sp, sp, -0x10
;;    14  sd s1, 8(sp)
;;    18  slli a1, a1, 0x20
;;    1c  srli a1, a1, 0x20
;;    20  andi a4, a1, 1
;;    24  beqz a4, 8
;;    28  c.unimp
;;    2a  c.unimp
;;    2c  ld a0, 0x30(a0)
;;    30  add a0, a0, a1
;;    34  andi a1, a0, 3
;;    38  slli a1, a1, 3
;;    3c  lui a4, 0x10
;;    40  addi a4, a4, -1
;;    44  sllw t1, a4, a1
;;    48  slli a3, a3, 0x30
;;    4c  srli a3, a3, 0x30
;;    50  sllw a4, a3, a1
;;    54  andi a3, a0, -4
;;    58  fence rw, rw
;;    5c  lw t0, 0(a3)
;;    60  fence r, rw
;;    64  srlw a5, t0, a1
;;    68  slli a3, a5, 0x30
;;    6c  srai a3, a3, 0x30
;;    70  slli t2, a2, 0x30
;;    74  srai t2, t2, 0x30
;;    78  bne a3, t2, 0x40
;;    7c  andi a3, a0, -4
;;    80  not t2, t1
;;    84  and t2, t0, t2
;;    88  or t2, t2, a4
;;    8c  slli s1, t0, 0x20
;;    90  srli s1, s1, 0x20
;;    94  lr.w.aqrl a6, (a3)
;;    98  slli a6, a6, 0x20
;;    9c  srli a6, a6, 0x20
;;    a0  bne s1, a6, 0xc
;;    a4  sc.w.aqrl a7, t2, (a3)
;;    a8  bnez a7, -0x14
;;    ac  sext.w a3, a6
;;    b0  sext.w t0, t0
;;    b4  bne a3, t0, -0x60
;;    b8  slli a0, a5, 0x30
;;    bc  srli a0, a0, 0x30
;;    c0  ld s1, 8(sp)
;;    c4  addi sp, sp, 0x10
;;    c8  ld ra, 8(sp)
;;    cc  ld s0, 0(sp)
;;    d0  addi sp, sp, 0x10
;;    d4  ret
;;
;; function 7, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  fence
;;    14  ld ra, 8(sp)
;;    18  ld s0, 0(sp)
;;    1c  addi sp, sp, 0x10
;;    20  ret
;;
;; function 8, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  ld a0, 0x38(a0)
;;    14  addi a0, a0, 8
;;    18  fence rw, rw
;;    1c  ld a0, 0(a0)
;;    20  fence r, rw
;;    24  srli a0, a0, 0x10
;;    28  ld ra, 8(sp)
;;    2c  ld s0, 0(sp)
;;    30  addi sp, sp, 0x10
;;    34  ret
;;
;; function 9, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  ld a2, 0x30(a0)
;;    14  slli a1, a1, 0x20
;;    18  srli a3, a1, 0x20
;;    1c  add a4, a2, a3
;;    20  lw a3, 0(a4)
;;    24  fence rw, rw
;;    28  lw a2, 0(a2)
;;    2c  fence r, rw
;;    30  lw a4, 0(a4)
;;    34  addw a3, a3, a3
;;    38  addw a4, a2, a4
;;    3c  addw a0, a3, a4
;;    40  ld ra, 8(sp)
;;    44  ld s0, 0(sp)
;;    48  addi sp, sp, 0x10
;;    4c  ret
