//! The roles of an account, as administrators see and set them.

use serde::Serialize;
use utoipa::ToSchema;
use verinym::{domain::id::UserId, http::Versioned, store::user::Account};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountRoles {
    user_id: UserId,
    #[schema(example = json!(["user", "kyc-clerk"]))]
    roles: Vec<String>,
}

/// The entity tag changes with the account, not with mails that its person asks for.
pub fn shown(account: &Account) -> Versioned<AccountRoles> {
    let body = AccountRoles { user_id: account.user, roles: account.roles.clone() };
    Versioned { version: account.profile_version(), body }
}
