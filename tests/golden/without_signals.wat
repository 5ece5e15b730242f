;; without signals
(module
  (memory 1)
  (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "by three") (param i64) (result i64) (i64.div_s (local.get 0) (i64.const 3)))
  (func (export "truncate") (param f64) (result i32) (i32.trunc_f64_u (local.get 0)))
  (func (export "load") (param i32) (result i32) (i32.load offset=8 (local.get 0))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32, i32) -> i32 tail {
;; |     sig0 = (i64, i32) tail
;; |     sig1 = (i64) preserve_all
;; |     fn0 = colocated u1:19 sig0
;; |     fn1 = colocated u1:20 sig1
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; |                                     v13 -> v1
;; |                                     v14 -> v2
;; | @0059                               v4 = load.i64 notrap aligned readonly can_move v0+8
;; | @0059                               v5 = load.i64 notrap aligned v4
;; | @0059                               v6 = get_stack_pointer.i64
;; | @0059                               v7 = icmp ult v6, v5
;; | @0059                               brif v7, block2, block3
;; |
;; |                                 block2 cold:
;; | @0059                               v8 = iconst.i32 1
;; | @0059                               call fn0(v0, v8)  ; v8 = 1
;; | @0059                               trap user1
;; |
;; |                                 block3:
;; | @0059                               v9 = load.i64 notrap aligned readonly can_move v0+8
;; | @0059                               v10 = iconst.i64 40
;; | @0059                               v11 = iadd v9, v10  ; v10 = 40
;; | @0059                               v12 = atomic_load.i64 notrap aligned v11
;; | @0059                               brif v12, block4, block5
;; |
;; |                                 block4 cold:
;; | @0059                               call fn1(v0)
;; | @0059                               jump block5
;; |
;; |                                 block5:
;; | @005e                               v15 = iconst.i32 0
;; | @005e                               v16 = icmp.i32 eq v2, v15  ; v15 = 0
;; | @005e                               brif v16, block6, block7
;; |
;; |                                 block6 cold:
;; | @005e                               v17 = iconst.i32 7
;; | @005e                               call fn0(v0, v17)  ; v17 = 7
;; | @005e                               trap user7
;; |
;; |                                 block7:
;; | @005e                               v18 = iconst.i32 -2147483648
;; | @005e                               v19 = iconst.i32 -1
;; | @005e                               v20 = icmp.i32 eq v2, v19  ; v19 = -1
;; | @005e                               v21 = icmp.i32 eq v1, v18  ; v18 = -2147483648
;; | @005e                               v22 = band v20, v21
;; | @005e                               brif v22, block8, block9
;; |
;; |                                 block8 cold:
;; | @005e                               v23 = iconst.i32 6
;; | @005e                               call fn0(v0, v23)  ; v23 = 6
;; | @005e                               trap user6
;; |
;; |                                 block9:
;; | @005e                               v24 = sdiv.i32 v1, v2
;; | @005f                               jump block1(v24)
;; |
;; |                                 block1(v3: i32):
;; | @005f                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 8(%rdi),%rax
;;     8  mov (%rax),%rcx
;;     b  mov %rsp,%r8
;;     e  cmp %rcx,%r8
;;    11  jb 0x000000000000007E
;;    17  mov 0x28(%rax),%rax
;;    1b  test %rax,%rax
;;    1e  jne 0x000000000000005C
;;    24  test %edx,%edx
;;    26  je 0x0000000000000072
;;    2c  cmp $0xFFFFFFFF,%edx
;;    2f  mov %rdx,%r8
;;    32  sete %al
;;    35  cmp $0x80000000,%esi
;;    3b  sete %cl
;;    3e  test %al,%cl
;;    40  jne 0x0000000000000066
;;    46  mov %rsi,%rax
;;    49  cltd
;;    4a  mov %r8,%rcx
;;    4d  test %ecx,%ecx
;;    4f  je 0x000000000000008A
;;    55  idiv %ecx
;;    57  mov %rbp,%rsp
;;    5a  pop %rbp
;;    5b  ret
;;    5c  call 0x0000000000000061
;;    61  jmp 0x0000000000000024
;;    66  mov $6,%esi
;;    6b  call 0x0000000000000070
;;    70  hlt
;;    71  nop
;;    72  mov $7,%esi
;;    77  call 0x000000000000007C
;;    7c  hlt
;;    7d  nop
;;    7e  mov $1,%esi
;;    83  call 0x0000000000000088
;;    88  hlt
;;    89  nop
;;    8a  hlt
;;    8b  nop
;;
;; function 1
;; | function u0:1(i64, i64) -> i64 tail {
;; |     sig0 = (i64, i32) tail
;; |     sig1 = (i64) preserve_all
;; |     fn0 = colocated u1:19 sig0
;; |     fn1 = colocated u1:20 sig1
;; |
;; |                                 block0(v0: i64, v1: i64):
;; |                                     v12 -> v1
;; | @0061                               v3 = load.i64 notrap aligned readonly can_move v0+8
;; | @0061                               v4 = load.i64 notrap aligned v3
;; | @0061                               v5 = get_stack_pointer.i64
;; | @0061                               v6 = icmp ult v5, v4
;; | @0061                               brif v6, block2, block3
;; |
;; |                                 block2 cold:
;; | @0061                               v7 = iconst.i32 1
;; | @0061                               call fn0(v0, v7)  ; v7 = 1
;; | @0061                               trap user1
;; |
;; |                                 block3:
;; | @0061                               v8 = load.i64 notrap aligned readonly can_move v0+8
;; | @0061                               v9 = iconst.i64 40
;; | @0061                               v10 = iadd v8, v9  ; v9 = 40
;; | @0061                               v11 = atomic_load.i64 notrap aligned v10
;; | @0061                               brif v11, block4, block5
;; |
;; |                                 block4 cold:
;; | @0061                               call fn1(v0)
;; | @0061                               jump block5
;; |
;; |                                 block5:
;; | @0064                               v13 = iconst.i64 3
;; | @0066                               v14 = sdiv.i64 v1, v13  ; v13 = 3
;; | @0067                               jump block1(v14)
;; |
;; |                                 block1(v2: i64):
;; | @0067                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 8(%rdi),%r11
;;     8  mov (%r11),%rax
;;     b  mov %rsp,%rcx
;;     e  cmp %rax,%rcx
;;    11  jb 0x0000000000000047
;;    17  mov 0x28(%r11),%rax
;;    1b  test %rax,%rax
;;    1e  jne 0x000000000000003D
;;    24  mov %rsi,%rax
;;    27  imulq 0x58
;;    2e  mov %rdx,%rax
;;    31  shr $0x3F,%rax
;;    35  add %rdx,%rax
;;    38  mov %rbp,%rsp
;;    3b  pop %rbp
;;    3c  ret
;;    3d  call 0x0000000000000042
;;    42  jmp 0x0000000000000024
;;    47  mov $1,%esi
;;    4c  call 0x0000000000000051
;;    51  hlt
;;    52  nop
;;    58  56 55 55 55 55 55 55 55
;;
;; function 2
;; | function u0:2(i64, f64) -> i32 tail {
;; |     sig0 = (i64, i32) tail
;; |     sig1 = (i64) preserve_all
;; |     fn0 = colocated u1:19 sig0
;; |     fn1 = colocated u1:20 sig1
;; |
;; |                                 block0(v0: i64, v1: f64):
;; |                                     v12 -> v1
;; | @0069                               v3 = load.i64 notrap aligned readonly can_move v0+8
;; | @0069                               v4 = load.i64 notrap aligned v3
;; | @0069                               v5 = get_stack_pointer.i64
;; | @0069                               v6 = icmp ult v5, v4
;; | @0069                               brif v6, block2, block3
;; |
;; |                                 block2 cold:
;; | @0069                               v7 = iconst.i32 1
;; | @0069                               call fn0(v0, v7)  ; v7 = 1
;; | @0069                               trap user1
;; |
;; |                                 block3:
;; | @0069                               v8 = load.i64 notrap aligned readonly can_move v0+8
;; | @0069                               v9 = iconst.i64 40
;; | @0069                               v10 = iadd v8, v9  ; v9 = 40
;; | @0069                               v11 = atomic_load.i64 notrap aligned v10
;; | @0069                               brif v11, block4, block5
;; |
;; |                                 block4 cold:
;; | @0069                               call fn1(v0)
;; | @0069                               jump block5
;; |
;; |                                 block5:
;; | @006c                               v13 = fcmp.f64 uno v1, v1
;; | @006c                               brif v13, block6, block7
;; |
;; |                                 block6 cold:
;; | @006c                               v14 = iconst.i32 8
;; | @006c                               call fn0(v0, v14)  ; v14 = 8
;; | @006c                               trap user8
;; |
;; |                                 block7:
;; | @006c                               v15 = f64const -0x1.0000000000000p0
;; | @006c                               v16 = f64const 0x1.0000000000000p32
;; | @006c                               v17 = fcmp.f64 le v1, v15  ; v15 = -0x1.0000000000000p0
;; | @006c                               v18 = fcmp.f64 ge v1, v16  ; v16 = 0x1.0000000000000p32
;; | @006c                               v19 = bor v17, v18
;; | @006c                               brif v19, block8, block9
;; |
;; |                                 block8 cold:
;; | @006c                               v20 = iconst.i32 6
;; | @006c                               call fn0(v0, v20)  ; v20 = 6
;; | @006c                               trap user6
;; |
;; |                                 block9:
;; | @006c                               v21 = fcvt_to_uint_sat.i32 v1
;; | @006d                               jump block1(v21)
;; |
;; |                                 block1(v2: i32):
;; | @006d                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 8(%rdi),%rax
;;     8  mov (%rax),%rcx
;;     b  mov %rsp,%rdx
;;     e  cmp %rcx,%rdx
;;    11  jb 0x00000000000000E1
;;    17  mov 0x28(%rax),%rax
;;    1b  test %rax,%rax
;;    1e  jne 0x00000000000000BF
;;    24  ucomisd %xmm0,%xmm0
;;    28  jp 0x00000000000000D5
;;    2e  movabs $0xBFF0000000000000,%rax
;;    38  movq %rax,%xmm1
;;    3d  ucomisd %xmm0,%xmm1
;;    41  setae %al
;;    44  ucomisd 0xF0,%xmm0
;;    4c  setae %cl
;;    4f  or %ecx,%eax
;;    51  test %al,%al
;;    53  jne 0x00000000000000C9
;;    59  movabs $0x41E0000000000000,%rax
;;    63  movq %rax,%xmm2
;;    68  ucomisd %xmm2,%xmm0
;;    6c  jae 0x0000000000000093
;;    72  jnp 0x000000000000007F
;;    78  xor %ecx,%ecx
;;    7a  jmp 0x00000000000000B7
;;    7f  cvttsd2si %xmm0,%ecx
;;    83  cmp $0,%ecx
;;    86  jge 0x00000000000000B7
;;    8c  xor %ecx,%ecx
;;    8e  jmp 0x00000000000000B7
;;    93  movaps %xmm0,%xmm1
;;    96  subsd %xmm2,%xmm1
;;    9a  cvttsd2si %xmm1,%ecx
;;    9e  cmp $0,%ecx
;;    a1  jge 0x00000000000000B1
;;    a7  mov $0xFFFFFFFF,%ecx
;;    ac  jmp 0x00000000000000B7
;;    b1  add $0x80000000,%ecx
;;    b7  mov %rcx,%rax
;;    ba  mov %rbp,%rsp
;;    bd  pop %rbp
;;    be  ret
;;    bf  call 0x00000000000000C4
;;    c4  jmp 0x0000000000000024
;;    c9  mov $6,%esi
;;    ce  call 0x00000000000000D3
;;    d3  hlt
;;    d4  nop
;;    d5  mov $8,%esi
;;    da  call 0x00000000000000DF
;;    df  hlt
;;    e0  nop
;;    e1  mov $1,%esi
;;    e6  call 0x00000000000000EB
;;    eb  hlt
;;    ec  nop
;;    f0  00 00 00 00 00 00 f0 41 00 00 00 00 00 00 00 00
;;
;; function 3
;; | function u0:3(i64, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |     region1 = 0 "Head"
;; |     sig0 = (i64, i32) tail
;; |     sig1 = (i64) preserve_all
;; |     fn0 = colocated u1:19 sig0
;; |     fn1 = colocated u1:20 sig1
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v12 -> v1
;; | @006f                               v3 = load.i64 notrap aligned readonly can_move v0+8
;; | @006f                               v4 = load.i64 notrap aligned v3
;; | @006f                               v5 = get_stack_pointer.i64
;; | @006f                               v6 = icmp ult v5, v4
;; | @006f                               brif v6, block2, block3
;; |
;; |                                 block2 cold:
;; | @006f                               v7 = iconst.i32 1
;; | @006f                               call fn0(v0, v7)  ; v7 = 1
;; | @006f                               trap user1
;; |
;; |                                 block3:
;; | @006f                               v8 = load.i64 notrap aligned readonly can_move v0+8
;; | @006f                               v9 = iconst.i64 40
;; | @006f                               v10 = iadd v8, v9  ; v9 = 40
;; | @006f                               v11 = atomic_load.i64 notrap aligned v10
;; | @006f                               brif v11, block4, block5
;; |
;; |                                 block4 cold:
;; | @006f                               call fn1(v0)
;; | @006f                               jump block5
;; |
;; |                                 block5:
;; | @0072                               v13 = load.i64 notrap aligned readonly can_move v0+48
;; | @0072                               v14 = uextend.i64 v1
;; | @0072                               v15 = load.i64 notrap aligned region1 v0+56
;; | @0072                               v16 = iconst.i64 12
;; | @0072                               v17 = iadd v14, v16  ; v16 = 12
;; | @0072                               v18 = icmp ugt v17, v15
;; | @0072                               brif v18, block6, block7
;; |
;; |                                 block6 cold:
;; | @0072                               v19 = iconst.i32 2
;; | @0072                               call fn0(v0, v19)  ; v19 = 2
;; | @0072                               trap user2
;; |
;; |                                 block7:
;; | @0072                               v20 = iconst.i64 8
;; | @0072                               v21 = iadd.i64 v14, v20  ; v20 = 8
;; | @0072                               v22 = iadd.i64 v13, v21
;; | @0072                               v23 = iconst.i64 0
;; | @0072                               v24 = select_spectre_guard v18, v23, v22  ; v23 = 0
;; | @0072                               v25 = load.i32 user2 little region0 v24
;; | @0075                               jump block1(v25)
;; |
;; |                                 block1(v2: i32):
;; | @0075                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 8(%rdi),%rax
;;     8  mov (%rax),%rcx
;;     b  mov %rsp,%rdx
;;     e  cmp %rcx,%rdx
;;    11  jb 0x0000000000000069
;;    17  mov 0x28(%rax),%rax
;;    1b  test %rax,%rax
;;    1e  jne 0x0000000000000053
;;    24  mov 0x38(%rdi),%rax
;;    28  mov %esi,%edx
;;    2a  lea 0xC(%rdx),%rcx
;;    2e  cmp %rax,%rcx
;;    31  ja 0x000000000000005D
;;    37  xor %rsi,%rsi
;;    3a  add $8,%rdx
;;    41  add 0x30(%rdi),%rdx
;;    45  cmp %rax,%rcx
;;    48  cmova %rsi,%rdx
;;    4c  mov (%rdx),%eax
;;    4e  mov %rbp,%rsp
;;    51  pop %rbp
;;    52  ret
;;    53  call 0x0000000000000058
;;    58  jmp 0x0000000000000024
;;    5d  mov $2,%esi
;;    62  call 0x0000000000000067
;;    67  hlt
;;    68  nop
;;    69  mov $1,%esi
;;    6e  call 0x0000000000000073
;;    73  hlt
;;    74  nop
