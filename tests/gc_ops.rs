//! Objects in random programs: every instruction of the proposal, every kind of call, other instances, exceptions and the host, with the
//! values of the host that must be dropped, against a model. Each program runs as users get it, with the least nursery and under zeal, each
//! time just in time or by way of an image.

use std::collections::BTreeMap;
use tancho_tests::oracle::gc::{INSTRUCTIONS, Setting, Yield, check};
use tancho_tests::oracle::seed::Run;
use tancho_tests::oracle::tancho::Tancho;

/// What each thread has: the engines, just in time and by way of images, and what came of each setting.
struct Worker {
    engines: Vec<(Setting, [Tancho; 2])>,
    came: BTreeMap<Setting, Yield>,
}

fn worker() -> Worker {
    let engines = Setting::ALL.map(|setting| (setting, [false, true].map(|as_image| setting.engine(as_image))));
    Worker { engines: engines.into(), came: BTreeMap::new() }
}

#[test]
fn programs_come_to_what_the_model_says() {
    let run = Run::new("gc_ops", "G1", 2000);
    let workers = run.all(worker, |worker, case, random| {
        for (position, (setting, engines)) in worker.engines.iter().enumerate() {
            // Each setting each way, and each with each of the others.
            let tancho = &engines[(case >> position & 1) as usize];
            let one = check(&mut random.clone(), &[tancho])?;
            worker.came.entry(*setting).or_default().add(&one);
        }
        Ok(())
    });
    let mut came: BTreeMap<Setting, Yield> = BTreeMap::new();
    for (setting, one) in workers.iter().flat_map(|worker| &worker.came) {
        came.entry(*setting).or_default().add(one);
    }
    for (setting, one) in &came {
        run.report(&format!("{setting:?}: {one:?}"));
    }
    if !run.is_whole() {
        return;
    }
    for (setting, one) in &came {
        let Yield { calls, returned, threw, caught, hosts, dropped, collections, .. } = one;
        let trapped: u64 = one.trapped.values().sum();
        assert_eq!(*calls, run.cases() * 4, "{setting:?}: calls");
        assert!(returned * 5 >= calls * 2, "{setting:?}: {returned} of {calls} calls returned");
        assert!(threw * 20 >= *calls, "{setting:?}: {threw} of {calls} calls threw");
        assert!(trapped * 10 >= *calls, "{setting:?}: {trapped} of {calls} calls trapped");
        assert!(one.trapped.len() >= 9, "{setting:?}: {:?} are few traps", one.trapped);
        assert!(*caught >= calls / 4, "{setting:?}: {caught} exceptions caught in {calls} calls");
        assert!(dropped * 4 >= *hosts, "{setting:?}: {dropped} of {hosts} values dropped before their stores");
        assert!(collections[1] >= *calls / 2, "{setting:?}: {collections:?} collections");
        let least = |name: &&&str| one.instructions.get(**name).copied().unwrap_or(0) < run.cases() / 40;
        let rare: Vec<_> = INSTRUCTIONS.iter().filter(least).collect();
        assert!(rare.is_empty(), "{setting:?}: {rare:?} were run too rarely");
    }
    let collections = |setting| came[&setting].collections;
    assert!(collections(Setting::Small)[0] >= run.cases() / 2, "{:?} of small nurseries", collections(Setting::Small));
    assert!(collections(Setting::Zeal)[1] >= run.cases() * 100, "{:?} under zeal", collections(Setting::Zeal));
}
