// A kernel in V8, for the benchmark `kernels`, which starts it as `node run.mjs FILE.wasm` and writes requests to it, one a line:
//   run    instantiates it, with a WASI of its own, and calls its start; answers with what it wrote and the time that the call took
// Each answer is a line of JSON; times are in microseconds of this thread's CPU. The first line says what is running.
import { fstatSync, ftruncateSync, openSync, readFileSync, readSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WASI } from "node:wasi";

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
const total = ({ user, system }) => user + system;
const clock = process.threadCpuUsage ? () => total(process.threadCpuUsage()) : () => total(process.cpuUsage());

// A file without a name, which is gone with this process; what is written goes to its end.
const path = join(tmpdir(), `kernel-${process.pid}-${Date.now()}`);
const stdout = openSync(path, "ax+");
unlinkSync(path);
const written = () => {
  const bytes = Buffer.alloc(fstatSync(stdout).size);
  readSync(stdout, bytes, 0, bytes.length, 0);
  return bytes.toString();
};

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
say({ node: process.version, v8: process.versions.v8 });

const run = () => {
  ftruncateSync(stdout);
  const wasi = new WASI({ version: "preview1", args: ["kernel"], stdout, returnOnExit: true });
  const instance = new WebAssembly.Instance(module, wasi.getImportObject());
  const before = clock();
  const exit = wasi.start(instance);
  const thread = clock() - before;
  if (exit) throw new Error(`exit code ${exit}`);
  return { stdout: written(), thread };
};

for await (const line of createInterface({ input: process.stdin })) {
  try {
    if (line !== "run") throw new Error(`no such request: ${line}`);
    say(run());
  } catch (error) {
    say({ error: String(error) });
  }
}
