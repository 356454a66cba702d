//! GET /v1/health: whether the function answers, without I/O; with `?deep=true`, for staff, whether what it stands on
//! does.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use verinym::{
    app::App,
    config::names::Bucket,
    config::names::Queue,
    domain::{role::HealthRead, time::Timestamp},
    error::Result,
    function::{Capability, Needs},
    http::{Call, CanIf, Either, Endpoint, Plain, Query, Route, Unavailable, authority::Flag},
    store::{Table, item::Key},
    watchlists::{ListStatus, Watchlists},
};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Health {
    /// `ok` or, of a deep look only, `unwell`.
    status: &'static str,
    version: &'static str,
    /// Of a deep look only: by what it stands on.
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<BTreeMap<&'static str, Finding>>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Finding {
    /// `ok` or `unwell`.
    status: &'static str,
    latency_ms: u64,
    /// Of the screening lists only: each one's freshness.
    #[serde(skip_serializing_if = "Option::is_none")]
    lists: Option<Vec<ListFinding>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ListFinding {
    id: String,
    /// `fresh`, `stale` or `missing`.
    status: &'static str,
    /// Since its source last stood by it.
    age_seconds: Option<u64>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Depth {
    /// Looks at what the API stands on; needs `health:read`.
    #[serde(rename = "deep")]
    #[expect(dead_code, reason = "the authority has read it; here it is only made known")]
    deep: Option<bool>,
}

#[derive(Debug, Clone, Copy)]
pub struct Deep;

impl Flag for Deep {
    const NAME: &'static str = "deep";
}

/// Longer than a healthy service ever takes, and short enough for who asks.
const PATIENCE: Duration = Duration::from_secs(3);

pub fn endpoint() -> Endpoint {
    Route::get("platform-health", "/v1/health")
        .summary("Whether the API answers")
        .limited_by_gateway()
        .needs(
            Needs::new()
                .with(Capability::ReadListSources)
                .get(Table::Identity)
                .get_many(Table::Kyc)
                .count_messages(Queue::Notification)
                .describe_data_key()
                .list_objects(Bucket::Documents),
        )
        .handled_by(health)
}

async fn health(
    call: Call<CanIf<Deep, HealthRead>>,
    Query(_): Query<Depth>,
) -> Result<Either<Plain<Health>, Unavailable<Health>>> {
    let checks = if call.caller.is_set() { Some(look(call.app).await) } else { None };
    Ok(answer(checks))
}

fn answer(checks: Option<BTreeMap<&'static str, Finding>>) -> Either<Plain<Health>, Unavailable<Health>> {
    let well = checks.iter().flat_map(BTreeMap::values).all(|finding| finding.status == "ok");
    let status = if well { "ok" } else { "unwell" };
    let health = Health { status, version: env!("CARGO_PKG_VERSION"), checks };
    if well { Either::One(Plain(health)) } else { Either::Other(Unavailable(health)) }
}

/// One small question to each service, all at once.
async fn look(app: &App) -> BTreeMap<&'static str, Finding> {
    let dynamodb = timed("dynamodb", async {
        app.store().await.get(Table::Identity, &Key::new("HEALTH", "HEALTH")).await.is_ok()
    });
    let sqs = timed("sqs", async {
        app.sqs()
            .await
            .get_queue_attributes()
            .queue_url(app.config.queues.url(Queue::Notification))
            .send()
            .await
            .is_ok()
    });
    let kms = timed("kms", async {
        let key = app.kms().await.describe_key().key_id(&app.config.kms_data_key).send().await;
        key.is_ok_and(|key| key.key_metadata.is_some_and(|key| key.enabled))
    });
    let secrets = timed("secrets", async {
        app.secretsmanager().await.get_secret_value().secret_id(&app.config.secrets.verification).send().await.is_ok()
    });
    let s3 =
        timed("s3", async { app.s3().await.head_bucket().bucket(&app.config.documents_bucket).send().await.is_ok() });
    let (dynamodb, sqs, kms, secrets, s3, lists) = tokio::join!(dynamodb, sqs, kms, secrets, s3, lists(app));
    BTreeMap::from([dynamodb, sqs, kms, secrets, s3, lists])
}

/// Lists that are stale or missing clear nobody: that is unwell.
async fn lists(app: &App) -> (&'static str, Finding) {
    let mut found = None;
    let (name, finding) = timed("lists", async {
        let Ok(statuses) = Watchlists::of(app).await.statuses().await else { return false };
        let lists: Vec<_> = statuses.iter().map(|standing| list(standing, Timestamp::now())).collect();
        let fresh = lists.iter().all(|list| list.status == "fresh");
        found = Some(lists);
        fresh
    })
    .await;
    (name, Finding { lists: found, ..finding })
}

fn list(standing: &ListStatus, now: Timestamp) -> ListFinding {
    let status = match &standing.in_force {
        None => "missing",
        Some(list) if list.is_stale(now) => "stale",
        Some(_) => "fresh",
    };
    let age_seconds = standing.in_force.as_ref().map(|list| list.age(now).as_secs());
    ListFinding { id: standing.id.clone(), status, age_seconds }
}

async fn timed(name: &'static str, question: impl Future<Output = bool>) -> (&'static str, Finding) {
    let started = Timestamp::now();
    let well = tokio::time::timeout(PATIENCE, question).await.unwrap_or(false);
    let latency_ms = u64::try_from(Timestamp::now().since(started).as_millis()).unwrap_or(u64::MAX);
    (name, Finding { status: if well { "ok" } else { "unwell" }, latency_ms, lists: None })
}

#[cfg(test)]
mod tests {
    use verinym::{domain::aml::ListKind, http::Reply, watchlists::ListInForce};

    use super::*;

    #[tokio::test]
    async fn one_service_that_is_unwell_makes_503() {
        let good = timed("kms", async { true }).await;
        let bad = timed("s3", async { false }).await;
        assert_eq!(answer(None).into_response().unwrap().status, 200);
        assert_eq!(answer(Some(BTreeMap::from([good.clone()]))).into_response().unwrap().status, 200);
        let both = answer(Some(BTreeMap::from([good, bad]))).into_response().unwrap();
        assert_eq!(both.status, 503);
    }

    #[test]
    fn each_list_tells_its_age_or_that_it_is_missing() {
        let now = Timestamp::from_unix_seconds(10_000);
        let in_force = ListInForce {
            id: "un".into(),
            name: "UN".into(),
            kind: ListKind::Sanctions,
            version: "1".into(),
            entries: 1,
            published_at: None,
            loaded_at: now,
            confirmed_at: now,
            max_age: Duration::from_mins(1),
        };
        let standing = |in_force| ListStatus {
            id: "un".into(),
            name: "UN".into(),
            kind: ListKind::Sanctions,
            in_force,
            refused: None,
        };
        let told = |in_force, now| {
            let found = list(&standing(in_force), now);
            (found.status, found.age_seconds)
        };
        let later = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(told(None, now), ("missing", None));
        assert_eq!(told(Some(in_force.clone()), later(60)), ("fresh", Some(60)));
        assert_eq!(told(Some(in_force), later(61)), ("stale", Some(61)));
    }
}
