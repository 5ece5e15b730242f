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
;; | @0042                               v4 = iconst.i32 40
;; | @0044                               v5 = uextend.i64 v4  ; v4 = 40
;; | @0044                               v6 = uextend.i64 v2
;; | @0044                               v7 = iadd v6, v5
;; | @0044                               v8 = load.i64 notrap aligned region0 v0+56
;; | @0044                               v9 = icmp ugt v7, v8
;; | @0044                               trapnz v9, user2
;; | @0044                               v10 = load.i64 notrap aligned readonly can_move v0+48
;; | @0044                               v11 = iadd v10, v6
;; | @0044                               v12 = uextend.i64 v1
;; | @0044                               v13 = iadd v12, v5
;; | @0044                               v14 = load.i64 notrap aligned region0 v0+56
;; | @0044                               v15 = icmp ugt v13, v14
;; | @0044                               trapnz v15, user2
;; | @0044                               v16 = load.i64 notrap aligned readonly can_move v0+48
;; | @0044                               v17 = iadd v16, v12
;; | @0044                               v18 = load.i8x16 notrap region1 v11
;; | @0044                               v19 = load.i8x16 notrap region1 v11+16
;; | @0044                               v20 = load.i8x16 notrap region1 v11+24
;; | @0044                               store notrap region1 v18, v17
;; | @0044                               store notrap region1 v19, v17+16
;; | @0044                               store notrap region1 v20, v17+24
;; | @0048                               jump block1
;; |
;; |                                 block1:
;; | @0048                               return
;; | }
;;
;;     0  mov 0x38(%rdi),%r8
;;     4  mov %edx,%eax
;;     6  lea 0x28(%rax),%rcx
;;     a  cmp %r8,%rcx
;;     d  ja 0x000000000000004D
;;    13  mov %esi,%ecx
;;    15  lea 0x28(%rcx),%rdx
;;    19  cmp %r8,%rdx
;;    1c  ja 0x000000000000004F
;;    22  mov 0x30(%rdi),%rdx
;;    26  movdqu (%rdx,%rax),%xmm0
;;    2b  movdqu 0x10(%rdx,%rax),%xmm1
;;    31  movdqu 0x18(%rdx,%rax),%xmm2
;;    37  movdqu %xmm0,(%rdx,%rcx)
;;    3c  movdqu %xmm1,0x10(%rdx,%rcx)
;;    42  movdqu %xmm2,0x18(%rdx,%rcx)
;;    48  ret
;;    49  int3
;;    4a  int3
;;    4b  int3
;;    4c  int3
;;    4d  hlt
;;    4e  nop
;;    4f  hlt
;;    50  nop
;;
;; function 1
;; | function u0:1(i64, i32, i32) tail {
;; |     region0 = 0 "Head"
;; |     region1 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; | @004f                               v4 = iconst.i32 7
;; | @0051                               v5 = uextend.i64 v4  ; v4 = 7
;; | @0051                               v6 = uextend.i64 v1
;; | @0051                               v7 = iadd v6, v5
;; | @0051                               v8 = load.i64 notrap aligned region0 v0+56
;; | @0051                               v9 = icmp ugt v7, v8
;; | @0051                               trapnz v9, user2
;; | @0051                               v10 = load.i64 notrap aligned readonly can_move v0+48
;; | @0051                               v11 = iadd v10, v6
;; | @0051                               v12 = ireduce.i8 v2
;; | @0051                               v13 = uextend.i32 v12
;; | @0051                               v14 = iconst.i32 0x0101_0101
;; | @0051                               v15 = imul v13, v14  ; v14 = 0x0101_0101
;; | @0051                               store notrap region1 v15, v11
;; | @0051                               store notrap region1 v15, v11+3
;; | @0054                               jump block1
;; |
;; |                                 block1:
;; | @0054                               return
;; | }
;;
;;     0  mov %esi,%r8d
;;     3  lea 7(%r8),%r9
;;     7  cmp 0x38(%rdi),%r9
;;     b  ja 0x000000000000002E
;;    11  movzbl %dl,%r10d
;;    15  imul $0x1010101,%r10d
;;    1c  mov 0x30(%rdi),%r11
;;    20  mov %r10d,(%r11,%r8)
;;    24  mov %r10d,3(%r11,%r8)
;;    29  ret
;;    2a  int3
;;    2b  int3
;;    2c  int3
;;    2d  int3
;;    2e  hlt
;;    2f  nop
;;
;; function 2
;; | function u0:2(i64, i32, i32, i32) tail {
;; |     region0 = 0 "Head"
;; |     sig0 = (i64, i64, i64, i64) tail
;; |     sig1 = (i64, i64, i64, i64) tail
;; |     fn0 = colocated u1:3 sig0
;; |     fn1 = colocated u1:1 sig1
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32, v3: i32):
;; | @005d                               v5 = uextend.i64 v3
;; | @005d                               v6 = uextend.i64 v2
;; | @005d                               v7 = iadd v6, v5
;; | @005d                               v8 = load.i64 notrap aligned region0 v0+56
;; | @005d                               v9 = icmp ugt v7, v8
;; | @005d                               trapnz v9, user2
;; | @005d                               v10 = load.i64 notrap aligned readonly can_move v0+48
;; | @005d                               v11 = iadd v10, v6
;; | @005d                               v12 = iconst.i64 0
;; | @005d                               v13 = select_spectre_guard v9, v12, v11  ; v12 = 0
;; | @005d                               v14 = uextend.i64 v1
;; | @005d                               v15 = iadd v14, v5
;; | @005d                               v16 = load.i64 notrap aligned region0 v0+56
;; | @005d                               v17 = icmp ugt v15, v16
;; | @005d                               trapnz v17, user2
;; | @005d                               v18 = load.i64 notrap aligned readonly can_move v0+48
;; | @005d                               v19 = iadd v18, v14
;; | @005d                               v20 = iconst.i64 0
;; | @005d                               v21 = select_spectre_guard v17, v20, v19  ; v20 = 0
;; | @005d                               v23 = iconst.i64 0x0040_0000
;; | @005d                               v24 = icmp ugt v5, v23  ; v23 = 0x0040_0000
;; | @005d                               brif v24, block2, block3
;; |
;; |                                 block2 cold:
;; | @005d                               call fn0(v0, v21, v13, v5)
;; | @005d                               jump block4
;; |
;; |                                 block3:
;; | @005d                               call fn1(v0, v21, v13, v5)
;; | @005d                               jump block4
;; |
;; |                                 block4:
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
;;    1b  ja 0x0000000000000092
;;    21  mov %esi,%r9d
;;    24  lea (%r9,%rcx),%r8
;;    28  cmp %rax,%r8
;;    2b  ja 0x0000000000000094
;;    31  cmp $0x400000,%rcx
;;    38  ja 0x000000000000006C
;;    3e  xor %r10,%r10
;;    41  mov 0x30(%rdi),%rbx
;;    45  lea (%rbx,%r9),%rsi
;;    49  cmp %rax,%r8
;;    4c  cmova %r10,%rsi
;;    50  add %rbx,%rdx
;;    53  cmp %rax,%r11
;;    56  cmova %r10,%rdx
;;    5a  call 0x000000000000005F
;;    5f  mov (%rsp),%rbx
;;    63  add $0x10,%rsp
;;    67  mov %rbp,%rsp
;;    6a  pop %rbp
;;    6b  ret
;;    6c  xor %r10,%r10
;;    6f  mov 0x30(%rdi),%rbx
;;    73  lea (%rbx,%r9),%rsi
;;    77  cmp %rax,%r8
;;    7a  cmova %r10,%rsi
;;    7e  add %rbx,%rdx
;;    81  cmp %rax,%r11
;;    84  cmova %r10,%rdx
;;    88  call 0x000000000000008D
;;    8d  jmp 0x000000000000005F
;;    92  hlt
;;    93  nop
;;    94  hlt
;;    95  nop
