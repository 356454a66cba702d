//! Tables and buckets contain personal data only as ciphertext, and no secrets.

use serde_json::json;
use verinym_tests::{
    Person, Stack,
    aws::{TABLES, raw_bytes},
    people::tag,
    picture,
};

/// Whether the bytes contain this text, in upper or lower case.
fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

#[tokio::test]
async fn personal_data_is_stored_only_as_ciphertext_and_secrets_never() {
    let stack = Stack::get();
    let draft = verinym_tests::Draft::new();
    let (street, username) = (format!("Lane{}", tag()), format!("name{}", &tag()[..12]));
    let phone = format!("+49151{}", &draft.national_id[..8]);
    let mut form = draft.form();
    form["username"] = json!(username);
    form["phone"] = json!(phone);
    form["national_id"] = json!({"country": "US", "type": "ssn", "value": draft.national_id});
    form["address"] = json!({"line1": street, "city": "Pune", "postal_code": "411001", "country": "IN"});
    let request = stack.client().post("/v1/auth/register").header("user-agent", "verinym-tests-agent");
    let user = request.json(&form).send().await.expect(201).json()["user"].clone();
    stack.verified(&draft).await;
    let api = stack.client().login(&draft.email, &draft.password).await;
    let person = Person { id: user["id"].as_str().unwrap().to_owned(), draft: draft.clone(), api };
    let number = format!("OK-{}", tag().to_uppercase());
    let check = person.check(&number).await;
    person.check_once(check["id"].as_str().unwrap(), "approved").await;
    let mail = stack.link(&draft.email, "verify", None).await.token().unwrap();
    let next = json!({"refresh_token": person.api.refresh_token()});
    let next = person.api.stranger().post("/v1/auth/refresh").json(&next).send().await.expect(200).json();

    let documents = person.api.get("/v1/kyc/documents").send().await.expect(200).json();
    let digest = documents["items"][0]["sha256"].as_str().unwrap().to_owned();
    let digest_bytes = (0..32).map(|n| u8::from_str_radix(&digest[2 * n..2 * n + 2], 16).unwrap()).collect();

    let page = picture::page(&number);
    let (user, host) = draft.email.split_once('@').unwrap();
    let texts: Vec<(&str, Vec<u8>)> = vec![
        ("the address's name", user.into()),
        ("the given name", draft.given_name.clone().into()),
        ("the family name", draft.family_name.clone().into()),
        ("the birth date", draft.date_of_birth.clone().into()),
        ("the national id", draft.national_id.clone().into()),
        ("the user name", username.into()),
        ("the street", street.into()),
        ("the phone", phone.into()),
        ("the document's number", number[3..].into()),
        ("the document's bytes", page[200..232].into()),
        ("the document's digest, as text", digest.into()),
        ("the document's digest", digest_bytes),
        ("the password", draft.password.clone().into()),
        ("the access token", person.api.token().rsplit('.').next().unwrap()[..40].into()),
        ("the refresh token", person.api.refresh_token()[..40].into()),
        ("its successor", next["refresh_token"].as_str().unwrap()[..40].into()),
        ("the mailed token", mail.rsplit('.').next().unwrap().into()),
        ("the agent", b"verinym-tests-agent".to_vec()),
    ];
    assert_eq!(host, "example.org");

    let aws = stack.aws();
    let mut seen = 0;
    for table in TABLES {
        for item in aws.scan(table).await {
            seen += 1;
            let bytes = raw_bytes(&item);
            for (what, text) in &texts {
                assert!(!holds(&bytes, text), "{what} stands in {table}: {} {}", item["pk"], item["sk"]);
            }
        }
    }
    assert!(seen > 20, "only {seen} items");
    let objects = aws.objects(stack.var("DOCUMENTS_BUCKET")).await;
    assert!(!objects.is_empty());
    for (key, bytes) in objects {
        for (what, text) in &texts {
            assert!(!holds(&bytes, text), "{what} stands in the object {key}");
            assert!(!holds(key.as_bytes(), text), "{what} stands in the name of the object {key}");
        }
        assert!(!holds(&bytes, b"\x89PNG\r\n"), "{key} is a picture in the clear");
    }
    for area in verinym_tests::usage::AREAS {
        for line in aws.log(area).await {
            for (what, text) in &texts {
                assert!(!holds(line.as_bytes(), text), "{what} stands in the log of {area}: {line}");
            }
        }
    }
}
