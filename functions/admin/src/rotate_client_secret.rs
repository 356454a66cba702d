//! POST /v1/admin/clients/{id}/rotate-secret: gives a machine client a new secret. The previous one works for another day.

use verinym::{
    crypto::client,
    domain::{client::Client, id::ClientId, role::ClientsManage},
    error::{RequestError, Result},
    http::{Call, Can, Committed, Endpoint, Path, Plain, Recent, Route, ShownOnce, problem::types},
    run_command,
    store::{Table, client::client_event},
};

use crate::{client_view::ClientWithSecret, create_client::needs_of_editor, role_editor::Editor};

pub fn endpoint() -> Endpoint {
    Route::post("admin-rotate-client-secret", "/v1/admin/clients/{id}/rotate-secret")
        .summary("Rotate the secret of a machine client")
        .description(
            "Makes a new secret, which is shown in this answer only. The previous secret works for 24 hours more, an older one ends at once.",
        )
        .idempotent()
        .problems(&[&types::NOT_FOUND, &types::NO_SECRET, &types::BEYOND_OWN_PERMISSIONS])
        .opens_profile_keys()
        .needs(needs_of_editor().get(Table::Identity).put(Table::Identity))
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
        let roles = store.role_table().await?;
        let editor = Editor::of::<ClientsManage>(&call.caller, store, &roles, attempt.is_first()).await?;
        // Whoever holds the secret may do what the client may.
        Client::check_granted_by(&before.scopes, editor.giver().permissions)?;
        let (after, kind) = before.rotate(client::hash(secret.expose()), now)?;
        let reply = ShownOnce(Plain(ClientWithSecret::new(&after, Some(secret.expose()), now)));
        let event = client_event(kind, id, after.version);
        let commit =
            attempt.commit(now).client_changes(&before, &after).event(event).role_table_changes(&roles, &roles);
        Ok(editor.guard(commit).returning(reply))
    })
}
