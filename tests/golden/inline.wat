;; with inlining
(module
  (memory 1)
  (tag $t (param i32))
  (global $g (mut i32) (i32.const 0))
  ;; Called once, so that nothing is left of it.
  (func $load (param i32) (result i32)
    (i32.load offset=4 (local.get 0)))
  ;; What it returns early, and what it knows of its argument.
  (func $clamp (param i32 i32) (result i32)
    (if (i32.gt_u (local.get 0) (local.get 1)) (then (return (local.get 1))))
    (local.get 0))
  (func (export "sum") (param i32) (result i32) (local i32)
    (loop (result i32)
      (local.set 1 (i32.add (local.get 1) (call $load (local.get 0))))
      (local.set 0 (call $clamp (i32.add (local.get 0) (i32.const 8)) (i32.const 1024)))
      (br_if 0 (local.get 1) (i32.lt_u (local.get 0) (i32.const 1024)))))
  (func $throw (param i32) (throw $t (local.get 0)))
  ;; A throw that becomes a branch.
  (func (export "catch") (param i32) (result i32)
    (block $h (result i32)
      (try_table (catch $t $h) (call $throw (local.get 0)))
      (i32.const 0)))
  ;; A tail call that stays one in the place of a tail call, and is an ordinary one in that of a call.
  (func $next (param i32) (return_call $again (i32.sub (local.get 0) (i32.const 1))))
  (func $again (export "again") (param i32)
    (if (i32.eqz (local.get 0)) (then (return)))
    (return_call $next (local.get 0)))
  (func (export "plain") (param i32)
    (call $next (local.get 0))
    (global.set $g (local.get 0))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0 `load`
;;
;;
;; function 1 `clamp`
;;
;;
;; function 2
;; | function u0:2(i64, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = iconst.i32 0
;; | @0077                               jump block2(v3, v1)  ; v3 = 0
;; |
;; |                                 block2(v6: i32, v7: i32):
;; | @0077                               v5 = load.i32 user11 aligned v0-4
;; | @80000001                           v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @80000001                           v10 = uextend.i64 v7
;; | @80000001                           v11 = iadd v9, v10
;; | @80000001                           v12 = load.i32 user2 little region0 v11+4
;; | @007f                               v13 = iadd v6, v12
;; |                                     v20 -> v13
;; | @0084                               v14 = iconst.i32 8
;; | @0086                               v15 = iadd v7, v14  ; v14 = 8
;; | @0087                               v16 = iconst.i32 1024
;; | @80000005                           v18 = icmp ugt v15, v16  ; v16 = 1024
;; | @80000005                           v19 = uextend.i32 v18
;; | @80000006                           brif v19, block6, block7
;; |
;; |                                 block6:
;; | @80000008                           jump block4(v16)  ; v16 = 1024
;; |
;; |                                 block7:
;; | @80000009                           jump block5
;; |
;; |                                 block5:
;; | @8000000b                           jump block4(v15)
;; |
;; |                                 block4(v17: i32):
;; | @0092                               v21 = iconst.i32 1024
;; | @0095                               v22 = icmp ult v17, v21  ; v21 = 1024
;; | @0095                               v23 = uextend.i32 v22
;; | @0096                               brif v23, block2(v20, v17), block8
;; |
;; |                                 block8:
;; | @0099                               jump block1(v13)
;; |
;; |                                 block1(v2: i32):
;; | @0099                               return v2
;; | }
;;
;;     0  nopl (%rax)
;;     4  xor %eax,%eax
;;     6  mov 0x30(%rdi),%rcx
;;     a  mov -4(%rcx),%edx
;;     d  mov %esi,%edx
;;     f  mov 4(%rcx,%rdx),%edx
;;    13  add $8,%esi
;;    19  cmp $0x400,%esi
;;    1f  jbe 0x000000000000002A
;;    25  mov $0x400,%esi
;;    2a  add %edx,%eax
;;    2c  cmp $0x400,%esi
;;    32  jb 0x000000000000000A
;;    38  ret
;;    39  int3
;;    3a  int3
;;    3b  int3
;;    3c  int3
;;
;; function 3 `throw`
;;
;;
;; function 4
;; | function u0:4(i64, i32) -> i32 tail {
;; |                                 block0(v0: i64, v1: i32):
;; | @80000001                           jump block2(v1)
;; |
;; |                                 block2(v4: i32):
;; | @00b3                               jump block1(v4)
;; |
;; |                                 block1(v2: i32):
;; | @00b3                               return v2
;; | }
;;
;;     0  mov %rsi,%rax
;;     3  ret
;;     4  int3
;;     5  int3
;;     6  int3
;;     7  int3
;;
;; function 5 `next`
;; | function u0:5(i64, i32) tail {
;; |     sig0 = (i64, i32) tail
;; |     fn0 = colocated u0:5 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @00b8                               v3 = iconst.i32 1
;; | @00ba                               v4 = isub v1, v3  ; v3 = 1
;; | @80000001                           v5 = iconst.i32 0
;; | @80000001                           v6 = icmp eq v4, v5  ; v5 = 0
;; | @80000001                           v7 = uextend.i32 v6
;; | @80000002                           brif v7, block4, block5
;; |
;; |                                 block4:
;; | @80000003                           jump block2
;; |
;; |                                 block5:
;; | @80000004                           jump block3
;; |
;; |                                 block3:
;; | @80000006                           v2 = load.i32 user11 aligned v0-4
;; | @80000006                           return_call fn0(v0, v4)
;; |
;; |                                 block2:
;; | @00bb                               return
;; | }
;;
;;     0  cmp $1,%esi
;;     3  je 0x0000000000000019
;;     9  mov -4(%rdi),%r9d
;;     d  sub $1,%esi
;;    10  nopl (%rax)
;;    14  jmp 0x0000000000000019
;;    19  ret
;;    1a  int3
;;    1b  int3
;;    1c  int3
;;    1d  int3
;;
;; function 6 `again`
;; | function u0:6(i64, i32) tail {
;; |     sig0 = (i64, i32) tail
;; |     fn0 = colocated u0:5 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @00c2                               v3 = iconst.i32 0
;; | @00c2                               v4 = icmp eq v1, v3  ; v3 = 0
;; | @00c2                               v5 = uextend.i32 v4
;; | @00c3                               brif v5, block3, block4
;; |
;; |                                 block3:
;; | @00c5                               return
;; |
;; |                                 block4:
;; | @00c6                               jump block2
;; |
;; |                                 block2:
;; | @00c9                               v2 = load.i32 user11 aligned v0-4
;; | @00c9                               return_call fn0(v0, v1)
;; | }
;;
;;     0  test %esi,%esi
;;     2  je 0x0000000000000015
;;     8  mov -4(%rdi),%r8d
;;     c  nopl (%rax)
;;    10  jmp 0x0000000000000015
;;    15  ret
;;    16  int3
;;    17  int3
;;    18  int3
;;    19  int3
;;
;; function 7
;; | function u0:7(i64, i32) tail {
;; |     region0 = 1610612736 "Global(GlobalIndex(0))"
;; |     sig0 = (i64, i32) tail
;; |     fn0 = colocated u0:5 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v2 = load.i32 user11 aligned v0-4
;; | @00d0                               call fn0(v0, v1)
;; | @00d4                               store notrap aligned region0 v1, v0+64
;; | @00d6                               jump block1
;; |
;; |                                 block1:
;; | @00d6                               return
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x10,%rsp
;;     8  mov %r12,(%rsp)
;;     c  mov %r13,8(%rsp)
;;    11  mov %rsi,%r8
;;    14  mov -4(%rdi),%esi
;;    17  mov %rdi,%r12
;;    1a  mov %r8,%r13
;;    1d  mov %r13,%rsi
;;    20  call 0x0000000000000025
;;    25  mov %r13d,0x40(%r12)
;;    2a  mov (%rsp),%r12
;;    2e  mov 8(%rsp),%r13
;;    33  add $0x10,%rsp
;;    37  mov %rbp,%rsp
;;    3a  pop %rbp
;;    3b  ret
