;; Binary trees: many short-lived ones of each depth while a long-lived one stays. Objects as of Dart: class number and identity hash first.
;; least 4 gives 1153
;; small 8 gives 121057
;; size 17 gives 1113550166
(module
  (type $object (sub (struct (field $class i32) (field $hash (mut i32)))))
  (type $tree (sub final $object (struct
    (field $class i32) (field $hash (mut i32))
    (field $left (mut (ref null $tree))) (field $right (mut (ref null $tree))))))

  (func $build (param $depth i32) (result (ref $tree))
    (if (result (ref $tree)) (i32.eqz (local.get $depth))
      (then (struct.new $tree (i32.const 7) (i32.const 0) (ref.null none) (ref.null none)))
      (else
        (local.set $depth (i32.sub (local.get $depth) (i32.const 1)))
        (struct.new $tree (i32.const 7) (local.get $depth)
          (call $build (local.get $depth)) (call $build (local.get $depth))))))

  ;; The number of its nodes.
  (func $walk (param $tree (ref $tree)) (result i32)
    (local $left (ref null $tree))
    (local.set $left (struct.get $tree $left (local.get $tree)))
    (if (ref.is_null (local.get $left)) (then (return (i32.const 1))))
    (i32.add (i32.const 1)
      (i32.add
        (call $walk (ref.as_non_null (local.get $left)))
        (call $walk (ref.as_non_null (struct.get $tree $right (local.get $tree)))))))

  ;; Exchanges left and right everywhere: writes into old objects.
  (func $mirror (param $tree (ref $tree))
    (local $left (ref null $tree))
    (local.set $left (struct.get $tree $left (local.get $tree)))
    (if (ref.is_null (local.get $left)) (then (return)))
    (struct.set $tree $left (local.get $tree) (struct.get $tree $right (local.get $tree)))
    (struct.set $tree $right (local.get $tree) (local.get $left))
    (struct.set $tree $hash (local.get $tree) (i32.add (struct.get $tree $hash (local.get $tree)) (i32.const 1)))
    (call $mirror (ref.as_non_null (local.get $left)))
    (call $mirror (ref.as_non_null (struct.get $tree $left (local.get $tree)))))

  (func (export "run") (param $deepest i32) (result i32)
    (local $depth i32) (local $left i32) (local $sum i32) (local $long (ref $tree))
    (local.set $sum (call $walk (call $build (i32.add (local.get $deepest) (i32.const 1)))))
    (local.set $long (call $build (local.get $deepest)))
    (local.set $depth (i32.const 4))
    (loop $depths
      (local.set $left (i32.shl (i32.const 1) (i32.add (i32.sub (local.get $deepest) (local.get $depth)) (i32.const 4))))
      (loop $again
        (local.set $sum (i32.add (local.get $sum) (call $walk (call $build (local.get $depth)))))
        (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (call $mirror (local.get $long))
      (local.set $sum (i32.rotl (local.get $sum) (i32.const 1)))
      (local.set $depth (i32.add (local.get $depth) (i32.const 2)))
      (br_if $depths (i32.le_u (local.get $depth) (local.get $deepest))))
    (i32.add (local.get $sum) (i32.add (call $walk (local.get $long)) (struct.get $tree $hash (local.get $long))))))
