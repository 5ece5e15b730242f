;; Objects: a new structure is a pointer that goes up; access through null faults; a reference that is written sets a card; a cast to a type that
;; is not final is two loads more than one to a final type; a short array is made and filled in place.
(module
  (type $node (sub (struct (field $v i32) (field $next (mut (ref null $node))))))
  (type $sub (sub $node (struct (field $v i32) (field $next (mut (ref null $node))) (field i64))))
  (type $bytes (array (mut i8)))
  (func (export "build") (param $n i32) (result (ref null $node)) (local $l (ref null $node))
    (loop $loop
      (local.set $l (struct.new $node (local.get $n) (local.get $l)))
      (br_if $loop (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $l))
  (func (export "sum") (param $l (ref null $node)) (result i32) (local $s i32)
    (block $done
      (loop $loop
        (br_if $done (ref.is_null (local.get $l)))
        (local.set $s (i32.add (local.get $s) (struct.get $node $v (local.get $l))))
        (local.set $l (struct.get $node $next (local.get $l)))
        (br $loop)))
    (local.get $s))
  (func (export "cast") (param anyref) (result i64)
    (struct.get $sub 2 (ref.cast (ref $sub) (local.get 0))))
  (func (export "set") (param (ref $node) (ref $node)) 
    (struct.set $node $next (local.get 0) (local.get 1)))
  (func (export "bytes") (param i32) (result i32)
    (array.get_u $bytes (array.new $bytes (i32.const 7) (local.get 0)) (i32.const 3)))
)

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0
;; | function u0:0(i64, i32) -> i32 tail {
;; |     ss0 = explicit_slot 4, align = 4
;; |     region0 = 0 "Head"
;; |     region1 = 1879048192 "ObjectHeader"
;; |     region2 = 2952790146 "Field(8, 2)"
;; |     region3 = 2952790216 "Field(12, 8)"
;; |     region4 = 4026531840 "a reference"
;; |     sig0 = (i64, i32) tail
;; |     fn0 = colocated u1:24 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = iconst.i32 0
;; | @0076                               jump block2(v1, v3)  ; v3 = 0
;; |
;; |                                 block2(v6: i32, v7: i32):
;; |                                     v25 -> v6
;; |                                     v30 = stack_addr.i64 ss0
;; |                                     store notrap aligned region4 v7, v30
;; | @0076                               v5 = load.i32 user11 aligned v0-4
;; | @007c                               v8 = iconst.i32 16
;; | @007c                               v9 = load.i64 notrap aligned readonly can_move v0+8
;; | @007c                               v10 = load.i32 notrap aligned region0 v9+48
;; | @007c                               v11 = load.i32 notrap aligned region0 v9+52
;; | @007c                               v12 = iadd v10, v8  ; v8 = 16
;; | @007c                               v13 = icmp ugt v12, v11
;; | @007c                               brif v13, block3, block4(v10, v12)
;; |
;; |                                 block3 cold:
;; | @007c                               call fn0(v0, v8), stack_map=[i32 @ ss0+0]  ; v8 = 16
;; | @007c                               v16 = load.i32 notrap aligned region0 v9+48
;; | @007c                               v17 = iadd v16, v8  ; v8 = 16
;; | @007c                               jump block4(v16, v17)
;; |
;; |                                 block4(v14: i32, v15: i32):
;; | @007c                               store notrap aligned region0 v15, v9+48
;; | @007c                               v18 = load.i64 notrap aligned readonly can_move v0+368
;; | @007c                               v19 = load.i64 notrap aligned readonly can_move v0+40
;; | @007c                               v20 = uextend.i64 v14
;; | @007c                               v21 = iadd v19, v20
;; | @007c                               store notrap little region1 v18, v21
;; | @007c                               v22 = load.i64 notrap aligned readonly can_move v0+40
;; | @007c                               v23 = uextend.i64 v14
;; | @007c                               v24 = iadd v22, v23
;; | @007c                               store.i32 notrap little region2 v6, v24+8
;; |                                     v28 = stack_addr.i64 ss0
;; |                                     v29 = load.i32 notrap aligned region4 v28
;; | @007c                               store notrap little region3 v29, v24+12
;; | @0083                               v26 = iconst.i32 1
;; | @0085                               v27 = isub.i32 v6, v26  ; v26 = 1
;; | @0088                               brif v27, block2(v27, v14), block5
;; |
;; |                                 block5:
;; | @008d                               jump block1(v14)
;; |
;; |                                 block1(v2: i32):
;; | @008d                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x40,%rsp
;;     8  mov %rbx,0x10(%rsp)
;;     d  mov %r12,0x18(%rsp)
;;    12  mov %r13,0x20(%rsp)
;;    17  mov %r14,0x28(%rsp)
;;    1c  mov %r15,0x30(%rsp)
;;    21  mov %rsi,%r15
;;    24  xor %eax,%eax
;;    26  mov 8(%rdi),%rbx
;;    2a  mov 0x170(%rdi),%r12
;;    31  mov 0x28(%rdi),%r13
;;    35  mov %eax,(%rsp)
;;    38  mov %rdi,%r14
;;    3b  mov -4(%r14),%eax
;;    3f  mov 0x30(%rbx),%eax
;;    42  mov 0x34(%rbx),%edx
;;    45  lea 0x10(%rax),%ecx
;;    48  cmp %edx,%ecx
;;    4a  ja 0x00000000000000A2
;;    50  mov %ecx,0x30(%rbx)
;;    53  mov %eax,%ecx
;;    55  mov %r12,(%r13,%rcx)
;;    5a  mov %r15,%rsi
;;    5d  mov %esi,8(%r13,%rcx)
;;    62  mov (%rsp),%edx
;;    65  mov %edx,0xC(%r13,%rcx)
;;    6a  sub $1,%esi
;;    6d  test %esi,%esi
;;    6f  je 0x0000000000000080
;;    75  mov %r14,%rdi
;;    78  mov %rsi,%r15
;;    7b  jmp 0x0000000000000035
;;    80  mov 0x10(%rsp),%rbx
;;    85  mov 0x18(%rsp),%r12
;;    8a  mov 0x20(%rsp),%r13
;;    8f  mov 0x28(%rsp),%r14
;;    94  mov 0x30(%rsp),%r15
;;    99  add $0x40,%rsp
;;    9d  mov %rbp,%rsp
;;    a0  pop %rbp
;;    a1  ret
;;    a2  mov $0x10,%esi
;;    a7  mov %r14,%rdi
;;    aa  call 0x00000000000000AF
;;    af  mov 0x30(%rbx),%eax
;;    b2  lea 0x10(%rax),%ecx
;;    b5  jmp 0x0000000000000050
;;
;; function 1
;; | function u0:1(i64, i32) -> i32 tail {
;; |     region0 = 2952790146 "Field(8, 2)"
;; |     region1 = 2952790216 "Field(12, 8)"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v3 = iconst.i32 0
;; | @0094                               jump block3(v1, v3)  ; v3 = 0
;; |
;; |                                 block3(v6: i32, v10: i32):
;; | @0094                               v5 = load.i32 user11 aligned v0-4
;; | @0098                               v7 = iconst.i32 0
;; | @0098                               v8 = icmp eq v6, v7  ; v7 = 0
;; | @0098                               v9 = uextend.i32 v8
;; | @0099                               brif v9, block2, block4
;; |
;; |                                 block4:
;; | @009f                               v11 = load.i64 notrap aligned readonly can_move v0+40
;; | @009f                               v12 = uextend.i64 v6
;; | @009f                               v13 = iadd v11, v12
;; | @009f                               v14 = load.i32 user18 little region0 v13+8
;; | @00a3                               v15 = iadd.i32 v10, v14
;; | @00a8                               v16 = load.i64 notrap aligned readonly can_move v0+40
;; | @00a8                               v17 = uextend.i64 v6
;; | @00a8                               v18 = iadd v16, v17
;; | @00a8                               v19 = load.i32 user18 little region1 v18+12
;; | @00ae                               jump block3(v19, v15)
;; |
;; |                                 block2:
;; | @00b4                               jump block1(v10)
;; |
;; |                                 block1(v2: i32):
;; | @00b4                               return v2
;; | }
;;
;;     0  nopl (%rax)
;;     4  xor %eax,%eax
;;     6  mov 0x28(%rdi),%rcx
;;     a  mov -4(%rdi),%edx
;;     d  test %esi,%esi
;;     f  je 0x0000000000000028
;;    15  mov %esi,%edx
;;    17  mov 8(%rcx,%rdx),%r8d
;;    1c  mov 0xC(%rcx,%rdx),%esi
;;    20  add %r8d,%eax
;;    23  jmp 0x000000000000000A
;;    28  ret
;;    29  int3
;;    2a  int3
;;    2b  int3
;;    2c  int3
;;
;; function 2
;; | function u0:2(i64, i32) -> i64 tail {
;; |     region0 = 1879048192 "ObjectHeader"
;; |     region1 = 2952790275 "Field(16, 3)"
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @00b9                               jump block4
;; |
;; |                                 block4:
;; | @00b9                               v4 = iconst.i32 1
;; | @00b9                               v5 = band.i32 v1, v4  ; v4 = 1
;; | @00b9                               brif v5, block3, block5
;; |
;; |                                 block5:
;; | @00b9                               v6 = load.i64 notrap aligned readonly can_move v0+40
;; | @00b9                               v7 = uextend.i64 v1
;; | @00b9                               v8 = iadd v6, v7
;; | @00b9                               v9 = load.i64 user16 little region0 v8
;; | @00b9                               v10 = load.i64 notrap aligned readonly can_move v0+376
;; | @00b9                               v11 = icmp eq v9, v10
;; | @00b9                               brif v11, block2, block6
;; |
;; |                                 block6:
;; | @00b9                               v12 = load.i64 notrap aligned readonly v9+40
;; | @00b9                               v13 = icmp eq v12, v10
;; | @00b9                               brif v13, block2, block3
;; |
;; |                                 block3 cold:
;; | @00b9                               trap user16
;; |
;; |                                 block2:
;; | @00bc                               v14 = load.i64 notrap aligned readonly can_move v0+40
;; | @00bc                               v15 = uextend.i64 v1
;; | @00bc                               v16 = iadd v14, v15
;; | @00bc                               v17 = load.i64 user18 little region1 v16+16
;; | @00c0                               jump block1(v17)
;; |
;; |                                 block1(v2: i64):
;; | @00c0                               return v2
;; | }
;;
;;     0  test $1,%esi
;;     6  jne 0x000000000000003D
;;     c  mov 0x28(%rdi),%rax
;;    10  mov %esi,%ecx
;;    12  mov (%rax,%rcx),%rdx
;;    16  mov 0x178(%rdi),%rsi
;;    1d  cmp %rsi,%rdx
;;    20  je 0x0000000000000033
;;    26  mov 0x28(%rdx),%rdx
;;    2a  cmp %rsi,%rdx
;;    2d  jne 0x000000000000003F
;;    33  mov 0x10(%rax,%rcx),%rax
;;    38  ret
;;    39  int3
;;    3a  int3
;;    3b  int3
;;    3c  int3
;;    3d  hlt
;;    3e  nop
;;    3f  hlt
;;    40  nop
;;
;; function 3
;; | function u0:3(i64, i32, i32) tail {
;; |     region0 = 2952790216 "Field(12, 8)"
;; |     region1 = 2415919104 "Cards"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; | @00c7                               v4 = uextend.i64 v1
;; | @00c7                               v5 = load.i64 notrap aligned readonly can_move v0+40
;; | @00c7                               v6 = iconst.i64 9
;; | @00c7                               v7 = ushr v4, v6  ; v6 = 9
;; | @00c7                               v8 = iadd v5, v7
;; | @00c7                               v9 = iconst.i8 1
;; | @00c7                               store notrap aligned region1 v9, v8-0x0080_0000  ; v9 = 1
;; | @00c7                               v10 = load.i64 notrap aligned readonly can_move v0+40
;; | @00c7                               v11 = uextend.i64 v1
;; | @00c7                               v12 = iadd v10, v11
;; | @00c7                               store user18 little region0 v2, v12+12
;; | @00cb                               jump block1
;; |
;; |                                 block1:
;; | @00cb                               return
;; | }
;;
;;     0  mov 0x28(%rdi),%r8
;;     4  mov %esi,%edi
;;     6  mov %rdi,%rsi
;;     9  shr $9,%rsi
;;     d  movb $1,-0x800000(%r8,%rsi)
;;    16  mov %edx,0xC(%r8,%rdi)
;;    1b  ret
;;    1c  int3
;;    1d  int3
;;    1e  int3
;;    1f  int3
;;
;; function 4
;; | function u0:4(i64, i32) -> i32 tail {
;; |     region0 = 0 "Head"
;; |     region1 = 1879048192 "ObjectHeader"
;; |     region2 = 2147483648 "ArrayLength"
;; |     region3 = 3221225472 "Elements(0)"
;; |     sig0 = (i64, i32) tail
;; |     sig1 = (i64, i32, i32) -> i32 tail
;; |     fn0 = colocated u1:24 sig0
;; |     fn1 = colocated u1:25 sig1
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @00ce                               v4 = iconst.i32 7
;; | @00d2                               v6 = iconst.i32 8180
;; | @00d2                               v7 = icmp ugt v1, v6  ; v6 = 8180
;; | @00d2                               brif v7, block3, block2
;; |
;; |                                 block2:
;; | @00d2                               v8 = iconst.i32 0
;; | @00d2                               v9 = ishl.i32 v1, v8  ; v8 = 0
;; | @00d2                               v10 = iconst.i32 19
;; | @00d2                               v11 = iadd v9, v10  ; v10 = 19
;; | @00d2                               v12 = iconst.i32 -8
;; | @00d2                               v13 = band v11, v12  ; v12 = -8
;; | @00d2                               v14 = load.i64 notrap aligned readonly can_move v0+8
;; | @00d2                               v15 = load.i32 notrap aligned region0 v14+48
;; | @00d2                               v16 = load.i32 notrap aligned region0 v14+52
;; | @00d2                               v17 = iadd v15, v13
;; | @00d2                               v18 = icmp ugt v17, v16
;; | @00d2                               brif v18, block5, block6(v15, v17)
;; |
;; |                                 block5 cold:
;; | @00d2                               call fn0(v0, v13)
;; | @00d2                               v21 = load.i32 notrap aligned region0 v14+48
;; | @00d2                               v22 = iadd v21, v13
;; | @00d2                               jump block6(v21, v22)
;; |
;; |                                 block6(v19: i32, v20: i32):
;; | @00d2                               store notrap aligned region0 v20, v14+48
;; | @00d2                               v23 = load.i64 notrap aligned readonly can_move v0+384
;; | @00d2                               v24 = load.i64 notrap aligned readonly can_move v0+40
;; | @00d2                               v25 = uextend.i64 v19
;; | @00d2                               v26 = iadd v24, v25
;; | @00d2                               store notrap little region1 v23, v26
;; | @00d2                               v27 = load.i64 notrap aligned readonly can_move v0+40
;; | @00d2                               v28 = uextend.i64 v19
;; | @00d2                               v29 = iadd v27, v28
;; | @00d2                               store.i32 notrap little region2 v1, v29+8
;; | @00d2                               jump block4(v19)
;; |
;; |                                 block3 cold:
;; | @00d2                               v30 = iconst.i32 2
;; | @00d2                               v31 = call fn1(v0, v30, v1)  ; v30 = 2
;; | @00d2                               jump block4(v31)
;; |
;; |                                 block4(v5: i32):
;; | @00d2                               v32 = iconst.i32 0
;; | @00d2                               v33 = ishl.i32 v1, v32  ; v32 = 0
;; | @00d2                               v34 = iconst.i32 19
;; | @00d2                               v35 = iadd v33, v34  ; v34 = 19
;; | @00d2                               v36 = iconst.i32 -8
;; | @00d2                               v37 = band v35, v36  ; v36 = -8
;; | @00d2                               v38 = uextend.i64 v4  ; v4 = 7
;; | @00d2                               v39 = iconst.i64 255
;; | @00d2                               v40 = band v38, v39  ; v39 = 255
;; | @00d2                               v41 = iconst.i64 0x0101_0101_0101_0101
;; | @00d2                               v42 = imul v40, v41  ; v41 = 0x0101_0101_0101_0101
;; | @00d2                               v43 = load.i64 notrap aligned readonly can_move v0+40
;; | @00d2                               v44 = uextend.i64 v5
;; | @00d2                               v45 = iadd v43, v44
;; | @00d2                               v46 = ireduce.i32 v42
;; | @00d2                               store notrap little region3 v46, v45+12
;; | @00d2                               v47 = uextend.i64 v37
;; | @00d2                               v48 = iadd v45, v47
;; | @00d2                               v49 = iconst.i64 16
;; | @00d2                               v50 = iadd v45, v49  ; v49 = 16
;; | @00d2                               jump block7(v50)
;; |
;; |                                 block7(v51: i64):
;; | @00d2                               v52 = load.i32 user11 aligned v0-4
;; | @00d2                               v53 = icmp ult v51, v48
;; | @00d2                               brif v53, block8, block9
;; |
;; |                                 block8:
;; | @00d2                               store.i64 notrap little region3 v42, v51
;; | @00d2                               v54 = iconst.i64 8
;; | @00d2                               v55 = iadd.i64 v51, v54  ; v54 = 8
;; | @00d2                               jump block7(v55)
;; |
;; |                                 block9:
;; | @00d5                               v56 = iconst.i32 3
;; | @00d7                               v57 = load.i64 notrap aligned readonly can_move v0+40
;; | @00d7                               v58 = uextend.i64 v5
;; | @00d7                               v59 = iadd v57, v58
;; | @00d7                               v60 = load.i32 user19 little region2 v59+8
;; | @00d7                               v61 = icmp uge v56, v60  ; v56 = 3
;; | @00d7                               trapnz v61, user17
;; | @00d7                               v62 = load.i64 notrap aligned readonly can_move v0+40
;; | @00d7                               v63 = uextend.i64 v5
;; | @00d7                               v64 = iadd v62, v63
;; | @00d7                               v65 = uextend.i64 v56  ; v56 = 3
;; | @00d7                               v66 = iconst.i64 0
;; | @00d7                               v67 = ishl v65, v66  ; v66 = 0
;; | @00d7                               v68 = iadd v64, v67
;; | @00d7                               v69 = uload8.i32 notrap little region3 v68+12
;; | @00da                               jump block1(v69)
;; |
;; |                                 block1(v2: i32):
;; | @00da                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x20,%rsp
;;     8  mov %rbx,(%rsp)
;;     c  mov %r12,8(%rsp)
;;    11  mov %r13,0x10(%rsp)
;;    16  mov %r14,0x18(%rsp)
;;    1b  cmp $0x1FF4,%esi
;;    21  ja 0x0000000000000103
;;    27  mov 8(%rdi),%r12
;;    2b  mov 0x30(%r12),%eax
;;    30  mov 0x34(%r12),%ecx
;;    35  lea 0x13(%rsi),%r13d
;;    39  mov %rsi,%r14
;;    3c  mov %r13,%rdx
;;    3f  and $0xFFFFFFF8,%edx
;;    42  lea (%rax,%rdx),%r11d
;;    46  cmp %ecx,%r11d
;;    49  ja 0x00000000000000E6
;;    4f  mov %rdi,%rbx
;;    52  mov %r11d,0x30(%r12)
;;    57  mov 0x180(%rbx),%rcx
;;    5e  mov 0x28(%rbx),%rdx
;;    62  mov %eax,%esi
;;    64  mov %rcx,(%rdx,%rsi)
;;    68  mov %r14,%r12
;;    6b  mov %r12d,8(%rdx,%rsi)
;;    70  mov 0x28(%rbx),%rcx
;;    74  mov %eax,%eax
;;    76  lea (%rcx,%rax),%rsi
;;    7a  movl $0x7070707,0xC(%rcx,%rax)
;;    82  lea 0x10(%rcx,%rax),%rdx
;;    87  lea 0x13(%r12),%edi
;;    8c  and $0xFFFFFFF8,%edi
;;    8f  add %rdi,%rsi
;;    92  mov -4(%rbx),%edi
;;    95  cmp %rsi,%rdx
;;    98  jb 0x00000000000000CD
;;    9e  mov 8(%rcx,%rax),%edx
;;    a2  cmp $3,%edx
;;    a5  jbe 0x000000000000011B
;;    ab  movzbq 0xF(%rcx,%rax),%rax
;;    b1  mov (%rsp),%rbx
;;    b5  mov 8(%rsp),%r12
;;    ba  mov 0x10(%rsp),%r13
;;    bf  mov 0x18(%rsp),%r14
;;    c4  add $0x20,%rsp
;;    c8  mov %rbp,%rsp
;;    cb  pop %rbp
;;    cc  ret
;;    cd  movabs $0x707070707070707,%rdi
;;    d7  mov %rdi,(%rdx)
;;    da  add $8,%rdx
;;    e1  jmp 0x0000000000000092
;;    e6  and $0xFFFFFFF8,%r13d
;;    ea  mov %rdi,%rbx
;;    ed  mov %r13,%rsi
;;    f0  call 0x00000000000000F5
;;    f5  mov 0x30(%r12),%eax
;;    fa  lea (%rax,%r13),%r11d
;;    fe  jmp 0x0000000000000052
;;   103  mov %rdi,%rbx
;;   106  mov %rsi,%r12
;;   109  mov $2,%esi
;;   10e  mov %r12,%rdx
;;   111  call 0x0000000000000116
;;   116  jmp 0x0000000000000070
;;   11b  hlt
;;   11c  nop
