;; About 100 MB that stay alive while more is allocated in small steps: for pauses. `grow` makes the table of so many records, `run` does one step of so many,
;; each of which makes a few short-lived objects and replaces one old record.
(module
  (type $bytes (array (mut i8)))
  (rec
    (type $record (sub final (struct
      (field $number i32) (field $text (ref $bytes)) (field $other (mut (ref null $record))) (field $next (mut (ref null $record))))))
    (type $records (array (mut (ref null $record)))))
  (type $chunks (array (mut (ref null $records))))
  (type $pair (struct (field $x i32) (field $y (ref null $record))))

  (global $state (mut i32) (i32.const 1))
  (global $none (ref $chunks) (array.new_default $chunks (i32.const 0)))
  ;; Of 1024 each: no object is large.
  (global $chunks (mut (ref $chunks)) (global.get $none))

  (func $random (result i32)
    (local $x i32)
    (local.set $x (global.get $state))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
    (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
    (global.set $state (local.get $x))
    (local.get $x))

  (func $record (param $number i32) (param $other (ref null $record)) (result (ref $record))
    (struct.new $record (local.get $number) (array.new $bytes (local.get $number) (i32.const 24)) (local.get $other) (ref.null none)))

  (func $get (param $place i32) (result (ref null $record))
    (array.get $records
      (array.get $chunks (global.get $chunks) (i32.shr_u (local.get $place) (i32.const 10)))
      (i32.and (local.get $place) (i32.const 1023))))

  (func $set (param $place i32) (param $record (ref $record))
    (array.set $records
      (array.get $chunks (global.get $chunks) (i32.shr_u (local.get $place) (i32.const 10)))
      (i32.and (local.get $place) (i32.const 1023))
      (local.get $record)))

  (func $count (result i32)
    (i32.shl (array.len (global.get $chunks)) (i32.const 10)))

  ;; So many times 1024 records, in place of those there are.
  (func (export "grow") (param $chunks i32) (result i32)
    (local $place i32)
    (global.set $state (i32.const 36243606))
    (global.set $chunks (global.get $none))
    (global.set $chunks (array.new_default $chunks (local.get $chunks)))
    (loop $again
      (if (i32.eqz (i32.and (local.get $place) (i32.const 1023)))
        (then (array.set $chunks (global.get $chunks) (i32.shr_u (local.get $place) (i32.const 10)) (array.new_default $records (i32.const 1024)))))
      (call $set (local.get $place)
        (call $record (local.get $place)
          (if (result (ref null $record)) (local.get $place)
            (then (call $get (i32.rem_u (call $random) (local.get $place))))
            (else (ref.null none)))))
      (br_if $again (i32.lt_u (local.tee $place (i32.add (local.get $place) (i32.const 1))) (call $count))))
    (call $count))

  (func (export "run") (param $steps i32) (result i32)
    (local $sum i32) (local $pair (ref $pair)) (local $place i32) (local $old (ref $record)) (local $new (ref $record))
    (loop $again
      (local.set $place (i32.rem_u (call $random) (call $count)))
      (local.set $old (ref.as_non_null (call $get (local.get $place))))
      (local.set $pair (struct.new $pair (local.get $place) (local.get $old)))
      (local.set $pair (struct.new $pair (i32.add (struct.get $pair $x (local.get $pair)) (i32.const 1)) (struct.get $pair $y (local.get $pair))))
      (local.set $new (call $record (struct.get $pair $x (local.get $pair)) (call $get (i32.rem_u (call $random) (call $count)))))
      ;; The old one stays reachable for one more step, from a random place.
      (struct.set $record $next (call $get (i32.rem_u (call $random) (call $count))) (local.get $new))
      (struct.set $record $other (local.get $old) (ref.null none))
      (struct.set $record $next (local.get $old) (ref.null none))
      (call $set (local.get $place) (local.get $new))
      (local.set $sum (i32.add (local.get $sum) (array.get_u $bytes (struct.get $record $text (local.get $old)) (i32.const 3))))
      (br_if $again (local.tee $steps (i32.sub (local.get $steps) (i32.const 1)))))
    (local.get $sum)))
