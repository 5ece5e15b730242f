;; Merge sort of a linked list of boxed numbers by a comparator that is called by reference, once with new cells and once in place.
;; Small numbers are i31, others objects, as compilers box integers where a type parameter stands.
;; least 40 gives -9112063513727736563
;; small 300 gives 10507164673060793
;; size 200000 gives -8254568136651472606
(module
  (type $long (sub final (struct (field $value i64))))
  (rec
    (type $list (sub (struct)))
    (type $cons (sub final $list (struct (field $head (mut (ref eq))) (field $tail (mut (ref null $list)))))))
  (rec
    (type $compare (func (param (ref $comparator) (ref eq) (ref eq)) (result i32)))
    (type $comparator (sub (struct (field $function (ref $compare))))))
  (type $descending (sub final $comparator (struct (field $function (ref $compare)) (field $calls (mut i32)))))

  (global $state (mut i32) (i32.const 1))
  (elem declare func $ascend $descend)

  (func $random (result i32)
    (local $x i32)
    (local.set $x (global.get $state))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
    (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
    (global.set $state (local.get $x))
    (local.get $x))

  (func $box (param $value i32) (result (ref eq))
    (if (result (ref eq)) (i32.and (local.get $value) (i32.const 1))
      (then (ref.i31 (i32.shr_s (local.get $value) (i32.const 8))))
      (else (struct.new $long (i64.extend_i32_s (local.get $value))))))

  (func $unbox (param $value (ref eq)) (result i64)
    (block $number (result (ref i31))
      (return (struct.get $long $value (ref.cast (ref $long)
        (br_on_cast $number (ref eq) (ref i31) (local.get $value))))))
    i31.get_s
    i64.extend_i32_s)

  (func $ascend (type $compare)
    (local $x i64) (local $y i64)
    (local.set $x (call $unbox (local.get 1)))
    (local.set $y (call $unbox (local.get 2)))
    (i32.sub (i64.gt_s (local.get $x) (local.get $y)) (i64.lt_s (local.get $x) (local.get $y))))

  (func $descend (type $compare)
    (local $this (ref $descending))
    (local.set $this (ref.cast (ref $descending) (local.get 0)))
    (struct.set $descending $calls (local.get $this)
      (i32.add (struct.get $descending $calls (local.get $this)) (i32.const 1)))
    (call $ascend (local.get 0) (local.get 2) (local.get 1)))

  (func $make (param $count i32) (result (ref null $list))
    (local $list (ref null $list))
    (if (i32.eqz (local.get $count)) (then (return (ref.null none))))
    (loop $again
      (local.set $list (struct.new $cons (call $box (call $random)) (local.get $list)))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $list))

  ;; The first `count` cells of the list, sorted, in new cells. The old list stays.
  (func $sorted (param $list (ref null $list)) (param $count i32) (param $by (ref $comparator)) (result (ref null $list))
    (local $half i32) (local $rest (ref null $list)) (local $left i32)
    (if (i32.eqz (local.get $count)) (then (return (ref.null none))))
    (if (i32.eq (local.get $count) (i32.const 1))
      (then (return (struct.new $cons (struct.get $cons $head (ref.cast (ref $cons) (local.get $list))) (ref.null none)))))
    (local.set $half (i32.shr_u (local.get $count) (i32.const 1)))
    (local.set $left (local.get $half))
    (local.set $rest (local.get $list))
    (loop $skip
      (local.set $rest (struct.get $cons $tail (ref.cast (ref $cons) (local.get $rest))))
      (br_if $skip (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (call $merge_new
      (call $sorted (local.get $list) (local.get $half) (local.get $by))
      (call $sorted (local.get $rest) (i32.sub (local.get $count) (local.get $half)) (local.get $by))
      (local.get $by)))

  (func $merge_new (param $x (ref null $list)) (param $y (ref null $list)) (param $by (ref $comparator)) (result (ref null $list))
    (local $first (ref $cons)) (local $last (ref $cons)) (local $next (ref $cons)) (local $cx (ref $cons)) (local $cy (ref $cons))
    (local.set $first (struct.new $cons (ref.i31 (i32.const 0)) (ref.null none)))
    (local.set $last (local.get $first))
    (block $done
      (loop $again
        (br_if $done (ref.is_null (local.get $x)))
        (br_if $done (ref.is_null (local.get $y)))
        (local.set $cx (ref.cast (ref $cons) (local.get $x)))
        (local.set $cy (ref.cast (ref $cons) (local.get $y)))
        (local.set $next (struct.new $cons
          (if (result (ref eq))
            (i32.le_s
              (call_ref $compare (local.get $by)
                (struct.get $cons $head (local.get $cx)) (struct.get $cons $head (local.get $cy))
                (struct.get $comparator $function (local.get $by)))
              (i32.const 0))
            (then (local.set $x (struct.get $cons $tail (local.get $cx))) (struct.get $cons $head (local.get $cx)))
            (else (local.set $y (struct.get $cons $tail (local.get $cy))) (struct.get $cons $head (local.get $cy))))
          (ref.null none)))
        (struct.set $cons $tail (local.get $last) (local.get $next))
        (local.set $last (local.get $next))
        (br $again)))
    (struct.set $cons $tail (local.get $last)
      (select (result (ref null $list)) (local.get $y) (local.get $x) (ref.is_null (local.get $x))))
    (struct.get $cons $tail (local.get $first)))

  ;; Sorts in place: only tails are written.
  (func $sort (param $list (ref null $list)) (param $by (ref $comparator)) (result (ref null $list))
    (local $slow (ref $cons)) (local $fast (ref null $list)) (local $rest (ref null $list))
    (block $short
      (br_if $short (ref.is_null (local.get $list)))
      (local.set $slow (ref.cast (ref $cons) (local.get $list)))
      (local.set $fast (struct.get $cons $tail (local.get $slow)))
      (br_if $short (ref.is_null (local.get $fast)))
      (block $half
        (loop $again
          (local.set $fast (struct.get $cons $tail (ref.cast (ref $cons) (local.get $fast))))
          (br_if $half (ref.is_null (local.get $fast)))
          (local.set $fast (struct.get $cons $tail (ref.cast (ref $cons) (local.get $fast))))
          (local.set $slow (ref.cast (ref $cons) (struct.get $cons $tail (local.get $slow))))
          (br_if $half (ref.is_null (local.get $fast)))
          (br $again)))
      (local.set $rest (struct.get $cons $tail (local.get $slow)))
      (struct.set $cons $tail (local.get $slow) (ref.null none))
      (return (call $merge
        (call $sort (local.get $list) (local.get $by))
        (call $sort (local.get $rest) (local.get $by))
        (local.get $by))))
    (local.get $list))

  (func $merge (param $x (ref null $list)) (param $y (ref null $list)) (param $by (ref $comparator)) (result (ref null $list))
    (local $first (ref $cons)) (local $last (ref $cons)) (local $cx (ref $cons)) (local $cy (ref $cons))
    (local.set $first (struct.new $cons (ref.i31 (i32.const 0)) (ref.null none)))
    (local.set $last (local.get $first))
    (block $done
      (loop $again
        (br_if $done (ref.is_null (local.get $x)))
        (br_if $done (ref.is_null (local.get $y)))
        (local.set $cx (ref.cast (ref $cons) (local.get $x)))
        (local.set $cy (ref.cast (ref $cons) (local.get $y)))
        (if (i32.le_s
              (call_ref $compare (local.get $by)
                (struct.get $cons $head (local.get $cx)) (struct.get $cons $head (local.get $cy))
                (struct.get $comparator $function (local.get $by)))
              (i32.const 0))
          (then
            (struct.set $cons $tail (local.get $last) (local.get $cx))
            (local.set $last (local.get $cx))
            (local.set $x (struct.get $cons $tail (local.get $cx))))
          (else
            (struct.set $cons $tail (local.get $last) (local.get $cy))
            (local.set $last (local.get $cy))
            (local.set $y (struct.get $cons $tail (local.get $cy)))))
        (br $again)))
    (struct.set $cons $tail (local.get $last)
      (select (result (ref null $list)) (local.get $y) (local.get $x) (ref.is_null (local.get $x))))
    (struct.get $cons $tail (local.get $first)))

  ;; Depends on the order.
  (func $digest (param $list (ref null $list)) (result i64)
    (local $digest i64) (local $cell (ref $cons))
    (block $done
      (loop $again
        (br_if $done (ref.is_null (local.get $list)))
        (local.set $cell (ref.cast (ref $cons) (local.get $list)))
        (local.set $digest (i64.add (i64.mul (local.get $digest) (i64.const 1000003)) (call $unbox (struct.get $cons $head (local.get $cell)))))
        (local.set $list (struct.get $cons $tail (local.get $cell)))
        (br $again)))
    (local.get $digest))

  (func (export "run") (param $count i32) (result i64)
    (local $list (ref null $list)) (local $digest i64) (local $by (ref $descending))
    (global.set $state (i32.const 2463534242))
    (local.set $list (call $make (local.get $count)))
    (local.set $digest (call $digest
      (call $sorted (local.get $list) (local.get $count) (struct.new $comparator (ref.func $ascend)))))
    (local.set $by (struct.new $descending (ref.func $descend) (i32.const 0)))
    (local.set $list (call $sort (local.get $list) (local.get $by)))
    (i64.xor
      (i64.add (local.get $digest) (i64.extend_i32_u (struct.get $descending $calls (local.get $by))))
      (call $digest (local.get $list)))))
