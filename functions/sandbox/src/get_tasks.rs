//! `GET /v3/tasks?request_id=…`: the state of a task, as an array of at most one task.

use http::StatusCode;
use lambda_http::{Request, RequestExt};
use uuid::Uuid;
use verinym::domain::time::Timestamp;

use crate::{
    endpoint::SandboxResponse,
    service::Service,
    wire::{SandboxError, TaskObject},
};

pub async fn get_tasks(service: &Service, request: Request) -> Result<SandboxResponse, SandboxError> {
    let query = request.query_string_parameters();
    let text = query.first("request_id").ok_or_else(|| SandboxError::BadRequest("request_id is missing".to_owned()))?;
    // A malformed id is an unknown id.
    let Ok(request_id) = text.parse::<Uuid>() else { return SandboxResponse::new(StatusCode::OK, &[(); 0]) };
    let task = service.tasks().await.find(request_id).await?;
    let now = Timestamp::now();
    let found: Vec<TaskObject> = task.iter().map(|task| TaskObject::new(task, now)).collect();
    Ok(SandboxResponse::new(StatusCode::OK, &found)?.for_task(request_id))
}
