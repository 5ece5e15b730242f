;; Indirect calls through tables whose entries are known: no comparison of contexts, and of types only where they differ; a direct call
;; where one function is left.
;; also: aarch64 riscv64
(module
  (type $t (func (param i32) (result i32)))
  (type $other (func (param i64) (result i64)))
  (func $a (param i32) (result i32) (local.get 0))
  (func $b (param i32) (result i32) (i32.const 1))
  (func $c (param i64) (result i64) (local.get 0))
  (table $mixed 4 4 funcref)
  (elem (table $mixed) (i32.const 1) func $a $b $c)
  (table $uniform 2 4 funcref)
  (elem (table $uniform) (i32.const 0) func $a $b)
  (func (export "mixed") (param i32 i32) (result i32)
    (i32.add (call_indirect $mixed (type $t) (local.get 0) (local.get 1)) (i32.const 1)))
  (func (export "uniform") (param i32 i32) (result i32)
    (return_call_indirect $uniform (type $t) (local.get 0) (local.get 1)))
  (func (export "only") (param i64 i32) (result i64)
    (i64.add (call_indirect $mixed (type $other) (local.get 0) (local.get 1)) (i64.const 1)))
  (func (export "constant") (param i32) (result i32)
    (i32.add (call_indirect $mixed (type $t) (local.get 0) (i32.const 2)) (i32.const 1))))
