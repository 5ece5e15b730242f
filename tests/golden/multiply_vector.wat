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
;; | @0042                               v5 = bitcast.i16x8 little v2
;; | @0042                               v6 = bitcast.i16x8 little v1
;; | @0042                               v7 = swiden_high v6
;; | @0042                               v8 = swiden_high v5
;; | @0042                               v9 = imul v7, v8
;; | @0045                               v10 = bitcast.i8x16 little v9
;; | @0045                               jump block1(v10)
;; |
;; |                                 block1(v3: i8x16):
;; | @0045                               return v3
;; | }
;;
;;     0  movdqa %xmm0,%xmm2
;;     4  pmullw %xmm1,%xmm0
;;     8  pmulhw %xmm1,%xmm2
;;     c  punpckhwd %xmm2,%xmm0
;;    10  ret
;;    11  int3
;;    12  int3
;;    13  int3
;;    14  int3
;;
;; function 1
;; | function u0:1(i64, i8x16, i8x16) -> i8x16 tail {
;; |                                 block0(v0: i64, v1: i8x16, v2: i8x16):
;; | @004c                               v5 = bitcast.i16x8 little v2
;; | @004c                               v6 = bitcast.i16x8 little v1
;; | @004c                               v7 = swiden_low v6
;; | @004c                               v8 = swiden_low v5
;; | @004c                               v9 = imul v7, v8
;; | @004c                               v10 = swiden_high v6
;; | @004c                               v11 = swiden_high v5
;; | @004c                               v12 = imul v10, v11
;; | @004c                               v13 = iadd_pairwise v9, v12
;; | @004f                               v14 = bitcast.i8x16 little v13
;; | @004f                               jump block1(v14)
;; |
;; |                                 block1(v3: i8x16):
;; | @004f                               return v3
;; | }
;;
;;     0  pmaddwd %xmm1,%xmm0
;;     4  ret
;;     5  int3
;;     6  int3
;;     7  int3
;;     8  int3
;;
;; function 2
;; | function u0:2(i64, i32) -> i8x16 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |     const0 = 0x00000000000000000000000000000000
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = vconst.i8x16 const0
;; | @0054                               jump block4(v3, v1)  ; v3 = const0
;; |
;; |                                 block4(v24: i8x16, v25: i32):
;; | @0054                               v5 = load.i32 user11 aligned v0-4
;; | @0054                               v26 = iconst.i32 -32
;; | @0054                               v27 = iadd v25, v26  ; v26 = -32
;; | @0054                               v28 = iconst.i32 0
;; | @0054                               v29 = isub v27, v28  ; v28 = 0
;; | @0054                               v30 = iconst.i32 5
;; | @0054                               v31 = rotr v29, v30  ; v30 = 5
;; | @0054                               v32 = iconst.i32 1820
;; | @0054                               v33 = icmp ult v31, v32  ; v32 = 1820
;; | @0054                               v34 = iconst.i32 -58240
;; | @0054                               v35 = iadd v25, v34  ; v34 = -58240
;; | @0054                               v36 = select v33, v28, v35  ; v28 = 0
;; | @0054                               jump block2(v24, v25)
;; |
;; |                                 block2(v6: i8x16, v7: i32):
;; | @005a                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @005a                               v9 = uextend.i64 v7
;; | @005a                               v10 = iadd v8, v9
;; | @005a                               v11 = load.i8x16 user2 little region0 v10
;; | @0060                               v12 = load.i64 notrap aligned readonly can_move v0+48
;; | @0060                               v13 = uextend.i64 v7
;; | @0060                               v14 = iadd v12, v13
;; | @0060                               v15 = load.i8x16 user2 little region0 v14+16
;; | @0064                               v16 = bitcast.f32x4 little v15
;; | @0064                               v17 = bitcast.f32x4 little v11
;; | @0064                               v18 = fmul v17, v16
;; | @0067                               v19 = bitcast.f32x4 little v6
;; | @0067                               v20 = fadd v19, v18
;; | @006a                               v21 = bitcast.i8x16 little v20
;; | @006e                               v22 = iconst.i32 32
;; | @0070                               v23 = isub v7, v22  ; v22 = 32
;; | @0073                               v37 = icmp ne v23, v36
;; | @0073                               brif v37, block2(v21, v23), block5
;; |
;; |                                 block5:
;; | @0073                               brif.i32 v23, block4(v21, v23), block3
;; |
;; |                                 block3:
;; | @0078                               jump block1(v21)
;; |
;; |                                 block1(v2: i8x16):
;; | @0078                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  pxor %xmm0,%xmm0
;;     8  mov 0x30(%rdi),%rax
;;     c  mov -4(%rax),%ecx
;;     f  lea -0x20(%rsi),%edx
;;    12  ror $5,%edx
;;    15  lea -0xE380(%rsi),%ecx
;;    1b  cmp $0x71C,%edx
;;    21  cmovb 0x58,%ecx
;;    28  mov %esi,%esi
;;    2a  movdqu (%rax,%rsi),%xmm1
;;    2f  movdqu 0x10(%rax,%rsi),%xmm2
;;    35  sub $0x20,%esi
;;    38  mulps %xmm2,%xmm1
;;    3b  addps %xmm1,%xmm0
;;    3e  cmp %ecx,%esi
;;    40  jne 0x000000000000002A
;;    46  test %esi,%esi
;;    48  jne 0x000000000000000C
;;    4e  mov %rbp,%rsp
;;    51  pop %rbp
;;    52  ret
;;    58  00 00 00 00 00 00 00 00
