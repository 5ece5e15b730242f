;; Relaxed operators where every implementation must agree, and, where it need not, the results that it may choose between
;; (WebAssembly 3.0 §4.3.6, relaxed operations). The suite of the proposal has no assertion on truncation.
(module
  (func (export "trunc_f32x4_s") (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))
  (func (export "trunc_f32x4_u") (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_u (local.get 0)))
  (func (export "trunc_f64x2_s") (param v128) (result v128) (i32x4.relaxed_trunc_f64x2_s_zero (local.get 0)))
  (func (export "trunc_f64x2_u") (param v128) (result v128) (i32x4.relaxed_trunc_f64x2_u_zero (local.get 0)))
  (func (export "laneselect16") (param v128 v128 v128) (result v128)
    (i16x8.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "nmadd") (param v128 v128 v128) (result v128)
    (f32x4.relaxed_nmadd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "dot") (param v128 v128) (result v128) (i16x8.relaxed_dot_i8x16_i7x16_s (local.get 0) (local.get 1)))
  (func (export "dot_add") (param v128 v128 v128) (result v128)
    (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get 0) (local.get 1) (local.get 2))))

(assert_return (invoke "trunc_f32x4_s" (v128.const f32x4 1.9 -1.9 2147483520 -2147483648))
  (v128.const i32x4 1 -1 2147483520 -2147483648))
(assert_return (invoke "trunc_f32x4_s" (v128.const f32x4 2147483648 -2147483904 nan -nan))
  (either (v128.const i32x4 2147483647 -2147483648 0 0)
    (v128.const i32x4 -2147483648 -2147483648 -2147483648 -2147483648)))
(assert_return (invoke "trunc_f32x4_u" (v128.const f32x4 1.9 -0.9 2147483648 4294967040))
  (v128.const i32x4 1 0 0x80000000 0xffffff00))
(assert_return (invoke "trunc_f32x4_u" (v128.const f32x4 4294967296 -1 nan -inf))
  (either (v128.const i32x4 -1 0 0 0) (v128.const i32x4 -1 -1 -1 -1) (v128.const i32x4 -2 -2 -2 -2)
    (v128.const i32x4 0x80000000 0x80000000 0x80000000 0x80000000)))
(assert_return (invoke "trunc_f64x2_s" (v128.const f64x2 -2147483648.9 2147483647.9))
  (v128.const i32x4 -2147483648 2147483647 0 0))
(assert_return (invoke "trunc_f64x2_s" (v128.const f64x2 2147483648 nan))
  (either (v128.const i32x4 2147483647 0 0 0) (v128.const i32x4 -2147483648 -2147483648 0 0)))
(assert_return (invoke "trunc_f64x2_u" (v128.const f64x2 4294967295.9 -0.9)) (v128.const i32x4 -1 0 0 0))

;; The mask's highest bit, or each of its bits.
(assert_return
  (invoke "laneselect16" (v128.const i16x8 -1 -1 -1 -1 -1 -1 -1 -1) (v128.const i16x8 0 0 0 0 0 0 0 0)
    (v128.const i16x8 0x8000 0x0080 0x7fff 0x8080 0xffff 0 0x00ff 0xff00))
  (either (v128.const i16x8 -1 0 0 -1 -1 0 0 -1) (v128.const i16x8 0x8000 0x0080 0x7fff 0x8080 0xffff 0 0x00ff 0xff00)))

(assert_return (invoke "nmadd" (v128.const f32x4 2 -3 0 1) (v128.const f32x4 5 7 1 1) (v128.const f32x4 1 1 1 1))
  (v128.const f32x4 -9 22 1 0))

;; Sums of two products saturate, whichever sign the second operand has: 2 · -128 · -128 is 32768, 2 · -128 · 128 is -32768.
(assert_return
  (invoke "dot" (v128.const i8x16 -128 -128 127 127 -128 127 1 2 3 4 5 6 7 8 9 10)
    (v128.const i8x16 -128 -128 127 127 127 127 1 2 3 4 5 6 7 8 9 10))
  (either (v128.const i16x8 32767 32258 -127 5 25 61 113 181) (v128.const i16x8 -32768 32258 -127 5 25 61 113 181)))
(assert_return
  (invoke "dot_add" (v128.const i8x16 -128 -128 -128 -128 1 2 3 4 -1 -2 -3 -4 0 0 0 100)
    (v128.const i8x16 -128 -128 -128 -128 1 2 3 4 1 2 3 4 0 0 0 100) (v128.const i32x4 1 10 100 -10000))
  (either (v128.const i32x4 65535 40 70 0) (v128.const i32x4 -65535 40 70 0)))
