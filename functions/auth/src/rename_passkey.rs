//! PATCH /v1/auth/webauthn/credentials/{id}: another name for a passkey.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        field::Fields,
        id::PasskeyId,
        passkey::{Passkey, parse_name},
        secret::Masked,
    },
    error::{Internal, RequestError, Result},
    function::Needs,
    http::{Call, Committed, Endpoint, Json, Path, Plain, Route, Signed, problem::types},
    run_command,
    store::Table,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenamePasskey {
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "Ada's laptop")]
    name: Masked<String>,
}

pub fn endpoint() -> Endpoint {
    Route::patch("auth-rename-passkey", "/v1/auth/webauthn/credentials/{id}")
        .summary("Rename one of my passkeys")
        .description("Only its person sees the name.")
        .problems(&[&types::NOT_FOUND])
        .opens_profile_keys()
        .needs(Needs::new().get(Table::Identity).put(Table::Identity))
        .handled_by(rename)
}

async fn rename(
    call: Call<Signed>,
    (Path(id), Json(form)): (Path<PasskeyId>, Json<RenamePasskey>),
) -> Result<Committed<Plain<Passkey>>> {
    let (store, user, now) = (call.app.store().await, call.caller.user, call.now());
    let mut fields = Fields::default();
    let name = fields.check("name", parse_name(&form.name));
    fields.done().map_err(RequestError::Invalid)?;
    let name = name.ok_or_else(|| Internal::bug("a form without faults has a name"))?;
    let key = call.loaded.key(store, now).await?;
    run_command!(call.command().await?, |attempt| {
        let before = store.passkey(&user, &id).await?.ok_or(RequestError::NotFound)?;
        let after = before.renamed(&name, &key);
        Ok(attempt.commit(now).passkey_changes(&before, &after, None).returning(Plain(after.view(&key)?)))
    })
}
