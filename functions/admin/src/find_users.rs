//! GET /v1/admin/users: the account with an address, a username or an external id.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        external::ExternalId,
        field::{FieldFault, Fields},
        person::{Email, Username},
        role::UsersRead,
        secret::Masked,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Caller, Can, Endpoint, Page, Query, Route},
    store::{Table, item::Key, user::ValueClaim},
};

use crate::user_view::StaffUser;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct FindUsers {
    #[param(value_type = Option<String>, max_length = 254, example = "ada@your-company.net")]
    email: Option<Masked<String>>,
    #[param(value_type = Option<String>, max_length = 32)]
    username: Option<Masked<String>>,
    /// The id that the calling machine client gave the account; that of another client finds nothing.
    #[param(value_type = Option<String>, max_length = 128)]
    external_id: Option<Masked<String>>,
}

pub fn endpoint() -> Endpoint {
    Route::get("admin-find-users", "/v1/admin/users")
        .summary("Find an account")
        .description(
            "The account that has exactly this address, username or external id, with its personal data masked; an empty list if there is none. Give one of the three.",
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

async fn find_users(call: Call<Can<UsersRead>>, Query(query): Query<FindUsers>) -> Result<Page<StaffUser>> {
    let store = call.app.store().await;
    let key = query.key(&call).await?;
    let mut items = Vec::new();
    // The claim of a former address finds nobody.
    if let Some(claim) = store.claim(&key).await?.filter(|claim| !claim.is_former()) {
        let account = store.account(&claim.user, call.now()).await?;
        let account = account.filter(|account| !account.auth.is_ending());
        items.extend(account.map(|account| StaffUser::masked(&account.auth, &account.profile, &call.caller)));
    }
    Ok(Page { items, next_cursor: None })
}

impl FindUsers {
    /// The claim of the value that is asked for.
    async fn key(self, call: &Call<Can<UsersRead>>) -> Result<Key> {
        const ONE: FieldFault =
            FieldFault::new("required", "Give one of an e-mail address, a username and an external id.");
        const CLIENT_ONLY: FieldFault = FieldFault::new("client_only", "Only a machine client has external ids.");
        let client = call.caller.client();
        let mut fields = Fields::default();
        let email = fields.check_optional("email", self.email.as_deref(), |text| Email::parse(text));
        let username = fields.check_optional("username", self.username.as_deref(), |text| Username::parse(text));
        let external = fields.check_optional("external_id", self.external_id.as_deref(), |text| {
            let id = ExternalId::parse(text)?;
            Ok((client.ok_or(CLIENT_ONLY)?, id))
        });
        let given = [self.email.is_some(), self.username.is_some(), self.external_id.is_some()];
        if given.into_iter().filter(|given| *given).count() != 1 {
            fields.refuse("email", ONE);
        }
        fields.done().map_err(RequestError::Invalid)?;
        let indexes = call.app.index_secrets().await?;
        let email = email.map(|email| ValueClaim::email_key(&indexes.email(email.as_str())));
        let username = username.map(|name| ValueClaim::username_key(&indexes.username(name.as_str())));
        let external = external.map(|(client, id)| ValueClaim::external_key(&indexes.external_id(&client, &id)));
        Ok(email.or(username).or(external).ok_or(RequestError::Malformed("The query names nobody."))?)
    }
}
