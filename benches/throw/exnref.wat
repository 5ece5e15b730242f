;; What `side/boundary.rs` has for "throw and catch", for engines of other make: see `throw.mjs`.
(module
  (import "host" "pass" (func $pass (param i32) (result i32)))
  (tag $t (param i32))
  (func $plain (param i32 i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $thrower (export "thrower") (param i32 i32) (result i32) (throw $t (i32.add (local.get 0) (i32.const 1))))
  (func $down (param i32 i32) (result i32)
    (if (i32.eqz (local.get 1)) (then (return (i32.mul (call $thrower (local.get 0) (i32.const 0)) (i32.const 3)))))
    (i32.mul (call $down (local.get 0) (i32.sub (local.get 1) (i32.const 1))) (i32.const 3)))
  (func $through (param i32 i32) (result i32) (i32.mul (call $pass (local.get 0)) (i32.const 3)))
  (func $cleaning (param i32 i32) (result i32)
    (block $h (result exnref)
      (try_table (catch_all_ref $h)
        (if (i32.eqz (local.get 1)) (then (return (call $thrower (local.get 0) (i32.const 0)))))
        (return (i32.mul (call $cleaning (local.get 0) (i32.sub (local.get 1) (i32.const 1))) (i32.const 3))))
      (unreachable))
    (throw_ref))
  (func $within (param i32 i32) (result i32)
    (block $h (result i32) (try_table (catch $t $h) (throw $t (i32.add (local.get 0) (i32.const 1)))) (unreachable)))
  (func (export "nothing thrown") (param $n i32) (result i32) (local $x i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (loop $again
      (local.set $x
        (block $h (result i32) (try_table (result i32) (catch $t $h) (call $plain (local.get $x) (i32.const 0)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func (export "1 frame") (param $n i32) (result i32) (local $x i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (loop $again
      (local.set $x
        (block $h (result i32) (try_table (result i32) (catch $t $h) (call $thrower (local.get $x) (i32.const 0)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func (export "10 frames") (param $n i32) (result i32) (local $x i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (loop $again
      (local.set $x
        (block $h (result i32) (try_table (result i32) (catch $t $h) (call $down (local.get $x) (i32.const 8)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func (export "100 frames") (param $n i32) (result i32) (local $x i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (loop $again
      (local.set $x
        (block $h (result i32) (try_table (result i32) (catch $t $h) (call $down (local.get $x) (i32.const 98)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func (export "10 frames that clean up") (param $n i32) (result i32) (local $x i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (loop $again
      (local.set $x
        (block $h (result i32) (try_table (result i32) (catch $t $h) (call $cleaning (local.get $x) (i32.const 8)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func (export "within") (param $n i32) (result i32) (local $x i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (loop $again
      (local.set $x
        (block $h (result i32) (try_table (result i32) (catch $t $h) (call $within (local.get $x) (i32.const 0)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func (export "through a host function") (param $n i32) (result i32) (local $x i32)
    (if (i32.eqz (local.get $n)) (then (return (i32.const 0))))
    (loop $again
      (local.set $x
        (block $h (result i32) (try_table (result i32) (catch $t $h) (call $through (local.get $x) (i32.const 0)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x)))
