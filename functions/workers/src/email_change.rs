//! The mails about a change of an address: to the new address, to the former one, and to the holder of a taken one.

use verinym::{
    app::App,
    crypto::mailed,
    domain::{
        account::BlindIndex, event::Actor, id::UserId, mailed_token::TokenPurpose, person::Email, secret::SecretText,
    },
    error::Result,
    messaging::{Delivery, message::MailTask},
    run_command,
    store::{
        command::Decided,
        event::EventRecord,
        holder_notice::HolderNotice,
        user::{OpenAccount, ValueClaim},
    },
};

/// The address and the token of the mail; `None` if the token was used or replaced or has expired, or if another account has the
/// address. The route does not find out whether the address is taken, so that neither its answer nor its time tells; the holder
/// gets a mail instead.
pub async fn current(
    app: &'static App,
    delivery: &Delivery<MailTask>,
    account: &OpenAccount,
    purpose: TokenPurpose,
    event: &EventRecord,
) -> Result<Option<(Email, SecretText)>> {
    let (store, user) = (app.store().await, &account.auth.user);
    let id = mailed::id_of_event(&event.id, purpose.as_str());
    let changes = store.email_changes(user).await?;
    let about = if purpose == TokenPurpose::ConfirmEmailChange { changes.pending(&id) } else { changes.former(&id) };
    let Some(about) = about.filter(|about| about.until > delivery.now) else { return Ok(None) };
    if purpose == TokenPurpose::ConfirmEmailChange {
        let claim = store.claim(&ValueClaim::email_key(&about.index)).await?;
        if let Some(claim) = claim.filter(|claim| claim.bars(user, delivery.now)) {
            if !claim.is_former() {
                tell_holder(app, delivery, claim.user, &about.index).await?;
            }
            return Ok(None);
        }
    }
    let token = app.token_secrets().await?.mail.derive(purpose.as_str(), &id, user);
    Ok(Some((about.open(user, &account.profile_key)?, token)))
}

/// Writes the event that causes the mail to the holder, at most once an hour.
async fn tell_holder(
    app: &'static App,
    delivery: &Delivery<MailTask>,
    holder: UserId,
    address: &BlindIndex,
) -> Result<()> {
    let store = app.store().await;
    let notice = HolderNotice::of(address, &*app.index_secrets().await?, delivery.now);
    run_command!(store.command(&delivery.correlation_id, Actor::Anonymous), |attempt| {
        if notice.was_sent(store).await? {
            return Ok(Decided::Unchanged(()));
        }
        let commit = attempt.commit(delivery.now).event(notice.event(holder));
        Ok(commit.returning(()))
    })
}
