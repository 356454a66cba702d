//! What mails and text messages share: the code of an event, and the record of a refusal.

use verinym::{
    app::App,
    domain::{
        event::{Actor, CodeKey, EventType, RefusedMail, Subject},
        factor::CODE_LIFE,
        id::UserId,
        notification::Notification,
        secret::SecretText,
    },
    error::{Internal, Result},
    messaging::{Delivery, message::MailTask},
    run_command,
    store::{
        command::Decided,
        event::{EventDraft, EventRecord},
    },
};

/// The code of an event; `None` once it is no longer accepted.
pub async fn current_code(
    app: &'static App,
    delivery: &Delivery<MailTask>,
    event: &EventRecord,
) -> Result<Option<SecretText>> {
    if delivery.now >= event.occurred_at + CODE_LIFE {
        return Ok(None);
    }
    let person = event.person.ok_or_else(|| Internal::corrupt("the event of a code concerns no person"))?;
    let key: CodeKey = event.part().ok_or_else(|| Internal::corrupt("the event of a code names no key"))?;
    let version = u32::try_from(key.code_key).map_err(Internal::corrupt)?;
    let code = app.token_secrets().await?.mail.code_again(version, &event.id, &person);
    Ok(Some(code.ok_or_else(|| Internal::unavailable("the key of a code is not here yet"))?))
}

/// Writes the event that a mail or a text message was refused for good. A second delivery finds the event and writes nothing.
pub async fn record_refusal(
    app: &App,
    delivery: &Delivery<MailTask>,
    person: UserId,
    kind: EventType,
    (notification, reason): (Notification, &'static str),
) -> Result<()> {
    let store = app.store().await;
    run_command!(store.command(&delivery.correlation_id, Actor::system("mail")), |attempt| {
        if !attempt.is_first() && store.event_at(&delivery.key, 1).await?.is_some() {
            return Ok(Decided::Unchanged(()));
        }
        let event = EventDraft::new(kind, Subject::new("mail", &delivery.key), 1)
            .person(person)
            .data(&RefusedMail { notification, reason: reason.into() });
        Ok(attempt.commit(delivery.now).event(event).returning(()))
    })
}
