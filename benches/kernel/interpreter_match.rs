//! An interpreter of a small language of eight instructions on a tape, by `match` over a compiled form with runs and jumps.
const USUAL_SIZE: u32 = 3;

enum Instruction {
    Move(i32),
    Add(u8),
    Put,
    Open(usize),
    Close(usize),
    Clear,
    Spread(i32, u8),
}

fn compile(text: &str) -> Vec<Instruction> {
    let (mut code, mut open): (Vec<Instruction>, Vec<usize>) = (Vec::new(), Vec::new());
    for byte in text.bytes() {
        match byte {
            b'>' | b'<' => {
                let by = if byte == b'>' { 1 } else { -1 };
                if let Some(Instruction::Move(sum)) = code.last_mut() { *sum += by } else { code.push(Instruction::Move(by)) }
            }
            b'+' | b'-' => {
                let by = if byte == b'+' { 1 } else { 255 };
                if let Some(Instruction::Add(sum)) = code.last_mut() { *sum = sum.wrapping_add(by) } else { code.push(Instruction::Add(by)) }
            }
            b'.' => code.push(Instruction::Put),
            b'[' => {
                open.push(code.len());
                code.push(Instruction::Open(0));
            }
            b']' => {
                let start = open.pop().expect("a bracket opens");
                match &code[start + 1..] {
                    [Instruction::Add(255)] => {
                        code.truncate(start);
                        code.push(Instruction::Clear);
                    }
                    [Instruction::Add(255), Instruction::Move(there), Instruction::Add(times), Instruction::Move(back)]
                        if *there == -*back =>
                    {
                        let spread = Instruction::Spread(*there, *times);
                        code.truncate(start);
                        code.push(spread);
                    }
                    _ => {
                        let end = code.len();
                        code[start] = Instruction::Open(end);
                        code.push(Instruction::Close(start));
                    }
                }
            }
            _ => {}
        }
    }
    code
}

fn run(code: &[Instruction]) -> u64 {
    let (mut tape, mut at, mut place, mut sum) = (vec![0_u8; 30_000], 0_usize, 0_usize, 0);
    while let Some(instruction) = code.get(place) {
        match instruction {
            Instruction::Move(by) => at = at.wrapping_add(*by as usize) % tape.len(),
            Instruction::Add(by) => tape[at] = tape[at].wrapping_add(*by),
            Instruction::Put => sum = mix(sum, tape[at].into()),
            Instruction::Open(end) => if tape[at] == 0 { place = *end },
            Instruction::Close(start) => if tape[at] != 0 { place = *start },
            Instruction::Clear => tape[at] = 0,
            Instruction::Spread(there, times) => {
                let target = at.wrapping_add(*there as usize) % tape.len();
                tape[target] = tape[target].wrapping_add(tape[at].wrapping_mul(*times));
                tape[at] = 0;
            }
        }
        place += 1;
    }
    sum
}

/// Squares below ten thousand, and a count through three nested loops.
const SQUARES: &str = "++++[>+++++<-]>[<+++++>-]+<+[>[>+>+<<-]++>>[<<+>>-]>>>[-]++>[-]+>>>+[[-]++++++>>>]<<<[[<++++++++<++>>-]+<.<[>----<-]<]<<[>>>>>[>>>[-]+++++++++<[>-<-]+++++++++>[-[<->-]+[<<<]]<[>+<-]>]<<-]<<-]";
const COUNT: &str = "++++++++++++++++[>++++++++++++++++[>++++++++++++++++[>++++++++++++++++[>+>+++<<-]>[-]>.<<<-]<-]<-]";

fn kernel(size: u32) -> u64 {
    let (squares, count) = (compile(SQUARES), compile(COUNT));
    (0..size).fold(0, |sum, _| mix(mix(sum, run(&squares)), (0..8).fold(0, |sum, _| mix(sum, run(&count)))))
}

include!("harness.inc");
