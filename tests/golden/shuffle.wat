(module
  ;; The low bytes of both, in turn: one instruction.
  (func (export "interleave") (param v128 v128) (result v128)
    (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get 0) (local.get 1)))
  ;; Words of 32 bits of one vector: one instruction, and no vector of lanes is cast where none needs it.
  (func (export "rotate") (param v128) (result v128)
    (i8x16.shuffle 4 5 6 7 8 9 10 11 12 13 14 15 0 1 2 3 (i32x4.neg (local.get 0)) (local.get 0))
    (i32x4.neg (local.get 0))
    i32x4.add)
  ;; Any bytes.
  (func (export "any") (param v128 v128) (result v128)
    (i8x16.shuffle 31 0 30 1 29 2 28 3 27 4 26 5 25 6 24 7 (local.get 0) (local.get 1))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i8x16, i8x16) -> i8x16 tail {
;; |                                 block0(v0: i64, v1: i8x16, v2: i8x16):
;; | @0044                               v5 = shuffle v1, v2, 0x17071606150514041303120211011000
;; | @0056                               jump block1(v5)
;; |
;; |                                 block1(v3: i8x16):
;; | @0056                               return v3
;; | }
;;
;;     0  punpcklbw %xmm1,%xmm0
;;     4  ret
;;     5  int3
;;     6  int3
;;     7  int3
;;     8  int3
;;
;; function 1
;; | function u0:1(i64, i8x16) -> i8x16 tail {
;; |                                 block0(v0: i64, v1: i8x16):
;; | @005b                               v4 = bitcast.i32x4 little v1
;; | @005b                               v5 = ineg v4
;; | @0060                               v6 = bitcast.i8x16 little v5
;; | @0060                               v7 = shuffle v6, v1, 0x030201000f0e0d0c0b0a090807060504
;; | @0074                               v8 = bitcast.i32x4 little v1
;; | @0074                               v9 = ineg v8
;; | @0077                               v10 = bitcast.i32x4 little v7
;; | @0077                               v11 = iadd v10, v9
;; | @007a                               v12 = bitcast.i8x16 little v11
;; | @007a                               jump block1(v12)
;; |
;; |                                 block1(v2: i8x16):
;; | @007a                               return v2
;; | }
;;
;;     0  pxor %xmm7,%xmm7
;;     4  psubd %xmm0,%xmm7
;;     8  movdqa %xmm0,%xmm1
;;     c  pshufd $0x39,%xmm7,%xmm0
;;    11  psubd %xmm1,%xmm0
;;    15  ret
;;    16  int3
;;    17  int3
;;    18  int3
;;    19  int3
;;
;; function 2
;; | function u0:2(i64, i8x16, i8x16) -> i8x16 tail {
;; |                                 block0(v0: i64, v1: i8x16, v2: i8x16):
;; | @0081                               v5 = shuffle v1, v2, 0x07180619051a041b031c021d011e001f
;; | @0093                               jump block1(v5)
;; |
;; |                                 block1(v3: i8x16):
;; | @0093                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  pshufb 0x20,%xmm0
;;     d  pshufb 0x30,%xmm1
;;    16  por %xmm1,%xmm0
;;    1a  mov %rbp,%rsp
;;    1d  pop %rbp
;;    1e  ret
;;    20  80 00 80 01 80 02 80 03 80 04 80 05 80 06 80 07
;;    30  0f 80 0e 80 0d 80 0c 80 0b 80 0a 80 09 80 08 80
