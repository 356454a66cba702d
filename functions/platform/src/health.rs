//! GET /v1/health: whether the API responds, without I/O. With `?deep=true`, for staff: whether the services that it depends on respond.

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
    /// `ok`, or `unhealthy` if a check failed.
    #[schema(example = "ok")]
    status: &'static str,
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// With `deep` only: the checks by name of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<BTreeMap<&'static str, ServiceHealth>>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ServiceHealth {
    /// `ok` or `unhealthy`.
    #[schema(example = "ok")]
    status: &'static str,
    latency_ms: u64,
    /// The screening lists; only in the check `lists`.
    #[serde(skip_serializing_if = "Option::is_none")]
    lists: Option<Vec<ListHealth>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ListHealth {
    #[schema(example = "ofac_sdn")]
    id: String,
    /// `fresh`, `stale` or `missing`.
    #[schema(example = "fresh")]
    status: &'static str,
    /// Time since the source last confirmed the list.
    age_seconds: Option<u64>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct HealthQuery {
    /// Checks the services that the API depends on; needs `health:read`.
    #[serde(rename = "deep")]
    #[expect(dead_code, reason = "the authority reads it; here it is only documented")]
    deep: Option<bool>,
}

#[derive(Debug, Clone, Copy)]
pub struct Deep;

impl Flag for Deep {
    const NAME: &'static str = "deep";
}

/// Time limit of a check: longer than a healthy service needs.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);

pub fn endpoint() -> Endpoint {
    Route::get("platform-health", "/v1/health")
        .summary("Check the health")
        .description(
            "Whether the API responds. With `deep=true` and the permission `health:read`, also whether the services that it depends on respond.",
        )
        .limited_by_gateway()
        .needs(
            Needs::new()
                .with(Capability::ReadListSources)
                .get(Table::Identity)
                .query(Table::Kyc)
                .count_messages(Queue::Notification)
                .describe_data_key()
                .list_objects(Bucket::Documents),
        )
        .handled_by(health)
}

async fn health(
    call: Call<CanIf<Deep, HealthRead>>,
    Query(_): Query<HealthQuery>,
) -> Result<Either<Plain<Health>, Unavailable<Health>>> {
    let checks = if call.caller.is_set() { Some(check_services(call.app).await) } else { None };
    Ok(reply(checks))
}

fn reply(checks: Option<BTreeMap<&'static str, ServiceHealth>>) -> Either<Plain<Health>, Unavailable<Health>> {
    let healthy = checks.iter().flat_map(BTreeMap::values).all(|check| check.status == "ok");
    let status = if healthy { "ok" } else { "unhealthy" };
    let health = Health { status, version: env!("CARGO_PKG_VERSION"), checks };
    if healthy { Either::One(Plain(health)) } else { Either::Other(Unavailable(health)) }
}

/// Makes a small call to each service, all in parallel.
async fn check_services(app: &App) -> BTreeMap<&'static str, ServiceHealth> {
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

/// Checks the screening lists. A stale or missing list is unhealthy, because a check cannot rest on it.
async fn lists(app: &App) -> (&'static str, ServiceHealth) {
    let mut lists = None;
    let (name, check) = timed("lists", async {
        let Ok(statuses) = Watchlists::of(app).await.statuses().await else { return false };
        let found: Vec<_> = statuses.iter().map(|status| list_health(status, Timestamp::now())).collect();
        let fresh = found.iter().all(|list| list.status == "fresh");
        lists = Some(found);
        fresh
    })
    .await;
    (name, ServiceHealth { lists, ..check })
}

fn list_health(list_status: &ListStatus, now: Timestamp) -> ListHealth {
    let status = match &list_status.in_force {
        None => "missing",
        Some(list) if list.is_stale(now) => "stale",
        Some(_) => "fresh",
    };
    let age_seconds = list_status.in_force.as_ref().map(|list| list.age(now).as_secs());
    ListHealth { id: list_status.id.clone(), status, age_seconds }
}

/// Runs a check with a time limit and measures it.
async fn timed(name: &'static str, check: impl Future<Output = bool>) -> (&'static str, ServiceHealth) {
    let started = Timestamp::now();
    let healthy = tokio::time::timeout(CHECK_TIMEOUT, check).await.unwrap_or(false);
    let latency_ms = u64::try_from(Timestamp::now().since(started).as_millis()).unwrap_or(u64::MAX);
    (name, ServiceHealth { status: if healthy { "ok" } else { "unhealthy" }, latency_ms, lists: None })
}

#[cfg(test)]
mod tests {
    use verinym::{domain::aml::ListKind, http::Reply, watchlists::ListInForce};

    use super::*;

    #[tokio::test]
    async fn one_unhealthy_service_makes_503() {
        let good = timed("kms", async { true }).await;
        let bad = timed("s3", async { false }).await;
        assert_eq!(reply(None).into_response().unwrap().status, 200);
        assert_eq!(reply(Some(BTreeMap::from([good.clone()]))).into_response().unwrap().status, 200);
        let both = reply(Some(BTreeMap::from([good, bad]))).into_response().unwrap();
        assert_eq!(both.status, 503);
    }

    #[test]
    fn each_list_has_an_age_or_is_missing() {
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
            sample: false,
        };
        let list_status = |in_force| ListStatus {
            id: "un".into(),
            name: "UN".into(),
            kind: ListKind::Sanctions,
            in_force,
            refused: None,
        };
        let health = |in_force, now| {
            let found = list_health(&list_status(in_force), now);
            (found.status, found.age_seconds)
        };
        let later = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(health(None, now), ("missing", None));
        assert_eq!(health(Some(in_force.clone()), later(60)), ("fresh", Some(60)));
        assert_eq!(health(Some(in_force), later(61)), ("stale", Some(61)));
    }
}
