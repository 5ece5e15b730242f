;; Relaxed operators in the deterministic profile (WebAssembly 3.0 §4.3.6: every parameter is 0), each where another choice shows.
(module
  (func (export "swizzle") (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1)))
  (func (export "trunc_f32x4_s") (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))
  (func (export "trunc_f32x4_u") (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_u (local.get 0)))
  (func (export "trunc_f64x2_s") (param v128) (result v128) (i32x4.relaxed_trunc_f64x2_s_zero (local.get 0)))
  (func (export "trunc_f64x2_u") (param v128) (result v128) (i32x4.relaxed_trunc_f64x2_u_zero (local.get 0)))
  (func (export "madd32") (param v128 v128 v128) (result v128)
    (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "nmadd32") (param v128 v128 v128) (result v128)
    (f32x4.relaxed_nmadd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "madd64") (param v128 v128 v128) (result v128)
    (f64x2.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "nmadd64") (param v128 v128 v128) (result v128)
    (f64x2.relaxed_nmadd (local.get 0) (local.get 1) (local.get 2)))
  (func (export "laneselect8") (param v128 v128 v128) (result v128)
    (i8x16.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "laneselect16") (param v128 v128 v128) (result v128)
    (i16x8.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "laneselect32") (param v128 v128 v128) (result v128)
    (i32x4.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "laneselect64") (param v128 v128 v128) (result v128)
    (i64x2.relaxed_laneselect (local.get 0) (local.get 1) (local.get 2)))
  (func (export "min32") (param v128 v128) (result v128) (f32x4.relaxed_min (local.get 0) (local.get 1)))
  (func (export "max32") (param v128 v128) (result v128) (f32x4.relaxed_max (local.get 0) (local.get 1)))
  (func (export "min64") (param v128 v128) (result v128) (f64x2.relaxed_min (local.get 0) (local.get 1)))
  (func (export "max64") (param v128 v128) (result v128) (f64x2.relaxed_max (local.get 0) (local.get 1)))
  (func (export "q15mulr") (param v128 v128) (result v128) (i16x8.relaxed_q15mulr_s (local.get 0) (local.get 1)))
  (func (export "dot") (param v128 v128) (result v128) (i16x8.relaxed_dot_i8x16_i7x16_s (local.get 0) (local.get 1)))
  (func (export "dot_add") (param v128 v128 v128) (result v128)
    (i32x4.relaxed_dot_i8x16_i7x16_add_s (local.get 0) (local.get 1) (local.get 2))))

;; An index from 16 on selects nothing.
(assert_return
  (invoke "swizzle" (v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
    (v128.const i8x16 15 16 17 127 128 255 0 1 2 3 4 5 6 7 8 31))
  (v128.const i8x16 16 0 0 0 0 0 1 2 3 4 5 6 7 8 9 0))

;; Truncation saturates.
(assert_return (invoke "trunc_f32x4_s" (v128.const f32x4 2147483648 -2147483904 nan 1e30))
  (v128.const i32x4 2147483647 -2147483648 0 2147483647))
(assert_return (invoke "trunc_f32x4_u" (v128.const f32x4 4294967296 -1 nan 1e30)) (v128.const i32x4 -1 0 0 -1))
(assert_return (invoke "trunc_f64x2_s" (v128.const f64x2 2147483648 nan)) (v128.const i32x4 2147483647 0 0 0))
(assert_return (invoke "trunc_f64x2_u" (v128.const f64x2 4294967296 nan)) (v128.const i32x4 -1 0 0 0))

;; The product is rounded: (1 + 2^-12)² - (1 + 2^-11) is 2^-24 where it is not; and it overflows where the sum would not.
(assert_return
  (invoke "madd32" (v128.const f32x4 0x1.001p0 0x1.001p0 0x1.fffffep127 2) (v128.const f32x4 0x1.001p0 0x1.001p0 2 3)
    (v128.const f32x4 -0x1.002p0 0 -0x1.fffffep127 4))
  (v128.const f32x4 0 0x1.002p0 inf 10))
(assert_return
  (invoke "nmadd32" (v128.const f32x4 0x1.001p0 0x1.001p0 0x1.fffffep127 2) (v128.const f32x4 0x1.001p0 0x1.001p0 2 3)
    (v128.const f32x4 0x1.002p0 0 0x1.fffffep127 4))
  (v128.const f32x4 0 -0x1.002p0 -inf -2))
(assert_return
  (invoke "madd64" (v128.const f64x2 0x1.0000001p0 0x1.fffffffffffffp1023) (v128.const f64x2 0x1.0000001p0 2)
    (v128.const f64x2 -0x1.0000002p0 -0x1.fffffffffffffp1023))
  (v128.const f64x2 0 inf))
(assert_return
  (invoke "nmadd64" (v128.const f64x2 0x1.0000001p0 0x1.fffffffffffffp1023) (v128.const f64x2 0x1.0000001p0 2)
    (v128.const f64x2 0x1.0000002p0 0x1.fffffffffffffp1023))
  (v128.const f64x2 0 -inf))

;; Each bit of the mask selects one bit.
(assert_return
  (invoke "laneselect8" (v128.const i32x4 -1 -1 -1 -1) (v128.const i32x4 0 0 0 0)
    (v128.const i32x4 0x80017fff 1 0x00ff00ff 0x80000000))
  (v128.const i32x4 0x80017fff 1 0x00ff00ff 0x80000000))
(assert_return
  (invoke "laneselect16" (v128.const i32x4 -1 -1 -1 -1) (v128.const i32x4 0 0 0 0)
    (v128.const i32x4 0x80017fff 1 0x00ff00ff 0x80000000))
  (v128.const i32x4 0x80017fff 1 0x00ff00ff 0x80000000))
(assert_return
  (invoke "laneselect32" (v128.const i32x4 -1 -1 -1 -1) (v128.const i32x4 0 0 0 0)
    (v128.const i32x4 0x80017fff 1 0x00ff00ff 0x80000000))
  (v128.const i32x4 0x80017fff 1 0x00ff00ff 0x80000000))
(assert_return
  (invoke "laneselect64" (v128.const i32x4 -1 -1 -1 -1) (v128.const i32x4 0 0 0 0)
    (v128.const i32x4 0x80017fff 1 0x00ff00ff 0x80000000))
  (v128.const i32x4 0x80017fff 1 0x00ff00ff 0x80000000))

;; Minimum and maximum are NaN where an operand is, and know -0 from 0.
(assert_return (invoke "min32" (v128.const f32x4 nan 1 0 -0) (v128.const f32x4 1 nan -0 0))
  (v128.const f32x4 nan:canonical nan:canonical -0 -0))
(assert_return (invoke "max32" (v128.const f32x4 nan 1 0 -0) (v128.const f32x4 1 nan -0 0))
  (v128.const f32x4 nan:canonical nan:canonical 0 0))
(assert_return (invoke "min64" (v128.const f64x2 nan 0) (v128.const f64x2 1 -0)) (v128.const f64x2 nan:canonical -0))
(assert_return (invoke "min64" (v128.const f64x2 1 -0) (v128.const f64x2 nan 0)) (v128.const f64x2 nan:canonical -0))
(assert_return (invoke "max64" (v128.const f64x2 nan -0) (v128.const f64x2 1 0)) (v128.const f64x2 nan:canonical 0))
(assert_return (invoke "max64" (v128.const f64x2 1 0) (v128.const f64x2 nan -0)) (v128.const f64x2 nan:canonical 0))

;; -1 · -1 saturates.
(assert_return
  (invoke "q15mulr" (v128.const i16x8 -32768 16384 1 0 0 0 0 0) (v128.const i16x8 -32768 2 1 0 0 0 0 0))
  (v128.const i16x8 32767 1 0 0 0 0 0 0))

;; Both operands are signed, and sums of two products saturate.
(assert_return
  (invoke "dot" (v128.const i8x16 -128 -128 -128 -128 127 127 1 2 3 4 5 6 7 8 9 10)
    (v128.const i8x16 -128 -128 -127 -127 -128 -128 1 2 3 4 5 6 7 8 9 10))
  (v128.const i16x8 32767 32512 -32512 5 25 61 113 181))
(assert_return
  (invoke "dot_add" (v128.const i8x16 -128 -128 -128 -128 1 2 3 4 -1 -2 -3 -4 0 0 0 100)
    (v128.const i8x16 -128 -128 -128 -128 1 2 3 -4 -1 -2 3 4 0 0 0 100) (v128.const i32x4 1 10 100 -10000))
  (v128.const i32x4 65535 8 80 0))
