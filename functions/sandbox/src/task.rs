//! Tasks and their table.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    operation::{put_item::PutItemError, update_item::UpdateItemError},
    types::ReturnValuesOnConditionCheckFailure::AllOld,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use verinym::{
    domain::time::Timestamp,
    error::{Internal, Result},
    store::item::{Item, Key, keyed, number, read},
};

use crate::scenario::Plan;

/// How long a task is stored: longer than any customer fetches it.
const RETENTION: Duration = Duration::from_hours(7 * 24);

/// A created task. It contains no data of the person, and only the plan for the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub request_id: Uuid,
    /// The ids of the customer.
    pub task_id: Uuid,
    pub group_id: Uuid,
    pub plan: Plan,
    /// URL for callbacks.
    pub callback_url: Option<String>,
    pub created_at: Timestamp,
    /// Whether all callbacks are in the queue. Until then, a repeated request queues them (again).
    pub callbacks_queued: bool,
}

impl Task {
    /// A new task.
    pub fn new(task_id: Uuid, group_id: Uuid, callback_url: Option<&str>, plan: Plan, now: Timestamp) -> Self {
        let callback_url = callback_url.map(str::to_owned);
        let no_callbacks = callback_url.is_none() || plan.callbacks().is_empty();
        Self {
            request_id: request_id(task_id),
            task_id,
            group_id,
            plan,
            callback_url,
            created_at: now,
            callbacks_queued: no_callbacks,
        }
    }

    pub fn completed_at(&self) -> Timestamp {
        self.created_at + self.plan.completes_after()
    }
}

/// The request id: a UUID (version 8) made of the SHA-256 of the task id, so one key finds the task by either id.
fn request_id(task_id: Uuid) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(b"verinym.sandbox-request.v1\0");
    hash.update(task_id.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The table of tasks.
#[derive(Debug)]
pub struct Tasks {
    db: Client,
    table: String,
}

impl Tasks {
    pub fn new(db: Client, table: &str) -> Self {
        Self { db, table: table.to_owned() }
    }

    /// Creates a task. If a task with this id exists already, returns the existing task.
    pub async fn create_or_get(&self, task: Task) -> Result<Task> {
        let mut item = keyed(&key(task.request_id), &task)?;
        item.insert("expires".to_owned(), number((task.created_at + RETENTION).unix_seconds()));
        let put = self
            .db
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(AllOld)
            .send()
            .await;
        match put {
            Ok(_) => Ok(task),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    read(failed.item.clone().unwrap_or_default())
                }
                _ => Err(Internal::aws("create task", &error).into()),
            },
        }
    }

    pub async fn find(&self, request_id: Uuid) -> Result<Option<Task>> {
        let get = self.db.get_item().table_name(&self.table).set_key(Some(key(request_id).to_item()));
        let response = get.consistent_read(true).send().await.map_err(|error| Internal::aws("find task", &error))?;
        response.item.map(read).transpose()
    }

    /// Records that the callbacks of the task are in the queue.
    pub async fn set_callbacks_queued(&self, request_id: Uuid) -> Result<()> {
        self.db
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(request_id).to_item()))
            .update_expression("SET callbacks_queued = :yes")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":yes", aws_sdk_dynamodb::types::AttributeValue::Bool(true))
            .send()
            .await
            .map_err(|error| Internal::aws("record queued callbacks", &error))?;
        Ok(())
    }

    /// Counts a refusal of this task and returns `true`, unless it was refused `times` times already.
    pub async fn count_refusal(&self, task_id: Uuid, times: u32, now: Timestamp) -> Result<bool> {
        let counted = self
            .db
            .update_item()
            .table_name(&self.table)
            .set_key(Some(refusals_key(task_id)))
            .update_expression("SET expires = :expires ADD refused :one")
            .condition_expression("attribute_not_exists(refused) OR refused < :times")
            .expression_attribute_values(":expires", number((now + RETENTION).unix_seconds()))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":times", number(times))
            .send()
            .await;
        match counted {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(Internal::aws("count refusal", &error).into()),
            },
        }
    }
}

fn key(request_id: Uuid) -> Key {
    Key::of(format!("TASK#{request_id}"))
}

fn refusals_key(task_id: Uuid) -> Item {
    Key::of(format!("REFUSED#{task_id}")).to_item()
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;
    use crate::{scenario::Odds, wire::TaskRequest};

    const AT: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    pub(crate) fn request(document_number: &str) -> TaskRequest {
        let body = json!({
            "task_id": "a16cbb04-715d-8535-9a3d-2199dcc4e27f", "group_id": "01890a5d-ac96-774b-bcce-b302099a8057",
            "data": {
                "document_type": "passport", "document_number": document_number, "document_sha256": "ab".repeat(32),
                "name": "Ada Lovelace", "date_of_birth": "1815-12-10", "callback_url": "https://api.example/webhook",
            }
        });
        TaskRequest::parse(body.to_string().as_bytes()).unwrap()
    }

    pub(crate) fn task(document_number: &str) -> Task {
        let request = request(document_number);
        request.task(request.plan(Odds::new(0, 0).unwrap()), AT)
    }

    #[test]
    fn a_task_id_has_one_request_id_in_every_release() {
        assert_eq!(task("OK1").request_id, task("BAD1").request_id);
        assert_eq!(task("OK1").request_id.to_string(), "b31252fa-6345-802d-9c04-ace991e39bed");
    }

    #[test]
    fn no_data_of_the_person_is_stored() {
        let stored = serde_json::to_string(&task("OK123456")).unwrap();
        for secret in ["OK123456", "Ada", "1815"] {
            assert!(!stored.contains(secret), "{stored}");
        }
    }

    #[test]
    fn a_task_without_callbacks_has_nothing_to_queue() {
        assert!(task("SILENT1").callbacks_queued);
        assert!(!task("OK1").callbacks_queued);
    }
}
