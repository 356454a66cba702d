//! PUT /v1/admin/users/{id}/roles: gives an account exactly these roles.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        event::{PublicWord, RoleChange},
        field::{FieldFault, InvalidField},
        id::UserId,
        role::{
            UsersManage,
            table::{RoleError, parse_roles},
        },
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Can, Committed, Endpoint, Json, Path, Recent, Route, Versioned, problem::types},
    run_command,
    store::{Table, command::Decided, commit::Commit, user::account_event},
};

use crate::{
    account_roles::{AccountRoles, shown},
    role_editor::{Editor, is_admin},
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetRoles {
    /// All roles of the account from now on; at least `user`, at most 20.
    #[schema(min_items = 1, example = json!(["user", "kyc-clerk"]))]
    roles: Vec<String>,
}

pub fn endpoint() -> Endpoint {
    Route::put("admin-set-user-roles", "/v1/admin/users/{id}/roles")
        .summary("Set the roles of an account")
        .description(
            "Gives the account exactly these roles, from its next call on. Nobody gives or takes a role that permits more than they may do, and nobody changes their own roles.",
        )
        .idempotent()
        .requires_if_match()
        .problems(&[&types::BEYOND_OWN_PERMISSIONS, &types::LAST_ADMIN, &types::OWN_ROLES])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .get(Table::Identity)
                .get_many(Table::Identity)
                .put(Table::Identity)
                .rarely("somebody who is no administrator takes the role from one", Needs::new().query(Table::Identity))
                .rarely("the role admin is taken", Needs::new().delete(Table::Identity))
                .check(Table::Identity),
        )
        .handled_by(set_user_roles)
}

async fn set_user_roles(
    call: Call<Recent<Can<UsersManage>>>,
    (Path(id), Json(form)): (Path<UserId>, Json<SetRoles>),
) -> Result<Committed<Versioned<AccountRoles>>> {
    let (store, now) = (call.app.store().await, call.now());
    if call.caller.person_behind() == Some(id) {
        return Err(RoleError::OwnAccount.into());
    }
    let invalid = |fault: FieldFault| RequestError::Invalid(vec![InvalidField::new("roles", fault)]);
    let roles = parse_roles(&form.roles).map_err(invalid)?;
    run_command!(call.command().await?, |attempt| {
        const UNKNOWN: FieldFault = FieldFault::new("unknown_role", "Must hold names of roles that exist.");
        let account = store.auth(&id).await?.filter(|account| !account.is_ending()).ok_or(RequestError::NotFound)?;
        call.check_version(account.profile_version())?;
        let before = store.role_table().await?;
        let editor = Editor::of::<UsersManage>(&call.caller, store, &before, attempt.is_first()).await?;
        if !roles.iter().all(|role| before.exists(role)) {
            return Err(invalid(UNKNOWN).into());
        }
        let after = before.assign(&account.roles, &roles, editor.giver())?;
        let Some((changed, kind)) = account.set_roles(&roles, now) else {
            return Ok(Decided::Unchanged(shown(&account)));
        };
        // An administrator who takes the role from another one stays one; for anybody else the last one must not lose it.
        let other =
            if editor.is_admin() || is_admin(&changed.roles) { None } else { store.admin_beside(&account).await? };
        let granted = changed.roles.iter().filter(|role| !account.roles.contains(role));
        let event = account_event(kind, &changed).data(&RoleChange {
            granted: granted.map(|role| PublicWord::named(role)).collect(),
            roles: changed.roles.iter().map(|role| PublicWord::named(role)).collect(),
        });
        let commit = attempt.commit(now).account_changes(&account, &changed).role_table_changes(&before, &after);
        let commit = other.iter().fold(commit, Commit::while_admin);
        Ok(editor.guard(commit.event(event)).returning(shown(&changed)))
    })
}
