;; with fuel
;; A loop that pays for its turns in a register, a call before and behind which the store has what is left, and a copy that is paid for by
;; size.
(module
  (memory 1)
  (func $sum (export "sum") (param $at i32) (param $end i32) (result i64)
    (local $sum i64)
    (loop $next
      (local.set $sum (i64.add (local.get $sum) (i64.load32_u (local.get $at))))
      (br_if $next
        (i32.ne (local.tee $at (i32.add (local.get $at) (i32.const 4))) (local.get $end))))
    (local.get $sum))
  (func (export "call") (param i32) (result i64)
    (if (result i64) (i64.eqz (call $sum (i32.const 0) (local.get 0)))
      (then (i64.const 1))
      (else (i64.const 2))))
  (func (export "copy") (param i32)
    (memory.copy (i32.const 0) (i32.const 100) (local.get 0))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0 `sum`
;; | function u0:0(i64, i32, i32) -> i64 tail {
;; |     region0 = 3489660928 "Fuel"
;; |     region1 = 1073741824 "Memory(MemoryIndex(0))"
;; |     sig0 = (i64) preserve_all
;; |     fn0 = colocated u1:21 sig0
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; |                                     v50 -> v1
;; |                                     v38 -> v2
;; |                                     v51 -> v2
;; |                                     v37 -> v38
;; |                                     v4 = iconst.i64 0
;; |                                     v49 -> v4
;; | @0040                               v6 = iconst.i64 1
;; | @0040                               v7 = load.i64 notrap aligned readonly can_move v0+8
;; | @0040                               v8 = load.i64 notrap aligned region0 v7+56
;; | @0040                               v9 = icmp ult v8, v6  ; v6 = 1
;; | @0040                               brif v9, block2, block3
;; |
;; |                                 block2 cold:
;; | @0040                               v10 = load.i64 notrap aligned readonly can_move v0+8
;; | @0040                               store.i64 notrap aligned region0 v8, v10+56
;; | @0040                               v11 = load.i64 notrap aligned readonly can_move v0+8
;; | @0040                               store.i64 notrap aligned region0 v6, v11+64  ; v6 = 1
;; | @0040                               call fn0(v0)
;; | @0040                               v12 = load.i64 notrap aligned readonly can_move v0+8
;; | @0040                               v13 = load.i64 notrap aligned region0 v12+56
;; | @0040                               jump block4(v13)
;; |
;; |                                 block3:
;; | @0040                               v14 = isub.i64 v8, v6  ; v6 = 1
;; | @0040                               jump block4(v14)
;; |
;; |                                 block4(v48: i64):
;; | @0043                               jump block5(v48, v4, v1)  ; v4 = 0
;; |
;; |                                 block5(v16: i64, v27: i64, v29: i32):
;; |                                     v26 -> v27
;; |                                     v28 -> v29
;; | @0043                               v15 = iconst.i64 12
;; | @0043                               v17 = icmp ult v16, v15  ; v15 = 12
;; | @0043                               brif v17, block6, block7
;; |
;; |                                 block6 cold:
;; | @0043                               v18 = load.i64 notrap aligned readonly can_move v0+8
;; | @0043                               store.i64 notrap aligned region0 v16, v18+56
;; | @0043                               v19 = load.i64 notrap aligned readonly can_move v0+8
;; | @0043                               store.i64 notrap aligned region0 v15, v19+64  ; v15 = 12
;; | @0043                               call fn0(v0)
;; | @0043                               v20 = load.i64 notrap aligned readonly can_move v0+8
;; | @0043                               v21 = load.i64 notrap aligned region0 v20+56
;; | @0043                               jump block8(v21)
;; |
;; |                                 block7:
;; | @0043                               v22 = isub.i64 v16, v15  ; v15 = 12
;; | @0043                               jump block8(v22)
;; |
;; |                                 block8(v23: i64):
;; | @0043                               v24 = load.i64 notrap aligned readonly can_move v0+8
;; | @0043                               store notrap aligned region0 v23, v24+56
;; | @0043                               v25 = load.i32 user11 aligned v0-4
;; | @0049                               v30 = load.i64 notrap aligned readonly can_move v0+48
;; | @0049                               v31 = uextend.i64 v29
;; | @0049                               v32 = iadd v30, v31
;; | @0049                               v33 = uload32 user2 little region1 v32
;; | @004c                               v34 = iadd.i64 v27, v33
;; |                                     v52 -> v34
;; | @0051                               v35 = iconst.i32 4
;; | @0053                               v36 = iadd.i32 v28, v35  ; v35 = 4
;; | @0058                               v39 = icmp ne v36, v38
;; | @0058                               v40 = uextend.i32 v39
;; | @0059                               brif v40, block5(v23, v34, v36), block9
;; |
;; |                                 block9:
;; | @0059                               v41 = iconst.i64 1
;; | @0059                               v42 = icmp.i64 ult v23, v41  ; v41 = 1
;; | @0059                               brif v42, block10, block11
;; |
;; |                                 block10 cold:
;; | @0059                               v43 = load.i64 notrap aligned readonly can_move v0+8
;; | @0059                               store.i64 notrap aligned region0 v23, v43+56
;; | @0059                               v44 = load.i64 notrap aligned readonly can_move v0+8
;; | @0059                               store.i64 notrap aligned region0 v41, v44+64  ; v41 = 1
;; | @0059                               call fn0(v0)
;; | @0059                               v45 = load.i64 notrap aligned readonly can_move v0+8
;; | @0059                               v46 = load.i64 notrap aligned region0 v45+56
;; | @0059                               jump block12(v46)
;; |
;; |                                 block11:
;; | @0059                               v47 = isub.i64 v23, v41  ; v41 = 1
;; | @0059                               jump block12(v47)
;; |
;; |                                 block12(v53: i64):
;; | @005e                               v54 = load.i64 notrap aligned readonly can_move v0+8
;; | @005e                               store notrap aligned region0 v53, v54+56
;; | @005e                               jump block1(v34)
;; |
;; |                                 block1(v3: i64):
;; | @005e                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 8(%rdi),%r8
;;     8  mov 0x38(%r8),%r10
;;     c  test %r10,%r10
;;     f  je 0x0000000000000070
;;    15  sub $1,%r10
;;    19  xor %rax,%rax
;;    1c  mov %rax,%r11
;;    1f  mov 0x30(%rdi),%rcx
;;    23  mov %esi,%esi
;;    25  cmp $0xC,%r10
;;    29  jb 0x0000000000000086
;;    2f  sub $0xC,%r10
;;    33  mov %r10,0x38(%r8)
;;    37  mov -4(%rcx),%eax
;;    3a  mov (%rcx,%rsi),%r9d
;;    3e  add $4,%esi
;;    44  mov %r11,%rax
;;    47  add %r9,%rax
;;    4a  cmp %edx,%esi
;;    4c  je 0x000000000000005A
;;    52  mov %rax,%r11
;;    55  jmp 0x0000000000000025
;;    5a  test %r10,%r10
;;    5d  je 0x00000000000000A0
;;    63  sub $1,%r10
;;    67  mov %r10,0x38(%r8)
;;    6b  mov %rbp,%rsp
;;    6e  pop %rbp
;;    6f  ret
;;    70  movq $1,0x40(%r8)
;;    78  call 0x000000000000007D
;;    7d  mov 0x38(%r8),%r10
;;    81  jmp 0x0000000000000019
;;    86  mov %r10,0x38(%r8)
;;    8a  movq $0xC,0x40(%r8)
;;    92  call 0x0000000000000097
;;    97  mov 0x38(%r8),%r10
;;    9b  jmp 0x0000000000000033
;;    a0  movq $1,0x40(%r8)
;;    a8  call 0x00000000000000AD
;;    ad  mov 0x38(%r8),%r10
;;    b1  jmp 0x0000000000000067
;;
;; function 1
;; | function u0:1(i64, i32) -> i64 tail {
;; |     region0 = 3489660928 "Fuel"
;; |     sig0 = (i64, i32, i32) -> i64 tail
;; |     sig1 = (i64) preserve_all
;; |     fn0 = colocated u0:0 sig0
;; |     fn1 = colocated u1:21 sig1
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v14 -> v1
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @0060                               v4 = iconst.i64 6
;; | @0060                               v5 = load.i64 notrap aligned readonly can_move v0+8
;; | @0060                               v6 = load.i64 notrap aligned region0 v5+56
;; | @0060                               v7 = icmp ult v6, v4  ; v4 = 6
;; | @0060                               brif v7, block2, block3
;; |
;; |                                 block2 cold:
;; | @0060                               v8 = load.i64 notrap aligned readonly can_move v0+8
;; | @0060                               store.i64 notrap aligned region0 v6, v8+56
;; | @0060                               v9 = load.i64 notrap aligned readonly can_move v0+8
;; | @0060                               store.i64 notrap aligned region0 v4, v9+64  ; v4 = 6
;; | @0060                               call fn1(v0)
;; | @0060                               v10 = load.i64 notrap aligned readonly can_move v0+8
;; | @0060                               v11 = load.i64 notrap aligned region0 v10+56
;; | @0060                               jump block4(v11)
;; |
;; |                                 block3:
;; | @0060                               v12 = isub.i64 v6, v4  ; v4 = 6
;; | @0060                               jump block4(v12)
;; |
;; |                                 block4(v15: i64):
;; | @0061                               v13 = iconst.i32 0
;; | @0065                               v16 = load.i64 notrap aligned readonly can_move v0+8
;; | @0065                               store notrap aligned region0 v15, v16+56
;; | @0065                               v17 = call fn0(v0, v13, v1)  ; v13 = 0
;; | @0067                               v18 = iconst.i64 0
;; | @0067                               v19 = icmp eq v17, v18  ; v18 = 0
;; | @0067                               v20 = uextend.i32 v19
;; | @0068                               v21 = load.i64 notrap aligned readonly can_move v0+8
;; | @0068                               v22 = load.i64 notrap aligned region0 v21+56
;; | @0068                               brif v20, block6, block7
;; |
;; |                                 block6:
;; | @0068                               v24 = iconst.i64 1
;; | @0068                               v25 = icmp.i64 ult v22, v24  ; v24 = 1
;; | @0068                               brif v25, block8, block9
;; |
;; |                                 block8 cold:
;; | @0068                               v26 = load.i64 notrap aligned readonly can_move v0+8
;; | @0068                               store.i64 notrap aligned region0 v22, v26+56
;; | @0068                               v27 = load.i64 notrap aligned readonly can_move v0+8
;; | @0068                               store.i64 notrap aligned region0 v24, v27+64  ; v24 = 1
;; | @0068                               call fn1(v0)
;; | @0068                               v28 = load.i64 notrap aligned readonly can_move v0+8
;; | @0068                               v29 = load.i64 notrap aligned region0 v28+56
;; | @0068                               jump block10(v29)
;; |
;; |                                 block9:
;; | @0068                               v30 = isub.i64 v22, v24  ; v24 = 1
;; | @0068                               jump block10(v30)
;; |
;; |                                 block10(v41: i64):
;; | @006a                               v31 = iconst.i64 1
;; | @006c                               jump block5(v31, v41)  ; v31 = 1
;; |
;; |                                 block7:
;; | @006c                               v32 = iconst.i64 1
;; | @006c                               v33 = icmp.i64 ult v22, v32  ; v32 = 1
;; | @006c                               brif v33, block11, block12
;; |
;; |                                 block11 cold:
;; | @006c                               v34 = load.i64 notrap aligned readonly can_move v0+8
;; | @006c                               store.i64 notrap aligned region0 v22, v34+56
;; | @006c                               v35 = load.i64 notrap aligned readonly can_move v0+8
;; | @006c                               store.i64 notrap aligned region0 v32, v35+64  ; v32 = 1
;; | @006c                               call fn1(v0)
;; | @006c                               v36 = load.i64 notrap aligned readonly can_move v0+8
;; | @006c                               v37 = load.i64 notrap aligned region0 v36+56
;; | @006c                               jump block13(v37)
;; |
;; |                                 block12:
;; | @006c                               v38 = isub.i64 v22, v32  ; v32 = 1
;; | @006c                               jump block13(v38)
;; |
;; |                                 block13(v42: i64):
;; | @006d                               v39 = iconst.i64 2
;; | @006f                               jump block5(v39, v42)  ; v39 = 2
;; |
;; |                                 block5(v23: i64, v40: i64):
;; | @0070                               v43 = load.i64 notrap aligned readonly can_move v0+8
;; | @0070                               store notrap aligned region0 v40, v43+56
;; | @0070                               jump block1(v23)
;; |
;; |                                 block1(v2: i64):
;; | @0070                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x10,%rsp
;;     8  mov %rbx,(%rsp)
;;     c  mov %r12,8(%rsp)
;;    11  mov %rsi,%rdx
;;    14  mov -4(%rdi),%eax
;;    17  mov 8(%rdi),%rbx
;;    1b  mov 0x38(%rbx),%r8
;;    1f  cmp $6,%r8
;;    23  jb 0x000000000000008D
;;    29  sub $6,%r8
;;    2d  mov %rdi,%r12
;;    30  mov %r8,0x38(%rbx)
;;    34  xor %esi,%esi
;;    36  mov %r12,%rdi
;;    39  call 0x000000000000003E
;;    3e  mov 0x38(%rbx),%rcx
;;    42  test %rax,%rax
;;    45  je 0x0000000000000062
;;    4b  test %rcx,%rcx
;;    4e  je 0x00000000000000A6
;;    54  sub $1,%rcx
;;    58  mov $2,%eax
;;    5d  jmp 0x0000000000000077
;;    62  mov %r12,%rdi
;;    65  test %rcx,%rcx
;;    68  je 0x00000000000000BF
;;    6e  sub $1,%rcx
;;    72  mov $1,%eax
;;    77  mov %rcx,0x38(%rbx)
;;    7b  mov (%rsp),%rbx
;;    7f  mov 8(%rsp),%r12
;;    84  add $0x10,%rsp
;;    88  mov %rbp,%rsp
;;    8b  pop %rbp
;;    8c  ret
;;    8d  movq $6,0x40(%rbx)
;;    95  call 0x000000000000009A
;;    9a  mov %rdi,%r12
;;    9d  mov 0x38(%rbx),%r8
;;    a1  jmp 0x0000000000000030
;;    a6  movq $1,0x40(%rbx)
;;    ae  mov %r12,%rdi
;;    b1  call 0x00000000000000B6
;;    b6  mov 0x38(%rbx),%rcx
;;    ba  jmp 0x0000000000000058
;;    bf  movq $1,0x40(%rbx)
;;    c7  call 0x00000000000000CC
;;    cc  mov 0x38(%rbx),%rcx
;;    d0  jmp 0x0000000000000072
;;
;; function 2
;; | function u0:2(i64, i32) tail {
;; |     region0 = 3489660928 "Fuel"
;; |     region1 = 0 "Head"
;; |     sig0 = (i64, i64, i64, i64) tail
;; |     sig1 = (i64, i64, i64, i64) tail
;; |     sig2 = (i64) preserve_all
;; |     fn0 = colocated u1:3 sig0
;; |     fn1 = colocated u1:1 sig1
;; |     fn2 = colocated u1:21 sig2
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v14 -> v1
;; | @0072                               v3 = iconst.i64 5
;; | @0072                               v4 = load.i64 notrap aligned readonly can_move v0+8
;; | @0072                               v5 = load.i64 notrap aligned region0 v4+56
;; | @0072                               v6 = icmp ult v5, v3  ; v3 = 5
;; | @0072                               brif v6, block2, block3
;; |
;; |                                 block2 cold:
;; | @0072                               v7 = load.i64 notrap aligned readonly can_move v0+8
;; | @0072                               store.i64 notrap aligned region0 v5, v7+56
;; | @0072                               v8 = load.i64 notrap aligned readonly can_move v0+8
;; | @0072                               store.i64 notrap aligned region0 v3, v8+64  ; v3 = 5
;; | @0072                               call fn2(v0)
;; | @0072                               v9 = load.i64 notrap aligned readonly can_move v0+8
;; | @0072                               v10 = load.i64 notrap aligned region0 v9+56
;; | @0072                               jump block4(v10)
;; |
;; |                                 block3:
;; | @0072                               v11 = isub.i64 v5, v3  ; v3 = 5
;; | @0072                               jump block4(v11)
;; |
;; |                                 block4(v18: i64):
;; | @0073                               v12 = iconst.i32 0
;; | @0075                               v13 = iconst.i32 100
;; | @007a                               v15 = uextend.i64 v1
;; | @007a                               v16 = iconst.i64 3
;; | @007a                               v17 = ushr v15, v16  ; v16 = 3
;; | @007a                               v19 = icmp ult v18, v17
;; | @007a                               brif v19, block5, block6
;; |
;; |                                 block5 cold:
;; | @007a                               v20 = load.i64 notrap aligned readonly can_move v0+8
;; | @007a                               store.i64 notrap aligned region0 v18, v20+56
;; | @007a                               v21 = load.i64 notrap aligned readonly can_move v0+8
;; | @007a                               store.i64 notrap aligned region0 v17, v21+64
;; | @007a                               call fn2(v0)
;; | @007a                               v22 = load.i64 notrap aligned readonly can_move v0+8
;; | @007a                               v23 = load.i64 notrap aligned region0 v22+56
;; | @007a                               jump block7(v23)
;; |
;; |                                 block6:
;; | @007a                               v24 = isub.i64 v18, v17
;; | @007a                               jump block7(v24)
;; |
;; |                                 block7(v25: i64):
;; | @007a                               v26 = load.i64 notrap aligned readonly can_move v0+8
;; | @007a                               store notrap aligned region0 v25, v26+56
;; | @007a                               v27 = uextend.i64 v1
;; | @007a                               v28 = uextend.i64 v13  ; v13 = 100
;; | @007a                               v29 = iadd v28, v27
;; | @007a                               v30 = load.i64 notrap aligned region1 v0+56
;; | @007a                               v31 = icmp ugt v29, v30
;; | @007a                               trapnz v31, user2
;; | @007a                               v32 = load.i64 notrap aligned readonly can_move v0+48
;; | @007a                               v33 = iadd v32, v28
;; | @007a                               v34 = iconst.i64 0
;; | @007a                               v35 = select_spectre_guard v31, v34, v33  ; v34 = 0
;; | @007a                               v36 = uextend.i64 v12  ; v12 = 0
;; | @007a                               v37 = iadd v36, v27
;; | @007a                               v38 = load.i64 notrap aligned region1 v0+56
;; | @007a                               v39 = icmp ugt v37, v38
;; | @007a                               trapnz v39, user2
;; | @007a                               v40 = load.i64 notrap aligned readonly can_move v0+48
;; | @007a                               v41 = iadd v40, v36
;; | @007a                               v42 = iconst.i64 0
;; | @007a                               v43 = select_spectre_guard v39, v42, v41  ; v42 = 0
;; | @007a                               v44 = load.i32 user11 aligned v0-4
;; | @007a                               v45 = iconst.i64 0x0040_0000
;; | @007a                               v46 = icmp ugt v27, v45  ; v45 = 0x0040_0000
;; | @007a                               brif v46, block8, block9
;; |
;; |                                 block8 cold:
;; | @007a                               call fn0(v0, v43, v35, v27)
;; | @007a                               jump block10
;; |
;; |                                 block9:
;; | @007a                               call fn1(v0, v43, v35, v27)
;; | @007a                               jump block10
;; |
;; |                                 block10:
;; | @007e                               jump block1
;; |
;; |                                 block1:
;; | @007e                               return
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %rsi,%rcx
;;     7  mov 8(%rdi),%rax
;;     b  mov 0x38(%rax),%rsi
;;     f  cmp $5,%rsi
;;    13  jb 0x0000000000000089
;;    19  sub $5,%rsi
;;    1d  mov %ecx,%ecx
;;    1f  mov %rcx,%rdx
;;    22  shr $3,%rdx
;;    26  cmp %rdx,%rsi
;;    29  jb 0x000000000000009F
;;    2f  sub %rdx,%rsi
;;    32  mov %rsi,0x38(%rax)
;;    36  mov 0x38(%rdi),%rax
;;    3a  lea 0x64(%rcx),%r10
;;    3e  cmp %rax,%r10
;;    41  ja 0x00000000000000E1
;;    47  cmp %rax,%rcx
;;    4a  ja 0x00000000000000E3
;;    50  mov -4(%rdi),%edx
;;    53  cmp $0x400000,%rcx
;;    5a  ja 0x00000000000000B5
;;    60  xor %rsi,%rsi
;;    63  mov 0x30(%rdi),%r9
;;    67  cmp %rax,%rcx
;;    6a  mov %r9,%r8
;;    6d  cmova %rsi,%r8
;;    71  lea 0x64(%r9),%rdx
;;    75  cmp %rax,%r10
;;    78  cmova %rsi,%rdx
;;    7c  mov %r8,%rsi
;;    7f  call 0x0000000000000084
;;    84  mov %rbp,%rsp
;;    87  pop %rbp
;;    88  ret
;;    89  movq $5,0x40(%rax)
;;    91  call 0x0000000000000096
;;    96  mov 0x38(%rax),%rsi
;;    9a  jmp 0x000000000000001D
;;    9f  mov %rsi,0x38(%rax)
;;    a3  mov %rdx,0x40(%rax)
;;    a7  call 0x00000000000000AC
;;    ac  mov 0x38(%rax),%rsi
;;    b0  jmp 0x0000000000000032
;;    b5  xor %rsi,%rsi
;;    b8  mov 0x30(%rdi),%rdx
;;    bc  cmp %rax,%rcx
;;    bf  mov %rdx,%r8
;;    c2  cmova %rsi,%r8
;;    c6  add $0x64,%rdx
;;    cd  cmp %rax,%r10
;;    d0  cmova %rsi,%rdx
;;    d4  mov %r8,%rsi
;;    d7  call 0x00000000000000DC
;;    dc  jmp 0x0000000000000084
;;    e1  hlt
;;    e2  nop
;;    e3  hlt
;;    e4  nop
