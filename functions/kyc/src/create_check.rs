//! POST /v1/kyc/checks: begins a check and, unless told otherwise, hands it in at once.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::crypto::random::RandomId;
use verinym::{
    domain::{
        check::{Action, Check, CheckError, CheckForPerson, Policy, Trigger},
        event::{Actor, EventType},
        id::CheckId,
    },
    error::{RequestError, Result},
    http::{Call, Created, Endpoint, Json, Route, Signed, idempotency},
    providers::registry,
    store::{
        check::{Snapshot, StoredCheck, check_event},
        commit::Tries,
    },
};

use crate::papers;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCheck {
    /// At most 10; they may come later while the check is a draft.
    #[serde(default)]
    document_ids: Vec<String>,
    /// Whether to hand it in at once.
    #[serde(default = "yes")]
    submit: bool,
}

fn yes() -> bool {
    true
}

pub fn endpoint() -> Endpoint {
    Route::post("kyc-create-check", "/v1/kyc/checks")
        .summary("Begin an identity check")
        .idempotent()
        .loads_profile()
        .problems(&[
            (400, "documents_required"),
            (400, "name_required"),
            (400, "too_many_documents"),
            (409, "check_in_progress"),
        ])
        .opens_profile_keys()
        .opens_evidence_keys()
        .handled_by(create)
}

async fn create(call: Call<Signed>, Json(form): Json<CreateCheck>) -> Result<Created<CheckForPerson>> {
    let (now, user) = (call.now(), call.caller.user);
    let provider = registry::default_provider(call.app);
    let documents = papers::named(&form.document_ids)?;
    let store = call.app.store().await;
    let (key, evidence) =
        futures::try_join!(call.loaded.key(store, now), papers::evidence_for(store, &user, &documents, now),)?;
    let actor = || Actor::User(user);

    let (mut auth, mut profile) = (call.caller.auth.clone(), call.loaded.profile()?.clone());
    let mut tries = Tries::new();
    loop {
        if auth.open_check.is_some() {
            return Err(CheckError::CheckInProgress.into());
        }
        let draft = Check::draft(
            CheckId::new(now),
            user,
            Policy::document(provider, call.app.config.screening_threshold),
            Trigger::Applicant,
            now,
        );
        let draft = Check { document_ids: documents.clone(), ..draft };
        let mut events = vec![check_event(EventType::CheckCreated, &draft, actor())];
        let mut stored = StoredCheck::new(draft);
        let mut held = &[][..];
        if form.submit {
            let (submitted, kind) = stored.check.apply(Action::Submit(auth.kyc_status), now)?;
            events.push(check_event(kind, &submitted, actor()));
            stored.check = submitted;
            stored.take_snapshot(&Snapshot::of(&profile.open(&user, &key)?, now)?, &evidence)?;
            held = &documents;
        }
        let body = stored.check.for_person();
        let reply =
            Created { location: Some(format!("/v1/kyc/checks/{}", body.id)), version: Some(body.version), body };
        let mut commit = store.commit(now, &call.meta.correlation_id).new_check(&stored, &auth, now);
        if form.submit {
            commit = commit.profile_unchanged(&user, &profile);
        }
        for document in held {
            commit = commit.document_held(&user, document, &stored.check.id);
        }
        for event in events {
            commit = commit.event(event.session(call.caller.session).origin(&key, call.meta.origin()));
        }
        match commit.remember(call.replay.as_ref(), &key, idempotency::keep(&reply)).run().await {
            Ok(()) => return Ok(reply),
            Err(error) => tries.again(error).await?,
        }
        // Somebody wrote first: the account, the profile or a document is not what it was.
        papers::evidence_for(store, &user, &documents, now).await?;
        let account = store.account(&user, now).await?.ok_or(RequestError::Unauthenticated)?;
        (auth, profile) = (account.auth, account.profile_item);
    }
}
