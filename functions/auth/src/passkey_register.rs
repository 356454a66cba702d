//! POST /v1/auth/webauthn/register: registers the passkey that an authenticator made.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use verinym::crypto::random::RandomId;
use verinym::{
    config::Section,
    domain::{
        event::PasskeyOfPerson,
        field::Fields,
        id::PasskeyId,
        passkey::{Passkey, PasskeyError, parse_name},
        secret::{Masked, SecretText},
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Created, Endpoint, Json, Recent, Route, problem::types},
    run_command,
    store::{
        Table,
        passkey::{Ceremony, CeremonyPurpose, PasskeyItem},
        user::account_event,
    },
};
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential};

use crate::passkeys::{credential, refused, registered, relying_party, restored};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterPasskey {
    /// Of the options.
    #[schema(value_type = String, max_length = 128, example = "3f0c8e3ad1b2c4d5e6f708192a3b4c5d")]
    challenge_id: SecretText,
    /// What the person calls it.
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "Ada's phone")]
    name: Masked<String>,
    /// What the browser's `PublicKeyCredential.toJSON()` returns.
    #[schema(value_type = Object)]
    credential: Masked<Value>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegisteredPasskey {
    credential: Passkey,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-passkey-register", "/v1/auth/webauthn/register")
        .summary("Register a passkey")
        .description(
            "Registers the passkey that the authenticator made for the options. From then on the person can sign in with it. The owner of the account gets a mail.",
        )
        .idempotent()
        .problems(&[
            &types::CEREMONY_EXPIRED,
            &types::INVALID_PASSKEY,
            &types::TOO_MANY_PASSKEYS,
            &types::PASSKEY_REGISTERED,
        ])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get(Table::Ephemeral)
                .delete(Table::Ephemeral)
                .put(Table::Identity)
                .rarely("another write to the account was first", Needs::new().get(Table::Identity))
                .reads(Section::Passkeys),
        )
        .handled_by(register)
}

async fn register(
    call: Call<Recent>,
    Json(form): Json<RegisterPasskey>,
) -> Result<Committed<Created<RegisteredPasskey>>> {
    let (store, now, caller) = (call.app.store().await, call.now(), &call.caller);
    let mut fields = Fields::default();
    let name = fields.check("name", parse_name(&form.name));
    fields.done().map_err(RequestError::Invalid)?;
    let name = name.ok_or_else(|| Internal::bug("a form without faults has a name"))?;
    let answer: RegisterPublicKeyCredential = credential(form.credential)?;
    let indexes = call.app.index_secrets().await?;
    let at = Ceremony::key(&indexes, form.challenge_id.expose());
    let ceremony = store.ceremony(&at, now).await?;
    if ceremony.purpose != (CeremonyPurpose::Register { user: caller.user, session: caller.session }) {
        return Err(PasskeyError::CeremonyExpired.into());
    }
    let state: PasskeyRegistration = restored(&ceremony.state)?;
    let made =
        relying_party(call.app)?.finish_passkey_registration(&answer, &state).map_err(|error| refused(&error))?;
    let key = call.loaded.key(store, now).await?;
    let of = (caller.user, PasskeyId::new(now));
    let item = PasskeyItem::new(of, indexes.credential(made.cred_id()), registered(&made)?, (&name, &key), now);
    let shown = RegisteredPasskey { credential: item.view(&key)? };
    run_command!(call.command().await?, |attempt| {
        let before = if attempt.is_first() {
            caller.auth.clone()
        } else {
            let account = store.auth(&caller.user).await?;
            let live = account.filter(|account| account.session_epoch == caller.auth.session_epoch);
            live.ok_or(RequestError::Unauthenticated)?
        };
        let (after, kind) = before.add_passkey()?;
        let event = account_event(kind, &after).data(&PasskeyOfPerson { passkey: item.passkey });
        let commit = attempt.commit(now).account_changes(&before, &after).add_passkey(&item).end_ceremony(&at);
        let created = Created { location: None, version: None, body: shown.clone() };
        Ok(commit.event(event).returning(created))
    })
}
