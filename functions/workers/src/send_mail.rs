//! `workers-send-mail`: tells people by mail what happened to them, and finds out for whom a mail was asked.
//!
//! A redelivery finds the same token, since its id follows from the event. A second mail is possible only when the sender
//! dies between sending and marking. While the account may not send more, the message waits; what SES will never send ends
//! with an event, without further tries.

use std::time::Duration;

use verinym::{
    app::App,
    config::Section,
    crypto::{mailed, random::RandomId},
    domain::{
        account::{BlindIndex, MailId},
        event::{Actor, EventType, Subject, UnsentMail},
        id::{EventId, UserId},
        limit::MAIL_SIGN_IN,
        mail::{MailKind, TokenPurpose},
        secret::SecretText,
    },
    error::{Internal, Result},
    function::{Capability, Concurrency, Needs},
    messaging::{
        Delivery, Outcome, Worker,
        mail::{Content, Decision, Sent, To},
        message::Notice,
        queue::Queue,
    },
    run_command,
    store::{
        Table,
        command::Decided,
        event::{EventDraft, EventRecord},
        limit::{self, LimitVerdict},
        mail_token::MailToken,
        user::{Account, ValueClaim, account_event},
    },
};

/// One message: a batch of ten fits into the function's half minute.
const LONGEST: Duration = Duration::from_secs(9);

pub fn worker() -> Worker {
    Worker::of_queue("workers-send-mail", Queue::Notification, LONGEST, work)
        .summary("Send mails")
        .timeout(30)
        .concurrency(Concurrency::Mail)
        .needs(
            Needs::new()
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .get(Table::Identity)
                .get_many(Table::Identity)
                .put(Table::Identity)
                .get_many(Table::Keys)
                .put(Table::Ephemeral)
                .rarely("a mail's token was made by an earlier try", Needs::new().get(Table::Ephemeral))
                .send_mail()
                .reads(Section::Mail),
        )
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
                TokenPurpose::VerifyEmail => Content::Verify { token: &token },
                TokenPurpose::ResetPassword => Content::Reset { token: &token },
            }
        }
        MailKind::Welcome => Content::Welcome,
        MailKind::Decision => {
            Content::Decision(Decision::of(event).ok_or_else(|| Internal::bug("an event that decides nothing"))?)
        }
        MailKind::SecurityNotice => Content::SecurityNotice { what: event.r#type, at: event.occurred_at },
        MailKind::AddressAlreadyRegistered => Content::AddressAlreadyRegistered,
    };
    let letter = content.letter(To { name: account.name_in_mails(), app_url: &app.config.mail()?.app_url })?;
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
    run_command!(store.command(&delivery.correlation_id, Actor::system("mail")), |attempt| {
        if !attempt.is_first() && store.event_at(&delivery.key, 1).await?.is_some() {
            return Ok(Decided::Unchanged(()));
        }
        let event = EventDraft::new(EventType::MailRefused, Subject::new("mail", &delivery.key), 1)
            .person(person)
            .data(&UnsentMail { mail, reason: reason.into() });
        Ok(attempt.commit(delivery.now).event(event).returning(()))
    })
}

fn purpose(mail: MailKind) -> Result<TokenPurpose> {
    match mail {
        MailKind::Verify => Ok(TokenPurpose::VerifyEmail),
        MailKind::Reset => Ok(TokenPurpose::ResetPassword),
        other => Err(Internal::bug(format!("nobody asks for the mail {other}")).into()),
    }
}

/// The token of an event; `None` if it is used, over, or replaced by a newer one. Whoever asked for a mail has its token
/// recorded with the asking; a registration's is recorded here.
async fn make_token(
    app: &'static App,
    delivery: &Delivery<Notice>,
    auth: &Account,
    purpose: TokenPurpose,
    event: &EventRecord,
) -> Result<Option<SecretText>> {
    if purpose == TokenPurpose::VerifyEmail && auth.email_verified {
        return Ok(None);
    }
    let store = app.store().await;
    let id = mailed::id_of_event(&event.id, purpose.as_str());
    match auth.mailed_token(purpose) {
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
    Ok(Some(keys.mail.derive(purpose.as_str(), &id, &auth.user)))
}

/// Records the token of a new account. `false` if the address was confirmed or another token asked for meanwhile.
async fn record_first(
    app: &'static App,
    delivery: &Delivery<Notice>,
    auth: Account,
    id: &MailId,
    token: &MailToken,
) -> Result<bool> {
    let store = app.store().await;
    let (user, purpose) = (auth.user, token.purpose);
    let mut read_along = Some(auth);
    run_command!(store.command(&delivery.correlation_id, Actor::system("mail")), |attempt| {
        let auth = match read_along.take() {
            Some(auth) => auth,
            None => match store.auth(&user).await? {
                Some(auth) if !auth.email_verified && auth.mailed_token(purpose).is_none() => auth,
                // Our own write, whose answer was lost, counts as ours.
                Some(auth) => return Ok(Decided::Unchanged(auth.mailed_token(purpose) == Some(id))),
                None => return Ok(Decided::Unchanged(false)),
            },
        };
        let after = auth.record_mail(token.purpose, *id);
        let commit = attempt.commit(delivery.now).account_changes(&auth, &after).create(
            Table::Ephemeral,
            &MailToken::key(id),
            token,
            None,
        );
        Ok(commit.returning(true))
    })
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
    let store = app.store().await;
    run_command!(store.command(&delivery.correlation_id, Actor::Anonymous), |attempt| {
        let claim = store.claim(&ValueClaim::email_key(address)).await?;
        let Some(claim) = claim else { return Ok(Decided::Unchanged(())) };
        let auth = store.auth(&claim.user).await?.filter(|auth| auth.may_request_mail(purpose));
        let Some(auth) = auth else { return Ok(Decided::Unchanged(())) };
        // The token is named by the event that asks for it.
        let event = EventId::new(delivery.now);
        let id = mailed::id_of_event(&event, purpose.as_str());
        let (after, kind) = auth.request_mail(purpose, id);
        let token = MailToken::new(after.user, purpose, delivery.now);
        let commit = attempt
            .commit(delivery.now)
            .account_changes(&auth, &after)
            .event_of_id(event, account_event(kind, &after))
            .create(Table::Ephemeral, &MailToken::key(&id), &token, None);
        Ok(commit.returning(()))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use verinym::{
        domain::time::Timestamp,
        error::Error,
        scripted::{AwsReply, ScriptedAws},
    };

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    async fn told(script: &ScriptedAws) -> Result<()> {
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
        let script = ScriptedAws::new(|_| AwsReply::Ok(json!({})));
        told(&script).await.unwrap();
        let commits = script.calls_of("TransactWriteItems");
        let item = &commits[0].body["TransactItems"][0]["Put"]["Item"];
        assert_eq!((&item["pk"]["S"], &item["sk"]["S"]), (&json!("evt_1#welcome"), &json!("000000000001")));
        assert_eq!(commits.len(), 1);

        // A delivery that comes again finds the event there, and is done.
        let there = item.clone();
        let conflict = json!({"CancellationReasons": [{"Code": "ConditionalCheckFailed"}, {"Code": "None"}]});
        let script = ScriptedAws::new(move |call| match call.operation.as_str() {
            "GetItem" => AwsReply::Ok(json!({"Item": there})),
            _ => AwsReply::Error("TransactionCanceledException", conflict.clone()),
        });
        told(&script).await.unwrap();
        assert_eq!(script.calls_of("TransactWriteItems").len(), 1);

        // Where it cannot be written down, the message comes again.
        let script = ScriptedAws::new(|_| AwsReply::Error("AccessDeniedException", json!({})));
        assert!(matches!(told(&script).await, Err(Error::Internal(_))));
    }
}
