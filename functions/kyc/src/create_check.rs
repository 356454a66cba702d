//! POST /v1/kyc/checks: creates a check and, by default, submits it.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::crypto::random::RandomId;
use verinym::{
    config::Section,
    domain::{
        check::{Action, Check, CheckForPerson, CheckTrigger, Policy},
        event::EventType,
        id::CheckId,
    },
    error::{RequestError, Result},
    http::{Call, Committed, Created, Endpoint, Json, Route, Signed, problem::types},
    providers::registry,
    run_command,
    store::{
        check::{Snapshot, StoredCheck, check_event},
        commit::Commit,
    },
};

use crate::{attached_documents, own_check};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCheck {
    /// At most 10. More can be added while the check is a draft.
    #[serde(default)]
    #[schema(value_type = Vec<verinym::domain::id::DocumentId>, max_items = 10)]
    document_ids: Vec<String>,
    /// Whether to submit the check at once.
    #[serde(default = "yes")]
    submit: bool,
}

fn yes() -> bool {
    true
}

pub fn endpoint() -> Endpoint {
    Route::post("kyc-create-check", "/v1/kyc/checks")
        .summary("Create an identity check")
        .description(
            "Creates a check of the documents and submits it, unless `submit` is `false`. Submitting takes a snapshot of the profile. One submitted check is open at a time.",
        )
        .idempotent()
        .loads_profile()
        .problems(&[
            &types::DOCUMENTS_REQUIRED,
            &types::NAME_REQUIRED,
            &types::TOO_MANY_DOCUMENTS,
            &types::CHECK_IN_PROGRESS,
        ])
        .opens_profile_keys()
        .opens_evidence_keys()
        .needs(own_check::needs_of_submission().reads(Section::Providers).reads(Section::Screening))
        .handled_by(create)
}

async fn create(call: Call<Signed>, Json(form): Json<CreateCheck>) -> Result<Committed<Created<CheckForPerson>>> {
    let (now, user) = (call.now(), call.caller.user);
    let documents = attached_documents::document_ids(&form.document_ids)?;
    let policy = Policy::document(registry::default_provider(call.app)?, call.app.config.screening()?.threshold);
    let store = call.app.store().await;
    let key = call.loaded.key(store, now).await?;
    run_command!(call.command().await?, |attempt| {
        let attached = attached_documents::read_documents(store, &user, &documents, now).await?;
        // After a conflict the account, the profile or a document has changed.
        let (auth, profile) = if attempt.is_first() {
            (call.caller.auth.clone(), call.loaded.profile()?.clone())
        } else {
            let account = store.account(&user, now).await?.ok_or(RequestError::Unauthenticated)?;
            (account.auth, account.profile_item)
        };
        let draft = Check::draft(CheckId::new(now), user, policy.clone(), CheckTrigger::Applicant, now);
        let draft = Check { document_ids: documents.clone(), ..draft };
        let mut events = vec![check_event(EventType::CheckCreated, &draft)];
        let mut stored = StoredCheck::new(draft);
        if form.submit {
            let (submitted, kind) = stored.check.apply(Action::Submit(auth.kyc_status), now)?;
            events.push(check_event(kind, &submitted));
            stored.check = submitted;
            let snapshot = Snapshot::of(&profile.open(&user, &key)?, &attached.numbers, now)?;
            stored.take_snapshot(&snapshot, &attached.evidence)?;
        }
        let body = stored.check.for_person();
        let reply =
            Created { location: Some(format!("/v1/kyc/checks/{}", body.id)), version: Some(body.version), body };
        let mut commit = attempt.commit(now).new_check(&stored, &auth, now);
        if form.submit {
            commit = commit.profile_unchanged(&user, &profile);
            for document in &documents {
                commit = commit.document_held(&user, document, &stored.check.id);
            }
        }
        Ok(events.into_iter().fold(commit, Commit::event).returning(reply))
    })
}
