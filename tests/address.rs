//! Addresses against a model in 128 bits: every size of access at every shape of index expression, every edge of the constant offset
//! and of the index; then random expressions. Each with the optimiser on and off, with either register allocator, values spilled, and
//! with bounds that are checked by guards, by code and by both. Accesses that leave a memory's reservation and guard land on canaries.

#[path = "address/shape.rs"]
mod shape;

use std::rc::Rc;
use tancho_tests::oracle::address::access::{self, Kind, LENGTH, Pressure};
use tancho_tests::oracle::address::bench::{Batch, Findings, Setting, settings, wide_settings};
use tancho_tests::oracle::address::tree::{self, Operands};
use tancho_tests::oracle::row::{Random, Row, number};

/// Whether to try a setting: with `TANCHO_SETTING` that one alone, where an emulator has no room for the memories of all (`cross.sh`).
fn is_chosen(which: usize) -> bool {
    number("TANCHO_SETTING").is_none_or(|one| one == which as u64)
}

fn chosen(settings: Vec<Setting>) -> Vec<Setting> {
    settings.into_iter().enumerate().filter(|(which, _)| is_chosen(*which)).map(|(_, setting)| setting).collect()
}

/// Twelve operands: six for an index at an edge, and six edges of the operands themselves.
fn edges(shape: &shape::Shape, offset: u64, size: u64) -> Vec<Operands> {
    let edge = LENGTH.wrapping_sub(offset).wrapping_sub(size) as u32;
    let wrapping = 0_u32.wrapping_sub(offset as u32);
    let indices = [0, edge.wrapping_sub(1), edge, edge.wrapping_add(1), wrapping, u32::MAX];
    let wanted = indices.into_iter().map(|index| (shape.operands)(index));
    let raw = [1, edge, i32::MAX as u32, 1 << 31, u32::MAX, wrapping];
    let raw = raw.into_iter().map(|x| (x, i64::from(x as i32) as u64));
    wanted.chain(raw).map(|(x, y)| Operands { x, y, z: 0, t: 0 }).collect()
}

fn end(row: Row, findings: &Findings) {
    row.end(findings.accesses, findings.failures);
    assert!(findings.failures == 0, "{} failures:\n{}", findings.failures, findings.texts.join("\n"));
    // Either outcome often enough to mean something.
    assert!(findings.inside * 8 > findings.accesses, "only {} of {} are in bounds", findings.inside, findings.accesses);
    assert!(findings.inside * 8 < findings.accesses * 7, "{} of {} are in bounds", findings.inside, findings.accesses);
}

#[test]
fn every_shape_of_address() {
    let row = Row::begin("C3");
    let mut random = Random::new(row.seed());
    let mut findings = Findings::default();
    let shapes: Vec<Rc<shape::Shape>> = shape::shapes().into_iter().map(Rc::new).collect();
    assert!(shapes.len() >= 128, "only {} shapes", shapes.len());
    let head = access::head(Kind::USUAL);
    let thorough = Row::cases(0) > 0;
    for (which, setting) in settings(&[false]).iter().enumerate().filter(|(which, _)| is_chosen(*which)) {
        let mut batch = Batch::new(setting, &head);
        for size in access::SIZES {
            let kinds = [(access::loads(size), true), (access::stores(size), false)];
            for (number, shape) in shapes.iter().enumerate() {
                let index = {
                    let shape = shape.clone();
                    Rc::new(move |operands: &Operands| u64::from((shape.index)(operands.x, operands.y)))
                };
                for (place, offset) in setting.offsets().into_iter().enumerate() {
                    if findings.are_many() {
                        break;
                    }
                    // Loads and stores and their kinds take turns, so that over shapes, offsets and settings each meets each; in a soak all
                    // of them at every place.
                    let turn = number + place + which;
                    // One offset of each shape has its operands spilled; the next, its index.
                    let pressure = match (turn + size as usize) % 8 {
                        0 => Pressure::Operands,
                        1 => Pressure::Index,
                        _ => Pressure::None,
                    };
                    for (side, (kinds, is_load)) in kinds.iter().enumerate() {
                        for (kind, access) in kinds.iter().enumerate() {
                            if thorough || (turn % 2 == side && turn / 2 % kinds.len() == kind) {
                                let operands = edges(shape, offset, size);
                                batch.add(
                                    access,
                                    *is_load,
                                    (size, offset),
                                    &shape.text,
                                    index.clone(),
                                    operands,
                                    pressure,
                                );
                            }
                        }
                    }
                    if batch.is_full() {
                        batch.run(&mut random, &mut findings);
                    }
                }
            }
        }
        batch.run(&mut random, &mut findings);
    }
    assert!(findings.accesses >= 61_440 || findings.are_many(), "only {} accesses", findings.accesses);
    end(row, &findings);
}

#[test]
fn random_expressions() {
    let row = Row::begin("C3-trees");
    let mut random = Random::new(row.seed());
    let mut findings = Findings::default();
    let settings = chosen(settings(&[false, true]));
    let trees = Row::cases(5000);
    let head = access::head(Kind::USUAL) + &tree::values();
    // Imports and memories come before all functions that name them in the binary format; the text has them in any order.
    let mut left = trees;
    while left > 0 {
        for setting in &settings {
            let mut batch = Batch::new(setting, &head);
            for _ in 0..left.min(105) {
                batch.add_random(&mut random);
                left -= 1;
            }
            batch.run(&mut random, &mut findings);
        }
    }
    assert!(findings.accesses >= trees * 8 || findings.are_many(), "only {} accesses", findings.accesses);
    end(row, &findings);
}

/// Memories that are indexed by `i64`, memories with pages of a byte, and all kinds without signals.
#[test]
fn wide_memories() {
    let row = Row::begin("C3-wide");
    let mut random = Random::new(row.seed());
    let mut findings = Findings::default();
    let settings = chosen(wide_settings());
    let trees = Row::cases(12_000);
    let heads = Kind::ALL.map(|kind| (kind, access::head(kind) + &tree::values()));
    let mut left = trees;
    while left > 0 {
        for setting in &settings {
            let (_, head) = heads.iter().find(|(kind, _)| *kind == setting.kind).expect("there is one of each");
            let mut batch = Batch::new(setting, head);
            for _ in 0..left.min(160) {
                batch.add_random(&mut random);
                left -= 1;
            }
            batch.run(&mut random, &mut findings);
        }
    }
    assert!(findings.accesses >= trees * 8 || findings.are_many(), "only {} accesses", findings.accesses);
    end(row, &findings);
}
