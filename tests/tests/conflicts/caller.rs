//! One caller in a world.

use serde_json::{Value, json};
use verinym_tests::{
    Draft,
    client::multipart,
    people::tag,
    picture, until,
    world::{EndpointReply, World},
};

/// One caller in a world, whose calls carry an idempotency key.
pub struct Caller<'a> {
    pub world: &'a World,
    pub draft: Draft,
    pub access: String,
    pub refresh: String,
}

impl<'a> Caller<'a> {
    /// A new person, confirmed and signed in.
    pub async fn new(world: &'a World, draft: Draft) -> Self {
        world.call("auth-register", None, &[], &draft.form()).await;
        world.settle(None).await;
        let token = world.stack.link(&draft.email, "verify", None).await.token().unwrap();
        let form = json!({"token": token, "password": draft.password});
        world.call("auth-verify-email", None, &[], &form).await.expect(200);
        let mut caller = Self { world, draft, access: String::new(), refresh: String::new() };
        caller.login().await;
        caller
    }

    /// A person with a role, signed in after the role was granted.
    pub async fn staff(world: &'a World, role: &str) -> Self {
        let mut caller = Self::new(world, Draft::new()).await;
        let payload = json!({"email": caller.draft.email, "role": role});
        world.invoke("admin-bootstrap", payload).await.expect("the role is given");
        caller.login().await;
        caller
    }

    pub async fn login(&mut self) {
        self.login_on(&Value::Null).await;
    }

    /// Signs in on a device; the answer.
    pub async fn login_on(&mut self, device: &Value) -> Value {
        let form = json!({"email": self.draft.email, "password": self.draft.password, "device": device});
        let tokens = self.world.call("auth-login", None, &[], &form).await.expect(200);
        self.access = token(&tokens, "access_token");
        self.refresh = token(&tokens, "refresh_token");
        self.world.settle(None).await;
        tokens
    }

    pub async fn call(&self, function: &str, path: &[(&str, &str)], body: &Value) -> EndpointReply {
        self.call_at(function, path, body, None).await
    }

    /// With the version that the caller read, if the route requires it.
    pub async fn call_at(
        &self,
        function: &str,
        path: &[(&str, &str)],
        body: &Value,
        version: Option<u64>,
    ) -> EndpointReply {
        let mut headers =
            vec![("content-type", "application/json".to_owned()), ("idempotency-key", format!("key-{}", tag()))];
        headers.extend(version.map(|version| ("if-match", format!("\"{version}\""))));
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let reply = self.world.send(function, Some(&self.access), path, &headers, body).await;
        assert!(reply.status < 500, "{function}: {reply:?}");
        reply
    }

    pub async fn upload(&self, number: &str) -> String {
        let fields = [("document_type", "passport"), ("document_number", number)];
        let (content_type, body) = multipart(&fields, &picture::page(number));
        let headers = [("content-type", content_type), ("idempotency-key", format!("key-{}", tag()))];
        let reply = self.world.send("kyc-upload-document", Some(&self.access), &[], &headers, body).await;
        let id = reply.expect(201)["id"].as_str().unwrap().to_owned();
        self.world.settle(None).await;
        id
    }

    /// Submits a check with a new passport; its id once the workers are done.
    pub async fn check(&self, number: &str) -> String {
        let document = self.upload(number).await;
        let check = self.call("kyc-create-check", &[], &json!({"document_ids": [document]})).await.expect(201);
        self.world.settle(None).await;
        check["id"].as_str().unwrap().to_owned()
    }

    /// The staff's view of a check once it is in review. Meanwhile the provider is polled.
    pub async fn seen_at_review(&self, id: &str) -> Value {
        until(&format!("check {id} to be at review"), async || {
            self.world.settle(None).await;
            let seen = self.seen(id).await;
            (seen["state"] == "in_review").then_some(seen)
        })
        .await
    }

    /// The staff's view of a check.
    pub async fn seen(&self, id: &str) -> Value {
        self.call("admin-get-check", &[("id", id)], &Value::Null).await.expect(200)
    }
}

pub fn token(tokens: &Value, name: &str) -> String {
    tokens[name].as_str().unwrap().to_owned()
}
