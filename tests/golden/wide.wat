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
;; | @0069                               v7 = iconcat v1, v2
;; | @0069                               v8 = iconcat v3, v4
;; | @0069                               v9 = iadd v7, v8
;; | @0069                               v10, v11 = isplit v9
;; | @006b                               jump block1(v10, v11)
;; |
;; |                                 block1(v5: i64, v6: i64):
;; | @006b                               return v5, v6
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %rsi,%rax
;;     7  add %rcx,%rax
;;     a  mov %rdx,%rcx
;;     d  adc %r8,%rcx
;;    10  mov %rbp,%rsp
;;    13  pop %rbp
;;    14  ret
;;
;; function 1
;; | function u0:1(i64, i64, i64, i64) -> i64, i64 tail {
;; |                                 block0(v0: i64, v1: i64, v2: i64, v3: i64):
;; | @0074                               v6 = iconst.i64 0
;; | @0076                               v7 = iconcat v1, v2
;; | @0076                               v8 = iconcat v3, v6  ; v6 = 0
;; | @0076                               v9 = iadd v7, v8
;; | @0076                               v10, v11 = isplit v9
;; | @0078                               jump block1(v10, v11)
;; |
;; |                                 block1(v4: i64, v5: i64):
;; | @0078                               return v4, v5
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %rsi,%rax
;;     7  add %rcx,%rax
;;     a  mov %rdx,%rcx
;;     d  adc $0,%rcx
;;    11  mov %rbp,%rsp
;;    14  pop %rbp
;;    15  ret
;;
;; function 2
;; | function u0:2(i64, i64, i64, i64, i64) -> i64, i64 tail {
;; |                                 block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64):
;; | @0083                               v7 = iconcat v1, v2
;; | @0083                               v8 = iconcat v3, v4
;; | @0083                               v9 = isub v7, v8
;; | @0083                               v10, v11 = isplit v9
;; | @0085                               jump block1(v10, v11)
;; |
;; |                                 block1(v5: i64, v6: i64):
;; | @0085                               return v5, v6
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %rsi,%rax
;;     7  sub %rcx,%rax
;;     a  mov %rdx,%rcx
;;     d  sbb %r8,%rcx
;;    10  mov %rbp,%rsp
;;    13  pop %rbp
;;    14  ret
;;
;; function 3
;; | function u0:3(i64, i64, i64) -> i64, i64 tail {
;; |                                 block0(v0: i64, v1: i64, v2: i64):
;; | @008c                               v5 = sextend.i128 v1
;; | @008c                               v6 = sextend.i128 v2
;; | @008c                               v7 = imul v5, v6
;; | @008c                               v8, v9 = isplit v7
;; | @008e                               jump block1(v8, v9)
;; |
;; |                                 block1(v3: i64, v4: i64):
;; | @008e                               return v3, v4
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %rsi,%rax
;;     7  imul %rdx
;;     a  mov %rdx,%rcx
;;     d  mov %rbp,%rsp
;;    10  pop %rbp
;;    11  ret
;;
;; function 4
;; | function u0:4(i64, i64, i64) -> i64, i64 tail {
;; |                                 block0(v0: i64, v1: i64, v2: i64):
;; | @0095                               v5 = uextend.i128 v1
;; | @0095                               v6 = uextend.i128 v2
;; | @0095                               v7 = imul v5, v6
;; | @0095                               v8, v9 = isplit v7
;; | @0097                               jump block1(v8, v9)
;; |
;; |                                 block1(v3: i64, v4: i64):
;; | @0097                               return v3, v4
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %rsi,%rax
;;     7  mul %rdx
;;     a  mov %rdx,%rcx
;;     d  mov %rbp,%rsp
;;    10  pop %rbp
;;    11  ret
;;
;; function 5
;; | function u0:5(i64, i64, i64, i64, i64) -> i64, i64 tail {
;; |                                 block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64):
;; | @009e                               v7 = uextend.i128 v1
;; | @009e                               v8 = uextend.i128 v2
;; | @009e                               v9 = imul v7, v8
;; | @009e                               v10, v11 = isplit v9
;; | @00a2                               v12 = iconst.i64 0
;; | @00a4                               v13 = iconcat v10, v11
;; | @00a4                               v14 = iconcat v3, v12  ; v12 = 0
;; | @00a4                               v15 = iadd v13, v14
;; | @00a4                               v16, v17 = isplit v15
;; | @00a8                               v18 = iconst.i64 0
;; | @00aa                               v19 = iconcat v16, v17
;; | @00aa                               v20 = iconcat v4, v18  ; v18 = 0
;; | @00aa                               v21 = iadd v19, v20
;; | @00aa                               v22, v23 = isplit v21
;; | @00ac                               jump block1(v22, v23)
;; |
;; |                                 block1(v5: i64, v6: i64):
;; | @00ac                               return v5, v6
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %rsi,%rax
;;     7  mul %rdx
;;     a  add %rcx,%rax
;;     d  adc $0,%rdx
;;    11  add %r8,%rax
;;    14  mov %rdx,%rcx
;;    17  adc $0,%rcx
;;    1b  mov %rbp,%rsp
;;    1e  pop %rbp
;;    1f  ret
