;; with inlining
(module
  ;; Two calls of itself: as many levels of it as there is room for.
  (func $fib (export "fib") (param i32) (result i32)
    (if (i32.lt_u (local.get 0) (i32.const 2)) (then (return (local.get 0))))
    (i32.add
      (call $fib (i32.sub (local.get 0) (i32.const 1)))
      (call $fib (i32.sub (local.get 0) (i32.const 2)))))
  ;; Two that call each other, of which one is inlined in the other: it is put into itself by way of that.
  (func $even (export "even") (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
    (i32.eqz (call $odd (i32.sub (local.get 0) (i32.const 1)))))
  (func $odd (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
    (i32.eqz (call $even (i32.sub (local.get 0) (i32.const 1)))))
  ;; A tail call of itself is a jump already.
  (func $sum (export "sum") (param i32 i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call $sum (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 0) (local.get 1)))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0 `fib`
;; | function u0:0(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:0 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; |                                     v85 -> v1
;; |                                     v86 -> v1
;; |                                     v87 -> v1
;; |                                     v88 -> v1
;; |                                     v89 -> v1
;; |                                     v90 -> v1
;; |                                     v91 -> v1
;; | @003a                               v4 = iconst.i32 2
;; | @003c                               v5 = icmp ult v1, v4  ; v4 = 2
;; | @003c                               v6 = uextend.i32 v5
;; | @003d                               brif v6, block3, block4
;; |
;; |                                 block3:
;; | @0041                               return v1
;; |
;; |                                 block4:
;; | @0042                               jump block2
;; |
;; |                                 block2:
;; | @0045                               v3 = load.i32 user11 aligned v0-4
;; | @0045                               v7 = iconst.i32 1
;; | @0047                               v8 = isub.i32 v1, v7  ; v7 = 1
;; |                                     v47 -> v8
;; |                                     v48 -> v8
;; |                                     v49 -> v8
;; | @80000001                           v10 = iconst.i32 2
;; | @80000002                           v11 = icmp ult v8, v10  ; v10 = 2
;; | @80000002                           v12 = uextend.i32 v11
;; | @80000003                           brif v12, block7, block8
;; |
;; |                                 block7:
;; | @80000005                           jump block5(v8)
;; |
;; |                                 block8:
;; | @80000006                           jump block6
;; |
;; |                                 block6:
;; | @80000008                           v13 = iconst.i32 1
;; | @80000009                           v14 = isub.i32 v8, v13  ; v13 = 1
;; |                                     v32 -> v14
;; | @8000000c                           v16 = iconst.i32 2
;; | @8000000d                           v17 = icmp ult v14, v16  ; v16 = 2
;; | @8000000d                           v18 = uextend.i32 v17
;; | @8000000e                           brif v18, block11, block12
;; |
;; |                                 block11:
;; | @80000010                           jump block9(v14)
;; |
;; |                                 block12:
;; | @80000011                           jump block10
;; |
;; |                                 block10:
;; | @80000013                           v19 = iconst.i32 1
;; | @80000014                           v20 = isub.i32 v14, v19  ; v19 = 1
;; | @80000017                           v22 = iconst.i32 2
;; | @80000018                           v23 = icmp ult v20, v22  ; v22 = 2
;; | @80000018                           v24 = uextend.i32 v23
;; | @80000019                           brif v24, block15, block16
;; |
;; |                                 block15:
;; | @8000001b                           jump block13(v20)
;; |
;; |                                 block16:
;; | @8000001c                           jump block14
;; |
;; |                                 block14:
;; | @8000001e                           v25 = iconst.i32 1
;; | @8000001f                           v26 = isub.i32 v20, v25  ; v25 = 1
;; | @80000020                           v27 = call fn0(v0, v26)
;; | @80000022                           v28 = iconst.i32 2
;; | @80000023                           v29 = isub.i32 v20, v28  ; v28 = 2
;; | @80000024                           v30 = call fn0(v0, v29)
;; | @80000025                           v31 = iadd v27, v30
;; | @80000026                           jump block13(v31)
;; |
;; |                                 block13(v21: i32):
;; | @80000029                           v33 = iconst.i32 2
;; | @8000002a                           v34 = isub.i32 v14, v33  ; v33 = 2
;; | @8000002d                           v36 = iconst.i32 2
;; | @8000002e                           v37 = icmp ult v34, v36  ; v36 = 2
;; | @8000002e                           v38 = uextend.i32 v37
;; | @8000002f                           brif v38, block19, block20
;; |
;; |                                 block19:
;; | @80000031                           jump block17(v34)
;; |
;; |                                 block20:
;; | @80000032                           jump block18
;; |
;; |                                 block18:
;; | @80000034                           v39 = iconst.i32 1
;; | @80000035                           v40 = isub.i32 v34, v39  ; v39 = 1
;; | @80000036                           v41 = call fn0(v0, v40)
;; | @80000038                           v42 = iconst.i32 2
;; | @80000039                           v43 = isub.i32 v34, v42  ; v42 = 2
;; | @8000003a                           v44 = call fn0(v0, v43)
;; | @8000003b                           v45 = iadd v41, v44
;; | @8000003c                           jump block17(v45)
;; |
;; |                                 block17(v35: i32):
;; | @8000003e                           v46 = iadd.i32 v21, v35
;; | @8000003f                           jump block9(v46)
;; |
;; |                                 block9(v15: i32):
;; | @80000042                           v50 = iconst.i32 2
;; | @80000043                           v51 = isub.i32 v8, v50  ; v50 = 2
;; |                                     v69 -> v51
;; | @80000046                           v53 = iconst.i32 2
;; | @80000047                           v54 = icmp ult v51, v53  ; v53 = 2
;; | @80000047                           v55 = uextend.i32 v54
;; | @80000048                           brif v55, block23, block24
;; |
;; |                                 block23:
;; | @8000004a                           jump block21(v51)
;; |
;; |                                 block24:
;; | @8000004b                           jump block22
;; |
;; |                                 block22:
;; | @8000004d                           v56 = iconst.i32 1
;; | @8000004e                           v57 = isub.i32 v51, v56  ; v56 = 1
;; | @80000051                           v59 = iconst.i32 2
;; | @80000052                           v60 = icmp ult v57, v59  ; v59 = 2
;; | @80000052                           v61 = uextend.i32 v60
;; | @80000053                           brif v61, block27, block28
;; |
;; |                                 block27:
;; | @80000055                           jump block25(v57)
;; |
;; |                                 block28:
;; | @80000056                           jump block26
;; |
;; |                                 block26:
;; | @80000058                           v62 = iconst.i32 1
;; | @80000059                           v63 = isub.i32 v57, v62  ; v62 = 1
;; | @8000005a                           v64 = call fn0(v0, v63)
;; | @8000005c                           v65 = iconst.i32 2
;; | @8000005d                           v66 = isub.i32 v57, v65  ; v65 = 2
;; | @8000005e                           v67 = call fn0(v0, v66)
;; | @8000005f                           v68 = iadd v64, v67
;; | @80000060                           jump block25(v68)
;; |
;; |                                 block25(v58: i32):
;; | @80000063                           v70 = iconst.i32 2
;; | @80000064                           v71 = isub.i32 v51, v70  ; v70 = 2
;; | @80000067                           v73 = iconst.i32 2
;; | @80000068                           v74 = icmp ult v71, v73  ; v73 = 2
;; | @80000068                           v75 = uextend.i32 v74
;; | @80000069                           brif v75, block31, block32
;; |
;; |                                 block31:
;; | @8000006b                           jump block29(v71)
;; |
;; |                                 block32:
;; | @8000006c                           jump block30
;; |
;; |                                 block30:
;; | @8000006e                           v76 = iconst.i32 1
;; | @8000006f                           v77 = isub.i32 v71, v76  ; v76 = 1
;; | @80000070                           v78 = call fn0(v0, v77)
;; | @80000072                           v79 = iconst.i32 2
;; | @80000073                           v80 = isub.i32 v71, v79  ; v79 = 2
;; | @80000074                           v81 = call fn0(v0, v80)
;; | @80000075                           v82 = iadd v78, v81
;; | @80000076                           jump block29(v82)
;; |
;; |                                 block29(v72: i32):
;; | @80000078                           v83 = iadd.i32 v58, v72
;; | @80000079                           jump block21(v83)
;; |
;; |                                 block21(v52: i32):
;; | @8000007b                           v84 = iadd.i32 v15, v52
;; | @8000007c                           jump block5(v84)
;; |
;; |                                 block5(v9: i32):
;; | @004c                               v92 = iconst.i32 2
;; | @004e                               v93 = isub.i32 v1, v92  ; v92 = 2
;; |                                     v132 -> v93
;; |                                     v133 -> v93
;; |                                     v134 -> v93
;; | @8000007e                           v95 = iconst.i32 2
;; | @8000007f                           v96 = icmp ult v93, v95  ; v95 = 2
;; | @8000007f                           v97 = uextend.i32 v96
;; | @80000080                           brif v97, block35, block36
;; |
;; |                                 block35:
;; | @80000082                           jump block33(v93)
;; |
;; |                                 block36:
;; | @80000083                           jump block34
;; |
;; |                                 block34:
;; | @80000085                           v98 = iconst.i32 1
;; | @80000086                           v99 = isub.i32 v93, v98  ; v98 = 1
;; |                                     v117 -> v99
;; | @80000089                           v101 = iconst.i32 2
;; | @8000008a                           v102 = icmp ult v99, v101  ; v101 = 2
;; | @8000008a                           v103 = uextend.i32 v102
;; | @8000008b                           brif v103, block39, block40
;; |
;; |                                 block39:
;; | @8000008d                           jump block37(v99)
;; |
;; |                                 block40:
;; | @8000008e                           jump block38
;; |
;; |                                 block38:
;; | @80000090                           v104 = iconst.i32 1
;; | @80000091                           v105 = isub.i32 v99, v104  ; v104 = 1
;; | @80000094                           v107 = iconst.i32 2
;; | @80000095                           v108 = icmp ult v105, v107  ; v107 = 2
;; | @80000095                           v109 = uextend.i32 v108
;; | @80000096                           brif v109, block43, block44
;; |
;; |                                 block43:
;; | @80000098                           jump block41(v105)
;; |
;; |                                 block44:
;; | @80000099                           jump block42
;; |
;; |                                 block42:
;; | @8000009b                           v110 = iconst.i32 1
;; | @8000009c                           v111 = isub.i32 v105, v110  ; v110 = 1
;; | @8000009d                           v112 = call fn0(v0, v111)
;; | @8000009f                           v113 = iconst.i32 2
;; | @800000a0                           v114 = isub.i32 v105, v113  ; v113 = 2
;; | @800000a1                           v115 = call fn0(v0, v114)
;; | @800000a2                           v116 = iadd v112, v115
;; | @800000a3                           jump block41(v116)
;; |
;; |                                 block41(v106: i32):
;; | @800000a6                           v118 = iconst.i32 2
;; | @800000a7                           v119 = isub.i32 v99, v118  ; v118 = 2
;; | @800000aa                           v121 = iconst.i32 2
;; | @800000ab                           v122 = icmp ult v119, v121  ; v121 = 2
;; | @800000ab                           v123 = uextend.i32 v122
;; | @800000ac                           brif v123, block47, block48
;; |
;; |                                 block47:
;; | @800000ae                           jump block45(v119)
;; |
;; |                                 block48:
;; | @800000af                           jump block46
;; |
;; |                                 block46:
;; | @800000b1                           v124 = iconst.i32 1
;; | @800000b2                           v125 = isub.i32 v119, v124  ; v124 = 1
;; | @800000b3                           v126 = call fn0(v0, v125)
;; | @800000b5                           v127 = iconst.i32 2
;; | @800000b6                           v128 = isub.i32 v119, v127  ; v127 = 2
;; | @800000b7                           v129 = call fn0(v0, v128)
;; | @800000b8                           v130 = iadd v126, v129
;; | @800000b9                           jump block45(v130)
;; |
;; |                                 block45(v120: i32):
;; | @800000bb                           v131 = iadd.i32 v106, v120
;; | @800000bc                           jump block37(v131)
;; |
;; |                                 block37(v100: i32):
;; | @800000bf                           v135 = iconst.i32 2
;; | @800000c0                           v136 = isub.i32 v93, v135  ; v135 = 2
;; |                                     v154 -> v136
;; | @800000c3                           v138 = iconst.i32 2
;; | @800000c4                           v139 = icmp ult v136, v138  ; v138 = 2
;; | @800000c4                           v140 = uextend.i32 v139
;; | @800000c5                           brif v140, block51, block52
;; |
;; |                                 block51:
;; | @800000c7                           jump block49(v136)
;; |
;; |                                 block52:
;; | @800000c8                           jump block50
;; |
;; |                                 block50:
;; | @800000ca                           v141 = iconst.i32 1
;; | @800000cb                           v142 = isub.i32 v136, v141  ; v141 = 1
;; | @800000ce                           v144 = iconst.i32 2
;; | @800000cf                           v145 = icmp ult v142, v144  ; v144 = 2
;; | @800000cf                           v146 = uextend.i32 v145
;; | @800000d0                           brif v146, block55, block56
;; |
;; |                                 block55:
;; | @800000d2                           jump block53(v142)
;; |
;; |                                 block56:
;; | @800000d3                           jump block54
;; |
;; |                                 block54:
;; | @800000d5                           v147 = iconst.i32 1
;; | @800000d6                           v148 = isub.i32 v142, v147  ; v147 = 1
;; | @800000d7                           v149 = call fn0(v0, v148)
;; | @800000d9                           v150 = iconst.i32 2
;; | @800000da                           v151 = isub.i32 v142, v150  ; v150 = 2
;; | @800000db                           v152 = call fn0(v0, v151)
;; | @800000dc                           v153 = iadd v149, v152
;; | @800000dd                           jump block53(v153)
;; |
;; |                                 block53(v143: i32):
;; | @800000e0                           v155 = iconst.i32 2
;; | @800000e1                           v156 = isub.i32 v136, v155  ; v155 = 2
;; | @800000e4                           v158 = iconst.i32 2
;; | @800000e5                           v159 = icmp ult v156, v158  ; v158 = 2
;; | @800000e5                           v160 = uextend.i32 v159
;; | @800000e6                           brif v160, block59, block60
;; |
;; |                                 block59:
;; | @800000e8                           jump block57(v156)
;; |
;; |                                 block60:
;; | @800000e9                           jump block58
;; |
;; |                                 block58:
;; | @800000eb                           v161 = iconst.i32 1
;; | @800000ec                           v162 = isub.i32 v156, v161  ; v161 = 1
;; | @800000ed                           v163 = call fn0(v0, v162)
;; | @800000ef                           v164 = iconst.i32 2
;; | @800000f0                           v165 = isub.i32 v156, v164  ; v164 = 2
;; | @800000f1                           v166 = call fn0(v0, v165)
;; | @800000f2                           v167 = iadd v163, v166
;; | @800000f3                           jump block57(v167)
;; |
;; |                                 block57(v157: i32):
;; | @800000f5                           v168 = iadd.i32 v143, v157
;; | @800000f6                           jump block49(v168)
;; |
;; |                                 block49(v137: i32):
;; | @800000f8                           v169 = iadd.i32 v100, v137
;; | @800000f9                           jump block33(v169)
;; |
;; |                                 block33(v94: i32):
;; | @0051                               v170 = iadd.i32 v9, v94
;; | @0052                               jump block1(v170)
;; |
;; |                                 block1(v2: i32):
;; | @0052                               return v2
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
;;    21  mov %rsi,%rbx
;;    24  cmp $2,%esi
;;    27  jb 0x000000000000029A
;;    2d  mov -4(%rdi),%eax
;;    30  mov %rbx,%rsi
;;    33  mov %rdi,%r15
;;    36  mov %rsi,%rax
;;    39  sub $1,%eax
;;    3c  cmp $2,%eax
;;    3f  jb 0x000000000000015E
;;    45  mov %rbx,%rsi
;;    48  mov %rsi,%r14
;;    4b  sub $2,%r14d
;;    4f  cmp $2,%r14d
;;    53  jb 0x00000000000000DB
;;    59  mov %rbx,%rsi
;;    5c  mov %rsi,%rax
;;    5f  sub $3,%eax
;;    62  cmp $2,%eax
;;    65  jb 0x0000000000000098
;;    6b  mov %rbx,%rsi
;;    6e  sub $4,%esi
;;    71  mov %r15,%rdi
;;    74  call 0x0000000000000079
;;    79  mov %rbx,%r13
;;    7c  mov %rax,%rbx
;;    7f  mov %r13,%rsi
;;    82  sub $5,%esi
;;    85  mov %r15,%rdi
;;    88  call 0x000000000000008D
;;    8d  mov %rbx,%rcx
;;    90  lea (%rcx,%rax),%ebx
;;    93  jmp 0x000000000000009E
;;    98  mov %rbx,%r13
;;    9b  sub $3,%ebx
;;    9e  mov %r13,%rcx
;;    a1  sub $4,%ecx
;;    a4  cmp $2,%ecx
;;    a7  jb 0x00000000000000D2
;;    ad  mov %r13,%rsi
;;    b0  sub $5,%esi
;;    b3  mov %r15,%rdi
;;    b6  call 0x00000000000000BB
;;    bb  mov %rax,%r12
;;    be  mov %r13,%rsi
;;    c1  sub $6,%esi
;;    c4  mov %r15,%rdi
;;    c7  call 0x00000000000000CC
;;    cc  mov %r12,%rdx
;;    cf  lea (%rdx,%rax),%ecx
;;    d2  lea (%rbx,%rcx),%r14d
;;    d6  jmp 0x00000000000000DE
;;    db  mov %rbx,%r13
;;    de  mov %r13,%rcx
;;    e1  sub $3,%ecx
;;    e4  cmp $2,%ecx
;;    e7  jb 0x0000000000000156
;;    ed  mov %r13,%rbx
;;    f0  sub $4,%ebx
;;    f3  cmp $2,%ebx
;;    f6  jb 0x0000000000000121
;;    fc  mov %r13,%rsi
;;    ff  sub $5,%esi
;;   102  mov %r15,%rdi
;;   105  call 0x000000000000010A
;;   10a  mov %rax,%rbx
;;   10d  mov %r13,%rsi
;;   110  sub $6,%esi
;;   113  mov %r15,%rdi
;;   116  call 0x000000000000011B
;;   11b  mov %rbx,%rcx
;;   11e  lea (%rcx,%rax),%ebx
;;   121  mov %r13,%rcx
;;   124  sub $5,%ecx
;;   127  cmp $2,%ecx
;;   12a  jb 0x0000000000000154
;;   130  mov %r13,%rsi
;;   133  sub $6,%esi
;;   136  mov %r15,%rdi
;;   139  call 0x000000000000013E
;;   13e  mov %rax,%r12
;;   141  mov %r13,%rsi
;;   144  sub $7,%esi
;;   147  mov %r15,%rdi
;;   14a  call 0x000000000000014F
;;   14f  mov %r12,%rcx
;;   152  add %eax,%ecx
;;   154  add %ebx,%ecx
;;   156  add %ecx,%r14d
;;   159  jmp 0x0000000000000168
;;   15e  mov %rbx,%r13
;;   161  mov %r13,%r14
;;   164  sub $1,%r14d
;;   168  mov %r13,%rcx
;;   16b  sub $2,%ecx
;;   16e  cmp $2,%ecx
;;   171  jb 0x0000000000000274
;;   177  mov %r13,%rbx
;;   17a  sub $3,%ebx
;;   17d  cmp $2,%ebx
;;   180  jb 0x00000000000001EF
;;   186  mov %r13,%rbx
;;   189  sub $4,%ebx
;;   18c  cmp $2,%ebx
;;   18f  jb 0x00000000000001BA
;;   195  mov %r13,%rsi
;;   198  sub $5,%esi
;;   19b  mov %r15,%rdi
;;   19e  call 0x00000000000001A3
;;   1a3  mov %rax,%rbx
;;   1a6  mov %r13,%rsi
;;   1a9  sub $6,%esi
;;   1ac  mov %r15,%rdi
;;   1af  call 0x00000000000001B4
;;   1b4  mov %rbx,%rcx
;;   1b7  lea (%rcx,%rax),%ebx
;;   1ba  mov %r13,%rcx
;;   1bd  sub $5,%ecx
;;   1c0  cmp $2,%ecx
;;   1c3  jb 0x00000000000001ED
;;   1c9  mov %r13,%rsi
;;   1cc  sub $6,%esi
;;   1cf  mov %r15,%rdi
;;   1d2  call 0x00000000000001D7
;;   1d7  mov %rax,%r12
;;   1da  mov %r13,%rsi
;;   1dd  sub $7,%esi
;;   1e0  mov %r15,%rdi
;;   1e3  call 0x00000000000001E8
;;   1e8  mov %r12,%rcx
;;   1eb  add %eax,%ecx
;;   1ed  add %ecx,%ebx
;;   1ef  mov %r13,%rcx
;;   1f2  sub $4,%ecx
;;   1f5  cmp $2,%ecx
;;   1f8  jb 0x0000000000000272
;;   1fe  mov %r13,%r12
;;   201  sub $5,%r12d
;;   205  cmp $2,%r12d
;;   209  jb 0x0000000000000235
;;   20f  mov %r13,%rsi
;;   212  sub $6,%esi
;;   215  mov %r15,%rdi
;;   218  call 0x000000000000021D
;;   21d  mov %rax,%r12
;;   220  mov %r13,%rsi
;;   223  sub $7,%esi
;;   226  mov %r15,%rdi
;;   229  call 0x000000000000022E
;;   22e  mov %r12,%rcx
;;   231  lea (%rcx,%rax),%r12d
;;   235  mov %r13,%r8
;;   238  sub $6,%r8d
;;   23c  cmp $2,%r8d
;;   240  jb 0x000000000000026E
;;   246  mov %r13,%rsi
;;   249  sub $7,%esi
;;   24c  mov %r15,%rdi
;;   24f  call 0x0000000000000254
;;   254  mov %rax,(%rsp)
;;   258  mov %r13,%rsi
;;   25b  sub $8,%esi
;;   25e  mov %r15,%rdi
;;   261  call 0x0000000000000266
;;   266  mov (%rsp),%rcx
;;   26a  lea (%rcx,%rax),%r8d
;;   26e  lea (%r12,%r8),%ecx
;;   272  add %ebx,%ecx
;;   274  lea (%r14,%rcx),%eax
;;   278  mov 0x10(%rsp),%rbx
;;   27d  mov 0x18(%rsp),%r12
;;   282  mov 0x20(%rsp),%r13
;;   287  mov 0x28(%rsp),%r14
;;   28c  mov 0x30(%rsp),%r15
;;   291  add $0x40,%rsp
;;   295  mov %rbp,%rsp
;;   298  pop %rbp
;;   299  ret
;;   29a  mov %rbx,%rax
;;   29d  mov 0x10(%rsp),%rbx
;;   2a2  mov 0x18(%rsp),%r12
;;   2a7  mov 0x20(%rsp),%r13
;;   2ac  mov 0x28(%rsp),%r14
;;   2b1  mov 0x30(%rsp),%r15
;;   2b6  add $0x40,%rsp
;;   2ba  mov %rbp,%rsp
;;   2bd  pop %rbp
;;   2be  ret
;;
;; function 1 `even`
;; | function u0:1(i64, i32) -> i32 tail {
;; |     sig0 = (i64, i32) -> i32 tail
;; |     fn0 = colocated u0:1 sig0
;; |
;; |                                 block0(v0: i64, v1: i32):
;; | @0057                               v4 = iconst.i32 0
;; | @0057                               v5 = icmp eq v1, v4  ; v4 = 0
;; | @0057                               v6 = uextend.i32 v5
;; | @0058                               brif v6, block3, block4
;; |
;; |                                 block3:
;; | @005a                               v7 = iconst.i32 1
;; | @005c                               return v7  ; v7 = 1
;; |
;; |                                 block4:
;; | @005d                               jump block2
;; |
;; |                                 block2:
;; | @0060                               v8 = iconst.i32 1
;; | @0062                               v9 = isub.i32 v1, v8  ; v8 = 1
;; | @80000001                           v11 = iconst.i32 0
;; | @80000001                           v12 = icmp eq v9, v11  ; v11 = 0
;; | @80000001                           v13 = uextend.i32 v12
;; | @80000002                           brif v13, block7, block8
;; |
;; |                                 block7:
;; | @80000003                           v14 = iconst.i32 1
;; | @80000004                           jump block5(v14)  ; v14 = 1
;; |
;; |                                 block8:
;; | @80000005                           jump block6
;; |
;; |                                 block6:
;; | @80000007                           v15 = iconst.i32 1
;; | @80000008                           v16 = isub.i32 v9, v15  ; v15 = 1
;; | @8000000b                           v18 = iconst.i32 0
;; | @8000000b                           v19 = icmp eq v16, v18  ; v18 = 0
;; | @8000000b                           v20 = uextend.i32 v19
;; | @8000000c                           brif v20, block11, block12
;; |
;; |                                 block11:
;; | @8000000d                           v21 = iconst.i32 1
;; | @8000000e                           jump block9(v21)  ; v21 = 1
;; |
;; |                                 block12:
;; | @8000000f                           jump block10
;; |
;; |                                 block10:
;; | @80000011                           v22 = iconst.i32 1
;; | @80000012                           v23 = isub.i32 v16, v22  ; v22 = 1
;; | @80000015                           v25 = iconst.i32 0
;; | @80000015                           v26 = icmp eq v23, v25  ; v25 = 0
;; | @80000015                           v27 = uextend.i32 v26
;; | @80000016                           brif v27, block15, block16
;; |
;; |                                 block15:
;; | @80000017                           v28 = iconst.i32 1
;; | @80000018                           jump block13(v28)  ; v28 = 1
;; |
;; |                                 block16:
;; | @80000019                           jump block14
;; |
;; |                                 block14:
;; | @8000001b                           v29 = iconst.i32 1
;; | @8000001c                           v30 = isub.i32 v23, v29  ; v29 = 1
;; | @8000001f                           v32 = iconst.i32 0
;; | @8000001f                           v33 = icmp eq v30, v32  ; v32 = 0
;; | @8000001f                           v34 = uextend.i32 v33
;; | @80000020                           brif v34, block19, block20
;; |
;; |                                 block19:
;; | @80000021                           v35 = iconst.i32 1
;; | @80000022                           jump block17(v35)  ; v35 = 1
;; |
;; |                                 block20:
;; | @80000023                           jump block18
;; |
;; |                                 block18:
;; | @80000025                           v36 = iconst.i32 1
;; | @80000026                           v37 = isub.i32 v30, v36  ; v36 = 1
;; | @80000029                           v39 = iconst.i32 0
;; | @80000029                           v40 = icmp eq v37, v39  ; v39 = 0
;; | @80000029                           v41 = uextend.i32 v40
;; | @8000002a                           brif v41, block23, block24
;; |
;; |                                 block23:
;; | @8000002b                           v42 = iconst.i32 1
;; | @8000002c                           jump block21(v42)  ; v42 = 1
;; |
;; |                                 block24:
;; | @8000002d                           jump block22
;; |
;; |                                 block22:
;; | @8000002f                           v43 = iconst.i32 1
;; | @80000030                           v44 = isub.i32 v37, v43  ; v43 = 1
;; | @80000033                           v46 = iconst.i32 0
;; | @80000033                           v47 = icmp eq v44, v46  ; v46 = 0
;; | @80000033                           v48 = uextend.i32 v47
;; | @80000034                           brif v48, block27, block28
;; |
;; |                                 block27:
;; | @80000035                           v49 = iconst.i32 1
;; | @80000036                           jump block25(v49)  ; v49 = 1
;; |
;; |                                 block28:
;; | @80000037                           jump block26
;; |
;; |                                 block26:
;; | @80000039                           v50 = iconst.i32 1
;; | @8000003a                           v51 = isub.i32 v44, v50  ; v50 = 1
;; | @8000003d                           v53 = iconst.i32 0
;; | @8000003d                           v54 = icmp eq v51, v53  ; v53 = 0
;; | @8000003d                           v55 = uextend.i32 v54
;; | @8000003e                           brif v55, block31, block32
;; |
;; |                                 block31:
;; | @8000003f                           v56 = iconst.i32 1
;; | @80000040                           jump block29(v56)  ; v56 = 1
;; |
;; |                                 block32:
;; | @80000041                           jump block30
;; |
;; |                                 block30:
;; | @80000043                           v3 = load.i32 user11 aligned v0-4
;; | @80000043                           v57 = iconst.i32 1
;; | @80000044                           v58 = isub.i32 v51, v57  ; v57 = 1
;; | @80000045                           v59 = call fn0(v0, v58)
;; | @80000046                           v60 = iconst.i32 0
;; | @80000046                           v61 = icmp eq v59, v60  ; v60 = 0
;; | @80000046                           v62 = uextend.i32 v61
;; | @80000047                           jump block29(v62)
;; |
;; |                                 block29(v52: i32):
;; | @80000049                           v63 = iconst.i32 0
;; | @80000049                           v64 = icmp eq v52, v63  ; v63 = 0
;; | @80000049                           v65 = uextend.i32 v64
;; | @8000004a                           jump block25(v65)
;; |
;; |                                 block25(v45: i32):
;; | @8000004c                           v66 = iconst.i32 0
;; | @8000004c                           v67 = icmp eq v45, v66  ; v66 = 0
;; | @8000004c                           v68 = uextend.i32 v67
;; | @8000004d                           jump block21(v68)
;; |
;; |                                 block21(v38: i32):
;; | @8000004f                           v69 = iconst.i32 0
;; | @8000004f                           v70 = icmp eq v38, v69  ; v69 = 0
;; | @8000004f                           v71 = uextend.i32 v70
;; | @80000050                           jump block17(v71)
;; |
;; |                                 block17(v31: i32):
;; | @80000052                           v72 = iconst.i32 0
;; | @80000052                           v73 = icmp eq v31, v72  ; v72 = 0
;; | @80000052                           v74 = uextend.i32 v73
;; | @80000053                           jump block13(v74)
;; |
;; |                                 block13(v24: i32):
;; | @80000055                           v75 = iconst.i32 0
;; | @80000055                           v76 = icmp eq v24, v75  ; v75 = 0
;; | @80000055                           v77 = uextend.i32 v76
;; | @80000056                           jump block9(v77)
;; |
;; |                                 block9(v17: i32):
;; | @80000058                           v78 = iconst.i32 0
;; | @80000058                           v79 = icmp eq v17, v78  ; v78 = 0
;; | @80000058                           v80 = uextend.i32 v79
;; | @80000059                           jump block5(v80)
;; |
;; |                                 block5(v10: i32):
;; | @0065                               v81 = iconst.i32 0
;; | @0065                               v82 = icmp eq v10, v81  ; v81 = 0
;; | @0065                               v83 = uextend.i32 v82
;; | @0066                               jump block1(v83)
;; |
;; |                                 block1(v2: i32):
;; | @0066                               return v2
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  test %esi,%esi
;;     6  je 0x00000000000000E8
;;     c  cmp $1,%esi
;;     f  je 0x00000000000000D6
;;    15  cmp $2,%esi
;;    18  je 0x00000000000000C4
;;    1e  cmp $3,%esi
;;    21  je 0x00000000000000B1
;;    27  cmp $4,%esi
;;    2a  je 0x000000000000009D
;;    30  cmp $5,%esi
;;    33  je 0x0000000000000089
;;    39  cmp $6,%esi
;;    3c  je 0x0000000000000075
;;    42  cmp $7,%esi
;;    45  je 0x0000000000000063
;;    4b  mov -4(%rdi),%eax
;;    4e  sub $8,%esi
;;    51  call 0x0000000000000056
;;    56  test %eax,%eax
;;    58  sete %al
;;    5b  movzbl %al,%eax
;;    5e  jmp 0x0000000000000068
;;    63  mov $1,%eax
;;    68  test %eax,%eax
;;    6a  sete %dl
;;    6d  movzbl %dl,%eax
;;    70  jmp 0x000000000000007A
;;    75  mov $1,%eax
;;    7a  test %eax,%eax
;;    7c  sete %sil
;;    80  movzbl %sil,%eax
;;    84  jmp 0x000000000000008E
;;    89  mov $1,%eax
;;    8e  test %eax,%eax
;;    90  sete %r8b
;;    94  movzbl %r8b,%eax
;;    98  jmp 0x00000000000000A2
;;    9d  mov $1,%eax
;;    a2  test %eax,%eax
;;    a4  sete %r11b
;;    a8  movzbl %r11b,%eax
;;    ac  jmp 0x00000000000000B6
;;    b1  mov $1,%eax
;;    b6  test %eax,%eax
;;    b8  sete %al
;;    bb  movzbl %al,%esi
;;    bf  jmp 0x00000000000000C9
;;    c4  mov $1,%esi
;;    c9  test %esi,%esi
;;    cb  sete %al
;;    ce  movzbl %al,%eax
;;    d1  jmp 0x00000000000000DB
;;    d6  mov $1,%eax
;;    db  test %eax,%eax
;;    dd  sete %al
;;    e0  movzbl %al,%eax
;;    e3  mov %rbp,%rsp
;;    e6  pop %rbp
;;    e7  ret
;;    e8  mov $1,%eax
;;    ed  mov %rbp,%rsp
;;    f0  pop %rbp
;;    f1  ret
;;
;; function 2 `odd`
;;
;;
;; function 3 `sum`
;; | function u0:3(i64, i32, i32) -> i32 tail {
;; |     sig0 = (i64, i32, i32) -> i32 tail
;; |     fn0 = colocated u0:3 sig0
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; | @007f                               v5 = iconst.i32 0
;; | @007f                               v6 = icmp eq v1, v5  ; v5 = 0
;; | @007f                               v7 = uextend.i32 v6
;; | @0080                               brif v7, block3, block4
;; |
;; |                                 block3:
;; | @0084                               return v2
;; |
;; |                                 block4:
;; | @0085                               jump block2
;; |
;; |                                 block2:
;; | @0088                               v4 = load.i32 user11 aligned v0-4
;; | @0088                               v8 = iconst.i32 1
;; | @008a                               v9 = isub.i32 v1, v8  ; v8 = 1
;; | @008f                               v10 = iadd.i32 v1, v2
;; | @0090                               return_call fn0(v0, v9, v10)
;; | }
;;
;;     0  test %esi,%esi
;;     2  mov %rsi,%rax
;;     5  je 0x0000000000000020
;;     b  mov -4(%rdi),%r11d
;;     f  mov %rax,%rsi
;;    12  sub $1,%esi
;;    15  add %eax,%edx
;;    17  nopl (%rax)
;;    1b  jmp 0x0000000000000020
;;    20  mov %rdx,%rax
;;    23  ret
;;    24  int3
;;    25  int3
;;    26  int3
;;    27  int3
