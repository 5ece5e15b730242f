(module
  (func (export "extmul") (param v128 v128) (result v128)
    (i32x4.extmul_high_i16x8_s (local.get 0) (local.get 1)))
  ;; One instruction.
  (func (export "dot") (param v128 v128) (result v128)
    (i32x4.dot_i16x8_s (local.get 0) (local.get 1)))
  ;; A sum of products in a loop: the accumulator stays in its register.
  (func (export "sum") (param $i i32) (result v128) (local $sum v128)
    (loop $again
      (local.set $sum
        (f32x4.add (local.get $sum) (f32x4.mul (v128.load (local.get $i)) (v128.load offset=16 (local.get $i)))))
      (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 32)))))
    (local.get $sum))
  (memory 1))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i8x16, i8x16) -> i8x16 tail {
;; |                                 block0(v0: i64, v1: i8x16, v2: i8x16):
;; | @0042                               v4 = bitcast.i16x8 little v2
;; | @0042                               v5 = bitcast.i16x8 little v1
;; | @0042                               v6 = swiden_high v5
;; | @0042                               v7 = swiden_high v4
;; | @0042                               v8 = imul v6, v7
;; | @0045                               v9 = bitcast.i8x16 little v8
;; | @0045                               jump block1(v9)
;; |
;; |                                 block1(v3: i8x16):
;; | @0045                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  movdqa %xmm0,%xmm2
;;     8  pmullw %xmm1,%xmm0
;;     c  pmulhw %xmm1,%xmm2
;;    10  punpckhwd %xmm2,%xmm0
;;    14  mov %rbp,%rsp
;;    17  pop %rbp
;;    18  ret
;;
;; function 1
;; | function u0:1(i64, i8x16, i8x16) -> i8x16 tail {
;; |                                 block0(v0: i64, v1: i8x16, v2: i8x16):
;; | @004c                               v4 = bitcast.i16x8 little v2
;; | @004c                               v5 = bitcast.i16x8 little v1
;; | @004c                               v6 = swiden_low v5
;; | @004c                               v7 = swiden_low v4
;; | @004c                               v8 = imul v6, v7
;; | @004c                               v9 = swiden_high v5
;; | @004c                               v10 = swiden_high v4
;; | @004c                               v11 = imul v9, v10
;; | @004c                               v12 = iadd_pairwise v8, v11
;; | @004f                               v13 = bitcast.i8x16 little v12
;; | @004f                               jump block1(v13)
;; |
;; |                                 block1(v3: i8x16):
;; | @004f                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  pmaddwd %xmm1,%xmm0
;;     8  mov %rbp,%rsp
;;     b  pop %rbp
;;     c  ret
;;
;; function 2
;; | function u0:2(i64, i32) -> i8x16 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |     const0 = 0x00000000000000000000000000000000
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = vconst.i8x16 const0
;; | @0054                               jump block2(v3, v1)  ; v3 = const0
;; |
;; |                                 block2(v4: i8x16, v5: i32):
;; | @005a                               v6 = load.i64 notrap aligned readonly can_move v0+48
;; | @005a                               v7 = uextend.i64 v5
;; | @005a                               v8 = iadd v6, v7
;; | @005a                               v9 = load.i8x16 user2 little region0 v8
;; | @0060                               v10 = load.i64 notrap aligned readonly can_move v0+48
;; | @0060                               v11 = uextend.i64 v5
;; | @0060                               v12 = iadd v10, v11
;; | @0060                               v13 = load.i8x16 user2 little region0 v12+16
;; | @0064                               v14 = bitcast.f32x4 little v13
;; | @0064                               v15 = bitcast.f32x4 little v9
;; | @0064                               v16 = fmul v15, v14
;; | @0067                               v17 = bitcast.f32x4 little v4
;; | @0067                               v18 = fadd v17, v16
;; | @006a                               v19 = bitcast.i8x16 little v18
;; | @006e                               v20 = iconst.i32 32
;; | @0070                               v21 = isub v5, v20  ; v20 = 32
;; | @0073                               brif v21, block2(v19, v21), block3
;; |
;; |                                 block3:
;; | @0078                               jump block1(v19)
;; |
;; |                                 block1(v2: i8x16):
;; | @0078                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  pxor %xmm0,%xmm0
;;     8  mov 0x30(%rdi),%rax
;;     c  mov %esi,%ecx
;;     e  movdqu (%rax,%rcx),%xmm1
;;    13  movdqu 0x10(%rax,%rcx),%xmm2
;;    19  sub $0x20,%esi
;;    1c  mulps %xmm2,%xmm1
;;    1f  addps %xmm1,%xmm0
;;    22  test %esi,%esi
;;    24  jne 0x000000000000000C
;;    2a  mov %rbp,%rsp
;;    2d  pop %rbp
;;    2e  ret
