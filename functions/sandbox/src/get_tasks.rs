//! `GET /v3/tasks?request_id=…`: how a task stands, as an array of one or none.

use http::StatusCode;
use lambda_http::{Request, RequestExt};
use uuid::Uuid;
use verinym::domain::time::Timestamp;

use crate::{
    endpoint::Answer,
    service::Service,
    wire::{Fault, TaskObject},
};

pub async fn get_tasks(service: &Service, request: Request) -> Result<Answer, Fault> {
    let query = request.query_string_parameters();
    let asked = query.first("request_id").ok_or_else(|| Fault::BadRequest("request_id is missing".to_owned()))?;
    // An id that cannot be ours is just unknown.
    let Ok(request_id) = asked.parse::<Uuid>() else { return Answer::new(StatusCode::OK, &[(); 0]) };
    let task = service.tasks().await.find(request_id).await?;
    let now = Timestamp::now();
    let found: Vec<TaskObject> = task.iter().map(|task| TaskObject::new(task, now)).collect();
    Ok(Answer::new(StatusCode::OK, &found)?.about(request_id))
}
