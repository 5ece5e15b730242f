//! How long calls, traps and instances take, with criterion's statistics: distributions, outliers, change since the last run.
//!
//! Users run it as `cargo bench`, with a filter after `--` if they like. It measures thread CPU time, one engine after the other: use
//! `calls` to compare engines, and this to see whether a change has changed something.

use criterion::{Criterion, criterion_group, criterion_main};
use side::SIDES;
use side::clock::{Stopwatch, ThreadTime};
use std::time::Duration;

fn boundaries(criterion: &mut Criterion<ThreadTime>) {
    for side in SIDES {
        let mut group = criterion.benchmark_group(side.name);
        for boundary in (side.boundaries)() {
            let mut prepared = None;
            group.bench_function(boundary.name, |bencher| {
                // Prepared here, so that what the filter leaves out is not.
                let cross = prepared.get_or_insert_with(|| match (boundary.prepare)() {
                    Ok(cross) => cross,
                    Err(error) => panic!("{}: {}: {error:?}", side.name, boundary.name),
                });
                bencher.iter_custom(|times| {
                    let watch = Stopwatch::start();
                    cross(times);
                    watch.stop().thread
                });
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = call;
    config = Criterion::default()
        .with_measurement(ThreadTime)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(50);
    targets = boundaries
}
criterion_main!(call);
