//! The switches of optimisations: whatever holds must hold with each of them off.
//!
//! `TANCHO_WITHOUT` has names of some, which the suites, the address tests and others that ask here then leave out.

use tancho::Config;

/// Turns something on or off.
type Switch = fn(&mut Config, bool) -> &mut Config;

/// All optimisations of our own that can be turned off, by the names of their tunables.
pub const SWITCHES: [(&str, Switch); 8] = [
    ("table_facts", Config::table_facts),
    ("shadow_stack_argument", Config::shadow_stack_argument),
    ("native_products", Config::native_products),
    ("inlining", Config::inlining),
    ("recursive_inlining", Config::recursive_inlining),
    ("loop_strips", Config::loop_strips),
    ("sites_at_calls", Config::sites_at_calls),
    ("wide_loads", Config::wide_loads),
];

/// The usual configuration, without what `TANCHO_WITHOUT` names: some of [`SWITCHES`], or `all`.
///
/// # Panics
///
/// When it names what is none.
pub fn config() -> Config {
    let mut config = Config::new();
    let without = std::env::var("TANCHO_WITHOUT").unwrap_or_default();
    for name in without.split_whitespace() {
        let before = config.clone();
        for (_, switch) in SWITCHES.iter().filter(|(switch, _)| *switch == name || name == "all") {
            switch(&mut config, false);
        }
        assert!(
            format!("{before:?}") != format!("{config:?}"),
            "TANCHO_WITHOUT: {name} is none of {:?} that is on",
            SWITCHES.map(|(name, _)| name)
        );
    }
    config
}
