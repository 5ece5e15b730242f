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
;; |     sig1 = (i64) tail
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
;;     4  sub $0x20,%rsp
;;     8  mov %rbx,(%rsp)
;;     c  mov %r12,8(%rsp)
;;    11  mov %r13,0x10(%rsp)
;;    16  mov %rdx,%rbx
;;    19  mov %rsi,%r13
;;    1c  mov 8(%rdi),%rax
;;    20  mov %rdi,%r12
;;    23  mov (%rax),%rcx
;;    26  mov %rsp,%rdx
;;    29  cmp %rcx,%rdx
;;    2c  jb 0x00000000000000B7
;;    32  mov 0x28(%rax),%rax
;;    36  test %rax,%rax
;;    39  jne 0x0000000000000089
;;    3f  mov %rbx,%rcx
;;    42  test %ecx,%ecx
;;    44  je 0x00000000000000A8
;;    4a  cmp $0xFFFFFFFF,%ecx
;;    4d  sete %al
;;    50  mov %r13,%rsi
;;    53  cmp $0x80000000,%esi
;;    59  sete %dl
;;    5c  test %al,%dl
;;    5e  jne 0x0000000000000099
;;    64  mov %rsi,%rax
;;    67  cltd
;;    68  test %ecx,%ecx
;;    6a  je 0x00000000000000C6
;;    70  idiv %ecx
;;    72  mov (%rsp),%rbx
;;    76  mov 8(%rsp),%r12
;;    7b  mov 0x10(%rsp),%r13
;;    80  add $0x20,%rsp
;;    84  mov %rbp,%rsp
;;    87  pop %rbp
;;    88  ret
;;    89  mov %r12,%rdi
;;    8c  call 0x0000000000000091
;;    91  mov %rbx,%rcx
;;    94  jmp 0x0000000000000042
;;    99  mov $6,%esi
;;    9e  mov %r12,%rdi
;;    a1  call 0x00000000000000A6
;;    a6  ud2
;;    a8  mov %r12,%rdi
;;    ab  mov $7,%esi
;;    b0  call 0x00000000000000B5
;;    b5  ud2
;;    b7  mov %r12,%rdi
;;    ba  mov $1,%esi
;;    bf  call 0x00000000000000C4
;;    c4  ud2
;;    c6  ud2
;;
;; function 1
;; | function u0:1(i64, i64) -> i64 tail {
;; |     sig0 = (i64, i32) tail
;; |     sig1 = (i64) tail
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
;;     4  sub $0x10,%rsp
;;     8  mov %r13,(%rsp)
;;     c  mov %rsi,%r13
;;     f  mov 8(%rdi),%r11
;;    13  mov (%r11),%rax
;;    16  mov %rsp,%rcx
;;    19  cmp %rax,%rcx
;;    1c  jb 0x000000000000005A
;;    22  mov 0x28(%r11),%rax
;;    26  test %rax,%rax
;;    29  jne 0x0000000000000050
;;    2f  mov %r13,%rax
;;    32  imulq 0x68
;;    39  mov %rdx,%rax
;;    3c  shr $0x3F,%rax
;;    40  add %rdx,%rax
;;    43  mov (%rsp),%r13
;;    47  add $0x10,%rsp
;;    4b  mov %rbp,%rsp
;;    4e  pop %rbp
;;    4f  ret
;;    50  call 0x0000000000000055
;;    55  jmp 0x000000000000002F
;;    5a  mov $1,%esi
;;    5f  call 0x0000000000000064
;;    64  ud2
;;    68  56 55 55 55 55 55 55 55
;;
;; function 2
;; | function u0:2(i64, f64) -> i32 tail {
;; |     sig0 = (i64, i32) tail
;; |     sig1 = (i64) tail
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
;;     4  sub $0x20,%rsp
;;     8  mov %rbx,0x10(%rsp)
;;     d  movdqu %xmm0,(%rsp)
;;    12  mov 8(%rdi),%rax
;;    16  mov %rdi,%rbx
;;    19  mov (%rax),%rcx
;;    1c  mov %rsp,%rdx
;;    1f  cmp %rcx,%rdx
;;    22  jb 0x000000000000010E
;;    28  mov 0x28(%rax),%rax
;;    2c  test %rax,%rax
;;    2f  jne 0x00000000000000DE
;;    35  movdqu (%rsp),%xmm0
;;    3a  ucomisd %xmm0,%xmm0
;;    3e  jp 0x00000000000000FF
;;    44  movabs $0xBFF0000000000000,%rax
;;    4e  movq %rax,%xmm1
;;    53  ucomisd %xmm0,%xmm1
;;    57  setae %al
;;    5a  ucomisd 0x120,%xmm0
;;    62  setae %cl
;;    65  or %ecx,%eax
;;    67  test %al,%al
;;    69  jne 0x00000000000000F0
;;    6f  movabs $0x41E0000000000000,%rax
;;    79  movq %rax,%xmm2
;;    7e  ucomisd %xmm2,%xmm0
;;    82  jae 0x00000000000000A9
;;    88  jnp 0x0000000000000095
;;    8e  xor %ecx,%ecx
;;    90  jmp 0x00000000000000CD
;;    95  cvttsd2si %xmm0,%ecx
;;    99  cmp $0,%ecx
;;    9c  jge 0x00000000000000CD
;;    a2  xor %ecx,%ecx
;;    a4  jmp 0x00000000000000CD
;;    a9  movaps %xmm0,%xmm1
;;    ac  subsd %xmm2,%xmm1
;;    b0  cvttsd2si %xmm1,%ecx
;;    b4  cmp $0,%ecx
;;    b7  jge 0x00000000000000C7
;;    bd  mov $0xFFFFFFFF,%ecx
;;    c2  jmp 0x00000000000000CD
;;    c7  add $0x80000000,%ecx
;;    cd  mov %rcx,%rax
;;    d0  mov 0x10(%rsp),%rbx
;;    d5  add $0x20,%rsp
;;    d9  mov %rbp,%rsp
;;    dc  pop %rbp
;;    dd  ret
;;    de  mov %rbx,%rdi
;;    e1  call 0x00000000000000E6
;;    e6  movdqu (%rsp),%xmm0
;;    eb  jmp 0x000000000000003A
;;    f0  mov $6,%esi
;;    f5  mov %rbx,%rdi
;;    f8  call 0x00000000000000FD
;;    fd  ud2
;;    ff  mov %rbx,%rdi
;;   102  mov $8,%esi
;;   107  call 0x000000000000010C
;;   10c  ud2
;;   10e  mov %rbx,%rdi
;;   111  mov $1,%esi
;;   116  call 0x000000000000011B
;;   11b  ud2
;;   120  00 00 00 00 00 00 f0 41 00 00 00 00 00 00 00 00
;;
;; function 3
;; | function u0:3(i64, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |     region1 = 0 "Head"
;; |     sig0 = (i64, i32) tail
;; |     sig1 = (i64) tail
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
;;     4  sub $0x10,%rsp
;;     8  mov %rbx,(%rsp)
;;     c  mov %r12,8(%rsp)
;;    11  mov %rsi,%r12
;;    14  mov 8(%rdi),%rax
;;    18  mov %rdi,%rbx
;;    1b  mov (%rax),%rcx
;;    1e  mov %rsp,%rdx
;;    21  cmp %rcx,%rdx
;;    24  jb 0x0000000000000095
;;    2a  mov 0x28(%rax),%rax
;;    2e  test %rax,%rax
;;    31  jne 0x0000000000000079
;;    37  mov %rbx,%rdi
;;    3a  mov 0x38(%rdi),%rax
;;    3e  mov %r12,%rsi
;;    41  mov %esi,%edx
;;    43  lea 0xC(%rdx),%rcx
;;    47  cmp %rax,%rcx
;;    4a  ja 0x0000000000000089
;;    50  xor %rsi,%rsi
;;    53  add $8,%rdx
;;    5a  add 0x30(%rdi),%rdx
;;    5e  cmp %rax,%rcx
;;    61  cmova %rsi,%rdx
;;    65  mov (%rdx),%eax
;;    67  mov (%rsp),%rbx
;;    6b  mov 8(%rsp),%r12
;;    70  add $0x10,%rsp
;;    74  mov %rbp,%rsp
;;    77  pop %rbp
;;    78  ret
;;    79  mov %rbx,%rdi
;;    7c  call 0x0000000000000081
;;    81  mov %rbx,%rdi
;;    84  jmp 0x000000000000003A
;;    89  mov $2,%esi
;;    8e  call 0x0000000000000093
;;    93  ud2
;;    95  mov %rbx,%rdi
;;    98  mov $1,%esi
;;    9d  call 0x00000000000000A2
;;    a2  ud2
