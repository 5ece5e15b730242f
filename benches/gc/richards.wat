;; The simulation of an operating system's scheduler after M. Richards: few objects, virtual calls, lists that are taken apart and put together.
;; least 30 gives 309237645341
;; small 10000 gives 99840809772113
;; size 6000000 gives 59950484963013083
(module
  (type $numbers (array (mut i32)))
  (type $packet (sub final (struct
    (field $link (mut (ref null $packet))) (field $to (mut i32)) (field $kind i32) (field $datum (mut i32)) (field $data (ref $numbers)))))
  (rec
    (type $run (func (param (ref $task) (ref $scheduler) (ref null $packet)) (result (ref null $control))))
    (type $table (struct (field $run (ref $run))))
    (type $task (sub (struct (field $table (ref $table)))))
    (type $control (sub final (struct
      (field $link (ref null $control)) (field $number i32) (field $priority i32) (field $queue (mut (ref null $packet)))
      (field $state (mut i32)) (field $task (ref $task)))))
    (type $controls (array (mut (ref null $control))))
    (type $scheduler (sub final (struct
      (field $queued (mut i32)) (field $held (mut i32)) (field $controls (ref $controls))
      (field $list (mut (ref null $control))) (field $current (mut (ref null $control))) (field $number (mut i32))))))
  (type $idle (sub final $task (struct (field $table (ref $table)) (field $seed (mut i32)) (field $left (mut i32)))))
  (type $device (sub final $task (struct (field $table (ref $table)) (field $waiting (mut (ref null $packet))))))
  (type $worker (sub final $task (struct (field $table (ref $table)) (field $handler (mut i32)) (field $letter (mut i32)))))
  (type $handler (sub final $task (struct (field $table (ref $table)) (field $work (mut (ref null $packet))) (field $devices (mut (ref null $packet))))))

  (elem declare func $idle.run $device.run $worker.run $handler.run)
  (global $idle_table (ref $table) (struct.new $table (ref.func $idle.run)))
  (global $device_table (ref $table) (struct.new $table (ref.func $device.run)))
  (global $worker_table (ref $table) (struct.new $table (ref.func $worker.run)))
  (global $handler_table (ref $table) (struct.new $table (ref.func $handler.run)))

  ;; Packets

  (func $packet (param $link (ref null $packet)) (param $to i32) (param $kind i32) (result (ref $packet))
    (struct.new $packet (local.get $link) (local.get $to) (local.get $kind) (i32.const 0) (array.new_default $numbers (i32.const 4))))

  ;; The queue with the packet at its end.
  (func $append (param $packet (ref $packet)) (param $queue (ref null $packet)) (result (ref $packet))
    (local $last (ref $packet))
    (struct.set $packet $link (local.get $packet) (ref.null none))
    (if (ref.is_null (local.get $queue)) (then (return (local.get $packet))))
    (local.set $last (ref.as_non_null (local.get $queue)))
    (block $end
      (loop $again
        (local.set $last (br_on_null $end (struct.get $packet $link (local.get $last))))
        (br $again)))
    (struct.set $packet $link (local.get $last) (local.get $packet))
    (ref.as_non_null (local.get $queue)))

  ;; Control blocks: their states are 0 running, 1 runnable, 2 suspended, 4 held, in sums.

  (func $set_state (param $control (ref $control)) (param $and i32) (param $or i32)
    (struct.set $control $state (local.get $control)
      (i32.or (i32.and (struct.get $control $state (local.get $control)) (local.get $and)) (local.get $or))))

  (func $run_control (param $scheduler (ref $scheduler)) (param $control (ref $control)) (result (ref null $control))
    (local $packet (ref null $packet))
    (if (i32.eq (struct.get $control $state (local.get $control)) (i32.const 3))
      (then
        (local.set $packet (struct.get $control $queue (local.get $control)))
        (struct.set $control $queue (local.get $control) (struct.get $packet $link (local.get $packet)))
        (struct.set $control $state (local.get $control)
          (i32.eqz (ref.is_null (struct.get $control $queue (local.get $control)))))))
    (call_ref $run (struct.get $control $task (local.get $control)) (local.get $scheduler) (local.get $packet)
      (struct.get $table $run (struct.get $task $table (struct.get $control $task (local.get $control))))))

  ;; Gives the control block a packet; it or the other goes on, by priority.
  (func $give (param $control (ref $control)) (param $other (ref $control)) (param $packet (ref $packet)) (result (ref $control))
    (if (ref.is_null (struct.get $control $queue (local.get $control)))
      (then
        (struct.set $control $queue (local.get $control) (local.get $packet))
        (call $set_state (local.get $control) (i32.const -1) (i32.const 1))
        (if (i32.gt_s (struct.get $control $priority (local.get $control)) (struct.get $control $priority (local.get $other)))
          (then (return (local.get $control)))))
      (else
        (struct.set $control $queue (local.get $control)
          (call $append (local.get $packet) (struct.get $control $queue (local.get $control))))))
    (local.get $other))

  ;; The scheduler

  (func $add (param $scheduler (ref $scheduler)) (param $number i32) (param $priority i32) (param $queue (ref null $packet)) (param $task (ref $task))
    (local $control (ref $control))
    (local.set $control (struct.new $control
      (struct.get $scheduler $list (local.get $scheduler)) (local.get $number) (local.get $priority) (local.get $queue)
      (select (i32.const 2) (i32.const 3) (ref.is_null (local.get $queue))) (local.get $task)))
    (struct.set $scheduler $list (local.get $scheduler) (local.get $control))
    (array.set $controls (struct.get $scheduler $controls (local.get $scheduler)) (local.get $number) (local.get $control)))

  (func $schedule (param $scheduler (ref $scheduler))
    (local $control (ref $control))
    (struct.set $scheduler $current (local.get $scheduler) (struct.get $scheduler $list (local.get $scheduler)))
    (block $done
      (loop $again
        (local.set $control (br_on_null $done (struct.get $scheduler $current (local.get $scheduler))))
        (struct.set $scheduler $current (local.get $scheduler)
          (if (result (ref null $control))
            (i32.or
              (i32.and (struct.get $control $state (local.get $control)) (i32.const 4))
              (i32.eq (struct.get $control $state (local.get $control)) (i32.const 2)))
            (then (struct.get $control $link (local.get $control)))
            (else
              (struct.set $scheduler $number (local.get $scheduler) (struct.get $control $number (local.get $control)))
              (call $run_control (local.get $scheduler) (local.get $control)))))
        (br $again))))

  (func $release (param $scheduler (ref $scheduler)) (param $number i32) (result (ref null $control))
    (local $control (ref null $control))
    (local.set $control (array.get $controls (struct.get $scheduler $controls (local.get $scheduler)) (local.get $number)))
    (if (ref.is_null (local.get $control)) (then (return (local.get $control))))
    (call $set_state (ref.as_non_null (local.get $control)) (i32.const -5) (i32.const 0))
    (if (result (ref null $control))
      (i32.gt_s (struct.get $control $priority (local.get $control))
        (struct.get $control $priority (struct.get $scheduler $current (local.get $scheduler))))
      (then (local.get $control))
      (else (struct.get $scheduler $current (local.get $scheduler)))))

  (func $hold (param $scheduler (ref $scheduler)) (result (ref null $control))
    (local $control (ref $control))
    (struct.set $scheduler $held (local.get $scheduler) (i32.add (struct.get $scheduler $held (local.get $scheduler)) (i32.const 1)))
    (local.set $control (ref.as_non_null (struct.get $scheduler $current (local.get $scheduler))))
    (call $set_state (local.get $control) (i32.const -1) (i32.const 4))
    (struct.get $control $link (local.get $control)))

  (func $suspend (param $scheduler (ref $scheduler)) (result (ref null $control))
    (call $set_state (ref.as_non_null (struct.get $scheduler $current (local.get $scheduler))) (i32.const -1) (i32.const 2))
    (struct.get $scheduler $current (local.get $scheduler)))

  (func $queue (param $scheduler (ref $scheduler)) (param $packet (ref $packet)) (result (ref null $control))
    (local $control (ref null $control))
    (local.set $control (array.get $controls (struct.get $scheduler $controls (local.get $scheduler)) (struct.get $packet $to (local.get $packet))))
    (if (ref.is_null (local.get $control)) (then (return (local.get $control))))
    (struct.set $scheduler $queued (local.get $scheduler) (i32.add (struct.get $scheduler $queued (local.get $scheduler)) (i32.const 1)))
    (struct.set $packet $link (local.get $packet) (ref.null none))
    (struct.set $packet $to (local.get $packet) (struct.get $scheduler $number (local.get $scheduler)))
    (call $give (ref.as_non_null (local.get $control)) (ref.as_non_null (struct.get $scheduler $current (local.get $scheduler))) (local.get $packet)))

  ;; Tasks

  (func $idle.run (type $run)
    (local $this (ref $idle)) (local $seed i32)
    (local.set $this (ref.cast (ref $idle) (local.get 0)))
    (struct.set $idle $left (local.get $this) (i32.sub (struct.get $idle $left (local.get $this)) (i32.const 1)))
    (if (i32.eqz (struct.get $idle $left (local.get $this))) (then (return (call $hold (local.get 1)))))
    (local.set $seed (struct.get $idle $seed (local.get $this)))
    (if (i32.and (local.get $seed) (i32.const 1))
      (then
        (struct.set $idle $seed (local.get $this) (i32.xor (i32.shr_u (local.get $seed) (i32.const 1)) (i32.const 0xd008)))
        (return (call $release (local.get 1) (i32.const 5)))))
    (struct.set $idle $seed (local.get $this) (i32.shr_u (local.get $seed) (i32.const 1)))
    (call $release (local.get 1) (i32.const 4)))

  (func $device.run (type $run)
    (local $this (ref $device)) (local $packet (ref $packet))
    (local.set $this (ref.cast (ref $device) (local.get 0)))
    (if (i32.eqz (ref.is_null (local.get 2)))
      (then
        (struct.set $device $waiting (local.get $this) (local.get 2))
        (return (call $hold (local.get 1)))))
    (if (ref.is_null (struct.get $device $waiting (local.get $this))) (then (return (call $suspend (local.get 1)))))
    (local.set $packet (ref.as_non_null (struct.get $device $waiting (local.get $this))))
    (struct.set $device $waiting (local.get $this) (ref.null none))
    (call $queue (local.get 1) (local.get $packet)))

  (func $worker.run (type $run)
    (local $this (ref $worker)) (local $packet (ref $packet)) (local $letter i32) (local $index i32)
    (local.set $this (ref.cast (ref $worker) (local.get 0)))
    (if (ref.is_null (local.get 2)) (then (return (call $suspend (local.get 1)))))
    (local.set $packet (ref.as_non_null (local.get 2)))
    (struct.set $worker $handler (local.get $this) (i32.sub (i32.const 5) (struct.get $worker $handler (local.get $this))))
    (struct.set $packet $to (local.get $packet) (struct.get $worker $handler (local.get $this)))
    (struct.set $packet $datum (local.get $packet) (i32.const 0))
    (loop $again
      (local.set $letter (i32.add (struct.get $worker $letter (local.get $this)) (i32.const 1)))
      (if (i32.gt_s (local.get $letter) (i32.const 26)) (then (local.set $letter (i32.const 1))))
      (struct.set $worker $letter (local.get $this) (local.get $letter))
      (array.set $numbers (struct.get $packet $data (local.get $packet)) (local.get $index) (local.get $letter))
      (br_if $again (i32.lt_u (local.tee $index (i32.add (local.get $index) (i32.const 1))) (i32.const 4))))
    (call $queue (local.get 1) (local.get $packet)))

  (func $handler.run (type $run)
    (local $this (ref $handler)) (local $work (ref $packet)) (local $packet (ref $packet)) (local $count i32)
    (local.set $this (ref.cast (ref $handler) (local.get 0)))
    (if (i32.eqz (ref.is_null (local.get 2)))
      (then
        (local.set $packet (ref.as_non_null (local.get 2)))
        (if (struct.get $packet $kind (local.get $packet))
          (then (struct.set $handler $work (local.get $this) (call $append (local.get $packet) (struct.get $handler $work (local.get $this)))))
          (else (struct.set $handler $devices (local.get $this) (call $append (local.get $packet) (struct.get $handler $devices (local.get $this))))))))
    (block $nothing
      (local.set $work (br_on_null $nothing (struct.get $handler $work (local.get $this))))
      (local.set $count (struct.get $packet $datum (local.get $work)))
      (if (i32.ge_s (local.get $count) (i32.const 4))
        (then
          (struct.set $handler $work (local.get $this) (struct.get $packet $link (local.get $work)))
          (return (call $queue (local.get 1) (local.get $work)))))
      (local.set $packet (br_on_null $nothing (struct.get $handler $devices (local.get $this))))
      (struct.set $handler $devices (local.get $this) (struct.get $packet $link (local.get $packet)))
      (struct.set $packet $datum (local.get $packet) (array.get $numbers (struct.get $packet $data (local.get $work)) (local.get $count)))
      (struct.set $packet $datum (local.get $work) (i32.add (local.get $count) (i32.const 1)))
      (return (call $queue (local.get 1) (local.get $packet))))
    (call $suspend (local.get 1)))

  ;; With 10,000 the packets queued and the times held are 23,246 and 9,297.
  (func (export "run") (param $count i32) (result i64)
    (local $scheduler (ref $scheduler))
    (local.set $scheduler (struct.new $scheduler (i32.const 0) (i32.const 0) (array.new_default $controls (i32.const 6))
      (ref.null none) (ref.null none) (i32.const 0)))
    (call $add (local.get $scheduler) (i32.const 0) (i32.const 0) (ref.null none)
      (struct.new $idle (global.get $idle_table) (i32.const 1) (local.get $count)))
    (struct.set $control $state (struct.get $scheduler $list (local.get $scheduler)) (i32.const 0))
    (call $add (local.get $scheduler) (i32.const 1) (i32.const 1000)
      (call $packet (call $packet (ref.null none) (i32.const 1) (i32.const 1)) (i32.const 1) (i32.const 1))
      (struct.new $worker (global.get $worker_table) (i32.const 2) (i32.const 0)))
    (call $add (local.get $scheduler) (i32.const 2) (i32.const 2000)
      (call $packet (call $packet (call $packet (ref.null none) (i32.const 4) (i32.const 0)) (i32.const 4) (i32.const 0)) (i32.const 4) (i32.const 0))
      (struct.new $handler (global.get $handler_table) (ref.null none) (ref.null none)))
    (call $add (local.get $scheduler) (i32.const 3) (i32.const 3000)
      (call $packet (call $packet (call $packet (ref.null none) (i32.const 5) (i32.const 0)) (i32.const 5) (i32.const 0)) (i32.const 5) (i32.const 0))
      (struct.new $handler (global.get $handler_table) (ref.null none) (ref.null none)))
    (call $add (local.get $scheduler) (i32.const 4) (i32.const 4000) (ref.null none) (struct.new $device (global.get $device_table) (ref.null none)))
    (call $add (local.get $scheduler) (i32.const 5) (i32.const 5000) (ref.null none) (struct.new $device (global.get $device_table) (ref.null none)))
    (call $schedule (local.get $scheduler))
    (i64.or
      (i64.shl (i64.extend_i32_u (struct.get $scheduler $queued (local.get $scheduler))) (i64.const 32))
      (i64.extend_i32_u (struct.get $scheduler $held (local.get $scheduler))))))
