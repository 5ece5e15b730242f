;; Without FMA the product is rounded; nothing is called.
(module
  (func (export "madd") (param v128 v128 v128) (result v128)
    (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "dot_add") (param v128 v128 v128) (result v128)
    (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get 0) (local.get 1) (local.get 2)))
  (func (export "laneselect") (param v128 v128 v128) (result v128)
    (i16x8.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "min") (param v128 v128) (result v128)
    (f32x4.relaxed_min (local.get 0) (local.get 1)))
  (func (export "trunc") (param v128) (result v128)
    (i32x4.relaxed_trunc_f64x2_s_zero (local.get 0))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i8x16, i8x16, i8x16) -> i8x16 tail {
;; |                                 block0(v0: i64, v1: i8x16, v2: i8x16, v3: i8x16):
;; | @005f                               v6 = bitcast.f32x4 little v3
;; | @005f                               v7 = bitcast.f32x4 little v2
;; | @005f                               v8 = bitcast.f32x4 little v1
;; | @005f                               v9 = fmul v8, v7
;; | @005f                               v10 = fadd v9, v6
;; | @0062                               v11 = bitcast.i8x16 little v10
;; | @0062                               jump block1(v11)
;; |
;; |                                 block1(v4: i8x16):
;; | @0062                               return v4
;; | }
;;
;;     0  mulps %xmm1,%xmm0
;;     3  addps %xmm2,%xmm0
;;     6  ret
;;     7  int3
;;     8  int3
;;     9  int3
;;     a  int3
;;
;; function 1
;; | function u0:1(i64, i8x16, i8x16, i8x16) -> i8x16 tail {
;; |                                 block0(v0: i64, v1: i8x16, v2: i8x16, v3: i8x16):
;; | @006b                               v6 = bitcast.i32x4 little v3
;; | @006b                               v7 = x86_pmaddubsw v1, v2
;; | @006b                               v8 = swiden_low v7
;; | @006b                               v9 = swiden_high v7
;; | @006b                               v10 = iadd_pairwise v8, v9
;; | @006b                               v11 = iadd v10, v6
;; | @006e                               v12 = bitcast.i8x16 little v11
;; | @006e                               jump block1(v12)
;; |
;; |                                 block1(v4: i8x16):
;; | @006e                               return v4
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  pmaddubsw %xmm0,%xmm1
;;     9  pmaddwd 0x20,%xmm1
;;    11  movdqa %xmm1,%xmm0
;;    15  paddd %xmm2,%xmm0
;;    19  mov %rbp,%rsp
;;    1c  pop %rbp
;;    1d  ret
;;    20  01 00 01 00 01 00 01 00 01 00 01 00 01 00 01 00
;;
;; function 2
;; | function u0:2(i64, i8x16, i8x16, i8x16) -> i8x16 tail {
;; |                                 block0(v0: i64, v1: i8x16, v2: i8x16, v3: i8x16):
;; | @0077                               v6 = bitcast.i16x8 little v3
;; | @0077                               v7 = iconst.i32 15
;; | @0077                               v8 = sshr v6, v7  ; v7 = 15
;; | @0077                               v9 = bitcast.i8x16 little v8
;; | @0077                               v10 = blendv v9, v1, v2
;; | @007a                               jump block1(v10)
;; |
;; |                                 block1(v4: i8x16):
;; | @007a                               return v4
;; | }
;;
;;     0  movdqa %xmm0,%xmm6
;;     4  movdqa %xmm2,%xmm0
;;     8  psraw $0xF,%xmm0
;;     d  movdqa %xmm6,%xmm2
;;    11  movdqa %xmm1,%xmm6
;;    15  pblendvb %xmm0,%xmm2,%xmm6
;;    1a  movdqa %xmm6,%xmm0
;;    1e  ret
;;    1f  int3
;;    20  int3
;;    21  int3
;;    22  int3
;;
;; function 3
;; | function u0:3(i64, i8x16, i8x16) -> i8x16 tail {
;; |                                 block0(v0: i64, v1: i8x16, v2: i8x16):
;; | @0081                               v5 = bitcast.f32x4 little v2
;; | @0081                               v6 = bitcast.f32x4 little v1
;; | @0081                               v7 = fcmp lt v5, v6
;; | @0081                               v8 = bitcast.f32x4 little v7
;; | @0081                               v9 = bitselect v8, v5, v6
;; | @0084                               v10 = bitcast.i8x16 little v9
;; | @0084                               jump block1(v10)
;; |
;; |                                 block1(v3: i8x16):
;; | @0084                               return v3
;; | }
;;
;;     0  movdqa %xmm0,%xmm5
;;     4  movdqa %xmm1,%xmm0
;;     8  minps %xmm5,%xmm0
;;     b  ret
;;     c  int3
;;     d  int3
;;     e  int3
;;     f  int3
;;
;; function 4
;; | function u0:4(i64, i8x16) -> i8x16 tail {
;; |     const0 = 0x00000000000000000000000000000000
;; |
;; |                                 block0(v0: i64, v1: i8x16):
;; | @0089                               v4 = vconst.i64x2 const0
;; | @0089                               v5 = bitcast.f64x2 little v1
;; | @0089                               v6 = x86_cvtt2dq.i64x2 v5
;; | @0089                               v7 = snarrow v6, v4  ; v4 = const0
;; | @008c                               v8 = bitcast.i8x16 little v7
;; | @008c                               jump block1(v8)
;; |
;; |                                 block1(v2: i8x16):
;; | @008c                               return v2
;; | }
;;
;;     0  cvttpd2dq %xmm0,%xmm0
;;     4  ret
;;     5  int3
;;     6  int3
;;     7  int3
;;     8  int3
