;; Tail calls: the frame is taken down and a jump made. The callee of the second function has more stack arguments than its caller was
;; given, so the prologue makes the argument area larger.
(module
  (type $t (func (param i32) (result i32)))
  (table 8 8 funcref)
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
;; | @0058                               v3 = iconst.i32 0
;; | @0058                               v4 = icmp eq v1, v3  ; v3 = 0
;; | @0058                               v5 = uextend.i32 v4
;; | @0059                               brif v5, block3, block4
;; |
;; |                                 block3:
;; | @005b                               v7 = iconst.i32 1
;; | @005d                               jump block2(v7)  ; v7 = 1
;; |
;; |                                 block4:
;; | @0060                               v8 = iconst.i32 1
;; | @0062                               v9 = isub.i32 v1, v8  ; v8 = 1
;; | @0063                               return_call fn0(v0, v9)
;; |
;; |                                 block2(v6: i32):
;; | @0066                               jump block1(v6)
;; |
;; |                                 block1(v2: i32):
;; | @0066                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  test %esi,%esi
;;     6  je 0x0000000000000018
;;     c  sub $1,%esi
;;     f  mov %rbp,%rsp
;;    12  pop %rbp
;;    13  jmp 0x0000000000000018
;;    18  mov $1,%eax
;;    1d  mov %rbp,%rsp
;;    20  pop %rbp
;;    21  ret
;;
;; function 1
;; | function u0:1(i64, i64) -> i64 tail {
;; |     sig0 = (i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 tail
;; |     fn0 = colocated u0:2 sig0
;; |
;; |                                 block0(v0: i64, v1: i64):
;; | @0079                               return_call fn0(v0, v1, v1, v1, v1, v1, v1, v1, v1)
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
;;    1e  mov %rsi,0x10(%rbp)
;;    22  mov %rsi,0x18(%rbp)
;;    26  mov %rsi,0x20(%rbp)
;;    2a  mov %rsi,%r9
;;    2d  mov %r9,%rcx
;;    30  mov %r9,%rdx
;;    33  mov %r9,%r8
;;    36  mov %rbp,%rsp
;;    39  pop %rbp
;;    3a  jmp 0x000000000000003F
;;
;; function 2 `sum`
;; | function u0:2(i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64 tail {
;; |                                 block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64, v5: i64, v6: i64, v7: i64, v8: i64):
;; | @0082                               v10 = iadd v1, v8
;; | @0083                               jump block1(v10)
;; |
;; |                                 block1(v9: i64):
;; | @0083                               return v9
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
;; | @008a                               v4 = uextend.i64 v2
;; | @008a                               v5 = iconst.i64 8
;; | @008a                               v6 = icmp uge v4, v5  ; v5 = 8
;; | @008a                               trapnz v6, user3
;; | @008a                               v7 = load.i64 notrap aligned readonly can_move v0+48
;; | @008a                               v8 = iconst.i64 5
;; | @008a                               v9 = ishl v4, v8  ; v8 = 5
;; | @008a                               v10 = iadd v7, v9
;; | @008a                               v11 = select_spectre_guard v6, v7, v10
;; | @008a                               v12 = load.i64 notrap aligned readonly can_move v0+24
;; | @008a                               v13 = load.i32 notrap aligned readonly can_move v12
;; | @008a                               v14 = load.i32 notrap aligned region0 v11
;; | @008a                               v15 = icmp eq v14, v13
;; | @008a                               brif v15, block2, block3
;; |
;; |                                 block3 cold:
;; | @008a                               trapz.i32 v14, user4
;; | @008a                               trap user5
;; |
;; |                                 block2:
;; | @008a                               v16 = load.i64 notrap aligned region0 v11+8
;; | @008a                               v17 = icmp eq v16, v0
;; | @008a                               brif v17, block4, block5
;; |
;; |                                 block4:
;; | @008a                               v18 = load.i64 notrap aligned region0 v11+16
;; | @008a                               return_call_indirect sig0, v18(v0, v1)
;; |
;; |                                 block5 cold:
;; | @008a                               v19 = load.i64 notrap aligned region0 v11+24
;; | @008a                               v20 = load.i64 notrap aligned v19
;; | @008a                               return_call_indirect sig0, v20(v16, v1)
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %edx,%ecx
;;     6  cmp $8,%rcx
;;     a  jae 0x000000000000006F
;;    10  mov 0x30(%rdi),%rdx
;;    14  mov %rcx,%rax
;;    17  shl $5,%rax
;;    1b  add %rdx,%rax
;;    1e  cmp $8,%rcx
;;    22  cmovae %rdx,%rax
;;    26  mov (%rax),%ecx
;;    28  mov 0x18(%rdi),%rdx
;;    2c  mov %rdi,%r8
;;    2f  mov (%rdx),%edx
;;    31  cmp %edx,%ecx
;;    33  jne 0x0000000000000057
;;    39  mov 8(%rax),%rdi
;;    3d  mov %r8,%rcx
;;    40  cmp %rcx,%rdi
;;    43  jne 0x0000000000000061
;;    49  mov 0x10(%rax),%r10
;;    4d  mov %r8,%rdi
;;    50  mov %rbp,%rsp
;;    53  pop %rbp
;;    54  jmp *%r10
;;    57  test %ecx,%ecx
;;    59  je 0x0000000000000071
;;    5f  ud2
;;    61  mov 0x18(%rax),%rax
;;    65  mov (%rax),%r10
;;    68  mov %rbp,%rsp
;;    6b  pop %rbp
;;    6c  jmp *%r10
;;    6f  ud2
;;    71  ud2
