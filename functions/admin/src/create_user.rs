//! POST /v1/admin/users: creates an account for somebody else.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    crypto::{mailed, random::RandomId},
    domain::{
        account::{AccountError, BlindIndex, ProvisionedAccount},
        auth::AuthError,
        external::{ExternalId, ExternalRecord, Metadata},
        field::{FieldFault, Fields},
        id::{ClientId, EventId, UserId},
        mailed_token::TokenPurpose,
        person::{AddressPatch, Email, NationalIdForm},
        personal_details::PersonalDetails,
        profile::Profile,
        role::UsersCreate,
        secret::Masked,
        time::Timestamp,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Caller, Can, Committed, Created, Endpoint, Json, Route, problem::types},
    run_command,
    store::{
        Table,
        commit::Commit,
        item::{keyed, text},
        mail_token::MailToken,
        new_keys::NewKeys,
        user::{Account, ProfileItem, ValueClaim, account_event},
    },
};

use crate::user_view::StaffUser;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// Its person gets a link to set a password. Without an address nobody signs in to the account.
    #[schema(value_type = Option<String>, min_length = 3, max_length = 254, format = Email, example = "ada@your-company.net")]
    email: Option<Masked<String>>,
    #[schema(min_length = 3, max_length = 64, example = "+442071234567")]
    phone: Option<String>,
    #[schema(min_length = 1, max_length = 400, example = "Ada")]
    given_name: Option<String>,
    #[schema(min_length = 1, max_length = 400, example = "Lovelace")]
    family_name: Option<String>,
    #[schema(format = Date, example = "1990-04-23")]
    date_of_birth: Option<String>,
    address: Option<AddressPatch>,
    national_id: Option<NationalIdForm>,
    #[schema(min_length = 2, max_length = 255, example = "en-GB")]
    locale: Option<String>,
    /// The id of the person in the system of the calling machine client: 1 to 128 visible ASCII characters.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128, example = "customer-4711")]
    external_id: Option<Masked<String>>,
    /// Texts of the calling machine client by name: at most 20, and 4,096 bytes as JSON.
    #[schema(value_type = Option<BTreeMap<String, String>>, example = json!({"branch": "Pune"}))]
    metadata: Option<Masked<BTreeMap<String, String>>>,
}

pub fn endpoint() -> Endpoint {
    Route::post("admin-create-user", "/v1/admin/users")
        .summary("Create an account for somebody")
        .description(
            "Creates an account with data that the caller vouches for; it does not lapse. If it has an address, its person gets a link to set a password, which confirms the address and works once within seven days. Only a machine client gives `external_id` and `metadata`.",
        )
        .idempotent()
        .problems(&[&types::EMAIL_TAKEN, &types::EXTERNAL_ID_TAKEN])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UnwrapEvidenceKeys)
                .with(Capability::MakeKeys)
                .put(Table::Identity)
                .put(Table::Ephemeral),
        )
        .handled_by(create_user)
}

async fn create_user(
    call: Call<Can<UsersCreate>>,
    Json(form): Json<CreateUser>,
) -> Result<Committed<Created<StaffUser>>> {
    let (store, now) = (call.app.store().await, call.now());
    let profile = form.check(call.caller.client(), now)?;
    let user = UserId::new(now);
    let indexes = call.app.index_secrets().await?;
    let external = profile.external.as_ref().and_then(|made| Some((made.client, made.external_id.as_ref()?)));
    let new = NewUser {
        user,
        email_index: profile.email.as_ref().map(|email| indexes.email(email.as_str())),
        external_key: external.map(|(client, id)| indexes.external_id(&client, id)),
        keys: NewKeys::make(store, &user, now).await?,
        profile,
    };
    run_command!(call.command().await?, |attempt| {
        let (commit, account) = new.create(attempt.commit(now), now)?;
        let body = StaffUser::masked(&account, &new.profile, &call.caller);
        let location = Some(format!("/v1/admin/users/{user}"));
        Ok(commit.returning(Created { location, version: Some(account.profile_version()), body }))
    })
}

/// An account to be created.
struct NewUser {
    user: UserId,
    email_index: Option<BlindIndex>,
    external_key: Option<String>,
    keys: NewKeys,
    profile: Profile,
}

impl NewUser {
    /// The claims of address and external id come first: each is refused if another account has it.
    fn create<'a>(&self, mut commit: Commit<'a>, now: Timestamp) -> Result<(Commit<'a>, Account)> {
        let (user, purpose) = (self.user, TokenPurpose::FirstPassword);
        // The id of the token follows from the id of the event.
        let event = EventId::new(now);
        let token = mailed::id_of_event(&event, purpose.as_str());
        let email_index = self.email_index.clone();
        let new = ProvisionedAccount { user, token: email_index.as_ref().map(|_| token), email_index };
        let (account, kind) = Account::provision(new, now);
        let claim = ValueClaim::new(user);
        let at = [(":now", text(now.to_string()))];
        if let Some(index) = &self.email_index {
            let item = keyed(&ValueClaim::email_key(index), &claim);
            commit = commit
                .put_if(Table::Identity, item, ValueClaim::FREE, &at, Some(AuthError::EmailTaken.into()))
                .create(Table::Ephemeral, &MailToken::key(&token), &MailToken::new(user, purpose, now), None);
        }
        if let Some(digest) = &self.external_key {
            let held = Some(AccountError::ExternalIdTaken.into());
            commit = commit.create(Table::Identity, &ValueClaim::external_key(digest), &claim, held);
        }
        let sealed = ProfileItem::seal(&user, &self.profile, &self.keys.profile)?;
        let commit = commit
            .new_account(&account)
            .put_if(Table::Identity, sealed.item(&user), "attribute_not_exists(pk)", &[], None)
            .event_of_id(event, account_event(kind, &account));
        Ok((self.keys.create(commit), account))
    }
}

impl CreateUser {
    /// Reports all faults of the form at once.
    fn check(self, client: Option<ClientId>, now: Timestamp) -> Result<Profile> {
        const CLIENT_ONLY: FieldFault = FieldFault::new("client_only", "Only a machine client gives this.");
        let mut fields = Fields::default();
        let f = &mut fields;
        let email = f.check_optional("email", self.email.as_deref(), |text| Email::parse(text));
        let details = PersonalDetails {
            given_name: self.given_name,
            family_name: self.family_name,
            phone: self.phone,
            date_of_birth: self.date_of_birth,
            address: self.address,
            national_id: self.national_id,
            locale: self.locale,
        };
        let details = details.check(f, now);
        let given = |name: &str, is_given: bool, f: &mut Fields| {
            if is_given && client.is_none() {
                f.refuse(name, CLIENT_ONLY);
            }
        };
        given("external_id", self.external_id.is_some(), f);
        given("metadata", self.metadata.is_some(), f);
        let external_id = f.check_optional("external_id", self.external_id.as_deref(), |text| ExternalId::parse(text));
        let metadata = f.check_optional("metadata", self.metadata, |members| Metadata::new(members.into_inner()));
        fields.done().map_err(RequestError::Invalid)?;
        let metadata = metadata.unwrap_or_default();
        let external = client.map(|client| ExternalRecord { client, external_id, metadata });
        Ok(Profile { email, external, ..details })
    }
}
