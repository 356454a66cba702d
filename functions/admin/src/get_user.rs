//! GET /v1/admin/users/{id}: an account; its personal data is masked unless the caller asks for it and may read it.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::{
        event::{EventData, EventType},
        id::UserId,
        role::{RequiredPermission, UsersRead, UsersReadPii},
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{
        Call, Can, Endpoint, Path, Query, Route, Versioned,
        problem::types,
        reads::{PersonalDataRead, commit_reads},
    },
    store::Table,
};

use crate::user_view::StaffUser;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct GetUser {
    /// `true` for the personal data in full; needs `users:read_pii`.
    unmasked: Option<bool>,
}

pub fn endpoint() -> Endpoint {
    Route::get("admin-get-user", "/v1/admin/users/{id}")
        .summary("Read an account")
        .description(
            "The account with its personal data masked. With `unmasked=true` and the permission `users:read_pii`, the data is in full, except for the national id, and an event records the read first.",
        )
        .problems(&[&types::NOT_FOUND])
        .opens_profile_keys()
        .needs(
            Needs::new()
                .with(Capability::UnwrapProfileKeys)
                .get_many(Table::Identity)
                .get_many(Table::Keys)
                .rarely("the personal data is read in full", Needs::new().with(Capability::Commit)),
        )
        .handled_by(get_user)
}

async fn get_user(
    call: Call<Can<UsersRead>>,
    (Path(id), Query(query)): (Path<UserId>, Query<GetUser>),
) -> Result<Versioned<StaffUser>> {
    let unmasked = query.unmasked.unwrap_or(false);
    if unmasked && !call.caller.can::<UsersReadPii>() {
        return Err(RequestError::Forbidden(UsersReadPii::PERMISSION).into());
    }
    let account = call.app.store().await.account(&id, call.now()).await?;
    let account = account.filter(|account| !account.auth.is_ending()).ok_or(RequestError::NotFound)?;
    let body = if unmasked {
        let read = PersonalDataRead { kind: EventType::UserRead, person: Some(id), data: EventData::default() };
        commit_reads(&call, &[read]).await?;
        StaffUser::unmasked(&account)
    } else {
        StaffUser::masked(&account.auth, &account.profile, &call.caller)
    };
    Ok(Versioned { version: account.auth.profile_version(), body })
}
