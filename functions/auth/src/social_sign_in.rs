//! Finds the account of a proven identity, links it to an account, or creates one.

use verinym::{
    crypto::random::RandomId,
    domain::{
        account::{Account, BlindIndex, NewVouchedAccount},
        auth::AuthError,
        event::{Actor, EventType, IdentityProvider, LinkedAccount, ProfileEffect, PublicWord},
        id::{LinkId, UserId},
        limit,
        profile::{Profile, changes},
        social::{AddressHolder, LinkDecision, SocialError, SocialIdentity, decide, fill},
        time::Timestamp,
    },
    error::{Internal, RequestError, Result},
    http::{AnybodyOrSigned, Call, Caller},
    run_command,
    store::{
        Store, Table,
        author::Author,
        command::Decided,
        commit::Commit,
        event::EventDraft,
        item::{keyed, text},
        link::{IdentityOf, LinkItem, identity_digest},
        new_keys::NewKeys,
        person_key::PersonKey,
        secrets::IndexSecrets,
        user::{OpenAccount, ProfileItem, ValueClaim, account_event},
    },
};

/// An identity that the provider of this name has proved, and the signed-in person who wants to link it.
#[derive(Debug, Clone, Copy)]
pub struct Proven<'a> {
    pub provider: &'a str,
    pub identity: &'a SocialIdentity,
    pub asker: Option<UserId>,
}

/// The account of the identity, with its profile key.
pub async fn account_of(call: &Call<AnybodyOrSigned>, proven: Proven<'_>) -> Result<(Account, PersonKey)> {
    let (store, now) = (call.app.store().await, call.now());
    let indexes = call.app.index_secrets().await?;
    let digest = identity_digest(&indexes, proven.identity);
    let by = IdentityOf { provider: proven.provider, digest: &digest, identity: proven.identity };
    let mut new = None;
    let command = call.command_by(Actor::Anonymous).await;
    let asker = call.caller.signed().filter(|_| proven.asker.is_some());
    let command = match asker {
        Some(person) => command.guarded(person.admitted().guards()),
        None => command,
    };
    let found = run_command!(command, |attempt| {
        let (claim, holder) = tokio::try_join!(store.link_claim(&digest), address_holder(store, &indexes, proven))?;
        let linked = claim.map(|claim| claim.user);
        let vouched = proven.identity.vouched_email().is_some();
        Ok(match decide(vouched, linked, holder, proven.asker)? {
            LinkDecision::SignIn(user) => Decided::Unchanged(store.auth_and_key(&user, now).await?),
            LinkDecision::Link(user) => {
                let account = store.account(&user, now).await?.ok_or(SocialError::InvalidAuthorization)?;
                account.auth.admit(now)?;
                if asker.is_some_and(|person| person.auth.session_epoch != account.auth.session_epoch) {
                    return Err(RequestError::Unauthenticated.into());
                }
                let (commit, after) = link(attempt.commit(now), call, &account, by)?;
                commit.returning(Some((after, account.profile_key)))
            }
            LinkDecision::Create { .. } => {
                if new.is_none() {
                    call.limit_ip(&limit::REGISTER).await?;
                    new = Some(NewPerson::make(store, &indexes, by, now).await?);
                }
                let new = new.as_ref().ok_or_else(|| Internal::bug("a new person was just made"))?;
                new.create(attempt.commit(now), call, by)
                    .returning(Some((new.account.clone(), new.keys.profile.clone())))
            }
        })
    });
    let (account, key) = found?.ok_or(SocialError::InvalidAuthorization)?;
    if account.email_verified { Ok((account, key)) } else { Err(AuthError::EmailNotVerified.into()) }
}

/// The account that holds the address for which the provider vouches. A claim that lapsed counts as unconfirmed.
async fn address_holder(store: &Store, indexes: &IndexSecrets, proven: Proven<'_>) -> Result<Option<AddressHolder>> {
    let Some(email) = proven.identity.vouched_email().filter(|_| proven.asker.is_none()) else { return Ok(None) };
    let claim = store.claim(&ValueClaim::email_key(&indexes.email(email.as_str()))).await?;
    let now = Timestamp::now();
    let holder = |claim: ValueClaim| AddressHolder {
        user: claim.user,
        confirmed: claim.unverified_until.is_none(),
        former: claim.is_former() && !claim.lapsed(now),
    };
    Ok(claim.map(holder))
}

/// Links the identity to an account, and fills its empty profile fields. The provider has vouched for the address of an account that
/// staff or a machine client created, so that is confirmed too; the person who asks for a link has a confirmed one.
fn link<'a>(
    commit: Commit<'a>,
    call: &Call<AnybodyOrSigned>,
    account: &OpenAccount,
    by: IdentityOf<'_>,
) -> Result<(Commit<'a>, Account)> {
    let (now, user) = (call.now(), account.auth.user);
    let item = LinkItem::new(LinkId::new(now), user, &by, &account.profile_key, now);
    let author = match call.caller.signed().filter(|person| person.is(&user)) {
        Some(person) => person.author(&account.profile_key, call.meta.origin()),
        None => Author::from(Actor::User(user)).origin(&account.profile_key, call.meta.origin()),
    };
    let (mut after, kind) = account.auth.link_social_account()?;
    let mut commit = commit.by(author).add_link(&item).event(about(account_event(kind, &after), &item));
    if let Some((confirmed, kind)) = after.confirm_vouched(now)? {
        commit = commit.event(account_event(kind, &confirmed));
        after = confirmed;
    }
    let offered = &by.identity.offered;
    if let Some(profile) = fill(&account.profile, offered, account.auth.is_name_open()) {
        let username_index = after.username_index.clone();
        let (filled, kind) = after.change_profile(&account.profile, &profile, username_index, now)?;
        let event = account_event(kind, &filled)
            .data(&ProfileEffect { kyc_status: None })
            .changes(changes(&account.profile, &profile));
        let sealed = ProfileItem::seal(&user, &profile, &account.profile_key)?;
        commit = commit.profile_changes(&user, &account.profile_item, &sealed).event(event);
        after = filled;
    }
    Ok((commit.account_changes(&account.auth, &after), after))
}

/// The data of an event about a link.
pub fn about(event: EventDraft, link: &LinkItem) -> EventDraft {
    let provider = PublicWord::named(&link.provider);
    event.data(&IdentityProvider { provider }).data(&LinkedAccount { account: link.link })
}

/// A person who gets an account.
struct NewPerson {
    account: Account,
    email_index: BlindIndex,
    kind: EventType,
    link: LinkItem,
    sealed: ProfileItem,
    keys: NewKeys,
}

impl NewPerson {
    async fn make(store: &Store, indexes: &IndexSecrets, by: IdentityOf<'_>, now: Timestamp) -> Result<Self> {
        let email = by.identity.vouched_email().ok_or(SocialError::LinkRequired)?;
        let user = UserId::new(now);
        let keys = NewKeys::make(store, &user, now).await?;
        let empty = Profile::new(email.clone());
        let profile = fill(&empty, &by.identity.offered, true).unwrap_or(empty);
        let email_index = indexes.email(email.as_str());
        let new = NewVouchedAccount { user, email_index: email_index.clone() };
        let (account, kind) = Account::register_vouched(new, now);
        Ok(Self {
            kind,
            account,
            email_index,
            link: LinkItem::new(LinkId::new(now), user, &by, &keys.profile, now),
            sealed: ProfileItem::seal(&user, &profile, &keys.profile)?,
            keys,
        })
    }

    /// Takes the address from an account that never confirmed it: a stranger may have registered it, so all of theirs stays behind
    /// with that account, which nobody can sign in to. A conflict if it is confirmed meanwhile.
    fn create<'a>(&self, commit: Commit<'a>, call: &Call<AnybodyOrSigned>, by: IdentityOf<'_>) -> Commit<'a> {
        let user = self.account.user;
        let author = Author::from(Actor::User(user)).origin(&self.keys.profile, call.meta.origin());
        let claim = keyed(&ValueClaim::email_key(&self.email_index), &ValueClaim::new(user));
        let provider = PublicWord::named(by.provider);
        let commit = commit
            .by(author)
            .put_if(
                Table::Identity,
                claim,
                ValueClaim::FREE_FOR_ITS_OWNER,
                &[(":now", text(call.now().to_string()))],
                None,
            )
            .new_account(&self.account)
            .put_if(Table::Identity, self.sealed.item(&user), "attribute_not_exists(pk)", &[], None)
            .add_link(&self.link)
            .event(account_event(self.kind, &self.account).data(&IdentityProvider { provider }));
        self.keys.create(commit)
    }
}
