//! The endpoints of the caller. Somebody else's endpoint is not found, like one that does not exist.

use verinym::{
    domain::{
        id::WebhookId,
        role::WebhooksManage,
        webhook::{Endpoint, EndpointOwner},
    },
    error::{RequestError, Result},
    http::{Call, Principal, SignedOrCan},
};

/// A person, or a machine client that may manage webhooks.
pub type Owner = SignedOrCan<WebhooksManage>;

/// The caller as the owner of endpoints.
pub fn owner(caller: &Principal) -> EndpointOwner {
    match caller {
        Principal::Person(person) => EndpointOwner::Person(person.user),
        Principal::Client(client) => EndpointOwner::Client(client.client.id),
    }
}

/// The endpoint, if it is the caller's.
pub async fn own_endpoint(call: &Call<Owner>, id: &WebhookId) -> Result<Endpoint> {
    let item = call.app.store().await.webhook_of(&owner(&call.caller), id).await?.ok_or(RequestError::NotFound)?;
    item.open(&*call.app.index_secrets().await?)
}
