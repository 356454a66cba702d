//! DELETE /v1/devices/{id}: forgets a device of the caller and ends its sessions.

use verinym::{
    domain::id::DeviceId,
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Committed, Endpoint, NoContent, Path, Route, Signed, problem::types},
    run_command,
    store::{Table, session::Ending},
};

/// More sessions than a person has at once.
const MOST: u32 = 25;

pub fn endpoint() -> Endpoint {
    Route::delete("account-remove-device", "/v1/devices/{id}")
        .summary("Remove one of my devices")
        .description("Removes a device and ends its sessions at once. The next sign-in with it is one on a new device.")
        .problems(&[&types::NOT_FOUND])
        .opens_profile_keys()
        .needs(
            Needs::new().with(Capability::Commit).get(Table::Identity).query(Table::Identity).delete(Table::Identity),
        )
        .handled_by(remove_device)
}

async fn remove_device(call: Call<Signed>, Path(id): Path<DeviceId>) -> Result<Committed<NoContent>> {
    let (store, caller, now) = (call.app.store().await, &call.caller, call.now());
    run_command!(call.command().await?, |attempt| {
        // A sign-in on the device changes the device, so none that is not among these sessions is committed meanwhile.
        let device = store.device(&caller.user, &id, now).await?.ok_or(RequestError::NotFound)?;
        let sessions = store.sessions(&caller.user, now, MOST, None).await?.0;
        let of_device = sessions.iter().filter(|session| session.device == Some(id));
        let ending = Ending::revoked("device_removed");
        let commit = of_device
            .fold(attempt.commit(now).delete_device(&device), |commit, session| commit.end_session(session, &ending));
        Ok(commit.returning(NoContent))
    })
}
