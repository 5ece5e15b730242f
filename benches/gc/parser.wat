;; Statements of a small language are parsed from an array of i8 by recursive descent into objects, and evaluated. Errors are exceptions: of syntax, with their place,
;; of arithmetic, and one that carries a result out of the depth of an evaluation. About one statement in five throws.
;; least 4 gives -8650300536921346556
;; small 20 gives -8464407517368801619
;; size 150000 gives -8152267635195734443
(module
  (type $bytes (array (mut i8)))
  (type $source (struct (field $bytes (ref $bytes)) (field $length i32) (field $place (mut i32))))
  (rec
    (type $expression (sub (struct (field $place i32))))
    (type $number (sub final $expression (struct (field $place i32) (field $value i64))))
    (type $variable (sub final $expression (struct (field $place i32) (field $name i32))))
    (type $negation (sub final $expression (struct (field $place i32) (field $operand (ref $expression)))))
    (type $binary (sub final $expression (struct (field $place i32) (field $operator i32) (field $left (ref $expression)) (field $right (ref $expression)))))
    (type $return (sub final $expression (struct (field $place i32) (field $operand (ref $expression))))))
  (type $message (sub final (struct (field $code i32) (field $place i32) (field $cause (ref null $expression)))))
  (type $longs (array (mut i64)))
  (type $frame (struct (field $variables (ref $longs)) (field $steps (mut i32))))

  (tag $syntax (param (ref $message)))
  (tag $arithmetic (param i32 (ref $message)))
  (tag $result (param i64))

  (global $state (mut i32) (i32.const 1))

  (func $random (result i32)
    (local $x i32)
    (local.set $x (global.get $state))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
    (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
    (global.set $state (local.get $x))
    (local.get $x))

  ;; Making the text.

  (func $write (param $bytes (ref $bytes)) (param $place i32) (param $byte i32) (result i32)
    (array.set $bytes (local.get $bytes) (local.get $place) (local.get $byte))
    (i32.add (local.get $place) (i32.const 1)))

  (func $write_expression (param $bytes (ref $bytes)) (param $place i32) (param $depth i32) (result i32)
    (local $what i32)
    (local.set $what (i32.and (call $random) (i32.const 127)))
    (if (i32.or (i32.eqz (local.get $depth)) (i32.lt_u (local.get $what) (i32.const 8)))
      (then
        ;; A name or a number, or rarely neither, which is an error.
        (if (i32.and (local.get $what) (i32.const 1))
          (then
            (local.set $what (call $random))
            (return (call $write (local.get $bytes) (local.get $place)
              (i32.add (i32.add (i32.const 97) (i32.and (local.get $what) (i32.const 7)))
                (i32.shl (i32.eqz (i32.and (local.get $what) (i32.const 1008))) (i32.const 3)))))))
        (if (i32.eq (local.get $what) (i32.const 64))
          (then (return (call $write (local.get $bytes) (local.get $place) (i32.const 33)))))
        (local.set $what (call $random))
        (loop $digits
          (local.set $place (call $write (local.get $bytes) (local.get $place) (i32.add (i32.const 48) (i32.rem_u (local.get $what) (i32.const 10)))))
          (local.set $what (i32.shr_u (local.get $what) (i32.const 8)))
          (br_if $digits (i32.and (local.get $what) (i32.const 3))))
        (return (local.get $place))))
    (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
    (if (i32.lt_u (local.get $what) (i32.const 24))
      (then
        (local.set $place (call $write (local.get $bytes) (local.get $place) (i32.const 45)))
        (return (call $write_expression (local.get $bytes) (local.get $place) (local.get $depth)))))
    (if (i32.lt_u (local.get $what) (i32.const 48))
      (then
        (local.set $place (call $write (local.get $bytes) (local.get $place) (i32.const 40)))
        (local.set $place (call $write_expression (local.get $bytes) (local.get $place) (local.get $depth)))
        (return (call $write (local.get $bytes) (local.get $place) (i32.const 41)))))
    (local.set $place (call $write_expression (local.get $bytes) (local.get $place) (local.get $depth)))
    (local.set $place (call $write (local.get $bytes) (local.get $place)
      ;; + - * and, not so often, / and ^, which returns from the statement.
      (block $operator (result i32)
        (drop (br_if $operator (i32.const 43) (i32.lt_u (local.get $what) (i32.const 72))))
        (drop (br_if $operator (i32.const 45) (i32.lt_u (local.get $what) (i32.const 96))))
        (drop (br_if $operator (i32.const 42) (i32.lt_u (local.get $what) (i32.const 121))))
        (drop (br_if $operator (i32.const 94) (i32.eq (local.get $what) (i32.const 122))))
        (i32.const 47))))
    (call $write_expression (local.get $bytes) (local.get $place) (local.get $depth)))

  ;; So many statements, each ended by a semicolon.
  (func $text (param $statements i32) (result (ref $source))
    (local $bytes (ref $bytes)) (local $more (ref $bytes)) (local $place i32)
    (local.set $bytes (array.new_default $bytes (i32.const 4096)))
    (loop $again
      (if (i32.gt_u (i32.add (local.get $place) (i32.const 2048)) (array.len (local.get $bytes)))
        (then
          (local.set $more (array.new_default $bytes (i32.shl (array.len (local.get $bytes)) (i32.const 1))))
          (array.copy $bytes $bytes (local.get $more) (i32.const 0) (local.get $bytes) (i32.const 0) (local.get $place))
          (local.set $bytes (local.get $more))))
      (local.set $place (call $write_expression (local.get $bytes) (local.get $place) (i32.and (i32.const 7) (i32.mul (local.get $statements) (i32.const 5)))))
      (local.set $place (call $write (local.get $bytes) (local.get $place) (i32.const 59)))
      (br_if $again (local.tee $statements (i32.sub (local.get $statements) (i32.const 1)))))
    (struct.new $source (local.get $bytes) (local.get $place) (i32.const 0)))

  ;; Parsing.

  (func $peek (param $source (ref $source)) (result i32)
    (if (i32.ge_u (struct.get $source $place (local.get $source)) (struct.get $source $length (local.get $source)))
      (then (throw $syntax (struct.new $message (i32.const 1) (struct.get $source $place (local.get $source)) (ref.null none)))))
    (array.get_u $bytes (struct.get $source $bytes (local.get $source)) (struct.get $source $place (local.get $source))))

  (func $advance (param $source (ref $source))
    (struct.set $source $place (local.get $source) (i32.add (struct.get $source $place (local.get $source)) (i32.const 1))))

  (func $number (param $source (ref $source)) (result (ref $expression))
    (local $place i32) (local $value i64) (local $digit i32)
    (local.set $place (struct.get $source $place (local.get $source)))
    (block $end
      (loop $again
        (local.set $digit (i32.sub (call $peek (local.get $source)) (i32.const 48)))
        (br_if $end (i32.gt_u (local.get $digit) (i32.const 9)))
        (local.set $value (i64.add (i64.mul (local.get $value) (i64.const 10)) (i64.extend_i32_u (local.get $digit))))
        (call $advance (local.get $source))
        (br $again)))
    (struct.new $number (local.get $place) (local.get $value)))

  (func $primary (param $source (ref $source)) (result (ref $expression))
    (local $byte i32) (local $place i32) (local $inner (ref $expression))
    (local.set $byte (call $peek (local.get $source)))
    (local.set $place (struct.get $source $place (local.get $source)))
    (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 48)) (i32.const 10))
      (then (return_call $number (local.get $source))))
    (call $advance (local.get $source))
    (if (i32.lt_u (i32.sub (local.get $byte) (i32.const 97)) (i32.const 26))
      (then (return (struct.new $variable (local.get $place) (i32.sub (local.get $byte) (i32.const 97))))))
    (if (i32.eq (local.get $byte) (i32.const 45))
      (then (return (struct.new $negation (local.get $place) (call $primary (local.get $source))))))
    (if (i32.eq (local.get $byte) (i32.const 40))
      (then
        (local.set $inner (call $expression (local.get $source)))
        (if (i32.ne (call $peek (local.get $source)) (i32.const 41))
          (then (throw $syntax (struct.new $message (i32.const 2) (struct.get $source $place (local.get $source)) (local.get $inner)))))
        (call $advance (local.get $source))
        (return (local.get $inner))))
    (throw $syntax (struct.new $message (i32.const 3) (local.get $place) (ref.null none))))

  (func $term (param $source (ref $source)) (result (ref $expression))
    (local $left (ref $expression)) (local $operator i32) (local $place i32)
    (local.set $left (call $primary (local.get $source)))
    (loop $again
      (local.set $operator (call $peek (local.get $source)))
      (if (i32.or (i32.eq (local.get $operator) (i32.const 42)) (i32.eq (local.get $operator) (i32.const 47)))
        (then
          (local.set $place (struct.get $source $place (local.get $source)))
          (call $advance (local.get $source))
          (local.set $left (struct.new $binary (local.get $place) (local.get $operator) (local.get $left) (call $primary (local.get $source))))
          (br $again)))
      (if (i32.eq (local.get $operator) (i32.const 94))
        (then
          (local.set $left (struct.new $return (struct.get $source $place (local.get $source)) (local.get $left)))
          (call $advance (local.get $source))
          (local.set $left (struct.new $binary (i32.const 0) (i32.const 43) (local.get $left) (call $primary (local.get $source))))
          (br $again))))
    (local.get $left))

  (func $expression (param $source (ref $source)) (result (ref $expression))
    (local $left (ref $expression)) (local $operator i32) (local $place i32)
    (local.set $left (call $term (local.get $source)))
    (loop $again
      (local.set $operator (call $peek (local.get $source)))
      (if (i32.or (i32.eq (local.get $operator) (i32.const 43)) (i32.eq (local.get $operator) (i32.const 45)))
        (then
          (local.set $place (struct.get $source $place (local.get $source)))
          (call $advance (local.get $source))
          (local.set $left (struct.new $binary (local.get $place) (local.get $operator) (local.get $left) (call $term (local.get $source))))
          (br $again))))
    (local.get $left))

  (func $statement (param $source (ref $source)) (result (ref $expression))
    (local $expression (ref $expression))
    (local.set $expression (call $expression (local.get $source)))
    (if (i32.ne (call $peek (local.get $source)) (i32.const 59))
      (then (throw $syntax (struct.new $message (i32.const 4) (struct.get $source $place (local.get $source)) (local.get $expression)))))
    (call $advance (local.get $source))
    (local.get $expression))

  ;; Evaluating.

  (func $evaluate (param $expression (ref $expression)) (param $frame (ref $frame)) (result i64)
    (local $binary (ref $binary)) (local $left i64) (local $right i64)
    (struct.set $frame $steps (local.get $frame) (i32.add (struct.get $frame $steps (local.get $frame)) (i32.const 1)))
    (block $number (result (ref $number))
      (block $variable (result (ref $variable))
        (block $negation (result (ref $negation))
          (block $return (result (ref $return))
            (br_on_cast $number (ref $expression) (ref $number) (local.get $expression))
            (br_on_cast $variable (ref $expression) (ref $variable))
            (br_on_cast $negation (ref $expression) (ref $negation))
            (br_on_cast $return (ref $expression) (ref $return))
            (local.set $binary (ref.cast (ref $binary)))
            (local.set $left (call $evaluate (struct.get $binary $left (local.get $binary)) (local.get $frame)))
            (local.set $right (call $evaluate (struct.get $binary $right (local.get $binary)) (local.get $frame)))
            (block $divide
              (block $multiply
                (block $subtract
                  (block $add
                    (br_table $multiply $add $multiply $subtract $multiply $divide
                      (i32.sub (struct.get $binary $operator (local.get $binary)) (i32.const 42))))
                  (return (i64.add (local.get $left) (local.get $right))))
                (return (i64.sub (local.get $left) (local.get $right))))
              (return (i64.mul (local.get $left) (local.get $right))))
            (if (i64.eqz (local.get $right))
              (then (throw $arithmetic (i32.const 5) (struct.new $message (i32.const 5) (struct.get $binary $place (local.get $binary)) (local.get $binary)))))
            (if (i64.eq (local.get $right) (i64.const -1))
              (then (return (i64.sub (i64.const 0) (local.get $left)))))
            (return (i64.div_s (local.get $left) (local.get $right))))
          (throw $result (call $evaluate (struct.get $return $operand) (local.get $frame))))
        (local.set $left (call $evaluate (struct.get $negation $operand) (local.get $frame)))
        (return (i64.sub (i64.const 0) (local.get $left))))
      (return (call $fetch (struct.get $variable $name) (local.get $expression) (local.get $frame))))
    (struct.get $number $value))

  ;; Names after `h` have no value.
  (func $fetch (param $name i32) (param $expression (ref $expression)) (param $frame (ref $frame)) (result i64)
    (if (i32.ge_u (local.get $name) (array.len (struct.get $frame $variables (local.get $frame))))
      (then (throw $arithmetic (i32.const 6) (struct.new $message (i32.const 6) (struct.get $expression $place (local.get $expression)) (local.get $expression)))))
    (array.get $longs (struct.get $frame $variables (local.get $frame)) (local.get $name)))

  ;; The value of the statement that comes next; errors of arithmetic are counted in the frame and thrown on.
  (func $attempt (param $source (ref $source)) (param $frame (ref $frame)) (result i64)
    (local $caught exnref) (local $message (ref $message))
    (block $failed (result i32 (ref $message) (ref exn))
      (block $returned (result i64)
        (return
          (try_table (result i64) (catch $result $returned) (catch_ref $arithmetic $failed)
            (call $evaluate (call $statement (local.get $source)) (local.get $frame)))))
      (return))
    (local.set $caught)
    (local.set $message)
    (struct.set $frame $steps (local.get $frame)
      (i32.add (struct.get $frame $steps (local.get $frame)) (struct.get $message $code (local.get $message))))
    drop
    (throw_ref (local.get $caught)))

  (func (export "run") (param $statements i32) (result i64)
    (local $source (ref $source)) (local $frame (ref $frame)) (local $digest i64) (local $index i32) (local $message (ref $message)) (local $round i32) (local $code i32)
    (global.set $state (i32.const 123456789))
    (local.set $source (call $text (local.get $statements)))
    (loop $rounds
      (local.set $frame (struct.new $frame (array.new $longs (i64.const 3) (i32.const 8)) (i32.const 0)))
      (struct.set $source $place (local.get $source) (i32.const 0))
      (local.set $index (i32.const 0))
      (loop $again
        (block $next
          (block $arithmetic (result i32 (ref $message))
            (block $syntax (result (ref $message))
              (local.set $digest (i64.add (i64.mul (local.get $digest) (i64.const 31))
                (try_table (result i64) (catch $arithmetic $arithmetic) (catch $syntax $syntax)
                  (call $attempt (local.get $source) (local.get $frame)))))
              (array.set $longs (struct.get $frame $variables (local.get $frame)) (i32.and (local.get $index) (i32.const 7)) (local.get $digest))
              (br $next))
            ;; Goes on after the next semicolon.
            (local.set $message)
            (struct.set $source $place (local.get $source) (struct.get $message $place (local.get $message)))
            (loop $skip
              (br_if $skip (i32.ne (call $peek (local.get $source)) (i32.const 59)) (call $advance (local.get $source))))
            (i32.const 7)
            (local.get $message))
          (local.set $message)
          (local.set $code)
          (local.set $digest (i64.xor (i64.rotl (local.get $digest) (i64.const 7))
            (i64.extend_i32_u (i32.add (i32.shl (local.get $code) (i32.const 20)) (struct.get $message $place (local.get $message)))))))
        (local.set $index (i32.add (local.get $index) (i32.const 1)))
        (br_if $again (i32.lt_u (struct.get $source $place (local.get $source)) (struct.get $source $length (local.get $source)))))
      (local.set $digest (i64.add (local.get $digest) (i64.extend_i32_u (struct.get $frame $steps (local.get $frame)))))
      (br_if $rounds (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (i32.const 3))))
    (i64.add (local.get $digest) (i64.extend_i32_u (local.get $index)))))
