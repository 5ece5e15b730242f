;; with inlining
;; Frames of inlined functions, and elements of frames: each address is one instruction, from the frame of the function that is compiled.
(module
  (global $sp (mut i32) (i32.const 65536))
  (memory 1)
  ;; Called once.
  (func $inner (param i32) (result i32)
    (local $frame i32)
    (global.set $sp (local.tee $frame (i32.sub (global.get $sp) (i32.const 16))))
    (i32.store offset=12 (local.get $frame) (local.get 0))
    (local.set 0 (i32.load (i32.add (local.get $frame) (i32.and (local.get 0) (i32.const 12)))))
    (global.set $sp (i32.add (local.get $frame) (i32.const 16)))
    (local.get 0))
  (func (export "outer") (param i32) (result i32)
    (local $frame i32)
    (global.set $sp (local.tee $frame (i32.sub (global.get $sp) (i32.const 64))))
    (loop
      (i32.store (i32.add (i32.add (local.get $frame) (i32.const 8)) (local.get 0)) (call $inner (local.get 0)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 4)))))
    (global.set $sp (i32.add (local.get $frame) (i32.const 64)))
    (i32.load (local.get $frame))))

;; ==== generated code; BLESS=1 rewrites what follows ====
;;
;; function 0 `inner`
;;
;;
;; function 1
;; | function u0:1(i64, i32, i32) -> i32 tail {
;; |     region0 = 1610612736 "Global(GlobalIndex(0))"
;; |     region1 = 1073741824 "Memory(MemoryIndex(0))"
;; |
;; |                                 block0(v0: i64, v1: i32, v2: i32):
;; |                                     v4 = iconst.i32 0
;; | @0063                               v6 = iconst.i32 64
;; | @0066                               v7 = isub v2, v6  ; v6 = 64
;; |                                     v9 -> v7
;; | @0069                               store notrap aligned region0 v7, v0+64
;; | @006b                               jump block5(v1, v7)
;; |
;; |                                 block5(v42: i32, v43: i32):
;; | @006b                               v8 = load.i32 user11 aligned v0-4
;; | @006b                               v44 = iconst.i32 -4
;; | @006b                               v45 = iadd v42, v44  ; v44 = -4
;; | @006b                               v46 = iconst.i32 0
;; | @006b                               v47 = isub v45, v46  ; v46 = 0
;; | @006b                               v48 = iconst.i32 2
;; | @006b                               v49 = rotr v47, v48  ; v48 = 2
;; | @006b                               v50 = iconst.i32 1129
;; | @006b                               v51 = icmp ult v49, v50  ; v50 = 1129
;; | @006b                               v52 = iconst.i32 -4516
;; | @006b                               v53 = iadd v42, v52  ; v52 = -4516
;; | @006b                               v54 = select v51, v46, v53  ; v46 = 0
;; | @006b                               jump block2(v42, v43)
;; |
;; |                                 block2(v12: i32, v16: i32):
;; | @006f                               v10 = iconst.i32 8
;; | @0071                               v11 = iadd.i32 v9, v10  ; v10 = 8
;; | @0074                               v13 = iadd v11, v12
;; | @0077                               v15 = iconst.i32 0
;; | @80000001                           v17 = iconst.i32 16
;; | @80000002                           v18 = isub v16, v17  ; v17 = 16
;; | @80000004                           store notrap aligned region0 v18, v0+64
;; | @80000007                           v19 = load.i64 notrap aligned readonly can_move v0+48
;; | @80000007                           v20 = uextend.i64 v18
;; | @80000007                           v21 = iadd v19, v20
;; | @80000007                           store user2 little region1 v12, v21+12
;; | @8000000a                           v22 = iconst.i32 12
;; | @8000000b                           v23 = band v12, v22  ; v22 = 12
;; | @8000000c                           v24 = iadd v18, v23
;; | @8000000d                           v25 = load.i64 notrap aligned readonly can_move v0+48
;; | @8000000d                           v26 = uextend.i64 v24
;; | @8000000d                           v27 = iadd v25, v26
;; | @8000000d                           v28 = load.i32 user2 little region1 v27
;; | @80000010                           v29 = iconst.i32 16
;; | @80000011                           v30 = iadd v18, v29  ; v29 = 16
;; | @80000012                           store notrap aligned region0 v30, v0+64
;; | @0079                               v31 = load.i64 notrap aligned readonly can_move v0+48
;; | @0079                               v32 = uextend.i64 v13
;; | @0079                               v33 = iadd v31, v32
;; | @0079                               store user2 little region1 v28, v33
;; | @007e                               v34 = iconst.i32 4
;; | @0080                               v35 = isub v12, v34  ; v34 = 4
;; | @0083                               v55 = icmp ne v35, v54
;; | @0083                               brif v55, block2(v35, v30), block6
;; |
;; |                                 block6:
;; | @0083                               brif.i32 v35, block5(v35, v30), block4
;; |
;; |                                 block4:
;; | @0088                               v36 = iconst.i32 64
;; | @008b                               v37 = iadd.i32 v9, v36  ; v36 = 64
;; | @008c                               store notrap aligned region0 v37, v0+64
;; | @0090                               v38 = load.i64 notrap aligned readonly can_move v0+48
;; | @0090                               v39 = uextend.i64 v9
;; | @0090                               v40 = iadd v38, v39
;; | @0090                               v41 = load.i32 user2 little region1 v40
;; | @0093                               jump block1(v41)
;; |
;; |                                 block1(v3: i32):
;; | @0093                               return v3
;; | }
;;
;;     0  push %rbp
;;     1  mov %rsp,%rbp
;;     4  sub $0x40,%edx
;;     7  mov %edx,0x40(%rdi)
;;     a  mov 0x30(%rdi),%rax
;;     e  mov %rdx,%r11
;;    11  mov -4(%rax),%ecx
;;    14  lea -4(%rsi),%r8d
;;    18  ror $2,%r8d
;;    1c  lea -0x11A4(%rsi),%ecx
;;    22  cmp $0x469,%r8d
;;    29  cmovb 0x80,%ecx
;;    30  mov %r11,%r8
;;    33  sub $0x10,%r8d
;;    37  mov %r8d,0x40(%rdi)
;;    3b  mov %esi,0xC(%rax,%r8)
;;    40  mov %rsi,%r9
;;    43  and $0xC,%r9d
;;    47  add %r9d,%r8d
;;    4a  mov (%rax,%r8),%r8d
;;    4e  mov %r11d,0x40(%rdi)
;;    52  lea 8(%rdx,%rsi),%r9d
;;    57  mov %r8d,(%rax,%r9)
;;    5b  sub $4,%esi
;;    5e  cmp %ecx,%esi
;;    60  jne 0x0000000000000030
;;    66  test %esi,%esi
;;    68  jne 0x0000000000000011
;;    6e  lea 0x40(%rdx),%ecx
;;    71  mov %ecx,0x40(%rdi)
;;    74  mov (%rax,%rdx),%eax
;;    77  mov %rbp,%rsp
;;    7a  pop %rbp
;;    7b  ret
;;    80  00 00 00 00 00 00 00 00
