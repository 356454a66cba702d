use super::*;
use crate::{
    crypto::{DataKey, index::IndexKeys, random::RandomId},
    domain::{event::Actor, webhook::parse_filters},
    error::Error,
    store::{commit::CommitError, testing},
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

fn indexes() -> IndexSecrets {
    let keys = || IndexKeys::generate();
    IndexSecrets { email: keys(), username: keys(), digest: DataKey::from_bytes([7; 32]) }
}

fn endpoint(owner: UserId, scope: Scope) -> Endpoint {
    Endpoint {
        id: WebhookId::new(NOW),
        owner: EndpointOwner::Person(owner),
        scope,
        url: EndpointUrl::stored("https://hooks.example.com/?token=1".to_owned()),
        events: parse_filters(&["*"], |_| true).unwrap(),
        description: Some("Billing".to_owned()),
        enabled: true,
        disabled_reason: None,
        secrets: vec![EndpointSecret { key: Secret::new("whsec_1".to_owned()), created_at: NOW, expires_at: None }],
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    }
}

async fn add(store: &Store, endpoint: &Endpoint) -> Result<(), CommitError> {
    store.commit(NOW, "c").by(Actor::Anonymous).new_endpoint(endpoint, &indexes()).run().await
}

#[tokio::test]
async fn url_description_and_secrets_are_stored_encrypted_and_read_back() {
    let store = testing::store().await;
    let made = endpoint(UserId::new(NOW), Scope::Own);
    add(&store, &made).await.unwrap();
    let item = store.webhook(&made.id).await.unwrap().unwrap();
    let stored = store.get(Table::Outbound, &key(&made.id)).await.unwrap().unwrap();
    for secret in ["hooks.example.com", "whsec_1", "Billing"] {
        assert!(!format!("{stored:?}").contains(secret), "{secret}");
    }
    let read = item.open(&indexes()).unwrap();
    assert_eq!((read.url.as_str(), read.secrets[0].key.expose().as_str()), (made.url.as_str(), "whsec_1"));
}

#[tokio::test]
async fn nobody_has_more_than_ten_endpoints_and_deleting_one_makes_room() {
    let store = testing::store().await;
    let owner = UserId::new(NOW);
    let all: Vec<_> = (0..=MOST_OF_OWNER).map(|_| endpoint(owner, Scope::Own)).collect();
    for one in &all[..10] {
        add(&store, one).await.unwrap();
    }
    let refused = add(&store, &all[10]).await;
    assert!(matches!(refused, Err(CommitError::Refused(Error::Webhook(WebhookError::TooMany)))), "{refused:?}");
    let delete = |one: &Endpoint| store.commit(NOW, "c").by(Actor::Anonymous).delete_endpoint(one).run();
    delete(&all[0]).await.unwrap();
    assert!(matches!(delete(&all[0]).await, Err(CommitError::Conflict)), "it counts once");
    add(&store, &all[10]).await.unwrap();
    let owner = EndpointOwner::Person(owner);
    assert_eq!(store.webhooks_of(&owner, 100, None).await.unwrap().0.len(), 10);
    assert!(store.webhook(&all[0].id).await.unwrap().is_none());
}

#[tokio::test]
async fn an_event_is_heard_by_endpoints_of_its_person_and_those_of_scope_all() {
    let store = testing::store().await;
    let (ada, eve) = (UserId::new(NOW), UserId::new(NOW));
    let [own, everybodys, other] =
        [(ada, Scope::Own), (ada, Scope::All), (eve, Scope::Own)].map(|(owner, scope)| endpoint(owner, scope));
    for one in [&own, &everybodys, &other] {
        add(&store, one).await.unwrap();
    }
    let sorted = |ids: [WebhookId; 2]| {
        let mut ids = Vec::from(ids);
        ids.sort();
        ids
    };
    let hearing = async |person| {
        let mut ids: Vec<_> = store.webhooks_hearing_of(person).await.unwrap().iter().map(|item| item.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(hearing(Some(ada)).await, sorted([own.id, everybodys.id]));
    assert_eq!(hearing(Some(eve)).await, sorted([everybodys.id, other.id]));
    assert_eq!(hearing(None).await, [everybodys.id]);
    assert!(store.webhook_of(&EndpointOwner::Person(eve), &own.id).await.unwrap().is_none());
}

#[tokio::test]
async fn an_endpoint_fails_since_its_first_failure_after_a_success() {
    let store = testing::store().await;
    let id = WebhookId::new(NOW);
    let later = NOW + Duration::from_hours(1);
    assert_eq!(store.endpoint_failed(&id, NOW).await.unwrap(), NOW);
    assert_eq!(store.endpoint_failed(&id, later).await.unwrap(), NOW);
    // Two failures with days between them are not days of failure.
    let long_after = later + LONGEST_PAUSE + Duration::from_secs(1);
    assert_eq!(store.endpoint_failed(&id, long_after).await.unwrap(), long_after);
    store.endpoint_recovered(&id).await.unwrap();
    assert_eq!(store.endpoint_failed(&id, later).await.unwrap(), later);
}
