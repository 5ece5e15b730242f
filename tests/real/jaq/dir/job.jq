# Groups, sums, paths, recursion, regular expressions, formats, reduction, user-defined functions.
def mean: add / length;
def hanoi($n): if $n == 0 then 0 else 2 * hanoi($n - 1) + 1 end;
(group_by(.bird) | map({bird: .[0].bird, count: length, mean: (map(.size) | mean), largest: max_by(.size).id})),
(map(select(.where.name != null and .where.x > 7) | .where.name) | unique | join(", ")),
([.[] | select(.tags | index("c")) | .id] | [first, last, length]),
(.[17] | [paths] | map(map(tostring) | join("/"))),
(.[3] | to_entries | map("\(.key)=\(.value | tojson)")),
([limit(5; .[] | .where | select(.y % 2 == 1))] | map([.x, .y] | @csv)),
(reduce .[].size as $s ({sum: 0, most: 0}; .sum += $s | .most = ([.most, $s] | max))),
([foreach range(10) as $i (0; . + $i * $i)]),
hanoi(12),
("Crane 17, heron 4" | [match("[0-9]+"; "g").string | tonumber] + [test("HERON"; "i")] + [sub("(?<w>[a-z]+)$"; "x")] + [ascii_downcase | explode | length]),
([.[:50][].bird] | unique | map({(.): (. | @base64)}) | add),
(try error("own") catch .), ([.[] | .size] | sort | .[150]),
([.[0:4][] | .where |= with_entries(select(.value != null)) | del(.tags)]),
(map(.id) | . == sort), [range(0; 1; 0.3)]
