;; A hash map from strings (arrays of i8, whose hash is kept) to boxed numbers: insert, look up, delete, grow. Keys are made anew for each operation.
;; least 20 gives 1943129833277037277
;; small 200 gives 6032986559915873669
;; size 150000 gives -1495050609634739899
(module
  (type $bytes (array (mut i8)))
  (type $object (sub (struct (field $class i32))))
  (type $string (sub final $object (struct (field $class i32) (field $bytes (ref $bytes)) (field $hash (mut i32)))))
  (type $long (sub final $object (struct (field $class i32) (field $value i64))))
  (rec
    (type $entry (sub final $object (struct
      (field $class i32) (field $key (ref $object)) (field $hash i32) (field $value (mut (ref $object))) (field $next (mut (ref null $entry))))))
    (type $entries (array (mut (ref null $entry)))))
  (type $map (sub final $object (struct (field $class i32) (field $entries (mut (ref $entries))) (field $count (mut i32)))))

  (data $prefixes "com/example/item-user:object_")
  (global $state (mut i32) (i32.const 1))

  (func $random (result i32)
    (local $x i32)
    (local.set $x (global.get $state))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
    (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
    (global.set $state (local.get $x))
    (local.get $x))

  (func $string_of (param $bytes (ref $bytes)) (result (ref $string))
    (struct.new $string (i32.const 1) (local.get $bytes) (i32.const 0)))

  (func $decimal (param $number i32) (result (ref $string))
    (local $digits i32) (local $left i32) (local $bytes (ref $bytes))
    (local.set $left (local.get $number))
    (loop $count
      (local.set $digits (i32.add (local.get $digits) (i32.const 1)))
      (br_if $count (local.tee $left (i32.div_u (local.get $left) (i32.const 10)))))
    (local.set $bytes (array.new_default $bytes (local.get $digits)))
    (loop $write
      (local.set $digits (i32.sub (local.get $digits) (i32.const 1)))
      (array.set $bytes (local.get $bytes) (local.get $digits)
        (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
      (local.set $number (i32.div_u (local.get $number) (i32.const 10)))
      (br_if $write (local.get $digits)))
    (call $string_of (local.get $bytes)))

  (func $concat (param $x (ref $string)) (param $y (ref $string)) (result (ref $string))
    (local $left i32) (local $right i32) (local $bytes (ref $bytes))
    (local.set $left (array.len (struct.get $string $bytes (local.get $x))))
    (local.set $right (array.len (struct.get $string $bytes (local.get $y))))
    (local.set $bytes (array.new_default $bytes (i32.add (local.get $left) (local.get $right))))
    (array.copy $bytes $bytes (local.get $bytes) (i32.const 0) (struct.get $string $bytes (local.get $x)) (i32.const 0) (local.get $left))
    (array.copy $bytes $bytes (local.get $bytes) (local.get $left) (struct.get $string $bytes (local.get $y)) (i32.const 0) (local.get $right))
    (call $string_of (local.get $bytes)))

  ;; One of three prefixes, and the number.
  (func $key (param $number i32) (result (ref $string))
    (call $concat
      (call $string_of
        (if (result (ref $bytes)) (i32.rem_u (local.get $number) (i32.const 3))
          (then
            (if (result (ref $bytes)) (i32.eq (i32.rem_u (local.get $number) (i32.const 3)) (i32.const 1))
              (then (array.new_data $bytes $prefixes (i32.const 0) (i32.const 17)))
              (else (array.new_data $bytes $prefixes (i32.const 17) (i32.const 5)))))
          (else (array.new_data $bytes $prefixes (i32.const 22) (i32.const 7)))))
      (call $decimal (local.get $number))))

  (func $hash (param $string (ref $string)) (result i32)
    (local $hash i32) (local $bytes (ref $bytes)) (local $index i32) (local $length i32)
    (local.set $hash (struct.get $string $hash (local.get $string)))
    (if (i32.eqz (local.get $hash))
      (then
        (local.set $bytes (struct.get $string $bytes (local.get $string)))
        (local.set $length (array.len (local.get $bytes)))
        (block $done
          (loop $again
            (br_if $done (i32.ge_u (local.get $index) (local.get $length)))
            (local.set $hash (i32.add (i32.mul (local.get $hash) (i32.const 31)) (array.get_u $bytes (local.get $bytes) (local.get $index))))
            (local.set $index (i32.add (local.get $index) (i32.const 1)))
            (br $again)))
        (local.set $hash (i32.xor (local.get $hash) (i32.shr_u (local.get $hash) (i32.const 16))))
        (struct.set $string $hash (local.get $string) (local.get $hash))))
    (local.get $hash))

  ;; As a method of `Object`: the other may be anything.
  (func $equal (param $this (ref $object)) (param $other (ref $object)) (result i32)
    (local $x (ref $bytes)) (local $y (ref $bytes)) (local $index i32)
    (if (ref.eq (local.get $this) (local.get $other)) (then (return (i32.const 1))))
    (if (i32.eqz (ref.test (ref $string) (local.get $other))) (then (return (i32.const 0))))
    (local.set $x (struct.get $string $bytes (ref.cast (ref $string) (local.get $this))))
    (local.set $y (struct.get $string $bytes (ref.cast (ref $string) (local.get $other))))
    (local.set $index (array.len (local.get $x)))
    (if (i32.ne (local.get $index) (array.len (local.get $y))) (then (return (i32.const 0))))
    (loop $again
      (if (i32.eqz (local.get $index)) (then (return (i32.const 1))))
      (local.set $index (i32.sub (local.get $index) (i32.const 1)))
      (br_if $again (i32.eq
        (array.get_u $bytes (local.get $x) (local.get $index)) (array.get_u $bytes (local.get $y) (local.get $index)))))
    (i32.const 0))

  (func $new (result (ref $map))
    (struct.new $map (i32.const 4) (array.new_default $entries (i32.const 16)) (i32.const 0)))

  (func $find (param $map (ref $map)) (param $key (ref $string)) (result (ref null $entry))
    (local $entries (ref $entries)) (local $entry (ref null $entry)) (local $hash i32)
    (local.set $hash (call $hash (local.get $key)))
    (local.set $entries (struct.get $map $entries (local.get $map)))
    (local.set $entry (array.get $entries (local.get $entries)
      (i32.and (local.get $hash) (i32.sub (array.len (local.get $entries)) (i32.const 1)))))
    (block $found
      (loop $again
        (br_if $found (ref.is_null (local.get $entry)))
        (if (i32.eq (struct.get $entry $hash (local.get $entry)) (local.get $hash))
          (then (br_if $found (call $equal (struct.get $entry $key (local.get $entry)) (local.get $key)))))
        (local.set $entry (struct.get $entry $next (local.get $entry)))
        (br $again)))
    (local.get $entry))

  (func $grow (param $map (ref $map))
    (local $from (ref $entries)) (local $to (ref $entries)) (local $index i32) (local $mask i32) (local $entry (ref null $entry)) (local $next (ref null $entry))
    (local.set $from (struct.get $map $entries (local.get $map)))
    (local.set $to (array.new_default $entries (i32.shl (array.len (local.get $from)) (i32.const 1))))
    (local.set $mask (i32.sub (array.len (local.get $to)) (i32.const 1)))
    (loop $each
      (local.set $entry (array.get $entries (local.get $from) (local.get $index)))
      (block $empty
        (loop $chain
          (br_if $empty (ref.is_null (local.get $entry)))
          (local.set $next (struct.get $entry $next (local.get $entry)))
          (struct.set $entry $next (local.get $entry)
            (array.get $entries (local.get $to) (i32.and (struct.get $entry $hash (local.get $entry)) (local.get $mask))))
          (array.set $entries (local.get $to) (i32.and (struct.get $entry $hash (local.get $entry)) (local.get $mask)) (local.get $entry))
          (local.set $entry (local.get $next))
          (br $chain)))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $each (i32.lt_u (local.get $index) (array.len (local.get $from)))))
    (struct.set $map $entries (local.get $map) (local.get $to)))

  ;; The value that was there.
  (func $insert (param $map (ref $map)) (param $key (ref $string)) (param $value (ref $object)) (result (ref null $object))
    (local $entry (ref null $entry)) (local $entries (ref $entries)) (local $place i32) (local $old (ref null $object))
    (local.set $entry (call $find (local.get $map) (local.get $key)))
    (if (i32.eqz (ref.is_null (local.get $entry)))
      (then
        (local.set $old (struct.get $entry $value (local.get $entry)))
        (struct.set $entry $value (local.get $entry) (local.get $value))
        (return (local.get $old))))
    (if (i32.gt_u (struct.get $map $count (local.get $map))
          (i32.sub (array.len (struct.get $map $entries (local.get $map))) (i32.shr_u (array.len (struct.get $map $entries (local.get $map))) (i32.const 2))))
      (then (call $grow (local.get $map))))
    (struct.set $map $count (local.get $map) (i32.add (struct.get $map $count (local.get $map)) (i32.const 1)))
    (local.set $entries (struct.get $map $entries (local.get $map)))
    (local.set $place (i32.and (call $hash (local.get $key)) (i32.sub (array.len (local.get $entries)) (i32.const 1))))
    (array.set $entries (local.get $entries) (local.get $place)
      (struct.new $entry (i32.const 3) (local.get $key) (call $hash (local.get $key)) (local.get $value)
        (array.get $entries (local.get $entries) (local.get $place))))
    (ref.null none))

  (func $delete (param $map (ref $map)) (param $key (ref $string)) (result i32)
    (local $entry (ref null $entry)) (local $before (ref null $entry)) (local $entries (ref $entries)) (local $place i32) (local $hash i32)
    (local.set $hash (call $hash (local.get $key)))
    (local.set $entries (struct.get $map $entries (local.get $map)))
    (local.set $place (i32.and (local.get $hash) (i32.sub (array.len (local.get $entries)) (i32.const 1))))
    (local.set $entry (array.get $entries (local.get $entries) (local.get $place)))
    (loop $again
      (if (ref.is_null (local.get $entry)) (then (return (i32.const 0))))
      (if (i32.and (i32.eq (struct.get $entry $hash (local.get $entry)) (local.get $hash))
            (call $equal (struct.get $entry $key (local.get $entry)) (local.get $key)))
        (then
          (if (ref.is_null (local.get $before))
            (then (array.set $entries (local.get $entries) (local.get $place) (struct.get $entry $next (local.get $entry))))
            (else (struct.set $entry $next (local.get $before) (struct.get $entry $next (local.get $entry)))))
          (struct.set $map $count (local.get $map) (i32.sub (struct.get $map $count (local.get $map)) (i32.const 1)))
          (return (i32.const 1))))
      (local.set $before (local.get $entry))
      (local.set $entry (struct.get $entry $next (local.get $entry)))
      (br $again))
    (unreachable))

  (func $value (param $entry (ref null $entry)) (result i64)
    (if (result i64) (ref.is_null (local.get $entry))
      (then (i64.const 1))
      (else (struct.get $long $value (ref.cast (ref $long) (struct.get $entry $value (local.get $entry)))))))

  (func (export "run") (param $count i32) (result i64)
    (local $map (ref $map)) (local $index i32) (local $digest i64) (local $number i32)
    (global.set $state (i32.const 88675123))
    (local.set $map (call $new))
    ;; Inserts, every fourth key twice.
    (loop $inserts
      (drop (call $insert (local.get $map) (call $key (i32.sub (local.get $index) (i32.and (i32.shr_u (local.get $index) (i32.const 1)) (i32.const 1))))
        (struct.new $long (i32.const 2) (i64.extend_i32_u (i32.mul (local.get $index) (i32.const 17))))))
      (br_if $inserts (i32.lt_u (local.tee $index (i32.add (local.get $index) (i32.const 1))) (local.get $count))))
    (local.set $digest (i64.extend_i32_u (struct.get $map $count (local.get $map))))
    ;; Looks up, deletes, replaces and inserts at random; half as many keys again as there are.
    (local.set $index (i32.mul (local.get $count) (i32.const 4)))
    (loop $again
      (local.set $number (i32.rem_u (call $random) (i32.add (local.get $count) (i32.shr_u (local.get $count) (i32.const 1)))))
      (if (i32.eqz (i32.and (local.get $index) (i32.const 3)))
        (then
          (if (i32.and (local.get $index) (i32.const 4))
            (then (local.set $digest (i64.add (local.get $digest) (i64.extend_i32_u (call $delete (local.get $map) (call $key (local.get $number)))))))
            (else
              (if (ref.is_null (call $insert (local.get $map) (call $key (local.get $number)) (struct.new $long (i32.const 2) (i64.extend_i32_u (local.get $index)))))
                (then (local.set $digest (i64.rotl (local.get $digest) (i64.const 1))))))))
        (else
          (local.set $digest (i64.add (i64.mul (local.get $digest) (i64.const 31)) (call $value (call $find (local.get $map) (call $key (local.get $number))))))))
      (br_if $again (local.tee $index (i32.sub (local.get $index) (i32.const 1)))))
    (i64.xor (local.get $digest) (i64.extend_i32_u (struct.get $map $count (local.get $map))))))
