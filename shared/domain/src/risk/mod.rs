//! The risk of a sign-in: named factors with points, a score from 0 to 100, and what follows from it.
//!
//! ```text
//! SignInHistory + Attempt ──observe──► Observations ──RiskPolicy::decide──► RiskDecision ──► event (SignInRisk)
//! ```
//!
//! [`Observations`] hold one number per factor and nothing personal: neither an address nor a place. So they are recorded in
//! the event of the sign-in, and the decision can be computed again from the event and the policy ([`SignInRisk::replay`]).
//! What is not known is absent: without a location there is no travel, which is something else than a journey of 0 km/h.

mod decision;
mod factor;
mod history;
mod networks;
mod place;
mod policy;

pub use decision::{AssessedFactor, RiskDecision, RiskOutcome};
pub use factor::{DeviceStanding, Factor, Observations, Proof};
pub use history::{Attempt, Seen, SignInHistory};
pub use networks::{NetworkList, familiar_network};
pub use place::{Place, Point};
pub use policy::{Ramp, ReliefPolicy, RiskPolicy, TrustPolicy};

pub use crate::event::SignInRisk;

#[cfg(test)]
mod default_policy_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
