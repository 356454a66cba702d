//! The device of a sign-in: how its client names it, and what the sign-in writes of it.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use utoipa::ToSchema;
use verinym::{
    crypto::random::RandomId,
    domain::{
        device::DeviceState,
        field::{FieldFault, Fields},
        id::{DeviceId, SessionId, UserId},
        risk::DeviceStanding,
        secret::{Masked, SecretText},
        time::Timestamp,
    },
    error::{Internal, RequestError, Result},
    store::{
        Store,
        author::CallOrigin,
        commit::Commit,
        device::{DeviceItem, DeviceName},
        factor::Challenge,
        item::Key,
        person_key::PersonKey,
        secrets::IndexSecrets,
        session::{SessionItem, SignIns},
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

/// Refuses a description of a device that is malformed.
pub fn check_device(device: Option<&DeviceOfSignIn>) -> Result<()> {
    let mut fields = Fields::default();
    if let Some(device) = device {
        device.check(&mut fields);
    }
    Ok(fields.done().map_err(RequestError::Invalid)?)
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

    /// The device as a challenge keeps it: encrypted with the person's key.
    pub fn seal(&self, challenge: &Key, key: &PersonKey) -> Result<ByteBuf> {
        let plain = serde_json::to_vec(self).map_err(Internal::bug)?;
        Ok(ByteBuf::from(key.seal(&Challenge::device_place(challenge), &plain)))
    }

    /// The device of a challenge.
    pub fn open(sealed: &[u8], challenge: &Key, key: &PersonKey) -> Result<Self> {
        let plain = key.open(&Challenge::device_place(challenge), sealed)?;
        serde_json::from_slice(&plain).map_err(|_| Internal::corrupt("the device of a challenge").into())
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

/// What was read of a person's sign-ins before this one.
#[derive(Debug)]
pub struct BeforeSignIn {
    pub sign_ins: SignIns,
    pub devices: Vec<DeviceItem>,
}

impl BeforeSignIn {
    /// The sign-ins first: whoever registers the same device meanwhile increments their number.
    pub async fn read(store: &Store, user: &UserId, now: Timestamp) -> Result<Self> {
        let sign_ins = store.sign_ins(user).await?;
        Ok(Self { sign_ins, devices: store.devices(user, now).await? })
    }
}

/// What is known of the device of a sign-in; `None` where nothing tells: at the first sign-in, and where no device is known and none is
/// named.
pub fn standing(
    named: Option<&NamedDevice>,
    before: &BeforeSignIn,
    account: &Account,
    now: Timestamp,
) -> Option<DeviceStanding> {
    let is_trusted = |named: &NamedDevice| named.trusted(&before.devices, account, now).is_some();
    let is_known = |named: &NamedDevice| named.known(&before.devices, account, now).is_some();
    match named {
        Some(named) if is_trusted(named) => Some(DeviceStanding::Trusted),
        Some(named) if is_known(named) => Some(DeviceStanding::Known),
        _ if before.sign_ins.is_first() => None,
        Some(_) => Some(DeviceStanding::New),
        None => (!before.devices.is_empty()).then_some(DeviceStanding::New),
    }
}

/// What a sign-in writes of its device.
#[derive(Debug)]
pub struct DeviceAtSignIn<'a> {
    named: Option<&'a NamedDevice>,
    /// The id of the device if it is a new one.
    new: DeviceId,
    account: &'a Account,
    key: &'a PersonKey,
    origin: &'a CallOrigin,
    now: Timestamp,
}

impl<'a> DeviceAtSignIn<'a> {
    /// `named` is `None` if the sign-in names no device.
    pub fn of(
        named: Option<&'a NamedDevice>,
        account: &'a Account,
        (key, origin): (&'a PersonKey, &'a CallOrigin),
        now: Timestamp,
    ) -> Self {
        Self { named, new: DeviceId::new(now), account, key, origin, now }
    }

    /// Adds what the sign-in writes of its device, and names the device in the session. `before` was read in the same attempt.
    /// Returns the id of the session also if its owner is to be told of a new device. Where the account knows devices, a sign-in
    /// that names none is not on one of them.
    pub fn write<'s>(
        &self,
        commit: Commit<'s>,
        mut session: SessionItem,
        before: &BeforeSignIn,
    ) -> Result<(Commit<'s>, SessionItem, Option<SessionId>)> {
        let (commit, device) = self.device(commit, &before.devices)?;
        let is_new = device.map_or(!before.devices.is_empty(), |device| device == self.new);
        session.device = device;
        let told = Some(session.session).filter(|_| is_new && !before.sign_ins.is_first());
        Ok((commit, session, told))
    }

    fn device<'s>(&self, commit: Commit<'s>, devices: &[DeviceItem]) -> Result<(Commit<'s>, Option<DeviceId>)> {
        let Self { named, account, key, origin, now, .. } = *self;
        let Some(named) = named else { return Ok((commit, None)) };
        if let Some(before) = named.known(devices, account, now) {
            let after = before.seen(&named.fingerprint, &named.name, origin, key, now)?;
            return Ok((commit.device_changes(before, &after), Some(before.state.device)));
        }
        let state = DeviceState::first(self.new, now);
        let device = DeviceItem::first(state, account.user, &named.fingerprint, &named.name, origin, key)?;
        Ok((commit.register_device(&device, devices), Some(self.new)))
    }
}
