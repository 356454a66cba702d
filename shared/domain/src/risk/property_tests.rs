//! What holds of every policy and everything that may be observed.

use std::{net::IpAddr, time::Duration};

use proptest::prelude::*;

use super::{
    policy::RAMPED,
    tests::{policy, risky},
    *,
};

fn a_factor() -> impl Strategy<Value = Factor> {
    prop::sample::select(Factor::ALL)
}

fn observations() -> impl Strategy<Value = Observations> {
    let measures = prop::collection::vec((a_factor(), prop_oneof![0_u32..5, 0_u32..5000, any::<u32>()]), 0..9);
    (measures, prop::sample::select(Proof::ALL)).prop_map(|(measures, proof)| {
        measures.into_iter().fold(Observations::of(proof), |all, (factor, measure)| all.with(factor, Some(measure)))
    })
}

fn a_policy() -> impl Strategy<Value = RiskPolicy> {
    let ramp = (0_u32..2000, 0_u32..2000).prop_filter("a ramp", |(from, to)| from != to);
    let ramps = prop::collection::vec(ramp, RAMPED.len());
    (prop::collection::vec(0_u32..=100, Factor::ALL.len()), ramps, 0_u32..=100, 0_u32..=100).prop_map(
        |(weights, ramps, base, bonus)| RiskPolicy {
            weights: Factor::ALL.iter().copied().zip(weights).collect(),
            ramps: RAMPED.into_iter().zip(ramps.into_iter().map(|(from, to)| Ramp { from, to })).collect(),
            relief: ReliefPolicy { trusted_device: bonus, passkey: base },
            trust: TrustPolicy { base, trusted_device: bonus, second_factor: bonus },
            ..policy().clone()
        },
    )
}

fn a_point() -> impl Strategy<Value = Point> {
    (-90.0..=90.0_f64, -180.0..=180.0_f64, prop::option::of(0.0..2000.0_f64))
        .prop_map(|(latitude, longitude, radius)| Point::new(latitude, longitude, radius).unwrap())
}

proptest! {
    /// The secret of a trusted device is what lowers it, and nothing else that is observed.
    #[test]
    fn adding_a_factor_never_lowers_the_score(
        policy in a_policy(), seen in observations(), factor in a_factor(), measure in any::<u32>(),
    ) {
        let measure = if factor == Factor::NewDevice { measure.max(1) } else { measure };
        let seen = if factor == Factor::NewDevice { seen.with(factor, None) } else { seen };
        let without = policy.decide(&seen.clone().with(factor, None));
        let with = policy.decide(&seen.with(factor, Some(measure)));
        prop_assert!(with.score >= without.score && with.outcome >= without.outcome);
    }

    #[test]
    fn a_riskier_measure_never_lowers_the_score(
        seen in observations(), factor in a_factor(), one in 0_u32..3000, other in 0_u32..3000,
    ) {
        let (less, more) = if factor == Factor::RecentPassword {
            (one.max(other), one.min(other))
        } else {
            (one.min(other), one.max(other))
        };
        let score = |measure| policy().decide(&seen.clone().with(factor, Some(measure))).score;
        prop_assert!(score(less) <= score(more));
    }

    #[test]
    fn score_and_trust_are_within_0_to_100(policy in a_policy(), seen in observations()) {
        let decision = policy.decide(&seen);
        prop_assert!(decision.score <= 100 && decision.trust <= 100);
        prop_assert!(decision.factors.iter().all(|factor| factor.points <= factor.weight));
    }

    #[test]
    fn a_trusted_device_raises_trust(seen in observations()) {
        let with = |device| policy().decide(&seen.clone().with_device(Some(device)));
        let (trusted, known, new) =
            (with(DeviceStanding::Trusted), with(DeviceStanding::Known), with(DeviceStanding::New));
        prop_assert!(trusted.trust > known.trust || known.trust == 100 || trusted.trust == 100);
        prop_assert!(known.trust >= new.trust && trusted.score <= known.score);
    }

    /// Whatever a deployment's policy says, nobody loses every way in.
    #[test]
    fn a_passkey_is_asked_for_nothing_more_and_a_trusted_device_and_the_mailbox_are_never_refused(
        policy in a_policy(), seen in observations(),
    ) {
        let with = |proof| {
            let mut seen = seen.clone();
            seen.proof = proof;
            policy.decide(&seen)
        };
        prop_assert_eq!(with(Proof::Passkey).outcome, RiskOutcome::Allow);
        prop_assert!(with(Proof::Mailbox).outcome < RiskOutcome::Refuse);
        prop_assert!(with(Proof::SecondFactor).outcome < RiskOutcome::Refuse);
        prop_assert!(with(Proof::SecondFactor).trust >= with(Proof::FirstFactor).trust);
        let trusted = policy.decide(&seen.clone().with_device(Some(DeviceStanding::Trusted)));
        prop_assert!(trusted.outcome < RiskOutcome::Refuse);
    }

    /// Without any of them there is no score.
    #[test]
    fn absent_factors_change_nothing(policy in a_policy(), seen in observations()) {
        let decision = policy.decide(&seen);
        let absent = Factor::ALL.iter().filter(|factor| seen.get(**factor).is_none());
        prop_assert!(absent.clone().all(|factor| decision.factors.iter().all(|one| one.factor != *factor)));
        let again = absent.fold(seen.clone(), |seen, factor| seen.with(*factor, None));
        prop_assert_eq!(policy.decide(&again), decision);
        prop_assert_eq!(policy.decide(&Observations::default()).score, 0);
    }

    #[test]
    fn a_new_place_lowers_trust(seen in observations(), place in prop::sample::select(vec![
        Factor::NewNetwork, Factor::NewCountry, Factor::ImpossibleTravel,
    ])) {
        let known = policy().decide(&seen.clone().with(place, Some(0)));
        let new = policy().decide(&seen.with(place, Some(risky(place))));
        prop_assert!(new.trust <= known.trust && new.score >= known.score);
        // Unless there is nothing left to raise or to lower.
        let points = |decision: &RiskDecision| decision.factors.iter().map(|factor| factor.points).sum::<u32>();
        let at_an_end = points(&known) >= 100 || known.trust == 0 || new.trust == 100 || new.score == 0;
        prop_assert!(new.trust < known.trust || at_an_end);
    }

    #[test]
    fn travel_is_symmetrical(one in a_point(), other in a_point(), seconds in 0_u64..1_000_000) {
        let time = Duration::from_secs(seconds);
        let (there, back) = (one.least_speed(&other, time, 500), other.least_speed(&one, time, 500));
        prop_assert!(there.abs_diff(back) <= 1, "{there} {back}");
        prop_assert_eq!(one.least_speed(&one, time, 500), 0);
    }

    #[test]
    fn a_record_is_decided_again_with_the_same_result(policy in a_policy(), seen in observations()) {
        let decision = policy.decide(&seen);
        prop_assert_eq!(decision.record().replay(&policy), decision);
    }

    #[test]
    fn a_list_of_networks_holds_what_each_of_its_networks_holds(
        networks in prop::collection::vec((any::<u32>(), 8_u32..=32), 1..20), address in any::<u32>(),
    ) {
        let first = |address: u32, prefix: u32| address & u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
        // Half of the addresses are in a network.
        let address = if address % 2 == 0 { networks[0].0 } else { address };
        let text: Vec<_> = networks
            .iter()
            .map(|(at, prefix)| format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(first(*at, *prefix))))
            .collect();
        let list = NetworkList::parse(&text.join("\n")).unwrap();
        let expected = networks.iter().any(|(at, prefix)| first(*at, *prefix) == first(address, *prefix));
        prop_assert_eq!(list.contains(IpAddr::from(std::net::Ipv4Addr::from_bits(address))), expected);
    }
}
