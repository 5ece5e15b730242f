;; Compact import sections: imports that share a module's name (encoding 1), or that and a type (encoding 2).
(module
  (func (export "one") (result i32) (i32.const 1))
  (func (export "two") (result i32) (i32.const 2))
  (func (export "three") (result i32) (i32.const 3))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "") (result i32) (i32.const 4))
  (func (export "\e9\b6\b4") (result i32) (i32.const 5))
  (global (export "a") i32 (i32.const 10))
  (global (export "b") i32 (i32.const 20))
  (global (export "v") (mut i64) (i64.const 30))
  (memory (export "memory") 1 2)
  (data (i32.const 0) "*")
  (table (export "table") 3 funcref))
(register "m")

;; Encoding 1: each with its own type. Indices count through them as through imports written one by one.
(module
  (import "m"
    (item "add" (func $add (param i32 i32) (result i32)))
    (item "b" (global $b i32))
    (item "memory" (memory 1 2))
    (item "two" (func $two (result i32)))
    (item "table" (table $t 3 funcref))
    (item "v" (global $v (mut i64))))
  (elem (i32.const 1) func $two)
  (func (export "add") (result i32) (call $add (global.get $b) (call $two)))
  (func (export "load") (result i32) (i32.load8_u (i32.const 0)))
  (func (export "indirect") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
  (func (export "set") (global.set $v (i64.const 31)))
  (func (export "get") (result i64) (global.get $v)))
(assert_return (invoke "add") (i32.const 22))
(assert_return (invoke "load") (i32.const 42))
(assert_return (invoke "indirect" (i32.const 1)) (i32.const 2))
(assert_trap (invoke "indirect" (i32.const 0)) "uninitialized element")
(invoke "set")
(assert_return (invoke "get") (i64.const 31))

;; Encoding 2: all of one type; names may be empty or of any letters.
(module
  (import "m" (item "three") (item "one") (item "") (item "\e9\b6\b4") (func (result i32)))
  (import "m" (item "b") (item "a") (global i32))
  (func (export "call") (param i32) (result i32)
    (block (block (block (block (br_table 0 1 2 3 (local.get 0)))
      (return (call 0)))
      (return (call 1)))
      (return (call 2)))
    (call 3))
  (func (export "globals") (result i32) (i32.sub (global.get 0) (global.get 1))))
(assert_return (invoke "call" (i32.const 0)) (i32.const 3))
(assert_return (invoke "call" (i32.const 1)) (i32.const 1))
(assert_return (invoke "call" (i32.const 2)) (i32.const 4))
(assert_return (invoke "call" (i32.const 3)) (i32.const 5))
(assert_return (invoke "globals") (i32.const 10))

;; All of them in turn, and groups of none.
(module
  (import "m" "one" (func $one (result i32)))
  (import "m")
  (import "m" (item "two") (item "three") (func (result i32)))
  (import "spectest" (item "global_i32" (global $g i32)) (item "print" (func $print)))
  (import "m" (func (result i32)))
  (import "m" "add" (func $add (param i32 i32) (result i32)))
  (func (export "sum") (result i32)
    (call $print)
    (call $add (call $add (call $one) (call 1)) (call $add (call 2) (global.get $g)))))
(assert_return (invoke "sum") (i32.const 672))

;; The types of each are checked, and each is missed by its own name.
(assert_unlinkable
  (module (import "m" (item "one" (func (result i32))) (item "two" (func (result i64)))))
  "incompatible import type")
(assert_unlinkable
  (module (import "m" (item "one") (item "add") (func (result i32))))
  "incompatible import type")
(assert_unlinkable
  (module (import "m" (item "one") (item "ten") (func (result i32))))
  "unknown import")
(assert_unlinkable
  (module (import "m" (item "a" (global (mut i32)))))
  "incompatible import type")
(assert_invalid
  (module (import "m" (item "a") (item "b") (memory 1 0)))
  "size minimum must not be greater than maximum")
(assert_invalid
  (module binary "\00asm" "\01\00\00\00" "\02\0a\01" "\01m" "\00\7e" "\00\00" "\01\01a")
  "unknown type")

;; An empty name and then a byte that is no kind of import say which encoding follows. It must be whole, and one of the two.
(module binary "\00asm" "\01\00\00\00"
  "\02\05\01" "\00" "\00\7f" "\00")
(module binary "\00asm" "\01\00\00\00"
  "\02\09\01" "\01m" "\00\7e" "\03\7f\00" "\00")
(assert_malformed
  (module binary "\00asm" "\01\00\00\00" "\02\05\01" "\00" "\00\7d" "\00")
  "malformed import kind")
(assert_malformed
  (module binary "\00asm" "\01\00\00\00" "\02\05\01" "\00" "\00\7f" "\01")
  "unexpected end")
(assert_malformed
  (module binary "\00asm" "\01\00\00\00" "\02\07\01" "\00" "\00\7e" "\03\7f\00")
  "unexpected end")
(assert_malformed
  (module binary "\00asm" "\01\00\00\00" "\02\06\01" "\00" "\00\7f" "\00\00")
  "section size mismatch")
(assert_malformed
  (module binary "\00asm" "\01\00\00\00" "\02\0a\01" "\01m" "\00\7e" "\03\7f\00" "\01\01")
  "unexpected end")
(assert_malformed
  (module binary "\00asm" "\01\00\00\00" "\02\0b\01" "\01m" "\00\7e" "\03\7f\00" "\01\01\ff")
  "malformed UTF-8 encoding")
(assert_malformed
  (module quote "(import \"m\" (item \"a\" (func)) (item \"b\"))")
  "unexpected token")
