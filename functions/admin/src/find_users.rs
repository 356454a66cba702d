//! GET /v1/admin/users: the account with an address or a username.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        field::{FieldFault, Fields},
        person::{Email, Username},
        role::UsersRead,
        secret::Masked,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Can, Endpoint, Page, Query, Route},
    store::{Table, user::ValueClaim},
};

use crate::user_view::StaffUser;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct FindUsers {
    #[param(value_type = Option<String>, max_length = 254, example = "ada@your-company.net")]
    email: Option<Masked<String>>,
    #[param(value_type = Option<String>, max_length = 32)]
    username: Option<Masked<String>>,
}

pub fn endpoint() -> Endpoint {
    Route::get("admin-find-users", "/v1/admin/users")
        .summary("Find an account")
        .description(
            "The account that has exactly this address or username, with its personal data masked; an empty list if there is none. Give one of the two.",
        )
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::UnwrapProfileKeys)
                .get(Table::Identity)
                .get_many(Table::Identity)
                .get_many(Table::Keys),
        )
        .handled_by(find_users)
}

const ONE_IDENTIFIER: FieldFault = FieldFault::new("required", "Give either an e-mail address or a username.");

async fn find_users(call: Call<Can<UsersRead>>, Query(query): Query<FindUsers>) -> Result<Page<StaffUser>> {
    let (app, store) = (call.app, call.app.store().await);
    let mut fields = Fields::default();
    let email = fields.check_optional("email", query.email.as_deref(), |text| Email::parse(text));
    let username = fields.check_optional("username", query.username.as_deref(), |text| Username::parse(text));
    if query.email.is_some() == query.username.is_some() {
        fields.refuse("email", ONE_IDENTIFIER);
    }
    fields.done().map_err(RequestError::Invalid)?;
    let indexes = app.index_secrets().await?;
    let by_email = email.map(|email| ValueClaim::email_key(&indexes.email(email.as_str())));
    let by_name = username.map(|name| ValueClaim::username_key(&indexes.username(name.as_str())));
    let mut items = Vec::new();
    for key in by_email.iter().chain(&by_name) {
        // The claim of a former address finds nobody.
        let Some(claim) = store.claim(key).await?.filter(|claim| !claim.is_former()) else { continue };
        let account = store.account(&claim.user, call.now()).await?;
        items.extend(account.filter(|account| !account.auth.is_ending()).as_ref().map(StaffUser::masked));
    }
    Ok(Page { items, next_cursor: None })
}
