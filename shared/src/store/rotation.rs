//! Making and moving the keys that stand in Secrets Manager; those in the table of keys are looked after by `rewrap`.
//!
//! A secret is written only from the version that was read: the new version's id is derived from the old one's, and
//! Secrets Manager refuses a second content under one id. So of two runs at once one wins, and the other reads again.

use std::time::Duration;

use aws_sdk_secretsmanager::{
    Client,
    operation::{get_secret_value::GetSecretValueError, put_secret_value::PutSecretValueError},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    rewrap::{RenewalBounds, RenewalCounts},
    rotation_cause::RotationCause,
    secrets::{IndexSecrets, TokenSecrets},
};
use crate::{
    app::App,
    crypto::{
        CryptoError,
        index::IndexKeys,
        jwk::Jwks,
        key::{DataKey, LongKey},
        mailed::MailKeys,
        refresh::RefreshKeys,
        signing::SigningRing,
    },
    domain::time::Timestamp,
    error::{Internal, Result},
};

/// How long a key signs access tokens, mints refresh tokens or derives mailed ones.
pub const IN_USE_FOR: Duration = Duration::from_hours(30 * 24);

/// Twice the clashes that could ever come from the schedule and an operator at once.
const TRIES: u32 = 4;

/// An order to rotate a ring that was rotated this recently does nothing. So the next key has always been published for longer
/// than anybody keeps the published keys (`SECRET_AGE`, `Cache-Control` of the JWKS), and an order may be repeated.
const JUST_ROTATED: Duration = Duration::from_mins(15);

/// Keys that are rotated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyFamily {
    /// Of access tokens.
    Signing,
    /// Of refresh tokens, mailed tokens and cursors.
    Tokens,
    /// That wrap people's keys.
    KeyEncryption,
}

impl KeyFamily {
    pub const ALL: [Self; 3] = [Self::Signing, Self::Tokens, Self::KeyEncryption];
}

/// What is to be done with a secret.
#[derive(Debug)]
enum RotationStep<T> {
    /// It is young enough.
    Keep,
    /// This is its new content, and the word for the log: `made`, `moved` or `replaced`.
    Put(T, &'static str),
}

impl RotationCause {
    /// Whether a ring that was rotated then is rotated.
    fn moves(self, rotated_at: Timestamp, now: Timestamp) -> bool {
        let age = now.since(rotated_at);
        match self {
            Self::Age => age >= IN_USE_FOR,
            Self::Order => age >= JUST_ROTATED,
            Self::Leak => true,
        }
    }
}

fn signing(
    held: Option<&SigningRing>,
    cause: RotationCause,
    now: Timestamp,
) -> Result<RotationStep<SigningRing>, CryptoError> {
    Ok(match held {
        None => RotationStep::Put(SigningRing::generate(now)?, "made"),
        Some(_) if cause == RotationCause::Leak => RotationStep::Put(SigningRing::generate(now)?, "replaced"),
        Some(ring) if cause.moves(ring.rotated_at, now) => RotationStep::Put(ring.rotated(now)?, "moved"),
        Some(_) => RotationStep::Keep,
    })
}

/// The key of cursors has no ring: a new one would only break the lists that are being read, and guards no more, unless it leaked.
fn tokens(held: Option<TokenSecrets>, cause: RotationCause, now: Timestamp) -> RotationStep<TokenSecrets> {
    match held {
        None => RotationStep::Put(
            TokenSecrets {
                refresh: RefreshKeys::generate(),
                mail: MailKeys::generate(),
                cursor: LongKey::generate(),
                rotated_at: now,
            },
            "made",
        ),
        Some(held) if cause == RotationCause::Leak => RotationStep::Put(
            TokenSecrets {
                refresh: held.refresh.replaced(),
                mail: held.mail.replaced(),
                cursor: LongKey::generate(),
                rotated_at: now,
            },
            "replaced",
        ),
        Some(held) if cause.moves(held.rotated_at, now) => RotationStep::Put(
            TokenSecrets { refresh: held.refresh.rotated(now), mail: held.mail.rotated(now), rotated_at: now, ..held },
            "moved",
        ),
        Some(_) => RotationStep::Keep,
    }
}

/// Index keys are made once: they move by a run over all claims, not by age.
fn indexes(held: Option<&IndexSecrets>) -> RotationStep<IndexSecrets> {
    match held {
        None => RotationStep::Put(
            IndexSecrets { email: IndexKeys::generate(), username: IndexKeys::generate(), digest: DataKey::generate() },
            "made",
        ),
        Some(_) => RotationStep::Keep,
    }
}

impl App {
    /// Makes the keys that are missing and moves those that are old, in Secrets Manager and in the table of keys. Gives
    /// the number of secrets and keys written. Whatever it is killed between, the next run goes on.
    pub async fn rotate_keys(&self, now: Timestamp) -> Result<u32> {
        let mut written = 0;
        for family in KeyFamily::ALL {
            written += self.rotate(family, RotationCause::Age, now).await?;
        }
        let vault = Vault(self.secretsmanager().await);
        written += vault.turn(&self.config.secrets.indexes, "indexes", |held| Ok(indexes(held.as_ref()))).await?;
        Ok(written)
    }

    /// Rotates keys for this cause, and makes those that are missing. Key-encryption keys make nothing that a leak would void: they
    /// are renewed, and the runs after that move people's keys to the new ones.
    pub async fn rotate(&self, family: KeyFamily, cause: RotationCause, now: Timestamp) -> Result<u32> {
        let vault = Vault(self.secretsmanager().await);
        let names = &self.config.secrets;
        match family {
            KeyFamily::Signing => rotate_signing(&vault, &names.signing, &names.verification, cause, now).await,
            KeyFamily::Tokens => vault.turn(&names.tokens, "tokens", |held| Ok(tokens(held, cause, now))).await,
            KeyFamily::KeyEncryption => self.renew_key_encryption(cause, now).await,
        }
    }

    async fn renew_key_encryption(&self, cause: RotationCause, now: Timestamp) -> Result<u32> {
        let RenewalCounts { made, moved, removed, damaged } =
            self.store().await.renew_keks(cause, now, RenewalBounds::default()).await?;
        tracing::info!(made, moved, removed, damaged, "key-encryption keys looked after");
        if damaged > 0 {
            return Err(Internal::corrupt(format!("{damaged} keys of people do not open")).into());
        }
        Ok(made + moved)
    }
}

/// The public half is written before the private one, so that no key signs that is not published. A run that dies in
/// between leaves a published key that never signs, and the next run puts that right.
async fn rotate_signing(
    vault: &Vault<'_>,
    private: &str,
    public: &str,
    cause: RotationCause,
    now: Timestamp,
) -> Result<u32> {
    for _ in 0..TRIES {
        let held = vault.read::<SigningRing>(private).await?;
        let step = signing(held.value.as_ref(), cause, now).map_err(Internal::bug)?;
        let ring = match &step {
            RotationStep::Put(ring, _) => Some(ring),
            RotationStep::Keep => held.value.as_ref(),
        };
        let wanted = ring.map(SigningRing::jwks);
        let published = vault.read::<Jwks>(public).await?;
        let mut written = 0;
        if let Some(wanted) = wanted.filter(|wanted| published.value.as_ref() != Some(wanted)) {
            if !vault.put(public, published.version.as_deref(), &wanted).await? {
                continue;
            }
            tracing::info!(secret = "verification", keys = wanted.keys.len(), "published");
            written += 1;
        }
        let RotationStep::Put(ring, word) = step else { return Ok(written) };
        if vault.put(private, held.version.as_deref(), &ring).await? {
            tracing::info!(secret = "signing", step = word, kid = ring.current.kid(), "rotated");
            return Ok(written + 1);
        }
    }
    Err(Internal::unavailable("signing keys: always somebody else came first").into())
}

/// Secrets by name, with the version they were read at.
struct Vault<'a>(&'a Client);

struct StoredSecret<T> {
    /// `None` for a secret that nobody has filled yet.
    value: Option<T>,
    version: Option<String>,
}

impl Vault<'_> {
    async fn turn<T, F>(&self, arn: &str, name: &'static str, step: F) -> Result<u32>
    where
        T: Serialize + DeserializeOwned,
        F: Fn(Option<T>) -> Result<RotationStep<T>>,
    {
        for _ in 0..TRIES {
            let held = self.read::<T>(arn).await?;
            let RotationStep::Put(value, word) = step(held.value)? else { return Ok(0) };
            if self.put(arn, held.version.as_deref(), &value).await? {
                tracing::info!(secret = name, step = word, "rotated");
                return Ok(1);
            }
        }
        Err(Internal::unavailable(format!("{name}: always somebody else came first")).into())
    }

    async fn read<T: DeserializeOwned>(&self, arn: &str) -> Result<StoredSecret<T>> {
        let answer = match self.0.get_secret_value().secret_id(arn).send().await {
            Ok(answer) => answer,
            // The secret is there, but no version of it.
            Err(error)
                if error.as_service_error().is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                return Ok(StoredSecret { value: None, version: None });
            }
            Err(error) => return Err(Internal::aws("read secret", &error).into()),
        };
        let text = Zeroizing::new(answer.secret_string.unwrap_or_default());
        let value = if text.trim().is_empty() {
            None
        } else {
            // serde_json's message may quote the value: it must not reach a log. Nor is what does not read replaced.
            Some(serde_json::from_str(&text).map_err(|_| Internal::corrupt("a secret does not read"))?)
        };
        Ok(StoredSecret { value, version: answer.version_id })
    }

    /// `false` if somebody else wrote after this version was read.
    async fn put<T: Serialize>(&self, arn: &str, read: Option<&str>, value: &T) -> Result<bool> {
        let text = Zeroizing::new(serde_json::to_string(value).map_err(|_| Internal::bug("a secret does not write"))?);
        let put = self.0.put_secret_value().secret_id(arn).client_request_token(successor(arn, read));
        match put.secret_string(text.as_str()).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(PutSecretValueError::is_resource_exists_exception) => {
                Ok(false)
            }
            Err(error) => Err(Internal::aws("write secret", &error).into()),
        }
    }
}

/// The id of the version that follows the one read: everybody who read the same comes to the same.
fn successor(arn: &str, read: Option<&str>) -> String {
    hex::encode(Sha256::digest(format!("{arn}\n{}", read.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn put<T>(step: RotationStep<T>) -> (T, &'static str) {
        match step {
            RotationStep::Put(value, word) => (value, word),
            RotationStep::Keep => panic!("nothing to put"),
        }
    }

    #[test]
    fn an_empty_secret_is_filled_and_a_young_one_kept() {
        let (made, word) = put(tokens(None, RotationCause::Age, NOW));
        assert_eq!(word, "made");
        assert!(matches!(
            tokens(Some(made), RotationCause::Age, NOW + IN_USE_FOR - Duration::from_secs(1)),
            RotationStep::Keep
        ));
        let (made, word) = put(indexes(None));
        assert_eq!(word, "made");
        assert!(matches!(indexes(Some(&made)), RotationStep::Keep));
    }

    #[test]
    fn old_rings_move_one_step_and_the_cursor_key_stays() {
        let (made, _) = put(tokens(None, RotationCause::Age, NOW));
        let (kid, cursor) = (made.refresh.current(), made.cursor.to_base64());
        let (moved, word) = put(tokens(Some(made), RotationCause::Age, NOW + IN_USE_FOR));
        assert_eq!(word, "moved");
        assert_eq!(moved.refresh.current().0, kid.0 + 1);
        assert_eq!(moved.rotated_at, NOW + IN_USE_FOR);
        assert_eq!(*moved.cursor.to_base64(), *cursor);
        assert!(matches!(
            tokens(Some(moved), RotationCause::Age, NOW + IN_USE_FOR * 2 - Duration::from_secs(1)),
            RotationStep::Keep
        ));
    }

    #[test]
    fn a_signing_key_is_published_a_whole_term_before_it_signs() {
        let (ring, _) = put(signing(None, RotationCause::Age, NOW).unwrap());
        assert!(matches!(
            signing(Some(&ring), RotationCause::Age, NOW + Duration::from_hours(1)).unwrap(),
            RotationStep::Keep
        ));
        let (moved, word) = put(signing(Some(&ring), RotationCause::Age, NOW + IN_USE_FOR).unwrap());
        assert_eq!(word, "moved");
        assert!(ring.jwks().keys.iter().any(|key| key.kid == moved.current.kid()));
    }

    #[test]
    fn an_order_moves_a_ring_once_however_often_it_is_given() {
        let (ring, _) = put(signing(None, RotationCause::Age, NOW).unwrap());
        let order =
            |ring: &SigningRing, after: Duration| signing(Some(ring), RotationCause::Order, NOW + after).unwrap();
        let (moved, word) = put(order(&ring, JUST_ROTATED));
        assert_eq!((word, moved.current.kid()), ("moved", ring.next.kid()));
        assert!(matches!(order(&moved, JUST_ROTATED + Duration::from_secs(1)), RotationStep::Keep));
        let (made, _) = put(tokens(None, RotationCause::Age, NOW));
        assert!(matches!(tokens(Some(made), RotationCause::Order, NOW + Duration::from_secs(1)), RotationStep::Keep));
    }

    #[test]
    fn after_a_leak_no_key_of_before_is_left() {
        let (ring, _) = put(signing(None, RotationCause::Age, NOW).unwrap());
        let (replaced, word) = put(signing(Some(&ring), RotationCause::Leak, NOW).unwrap());
        assert_eq!(word, "replaced");
        let old: Vec<_> = ring.jwks().keys.into_iter().map(|key| key.kid).collect();
        assert!(replaced.jwks().keys.iter().all(|key| !old.contains(&key.kid)));
        let (made, _) = put(tokens(None, RotationCause::Age, NOW));
        let (kid, cursor) = (made.refresh.current(), made.cursor.to_base64());
        let (replaced, _) = put(tokens(Some(made), RotationCause::Leak, NOW));
        assert!(replaced.refresh.current().0 > kid.0 + 1);
        assert_ne!(*replaced.cursor.to_base64(), *cursor);
    }

    #[test]
    fn two_runs_from_one_version_come_to_one_id() {
        let id = successor("arn:one", Some("v1"));
        assert_eq!(id, successor("arn:one", Some("v1")));
        for other in [successor("arn:one", Some("v2")), successor("arn:two", Some("v1")), successor("arn:one", None)] {
            assert_ne!(id, other);
        }
        // Secrets Manager takes 32 to 64 characters.
        assert_eq!(id.len(), 64);
    }
}
