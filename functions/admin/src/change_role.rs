//! PUT /v1/admin/roles/{name}: changes what a role permits, for all who hold it.

use verinym::{
    domain::{
        event::EventType,
        field::{Fields, InvalidField},
        role::{RolesManage, system_role, table::RoleError},
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Can, Committed, Endpoint, Json, Path, Recent, Route, Versioned, problem::types},
    run_command,
    store::{Table, command::Decided, role::role_event},
};

use crate::{
    role_editor::Editor,
    role_view::{RoleForm, RoleView},
};

pub fn endpoint() -> Endpoint {
    Route::put("admin-change-role", "/v1/admin/roles/{name}")
        .summary("Change what a role permits")
        .description(
            "Replaces permissions and inherited roles. It takes effect with the next call of everybody who holds the role. The caller must have all that the role permits, before and after, and must not hold it.",
        )
        .idempotent()
        .honours_if_match()
        .problems(&[&types::BEYOND_OWN_PERMISSIONS, &types::OWN_ROLE, &types::SYSTEM_ROLE])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get_many(Table::Identity)
                .put(Table::Identity)
                .check(Table::Identity)
                .rarely("another write to the caller's account was first", Needs::new().get(Table::Identity)),
        )
        .handled_by(change_role)
}

async fn change_role(
    call: Call<Recent<Can<RolesManage>>>,
    (Path(name), Json(form)): (Path<String>, Json<RoleForm>),
) -> Result<Committed<Versioned<RoleView>>> {
    let (store, now) = (call.app.store().await, call.now());
    if system_role(&name).is_some() {
        return Err(RoleError::SystemRole.into());
    }
    let content = form.check(Fields::default())?;
    run_command!(call.command().await?, |attempt| {
        let before = store.role_table().await?;
        let editor = Editor::of::<RolesManage>(&call.caller, store, &before, attempt.is_first()).await?;
        let role = before.roles.get(&name).ok_or(RoleError::Unknown)?;
        call.check_version(role.version)?;
        before
            .check_inherited(&name, &content.inherits)
            .map_err(|fault| RequestError::Invalid(vec![InvalidField::new("inherits", fault)]))?;
        let after = before.change(&name, content.clone(), editor.giver(), now)?;
        if role.content == content {
            return Ok(Decided::Unchanged(Versioned { version: role.version, body: RoleView::custom(&name, role) }));
        }
        let role = after.roles.get(&name).ok_or_else(|| Internal::bug("a changed role is in its table"))?;
        let changed = Versioned { version: role.version, body: RoleView::custom(&name, role) };
        let event = role_event(EventType::RoleChanged, &name, role, role.version);
        let commit = attempt.commit(now).role_table_changes(&before, &after).event(event);
        Ok(editor.guard(commit).returning(changed))
    })
}
