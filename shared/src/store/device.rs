//! Devices of people: `U#<user>` · `D#<device>`. A device ends by its deletion, or 90 days after its last sign-in.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    Position, Store, Table,
    author::CallOrigin,
    commit::{Commit, WriteExpression},
    event::EventDraft,
    item::{ItemQuery, Key, Sort, number, read},
    person_key::PersonKey,
    secrets::IndexSecrets,
};
use crate::{
    crypto::field::Place,
    domain::{
        account::BlindIndex,
        device::{Device, DeviceState, MOST_DEVICES},
        event::{EventType, Subject},
        id::{DeviceId, UserId},
        secret::{Masked, SecretText},
        time::Timestamp,
    },
    error::{Internal, Result},
};

/// A device as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeviceItem {
    #[serde(flatten)]
    pub state: DeviceState,
    pub user: UserId,
    /// A keyed digest of the fingerprint.
    pub fingerprint: String,
    /// What its client calls it, and where the last sign-in came from: encrypted with the person's profile key.
    label: ByteBuf,
    /// Unix seconds, for the table's own cleaning; the rule is [`DeviceState::is_kept`].
    expires: i64,
}

/// What a client calls its device.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct DeviceName {
    pub name: Option<String>,
    pub platform: Option<String>,
}

impl std::fmt::Debug for DeviceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

#[derive(Serialize, Deserialize)]
struct Label {
    #[serde(flatten)]
    name: DeviceName,
    ip: String,
}

impl DeviceItem {
    fn key(user: &UserId, device: &DeviceId) -> Key {
        Key::new(format!("U#{user}"), format!("D#{device}"))
    }

    /// The device at the first sign-in that names it.
    pub fn first(
        state: DeviceState,
        user: UserId,
        fingerprint: &str,
        name: &DeviceName,
        origin: &CallOrigin,
        key: &PersonKey,
    ) -> Result<Self> {
        let expires = state.expires_at().unix_seconds();
        let label = Label { name: name.clone(), ip: origin.ip.clone() };
        let label = seal(&Self::key(&user, &state.device), &label, key)?;
        Ok(Self { state, user, fingerprint: fingerprint.to_owned(), label, expires })
    }

    /// The device after another sign-in. What the client does not name stays as it was. A device that is known by its secret may
    /// have another fingerprint than before.
    pub fn seen(
        &self,
        fingerprint: &str,
        name: &DeviceName,
        origin: &CallOrigin,
        key: &PersonKey,
        now: Timestamp,
    ) -> Result<Self> {
        let before = self.label(key)?.name;
        let name =
            DeviceName { name: name.name.clone().or(before.name), platform: name.platform.clone().or(before.platform) };
        Self::first(self.state.seen(now), self.user, fingerprint, &name, origin, key)
    }

    /// What the tries of a trusted device are counted under, apart from those of the account's identifiers.
    pub fn index(&self) -> BlindIndex {
        BlindIndex::from_text(format!("device.{}", self.state.device))
    }

    /// The device in another state.
    #[must_use]
    pub fn with(&self, state: DeviceState) -> Self {
        Self { state, ..self.clone() }
    }

    /// As the API shows it to its person, whose account has this session epoch.
    pub fn view(&self, key: &PersonKey, epoch: u64, now: Timestamp) -> Result<Device> {
        let label = self.label(key)?;
        Ok(Device {
            id: self.state.device,
            name: label.name.name.map(Masked),
            platform: label.name.platform.map(Masked),
            trusted: self.state.is_trusted(epoch, now),
            first_seen_at: self.state.first_seen_at,
            last_seen_at: self.state.last_seen_at,
            last_ip: Masked(label.ip),
        })
    }

    /// An event of the device.
    pub fn event(&self, kind: EventType) -> EventDraft {
        EventDraft::new(kind, Subject::new("device", self.state.device), self.state.version).person(self.user)
    }

    fn label(&self, key: &PersonKey) -> Result<Label> {
        let at = Self::key(&self.user, &self.state.device);
        let plain = key.open(&place(&at), &self.label)?;
        serde_json::from_slice(&plain).map_err(|_| Internal::corrupt("a device's label").into())
    }
}

fn seal(at: &Key, label: &Label, key: &PersonKey) -> Result<ByteBuf> {
    let plain = serde_json::to_vec(label).map_err(Internal::bug)?;
    Ok(ByteBuf::from(key.seal(&place(at), &plain)))
}

fn place(at: &Key) -> Place<'_> {
    Place { table: Table::Identity.logical(), partition: &at.pk, sort: &at.sk, attribute: "label" }
}

impl IndexSecrets {
    /// The digest of a fingerprint, by which a device of this person is known.
    pub fn device_fingerprint(&self, user: &UserId, fingerprint: &str) -> String {
        self.digest(&[b"device fingerprint", user.to_string().as_bytes(), fingerprint.as_bytes()])
    }

    /// The digest of the secret of a device of this person.
    pub fn device_secret(&self, user: &UserId, secret: &SecretText) -> String {
        self.digest(&[b"device secret", user.to_string().as_bytes(), secret.expose().as_bytes()])
    }
}

impl Commit<'_> {
    /// A device that a sign-in names for the first time, with its event. Of more than [`MOST_DEVICES`] the one that was unused for
    /// longest goes.
    pub fn register_device(self, device: &DeviceItem, kept: &[DeviceItem]) -> Self {
        let key = DeviceItem::key(&device.user, &device.state.device);
        let commit = self.create(Table::Identity, &key, device, None).event(device.event(EventType::DeviceRegistered));
        let unused = kept.iter().min_by_key(|one| one.state.last_seen_at).filter(|_| kept.len() >= MOST_DEVICES);
        unused.iter().fold(commit, |commit, device| commit.delete_device(device))
    }

    /// A device in its next state, in place of the one that was read.
    pub fn device_changes(self, before: &DeviceItem, after: &DeviceItem) -> Self {
        let key = DeviceItem::key(&after.user, &after.state.device);
        self.replace(Table::Identity, &key, after, before.state.version)
    }

    /// Deletes a device as it was read, with its event.
    pub fn delete_device(self, device: &DeviceItem) -> Self {
        let removed = device.with(device.state.distrusted());
        self.forget_device(device).event(removed.event(EventType::DeviceRemoved))
    }

    /// The same as a part of something else, which has an event of its own: a transaction has at most a hundred writes.
    pub fn forget_device(self, device: &DeviceItem) -> Self {
        let unchanged = WriteExpression {
            condition: "version = :read",
            values: vec![(":read", number(device.state.version))],
            ..WriteExpression::default()
        };
        self.delete(Table::Identity, &DeviceItem::key(&device.user, &device.state.device), &unchanged, None)
    }
}

impl Store {
    /// The devices of a person, newest first.
    pub async fn devices(&self, user: &UserId, now: Timestamp) -> Result<Vec<DeviceItem>> {
        Ok(self.devices_page(user, now, 100, None).await?.0)
    }

    /// One page of them.
    pub async fn devices_page(
        &self,
        user: &UserId,
        now: Timestamp,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<DeviceItem>, Option<Position>)> {
        let partition = format!("U#{user}");
        let query = ItemQuery {
            table: Table::Identity,
            index: None,
            partition: ("pk", &partition),
            sort: Sort::Prefix("sk", "D#"),
            newest_first: true,
            limit,
            after,
        };
        let (items, next) = self.query(query).await?;
        let devices = items.into_iter().map(read::<DeviceItem>).collect::<Result<Vec<_>>>()?;
        Ok((devices.into_iter().filter(|device| device.state.is_kept(now)).collect(), next))
    }

    pub async fn device(&self, user: &UserId, device: &DeviceId, now: Timestamp) -> Result<Option<DeviceItem>> {
        let device: Option<DeviceItem> = self.get_as(Table::Identity, &DeviceItem::key(user, device)).await?;
        Ok(device.filter(|device| device.state.is_kept(now)))
    }
}
