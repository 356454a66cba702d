//! PUT /v1/kyc/checks/{id}: a reviewer's decision. At high risk a second reviewer has to agree to an approval (202).

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    config::Section,
    domain::{
        check::{CheckForStaff, CheckState, ReasonCode, ReviewDecision},
        field::{FieldFault, Fields},
        id::{CheckId, UserId},
        role::KycReview,
        secret::Masked,
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{Accepted, Call, Committed, Either, Endpoint, Json, NotOwner, Path, Route, Versioned, problem::types},
    run_command,
    store::Table,
    store::{
        check::{NewNote, StoredCheck, check_event},
        kek::KeyPurpose,
        person_key::PersonKey,
    },
};

use crate::note;

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    Approve,
    Reject,
    RequestDocuments,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideCheck {
    decision: Decision,
    /// Codes; a rejection or a request for documents needs at least one.
    #[serde(default)]
    #[schema(value_type = Vec<ReasonCode>, max_items = 16, example = json!([]))]
    reasons: Vec<String>,
    /// For staff, at most 2,000 characters. It is stored encrypted; no route shows it yet.
    #[schema(value_type = Option<String>, max_length = 2000, example = "The passport is readable; the face matches.")]
    note: Option<Masked<String>>,
}

type Reviewer = NotOwner<KycReview, CheckId>;
type DecisionReply = Either<Versioned<CheckForStaff>, Accepted<CheckForStaff>>;

pub fn endpoint() -> Endpoint {
    Route::put("kyc-decide-check", "/v1/kyc/checks/{id}")
        .summary("Decide a check")
        .description(
            "Approves or rejects a check in review, or asks its person for documents. At high risk an approval needs two reviewers: the first `approve` gets 202, and another reviewer sends `approve` to agree. `reject` or `request_documents` then disagrees: the check returns to `in_review`, and is neither rejected nor waiting for documents. The decision covers exactly the version that the reviewer has read.",
        )
        .requires_if_match()
        .idempotent()
        .problems(&[
            &types::REASON_REQUIRED,
            &types::OWN_CHECK,
            &types::SAME_REVIEWER,
            &types::NOT_FOUND,
            &types::CLAIMED_BY_ANOTHER,
            &types::ILLEGAL_TRANSITION,
            &types::OPEN_HITS,
            &types::STEPS_MISSING,
            &types::TRUE_MATCH,
        ])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapEvidenceKeys)
                .get_many(Table::Kyc)
                .put(Table::Kyc)
                .put(Table::Identity)
                .reads(Section::Review),
        )
        .handled_by(decide)
}

async fn decide(
    call: Call<Reviewer>,
    (Path(id), Json(form)): (Path<CheckId>, Json<DecideCheck>),
) -> Result<Committed<DecisionReply>> {
    let (now, owner, reviewer) = (call.now(), call.caller.owner(), call.caller.reviewer()?);
    let (decision, note) = form.check()?;
    let store = call.app.store().await;
    run_command!(call.command().await?, |attempt| {
        let found = futures::try_join!(store.check_and_auth(&owner, &id), evidence(&call, owner, note.is_some()))?;
        let (Some((before, auth)), evidence) = found else { return Err(RequestError::NotFound.into()) };
        call.check_version(before.check.version)?;
        let action = before.check.review_action(decision.clone(), reviewer, call.app.config.review()?.four_eyes);
        let (mut check, kind) = before.check.apply(action, now)?;
        if note.is_some() {
            check.count_note();
        }
        let body = check.for_staff(now);
        let reply = if check.state == CheckState::AwaitingSecondReview {
            Either::Other(Accepted(body))
        } else {
            Either::One(Versioned { version: body.version, body })
        };
        let event = check_event(kind, &check);
        let after = StoredCheck { check, work: before.work.clone() };
        let mut commit = attempt.commit(now).check_moves(&before.check, &after, &auth, now);
        if let Some((text, evidence)) = note.as_ref().zip(evidence.as_ref()) {
            commit = commit.new_note(&NewNote { check: id, by: reviewer, text }, evidence, now);
        }
        Ok(commit.event(event).returning(reply))
    })
}

/// The person's evidence key, which encrypts a note, since a note may name the person.
async fn evidence(call: &Call<Reviewer>, owner: UserId, wanted: bool) -> Result<Option<PersonKey>> {
    if !wanted {
        return Ok(None);
    }
    let store = call.app.store().await;
    store.read_person_key(&owner, KeyPurpose::Evidence, call.now()).await.map(Some)
}

const MOST_REASONS: usize = 16;

impl DecideCheck {
    fn check(self) -> Result<(ReviewDecision, Option<Masked<String>>)> {
        const UNKNOWN: FieldFault = FieldFault::new("unknown_reason", "Must hold known reason codes.");
        const TOO_MANY: FieldFault = FieldFault::new("too_many", "Must hold at most 16 reason codes.");
        let mut fields = Fields::default();
        if self.reasons.len() > MOST_REASONS {
            fields.refuse("reasons", TOO_MANY);
        }
        let codes = self.reasons.iter().map(|code| code.parse::<ReasonCode>()).collect::<std::result::Result<_, _>>();
        let codes: Option<Vec<_>> = fields.check("reasons", codes.map_err(|_| UNKNOWN));
        if let Some(Err(fault)) = self.note.as_ref().map(note::check) {
            fields.refuse("note", fault);
        }
        fields.done().map_err(RequestError::Invalid)?;
        let codes = codes.ok_or_else(|| Internal::bug("a form without faults has its reasons"))?;
        let decision = match self.decision {
            Decision::Approve => ReviewDecision::Approve(codes),
            Decision::Reject => ReviewDecision::Reject(codes),
            Decision::RequestDocuments => ReviewDecision::RequestDocuments(codes),
        };
        Ok((decision, self.note))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(json: serde_json::Value) -> DecideCheck {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn reasons_are_known_codes() {
        let (decision, note) =
            form(serde_json::json!({"decision": "reject", "reasons": ["document_forged"], "note": "seen"}))
                .check()
                .unwrap();
        assert_eq!(decision, ReviewDecision::Reject(vec![ReasonCode::DocumentForged]));
        assert!(note.is_some());
        assert!(form(serde_json::json!({"decision": "reject", "reasons": ["because"]})).check().is_err());
    }

    #[test]
    fn notes_are_bounded_and_not_printed() {
        let long = "x".repeat(2001);
        assert!(form(serde_json::json!({"decision": "approve", "note": long})).check().is_err());
        assert!(form(serde_json::json!({"decision": "approve", "note": " "})).check().is_err());
        let noted = form(serde_json::json!({"decision": "approve", "note": "Ada Lovelace"}));
        assert!(!format!("{noted:?}").contains("Ada"));
    }
}
