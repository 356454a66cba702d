//! The persons of these tests, made once for all areas, and the values of path parameters.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use verinym::crypto::random::RandomId;

use serde_json::{Value, json};
use tokio::sync::Mutex;
use verinym::domain::{
    id::{CheckId, ClientId, DeliveryId, DeviceId, DocumentId, HitId, LinkId, PasskeyId, SessionId, UserId, WebhookId},
    time::Timestamp,
};
use verinym_tests::{
    Client, Draft, Stack,
    client::ApiRequest,
    contract::Operation,
    passkey::SoftPasskey,
    people::tag,
    tokens::{self, Bad},
};

/// Two unrelated persons, and resources of one of them. Each test has connections of its own.
pub struct Cast {
    pub stack: Stack,
    pub caller: Client,
    pub admin: Client,
    pub auditor: Client,
    kept: Arc<Kept>,
}

/// What the tests of all areas share.
struct Kept {
    made: Instant,
    draft: Draft,
    caller: Value,
    auditor: Value,
    /// Resources of the other person.
    theirs: Ids,
    /// Ids that do not exist.
    nobodys: Ids,
    bad_of_caller: Vec<Bad>,
    bad_of_admin: Vec<Bad>,
}

pub struct Ids {
    pub check: String,
    pub document: String,
    pub session: String,
    pub device: String,
    pub passkey: String,
    pub hit: String,
    pub list: String,
    pub client: String,
    pub link: String,
    pub webhook: String,
    pub user: String,
}

/// Access tokens live 15 minutes.
const USABLE: Duration = Duration::from_mins(8);

static KEPT: Mutex<Option<Arc<Kept>>> = Mutex::const_new(None);

impl Kept {
    async fn new(stack: &Stack) -> Self {
        let (caller, other) = (stack.person().await, stack.person().await);
        let document = other.passport(&format!("OK-{}", tag())).await;
        let draft = json!({"document_ids": [document], "submit": false});
        let check = other.api.post("/v1/kyc/checks").json(&draft).send().await.expect(201).json();
        let endpoint = json!({"url": "https://hooks.example.com/", "events": ["kyc.*"]});
        let webhook = other.api.post("/v1/webhooks").json(&endpoint).send().await.expect(201).json();
        let form =
            json!({"email": other.draft.email, "password": other.draft.password, "device": {"fingerprint": tag()}});
        let device = stack.client().post("/v1/auth/login").json(&form).send().await.expect(200).json();
        let passkey = other.api.register_passkey(&mut SoftPasskey::new()).await.expect(201).json();
        let theirs = Ids {
            check: check["id"].as_str().unwrap().to_owned(),
            document,
            session: other.api.session_id().to_owned(),
            device: device["session"]["device_id"].as_str().unwrap().to_owned(),
            passkey: passkey["credential"]["id"].as_str().unwrap().to_owned(),
            hit: HitId::new(Timestamp::now()).to_string(),
            // Lists are everybody's; this one is only configured.
            list: "test_same".to_owned(),
            client: ClientId::new(Timestamp::now()).to_string(),
            link: LinkId::new(Timestamp::now()).to_string(),
            webhook: webhook["id"].as_str().unwrap().to_owned(),
            user: UserId::new(Timestamp::now()).to_string(),
        };
        let now = Timestamp::now();
        let nobodys = Ids {
            check: CheckId::new(now).to_string(),
            document: DocumentId::new(now).to_string(),
            session: SessionId::new(now).to_string(),
            device: DeviceId::new(now).to_string(),
            passkey: PasskeyId::new(now).to_string(),
            hit: HitId::new(now).to_string(),
            list: "nobodys_list".to_owned(),
            client: ClientId::new(now).to_string(),
            link: LinkId::new(now).to_string(),
            webhook: WebhookId::new(now).to_string(),
            user: UserId::new(now).to_string(),
        };
        let admin = stack.admin().await;
        Self {
            made: Instant::now(),
            draft: caller.draft,
            bad_of_caller: tokens::bad_tokens(stack, caller.api.token()).await,
            bad_of_admin: tokens::bad_tokens(stack, admin.token()).await,
            caller: caller.api.tokens,
            auditor: stack.auditor().await.tokens,
            theirs,
            nobodys,
        }
    }
}

impl Cast {
    pub async fn get() -> Self {
        let stack = Stack::get();
        let mut slot = KEPT.lock().await;
        let kept = match slot.take().filter(|kept| kept.made.elapsed() < USABLE) {
            Some(kept) => kept,
            None => Arc::new(Kept::new(&stack).await),
        };
        *slot = Some(kept.clone());
        let holding = |tokens: &Value| stack.client().holding(tokens.clone());
        Self {
            caller: holding(&kept.caller),
            // Some routes need a recent sign-in.
            admin: stack.admin().await,
            auditor: holding(&kept.auditor),
            stack,
            kept,
        }
    }

    pub fn theirs(&self) -> &Ids {
        &self.kept.theirs
    }

    pub fn nobodys(&self) -> &Ids {
        &self.kept.nobodys
    }

    /// What no response to a stranger may contain.
    pub fn personal_data(&self) -> [&str; 4] {
        let draft = &self.kept.draft;
        [&draft.email, &draft.given_name, &draft.family_name, &draft.date_of_birth]
    }

    /// A path with its parameters filled in.
    pub fn path(operation: &Operation, ids: &Ids) -> String {
        let mut path = operation.path.clone();
        if let Some(kind) = kind_of_id(&operation.path) {
            path = path.replace("{id}", ids.of(kind));
        }
        path = path.replace("{delivery}", &DeliveryId::new(Timestamp::now()).to_string());
        let provider = if path.starts_with("/v1/oauth/") { "google" } else { "sandbox" };
        path = path
            .replace("{name}", "nobodys-role")
            .replace("{provider}", provider)
            .replace("{file}", "reference.css")
            .replace("{code}", "not_found");
        assert!(!path.contains('{'), "{path}: tell the tests what stands for this parameter");
        path
    }

    /// A caller who may call this operation.
    pub fn entitled(&self, operation: &Operation) -> Client {
        match operation.permission() {
            "anonymous" => self.stack.client(),
            "signed-in" => self.caller.clone(),
            _ => self.admin.clone(),
        }
    }

    /// Bad tokens, made from a valid token of a caller who may call this operation.
    pub fn bad_tokens(&self, operation: &Operation) -> &[Bad] {
        if operation.permission() == "signed-in" { &self.kept.bad_of_caller } else { &self.kept.bad_of_admin }
    }
}

impl Ids {
    pub fn of(&self, kind: IdKind) -> &str {
        match kind {
            IdKind::Check => &self.check,
            IdKind::Document => &self.document,
            IdKind::Session => &self.session,
            IdKind::Device => &self.device,
            IdKind::Passkey => &self.passkey,
            IdKind::Hit => &self.hit,
            IdKind::List => &self.list,
            IdKind::Client => &self.client,
            IdKind::Link => &self.link,
            IdKind::Webhook => &self.webhook,
            IdKind::User => &self.user,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub enum IdKind {
    Check,
    Document,
    Session,
    Device,
    Passkey,
    Hit,
    List,
    Client,
    Link,
    Webhook,
    User,
}

/// What the `{id}` of a path names.
pub fn kind_of_id(path: &str) -> Option<IdKind> {
    if !path.contains("{id}") {
        None
    } else if path.starts_with("/v1/kyc/checks/") || path.starts_with("/v1/admin/kyc/checks/") {
        Some(IdKind::Check)
    } else if path.starts_with("/v1/kyc/documents/") {
        Some(IdKind::Document)
    } else if path.starts_with("/v1/sessions/") {
        Some(IdKind::Session)
    } else if path.starts_with("/v1/devices/") {
        Some(IdKind::Device)
    } else if path.starts_with("/v1/auth/webauthn/credentials/") {
        Some(IdKind::Passkey)
    } else if path.starts_with("/v1/aml/hits/") {
        Some(IdKind::Hit)
    } else if path.starts_with("/v1/aml/lists/") {
        Some(IdKind::List)
    } else if path.starts_with("/v1/admin/clients/") {
        Some(IdKind::Client)
    } else if path.starts_with("/v1/oauth/accounts/") {
        Some(IdKind::Link)
    } else if path.starts_with("/v1/webhooks/") {
        Some(IdKind::Webhook)
    } else if path.starts_with("/v1/admin/users/") || path.starts_with("/v1/admin/invitations/") {
        Some(IdKind::User)
    } else {
        panic!("{path}: tell the tests what its id names")
    }
}

/// A body that the operation would accept from the owner, if it has one.
pub fn sample(operation: &Operation) -> Option<Value> {
    match (operation.method.as_str(), operation.path.as_str()) {
        ("PUT", "/v1/kyc/checks/{id}") => Some(json!({"decision": "approve"})),
        ("POST", "/v1/kyc/checks/{id}/documents") => {
            Some(json!({"document_ids": [DocumentId::new(Timestamp::now()).to_string()]}))
        }
        ("POST", "/v1/aml/hits/{id}/decision") => Some(json!({"decision": "false_positive", "reason": "x"})),
        ("POST", "/v1/kyc/checks/{id}/notes") => Some(json!({"text": "x"})),
        ("PUT", "/v1/webhooks/{id}") => Some(json!({"url": "https://hooks.example.com/", "events": ["*"]})),
        ("POST", "/v1/webhooks/{id}/deliveries/retry") => Some(json!({"since": Timestamp::now().to_string()})),
        ("PUT", "/v1/admin/users/{id}/lock") => Some(json!({"reason": "other"})),
        ("PATCH", "/v1/auth/webauthn/credentials/{id}") => Some(json!({"name": "x"})),
        ("PUT", "/v1/devices/{id}/trust") => Some(json!({"trusted": true})),
        ("PUT", "/v1/admin/users/{id}/roles") => Some(json!({"roles": ["user"]})),
        (_, path) if operation.takes().is_some() && path.contains("{id}") => {
            panic!("{} {path}: tell the tests a body that it takes", operation.method)
        }
        _ => None,
    }
}

pub fn request(client: &Client, operation: &Operation, path: &str) -> ApiRequest {
    let request = client.call(operation.method.clone(), path);
    if operation.requires_if_match() { request.header("if-match", "\"1\"") } else { request }
}
