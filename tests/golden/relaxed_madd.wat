;; cpu: has_avx has_fma
(module
  (func (export "madd") (param v128 v128 v128) (result v128)
    (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "nmadd") (param v128 v128 v128) (result v128)
    (f64x2.relaxed_nmadd (local.get 0) (local.get 1) (local.get 2))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i8x16, i8x16, i8x16) -> i8x16 tail {
;; |                                 block0(v0: i64, v1: i8x16, v2: i8x16, v3: i8x16):
;; | @0034                               v6 = bitcast.f32x4 little v3
;; | @0034                               v7 = bitcast.f32x4 little v2
;; | @0034                               v8 = bitcast.f32x4 little v1
;; | @0034                               v9 = fma v8, v7, v6
;; | @0037                               v10 = bitcast.i8x16 little v9
;; | @0037                               jump block1(v10)
;; |
;; |                                 block1(v4: i8x16):
;; | @0037                               return v4
;; | }
;;
;;     0  vfmadd213ps %xmm2,%xmm1,%xmm0
;;     5  ret
;;     6  int3
;;     7  int3
;;     8  int3
;;     9  int3
;;
;; function 1
;; | function u0:1(i64, i8x16, i8x16, i8x16) -> i8x16 tail {
;; |                                 block0(v0: i64, v1: i8x16, v2: i8x16, v3: i8x16):
;; | @0040                               v6 = bitcast.f64x2 little v3
;; | @0040                               v7 = bitcast.f64x2 little v2
;; | @0040                               v8 = bitcast.f64x2 little v1
;; | @0040                               v9 = fneg v8
;; | @0040                               v10 = fma v9, v7, v6
;; | @0043                               v11 = bitcast.i8x16 little v10
;; | @0043                               jump block1(v11)
;; |
;; |                                 block1(v4: i8x16):
;; | @0043                               return v4
;; | }
;;
;;     0  vfnmadd213pd %xmm2,%xmm1,%xmm0
;;     5  ret
;;     6  int3
;;     7  int3
;;     8  int3
;;     9  int3
