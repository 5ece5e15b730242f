<?php
// Arrays, closures, generators, regular expressions, JSON, dates, hashes, classes, exceptions, files.
declare(strict_types=1);
enum Suit: string { case Hearts = 'h'; case Spades = 's'; public function label(): string { return ucfirst(strtolower($this->name)); } }
abstract class Shape {
    public function __construct(protected readonly float $size) {}
    abstract public function area(): float;
    public function __toString(): string { return sprintf('%s %.3f', static::class, $this->area()); }
}
final class Circle extends Shape { public function area(): float { return M_PI * $this->size ** 2; } }
final class Square extends Shape { public function area(): float { return $this->size ** 2; } }
function primes(int $limit): Generator {
    $sieve = array_fill(0, $limit + 1, true);
    for ($i = 2; $i <= $limit; $i++) {
        if (!$sieve[$i]) continue;
        yield $i;
        for ($j = $i * $i; $j <= $limit; $j += $i) $sieve[$j] = false;
    }
}
$shapes = array_map(fn(int $n) => $n % 2 ? new Circle($n) : new Square($n), range(1, 6));
usort($shapes, fn(Shape $a, Shape $b) => $b->area() <=> $a->area());
echo implode(', ', $shapes), "\n", Suit::from('s')->label(), "\n";
$count = 0; $last = 0;
foreach (primes(200000) as $prime) { $count++; $last = $prime; }
echo "$count primes, the last $last\n";
foreach (['md5', 'sha256', 'crc32b', 'xxh64', 'sha3-256'] as $name) echo $name, ' ', hash($name, str_repeat('tancho', 5000)), "\n";
$text = file_get_contents(__FILE__);
preg_match_all('/\b(?<word>[a-z]{5,})\b/u', $text, $matches);
$words = array_count_values($matches['word']);
uksort($words, fn($a, $b) => $words[$b] <=> $words[$a] ?: strcmp($a, $b));
echo json_encode(array_slice($words, 0, 8), JSON_PRETTY_PRINT), "\n";
var_dump(json_decode('{"a":[1,2.5,null,true,"\u00fc"],"b":{}}', true));
echo gmdate('D, d M Y H:i:s', 1_000_000_000), ' ', intdiv(-7, 2), ' ', -7 % 3, ' ', 0.1 + 0.2, ' ', "\n";
try { intdiv(1, 0); } catch (DivisionByZeroError $error) { echo get_class($error), ': ', $error->getMessage(), "\n"; }
file_put_contents('/data/new.txt', strrev('stressed') . "\n", FILE_APPEND);
echo file_get_contents('/data/new.txt'), filesize('/data/new.txt'), "\n";
unlink('/data/new.txt');
echo serialize(['x' => [1, 2.5, 'drei'], 'y' => null]), ' ', str_pad(number_format(1234567.891, 2), 15, '*', STR_PAD_LEFT), "\n";
exit(4);
