//! DELETE /v1/admin/clients/{id}: deletes a machine client. Its tokens are refused from the next call on.

use verinym::{
    domain::{event::EventType, id::ClientId, role::ClientsManage},
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Can, Committed, Endpoint, NoContent, Path, Recent, Route, problem::types},
    run_command,
    store::{Table, client::client_event},
};

pub fn endpoint() -> Endpoint {
    Route::delete("admin-delete-client", "/v1/admin/clients/{id}")
        .summary("Delete a machine client")
        .description("Deletes the client. Its secrets, keys and access tokens are refused from the next call on.")
        .problems(&[&types::NOT_FOUND])
        .opens_profile_keys()
        .needs(Needs::new().with(Capability::Commit).get(Table::Identity).delete(Table::Identity))
        .handled_by(delete_client)
}

async fn delete_client(
    call: Call<Recent<Can<ClientsManage>>>,
    Path(id): Path<ClientId>,
) -> Result<Committed<NoContent>> {
    let store = call.app.store().await;
    run_command!(call.command().await?, |attempt| {
        let client = store.machine_client(&id).await?.ok_or(RequestError::NotFound)?;
        let event = client_event(EventType::ClientDeleted, id, client.version + 1);
        Ok(attempt.commit(call.now()).delete_client(&client).event(event).returning(NoContent))
    })
}
