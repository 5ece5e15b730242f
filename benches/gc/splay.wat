;; A splay tree from which the least is taken for each that is added, as a cache does: much that is old dies, and all the tree is written to again and again.
;; Each node has a payload: a small tree with arrays and strings at its ends.
;; least 2 gives 1239202015
;; small 30 gives 777546197
;; size 6000 gives 691423191
(module
  (type $bytes (array (mut i8)))
  (type $values (array (mut (ref null eq))))
  (rec
    (type $payload (sub (struct)))
    (type $branch (sub final $payload (struct (field $left (ref $payload)) (field $right (ref $payload)))))
    (type $leaf (sub final $payload (struct (field $values (ref $values)) (field $text (ref $bytes))))))
  (type $node (sub final (struct
    (field $key i32) (field $payload (mut (ref null $payload))) (field $left (mut (ref null $node))) (field $right (mut (ref null $node))))))

  (data $text "String for key  in leaf node")
  (global $state (mut i32) (i32.const 1))
  (global $root (mut (ref null $node)) (ref.null none))

  (func $random (result i32)
    (local $x i32)
    (local.set $x (global.get $state))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
    (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
    (global.set $state (local.get $x))
    (local.get $x))

  (func $payload (param $depth i32) (param $key i32) (result (ref $payload))
    (local $values (ref $values)) (local $index i32) (local $text (ref $bytes))
    (if (local.get $depth)
      (then
        (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
        (return (struct.new $branch (call $payload (local.get $depth) (local.get $key)) (call $payload (local.get $depth) (local.get $key))))))
    (local.set $values (array.new_default $values (i32.const 10)))
    (loop $fill
      (array.set $values (local.get $values) (local.get $index) (ref.i31 (local.get $index)))
      (br_if $fill (i32.lt_u (local.tee $index (i32.add (local.get $index) (i32.const 1))) (i32.const 10))))
    (local.set $text (array.new_data $bytes $text (i32.const 0) (i32.const 28)))
    (array.set $bytes (local.get $text) (i32.const 15) (local.get $key))
    (struct.new $leaf (local.get $values) (local.get $text)))

  ;; The node of this key, or one next to where it would be, becomes the root.
  (func $splay (param $key i32)
    (local $dummy (ref $node)) (local $left (ref $node)) (local $right (ref $node)) (local $current (ref $node)) (local $child (ref null $node))
    (if (ref.is_null (global.get $root)) (then (return)))
    (local.set $dummy (struct.new $node (i32.const 0) (ref.null none) (ref.null none) (ref.null none)))
    (local.set $left (local.get $dummy))
    (local.set $right (local.get $dummy))
    (local.set $current (ref.as_non_null (global.get $root)))
    (block $done
      (loop $again
        (if (i32.lt_s (local.get $key) (struct.get $node $key (local.get $current)))
          (then
            (local.set $child (struct.get $node $left (local.get $current)))
            (br_if $done (ref.is_null (local.get $child)))
            (if (i32.lt_s (local.get $key) (struct.get $node $key (local.get $child)))
              (then
                (struct.set $node $left (local.get $current) (struct.get $node $right (local.get $child)))
                (struct.set $node $right (local.get $child) (local.get $current))
                (local.set $current (ref.as_non_null (local.get $child)))
                (local.set $child (struct.get $node $left (local.get $current)))
                (br_if $done (ref.is_null (local.get $child)))))
            (struct.set $node $left (local.get $right) (local.get $current))
            (local.set $right (local.get $current))
            (local.set $current (ref.as_non_null (local.get $child))))
          (else
            (br_if $done (i32.eq (local.get $key) (struct.get $node $key (local.get $current))))
            (local.set $child (struct.get $node $right (local.get $current)))
            (br_if $done (ref.is_null (local.get $child)))
            (if (i32.gt_s (local.get $key) (struct.get $node $key (local.get $child)))
              (then
                (struct.set $node $right (local.get $current) (struct.get $node $left (local.get $child)))
                (struct.set $node $left (local.get $child) (local.get $current))
                (local.set $current (ref.as_non_null (local.get $child)))
                (local.set $child (struct.get $node $right (local.get $current)))
                (br_if $done (ref.is_null (local.get $child)))))
            (struct.set $node $right (local.get $left) (local.get $current))
            (local.set $left (local.get $current))
            (local.set $current (ref.as_non_null (local.get $child)))))
        (br $again)))
    (struct.set $node $right (local.get $left) (struct.get $node $left (local.get $current)))
    (struct.set $node $left (local.get $right) (struct.get $node $right (local.get $current)))
    (struct.set $node $left (local.get $current) (struct.get $node $right (local.get $dummy)))
    (struct.set $node $right (local.get $current) (struct.get $node $left (local.get $dummy)))
    (global.set $root (local.get $current)))

  ;; Whether the key is new.
  (func $insert (param $key i32) (result i32)
    (local $root (ref $node)) (local $node (ref $node))
    (if (ref.is_null (global.get $root))
      (then
        (global.set $root (struct.new $node (local.get $key) (call $payload (i32.const 5) (local.get $key)) (ref.null none) (ref.null none)))
        (return (i32.const 1))))
    (call $splay (local.get $key))
    (local.set $root (ref.as_non_null (global.get $root)))
    (if (i32.eq (struct.get $node $key (local.get $root)) (local.get $key)) (then (return (i32.const 0))))
    (local.set $node (struct.new $node (local.get $key) (call $payload (i32.const 5) (local.get $key)) (ref.null none) (ref.null none)))
    (if (i32.gt_s (local.get $key) (struct.get $node $key (local.get $root)))
      (then
        (struct.set $node $left (local.get $node) (local.get $root))
        (struct.set $node $right (local.get $node) (struct.get $node $right (local.get $root)))
        (struct.set $node $right (local.get $root) (ref.null none)))
      (else
        (struct.set $node $right (local.get $node) (local.get $root))
        (struct.set $node $left (local.get $node) (struct.get $node $left (local.get $root)))
        (struct.set $node $left (local.get $root) (ref.null none))))
    (global.set $root (local.get $node))
    (i32.const 1))

  ;; Deletes the key, which must be the tree's.
  (func $delete (param $key i32) (result (ref $node))
    (local $node (ref $node)) (local $right (ref null $node))
    (call $splay (local.get $key))
    (local.set $node (ref.as_non_null (global.get $root)))
    (if (i32.ne (struct.get $node $key (local.get $node)) (local.get $key)) (then (unreachable)))
    (if (ref.is_null (struct.get $node $left (local.get $node)))
      (then (global.set $root (struct.get $node $right (local.get $node))))
      (else
        (local.set $right (struct.get $node $right (local.get $node)))
        (global.set $root (struct.get $node $left (local.get $node)))
        (call $splay (local.get $key))
        (struct.set $node $right (ref.as_non_null (global.get $root)) (local.get $right))))
    (local.get $node))

  ;; The greatest key that is less than this one, or this one if none is.
  (func $before (param $key i32) (result i32)
    (local $node (ref null $node))
    (call $splay (local.get $key))
    (if (i32.lt_s (struct.get $node $key (global.get $root)) (local.get $key))
      (then (return (struct.get $node $key (global.get $root)))))
    (local.set $node (struct.get $node $left (global.get $root)))
    (if (ref.is_null (local.get $node)) (then (return (struct.get $node $key (global.get $root)))))
    (loop $again
      (if (i32.eqz (ref.is_null (struct.get $node $right (local.get $node))))
        (then (local.set $node (struct.get $node $right (local.get $node))) (br $again))))
    (struct.get $node $key (local.get $node)))

  ;; Over the keys in their order, and what the ends of the payloads hold.
  (func $digest (param $node (ref null $node)) (param $digest i32) (result i32)
    (if (ref.is_null (local.get $node)) (then (return (local.get $digest))))
    (local.set $digest (call $digest (struct.get $node $left (local.get $node)) (local.get $digest)))
    (local.set $digest (i32.add (i32.mul (local.get $digest) (i32.const 31)) (struct.get $node $key (local.get $node))))
    (local.set $digest (i32.xor (local.get $digest) (call $ends (ref.as_non_null (struct.get $node $payload (local.get $node))))))
    (return_call $digest (struct.get $node $right (local.get $node)) (local.get $digest)))

  (func $ends (param $payload (ref $payload)) (result i32)
    (local $branch (ref $branch)) (local $leaf (ref $leaf))
    (if (ref.test (ref $branch) (local.get $payload))
      (then
        (local.set $branch (ref.cast (ref $branch) (local.get $payload)))
        (return (i32.add (call $ends (struct.get $branch $left (local.get $branch))) (call $ends (struct.get $branch $right (local.get $branch)))))))
    (local.set $leaf (ref.cast (ref $leaf) (local.get $payload)))
    (i32.add
      (i31.get_s (ref.cast (ref i31) (array.get $values (struct.get $leaf $values (local.get $leaf)) (i32.const 7))))
      (array.get_u $bytes (struct.get $leaf $text (local.get $leaf)) (i32.const 15))))

  (func (export "run") (param $size i32) (result i32)
    (local $left i32) (local $key i32) (local $sum i32) (local $node (ref $node))
    (global.set $state (i32.const 521288629))
    (global.set $root (ref.null none))
    (local.set $left (local.get $size))
    (loop $fill
      (loop $again
        (br_if $again (i32.eqz (call $insert (call $random)))))
      (br_if $fill (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.set $left (i32.mul (local.get $size) (i32.const 4)))
    (loop $change
      (loop $again
        (local.set $key (call $random))
        (br_if $again (i32.eqz (call $insert (local.get $key)))))
      (local.set $node (call $delete (call $before (local.get $key))))
      (local.set $sum (i32.add (i32.rotl (local.get $sum) (i32.const 1)) (struct.get $node $key (local.get $node))))
      (br_if $change (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.set $sum (i32.xor (local.get $sum) (call $digest (global.get $root) (i32.const 0))))
    (global.set $root (ref.null none))
    (local.get $sum)))
