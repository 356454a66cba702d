//! DELETE /v1/admin/clients/{id}: deletes a machine client. Its tokens are refused from the next call on.

use verinym::{
    domain::{client::Client, event::EventType, id::ClientId, role::ClientsManage},
    error::{RequestError, Result},
    http::{Call, Can, Committed, Endpoint, NoContent, Path, Recent, Route, problem::types},
    run_command,
    store::{Table, client::client_event},
};

use crate::{create_client::needs_of_editor, role_editor::Editor};

pub fn endpoint() -> Endpoint {
    Route::delete("admin-delete-client", "/v1/admin/clients/{id}")
        .summary("Delete a machine client")
        .description("Deletes the client. Its secrets, keys and access tokens are refused from the next call on. Nobody deletes a client that may do more than they may.")
        .problems(&[&types::NOT_FOUND, &types::BEYOND_OWN_PERMISSIONS])
        .opens_profile_keys()
        .needs(needs_of_editor().get(Table::Identity).delete(Table::Identity))
        .handled_by(delete_client)
}

async fn delete_client(
    call: Call<Recent<Can<ClientsManage>>>,
    Path(id): Path<ClientId>,
) -> Result<Committed<NoContent>> {
    let store = call.app.store().await;
    run_command!(call.command().await?, |attempt| {
        let client = store.machine_client(&id).await?.ok_or(RequestError::NotFound)?;
        let roles = store.role_table().await?;
        let editor = Editor::of::<ClientsManage>(&call.caller, store, &roles, attempt.is_first()).await?;
        Client::check_granted_by(&client.scopes, editor.giver().permissions)?;
        let event = client_event(EventType::ClientDeleted, id, client.version + 1);
        let commit = attempt.commit(call.now()).delete_client(&client).event(event).role_table_changes(&roles, &roles);
        Ok(editor.guard(commit).returning(NoContent))
    })
}
