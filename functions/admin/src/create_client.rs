//! POST /v1/admin/clients: makes a machine client. The answer shows its secret, once.

use std::collections::BTreeSet;

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    crypto::{client, random::RandomId},
    domain::{
        client::{Client, ClientKey, ClientSecret, Credentials, parse_name, parse_scopes},
        event::{ClientGrants, EventType, PublicWord},
        field::{FieldFault, Fields},
        id::{ClientId, UserId},
        role::ClientsManage,
        secret::SecretText,
        time::Timestamp,
    },
    error::{Internal, RequestError, Result},
    function::{Capability, Needs},
    http::{Call, Can, Committed, Created, Endpoint, Json, Recent, Route, ShownOnce, problem::types},
    run_command,
    store::{Table, client::client_event, event::EventDraft},
};

use crate::{client_view::ClientWithSecret, role_editor::Editor};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateClient {
    /// 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100, example = "Billing service")]
    name: String,
    /// Permissions that the client may ask for; the caller must have each.
    #[schema(min_items = 1, example = json!(["kyc:read"]))]
    scopes: Vec<String>,
    /// Public RSA keys, at most 5. The client then signs assertions (RFC 7523), and gets no secret.
    #[serde(default)]
    keys: Vec<PublicKey>,
}

/// A public RSA key of 2,048 to 4,096 bits with the exponent 65537, as in a JWK (RFC 7518 §6.3.1).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicKey {
    /// Modulus, base64url.
    #[schema(example = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc")]
    n: String,
    /// Exponent, base64url.
    #[schema(example = "AQAB")]
    e: String,
}

const MOST_KEYS: usize = 5;

pub fn endpoint() -> Endpoint {
    Route::post("admin-create-client", "/v1/admin/clients")
        .summary("Create a machine client")
        .description(
            "Makes a client that gets access tokens by `POST /v1/oauth/token`. The secret is shown in this answer only. Nobody gives a client a permission that they lack.",
        )
        .idempotent()
        .problems(&[&types::BEYOND_OWN_PERMISSIONS])
        .opens_profile_keys()
        .needs(needs_of_editor().put(Table::Identity))
        .handled_by(create_client)
}

async fn create_client(
    call: Call<Recent<Can<ClientsManage>>>,
    Json(form): Json<CreateClient>,
) -> Result<Committed<ShownOnce<Created<ClientWithSecret>>>> {
    let now = call.now();
    let (store, (name, scopes, keys)) = (call.app.store().await, form.check()?);
    let secret = keys.is_empty().then(client::new_secret);
    let made = new_client((name, scopes), credentials(secret.as_ref(), keys, now), call.caller.person_behind(), now);
    let body = ClientWithSecret::new(&made, secret.as_ref().map(|secret| secret.expose().as_str()), now);
    run_command!(call.command().await?, |attempt| {
        let roles = store.role_table().await?;
        let editor = Editor::of::<ClientsManage>(&call.caller, store, &roles, attempt.is_first()).await?;
        Client::check_granted_by(&made.scopes, editor.giver().permissions)?;
        let event = created(&made);
        let location = Some(format!("/v1/admin/clients/{}", made.id));
        let created = Created { location, version: None, body: body.clone() };
        let commit = attempt.commit(now).new_client(&made).event(event).role_table_changes(&roles, &roles);
        Ok(editor.guard(commit).returning(ShownOnce(created)))
    })
}

/// What reading and checking the permissions of whoever edits a client needs.
pub fn needs_of_editor() -> Needs {
    Needs::new()
        .with(Capability::Commit)
        .get_many(Table::Identity)
        .check(Table::Identity)
        .rarely("another write to the caller's account was first", Needs::new().get(Table::Identity))
}

/// A client of this name with these scopes.
pub fn new_client(
    (name, scopes): (String, BTreeSet<String>),
    credentials: Credentials,
    created_by: Option<UserId>,
    now: Timestamp,
) -> Client {
    let id = ClientId::new(now);
    Client { id, name, scopes, credentials, created_by, created_at: now, updated_at: now, version: 1 }
}

/// The event of a new client.
pub fn created(client: &Client) -> EventDraft {
    let grants = ClientGrants {
        scopes: client.scopes.iter().map(|scope| PublicWord::named(scope)).collect(),
        authentication: client.credentials.as_str().into(),
    };
    client_event(EventType::ClientCreated, client.id, client.version).data(&grants)
}

/// What a client proves itself with: its secret, or its keys where it has none.
pub fn credentials(secret: Option<&SecretText>, keys: Vec<ClientKey>, now: Timestamp) -> Credentials {
    match secret {
        Some(secret) => {
            let hash = client::hash(secret.expose());
            Credentials::Secrets(vec![ClientSecret { hash, created_at: now, expires_at: None }])
        }
        None => Credentials::Keys(keys),
    }
}

impl CreateClient {
    fn check(self) -> Result<(String, BTreeSet<String>, Vec<ClientKey>)> {
        const KEYS: FieldFault = FieldFault::new(
            "invalid_key",
            "Must be at most 5 RSA keys of 2,048 to 4,096 bits with the exponent 65537 (AQAB).",
        );
        let mut fields = Fields::default();
        let name = fields.check("name", parse_name(&self.name));
        let scopes = fields.check("scopes", parse_scopes(&self.scopes));
        let keys: Option<Vec<_>> = self.keys.iter().map(|key| client::key(&key.n, &key.e).ok()).collect();
        let keys = fields.check("keys", keys.filter(|keys| keys.len() <= MOST_KEYS).ok_or(KEYS));
        fields.done().map_err(RequestError::Invalid)?;
        let (Some(name), Some(scopes), Some(keys)) = (name, scopes, keys) else {
            return Err(Internal::bug("a form without faults has all its values").into());
        };
        Ok((name, scopes, keys))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_invalid_field_of_a_new_client_is_named() {
        let json = r#"{"name":"","scopes":["kyc:*"],"keys":[{"n":"AAAA","e":"AQAB"}]}"#;
        let error = serde_json::from_str::<CreateClient>(json).unwrap().check().unwrap_err();
        let verinym::error::Error::Request(RequestError::Invalid(faults)) = error else { panic!("{error}") };
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["name", "scopes", "keys"]);
    }
}
