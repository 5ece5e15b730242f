;; Legacy exceptions: try, catch, catch_all, delegate, rethrow. Written from the text of the proposal's legacy form.

(module $other
  (tag $a (export "a") (param i32))
  (tag $b (export "b"))
  (func (export "throw a") (param i32) (throw $a (local.get 0)))
  (func (export "throw b") (throw $b)))
(register "other")

;; What is caught, and in which order clauses are asked.
(module
  (import "other" "a" (tag $a (param i32)))
  (import "other" "a" (tag $a2 (param i32)))
  (import "other" "b" (tag $b))
  (import "other" "throw a" (func $throw_a (param i32)))
  (import "other" "throw b" (func $throw_b))
  (tag $e0)
  (tag $e1)
  (tag $i (param i32))
  (tag $l (param i64))
  (tag $f (param f32))
  (tag $d (param f64))
  (tag $pair (param i32 i64))

  (func $throw_if (param i32) (if (local.get 0) (then (throw $e0))))
  (func $throw_i (param i32) (throw $i (local.get 0)))
  (func $throw_one (param i32)
    (block $3 (block $2 (block $1 (block $0
            (br_table $0 $1 $2 $3 (local.get 0)))
          (throw $e0))
        (throw $e1))
      (throw $i (i32.const 7)))
  )

  (func (export "empty") try end)
  (func (export "no clause") (result i32)
    try (result i32) try (result i32) throw $e0 end catch $e0 i32.const 3 end)
  (func (export "simple") (param i32) (result i32)
    try (result i32)
      (call $throw_if (local.get 0)) (i32.const 10)
    catch $e0 (i32.const 20)
    end)
  (func (export "local throw") (result i32)
    try (result i32)
      (throw $e0)
    catch $e0 (i32.const 21)
    end)
  (func (export "which") (param i32) (result i32)
    try (result i32)
      (call $throw_one (local.get 0)) (i32.const 100)
    catch $e0 (i32.const 1)
    catch $e1 (i32.const 2)
    catch_all (i32.const 3)
    end)
  (func (export "which, locally") (param i32) (result i32)
    try (result i32)
      (if (i32.eqz (local.get 0)) (then (throw $e0)))
      (if (i32.eq (local.get 0) (i32.const 1)) (then (throw $e1)))
      (if (i32.eq (local.get 0) (i32.const 2)) (then (throw $i (i32.const 5))))
      (i32.const 100)
    catch $e0 (i32.const 1)
    catch $i
    catch_all (i32.const 3)
    end)
  (func (export "first of two") (result i32)
    try (result i32)
      (call $throw_one (i32.const 0)) (i32.const 0)
    catch $e0 (i32.const 1)
    catch $e0 (i32.const 2)
    end)
  (func (export "one tag by two names") (result i32)
    try (result i32)
      (call $throw_a (i32.const 9)) (i32.const 0)
    catch $a2
    catch $a (drop) (i32.const -1)
    end)
  (func (export "one tag by two names, locally") (result i32)
    try (result i32)
      (throw $a (i32.const 8))
    catch $b (i32.const -2)
    catch $a2
    catch $a (drop) (i32.const -1)
    end)
  (func (export "not mine") (result i32)
    try (result i32)
      try (result i32)
        (call $throw_b) (i32.const 0)
      catch $e0 (i32.const 1)
      catch $i
      end
    catch $b (i32.const 4)
    end)
  (func (export "inner first") (result i32)
    try (result i32)
      try (result i32)
        (call $throw_i (i32.const 6))  (i32.const 0)
      catch $i (i32.const 1) (i32.add)
      end
    catch $i (drop) (i32.const 2)
    end)
  (func (export "inner catches another") (result i32)
    try (result i32)
      try (result i32)
        (call $throw_i (i32.const 6))  (i32.const 0)
      catch $e0 (i32.const 1)
      end
    catch $i (i32.const 100) (i32.add)
    end)
  (func (export "throw in a clause") (result i32)
    try (result i32)
      try (result i32)
        (throw $e0)
      catch $e0 (call $throw_one (i32.const 1)) (i32.const 5)
      catch $e1 (i32.const 6)
      end
    catch $e1 (i32.const 7)
    end)
  (func (export "try in a clause") (result i32)
    try (result i32)
      (throw $e0)
    catch $e0 try (result i32)
        (call $throw_i (i32.const 30)) (i32.const 0)
      catch $i (i32.const 1) (i32.add)
      end
    catch $i
    end)

  ;; Values.
  (func (export "i32") (param i32) (result i32) try (result i32)
      (throw $i (local.get 0))
    catch $i
    end)
  (func (export "i64") (param i64) (result i64) try (result i64)
      (throw $l (local.get 0))
    catch $l
    end)
  (func (export "f32") (param f32) (result f32) try (result f32)
      (throw $f (local.get 0))
    catch $f
    end)
  (func (export "f64") (param f64) (result f64) try (result f64)
      (throw $d (local.get 0))
    catch $d
    end)
  (func $throw_pair (param i32 i64) (throw $pair (local.get 0) (local.get 1)))
  (func (export "two values") (param i32 i64) (result i32 i64)
    try (result i32 i64)
      (call $throw_pair (local.get 0) (local.get 1)) (i32.const 0) (i64.const 0)
    catch $pair
    end)
  (func (export "parameters of try") (param i32) (result i32)
    (local.get 0)
    try (param i32) (result i32)
      call $throw_i
      i32.const 0
    catch $i
      i32.const 1000
      i32.add
    end)
  (func (export "values below") (result i32)
    (i32.const 1)
    (i32.const 10)
    try (result i32)
      i32.const 100
      call $throw_i
      i32.const 5
    catch $i
    end
    i32.add
    i32.add)

  ;; Locals: as they were when it was thrown.
  (func (export "locals") (param i32) (result i32) (local i32)
    try
      (local.set 1 (i32.const 1))
      (call $throw_if (i32.eq (local.get 0) (i32.const 1)))
      (local.set 1 (i32.const 2))
      (call $throw_if (i32.eq (local.get 0) (i32.const 2)))
      (local.set 1 (i32.const 3))
      (if (i32.eq (local.get 0) (i32.const 3)) (then (throw $e0)))
      (local.set 1 (i32.const 4))
    catch_all (local.set 1 (i32.mul (local.get 1) (i32.const 10)))
    end
    (local.get 1))

  ;; Branches and loops.
  (func (export "br out of try") (result i32)
    (block $out (result i32)
      try (result i32)
        (br $out (i32.const 1))
      catch_all (i32.const 2)
      end
      (i32.const 10) (i32.add)))
  (func (export "br to try") (result i32)
    try $t (result i32)
      (br $t (i32.const 1))
    catch_all (i32.const 2)
    end)
  (func (export "br out of catch") (result i32)
    (block $out (result i32)
      try (result i32)
        (throw $e0)
      catch $e0 (br $out (i32.const 1))
      catch_all (br $out (i32.const 3))
      end
      (i32.const 10) (i32.add)))
  (func (export "br to try from catch") (result i32)
    try $t (result i32)
      (throw $e0)
    catch $e0 (br $t (i32.const 11))
    end)
  (func (export "return from try") (result i32)
    try
      (return (i32.const 5))
    catch_all (return (i32.const 6))
    end (i32.const 7))
  (func (export "return from catch") (result i32)
    try
      (throw $e1)
    catch_all (return (i32.const 6))
    end (i32.const 7))
  (func (export "loop") (param i32) (result i32) (local i32)
    (loop $again
      try
        (call $throw_i (local.get 0))
      catch $i (local.set 1 (i32.add (local.get 1)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br_if $again (local.get 0))
      end)
    (local.get 1))
  (func (export "loop in try") (param i32) (result i32) (local i32)
    try (result i32)
      (loop $again
        (local.set 1 (i32.add (local.get 1) (i32.const 1)))
        (if (i32.eq (local.get 1) (local.get 0)) (then (throw $i (local.get 1))))
        (br $again))
      (unreachable)
    catch $i
    end)
  (func (export "unreachable code") (result i32)
    (block (result i32)
      (br 0 (i32.const 8))
      try (result i32)
        (throw $e0)
      catch $e0 try
          nop
        delegate 0 (i32.const 1)
      catch_all (rethrow 0)
      end))
  (func (export "clause of what never throws") (result i32)
    try (result i32)
      (i32.const 4)
    catch $i (i32.const 1) (i32.add)
    catch_all (i32.const 9)
    end)
  (func (export "trap passes") (param i32) (result i32)
    try (result i32)
      (i32.div_u (i32.const 1) (local.get 0))
    catch_all (i32.const 9)
    end)
  (func $recurse (call $recurse))
  (func (export "exhaustion passes") try
      (call $recurse)
    catch_all
    end)

  (func (export "uncaught") (param i32) (call $throw_one (local.get 0)))
  (func (export "uncaught in try") (param i32)
    try
      (call $throw_one (local.get 0))
    catch $e0
    end))

(assert_return (invoke "empty"))
(assert_return (invoke "no clause") (i32.const 3))
(assert_return (invoke "simple" (i32.const 0)) (i32.const 10))
(assert_return (invoke "simple" (i32.const 1)) (i32.const 20))
(assert_return (invoke "local throw") (i32.const 21))
(assert_return (invoke "which" (i32.const 0)) (i32.const 1))
(assert_return (invoke "which" (i32.const 1)) (i32.const 2))
(assert_return (invoke "which" (i32.const 2)) (i32.const 3))
(assert_return (invoke "which" (i32.const 3)) (i32.const 100))
(assert_return (invoke "which, locally" (i32.const 0)) (i32.const 1))
(assert_return (invoke "which, locally" (i32.const 1)) (i32.const 3))
(assert_return (invoke "which, locally" (i32.const 2)) (i32.const 5))
(assert_return (invoke "which, locally" (i32.const 3)) (i32.const 100))
(assert_return (invoke "first of two") (i32.const 1))
(assert_return (invoke "one tag by two names") (i32.const 9))
(assert_return (invoke "one tag by two names, locally") (i32.const 8))
(assert_return (invoke "not mine") (i32.const 4))
(assert_return (invoke "inner first") (i32.const 7))
(assert_return (invoke "inner catches another") (i32.const 106))
(assert_return (invoke "throw in a clause") (i32.const 7))
(assert_return (invoke "try in a clause") (i32.const 31))
(assert_return (invoke "i32" (i32.const -5)) (i32.const -5))
(assert_return (invoke "i64" (i64.const 0x123456789abcdef0)) (i64.const 0x123456789abcdef0))
(assert_return (invoke "f32" (f32.const -1.5)) (f32.const -1.5))
(assert_return (invoke "f64" (f64.const 1e300)) (f64.const 1e300))
(assert_return (invoke "two values" (i32.const 1) (i64.const -2)) (i32.const 1) (i64.const -2))
(assert_return (invoke "parameters of try" (i32.const 5)) (i32.const 1005))
(assert_return (invoke "values below") (i32.const 111))
(assert_return (invoke "locals" (i32.const 0)) (i32.const 4))
(assert_return (invoke "locals" (i32.const 1)) (i32.const 10))
(assert_return (invoke "locals" (i32.const 2)) (i32.const 20))
(assert_return (invoke "locals" (i32.const 3)) (i32.const 30))
(assert_return (invoke "br out of try") (i32.const 1))
(assert_return (invoke "br to try") (i32.const 1))
(assert_return (invoke "br out of catch") (i32.const 1))
(assert_return (invoke "br to try from catch") (i32.const 11))
(assert_return (invoke "return from try") (i32.const 5))
(assert_return (invoke "return from catch") (i32.const 6))
(assert_return (invoke "loop" (i32.const 100)) (i32.const 5050))
(assert_return (invoke "loop in try" (i32.const 12)) (i32.const 12))
(assert_return (invoke "unreachable code") (i32.const 8))
(assert_return (invoke "clause of what never throws") (i32.const 4))
(assert_return (invoke "trap passes" (i32.const 1)) (i32.const 1))
(assert_trap (invoke "trap passes" (i32.const 0)) "integer divide by zero")
(assert_exhaustion (invoke "exhaustion passes") "call stack exhausted")
(assert_exception (invoke "uncaught" (i32.const 0)))
(assert_exception (invoke "uncaught" (i32.const 2)))
(assert_return (invoke "uncaught" (i32.const 3)))
(assert_return (invoke "uncaught in try" (i32.const 0)))
(assert_exception (invoke "uncaught in try" (i32.const 1)))

;; Many values, of all types, vectors and references among them.
(module
  (tag $many (param i32 i64 f32 f64 v128 funcref externref i32 i64 v128 f32 f64 i32))
  (func $f)
  (elem declare func $f)
  (func $throw (param externref)
    (throw $many
      (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4) (v128.const i32x4 5 6 7 8) (ref.func $f) (local.get 0)
      (i32.const 9) (i64.const 10) (v128.const i64x2 11 12) (f32.const 13) (f64.const 14) (i32.const 15)))
  (func (export "many") (param externref)
    (result i32 i64 f32 f64 v128 funcref externref i32 i64 v128 f32 f64 i32)
    try (result i32 i64 f32 f64 v128 funcref externref i32 i64 v128 f32 f64 i32)
      (call $throw (local.get 0)) (unreachable)
    catch $many
    end)
  (func (export "many, again") (param externref)
    (result i32 i64 f32 f64 v128 funcref externref i32 i64 v128 f32 f64 i32)
    try (result i32 i64 f32 f64 v128 funcref externref i32 i64 v128 f32 f64 i32)
      try
        (call $throw (local.get 0))
      catch_all (rethrow 0)
      end (unreachable)
    catch $many
    end)
  ;; A vector with other lanes than those that values have by themselves.
  (tag $v (param v128))
  (func (export "lanes") (param v128) (result v128)
    try (result v128)
      (throw $v (i32x4.add (local.get 0) (local.get 0)))
    catch $v (f64x2.abs)
    end))
(assert_return (invoke "many" (ref.extern 4))
  (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4) (v128.const i32x4 5 6 7 8) (ref.func) (ref.extern 4)
  (i32.const 9) (i64.const 10) (v128.const i64x2 11 12) (f32.const 13) (f64.const 14) (i32.const 15))
(assert_return (invoke "many, again" (ref.extern 5))
  (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4) (v128.const i32x4 5 6 7 8) (ref.func) (ref.extern 5)
  (i32.const 9) (i64.const 10) (v128.const i64x2 11 12) (f32.const 13) (f64.const 14) (i32.const 15))
(assert_return (invoke "lanes" (v128.const i32x4 1 2 3 4)) (v128.const i32x4 2 4 6 8))

;; rethrow.
(module
  (tag $e0)
  (tag $e1)
  (tag $i (param i32))
  (func $throw_i (param i32) (throw $i (local.get 0)))
  (func $cleanup (export "cleanup") (param i32)
    try
      (call $throw_i (local.get 0))
    catch_all (rethrow 0)
    end)
  (func (export "again") (result i32)
    try (result i32)
      (call $cleanup (i32.const 4)) (i32.const 0)
    catch $i
    end)
  (func (export "again from catch") (result i32)
    try (result i32)
      try (result i32)
        (call $throw_i (i32.const 5)) (i32.const 0)
      catch $i (drop) (rethrow 0)
      end
    catch $i (i32.const 10) (i32.add)
    end)
  (func (export "thrown here") (result i32)
    try (result i32)
      try (result i32)
        (throw $i (i32.const 6))
      catch $i (drop) (rethrow 0)
      end
    catch $i (i32.const 10) (i32.add)
    end)
  ;; Which of the two that are caught is thrown again.
  (func (export "depth") (param i32) (result i32)
    try (result i32)
      try (result i32)
        (call $throw_i (i32.const 1)) (i32.const 0)
      catch $i (drop)
        try (result i32)
          (call $throw_i (i32.const 2)) (i32.const 0)
        catch $i (drop)
          (if (i32.eqz (local.get 0)) (then (rethrow 1)))
          (rethrow 1)
        end
      end
    catch $i
    end)
  (func (export "not by its own try") (result i32)
    try (result i32)
      try (result i32)
        (throw $e0)
      catch $e0 (rethrow 0)
      catch_all (i32.const 1)
      end
    catch_all (i32.const 2)
    end)
  (func (export "by a try in the clause") (result i32)
    try (result i32)
      (throw $e0)
    catch $e0 try (result i32)
        (rethrow 1)
      catch $e1 (i32.const 1)
      catch $e0 (i32.const 3)
      end
    end)
  (func (export "after another came and went") (result i32)
    try (result i32)
      try (result i32)
        (call $throw_i (i32.const 40)) (i32.const 0)
      catch $i (drop)
        try
          (call $throw_i (i32.const 50))
        catch $i (drop)
        end
        (rethrow 0)
      end
    catch $i
    end)
  (func (export "twice") (result i32)
    try (result i32)
      try (result i32)
        (call $throw_i (i32.const 60)) (i32.const 0)
      catch $i (drop)
        try
          (rethrow 1)
        catch $i (drop)
        end
        (rethrow 0)
      end
    catch $i
    end)
  (func (export "in a loop") (param i32) (result i32) (local i32)
    (loop $again
      try
        try
          (call $throw_i (local.get 0))
        catch_all (rethrow 0)
        end
      catch $i (local.set 1 (i32.add (local.get 1)))
      end
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1)))
(assert_return (invoke "again") (i32.const 4))
(assert_return (invoke "again from catch") (i32.const 15))
(assert_return (invoke "thrown here") (i32.const 16))
(assert_return (invoke "depth" (i32.const 0)) (i32.const 2))
(assert_return (invoke "depth" (i32.const 1)) (i32.const 1))
(assert_return (invoke "not by its own try") (i32.const 2))
(assert_return (invoke "by a try in the clause") (i32.const 3))
(assert_return (invoke "after another came and went") (i32.const 40))
(assert_return (invoke "twice") (i32.const 60))
(assert_return (invoke "in a loop" (i32.const 10)) (i32.const 55))
(assert_exception (invoke "cleanup" (i32.const 1)))

;; delegate.
(module
  (tag $e0)
  (tag $e1)
  (tag $i (param i32))
  (func $throw_i (param i32) (throw $i (local.get 0)))
  (func $throw_e (throw $e0))
  (func (export "to the outer try") (result i32)
    try (result i32)
      try (result i32)
        (call $throw_i (i32.const 1)) (i32.const 0)
      delegate 0
    catch $i
    end)
  (func (export "nothing thrown") (result i32)
    try (result i32)
      try (result i32)
        (i32.const 3)
      delegate 0
    catch_all (i32.const 1)
    end)
  (func (export "thrown here") (result i32)
    try (result i32)
      try (result i32)
        (throw $i (i32.const 2))
      delegate 0
    catch $i
    end)
  ;; The try between is passed over.
  (func (export "past one") (result i32)
    try (result i32)
      try (result i32)
        try (result i32)
          (call $throw_i (i32.const 3)) (i32.const 0)
        delegate 1
      catch $i (drop) (i32.const -1)
      catch_all (i32.const -2)
      end
    catch $i (i32.const 10) (i32.add)
    end)
  (func $to_caller (export "to the caller")
    try
      try
        (call $throw_e)
      delegate 1
    catch_all
    end)
  (func (export "to the caller, caught") (result i32)
    try (result i32)
      (call $to_caller) (i32.const 0)
    catch $e0 (i32.const 5)
    end)
  ;; A label that is no try's: as if it came up there.
  (func (export "to a block") (result i32)
    try (result i32)
      (block (result i32)
        try (result i32)
          try (result i32)
            (call $throw_e) (i32.const 0)
          delegate 1
        catch_all (i32.const -1)
        end)
    catch $e0 (i32.const 6)
    end)
  (func (export "to a loop") (result i32)
    try (result i32)
      (loop (result i32)
        try (result i32)
          try (result i32)
            (call $throw_e) (i32.const 0)
          delegate 1
        catch_all (i32.const -1)
        end)
    catch $e0 (i32.const 7)
    end)
  ;; The clauses of a try do not catch what comes up in one of them.
  (func (export "to a try from its clause") (result i32)
    try (result i32)
      try (result i32)
        (throw $e0)
      catch $e0 try (result i32)
          (call $throw_i (i32.const 8)) (i32.const 0)
        delegate 0
      catch_all (i32.const -1)
      end
    catch $i
    end)
  (func (export "to a delegate") (result i32)
    try (result i32)
      try (result i32)
        try (result i32)
          try (result i32)
            (call $throw_i (i32.const 9)) (i32.const 0)
          delegate 0
        delegate 1
      catch_all (i32.const -1)
      end
    catch $i
    end)
  (func (export "rethrown in it") (result i32)
    try (result i32)
      try (result i32)
        (call $throw_i (i32.const 10)) (i32.const 0)
      catch $i (drop) try (result i32)
          (rethrow 1)
        delegate 0
      end
    catch $i (i32.const 1) (i32.add)
    end)
  (func (export "label of delegate") (result i32)
    try (result i32)
      try $l (result i32)
        (br $l (i32.const 12))
      delegate 0
    catch_all (i32.const -1)
    end)
  (func (export "not all of it") (param i32) (result i32)
    try (result i32)
      try (result i32)
        (if (local.get 0) (then (call $throw_e)))
        try (result i32)
          (call $throw_e) (i32.const 0)
        delegate 1
      catch $e0 (i32.const 1)
      end
    catch $e0 (i32.const 2)
    end)
  ;; Of parameters and results.
  (func (export "with values") (param i32) (result i32 i64)
    local.get 0
    try (param i32) (result i32 i64)
      try (param i32) (result i32 i64)
        call $throw_i
        i32.const 0
        i64.const 0
      delegate 0
    catch $i
      i64.const 13
    end))
(assert_return (invoke "to the outer try") (i32.const 1))
(assert_return (invoke "nothing thrown") (i32.const 3))
(assert_return (invoke "thrown here") (i32.const 2))
(assert_return (invoke "past one") (i32.const 13))
(assert_exception (invoke "to the caller"))
(assert_return (invoke "to the caller, caught") (i32.const 5))
(assert_return (invoke "to a block") (i32.const 6))
(assert_return (invoke "to a loop") (i32.const 7))
(assert_return (invoke "to a try from its clause") (i32.const 8))
(assert_return (invoke "to a delegate") (i32.const 9))
(assert_return (invoke "rethrown in it") (i32.const 11))
(assert_return (invoke "label of delegate") (i32.const 12))
(assert_return (invoke "not all of it" (i32.const 0)) (i32.const 2))
(assert_return (invoke "not all of it" (i32.const 1)) (i32.const 1))
(assert_return (invoke "with values" (i32.const 11)) (i32.const 11) (i64.const 13))

;; Calls of every kind, other instances, and both forms in one function.
(module
  (import "other" "a" (tag $a (param i32)))
  (import "other" "throw a" (func $throw_a (param i32)))
  (tag $own (param i32))
  (type $t (func (param i32)))
  (table funcref (elem $throw_own $throw_a $tail $tail_indirect))
  (func $throw_own (param i32) (throw $own (local.get 0)))
  (func $tail (param i32) (return_call $throw_own (i32.add (local.get 0) (i32.const 1))))
  (func $tail_indirect (param i32) (return_call_indirect (type $t) (local.get 0) (i32.const 1)))
  (func (export "indirect") (param i32) (result i32)
    try (result i32)
      (call_indirect (type $t) (i32.const 50) (local.get 0)) (i32.const 0)
    catch $own
    catch $a (i32.const 100) (i32.add)
    end)
  (func $tail_out (export "tail call out of a try") (param i32) (result i32)
    try
      (if (local.get 0) (then (return_call $through (local.get 0))))
    catch_all (return (i32.const -1))
    end
    (i32.const 1))
  (func $through (param i32) (result i32) (call $throw_own (local.get 0)) (i32.const 0))
  (func (export "tail call out of a try, caught") (result i32)
    try (result i32)
      (call $tail_out (i32.const 77))
    catch $own
    end)
  (func (export "both forms") (param i32) (result i32)
    try (result i32)
      (block $h (result i32)
        (try_table (catch $a $h)
          (call_indirect (type $t) (i32.const 60) (local.get 0)))
        (i32.const 0))
    catch $own (i32.const 1000) (i32.add)
    end)
  (func (export "both forms, the other way") (param i32) (result i32)
    (block $h (result i32)
      (try_table (result i32) (catch $own $h)
        try (result i32)
          (call_indirect (type $t) (i32.const 70) (local.get 0)) (i32.const 0)
        catch $a (i32.const 2000) (i32.add)
        end))))
(assert_return (invoke "indirect" (i32.const 0)) (i32.const 50))
(assert_return (invoke "indirect" (i32.const 1)) (i32.const 150))
(assert_return (invoke "indirect" (i32.const 2)) (i32.const 51))
(assert_return (invoke "indirect" (i32.const 3)) (i32.const 150))
(assert_trap (invoke "indirect" (i32.const 4)) "undefined element")
(assert_exception (invoke "tail call out of a try" (i32.const 1)))
(assert_return (invoke "tail call out of a try" (i32.const 0)) (i32.const 1))
(assert_return (invoke "tail call out of a try, caught") (i32.const 77))
(assert_return (invoke "both forms" (i32.const 0)) (i32.const 1060))
(assert_return (invoke "both forms" (i32.const 1)) (i32.const 60))
(assert_return (invoke "both forms, the other way" (i32.const 0)) (i32.const 70))
(assert_return (invoke "both forms, the other way" (i32.const 1)) (i32.const 2070))

;; An exception while an instance is made.
(module $start_caught
  (tag $e)
  (global $g (export "g") (mut i32) (i32.const 0))
  (func $start try
      (throw $e)
    catch_all (global.set $g (i32.const 1))
    end)
  (start $start))
(assert_return (get $start_caught "g") (i32.const 1))

;; What is not valid.
(assert_invalid (module (func (rethrow 0))) "invalid rethrow label")
(assert_invalid (module (func (block (rethrow 0)))) "invalid rethrow label")
(assert_invalid (module (func try
        (rethrow 0)
      catch_all
      end)) "invalid rethrow label")
(assert_invalid (module (func try
      catch 0
      end)) "unknown tag 0")
(assert_invalid (module (func try
      delegate 1)) "unknown label")
(assert_invalid (module (tag (param i32)) (func try
      catch 0
      end)) "type mismatch")
(assert_invalid (module (func (result i32) try (result i32)
        (i32.const 1)
      catch_all (i64.const 1)
      end)) "type mismatch")
