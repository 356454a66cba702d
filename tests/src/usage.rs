//! The AWS calls of the functions, from the line that each invocation logs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::aws::Aws;

/// Areas, each with a log group of its own.
pub const AREAS: [&str; 8] = ["auth", "account", "kyc", "aml", "webhooks", "admin", "platform", "workers"];

/// One invocation.
#[derive(Debug, Clone)]
pub struct LoggedInvocation {
    pub function: String,
    pub outcome: String,
    pub round_trips: u64,
    /// How often each IAM action was called.
    pub calls: BTreeMap<String, u64>,
}

/// Every invocation logged so far, oldest first within an area.
pub async fn invocations(aws: &Aws) -> Vec<LoggedInvocation> {
    let mut all = Vec::new();
    for area in AREAS {
        all.extend(aws.log(area).await.iter().filter_map(|line| parse(line)));
    }
    all
}

/// Parses a line of a function's log; `None` if it is not the line of an invocation.
pub fn parse(line: &str) -> Option<LoggedInvocation> {
    let line: Value = serde_json::from_str(line.trim()).ok()?;
    let calls = line.get("aws")?.as_object()?;
    Some(LoggedInvocation {
        function: line["function"].as_str()?.to_owned(),
        outcome: line["outcome"].as_str()?.to_owned(),
        round_trips: line["round_trips"].as_u64()?,
        calls: calls.iter().filter_map(|(action, count)| Some((permission(action), count.as_u64()?))).collect(),
    })
}

/// Actions each function used.
pub fn used(invocations: &[LoggedInvocation]) -> BTreeMap<String, BTreeSet<String>> {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for invocation in invocations {
        used.entry(invocation.function.clone()).or_default().extend(invocation.calls.keys().cloned());
    }
    used
}

/// The permission that a call needs, if its name differs from the call's. Names of buckets are without account and region.
fn permission(call: &str) -> String {
    let (action, resource) = call.trim().split_once(' ').unwrap_or((call.trim(), ""));
    let action = match action {
        "s3:HeadObject" => "s3:GetObject",
        "s3:HeadBucket" | "s3:ListObjectsV2" => "s3:ListBucket",
        "s3:DeleteObjects" => "s3:DeleteObject",
        "sqs:SendMessageBatch" => "sqs:SendMessage",
        other => other,
    };
    match (action.starts_with("s3:"), resource.split_once('-')) {
        (true, Some((bucket, rest))) => match rest.split_once('/') {
            Some((_, folder)) => format!("{action} {bucket}/{folder}"),
            None => format!("{action} {bucket}"),
        },
        _ => format!("{action} {resource}").trim_end().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_and_anything_else_is_not() {
        let line = r#"{"function":"kyc-status","outcome":"ok","round_trips":1,"aws":{"s3:HeadBucket documents-000000000000-eu-central-1":2}}"#;
        let read = parse(line).unwrap();
        assert_eq!((read.function.as_str(), read.round_trips), ("kyc-status", 1));
        assert_eq!(read.calls.into_iter().collect::<Vec<_>>(), [("s3:ListBucket documents".to_owned(), 2)]);
        assert!(parse("START RequestId: 1").is_none());
        assert!(parse(r#"{"message":"failed"}"#).is_none());
    }
}
