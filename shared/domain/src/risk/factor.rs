//! The factors of a risk score, and what was observed of them.

use std::collections::BTreeMap;

use crate::words::words;

words! {
    /// A reason why a sign-in may not be the person's. Each is observed as one number, its measure.
    pub enum Factor {
        /// The device: 0 trusted, 1 known, 2 new.
        NewDevice = "new_device",
        /// The network: 0 known, 1 new.
        NewNetwork = "new_network",
        /// The country: 0 known, 1 new.
        NewCountry = "new_country",
        /// The least speed in km/h at which the person went there from the place of the last sign-in.
        ImpossibleTravel = "impossible_travel",
        /// Sign-ins to this account within the last hour, and wrong passwords within the last quarter of an hour.
        AccountVelocity = "account_velocity",
        /// Wrong passwords from this network lately, for any account. One is forgotten each minute.
        AddressVelocity = "address_velocity",
        /// Whether the address is on the list of networks: 0 no, 1 yes.
        AddressReputation = "address_reputation",
        /// Hours since the password was set; a risk while it is new, since whoever took over a mailbox sets one first.
        RecentPassword = "recent_password",
        /// Days since the password was set; a risk when it is old, since it may have leaked meanwhile.
        OldPassword = "old_password",
    }
}

/// What is known of the device of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceStanding {
    /// It holds a secret that this service issued to it.
    Trusted,
    Known,
    New,
}

impl DeviceStanding {
    const fn measure(self) -> u32 {
        match self {
            Self::Trusted => TRUSTED,
            Self::Known => 1,
            Self::New => NEW_DEVICE,
        }
    }
}

const TRUSTED: u32 = 0;
pub(super) const NEW_DEVICE: u32 = 2;

words! {
    /// What a person proved in addition to a first factor such as a password. It limits what may follow from the score.
    pub enum Proof {
        /// Nothing else.
        FirstFactor = "first_factor",
        /// That they read the mailbox of the account: by a mailed link, or by a password that they reset after a refusal.
        Mailbox = "mailbox",
        /// A second factor.
        SecondFactor = "second_factor",
        /// A passkey that verified its user. It cannot be phished, guessed or copied.
        Passkey = "passkey",
    }
}

impl Proof {
    /// Whether it counts as two factors.
    pub const fn is_multi_factor(self) -> bool {
        matches!(self, Self::SecondFactor | Self::Passkey)
    }
}

/// The measure of each factor that could be observed, and what was proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observations {
    measures: BTreeMap<Factor, u32>,
    pub proof: Proof,
}

impl Default for Observations {
    fn default() -> Self {
        Self::of(Proof::FirstFactor)
    }
}

impl Observations {
    /// None yet, of somebody who proved this.
    pub const fn of(proof: Proof) -> Self {
        Self { measures: BTreeMap::new(), proof }
    }

    /// Adds a measure, or takes the factor out if there is none.
    #[must_use]
    pub fn with(mut self, factor: Factor, measure: Option<u32>) -> Self {
        match measure {
            Some(measure) => self.measures.insert(factor, measure),
            None => self.measures.remove(&factor),
        };
        self
    }

    #[must_use]
    pub fn with_device(self, device: Option<DeviceStanding>) -> Self {
        self.with(Factor::NewDevice, device.map(DeviceStanding::measure))
    }

    /// Adds a factor whose measure is 1 if it is so.
    #[must_use]
    pub fn with_flag(self, factor: Factor, is_so: Option<bool>) -> Self {
        self.with(factor, is_so.map(u32::from))
    }

    pub fn get(&self, factor: Factor) -> Option<u32> {
        self.measures.get(&factor).copied()
    }

    /// Whether the device is trusted by its secret.
    pub fn is_on_trusted_device(&self) -> bool {
        self.get(Factor::NewDevice) == Some(TRUSTED)
    }

    /// In the order of the factors.
    pub fn iter(&self) -> impl Iterator<Item = (Factor, u32)> + '_ {
        self.measures.iter().map(|(factor, measure)| (*factor, *measure))
    }
}
