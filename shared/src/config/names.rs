//! Deployed names, derived from the name of the stack like in the template. With one variable for each, they would fill most of the
//! 4 KB that Lambda allows for the environment of a function.

pub use crate::domain::queue::Queue;

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

/// The URLs of the queues of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queues {
    /// The part of each URL before the name of the queue.
    prefix: String,
}

impl Queues {
    /// The queues of a stack; see [`queue_base`] for `base`.
    pub fn of_stack(base: &str, stack: &str) -> Self {
        Self { prefix: format!("{base}/{stack}-") }
    }

    pub fn url(&self, queue: Queue) -> String {
        format!("{}{}", self.prefix, queue.as_str())
    }
}

/// A bucket of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    Documents,
    Lists,
}

impl Bucket {
    /// The part of the deployed name between the name of the stack and the account.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Lists => "lists",
        }
    }
}

/// A secret of the stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretId {
    /// Private token-signing keys.
    Signing,
    /// Public token-signing keys (JWKS), so that functions which only verify tokens cannot read the private keys.
    Verification,
    /// Keys of refresh tokens, mailed tokens and cursors.
    Tokens,
    /// Keys of blind indexes and digests.
    Indexes,
    /// Credentials and callback secret of the sandbox provider.
    Sandbox,
    /// The identity providers that people sign in through.
    Social,
}

impl SecretId {
    /// The deployed name without the name of the stack. It must not end in a hyphen and six characters: Secrets Manager appends such a
    /// suffix to ARNs, and would take the name for a complete one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Verification => "verification",
            Self::Tokens => "token-keys",
            Self::Indexes => "indexes",
            Self::Sandbox => "provider-sandbox",
            Self::Social => "sign-in-providers",
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
    pub social: String,
}

impl SecretNames {
    /// The secrets of a stack.
    pub fn of_stack(stack: &str) -> Self {
        let name = |secret: SecretId| format!("{stack}-{}", secret.name());
        Self {
            signing: name(SecretId::Signing),
            verification: name(SecretId::Verification),
            tokens: name(SecretId::Tokens),
            indexes: name(SecretId::Indexes),
            sandbox: name(SecretId::Sandbox),
            social: name(SecretId::Social),
        }
    }
}

/// The part of a queue URL before the name: the address of the region, or the endpoint of a local stack.
pub fn queue_base(endpoint: Option<&str>, region: &str, url_suffix: &str, account: &str) -> String {
    match endpoint {
        Some(endpoint) => format!("{}/{account}", endpoint.trim_end_matches('/')),
        None => format!("https://sqs.{region}.{url_suffix}/{account}"),
    }
}

/// The deployed name of a bucket. It contains account and region, since names of buckets are unique in all of AWS.
pub fn bucket_name(stack: &str, bucket: Bucket, account: &str, region: &str) -> String {
    format!("{stack}-{}-{account}-{region}", bucket.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_urls_use_the_address_of_the_region_or_the_local_endpoint() {
        let aws = queue_base(None, "cn-north-1", "amazonaws.com.cn", "123456789012");
        assert_eq!(aws, "https://sqs.cn-north-1.amazonaws.com.cn/123456789012");
        let local = queue_base(Some("http://127.0.0.1:4566/"), "eu-central-1", "amazonaws.com", "000000000000");
        let queues = Queues::of_stack(&local, "verinym");
        assert_eq!(queues.url(Queue::Callbacks), "http://127.0.0.1:4566/000000000000/verinym-provider-callbacks");
    }

    #[test]
    fn no_name_of_a_secret_ends_like_the_suffix_of_an_arn() {
        let names = SecretNames::of_stack("verinym");
        for name in [names.signing, names.verification, names.tokens, names.indexes, names.sandbox, names.social] {
            let (_, last) = name.rsplit_once('-').unwrap();
            assert_ne!(last.len(), 6, "{name}");
        }
    }
}
