//! The JSON format of IDfy v3 tasks, and its translation.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::time::Timestamp,
    providers::{
        Callback, MalformedCallback, ProviderError, ProviderResult, Reference, Submission, Submitted, TaskProgress,
    },
};

const MAX_CALLBACK: usize = 64 * 1024;
const MAX_REASONS: usize = 16;
/// Replaces a reason that is missing or not a code.
const UNSPECIFIED: &str = "unspecified";
/// Reason if the provider finished without a clear result.
const UNCLEAR: &str = "result_unclear";

#[derive(Serialize)]
struct TaskRequest<'a> {
    task_id: Uuid,
    group_id: Uuid,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    document_type: &'a str,
    document_number: Option<&'a str>,
    document_sha256: &'a str,
    name: &'a str,
    date_of_birth: Option<&'a str>,
    callback_url: &'a str,
}

/// A task in responses and callbacks. Fields differ between accounts, so none is required and unknown fields are ignored.
#[derive(Deserialize)]
struct Task {
    request_id: Option<String>,
    status: Option<String>,
    completed_at: Option<String>,
    result: Option<TaskResult>,
}

#[derive(Deserialize)]
struct TaskResult {
    source_output: Option<SourceOutput>,
}

#[derive(Deserialize)]
struct SourceOutput {
    status: Option<String>,
    decision: Option<String>,
    #[serde(default)]
    reasons: Vec<String>,
}

/// The body of a new task.
pub(super) fn submission(submission: &Submission) -> Result<Vec<u8>, ProviderError> {
    let request = TaskRequest {
        task_id: submission.key.task_id(),
        group_id: submission.key.check.uuid(),
        data: Data {
            document_type: &submission.document_type,
            document_number: submission.document_number.as_ref().map(|number| number.as_str()),
            document_sha256: &submission.document_sha256,
            name: &submission.name,
            date_of_birth: submission.date_of_birth.as_ref().map(|date| date.as_str()),
            callback_url: &submission.callback_url,
        },
    };
    serde_json::to_vec(&request).map_err(|_| ProviderError::Malformed("the task cannot be serialised"))
}

/// Reads the response to a new task: only `{request_id}`, or the whole task if it is already done.
pub(super) fn submitted(body: &[u8]) -> Result<Submitted, ProviderError> {
    let task: Task = serde_json::from_slice(body).map_err(|_| ProviderError::Malformed("not a task"))?;
    let reference = task.reference().ok_or(ProviderError::Malformed("no request id"))?;
    let progress = if task.status.is_some() { task.progress()? } else { TaskProgress::Pending };
    Ok(Submitted { reference, progress })
}

/// Reads the response to a fetch: an array of tasks, of which only the requested one is used.
pub(super) fn fetched(body: &[u8], reference: &Reference) -> Result<TaskProgress, ProviderError> {
    let tasks: Vec<Task> =
        serde_json::from_slice(body).map_err(|_| ProviderError::Malformed("not an array of tasks"))?;
    let requested = |task: &&Task| task.request_id.as_deref() == Some(reference.as_str());
    tasks.iter().find(requested).ok_or(ProviderError::UnknownReference)?.progress()
}

/// Reads a callback, which contains the task. Only its id and time are used.
pub(super) fn callback(body: &[u8]) -> Result<Callback, MalformedCallback> {
    if body.len() > MAX_CALLBACK {
        return Err(MalformedCallback);
    }
    let task: Task = serde_json::from_slice(body).map_err(|_| MalformedCallback)?;
    let event_time = task.completed_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    Ok(Callback { reference: task.reference().ok_or(MalformedCallback)?, event_time })
}

impl Task {
    fn reference(&self) -> Option<Reference> {
        self.request_id.as_deref()?.parse().ok()
    }

    fn progress(&self) -> Result<TaskProgress, ProviderError> {
        match self.status.as_deref() {
            Some("in_progress") => Ok(TaskProgress::Pending),
            Some("failed") => Ok(TaskProgress::Failed),
            Some("completed") => Ok(self.result.as_ref().and_then(|result| result.source_output.as_ref()).map_or_else(
                || TaskProgress::Done(ProviderResult::Review { reasons: vec![UNCLEAR.to_owned()] }),
                SourceOutput::progress,
            )),
            _ => Err(ProviderError::Malformed("unknown task status")),
        }
    }
}

impl SourceOutput {
    fn progress(&self) -> TaskProgress {
        let found = self.status.as_deref();
        TaskProgress::Done(match self.decision.as_deref() {
            _ if found == Some("source_down") => return TaskProgress::Failed,
            // An approval needs a source that knows the document.
            Some("approve") if found == Some("id_found") => ProviderResult::Approve,
            Some("reject") => ProviderResult::Reject { reasons: self.reasons() },
            Some("review") => ProviderResult::Review { reasons: self.reasons() },
            _ if found == Some("id_not_found") => ProviderResult::Review { reasons: vec!["id_not_found".to_owned()] },
            _ => ProviderResult::Review { reasons: vec![UNCLEAR.to_owned()] },
        })
    }

    /// The reasons as codes. Other texts may contain personal data, so they are replaced.
    fn reasons(&self) -> Vec<String> {
        let is_code = |text: &str| {
            let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            plain && (1..=64).contains(&text.len())
        };
        let code = |text: &String| if is_code(text) { text.clone() } else { UNSPECIFIED.to_owned() };
        let mut reasons: Vec<String> = self.reasons.iter().take(MAX_REASONS).map(code).collect();
        reasons.dedup();
        if reasons.is_empty() {
            reasons.push(UNSPECIFIED.to_owned());
        }
        reasons
    }
}
