//! `workers-send-mail`: sends notifications by mail and by text message, and finds out whether a requested mail has a recipient.
//!
//! A second delivery of a message derives the same token, since its id follows from the event. A mail is sent twice only if
//! the worker dies between sending it and marking the message as done. While SES throttles the account, the message waits. A
//! mail that SES will never send ends with an event, without retries.

use std::time::Duration;

use verinym::{
    app::App,
    config::{
        Section,
        names::{Bucket, SecretId},
    },
    crypto::{mailed, random::RandomId},
    domain::{
        account::{BlindIndex, MailId},
        event::{Actor, EventType},
        id::EventId,
        limit::MAIL_SIGN_IN,
        mailed_token::TokenPurpose,
        notification::{Channel, Notification, TextData},
        secret::SecretText,
    },
    error::{Internal, Result},
    function::{Capability, Concurrency, Needs},
    messaging::{
        Delivery, TaskOutcome, Worker,
        mail::SendResult,
        message::MailTask,
        notification::{Recipient, Templates, TextValues, render_mail},
        queue::Queue,
    },
    run_command,
    store::{
        Table,
        command::Decided,
        event::EventRecord,
        limit::{self, LimitVerdict},
        mail_token::MailToken,
        user::{Account, OpenAccount, ValueClaim, account_event},
    },
};

use crate::{
    email_change,
    notification_work::{current_code, record_refusal},
    text_message,
};

/// The time limit of one message. A batch of ten, four at a time, fits into the function's 30 seconds.
const LONGEST: Duration = Duration::from_secs(9);

pub fn worker() -> Worker {
    Worker::of_queue("workers-send-mail", Queue::Notification, LONGEST, work)
        .summary("Send mails")
        .timeout(30)
        .concurrency(Concurrency::Mail)
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .with(Capability::UseTokenKeys)
                .get(Table::Identity)
                .get_many(Table::Identity)
                .put(Table::Identity)
                .get_many(Table::Keys)
                .put(Table::Ephemeral)
                .rarely(
                    "another account has the address that somebody asked for",
                    Needs::new().get(Table::Events).read_secret(SecretId::Indexes),
                )
                .rarely("the deployment has templates of its own", Needs::new().get_objects(Bucket::Lists, "mail"))
                .send_mail()
                .get(Table::Ephemeral)
                .update(Table::Ephemeral)
                .send_text_messages()
                .reads(Section::Sms)
                .reads(Section::Mail),
        )
}

async fn work(app: &'static App, delivery: Delivery<MailTask>) -> Result<TaskOutcome> {
    match &delivery.body {
        MailTask::Notify { notification, channel: Channel::Mail, event } => {
            notify(app, &delivery, *notification, event).await
        }
        MailTask::Notify { notification, channel: Channel::Sms, event } => {
            text_message::notify(app, &delivery, *notification, event).await
        }
        MailTask::RequestToken { purpose, address, nonce } => {
            let nonce = nonce.as_deref();
            request_token(app, &delivery, *purpose, address, nonce).await.map(|()| TaskOutcome::Done)
        }
        MailTask::SignInRefused { unconfirmed: false, .. } => Ok(TaskOutcome::Done),
        MailTask::SignInRefused { address, unconfirmed: true } => {
            remind_of_confirmation(app, &delivery, address).await.map(|()| TaskOutcome::Done)
        }
    }
}

/// Sends the notification of an event, unless the account or the token that it is about is gone.
async fn notify(
    app: &'static App,
    delivery: &Delivery<MailTask>,
    notification: Notification,
    event: &EventRecord,
) -> Result<TaskOutcome> {
    let person = event.person.ok_or_else(|| Internal::corrupt("an event with a notification concerns no person"))?;
    // An account that was never confirmed may have been replaced since.
    let Some(account) = app.store().await.account(&person, delivery.now).await? else { return Ok(TaskOutcome::Done) };
    let settings = app.config.mail()?;
    let app_url = &settings.app_url;
    // Somebody who has no address reads no mails.
    let Some(mut to) = account.profile.email.clone() else { return Ok(TaskOutcome::Done) };
    let values = match notification.row().text {
        TextData::Nothing => TextValues::nothing(),
        TextData::Circumstances => circumstances(event, &account),
        TextData::CodeAndCircumstances => match current_code(app, delivery, event).await? {
            Some(code) => TextValues::code(&code).and(circumstances(event, &account)),
            None => return Ok(TaskOutcome::Done),
        },
        TextData::Code => return Err(Internal::bug("this text is no mail").into()),
        TextData::LinkAndCircumstances(purpose) => {
            match current_token(app, delivery, &account.auth, purpose, event).await? {
                Some(token) => TextValues::link(app_url, purpose, &token).and(circumstances(event, &account)),
                None => return Ok(TaskOutcome::Done),
            }
        }
        TextData::Reasons => TextValues::reasons(event),
        TextData::Link(purpose @ (TokenPurpose::ConfirmEmailChange | TokenPurpose::UndoEmailChange)) => {
            match email_change::current(app, delivery, &account, purpose, event).await? {
                Some((address, token)) => {
                    to = address;
                    TextValues::link(app_url, purpose, &token)
                }
                None => return Ok(TaskOutcome::Done),
            }
        }
        TextData::Link(purpose) => match current_token(app, delivery, &account.auth, purpose, event).await? {
            Some(token) => TextValues::link(app_url, purpose, &token),
            None => return Ok(TaskOutcome::Done),
        },
    };
    // Whoever asks for an address that is not theirs must not choose words for a mail to it.
    let name = account.name_in_mails().filter(|_| notification != Notification::EmailChangeRequested);
    let locale = account.profile.locale.as_ref();
    let recipient = Recipient { name, locale, app_url, brand: &settings.brand };
    let mail = render_mail(&*app.mail_templates().await?, notification, recipient, &values).or_else(|error| {
        tracing::error!(notification = notification.as_str(), %error, "a mail template of the deployment failed");
        render_mail(Templates::ours(), notification, recipient, &values)
    })?;
    let (correlation_id, name) = (&delivery.correlation_id, notification.as_str());
    match app.send_mail(&to, &mail).await? {
        SendResult::Accepted => {
            tracing::info!(correlation_id, user_id = %person, notification = name, "mail sent");
        }
        SendResult::Throttled(wait) => {
            tracing::warn!(correlation_id, ?wait, "SES throttles mails");
            return Ok(TaskOutcome::Later(wait));
        }
        SendResult::Refused(reason) => {
            tracing::warn!(correlation_id, notification = name, reason, "SES refused a mail");
            record_refusal(app, delivery, person, EventType::MailRefused, (notification, reason)).await?;
        }
    }
    Ok(TaskOutcome::Done)
}

/// When an event happened, and by which device.
fn circumstances(event: &EventRecord, account: &OpenAccount) -> TextValues {
    let country = account.profile.address.as_ref().map(|address| &address.country);
    // What an administrator did was sealed with the administrator's key, so no device of staff is shown.
    let origin = event.open_origin(&account.profile_key);
    TextValues::circumstances(event.occurred_at, country, origin.as_ref().map(|origin| &*origin.user_agent))
}

/// The token of an event; `None` if it was used, has expired, or another one made it void. The token of a registration is
/// recorded here; any other was recorded with the request for it.
async fn current_token(
    app: &'static App,
    delivery: &Delivery<MailTask>,
    auth: &Account,
    purpose: TokenPurpose,
    event: &EventRecord,
) -> Result<Option<SecretText>> {
    if purpose == TokenPurpose::VerifyEmail && auth.email_verified {
        return Ok(None);
    }
    let store = app.store().await;
    let id = mailed::id_of_event(&event.id, purpose.as_str());
    let valid = auth.mailed_tokens(purpose);
    if valid.contains(&id) {
        let record = store.mail_token(&id).await?;
        if record.is_none_or(|record| record.expires_at <= delivery.now) {
            return Ok(None);
        }
    } else if valid.is_empty() && event.r#type == EventType::UserRegistered {
        // A registration is the first event of an account, so its token is valid if none was recorded yet.
        let token = MailToken::new(auth.user, purpose, event.occurred_at);
        if token.expires_at <= delivery.now || !record_token(app, delivery, auth.clone(), &id, &token).await? {
            return Ok(None);
        }
    } else {
        return Ok(None);
    }
    let keys = app.token_secrets().await?;
    Ok(Some(keys.mail.derive(purpose.as_str(), &id, &auth.user)))
}

/// Records the token of a registration. `false` if the address was confirmed or another token was requested meanwhile.
async fn record_token(
    app: &'static App,
    delivery: &Delivery<MailTask>,
    auth: Account,
    id: &MailId,
    token: &MailToken,
) -> Result<bool> {
    let store = app.store().await;
    let (user, purpose) = (auth.user, token.purpose);
    let mut already_read = Some(auth);
    run_command!(store.command(&delivery.correlation_id, Actor::system("mail")), |attempt| {
        let auth = match already_read.take() {
            Some(auth) => auth,
            None => match store.auth(&user).await? {
                Some(auth) if !auth.email_verified && auth.mailed_tokens(purpose).is_empty() => auth,
                // An earlier attempt may have written this token and lost the answer.
                Some(auth) => return Ok(Decided::Unchanged(auth.mailed_tokens(purpose).contains(id))),
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

/// Requests another mail to confirm an address. Sign-ins count against no other limit of mails, so this has one of its own.
async fn remind_of_confirmation(app: &'static App, delivery: &Delivery<MailTask>, address: &BlindIndex) -> Result<()> {
    let key = limit::key(&MAIL_SIGN_IN, address.as_ref());
    let store = app.store().await;
    match store.count(&MAIL_SIGN_IN, &key, false, app.config.rate_limit_scale, delivery.now).await? {
        LimitVerdict::Allowed { .. } => request_token(app, delivery, TokenPurpose::VerifyEmail, address, None).await,
        LimitVerdict::Refused { .. } => Ok(()),
    }
}

/// Records a new token for the account that has the address, if there is one. The commit writes the event that the mail
/// follows from.
async fn request_token(
    app: &'static App,
    delivery: &Delivery<MailTask>,
    purpose: TokenPurpose,
    address: &BlindIndex,
    nonce: Option<&str>,
) -> Result<()> {
    let store = app.store().await;
    run_command!(store.command(&delivery.correlation_id, Actor::Anonymous), |attempt| {
        let claim = store.claim(&ValueClaim::email_key(address)).await?;
        let Some(claim) = claim.filter(|claim| !claim.is_former()) else { return Ok(Decided::Unchanged(())) };
        let Some(auth) = store.auth(&claim.user).await? else { return Ok(Decided::Unchanged(())) };
        let purpose = auth.mailed_instead_of(purpose);
        if !auth.may_request_mail(purpose, delivery.now) {
            return Ok(Decided::Unchanged(()));
        }
        // The id of the token follows from the id of the event.
        let event = EventId::new(delivery.now);
        let id = mailed::id_of_event(&event, purpose.as_str());
        let (after, kind) = auth.request_mail(purpose, id);
        let token = MailToken::new(after.user, purpose, delivery.now);
        let token = if purpose == TokenPurpose::MagicLink { token.with_nonce(nonce) } else { token };
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
    use verinym::domain::id::UserId;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    async fn record(script: &ScriptedAws) -> Result<()> {
        let address = serde_json::from_value(json!("v1.index")).map_err(Internal::bug)?;
        let delivery = Delivery {
            key: "evt_1#email_verified#mail".to_owned(),
            correlation_id: "correlation".to_owned(),
            body: MailTask::RequestToken { purpose: TokenPurpose::VerifyEmail, address, nonce: None },
            now: NOW,
            attempt: 1,
            deadline: NOW,
        };
        record_refusal(
            script.app(),
            &delivery,
            UserId::new(NOW),
            EventType::MailRefused,
            (Notification::EmailVerified, "message_rejected"),
        )
        .await
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_mail_is_recorded_once_with_its_reason() {
        let script = ScriptedAws::new(|_| AwsReply::Ok(json!({})));
        record(&script).await.unwrap();
        let commits = script.calls_of("TransactWriteItems");
        let item = &commits[0].body["TransactItems"][0]["Put"]["Item"];
        assert_eq!((&item["pk"]["S"], &item["sk"]["S"]), (&json!("evt_1#email_verified#mail"), &json!("000000000001")));
        assert_eq!(commits.len(), 1);

        // A second delivery finds the event and writes nothing.
        let existing = item.clone();
        let conflict = json!({"CancellationReasons": [{"Code": "ConditionalCheckFailed"}, {"Code": "None"}]});
        let script = ScriptedAws::new(move |call| match call.operation.as_str() {
            "GetItem" => AwsReply::Ok(json!({"Item": existing})),
            _ => AwsReply::Error("TransactionCanceledException", conflict.clone()),
        });
        record(&script).await.unwrap();
        assert_eq!(script.calls_of("TransactWriteItems").len(), 1);

        // If the event cannot be written, the message fails and is delivered again.
        let script = ScriptedAws::new(|_| AwsReply::Error("AccessDeniedException", json!({})));
        assert!(matches!(record(&script).await, Err(Error::Internal(_))));
    }
}
