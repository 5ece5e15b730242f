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
;; | @0046                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @0046                               v5 = iconst.i64 0x0010_0000_0000
;; | @0046                               v6 = umin v1, v5  ; v5 = 0x0010_0000_0000
;; | @0046                               v7 = iadd v4, v6
;; | @0046                               v8 = load.i32 user2 little region0 v7+8
;; | @0049                               jump block1(v8)
;; |
;; |                                 block1(v2: i32):
;; | @0049                               return v2
;; | }
;;
;;     0  mov 0x30(%rdi),%rdi
;;     4  movabs $0x1000000000,%r8
;;     e  cmp %rsi,%r8
;;    11  cmovb %r8,%rsi
;;    15  mov 8(%rdi,%rsi),%eax
;;    19  ret
;;    1a  int3
;;    1b  int3
;;    1c  int3
;;    1d  int3
;;
;; function 1
;; | function u0:1(i64, i64) -> i64 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i64):
;; | @004e                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @004e                               v5 = iconst.i64 0x0010_0000_0000
;; | @004e                               v6 = umin v1, v5  ; v5 = 0x0010_0000_0000
;; | @004e                               v7 = iadd v4, v6
;; | @004e                               v8 = load.i64 user2 little region0 v7
;; | @0053                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @0053                               v10 = iadd v9, v6
;; | @0053                               v11 = load.i64 user2 little region0 v10+8
;; | @0056                               v12 = iadd v8, v11
;; | @0057                               jump block1(v12)
;; |
;; |                                 block1(v2: i64):
;; | @0057                               return v2
;; | }
;;
;;     0  mov 0x30(%rdi),%r8
;;     4  movabs $0x1000000000,%r9
;;     e  cmp %rsi,%r9
;;    11  cmovb %r9,%rsi
;;    15  mov (%r8,%rsi),%r9
;;    19  mov 8(%r8,%rsi),%r10
;;    1e  lea (%r9,%r10),%rax
;;    22  ret
;;    23  int3
;;    24  int3
;;    25  int3
;;    26  int3
;;
;; function 2
;; | function u0:2(i64, i64, i64) -> i64 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i64, v2: i64):
;; |                                     v17 -> v2
;; |                                     v4 = iconst.i64 0
;; |                                     v21 = iconst.i64 0x0010_0000_0000
;; |                                     v22 = umin v1, v21  ; v21 = 0x0010_0000_0000
;; | @005c                               jump block2(v4, v22)  ; v4 = 0
;; |
;; |                                 block2(v7: i64, v20: i64):
;; |                                     v11 -> v20
;; | @005c                               v6 = load.i32 user11 aligned v0-4
;; | @0062                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @0062                               v10 = iconst.i64 0x0010_0000_0000
;; | @0062                               v12 = iadd v9, v11
;; | @0062                               v13 = load.i64 user2 little region0 v12
;; | @0065                               v14 = iadd v7, v13
;; | @006a                               v15 = iconst.i64 8
;; | @006c                               v16 = iadd v20, v15  ; v15 = 8
;; | @0073                               v18 = icmp ult v16, v17
;; | @0073                               v19 = uextend.i32 v18
;; | @0074                               brif v19, block2(v14, v16), block3
;; |
;; |                                 block3:
;; | @0079                               jump block1(v14)
;; |
;; |                                 block1(v3: i64):
;; | @0079                               return v3
;; | }
;;
;;     0  nopl (%rax)
;;     4  xor %rax,%rax
;;     7  movabs $0x1000000000,%rcx
;;    11  cmp %rsi,%rcx
;;    14  cmovb %rcx,%rsi
;;    18  mov 0x30(%rdi),%rcx
;;    1c  mov -4(%rdi),%r8d
;;    20  mov (%rcx,%rsi),%r8
;;    24  add $8,%rsi
;;    2b  add %r8,%rax
;;    2e  cmp %rdx,%rsi
;;    31  jb 0x000000000000001C
;;    37  ret
;;    38  int3
;;    39  int3
;;    3a  int3
;;    3b  int3
