# Blocks, lazy chains, fibers, big numbers, rationals, patterns, structs, text encodings, files, exceptions, exit code.
require "json"
require "digest"
require "set"

Point = Struct.new(:x, :y) do
  include Comparable
  def <=>(other) = [x, y] <=> [other.x, other.y]
  def +(other) = Point.new(x + other.x, y + other.y)
end

def kind(value)
  case value
  in Integer | Float => number if number > 100 then "large #{number}"
  in Integer then "integer"
  in [first, *rest] then "list of #{rest.size + 1}, first #{kind(first)}"
  in { name: String => name, **others } then "#{name} with #{others.keys.sort}"
  else "other"
  end
end

puts (1..Float::INFINITY).lazy.select { |n| n.digits.sum % 7 == 0 }.map { |n| n * n }.first(8).inspect
puts [3, 1000, [1, 2, 3], { name: "box", b: 1, a: 2 }, nil].map { |value| kind(value) }
fibers = Fiber.new { a, b = 0, 1; loop { Fiber.yield a; a, b = b, a + b } }
puts Array.new(90) { fibers.resume }.last, 3**200, Rational(1, 3) + Rational(1, 6), Complex(1, 2)**3
text = File.read(__FILE__, encoding: "utf-8")
puts JSON.generate(text.scan(/\b[a-z]{5,}\b/).tally.sort_by { |word, count| [-count, word] }.first(8).to_h)
puts Digest::SHA256.hexdigest("tancho" * 10000), Digest::MD5.hexdigest(text.lines.grep(/digest/i).first)
puts [Point.new(2, 1), Point.new(1, 5), Point.new(1, 2)].sort.inject(:+).to_a.inspect
puts "Größe — straße".upcase, "ñandú".unicode_normalize(:nfd).length, "日本語".bytes.length, "abc".encode("UTF-16LE").bytes.inspect
memo = Hash.new { |hash, n| hash[n] = n < 2 ? n : hash[n - 1] + hash[n - 2] }
puts memo[120]
sieve = Array.new(100_001, true)
primes = (2..100_000).select { |n| next false unless sieve[n]; (n * n).step(100_000, n) { |m| sieve[m] = false }; true }
puts primes.length, primes.last, primes.each_cons(2).map { |a, b| b - a }.max
begin
  Integer("twelve")
rescue ArgumentError => error
  puts "#{error.class}: #{error.message}"
ensure
  puts "and so on"
end
File.write("/data/new.txt", "one\ntwo\n", mode: "a")
puts File.foreach("/data/new.txt").map(&:chomp).inspect, File.size("/data/new.txt"), Dir.children("/data").sort.inspect
File.delete("/data/new.txt")
puts catch(:found) { 10.times { |i| 10.times { |j| throw :found, [i, j] if i * j == 42 } } }.inspect
def deep(n) = n.zero? ? 0 : 1 + deep(n - 1)
puts deep(500), format("%08.3f|%-6s|%+d|%x", 3.14159, "ab", 5, 255), [1, 2, 3].to_set.superset?(Set[1, 2])
exit 5
