//! POST /v1/aml/hits/{id}/decision: a reviewer says whether whom a list names is the person. To clear somebody of a
//! sanctions list a second reviewer has to agree (202).

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    config::Section,
    domain::{
        aml::{Hit, HitDecision, HitForStaff, HitVerdict},
        event::{EventType, HitOrigin, HitRuling, PublicWord, ReviewedHit, Subject},
        field::{FieldFault, Fields},
        id::HitId,
        role::{AmlReview, UsersReadPii},
        secret::Masked,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{
        Accepted, Call, Committed, Either, Endpoint, Json, NotOwner, Path, Route, ShowingHits, Versioned,
        problem::types,
    },
    run_command,
    store::Table,
    store::{
        check::{StoredCheck, check_event},
        event::EventDraft,
        idempotency::ShownHit,
        kek::KeyPurpose,
    },
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideHit {
    decision: HitVerdict,
    /// Why, for the file: 1 to 2,000 characters.
    #[schema(value_type = String, min_length = 1, max_length = 2000, example = "The passport shows another date of birth.")]
    reason: Masked<String>,
}

type HitDecisionReply = ShowingHits<Either<Versioned<HitForStaff>, Accepted<HitForStaff>>>;

pub fn endpoint() -> Endpoint {
    Route::post("aml-decide-hit", "/v1/aml/hits/{id}/decision")
        .summary("Decide a hit")
        .description(
            "Decides whether a listed entry is the person. Clearing a sanctions hit needs two reviewers: the first decision gets 202.",
        )
        .requires_if_match()
        .idempotent()
        .problems(&[
            &types::OWN_CHECK,
            &types::SAME_REVIEWER,
            &types::NOT_FOUND,
            &types::CLAIMED_BY_ANOTHER,
            &types::ILLEGAL_TRANSITION,
        ])
        .opens_profile_keys()
        .opens_evidence_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get(Table::Kyc)
                .get_many(Table::Kyc)
                .put(Table::Kyc)
                .reads(Section::Review),
        )
        .handled_by(decide)
}

async fn decide(
    call: Call<NotOwner<AmlReview, HitId>>,
    (Path(id), Json(form)): (Path<HitId>, Json<DecideHit>),
) -> Result<Committed<HitDecisionReply>> {
    let (now, owner, reviewer) = (call.now(), call.caller.owner(), call.caller.reviewer()?);
    form.check()?;
    let store = call.app.store().await;
    let plain = call.caller.can::<UsersReadPii>();
    run_command!(call.command().await?, |attempt| {
        let (hit, evidence) =
            futures::try_join!(store.hit(&owner, &id), store.read_person_key(&owner, KeyPurpose::Evidence, now))?;
        let before = hit.ok_or(RequestError::NotFound)?;
        call.check_version(before.hit.version)?;
        let check = store.check(&owner, &before.hit.check_id).await?.ok_or(RequestError::NotFound)?;
        let second = before.hit.proposal.is_some_and(|first| first.by != reviewer);
        check.check.check_hit_decidable(reviewer, second, now)?;
        let (hit, kind) = before.hit.decide(form.decision, reviewer, call.app.config.review()?.four_eyes, now)?;
        let next_check = check.check.hit_decided(id, hit.decision, now)?;

        let after = before.decided(hit, &form.reason, &evidence);
        let body = after.for_staff(&evidence, plain)?;
        let reply = if after.hit.decision == HitDecision::Open {
            Either::Other(Accepted(body))
        } else {
            Either::One(Versioned { version: body.version, body })
        };
        let shown = ShownHit { person: owner, hit: id };
        let reply = HitDecisionReply { reply, hits: if plain { vec![shown] } else { vec![] } };
        let of_check = check_event(EventType::CheckHitReviewed, &next_check)
            .data(&ReviewedHit { hit: id, decision: after.hit.decision });
        let commit = attempt
            .commit(now)
            .hit_changes(&before.hit, &after)
            .check_changes(&check.check, &StoredCheck { check: next_check, work: check.work.clone() })
            .event(event(kind, &after.hit))
            .event(of_check);
        Ok(commit.returning(reply))
    })
}

fn event(kind: EventType, hit: &Hit) -> EventDraft {
    EventDraft::new(kind, Subject::new("hit", hit.id), hit.version)
        .person(hit.user_id)
        .data(&HitOrigin { check: hit.check_id, list: PublicWord::named(&hit.list), kind: hit.kind })
        .data(&HitRuling { decision: hit.decision })
}

const LONGEST_REASON: usize = 2000;

impl DecideHit {
    fn check(&self) -> Result<()> {
        const REASON: FieldFault = FieldFault::new("invalid_reason", "Must have 1 to 2,000 characters.");
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
