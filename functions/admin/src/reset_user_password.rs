//! POST /v1/admin/users/{id}/password/reset: voids a password and mails a link to set another one.

use verinym::{
    crypto::{mailed, random::RandomId},
    domain::{
        id::{EventId, UserId},
        mailed_token::TokenPurpose,
    },
    error::Result,
    http::{Call, Committed, Endpoint, NoContent, Path, Route, problem::types},
    run_command,
    store::{Table, mail_token::MailToken, user::account_event},
};

use crate::administered::{Administered, Administrator, delete_sessions, needs, needs_to_end_sessions};

pub fn endpoint() -> Endpoint {
    Route::post("admin-reset-user-password", "/v1/admin/users/{id}/password/reset")
        .summary("Require a new password")
        .description(
            "The password is void, linked accounts and passkeys are removed, all sessions end, and a link to set another password is mailed to the person. The second factor stays.",
        )
        .idempotent()
        .problems(&[&types::NOT_FOUND, &types::OWN_ACCOUNT, &types::MORE_PERMITTED])
        .opens_profile_keys()
        .needs(needs().and(needs_to_end_sessions()).put(Table::Ephemeral))
        .handled_by(reset)
}

async fn reset(call: Call<Administrator>, (Path(id), ()): (Path<UserId>, ())) -> Result<Committed<NoContent>> {
    let (store, now) = (call.app.store().await, call.now());
    let purpose = TokenPurpose::ResetPassword;
    let mut ended = None;
    let command = call.command().await?;
    let answer = run_command!(command, |attempt| {
        let target = Administered::read(&call.caller, store, &id, attempt.is_first()).await?;
        // The id of the token follows from the id of the event.
        let event = EventId::new(now);
        let mail = mailed::id_of_event(&event, purpose.as_str());
        let (after, kind) = target.account.require_password_reset(mail, now);
        let commit = target
            .changes(attempt.commit(now), &after)
            .create(Table::Ephemeral, &MailToken::key(&mail), &MailToken::new(id, purpose, now), None)
            .event_of_id(event, account_event(kind, &after));
        // The condition on the account's version causes a conflict if one is added or removed meanwhile.
        let commit = store.without_added_ways_in(commit, &id).await?;
        ended = Some(after);
        Ok(commit.returning(NoContent))
    })?;
    delete_sessions(store, &command.follow_up(), ended, "password_reset_required", now).await;
    Ok(answer)
}
