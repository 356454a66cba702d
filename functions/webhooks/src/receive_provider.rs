//! POST /v1/providers/{provider}/webhook: the callback of a provider. It is stored; a worker processes it.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::crypto::random::RandomId;
use verinym::{
    config::Section,
    config::names::SecretId,
    domain::{
        callback::CallbackError,
        event::{Actor, CallbackSender, EventType, ExternalId, ProviderTask, PublicWord, Subject},
        id::InboundId,
        limit,
    },
    error::{Error, Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{Anonymous, By, Call, Endpoint, Headers, Limited, Path, Plain, RawBody, Route, problem::types},
    providers::{registry, signature::SignatureRefusal},
    run_command,
    store::Table,
    store::{event::EventDraft, inbound::InboundItem},
};

/// The response to the provider.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CallbackTaken {
    received: bool,
    id: InboundId,
    /// Whether the same callback was received before. Then nothing was done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    duplicate: bool,
}

pub fn endpoint() -> Endpoint {
    Route::post("webhooks-receive-provider", "/v1/providers/{provider}/webhook")
        .summary("Receive a callback of a provider")
        .description(
            "Providers call this with their own signature. The callback is stored before it is processed, and a repeated one is recognised by its content.",
        )
        // Counted after the signature was verified, so that a wrong signature costs no write.
        .limited(&[Limited { limit: &limit::CALLBACKS, by: By::Submitted }])
        .problems(&[&types::INVALID_SIGNATURE, &types::STALE_SIGNATURE, &types::NOT_FOUND])
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get(Table::Kyc)
                .put(Table::Kyc)
                .read_secret(SecretId::Sandbox)
                .reads(Section::Providers),
        )
        .handled_by(receive)
}

async fn receive(
    call: Call<Anonymous>,
    (Path(name), Headers(headers), RawBody(body)): (Path<String>, Headers, RawBody),
) -> Result<Plain<CallbackTaken>> {
    let now = call.now();
    let provider = registry::provider(call.app, &name).await?.ok_or(CallbackError::UnknownProvider)?;
    let scheme = provider.signature_scheme().ok_or(CallbackError::BadSignature)?;
    let keys = registry::callback_keys(call.app, &name, scheme).await?.ok_or(CallbackError::UnknownProvider)?;
    let verified = scheme.verify(&headers, &body, now, &keys).map_err(|refusal| {
        tracing::warn!(provider = name, %refusal, "callback refused");
        match refusal {
            SignatureRefusal::TimeOff => CallbackError::StaleSignature,
            SignatureRefusal::Missing | SignatureRefusal::Malformed | SignatureRefusal::Mismatch => {
                CallbackError::BadSignature
            }
        }
    })?;
    call.limit(&limit::CALLBACKS, &name).await?;
    let callback = provider
        .parse_callback(&body)
        .map_err(|_| RequestError::Malformed("The body is not a callback of this provider."))?;

    let item = InboundItem {
        id: InboundId::new(now),
        digest: InboundItem::digest(&name, &body),
        provider: name,
        reference: callback.reference,
        message_id: verified.id,
        sent_at: verified.sent_at,
        received_at: now,
        processed_at: None,
        version: 1,
    };
    let store = call.app.store().await;
    let command = call.command_by(Actor::Provider(item.provider.clone())).await;
    let stored = run_command!(command, |attempt| {
        let event = EventDraft::new(EventType::CallbackReceived, Subject::new("callback", item.id), item.version)
            .data(&CallbackSender { provider: PublicWord::named(&item.provider) })
            .data(&ProviderTask { reference: ExternalId::new(item.reference.as_str()) });
        Ok(attempt.commit(now).new_callback(&item, RequestError::AlreadyDone.into()).event(event).returning(()))
    });
    match stored {
        Ok(()) => Ok(Plain(CallbackTaken { received: true, id: item.id, duplicate: false })),
        Err(Error::Request(RequestError::AlreadyDone)) => {
            let first = store.callback_seen(&item.digest).await?;
            let id =
                first.ok_or_else(|| Internal::unavailable("the first delivery of a repeated callback is missing"))?;
            Ok(Plain(CallbackTaken { received: true, id, duplicate: true }))
        }
        Err(error) => Err(error),
    }
}
