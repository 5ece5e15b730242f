//! Every atomic operator, each width, among plain accesses to the same bytes, in shared memories and others, against a model. Each program
//! runs with the default configuration and one of the swarm's.

use tancho_tests::oracle::atomic::{Yield, check, names};
use tancho_tests::oracle::seed::Run;
use tancho_tests::oracle::swarm::Swarm;
use tancho_tests::oracle::tancho::Tancho;

#[test]
fn operators_do_what_the_model_says() {
    let run = Run::new("atomic", "C2-atomic", 2000);
    let came = run.total(|| Tancho::new(Swarm::default()), |usual, random| check(random, usual));
    let Yield { calls, returned, misaligned, ref ran } = came;
    run.report(&format!("{calls} calls, {returned} returned, {misaligned} at odd addresses, {} operators", ran.len()));
    if run.is_whole() {
        let rare: Vec<String> = names().filter(|name| ran.get(name).copied().unwrap_or(0) < 100).collect();
        assert!(rare.is_empty(), "operators that were run fewer than a hundred times: {rare:?}");
        assert_eq!(names().count(), 67);
        assert!(returned * 4 >= calls, "{returned} of {calls} calls returned");
        assert!(misaligned * 50 >= calls, "{misaligned} of {calls} calls were misaligned");
    }
}
