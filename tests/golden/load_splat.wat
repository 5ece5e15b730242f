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
;; | @0032                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @0032                               v5 = uextend.i64 v1
;; | @0032                               v6 = iadd v4, v5
;; | @0032                               v7 = load.f32 user2 little region0 v6+16
;; | @0032                               v8 = splat.f32x4 v7
;; | @0036                               v9 = bitcast.i8x16 little v8
;; | @0036                               jump block1(v9)
;; |
;; |                                 block1(v2: i8x16):
;; | @0036                               return v2
;; | }
;;
;;     0  mov %rsi,%r8
;;     3  mov 0x30(%rdi),%rsi
;;     7  mov %r8d,%edi
;;     a  movss 0x10(%rsi,%rdi),%xmm0
;;    10  shufps $0,%xmm0,%xmm0
;;    14  ret
;;    15  int3
;;    16  int3
;;    17  int3
;;    18  int3
;;
;; function 1
;; | function u0:1(i64, i32) -> i8x16 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |     region1 = 0 "Head"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @003b                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @003b                               v5 = uextend.i64 v1
;; | @003b                               v6 = load.i64 notrap aligned region1 v0+56
;; | @003b                               v7 = iconst.i64 0x0001_0000_0000
;; | @003b                               v8 = iadd v5, v7  ; v7 = 0x0001_0000_0000
;; | @003b                               v9 = icmp ugt v8, v6
;; | @003b                               trapnz v9, user2
;; | @003b                               v10 = iconst.i64 0xffff_fff0
;; | @003b                               v11 = iadd v5, v10  ; v10 = 0xffff_fff0
;; | @003b                               v12 = iadd v4, v11
;; | @003b                               v13 = iconst.i64 0
;; | @003b                               v14 = select_spectre_guard v9, v13, v12  ; v13 = 0
;; | @003b                               v15 = load.i8x16 user2 little region0 v14
;; | @0043                               jump block1(v15)
;; |
;; |                                 block1(v2: i8x16):
;; | @0043                               return v2
;; | }
;;
;;     0  mov 0x38(%rdi),%rax
;;     4  mov %esi,%ecx
;;     6  movabs $0x100000000,%rdx
;;    10  add %rcx,%rdx
;;    13  cmp %rax,%rdx
;;    16  ja 0x000000000000003C
;;    1c  xor %rsi,%rsi
;;    1f  mov $0xFFFFFFF0,%r8d
;;    25  add %r8,%rcx
;;    28  add 0x30(%rdi),%rcx
;;    2c  cmp %rax,%rdx
;;    2f  cmova %rsi,%rcx
;;    33  movdqu (%rcx),%xmm0
;;    37  ret
;;    38  int3
;;    39  int3
;;    3a  int3
;;    3b  int3
;;    3c  hlt
;;    3d  nop
