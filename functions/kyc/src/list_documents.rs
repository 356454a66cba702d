//! GET /v1/kyc/documents: the caller's documents, newest first.

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::document::DocumentView,
    error::Result,
    function::{Capability, Needs},
    http::{Call, Endpoint, Page, Query, Route, Signed, list::List},
    store::Table,
    store::kek::KeyPurpose,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListDocuments {
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("kyc-list-documents", "/v1/kyc/documents")
        .summary("List my documents")
        .description("The documents of the signed-in person, newest first.")
        .opens_evidence_keys()
        .needs(Needs::new().with(Capability::UseTokenKeys).query(Table::Kyc))
        .handled_by(list)
}

async fn list(call: Call<Signed>, Query(query): Query<ListDocuments>) -> Result<Page<DocumentView>> {
    let user = call.caller.user;
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &[]).await?;
    let store = call.app.store().await;
    let ((items, next), evidence) = futures::try_join!(
        store.documents(&user, list.limit, list.after.as_ref()),
        store.read_person_key(&user, KeyPurpose::Evidence, call.now()),
    )?;
    let items = items.iter().map(|item| item.view(&evidence)).collect::<Result<_>>()?;
    list.page(call.app, items, next.as_ref()).await
}
