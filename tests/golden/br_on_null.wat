;; Branches on null, an assertion that there is none, and a local that has no value before it is set: it costs nothing.
(module
  (type $t (func))
  (func (export "or") (param (ref null $t) (ref $t)) (result (ref $t))
    (block $null
      (return (br_on_null $null (local.get 0))))
    (local.get 1))
  (func (export "some") (param externref) (result i32)
    (block $some (result (ref extern))
      (br_on_non_null $some (local.get 0))
      (return (i32.const 0)))
    (drop)
    (i32.const 1))
  (func (export "local") (param (ref null $t)) (result (ref $t))
    (local (ref $t))
    (local.set 1 (ref.as_non_null (local.get 0)))
    (local.get 1)))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i64, i64) -> i64 tail {
;; |                                 block0(v0: i64, v1: i64, v2: i64):
;; | @0049                               v5 = iconst.i64 0
;; | @0049                               v6 = icmp eq v1, v5  ; v5 = 0
;; | @0049                               brif v6, block2, block3
;; |
;; |                                 block3:
;; | @004b                               return v1
;; |
;; |                                 block2:
;; | @004f                               jump block1(v2)
;; |
;; |                                 block1(v3: i64):
;; | @004f                               return v3
;; | }
;;
;;     0  mov %rdx,%rax
;;     3  test %rsi,%rsi
;;     6  je 0x0000000000000014
;;     c  mov %rsi,%rax
;;     f  ret
;;    10  int3
;;    11  int3
;;    12  int3
;;    13  int3
;;    14  ret
;;    15  int3
;;    16  int3
;;    17  int3
;;    18  int3
;;
;; function 1
;; | function u0:1(i64, i32) -> i32 tail {
;; |                                 block0(v0: i64, v1: i32):
;; | @0057                               v5 = iconst.i32 0
;; | @0057                               v6 = icmp ne v1, v5  ; v5 = 0
;; | @0057                               brif v6, block2(v1), block3
;; |
;; |                                 block3:
;; | @0059                               v7 = iconst.i32 0
;; | @005b                               return v7  ; v7 = 0
;; |
;; |                                 block2(v4: i32):
;; | @005e                               v8 = iconst.i32 1
;; | @0060                               jump block1(v8)  ; v8 = 1
;; |
;; |                                 block1(v2: i32):
;; | @0060                               return v2
;; | }
;;
;;     0  test %esi,%esi
;;     2  jne 0x000000000000000F
;;     8  xor %eax,%eax
;;     a  ret
;;     b  int3
;;     c  int3
;;     d  int3
;;     e  int3
;;     f  mov $1,%eax
;;    14  ret
;;    15  int3
;;    16  int3
;;    17  int3
;;    18  int3
;;
;; function 2
;; | function u0:2(i64, i64) -> i64 tail {
;; |                                 block0(v0: i64, v1: i64):
;; |                                     v3 = iconst.i64 0
;; | @0068                               trapz v1, user10
;; | @006d                               jump block1(v1)
;; |
;; |                                 block1(v2: i64):
;; | @006d                               return v2
;; | }
;;
;;     0  test %rsi,%rsi
;;     3  je 0x0000000000000011
;;     9  mov %rsi,%rax
;;     c  ret
;;     d  int3
;;     e  int3
;;     f  int3
;;    10  int3
;;    11  hlt
;;    12  nop
