//! What a function needs: grants of AWS actions on resources, and sections of the configuration.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::{
    config::{
        Section,
        names::{Bucket, Queue, Secret},
    },
    store::{Table, kek::Purpose},
};

/// A resource that a grant is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    Table(Table),
    /// An index of a table, by its name.
    Index(Table, &'static str),
    OutboxStream,
    /// What cannot be narrowed to a resource.
    Anything,
    Secret(Secret),
    Queue(Queue),
    DeadLetters(Queue),
    /// A bucket itself, not its objects.
    Bucket(Bucket),
    /// The objects of a bucket under a first folder.
    Folder(Bucket, &'static str),
    /// The data key, with this purpose in the encryption context.
    KeysOf(Purpose),
    /// The data key's description.
    DataKey,
    /// The addresses that mail may come from.
    MailIdentities,
    /// The log group of an area.
    Logs(&'static str),
}

/// An IAM action on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    pub resource: Resource,
    pub action: &'static str,
}

/// As the log of an invocation writes the call: `dynamodb:PutItem kyc`, see [`crate::telemetry`]; the action alone where
/// the log names no resource.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.action)?;
        match self.resource {
            Resource::Table(table) => write!(f, " {}", table.logical()),
            Resource::Index(table, index) => write!(f, " {}/{index}", table.logical()),
            Resource::Secret(secret) => write!(f, " {}", secret.name()),
            Resource::Queue(queue) => write!(f, " {}", queue.name()),
            Resource::DeadLetters(queue) => write!(f, " {}-dead", queue.name()),
            Resource::Bucket(bucket) => write!(f, " {}", bucket.name()),
            Resource::Folder(bucket, folder) => write!(f, " {}/{folder}", bucket.name()),
            Resource::KeysOf(purpose) => write!(f, " key/{}", purpose.name()),
            Resource::OutboxStream
            | Resource::Anything
            | Resource::DataKey
            | Resource::MailIdentities
            | Resource::Logs(_) => Ok(()),
        }
    }
}

/// Why no call of ours uses a grant.
const BY_LAMBDA: &str = "Lambda does it in the function's name";

/// What a function needs. To write logs, count limits, check access tokens, replay answers or consume a queue is not
/// declared here: it follows from the rest of the declaration.
#[derive(Debug, Clone, Default)]
pub struct Needs {
    /// Each with the occasion on which it is used, where that is rare.
    grants: BTreeMap<Grant, Option<&'static str>>,
    sections: BTreeSet<Section>,
}

impl Needs {
    pub const fn new() -> Self {
        Self { grants: BTreeMap::new(), sections: BTreeSet::new() }
    }

    /// Reads a section of the configuration.
    #[must_use]
    pub fn reads(mut self, section: Section) -> Self {
        self.sections.insert(section);
        self
    }

    /// What the function needs on an occasion that the tests' flows need not meet.
    #[must_use]
    pub fn rarely(self, occasion: &'static str, mut rare: Self) -> Self {
        for known in rare.grants.values_mut() {
            *known = Some(occasion);
        }
        self.and(rare)
    }

    /// What either needs; a grant that one of them uses often is not rare.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (grant, occasion) in other.grants {
            let known = self.grants.entry(grant).or_insert(occasion);
            *known = known.and(occasion);
        }
        self.sections.extend(other.sections);
        self
    }

    fn grant(mut self, action: &'static str, resource: Resource) -> Self {
        self.grants.insert(Grant { resource, action }, None);
        self
    }

    /// Reads one item.
    #[must_use]
    pub fn get(self, table: Table) -> Self {
        self.grant("dynamodb:GetItem", Resource::Table(table))
    }

    /// Reads several items by their keys, also of several tables at once.
    #[must_use]
    pub fn get_many(self, table: Table) -> Self {
        self.grant("dynamodb:BatchGetItem", Resource::Table(table))
    }

    #[must_use]
    pub fn query(self, table: Table) -> Self {
        self.grant("dynamodb:Query", Resource::Table(table))
    }

    #[must_use]
    pub fn query_index(self, table: Table, index: &'static str) -> Self {
        self.grant("dynamodb:Query", Resource::Index(table, index))
    }

    #[must_use]
    pub fn scan(self, table: Table) -> Self {
        self.grant("dynamodb:Scan", Resource::Table(table))
    }

    /// Writes a whole item, new or in place of what is there.
    #[must_use]
    pub fn put(self, table: Table) -> Self {
        self.grant("dynamodb:PutItem", Resource::Table(table))
    }

    #[must_use]
    pub fn update(self, table: Table) -> Self {
        self.grant("dynamodb:UpdateItem", Resource::Table(table))
    }

    #[must_use]
    pub fn delete(self, table: Table) -> Self {
        self.grant("dynamodb:DeleteItem", Resource::Table(table))
    }

    /// Checks an item in a transaction without writing it.
    #[must_use]
    pub fn check(self, table: Table) -> Self {
        self.grant("dynamodb:ConditionCheckItem", Resource::Table(table))
    }

    #[must_use]
    pub fn read_outbox_stream(self) -> Self {
        let listed = Self::new().grant("dynamodb:ListStreams", Resource::Anything);
        let read = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
            .into_iter()
            .fold(listed, |needs, action| needs.grant(action, Resource::OutboxStream));
        self.rarely(BY_LAMBDA, read)
    }

    #[must_use]
    pub fn read_secret(self, secret: Secret) -> Self {
        self.grant("secretsmanager:GetSecretValue", Resource::Secret(secret))
    }

    #[must_use]
    pub fn write_secret(self, secret: Secret) -> Self {
        self.grant("secretsmanager:PutSecretValue", Resource::Secret(secret))
    }

    #[must_use]
    pub fn send(self, queue: Queue) -> Self {
        self.grant("sqs:SendMessage", Resource::Queue(queue))
    }

    /// Reads how many messages a queue holds.
    #[must_use]
    pub fn count_messages(self, queue: Queue) -> Self {
        self.grant("sqs:GetQueueAttributes", Resource::Queue(queue))
    }

    #[must_use]
    pub fn count_dead_letters(self, queue: Queue) -> Self {
        self.grant("sqs:GetQueueAttributes", Resource::DeadLetters(queue))
    }

    /// What Lambda does in the function's name to hand it the messages of a queue.
    #[must_use]
    pub fn consume(self, queue: Queue) -> Self {
        let consumed =
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"]
                .into_iter()
                .fold(Self::new(), |needs, action| needs.grant(action, Resource::Queue(queue)));
        self.rarely(BY_LAMBDA, consumed)
    }

    /// Reads objects under a folder. Without the list of the bucket a missing object is 403 and not 404.
    #[must_use]
    pub fn get_objects(self, bucket: Bucket, folder: &'static str) -> Self {
        self.grant("s3:GetObject", Resource::Folder(bucket, folder))
            .rarely("S3 tells a missing object from a refusal", Self::new().list_objects(bucket))
    }

    #[must_use]
    pub fn put_objects(self, bucket: Bucket, folder: &'static str) -> Self {
        self.grant("s3:PutObject", Resource::Folder(bucket, folder))
    }

    #[must_use]
    pub fn delete_objects(self, bucket: Bucket, folder: &'static str) -> Self {
        self.grant("s3:DeleteObject", Resource::Folder(bucket, folder))
    }

    #[must_use]
    pub fn list_objects(self, bucket: Bucket) -> Self {
        self.grant("s3:ListBucket", Resource::Bucket(bucket))
    }

    /// Unwraps root keys of a purpose.
    #[must_use]
    pub fn unwrap_root_keys(self, purpose: Purpose) -> Self {
        self.grant("kms:Decrypt", Resource::KeysOf(purpose))
    }

    /// Makes root keys of a purpose.
    #[must_use]
    pub fn make_root_keys(self, purpose: Purpose) -> Self {
        self.grant("kms:GenerateDataKeyWithoutPlaintext", Resource::KeysOf(purpose))
    }

    #[must_use]
    pub fn describe_data_key(self) -> Self {
        self.grant("kms:DescribeKey", Resource::DataKey)
    }

    #[must_use]
    pub fn send_mail(self) -> Self {
        self.grant("ses:SendEmail", Resource::MailIdentities)
    }

    /// Writes the log of an area.
    #[must_use]
    pub fn write_logs(self, area: &'static str) -> Self {
        let written = ["logs:CreateLogStream", "logs:PutLogEvents"]
            .into_iter()
            .fold(Self::new(), |needs, action| needs.grant(action, Resource::Logs(area)));
        self.rarely(BY_LAMBDA, written)
    }

    /// Sections of the configuration, each once, in order.
    pub fn sections(&self) -> Vec<Section> {
        self.sections.iter().copied().collect()
    }

    /// All grants, each with the occasion on which it is used, where that is rare.
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
