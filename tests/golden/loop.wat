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
;; | @002a                               jump block4(v4, v1)  ; v4 = 0
;; |
;; |                                 block4(v19: i64, v20: i32):
;; | @002a                               v6 = load.i32 user11 aligned v0-4
;; | @002a                               v21 = iconst.i32 4
;; | @002a                               v22 = iadd v20, v21  ; v21 = 4
;; | @002a                               v23 = isub.i32 v2, v22
;; | @002a                               v24 = iconst.i32 2
;; | @002a                               v25 = rotr v23, v24  ; v24 = 2
;; | @002a                               v26 = iconst.i32 2978
;; | @002a                               v27 = icmp ult v25, v26  ; v26 = 2978
;; | @002a                               v28 = iconst.i32 0x2e88
;; | @002a                               v29 = iadd v20, v28  ; v28 = 0x2e88
;; | @002a                               v30 = select.i32 v27, v2, v29
;; | @002a                               jump block2(v19, v20)
;; |
;; |                                 block2(v7: i64, v8: i32):
;; | @0030                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @0030                               v10 = uextend.i64 v8
;; | @0030                               v11 = iadd v9, v10
;; | @0030                               v12 = uload32 user2 little region0 v11
;; | @0033                               v13 = iadd v7, v12
;; | @0038                               v14 = iconst.i32 4
;; | @003a                               v15 = iadd v8, v14  ; v14 = 4
;; | @003f                               v17 = icmp ne v15, v16
;; | @003f                               v18 = uextend.i32 v17
;; | @0040                               v31 = icmp ne v15, v30
;; | @0040                               brif v31, block2(v13, v15), block5
;; |
;; |                                 block5:
;; | @0040                               brif.i32 v18, block4(v13, v15), block3
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
;;     e  lea 4(%rsi),%edi
;;    11  mov %rdx,%r8
;;    14  sub %edi,%r8d
;;    17  ror $2,%r8d
;;    1b  lea 0x2E88(%rsi),%edi
;;    21  cmp $0xBA2,%r8d
;;    28  cmovb %edx,%edi
;;    2b  mov %esi,%esi
;;    2d  mov (%rcx,%rsi),%r8d
;;    31  add $4,%esi
;;    37  add %r8,%rax
;;    3a  cmp %edi,%esi
;;    3c  jne 0x000000000000002D
;;    42  cmp %edx,%esi
;;    44  jne 0x000000000000000B
;;    4a  ret
;;    4b  int3
;;    4c  int3
;;    4d  int3
;;    4e  int3
