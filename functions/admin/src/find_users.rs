//! GET /v1/admin/users: all accounts by filters, or the account with an address, a username or an external id.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        account::UserStatus,
        external::ExternalId,
        field::{FieldFault, Fields},
        kyc::KycStatus,
        person::{Email, Username},
        role::UsersRead,
        secret::Masked,
        time::Timestamp,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Caller, Can, Endpoint, Page, Query, Route, list::List},
    store::{Table, account_list::INDEX as LISTING, item::Key, user::ValueClaim},
};

use crate::{
    account_filter::{FilterForm, page},
    user_view::StaffUser,
};

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
    limit: Option<u32>,
    cursor: Option<String>,
    /// Accounts with this status.
    #[param(value_type = Option<UserStatus>)]
    status: Option<String>,
    /// Accounts that have this role.
    role: Option<String>,
    /// Accounts with this verification status.
    #[param(value_type = Option<KycStatus>)]
    kyc_status: Option<String>,
    /// Accounts created at or after this time (RFC 3339).
    #[param(value_type = Option<Timestamp>)]
    from: Option<String>,
    /// Accounts created before this time (RFC 3339).
    #[param(value_type = Option<Timestamp>)]
    to: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("admin-find-users", "/v1/admin/users")
        .summary("Find or list accounts")
        .description(
            "With an address, a username or an external id: the account that has exactly this, or an empty list; no filter goes with it. Without: the accounts that the filters admit, newest first, without those that are being erased. Personal data is masked.",
        )
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .query_index(Table::Identity, LISTING)
                .get(Table::Identity)
                .get_many(Table::Identity)
                .get_many(Table::Keys),
        )
        .handled_by(find_users)
}

async fn find_users(call: Call<Can<UsersRead>>, Query(query): Query<FindUsers>) -> Result<Page<StaffUser>> {
    if query.names_nobody() {
        let filters = FilterForm {
            status: query.status,
            role: query.role,
            kyc_status: query.kyc_status,
            from: query.from,
            to: query.to,
        };
        let list = List::requested(&call, query.limit, query.cursor.as_deref(), &filters.values()).await?;
        return page(&call, &list, filters).await;
    }
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
    fn names_nobody(&self) -> bool {
        self.email.is_none() && self.username.is_none() && self.external_id.is_none()
    }

    fn has_filters(&self) -> bool {
        let texts = [&self.cursor, &self.status, &self.role, &self.kyc_status, &self.from, &self.to];
        self.limit.is_some() || texts.iter().any(|text| text.is_some())
    }

    /// The claim of the value that is asked for.
    async fn key(self, call: &Call<Can<UsersRead>>) -> Result<Key> {
        const ONE: FieldFault =
            FieldFault::new("not_allowed", "Give one of email, username and external_id, without filters.");
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
        if given.into_iter().filter(|given| *given).count() != 1 || self.has_filters() {
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
