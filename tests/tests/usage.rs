//! Functions declare exactly what they use: every call that a function made in the flows of the other tests is declared, by action and
//! resource, and a declared grant that was never used is declared as rare, with its occasion.
//!
//! Runs after `stack`, whose flows it examines (cargo runs test targets in the order of their names).

#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::collections::{BTreeMap, BTreeSet};

use verinym::function::Grant;
use verinym_tests::{
    Stack,
    contract::functions,
    usage::{invocations, used},
};

/// Functions with equal grants share a role, which none of them need use wholly by itself.
#[derive(Default)]
struct Role {
    functions: Vec<&'static str>,
    used: BTreeSet<String>,
    rare: BTreeSet<String>,
}

#[tokio::test]
async fn functions_use_what_they_declare_and_no_more() {
    let seen = invocations(&Stack::get().aws()).await;
    let used = used(&seen);
    let mut lacking = Vec::new();
    let mut roles: BTreeMap<Vec<Grant>, Role> = BTreeMap::new();
    for function in functions() {
        let grants = function.settings.needs.grants();
        let declared: BTreeSet<_> = grants.keys().map(ToString::to_string).collect();
        let used = used.get(function.name).cloned().unwrap_or_default();
        lacking.extend(used.difference(&declared).map(|action| format!("{}: {action}", function.name)));
        let rare = grants.iter().filter(|(_, occasion)| occasion.is_some()).map(|(grant, _)| grant.to_string());
        let role = roles.entry(grants.keys().copied().collect()).or_default();
        role.functions.push(function.name);
        role.used.extend(used);
        role.rare.extend(rare);
    }
    let mut idle = BTreeMap::new();
    for (grants, role) in roles {
        let unused: Vec<_> = grants
            .iter()
            .map(ToString::to_string)
            .filter(|action| !role.used.contains(action) && !role.rare.contains(action))
            .collect();
        if !unused.is_empty() {
            idle.insert(role.functions, unused);
        }
    }
    assert!(
        lacking.is_empty() && idle.is_empty(),
        "used and not declared: {lacking:#?}; declared, not as rare, and never used: {idle:#?}"
    );
}

/// Otherwise the test above would examine too little.
#[tokio::test]
async fn the_flows_ran_every_function() {
    let seen: BTreeSet<_> =
        invocations(&Stack::get().aws()).await.into_iter().map(|invocation| invocation.function).collect();
    let missing: Vec<_> = functions().into_iter().map(|one| one.name).filter(|name| !seen.contains(*name)).collect();
    assert!(missing.is_empty(), "never ran: {missing:?}");
}
