export class Shape {
    constructor(name) { this.name = name; }
    toString() { return `${this.name} of ${this.size.toPrecision(5)}`; }
}
export const area = shape => shape.size;
