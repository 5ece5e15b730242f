;; Branch hints: what is unlikely stands behind the last return, with all that is in it; what is likely is fallen through to.
(module
  (func $rare (param i32) (result i32) (unreachable))
  (func (export "unlikely if") (param i32) (result i32)
    (@metadata.code.branch_hint "\00")
    (if (result i32) (i32.eqz (local.get 0))
      (then (call $rare (local.get 0)))
      (else (i32.const 7))))
  (func (export "likely if") (param i32) (result i32)
    (@metadata.code.branch_hint "\01")
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.const 7))
      (else
        (block $done (result i32)
          (drop (br_if $done (local.get 0) (i32.eqz (call $rare (local.get 0)))))
          (call $rare (i32.const 8))))))
  (func (export "unlikely br_if") (param i32) (result i32)
    (block $out (result i32)
      (i32.add (local.get 0) (i32.const 5))
      (i32.eqz (local.get 0))
      (@metadata.code.branch_hint "\00") br_if $out
      drop
      (i32.const 9)))
  (func (export "likely br_if") (param i32) (result i32)
    (block $out (result i32)
      (i32.const 5)
      (i32.eqz (local.get 0))
      (@metadata.code.branch_hint "\01") br_if $out
      drop
      (call $rare (call $rare (local.get 0))))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0 `rare`
;; | function u0:0(i64, i32) -> i32 tail {
;; |                                 block0(v0: i64, v1: i32):
;; | @008b                               trap user9
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  hlt
;;     5  nop
;;
;; function 1
;; | function u0:1(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:0 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0091                               v4 = iconst.i32 0
;; | @0091                               v5 = icmp eq v1, v4  ; v4 = 0
;; | @0091                               v6 = uextend.i32 v5
;; | @0092                               brif v6, block3, block4
;; |
;; |                                 block3 cold:
;; | @0096                               v3 = load.i32 user11 aligned v0-4
;; | @0096                               v8 = call fn0(v0, v1)
;; | @0098                               jump block2(v8)
;; |
;; |                                 block4:
;; | @0099                               v9 = iconst.i32 7
;; | @009b                               jump block2(v9)  ; v9 = 7
;; |
;; |                                 block2(v7: i32):
;; | @009c                               jump block1(v7)
;; |
;; |                                 block1(v2: i32):
;; | @009c                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  test %esi,%esi
;;     6  je 0x0000000000000016
;;     c  mov $7,%eax
;;    11  mov %rbp,%rsp
;;    14  pop %rbp
;;    15  ret
;;    16  mov -4(%rdi),%r11d
;;    1a  call 0x000000000000001F
;;    1f  jmp 0x0000000000000011
;;
;; function 2
;; | function u0:2(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:0 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @00a1                               v4 = iconst.i32 0
;; | @00a1                               v5 = icmp eq v1, v4  ; v4 = 0
;; | @00a1                               v6 = uextend.i32 v5
;; | @00a2                               brif v6, block3, block4
;; |
;; |                                 block3:
;; | @00a4                               v8 = iconst.i32 7
;; | @00a6                               jump block2(v8)  ; v8 = 7
;; |
;; |                                 block4 cold:
;; | @00ad                               v3 = load.i32 user11 aligned v0-4
;; | @00ad                               v10 = call fn0(v0, v1)
;; | @00af                               v11 = iconst.i32 0
;; | @00af                               v12 = icmp eq v10, v11  ; v11 = 0
;; | @00af                               v13 = uextend.i32 v12
;; | @00b0                               brif v13, block5(v1), block6
;; |
;; |                                 block6 cold:
;; | @00b3                               v14 = iconst.i32 8
;; | @00b5                               v15 = call fn0(v0, v14)  ; v14 = 8
;; | @00b7                               jump block5(v15)
;; |
;; |                                 block5(v9: i32) cold:
;; | @00b8                               jump block2(v9)
;; |
;; |                                 block2(v7: i32):
;; | @00b9                               jump block1(v7)
;; |
;; |                                 block1(v2: i32):
;; | @00b9                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x10,%rsp
;;     8  mov %r14,(%rsp)
;;     c  mov %r15,8(%rsp)
;;    11  test %esi,%esi
;;    13  mov %rsi,%r15
;;    16  jne 0x0000000000000037
;;    1c  mov $7,%r15d
;;    22  mov %r15,%rax
;;    25  mov (%rsp),%r14
;;    29  mov 8(%rsp),%r15
;;    2e  add $0x10,%rsp
;;    32  mov %rbp,%rsp
;;    35  pop %rbp
;;    36  ret
;;    37  mov -4(%rdi),%eax
;;    3a  mov %rdi,%r14
;;    3d  mov %r15,%rsi
;;    40  call 0x0000000000000045
;;    45  test %eax,%eax
;;    47  je 0x0000000000000022
;;    4d  mov $8,%esi
;;    52  mov %r14,%rdi
;;    55  call 0x000000000000005A
;;    5a  mov %rax,%r15
;;    5d  jmp 0x0000000000000022
;;
;; function 3
;; | function u0:3(i64, i32) -> i32 tail {
;; |                                 block0(v0: i64, v1: i32):
;; | @00c0                               v5 = iconst.i32 5
;; | @00c2                               v6 = iadd v1, v5  ; v5 = 5
;; | @00c5                               v7 = iconst.i32 0
;; | @00c5                               v8 = icmp eq v1, v7  ; v7 = 0
;; | @00c5                               v9 = uextend.i32 v8
;; | @00c6                               brif v9, block4, block3
;; |
;; |                                 block4 cold:
;; | @00c6                               jump block2(v6)
;; |
;; |                                 block3:
;; | @00c9                               v10 = iconst.i32 9
;; | @00cb                               jump block2(v10)  ; v10 = 9
;; |
;; |                                 block2(v4: i32):
;; | @00cc                               jump block1(v4)
;; |
;; |                                 block1(v2: i32):
;; | @00cc                               return v2
;; | }
;;
;;     0  nopl (%rax)
;;     4  test %esi,%esi
;;     6  je 0x0000000000000016
;;     c  mov $9,%eax
;;    11  ret
;;    12  int3
;;    13  int3
;;    14  int3
;;    15  int3
;;    16  lea 5(%rsi),%eax
;;    19  jmp 0x0000000000000011
;;
;; function 4
;; | function u0:4(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:0 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @00d1                               v5 = iconst.i32 5
;; | @00d5                               v6 = iconst.i32 0
;; | @00d5                               v7 = icmp eq v1, v6  ; v6 = 0
;; | @00d5                               v8 = uextend.i32 v7
;; | @00d6                               brif v8, block2(v5), block3  ; v5 = 5
;; |
;; |                                 block3 cold:
;; | @00db                               v3 = load.i32 user11 aligned v0-4
;; | @00db                               v9 = call fn0(v0, v1)
;; | @00dd                               v10 = call fn0(v0, v9)
;; | @00df                               jump block2(v10)
;; |
;; |                                 block2(v4: i32):
;; | @00e0                               jump block1(v4)
;; |
;; |                                 block1(v2: i32):
;; | @00e0                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x10,%rsp
;;     8  mov %r12,(%rsp)
;;     c  mov $5,%eax
;;    11  test %esi,%esi
;;    13  jne 0x0000000000000026
;;    19  mov (%rsp),%r12
;;    1d  add $0x10,%rsp
;;    21  mov %rbp,%rsp
;;    24  pop %rbp
;;    25  ret
;;    26  mov -4(%rdi),%eax
;;    29  mov %rdi,%r12
;;    2c  call 0x0000000000000031
;;    31  mov %rax,%rsi
;;    34  mov %r12,%rdi
;;    37  call 0x000000000000003C
;;    3c  jmp 0x0000000000000019
