//! Screening of a name by its route. The lists are the samples of the local stack.

use serde_json::{Value, json};
use verinym_tests::{Stack, people::tag, until};

#[tokio::test]
async fn a_name_is_screened_and_the_log_says_against_what() {
    let stack = Stack::get();
    let moderator = stack.moderator().await;
    let form = json!({
        "name": "كريم نبيل الزبيري", "date_of_birth": "1971-03-09", "countries": ["ye"], "kind": "person",
    });
    let key = tag();
    let answer = moderator.post("/v1/aml/screenings").key(&key).json(&form).send().await.expect(200);
    let screened = answer.json();
    let hit = &screened["hits"][0];
    assert_eq!((&hit["entity_id"], &hit["decision"]), (&json!("900001"), &json!("open")), "{screened}");
    assert!(hit["score"].as_f64().unwrap() < 1.0 && !hit["explanation"].as_str().unwrap().is_empty());
    for list in screened["lists"].as_array().unwrap() {
        assert!(list["version"].is_string() && list["age"].is_u64() && list["entries"].as_u64() > Some(0), "{list}");
    }
    assert!(screened["took_ms"].is_number());
    let again = moderator.post("/v1/aml/screenings").key(&key).json(&form).send().await.expect(200);
    assert_eq!((again.header("idempotency-replayed"), again.json()), (Some("true"), screened.clone()));

    let correlation = answer.header("x-correlation-id").unwrap().to_owned();
    let (auditor, person) = (stack.auditor().await, moderator.user_id().to_owned());
    let event = until("the event of the screening", async || {
        let path = format!("/v1/admin/audit-logs?actor={person}&type=aml.screening.done&limit=100");
        auditor.all(&path).await.into_iter().find(|event| event["correlation_id"] == correlation.as_str())
    })
    .await;
    assert_eq!(
        event["data"]["lists"]["un"],
        screened["lists"].as_array().unwrap().iter().find(|l| l["id"] == "un").unwrap()["version"]
    );
    assert_eq!(event["data"]["engine_version"], screened["engine_version"]);
    assert!(!event.to_string().contains("Zubayri") && !event.to_string().contains("كريم"));
}

fn number(value: &str, country: &str) -> Value {
    json!([{"type": "passport", "value": value, "country": country}])
}

#[tokio::test]
async fn a_listed_passport_is_a_hit_whatever_the_name() {
    let moderator = Stack::get().moderator().await;
    let ask = async |name: &str, numbers: Value| {
        let form = json!({"name": name, "kind": "person", "lists": ["un"], "identifiers": numbers});
        moderator.post("/v1/aml/screenings").json(&form).send().await.expect(200).json()
    };
    let other = "Brunhilde Xylander";
    let found = ask(other, number("y-001 2345", "YE")).await;
    let hit = &found["hits"][0];
    assert_eq!((&hit["entity_id"], &hit["matched_on"]), (&json!("900001"), &json!(["identifier"])), "{found}");
    assert_eq!(ask(other, number("Y0012346", "YE")).await["hits"], json!([]));
    // Another number of the same type and country speaks against, and does not clear.
    let named = "Karim Nabil al-Zubayri";
    let plain = ask(named, json!([])).await["hits"][0]["score"].as_f64();
    let against = ask(named, number("Y0012346", "YE")).await["hits"][0]["score"].as_f64();
    let with = ask(named, number("Y0012345", "YE")).await["hits"][0]["score"].as_f64();
    assert!(against.is_some() && against < plain && plain < with, "{against:?} {plain:?} {with:?}");
}

#[tokio::test]
async fn a_screening_says_what_is_wrong_with_it() {
    let stack = Stack::get();
    let moderator = stack.moderator().await;
    let ask = async |form: Value| moderator.post("/v1/aml/screenings").json(&form).send().await;
    let long = "x".repeat(301);
    for (form, fault) in [
        (json!({"name": " "}), "name invalid_name"),
        (json!({"name": "-"}), "name invalid_name"),
        (json!({"name": "\u{3164}\u{1160}"}), "name invalid_name"),
        (json!({"name": long}), "name invalid_name"),
        (json!({"name": "A B", "date_of_birth": "yesterday"}), "date_of_birth invalid_date"),
        (json!({"name": "A B", "threshold": 0.1}), "threshold out_of_range"),
        (json!({"name": "A B", "lists": ["none"]}), "lists unknown_list"),
        (json!({"name": "A B", "identifiers": number("-", "YE")}), "identifiers[0].value invalid_identifier"),
        (json!({"name": "A B", "identifiers": number(&long, "YE")}), "identifiers[0].value invalid_identifier"),
        (json!({"name": "A B", "identifiers": number("Y1", "Yemen")}), "identifiers[0].country invalid_country"),
        (json!({"name": "A B", "identifiers": vec![number("Y1", "YE")[0].clone(); 11]}), "identifiers too_many"),
    ] {
        assert_eq!(ask(form).await.refused(400, "validation_failed").faults(), [fault]);
    }
    ask(json!({"nme": "A B"})).await.refused(400, "unknown_field");
    let nothing = ask(json!({"name": "Brunhilde Xylander", "lists": ["un"]})).await.expect(200).json();
    assert_eq!((nothing["hits"].as_array().unwrap().len(), nothing["lists"].as_array().unwrap().len()), (0, 1));
    let person = stack.person().await;
    person.api.post("/v1/aml/screenings").json(&json!({"name": "A B"})).send().await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_screening_says_that_a_name_of_mixed_scripts_clears_nobody() {
    let stack = Stack::get();
    let moderator = stack.moderator().await;
    let ask = async |name: &str| {
        let form = json!({"name": name, "kind": "person", "lists": ["un"]});
        moderator.post("/v1/aml/screenings").json(&form).send().await.expect(200).json()
    };
    let hidden = ask("K\u{430}rim Nabil al-Zub\u{1160}ayri").await;
    assert_eq!((&hidden["hits"][0]["entity_id"], &hidden["doubts"]), (&json!("900001"), &json!(["mixed_scripts"])));
    let unknown = ask("Brunhild\u{435} Xylander").await;
    assert_eq!((&unknown["doubts"], &unknown["hits"]), (&json!(["mixed_scripts"]), &json!([])));
    assert_eq!((&unknown["lists_current"], &unknown["lists"][0]["sample"]), (&json!(true), &json!(true)));
    assert_eq!(ask("A B").await["doubts"], json!(["not_screenable"]));
    assert_eq!(ask("Brunhilde Xylander").await["doubts"], json!([]));
}
