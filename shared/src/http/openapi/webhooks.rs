//! The requests that endpoints of webhooks get, by type of event: callbacks of the route that makes an endpoint (OpenAPI 3.1 §4.8.18).
//!
//! The member `webhooks` of the document would say the same, but generators of clients make operations of the API of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::{
    ToSchema,
    openapi::{RefOr, schema::Schema},
};

use crate::domain::{
    id::EventId,
    webhook::{CheckData, DocumentData, HitData, ListsData, SessionData, TEST_TYPE, TestData, UserData, WebhookType},
};

/// The address of the endpoint, in the request that makes it.
const ENDPOINT: &str = "{$request.body#/url}";

/// One callback for each type. Adds the schemas that they refer to.
pub fn events(schemas: &mut BTreeMap<String, Value>) -> Map<String, Value> {
    let id = schema::<EventId>(schemas);
    let mut all: Vec<_> = WebhookType::ALL.iter().map(|kind| (kind.as_str(), data(*kind, schemas))).collect();
    all.push((TEST_TYPE, schema::<TestData>(schemas)));
    let mut events = Map::new();
    for (kind, data) in all {
        let name = event_name(kind);
        events.insert(kind.to_owned(), json!({ENDPOINT: {"post": operation(kind, &name)}}));
        schemas.insert(name, body(kind, &id, &data));
    }
    events
}

/// The name of the schema of an event, such as `KycCheckApprovedEvent`. Generators make a type of it; for a schema without a name they make
/// up one that can collide.
fn event_name(kind: &str) -> String {
    let words = kind.split(['.', '_']).map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    });
    words.chain(["Event".to_owned()]).collect()
}

fn body(kind: &str, id: &Value, data: &Value) -> Value {
    json!({
        "type": "object",
        "description": format!("The body of a `{kind}` request to your endpoint."),
        "required": ["id", "type", "occurred_at", "data"],
        "properties": {
            "id": id,
            "type": {"type": "string", "const": kind},
            "occurred_at": {"type": "string", "format": "date-time"},
            "data": data,
        },
    })
}

fn data(kind: WebhookType, schemas: &mut BTreeMap<String, Value>) -> Value {
    use WebhookType as T;
    match kind {
        T::UserRegistered
        | T::UserEmailVerified
        | T::UserUpdated
        | T::UserLocked
        | T::PasswordChanged
        | T::MfaChanged => schema::<UserData>(schemas),
        T::SessionCreated | T::SessionRevoked => schema::<SessionData>(schemas),
        T::CheckSubmitted
        | T::CheckActionNeeded
        | T::CheckApproved
        | T::CheckRejected
        | T::CheckCancelled
        | T::CheckExpired => schema::<CheckData>(schemas),
        T::DocumentRejected => schema::<DocumentData>(schemas),
        T::HitOpened => schema::<HitData>(schemas),
        T::ListsUpdated => schema::<ListsData>(schemas),
    }
}

fn schema<T: ToSchema>(schemas: &mut BTreeMap<String, Value>) -> Value {
    let name = T::name().into_owned();
    let mut used: Vec<(String, RefOr<Schema>)> = vec![(name.clone(), T::schema())];
    T::schemas(&mut used);
    for (name, schema) in used {
        schemas.entry(name).or_insert_with(|| serde_json::to_value(schema).unwrap_or_default());
    }
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn operation(kind: &str, schema: &str) -> Value {
    let header = |name: &str, description: &str, example: &str| {
        json!({"name": name, "in": "header", "required": true, "description": description,
               "schema": {"type": "string", "examples": [example]}})
    };
    json!({
        "operationId": format!("event-{}", kind.replace(['.', '_'], "-")),
        "summary": format!("Event {kind}"),
        "description": "A request of ours to your endpoint (Standard Webhooks). Ignore members of `data` that you do not know.",
        "tags": ["webhooks"],
        "security": [],
        "parameters": [
            header("webhook-id", "The `id` of the body; the same in every attempt.", "evt_01h2xcejqtf2nbrexx3vqjhp41"),
            header("webhook-timestamp", "When the attempt was signed, in seconds since 1970.", "1772357400"),
            header("webhook-signature", "`v1,` and the HMAC-SHA-256 of `id.timestamp.body` in base64. Two, with a space between, \
                for a day after a rotation.", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
        ],
        "requestBody": {"required": true, "content": {"application/json": {
            "schema": {"$ref": format!("#/components/schemas/{schema}")},
        }}},
        "responses": {
            "2XX": {"description": "Accepted. Answer within ten seconds."},
            "410": {"description": "The endpoint is disabled."},
            "default": {"description": "The delivery is attempted again."},
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_a_request_whose_schema_is_in_the_document() {
        let mut schemas = BTreeMap::new();
        let events = events(&mut schemas);
        assert_eq!(events.len(), WebhookType::ALL.len() + 1);
        for (kind, event) in &events {
            let schema = &event[ENDPOINT]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let body = &schemas[schema.as_str().unwrap().rsplit('/').next().unwrap()];
            assert_eq!(body["properties"]["type"]["const"], kind.as_str());
            let data = body["properties"]["data"]["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            assert!(schemas.contains_key(data), "{kind}: {data}");
        }
    }
}
