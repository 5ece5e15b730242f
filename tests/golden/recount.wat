;; What looks for something and tells where it was: the loop keeps one of i and i + 1, and so goes back by one branch.
(module
  (memory 1)
  (func (export "length") (param $text i32) (result i32) (local $i i32) (local $last i32)
    (loop $again
      (local.set $i (i32.add (local.tee $last (local.get $i)) (i32.const 1)))
      (br_if $again (i32.load8_u (i32.add (local.get $text) (local.get $last)))))
    (local.get $last)))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v9 -> v1
;; |                                     v3 = iconst.i32 0
;; | @002c                               jump block2(v3)  ; v3 = 0
;; |
;; |                                 block2(v6: i32):
;; | @002c                               v5 = load.i32 user11 aligned v0-4
;; | @0032                               v7 = iconst.i32 1
;; | @0034                               v8 = iadd v6, v7  ; v7 = 1
;; | @003b                               v10 = iadd.i32 v9, v6
;; | @003c                               v11 = load.i64 notrap aligned readonly can_move v0+48
;; | @003c                               v12 = uextend.i64 v10
;; | @003c                               v13 = iadd v11, v12
;; | @003c                               v14 = uload8.i32 user2 little region0 v13
;; | @003f                               brif v14, block2(v8), block3
;; |
;; |                                 block3:
;; | @0044                               jump block1(v6)
;; |
;; |                                 block1(v2: i32):
;; | @0044                               return v2
;; | }
;;
;;     0  nopl (%rax)
;;     4  xor %eax,%eax
;;     6  mov 0x30(%rdi),%rcx
;;     a  mov -4(%rcx),%edx
;;     d  lea (%rsi,%rax),%edx
;;    10  movzbq (%rcx,%rdx),%rdx
;;    15  add $1,%eax
;;    1b  test %edx,%edx
;;    1d  jne 0x000000000000000A
;;    23  sub $1,%eax
;;    26  ret
;;    27  int3
;;    28  int3
;;    29  int3
;;    2a  int3
