//! Devices that a person signs in with.
//!
//! A client names its device by a fingerprint of its own making. Anybody can copy that, so it only tells a known device from a new
//! one. Trust comes from a secret that this service issues to the device of somebody who authenticated recently.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{id::DeviceId, secret::Masked, time::Timestamp};

/// A device that nobody signed in with for this long is removed.
pub const UNUSED_AFTER: Duration = Duration::from_hours(90 * 24);
/// So many devices of one person are kept; one more removes the one that was unused for longest.
pub const MOST_DEVICES: usize = 20;

/// A device, as its person sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Device {
    pub id: DeviceId,
    /// As its client calls it.
    #[schema(value_type = Option<String>, example = "Ada's phone")]
    pub name: Option<Masked<String>>,
    #[schema(value_type = Option<String>, example = "ios")]
    pub platform: Option<Masked<String>>,
    /// Whether it holds a secret that this service issued to it and that is still valid.
    pub trusted: bool,
    pub first_seen_at: Timestamp,
    /// The last sign-in.
    pub last_seen_at: Timestamp,
    /// Where the last sign-in came from.
    #[schema(value_type = String, example = "198.51.100.7")]
    pub last_ip: Masked<String>,
}

/// The secret of a trusted device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceTrust {
    /// A keyed digest of the secret.
    digest: String,
    /// The session epoch of the account. A new password and a deactivation begin another one: whoever trusted the device before
    /// may have been a stranger.
    epoch: u64,
}

/// What is known of a device besides what it is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceState {
    pub device: DeviceId,
    pub first_seen_at: Timestamp,
    pub last_seen_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trust: Option<DeviceTrust>,
    pub version: u64,
}

impl DeviceState {
    /// A device at the first sign-in that names it.
    pub const fn first(device: DeviceId, now: Timestamp) -> Self {
        Self { device, first_seen_at: now, last_seen_at: now, trust: None, version: 1 }
    }

    /// After another sign-in. Clocks differ: time never runs back for a device.
    #[must_use]
    pub fn seen(&self, now: Timestamp) -> Self {
        Self { last_seen_at: now.max(self.last_seen_at), version: self.version + 1, ..self.clone() }
    }

    /// Trusted by another secret than before.
    #[must_use]
    pub fn trusted_by(&self, digest: String, epoch: u64) -> Self {
        Self { trust: Some(DeviceTrust { digest, epoch }), version: self.version + 1, ..self.clone() }
    }

    /// Not trusted any more.
    #[must_use]
    pub fn distrusted(&self) -> Self {
        Self { trust: None, version: self.version + 1, ..self.clone() }
    }

    /// When it is removed if nobody signs in with it before.
    pub fn expires_at(&self) -> Timestamp {
        self.last_seen_at + UNUSED_AFTER
    }

    pub fn is_kept(&self, now: Timestamp) -> bool {
        now < self.expires_at()
    }

    /// Whether it is trusted, of an account with this session epoch.
    pub fn is_trusted(&self, epoch: u64, now: Timestamp) -> bool {
        self.is_kept(now) && self.trust.as_ref().is_some_and(|trust| trust.epoch == epoch)
    }

    /// Whether the secret of this digest is the one that it is trusted by.
    pub fn is_trusted_by(&self, digest: &str, epoch: u64, now: Timestamp) -> bool {
        self.is_trusted(epoch, now) && self.trust.as_ref().is_some_and(|trust| trust.digest == digest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
    const DAY: Duration = Duration::from_hours(24);

    fn device() -> DeviceState {
        DeviceState::first(DeviceId::from_parts(NOW, [1; 10]), NOW)
    }

    #[test]
    fn a_device_is_kept_until_it_was_unused_for_ninety_days() {
        let last = NOW + UNUSED_AFTER - Duration::from_millis(1);
        assert!(device().is_kept(last) && !device().is_kept(NOW + UNUSED_AFTER));
        let seen = device().seen(last);
        assert!(seen.is_kept(NOW + UNUSED_AFTER) && !seen.is_kept(last + UNUSED_AFTER));
        assert_eq!(seen.seen(NOW).last_seen_at, last, "time never runs back");
    }

    #[test]
    fn only_the_newest_secret_is_trusted_and_only_in_the_epoch_that_issued_it() {
        assert!(!device().is_trusted(0, NOW) && !device().is_trusted_by("", 0, NOW));
        let trusted = device().trusted_by("one".to_owned(), 3);
        assert!(trusted.is_trusted_by("one", 3, NOW));
        for (digest, epoch) in [("two", 3), ("one", 4), ("one", 2), ("", 3)] {
            assert!(!trusted.is_trusted_by(digest, epoch, NOW), "{digest} {epoch}");
        }
        let again = trusted.trusted_by("two".to_owned(), 3);
        assert!(again.is_trusted_by("two", 3, NOW) && !again.is_trusted_by("one", 3, NOW));
        assert!(!again.distrusted().is_trusted_by("two", 3, NOW));
        assert!(!again.is_trusted_by("two", 3, NOW + UNUSED_AFTER), "its time is over");
    }

    proptest! {
        /// However often a client names its device, that alone never earns trust.
        #[test]
        fn no_number_of_sign_ins_earns_trust(days in prop::collection::vec(0u64..120, 0..20)) {
            let (mut device, mut now) = (device(), NOW);
            for wait in days {
                now = now + DAY * u32::try_from(wait).unwrap();
                device = device.seen(now);
                prop_assert!(!device.is_trusted(0, now));
            }
        }
    }
}
