//! Deployed names, derived from the stack's name in the same way as the template derives them. One variable each would
//! fill most of the 4 KB that Lambda allows a function's environment.

use serde::{Deserialize, Serialize};

/// Deployed names of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    pub identity: String,
    pub keys: String,
    pub kyc: String,
    pub events: String,
    pub outbound: String,
    pub ephemeral: String,
}

impl Tables {
    /// The tables of a stack.
    pub fn of_stack(stack: &str) -> Self {
        let name = |table: &str| format!("{stack}-{table}");
        Self {
            identity: name("identity"),
            keys: name("keys"),
            kyc: name("kyc"),
            events: name("events"),
            outbound: name("outbound"),
            ephemeral: name("ephemeral"),
        }
    }
}

/// A queue. Each has a worker of its own and a dead-letter queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    Verification,
    Screening,
    Callbacks,
    Notification,
    Documents,
    Lists,
}

impl Queue {
    pub const ALL: [Self; 6] =
        [Self::Verification, Self::Screening, Self::Callbacks, Self::Notification, Self::Documents, Self::Lists];

    /// What stands after the stack's name; also the word for it in metrics and in the administration's routes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Screening => "screening",
            Self::Callbacks => "provider-callbacks",
            Self::Notification => "notification",
            Self::Documents => "documents",
            Self::Lists => "lists",
        }
    }
}

/// Where the queues of a stack are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queues {
    /// The URL of each up to its own name.
    start: String,
}

impl Queues {
    /// The queues of a stack; `base` is what stands before the name in each URL, see [`queue_base`].
    pub fn of_stack(base: &str, stack: &str) -> Self {
        Self { start: format!("{base}/{stack}-") }
    }

    pub fn url(&self, queue: Queue) -> String {
        format!("{}{}", self.start, queue.name())
    }
}

/// A bucket of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    Documents,
    Lists,
}

impl Bucket {
    /// What stands between the stack's name and the account.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Lists => "lists",
        }
    }
}

/// A secret of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Secret {
    /// Private token-signing keys.
    Signing,
    /// The public half, a JWKS, so that functions which only verify cannot read the private half.
    Verification,
    /// Keys of refresh tokens, mailed tokens and cursors.
    Tokens,
    /// Keys of blind indexes and digests.
    Indexes,
    /// The sandbox provider's credentials and callback secret.
    Sandbox,
}

impl Secret {
    /// What stands after the stack's name. It may not end in a hyphen and six characters: Secrets Manager appends that to
    /// each ARN, and would take such a name for a complete one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Verification => "verification",
            Self::Tokens => "token-keys",
            Self::Indexes => "indexes",
            Self::Sandbox => "provider-sandbox",
        }
    }
}

/// Deployed names of the secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretNames {
    pub signing: String,
    pub verification: String,
    pub tokens: String,
    pub indexes: String,
    pub sandbox: String,
}

impl SecretNames {
    /// The secrets of a stack.
    pub fn of_stack(stack: &str) -> Self {
        let name = |secret: Secret| format!("{stack}-{}", secret.name());
        Self {
            signing: name(Secret::Signing),
            verification: name(Secret::Verification),
            tokens: name(Secret::Tokens),
            indexes: name(Secret::Indexes),
            sandbox: name(Secret::Sandbox),
        }
    }
}

/// What stands before the name in the URL of a queue: the region's own address, or the endpoint of a local stack.
pub fn queue_base(endpoint: Option<&str>, region: &str, url_suffix: &str, account: &str) -> String {
    match endpoint {
        Some(endpoint) => format!("{}/{account}", endpoint.trim_end_matches('/')),
        None => format!("https://sqs.{region}.{url_suffix}/{account}"),
    }
}

/// A bucket of a stack. Names of buckets are unique in all of AWS, hence account and region.
pub fn bucket_name(stack: &str, bucket: Bucket, account: &str, region: &str) -> String {
    format!("{stack}-{}-{account}-{region}", bucket.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_are_at_the_region_s_address_or_at_the_local_endpoint() {
        let aws = queue_base(None, "cn-north-1", "amazonaws.com.cn", "123456789012");
        assert_eq!(aws, "https://sqs.cn-north-1.amazonaws.com.cn/123456789012");
        let local = queue_base(Some("http://127.0.0.1:4566/"), "eu-central-1", "amazonaws.com", "000000000000");
        let queues = Queues::of_stack(&local, "verinym");
        assert_eq!(queues.url(Queue::Callbacks), "http://127.0.0.1:4566/000000000000/verinym-provider-callbacks");
    }

    #[test]
    fn no_secret_s_name_ends_like_the_suffix_of_an_arn() {
        let names = SecretNames::of_stack("verinym");
        for name in [names.signing, names.verification, names.tokens, names.indexes, names.sandbox] {
            let (_, last) = name.rsplit_once('-').unwrap();
            assert_ne!(last.len(), 6, "{name}");
        }
    }
}
