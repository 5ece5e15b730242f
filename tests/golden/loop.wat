;; A loop: the base of the memory is loaded once, before it.
(module
  (memory 1)
  (func (export "sum") (param $at i32) (param $end i32) (result i64)
    (local $sum i64)
    (loop $next
      (local.set $sum (i64.add (local.get $sum) (i64.load32_u (local.get $at))))
      (br_if $next
        (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 4))) (local.get $end))))
    (local.get $sum)))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32, i32) -> i64 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; |                                     v16 -> v2
;; |                                     v4 = iconst.i64 0
;; | @002a                               jump block2(v4, v1)  ; v4 = 0
;; |
;; |                                 block2(v7: i64, v8: i32):
;; | @002a                               v6 = load.i32 user11 aligned v0-4
;; | @0030                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @0030                               v10 = uextend.i64 v8
;; | @0030                               v11 = iadd v9, v10
;; | @0030                               v12 = uload32 user2 little region0 v11
;; | @0033                               v13 = iadd v7, v12
;; | @0038                               v14 = iconst.i32 4
;; | @003a                               v15 = iadd v8, v14  ; v14 = 4
;; | @003f                               v17 = icmp ne v15, v16
;; | @003f                               v18 = uextend.i32 v17
;; | @0040                               brif v18, block2(v13, v15), block3
;; |
;; |                                 block3:
;; | @0045                               jump block1(v13)
;; |
;; |                                 block1(v3: i64):
;; | @0045                               return v3
;; | }
;;
;;     0  nopl (%rax)
;;     4  xor %rax,%rax
;;     7  mov 0x30(%rdi),%rcx
;;     b  mov -4(%rcx),%edi
;;     e  mov %esi,%edi
;;    10  mov (%rcx,%rdi),%edi
;;    13  add $4,%esi
;;    19  add %rdi,%rax
;;    1c  cmp %edx,%esi
;;    1e  jne 0x000000000000000B
;;    24  ret
;;    25  int3
;;    26  int3
;;    27  int3
;;    28  int3
