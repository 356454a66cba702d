//! POST /v1/kyc/checks/{id}/notes: a reviewer's note, without a decision.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        check::NoteForStaff, event::EventType, field::Fields, id::CheckId, role::KycReview, secret::Masked,
        time::Timestamp,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Created, Endpoint, Json, NotOwner, Path, Route, problem::types},
    run_command,
    store::{
        Table,
        check::{NewNote, StoredCheck, check_event},
        kek::KeyPurpose,
    },
};

use crate::note;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddNote {
    /// For staff, at most 2,000 characters.
    #[schema(value_type = String, min_length = 1, max_length = 2000, example = "Asked the issuer about the stamp.")]
    text: Masked<String>,
}

pub fn endpoint() -> Endpoint {
    Route::post("kyc-add-note", "/v1/kyc/checks/{id}/notes")
        .summary("Add a note to a check")
        .description(
            "For staff: the applicant never sees a note. It makes a new version of the check, so that nobody decides without having read it.",
        )
        .idempotent()
        .problems(&[&types::OWN_CHECK, &types::NOT_FOUND, &types::NOT_SUBMITTED])
        .opens_profile_keys()
        .opens_evidence_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Kyc).put(Table::Kyc))
        .handled_by(add_note)
}

async fn add_note(
    call: Call<NotOwner<KycReview, CheckId>>,
    (Path(id), Json(form)): (Path<CheckId>, Json<AddNote>),
) -> Result<Committed<Created<NoteForStaff>>> {
    let (now, owner, author) = (call.now(), call.caller.owner(), call.caller.reviewer()?);
    let mut fields = Fields::default();
    fields.check("text", note::check(&form.text));
    fields.done().map_err(RequestError::Invalid)?;
    let store = call.app.store().await;
    let evidence = store.read_person_key(&owner, KeyPurpose::Evidence, now).await?;
    run_command!(call.command().await?, |attempt| {
        // A conflict may be another note of this author at the same millisecond, whose key it would have.
        let at = if attempt.is_first() { now } else { Timestamp::now() };
        let before = store.check(&owner, &id).await?.ok_or(RequestError::NotFound)?;
        let check = before.check.note_added(author, at)?;
        let event = check_event(EventType::CheckNoteAdded, &check);
        let body = NoteForStaff { author, at, text: form.text.clone() };
        let reply = Created { location: Some(format!("/v1/admin/kyc/checks/{id}/notes")), version: None, body };
        let after = StoredCheck { check, work: before.work };
        let commit = attempt.commit(now).check_changes(&before.check, &after);
        let commit = commit.new_note(&NewNote { check: id, by: author, text: &form.text }, &evidence, at);
        Ok(commit.event(event).returning(reply))
    })
}
