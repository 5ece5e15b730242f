//! The shadow-stack pointer in a register, and calls through tables that are known, on random programs: against wasmi, and, with exceptions,
//! which that has not, against the engine without either.

use tancho_abi::tunables::Tunables;
use tancho_tests::oracle::seed::Run;
use tancho_tests::oracle::shadow::{Kind, Yield, check};
use tancho_tests::oracle::swarm::Swarm;
use tancho_tests::oracle::tancho::Tancho;
use tancho_tests::oracle::wasmi::Wasmi;

/// Programs of one engine.
const PROGRAMS_PER_ENGINE: usize = 20;

#[test]
fn wasmi_agrees_about_stacks_in_memory() {
    let run = Run::new("shadow", "C2-shadow", 2000 / PROGRAMS_PER_ENGINE as u64);
    let came = run.total(Wasmi::default, |wasmi, random| {
        let mut swarm = Swarm::random(random);
        // Half of them as users have it.
        if random.bool() {
            swarm = Swarm::default();
        }
        let tancho = Tancho::new(swarm);
        let mut came = Yield::default();
        for number in 0..PROGRAMS_PER_ENGINE {
            came +=
                check(random, Kind::default(), &tancho, wasmi).map_err(|what| format!("program {number}: {what}"))?;
        }
        Ok(came)
    });
    run.report(&format!("{came:?}"));
    if run.cases() >= 100 {
        assert!(came.calls >= 15_000, "{} calls", came.calls);
        assert!(came.returned * 4 >= came.calls && came.returned < came.calls, "{} returned", came.returned);
        assert!(came.moved * 8 >= came.calls && came.moved * 8 <= came.calls * 7, "{} moved", came.moved);
    }
}

#[test]
fn exceptions_leave_the_pointer_as_the_specification_says() {
    let run = Run::new("shadow-exceptions", "G-eh-shadow", 600 / PROGRAMS_PER_ENGINE as u64);
    let plain = || {
        let tunables = Tunables { shadow_stack_argument: false, table_facts: false, ..Tunables::default() };
        Tancho::new(Swarm { tunables, ..Swarm::default() })
    };
    let came = run.total(plain, |plain, random| {
        let mut swarm = if random.bool() { Swarm::default() } else { Swarm::random(random) };
        // What an uncaught exception says of where it came from is compared as well.
        swarm.tunables.address_map = true;
        let tancho = Tancho::new(swarm);
        let mut came = Yield::default();
        for number in 0..PROGRAMS_PER_ENGINE {
            let kind = Kind { exceptions: true };
            came += check(random, kind, &tancho, plain).map_err(|what| format!("program {number}: {what}"))?;
        }
        Ok(came)
    });
    run.report(&format!("{came:?}"));
    if run.cases() >= 30 {
        assert!(came.calls >= 4_000, "{} calls", came.calls);
        assert!(came.returned * 4 >= came.calls && came.returned < came.calls, "{} returned", came.returned);
    }
}
