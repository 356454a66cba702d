//! POST /v1/aml/hits/{id}/decision: a reviewer says whether whom a list names is the person. To clear somebody of a
//! sanctions list a second reviewer has to agree (202).

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        aml::{AmlError, Hit, HitDecision, HitForStaff, HitVerdict},
        event::{Actor, EventType, Subject},
        field::{Fault, Fields},
        id::HitId,
        role::{AmlReview, UsersReadPii},
        secret::Masked,
    },
    error::{RequestError, Result},
    http::{Accepted, Call, Can, Either, Endpoint, Json, Path, Route, Versioned, idempotency},
    store::{
        check::{StoredCheck, check_event},
        commit::Tries,
        event::EventDraft,
        kek::Purpose,
    },
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideHit {
    decision: HitVerdict,
    /// Why, for the file: 1 to 2,000 characters.
    #[schema(value_type = String)]
    reason: Masked<String>,
}

type Answer = Either<Versioned<HitForStaff>, Accepted<HitForStaff>>;

pub fn endpoint() -> Endpoint {
    Route::post("aml-decide-hit", "/v1/aml/hits/{id}/decision")
        .summary("Decide a hit")
        .loads_owner()
        .requires_if_match()
        .idempotent()
        .problems(&[
            (403, "own_check"),
            (403, "same_reviewer"),
            (404, "not_found"),
            (409, "claimed_by_another"),
            (409, "illegal_transition"),
        ])
        .opens_profile_keys()
        .opens_evidence_keys()
        .handled_by(decide)
}

async fn decide(call: Call<Can<AmlReview>>, (Path(id), Json(form)): (Path<HitId>, Json<DecideHit>)) -> Result<Answer> {
    let (now, owner, reviewer) = (call.now(), call.owner()?, call.caller.user);
    // Before anything of the hit is read: the answer is the same whatever became of it.
    if owner == reviewer {
        return Err(AmlError::OwnHit.into());
    }
    form.check()?;
    let store = call.app.store().await;
    let key = call.loaded.key(store, now).await?;
    let plain = call.caller.can::<UsersReadPii>();
    let mut tries = Tries::new();
    loop {
        let (hit, evidence) =
            futures::try_join!(store.hit(&owner, &id), store.read_person_key(&owner, Purpose::Evidence, now))?;
        let before = hit.ok_or(RequestError::NotFound)?;
        call.check_version(before.hit.version)?;
        let check = store.check(&owner, &before.hit.check_id).await?.ok_or(RequestError::NotFound)?;
        let second = before.hit.proposal.is_some_and(|first| first.by != reviewer);
        check.check.check_hit_decidable(reviewer, second, now)?;
        let (hit, kind) = before.hit.decide(form.decision, reviewer, call.app.config.four_eyes, now)?;
        let next_check = check.check.hit_decided(id, hit.decision, now)?;

        let after = before.decided(hit, &form.reason, &evidence);
        let body = after.for_staff(&evidence, plain)?;
        let reply: Answer = if after.hit.decision == HitDecision::Open {
            Either::Other(Accepted(body))
        } else {
            Either::One(Versioned { version: body.version, body })
        };
        let of_check = check_event(EventType::CheckHitReviewed, &next_check, Actor::User(reviewer))
            .data("hit", id.to_string())
            .data("decision", after.hit.decision.as_str());
        let origin = || call.meta.origin();
        let committed = store
            .commit(now, &call.meta.correlation_id)
            .hit_changes(&before.hit, &after)
            .check_changes(&check.check, &StoredCheck { check: next_check, work: check.work.clone() })
            .event(event(kind, &after.hit, reviewer).session(call.caller.session).origin(&key, origin()))
            .event(of_check.session(call.caller.session).origin(&key, origin()))
            .remember(call.replay.as_ref(), &key, idempotency::keep(&reply))
            .run()
            .await;
        match committed {
            Ok(()) => return Ok(reply),
            Err(error) => tries.again(error).await?,
        }
    }
}

fn event(kind: EventType, hit: &Hit, reviewer: verinym::domain::id::UserId) -> EventDraft {
    EventDraft::new(kind, Subject::new("hit", hit.id), hit.version, Actor::User(reviewer))
        .person(hit.user_id)
        .data("check", hit.check_id.to_string())
        .data("list", hit.list.clone())
        .data("kind", hit.kind.as_str())
        .data("decision", hit.decision.as_str())
}

const LONGEST_REASON: usize = 2000;

impl DecideHit {
    fn check(&self) -> Result<()> {
        const REASON: Fault = Fault::new("invalid_reason", "must have 1 to 2,000 characters");
        let mut fields = Fields::default();
        if self.reason.trim().is_empty() || self.reason.chars().count() > LONGEST_REASON {
            fields.refuse("reason", REASON);
        }
        fields.done().map_err(RequestError::Invalid)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(reason: &str) -> DecideHit {
        DecideHit { decision: HitVerdict::FalsePositive, reason: Masked(reason.to_owned()) }
    }

    #[test]
    fn a_decision_says_why_and_a_log_does_not() {
        assert!(form("born in another country").check().is_ok());
        for reason in ["", "  ", &"x".repeat(2001)] {
            assert!(form(reason).check().is_err());
        }
        assert!(!format!("{:?}", form("Ada Lovelace")).contains("Ada"));
        assert!(serde_json::from_str::<DecideHit>(r#"{"decision":"open","reason":"x"}"#).is_err());
    }
}
