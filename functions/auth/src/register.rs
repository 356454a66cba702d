//! POST /v1/auth/register: an account, whose address is confirmed by a mailed link.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    crypto::password,
    domain::{
        auth::AuthError,
        event::{Actor, EventType, Subject},
        field::Fields,
        id::UserId,
        limit,
        password::{OwnData, PasswordRules},
        person::{AddressPatch, DateOfBirth, Email, Locale, NationalIdForm, PersonName, PhoneNumber, Username},
        profile::Profile,
        role,
        secret::SecretText,
        time::Timestamp,
        user::{KycStatus, User, UserStatus},
    },
    error::{Error, Internal, RequestError, Result},
    http::{Accepted, Anonymous, By, Call, Created, Either, Endpoint, Json, Limited, Route},
    store::{
        Table,
        commit::{CommitError, Tries},
        event::EventDraft,
        item::{keyed, text},
        kek::Purpose,
        user::{AuthItem, Claim, PasswordHash, ProfileItem},
    },
};

/// An unconfirmed account may be replaced by another registration of its address after this.
const UNVERIFIED_LIFE: Duration = Duration::from_hours(7 * 24);

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    email: String,
    password: SecretText,
    username: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    phone: Option<String>,
    date_of_birth: Option<String>,
    address: Option<AddressPatch>,
    national_id: Option<NationalIdForm>,
    locale: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Registered {
    user: User,
}

/// What everybody is told while enumeration protection is on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CheckYourEmail {
    status: &'static str,
}

type Answer = Either<Created<Registered>, Accepted<CheckYourEmail>>;

pub fn endpoint() -> Endpoint {
    Route::post("auth-register", "/v1/auth/register")
        .summary("Create an account")
        .limited(&[Limited { limit: &limit::REGISTER, by: By::Ip }])
        .problems(&[(409, "email_taken"), (409, "username_taken")])
        .handled_by(register)
}

async fn register(call: Call<Anonymous>, Json(form): Json<Register>) -> Result<Answer> {
    let now = call.now();
    let (profile, password) = form.check(&call)?;
    let indexes = call.app.index_secrets().await?;
    let store = call.app.store().await;
    let user = UserId::new(now);
    let (profile_key, profile_key_item) = store.new_person_key(&user, Purpose::Profile, now).await?;
    let (_, evidence_key_item) = store.new_person_key(&user, Purpose::Evidence, now).await?;

    // Hashed before it is known whether the address is free, so that both cost the same.
    let hash = password::hash(&password, &password::Params::default()).map_err(Internal::bug)?;
    let unverified_until = now + UNVERIFIED_LIFE;
    let auth = AuthItem {
        user,
        status: UserStatus::Active,
        email_verified: false,
        unverified_until: Some(unverified_until),
        roles: vec![role::USER.to_owned()],
        kyc_status: KycStatus::None,
        password: Some(PasswordHash(hash)),
        session_epoch: 0,
        open_check: None,
        mailed: std::collections::BTreeMap::new(),
        email_index: indexes.email(profile.email.as_str()),
        username_index: profile.username.as_ref().map(|name| indexes.username(name.as_str())),
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let claim = Claim { user, unverified_until: Some(unverified_until) };
    let sealed = ProfileItem::seal(&user, &profile, &profile_key)?;

    let mut tries = Tries::new();
    loop {
        let mut commit = store.commit(now, &call.meta.correlation_id);
        // The username first: its conflict is told whatever is the matter with the address.
        let free = "attribute_not_exists(pk) OR unverified_until <= :now";
        let values = [(":now", text(now.to_string()))];
        if let Some(index) = &auth.username_index {
            let item = keyed(&Claim::username_key(index), &claim);
            commit = commit.put_if(Table::Identity, item, free, &values, Some(AuthError::UsernameTaken.into()));
        }
        let item = keyed(&Claim::email_key(&auth.email_index), &claim);
        let committed = commit
            .put_if(Table::Identity, item, free, &values, Some(AuthError::EmailTaken.into()))
            .create(Table::Identity, &AuthItem::key(&user), &auth, None)
            .put_if(Table::Identity, sealed.item(&user), "attribute_not_exists(pk)", &[], None)
            .put_if(Table::Keys, Ok(profile_key_item.clone()), "attribute_not_exists(pk)", &[], None)
            .put_if(Table::Keys, Ok(evidence_key_item.clone()), "attribute_not_exists(pk)", &[], None)
            .event(
                EventDraft::new(EventType::UserRegistered, Subject::new("user", user), 1, Actor::Anonymous)
                    .person(user)
                    .origin(&profile_key, call.meta.origin()),
            )
            .run()
            .await;
        match committed {
            Ok(()) => break,
            Err(CommitError::Refused(Error::Auth(AuthError::EmailTaken))) if call.app.config.enumeration_protection => {
                tell_owner(&call, &auth).await?;
                break;
            }
            Err(error) => tries.again(error).await?,
        }
    }
    Ok(if call.app.config.enumeration_protection {
        Either::Other(Accepted(CheckYourEmail { status: "check_your_email" }))
    } else {
        let body = Registered { user: auth.user(profile) };
        Either::One(Created { location: Some("/v1/users/profile".to_owned()), version: Some(1), body })
    })
}

/// The owner of a taken address hears of it by mail; whoever asked does not.
async fn tell_owner(call: &Call<Anonymous>, asked: &AuthItem) -> Result<()> {
    let store = call.app.store().await;
    let mut tries = Tries::new();
    loop {
        let Some(claim) = store.claim(&Claim::email_key(&asked.email_index)).await? else { return Ok(()) };
        let Some(mut owner) = store.auth(&claim.user).await? else { return Ok(()) };
        let read_version = owner.version;
        owner.version += 1;
        let committed = store
            .commit(call.now(), &call.meta.correlation_id)
            .replace(Table::Identity, &AuthItem::key(&owner.user), &owner, read_version)
            .event(
                EventDraft::new(
                    EventType::UserRegistrationRepeated,
                    Subject::new("user", owner.user),
                    owner.version,
                    Actor::Anonymous,
                )
                .person(owner.user),
            )
            .run()
            .await;
        match committed {
            Ok(()) => return Ok(()),
            Err(error) => tries.again(error).await?,
        }
    }
}

impl Register {
    /// Every fault of the form at once.
    fn check(self, call: &Call<Anonymous>) -> Result<(Profile, SecretText)> {
        let now: Timestamp = call.now();
        let mut fields = Fields::default();
        let f = &mut fields;
        let email = f.check("email", Email::parse(&self.email));
        let username = f.check_optional("username", self.username, |text| Username::parse(&text));
        let given_name = f.check_optional("given_name", self.given_name, |text| PersonName::parse(&text));
        let family_name = f.check_optional("family_name", self.family_name, |text| PersonName::parse(&text));
        let phone = f.check_optional("phone", self.phone, |text| PhoneNumber::parse(&text));
        let date_of_birth = f.check_optional("date_of_birth", self.date_of_birth, |text| DateOfBirth::new(&text, now));
        let address = self.address.and_then(|address| address.apply("address", None, f));
        let national_id = self.national_id.and_then(|form| form.check("national_id", f));
        let locale = f.check_optional("locale", self.locale, |text| Locale::parse(&text));
        let profile = email.map(|email| Profile {
            username,
            given_name,
            family_name,
            phone,
            date_of_birth,
            address,
            national_id,
            locale,
            ..Profile::new(email)
        });
        if let Some(profile) = &profile {
            let rules = PasswordRules { policy: call.app.config.password_policy };
            for fault in rules.check(self.password.expose(), &OwnData::of(profile)) {
                f.refuse("password", fault);
            }
        }
        fields.done().map_err(RequestError::Invalid)?;
        let profile = profile.ok_or_else(|| Internal::bug("a form without faults has an address"))?;
        Ok((profile, self.password))
    }
}
