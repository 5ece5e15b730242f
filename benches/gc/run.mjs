// A program in GC instructions in V8, for the benchmark `gc`, which starts it as `node --expose-gc run.mjs FILE.wasm` and writes requests to it, one a line:
//   call EXPORT ARGUMENT                calls it; answers with the result and the time, by three clocks
//   calls EXPORT ARGUMENT TIMES LIMIT   calls it so many times, or until that has taken so much CPU time of the thread; answers with how many
//                                       times, the longest time that one took and the time of all
//   collect                             collects all garbage; answers with the time
//   pause                               answers with the longest pause that V8 reports
// Each answer is a line of JSON; times are in microseconds: of this thread's CPU, of all threads' CPU, and on the wall. The first line says what is running.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { PerformanceObserver } from "node:perf_hooks";

const say = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

let longestPause = 0;
const note = (entries) => {
  for (const { duration } of entries) longestPause = Math.max(longestPause, duration * 1e3);
};
const observer = new PerformanceObserver((list) => note(list.getEntries()));
observer.observe({ entryTypes: ["gc"] });

const total = ({ user, system }) => user + system;
const thread = process.threadCpuUsage ? () => total(process.threadCpuUsage()) : () => total(process.cpuUsage());
const timed = (run) => {
  const all = total(process.cpuUsage());
  const wall = process.hrtime.bigint();
  const own = thread();
  const result = run();
  return { result, thread: thread() - own, wall: Number(process.hrtime.bigint() - wall) / 1e3, process: total(process.cpuUsage()) - all };
};

const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(process.argv[2])));
say({ node: process.version, v8: process.versions.v8 });

const answer = async ([request, name, argument, times, limit]) => {
  switch (request) {
    case "call": {
      const { result, ...span } = timed(() => exports[name](Number(argument)));
      return { result: String(result), ...span };
    }
    case "calls": {
      const [longest, total] = [{ thread: 0, process: 0, wall: 0 }, { thread: 0, process: 0, wall: 0 }];
      let count = 0;
      for (; count < Number(times) && total.thread < Number(limit); count++) {
        const call = timed(() => exports[name](Number(argument)));
        for (const clock in longest) {
          longest[clock] = Math.max(longest[clock], call[clock]);
          total[clock] += call[clock];
        }
      }
      return { count, longest, total };
    }
    case "collect": {
      const { thread, process, wall } = timed(() => globalThis.gc());
      return { thread, process, wall };
    }
    case "pause":
      // Entries come to the observer in a later turn of the event loop.
      await new Promise((resolve) => setTimeout(resolve, 50));
      note(observer.takeRecords());
      return { pause: longestPause };
    default:
      throw new Error(`no such request: ${request}`);
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  try {
    say(await answer(line.split(" ")));
  } catch (error) {
    say({ error: String(error) });
  }
}
observer.disconnect();
