;; A call within the reach of a handler beside the same call without: where no exception comes out of it, the same code runs. A throw
;; whose handler is in the same function is a jump. Handlers that nothing reaches leave nothing behind.
(module
  (tag $t (param i32))
  (func $callee (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 7))))
    (i32.mul (local.get 0) (local.get 0)))
  (func (export "plain") (param i32) (result i32)
    (i32.mul (call $callee (local.get 0)) (i32.const 3)))
  (func (export "caught") (param i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $t $h)
        (i32.mul (call $callee (local.get 0)) (i32.const 3)))))
  (func (export "thrown here") (param i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $t $h)
        (if (local.get 0) (then (throw $t (i32.const 5))))
        (i32.const 1))))
  (func (export "nothing throws") (param i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $t $h)
        (i32.add (local.get 0) (i32.const 1)))))
  (func (export "clean-up") (param i32) (result i32)
    (block $h (result exnref)
      (try_table (catch_all_ref $h)
        (return (call $callee (local.get 0))))
      (unreachable))
    (throw_ref)))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0 `callee`
;; | function u0:0(i64, i32) -> i32 tail {
;; |     ss0 = explicit_slot 16, align = 16
;; |     sig0 = (i64, i32, i64) tail
;; |     fn0 = colocated u1:22 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0067                               v4 = iconst.i32 0
;; | @0067                               v5 = icmp eq v1, v4  ; v4 = 0
;; | @0067                               v6 = uextend.i32 v5
;; | @0068                               brif v6, block3, block4
;; |
;; |                                 block3:
;; | @006a                               v7 = iconst.i32 7
;; | @006c                               v8 = stack_addr.i64 ss0
;; | @006c                               store notrap aligned v7, v8  ; v7 = 7
;; | @006c                               v9 = iconst.i32 0
;; | @006c                               call fn0(v0, v9, v8)  ; v9 = 0
;; | @006c                               trap user9
;; |
;; |                                 block4:
;; | @006e                               jump block2
;; |
;; |                                 block2:
;; | @0073                               v10 = imul.i32 v1, v1
;; | @0074                               jump block1(v10)
;; |
;; |                                 block1(v2: i32):
;; | @0074                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x10,%rsp
;;     8  test %esi,%esi
;;     a  je 0x000000000000001F
;;    10  mov %rsi,%rax
;;    13  imul %esi,%eax
;;    16  add $0x10,%rsp
;;    1a  mov %rbp,%rsp
;;    1d  pop %rbp
;;    1e  ret
;;    1f  lea (%rsp),%rdx
;;    23  movl $7,(%rsp)
;;    2a  xor %esi,%esi
;;    2c  call 0x0000000000000031
;;    31  hlt
;;    32  nop
;;
;; function 1
;; | function u0:1(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:0 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @0079                               v4 = call fn0(v0, v1)
;; | @007b                               v5 = iconst.i32 3
;; | @007d                               v6 = imul v4, v5  ; v5 = 3
;; | @007e                               jump block1(v6)
;; |
;; |                                 block1(v2: i32):
;; | @007e                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%r8d
;;     8  call 0x000000000000000D
;;     d  imul $3,%eax
;;    10  mov %rbp,%rsp
;;    13  pop %rbp
;;    14  ret
;;
;; function 2
;; | function u0:2(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:0 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @008b                               try_call fn0(v0, v1), sig0, block4(ret0), [ context v0, tag0: block5(exn0, exn1) ]
;; |
;; |                                 block4(v6: i32):
;; | @008d                               v9 = iconst.i32 3
;; | @008f                               v10 = imul v6, v9  ; v9 = 3
;; | @0090                               jump block3(v10)
;; |
;; |                                 block5(v7: i64, v8: i64) cold:
;; | @0090                               v11 = load.i32 notrap aligned v7
;; | @0090                               v12 = ireduce.i32 v8
;; | @0090                               jump block2(v11)
;; |
;; |                                 block3(v5: i32):
;; | @0091                               jump block2(v5)
;; |
;; |                                 block2(v4: i32):
;; | @0092                               jump block1(v4)
;; |
;; |                                 block1(v2: i32):
;; | @0092                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x40,%rsp
;;     8  mov %rbx,0x10(%rsp)
;;     d  mov %r12,0x18(%rsp)
;;    12  mov %r13,0x20(%rsp)
;;    17  mov %r14,0x28(%rsp)
;;    1c  mov %r15,0x30(%rsp)
;;    21  mov -4(%rdi),%eax
;;    24  mov %rdi,(%rsp)
;;    28  call 0x000000000000002D
;;    2d  imul $3,%eax
;;    30  mov 0x10(%rsp),%rbx
;;    35  mov 0x18(%rsp),%r12
;;    3a  mov 0x20(%rsp),%r13
;;    3f  mov 0x28(%rsp),%r14
;;    44  mov 0x30(%rsp),%r15
;;    49  add $0x40,%rsp
;;    4d  mov %rbp,%rsp
;;    50  pop %rbp
;;    51  ret
;;    52  mov (%rax),%eax
;;    54  jmp 0x0000000000000030
;;
;; function 3
;; | function u0:3(i64, i32) -> i32 tail {
;; |                                 block0(v0: i64, v1: i32):
;; | @009f                               brif v1, block5, block6
;; |
;; |                                 block5:
;; | @00a1                               v6 = iconst.i32 5
;; | @00a3                               jump block2(v6)  ; v6 = 5
;; |
;; |                                 block6:
;; | @00a5                               jump block4
;; |
;; |                                 block4:
;; | @00a6                               v7 = iconst.i32 1
;; | @00a8                               jump block3(v7)  ; v7 = 1
;; |
;; |                                 block3(v5: i32):
;; | @00a9                               jump block2(v5)
;; |
;; |                                 block2(v4: i32):
;; | @00aa                               jump block1(v4)
;; |
;; |                                 block1(v2: i32):
;; | @00aa                               return v2
;; | }
;;
;;     0  test %esi,%esi
;;     2  jne 0x0000000000000012
;;     8  mov $1,%eax
;;     d  jmp 0x0000000000000017
;;    12  mov $5,%eax
;;    17  ret
;;    18  int3
;;    19  int3
;;    1a  int3
;;    1b  int3
;;
;; function 4
;; | function u0:4(i64, i32) -> i32 tail {
;; |                                 block0(v0: i64, v1: i32):
;; | @00b7                               v6 = iconst.i32 1
;; | @00b9                               v7 = iadd v1, v6  ; v6 = 1
;; | @00ba                               jump block3(v7)
;; |
;; |                                 block3(v5: i32):
;; | @00bb                               jump block2(v5)
;; |
;; |                                 block2(v4: i32):
;; | @00bc                               jump block1(v4)
;; |
;; |                                 block1(v2: i32):
;; | @00bc                               return v2
;; | }
;;
;;     0  lea 1(%rsi),%eax
;;     3  ret
;;     4  int3
;;     5  int3
;;     6  int3
;;     7  int3
;;
;; function 5
;; | function u0:5(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     sig1 = (i64, i32) tail
;; |     fn0 = colocated u0:0 sig0
;; |     fn1 = colocated u1:23 sig1
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @00c8                               try_call fn0(v0, v1), sig0, block4(ret0), [ tag0: block5(exn0, exn1) ]
;; |
;; |                                 block4(v5: i32):
;; | @00ca                               return v5
;; |
;; |                                 block5(v6: i64, v7: i64) cold:
;; | @00cb                               v8 = ireduce.i32 v7
;; | @00cb                               jump block2(v8)
;; |
;; |                                 block2(v4: i32):
;; | @00ce                               trapz v4, user10
;; | @00ce                               call fn1(v0, v4)
;; | @00ce                               trap user9
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x40,%rsp
;;     8  mov %rbx,0x10(%rsp)
;;     d  mov %r12,0x18(%rsp)
;;    12  mov %r13,0x20(%rsp)
;;    17  mov %r14,0x28(%rsp)
;;    1c  mov %r15,0x30(%rsp)
;;    21  mov -4(%rdi),%r9d
;;    25  mov %rdi,(%rsp)
;;    29  call 0x000000000000002E
;;    2e  mov 0x10(%rsp),%rbx
;;    33  mov 0x18(%rsp),%r12
;;    38  mov 0x20(%rsp),%r13
;;    3d  mov 0x28(%rsp),%r14
;;    42  mov 0x30(%rsp),%r15
;;    47  add $0x40,%rsp
;;    4b  mov %rbp,%rsp
;;    4e  pop %rbp
;;    4f  ret
;;    50  mov %rdx,%rsi
;;    53  test %esi,%esi
;;    55  je 0x0000000000000066
;;    5b  mov (%rsp),%rdi
;;    5f  call 0x0000000000000064
;;    64  hlt
;;    65  nop
;;    66  hlt
;;    67  nop
