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
;;     0  mov $1,%eax
;;     5  ret
;;     6  int3
;;     7  int3
;;     8  int3
;;     9  int3
;;
;; function 1
;; | function u0:1(i64, i32) -> i32 tail {
;; |     region0 = 1342177280 "Table(TableIndex(0))"
;; |     sig0 = (i64) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0068                               v5 = uextend.i64 v1
;; | @0068                               v6 = iconst.i64 8
;; | @0068                               v7 = icmp uge v5, v6  ; v6 = 8
;; | @0068                               trapnz v7, user3
;; | @0068                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @0068                               v9 = iconst.i64 0
;; | @0068                               v10 = select_spectre_guard v7, v9, v5  ; v9 = 0
;; | @0068                               v11 = iconst.i64 5
;; | @0068                               v12 = ishl v10, v11  ; v11 = 5
;; | @0068                               v13 = iadd v8, v12
;; | @0068                               v14 = load.i64 notrap aligned readonly can_move v0+24
;; | @0068                               v15 = load.i32 notrap aligned readonly can_move v14
;; | @0068                               v16 = load.i32 notrap aligned region0 v13
;; | @0068                               v17 = icmp eq v16, v15
;; | @0068                               brif v17, block3, block4
;; |
;; |                                 block4 cold:
;; | @0068                               trapz.i32 v16, user4
;; | @0068                               v18 = load.i64 notrap aligned region0 v13+24
;; | @0068                               v19 = load.i32 notrap aligned v18+28
;; | @0068                               v20 = iconst.i32 0
;; | @0068                               v21 = icmp ugt v19, v20  ; v20 = 0
;; | @0068                               trapz v21, user5
;; | @0068                               v22 = load.i64 notrap aligned v18+48
;; | @0068                               v23 = load.i32 notrap aligned v22
;; | @0068                               v24 = icmp eq v23, v15
;; | @0068                               trapz v24, user5
;; | @0068                               jump block3
;; |
;; |                                 block3:
;; | @0068                               v3 = load.i32 user11 aligned v0-4
;; | @0068                               v25 = load.i64 notrap aligned region0 v13+8
;; | @0068                               v26 = icmp eq v25, v0
;; | @0068                               brif v26, block5, block6
;; |
;; |                                 block5:
;; | @0068                               v27 = load.i64 notrap aligned region0 v13+16
;; | @0068                               v28 = call_indirect sig0, v27(v0)
;; | @0068                               jump block2(v28)
;; |
;; |                                 block6 cold:
;; | @0068                               v29 = load.i64 notrap aligned region0 v13+24
;; | @0068                               v30 = load.i64 notrap aligned v29
;; | @0068                               v31 = call_indirect sig0, v30(v25)
;; | @0068                               jump block2(v31)
;; |
;; |                                 block2(v4: i32):
;; | @006b                               v32 = iconst.i32 0
;; | @006b                               v33 = icmp eq v4, v32  ; v32 = 0
;; | @006b                               v34 = uextend.i32 v33
;; | @006c                               jump block1(v34)
;; |
;; |                                 block1(v2: i32):
;; | @006c                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %esi,%eax
;;     6  cmp $8,%rax
;;     a  jae 0x000000000000009B
;;    10  mov 0x30(%rdi),%rcx
;;    14  xor %rdx,%rdx
;;    17  cmp $8,%rax
;;    1b  cmovae %rdx,%rax
;;    1f  shl $5,%rax
;;    23  mov (%rcx,%rax),%esi
;;    26  mov 0x18(%rdi),%rdx
;;    2a  mov (%rdx),%edx
;;    2c  cmp %edx,%esi
;;    2e  jne 0x000000000000005F
;;    34  mov -4(%rdi),%edx
;;    37  mov %rdi,%rdx
;;    3a  mov 8(%rcx,%rax),%rdi
;;    3f  cmp %rdx,%rdi
;;    42  jne 0x000000000000008C
;;    48  mov 0x10(%rcx,%rax),%rax
;;    4d  mov %rdx,%rdi
;;    50  call *%rax
;;    52  test %eax,%eax
;;    54  sete %al
;;    57  movzbl %al,%eax
;;    5a  mov %rbp,%rsp
;;    5d  pop %rbp
;;    5e  ret
;;    5f  test %esi,%esi
;;    61  je 0x000000000000009D
;;    67  mov 0x18(%rcx,%rax),%rsi
;;    6c  mov 0x1C(%rsi),%r8d
;;    70  test %r8d,%r8d
;;    73  je 0x000000000000009F
;;    79  mov 0x30(%rsi),%rsi
;;    7d  mov (%rsi),%esi
;;    7f  cmp %edx,%esi
;;    81  jne 0x00000000000000A1
;;    87  jmp 0x0000000000000034
;;    8c  mov 0x18(%rcx,%rax),%rax
;;    91  mov (%rax),%rax
;;    94  call *%rax
;;    96  jmp 0x0000000000000052
;;    9b  hlt
;;    9c  nop
;;    9d  hlt
;;    9e  nop
;;    9f  hlt
;;    a0  nop
;;    a1  hlt
;;    a2  nop
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
;; | @0071                               v9 = iconst.i64 0
;; | @0071                               v10 = select_spectre_guard v7, v9, v5  ; v9 = 0
;; | @0071                               v11 = iconst.i64 5
;; | @0071                               v12 = ishl v10, v11  ; v11 = 5
;; | @0071                               v13 = iadd v8, v12
;; | @0071                               v14 = load.i64 notrap aligned region0 v13+8
;; | @0071                               v15 = icmp eq v14, v0
;; | @0071                               brif v15, block3, block4
;; |
;; |                                 block3:
;; | @0071                               v16 = load.i64 notrap aligned region0 v13+16
;; | @0071                               v17 = call_indirect sig0, v16(v0)
;; | @0071                               jump block2(v17)
;; |
;; |                                 block4 cold:
;; | @0071                               v18 = load.i64 notrap aligned region0 v13+24
;; | @0071                               v19 = load.i64 notrap aligned v18
;; | @0071                               v20 = call_indirect sig0, v19(v14)
;; | @0071                               jump block2(v20)
;; |
;; |                                 block2(v4: i32):
;; | @0074                               v21 = iconst.i32 0
;; | @0074                               v22 = icmp eq v4, v21  ; v21 = 0
;; | @0074                               v23 = uextend.i32 v22
;; | @0075                               jump block1(v23)
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
;;    13  mov 0x48(%rdi),%rcx
;;    17  mov %rdi,%rsi
;;    1a  xor %rdx,%rdx
;;    1d  cmp $8,%rax
;;    21  cmovae %rdx,%rax
;;    25  shl $5,%rax
;;    29  mov 8(%rcx,%rax),%rdi
;;    2e  mov %rsi,%rdx
;;    31  cmp %rdx,%rdi
;;    34  jne 0x0000000000000051
;;    3a  mov 0x10(%rcx,%rax),%rax
;;    3f  mov %rsi,%rdi
;;    42  call *%rax
;;    44  test %eax,%eax
;;    46  sete %al
;;    49  movzbl %al,%eax
;;    4c  mov %rbp,%rsp
;;    4f  pop %rbp
;;    50  ret
;;    51  mov 0x18(%rcx,%rax),%rax
;;    56  mov (%rax),%rax
;;    59  call *%rax
;;    5b  jmp 0x0000000000000044
;;    60  hlt
;;    61  nop
