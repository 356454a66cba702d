//! DELETE /v1/admin/invitations/{id}: withdraws an invitation.

use verinym::{
    domain::{
        id::UserId,
        role::{UsersManage, table::RoleError},
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Can, Committed, Endpoint, NoContent, Path, Recent, Route, problem::types},
    run_command,
    store::{Table, user::account_event},
};

use crate::role_editor::Editor;

pub fn endpoint() -> Endpoint {
    Route::delete("admin-revoke-invitation", "/v1/admin/invitations/{id}")
        .summary("Withdraw an invitation")
        .description(
            "Voids the link of the invitation of this account. Nobody withdraws roles that permit more than they may do. An account that the invitation created stays, without its roles.",
        )
        .problems(&[&types::BEYOND_OWN_PERMISSIONS])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get(Table::Identity)
                .get_many(Table::Identity)
                .put(Table::Identity)
                .delete(Table::Identity)
                .check(Table::Identity),
        )
        .handled_by(revoke)
}

async fn revoke(call: Call<Recent<Can<UsersManage>>>, Path(id): Path<UserId>) -> Result<Committed<NoContent>> {
    let (store, now) = (call.app.store().await, call.now());
    run_command!(call.command().await?, |attempt| {
        let invitation =
            store.invitation(&id).await?.filter(|one| one.expires_at > now).ok_or(RequestError::NotFound)?;
        let account = store.auth(&id).await?.ok_or(RequestError::NotFound)?;
        let roles = store.role_table().await?;
        let editor = Editor::of::<UsersManage>(&call.caller, store, &roles, attempt.is_first()).await?;
        if !editor.giver().permissions.may_give_all(&roles.permissions(&invitation.roles)) {
            return Err(RoleError::BeyondOwn.into());
        }
        let (after, kind) = account.revoke_invitation();
        let commit = attempt
            .commit(now)
            .account_changes(&account, &after)
            .end_invitation(&invitation)
            .role_table_changes(&roles, &roles)
            .event(account_event(kind, &after));
        let commit = if call.caller.is(&id) { commit } else { editor.guard(commit) };
        Ok(commit.returning(NoContent))
    })
}
