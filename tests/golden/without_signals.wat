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
;; |     fn0 = colocated u1:17 sig0
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
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
;; | @005e                               v9 = iconst.i32 0
;; | @005e                               v10 = icmp.i32 eq v2, v9  ; v9 = 0
;; | @005e                               brif v10, block4, block5
;; |
;; |                                 block4 cold:
;; | @005e                               v11 = iconst.i32 7
;; | @005e                               call fn0(v0, v11)  ; v11 = 7
;; | @005e                               trap user7
;; |
;; |                                 block5:
;; | @005e                               v12 = iconst.i32 -2147483648
;; | @005e                               v13 = iconst.i32 -1
;; | @005e                               v14 = icmp.i32 eq v2, v13  ; v13 = -1
;; | @005e                               v15 = icmp.i32 eq v1, v12  ; v12 = -2147483648
;; | @005e                               v16 = band v14, v15
;; | @005e                               brif v16, block6, block7
;; |
;; |                                 block6 cold:
;; | @005e                               v17 = iconst.i32 6
;; | @005e                               call fn0(v0, v17)  ; v17 = 6
;; | @005e                               trap user6
;; |
;; |                                 block7:
;; | @005e                               v18 = sdiv.i32 v1, v2
;; | @005f                               jump block1(v18)
;; |
;; |                                 block1(v3: i32):
;; | @005f                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 8(%rdi),%rax
;;     8  mov (%rax),%rax
;;     b  mov %rsp,%rcx
;;     e  cmp %rax,%rcx
;;    11  jb 0x0000000000000067
;;    17  test %edx,%edx
;;    19  je 0x000000000000005B
;;    1f  cmp $0xFFFFFFFF,%edx
;;    22  mov %rdx,%r8
;;    25  sete %al
;;    28  cmp $0x80000000,%esi
;;    2e  sete %cl
;;    31  test %al,%cl
;;    33  jne 0x000000000000004F
;;    39  mov %rsi,%rax
;;    3c  cltd
;;    3d  mov %r8,%rcx
;;    40  test %ecx,%ecx
;;    42  je 0x0000000000000073
;;    48  idiv %ecx
;;    4a  mov %rbp,%rsp
;;    4d  pop %rbp
;;    4e  ret
;;    4f  mov $6,%esi
;;    54  call 0x0000000000000059
;;    59  ud2
;;    5b  mov $7,%esi
;;    60  call 0x0000000000000065
;;    65  ud2
;;    67  mov $1,%esi
;;    6c  call 0x0000000000000071
;;    71  ud2
;;    73  ud2
;;
;; function 1
;; | function u0:1(i64, i64) -> i64 tail {
;; |     sig0 = (i64, i32) tail
;; |     fn0 = colocated u1:17 sig0
;; |
;; |                                 block0(v0: i64, v1: i64):
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
;; | @0064                               v8 = iconst.i64 3
;; | @0066                               v9 = sdiv.i64 v1, v8  ; v8 = 3
;; | @0067                               jump block1(v9)
;; |
;; |                                 block1(v2: i64):
;; | @0067                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 8(%rdi),%r10
;;     8  mov (%r10),%r10
;;     b  mov %rsp,%r11
;;     e  cmp %r10,%r11
;;    11  jb 0x0000000000000030
;;    17  mov %rsi,%rax
;;    1a  imulq 0x40
;;    21  mov %rdx,%rax
;;    24  shr $0x3F,%rax
;;    28  add %rdx,%rax
;;    2b  mov %rbp,%rsp
;;    2e  pop %rbp
;;    2f  ret
;;    30  mov $1,%esi
;;    35  call 0x000000000000003A
;;    3a  ud2
;;    40  56 55 55 55 55 55 55 55
;;
;; function 2
;; | function u0:2(i64, f64) -> i32 tail {
;; |     sig0 = (i64, i32) tail
;; |     fn0 = colocated u1:17 sig0
;; |
;; |                                 block0(v0: i64, v1: f64):
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
;; | @006c                               v8 = fcmp.f64 uno v1, v1
;; | @006c                               brif v8, block4, block5
;; |
;; |                                 block4 cold:
;; | @006c                               v9 = iconst.i32 8
;; | @006c                               call fn0(v0, v9)  ; v9 = 8
;; | @006c                               trap user8
;; |
;; |                                 block5:
;; | @006c                               v10 = f64const -0x1.0000000000000p0
;; | @006c                               v11 = f64const 0x1.0000000000000p32
;; | @006c                               v12 = fcmp.f64 le v1, v10  ; v10 = -0x1.0000000000000p0
;; | @006c                               v13 = fcmp.f64 ge v1, v11  ; v11 = 0x1.0000000000000p32
;; | @006c                               v14 = bor v12, v13
;; | @006c                               brif v14, block6, block7
;; |
;; |                                 block6 cold:
;; | @006c                               v15 = iconst.i32 6
;; | @006c                               call fn0(v0, v15)  ; v15 = 6
;; | @006c                               trap user6
;; |
;; |                                 block7:
;; | @006c                               v16 = fcvt_to_uint_sat.i32 v1
;; | @006d                               jump block1(v16)
;; |
;; |                                 block1(v2: i32):
;; | @006d                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 8(%rdi),%rax
;;     8  mov (%rax),%rax
;;     b  mov %rsp,%rcx
;;     e  cmp %rax,%rcx
;;    11  jb 0x00000000000000CA
;;    17  ucomisd %xmm0,%xmm0
;;    1b  jp 0x00000000000000BE
;;    21  movabs $0xBFF0000000000000,%rax
;;    2b  movq %rax,%xmm1
;;    30  ucomisd %xmm0,%xmm1
;;    34  setae %al
;;    37  ucomisd 0xE0,%xmm0
;;    3f  setae %cl
;;    42  or %ecx,%eax
;;    44  test %al,%al
;;    46  jne 0x00000000000000B2
;;    4c  movabs $0x41E0000000000000,%rax
;;    56  movq %rax,%xmm2
;;    5b  ucomisd %xmm2,%xmm0
;;    5f  jae 0x0000000000000086
;;    65  jnp 0x0000000000000072
;;    6b  xor %ecx,%ecx
;;    6d  jmp 0x00000000000000AA
;;    72  cvttsd2si %xmm0,%ecx
;;    76  cmp $0,%ecx
;;    79  jge 0x00000000000000AA
;;    7f  xor %ecx,%ecx
;;    81  jmp 0x00000000000000AA
;;    86  movaps %xmm0,%xmm1
;;    89  subsd %xmm2,%xmm1
;;    8d  cvttsd2si %xmm1,%ecx
;;    91  cmp $0,%ecx
;;    94  jge 0x00000000000000A4
;;    9a  mov $0xFFFFFFFF,%ecx
;;    9f  jmp 0x00000000000000AA
;;    a4  add $0x80000000,%ecx
;;    aa  mov %rcx,%rax
;;    ad  mov %rbp,%rsp
;;    b0  pop %rbp
;;    b1  ret
;;    b2  mov $6,%esi
;;    b7  call 0x00000000000000BC
;;    bc  ud2
;;    be  mov $8,%esi
;;    c3  call 0x00000000000000C8
;;    c8  ud2
;;    ca  mov $1,%esi
;;    cf  call 0x00000000000000D4
;;    d4  ud2
;;    e0  00 00 00 00 00 00 f0 41 00 00 00 00 00 00 00 00
;;
;; function 3
;; | function u0:3(i64, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |     region1 = 0 "Head"
;; |     sig0 = (i64, i32) tail
;; |     fn0 = colocated u1:17 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
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
;; | @0072                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @0072                               v9 = uextend.i64 v1
;; | @0072                               v10 = load.i64 notrap aligned region1 v0+56
;; | @0072                               v11 = iconst.i64 12
;; | @0072                               v12 = iadd v9, v11  ; v11 = 12
;; | @0072                               v13 = icmp ugt v12, v10
;; | @0072                               brif v13, block4, block5
;; |
;; |                                 block4 cold:
;; | @0072                               v14 = iconst.i32 2
;; | @0072                               call fn0(v0, v14)  ; v14 = 2
;; | @0072                               trap user2
;; |
;; |                                 block5:
;; | @0072                               v15 = iconst.i64 8
;; | @0072                               v16 = iadd.i64 v9, v15  ; v15 = 8
;; | @0072                               v17 = iadd.i64 v8, v16
;; | @0072                               v18 = iconst.i64 0
;; | @0072                               v19 = select_spectre_guard v13, v18, v17  ; v18 = 0
;; | @0072                               v20 = load.i32 user2 little region0 v19
;; | @0075                               jump block1(v20)
;; |
;; |                                 block1(v2: i32):
;; | @0075                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 8(%rdi),%rax
;;     8  mov (%rax),%rax
;;     b  mov %rsp,%rcx
;;     e  cmp %rax,%rcx
;;    11  jb 0x0000000000000052
;;    17  mov 0x38(%rdi),%rax
;;    1b  mov %esi,%edx
;;    1d  lea 0xC(%rdx),%rcx
;;    21  cmp %rax,%rcx
;;    24  ja 0x0000000000000046
;;    2a  xor %rsi,%rsi
;;    2d  add $8,%rdx
;;    34  add 0x30(%rdi),%rdx
;;    38  cmp %rax,%rcx
;;    3b  cmova %rsi,%rdx
;;    3f  mov (%rdx),%eax
;;    41  mov %rbp,%rsp
;;    44  pop %rbp
;;    45  ret
;;    46  mov $2,%esi
;;    4b  call 0x0000000000000050
;;    50  ud2
;;    52  mov $1,%esi
;;    57  call 0x000000000000005C
;;    5c  ud2
