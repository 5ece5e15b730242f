// The instructions. Each is a function that ends in a tail call, through the table, of the next one's: so the machine needs no
// loop, its registers stay in parameters, and no instruction leaves anything on the native stack.
#include "machine.h"

// The parameters are the registers: code after this instruction, next free word of the stack (whose topmost number is in
// `top`, so that most instructions write nothing to memory), the frame of the running procedure.
#define REGISTERS const int64_t *code, int64_t *stack, int64_t top, int64_t *frame, Machine *machine
typedef int64_t Instruction(REGISTERS);

static Instruction *const instructions[INSTRUCTION_COUNT];

#define NEXT __attribute__((musttail)) return instructions[*code](code + 1, stack, top, frame, machine)
#define FAULT(text) __attribute__((musttail)) return fault(code, stack, (int64_t)(intptr_t)(text), frame, machine)
#define IS(name) static int64_t do_##name(REGISTERS)

static int64_t fault(REGISTERS) {
    (void)stack, (void)frame;
    machine->fault = (const char *)(intptr_t)top;
    machine->fault_at = code - 1;
    return 0;
}

IS(stop) {
    (void)code, (void)stack, (void)frame, (void)machine;
    return top;
}

IS(push) { *stack++ = top; top = *code++; NEXT; }
IS(drop) { top = *--stack; NEXT; }
IS(dup) { *stack++ = top; NEXT; }
IS(swap) { int64_t below = stack[-1]; stack[-1] = top; top = below; NEXT; }

// Numbers wrap around: arithmetic is done without signs.
#define WRAP(name, operator) \
    IS(name) { top = (int64_t)((uint64_t)*--stack operator (uint64_t)top); NEXT; }
WRAP(add, +)
WRAP(sub, -)
WRAP(mul, *)
WRAP(and, &)
WRAP(or, |)
WRAP(xor, ^)

IS(div) {
    int64_t above = *--stack;
    if (top == 0) FAULT("division by zero");
    top = top == -1 ? (int64_t)(0 - (uint64_t)above) : above / top;
    NEXT;
}
IS(rem) {
    int64_t above = *--stack;
    if (top == 0) FAULT("division by zero");
    top = top == -1 ? 0 : above % top;
    NEXT;
}
IS(shl) { top = (int64_t)((uint64_t)*--stack << (top & 63)); NEXT; }
IS(shr) { top = (int64_t)((uint64_t)*--stack >> (top & 63)); NEXT; }

#define COMPARE(name, operator) \
    IS(name) { top = *--stack operator top; NEXT; }
COMPARE(eq, ==)
COMPARE(ne, !=)
COMPARE(lt, <)
COMPARE(le, <=)

IS(not) { top = !top; NEXT; }

// Targets are distances from the word after the operand.
IS(jump) { code += *code + 1; NEXT; }
IS(zero) { code += top == 0 ? *code + 1 : 1; top = *--stack; NEXT; }
IS(more) { code += top != 0 ? *code + 1 : 1; top = *--stack; NEXT; }

// call LABEL N: the topmost N numbers become the first slots of the callee's frame. All slots of a frame are in the stack.
IS(call) {
    if (machine->depth == CALLS) FAULT("calls nested too deeply");
    int64_t count = code[1];
    *stack++ = top;
    machine->returns[machine->depth++] = (Return){code + 2, frame};
    frame = stack - count;
    code += *code + 1;
    NEXT;
}

// frame N: N more slots, all zero. Comes first in the main program and in every procedure, before anything is pushed, and
// checks for all of it that the stack is large enough: it may push 64 numbers.
IS(frame) {
    if (stack + *code + 64 > machine->stack + STACK_WORDS) FAULT("stack overflow");
    for (int64_t i = 0; i < *code; i++) *stack++ = 0;
    code++;
    top = 0;
    NEXT;
}

// The caller finds one number in place of the arguments: what was on top.
IS(ret) {
    if (machine->depth == 0) FAULT("return from the main program");
    stack = frame;
    Return back = machine->returns[--machine->depth];
    code = back.code;
    frame = back.frame;
    NEXT;
}

IS(get) { *stack++ = top; top = frame[*code++]; NEXT; }
IS(set) { frame[*code++] = top; top = *--stack; NEXT; }

IS(load) {
    if ((uint64_t)top >= (uint64_t)machine->memory_size) FAULT("load outside of the memory");
    top = machine->memory[top];
    NEXT;
}

// ( value place -- )
IS(store) {
    if ((uint64_t)top >= (uint64_t)machine->memory_size) FAULT("store outside of the memory");
    machine->memory[top] = stack[-1];
    stack -= 2;
    top = *stack;
    NEXT;
}

// ( words -- ): reserves memory, empty.
IS(size) {
    if (top < 0 || top > MOST_MEMORY) FAULT("too much memory asked for");
    machine->memory = allocate(machine->memory, (size_t)(top + 1) * sizeof *machine->memory);
    for (int64_t i = 0; i < top; i++) machine->memory[i] = 0;
    machine->memory_size = top;
    top = *--stack;
    NEXT;
}

IS(print) {
    printf("%lld\n", (long long)top);
    top = *--stack;
    NEXT;
}

// step SLOT N: adds N to a slot.
IS(step) {
    frame[code[0]] = (int64_t)((uint64_t)frame[code[0]] + (uint64_t)code[1]);
    code += 2;
    NEXT;
}

// less A B LABEL: goes there if slot A is less than slot B.
IS(less) {
    int64_t distance = frame[code[0]] < frame[code[1]] ? code[2] : 0;
    code += 3 + distance;
    NEXT;
}

static Instruction *const instructions[INSTRUCTION_COUNT] = {
#define ENTRY(name, operands) do_##name,
    INSTRUCTIONS(ENTRY)
#undef ENTRY
};

int64_t execute(Machine *machine, const int64_t *code, int64_t size) {
    machine->stack = allocate(NULL, STACK_WORDS * sizeof *machine->stack);
    machine->memory = NULL;
    machine->memory_size = 0;
    machine->depth = 0;
    machine->fault = NULL;
    // Below the frame lie some words for programs that take more than they put there.
    int64_t *frame = machine->stack + 64;
    for (int64_t *word = machine->stack; word < frame + 64; word++) *word = 0;
    frame[0] = size;
    return instructions[*code](code + 1, frame + 1, 0, frame, machine);
}
