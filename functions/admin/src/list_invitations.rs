//! GET /v1/admin/invitations: the invitations that nobody accepted yet.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::role::UsersManage,
    error::Result,
    function::{Capability, Needs},
    http::{Call, Can, Endpoint, Page, Query, Route, list::List},
    store::{Store, Table, invitation::position_after},
};

use crate::invitation_view::InvitationView;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListInvitations {
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("admin-list-invitations", "/v1/admin/invitations")
        .summary("List the open invitations")
        .description("The invitations that can still be accepted, the newest account first.")
        .needs(Needs::new().with(Capability::UseTokenKeys).query(Table::Identity))
        .handled_by(list_invitations)
}

async fn list_invitations(
    call: Call<Can<UsersManage>>,
    Query(query): Query<ListInvitations>,
) -> Result<Page<InvitationView>> {
    let (store, now): (&Store, _) = (call.app.store().await, call.now());
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &[]).await?;
    let read = |limit, after: Option<_>| async move { store.invitations(limit, after.as_ref()).await };
    let (found, next) =
        list.fill(true, read, |invitation| invitation.expires_at > now, |one| position_after(&one.user)).await?;
    let items = found.into_iter().map(InvitationView::from).collect();
    list.page(call.app, items, next.as_ref()).await
}
