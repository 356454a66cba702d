//! What a policy decides of what was observed.

use std::collections::BTreeMap;

use super::{Factor, Observations, Proof, RiskPolicy, SignInRisk, factor::NEW_DEVICE};
use crate::{event::PublicWord, words::words};

words! {
    /// What follows from the score of a sign-in.
    pub enum RiskOutcome {
        Allow = "allow",
        /// A second factor is asked for, or a code by mail where there is none.
        StepUp = "step_up",
        Refuse = "refuse",
    }
}

/// The decision on one sign-in, with every factor that was observed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskDecision {
    pub outcome: RiskOutcome,
    /// 0 to 100.
    pub score: u32,
    /// 0 to 100: the trust of the session that begins.
    pub trust: u32,
    pub proof: Proof,
    /// Version of the policy.
    pub policy: PublicWord,
    /// Those without points too: they were looked at.
    pub factors: Vec<AssessedFactor>,
}

/// One factor of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssessedFactor {
    pub factor: Factor,
    /// What was observed, in the unit of the factor.
    pub measure: u32,
    /// The most points that it has in the policy.
    pub weight: u32,
    /// What it adds to the score.
    pub points: u32,
}

impl AssessedFactor {
    /// Why it has points, or has none, for staff.
    pub const fn reason(&self) -> &'static str {
        let risky = self.points > 0;
        match self.factor {
            Factor::NewDevice if risky => "The device was not seen before.",
            Factor::NewDevice if self.measure == 0 => "The device is trusted.",
            Factor::NewDevice => "The device is known.",
            Factor::NewNetwork if risky => "The network was not seen before.",
            Factor::NewNetwork => "The network is known.",
            Factor::NewCountry if risky => "The country was not seen before.",
            Factor::NewCountry => "The country is known.",
            Factor::ImpossibleTravel if risky => "Nobody travels that fast from the place of the last sign-in.",
            Factor::ImpossibleTravel => "The journey from the place of the last sign-in is possible.",
            Factor::AccountVelocity if risky => "Many sign-ins and wrong passwords for this account.",
            Factor::AccountVelocity => "Few sign-ins and wrong passwords for this account.",
            Factor::AddressVelocity if risky => "Many wrong passwords from this network.",
            Factor::AddressVelocity => "Few wrong passwords from this network.",
            Factor::AddressReputation if risky => "The address is on the list of networks.",
            Factor::AddressReputation => "The address is not on the list of networks.",
            Factor::RecentPassword if risky => "The password was changed shortly before.",
            Factor::RecentPassword => "The password was not changed shortly before.",
            Factor::OldPassword if risky => "The password is old.",
            Factor::OldPassword => "The password is not old.",
        }
    }
}

impl RiskPolicy {
    /// Decides on what was observed. The score is the sum of the factors' points, at most 100, less the relief of a trusted device
    /// and of a passkey.
    ///
    /// Whatever the policy says, a passkey is never asked for more; and a trusted device, a second factor and the mailbox are never
    /// refused. So a person has a way in that no stranger closes.
    pub fn decide(&self, observations: &Observations) -> RiskDecision {
        let assess = |(factor, measure)| {
            let weight = self.weights.get(&factor).copied().unwrap_or_default();
            AssessedFactor { factor, measure, weight, points: self.points(factor, weight, measure) }
        };
        let factors: Vec<_> = observations.iter().map(assess).collect();
        let trusted = observations.is_on_trusted_device();
        let of_device = if trusted { self.relief.trusted_device } else { 0 };
        let of_passkey = if observations.proof == Proof::Passkey { self.relief.passkey } else { 0 };
        let sum = factors.iter().map(|factor| factor.points).sum::<u32>().min(100);
        let score = sum.saturating_sub(of_device + of_passkey);
        let reaches = |threshold: Option<u32>| threshold.is_some_and(|from| score >= from);
        let outcome = if reaches(self.refuse_from) {
            RiskOutcome::Refuse
        } else if reaches(self.step_up_from) {
            RiskOutcome::StepUp
        } else {
            RiskOutcome::Allow
        };
        let device = if trusted { self.trust.trusted_device } else { 0 };
        let factor = if observations.proof.is_multi_factor() { self.trust.second_factor } else { 0 };
        RiskDecision {
            outcome: outcome.min(worst(observations)),
            score,
            trust: (self.trust.base + device + factor).saturating_sub(score).min(100),
            proof: observations.proof,
            policy: self.version.clone(),
            factors,
        }
    }

    fn points(&self, factor: Factor, weight: u32, measure: u32) -> u32 {
        let is_risky = match factor {
            Factor::NewDevice => measure >= NEW_DEVICE,
            Factor::NewNetwork | Factor::NewCountry | Factor::AddressReputation => measure > 0,
            Factor::ImpossibleTravel => measure > self.impossible_over_kmh,
            Factor::AccountVelocity | Factor::AddressVelocity | Factor::RecentPassword | Factor::OldPassword => {
                return self.ramps.get(&factor).map_or(0, |ramp| ramp.points(weight, measure));
            }
        };
        if is_risky { weight } else { 0 }
    }
}

/// The worst that may follow, whatever the score is.
fn worst(observations: &Observations) -> RiskOutcome {
    match observations.proof {
        Proof::Passkey => RiskOutcome::Allow,
        Proof::SecondFactor | Proof::Mailbox => RiskOutcome::StepUp,
        Proof::FirstFactor if observations.is_on_trusted_device() => RiskOutcome::StepUp,
        Proof::FirstFactor => RiskOutcome::Refuse,
    }
}

impl RiskDecision {
    /// What the event of the sign-in records.
    pub fn record(&self) -> SignInRisk {
        let by_name = |value: fn(&AssessedFactor) -> u32| -> BTreeMap<PublicWord, u32> {
            self.factors.iter().map(|factor| (factor.factor.as_str().into(), value(factor))).collect()
        };
        SignInRisk {
            risk_outcome: self.outcome,
            risk_score: self.score,
            trust: self.trust,
            risk_proof: self.proof,
            risk_policy: self.policy.clone(),
            risk_measures: by_name(|factor| factor.measure),
            risk_points: by_name(|factor| factor.points),
        }
    }
}

impl SignInRisk {
    /// Decides again by a policy; by the one that the record names, the same comes out.
    pub fn replay(&self, policy: &RiskPolicy) -> RiskDecision {
        let measure = |factor: &Factor| self.risk_measures.get(&PublicWord::from(factor.as_str())).copied();
        let observe = |seen: Observations, factor: &Factor| seen.with(*factor, measure(factor));
        policy.decide(&Factor::ALL.iter().fold(Observations::of(self.risk_proof), observe))
    }
}
