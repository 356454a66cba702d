//! A check is submitted at the moment at which its person's profile changes.

use std::collections::BTreeMap;

use futures::{StreamExt, future::join_all};
use serde_json::{Value, json};
use verinym::{
    domain::{
        id::{CheckId, UserId},
        time::Timestamp,
    },
    store::kek::KeyPurpose,
};
use verinym_tests::{Stack, people::tag, until, world::World};

use crate::crash::Applicant;

const LISTED: [&str; 3] = ["Karim Nabil", "al-Zubayri", "1971-03-09"];

fn name([given, family, born]: [&str; 3]) -> Value {
    json!({"given_name": given, "family_name": family, "date_of_birth": born})
}

/// The name that a check was submitted with.
async fn submitted_name(world: &World, user: &str, check: &str) -> String {
    let (user, check): (UserId, CheckId) = (user.parse().unwrap(), check.parse().unwrap());
    let store = world.app().store().await;
    let stored = store.check(&user, &check).await.unwrap().unwrap();
    let evidence = store.read_person_key(&user, KeyPurpose::Evidence, Timestamp::now()).await.unwrap();
    stored.snapshot(&evidence).unwrap().name.0
}

#[tokio::test]
async fn the_snapshot_is_the_profile_whichever_of_the_two_commits_first() {
    const PEOPLE: usize = 5;
    const ROUNDS: usize = 40;
    let world = World::new(&Stack::get(), &[]).await;
    let mut people = Vec::new();
    for _ in 0..PEOPLE {
        people.push(Applicant::new(&world).await);
    }
    let mut ends: BTreeMap<(u16, &str), usize> = BTreeMap::new();
    let ended = join_all(people.iter().enumerate().map(async |(number, person)| {
        let document = person.upload(&format!("OK-{}", tag())).await;
        let body = json!({"document_ids": [document]});
        let me = person.call("auth-me", &[], &Value::Null).await;
        let user = me["user"]["id"].as_str().unwrap();
        let mut ended = Vec::new();
        for round in 0..ROUNDS {
            let plain = ["Arthur", "Miller", "1980-01-01"];
            person.call("account-update-profile", &[], &name(plain)).await;
            let create = async || {
                tokio::time::sleep(std::time::Duration::from_millis(((round + number) % 5) as u64)).await;
                person.call("kyc-create-check", &[], &body).await
            };
            let rename = async || person.reply("account-update-profile", &[], &name(LISTED)).await;
            let (check, renamed) = tokio::join!(create(), rename());
            let id = check["id"].as_str().unwrap();
            let submitted = submitted_name(&world, user, id).await;
            let profile = person.call("account-get-profile", &[], &Value::Null).await;
            let now =
                format!("{} {}", profile["given_name"].as_str().unwrap(), profile["family_name"].as_str().unwrap());
            assert_eq!(submitted, now, "round {round}: {}", renamed.body);
            let meanwhile = person.reply("account-update-profile", &[], &json!({"given_name": "Later"})).await;
            assert_eq!((meanwhile.status, &meanwhile.body["code"]), (409, &json!("check_in_progress")));
            ended.push((renamed.status, if submitted.starts_with("Karim") { "listed" } else { "plain" }));
            person.call("kyc-cancel-check", &[("id", id)], &Value::Null).await;
        }
        ended
    }))
    .await;
    for end in ended.into_iter().flatten() {
        *ends.entry(end).or_default() += 1;
    }
    assert_eq!(ends.values().sum::<usize>(), PEOPLE * ROUNDS);
    assert!(ends.keys().all(|end| matches!(end, (200, "listed") | (409, "plain"))), "{ends:?}");
    assert!(ends.contains_key(&(200, "listed")), "{ends:?}");
}

#[tokio::test]
async fn no_listed_name_is_approved_by_a_change_at_the_moment_of_submission() {
    const PAIRS: usize = 24;
    let stack = Stack::get();
    let moderator = stack.moderator().await;
    let pairs = futures::stream::iter(0..PAIRS).map(async |number| {
        let person = stack.person().await;
        let document = person.passport(&format!("OK-{}", tag())).await;
        let body = json!({"document_ids": [document]});
        let create = async || {
            tokio::time::sleep(std::time::Duration::from_millis((number % 8) as u64 * 4)).await;
            person.api.post("/v1/kyc/checks").json(&body).send().await
        };
        let rename = async || person.api.patch("/v1/users/profile").json(&name(LISTED)).send().await;
        let (created, renamed) = tokio::join!(create(), rename());
        let check = created.expect(201).json();
        let id = check["id"].as_str().unwrap().to_owned();
        let seen = until("the check to be decided or in review", async || {
            let check = moderator.get(&format!("/v1/admin/kyc/checks/{id}")).send().await.expect(200).json();
            matches!(check["state"].as_str(), Some("approved" | "in_review" | "rejected")).then_some(check)
        })
        .await;
        let profile = person.api.get("/v1/users/profile").send().await.expect(200).json();
        let is_listed = profile["family_name"] == LISTED[1];
        assert_eq!(is_listed, renamed.status == 200, "{renamed}");
        let hits = seen["hit_counts"]["open"].as_u64().unwrap();
        assert_eq!((seen["state"] == "approved", hits > 0), (!is_listed, is_listed), "{renamed}: {seen}");
        is_listed
    });
    // A few at a time: the emulator starts a process for each call that is open.
    assert_eq!(pairs.buffer_unordered(6).count().await, PAIRS);
}
