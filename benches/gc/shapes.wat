;; Classes with subtypes and virtual methods through tables of references in each object, interfaces found by search and cast, lists of anything with checked casts:
;; what compilers of Java and Kotlin emit. Shapes are made, moved, measured, grouped and taken apart.
;; least 4 gives -990330533111443506
;; small 50 gives -2998498899548188054
;; size 100000 gives -2165749125888634403
(module
  (rec
    (type $area (func (param (ref $object)) (result f64)))
    (type $moved (func (param (ref $object) f64 f64) (result (ref $object))))
    (type $equals (func (param (ref $object) (ref null $object)) (result i32)))
    (type $hash_code (func (param (ref $object)) (result i32)))
    ;; Tables of virtual methods.
    (type $object_table (sub (struct (field $equals (ref $equals)) (field $hash_code (ref $hash_code)))))
    (type $shape_table (sub $object_table (struct
      (field $equals (ref $equals)) (field $hash_code (ref $hash_code)) (field $area (ref $area)) (field $moved (ref $moved)))))
    ;; Tables of interfaces: an array of pairs, the interface's number and its methods.
    (type $methods (sub (struct (field $interface i32))))
    (type $interfaces (array (ref $methods)))
    (type $compare_to (func (param (ref $object) (ref null $object)) (result i32)))
    (type $comparable (sub final $methods (struct (field $interface i32) (field $compare_to (ref $compare_to)))))
    (type $measure (func (param (ref $object)) (result i32)))
    (type $measurable (sub final $methods (struct (field $interface i32) (field $measure (ref $measure)))))

    (type $object (sub (struct (field $table (ref $object_table)) (field $interfaces (ref null $interfaces)) (field $identity (mut i32)))))
    (type $shape (sub $object (struct (field $table (ref $shape_table)) (field $interfaces (ref null $interfaces)) (field $identity (mut i32))
      (field $x f64) (field $y f64))))
    (type $circle (sub final $shape (struct (field $table (ref $shape_table)) (field $interfaces (ref null $interfaces)) (field $identity (mut i32))
      (field $x f64) (field $y f64) (field $radius f64))))
    (type $box (sub $shape (struct (field $table (ref $shape_table)) (field $interfaces (ref null $interfaces)) (field $identity (mut i32))
      (field $x f64) (field $y f64) (field $width f64) (field $height f64))))
    (type $tagged_box (sub final $box (struct (field $table (ref $shape_table)) (field $interfaces (ref null $interfaces)) (field $identity (mut i32))
      (field $x f64) (field $y f64) (field $width f64) (field $height f64) (field $tag (ref $integer)))))
    (type $group (sub final $shape (struct (field $table (ref $shape_table)) (field $interfaces (ref null $interfaces)) (field $identity (mut i32))
      (field $x f64) (field $y f64) (field $members (ref $list)))))
    (type $integer (sub final $object (struct (field $table (ref $object_table)) (field $interfaces (ref null $interfaces)) (field $identity (mut i32))
      (field $value i32))))
    (type $objects (array (mut (ref null $object))))
    (type $list (sub final $object (struct (field $table (ref $object_table)) (field $interfaces (ref null $interfaces)) (field $identity (mut i32))
      (field $elements (mut (ref $objects))) (field $length (mut i32))))))

  (elem declare func $object.equals $object.hash_code $integer.equals $integer.hash_code $integer.compare_to $shape.hash_code
    $circle.area $circle.moved $box.area $box.moved $tagged_box.moved $tagged_box.measure $group.area $group.moved $group.measure)

  (global $state (mut i32) (i32.const 1))
  (global $object_table (ref $object_table) (struct.new $object_table (ref.func $object.equals) (ref.func $object.hash_code)))
  (global $integer_table (ref $object_table) (struct.new $object_table (ref.func $integer.equals) (ref.func $integer.hash_code)))
  (global $circle_table (ref $shape_table)
    (struct.new $shape_table (ref.func $object.equals) (ref.func $shape.hash_code) (ref.func $circle.area) (ref.func $circle.moved)))
  (global $box_table (ref $shape_table)
    (struct.new $shape_table (ref.func $object.equals) (ref.func $shape.hash_code) (ref.func $box.area) (ref.func $box.moved)))
  (global $tagged_box_table (ref $shape_table)
    (struct.new $shape_table (ref.func $object.equals) (ref.func $shape.hash_code) (ref.func $box.area) (ref.func $tagged_box.moved)))
  (global $group_table (ref $shape_table)
    (struct.new $shape_table (ref.func $object.equals) (ref.func $shape.hash_code) (ref.func $group.area) (ref.func $group.moved)))
  (global $integer_interfaces (ref $interfaces)
    (array.new_fixed $interfaces 1 (struct.new $comparable (i32.const 11) (ref.func $integer.compare_to))))
  (global $tagged_box_interfaces (ref $interfaces)
    (array.new_fixed $interfaces 2
      (struct.new $methods (i32.const 5)) (struct.new $measurable (i32.const 12) (ref.func $tagged_box.measure))))
  (global $group_interfaces (ref $interfaces)
    (array.new_fixed $interfaces 1 (struct.new $measurable (i32.const 12) (ref.func $group.measure))))

  (func $random (result i32)
    (local $x i32)
    (local.set $x (global.get $state))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
    (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
    (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
    (global.set $state (local.get $x))
    (local.get $x))

  (func $real (result f64)
    (f64.convert_i32_u (i32.and (call $random) (i32.const 1023))))

  ;; The methods of an interface, or null.
  (func $interface (param $object (ref $object)) (param $number i32) (result (ref null $methods))
    (local $interfaces (ref $interfaces)) (local $index i32)
    (block $none
      (local.set $interfaces (br_on_null $none (struct.get $object $interfaces (local.get $object))))
      (loop $again
        (br_if $none (i32.ge_u (local.get $index) (array.len (local.get $interfaces))))
        (if (i32.eq (local.get $number) (struct.get $methods $interface (array.get $interfaces (local.get $interfaces) (local.get $index))))
          (then (return (array.get $interfaces (local.get $interfaces) (local.get $index)))))
        (local.set $index (i32.add (local.get $index) (i32.const 1)))
        (br $again)))
    (ref.null none))

  ;; object

  (func $object.equals (type $equals)
    (ref.eq (local.get 0) (local.get 1)))

  (func $object.hash_code (type $hash_code)
    (if (i32.eqz (struct.get $object $identity (local.get 0)))
      (then (struct.set $object $identity (local.get 0) (i32.or (call $random) (i32.const 1)))))
    (struct.get $object $identity (local.get 0)))

  (func $hash_code (param $object (ref $object)) (result i32)
    (return_call_ref $hash_code (local.get $object)
      (struct.get $object_table $hash_code (struct.get $object $table (local.get $object)))))

  ;; integer

  (func $integer (param $value i32) (result (ref $integer))
    (struct.new $integer (global.get $integer_table) (global.get $integer_interfaces) (i32.const 0) (local.get $value)))

  (func $integer.equals (type $equals)
    (if (result i32) (ref.test (ref $integer) (local.get 1))
      (then (i32.eq
        (struct.get $integer $value (ref.cast (ref $integer) (local.get 0)))
        (struct.get $integer $value (ref.cast (ref $integer) (local.get 1)))))
      (else (i32.const 0))))

  (func $integer.hash_code (type $hash_code)
    (struct.get $integer $value (ref.cast (ref $integer) (local.get 0))))

  (func $integer.compare_to (type $compare_to)
    (local $x i32) (local $y i32)
    (local.set $x (struct.get $integer $value (ref.cast (ref $integer) (local.get 0))))
    (local.set $y (struct.get $integer $value (ref.cast (ref $integer) (local.get 1))))
    (i32.sub (i32.gt_s (local.get $x) (local.get $y)) (i32.lt_s (local.get $x) (local.get $y))))

  ;; list

  (func $list (result (ref $list))
    (struct.new $list (global.get $object_table) (ref.null none) (i32.const 0) (array.new_default $objects (i32.const 10)) (i32.const 0)))

  (func $list.add (param $list (ref $list)) (param $object (ref null $object))
    (local $elements (ref $objects)) (local $more (ref $objects)) (local $length i32)
    (local.set $length (struct.get $list $length (local.get $list)))
    (local.set $elements (struct.get $list $elements (local.get $list)))
    (if (i32.eq (local.get $length) (array.len (local.get $elements)))
      (then
        (local.set $more (array.new_default $objects (i32.add (local.get $length) (i32.shr_u (local.get $length) (i32.const 1)))))
        (array.copy $objects $objects (local.get $more) (i32.const 0) (local.get $elements) (i32.const 0) (local.get $length))
        (struct.set $list $elements (local.get $list) (local.get $more))
        (local.set $elements (local.get $more))))
    (array.set $objects (local.get $elements) (local.get $length) (local.get $object))
    (struct.set $list $length (local.get $list) (i32.add (local.get $length) (i32.const 1))))

  (func $list.get (param $list (ref $list)) (param $index i32) (result (ref null $object))
    (if (i32.ge_u (local.get $index) (struct.get $list $length (local.get $list))) (then (unreachable)))
    (array.get $objects (struct.get $list $elements (local.get $list)) (local.get $index)))

  ;; shape

  (func $shape.hash_code (type $hash_code)
    (local $shape (ref $shape))
    (local.set $shape (ref.cast (ref $shape) (local.get 0)))
    (i32.xor (i32.trunc_sat_f64_s (struct.get $shape $x (local.get $shape)))
      (i32.mul (i32.const 31) (i32.trunc_sat_f64_s (struct.get $shape $y (local.get $shape))))))

  (func $area (param $shape (ref $shape)) (result f64)
    (call_ref $area (local.get $shape) (struct.get $shape_table $area (struct.get $shape $table (local.get $shape)))))

  (func $moved (param $shape (ref $shape)) (param $x f64) (param $y f64) (result (ref $shape))
    (ref.cast (ref $shape)
      (call_ref $moved (local.get $shape) (local.get $x) (local.get $y)
        (struct.get $shape_table $moved (struct.get $shape $table (local.get $shape))))))

  (func $circle (param $x f64) (param $y f64) (param $radius f64) (result (ref $circle))
    (struct.new $circle (global.get $circle_table) (ref.null none) (i32.const 0) (local.get $x) (local.get $y) (local.get $radius)))

  (func $circle.area (type $area)
    (local $this (ref $circle))
    (local.set $this (ref.cast (ref $circle) (local.get 0)))
    (f64.mul (f64.const 3.140625) (f64.mul (struct.get $circle $radius (local.get $this)) (struct.get $circle $radius (local.get $this)))))

  (func $circle.moved (type $moved)
    (local $this (ref $circle))
    (local.set $this (ref.cast (ref $circle) (local.get 0)))
    (call $circle
      (f64.add (struct.get $circle $x (local.get $this)) (local.get 1)) (f64.add (struct.get $circle $y (local.get $this)) (local.get 2))
      (struct.get $circle $radius (local.get $this))))

  (func $box.area (type $area)
    (local $this (ref $box))
    (local.set $this (ref.cast (ref $box) (local.get 0)))
    (f64.mul (struct.get $box $width (local.get $this)) (struct.get $box $height (local.get $this))))

  (func $box.moved (type $moved)
    (local $this (ref $box))
    (local.set $this (ref.cast (ref $box) (local.get 0)))
    (struct.new $box (global.get $box_table) (ref.null none) (i32.const 0)
      (f64.add (struct.get $box $x (local.get $this)) (local.get 1)) (f64.add (struct.get $box $y (local.get $this)) (local.get 2))
      (struct.get $box $width (local.get $this)) (struct.get $box $height (local.get $this))))

  (func $tagged_box.moved (type $moved)
    (local $this (ref $tagged_box))
    (local.set $this (ref.cast (ref $tagged_box) (local.get 0)))
    (struct.new $tagged_box (global.get $tagged_box_table) (global.get $tagged_box_interfaces) (i32.const 0)
      (f64.add (struct.get $tagged_box $x (local.get $this)) (local.get 1)) (f64.add (struct.get $tagged_box $y (local.get $this)) (local.get 2))
      (struct.get $tagged_box $width (local.get $this)) (struct.get $tagged_box $height (local.get $this))
      (call $integer (i32.add (struct.get $integer $value (struct.get $tagged_box $tag (local.get $this))) (i32.const 1)))))

  (func $tagged_box.measure (type $measure)
    (struct.get $integer $value (struct.get $tagged_box $tag (ref.cast (ref $tagged_box) (local.get 0)))))

  (func $group.area (type $area)
    (local $members (ref $list)) (local $index i32) (local $sum f64)
    (local.set $members (struct.get $group $members (ref.cast (ref $group) (local.get 0))))
    (block $done
      (loop $again
        (br_if $done (i32.ge_u (local.get $index) (struct.get $list $length (local.get $members))))
        (local.set $sum (f64.add (local.get $sum) (call $area (ref.cast (ref $shape) (call $list.get (local.get $members) (local.get $index))))))
        (local.set $index (i32.add (local.get $index) (i32.const 1)))
        (br $again)))
    (local.get $sum))

  (func $group.moved (type $moved)
    (local $this (ref $group)) (local $members (ref $list)) (local $new (ref $list)) (local $index i32)
    (local.set $this (ref.cast (ref $group) (local.get 0)))
    (local.set $members (struct.get $group $members (local.get $this)))
    (local.set $new (call $list))
    (block $done
      (loop $again
        (br_if $done (i32.ge_u (local.get $index) (struct.get $list $length (local.get $members))))
        (call $list.add (local.get $new)
          (call $moved (ref.cast (ref $shape) (call $list.get (local.get $members) (local.get $index))) (local.get 1) (local.get 2)))
        (local.set $index (i32.add (local.get $index) (i32.const 1)))
        (br $again)))
    (struct.new $group (global.get $group_table) (global.get $group_interfaces) (i32.const 0)
      (f64.add (struct.get $group $x (local.get $this)) (local.get 1)) (f64.add (struct.get $group $y (local.get $this)) (local.get 2))
      (local.get $new)))

  (func $group.measure (type $measure)
    (struct.get $list $length (struct.get $group $members (ref.cast (ref $group) (local.get 0)))))

  (func $make (param $depth i32) (result (ref $shape))
    (local $what i32) (local $members (ref $list))
    (local.set $what (i32.rem_u (i32.shr_u (call $random) (i32.const 3)) (i32.const 10)))
    (if (i32.lt_u (local.get $what) (i32.const 4))
      (then (return (call $circle (call $real) (call $real) (call $real)))))
    (if (i32.lt_u (local.get $what) (i32.const 7))
      (then (return (struct.new $box (global.get $box_table) (ref.null none) (i32.const 0) (call $real) (call $real) (call $real) (call $real)))))
    (if (i32.or (i32.lt_u (local.get $what) (i32.const 9)) (i32.eqz (local.get $depth)))
      (then (return (struct.new $tagged_box (global.get $tagged_box_table) (global.get $tagged_box_interfaces) (i32.const 0)
        (call $real) (call $real) (call $real) (call $real) (call $integer (local.get $what))))))
    (local.set $members (call $list))
    (local.set $what (i32.and (call $random) (i32.const 15)))
    (loop $again
      (call $list.add (local.get $members) (call $make (i32.sub (local.get $depth) (i32.const 1))))
      (br_if $again (i32.ge_s (local.tee $what (i32.sub (local.get $what) (i32.const 1))) (i32.const 0))))
    (struct.new $group (global.get $group_table) (global.get $group_interfaces) (i32.const 0) (call $real) (call $real) (local.get $members)))

  ;; Of anything: by interface where it has that, by its value where it is comparable, else by its class.
  (func $weigh (param $object (ref null $object)) (result i32)
    (local $methods (ref null $methods)) (local $this (ref $object))
    (local.set $this (ref.as_non_null (local.get $object)))
    (local.set $methods (call $interface (local.get $this) (i32.const 12)))
    (if (i32.eqz (ref.is_null (local.get $methods)))
      (then (return (call_ref $measure (local.get $this) (struct.get $measurable $measure (ref.cast (ref $measurable) (local.get $methods)))))))
    (local.set $methods (call $interface (local.get $this) (i32.const 11)))
    (if (i32.eqz (ref.is_null (local.get $methods)))
      (then (return (i32.add (i32.const 3)
        (call_ref $compare_to (local.get $this) (call $integer (i32.const 500)) (struct.get $comparable $compare_to (ref.cast (ref $comparable) (local.get $methods))))))))
    (i32.add (i32.mul (ref.test (ref $box) (local.get $this)) (i32.const 5))
      (i32.and (call $hash_code (local.get $this)) (i32.const 7))))

  (func (export "run") (param $count i32) (result i64)
    (local $list (ref $list)) (local $index i32) (local $round i32) (local $digest i64) (local $shape (ref $shape)) (local $other (ref null $object))
    (global.set $state (i32.const 777767777))
    (local.set $list (call $list))
    (loop $fill
      (call $list.add (local.get $list)
        (if (result (ref $object)) (i32.eq (i32.and (local.get $index) (i32.const 7)) (i32.const 3))
          (then (call $integer (i32.and (call $random) (i32.const 1023))))
          (else (call $make (i32.const 2)))))
      (br_if $fill (i32.lt_u (local.tee $index (i32.add (local.get $index) (i32.const 1))) (local.get $count))))
    (loop $rounds
      (local.set $index (i32.const 0))
      (loop $each
        (local.set $other (call $list.get (local.get $list) (local.get $index)))
        (block $next
          (block $no_shape (result (ref null $object))
            (local.set $shape (br_on_cast_fail $no_shape (ref null $object) (ref $shape) (local.get $other)))
            (local.set $digest (i64.add (i64.mul (local.get $digest) (i64.const 31)) (i64.trunc_sat_f64_s (call $area (local.get $shape)))))
            (if (i32.eq (i32.and (i32.add (local.get $index) (local.get $round)) (i32.const 1)) (i32.const 1))
              (then
                (array.set $objects (struct.get $list $elements (local.get $list)) (local.get $index)
                  (call $moved (local.get $shape) (f64.const 1) (f64.convert_i32_u (local.get $round))))))
            (br $next))
          drop)
        (local.set $digest (i64.xor (local.get $digest) (i64.extend_i32_u (call $weigh (call $list.get (local.get $list) (local.get $index))))))
        (br_if $each (i32.lt_u (local.tee $index (i32.add (local.get $index) (i32.const 1))) (local.get $count))))
      (br_if $rounds (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (i32.const 10))))
    (i64.xor (local.get $digest) (i64.extend_i32_u (call $hash_code (ref.as_non_null (call $list.get (local.get $list) (i32.const 0))))))))
