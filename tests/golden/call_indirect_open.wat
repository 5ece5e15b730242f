;; Indirect calls where the type is not final: that of the function may be a subtype, which is asked out of line and in constant time.
;; The second table holds nothing but functions of a subtype, and no null, so nothing is asked.
(module
  (type $open (sub (func (result i32))))
  (type $below (sub final $open (func (result i32))))
  (table $any (export "any") 8 8 funcref)
  (table $typed (export "typed") 8 8 (ref $below) (ref.func $f))
  (func $f (type $below) (i32.const 1))
  (elem declare func $f)
  (func (export "asked") (param i32) (result i32)
    (i32.eqz (call_indirect $any (type $open) (local.get 0))))
  (func (export "known") (param i32) (result i32)
    (i32.eqz (call_indirect $typed (type $open) (local.get 0)))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0 `f`
;; | function u0:0(i64) -> i32 tail {
;; |                                 block0(v0: i64):
;; | @0061                               v3 = iconst.i32 1
;; | @0063                               jump block1(v3)  ; v3 = 1
;; |
;; |                                 block1(v1: i32):
;; | @0063                               return v1
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov $1,%eax
;;     9  mov %rbp,%rsp
;;     c  pop %rbp
;;     d  ret
;;
;; function 1
;; | function u0:1(i64, i32) -> i32 tail {
;; |     region0 = 1342177280 "Table(TableIndex(0))"
;; |     sig0 = (i64) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @0068                               v5 = uextend.i64 v1
;; | @0068                               v6 = iconst.i64 8
;; | @0068                               v7 = icmp uge v5, v6  ; v6 = 8
;; | @0068                               trapnz v7, user3
;; | @0068                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @0068                               v9 = iconst.i64 5
;; | @0068                               v10 = ishl v5, v9  ; v9 = 5
;; | @0068                               v11 = iadd v8, v10
;; | @0068                               v12 = select_spectre_guard v7, v8, v11
;; | @0068                               v13 = load.i64 notrap aligned readonly can_move v0+24
;; | @0068                               v14 = load.i32 notrap aligned readonly can_move v13
;; | @0068                               v15 = load.i32 notrap aligned region0 v12
;; | @0068                               v16 = icmp eq v15, v14
;; | @0068                               brif v16, block3, block4
;; |
;; |                                 block4 cold:
;; | @0068                               trapz.i32 v15, user4
;; | @0068                               v17 = load.i64 notrap aligned region0 v12+24
;; | @0068                               v18 = load.i32 notrap aligned v17+28
;; | @0068                               v19 = iconst.i32 0
;; | @0068                               v20 = icmp ugt v18, v19  ; v19 = 0
;; | @0068                               trapz v20, user5
;; | @0068                               v21 = load.i64 notrap aligned v17+48
;; | @0068                               v22 = load.i32 notrap aligned v21
;; | @0068                               v23 = icmp eq v22, v14
;; | @0068                               trapz v23, user5
;; | @0068                               jump block3
;; |
;; |                                 block3:
;; | @0068                               v24 = load.i64 notrap aligned region0 v12+8
;; | @0068                               v25 = icmp eq v24, v0
;; | @0068                               brif v25, block5, block6
;; |
;; |                                 block5:
;; | @0068                               v26 = load.i64 notrap aligned region0 v12+16
;; | @0068                               v27 = call_indirect sig0, v26(v0)
;; | @0068                               jump block2(v27)
;; |
;; |                                 block6 cold:
;; | @0068                               v28 = load.i64 notrap aligned region0 v12+24
;; | @0068                               v29 = load.i64 notrap aligned v28
;; | @0068                               v30 = call_indirect sig0, v29(v24)
;; | @0068                               jump block2(v30)
;; |
;; |                                 block2(v4: i32):
;; | @006b                               v31 = iconst.i32 0
;; | @006b                               v32 = icmp eq v4, v31  ; v31 = 0
;; | @006b                               v33 = uextend.i32 v32
;; | @006c                               jump block1(v33)
;; |
;; |                                 block1(v2: i32):
;; | @006c                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%eax
;;     7  mov %esi,%ecx
;;     9  cmp $8,%rcx
;;     d  jae 0x000000000000009A
;;    13  mov 0x30(%rdi),%rdx
;;    17  mov %rcx,%rax
;;    1a  shl $5,%rax
;;    1e  add %rdx,%rax
;;    21  cmp $8,%rcx
;;    25  cmovae %rdx,%rax
;;    29  mov (%rax),%edx
;;    2b  mov 0x18(%rdi),%rcx
;;    2f  mov %rdi,%r8
;;    32  mov (%rcx),%ecx
;;    34  cmp %ecx,%edx
;;    36  jne 0x0000000000000062
;;    3c  mov 8(%rax),%rdi
;;    40  mov %r8,%rcx
;;    43  cmp %rcx,%rdi
;;    46  jne 0x000000000000008C
;;    4c  mov 0x10(%rax),%rax
;;    50  mov %r8,%rdi
;;    53  call *%rax
;;    55  test %eax,%eax
;;    57  sete %al
;;    5a  movzbl %al,%eax
;;    5d  mov %rbp,%rsp
;;    60  pop %rbp
;;    61  ret
;;    62  test %edx,%edx
;;    64  je 0x000000000000009C
;;    6a  mov 0x18(%rax),%rdx
;;    6e  mov 0x1C(%rdx),%esi
;;    71  test %esi,%esi
;;    73  je 0x000000000000009E
;;    79  mov 0x30(%rdx),%rdx
;;    7d  mov (%rdx),%edx
;;    7f  cmp %ecx,%edx
;;    81  jne 0x00000000000000A0
;;    87  jmp 0x000000000000003C
;;    8c  mov 0x18(%rax),%rax
;;    90  mov (%rax),%rax
;;    93  call *%rax
;;    95  jmp 0x0000000000000055
;;    9a  hlt
;;    9b  nop
;;    9c  hlt
;;    9d  nop
;;    9e  hlt
;;    9f  nop
;;    a0  hlt
;;    a1  nop
;;
;; function 2
;; | function u0:2(i64, i32) -> i32 tail {
;; |     region0 = 1342177281 "Table(TableIndex(1))"
;; |     sig0 = (i64) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @0071                               v5 = uextend.i64 v1
;; | @0071                               v6 = iconst.i64 8
;; | @0071                               v7 = icmp uge v5, v6  ; v6 = 8
;; | @0071                               trapnz v7, user3
;; | @0071                               v8 = load.i64 notrap aligned readonly can_move v0+72
;; | @0071                               v9 = iconst.i64 5
;; | @0071                               v10 = ishl v5, v9  ; v9 = 5
;; | @0071                               v11 = iadd v8, v10
;; | @0071                               v12 = select_spectre_guard v7, v8, v11
;; | @0071                               v13 = load.i64 notrap aligned region0 v12+8
;; | @0071                               v14 = icmp eq v13, v0
;; | @0071                               brif v14, block3, block4
;; |
;; |                                 block3:
;; | @0071                               v15 = load.i64 notrap aligned region0 v12+16
;; | @0071                               v16 = call_indirect sig0, v15(v0)
;; | @0071                               jump block2(v16)
;; |
;; |                                 block4 cold:
;; | @0071                               v17 = load.i64 notrap aligned region0 v12+24
;; | @0071                               v18 = load.i64 notrap aligned v17
;; | @0071                               v19 = call_indirect sig0, v18(v13)
;; | @0071                               jump block2(v19)
;; |
;; |                                 block2(v4: i32):
;; | @0074                               v20 = iconst.i32 0
;; | @0074                               v21 = icmp eq v4, v20  ; v20 = 0
;; | @0074                               v22 = uextend.i32 v21
;; | @0075                               jump block1(v22)
;; |
;; |                                 block1(v2: i32):
;; | @0075                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%eax
;;     7  mov %esi,%eax
;;     9  cmp $8,%rax
;;     d  jae 0x0000000000000060
;;    13  mov 0x48(%rdi),%rdx
;;    17  mov %rdi,%rsi
;;    1a  mov %rax,%rcx
;;    1d  shl $5,%rcx
;;    21  add %rdx,%rcx
;;    24  cmp $8,%rax
;;    28  cmovae %rdx,%rcx
;;    2c  mov 8(%rcx),%rdi
;;    30  mov %rsi,%rax
;;    33  cmp %rax,%rdi
;;    36  jne 0x0000000000000052
;;    3c  mov 0x10(%rcx),%rax
;;    40  mov %rsi,%rdi
;;    43  call *%rax
;;    45  test %eax,%eax
;;    47  sete %al
;;    4a  movzbl %al,%eax
;;    4d  mov %rbp,%rsp
;;    50  pop %rbp
;;    51  ret
;;    52  mov 0x18(%rcx),%rax
;;    56  mov (%rax),%rax
;;    59  call *%rax
;;    5b  jmp 0x0000000000000045
;;    60  hlt
;;    61  nop
