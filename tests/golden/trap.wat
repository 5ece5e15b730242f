;; What traps: an instruction that faults by itself, one that is compared for, and no more than that.
;; also: aarch64 riscv64
(module
  (func (export "unreachable") unreachable)
  (func (export "divide") (param i32 i32) (result i32)
    (i32.div_s (local.get 0) (local.get 1)))
  (func (export "truncate") (param f64) (result i32)
    (i32.trunc_f64_s (local.get 0))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64) tail {
;; |                                 block0(v0: i64):
;; | @0049                               trap user9
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  hlt
;;     5  nop
;;
;; function 1
;; | function u0:1(i64, i32, i32) -> i32 tail {
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; | @0051                               v5 = sdiv v1, v2
;; | @0052                               jump block1(v5)
;; |
;; |                                 block1(v3: i32):
;; | @0052                               return v3
;; | }
;;
;;     0  mov %rsi,%rax
;;     3  mov %rdx,%r11
;;     6  cltd
;;     7  test %r11d,%r11d
;;     a  je 0x0000000000000018
;;    10  idiv %r11d
;;    13  ret
;;    14  int3
;;    15  int3
;;    16  int3
;;    17  int3
;;    18  hlt
;;    19  nop
;;
;; function 2
;; | function u0:2(i64, f64) -> i32 tail {
;; |                                 block0(v0: i64, v1: f64):
;; | @0057                               v4 = fcvt_to_sint.i32 v1
;; | @0058                               jump block1(v4)
;; |
;; |                                 block1(v2: i32):
;; | @0058                               return v2
;; | }
;;
;;     0  cvttsd2si %xmm0,%eax
;;     4  cmp $1,%eax
;;     7  jno 0x000000000000003E
;;     d  ucomisd %xmm0,%xmm0
;;    11  jp 0x0000000000000043
;;    17  movabs $0xC1E0000000200000,%rsi
;;    21  movq %rsi,%xmm3
;;    26  ucomisd %xmm3,%xmm0
;;    2a  jbe 0x0000000000000045
;;    30  xorpd %xmm3,%xmm3
;;    34  ucomisd %xmm0,%xmm3
;;    38  jb 0x0000000000000047
;;    3e  ret
;;    3f  int3
;;    40  int3
;;    41  int3
;;    42  int3
;;    43  hlt
;;    44  nop
;;    45  hlt
;;    46  nop
;;    47  hlt
;;    48  nop
;;
;; function 0, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  udf #0xc11f
;;
;; function 1, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  cbz w4, #0x24
;;     c  cmn w4, #1
;;    10  ccmp w3, #1, #0, eq
;;    14  b.vs #0x28
;;    18  sdiv w2, w3, w4
;;    1c  ldp x29, x30, [sp], #0x10
;;    20  ret
;;    24  udf #0xc11f
;;    28  udf #0xc11f
;;
;; function 2, aarch64
;;
;;     0  stp x29, x30, [sp, #-0x10]!
;;     4  mov x29, sp
;;     8  fcmp d0, d0
;;     c  b.vs #0x38
;;    10  ldr d4, #0x48
;;    14  fcmp d0, d4
;;    18  b.le #0x3c
;;    1c  mov x8, #0x41e0000000000000
;;    20  fmov d16, x8
;;    24  fcmp d0, d16
;;    28  b.ge #0x40
;;    2c  fcvtzs w2, d0
;;    30  ldp x29, x30, [sp], #0x10
;;    34  ret
;;    38  udf #0xc11f
;;    3c  udf #0xc11f
;;    40  udf #0xc11f
;;    44  udf #0
;;    48  00 00 20 00
;;    4c  00 00 e0 c1
;;
;; function 0, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  c.unimp
;;    12  c.unimp
;;
;; function 1, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  sext.w a0, a1
;;    14  sext.w a1, a2
;;    18  bnez a1, 8
;;    1c  c.unimp
;;    1e  c.unimp
;;    20  lui a2, 0x80000
;;    24  xor a2, a0, a2
;;    28  not a3, a1
;;    2c  or a4, a2, a3
;;    30  bnez a4, 8
;;    34  c.unimp
;;    36  c.unimp
;;    38  divw a0, a0, a1
;;    3c  ld ra, 8(sp)
;;    40  ld s0, 0(sp)
;;    44  addi sp, sp, 0x10
;;    48  ret
;;
;; function 2, riscv64
;;
;;     0  addi sp, sp, -0x10
;;     4  sd ra, 8(sp)
;;     8  sd s0, 0(sp)
;;     c  mv s0, sp
;;    10  feq.d a0, fa0, fa0
;;    14  bnez a0, 8
;;    18  c.unimp
;;    1a  c.unimp
;;    1c  auipc a0, 0
;;    20  ld a0, 0x44(a0)
;;    24  fmv.d.x fa1, a0
;;    28  fle.d a0, fa0, fa1
;;    2c  beqz a0, 8
;;    30  c.unimp
;;    32  c.unimp
;;    34  lui a2, 0x20f
;;    38  slli a4, a2, 0x29
;;    3c  fmv.d.x fa1, a4
;;    40  fle.d a0, fa1, fa0
;;    44  beqz a0, 8
;;    48  c.unimp
;;    4a  c.unimp
;;    4c  fcvt.w.d a0, fa0, rtz
;;    50  ld ra, 8(sp)
;;    54  ld s0, 0(sp)
;;    58  addi sp, sp, 0x10
;;    5c  ret
;;    60  c.unimp
;;    62  c.addi4spn s0, sp, 8
;;    64  c.unimp
;;    66  c.sw s0, 0x44(a1)
