//! The needs of a function: IAM grants and sections of the configuration.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::{
    config::{
        Section,
        names::{Bucket, Queue, SecretId},
    },
    store::{Table, kek::KeyPurpose},
};

/// An AWS resource of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AwsResource {
    Table(Table),
    /// An index of a table, by name.
    Index(Table, &'static str),
    OutboxStream,
    /// Any resource, for actions that IAM cannot restrict.
    Anything,
    Secret(SecretId),
    Queue(Queue),
    DeadLetters(Queue),
    /// A bucket without its objects.
    Bucket(Bucket),
    /// The objects of a bucket in a top-level folder.
    Folder(Bucket, &'static str),
    /// The KMS data key, with this purpose in the encryption context.
    KeysOf(KeyPurpose),
    /// The description of the KMS data key.
    DataKey,
    /// The allowed sender addresses of mail.
    MailIdentities,
    /// Phones: whatever a message may be published to that is no topic.
    TextMessages,
    /// The log group of an area.
    Logs(&'static str),
}

/// An IAM action on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    pub resource: AwsResource,
    pub action: &'static str,
}

/// In the form of the log line of an invocation: `dynamodb:PutItem kyc`, see [`crate::telemetry`]; only the action where the log line
/// names no resource.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.action)?;
        match self.resource {
            AwsResource::Table(table) => write!(f, " {}", table.logical()),
            AwsResource::Index(table, index) => write!(f, " {}/{index}", table.logical()),
            AwsResource::Secret(secret) => write!(f, " {}", secret.name()),
            AwsResource::Queue(queue) => write!(f, " {}", queue.as_str()),
            AwsResource::DeadLetters(queue) => write!(f, " {}-dead", queue.as_str()),
            AwsResource::Bucket(bucket) => write!(f, " {}", bucket.name()),
            AwsResource::Folder(bucket, folder) => write!(f, " {}/{folder}", bucket.name()),
            AwsResource::KeysOf(purpose) => write!(f, " key/{}", purpose.name()),
            AwsResource::OutboxStream
            | AwsResource::Anything
            | AwsResource::DataKey
            | AwsResource::MailIdentities
            | AwsResource::TextMessages
            | AwsResource::Logs(_) => Ok(()),
        }
    }
}

/// Occasion of grants that Lambda uses with the role of the function.
const BY_LAMBDA: &str = "Lambda uses the role of the function";

/// The needs of a function. Grants for logs, rate limits, access tokens, idempotency and the function's own queue are not declared
/// here: they follow from the rest of the declaration.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// Grants, with the occasion of a grant that is rarely used.
    grants: BTreeMap<Grant, Option<&'static str>>,
    sections: BTreeSet<Section>,
}

impl Needs {
    pub const fn new() -> Self {
        Self { grants: BTreeMap::new(), sections: BTreeSet::new() }
    }

    /// Uses a section of the configuration.
    #[must_use]
    pub fn reads(mut self, section: Section) -> Self {
        self.sections.insert(section);
        self
    }

    /// Adds needs of a rare occasion, which the tests do not have to cover.
    #[must_use]
    pub fn rarely(self, occasion: &'static str, mut rare: Self) -> Self {
        for known in rare.grants.values_mut() {
            *known = Some(occasion);
        }
        self.and(rare)
    }

    /// Combines both. A grant is rare only if both declare it as rare.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (grant, occasion) in other.grants {
            let known = self.grants.entry(grant).or_insert(occasion);
            *known = known.and(occasion);
        }
        self.sections.extend(other.sections);
        self
    }

    /// Whether the function commits events.
    pub fn commits(&self) -> bool {
        let event = Grant { resource: AwsResource::Table(Table::Events), action: "dynamodb:PutItem" };
        self.grants.contains_key(&event)
    }

    fn grant(mut self, action: &'static str, resource: AwsResource) -> Self {
        self.grants.insert(Grant { resource, action }, None);
        self
    }

    /// Reads one item.
    #[must_use]
    pub fn get(self, table: Table) -> Self {
        self.grant("dynamodb:GetItem", AwsResource::Table(table))
    }

    /// Reads several items by key, possibly of several tables.
    #[must_use]
    pub fn get_many(self, table: Table) -> Self {
        self.grant("dynamodb:BatchGetItem", AwsResource::Table(table))
    }

    #[must_use]
    pub fn query(self, table: Table) -> Self {
        self.grant("dynamodb:Query", AwsResource::Table(table))
    }

    #[must_use]
    pub fn query_index(self, table: Table, index: &'static str) -> Self {
        self.grant("dynamodb:Query", AwsResource::Index(table, index))
    }

    #[must_use]
    pub fn scan(self, table: Table) -> Self {
        self.grant("dynamodb:Scan", AwsResource::Table(table))
    }

    /// Creates or replaces an item.
    #[must_use]
    pub fn put(self, table: Table) -> Self {
        self.grant("dynamodb:PutItem", AwsResource::Table(table))
    }

    #[must_use]
    pub fn update(self, table: Table) -> Self {
        self.grant("dynamodb:UpdateItem", AwsResource::Table(table))
    }

    #[must_use]
    pub fn delete(self, table: Table) -> Self {
        self.grant("dynamodb:DeleteItem", AwsResource::Table(table))
    }

    /// Checks the condition of an item in a transaction.
    #[must_use]
    pub fn check(self, table: Table) -> Self {
        self.grant("dynamodb:ConditionCheckItem", AwsResource::Table(table))
    }

    #[must_use]
    pub fn read_outbox_stream(self) -> Self {
        let listed = Self::new().grant("dynamodb:ListStreams", AwsResource::Anything);
        let read = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
            .into_iter()
            .fold(listed, |needs, action| needs.grant(action, AwsResource::OutboxStream));
        self.rarely(BY_LAMBDA, read)
    }

    #[must_use]
    pub fn read_secret(self, secret: SecretId) -> Self {
        self.grant("secretsmanager:GetSecretValue", AwsResource::Secret(secret))
    }

    #[must_use]
    pub fn write_secret(self, secret: SecretId) -> Self {
        self.grant("secretsmanager:PutSecretValue", AwsResource::Secret(secret))
    }

    #[must_use]
    pub fn send(self, queue: Queue) -> Self {
        self.grant("sqs:SendMessage", AwsResource::Queue(queue))
    }

    /// Reads the number of messages in a queue.
    #[must_use]
    pub fn count_messages(self, queue: Queue) -> Self {
        self.grant("sqs:GetQueueAttributes", AwsResource::Queue(queue))
    }

    #[must_use]
    pub fn count_dead_letters(self, queue: Queue) -> Self {
        self.grant("sqs:GetQueueAttributes", AwsResource::DeadLetters(queue))
    }

    /// Receives the messages of a queue; Lambda does this with the role of the function.
    #[must_use]
    pub fn consume(self, queue: Queue) -> Self {
        let consumed =
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
                .into_iter()
                .fold(Self::new(), |needs, action| needs.grant(action, AwsResource::Queue(queue)));
        self.rarely(BY_LAMBDA, consumed)
    }

    /// Reads objects in a folder. Without the permission to list the bucket, S3 responds 403 for a missing object instead of 404.
    #[must_use]
    pub fn get_objects(self, bucket: Bucket, folder: &'static str) -> Self {
        self.grant("s3:GetObject", AwsResource::Folder(bucket, folder))
            .rarely("an object is missing", Self::new().list_objects(bucket))
    }

    #[must_use]
    pub fn put_objects(self, bucket: Bucket, folder: &'static str) -> Self {
        self.grant("s3:PutObject", AwsResource::Folder(bucket, folder))
    }

    #[must_use]
    pub fn delete_objects(self, bucket: Bucket, folder: &'static str) -> Self {
        self.grant("s3:DeleteObject", AwsResource::Folder(bucket, folder))
    }

    #[must_use]
    pub fn list_objects(self, bucket: Bucket) -> Self {
        self.grant("s3:ListBucket", AwsResource::Bucket(bucket))
    }

    /// Unwraps root keys of a purpose.
    #[must_use]
    pub fn unwrap_root_keys(self, purpose: KeyPurpose) -> Self {
        self.grant("kms:Decrypt", AwsResource::KeysOf(purpose))
    }

    /// Creates root keys of a purpose.
    #[must_use]
    pub fn make_root_keys(self, purpose: KeyPurpose) -> Self {
        self.grant("kms:GenerateDataKeyWithoutPlaintext", AwsResource::KeysOf(purpose))
    }

    #[must_use]
    pub fn describe_data_key(self) -> Self {
        self.grant("kms:DescribeKey", AwsResource::DataKey)
    }

    #[must_use]
    pub fn send_mail(self) -> Self {
        self.grant("ses:SendEmail", AwsResource::MailIdentities)
    }

    #[must_use]
    pub fn send_text_messages(self) -> Self {
        self.grant("sns:Publish", AwsResource::TextMessages)
    }

    /// Writes the log of an area.
    #[must_use]
    pub fn write_logs(self, area: &'static str) -> Self {
        let written = ["logs:CreateLogStream", "logs:PutLogEvents"]
            .into_iter()
            .fold(Self::new(), |needs, action| needs.grant(action, AwsResource::Logs(area)));
        self.rarely(BY_LAMBDA, written)
    }

    /// The sections of the configuration, sorted.
    pub fn sections(&self) -> Vec<Section> {
        self.sections.iter().copied().collect()
    }

    /// All grants, with the occasion of a rare one.
    pub const fn grants(&self) -> &BTreeMap<Grant, Option<&'static str>> {
        &self.grants
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_that_one_part_uses_often_is_not_rare() {
        let often = Needs::new().get(Table::Kyc);
        let seldom = Needs::new().rarely("at night", Needs::new().get(Table::Kyc).put(Table::Kyc));
        for needs in [often.clone().and(seldom.clone()), seldom.and(often)] {
            let grants: Vec<_> = needs.grants().iter().map(|(grant, rare)| (grant.action, *rare)).collect();
            assert_eq!(grants, [("dynamodb:GetItem", None), ("dynamodb:PutItem", Some("at night"))]);
        }
    }
}
