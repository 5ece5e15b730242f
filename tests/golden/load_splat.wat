(module
  (memory 1)
  (func (export "splat") (param i32) (result v128)
    (v128.load32_splat offset=16 (local.get 0)))
  ;; Sixteen bytes from far on: the whole access is checked.
  (func (export "far") (param i32) (result v128)
    (v128.load offset=4294967280 (local.get 0))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32) -> i8x16 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0032                               v3 = load.i64 notrap aligned readonly can_move v0+48
;; | @0032                               v4 = uextend.i64 v1
;; | @0032                               v5 = iadd v3, v4
;; | @0032                               v6 = load.f32 user2 little region0 v5+16
;; | @0032                               v7 = splat.f32x4 v6
;; | @0036                               v8 = bitcast.i8x16 little v7
;; | @0036                               jump block1(v8)
;; |
;; |                                 block1(v2: i8x16):
;; | @0036                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %rsi,%r8
;;     7  mov 0x30(%rdi),%rsi
;;     b  mov %r8d,%edi
;;     e  movss 0x10(%rsi,%rdi),%xmm0
;;    14  shufps $0,%xmm0,%xmm0
;;    18  mov %rbp,%rsp
;;    1b  pop %rbp
;;    1c  ret
;;
;; function 1
;; | function u0:1(i64, i32) -> i8x16 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |     region1 = 0 "Head"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @003b                               v3 = load.i64 notrap aligned readonly can_move v0+48
;; | @003b                               v4 = uextend.i64 v1
;; | @003b                               v5 = load.i64 notrap aligned region1 v0+56
;; | @003b                               v6 = iconst.i64 0x0001_0000_0000
;; | @003b                               v7 = iadd v4, v6  ; v6 = 0x0001_0000_0000
;; | @003b                               v8 = icmp ugt v7, v5
;; | @003b                               trapnz v8, user2
;; | @003b                               v9 = iconst.i64 0xffff_fff0
;; | @003b                               v10 = iadd v4, v9  ; v9 = 0xffff_fff0
;; | @003b                               v11 = iadd v3, v10
;; | @003b                               v12 = iconst.i64 0
;; | @003b                               v13 = select_spectre_guard v8, v12, v11  ; v12 = 0
;; | @003b                               v14 = load.i8x16 user2 little region0 v13
;; | @0043                               jump block1(v14)
;; |
;; |                                 block1(v2: i8x16):
;; | @0043                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 0x38(%rdi),%rax
;;     8  mov %esi,%ecx
;;     a  movabs $0x100000000,%rdx
;;    14  add %rcx,%rdx
;;    17  cmp %rax,%rdx
;;    1a  ja 0x0000000000000040
;;    20  xor %rsi,%rsi
;;    23  mov $0xFFFFFFF0,%r8d
;;    29  add %r8,%rcx
;;    2c  add 0x30(%rdi),%rcx
;;    30  cmp %rax,%rdx
;;    33  cmova %rsi,%rcx
;;    37  movdqu (%rcx),%xmm0
;;    3b  mov %rbp,%rsp
;;    3e  pop %rbp
;;    3f  ret
;;    40  ud2
