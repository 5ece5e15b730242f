;; A store with a small offset, which the guard covers, and one with an offset past the guard, which is checked.
(module
  (memory 1)
  (func (export "near") (param i32 i64)
    (i64.store offset=8 (local.get 0) (local.get 1)))
  (func (export "far") (param i32 i64)
    (i64.store offset=0x80000000 (local.get 0) (local.get 1))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32, i64) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i64):
;; | @0033                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @0033                               v5 = uextend.i64 v1
;; | @0033                               v6 = iadd v4, v5
;; | @0033                               store user2 little region0 v2, v6+8
;; | @0036                               jump block1
;; |
;; |                                 block1:
;; | @0036                               return
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %rsi,%r8
;;     7  mov 0x30(%rdi),%rsi
;;     b  mov %r8,%rdi
;;     e  mov %edi,%edi
;;    10  mov %rdx,8(%rsi,%rdi)
;;    15  mov %rbp,%rsp
;;    18  pop %rbp
;;    19  ret
;;
;; function 1
;; | function u0:1(i64, i32, i64) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |     region1 = 0 "Head"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i64):
;; | @003d                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @003d                               v5 = uextend.i64 v1
;; | @003d                               v6 = load.i64 notrap aligned region1 v0+56
;; | @003d                               v7 = iconst.i64 0x8000_0008
;; | @003d                               v8 = iadd v5, v7  ; v7 = 0x8000_0008
;; | @003d                               v9 = icmp ugt v8, v6
;; | @003d                               trapnz v9, user2
;; | @003d                               v10 = iconst.i64 0x8000_0000
;; | @003d                               v11 = iadd v5, v10  ; v10 = 0x8000_0000
;; | @003d                               v12 = iadd v4, v11
;; | @003d                               v13 = iconst.i64 0
;; | @003d                               v14 = select_spectre_guard v9, v13, v12  ; v13 = 0
;; | @003d                               store user2 little region0 v2, v14
;; | @0044                               jump block1
;; |
;; |                                 block1:
;; | @0044                               return
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 0x38(%rdi),%rax
;;     8  mov %esi,%ecx
;;     a  mov $0x80000008,%esi
;;     f  add %rcx,%rsi
;;    12  cmp %rax,%rsi
;;    15  ja 0x000000000000003A
;;    1b  xor %r8,%r8
;;    1e  mov $0x80000000,%r9d
;;    24  add %r9,%rcx
;;    27  add 0x30(%rdi),%rcx
;;    2b  cmp %rax,%rsi
;;    2e  cmova %r8,%rcx
;;    32  mov %rdx,(%rcx)
;;    35  mov %rbp,%rsp
;;    38  pop %rbp
;;    39  ret
;;    3a  ud2
