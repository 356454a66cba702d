//! POST /v1/auth/register: creates an account. Its address is then confirmed by a mailed link.

use verinym::crypto::random::RandomId;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    config::Section,
    crypto::password,
    domain::{
        account::{BlindIndex, NewAccount},
        auth::AuthError,
        event::{Actor, EventType},
        field::Fields,
        id::UserId,
        limit,
        password::{OwnData, PasswordRules},
        person::{AddressPatch, Email, NationalIdForm, Username},
        personal_details::PersonalDetails,
        profile::Profile,
        secret::SecretText,
        time::Timestamp,
        user::User,
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Concurrency, Needs},
    http::{Accepted, Anonymous, By, Call, Created, Either, Endpoint, Json, Limited, Route, problem::types},
    run_command,
    store::{
        Store, Table,
        author::Author,
        commit::{Commit, WriteExpression},
        holder_notice::HolderNotice,
        item::{keyed, text},
        new_keys::NewKeys,
        user::{Account, PasswordHash, ProfileItem, ValueClaim, account_event},
    },
};

use crate::mail_request::CheckYourEmail;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    #[schema(min_length = 3, max_length = 254, format = Email, example = "ada@your-company.net")]
    email: String,
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 512, example = "correct horse battery staple")]
    password: SecretText,
    #[schema(min_length = 3, max_length = 32, example = "ada.l")]
    username: Option<String>,
    #[schema(min_length = 1, max_length = 400, example = "Ada")]
    given_name: Option<String>,
    #[schema(min_length = 1, max_length = 400, example = "Lovelace")]
    family_name: Option<String>,
    #[schema(min_length = 3, max_length = 64, example = "+442071234567")]
    phone: Option<String>,
    #[schema(format = Date, example = "1990-04-23")]
    date_of_birth: Option<String>,
    address: Option<AddressPatch>,
    national_id: Option<NationalIdForm>,
    #[schema(min_length = 2, max_length = 255, example = "en-GB")]
    locale: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Registered {
    user: User,
}

type RegisterReply = Either<Created<Registered>, Accepted<CheckYourEmail>>;

pub fn endpoint() -> Endpoint {
    Route::post("auth-register", "/v1/auth/register")
        .summary("Create an account")
        .description(
            "Creates an account and mails a link to confirm the address. With enumeration protection (the default) the answer is always 202 `check_your_email`, whether or not the address is taken; its owner gets a mail instead. Without it the answer is 201 with the user, or 409 `email_taken`. A taken username is always reported. The account lapses after seven days without confirmation.",
        )
        .limited(&[Limited { limit: &limit::REGISTER, by: By::IpBeside }])
        .problems(&[&types::EMAIL_TAKEN, &types::USERNAME_TAKEN])
        .memory(1024)
        .concurrency(Concurrency::SignIn)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UnwrapEvidenceKeys)
                .with(Capability::MakeKeys)
                .get(Table::Identity)
                .put(Table::Identity)
                .rarely(
                    "a taken address costs what a free one costs, while enumeration protection is on",
                    Needs::new().check(Table::Identity).put(Table::Ephemeral),
                )
                .reads(Section::Accounts),
        )
        .handled_by(register)
}

/// Two round trips: limit and claims; then the account, or the notification of the holder of the address. With enumeration
/// protection both write the same amount, so that the response time does not reveal whether the address is taken.
async fn register(call: Call<Anonymous>, Json(form): Json<Register>) -> Result<RegisterReply> {
    let now = call.now();
    let (profile, password) = form.check(&call)?;
    let (indexes, store) = tokio::join!(call.app.index_secrets(), call.app.store());
    let indexes = indexes?;
    let user = UserId::new(now);
    let email = profile.email.as_ref().ok_or_else(|| Internal::bug("a form without faults has an address"))?;
    let email_index = indexes.email(email.as_str());
    let username_index = profile.username.as_ref().map(|name| indexes.username(name.as_str()));
    let protected = call.app.config.accounts()?.enumeration_protection;
    let claim_key = ValueClaim::email_key(&email_index);
    let notice = HolderNotice::of(&email_index, &indexes, now);
    let (limited, claim, keys, notified) = tokio::join!(
        call.limit_ip(&limit::REGISTER),
        store.claim(&claim_key),
        NewKeys::make(store, &user, now),
        already_notified(&notice, store, protected),
    );
    limited?;
    let keys = keys?;

    let hash = password::hash(&password, &password::Params::default()).map_err(Internal::bug)?;
    let new = NewAccount { user, email_index: email_index.clone(), username_index, password: PasswordHash(hash) };
    let (account, kind) = Account::register(new, now);
    let new =
        Registration { email_index, sealed: ProfileItem::seal(&user, &profile, &keys.profile)?, account, kind, keys };
    let mut already_read = Some((claim?, notified?));
    let command = call.command_by(Actor::Anonymous).await;
    let registered = run_command!(command, |attempt| {
        let (claim, notified) = match already_read.take() {
            Some(read) => read,
            None => tokio::try_join!(store.claim(&claim_key), already_notified(&notice, store, protected))?,
        };
        let holder = claim.filter(|claim| protected && !claim.lapsed(now));
        let commit = attempt.commit(now);
        let commit = match &holder {
            Some(holder) => new.notify_holder(commit, now, holder, &notice, notified),
            None => new.create(commit, &call, protected),
        };
        Ok(commit.returning(()))
    });
    registered?;
    Ok(if protected {
        Either::Other(CheckYourEmail::ANSWER)
    } else {
        let body = Registered { user: new.account.user(profile) };
        Either::One(Created { location: Some("/v1/users/profile".to_owned()), version: Some(1), body })
    })
}

async fn already_notified(notice: &HolderNotice, store: &Store, protected: bool) -> Result<bool> {
    Ok(protected && notice.was_sent(store).await?)
}

/// The items that a registration writes.
struct Registration {
    account: Account,
    email_index: BlindIndex,
    kind: EventType,
    sealed: ProfileItem,
    keys: NewKeys,
}

impl Registration {
    /// With enumeration protection, an address that was taken meanwhile is a conflict: the next attempt notifies its holder.
    fn create<'a>(&self, commit: Commit<'a>, call: &Call<Anonymous>, protected: bool) -> Commit<'a> {
        let (user, now) = (self.account.user, call.now());
        let claim = ValueClaim { unverified_until: self.account.unverified_until, ..ValueClaim::new(user) };
        let values = [(":now", text(now.to_string()))];
        let item = keyed(&ValueClaim::email_key(&self.email_index), &claim);
        let taken = (!protected).then(|| AuthError::EmailTaken.into());
        let author = Author::from(Actor::Anonymous).origin(&self.keys.profile, call.meta.origin());
        let commit = self
            .claim_username(commit.by(author), now)
            .put_if(Table::Identity, item, ValueClaim::FREE, &values, taken)
            .new_account(&self.account)
            .put_if(Table::Identity, self.sealed.item(&user), "attribute_not_exists(pk)", &[], None)
            .event(account_event(self.kind, &self.account));
        self.keys.create(commit)
    }

    /// Notifies the holder of a taken address by mail, once an hour, and writes as much as for a new account. The username is
    /// claimed as for a new account, and lapses like that of an account that is never confirmed.
    fn notify_holder<'a>(
        &self,
        commit: Commit<'a>,
        now: Timestamp,
        holder: &ValueClaim,
        notice: &HolderNotice,
        notified: bool,
    ) -> Commit<'a> {
        let held = WriteExpression {
            condition: "#user = :user",
            names: &["user"],
            values: vec![(":user", text(holder.user.to_string()))],
            ..WriteExpression::default()
        };
        let commit = self
            .claim_username(commit, now)
            .check(Table::Identity, &ValueClaim::email_key(&self.email_index), &held, None)
            .decoy(AUTH_BYTES, now)
            .decoy(self.sealed.fields.iter().map(|(name, sealed)| name.len() + sealed.len()).sum(), now)
            .decoy(KEY_BYTES, now)
            .decoy(KEY_BYTES, now);
        if notified {
            return commit.decoy(EVENT_BYTES, now).decoy(EVENT_BYTES, now);
        }
        commit.event(notice.event(holder.user))
    }

    /// Comes first, so that a taken username is reported whether or not the address is taken.
    fn claim_username<'a>(&self, commit: Commit<'a>, now: Timestamp) -> Commit<'a> {
        let Some(index) = &self.account.username_index else { return commit };
        let claim = ValueClaim {
            unverified_until: self.account.unverified_until,
            counted_under: Some(self.email_index.clone()),
            ..ValueClaim::new(self.account.user)
        };
        let values = [(":now", text(now.to_string()))];
        let item = keyed(&ValueClaim::username_key(index), &claim);
        commit.put_if(Table::Identity, item, ValueClaim::FREE, &values, Some(AuthError::UsernameTaken.into()))
    }
}

/// Approximate sizes of the items that are not written for a taken address.
const AUTH_BYTES: usize = 700;
const KEY_BYTES: usize = 250;
const EVENT_BYTES: usize = 600;

impl Register {
    /// Reports all faults of the form at once.
    fn check(self, call: &Call<Anonymous>) -> Result<(Profile, SecretText)> {
        let now: Timestamp = call.now();
        let mut fields = Fields::default();
        let f = &mut fields;
        let email = f.check("email", Email::parse(&self.email));
        let username = f.check_optional("username", self.username, |text| Username::parse(&text));
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
        let profile = email.map(|email| Profile { email: Some(email), username, ..details });
        let own = profile.as_ref().map(OwnData::of).unwrap_or_default();
        let rules = PasswordRules { policy: call.app.config.accounts()?.password_policy };
        for fault in rules.check(self.password.expose(), &own) {
            f.refuse("password", fault);
        }
        fields.done().map_err(RequestError::Invalid)?;
        let profile = profile.ok_or_else(|| Internal::bug("a form without faults has an address"))?;
        Ok((profile, self.password))
    }
}
