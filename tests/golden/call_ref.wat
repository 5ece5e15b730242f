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
;; |                                     v4 = load.i32 user11 aligned v0-4
;; | @003d                               v6 = load.i64 user14 aligned v1+8
;; | @003d                               v7 = icmp eq v6, v0
;; | @003d                               brif v7, block3, block4
;; |
;; |                                 block3:
;; | @003d                               v8 = load.i64 notrap aligned v1+16
;; | @003d                               v9 = call_indirect sig0, v8(v0, v2)
;; | @003d                               jump block2(v9)
;; |
;; |                                 block4 cold:
;; | @003d                               v10 = load.i64 notrap aligned v1+24
;; | @003d                               v11 = call_indirect sig0, v10(v6, v2)
;; | @003d                               jump block2(v11)
;; |
;; |                                 block2(v5: i32):
;; | @003f                               v12 = iconst.i32 1
;; | @0041                               v13 = iadd v5, v12  ; v12 = 1
;; | @0042                               jump block1(v13)
;; |
;; |                                 block1(v3: i32):
;; | @0042                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%eax
;;     7  mov %rdi,%rcx
;;     a  mov 8(%rsi),%rdi
;;     e  mov %rcx,%rax
;;    11  cmp %rax,%rdi
;;    14  jne 0x0000000000000034
;;    1a  mov %rsi,%rax
;;    1d  mov %rdx,%rsi
;;    20  mov 0x10(%rax),%rax
;;    24  mov %rcx,%rdi
;;    27  call *%rax
;;    29  add $1,%eax
;;    2f  mov %rbp,%rsp
;;    32  pop %rbp
;;    33  ret
;;    34  mov 0x18(%rsi),%rax
;;    38  mov %rdx,%rsi
;;    3b  call *%rax
;;    3d  jmp 0x0000000000000029
;;
;; function 1
;; | function u0:1(i64, i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i32):
;; |                                     v4 = load.i32 user11 aligned v0-4
;; | @0049                               v5 = load.i64 user14 aligned v1+8
;; | @0049                               v6 = icmp eq v5, v0
;; | @0049                               brif v6, block2, block3
;; |
;; |                                 block2:
;; | @0049                               v7 = load.i64 notrap aligned v1+16
;; | @0049                               return_call_indirect sig0, v7(v0, v2)
;; |
;; |                                 block3 cold:
;; | @0049                               v8 = load.i64 notrap aligned v1+24
;; | @0049                               return_call_indirect sig0, v8(v5, v2)
;; | }
;;
;;     0  mov -4(%rdi),%r10d
;;     4  mov %rdi,%rcx
;;     7  mov 8(%rsi),%rdi
;;     b  mov %rcx,%rax
;;     e  cmp %rax,%rdi
;;    11  jne 0x000000000000002B
;;    17  mov %rsi,%rax
;;    1a  mov %rdx,%rsi
;;    1d  mov 0x10(%rax),%r10
;;    21  mov %rcx,%rdi
;;    24  nopl (%rax)
;;    28  jmp *%r10
;;    2b  mov 0x18(%rsi),%r10
;;    2f  mov %rdx,%rsi
;;    32  nopl (%rax)
;;    36  jmp *%r10
