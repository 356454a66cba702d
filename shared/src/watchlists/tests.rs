use std::collections::BTreeMap;

use super::*;
use crate::{
    domain::aml::list::{ListContent, ListState},
    scripted::{AwsReply, ScriptedAws},
};

fn at(hour: i64) -> Timestamp {
    Timestamp::from_unix_seconds(hour * 3600)
}

fn sources() -> Vec<ListSource> {
    let one = |id: &str, hours: u64| {
        serde_json::json!({"id": id, "name": id, "kind": "sanctions", "format": "un_xml",
            "urls": ["https://x.example/"], "max_age_hours": hours})
    };
    source::parse(&serde_json::json!([one("un", 24), one("uk", 48)]).to_string(), false).unwrap()
}

fn content(sha256: &str) -> ListContent {
    ListContent {
        version: "1".into(),
        sha256: sha256.into(),
        reading: String::new(),
        files: vec![],
        entries: 7,
        published_at: None,
        loaded_at: at(0),
    }
}

fn pointer(ids: &[&str]) -> ListsPointer {
    ListsPointer {
        version: 3,
        artifact: String::new(),
        sha256: String::new(),
        format: 1,
        engine: "1".into(),
        published_at: at(0),
        lists: ids.iter().map(|id| ((*id).to_owned(), CompiledList::of(&content("a"), at(0)))).collect(),
    }
}

fn lists_state(states: &[(&str, &str, i64)]) -> ListsState {
    let state = |(id, sha256, confirmed): &(&str, &str, i64)| {
        let mut state = ListState::requested(None, id);
        state.content = Some(content(sha256));
        state.confirmed_at = Some(at(*confirmed));
        ((*id).to_owned(), state)
    };
    ListsState { pointer: None, states: states.iter().map(state).collect::<BTreeMap<_, _>>() }
}

fn in_force(ids: &[&str], states: &[(&str, &str, i64)]) -> InForce {
    let artifact = Arc::new(Artifact::load(Artifact::build(&[])).unwrap());
    InForce::new(artifact, &pointer(ids), &lists_state(states), &sources())
}

/// So that the first screening of a process needs as few round trips as possible.
#[tokio::test(start_paused = true)]
async fn configuration_and_states_of_the_lists_are_read_in_parallel() {
    let script = ScriptedAws::new(|call| {
        let body = if call.operation == "Query" { serde_json::json!({"Items": []}) } else { serde_json::json!([]) };
        AwsReply::After(Duration::from_millis(20), body)
    });
    // Neither a list nor a configuration.
    assert!(Watchlists::of(script.app()).await.in_force().await.is_err());
    let calls = script.calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert_eq!(calls[0].at, calls[1].at);
}

#[test]
fn lists_are_fresh_while_each_is_younger_than_its_own_limit() {
    let both = in_force(&["un", "uk"], &[("un", "a", 10), ("uk", "a", 10)]);
    assert!(both.is_fresh(at(34)));
    assert!(!both.is_fresh(at(35)));
    assert!(both.lists[0].is_stale(at(35)) && !both.lists[1].is_stale(at(35)));
    assert_eq!(both.lists[0].age(at(35)), Duration::from_hours(25));
}

#[test]
fn a_list_that_was_never_loaded_is_named_and_nothing_is_fresh() {
    let one = in_force(&["un"], &[("un", "a", 10)]);
    assert_eq!(one.missing, ["uk"]);
    assert!(!one.is_fresh(at(10)));
}

#[test]
fn what_waits_to_be_compiled_does_not_make_the_old_list_younger() {
    let both = in_force(&["un", "uk"], &[("un", "b", 30), ("uk", "a", 30)]);
    assert!(!both.is_fresh(at(31)));
}

#[test]
fn a_list_that_is_configured_no_more_stays_known_until_it_is_gone() {
    let three = in_force(&["eu", "un", "uk"], &[("un", "a", 10), ("uk", "a", 10)]);
    let dropped = three.lists.iter().find(|list| list.id == "eu").unwrap();
    assert_eq!(dropped.kind, ListKind::Sanctions);
    assert!(three.is_fresh(at(30)));
}
