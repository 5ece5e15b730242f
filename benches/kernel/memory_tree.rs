//! Ordered maps and strings of the standard library: a B-tree of strings, ranges, entries, removals.
use std::collections::BTreeMap;
use std::fmt::Write;
const USUAL_SIZE: u32 = 60_000;

fn kernel(size: u32) -> u64 {
    let (mut sum, mut state) = (0, 17);
    let mut map: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    let mut key = String::new();
    for turn in 0..size {
        let r = next_random(&mut state);
        key.clear();
        write!(key, "{}/{:x}", ["users", "groups", "files", "links"][(r >> 62) as usize], (r >> 20) % 6000).expect("strings grow");
        match r % 5 {
            0 => sum = mix(sum, map.remove(&key).map_or(0, |list| list.len() as u64)),
            1 => {
                let near = map.range(key.clone()..).next();
                sum = mix(sum, near.map_or(3, |(name, list)| name.len() as u64 + u64::from(list[0])));
            }
            _ => map.entry(std::mem::take(&mut key)).or_default().push(turn),
        }
    }
    map.iter().fold(sum, |sum, (name, list)| mix(sum, name.len() as u64 * list.iter().map(|x| u64::from(*x)).sum::<u64>()))
}

include!("harness.inc");
