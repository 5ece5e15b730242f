//! A compressor with back references (LZ77 kind), its decompressor, and a kernel that checks one against the other.
//!
//! The format: a control byte below 128 announces that many literal bytes plus one; from 128 on, a copy of
//! (control − 128 + 4) bytes from a distance that follows in two bytes, low byte first.

use crate::{Random, mix};

const SHORTEST: usize = 4;
const LONGEST: usize = 127 + SHORTEST;
const WINDOW: usize = 0xffff;
const NONE: u32 = u32::MAX;

fn hash(bytes: &[u8]) -> usize {
    let word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    (word.wrapping_mul(2_654_435_761) >> 18) as usize
}

fn common_length(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take(LONGEST).take_while(|(a, b)| a == b).count()
}

fn put_literals(output: &mut Vec<u8>, literals: &[u8]) {
    for part in literals.chunks(128) {
        output.push((part.len() - 1) as u8);
        output.extend_from_slice(part);
    }
}

pub fn compress(input: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(input.len() / 2);
    let mut latest = vec![NONE; 1 << 14]; // by hash: where these four bytes came last
    let mut before = vec![NONE; input.len()]; // by place: the one before with the same hash
    let mut literals = 0;
    let mut at = 0;
    while at + SHORTEST <= input.len() {
        let slot = hash(&input[at..]);
        let (mut length, mut distance) = (0, 0);
        let mut candidate = latest[slot];
        for _ in 0..16 {
            if candidate == NONE || at - candidate as usize > WINDOW {
                break;
            }
            let from = candidate as usize;
            let found = common_length(&input[from..], &input[at..]);
            if found > length {
                (length, distance) = (found, at - from);
            }
            candidate = before[from];
        }
        let step = if length >= SHORTEST { length } else { 1 };
        if length >= SHORTEST {
            put_literals(&mut output, &input[literals..at]);
            output.push(128 + (length - SHORTEST) as u8);
            output.extend_from_slice(&(distance as u16).to_le_bytes());
            literals = at + length;
        }
        for place in at..(at + step).min(input.len() - SHORTEST + 1) {
            let slot = hash(&input[place..]);
            before[place] = latest[slot];
            latest[slot] = place as u32;
        }
        at += step;
    }
    put_literals(&mut output, &input[literals..]);
    output
}

/// `None` if the packed bytes are not what `compress` makes.
pub fn decompress(packed: &[u8]) -> Option<Vec<u8>> {
    let mut output: Vec<u8> = Vec::with_capacity(3 * packed.len());
    let mut rest = packed;
    while let Some((control, tail)) = rest.split_first() {
        if *control < 128 {
            let (literals, tail) = tail.split_at_checked(usize::from(*control) + 1)?;
            output.extend_from_slice(literals);
            rest = tail;
        } else {
            let (distance, tail) = tail.split_at_checked(2)?;
            let distance = usize::from(u16::from_le_bytes([distance[0], distance[1]]));
            let start = output.len().checked_sub(distance)?;
            let length = usize::from(*control) - 128 + SHORTEST;
            for from in start..start + length {
                output.push(*output.get(from)?); // may overlap what it writes
            }
            rest = tail;
        }
    }
    Some(output)
}

/// Sentences of a small vocabulary, with some noise.
fn prose(bytes: usize) -> Vec<u8> {
    let mut random = Random::new();
    let words: Vec<Vec<u8>> = (0..300)
        .map(|_| (0..2 + random.below(7)).map(|_| b'a' + random.below(26) as u8).collect())
        .collect();
    let mut text = Vec::with_capacity(bytes + 16);
    while text.len() < bytes {
        let rank = random.below(300) * random.below(300) / 300; // small ranks are frequent
        text.extend_from_slice(&words[rank as usize]);
        match random.below(40) {
            0 => text.extend_from_slice(b".\n"),
            1 => text.push(random.draw() as u8),
            _ => text.push(b' '),
        }
    }
    text.truncate(bytes);
    text
}

pub fn pack(kib: u32) -> u64 {
    let input = prose(kib as usize * 1024);
    let packed = compress(&input);
    let unpacked = decompress(&packed).expect("the decompressor reads what the compressor wrote");
    assert!(unpacked == input, "unpacking must give the input back");
    packed.iter().fold(packed.len() as u64, |sum, byte| mix(sum, u64::from(*byte)))
}
