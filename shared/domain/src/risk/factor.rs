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
        /// Tries to sign in to this account lately.
        AccountVelocity = "account_velocity",
        /// Tries to sign in from this address lately, to any account.
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

pub(super) const TRUSTED: u32 = 0;
pub(super) const NEW_DEVICE: u32 = 2;

/// The measure of each factor that could be observed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observations(BTreeMap<Factor, u32>);

impl Observations {
    /// Adds a measure, or takes the factor out if there is none.
    #[must_use]
    pub fn with(mut self, factor: Factor, measure: Option<u32>) -> Self {
        match measure {
            Some(measure) => self.0.insert(factor, measure),
            None => self.0.remove(&factor),
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
        self.0.get(&factor).copied()
    }

    /// In the order of the factors.
    pub fn iter(&self) -> impl Iterator<Item = (Factor, u32)> + '_ {
        self.0.iter().map(|(factor, measure)| (*factor, *measure))
    }
}
