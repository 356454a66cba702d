//! DELETE /v1/admin/roles/{name}: deletes a role that nobody holds.

use verinym::{
    domain::{
        event::EventType,
        role::{RolesManage, table::RoleError},
    },
    error::Result,
    function::{Capability, Needs},
    http::{Call, Can, Committed, Endpoint, NoContent, Path, Recent, Route, problem::types},
    run_command,
    store::{Table, role::role_event},
};

use crate::role_editor::Editor;

pub fn endpoint() -> Endpoint {
    Route::delete("admin-delete-role", "/v1/admin/roles/{name}")
        .summary("Delete a role")
        .description(
            "Deletes a role that no account has and no other role inherits. The caller must have all that it permits, and must not hold it.",
        )
        .problems(&[&types::BEYOND_OWN_PERMISSIONS, &types::OWN_ROLE, &types::SYSTEM_ROLE, &types::ROLE_IN_USE])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get_many(Table::Identity)
                .put(Table::Identity)
                .check(Table::Identity)
                .rarely("another write to the caller's account was first", Needs::new().get(Table::Identity)),
        )
        .handled_by(delete_role)
}

async fn delete_role(call: Call<Recent<Can<RolesManage>>>, Path(name): Path<String>) -> Result<Committed<NoContent>> {
    let (store, now) = (call.app.store().await, call.now());
    run_command!(call.command().await?, |attempt| {
        let before = store.role_table().await?;
        let editor = Editor::of::<RolesManage>(&call.caller, store, &before, attempt.is_first()).await?;
        let after = before.delete(&name, editor.giver())?;
        let role = before.roles.get(&name).ok_or(RoleError::Unknown)?;
        let event = role_event(EventType::RoleDeleted, &name, role, role.version + 1);
        let commit = attempt.commit(now).role_table_changes(&before, &after).event(event);
        Ok(editor.guard(commit).returning(NoContent))
    })
}
