import { Stack, type Item } from "./part/stack";
import data from "./part/data.json";
import * as unused from "./part/unused";

enum Level { Low = 1, High = Low << 3 }
const enum Hidden { Value = 42 }

abstract class Machine<T extends Item> {
    #stack = new Stack<T>();
    constructor(private readonly name: string, public level: Level = Level.High) {}
    push(...items: T[]): this { for (const item of items) this.#stack.push(item); return this; }
    get top(): T | undefined { return this.#stack.top ?? undefined; }
    abstract run(): Promise<void>;
}

class Printer extends Machine<Item> {
    async run() {
        for await (const item of this.all()) console.log(item?.name.toUpperCase() ?? "nothing", Hidden.Value);
    }
    async *all() { yield* data.items as Item[]; yield this.top; }
}

if (process.env.MODE === "debug") console.log("never printed");
await new Printer("first").push({ name: "a", size: 2 ** 10 }).run();
export default Printer;
