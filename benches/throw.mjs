// The lines "throw and catch" of `calls`, in V8, of both forms: `node benches/throw.mjs` (24 or later for the form of WebAssembly 3.0).
// The modules are `throw/exnref.wasm` and `throw/legacy.wasm`, from the texts beside them.
import { readFileSync, existsSync } from "node:fs";

const best = (run, times) => {
  let least = Infinity;
  for (let round = 0; round < 15; round++) {
    const start = process.hrtime.bigint();
    if (run(times) !== times) throw new Error("a wrong value was caught");
    least = Math.min(least, Number(process.hrtime.bigint() - start) / times);
  }
  return least;
};

console.log(`node ${process.version}, V8 ${process.versions.v8}; ns, the least of 15 rounds`);
for (const form of ["exnref", "legacy"]) {
  const path = new URL(`throw/${form}.wasm`, import.meta.url);
  if (!existsSync(path)) continue;
  let instance;
  try {
    const module = new WebAssembly.Module(readFileSync(path));
    instance = new WebAssembly.Instance(module, { host: { pass: (x) => instance.exports.thrower(x, 0) } });
  } catch (error) {
    console.log(`${form}: ${error.message}`);
    continue;
  }
  for (const name of ["nothing thrown", "1 frame", "10 frames", "100 frames", "10 frames that clean up", "within", "through a host function"]) {
    const run = instance.exports[name];
    console.log(`${form}, ${name}: ${best(run, name === "nothing thrown" || name === "within" ? 10_000_000 : 20_000).toFixed(1)}`);
  }
}
