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
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mulps %xmm1,%xmm0
;;     7  addps %xmm2,%xmm0
;;     a  mov %rbp,%rsp
;;     d  pop %rbp
;;     e  ret
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
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  movdqa %xmm0,%xmm6
;;     8  movdqa %xmm2,%xmm0
;;     c  psraw $0xF,%xmm0
;;    11  movdqa %xmm6,%xmm2
;;    15  movdqa %xmm1,%xmm6
;;    19  pblendvb %xmm0,%xmm2,%xmm6
;;    1e  movdqa %xmm6,%xmm0
;;    22  mov %rbp,%rsp
;;    25  pop %rbp
;;    26  ret
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
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  movdqa %xmm0,%xmm5
;;     8  movdqa %xmm1,%xmm0
;;     c  minps %xmm5,%xmm0
;;     f  mov %rbp,%rsp
;;    12  pop %rbp
;;    13  ret
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
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  cvttpd2dq %xmm0,%xmm0
;;     8  mov %rbp,%rsp
;;     b  pop %rbp
;;     c  ret
