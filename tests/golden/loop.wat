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
;; |                                     v14 -> v2
;; |                                     v4 = iconst.i64 0
;; | @002a                               jump block2(v4, v1)  ; v4 = 0
;; |
;; |                                 block2(v5: i64, v6: i32):
;; | @0030                               v7 = load.i64 notrap aligned readonly can_move v0+48
;; | @0030                               v8 = uextend.i64 v6
;; | @0030                               v9 = iadd v7, v8
;; | @0030                               v10 = uload32 user2 little region0 v9
;; | @0033                               v11 = iadd v5, v10
;; | @0038                               v12 = iconst.i32 4
;; | @003a                               v13 = iadd v6, v12  ; v12 = 4
;; | @003f                               v15 = icmp ne v13, v14
;; | @003f                               v16 = uextend.i32 v15
;; | @0040                               brif v16, block2(v11, v13), block3
;; |
;; |                                 block3:
;; | @0045                               jump block1(v11)
;; |
;; |                                 block1(v3: i64):
;; | @0045                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  xor %rax,%rax
;;     7  mov 0x30(%rdi),%rcx
;;     b  mov %esi,%edi
;;     d  mov (%rcx,%rdi),%edi
;;    10  add $4,%esi
;;    16  add %rdi,%rax
;;    19  cmp %edx,%esi
;;    1b  jne 0x000000000000000B
;;    21  mov %rbp,%rsp
;;    24  pop %rbp
;;    25  ret
