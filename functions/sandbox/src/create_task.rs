//! `POST /v3/tasks/{mode}/{kind}/{task}`: creates a task and queues its callbacks.

use http::StatusCode;
use lambda_http::{Body, Request, RequestExt};
use serde_json::json;
use verinym::domain::time::Timestamp;

use crate::{
    callback,
    endpoint::SandboxResponse,
    scenario::PlannedOutage,
    service::Service,
    wire::{Mode, SandboxError, TaskObject, TaskRequest},
};

/// A repeated request with the same task id returns the same task, and queues callbacks that an interrupted request did not queue.
pub async fn create_task(service: &Service, request: Request) -> Result<SandboxResponse, SandboxError> {
    let path = request.path_parameters();
    let part = |name| path.first(name).unwrap_or_default();
    let mode = Mode::of_path(part("mode"), part("kind"), part("task"))?;
    let request = TaskRequest::parse(match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => &[],
    })?;

    let now = Timestamp::now();
    let plan = request.plan(service.config.odds);
    let tasks = service.tasks().await;
    let unavailable = match plan.outage() {
        PlannedOutage::Never => false,
        PlannedOutage::First(times) => tasks.count_refusal(request.task_id, times, now).await?,
        PlannedOutage::Always => true,
    };
    if unavailable {
        return Err(SandboxError::SimulatedOutage);
    }
    let task = tasks.create_or_get(request.task(plan, now)).await?;
    if !task.callbacks_queued {
        callback::enqueue(service, &task, now).await?;
        tasks.set_callbacks_queued(task.request_id).await?;
    }
    let response = if mode == Mode::Sync && task.completed_at() <= now {
        SandboxResponse::new(StatusCode::OK, &TaskObject::new(&task, now))
    } else {
        SandboxResponse::new(StatusCode::ACCEPTED, &json!({"request_id": task.request_id}))
    };
    Ok(response?.for_task(task.request_id))
}
