;; Calls by reference, one of them a tail call. The first load of what the reference refers to faults where it is null, so there is no
;; branch for that.
(module
  (type $t (func (param i32) (result i32)))
  (func (export "call") (param (ref null $t) i32) (result i32)
    (i32.add (call_ref $t (local.get 1) (local.get 0)) (i32.const 1)))
  (func (export "return_call") (param (ref null $t) i32) (result i32)
    (return_call_ref $t (local.get 1) (local.get 0))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32):
;; | @003d                               v5 = load.i64 user14 aligned v1+16
;; | @003d                               v6 = icmp eq v5, v0
;; | @003d                               brif v6, block3, block4
;; |
;; |                                 block3:
;; | @003d                               v7 = load.i64 notrap aligned v1+8
;; | @003d                               v8 = call_indirect sig0, v7(v0, v2)
;; | @003d                               jump block2(v8)
;; |
;; |                                 block4 cold:
;; | @003d                               v9 = load.i64 notrap aligned v1
;; | @003d                               v10 = call_indirect sig0, v9(v5, v2)
;; | @003d                               jump block2(v10)
;; |
;; |                                 block2(v4: i32):
;; | @003f                               v11 = iconst.i32 1
;; | @0041                               v12 = iadd v4, v11  ; v11 = 1
;; | @0042                               jump block1(v12)
;; |
;; |                                 block1(v3: i32):
;; | @0042                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %rdi,%rcx
;;     7  mov 0x10(%rsi),%rdi
;;     b  mov %rcx,%rax
;;     e  cmp %rax,%rdi
;;    11  jne 0x0000000000000031
;;    17  mov %rsi,%rax
;;    1a  mov %rdx,%rsi
;;    1d  mov 8(%rax),%rax
;;    21  mov %rcx,%rdi
;;    24  call *%rax
;;    26  add $1,%eax
;;    2c  mov %rbp,%rsp
;;    2f  pop %rbp
;;    30  ret
;;    31  mov (%rsi),%rax
;;    34  mov %rdx,%rsi
;;    37  call *%rax
;;    39  jmp 0x0000000000000026
;;
;; function 1
;; | function u0:1(i64, i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32):
;; | @0049                               v4 = load.i64 user14 aligned v1+16
;; | @0049                               v5 = icmp eq v4, v0
;; | @0049                               brif v5, block2, block3
;; |
;; |                                 block2:
;; | @0049                               v6 = load.i64 notrap aligned v1+8
;; | @0049                               return_call_indirect sig0, v6(v0, v2)
;; |
;; |                                 block3 cold:
;; | @0049                               v7 = load.i64 notrap aligned v1
;; | @0049                               return_call_indirect sig0, v7(v4, v2)
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov %rdi,%r11
;;     7  mov 0x10(%rsi),%rdi
;;     b  mov %r11,%rax
;;     e  cmp %rax,%rdi
;;    11  jne 0x000000000000002B
;;    17  mov %rsi,%rax
;;    1a  mov %rdx,%rsi
;;    1d  mov 8(%rax),%r10
;;    21  mov %r11,%rdi
;;    24  mov %rbp,%rsp
;;    27  pop %rbp
;;    28  jmp *%r10
;;    2b  mov (%rsi),%r10
;;    2e  mov %rdx,%rsi
;;    31  mov %rbp,%rsp
;;    34  pop %rbp
;;    35  jmp *%r10
