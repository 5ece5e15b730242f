;; 128-bit arithmetic: a sum and a difference are an instruction and one with carry each, a product is one multiplication.
(module
  (func (export "add") (param i64 i64 i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "add one") (param i64 i64 i64) (result i64 i64)
    (i64.add128 (local.get 0) (local.get 1) (local.get 2) (i64.const 0)))
  (func (export "sub") (param i64 i64 i64 i64) (result i64 i64)
    (i64.sub128 (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "mul_s") (param i64 i64) (result i64 i64)
    (i64.mul_wide_s (local.get 0) (local.get 1)))
  (func (export "mul_u") (param i64 i64) (result i64 i64)
    (i64.mul_wide_u (local.get 0) (local.get 1)))
  ;; A step of a long multiplication: product, addend, carry.
  (func (export "step") (param $x i64) (param $y i64) (param $addend i64) (param $carry i64) (result i64 i64)
    (i64.mul_wide_u (local.get $x) (local.get $y))
    (i64.add128 (local.get $addend) (i64.const 0))
    (i64.add128 (local.get $carry) (i64.const 0))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i64, i64, i64, i64) -> i64, i64 tail {
;; |                                 block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64):
;; | @0069                               v8 = iconcat v1, v2
;; | @0069                               v9 = iconcat v3, v4
;; | @0069                               v10 = iadd v8, v9
;; | @0069                               v11, v12 = isplit v10
;; | @006b                               jump block1(v11, v12)
;; |
;; |                                 block1(v5: i64, v6: i64):
;; | @006b                               return v5, v6
;; | }
;;
;;     0  mov %rsi,%rax
;;     3  add %rcx,%rax
;;     6  mov %rdx,%rcx
;;     9  adc %r8,%rcx
;;     c  ret
;;     d  int3
;;     e  int3
;;     f  int3
;;    10  int3
;;
;; function 1
;; | function u0:1(i64, i64, i64, i64) -> i64, i64 tail {
;; |                                 block0(v0: i64, v1: i64, v2: i64, v3: i64):
;; | @0074                               v7 = iconst.i64 0
;; | @0076                               v8 = iconcat v1, v2
;; | @0076                               v9 = iconcat v3, v7  ; v7 = 0
;; | @0076                               v10 = iadd v8, v9
;; | @0076                               v11, v12 = isplit v10
;; | @0078                               jump block1(v11, v12)
;; |
;; |                                 block1(v4: i64, v5: i64):
;; | @0078                               return v4, v5
;; | }
;;
;;     0  mov %rsi,%rax
;;     3  add %rcx,%rax
;;     6  mov %rdx,%rcx
;;     9  adc $0,%rcx
;;     d  ret
;;     e  int3
;;     f  int3
;;    10  int3
;;    11  int3
;;
;; function 2
;; | function u0:2(i64, i64, i64, i64, i64) -> i64, i64 tail {
;; |                                 block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64):
;; | @0083                               v8 = iconcat v1, v2
;; | @0083                               v9 = iconcat v3, v4
;; | @0083                               v10 = isub v8, v9
;; | @0083                               v11, v12 = isplit v10
;; | @0085                               jump block1(v11, v12)
;; |
;; |                                 block1(v5: i64, v6: i64):
;; | @0085                               return v5, v6
;; | }
;;
;;     0  mov %rsi,%rax
;;     3  sub %rcx,%rax
;;     6  mov %rdx,%rcx
;;     9  sbb %r8,%rcx
;;     c  ret
;;     d  int3
;;     e  int3
;;     f  int3
;;    10  int3
;;
;; function 3
;; | function u0:3(i64, i64, i64) -> i64, i64 tail {
;; |                                 block0(v0: i64, v1: i64, v2: i64):
;; | @008c                               v6 = sextend.i128 v1
;; | @008c                               v7 = sextend.i128 v2
;; | @008c                               v8 = imul v6, v7
;; | @008c                               v9, v10 = isplit v8
;; | @008e                               jump block1(v9, v10)
;; |
;; |                                 block1(v3: i64, v4: i64):
;; | @008e                               return v3, v4
;; | }
;;
;;     0  mov %rsi,%rax
;;     3  imul %rdx
;;     6  mov %rdx,%rcx
;;     9  ret
;;     a  int3
;;     b  int3
;;     c  int3
;;     d  int3
;;
;; function 4
;; | function u0:4(i64, i64, i64) -> i64, i64 tail {
;; |                                 block0(v0: i64, v1: i64, v2: i64):
;; | @0095                               v6 = uextend.i128 v1
;; | @0095                               v7 = uextend.i128 v2
;; | @0095                               v8 = imul v6, v7
;; | @0095                               v9, v10 = isplit v8
;; | @0097                               jump block1(v9, v10)
;; |
;; |                                 block1(v3: i64, v4: i64):
;; | @0097                               return v3, v4
;; | }
;;
;;     0  mov %rsi,%rax
;;     3  mul %rdx
;;     6  mov %rdx,%rcx
;;     9  ret
;;     a  int3
;;     b  int3
;;     c  int3
;;     d  int3
;;
;; function 5
;; | function u0:5(i64, i64, i64, i64, i64) -> i64, i64 tail {
;; |                                 block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64):
;; | @009e                               v8 = uextend.i128 v1
;; | @009e                               v9 = uextend.i128 v2
;; | @009e                               v10 = imul v8, v9
;; | @009e                               v11, v12 = isplit v10
;; | @00a2                               v13 = iconst.i64 0
;; | @00a4                               v14 = iconcat v11, v12
;; | @00a4                               v15 = iconcat v3, v13  ; v13 = 0
;; | @00a4                               v16 = iadd v14, v15
;; | @00a4                               v17, v18 = isplit v16
;; | @00a8                               v19 = iconst.i64 0
;; | @00aa                               v20 = iconcat v17, v18
;; | @00aa                               v21 = iconcat v4, v19  ; v19 = 0
;; | @00aa                               v22 = iadd v20, v21
;; | @00aa                               v23, v24 = isplit v22
;; | @00ac                               jump block1(v23, v24)
;; |
;; |                                 block1(v5: i64, v6: i64):
;; | @00ac                               return v5, v6
;; | }
;;
;;     0  mov %rsi,%rax
;;     3  mul %rdx
;;     6  add %rcx,%rax
;;     9  adc $0,%rdx
;;     d  add %r8,%rax
;;    10  mov %rdx,%rcx
;;    13  adc $0,%rcx
;;    17  ret
;;    18  int3
;;    19  int3
;;    1a  int3
;;    1b  int3
