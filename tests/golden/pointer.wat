;; Steps along pointers: what is loaded as an index is extended by the load.
(module
  (memory 1)
  (func (export "third") (param i32) (result i32)
    local.get 0
    i32.load offset=4
    i32.load offset=8
    i32.load8_u
    i32.load offset=16)
  (func (export "sum") (param i32) (result i32) (local i32)
    local.get 0
    i32.load
    local.tee 1
    i32.load
    local.get 1
    i32.add))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0032                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @0032                               v5 = uextend.i64 v1
;; | @0032                               v6 = iadd v4, v5
;; | @0032                               v7 = load.i32 user2 little region0 v6+4
;; | @0035                               v8 = load.i64 notrap aligned readonly can_move v0+48
;; | @0035                               v9 = uextend.i64 v7
;; | @0035                               v10 = iadd v8, v9
;; | @0035                               v11 = load.i32 user2 little region0 v10+8
;; | @0038                               v12 = load.i64 notrap aligned readonly can_move v0+48
;; | @0038                               v13 = uextend.i64 v11
;; | @0038                               v14 = iadd v12, v13
;; | @0038                               v15 = uload8.i32 user2 little region0 v14
;; | @003b                               v16 = load.i64 notrap aligned readonly can_move v0+48
;; | @003b                               v17 = uextend.i64 v15
;; | @003b                               v18 = iadd v16, v17
;; | @003b                               v19 = load.i32 user2 little region0 v18+16
;; | @003e                               jump block1(v19)
;; |
;; |                                 block1(v2: i32):
;; | @003e                               return v2
;; | }
;;
;;     0  mov 0x30(%rdi),%r8
;;     4  mov %esi,%r9d
;;     7  mov 4(%r8,%r9),%r9d
;;     c  mov 8(%r8,%r9),%r9d
;;    11  movzbq (%r8,%r9),%r9
;;    16  mov 0x10(%r8,%r9),%eax
;;    1b  ret
;;    1c  int3
;;    1d  int3
;;    1e  int3
;;    1f  int3
;;
;; function 1
;; | function u0:1(i64, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = iconst.i32 0
;; | @0045                               v5 = load.i64 notrap aligned readonly can_move v0+48
;; | @0045                               v6 = uextend.i64 v1
;; | @0045                               v7 = iadd v5, v6
;; | @0045                               v8 = load.i32 user2 little region0 v7
;; | @004a                               v9 = load.i64 notrap aligned readonly can_move v0+48
;; | @004a                               v10 = uextend.i64 v8
;; | @004a                               v11 = iadd v9, v10
;; | @004a                               v12 = load.i32 user2 little region0 v11
;; | @004f                               v13 = iadd v12, v8
;; | @0050                               jump block1(v13)
;; |
;; |                                 block1(v2: i32):
;; | @0050                               return v2
;; | }
;;
;;     0  mov 0x30(%rdi),%rdi
;;     4  mov %esi,%r8d
;;     7  mov (%rdi,%r8),%r8d
;;     b  mov (%rdi,%r8),%edi
;;     f  lea (%rdi,%r8),%eax
;;    13  ret
;;    14  int3
;;    15  int3
;;    16  int3
;;    17  int3
