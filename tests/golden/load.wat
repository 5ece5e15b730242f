;; A load: the index is extended, the base comes from the vmctx, the offset is folded, nothing is checked.
;; also: aarch64 riscv64
(module
  (memory 1)
  (func (export "load") (param i32) (result i32)
    (i32.load offset=16 (local.get 0))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32) -> i32 tail {
;; |     region0 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @002a                               v4 = load.i64 notrap aligned readonly can_move v0+48
;; | @002a                               v5 = uextend.i64 v1
;; | @002a                               v6 = iadd v4, v5
;; | @002a                               v7 = load.i32 user2 little region0 v6+16
;; | @002d                               jump block1(v7)
;; |
;; |                                 block1(v2: i32):
;; | @002d                               return v2
;; | }
;;
;;     0  mov %rsi,%r8
;;     3  mov 0x30(%rdi),%rsi
;;     7  mov %r8,%rdi
;;     a  mov %edi,%edi
;;     c  mov 0x10(%rsi,%rdi),%eax
;;    10  ret
;;    11  int3
;;    12  int3
;;    13  int3
;;    14  int3
;;
;; function 0, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  ldr x5, [x2, #0x30]
;;     c  add x5, x5, w3, uxtw
;;    10  ldr w2, [x5, #0x10]
;;    14  ldp x29, x30, [sp], #0x10
;;    18  ret
;;
;; function 0, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  ld a0, 0x30(a0)
;;    14  slli a1, a1, 0x20
;;    18  srli a1, a1, 0x20
;;    1c  add a0, a0, a1
;;    20  lw a0, 0x10(a0)
;;    24  ld ra, 8(sp)
;;    28  ld s0, 0(sp)
;;    2c  addi sp, sp, 0x10
;;    30  ret
