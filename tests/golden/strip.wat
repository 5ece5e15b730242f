;; Loops that count: the site is run once in many turns, whether the counter is compared with an end, by steps of 12, or with 0; not at all where
;; the turns are few and known, but for the function's entry; and in each turn where the loop ends by what it loads.
(module
  (memory 1)
  (func (export "to_an_end") (param $at i32) (param $end i32) (result i32)
    (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (local.get $at))))
      (br_if $next
        (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 12))) (local.get $end))))
    (local.get $sum))
  (func (export "to_zero") (param $count i32) (param $at i32)
    (loop $next
      (i64.store (local.get $at) (i64.const -1))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
  (func (export "known") (param $sum i32) (result i32)
    (local $count i32)
    (local.set $count (i32.const 64))
    (loop $next
      (local.set $sum (i32.mul (local.get $sum) (i32.sub (local.get $sum) (local.get $count))))
      (br_if $next (local.tee $count (i32.add (local.get $count) (i32.const -2)))))
    (local.get $sum))
  (func (export "by_contents") (param $at i32) (result i32)
    (loop $next
      (br_if $next (i32.load8_u (local.tee $at (i32.add (local.get $at) (i32.const 1))))))
    (local.get $at)))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; |                                     v16 -> v2
;; |                                     v4 = iconst.i32 0
;; | @005d                               jump block4(v4, v1)  ; v4 = 0
;; |
;; |                                 block4(v19: i32, v20: i32):
;; | @005d                               v6 = load.i32 user11 aligned v0-4
;; | @005d                               v21 = iconst.i32 12
;; | @005d                               v22 = iadd v20, v21  ; v21 = 12
;; | @005d                               v23 = isub.i32 v2, v22
;; | @005d                               v24 = iconst.i32 -1431655765
;; | @005d                               v25 = imul v23, v24  ; v24 = -1431655765
;; | @005d                               v26 = iconst.i32 2
;; | @005d                               v27 = rotr v25, v26  ; v26 = 2
;; | @005d                               v28 = iconst.i32 2978
;; | @005d                               v29 = icmp ult v27, v28  ; v28 = 2978
;; | @005d                               v30 = iconst.i32 0x8b98
;; | @005d                               v31 = iadd v20, v30  ; v30 = 0x8b98
;; | @005d                               v32 = select.i32 v29, v2, v31
;; | @005d                               jump block2(v19, v20)
;; |
;; |                                 block2(v7: i32, v8: i32):
;; | @0063                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @0063                               v10 = uextend.i64 v8
;; | @0063                               v11 = iadd v9, v10
;; | @0063                               v12 = load.i32 user2 little region0 v11+4
;; | @0066                               v13 = iadd v7, v12
;; | @006b                               v14 = iconst.i32 12
;; | @006d                               v15 = iadd v8, v14  ; v14 = 12
;; | @0072                               v17 = icmp ne v15, v16
;; | @0072                               v18 = uextend.i32 v17
;; | @0073                               v33 = icmp ne v15, v32
;; | @0073                               brif v33, block2(v13, v15), block5
;; |
;; |                                 block5:
;; | @0073                               brif.i32 v18, block4(v13, v15), block3
;; |
;; |                                 block3:
;; | @0078                               jump block1(v13)
;; |
;; |                                 block1(v3: i32):
;; | @0078                               return v3
;; | }
;;
;;     0  nopl (%rax)
;;     4  xor %eax,%eax
;;     6  mov 0x30(%rdi),%rcx
;;     a  mov -4(%rcx),%edi
;;     d  lea 0xC(%rsi),%edi
;;    10  mov %rdx,%r8
;;    13  sub %edi,%r8d
;;    16  imul $0xAAAAAAAB,%r8d
;;    1d  ror $2,%r8d
;;    21  lea 0x8B98(%rsi),%edi
;;    27  cmp $0xBA2,%r8d
;;    2e  cmovb %edx,%edi
;;    31  mov %esi,%esi
;;    33  mov 4(%rcx,%rsi),%r8d
;;    38  add $0xC,%esi
;;    3e  add %r8d,%eax
;;    41  cmp %edi,%esi
;;    43  jne 0x0000000000000033
;;    49  cmp %edx,%esi
;;    4b  jne 0x000000000000000A
;;    51  ret
;;    52  int3
;;    53  int3
;;    54  int3
;;    55  int3
;;
;; function 1
;; | function u0:1(i64, i32, i32) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; | @007b                               jump block4(v2, v1)
;; |
;; |                                 block4(v15: i32, v16: i32):
;; | @007b                               v4 = load.i32 user11 aligned v0-4
;; | @007b                               v17 = iconst.i32 -1
;; | @007b                               v18 = iadd v16, v17  ; v17 = -1
;; | @007b                               v19 = iconst.i32 0
;; | @007b                               v20 = isub v18, v19  ; v19 = 0
;; | @007b                               v21 = iconst.i32 2978
;; | @007b                               v22 = icmp ult v20, v21  ; v21 = 2978
;; | @007b                               v23 = iconst.i32 -2978
;; | @007b                               v24 = iadd v16, v23  ; v23 = -2978
;; | @007b                               v25 = select v22, v19, v24  ; v19 = 0
;; | @007b                               jump block2(v15, v16)
;; |
;; |                                 block2(v5: i32, v12: i32):
;; | @007f                               v6 = iconst.i64 -1
;; | @0081                               v7 = load.i64 notrap aligned readonly can_move v0+48
;; | @0081                               v8 = uextend.i64 v5
;; | @0081                               v9 = iadd v7, v8
;; | @0081                               store user2 little region0 v6, v9  ; v6 = -1
;; | @0086                               v10 = iconst.i32 8
;; | @0088                               v11 = iadd v5, v10  ; v10 = 8
;; | @008d                               v13 = iconst.i32 1
;; | @008f                               v14 = isub v12, v13  ; v13 = 1
;; | @0092                               v26 = icmp ne v14, v25
;; | @0092                               brif v26, block2(v11, v14), block5
;; |
;; |                                 block5:
;; | @0092                               brif.i32 v14, block4(v11, v14), block3
;; |
;; |                                 block3:
;; | @0095                               jump block1
;; |
;; |                                 block1:
;; | @0095                               return
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 0x30(%rdi),%rax
;;     8  mov -4(%rax),%ecx
;;     b  lea -1(%rsi),%edi
;;     e  lea -0xBA2(%rsi),%ecx
;;    14  cmp $0xBA2,%edi
;;    1a  cmovb 0x50,%ecx
;;    21  mov %edx,%edx
;;    23  movq $0xFFFFFFFFFFFFFFFF,(%rax,%rdx)
;;    2b  sub $1,%esi
;;    2e  add $8,%edx
;;    34  cmp %ecx,%esi
;;    36  jne 0x0000000000000023
;;    3c  test %esi,%esi
;;    3e  jne 8
;;    44  mov %rbp,%rsp
;;    47  pop %rbp
;;    48  ret
;;    50  00 00 00 00 00 00 00 00
;;
;; function 2
;; | function u0:2(i64, i32) -> i32 tail {
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = iconst.i32 0
;; |                                     v4 = load.i32 user11 aligned v0-4
;; | @009a                               v5 = iconst.i32 64
;; | @009f                               jump block2(v1, v5)  ; v5 = 64
;; |
;; |                                 block2(v7: i32, v8: i32):
;; | @00a7                               v9 = isub v7, v8
;; | @00a8                               v10 = imul v7, v9
;; | @00ad                               v11 = iconst.i32 -2
;; | @00af                               v12 = iadd v8, v11  ; v11 = -2
;; | @00b2                               brif v12, block2(v10, v12), block3
;; |
;; |                                 block3:
;; | @00b7                               jump block1(v10)
;; |
;; |                                 block1(v2: i32):
;; | @00b7                               return v2
;; | }
;;
;;     0  nopl (%rax)
;;     4  mov -4(%rdi),%r10d
;;     8  mov $0x40,%edi
;;     d  mov %rsi,%rax
;;    10  lea -2(%rdi),%r11d
;;    14  mov %rax,%rcx
;;    17  sub %edi,%ecx
;;    19  imul %ecx,%eax
;;    1c  test %r11d,%r11d
;;    1f  je 0x000000000000002D
;;    25  mov %r11,%rdi
;;    28  jmp 0x0000000000000010
;;    2d  ret
;;    2e  int3
;;    2f  int3
;;    30  int3
;;    31  int3
;;
;; function 3
;; | function u0:3(i64, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @00ba                               jump block2(v1)
;; |
;; |                                 block2(v5: i32):
;; | @00ba                               v4 = load.i32 user11 aligned v0-4
;; | @00be                               v6 = iconst.i32 1
;; | @00c0                               v7 = iadd v5, v6  ; v6 = 1
;; | @00c3                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @00c3                               v9 = uextend.i64 v7
;; | @00c3                               v10 = iadd v8, v9
;; | @00c3                               v11 = uload8.i32 user2 little region0 v10
;; | @00c6                               brif v11, block2(v7), block3
;; |
;; |                                 block3:
;; | @00cb                               jump block1(v7)
;; |
;; |                                 block1(v2: i32):
;; | @00cb                               return v2
;; | }
;;
;;     0  nopl (%rax)
;;     4  mov 0x30(%rdi),%rdi
;;     8  mov -4(%rdi),%r9d
;;     c  lea 1(%rsi),%eax
;;     f  movzbq (%rdi,%rax),%r9
;;    14  test %r9d,%r9d
;;    17  je 0x0000000000000025
;;    1d  mov %rax,%rsi
;;    20  jmp 8
;;    25  ret
;;    26  int3
;;    27  int3
;;    28  int3
;;    29  int3
