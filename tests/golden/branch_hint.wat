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
;;     4  ud2
;;
;; function 1
;; | function u0:1(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:0 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0091                               v3 = iconst.i32 0
;; | @0091                               v4 = icmp eq v1, v3  ; v3 = 0
;; | @0091                               v5 = uextend.i32 v4
;; | @0092                               brif v5, block3, block4
;; |
;; |                                 block3 cold:
;; | @0096                               v7 = call fn0(v0, v1)
;; | @0098                               jump block2(v7)
;; |
;; |                                 block4:
;; | @0099                               v8 = iconst.i32 7
;; | @009b                               jump block2(v8)  ; v8 = 7
;; |
;; |                                 block2(v6: i32):
;; | @009c                               jump block1(v6)
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
;;    16  call 0x000000000000001B
;;    1b  jmp 0x0000000000000011
;;
;; function 2
;; | function u0:2(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:0 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @00a1                               v3 = iconst.i32 0
;; | @00a1                               v4 = icmp eq v1, v3  ; v3 = 0
;; | @00a1                               v5 = uextend.i32 v4
;; | @00a2                               brif v5, block3, block4
;; |
;; |                                 block3:
;; | @00a4                               v7 = iconst.i32 7
;; | @00a6                               jump block2(v7)  ; v7 = 7
;; |
;; |                                 block4 cold:
;; | @00ad                               v9 = call fn0(v0, v1)
;; | @00af                               v10 = iconst.i32 0
;; | @00af                               v11 = icmp eq v9, v10  ; v10 = 0
;; | @00af                               v12 = uextend.i32 v11
;; | @00b0                               brif v12, block5(v1), block6
;; |
;; |                                 block6 cold:
;; | @00b3                               v13 = iconst.i32 8
;; | @00b5                               v14 = call fn0(v0, v13)  ; v13 = 8
;; | @00b7                               jump block5(v14)
;; |
;; |                                 block5(v8: i32) cold:
;; | @00b8                               jump block2(v8)
;; |
;; |                                 block2(v6: i32):
;; | @00b9                               jump block1(v6)
;; |
;; |                                 block1(v2: i32):
;; | @00b9                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x10,%rsp
;;     8  mov %r12,(%rsp)
;;     c  mov %r13,8(%rsp)
;;    11  mov %rdi,%r13
;;    14  test %esi,%esi
;;    16  mov %rsi,%r12
;;    19  jne 0x000000000000003A
;;    1f  mov $7,%r12d
;;    25  mov %r12,%rax
;;    28  mov (%rsp),%r12
;;    2c  mov 8(%rsp),%r13
;;    31  add $0x10,%rsp
;;    35  mov %rbp,%rsp
;;    38  pop %rbp
;;    39  ret
;;    3a  mov %r12,%rsi
;;    3d  mov %r13,%rdi
;;    40  call 0x0000000000000045
;;    45  test %eax,%eax
;;    47  je 0x0000000000000025
;;    4d  mov $8,%esi
;;    52  mov %r13,%rdi
;;    55  call 0x000000000000005A
;;    5a  mov %rax,%r12
;;    5d  jmp 0x0000000000000025
;;
;; function 3
;; | function u0:3(i64, i32) -> i32 tail {
;; |                                 block0(v0: i64, v1: i32):
;; | @00c0                               v4 = iconst.i32 5
;; | @00c2                               v5 = iadd v1, v4  ; v4 = 5
;; | @00c5                               v6 = iconst.i32 0
;; | @00c5                               v7 = icmp eq v1, v6  ; v6 = 0
;; | @00c5                               v8 = uextend.i32 v7
;; | @00c6                               brif v8, block4, block3
;; |
;; |                                 block4 cold:
;; | @00c6                               jump block2(v5)
;; |
;; |                                 block3:
;; | @00c9                               v9 = iconst.i32 9
;; | @00cb                               jump block2(v9)  ; v9 = 9
;; |
;; |                                 block2(v3: i32):
;; | @00cc                               jump block1(v3)
;; |
;; |                                 block1(v2: i32):
;; | @00cc                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  test %esi,%esi
;;     6  je 0x0000000000000016
;;     c  mov $9,%eax
;;    11  mov %rbp,%rsp
;;    14  pop %rbp
;;    15  ret
;;    16  lea 5(%rsi),%eax
;;    19  jmp 0x0000000000000011
;;
;; function 4
;; | function u0:4(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:0 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @00d1                               v4 = iconst.i32 5
;; | @00d5                               v5 = iconst.i32 0
;; | @00d5                               v6 = icmp eq v1, v5  ; v5 = 0
;; | @00d5                               v7 = uextend.i32 v6
;; | @00d6                               brif v7, block2(v4), block3  ; v4 = 5
;; |
;; |                                 block3 cold:
;; | @00db                               v8 = call fn0(v0, v1)
;; | @00dd                               v9 = call fn0(v0, v8)
;; | @00df                               jump block2(v9)
;; |
;; |                                 block2(v3: i32):
;; | @00e0                               jump block1(v3)
;; |
;; |                                 block1(v2: i32):
;; | @00e0                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x10,%rsp
;;     8  mov %r12,(%rsp)
;;     c  mov %rdi,%r12
;;     f  mov $5,%eax
;;    14  test %esi,%esi
;;    16  jne 0x0000000000000029
;;    1c  mov (%rsp),%r12
;;    20  add $0x10,%rsp
;;    24  mov %rbp,%rsp
;;    27  pop %rbp
;;    28  ret
;;    29  mov %r12,%rdi
;;    2c  call 0x0000000000000031
;;    31  mov %rax,%rsi
;;    34  mov %r12,%rdi
;;    37  call 0x000000000000003C
;;    3c  jmp 0x000000000000001C
