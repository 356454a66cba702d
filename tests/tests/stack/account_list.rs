//! The list of accounts, and the view of security events.

use serde_json::{Value, json};
use verinym_tests::{Client, Stack, people::tag, until};

use crate::{
    administration::with_role,
    clients::{made, signed_in},
};

const USERS: &str = "/v1/admin/users";

fn escaped(time: &Value) -> String {
    time.as_str().unwrap().replace(':', "%3A")
}

/// The ids of all pages, and the sizes of the pages.
async fn pages(by: &Client, query: &str) -> (Vec<String>, Vec<usize>) {
    let (mut ids, mut sizes, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = by.get(&format!("{USERS}?{query}{cursor}")).send().await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        sizes.push(items.len());
        ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (ids, sizes),
        }
    }
}

/// Accounts in the order of their creation, and the time range that has them all.
async fn some(stack: &Stack, admin: &Client, count: usize) -> (Vec<String>, String) {
    let (mut ids, mut times) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let made =
            admin.post(USERS).json(&json!({"given_name": "Ada", "locale": "en"})).send().await.expect(201).json();
        ids.push(made["id"].as_str().unwrap().to_owned());
        times.push(made["created_at"].clone());
    }
    // The range ends with the last one, which is not in it.
    let range = format!("from={}&to={}", escaped(&times[0]), escaped(times.last().unwrap()));
    let first = ids[0].clone();
    until("the index to have them", async || {
        let (found, _) = pages(&stack.auditor().await, &format!("{range}&limit=100")).await;
        found.contains(&first).then_some(())
    })
    .await;
    (ids, range)
}

#[tokio::test]
async fn accounts_are_listed_newest_first_in_pages_that_are_full() {
    let stack = Stack::get();
    let (admin, auditor) = (stack.admin().await, stack.auditor().await);
    let (ids, range) = some(&stack, &admin, 8).await;
    let expected: Vec<_> = ids[..7].iter().rev().collect();
    for limit in [1, 3, 100] {
        let (found, sizes) = pages(&auditor, &format!("{range}&limit={limit}")).await;
        // Other tests make accounts meanwhile.
        let ours: Vec<_> = found.iter().filter(|id| ids.contains(id)).collect();
        assert_eq!(ours, expected);
        assert!(sizes.iter().rev().skip(1).all(|size| *size == limit), "{sizes:?}");
    }
}

#[tokio::test]
async fn filters_and_cursors_are_of_one_query_and_one_caller() {
    let stack = Stack::get();
    let (admin, auditor) = (stack.admin().await, stack.auditor().await);
    let (ids, range) = some(&stack, &admin, 4).await;
    let lock = format!("{USERS}/{}/lock", ids[1]);
    admin.put(&lock).json(&json!({"reason": "fraud"})).send().await.expect(204);
    let locked = until("the lock to be in the index", async || {
        let (found, _) = pages(&auditor, &format!("{range}&status=locked&limit=1")).await;
        (!found.is_empty()).then_some(found)
    })
    .await;
    assert!(locked.contains(&ids[1]) && !locked.contains(&ids[0]), "{locked:?}");
    let (active, _) = pages(&auditor, &format!("{range}&status=active&limit=1")).await;
    assert!(active.contains(&ids[0]) && !active.contains(&ids[1]), "{active:?}");
    let (none, _) = pages(&auditor, &format!("{range}&kyc_status=approved&role=auditor")).await;
    assert!(none.iter().all(|id| !ids.contains(id)));

    let first = auditor.get(&format!("{USERS}?{range}&limit=1")).send().await.expect(200).json();
    let cursor = first["next_cursor"].as_str().unwrap();
    for query in [format!("{range}&status=active&limit=1&cursor={cursor}"), format!("limit=1&cursor={cursor}")] {
        auditor.get(&format!("{USERS}?{query}")).send().await.refused(400, "invalid_cursor");
    }
    admin.get(&format!("{USERS}?{range}&limit=1&cursor={cursor}")).send().await.refused(400, "invalid_cursor");
    for query in
        ["status=open", "kyc_status=x", "from=yesterday", "role=A%20B", "limit=0", "email=a%40example.org&limit=5"]
    {
        auditor.get(&format!("{USERS}?{query}")).send().await.expect(400);
    }
    // A range that is empty or ends before it begins has nobody.
    let (nobody, _) = pages(&auditor, "from=2026-03-02T00%3A00%3A00Z&to=2026-03-01T00%3A00%3A00Z").await;
    assert!(nobody.is_empty());
}

#[tokio::test]
async fn the_list_is_masked_and_needs_a_permission() {
    let stack = Stack::get();
    let (admin, person) = (stack.admin().await, stack.person().await);
    let staff = with_role(&stack, &admin, "auditor").await;
    let listed = until("the list to have the person", async || {
        let page = stack.auditor().await.get(&format!("{USERS}?limit=100")).send().await.expect(200);
        page.text().contains(&person.id).then_some(page)
    })
    .await;
    for text in [&person.draft.email, &person.draft.given_name, &person.draft.family_name, &person.draft.date_of_birth]
    {
        assert!(!listed.text().contains(text.as_str()), "{text}");
    }
    assert!(listed.json()["items"].as_array().unwrap().iter().all(|item| item["masked"] == json!(true)));
    let auditors = until("the role to be in the index", async || {
        let (found, _) = pages(&admin, "role=auditor&limit=100").await;
        found.contains(&staff.id).then_some(found)
    })
    .await;
    assert!(!auditors.contains(&person.id));
    person.api.get(USERS).send().await.refused(403, "forbidden");
    let (id, secret) = made(&admin, &["users:create"]).await;
    signed_in(&stack, &id, &secret).await.get(USERS).send().await.refused(403, "forbidden");
}

const SECURITY: &str = "/v1/admin/security-events";

#[tokio::test]
async fn security_events_of_a_person_are_listed_and_others_are_not() {
    let stack = Stack::get();
    let (admin, auditor, person) = (stack.admin().await, stack.auditor().await, stack.person().await);
    for _ in 0..2 {
        let wrong = json!({"email": person.draft.email, "password": format!("wrong {}", tag())});
        stack.client().post("/v1/auth/login").json(&wrong).send().await.refused(401, "invalid_credentials");
    }
    let lock = format!("{USERS}/{}/lock", person.id);
    admin.put(&lock).json(&json!({"reason": "fraud"})).send().await.expect(204);
    admin.put(&lock.replace("/lock", "/unlock")).send().await.expect(204);
    let events = auditor.all(&format!("{SECURITY}?person={}&limit=1", person.id)).await;
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["user.unlocked", "user.locked", "user.sign_in_failed"]);
    for text in [&person.draft.email, &person.draft.given_name, &person.draft.family_name] {
        assert!(!json!(events).to_string().contains(text.as_str()), "{text}");
    }
    let one = auditor.all(&format!("{SECURITY}?person={}&type=user.locked", person.id)).await;
    assert_eq!((one.len(), &one[0]["data"]["reason"]), (1, &json!("fraud")));
    let all = auditor.all(&format!("/v1/admin/audit-logs?person={}", person.id)).await;
    assert!(all.iter().any(|event| event["type"] == "session.created"), "the log has more");

    let at = escaped(&events[1]["occurred_at"]);
    let to = escaped(&events[0]["occurred_at"]);
    let found = auditor.all(&format!("{SECURITY}?from={at}&to={to}&type=user.locked")).await;
    assert!(found.iter().any(|event| event["id"] == events[1]["id"]), "{found:?}");
}

#[tokio::test]
async fn security_events_need_audit_read_and_one_selection() {
    let stack = Stack::get();
    let (auditor, person) = (stack.auditor().await, stack.person().await);
    for caller in [&stack.moderator().await, &person.api] {
        caller.get(&format!("{SECURITY}?person={}", person.id)).send().await.refused(403, "forbidden");
    }
    let range = "from=2026-03-01T00%3A00%3A00Z&to=2026-03-02T00%3A00%3A00Z";
    for query in [
        String::new(),
        format!("person={}&{range}", person.id),
        format!("person={}&type=session.created", person.id),
        format!("person={}&type=nothing", person.id),
        format!("subject={}", person.id),
        "from=2026-03-01T00%3A00%3A00Z".to_owned(),
        "from=2026-03-01T00%3A00%3A00Z&to=2026-05-01T00%3A00%3A00Z".to_owned(),
    ] {
        auditor.get(&format!("{SECURITY}?{query}")).send().await.expect(400);
    }
    auditor.get(&format!("{SECURITY}?{range}")).send().await.expect(200);
}
