export interface Item { name: string; size: number }
export class Stack<T> {
    private items: T[] = [];
    push(item: T): void { this.items.push(item); }
    get top(): T | null { return this.items.length > 0 ? this.items[this.items.length - 1] : null; }
}
export function neverCalled() { return "taken out"; }
