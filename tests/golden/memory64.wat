(module
  (memory i64 1)
  (func (export "load") (param i64) (result i32) (i32.load offset=8 (local.get 0)))
  (func (export "struct") (param i64) (result i64)
    (i64.add (i64.load (local.get 0)) (i64.load offset=8 (local.get 0))))
  (func (export "sum") (param $p i64) (param $end i64) (result i64) (local $s i64)
    (loop $l
      (local.set $s (i64.add (local.get $s) (i64.load (local.get $p))))
      (local.set $p (i64.add (local.get $p) (i64.const 8)))
      (br_if $l (i64.lt_u (local.get $p) (local.get $end))))
    (local.get $s)))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i64) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i64):
;; | @0046                               v3 = load.i64 notrap aligned readonly can_move v0+48
;; | @0046                               v4 = iconst.i64 0x0010_0000_0000
;; | @0046                               v5 = umin v1, v4  ; v4 = 0x0010_0000_0000
;; | @0046                               v6 = iadd v3, v5
;; | @0046                               v7 = load.i32 user2 little region0 v6+8
;; | @0049                               jump block1(v7)
;; |
;; |                                 block1(v2: i32):
;; | @0049                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 0x30(%rdi),%rdi
;;     8  movabs $0x1000000000,%r8
;;    12  cmp %rsi,%r8
;;    15  cmovb %r8,%rsi
;;    19  mov 8(%rdi,%rsi),%eax
;;    1d  mov %rbp,%rsp
;;    20  pop %rbp
;;    21  ret
;;
;; function 1
;; | function u0:1(i64, i64) -> i64 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i64):
;; | @004e                               v3 = load.i64 notrap aligned readonly can_move v0+48
;; | @004e                               v4 = iconst.i64 0x0010_0000_0000
;; | @004e                               v5 = umin v1, v4  ; v4 = 0x0010_0000_0000
;; | @004e                               v6 = iadd v3, v5
;; | @004e                               v7 = load.i64 user2 little region0 v6
;; | @0053                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @0053                               v9 = iconst.i64 0x0010_0000_0000
;; | @0053                               v10 = umin v1, v9  ; v9 = 0x0010_0000_0000
;; | @0053                               v11 = iadd v8, v10
;; | @0053                               v12 = load.i64 user2 little region0 v11+8
;; | @0056                               v13 = iadd v7, v12
;; | @0057                               jump block1(v13)
;; |
;; |                                 block1(v2: i64):
;; | @0057                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov 0x30(%rdi),%r8
;;     8  movabs $0x1000000000,%r9
;;    12  cmp %rsi,%r9
;;    15  cmovb %r9,%rsi
;;    19  mov (%r8,%rsi),%r9
;;    1d  mov 8(%r8,%rsi),%r10
;;    22  lea (%r9,%r10),%rax
;;    26  mov %rbp,%rsp
;;    29  pop %rbp
;;    2a  ret
;;
;; function 2
;; | function u0:2(i64, i64, i64) -> i64 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i64):
;; |                                     v15 -> v2
;; |                                     v4 = iconst.i64 0
;; | @005c                               jump block2(v4, v1)  ; v4 = 0
;; |
;; |                                 block2(v5: i64, v6: i64):
;; | @0062                               v7 = load.i64 notrap aligned readonly can_move v0+48
;; | @0062                               v8 = iconst.i64 0x0010_0000_0000
;; | @0062                               v9 = umin v6, v8  ; v8 = 0x0010_0000_0000
;; | @0062                               v10 = iadd v7, v9
;; | @0062                               v11 = load.i64 user2 little region0 v10
;; | @0065                               v12 = iadd v5, v11
;; | @006a                               v13 = iconst.i64 8
;; | @006c                               v14 = iadd v6, v13  ; v13 = 8
;; | @0073                               v16 = icmp ult v14, v15
;; | @0073                               v17 = uextend.i32 v16
;; | @0074                               brif v17, block2(v12, v14), block3
;; |
;; |                                 block3:
;; | @0079                               jump block1(v12)
;; |
;; |                                 block1(v3: i64):
;; | @0079                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  xor %rax,%rax
;;     7  mov 0x30(%rdi),%rcx
;;     b  movabs $0x1000000000,%rdi
;;    15  cmp %rsi,%rdi
;;    18  mov %rsi,%r8
;;    1b  cmovb %rdi,%r8
;;    1f  mov (%rcx,%r8),%rdi
;;    23  add $8,%rsi
;;    2a  add %rdi,%rax
;;    2d  cmp %rdx,%rsi
;;    30  jb 0x000000000000000B
;;    36  mov %rbp,%rsp
;;    39  pop %rbp
;;    3a  ret
