# Text to numbers and back: regular expressions, JSON, hashes, exact arithmetic, generators, files, exceptions.
import base64, collections, dataclasses, decimal, fractions, functools, hashlib, heapq, itertools, json, os, re, struct, sys, zlib

@dataclasses.dataclass(order=True)
class Item:
    weight: int
    name: str = dataclasses.field(compare=False)

@functools.lru_cache(maxsize=None)
def ways(coins, amount):
    if amount == 0:
        return 1
    return sum(ways(coins[i:], amount - coin) for i, coin in enumerate(coins) if coin <= amount)

def primes():
    known = []
    for number in itertools.count(2):
        if all(number % prime for prime in itertools.takewhile(lambda p: p * p <= number, known)):
            known.append(number)
            yield number

text = open(__file__, encoding="utf-8").read()
words = collections.Counter(re.findall(r"\b[a-z]{4,}\b", text))
print(json.dumps(dict(sorted(words.items())[:12]), indent=1))
for name in ("md5", "sha1", "sha256", "sha512", "blake2b", "sha3_256"):
    print(name, hashlib.new(name, b"tancho" * 10000).hexdigest()[:32])
packed = zlib.compress(text.encode() * 50, 9)
print(len(text), zlib.crc32(text.encode()), zlib.decompress(packed) == text.encode() * 50)
print(base64.b85encode(struct.pack("<Iqd", 7, -1, 0.1)).decode())
print(ways((1, 2, 5, 10), 20), list(itertools.islice(primes(), 2000))[-1])
print(2 ** 521 - 1, sum(fractions.Fraction(1, n) for n in range(1, 30)))
decimal.getcontext().prec = 50
print(decimal.Decimal(2).sqrt(), repr(0.1 + 0.2), float.hex(1 / 3), round(2.675, 2))
heap = [Item(hash_ % 97, f"item{hash_}") for hash_ in range(0, 500, 7)]
heapq.heapify(heap)
print([heapq.heappop(heap).name for _ in range(6)])
os.makedirs("/data/new/deep", exist_ok=True)
with open("/data/new/deep/file.json", "w") as file:
    json.dump({"list": [1, 2.5, None, True, "ü€😀"], "nested": {"a": []}}, file)
os.rename("/data/new/deep/file.json", "/data/new/moved.json")
print(os.listdir("/data/new"), json.load(open("/data/new/moved.json")), os.path.getsize("/data/new/moved.json"))
os.remove("/data/new/moved.json"), os.rmdir("/data/new/deep"), os.rmdir("/data/new")
try:
    open("/data/none")
except FileNotFoundError as error:
    print("as expected:", error.strerror)
def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
try:
    print(deep(200)); deep(10 ** 9)
except RecursionError as error:
    print("too deep:", type(error).__name__)
print(sorted("straße über ärger".title().split(), key=str.casefold), "tancho"[::-1].encode().hex(" "))
sys.exit(3)
