//! POST /v1/auth/invitations/accept: accepts offered roles by a mailed link.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    config::Section,
    domain::{
        account::Account,
        auth::AuthError,
        event::{Actor, EventType, InvitingUser, PublicWord, RoleChange},
        field::{FieldFault, Fields},
        mailed_token::TokenPurpose,
        person::PersonName,
        profile::Profile,
        secret::SecretText,
        time::Timestamp,
    },
    error::{RequestError, Result},
    function::{Capability, Concurrency, Needs},
    http::{Anonymous, Call, Endpoint, Json, NoContent, Route, mailed_token::VerifiedMailedToken, problem::types},
    run_command,
    store::{
        Table,
        author::Author,
        user::{OpenAccount, PasswordHash, account_event},
    },
};

use crate::first_proof::{confirmed_profile, events_of_reset, new_hash, prove_address};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitation {
    #[schema(value_type = String, max_length = 512, example = "evt_01h2xcejqtf2nbrexx3vqjhp41.6x0TqUeQ3l1r0m9bWq8Zq2Y5cVvF4h7d")]
    token: SecretText,
    /// Required of an account whose address is not confirmed, such as one that the invitation created; refused of any other.
    #[schema(value_type = Option<String>, format = Password, min_length = 12, max_length = 512, example = "correct horse battery staple")]
    password: Option<SecretText>,
    /// Taken with a password only.
    #[schema(min_length = 1, max_length = 400, example = "Grace")]
    given_name: Option<String>,
    /// Taken with a password only.
    #[schema(min_length = 1, max_length = 400, example = "Hopper")]
    family_name: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::post("auth-accept-invitation", "/v1/auth/invitations/accept")
        .summary("Accept an invitation by a mailed link")
        .description(
            "Gives the account the offered roles, by the token of the mailed link, which works once within seven days. An account whose address is not confirmed needs a password, which confirms it; send the token alone first: 400 with `password` `required` leaves the token valid. An account with a confirmed address keeps its password, ways to sign in and second factor. `invalid_token` also if the inviter may not give the roles any more.",
        )
        .problems(&[
            &types::EXPIRED_TOKEN,
            &types::INVALID_TOKEN,
            &types::ACCOUNT_LOCKED,
            &types::ACCOUNT_DEACTIVATED,
        ])
        .memory(1024)
        .concurrency(Concurrency::SignIn)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .get(Table::Identity)
                .get_many(Table::Identity)
                .query(Table::Identity)
                .put(Table::Identity)
                .update(Table::Identity)
                .delete(Table::Identity)
                .check(Table::Identity)
                .get_many(Table::Keys)
                .get(Table::Ephemeral)
                .delete(Table::Ephemeral)
                .reads(Section::Accounts),
        )
        .handled_by(accept)
}

async fn accept(call: Call<Anonymous>, Json(form): Json<AcceptInvitation>) -> Result<NoContent> {
    let (store, now) = (call.app.store().await, call.now());
    let token = VerifiedMailedToken::verify(call.app, &form.token, TokenPurpose::Invitation, now).await?;
    let mut hash = None;
    let command = call.command_by(Actor::Anonymous).await;
    let accepted = run_command!(command, |attempt| {
        let account = store.account(&token.user, now).await?.ok_or(AuthError::InvalidToken)?;
        token.check_valid(&account.auth)?;
        account.auth.status.admit()?;
        let invitation = store.invitation(&token.user).await?.filter(|one| one.mailed_token == *token.id());
        let invitation = invitation.ok_or(AuthError::InvalidToken)?;
        let (inviter, roles) = tokio::try_join!(store.auth(&invitation.invited_by), store.role_table())?;
        let inviter = inviter.ok_or(AuthError::InvalidToken)?;
        let profile = form.profile(&account)?;
        let (proved, events) = form.proved(&call, &account, &profile, &mut hash, now)?;
        let (after, kind, roles_after) = invitation.accept(&proved, &inviter, &roles, now)?;
        let author = Author::from(Actor::User(after.user)).origin(&account.profile_key, call.meta.origin());
        let commit = attempt
            .commit(now)
            .by(author)
            .account_changes(&account.auth, &after)
            .role_table_changes(&roles, &roles_after)
            .while_account(&inviter)
            .end_invitation(&invitation);
        let sets_password = !events.is_empty();
        let mut commit = token.consume(events_of_reset(commit, events, (&account, &profile), after.profile_version()));
        if sets_password {
            commit = prove_address(commit, &call, &account, &profile).await?;
        }
        let granted = after.roles.iter().filter(|role| !account.auth.roles.contains(role));
        let change = RoleChange {
            granted: granted.map(|role| PublicWord::named(role)).collect(),
            roles: after.roles.iter().map(|role| PublicWord::named(role)).collect(),
        };
        let by = InvitingUser { invited_by: inviter.user };
        Ok(commit.event(account_event(kind, &after).data(&by).data(&change)).returning(NoContent))
    });
    accepted
}

impl AcceptInvitation {
    /// The profile after the acceptance, with the names where none stood. A confirmed one stays.
    fn profile(&self, account: &OpenAccount) -> Result<Profile> {
        const KEPT: FieldFault =
            FieldFault::new("not_allowed", "The account exists and keeps its password and name; send the token alone.");
        const REQUIRED: FieldFault = FieldFault::new("required", "The account has no password of its owner yet.");
        let mut fields = Fields::default();
        let profile = confirmed_profile(account);
        if account.auth.email_verified {
            let given = [
                ("password", self.password.is_some()),
                ("given_name", self.given_name.is_some()),
                ("family_name", self.family_name.is_some()),
            ];
            given.iter().filter(|(_, given)| *given).for_each(|(name, _)| fields.refuse(name, KEPT));
            fields.done().map_err(RequestError::Invalid)?;
            return Ok(profile);
        }
        if self.password.is_none() {
            fields.refuse("password", REQUIRED);
        }
        let mut name =
            |name: &str, text: &Option<String>| fields.check_optional(name, text.as_deref(), PersonName::parse);
        let (given_name, family_name) = (name("given_name", &self.given_name), name("family_name", &self.family_name));
        fields.done().map_err(RequestError::Invalid)?;
        let open = account.auth.is_name_open();
        Ok(Profile {
            given_name: profile.given_name.clone().or(given_name.filter(|_| open)),
            family_name: profile.family_name.clone().or(family_name.filter(|_| open)),
            ..profile
        })
    }

    /// The account with its address proved by the password, and the events of that; as it is if the address was confirmed before.
    fn proved(
        &self,
        call: &Call<Anonymous>,
        account: &OpenAccount,
        profile: &Profile,
        hash: &mut Option<PasswordHash>,
        now: Timestamp,
    ) -> Result<(Account, Vec<(EventType, u64)>)> {
        let Some(password) = &self.password else { return Ok((account.auth.clone(), Vec::new())) };
        let hash = match hash {
            Some(hash) => hash.clone(),
            none => none.insert(new_hash(password, profile, call)?).clone(),
        };
        Ok(account.auth.reset_password(hash, now)?)
    }
}
