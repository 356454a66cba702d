//! What the workers of webhooks share: who may be told, and the message of the next attempt.

use verinym::{
    app::App,
    domain::{
        account::{AccountState, UserStatus},
        id::ClientId,
        role::{PermissionSet, RequiredPermission, WebhooksManage},
        time::Timestamp,
        webhook::{Delivery, EndpointOwner, Scope, WebhookType},
    },
    error::{Internal, Result},
    messaging::{Message, message::DeliveryTask, queue::Queue},
};

/// Whether the owner of an endpoint may still be told of events of a type. Whoever hears of everybody needs the permission now, not
/// only when the endpoint was made. `kind` is `None` for a test.
pub async fn may_be_told(app: &App, owner: &EndpointOwner, scope: Scope, kind: Option<WebhookType>) -> Result<bool> {
    if scope == Scope::Own {
        return Ok(kind.is_none_or(|kind| scope.may_hear(kind, &PermissionSet::default())));
    }
    let permissions = match owner {
        EndpointOwner::Person(user) => {
            let store = app.store().await;
            match store.auth(user).await?.filter(|account| is_active(account)) {
                Some(account) => Some(store.roles_of(&account.roles, None).await?.permissions(&account.roles)),
                None => None,
            }
        }
        EndpointOwner::Client(client) => client_permissions(app, client).await?,
    };
    Ok(permissions.is_some_and(|permissions| {
        permissions.allows(WebhooksManage::PERMISSION) && kind.is_none_or(|kind| scope.may_hear(kind, &permissions))
    }))
}

fn is_active(account: &AccountState) -> bool {
    account.status == UserStatus::Active
}

async fn client_permissions(app: &App, client: &ClientId) -> Result<Option<PermissionSet>> {
    let client = app.store().await.machine_client(client).await?;
    Ok(client.map(|client| PermissionSet::of_permissions(client.scopes.iter().map(String::as_str))))
}

/// Sends the message of the attempt that is due of a delivery, if one is. Sent twice it does nothing more.
pub async fn send_attempt(app: &App, delivery: &Delivery, correlation_id: &str) -> Result<()> {
    let Some(at) = delivery.next_attempt_at else { return Ok(()) };
    let message = DeliveryTask::message(delivery, correlation_id);
    let body = serde_json::to_string(&message).map_err(Internal::bug)?;
    let message = Message { key: message.key, correlation_id: message.correlation_id, body };
    app.put_back(Queue::Deliveries, message, at.since(Timestamp::now())).await
}
