;; Copies and fills: one range check for each operand, and where the length is a small constant the bytes are moved in place,
;; all of them loaded before the first is stored.
(module
  (memory 1)
  (func (export "copy") (param i32 i32)
    (memory.copy (local.get 0) (local.get 1) (i32.const 40)))
  (func (export "fill") (param i32 i32)
    (memory.fill (local.get 0) (local.get 1) (i32.const 7)))
  (func (export "long") (param i32 i32 i32)
    (memory.copy (local.get 0) (local.get 1) (local.get 2))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32, i32) tail {
;; |     region0 = 0 "Head"
;; |     region1 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; | @0042                               v3 = iconst.i32 40
;; | @0044                               v4 = uextend.i64 v3  ; v3 = 40
;; | @0044                               v5 = uextend.i64 v2
;; | @0044                               v6 = iadd v5, v4
;; | @0044                               v7 = load.i64 notrap aligned region0 v0+56
;; | @0044                               v8 = icmp ugt v6, v7
;; | @0044                               trapnz v8, user2
;; | @0044                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @0044                               v10 = iadd v9, v5
;; | @0044                               v11 = uextend.i64 v1
;; | @0044                               v12 = iadd v11, v4
;; | @0044                               v13 = load.i64 notrap aligned region0 v0+56
;; | @0044                               v14 = icmp ugt v12, v13
;; | @0044                               trapnz v14, user2
;; | @0044                               v15 = load.i64 notrap aligned readonly can_move v0+48
;; | @0044                               v16 = iadd v15, v11
;; | @0044                               v17 = load.i8x16 notrap region1 v10
;; | @0044                               v18 = load.i8x16 notrap region1 v10+16
;; | @0044                               v19 = load.i8x16 notrap region1 v10+24
;; | @0044                               store notrap region1 v17, v16
;; | @0044                               store notrap region1 v18, v16+16
;; | @0044                               store notrap region1 v19, v16+24
;; | @0048                               jump block1
;; |
;; |                                 block1:
;; | @0048                               return
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 0x38(%rdi),%r8
;;     8  mov %edx,%eax
;;     a  lea 0x28(%rax),%rcx
;;     e  cmp %r8,%rcx
;;    11  ja 0x0000000000000051
;;    17  mov %esi,%ecx
;;    19  lea 0x28(%rcx),%rdx
;;    1d  cmp %r8,%rdx
;;    20  ja 0x0000000000000053
;;    26  mov 0x30(%rdi),%rdx
;;    2a  movdqu (%rdx,%rax),%xmm0
;;    2f  movdqu 0x10(%rdx,%rax),%xmm1
;;    35  movdqu 0x18(%rdx,%rax),%xmm2
;;    3b  movdqu %xmm0,(%rdx,%rcx)
;;    40  movdqu %xmm1,0x10(%rdx,%rcx)
;;    46  movdqu %xmm2,0x18(%rdx,%rcx)
;;    4c  mov %rbp,%rsp
;;    4f  pop %rbp
;;    50  ret
;;    51  ud2
;;    53  ud2
;;
;; function 1
;; | function u0:1(i64, i32, i32) tail {
;; |     region0 = 0 "Head"
;; |     region1 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; | @004f                               v3 = iconst.i32 7
;; | @0051                               v4 = uextend.i64 v3  ; v3 = 7
;; | @0051                               v5 = uextend.i64 v1
;; | @0051                               v6 = iadd v5, v4
;; | @0051                               v7 = load.i64 notrap aligned region0 v0+56
;; | @0051                               v8 = icmp ugt v6, v7
;; | @0051                               trapnz v8, user2
;; | @0051                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @0051                               v10 = iadd v9, v5
;; | @0051                               v11 = ireduce.i8 v2
;; | @0051                               v12 = uextend.i32 v11
;; | @0051                               v13 = iconst.i32 0x0101_0101
;; | @0051                               v14 = imul v12, v13  ; v13 = 0x0101_0101
;; | @0051                               store notrap region1 v14, v10
;; | @0051                               store notrap region1 v14, v10+3
;; | @0054                               jump block1
;; |
;; |                                 block1:
;; | @0054                               return
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %esi,%r8d
;;     7  lea 7(%r8),%r9
;;     b  cmp 0x38(%rdi),%r9
;;     f  ja 0x0000000000000032
;;    15  movzbl %dl,%r10d
;;    19  imul $0x1010101,%r10d
;;    20  mov 0x30(%rdi),%r11
;;    24  mov %r10d,(%r11,%r8)
;;    28  mov %r10d,3(%r11,%r8)
;;    2d  mov %rbp,%rsp
;;    30  pop %rbp
;;    31  ret
;;    32  ud2
;;
;; function 2
;; | function u0:2(i64, i32, i32, i32) tail {
;; |     region0 = 0 "Head"
;; |     sig0 = (i64, i64, i64, i64) tail
;; |     fn0 = colocated u1:1 sig0
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32, v3: i32):
;; | @005d                               v4 = uextend.i64 v3
;; | @005d                               v5 = uextend.i64 v2
;; | @005d                               v6 = iadd v5, v4
;; | @005d                               v7 = load.i64 notrap aligned region0 v0+56
;; | @005d                               v8 = icmp ugt v6, v7
;; | @005d                               trapnz v8, user2
;; | @005d                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @005d                               v10 = iadd v9, v5
;; | @005d                               v11 = uextend.i64 v1
;; | @005d                               v12 = iadd v11, v4
;; | @005d                               v13 = load.i64 notrap aligned region0 v0+56
;; | @005d                               v14 = icmp ugt v12, v13
;; | @005d                               trapnz v14, user2
;; | @005d                               v15 = load.i64 notrap aligned readonly can_move v0+48
;; | @005d                               v16 = iadd v15, v11
;; | @005d                               call fn0(v0, v16, v10, v4)
;; | @0061                               jump block1
;; |
;; |                                 block1:
;; | @0061                               return
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 0x38(%rdi),%r8
;;     8  mov %edx,%eax
;;     a  mov %ecx,%ecx
;;     c  lea (%rax,%rcx),%rdx
;;    10  cmp %r8,%rdx
;;    13  ja 0x000000000000003C
;;    19  mov %esi,%esi
;;    1b  lea (%rsi,%rcx),%rdx
;;    1f  cmp %r8,%rdx
;;    22  ja 0x000000000000003E
;;    28  mov 0x30(%rdi),%rdx
;;    2c  add %rdx,%rsi
;;    2f  add %rax,%rdx
;;    32  call 0x0000000000000037
;;    37  mov %rbp,%rsp
;;    3a  pop %rbp
;;    3b  ret
;;    3c  ud2
;;    3e  ud2
