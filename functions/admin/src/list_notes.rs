//! `GET /v1/admin/kyc/checks/{id}/notes`: what reviewers wrote about a check, newest first. The event of the read is
//! committed before the answer.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{check::NoteForStaff, event::EventType, id::CheckId, role::KycReview},
    error::Result,
    function::{Capability, Needs},
    http::{
        Call, Endpoint, NotOwner, Page, Path, Query, Route,
        list::List,
        problem::types,
        reads::{PersonalDataRead, commit_reads},
    },
    store::{Table, kek::KeyPurpose},
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListNotes {
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("admin-list-notes", "/v1/admin/kyc/checks/{id}/notes")
        .summary("List the notes of a check")
        .description(
            "What reviewers wrote, with decisions or without one, newest first. An event records the read first.",
        )
        .problems(&[&types::OWN_CHECK, &types::NOT_FOUND])
        .opens_evidence_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UseTokenKeys)
                .with(Capability::UnwrapProfileKeys)
                .query(Table::Kyc),
        )
        .handled_by(list_notes)
}

async fn list_notes(
    call: Call<NotOwner<KycReview, CheckId>>,
    (Path(id), Query(query)): (Path<CheckId>, Query<ListNotes>),
) -> Result<Page<NoteForStaff>> {
    let (now, owner) = (call.now(), call.caller.owner());
    let subject = id.to_string();
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &[Some(&subject)]).await?;
    let store = call.app.store().await;
    let ((notes, next), evidence) = futures::try_join!(
        store.notes(&id, list.limit, list.after.as_ref()),
        store.read_person_key(&owner, KeyPurpose::Evidence, now),
    )?;
    let items: Vec<_> = notes.iter().map(|note| note.for_staff(&id, &evidence)).collect::<Result<_>>()?;
    // A page without notes tells nothing of the person.
    if !items.is_empty() {
        commit_reads(&call, &[PersonalDataRead::of_check(EventType::CheckNotesRead, owner, id)]).await?;
    }
    list.page(call.app, items, next.as_ref()).await
}
