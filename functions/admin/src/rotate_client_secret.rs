//! POST /v1/admin/clients/{id}/rotate-secret: gives a machine client a new secret. The previous one works for another day.

use verinym::{
    crypto::client,
    domain::{id::ClientId, role::ClientsManage},
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Can, Committed, Endpoint, Path, Plain, Recent, Route, ShownOnce, problem::types},
    run_command,
    store::{Table, client::client_event},
};

use crate::client_view::ClientWithSecret;

pub fn endpoint() -> Endpoint {
    Route::post("admin-rotate-client-secret", "/v1/admin/clients/{id}/rotate-secret")
        .summary("Rotate the secret of a machine client")
        .description(
            "Makes a new secret, which is shown in this answer only. The previous secret works for 24 hours more, an older one ends at once.",
        )
        .idempotent()
        .problems(&[&types::NOT_FOUND, &types::NO_SECRET, &types::BEYOND_OWN_PERMISSIONS])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Identity).put(Table::Identity))
        .handled_by(rotate)
}

async fn rotate(
    call: Call<Recent<Can<ClientsManage>>>,
    (Path(id), ()): (Path<ClientId>, ()),
) -> Result<Committed<ShownOnce<Plain<ClientWithSecret>>>> {
    let (store, now) = (call.app.store().await, call.now());
    let secret = client::new_secret();
    run_command!(call.command().await?, |attempt| {
        let before = store.machine_client(&id).await?.ok_or(RequestError::NotFound)?;
        // Whoever holds the secret may do what the client may.
        verinym::domain::client::Client::check_granted_by(&before.scopes, call.caller.permissions())?;
        let (after, kind) = before.rotate(client::hash(secret.expose()), now)?;
        let reply = ShownOnce(Plain(ClientWithSecret::new(&after, Some(secret.expose()), now)));
        let event = client_event(kind, id, after.version);
        Ok(attempt.commit(now).client_changes(&before, &after).event(event).returning(reply))
    })
}
