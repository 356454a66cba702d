//! The device of a sign-in: how its client names it, and what the sign-in writes of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    domain::{
        device::DeviceState,
        field::{FieldFault, Fields},
        id::{DeviceId, UserId},
        secret::{Masked, SecretText},
        time::Timestamp,
    },
    error::Result,
    store::{
        author::CallOrigin,
        commit::Commit,
        device::{DeviceItem, DeviceName},
        person_key::PersonKey,
        secrets::IndexSecrets,
        user::Account,
    },
};

/// The client's description of its device. The device is registered at the first sign-in that names it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceOfSignIn {
    /// 1 to 256 characters of the client's own making. It tells a known device from a new one, and earns no trust.
    #[schema(value_type = String, min_length = 1, max_length = 256, example = "b0a1c2d3e4")]
    fingerprint: Masked<String>,
    /// 1 to 100 characters.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, example = "Ada's phone")]
    name: Option<Masked<String>>,
    /// 1 to 64 characters.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "ios")]
    platform: Option<Masked<String>>,
    /// The secret that `PUT /v1/devices/{id}/trust` answered.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128, example = json!(null))]
    secret: Option<SecretText>,
}

const BAD_DEVICE: FieldFault = FieldFault::new("invalid", "Is empty, too long or has control characters.");

impl DeviceOfSignIn {
    pub fn check(&self, fields: &mut Fields) {
        fields.check("device.fingerprint", label(&self.fingerprint, 256));
        fields.check_optional("device.name", self.name.as_deref(), |text| label(text, 100));
        fields.check_optional("device.platform", self.platform.as_deref(), |text| label(text, 64));
        fields.check_optional("device.secret", self.secret.as_ref(), |text| label(text.expose(), 128));
    }

    /// The device as one of this person's.
    pub fn of(self, user: &UserId, indexes: &IndexSecrets) -> NamedDevice {
        NamedDevice {
            fingerprint: indexes.device_fingerprint(user, &self.fingerprint),
            secret: self.secret.map(|secret| indexes.device_secret(user, &secret)),
            name: DeviceName {
                name: self.name.map(Masked::into_inner),
                platform: self.platform.map(Masked::into_inner),
            },
        }
    }
}

fn label(text: &str, most: usize) -> Result<(), FieldFault> {
    let fits = (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(BAD_DEVICE) }
}

/// A device as a sign-in names it: digests that hold for one person only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NamedDevice {
    fingerprint: String,
    secret: Option<String>,
    name: DeviceName,
}

impl NamedDevice {
    /// Whether the sign-in sent a secret, right or wrong.
    pub const fn has_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// The device that is trusted by the secret of the sign-in.
    pub fn trusted<'d>(&self, devices: &'d [DeviceItem], account: &Account, now: Timestamp) -> Option<&'d DeviceItem> {
        let (secret, epoch) = (self.secret.as_ref()?, account.session_epoch);
        devices.iter().find(|device| device.state.is_trusted_by(secret, epoch, now))
    }

    /// The device that it is: by its secret, or else by its fingerprint.
    fn known<'d>(&self, devices: &'d [DeviceItem], account: &Account, now: Timestamp) -> Option<&'d DeviceItem> {
        let by_fingerprint = || devices.iter().find(|device| device.fingerprint == self.fingerprint);
        self.trusted(devices, account, now).or_else(by_fingerprint)
    }
}

/// A sign-in that names a device.
#[derive(Debug)]
pub struct SignInOnDevice<'a> {
    pub named: &'a NamedDevice,
    /// The id of the device if it is a new one.
    pub new: DeviceId,
    pub account: &'a Account,
    pub key: &'a PersonKey,
    pub origin: &'a CallOrigin,
    pub now: Timestamp,
}

impl SignInOnDevice<'_> {
    /// Adds what the sign-in writes of its device. `devices` are those of the person, read in the same attempt. Returns the device.
    pub fn write<'s>(&self, commit: Commit<'s>, devices: &[DeviceItem]) -> Result<(Commit<'s>, DeviceId)> {
        let Self { named, account, key, origin, now, .. } = self;
        if let Some(before) = named.known(devices, account, *now) {
            let after = before.seen(&named.fingerprint, &named.name, origin, key, *now)?;
            return Ok((commit.device_changes(before, &after), before.state.device));
        }
        let state = DeviceState::first(self.new, *now);
        let device = DeviceItem::first(state, account.user, &named.fingerprint, &named.name, origin, key)?;
        Ok((commit.register_device(&device, devices), self.new))
    }
}
