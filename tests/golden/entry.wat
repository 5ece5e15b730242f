;; The site of a function that calls: not where it does not, and none but that of the loop where the calls are in one.
(module
  (memory 1)
  (func $tree (export "tree") (param $at i32) (result i32)
    (if (result i32) (i32.eqz (local.get $at))
      (then (i32.const 0))
      (else
        (i32.add
          (i32.add
            (call $tree (i32.load (local.get $at)))
            (call $tree (i32.load offset=4 (local.get $at))))
          (i32.const 1)))))
  (func $list (export "list") (param $at i32)
    (if (local.get $at)
      (then
        (loop $next
          (call $list (i32.load (local.get $at)))
          (br_if $next (local.tee $at (i32.load offset=4 (local.get $at)))))))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0 `tree`
;; | function u0:0(i64, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:0 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0036                               v4 = iconst.i32 0
;; | @0036                               v5 = icmp eq v1, v4  ; v4 = 0
;; | @0036                               v6 = uextend.i32 v5
;; | @0037                               brif v6, block3, block4
;; |
;; |                                 block3:
;; | @0039                               v8 = iconst.i32 0
;; | @003b                               jump block2(v8)  ; v8 = 0
;; |
;; |                                 block4:
;; | @003e                               v3 = load.i32 user11 aligned v0-4
;; | @003e                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @003e                               v10 = uextend.i64 v1
;; | @003e                               v11 = iadd v9, v10
;; | @003e                               v12 = load.i32 user2 little region0 v11
;; | @0041                               v13 = call fn0(v0, v12)
;; | @0045                               v14 = load.i64 notrap aligned readonly can_move v0+48
;; | @0045                               v15 = uextend.i64 v1
;; | @0045                               v16 = iadd v14, v15
;; | @0045                               v17 = load.i32 user2 little region0 v16+4
;; | @0048                               v18 = call fn0(v0, v17)
;; | @004a                               v19 = iadd v13, v18
;; | @004b                               v20 = iconst.i32 1
;; | @004d                               v21 = iadd v19, v20  ; v20 = 1
;; | @004e                               jump block2(v21)
;; |
;; |                                 block2(v7: i32):
;; | @004f                               jump block1(v7)
;; |
;; |                                 block1(v2: i32):
;; | @004f                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x20,%rsp
;;     8  mov %rbx,(%rsp)
;;     c  mov %r12,8(%rsp)
;;    11  mov %r13,0x10(%rsp)
;;    16  mov %r14,0x18(%rsp)
;;    1b  test %esi,%esi
;;    1d  je 0x0000000000000054
;;    23  mov -4(%rdi),%eax
;;    26  mov 0x30(%rdi),%r12
;;    2a  mov %rdi,%r13
;;    2d  mov %esi,%ebx
;;    2f  mov (%r12,%rbx),%esi
;;    33  call 0x0000000000000038
;;    38  mov %rax,%r14
;;    3b  mov 4(%r12,%rbx),%esi
;;    40  mov %r13,%rdi
;;    43  call 0x0000000000000048
;;    48  mov %r14,%rcx
;;    4b  lea 1(%rcx,%rax),%eax
;;    4f  jmp 0x0000000000000056
;;    54  xor %eax,%eax
;;    56  mov (%rsp),%rbx
;;    5a  mov 8(%rsp),%r12
;;    5f  mov 0x10(%rsp),%r13
;;    64  mov 0x18(%rsp),%r14
;;    69  add $0x20,%rsp
;;    6d  mov %rbp,%rsp
;;    70  pop %rbp
;;    71  ret
;;
;; function 1 `list`
;; | function u0:1(i64, i32) tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |     sig0 = (i64, i32) tail
;; |     fn0 = colocated u0:1 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0054                               brif v1, block3, block4
;; |
;; |                                 block3:
;; | @0056                               jump block5(v1)
;; |
;; |                                 block5(v4: i32):
;; | @0056                               v3 = load.i32 user11 aligned v0-4
;; | @005a                               v5 = load.i64 notrap aligned readonly can_move v0+48
;; | @005a                               v6 = uextend.i64 v4
;; | @005a                               v7 = iadd v5, v6
;; | @005a                               v8 = load.i32 user2 little region0 v7
;; | @005d                               call fn0(v0, v8)
;; | @0061                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @0061                               v10 = uextend.i64 v4
;; | @0061                               v11 = iadd v9, v10
;; | @0061                               v12 = load.i32 user2 little region0 v11+4
;; | @0066                               brif v12, block5(v12), block6
;; |
;; |                                 block6:
;; | @0069                               jump block2
;; |
;; |                                 block4:
;; | @0069                               jump block2
;; |
;; |                                 block2:
;; | @006a                               jump block1
;; |
;; |                                 block1:
;; | @006a                               return
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x20,%rsp
;;     8  mov %r12,(%rsp)
;;     c  mov %r13,8(%rsp)
;;    11  mov %r14,0x10(%rsp)
;;    16  test %esi,%esi
;;    18  je 0x0000000000000046
;;    1e  mov 0x30(%rdi),%r12
;;    22  mov %rdi,%r14
;;    25  mov -4(%r12),%eax
;;    2a  mov %esi,%r13d
;;    2d  mov (%r12,%r13),%esi
;;    31  mov %r14,%rdi
;;    34  call 0x0000000000000039
;;    39  mov 4(%r12,%r13),%esi
;;    3e  test %esi,%esi
;;    40  jne 0x0000000000000025
;;    46  mov (%rsp),%r12
;;    4a  mov 8(%rsp),%r13
;;    4f  mov 0x10(%rsp),%r14
;;    54  add $0x20,%rsp
;;    58  mov %rbp,%rsp
;;    5b  pop %rbp
;;    5c  ret
