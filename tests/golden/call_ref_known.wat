;; Calls of references that are seen to be to a function of the module are direct: of what `ref.func` makes, through a local too; of a global that cannot be set; of a constant place of a table that nobody writes. An imported function is called as one.
(module
  (type $t (func (param i32) (result i32)))
  (import "host" "f" (func $host (type $t)))
  (table $table 2 2 (ref null $t))
  (elem (table $table) (i32.const 1) (ref null $t) (ref.func $f))
  (global $constant (ref $t) (ref.func $f))
  (elem declare func $host)
  (func $f (type $t) (i32.add (local.get 0) (i32.const 7)))
  (func (export "made") (param i32) (result i32) (local $r (ref null $t))
    (local.set $r (ref.func $f))
    (call_ref $t (local.get 0) (local.get $r)))
  (func (export "held") (param i32) (result i32) (return_call_ref $t (local.get 0) (global.get $constant)))
  (func (export "placed") (param i32) (result i32) (call_ref $t (local.get 0) (table.get $table (i32.const 1))))
  (func (export "imported") (param i32) (result i32) (call_ref $t (local.get 0) (ref.func $host))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 1 `f`
;; | function u0:1(i64, i32) -> i32 tail {
;; |                                 block0(v0: i64, v1: i32):
;; | @0073                               v4 = iconst.i32 7
;; | @0075                               v5 = iadd v1, v4  ; v4 = 7
;; | @0076                               jump block1(v5)
;; |
;; |                                 block1(v2: i32):
;; | @0076                               return v2
;; | }
;;
;;     0  lea 7(%rsi),%eax
;;     3  ret
;;     4  int3
;;     5  int3
;;     6  int3
;;     7  int3
;;
;; function 2
;; | function u0:2(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:1 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = iconst.i64 0
;; |                                     v4 = load.i32 user11 aligned v0-4
;; | @007c                               v5 = iconst.i64 176
;; | @007c                               v6 = iadd v0, v5  ; v5 = 176
;; | @0084                               v7 = call fn0(v0, v1)
;; | @0086                               jump block1(v7)
;; |
;; |                                 block1(v2: i32):
;; | @0086                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%r8d
;;     8  call 0x000000000000000D
;;     d  mov %rbp,%rsp
;;    10  pop %rbp
;;    11  ret
;;
;; function 3
;; | function u0:3(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:1 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @008b                               v4 = iconst.i64 176
;; | @008b                               v5 = iadd v0, v4  ; v4 = 176
;; | @008d                               return_call fn0(v0, v1)
;; | }
;;
;;     0  mov -4(%rdi),%r8d
;;     4  nopl (%rax)
;;     8  jmp 0x000000000000000D
;;
;; function 4
;; | function u0:4(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:1 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @0094                               v4 = iconst.i32 1
;; | @0096                               v5 = iconst.i64 176
;; | @0096                               v6 = iadd v0, v5  ; v5 = 176
;; | @0098                               v7 = call fn0(v0, v1)
;; | @009a                               jump block1(v7)
;; |
;; |                                 block1(v2: i32):
;; | @009a                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%r8d
;;     8  call 0x000000000000000D
;;     d  mov %rbp,%rsp
;;    10  pop %rbp
;;    11  ret
;;
;; function 5
;; | function u0:5(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = load.i32 user11 aligned v0-4
;; | @009f                               v4 = iconst.i64 112
;; | @009f                               v5 = iadd v0, v4  ; v4 = 112
;; | @00a1                               v6 = load.i64 notrap aligned readonly can_move v0+96
;; | @00a1                               v7 = load.i64 notrap aligned readonly can_move v0+104
;; | @00a1                               v8 = call_indirect sig0, v6(v7, v1)
;; | @00a3                               jump block1(v8)
;; |
;; |                                 block1(v2: i32):
;; | @00a3                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  mov -4(%rdi),%r8d
;;     8  mov 0x60(%rdi),%r8
;;     c  mov 0x68(%rdi),%rdi
;;    10  call *%r8
;;    13  mov %rbp,%rsp
;;    16  pop %rbp
;;    17  ret
