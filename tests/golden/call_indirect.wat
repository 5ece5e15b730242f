;; An indirect call: bound, type, then the two ways: the own vmctx is passed on where the callee is of this instance.
;; also: aarch64 riscv64
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
;; | @0038                               v5 = uextend.i64 v2
;; | @0038                               v6 = iconst.i64 8
;; | @0038                               v7 = icmp uge v5, v6  ; v6 = 8
;; | @0038                               trapnz v7, user3
;; | @0038                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @0038                               v9 = iconst.i64 5
;; | @0038                               v10 = ishl v5, v9  ; v9 = 5
;; | @0038                               v11 = iadd v8, v10
;; | @0038                               v12 = select_spectre_guard v7, v8, v11
;; | @0038                               v13 = load.i64 notrap aligned readonly can_move v0+24
;; | @0038                               v14 = load.i32 notrap aligned readonly can_move v13
;; | @0038                               v15 = load.i32 notrap aligned region0 v12
;; | @0038                               v16 = icmp eq v15, v14
;; | @0038                               brif v16, block3, block4
;; |
;; |                                 block4 cold:
;; | @0038                               trapz.i32 v15, user4
;; | @0038                               trap user5
;; |
;; |                                 block3:
;; | @0038                               v17 = load.i64 notrap aligned region0 v12+8
;; | @0038                               v18 = icmp eq v17, v0
;; | @0038                               brif v18, block5, block6
;; |
;; |                                 block5:
;; | @0038                               v19 = load.i64 notrap aligned region0 v12+16
;; | @0038                               v20 = call_indirect sig0, v19(v0, v1)
;; | @0038                               jump block2(v20)
;; |
;; |                                 block6 cold:
;; | @0038                               v21 = load.i64 notrap aligned region0 v12+24
;; | @0038                               v22 = load.i64 notrap aligned v21
;; | @0038                               v23 = call_indirect sig0, v22(v17, v1)
;; | @0038                               jump block2(v23)
;; |
;; |                                 block2(v4: i32):
;; | @003b                               v24 = iconst.i32 1
;; | @003d                               v25 = iadd v4, v24  ; v24 = 1
;; | @003e                               jump block1(v25)
;; |
;; |                                 block1(v3: i32):
;; | @003e                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %edx,%ecx
;;     6  cmp $8,%rcx
;;     a  jae 0x0000000000000075
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
;;    33  jne 0x000000000000005D
;;    39  mov 8(%rax),%rdi
;;    3d  mov %r8,%rcx
;;    40  cmp %rcx,%rdi
;;    43  jne 0x0000000000000067
;;    49  mov 0x10(%rax),%rax
;;    4d  mov %r8,%rdi
;;    50  call *%rax
;;    52  add $1,%eax
;;    58  mov %rbp,%rsp
;;    5b  pop %rbp
;;    5c  ret
;;    5d  test %ecx,%ecx
;;    5f  je 0x0000000000000077
;;    65  ud2
;;    67  mov 0x18(%rax),%rax
;;    6b  mov (%rax),%rax
;;    6e  call *%rax
;;    70  jmp 0x0000000000000052
;;    75  ud2
;;    77  ud2
