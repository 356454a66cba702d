//! The permissions that a request to AWS needs, in the form of the functions' log: `dynamodb:PutItem kyc`.
//!
//! They are derived from the HTTP request and not from the code's own count, so that the two can be compared.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;
use verinym::config::names::Queue;

/// The last part of each deployed name but those of queues, whatever stands before it (a stack's name, a test's).
const NAMES: [&str; 13] = [
    "identity",
    "keys",
    "kyc",
    "events",
    "outbound",
    "ephemeral",
    "signing",
    "tokens",
    "token-keys",
    "indexes",
    "provider-sandbox",
    "sign-in-providers",
    "public-keys",
];

/// The permissions that a request needs; several for a transaction or a batch.
pub fn permissions(request: &HttpRequest) -> Vec<String> {
    let body: Value = request.body().bytes().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
    let Some(call) = request.headers().get("x-amz-target") else { return of_rest(request) };
    let operation = call.rsplit('.').next().unwrap_or_default();
    match service(request) {
        "dynamodb" => of_dynamodb(operation, &body),
        "sqs" => {
            let url = body["QueueUrl"].as_str().unwrap_or_default();
            vec![format!("sqs:{operation} {}", logical(url.rsplit('/').next().unwrap_or_default()))]
        }
        "secretsmanager" => {
            let id = body["SecretId"].as_str().unwrap_or_default();
            let name = id.rsplit(":secret:").next().unwrap_or_default();
            // An ARN ends with six random characters.
            let name = if id.starts_with("arn:") { name.rsplit_once('-').map_or(name, |(name, _)| name) } else { name };
            vec![format!("secretsmanager:{operation} {}", logical(name))]
        }
        "kms" => match body["EncryptionContext"]["purpose"].as_str() {
            Some(purpose) => vec![format!("kms:{operation} key/{purpose}")],
            None => vec![format!("kms:{operation}")],
        },
        other => vec![format!("{other}:{operation}")],
    }
}

fn of_dynamodb(operation: &str, body: &Value) -> Vec<String> {
    let named = |verb: &str, table: &Value| format!("dynamodb:{verb} {}", logical(table.as_str().unwrap_or_default()));
    match operation {
        "TransactWriteItems" => {
            let verbs = [
                ("Put", "PutItem"),
                ("Update", "UpdateItem"),
                ("Delete", "DeleteItem"),
                ("ConditionCheck", "ConditionCheckItem"),
            ];
            let items = body["TransactItems"].as_array().into_iter().flatten();
            items
                .flat_map(|item| verbs.map(|(part, verb)| (verb, &item[part]["TableName"])))
                .filter(|(_, table)| table.is_string())
                .map(|(verb, table)| named(verb, table))
                .collect()
        }
        "BatchGetItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flat_map(|tables| tables.keys());
            tables.map(|table| format!("dynamodb:BatchGetItem {}", logical(table))).collect()
        }
        _ => match body["IndexName"].as_str() {
            Some(index) => vec![format!("{}/{index}", named(operation, &body["TableName"]))],
            None => vec![named(operation, &body["TableName"])],
        },
    }
}

/// S3 (path style) and the query protocol of SES and SNS.
fn of_rest(request: &HttpRequest) -> Vec<String> {
    if service(request) != "s3" {
        let form = request.body().bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        let action = form.split('&').find_map(|field| field.strip_prefix("Action=")).unwrap_or_default();
        return vec![format!("{}:{action}", if action == "Publish" { "sns" } else { "ses" })];
    }
    let path = request.uri().splitn(4, '/').nth(3).unwrap_or_default();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let bucket = bucket_name(bucket);
    if key.is_empty() || query.contains("list-type") {
        return vec![format!("s3:ListBucket {bucket}")];
    }
    let verb = match request.method() {
        "PUT" => "PutObject",
        "DELETE" => "DeleteObject",
        _ => "GetObject",
    };
    vec![format!("s3:{verb} {bucket}/{}", key.split('/').next().unwrap_or_default())]
}

/// `verinym-documents-000000000000-eu-central-1` is `documents`.
fn bucket_name(bucket: &str) -> String {
    ["documents", "lists"].into_iter().find(|name| bucket.contains(name)).unwrap_or(bucket).to_owned()
}

/// The name without what stands before it: the longest known one that it ends with. A queue for dead letters has the name of its
/// queue and `-dead`.
fn logical(name: &str) -> &str {
    let living = name.strip_suffix("-dead").unwrap_or(name);
    let known = NAMES.into_iter().chain(Queue::ALL.iter().map(|queue| queue.as_str()));
    let ends = known.filter(|known| living.strip_suffix(known).is_some_and(|before| before.ends_with('-')));
    ends.map(str::len).max().map_or(name, |length| &name[living.len() - length..])
}

/// The service that a request was signed for.
pub fn service(request: &HttpRequest) -> &str {
    let credential = request.headers().get("authorization").unwrap_or_default();
    credential.split('/').nth(3).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(service: &str, target: Option<&str>, uri: &str, body: &str) -> HttpRequest {
        let mut request = HttpRequest::new(body.as_bytes().to_vec().into());
        request.set_uri(uri.to_owned()).unwrap();
        let credential = format!("AWS4-HMAC-SHA256 Credential=AK/20260101/eu-central-1/{service}/aws4_request");
        request.headers_mut().insert("authorization", credential);
        if let Some(target) = target {
            request.headers_mut().insert("x-amz-target", target.to_owned());
        }
        request
    }

    #[test]
    fn a_transaction_needs_the_permission_of_each_part() {
        let body =
            r#"{"TransactItems": [{"Put": {"TableName": "s-kyc"}}, {"ConditionCheck": {"TableName": "s-identity"}}]}"#;
        let request = request("dynamodb", Some("DynamoDB_20120810.TransactWriteItems"), "http://h/", body);
        assert_eq!(permissions(&request), ["dynamodb:PutItem kyc", "dynamodb:ConditionCheckItem identity"]);
    }

    #[test]
    fn an_index_a_dead_letter_queue_and_a_folder_are_named() {
        let query = request(
            "dynamodb",
            Some("DynamoDB_20120810.Query"),
            "http://h/",
            r#"{"TableName": "s-kyc", "IndexName": "by_state"}"#,
        );
        assert_eq!(permissions(&query), ["dynamodb:Query kyc/by_state"]);
        let queue = request(
            "sqs",
            Some("AmazonSQS.GetQueueAttributes"),
            "http://h/",
            r#"{"QueueUrl": "http://h/0/s-lists-dead"}"#,
        );
        assert_eq!(permissions(&queue), ["sqs:GetQueueAttributes lists-dead"]);
        let object = request("s3", None, "http://h:1/s-lists-000000000000-eu-central-1/artifacts/1?x-id=GetObject", "");
        assert_eq!(permissions(&object), ["s3:GetObject lists/artifacts"]);
    }
}
