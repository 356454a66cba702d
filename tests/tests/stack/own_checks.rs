//! Staff are applicants too: nothing that they can do or see as staff reveals anything of their own check.

use serde_json::{Value, json};
use verinym_tests::{
    ApiResponse, Client, Person, Stack,
    people::{Draft, tag},
};

async fn staff(stack: &Stack, draft: Draft) -> Person {
    let person = stack.person_of(draft).await;
    for role in ["moderator", "auditor"] {
        stack.aws().invoke("admin-bootstrap", &json!({"email": person.draft.email, "role": role})).await;
    }
    person
}

/// A response without the parts that differ between any two calls.
fn constant(answer: &ApiResponse) -> (u16, Value, Vec<String>) {
    let mut body = answer.json();
    body["correlation_id"] = Value::Null;
    let mut headers: Vec<_> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
    headers.sort_unstable();
    (answer.status, body, headers)
}

/// The responses to each staff action on this check and on its hit, when the applicant calls them.
async fn refusals(person: &Client, check: &str, hit: Option<&str>) -> Vec<(u16, Value, Vec<String>)> {
    let mut answers = Vec::new();
    for verb in ["claim", "release"] {
        answers.push(person.post(&format!("/v1/kyc/checks/{check}/{verb}")).key(&tag()).send().await);
        answers.push(person.post(&format!("/v1/kyc/checks/{check}/{verb}")).send().await);
    }
    for body in [
        json!({"decision": "approve"}),
        json!({"decision": "reject"}),
        json!({"decision": "reject", "reasons": ["document_forged"], "note": "x"}),
        json!({"decision": "request_documents", "reasons": ["selfie_needed"]}),
        json!({"decision": "reject", "reasons": ["no such reason"]}),
    ] {
        for version in ["\"1\"", "\"7\"", "\"8\"", "\"9\""] {
            let request = person.put(&format!("/v1/kyc/checks/{check}")).header("if-match", version);
            answers.push(request.json(&body).send().await);
        }
    }
    for part in ["applicant", "notes"] {
        answers.push(person.get(&format!("/v1/admin/kyc/checks/{check}/{part}")).send().await);
    }
    for text in ["x", ""] {
        let note = person.post(&format!("/v1/kyc/checks/{check}/notes")).json(&json!({"text": text}));
        answers.push(note.send().await);
    }
    if let Some(hit) = hit {
        for (version, reason) in [("\"1\"", "x"), ("\"2\"", "x"), ("\"2\"", "")] {
            let request = person.post(&format!("/v1/aml/hits/{hit}/decision")).header("if-match", version);
            answers.push(request.json(&json!({"decision": "true_match", "reason": reason})).send().await);
        }
    }
    for answer in &answers {
        answer.clone().refused(403, "own_check");
    }
    answers.iter().map(constant).collect()
}

/// All items of a list, whose pages must look like those of any list. Other tests decide hits and checks meanwhile, which may
/// leave the last page empty, so that the list is read again.
async fn full_pages(who: &Client, path: &str, limit: usize) -> Vec<Value> {
    let mut fault = String::new();
    for _ in 0..5 {
        match pages(who, path, limit).await {
            Ok(items) => return items,
            Err(why) => fault = why,
        }
    }
    panic!("{fault}");
}

/// Each page but the last is full, and none is empty unless the list is.
async fn pages(who: &Client, path: &str, limit: usize) -> Result<Vec<Value>, String> {
    let (mut items, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let joint = if path.contains('?') { '&' } else { '?' };
        let more = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = who.get(&format!("{path}{joint}limit={limit}{more}")).send().await.expect(200).json();
        let found = page["items"].as_array().unwrap();
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        let fits = if cursor.is_some() { found.len() == limit } else { !found.is_empty() || items.is_empty() };
        if !fits {
            return Err(format!("{} items of {limit} at {path}, another page: {}", found.len(), cursor.is_some()));
        }
        items.extend(found.clone());
        if cursor.is_none() {
            return Ok(items);
        }
    }
}

#[tokio::test]
async fn the_answer_about_one_s_own_check_is_the_same_in_every_state() {
    let stack = Stack::get();
    let (moderator, admin) = (stack.moderator().await, stack.admin().await);
    let listed = Draft {
        given_name: "Emeka".into(),
        family_name: "Okonkwo".into(),
        date_of_birth: "1958-05-20".into(),
        ..Draft::new()
    };
    let person = staff(&stack, listed).await;
    let document = person.passport(&format!("OK-{}", tag())).await;
    let draft = json!({"document_ids": [document], "submit": false});
    let draft = person.api.post("/v1/kyc/checks").json(&draft).send().await.expect(201).json();
    let id = draft["id"].as_str().unwrap();
    let (own, mut seen) = (&person.api, Vec::new());
    seen.push(refusals(own, id, None).await);
    own.post(&format!("/v1/kyc/checks/{id}/submit")).send().await.expect(200);
    seen.push(refusals(own, id, None).await);
    moderator.staff_check_once(id, "in_review").await;
    seen.push(refusals(own, id, None).await);
    moderator.post(&format!("/v1/kyc/checks/{id}/claim")).send().await.expect(200);
    seen.push(refusals(own, id, None).await);

    let check = moderator.get(&format!("/v1/admin/kyc/checks/{id}")).send().await.expect(200).json();
    let hit = check["hits"][0]["id"].as_str().unwrap().to_owned();
    let of_hit = refusals(own, id, Some(&hit)).await;
    let path = format!("/v1/aml/hits/{hit}/decision");
    let form = json!({"decision": "false_positive", "reason": "x"});
    let version = format!("\"{}\"", check["hits"][0]["version"]);
    moderator.post(&path).header("if-match", &version).json(&form).send().await.expect(200);
    assert_eq!(refusals(own, id, Some(&hit)).await, of_hit);

    let decide = async |who: &Client, body: Value| {
        let check = moderator.get(&format!("/v1/admin/kyc/checks/{id}")).send().await.expect(200).json();
        let version = format!("\"{}\"", check["version"]);
        who.put(&format!("/v1/kyc/checks/{id}")).header("if-match", &version).json(&body).send().await
    };
    decide(&moderator, json!({"decision": "approve"})).await.expect(202);
    seen.push(refusals(own, id, None).await);
    let reject = json!({"decision": "reject", "reasons": ["pep_match", "name_mismatch"]});
    decide(&admin, reject.clone()).await.expect(200);
    seen.push(refusals(own, id, None).await);
    decide(&admin, reject).await.expect(200);
    seen.push(refusals(own, id, None).await);
    assert!(seen.iter().all(|answers| *answers == seen[0]), "{seen:?}");

    // The log tells them of the rejection what any applicant is told, and neither who decided nor why.
    for question in [format!("person={}", person.id), format!("subject={id}")] {
        let log = full_pages(own, &format!("/v1/admin/audit-logs?{question}"), 3).await;
        let rejected = log.iter().find(|event| event["type"] == "kyc.check.rejected").expect("the public event");
        assert_eq!(rejected["data"], json!({"reasons": ["name_mismatch"]}), "{rejected}");
        assert_eq!((&rejected["actor"]["id"], &rejected["ip"]), (&Value::Null, &Value::Null), "{rejected}");
        for word in ["pep_match", "in_review", "awaiting", admin.user_id(), moderator.user_id()] {
            assert!(
                log.iter().all(|event| {
                    event["type"] == "user.roles_changed"
                        || event["type"] == "audit.log.read"
                        || !event.to_string().contains(word)
                }),
                "{word} in {log:?}"
            );
        }
    }
    for reviewer in [admin.user_id(), moderator.user_id()] {
        let path = format!("/v1/admin/audit-logs?actor={reviewer}&type=kyc.check.rejected");
        let found = own.all(&path).await;
        assert!(
            found.iter().all(|event| event["subject"]["id"] != id),
            "who decided is not to be found by asking for them"
        );
    }
}

#[tokio::test]
async fn no_page_tells_staff_that_their_own_check_is_in_review_or_has_hits() {
    let stack = Stack::get();
    let listed = Draft {
        given_name: "Karim Nabil".into(),
        family_name: "al-Zubayri".into(),
        date_of_birth: "1971-03-09".into(),
        ..Draft::new()
    };
    let person = staff(&stack, listed).await;
    let other = stack
        .person_of(Draft {
            given_name: "Karim Nabil".into(),
            family_name: "al-Zubayri".into(),
            date_of_birth: "1971-03-09".into(),
            ..Draft::new()
        })
        .await;
    let own_check = person.check(&format!("OK-{}", tag())).await["id"].as_str().unwrap().to_owned();
    let others = other.check(&format!("OK-{}", tag())).await["id"].as_str().unwrap().to_owned();
    let moderator = stack.moderator().await;
    for id in [&own_check, &others] {
        moderator.staff_check_once(id, "in_review").await;
    }
    let own = &person.api;
    for limit in [1, 2, 100] {
        for path in [
            "/v1/aml/hits",
            "/v1/aml/hits?decision=open",
            "/v1/admin/kyc/checks",
            "/v1/admin/kyc/checks?state=in_review",
        ] {
            let found = full_pages(own, path, limit).await;
            assert!(found.iter().all(|one| one["user_id"] != person.id.as_str()), "{path}");
            assert!(found.iter().any(|one| one["user_id"] == other.id.as_str()), "{path}");
        }
        for question in
            [format!("person={}", person.id), format!("subject={own_check}"), format!("actor={}", person.id)]
        {
            let log = full_pages(own, &format!("/v1/admin/audit-logs?{question}"), limit).await;
            assert!(
                log.iter().all(|event| !event.to_string().contains("screen") && event["type"] != "kyc.check.in_review")
            );
        }
        // Of oneself staff lists are one empty page, with hits or without.
        for path in [
            format!("/v1/aml/hits?check_id={own_check}"),
            format!("/v1/aml/hits?user_id={}", person.id),
            format!("/v1/aml/hits?user_id={}&decision=true_match", person.id),
            format!("/v1/admin/kyc/checks?user_id={}&state=in_review", person.id),
            format!("/v1/admin/kyc/checks?user_id={}", person.id),
        ] {
            let page = own.get(&format!("{path}&limit={limit}")).send().await.expect(200).json();
            assert_eq!(page, json!({"items": [], "next_cursor": null}), "{path}");
        }
    }
}
