//! Exceptions in random programs: both forms, every kind of call, other instances and the host, with the values that handlers see, against
//! a model. Each program runs with the default configuration and one of the swarm's.

use tancho_tests::oracle::exception::check;
use tancho_tests::oracle::seed::Run;
use tancho_tests::oracle::swarm::Swarm;
use tancho_tests::oracle::tancho::Tancho;

#[test]
fn programs_come_to_what_the_model_says() {
    let run = Run::new("exception_ops", "G-eh", 2000);
    let came = run.total(|| Tancho::new(Swarm::default()), |usual, random| check(random, usual));
    run.report(&format!("{came:?}"));
    if run.is_whole() {
        assert!(came.calls as u64 >= run.cases() * 6, "{} calls", came.calls);
        assert!(came.threw * 10 >= came.calls, "{} of {} calls threw", came.threw, came.calls);
        assert!(came.returned * 4 >= came.calls, "{} of {} calls returned", came.returned, came.calls);
        assert!(came.caught >= came.calls, "{} caught in {} calls", came.caught, came.calls);
        assert!(came.again * 10 >= came.calls, "{} rounds ended early in {} calls", came.again, came.calls);
    }
}
