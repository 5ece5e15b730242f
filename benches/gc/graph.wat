;; A graph of objects with cycles: edges change at random, nodes are replaced by new ones, whole regions with all their cycles become garbage,
;; and now and then everything reachable is visited with a stack of its own.
;; least 10 gives 1286663405
;; small 100 gives -356974036
;; size 60000 gives 163154322
(module
  (type $bytes (array i8))
  (rec
    (type $node (sub (struct (field $number i32) (field $mark (mut i32)) (field $edges (mut (ref $nodes))))))
    (type $nodes (array (mut (ref null $node)))))
  ;; Nodes of two other classes, found by casts.
  (type $weighted (sub final $node (struct
    (field $number i32) (field $mark (mut i32)) (field $edges (mut (ref $nodes))) (field $weight (mut f64)))))
  (type $named (sub final $node (struct
    (field $number i32) (field $mark (mut i32)) (field $edges (mut (ref $nodes))) (field $name (ref $bytes)))))
  (type $stack (struct (field $nodes (mut (ref $nodes))) (field $depth (mut i32))))

  (global $state (mut i32) (i32.const 1))
  (global $made (mut i32) (i32.const 0))
  (global $epoch (mut i32) (i32.const 0))
  (global $roots (mut (ref null $nodes)) (ref.null none))

  (func $random (result i32)
    (local $x i32)
    (local.set $x (global.get $state))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
    (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
    (global.set $state (local.get $x))
    (local.get $x))

  (func $below (param $limit i32) (result i32)
    (i32.rem_u (call $random) (local.get $limit)))

  ;; A node with two to five edges, which lead nowhere.
  (func $node (result (ref $node))
    (local $number i32) (local $edges (ref $nodes))
    (local.set $number (global.get $made))
    (global.set $made (i32.add (local.get $number) (i32.const 1)))
    (local.set $edges (array.new_default $nodes (i32.add (i32.const 2) (i32.and (local.get $number) (i32.const 3)))))
    (if (i32.eqz (i32.rem_u (local.get $number) (i32.const 5)))
      (then (return (struct.new $weighted (local.get $number) (i32.const 0) (local.get $edges) (f64.convert_i32_u (local.get $number))))))
    (if (i32.eqz (i32.rem_u (local.get $number) (i32.const 7)))
      (then (return (struct.new $named (local.get $number) (i32.const 0) (local.get $edges) (array.new $bytes (local.get $number) (i32.const 12))))))
    (struct.new $node (local.get $number) (i32.const 0) (local.get $edges)))

  (func $any (result (ref $node))
    (ref.as_non_null (array.get $nodes (ref.as_non_null (global.get $roots)) (call $below (array.len (global.get $roots))))))

  (func $push (param $stack (ref $stack)) (param $node (ref $node))
    (local $nodes (ref $nodes)) (local $more (ref $nodes)) (local $depth i32)
    (local.set $nodes (struct.get $stack $nodes (local.get $stack)))
    (local.set $depth (struct.get $stack $depth (local.get $stack)))
    (if (i32.eq (local.get $depth) (array.len (local.get $nodes)))
      (then
        (local.set $more (array.new_default $nodes (i32.shl (local.get $depth) (i32.const 1))))
        (array.copy $nodes $nodes (local.get $more) (i32.const 0) (local.get $nodes) (i32.const 0) (local.get $depth))
        (struct.set $stack $nodes (local.get $stack) (local.get $more))
        (local.set $nodes (local.get $more))))
    (array.set $nodes (local.get $nodes) (local.get $depth) (local.get $node))
    (struct.set $stack $depth (local.get $stack) (i32.add (local.get $depth) (i32.const 1))))

  (func $pop (param $stack (ref $stack)) (result (ref null $node))
    (local $depth i32) (local $node (ref null $node))
    (local.set $depth (i32.sub (struct.get $stack $depth (local.get $stack)) (i32.const 1)))
    (if (i32.lt_s (local.get $depth) (i32.const 0)) (then (return (ref.null none))))
    (struct.set $stack $depth (local.get $stack) (local.get $depth))
    (local.set $node (array.get $nodes (struct.get $stack $nodes (local.get $stack)) (local.get $depth)))
    (array.set $nodes (struct.get $stack $nodes (local.get $stack)) (local.get $depth) (ref.null none))
    (local.get $node))

  ;; Something of the node that depends on its class.
  (func $worth (param $node (ref $node)) (result i32)
    (block $weighted (result (ref $weighted))
      (block $named (result (ref $named))
        (br_on_cast $named (ref $node) (ref $named)
          (br_on_cast $weighted (ref $node) (ref $weighted) (local.get $node)))
        (return (struct.get $node $number)))
      (return (array.get_u $bytes (struct.get $named $name) (i32.const 11))))
    (i32.trunc_sat_f64_u (struct.get $weighted $weight)))

  ;; Visits what is reachable from a node, marks it with this epoch, and gives a sum over it.
  (func $visit (param $from (ref $node)) (param $stack (ref $stack)) (result i32)
    (local $sum i32) (local $node (ref null $node)) (local $other (ref null $node)) (local $edges (ref $nodes)) (local $index i32)
    (if (i32.eq (struct.get $node $mark (local.get $from)) (global.get $epoch)) (then (return (i32.const 0))))
    (struct.set $node $mark (local.get $from) (global.get $epoch))
    (call $push (local.get $stack) (local.get $from))
    (block $done
      (loop $again
        (local.set $node (call $pop (local.get $stack)))
        (br_if $done (ref.is_null (local.get $node)))
        (local.set $sum (i32.add (local.get $sum) (i32.add (i32.const 1) (call $worth (ref.as_non_null (local.get $node))))))
        (local.set $edges (struct.get $node $edges (local.get $node)))
        (local.set $index (array.len (local.get $edges)))
        (loop $each
          (local.set $index (i32.sub (local.get $index) (i32.const 1)))
          (local.set $other (array.get $nodes (local.get $edges) (local.get $index)))
          (if (i32.eqz (ref.is_null (local.get $other)))
            (then
              (if (i32.ne (struct.get $node $mark (local.get $other)) (global.get $epoch))
                (then
                  (struct.set $node $mark (local.get $other) (global.get $epoch))
                  (call $push (local.get $stack) (ref.as_non_null (local.get $other)))))))
          (br_if $each (local.get $index)))
        (br $again)))
    (local.get $sum))

  (func $visit_all (result i32)
    (local $stack (ref $stack)) (local $index i32) (local $sum i32)
    (global.set $epoch (i32.add (global.get $epoch) (i32.const 1)))
    (local.set $stack (struct.new $stack (array.new_default $nodes (i32.const 16)) (i32.const 0)))
    (local.set $index (array.len (global.get $roots)))
    (loop $each
      (local.set $index (i32.sub (local.get $index) (i32.const 1)))
      (local.set $sum (i32.add (i32.rotl (local.get $sum) (i32.const 1))
        (call $visit (ref.as_non_null (array.get $nodes (ref.as_non_null (global.get $roots)) (local.get $index))) (local.get $stack))))
      (br_if $each (local.get $index)))
    (local.get $sum))

  (func $connect (param $from (ref $node)) (param $to (ref $node))
    (local $edges (ref $nodes))
    (local.set $edges (struct.get $node $edges (local.get $from)))
    (array.set $nodes (local.get $edges) (call $below (array.len (local.get $edges))) (local.get $to)))

  ;; A ring of new nodes that know one another, hung on an old one, which may lose another ring by it.
  (func $ring (param $size i32)
    (local $first (ref $node)) (local $last (ref $node)) (local $next (ref $node))
    (local.set $first (call $node))
    (local.set $last (local.get $first))
    (loop $again
      (local.set $next (call $node))
      (array.set $nodes (struct.get $node $edges (local.get $last)) (i32.const 0) (local.get $next))
      (array.set $nodes (struct.get $node $edges (local.get $next)) (i32.const 1) (local.get $last))
      (local.set $last (local.get $next))
      (br_if $again (local.tee $size (i32.sub (local.get $size) (i32.const 1)))))
    (array.set $nodes (struct.get $node $edges (local.get $last)) (i32.const 0) (local.get $first))
    (call $connect (call $any) (local.get $first)))

  (func (export "run") (param $count i32) (result i32)
    (local $index i32) (local $sum i32) (local $what i32)
    (global.set $state (i32.const 362436069))
    (global.set $made (i32.const 0))
    (global.set $roots (array.new_default $nodes (local.get $count)))
    (loop $fill
      (array.set $nodes (ref.as_non_null (global.get $roots)) (local.get $index) (call $node))
      (br_if $fill (i32.lt_u (local.tee $index (i32.add (local.get $index) (i32.const 1))) (local.get $count))))
    (local.set $index (i32.mul (local.get $count) (i32.const 12)))
    (loop $again
      (local.set $what (i32.and (call $random) (i32.const 15)))
      (if (i32.lt_u (local.get $what) (i32.const 7))
        (then (call $connect (call $any) (call $any)))
        (else
          (if (i32.lt_u (local.get $what) (i32.const 14))
            (then
              ;; A new node instead of a root. It knows the old one's neighbours.
              (local.set $what (call $below (local.get $count)))
              (call $replace (local.get $what)))
            (else (call $ring (i32.const 6))))))
      (if (i32.eqz (i32.rem_u (local.get $index) (i32.mul (local.get $count) (i32.const 2))))
        (then (local.set $sum (i32.xor (i32.mul (local.get $sum) (i32.const 31)) (call $visit_all)))))
      (br_if $again (local.tee $index (i32.sub (local.get $index) (i32.const 1)))))
    (local.set $sum (i32.xor (i32.mul (local.get $sum) (i32.const 31)) (call $visit_all)))
    (global.set $roots (ref.null none))
    (local.get $sum))

  (func $replace (param $place i32)
    (local $old (ref $node)) (local $new (ref $node)) (local $length i32)
    (local.set $old (ref.as_non_null (array.get $nodes (ref.as_non_null (global.get $roots)) (local.get $place))))
    (local.set $new (call $node))
    (local.set $length (array.len (struct.get $node $edges (local.get $old))))
    (if (i32.gt_u (local.get $length) (array.len (struct.get $node $edges (local.get $new))))
      (then (local.set $length (array.len (struct.get $node $edges (local.get $new))))))
    (array.copy $nodes $nodes (struct.get $node $edges (local.get $new)) (i32.const 0) (struct.get $node $edges (local.get $old)) (i32.const 0) (local.get $length))
    ;; Cuts the old one loose, and leaves it in a cycle with itself.
    (array.fill $nodes (struct.get $node $edges (local.get $old)) (i32.const 0) (local.get $old) (array.len (struct.get $node $edges (local.get $old))))
    (array.set $nodes (ref.as_non_null (global.get $roots)) (local.get $place) (local.get $new))))
