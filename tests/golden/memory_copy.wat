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
;; | @005d                               v11 = iconst.i64 0
;; | @005d                               v12 = select_spectre_guard v8, v11, v10  ; v11 = 0
;; | @005d                               v13 = uextend.i64 v1
;; | @005d                               v14 = iadd v13, v4
;; | @005d                               v15 = load.i64 notrap aligned region0 v0+56
;; | @005d                               v16 = icmp ugt v14, v15
;; | @005d                               trapnz v16, user2
;; | @005d                               v17 = load.i64 notrap aligned readonly can_move v0+48
;; | @005d                               v18 = iadd v17, v13
;; | @005d                               v19 = iconst.i64 0
;; | @005d                               v20 = select_spectre_guard v16, v19, v18  ; v19 = 0
;; | @005d                               call fn0(v0, v20, v12, v4)
;; | @0061                               jump block1
;; |
;; |                                 block1:
;; | @0061                               return
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x10,%rsp
;;     8  mov %rbx,(%rsp)
;;     c  mov 0x38(%rdi),%rax
;;    10  mov %edx,%edx
;;    12  mov %ecx,%ecx
;;    14  lea (%rdx,%rcx),%r11
;;    18  cmp %rax,%r11
;;    1b  ja 0x000000000000005F
;;    21  mov %esi,%r9d
;;    24  lea (%r9,%rcx),%r10
;;    28  cmp %rax,%r10
;;    2b  ja 0x0000000000000061
;;    31  xor %r8,%r8
;;    34  mov 0x30(%rdi),%rbx
;;    38  lea (%rbx,%r9),%rsi
;;    3c  cmp %rax,%r10
;;    3f  cmova %r8,%rsi
;;    43  add %rbx,%rdx
;;    46  cmp %rax,%r11
;;    49  cmova %r8,%rdx
;;    4d  call 0x0000000000000052
;;    52  mov (%rsp),%rbx
;;    56  add $0x10,%rsp
;;    5a  mov %rbp,%rsp
;;    5d  pop %rbp
;;    5e  ret
;;    5f  ud2
;;    61  ud2
