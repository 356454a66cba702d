//! Notifications by text message: codes for a phone.
//!
//! A code is of use for five minutes, so a message is tried until then and not longer. A message that was overtaken by another one is
//! not sent.

use verinym::{
    app::App,
    domain::{
        event::EventType,
        factor::{CodeUse, SentCode},
        notification::Notification,
        person::PhoneNumber,
    },
    error::{Internal, Result},
    messaging::{
        Delivery, TaskOutcome,
        mail::SendResult,
        message::MailTask,
        notification::{Recipient, TextValues, render_text_message},
    },
    store::{event::EventRecord, factor::FactorAccount, user::OpenAccount},
};

use crate::notification_work::{current_code, record_refusal};

/// Sends the code of an event to the number that it is for.
pub async fn notify(
    app: &'static App,
    delivery: &Delivery<MailTask>,
    notification: Notification,
    event: &EventRecord,
) -> Result<TaskOutcome> {
    let person = event.person.ok_or_else(|| Internal::corrupt("an event with a notification concerns no person"))?;
    let (store, settings) = (app.store().await, app.config.mail()?);
    let (account, factors) =
        futures::try_join!(store.account(&person, delivery.now), store.factor_account(&person, delivery.now))?;
    let (Some(account), Some(factors)) = (account, factors) else { return Ok(TaskOutcome::Done) };
    let Some(number) = number_of(event, &account, &factors)? else { return Ok(TaskOutcome::Done) };
    let refused = (notification, "too_late");
    let Some(code) = current_code(app, delivery, event).await? else {
        record_refusal(app, delivery, person, EventType::TextMessageRefused, refused).await?;
        return Ok(TaskOutcome::Done);
    };
    let to = Recipient {
        name: None,
        locale: account.profile.locale.as_ref(),
        app_url: &settings.app_url,
        brand: &settings.brand,
    };
    let text = render_text_message(notification, to, &TextValues::text_code(&code, &settings.app_url))?;
    let (correlation_id, name) = (&delivery.correlation_id, notification.as_str());
    match app.send_text_message(&number, &text).await? {
        SendResult::Accepted => {
            tracing::info!(correlation_id, user_id = %person, notification = name, "text message sent");
        }
        SendResult::Throttled(wait) => return Ok(TaskOutcome::Later(wait)),
        SendResult::Refused(reason) => {
            tracing::warn!(correlation_id, notification = name, reason, "SNS refused a text message");
            record_refusal(app, delivery, person, EventType::TextMessageRefused, (notification, reason)).await?;
        }
    }
    Ok(TaskOutcome::Done)
}

/// The number that the code of an event is for; `None` if another code made it void or the number is gone.
fn number_of(event: &EventRecord, account: &OpenAccount, factors: &FactorAccount) -> Result<Option<PhoneNumber>> {
    let is_awaited = |used| factors.factors.awaited(used).is_some_and(|code: &SentCode| code.event == event.id);
    match event.r#type {
        EventType::UserPhoneCodeRequested => Ok(account.profile.phone.clone().filter(|_| is_awaited(CodeUse::Phone))),
        EventType::MfaSmsSetupRequested if is_awaited(CodeUse::SmsSetup) => {
            let setup = factors.factors.sms_setup(event.occurred_at).ok();
            setup.map(|setup| factors.number(&setup.number)).transpose()
        }
        EventType::MfaTextCodeRequested => factors.sms_number(),
        _ => Ok(None),
    }
}
