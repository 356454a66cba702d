//! `workers-send-mail`: tells people by mail what happened to them, and finds out for whom a mail was asked.
//!
//! A redelivery finds the same token, since its id follows from the event. A second mail is possible only when the sender
//! dies between sending and marking. While the account may not send more, the message waits; what SES will never send ends
//! with an event, without further tries.

use std::time::Duration;

use verinym::{
    app::App,
    crypto::{index::BlindIndex, mailed::MailId},
    domain::{
        event::{Actor, EventType, Subject},
        id::UserId,
        limit::MAIL_SIGN_IN,
        mail::MailKind,
        secret::SecretText,
        user::UserStatus,
    },
    error::{Internal, Result},
    messaging::{
        Delivery, Outcome, Worker,
        mail::{Content, Decision, Sent, To},
        message::Notice,
        queue::Queue,
    },
    store::{
        Table,
        commit::Tries,
        event::{EventDraft, EventRecord},
        limit::{self, LimitVerdict},
        mail_token::{MailToken, Purpose},
        user::{AuthItem, Claim},
    },
};

/// One message: a batch of ten fits into the function's half minute.
const LONGEST: Duration = Duration::from_secs(9);

pub fn worker() -> Worker {
    Worker::of_queue("workers-send-mail", Queue::Notification, LONGEST, work)
}

async fn work(app: &'static App, delivery: Delivery<Notice>) -> Result<Outcome> {
    match &delivery.body {
        Notice::Mail { mail, event } => tell(app, &delivery, *mail, event).await,
        Notice::Asked { mail, address } => ask(app, &delivery, *mail, address).await.map(|()| Outcome::Done),
        Notice::SignInRefused { unconfirmed: false, .. } => Ok(Outcome::Done),
        Notice::SignInRefused { address, unconfirmed: true } => {
            remind(app, &delivery, address).await.map(|()| Outcome::Done)
        }
    }
}

/// Sends the mail that an event asks for, unless it has been overtaken.
async fn tell(app: &'static App, delivery: &Delivery<Notice>, mail: MailKind, event: &EventRecord) -> Result<Outcome> {
    let person = event.person.ok_or_else(|| Internal::corrupt("a mail for an event that concerns nobody"))?;
    // An account that lapsed unconfirmed may have been replaced since.
    let Some(account) = app.store().await.account(&person, delivery.now).await? else { return Ok(Outcome::Done) };
    let token;
    let content = match mail {
        MailKind::Verify | MailKind::Reset => {
            let purpose = purpose(mail)?;
            let made = make_token(app, delivery, &account.auth, purpose, event).await?;
            let Some(made) = made else { return Ok(Outcome::Done) };
            token = made;
            match purpose {
                Purpose::VerifyEmail => Content::Verify { token: &token },
                Purpose::ResetPassword => Content::Reset { token: &token },
            }
        }
        MailKind::Welcome => Content::Welcome,
        MailKind::Decision => {
            Content::Decision(Decision::of(event).ok_or_else(|| Internal::bug("an event that decides nothing"))?)
        }
        MailKind::SecurityNotice => Content::SecurityNotice { what: event.r#type, at: event.occurred_at },
        MailKind::AddressAlreadyRegistered => Content::AddressAlreadyRegistered,
    };
    let letter = content.letter(To { name: account.name_in_mails(), app_url: &app.config.app_url })?;
    match app.send_letter(&account.profile.email, &letter).await? {
        Sent::Yes => {
            tracing::info!(correlation_id = delivery.correlation_id, user_id = %person, mail = mail.as_str(), "mail sent");
        }
        Sent::Later(wait) => {
            tracing::warn!(correlation_id = delivery.correlation_id, ?wait, "SES sends no more for now");
            return Ok(Outcome::Later(wait));
        }
        Sent::Refused(reason) => refused(app, delivery, person, mail, reason).await?,
    }
    Ok(Outcome::Done)
}

/// Writes down that a mail will never arrive, once: a delivery that comes again finds the event.
async fn refused(
    app: &App,
    delivery: &Delivery<Notice>,
    person: UserId,
    mail: MailKind,
    reason: &'static str,
) -> Result<()> {
    tracing::warn!(correlation_id = delivery.correlation_id, mail = mail.as_str(), reason, "SES refused a mail");
    let store = app.store().await;
    let mut tries = Tries::new();
    loop {
        let event =
            EventDraft::new(EventType::MailRefused, Subject::new("mail", &delivery.key), 1, Actor::system("mail"))
                .person(person)
                .data("mail", mail.as_str())
                .data("reason", reason);
        match store.commit(delivery.now, &delivery.correlation_id).event(event).run().await {
            Ok(()) => return Ok(()),
            Err(_) if store.event_at(&delivery.key, 1).await?.is_some() => return Ok(()),
            Err(error) => tries.again(error).await?,
        }
    }
}

fn purpose(mail: MailKind) -> Result<Purpose> {
    match mail {
        MailKind::Verify => Ok(Purpose::VerifyEmail),
        MailKind::Reset => Ok(Purpose::ResetPassword),
        other => Err(Internal::bug(format!("nobody asks for the mail {other}")).into()),
    }
}

/// The token of an event; `None` if it is used, over, or replaced by a newer one. Whoever asked for a mail has its token
/// recorded with the asking; a registration's is recorded here.
async fn make_token(
    app: &'static App,
    delivery: &Delivery<Notice>,
    auth: &AuthItem,
    purpose: Purpose,
    event: &EventRecord,
) -> Result<Option<SecretText>> {
    if purpose == Purpose::VerifyEmail && auth.email_verified {
        return Ok(None);
    }
    let store = app.store().await;
    let id = MailId::from_event(&event.id, purpose.name());
    match auth.mailed.get(purpose.name()) {
        Some(current) if *current != id => return Ok(None),
        Some(_) => {
            let record = store.mail_token(&id).await?;
            if record.is_none_or(|record| record.expires_at <= delivery.now) {
                return Ok(None);
            }
        }
        // A registration is the first event of its account: where no token was ever recorded, this is its turn.
        None if event.r#type == EventType::UserRegistered => {
            let token = MailToken::new(auth.user, purpose, event.occurred_at);
            if token.expires_at <= delivery.now || !record_first(app, delivery, auth.clone(), &id, &token).await? {
                return Ok(None);
            }
        }
        None => return Ok(None),
    }
    let keys = app.token_secrets().await?;
    Ok(Some(keys.mail.derive(purpose.name(), &id, &auth.user)))
}

/// Records the token of a new account. `false` if the address was confirmed or another token asked for meanwhile.
async fn record_first(
    app: &'static App,
    delivery: &Delivery<Notice>,
    mut auth: AuthItem,
    id: &MailId,
    token: &MailToken,
) -> Result<bool> {
    let store = app.store().await;
    let mut tries = Tries::new();
    loop {
        let read_version = auth.version;
        auth.next_unseen();
        auth.mailed.insert(token.purpose.name().to_owned(), *id);
        let committed = store
            .commit(delivery.now, &delivery.correlation_id)
            .replace(Table::Identity, &AuthItem::key(&auth.user), &auth, read_version)
            .create(Table::Ephemeral, &MailToken::key(id), token, None)
            .run()
            .await;
        match committed {
            Ok(()) => return Ok(true),
            Err(error) => tries.again(error).await?,
        }
        match store.auth(&auth.user).await? {
            Some(read) if !read.email_verified && !read.mailed.contains_key(token.purpose.name()) => auth = read,
            // Our own write, whose answer was lost, counts as ours.
            Some(read) => return Ok(read.mailed.get(token.purpose.name()) == Some(id)),
            None => return Ok(false),
        }
    }
}

/// Sends another mail to confirm an address, a few times an hour: signing in counts against no limit of mails.
async fn remind(app: &'static App, delivery: &Delivery<Notice>, address: &BlindIndex) -> Result<()> {
    let key = limit::key(&MAIL_SIGN_IN, address.as_ref());
    let store = app.store().await;
    match store.count(&MAIL_SIGN_IN, &key, false, app.config.rate_limit_scale, delivery.now).await? {
        LimitVerdict::Allowed { .. } => ask(app, delivery, MailKind::Verify, address).await,
        LimitVerdict::Refused { .. } => Ok(()),
    }
}

/// Finds out whether anybody has the address. Nobody: done, and nobody can tell. Somebody: the asking becomes an event,
/// with its token recorded, and the mail follows from the event.
async fn ask(app: &'static App, delivery: &Delivery<Notice>, mail: MailKind, address: &BlindIndex) -> Result<()> {
    let purpose = purpose(mail)?;
    let kind = match purpose {
        Purpose::VerifyEmail => EventType::UserVerificationRequested,
        Purpose::ResetPassword => EventType::PasswordResetRequested,
    };
    let store = app.store().await;
    let mut tries = Tries::new();
    loop {
        let Some(claim) = store.claim(&Claim::email_key(address)).await? else { return Ok(()) };
        let Some(mut auth) = store.auth(&claim.user).await? else { return Ok(()) };
        if !may_ask(purpose, &auth) {
            return Ok(());
        }
        let user = auth.user;
        let read_version = auth.version;
        auth.next_unseen();
        let commit = store
            .commit(delivery.now, &delivery.correlation_id)
            .event(EventDraft::new(kind, Subject::new("user", user), auth.version, Actor::Anonymous).person(user));
        let event = commit.event_ids().into_iter().next().ok_or_else(|| Internal::bug("a commit without its event"))?;
        let id = MailId::from_event(&event, purpose.name());
        auth.mailed.insert(purpose.name().to_owned(), id);
        let committed = commit
            .replace(Table::Identity, &AuthItem::key(&user), &auth, read_version)
            .create(Table::Ephemeral, &MailToken::key(&id), &MailToken::new(user, purpose, delivery.now), None)
            .run()
            .await;
        match committed {
            Ok(()) => return Ok(()),
            Err(error) => tries.again(error).await?,
        }
    }
}

/// A new password may be set for an account that its person left; nothing is mailed about one that an administrator
/// locked or that is being erased.
fn may_ask(purpose: Purpose, auth: &AuthItem) -> bool {
    match purpose {
        Purpose::VerifyEmail => auth.status == UserStatus::Active && !auth.email_verified,
        Purpose::ResetPassword => matches!(auth.status, UserStatus::Active | UserStatus::Deactivated),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use verinym::{
        domain::time::Timestamp,
        error::Error,
        scripted::{Reply, Script},
    };

    use super::*;
    use verinym::crypto::random::RandomId;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    async fn told(script: &Script) -> Result<()> {
        let address = serde_json::from_value(json!("v1.index")).map_err(Internal::bug)?;
        let delivery = Delivery {
            key: "evt_1#welcome".to_owned(),
            correlation_id: "correlation".to_owned(),
            body: Notice::Asked { mail: MailKind::Welcome, address },
            now: NOW,
            attempt: 1,
            deadline: NOW,
        };
        refused(script.app(), &delivery, UserId::new(NOW), MailKind::Welcome, "message_rejected").await
    }

    #[tokio::test(start_paused = true)]
    async fn a_lasting_refusal_is_written_down_once_with_its_reason() {
        let script = Script::new(|_| Reply::Ok(json!({})));
        told(&script).await.unwrap();
        let commits = script.of("TransactWriteItems");
        let item = &commits[0].body["TransactItems"][0]["Put"]["Item"];
        assert_eq!((&item["pk"]["S"], &item["sk"]["S"]), (&json!("evt_1#welcome"), &json!("000000000001")));
        assert_eq!(commits.len(), 1);

        // A delivery that comes again finds the event there, and is done.
        let there = item.clone();
        let conflict = json!({"CancellationReasons": [{"Code": "ConditionalCheckFailed"}, {"Code": "None"}]});
        let script = Script::new(move |call| match call.operation.as_str() {
            "GetItem" => Reply::Ok(json!({"Item": there})),
            _ => Reply::Error("TransactionCanceledException", conflict.clone()),
        });
        told(&script).await.unwrap();
        assert_eq!(script.of("TransactWriteItems").len(), 1);

        // Where it cannot be written down, the message comes again.
        let script = Script::new(|_| Reply::Error("AccessDeniedException", json!({})));
        assert!(matches!(told(&script).await, Err(Error::Internal(_))));
    }
}
