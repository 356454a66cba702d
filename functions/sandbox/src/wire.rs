//! The IDfy v3 task format, on the server side.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;
use verinym::{
    domain::{secret::Masked, time::Timestamp},
    error::{Error, Internal},
};

use crate::{
    scenario::{Odds, Plan, PlannedDecision},
    task::SandboxTask,
};

/// The only supported task.
pub const ACTION: &str = "verify_with_source";
pub const TYPE: &str = "sandbox_document";

const MAX_BODY: usize = 64 * 1024;
const MAX_TEXT: usize = 64;
const MAX_URL: usize = 2048;

/// Whether the response waits for the end of the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Sync,
    Async,
}

impl Mode {
    /// Parses `{mode}/{kind}/{task}` of the path. Unsupported values are 404.
    pub fn of_path(mode: &str, kind: &str, task: &str) -> Result<Self, SandboxError> {
        if (kind, task) != (ACTION, TYPE) {
            return Err(SandboxError::NotFound("the product is not enabled for this account"));
        }
        match mode {
            "sync" => Ok(Self::Sync),
            "async" => Ok(Self::Async),
            _ => Err(SandboxError::NotFound("no such mode")),
        }
    }
}

/// A request for a task. Only the data that the sandbox uses is read, so not the name and the date of birth.
#[derive(Debug, Deserialize)]
pub struct TaskRequest {
    pub task_id: Uuid,
    pub group_id: Uuid,
    pub data: TaskData,
}

#[derive(Debug, Deserialize)]
pub struct TaskData {
    document_type: String,
    document_number: Option<Masked<String>>,
    document_sha256: String,
    callback_url: Option<String>,
}

impl TaskRequest {
    /// Parses and checks a body. Error messages do not quote it.
    pub fn parse(body: &[u8]) -> Result<Self, SandboxError> {
        if body.len() > MAX_BODY {
            return Err(SandboxError::TooLarge);
        }
        let request: Self = serde_json::from_slice(body).map_err(|error| {
            SandboxError::BadRequest(format!("not a task: line {}, column {}", error.line(), error.column()))
        })?;
        request.data.check().map_err(|field| SandboxError::BadRequest(format!("data.{field} is invalid")))?;
        Ok(request)
    }

    /// The plan by the document number. A document without a number is approved.
    pub fn plan(&self, odds: Odds) -> Plan {
        Plan::of_number(self.data.document_number.as_ref().map_or("", |number| number.as_str()), odds)
    }

    /// URL for callbacks, if any.
    pub fn callback_url(&self) -> Option<&str> {
        self.data.callback_url.as_deref().filter(|url| !url.is_empty())
    }

    /// The requested task.
    pub fn task(&self, plan: Plan, now: Timestamp) -> SandboxTask {
        SandboxTask::new(self.task_id, self.group_id, self.callback_url(), plan, now)
    }
}

impl TaskData {
    /// Returns the name of the first invalid field as an error.
    fn check(&self) -> Result<(), &'static str> {
        if !(1..=MAX_TEXT).contains(&self.document_type.len()) {
            return Err("document_type");
        }
        if self.document_number.as_ref().is_some_and(|number| number.len() > MAX_TEXT) {
            return Err("document_number");
        }
        if self.document_sha256.len() != 64 || !self.document_sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err("document_sha256");
        }
        match self.callback_url.as_deref() {
            None | Some("") => Ok(()),
            Some(url) if url.len() <= MAX_URL && Url::parse(url).is_ok_and(|url| is_callable(&url)) => Ok(()),
            Some(_) => Err("callback_url"),
        }
    }
}

/// Whether the URL is HTTP and without credentials, which would be stored in the table.
fn is_callable(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty() && url.password().is_none()
}

/// A task in responses and callbacks.
#[derive(Debug, Serialize)]
pub struct TaskObject {
    action: &'static str,
    r#type: &'static str,
    status: &'static str,
    task_id: Uuid,
    group_id: Uuid,
    request_id: Uuid,
    created_at: Timestamp,
    /// Empty while the task is in progress.
    completed_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<TaskResult>,
}

#[derive(Debug, Serialize)]
struct TaskResult {
    source_output: SourceOutput,
}

#[derive(Debug, Serialize)]
struct SourceOutput {
    status: &'static str,
    decision: PlannedDecision,
    reasons: &'static [&'static str],
}

impl TaskObject {
    /// The state of the task at a time. After completion it does not change, so repeated callbacks have the same body.
    pub fn new(task: &SandboxTask, now: Timestamp) -> Self {
        let completed = task.completed_at() <= now;
        let decision = task.plan.decision;
        let output = SourceOutput { status: "id_found", decision, reasons: decision.reasons() };
        Self {
            action: ACTION,
            r#type: TYPE,
            status: if completed { "completed" } else { "in_progress" },
            task_id: task.task_id,
            group_id: task.group_id,
            request_id: task.request_id,
            created_at: task.created_at,
            completed_at: if completed { task.completed_at().to_string() } else { String::new() },
            result: completed.then_some(TaskResult { source_output: output }),
        }
    }
}

/// Why a request failed. The response has the error format of IDfy: `{"error", "message"}`.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("bad request: {0}")]
    BadRequest(String),
    #[error("wrong credentials")]
    Unauthorized,
    #[error("not found: {0}")]
    NotFound(&'static str),
    #[error("body too large")]
    TooLarge,
    /// Part of the scenario.
    #[error("simulated outage")]
    SimulatedOutage,
    /// An internal error, which is only logged.
    #[error(transparent)]
    Internal(#[from] Error),
}

impl From<Internal> for SandboxError {
    fn from(internal: Internal) -> Self {
        Self::Internal(internal.into())
    }
}

impl SandboxError {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::SimulatedOutage | Self::Internal(Error::Internal(Internal::Unavailable(_))) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The member `error` of the body.
    pub fn code(&self) -> &'static str {
        match self.status() {
            StatusCode::BAD_REQUEST => "BAD_REQUEST",
            StatusCode::UNAUTHORIZED => "UNAUTHORIZED",
            StatusCode::NOT_FOUND => "NOT_FOUND",
            StatusCode::PAYLOAD_TOO_LARGE => "PAYLOAD_TOO_LARGE",
            StatusCode::SERVICE_UNAVAILABLE => "SERVICE_UNAVAILABLE",
            _ => "INTERNAL_SERVER_ERROR",
        }
    }

    pub fn body(&self) -> Value {
        let message = match self {
            Self::BadRequest(message) => message,
            Self::Unauthorized => "api-key or account-id is wrong",
            Self::NotFound(message) => message,
            Self::TooLarge => "the body is too large",
            Self::SimulatedOutage | Self::Internal(_) => "try again later",
        };
        json!({"error": self.code(), "message": message})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{scenario::Scenario, task::tests::task};

    const CALLBACK: &str = "http://127.0.0.1:4566/_aws/execute-api/a/local/v1/providers/sandbox/webhook";

    fn body() -> Value {
        json!({
            "task_id": "a16cbb04-715d-8535-9a3d-2199dcc4e27f", "group_id": "01890a5d-ac96-774b-bcce-b302099a8057",
            "data": {
                "document_type": "passport", "document_number": "OK123456", "document_sha256": "ab".repeat(32),
                "name": "Ada Lovelace", "date_of_birth": "1815-12-10", "callback_url": CALLBACK,
            }
        })
    }

    fn with(field: &str, value: Value) -> Result<TaskRequest, SandboxError> {
        let mut body = body();
        body["data"][field] = value;
        TaskRequest::parse(body.to_string().as_bytes())
    }

    #[test]
    fn a_request_of_our_client_is_read_and_masked_in_logs() {
        let request = TaskRequest::parse(body().to_string().as_bytes()).unwrap();
        assert_eq!(request.task_id.to_string(), "a16cbb04-715d-8535-9a3d-2199dcc4e27f");
        assert_eq!(request.callback_url(), Some(CALLBACK));
        assert_eq!(request.plan(Odds::new(0, 0).unwrap()).scenario, Scenario::Ok);
        let shown = format!("{request:?}");
        for secret in ["OK123456", "Ada", "1815"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn a_document_without_a_number_is_approved() {
        for none in [Value::Null, json!("")] {
            let request = with("document_number", none).unwrap();
            let odds = Odds::new(0, 100).unwrap();
            assert_eq!(request.plan(odds), Plan { scenario: Scenario::Ok, decision: PlannedDecision::Approve });
        }
    }

    #[test]
    fn a_task_without_callback_url_is_accepted() {
        assert_eq!(with("callback_url", Value::Null).unwrap().callback_url(), None);
    }

    #[test]
    fn invalid_fields_are_named_and_not_quoted() {
        for (field, value) in [
            ("document_type", json!("")),
            ("document_number", json!("SECRET".repeat(11))),
            ("document_sha256", json!("SECRET")),
            ("callback_url", json!("ftp://SECRET.example/")),
            ("callback_url", json!("https://user:SECRET@example.com/")),
            ("callback_url", json!(format!("https://example.com/{}", "SECRET".repeat(400)))),
        ] {
            let error = with(field, value).unwrap_err();
            assert_eq!(error.status(), 400);
            let shown = error.body().to_string();
            assert!(shown.contains(field) && !shown.contains("SECRET"), "{shown}");
        }
    }

    #[test]
    fn a_body_that_is_not_a_task_is_a_bad_request_in_the_format_of_idfy() {
        for body in ["", "[]", "{", r#"{"task_id": "SECRET"}"#] {
            let error = TaskRequest::parse(body.as_bytes()).unwrap_err().body();
            assert_eq!(error["error"], "BAD_REQUEST");
            assert!(!error.to_string().contains("SECRET"));
        }
        let large = TaskRequest::parse(&vec![b' '; MAX_BODY + 1]).unwrap_err();
        assert_eq!((large.status().as_u16(), large.code()), (413, "PAYLOAD_TOO_LARGE"));
    }

    #[test]
    fn only_the_task_of_the_sandbox_is_supported() {
        assert_eq!(Mode::of_path("sync", ACTION, TYPE).unwrap(), Mode::Sync);
        assert_eq!(Mode::of_path("async", ACTION, TYPE).unwrap(), Mode::Async);
        for (mode, kind, task) in [("later", ACTION, TYPE), ("async", "extract", TYPE), ("async", ACTION, "ind_pan")] {
            assert_eq!(Mode::of_path(mode, kind, task).unwrap_err().status(), 404);
        }
    }

    #[test]
    fn internal_errors_are_not_disclosed() {
        let error = SandboxError::from(Internal::bug("table verinym-sandbox-tasks"));
        assert_eq!(error.body(), json!({"error": "INTERNAL_SERVER_ERROR", "message": "try again later"}));
        assert_eq!(SandboxError::from(Internal::unavailable("x")).status(), 503);
    }

    #[test]
    fn a_task_is_in_progress_and_then_completed_without_change() {
        let task = task("SLOW1");
        let read = |seconds| {
            let now = task.created_at + std::time::Duration::from_secs(seconds);
            serde_json::to_value(TaskObject::new(&task, now)).unwrap()
        };
        let before = read(19);
        assert_eq!((&before["status"], &before["completed_at"]), (&json!("in_progress"), &json!("")));
        assert!(before.get("result").is_none());
        let after = read(20);
        assert_eq!(
            after,
            json!({
                "action": "verify_with_source", "type": "sandbox_document", "status": "completed",
                "task_id": task.task_id, "group_id": task.group_id, "request_id": task.request_id,
                "created_at": "2026-03-01T09:30:00.000Z", "completed_at": "2026-03-01T09:30:20.000Z",
                "result": {"source_output": {"status": "id_found", "decision": "approve", "reasons": []}},
            })
        );
        assert_eq!(read(500), after);
    }
}
