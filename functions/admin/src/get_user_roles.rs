//! GET /v1/admin/users/{id}/roles: the roles of an account, and the version to change them by.

use verinym::{
    domain::{id::UserId, role::UsersRead},
    error::{RequestError, Result},
    function::Needs,
    http::{Call, Can, Endpoint, Path, Route, Versioned},
    store::Table,
};

use crate::account_roles::{AccountRoles, shown};

pub fn endpoint() -> Endpoint {
    Route::get("admin-get-user-roles", "/v1/admin/users/{id}/roles")
        .summary("Read the roles of an account")
        .description("The roles that the account has, and its entity tag.")
        .needs(Needs::new().get(Table::Identity))
        .handled_by(get_user_roles)
}

async fn get_user_roles(call: Call<Can<UsersRead>>, Path(id): Path<UserId>) -> Result<Versioned<AccountRoles>> {
    let account = call.app.store().await.auth(&id).await?.ok_or(RequestError::NotFound)?;
    Ok(shown(&account))
}
