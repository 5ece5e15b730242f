;; An instance whose instantiation fails after it has put a function into another's table (§4.7.2): what the function sees is the
;; memory without the data segments, which come after the element segments and were never reached.
(module $table
  (table (export "table") 4 funcref)
  (func (export "call") (param i32) (result i32)
    (call_indirect (result i32) (local.get 0))))
(register "table")
(assert_trap
  (module
    (import "table" "table" (table 4 funcref))
    (memory 1)
    (data (i32.const 0) "*")
    (func $first (result i32) (i32.load8_u (i32.const 0)))
    (elem (i32.const 0) $first)
    (elem (i32.const 9) $first))
  "out of bounds table access")
(assert_return (invoke $table "call" (i32.const 0)) (i32.const 0))

;; Where nothing fails the data are there.
(module
  (import "table" "table" (table 4 funcref))
  (memory 1)
  (data (i32.const 0) "*")
  (func $first (result i32) (i32.load8_u (i32.const 0)))
  (elem (i32.const 0) $first))
(assert_return (invoke $table "call" (i32.const 0)) (i32.const 42))
