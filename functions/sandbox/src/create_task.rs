//! `POST /v3/tasks/{mode}/{kind}/{task}`: takes a task on, and sees to it that its end is reported.

use http::StatusCode;
use lambda_http::{Body, Request, RequestExt};
use serde_json::json;
use verinym::domain::time::Timestamp;

use crate::{
    callback,
    endpoint::Answer,
    scenario::PlannedOutage,
    service::Service,
    wire::{Fault, Mode, TaskObject, TaskRequest},
};

/// Asked again for the same task id, it answers for the same task, and queues what a death in between left unqueued.
pub async fn create_task(service: &Service, request: Request) -> Result<Answer, Fault> {
    let path = request.path_parameters();
    let part = |name| path.first(name).unwrap_or_default();
    let mode = Mode::of_path(part("mode"), part("kind"), part("task"))?;
    let asked = TaskRequest::parse(match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => &[],
    })?;

    let now = Timestamp::now();
    let plan = asked.plan(service.config.odds);
    let tasks = service.tasks().await;
    let refused = match plan.unavailable() {
        PlannedOutage::Never => false,
        PlannedOutage::First(times) => tasks.refuses(asked.task_id, times, now).await?,
        PlannedOutage::Always => true,
    };
    if refused {
        return Err(Fault::PlayedUnavailable);
    }
    let task = tasks.take_on(asked.task(plan, now)).await?;
    if !task.callbacks_queued {
        callback::queue(service, &task, now).await?;
        tasks.callbacks_queued(task.request_id).await?;
    }
    let answer = if mode == Mode::Sync && task.completed_at() <= now {
        Answer::new(StatusCode::OK, &TaskObject::new(&task, now))
    } else {
        Answer::new(StatusCode::ACCEPTED, &json!({"request_id": task.request_id}))
    };
    Ok(answer?.about(task.request_id))
}
