//! POST /v1/admin/roles: makes a role.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    crypto::random::RandomId,
    domain::{
        event::EventType,
        field::{Fields, InvalidField},
        id::RoleId,
        role::{
            RolesManage, system_role,
            table::{RoleError, parse_name},
        },
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Can, Committed, Created, Endpoint, Json, Recent, Route, problem::types},
    run_command,
    store::{Table, role::role_event},
};

use crate::{
    role_editor::Editor,
    role_view::{RoleForm, RoleView},
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRole {
    /// 2 to 40 of `a-z`, `0-9`, `_` and `-`, beginning with a letter.
    #[schema(min_length = 2, max_length = 40, example = "kyc-clerk")]
    name: String,
    /// Names of permissions, or `resource:*` for all of a resource; at most 64. The caller must have each.
    #[schema(example = json!(["kyc:read"]))]
    permissions: Vec<String>,
    /// Roles whose permissions it gets as well; at most 10. The caller must have all that they permit.
    #[serde(default)]
    #[schema(example = json!([]))]
    inherits: Vec<String>,
}

pub fn endpoint() -> Endpoint {
    Route::post("admin-create-role", "/v1/admin/roles")
        .summary("Create a role")
        .description(
            "Makes a role of permissions and of other roles. Nobody makes a role that permits more than they may do; a wildcard must be one of the caller's own. A deployment has at most 100 roles of its own.",
        )
        .idempotent()
        .problems(&[
            &types::BEYOND_OWN_PERMISSIONS,
            &types::SYSTEM_ROLE,
            &types::ROLE_NAME_TAKEN,
            &types::TOO_MANY_ROLES,
        ])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get_many(Table::Identity)
                .put(Table::Identity)
                .check(Table::Identity)
                .rarely("another write to the caller's account was first", Needs::new().get(Table::Identity)),
        )
        .handled_by(create_role)
}

async fn create_role(
    call: Call<Recent<Can<RolesManage>>>,
    Json(form): Json<CreateRole>,
) -> Result<Committed<Created<RoleView>>> {
    let (store, now) = (call.app.store().await, call.now());
    // A system role is refused as such, not as a bad name.
    if system_role(&form.name).is_some() {
        return Err(RoleError::SystemRole.into());
    }
    let mut fields = Fields::default();
    let name = fields.check("name", parse_name(&form.name));
    let content = RoleForm::new(form.permissions, form.inherits).check(fields)?;
    let name = name.ok_or_else(|| Internal::bug("a form without faults has all its values"))?;
    let id = RoleId::new(now);
    run_command!(call.command().await?, |attempt| {
        let before = store.role_table().await?;
        let editor = Editor::of::<RolesManage>(&call.caller, store, &before, attempt.is_first()).await?;
        before
            .check_inherited(&name, &content.inherits)
            .map_err(|fault| RequestError::Invalid(vec![InvalidField::new("inherits", fault)]))?;
        let after = before.create(&name, content.clone(), id, editor.giver(), now)?;
        let role = after.roles.get(&name).ok_or_else(|| Internal::bug("a new role is in its table"))?;
        let created = Created {
            location: Some(format!("/v1/admin/roles/{name}")),
            version: Some(role.version),
            body: RoleView::custom(&name, role),
        };
        let event = role_event(EventType::RoleCreated, &name, role, role.version);
        let commit = attempt.commit(now).role_table_changes(&before, &after).event(event);
        Ok(editor.guard(commit).returning(created))
    })
}
