;; An indirect call: bound, type, then the two ways: the own vmctx is passed on where the callee is of this instance.
(module
  (type $t (func (param i32) (result i32)))
  (table 8 8 funcref)
  (func (export "indirect") (param i32 i32) (result i32)
    (i32.add (call_indirect (type $t) (local.get 0) (local.get 1)) (i32.const 1))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32, i32) -> i32 tail {
;; |     region0 = 1342177280 "Table(TableIndex(0))"
;; |     sig0 = (i64, i32) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; |                                     v4 = load.i32 user11 aligned v0-4
;; | @0038                               v6 = uextend.i64 v2
;; | @0038                               v7 = iconst.i64 8
;; | @0038                               v8 = icmp uge v6, v7  ; v7 = 8
;; | @0038                               trapnz v8, user3
;; | @0038                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @0038                               v10 = iconst.i64 5
;; | @0038                               v11 = ishl v6, v10  ; v10 = 5
;; | @0038                               v12 = iadd v9, v11
;; | @0038                               v13 = select_spectre_guard v8, v9, v12
;; | @0038                               v14 = load.i64 notrap aligned readonly can_move v0+24
;; | @0038                               v15 = load.i32 notrap aligned readonly can_move v14
;; | @0038                               v16 = load.i32 notrap aligned region0 v13
;; | @0038                               v17 = icmp eq v16, v15
;; | @0038                               brif v17, block3, block4
;; |
;; |                                 block4 cold:
;; | @0038                               trapz.i32 v16, user4
;; | @0038                               trap user5
;; |
;; |                                 block3:
;; | @0038                               v18 = load.i64 notrap aligned region0 v13+8
;; | @0038                               v19 = icmp eq v18, v0
;; | @0038                               brif v19, block5, block6
;; |
;; |                                 block5:
;; | @0038                               v20 = load.i64 notrap aligned region0 v13+16
;; | @0038                               v21 = call_indirect sig0, v20(v0, v1)
;; | @0038                               jump block2(v21)
;; |
;; |                                 block6 cold:
;; | @0038                               v22 = load.i64 notrap aligned region0 v13+24
;; | @0038                               v23 = load.i64 notrap aligned v22
;; | @0038                               v24 = call_indirect sig0, v23(v18, v1)
;; | @0038                               jump block2(v24)
;; |
;; |                                 block2(v5: i32):
;; | @003b                               v25 = iconst.i32 1
;; | @003d                               v26 = iadd v5, v25  ; v25 = 1
;; | @003e                               jump block1(v26)
;; |
;; |                                 block1(v3: i32):
;; | @003e                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%eax
;;     7  mov %edx,%ecx
;;     9  cmp $8,%rcx
;;     d  jae 0x0000000000000078
;;    13  mov 0x30(%rdi),%rdx
;;    17  mov %rcx,%rax
;;    1a  shl $5,%rax
;;    1e  add %rdx,%rax
;;    21  cmp $8,%rcx
;;    25  cmovae %rdx,%rax
;;    29  mov (%rax),%ecx
;;    2b  mov 0x18(%rdi),%rdx
;;    2f  mov %rdi,%r8
;;    32  mov (%rdx),%edx
;;    34  cmp %edx,%ecx
;;    36  jne 0x0000000000000060
;;    3c  mov 8(%rax),%rdi
;;    40  mov %r8,%rcx
;;    43  cmp %rcx,%rdi
;;    46  jne 0x000000000000006A
;;    4c  mov 0x10(%rax),%rax
;;    50  mov %r8,%rdi
;;    53  call *%rax
;;    55  add $1,%eax
;;    5b  mov %rbp,%rsp
;;    5e  pop %rbp
;;    5f  ret
;;    60  test %ecx,%ecx
;;    62  je 0x000000000000007A
;;    68  ud2
;;    6a  mov 0x18(%rax),%rax
;;    6e  mov (%rax),%rax
;;    71  call *%rax
;;    73  jmp 0x0000000000000055
;;    78  ud2
;;    7a  ud2
