// Classes, generators, promises, proxies, regular expressions, big integers, typed arrays, dates, JSON, modules.
import * as std from "qjs:std";
import { area, Shape } from "./shape.js";

class Circle extends Shape {
    #radius;
    constructor(radius) { super("circle"); this.#radius = radius; }
    get size() { return Math.PI * this.#radius ** 2; }
}

function* primes(limit) {
    const sieve = new Uint8Array(limit + 1);
    for (let i = 2; i <= limit; i++) {
        if (sieve[i]) continue;
        yield i;
        for (let j = i * i; j <= limit; j += i) sieve[j] = 1;
    }
}

const list = [...primes(300000)];
print(list.length, list.at(-1), list.findLast(n => n % 100 === 1));
print(area(new Circle(2)).toFixed(6), `${new Circle(1)}`);
print((2n ** 521n - 1n).toString(36), BigInt.asIntN(64, 2n ** 63n), -7n / 2n);
const text = std.loadFile("/data/job.js");
const words = new Map();
for (const { groups: { word } } of text.matchAll(/\b(?<word>\p{Ll}{5,})\b/gu)) words.set(word, (words.get(word) ?? 0) + 1);
print(JSON.stringify([...words].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 8)));
const seen = [];
const watched = new Proxy({ a: 1 }, { get(target, key) { seen.push(String(key)); return Reflect.get(target, key) ?? 0; } });
print(watched.a + watched.b, seen.join());
print(new Date(1e12).toISOString(), 0.1 + 0.2, (1234.5678).toExponential(3), 1 / 3, 5e-324, 2 ** 53 + 1);
print([..."añ😀"].map(c => c.codePointAt(0).toString(16)).join(" "), "straße".toUpperCase(), "x".padStart(4, "ab"));
const floats = Float64Array.from({ length: 1000 }, (_, i) => Math.sqrt(i) * (i % 2 ? 1 : -1)).sort();
print(floats[0], floats[999], new DataView(floats.buffer).getUint32(8).toString(16));
let hash = 0;
for (let i = 0; i < 3000000; i++) hash = (Math.imul(hash, 31) + i) | 0;
print(hash);
const wait = (value, bad) => new Promise((good, wrong) => bad ? wrong(new TypeError(value)) : good(value));
const results = await Promise.allSettled([wait(1), wait("no", true), (async () => { await null; return [..."ab"]; })()]);
print(JSON.stringify(results.map(result => result.value ?? String(result.reason))));
try { null.field; } catch (error) { print(error instanceof TypeError, error.message); }
const deep = n => n === 0 ? 0 : 1 + deep(n - 1);
try { print(deep(200)); (0).missing(); } catch (error) { print(error.constructor.name); }
const file = std.open("/data/new.txt", "w");
file.puts("written\n"); file.close();
print(std.loadFile("/data/new.txt").length);
std.exit(6);
