//! POST /v1/admin/invitations: invites somebody to roles.

use std::collections::BTreeSet;

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    crypto::{mailed, random::RandomId},
    domain::{
        account::{AccountError, BlindIndex, ProvisionedAccount},
        auth::AuthError,
        event::{EventType, OfferedRoles, PublicWord},
        field::{FieldFault, Fields, InvalidField},
        id::{EventId, UserId},
        invitation::Invitation,
        mailed_token::TokenPurpose,
        person::Email,
        profile::Profile,
        role::{USER, UsersManage, table::RoleError},
        secret::Masked,
        time::Timestamp,
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{Accepted, Call, Can, Committed, Endpoint, Json, Recent, Route, problem::types},
    run_command,
    store::{
        Store, Table,
        commit::Commit,
        item::{keyed, text},
        mail_token::MailToken,
        new_keys::NewKeys,
        user::{Account, ProfileItem, ValueClaim, account_event},
    },
};

use crate::{invitation_view::InvitationView, role_editor::Editor};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    #[schema(value_type = String, min_length = 3, max_length = 254, format = Email, example = "grace@your-company.net")]
    email: Masked<String>,
    /// 1 to 19 roles besides `user`.
    #[schema(min_items = 1, max_items = 20, example = json!(["moderator"]))]
    roles: Vec<String>,
}

/// The most roles of an invitation; an account has `user` besides.
const MOST_ROLES: usize = 19;
const UNKNOWN: FieldFault = FieldFault::new("unknown_role", "Must hold names of roles that exist.");

pub fn endpoint() -> Endpoint {
    Route::post("admin-invite", "/v1/admin/invitations")
        .summary("Invite staff")
        .description(
            "Mails a link that accepts the roles, once within seven days; a further invitation voids the link before. An address without an account gets one, whose person sets a password by the link. An account that exists keeps its password and second factor. The roles are given when the link is used, if the inviter may still give them then.",
        )
        .idempotent()
        .problems(&[
            &types::BEYOND_OWN_PERMISSIONS,
            &types::PERSON_REQUIRED,
            &types::OWN_ACCOUNT,
            &types::ACCOUNT_LOCKED,
            &types::ACCOUNT_DEACTIVATED,
            &types::EMAIL_TAKEN,
        ])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UnwrapEvidenceKeys)
                .with(Capability::MakeKeys)
                .get(Table::Identity)
                .get_many(Table::Identity)
                .put(Table::Identity)
                .check(Table::Identity)
                .put(Table::Ephemeral),
        )
        .handled_by(invite)
}

async fn invite(
    call: Call<Recent<Can<UsersManage>>>,
    Json(form): Json<Invite>,
) -> Result<Committed<Accepted<InvitationView>>> {
    let (store, now, purpose) = (call.app.store().await, call.now(), TokenPurpose::Invitation);
    // A leaked secret of a client must not make staff.
    let inviter = call.caller.reviewer()?;
    let (email, roles) = form.check()?;
    let index = call.app.index_secrets().await?.email(email.as_str());
    let mut new = None;
    run_command!(call.command().await?, |attempt| {
        let table = store.role_table().await?;
        let editor = Editor::of::<UsersManage>(&call.caller, store, &table, attempt.is_first()).await?;
        if !roles.iter().all(|role| table.exists(role)) {
            return Err(RequestError::Invalid(vec![InvalidField::new("roles", UNKNOWN)]).into());
        }
        if !editor.giver().permissions.may_give_all(&table.permissions(&roles)) {
            return Err(RoleError::BeyondOwn.into());
        }
        // The id of the token follows from the id of the event.
        let event = EventId::new(now);
        let token = mailed::id_of_event(&event, purpose.as_str());
        let commit = editor.guard(attempt.commit(now).role_table_changes(&table, &table));
        let (commit, after, kind, before) = if let Some(account) = holder(store, &index, now).await? {
            if call.caller.is(&account.user) {
                return Err(AccountError::OwnAccount.into());
            }
            account.status.admit()?;
            let (after, kind) = account.request_mail(purpose, token);
            let before = store.invitation(&after.user).await?;
            (commit.account_changes(&account, &after), after, kind, before)
        } else {
            if new.is_none() {
                new = Some(NewStaff::make(store, &email, &index, now).await?);
            }
            let new = new.as_ref().ok_or_else(|| Internal::bug("a new account was just made"))?;
            let (after, kind) = new.account.request_mail(purpose, token);
            (new.create(commit, &after, now), after, kind, None)
        };
        let invitation = Invitation::new(after.user, roles.clone(), inviter, token, now);
        let offered = OfferedRoles { offered: roles.iter().map(|role| PublicWord::named(role)).collect() };
        let commit = commit
            .invite(before.as_ref(), &invitation)
            .create(Table::Ephemeral, &MailToken::key(&token), &MailToken::new(after.user, purpose, now), None)
            .event_of_id(event, account_event(kind, &after).data(&offered));
        Ok(commit.returning(Accepted(InvitationView::from(invitation))))
    })
}

/// The account with the address; `None` if nobody has it, or nobody confirmed it in time.
async fn holder(store: &Store, index: &BlindIndex, now: Timestamp) -> Result<Option<Account>> {
    let claim = store.claim(&ValueClaim::email_key(index)).await?.filter(|claim| !claim.lapsed(now));
    let Some(claim) = claim else { return Ok(None) };
    if claim.is_former() {
        // It is kept for its former holder for a while.
        return Err(AuthError::EmailTaken.into());
    }
    let account = store.auth(&claim.user).await?;
    Ok(Some(account.ok_or_else(|| Internal::corrupt("the claim of an address without an account"))?))
}

/// An account for an address that has none.
struct NewStaff {
    account: Account,
    kind: EventType,
    sealed: ProfileItem,
    keys: NewKeys,
    index: BlindIndex,
}

impl NewStaff {
    async fn make(store: &Store, email: &Email, index: &BlindIndex, now: Timestamp) -> Result<Self> {
        let user = UserId::new(now);
        let keys = NewKeys::make(store, &user, now).await?;
        let sealed = ProfileItem::seal(&user, &Profile::new(email.clone()), &keys.profile)?;
        let new = ProvisionedAccount { user, email_index: Some(index.clone()), token: None };
        let (account, kind) = Account::provision(new, now);
        Ok(Self { account, kind, sealed, keys, index: index.clone() })
    }

    /// `invited` is the account with the token of its invitation.
    fn create<'a>(&self, commit: Commit<'a>, invited: &Account, now: Timestamp) -> Commit<'a> {
        let claim = keyed(&ValueClaim::email_key(&self.index), &ValueClaim::new(invited.user));
        let at = [(":now", text(now.to_string()))];
        let commit = commit
            .put_if(Table::Identity, claim, ValueClaim::FREE, &at, None)
            .new_account(invited)
            .put_if(Table::Identity, self.sealed.item(&invited.user), "attribute_not_exists(pk)", &[], None)
            .event(account_event(self.kind, &self.account));
        self.keys.create(commit)
    }
}

impl Invite {
    fn check(self) -> Result<(Email, Vec<String>)> {
        const INVALID: FieldFault = FieldFault::new("invalid_roles", "Must hold 1 to 19 roles besides user.");
        let mut fields = Fields::default();
        let email = fields.check("email", Email::parse(&self.email));
        let roles: BTreeSet<_> = self.roles.into_iter().take(100).filter(|role| role != USER).collect();
        if roles.is_empty() || roles.len() > MOST_ROLES {
            fields.refuse("roles", INVALID);
        }
        fields.done().map_err(RequestError::Invalid)?;
        let email = email.ok_or_else(|| Internal::bug("a form without faults has an address"))?;
        Ok((email, roles.into_iter().collect()))
    }
}
