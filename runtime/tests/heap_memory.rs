//! The memory of a heap: what is used no more is the system's again. In a process of its own, whose memory nothing else changes.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use tancho_abi::tunables::Tunables;
use tancho_abi::types::{CompositeType, FieldType, StorageType, SubType};
use tancho_abi::vmctx::ValRaw;
use tancho_runtime::store::Store;
use tancho_runtime::types::TypeRegistry;

#[test]
fn what_was_used_once_is_given_back_and_used_again() {
    let registry = TypeRegistry::new();
    let element = FieldType { storage: StorageType::I8, mutable: true };
    let composite = CompositeType::Array(element);
    let bytes = registry.register_alone(SubType { is_final: true, supertype: None, composite });
    let tunables = Tunables { gc_heap_reservation: 1 << 30, gc_nursery: 128 << 10, ..Tunables::default() };
    let mut store = Store::new(Arc::new(tunables)).unwrap();
    let resident = || {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        text.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    };
    let before = resident();
    for _ in 0..2 {
        for size in [80 << 20, 6000] {
            let scope = store.open_scope();
            for _ in 0..(160 << 20) / size {
                let array = store.new_array(&bytes, size).unwrap();
                for page in (0..size).step_by(4096) {
                    store.set_element(array, page, ValRaw { v128: [1; 16] }).unwrap();
                }
                store.root(array);
            }
            assert!(resident() - before > 130 << 20);
            store.close_scope(scope);
            store.collect();
            assert!(resident() < before + (60 << 20), "{} from {before}", resident());
            assert_eq!(store.heap_stats().live, 0);
        }
    }
}
