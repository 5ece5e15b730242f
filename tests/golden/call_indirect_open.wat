;; Indirect calls where the type is not final: that of the function may be a subtype, which is asked out of line and in constant time.
;; The second table holds nothing but functions of a subtype, and no null, so nothing is asked.
(module
  (type $open (sub (func (result i32))))
  (type $below (sub final $open (func (result i32))))
  (table $any 8 8 funcref)
  (table $typed 8 8 (ref $below) (ref.func $f))
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
;; | @0053                               v2 = iconst.i32 1
;; | @0055                               jump block1(v2)  ; v2 = 1
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
;; | @005a                               v4 = uextend.i64 v1
;; | @005a                               v5 = iconst.i64 8
;; | @005a                               v6 = icmp uge v4, v5  ; v5 = 8
;; | @005a                               trapnz v6, user3
;; | @005a                               v7 = load.i64 notrap aligned readonly can_move v0+48
;; | @005a                               v8 = iconst.i64 5
;; | @005a                               v9 = ishl v4, v8  ; v8 = 5
;; | @005a                               v10 = iadd v7, v9
;; | @005a                               v11 = select_spectre_guard v6, v7, v10
;; | @005a                               v12 = load.i64 notrap aligned readonly can_move v0+24
;; | @005a                               v13 = load.i32 notrap aligned readonly can_move v12
;; | @005a                               v14 = load.i32 notrap aligned region0 v11
;; | @005a                               v15 = icmp eq v14, v13
;; | @005a                               brif v15, block3, block4
;; |
;; |                                 block4 cold:
;; | @005a                               trapz.i32 v14, user4
;; | @005a                               v16 = load.i64 notrap aligned region0 v11+24
;; | @005a                               v17 = load.i32 notrap aligned v16+28
;; | @005a                               v18 = iconst.i32 0
;; | @005a                               v19 = icmp ugt v17, v18  ; v18 = 0
;; | @005a                               trapz v19, user5
;; | @005a                               v20 = load.i64 notrap aligned v16+48
;; | @005a                               v21 = load.i32 notrap aligned v20
;; | @005a                               v22 = icmp eq v21, v13
;; | @005a                               trapz v22, user5
;; | @005a                               jump block3
;; |
;; |                                 block3:
;; | @005a                               v23 = load.i64 notrap aligned region0 v11+8
;; | @005a                               v24 = icmp eq v23, v0
;; | @005a                               brif v24, block5, block6
;; |
;; |                                 block5:
;; | @005a                               v25 = load.i64 notrap aligned region0 v11+16
;; | @005a                               v26 = call_indirect sig0, v25(v0)
;; | @005a                               jump block2(v26)
;; |
;; |                                 block6 cold:
;; | @005a                               v27 = load.i64 notrap aligned region0 v11+24
;; | @005a                               v28 = load.i64 notrap aligned v27
;; | @005a                               v29 = call_indirect sig0, v28(v23)
;; | @005a                               jump block2(v29)
;; |
;; |                                 block2(v3: i32):
;; | @005d                               v30 = iconst.i32 0
;; | @005d                               v31 = icmp eq v3, v30  ; v30 = 0
;; | @005d                               v32 = uextend.i32 v31
;; | @005e                               jump block1(v32)
;; |
;; |                                 block1(v2: i32):
;; | @005e                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %esi,%ecx
;;     6  cmp $8,%rcx
;;     a  jae 0x0000000000000097
;;    10  mov 0x30(%rdi),%rdx
;;    14  mov %rcx,%rax
;;    17  shl $5,%rax
;;    1b  add %rdx,%rax
;;    1e  cmp $8,%rcx
;;    22  cmovae %rdx,%rax
;;    26  mov (%rax),%edx
;;    28  mov 0x18(%rdi),%rcx
;;    2c  mov %rdi,%r8
;;    2f  mov (%rcx),%ecx
;;    31  cmp %ecx,%edx
;;    33  jne 0x000000000000005F
;;    39  mov 8(%rax),%rdi
;;    3d  mov %r8,%rcx
;;    40  cmp %rcx,%rdi
;;    43  jne 0x0000000000000089
;;    49  mov 0x10(%rax),%rax
;;    4d  mov %r8,%rdi
;;    50  call *%rax
;;    52  test %eax,%eax
;;    54  sete %al
;;    57  movzbl %al,%eax
;;    5a  mov %rbp,%rsp
;;    5d  pop %rbp
;;    5e  ret
;;    5f  test %edx,%edx
;;    61  je 0x0000000000000099
;;    67  mov 0x18(%rax),%rdx
;;    6b  mov 0x1C(%rdx),%esi
;;    6e  test %esi,%esi
;;    70  je 0x000000000000009B
;;    76  mov 0x30(%rdx),%rdx
;;    7a  mov (%rdx),%edx
;;    7c  cmp %ecx,%edx
;;    7e  jne 0x000000000000009D
;;    84  jmp 0x0000000000000039
;;    89  mov 0x18(%rax),%rax
;;    8d  mov (%rax),%rax
;;    90  call *%rax
;;    92  jmp 0x0000000000000052
;;    97  ud2
;;    99  ud2
;;    9b  ud2
;;    9d  ud2
;;
;; function 2
;; | function u0:2(i64, i32) -> i32 tail {
;; |     region0 = 1342177281 "Table(TableIndex(1))"
;; |     sig0 = (i64) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0063                               v4 = uextend.i64 v1
;; | @0063                               v5 = iconst.i64 8
;; | @0063                               v6 = icmp uge v4, v5  ; v5 = 8
;; | @0063                               trapnz v6, user3
;; | @0063                               v7 = load.i64 notrap aligned readonly can_move v0+64
;; | @0063                               v8 = iconst.i64 5
;; | @0063                               v9 = ishl v4, v8  ; v8 = 5
;; | @0063                               v10 = iadd v7, v9
;; | @0063                               v11 = select_spectre_guard v6, v7, v10
;; | @0063                               v12 = load.i64 notrap aligned region0 v11+8
;; | @0063                               v13 = icmp eq v12, v0
;; | @0063                               brif v13, block3, block4
;; |
;; |                                 block3:
;; | @0063                               v14 = load.i64 notrap aligned region0 v11+16
;; | @0063                               v15 = call_indirect sig0, v14(v0)
;; | @0063                               jump block2(v15)
;; |
;; |                                 block4 cold:
;; | @0063                               v16 = load.i64 notrap aligned region0 v11+24
;; | @0063                               v17 = load.i64 notrap aligned v16
;; | @0063                               v18 = call_indirect sig0, v17(v12)
;; | @0063                               jump block2(v18)
;; |
;; |                                 block2(v3: i32):
;; | @0066                               v19 = iconst.i32 0
;; | @0066                               v20 = icmp eq v3, v19  ; v19 = 0
;; | @0066                               v21 = uextend.i32 v20
;; | @0067                               jump block1(v21)
;; |
;; |                                 block1(v2: i32):
;; | @0067                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %esi,%eax
;;     6  cmp $8,%rax
;;     a  jae 0x000000000000005D
;;    10  mov 0x40(%rdi),%rdx
;;    14  mov %rdi,%rsi
;;    17  mov %rax,%rcx
;;    1a  shl $5,%rcx
;;    1e  add %rdx,%rcx
;;    21  cmp $8,%rax
;;    25  cmovae %rdx,%rcx
;;    29  mov 8(%rcx),%rdi
;;    2d  mov %rsi,%rax
;;    30  cmp %rax,%rdi
;;    33  jne 0x000000000000004F
;;    39  mov 0x10(%rcx),%rax
;;    3d  mov %rsi,%rdi
;;    40  call *%rax
;;    42  test %eax,%eax
;;    44  sete %al
;;    47  movzbl %al,%eax
;;    4a  mov %rbp,%rsp
;;    4d  pop %rbp
;;    4e  ret
;;    4f  mov 0x18(%rcx),%rax
;;    53  mov (%rax),%rax
;;    56  call *%rax
;;    58  jmp 0x0000000000000042
;;    5d  ud2
