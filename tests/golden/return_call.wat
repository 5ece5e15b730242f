;; Tail calls: the frame is taken down and a jump made. The callee of the second function has more stack arguments than its caller was
;; given, so the prologue makes the argument area larger.
(module
  (type $t (func (param i32) (result i32)))
  (table (export "table") 8 8 funcref)
  (func $even (export "even") (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.const 1))
      (else (return_call $even (i32.sub (local.get 0) (i32.const 1))))))
  (func (export "more") (param i64) (result i64)
    (return_call $sum (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)))
  (func $sum (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
    (i64.add (local.get 0) (local.get 7)))
  (func (export "indirect") (param i32 i32) (result i32)
    (return_call_indirect (type $t) (local.get 0) (local.get 1))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0 `even`
;; | function u0:0(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:0 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0060                               v4 = iconst.i32 0
;; | @0060                               v5 = icmp eq v1, v4  ; v4 = 0
;; | @0060                               v6 = uextend.i32 v5
;; | @0061                               brif v6, block3, block4
;; |
;; |                                 block3:
;; | @0063                               v8 = iconst.i32 1
;; | @0065                               jump block2(v8)  ; v8 = 1
;; |
;; |                                 block4:
;; | @0068                               v3 = load.i32 user11 aligned v0-4
;; | @0068                               v9 = iconst.i32 1
;; | @006a                               v10 = isub.i32 v1, v9  ; v9 = 1
;; | @006b                               return_call fn0(v0, v10)
;; |
;; |                                 block2(v7: i32):
;; | @006e                               jump block1(v7)
;; |
;; |                                 block1(v2: i32):
;; | @006e                               return v2
;; | }
;;
;;     0  test %esi,%esi
;;     2  je 0x0000000000000018
;;     8  mov -4(%rdi),%r9d
;;     c  sub $1,%esi
;;     f  nopl (%rax)
;;    13  jmp 0x0000000000000018
;;    18  mov $1,%eax
;;    1d  ret
;;    1e  int3
;;    1f  int3
;;    20  int3
;;    21  int3
;;
;; function 1
;; | function u0:1(i64, i64) -> i64 tail {
;; |     sig0 = (i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 tail
;; |     fn0 = colocated u0:2 sig0
;; |
;; |                                 block0(v0: i64, v1: i64):
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @0081                               return_call fn0(v0, v1, v1, v1, v1, v1, v1, v1, v1)
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x20,%rsp
;;     8  mov %rsp,%rbp
;;     b  mov 0x20(%rsp),%r11
;;    10  mov %r11,(%rsp)
;;    14  mov 0x28(%rsp),%r11
;;    19  mov %r11,8(%rsp)
;;    1e  mov -4(%rdi),%r8d
;;    22  mov %rsi,0x10(%rbp)
;;    26  mov %rsi,0x18(%rbp)
;;    2a  mov %rsi,0x20(%rbp)
;;    2e  mov %rsi,%r9
;;    31  mov %r9,%rcx
;;    34  mov %r9,%rdx
;;    37  mov %r9,%r8
;;    3a  mov %rbp,%rsp
;;    3d  pop %rbp
;;    3e  jmp 0x0000000000000043
;;
;; function 2 `sum`
;; | function u0:2(i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 tail {
;; |                                 block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64):
;; | @008a                               v11 = iadd v1, v8
;; | @008b                               jump block1(v11)
;; |
;; |                                 block1(v9: i64):
;; | @008b                               return v9
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 0x20(%rbp),%rdx
;;     8  lea (%rsi,%rdx),%rax
;;     c  mov %rbp,%rsp
;;     f  pop %rbp
;;    10  ret $0x20
;;
;; function 3
;; | function u0:3(i64, i32, i32) -> i32 tail {
;; |     region0 = 1342177280 "Table(TableIndex(0))"
;; |     sig0 = (i64, i32) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; | @0092                               v5 = uextend.i64 v2
;; | @0092                               v6 = iconst.i64 8
;; | @0092                               v7 = icmp uge v5, v6  ; v6 = 8
;; | @0092                               trapnz v7, user3
;; | @0092                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @0092                               v9 = iconst.i64 0
;; | @0092                               v10 = select_spectre_guard v7, v9, v5  ; v9 = 0
;; | @0092                               v11 = iconst.i64 5
;; | @0092                               v12 = ishl v10, v11  ; v11 = 5
;; | @0092                               v13 = iadd v8, v12
;; | @0092                               v14 = load.i64 notrap aligned readonly can_move v0+24
;; | @0092                               v15 = load.i32 notrap aligned readonly can_move v14
;; | @0092                               v16 = load.i32 notrap aligned region0 v13
;; | @0092                               v17 = icmp eq v16, v15
;; | @0092                               brif v17, block2, block3
;; |
;; |                                 block3 cold:
;; | @0092                               trapz.i32 v16, user4
;; | @0092                               trap user5
;; |
;; |                                 block2:
;; | @0092                               v4 = load.i32 user11 aligned v0-4
;; | @0092                               v18 = load.i64 notrap aligned region0 v13+8
;; | @0092                               v19 = icmp eq v18, v0
;; | @0092                               brif v19, block4, block5
;; |
;; |                                 block4:
;; | @0092                               v20 = load.i64 notrap aligned region0 v13+16
;; | @0092                               return_call_indirect sig0, v20(v0, v1)
;; |
;; |                                 block5 cold:
;; | @0092                               v21 = load.i64 notrap aligned region0 v13+24
;; | @0092                               v22 = load.i64 notrap aligned v21
;; | @0092                               return_call_indirect sig0, v22(v18, v1)
;; | }
;;
;;     0  nopl (%rax)
;;     4  mov %edx,%eax
;;     6  cmp $8,%rax
;;     a  jae 0x0000000000000072
;;    10  mov 0x30(%rdi),%rcx
;;    14  xor %rdx,%rdx
;;    17  cmp $8,%rax
;;    1b  cmovae %rdx,%rax
;;    1f  shl $5,%rax
;;    23  mov (%rcx,%rax),%edx
;;    26  mov 0x18(%rdi),%r8
;;    2a  mov (%r8),%r8d
;;    2d  cmp %r8d,%edx
;;    30  jne 0x0000000000000059
;;    36  mov -4(%rdi),%edx
;;    39  mov %rdi,%rdx
;;    3c  mov 8(%rcx,%rax),%rdi
;;    41  cmp %rdx,%rdi
;;    44  jne 0x0000000000000063
;;    4a  mov 0x10(%rcx,%rax),%r10
;;    4f  mov %rdx,%rdi
;;    52  nopl (%rax)
;;    56  jmp *%r10
;;    59  test %edx,%edx
;;    5b  je 0x0000000000000074
;;    61  hlt
;;    62  nop
;;    63  mov 0x18(%rcx,%rax),%rax
;;    68  mov (%rax),%r10
;;    6b  nopl (%rax)
;;    6f  jmp *%r10
;;    72  hlt
;;    73  nop
;;    74  hlt
;;    75  nop
