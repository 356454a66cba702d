//! Documents: accepted files, ranges, deletion, and who may read.

use serde_json::{Value, json};
use verinym_tests::{Person, Stack, people::tag, picture, until};

async fn settled(person: &Person, id: &str, status: &str) -> Value {
    until(&format!("document {id} to be {status}"), async || {
        let document = person.api.get(&format!("/v1/kyc/documents/{id}")).send().await.expect(200).json();
        (document["status"] == status).then_some(document)
    })
    .await
}

async fn content(client: &verinym_tests::Client, id: &str, range: Option<&str>) -> verinym_tests::ApiResponse {
    let request = client.get(&format!("/v1/kyc/documents/{id}/content")).header("accept", "image/png");
    match range {
        Some(range) => request.header("range", range),
        None => request,
    }
    .send()
    .await
}

#[tokio::test]
async fn a_document_is_stored_and_read_in_whole_and_in_part() {
    let stack = Stack::get();
    let person = stack.person().await;
    let number = format!("OK-{}", tag().to_uppercase());
    let page = picture::page(&number);
    let answer = person.upload("passport", &number, &page).await.expect(201);
    let document = answer.json();
    let id = document["id"].as_str().unwrap();
    assert_eq!(document["number_masked"].as_str().unwrap().trim_start_matches(['*', '-']), &number[number.len() - 4..]);
    assert!(!answer.text().contains(&number), "{answer}");
    let document = settled(&person, id, "stored").await;
    assert_eq!(document["content_type"], "image/png");
    assert_eq!(document["size"], page.len());

    let whole = content(&person.api, id, None).await.expect(200);
    assert_eq!(whole.body, page);
    assert_eq!(whole.header("content-type"), Some("image/png"));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    let last = page.len() - 1;
    for (range, first, end) in [
        ("bytes=0-9".to_owned(), 0, 9),
        ("bytes=100-100".to_owned(), 100, 100),
        ("bytes=-7".to_owned(), page.len() - 7, last),
        (format!("bytes={}-", page.len() - 5), page.len() - 5, last),
        (format!("bytes=3-{}", page.len() + 99), 3, last),
    ] {
        let part = content(&person.api, id, Some(&range)).await.expect(206);
        assert_eq!(part.body, page[first..=end], "{range}");
        let wanted = format!("bytes {first}-{end}/{}", page.len());
        assert_eq!(part.header("content-range"), Some(wanted.as_str()), "{range}");
    }
    let beyond = content(&person.api, id, Some(&format!("bytes={}-", page.len()))).await;
    let beyond = beyond.refused(416, "range_not_satisfiable");
    assert_eq!(beyond.header("content-range"), Some(format!("bytes */{}", page.len()).as_str()));
    for nonsense in ["lines=1-2", "bytes=9-3", "bytes=", "bytes=a-b"] {
        assert_eq!(content(&person.api, id, Some(nonsense)).await.expect(200).body, page, "{nonsense}");
    }

    // A reviewer may read it; whoever else asks finds nothing. Each read stands in the log.
    content(&stack.moderator().await, id, None).await.expect(200);
    content(&stack.person().await.api, id, None).await.refused(404, "not_found");
    let auditor = stack.auditor().await;
    let events = auditor.all(&format!("/v1/admin/audit-logs?person={}", person.id)).await;
    let reads: Vec<_> = events.iter().filter(|event| event["type"] == "kyc.document.read").collect();
    assert!(reads.len() >= 2, "{} reads in the log", reads.len());
    assert!(reads.iter().any(|event| event["actor"]["id"] != person.id.as_str()), "the reviewer's read");
}

#[tokio::test]
async fn files_that_are_no_documents_are_rejected() {
    let stack = Stack::get();
    let person = stack.person().await;
    let mut cut = picture::page("cut");
    cut.truncate(cut.len() / 2);
    let upload = async |file: &[u8]| person.upload("passport", &format!("OK-{}", tag()), file).await;
    for file in [&b"just some text, nothing else"[..], b"", b"GIF89a\x01\x00\x01\x00"] {
        if file.is_empty() && stack.lacks("localstack", "it rewrites a form whose file is empty") {
            continue;
        }
        let answer = upload(file).await.refused(400, "validation_failed");
        assert_eq!(answer.faults(), ["file unsupported_type"], "{file:?}: {answer}");
    }
    // Its first bytes are those of a picture: what is wrong shows when it is opened.
    let document = upload(&cut).await.expect(201).json();
    let document = settled(&person, document["id"].as_str().unwrap(), "rejected").await;
    assert_eq!(document["reject_reason"], "malformed", "{document}");
    for (fields, field) in [
        (vec![("document_type", "driving_licence")], "document_type"),
        (vec![("document_number", "OK1")], "document_type"),
        (vec![("document_type", "passport"), ("document_number", "bad\u{7}number")], "document_number"),
    ] {
        let answer = person.api.post("/v1/kyc/documents").form(&fields, &picture::page("x")).send().await;
        let answer = answer.refused(400, "validation_failed");
        assert!(answer.faults().iter().any(|fault| fault.starts_with(field)), "{field}: {answer}");
    }
}

#[tokio::test]
async fn a_document_goes_unless_a_submitted_check_names_it() {
    let person = Stack::get().person().await;
    let free = person.passport(&format!("OK-{}", tag())).await;
    person.api.delete(&format!("/v1/kyc/documents/{free}")).send().await.expect(204);
    person.api.get(&format!("/v1/kyc/documents/{free}")).send().await.refused(404, "not_found");
    content(&person.api, &free, None).await.refused(404, "not_found");
    assert!(person.api.all("/v1/kyc/documents").await.is_empty());

    let named = person.passport(&format!("OK-{}", tag())).await;
    let check = person.api.post("/v1/kyc/checks").json(&json!({"document_ids": [named]})).send().await.expect(201);
    person.api.delete(&format!("/v1/kyc/documents/{named}")).send().await.refused(409, "document_in_use");
    person.check_once(check.json()["id"].as_str().unwrap(), "approved").await;
    person.api.delete(&format!("/v1/kyc/documents/{named}")).send().await.refused(409, "document_in_use");
}
