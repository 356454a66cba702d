//! Pages of lists, cursors of other lists, and entity tags.

use serde_json::json;
use verinym_tests::{Person, Stack, people::tag};

async fn with_documents(stack: &Stack, number: usize) -> (Person, Vec<String>) {
    let person = stack.person().await;
    let mut ids = Vec::new();
    for _ in 0..number {
        ids.push(person.passport(&format!("OK-{}", tag())).await);
    }
    (person, ids)
}

#[tokio::test]
async fn pages_follow_one_another_newest_first() {
    let (person, mut ids) = with_documents(&Stack::get(), 5).await;
    ids.reverse();
    for limit in [1, 2, 5, 100] {
        let items = person.api.all(&format!("/v1/kyc/documents?limit={limit}")).await;
        let found: Vec<_> = items.iter().map(|item| item["id"].as_str().unwrap()).collect();
        assert_eq!(found, ids, "limit {limit}");
    }
    let page = person.api.get("/v1/kyc/documents?limit=2").send().await.expect(200).json();
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    for limit in ["0", "101", "-1", "x"] {
        person.api.get(&format!("/v1/kyc/documents?limit={limit}")).send().await.refused(400, "validation_failed");
    }
}

#[tokio::test]
async fn a_cursor_is_of_no_use_anywhere_else() {
    let stack = Stack::get();
    let ((person, _), (other, _)) = tokio::join!(with_documents(&stack, 2), with_documents(&stack, 2));
    let page = person.api.get("/v1/kyc/documents?limit=1").send().await.expect(200).json();
    let cursor = page["next_cursor"].as_str().expect("there is more");
    let altered = format!("{}{}", &cursor[..cursor.len() - 1], if cursor.ends_with('A') { 'B' } else { 'A' });
    for (client, path) in [
        (&other.api, format!("/v1/kyc/documents?cursor={cursor}")),
        (&person.api, format!("/v1/kyc/checks?cursor={cursor}")),
        (&person.api, format!("/v1/sessions?cursor={cursor}")),
        (&person.api, format!("/v1/kyc/documents?cursor={altered}")),
        (&person.api, "/v1/kyc/documents?cursor=garbage".to_owned()),
        (&person.api, "/v1/kyc/documents?cursor=".to_owned()),
    ] {
        client.get(&path).send().await.refused(400, "invalid_cursor");
    }
    let moderator = stack.moderator().await;
    let path = format!("/v1/admin/kyc/checks?user_id={}&cursor={cursor}", person.id);
    moderator.get(&path).send().await.refused(400, "invalid_cursor");
    assert!(!cursor.contains("doc_") && !cursor.contains(&person.id), "a cursor tells nothing");
}

#[tokio::test]
async fn a_version_that_is_known_is_not_sent_again() {
    let stack = Stack::get();
    let person = stack.person().await;
    let check = person.api.post("/v1/kyc/checks").json(&json!({"submit": false})).send().await.expect(201);
    assert!(check.header("etag").is_some(), "{check}");
    // The address that a client follows: with host, stage and base path.
    let location = check.header("location").unwrap().strip_prefix(stack.var("API_URL")).expect("the public address");
    let location = location.to_owned();
    let read = person.api.get(&location).send().await.expect(200);
    let tag = read.header("etag").expect("an entity tag").to_owned();
    assert_eq!(check.header("etag"), Some(tag.as_str()));
    for known in [&tag, &format!("W/{tag}"), &format!("\"99\", {tag}"), "*"] {
        let answer = person.api.get(&location).header("if-none-match", known).send().await.expect(304);
        assert!(answer.body.is_empty());
        assert_eq!(answer.header("etag"), Some(tag.as_str()));
    }
    person.api.get(&location).header("if-none-match", "\"99\"").send().await.expect(200);
}
