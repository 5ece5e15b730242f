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
;; | @0053                               v3 = iconst.i32 1
;; | @0055                               jump block1(v3)  ; v3 = 1
;; |
;; |                                 block1(v1: i32):
;; | @0055                               return v1
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
;; | @005a                               v5 = uextend.i64 v1
;; | @005a                               v6 = iconst.i64 8
;; | @005a                               v7 = icmp uge v5, v6  ; v6 = 8
;; | @005a                               trapnz v7, user3
;; | @005a                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @005a                               v9 = iconst.i64 5
;; | @005a                               v10 = ishl v5, v9  ; v9 = 5
;; | @005a                               v11 = iadd v8, v10
;; | @005a                               v12 = select_spectre_guard v7, v8, v11
;; | @005a                               v13 = load.i64 notrap aligned readonly can_move v0+24
;; | @005a                               v14 = load.i32 notrap aligned readonly can_move v13
;; | @005a                               v15 = load.i32 notrap aligned region0 v12
;; | @005a                               v16 = icmp eq v15, v14
;; | @005a                               brif v16, block3, block4
;; |
;; |                                 block4 cold:
;; | @005a                               trapz.i32 v15, user4
;; | @005a                               v17 = load.i64 notrap aligned region0 v12+24
;; | @005a                               v18 = load.i32 notrap aligned v17+28
;; | @005a                               v19 = iconst.i32 0
;; | @005a                               v20 = icmp ugt v18, v19  ; v19 = 0
;; | @005a                               trapz v20, user5
;; | @005a                               v21 = load.i64 notrap aligned v17+48
;; | @005a                               v22 = load.i32 notrap aligned v21
;; | @005a                               v23 = icmp eq v22, v14
;; | @005a                               trapz v23, user5
;; | @005a                               jump block3
;; |
;; |                                 block3:
;; | @005a                               v24 = load.i64 notrap aligned region0 v12+8
;; | @005a                               v25 = icmp eq v24, v0
;; | @005a                               brif v25, block5, block6
;; |
;; |                                 block5:
;; | @005a                               v26 = load.i64 notrap aligned region0 v12+16
;; | @005a                               v27 = call_indirect sig0, v26(v0)
;; | @005a                               jump block2(v27)
;; |
;; |                                 block6 cold:
;; | @005a                               v28 = load.i64 notrap aligned region0 v12+24
;; | @005a                               v29 = load.i64 notrap aligned v28
;; | @005a                               v30 = call_indirect sig0, v29(v24)
;; | @005a                               jump block2(v30)
;; |
;; |                                 block2(v4: i32):
;; | @005d                               v31 = iconst.i32 0
;; | @005d                               v32 = icmp eq v4, v31  ; v31 = 0
;; | @005d                               v33 = uextend.i32 v32
;; | @005e                               jump block1(v33)
;; |
;; |                                 block1(v2: i32):
;; | @005e                               return v2
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
;; | @0063                               v5 = uextend.i64 v1
;; | @0063                               v6 = iconst.i64 8
;; | @0063                               v7 = icmp uge v5, v6  ; v6 = 8
;; | @0063                               trapnz v7, user3
;; | @0063                               v8 = load.i64 notrap aligned readonly can_move v0+72
;; | @0063                               v9 = iconst.i64 5
;; | @0063                               v10 = ishl v5, v9  ; v9 = 5
;; | @0063                               v11 = iadd v8, v10
;; | @0063                               v12 = select_spectre_guard v7, v8, v11
;; | @0063                               v13 = load.i64 notrap aligned region0 v12+8
;; | @0063                               v14 = icmp eq v13, v0
;; | @0063                               brif v14, block3, block4
;; |
;; |                                 block3:
;; | @0063                               v15 = load.i64 notrap aligned region0 v12+16
;; | @0063                               v16 = call_indirect sig0, v15(v0)
;; | @0063                               jump block2(v16)
;; |
;; |                                 block4 cold:
;; | @0063                               v17 = load.i64 notrap aligned region0 v12+24
;; | @0063                               v18 = load.i64 notrap aligned v17
;; | @0063                               v19 = call_indirect sig0, v18(v13)
;; | @0063                               jump block2(v19)
;; |
;; |                                 block2(v4: i32):
;; | @0066                               v20 = iconst.i32 0
;; | @0066                               v21 = icmp eq v4, v20  ; v20 = 0
;; | @0066                               v22 = uextend.i32 v21
;; | @0067                               jump block1(v22)
;; |
;; |                                 block1(v2: i32):
;; | @0067                               return v2
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
