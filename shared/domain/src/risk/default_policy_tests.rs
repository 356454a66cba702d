//! What the default policy makes of sign-ins as they happen. A false refusal is its worst fault, so ordinary ones come first.

use std::time::Duration;

use super::{
    Attempt, DeviceStanding, Factor, Place, Point, Proof, RiskDecision, RiskOutcome, RiskPolicy, SignInHistory,
    history::MOST_COUNTED,
};
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
const DAY: Duration = Duration::from_hours(24);

fn berlin() -> Place {
    Place { country: Some("DE".to_owned()), point: Point::new(52.52, 13.405, Some(20.0)) }
}

fn munich() -> Place {
    Place { country: Some("DE".to_owned()), point: Point::new(48.14, 11.58, Some(20.0)) }
}

fn tokyo() -> Place {
    Place { country: Some("JP".to_owned()), point: Point::new(35.68, 139.69, Some(20.0)) }
}

fn from(network: &str, place: Place, device: DeviceStanding, at: Timestamp) -> Attempt {
    Attempt {
        device: Some(device),
        network: Some(network.to_owned()),
        place: Some(place),
        listed: Some(false),
        network_failures: Some(0),
        password_since: Some(NOW),
        ..Attempt::at(at)
    }
}

/// Somebody who signed in at home in Berlin, on one device.
fn at_home() -> SignInHistory {
    SignInHistory::default().after(&from("home", berlin(), DeviceStanding::New, NOW))
}

fn decide(history: &SignInHistory, attempt: &Attempt) -> RiskDecision {
    let policy = RiskPolicy::embedded();
    policy.decide(&history.observe(attempt, policy))
}

fn outcome(history: &SignInHistory, attempt: &Attempt) -> RiskOutcome {
    decide(history, attempt).outcome
}

#[test]
fn ordinary_sign_ins_are_allowed() {
    use DeviceStanding::{Known, New, Trusted};
    let soon = NOW + Duration::from_mins(5);
    for (case, attempt) in [
        ("the same device at home", from("home", berlin(), Known, soon)),
        ("a second device at home", from("home", berlin(), New, soon)),
        ("the telephone in the network of its carrier", from("carrier", berlin(), Known, soon)),
        // Carriers send all traffic of a country through a few towns.
        ("the carrier sends it through another town", from("carrier", munich(), Known, soon)),
        ("a new telephone in the network of its carrier", from("carrier", berlin(), New, soon)),
        ("a holiday with the own device", from("hotel", tokyo(), Known, NOW + DAY)),
        ("a VPN on a trusted device", from("vpn", tokyo(), Trusted, soon)),
        ("after a year", from("home", berlin(), Known, NOW + DAY * 365)),
    ] {
        let decision = decide(&at_home(), &attempt);
        assert_eq!(decision.outcome, RiskOutcome::Allow, "{case}: {decision:#?}");
    }
}

#[test]
fn the_first_sign_in_is_allowed_wherever_it_is() {
    let first = Attempt { device: None, ..from("anywhere", tokyo(), DeviceStanding::New, NOW) };
    assert_eq!(decide(&SignInHistory::default(), &first).score, 0);
}

/// Public reports: many people of a company come from one address, and one of them types wrong passwords.
#[test]
fn wrong_passwords_of_others_behind_the_same_address_keep_nobody_out() {
    let second = from("home", berlin(), DeviceStanding::New, NOW + DAY);
    let busy = Attempt { network_failures: Some(10_000), account_failures: 4, ..second };
    assert_eq!(outcome(&at_home(), &busy), RiskOutcome::Allow);
}

/// Somebody else who guesses passwords must not be able to keep the owner out.
#[test]
fn a_stranger_s_guesses_never_refuse_the_owner_at_a_known_place() {
    let own = Attempt { account_failures: u32::MAX, ..from("home", berlin(), DeviceStanding::Known, NOW + DAY) };
    assert_eq!(outcome(&at_home(), &own), RiskOutcome::Allow);
    let abroad = Attempt { account_failures: u32::MAX, ..from("hotel", tokyo(), DeviceStanding::Known, NOW + DAY) };
    assert_eq!(outcome(&at_home(), &abroad), RiskOutcome::StepUp);
}

#[test]
fn what_looks_like_somebody_else_needs_a_second_factor() {
    use DeviceStanding::{Known, New};
    let soon = NOW + Duration::from_hours(1);
    for (case, attempt) in [
        ("a new device in a new country", from("hotel", tokyo(), New, NOW + DAY)),
        ("an impossible journey to a new country", from("vpn", tokyo(), Known, soon)),
        ("a new device through a listed network", Attempt { listed: Some(true), ..from("proxy", berlin(), New, soon) }),
        (
            "a new device in a network of guesses",
            Attempt { network_failures: Some(500), ..from("sprayer", berlin(), New, soon) },
        ),
        // All of it at once, but nobody guessed.
        ("everything about the place is new", from("vpn", tokyo(), New, soon)),
        (
            "everything about the place is new, through a listed network",
            Attempt { listed: Some(true), ..from("proxy", tokyo(), New, soon) },
        ),
        (
            "everything about the place is new, after a new password",
            Attempt { password_changed_at: Some(soon), ..from("vpn", tokyo(), New, soon) },
        ),
    ] {
        assert_eq!(outcome(&at_home(), &attempt), RiskOutcome::StepUp, "{case}");
    }
}

#[test]
fn a_network_of_guesses_where_everything_is_new_is_refused_unless_more_was_proved() {
    let soon = NOW + Duration::from_hours(1);
    let attempt = Attempt { network_failures: Some(500), ..from("sprayer", tokyo(), DeviceStanding::New, soon) };
    assert_eq!(outcome(&at_home(), &attempt), RiskOutcome::Refuse);
    for (proof, expected) in [
        (Proof::Mailbox, RiskOutcome::StepUp),
        (Proof::SecondFactor, RiskOutcome::StepUp),
        (Proof::Passkey, RiskOutcome::Allow),
    ] {
        assert_eq!(outcome(&at_home(), &Attempt { proof, ..attempt.clone() }), expected, "{proof}");
    }
}

/// Without a location database the rest still works.
#[test]
fn without_a_location_the_places_are_absent() {
    let attempt = Attempt { place: None, ..from("other", tokyo(), DeviceStanding::New, NOW + DAY) };
    let history =
        SignInHistory::default().after(&Attempt { place: None, ..from("home", tokyo(), DeviceStanding::New, NOW) });
    let decision = decide(&history, &attempt);
    assert_eq!((decision.outcome, decision.score), (RiskOutcome::Allow, 35));
    let of_places = [Factor::NewCountry, Factor::ImpossibleTravel];
    assert!(decision.factors.iter().all(|factor| !of_places.contains(&factor.factor)));
}

#[test]
fn sign_ins_of_an_hour_count_and_are_bounded() {
    let mut history = at_home();
    let mut at = NOW;
    for _ in 0..100 {
        at = at + Duration::from_secs(10);
        history = history.after(&from("home", berlin(), DeviceStanding::Known, at));
    }
    let decision = decide(&history, &from("home", berlin(), DeviceStanding::Known, at));
    assert_eq!((decision.outcome, decision.score), (RiskOutcome::Allow, 20));
    let stored = serde_json::to_value(&history).unwrap();
    assert_eq!(stored["recent"].as_array().unwrap().len(), MOST_COUNTED);
    let later = decide(&history, &from("home", berlin(), DeviceStanding::Known, at + Duration::from_hours(1)));
    assert_eq!(later.score, 0);
}

/// A process whose clock was wrong must neither keep the person out nor let everybody in.
#[test]
fn a_clock_that_was_wrong_does_not_matter_for_long() {
    let ahead = NOW + DAY * 365;
    let history = at_home().after(&from("home", berlin(), DeviceStanding::Known, ahead));
    let own = from("home", berlin(), DeviceStanding::Known, NOW + Duration::from_mins(1));
    assert_eq!(outcome(&history, &own), RiskOutcome::Allow);
    let back = at_home().after(&from("home", berlin(), DeviceStanding::Known, NOW - DAY * 365));
    assert_eq!(outcome(&back, &own), RiskOutcome::Allow);
    let stranger = from("vpn", tokyo(), DeviceStanding::New, NOW + Duration::from_mins(1));
    assert_eq!(outcome(&history, &stranger), RiskOutcome::StepUp);
}
