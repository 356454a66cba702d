use std::{net::IpAddr, time::Duration};

use super::{history::FORGOTTEN_AFTER, history::MOST_KEPT, *};
use crate::{event::EventData, time::Timestamp};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
const DEFAULT: &str = include_str!("default_policy.json");

pub(super) fn policy() -> &'static RiskPolicy {
    RiskPolicy::embedded()
}

fn point(latitude: f64, longitude: f64, radius: f64) -> Point {
    Point::new(latitude, longitude, Some(radius)).unwrap()
}

fn place(country: &str, point: Point) -> Place {
    Place { country: Some(country.to_owned()), point: Some(point) }
}

fn berlin() -> Point {
    point(52.52, 13.405, 20.0)
}

fn tokyo() -> Point {
    point(35.68, 139.69, 20.0)
}

fn faults(text: &str) -> Vec<String> {
    RiskPolicy::parse(text).unwrap_err().0
}

/// The default policy with one replacement in its text.
fn changed(from: &str, to: &str) -> String {
    assert!(DEFAULT.contains(from), "{from}");
    DEFAULT.replacen(from, to, 1)
}

#[test]
fn the_embedded_policy_has_no_fault() {
    assert_eq!(RiskPolicy::parse(DEFAULT).as_ref(), Ok(policy()));
    assert_eq!((policy().step_up_from, policy().refuse_from), (Some(55), Some(100)));
}

#[test]
fn every_fault_of_a_policy_is_reported_by_name() {
    let text = changed("\"new_device\": 25", "\"new_device\": 101")
        .replace("\"new_country\": 25,", "\"new_county\": 25,")
        .replace("{ \"from\": 10, \"to\": 40 }", "{ \"from\": 3, \"to\": 3 }")
        .replace("\"old_password\": { \"from\": 365, \"to\": 1825 }", "\"old_password\": 365")
        .replace("\"default-1\"", "\"my policy\"")
        .replace("\"refuse_from\": 100", "\"refuse_from\": 50")
        .replace("\"passkey\": 60", "\"passkey\": 160")
        .replace("\"base\": 70", "\"base\": -1")
        .replace("900,", "\"900\",");
    let found = faults(&text);
    for expected in [
        "version must be 1 to 64 printable ASCII characters without spaces",
        "impossible_over_kmh must be an integer from 1 to 20000",
        "step_up_from must not be above refuse_from",
        "relief.passkey must be an integer from 0 to 100",
        "weights.new_device must be an integer from 0 to 100",
        "weights.new_country is missing",
        "weights.new_county is unknown",
        "ramps.account_velocity: from and to must differ",
        "ramps.old_password must be an object",
        "trust.base must be an integer from 0 to 100",
    ] {
        assert!(found.iter().any(|fault| fault == expected), "{expected}: {found:#?}");
    }
}

#[test]
fn a_missing_member_is_reported_once() {
    let text = changed("\"ramps\"", "\"ramp\"");
    assert_eq!(
        faults(&text).iter().filter(|fault| fault.starts_with("ramps")).collect::<Vec<_>>(),
        ["ramps is missing",]
    );
}

#[test]
fn what_is_no_policy_is_refused() {
    for text in ["", "{", "[]", "null", "7", "{\"version\": \"1\"}"] {
        assert!(!faults(text).is_empty(), "{text:?}");
    }
    assert!(RiskPolicy::parse(&format!("\u{feff}{DEFAULT}")).is_ok(), "an editor's byte order mark");
    assert!(RiskPolicy::parse(&changed("900,", "1e400,")).is_err());
    assert!(RiskPolicy::parse(&changed("\"refuse_from\": 100", "\"refuse_from\": 89.5")).is_err());
}

#[test]
fn a_threshold_of_null_is_never_reached() {
    let never = RiskPolicy::parse(&changed("\"refuse_from\": 100", "\"refuse_from\": null")).unwrap();
    let all = Factor::ALL.iter().fold(Observations::default(), |all, factor| all.with(*factor, Some(risky(*factor))));
    assert_eq!(never.decide(&all).outcome, RiskOutcome::StepUp);
    assert_eq!(policy().decide(&all).outcome, RiskOutcome::Refuse);
}

/// A measure with all points of the default policy.
pub(super) fn risky(factor: Factor) -> u32 {
    match factor {
        Factor::NewDevice => 2,
        Factor::NewNetwork | Factor::NewCountry | Factor::AddressReputation => 1,
        Factor::RecentPassword => 0,
        _ => 1_000_000,
    }
}

#[test]
fn an_absent_factor_is_not_listed_and_one_without_points_is() {
    let decision = policy().decide(&Observations::default().with_flag(Factor::NewCountry, Some(false)));
    assert_eq!(
        decision.factors.iter().map(|factor| (factor.factor, factor.points)).collect::<Vec<_>>(),
        [(Factor::NewCountry, 0)]
    );
    assert!(policy().decide(&Observations::default()).factors.is_empty());
}

#[test]
fn absent_location_gives_no_factor() {
    let history = SignInHistory::default().after(&Attempt { place: Some(place("DE", berlin())), ..Attempt::at(NOW) });
    let later = NOW + Duration::from_mins(5);
    for unknown in [None, Some(Place::default())] {
        let seen = history.observe(&Attempt { place: unknown, ..Attempt::at(later) }, policy());
        assert_eq!((seen.get(Factor::NewCountry), seen.get(Factor::ImpossibleTravel)), (None, None));
    }
    let seen = history.observe(&Attempt { place: Some(place("JP", tokyo())), ..Attempt::at(later) }, policy());
    assert_eq!(seen.get(Factor::NewCountry), Some(1));
    assert!(seen.get(Factor::ImpossibleTravel).unwrap() > 900);
}

#[test]
fn nothing_is_new_at_the_first_sign_in() {
    let first = Attempt { network: Some("n".into()), place: Some(place("DE", berlin())), ..Attempt::at(NOW) };
    let seen = SignInHistory::default().observe(&first, policy());
    assert_eq!(seen, Observations::default().with(Factor::AccountVelocity, Some(0)));
}

#[test]
fn a_journey_between_known_networks_is_no_travel() {
    let at_home = Attempt { network: Some("home".into()), place: Some(place("DE", berlin())), ..Attempt::at(NOW) };
    let far = point(48.14, 11.58, 5.0);
    let mobile = Attempt { network: Some("mobile".into()), place: Some(place("DE", far)), ..Attempt::at(NOW) };
    let history = SignInHistory::default().after(&at_home).after(&mobile);
    let again = Attempt { at: NOW + Duration::from_mins(2), ..at_home };
    assert_eq!(history.observe(&again, policy()).get(Factor::ImpossibleTravel), Some(0));
    let elsewhere = Attempt { network: Some("other".into()), ..again };
    assert!(history.observe(&elsewhere, policy()).get(Factor::ImpossibleTravel).unwrap() > 900);
}

/// A public report: after a sign-in through a proxy, the next one from home was an impossible journey.
#[test]
fn a_sign_in_through_a_listed_network_is_no_place_to_travel_from() {
    let from = |place, listed| Attempt { place: Some(place), listed: Some(listed), ..Attempt::at(NOW) };
    let home = place("DE", berlin());
    let history = SignInHistory::default().after(&from(home.clone(), false)).after(&from(place("JP", tokyo()), true));
    assert_eq!(history.observe(&from(home, false), policy()).get(Factor::ImpossibleTravel), Some(0));
}

#[test]
fn what_was_not_seen_for_long_is_new_again_and_the_history_is_bounded() {
    let from = |network: &str, at| Attempt { network: Some(network.to_owned()), ..Attempt::at(at) };
    let history = SignInHistory::default().after(&from("home", NOW));
    let is_new = |at| history.observe(&from("home", at), policy()).get(Factor::NewNetwork);
    assert_eq!(is_new(NOW + Duration::from_hours(1)), Some(0));
    assert_eq!(is_new(NOW + FORGOTTEN_AFTER), Some(1));
    let many =
        (0..100).fold(history, |history, n| history.after(&from(&n.to_string(), NOW + Duration::from_secs(n + 1))));
    assert_eq!(serde_json::to_value(&many).unwrap()["networks"].as_object().unwrap().len(), MOST_KEPT);
    let later = NOW + Duration::from_secs(200);
    assert_eq!(many.observe(&from("99", later), policy()).get(Factor::NewNetwork), Some(0));
    assert_eq!(many.observe(&from("home", later), policy()).get(Factor::NewNetwork), Some(1));
}

#[test]
fn distances_are_those_of_the_great_circle() {
    // Berlin to Tokyo: 8,918 km by common tables.
    assert!((berlin().distance_km(&tokyo()) - 8918.0).abs() < 20.0);
    let across_the_date_line = point(0.0, 179.9, 0.0).distance_km(&point(0.0, -179.9, 0.0));
    assert!((across_the_date_line - 22.2).abs() < 0.1, "{across_the_date_line}");
    let half_around = point(0.0, 0.0, 0.0).distance_km(&point(0.0, 180.0, 0.0));
    assert!((half_around - 20_015.1).abs() < 1.0);
    assert!((point(90.0, 0.0, 0.0).distance_km(&point(90.0, 77.0, 0.0))).abs() < 1e-6, "the pole is one point");
}

#[test]
fn an_airliner_is_possible_and_a_second_later_is_not() {
    let hours = |hours| berlin().least_speed(&tokyo(), Duration::from_hours(hours), 0);
    assert!(hours(13) < 900 && hours(9) > 900);
    assert_eq!(berlin().least_speed(&tokyo(), Duration::ZERO, 0), 99_999);
    // Within the uncertainty of both there is no journey.
    let (one, other) = (point(52.5, 13.4, 60.0), point(53.5, 13.4, 60.0));
    assert_eq!(one.least_speed(&other, Duration::from_secs(1), 0), 0);
    let unknown = Point::new(48.1, 11.6, None).unwrap();
    assert_eq!(berlin().least_speed(&unknown, Duration::from_mins(1), 500), 0);
    assert!(berlin().least_speed(&unknown, Duration::from_mins(1), 0) > 900);
}

#[test]
fn what_is_not_on_the_earth_is_no_point() {
    for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0), (0.0, f64::INFINITY)] {
        assert_eq!(Point::new(latitude, longitude, None), None);
    }
    assert_eq!(Point::new(1.0, 1.0, Some(-3.0)), Point::new(1.0, 1.0, None));
}

#[test]
fn a_list_of_networks_finds_addresses_in_either_form() {
    let text = "\u{feff}# exits\r\n198.51.100.0/25 # half\r\n2001:db8::/32\r\n\r\n203.0.113.9\r\n198.51.100.128/25";
    let list = NetworkList::parse(text).unwrap();
    let holds = |address: &str| list.contains(address.parse::<IpAddr>().unwrap());
    for inside in ["198.51.100.0", "198.51.100.255", "::ffff:198.51.100.7", "203.0.113.9", "2001:db8:ffff::1"] {
        assert!(holds(inside), "{inside}");
    }
    for outside in
        ["198.51.99.255", "198.51.101.0", "203.0.113.8", "203.0.113.10", "2001:db9::", "::", "::198.51.100.7"]
    {
        assert!(!holds(outside), "{outside}");
    }
    assert!(NetworkList::parse("# nothing\n").unwrap().is_empty());
    assert!(!NetworkList::default().contains("192.0.2.1".parse().unwrap()));
}

#[test]
fn addresses_that_change_by_themselves_are_of_one_network() {
    let network = |address: &str| familiar_network(address.parse().unwrap());
    for same in [
        ["198.51.100.7", "198.51.100.250"],
        ["198.51.100.7", "::ffff:198.51.100.9"],
        ["2001:db8:1:1::1", "2001:db8:1:ffff:1234:5678:9abc:def0"],
    ] {
        assert_eq!(network(same[0]), network(same[1]), "{same:?}");
    }
    for other in [["198.51.100.7", "198.51.101.7"], ["2001:db8:1::1", "2001:db8:2::1"], ["198.51.100.7", "2001:db8::1"]]
    {
        assert_ne!(network(other[0]), network(other[1]), "{other:?}");
    }
}

#[test]
fn every_line_that_is_no_network_is_named() {
    let text = "10.0.0.1/8\n192.0.2.0/33\nexample.com\n0.0.0.0/0\n192.0.2.0/\n192.0.2.0/+24\n192.0.2.0/24\n::/0\n1.2.3";
    let faults = NetworkList::parse(text).unwrap_err();
    let lines: Vec<_> = faults.iter().map(|fault| fault.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["line 1", "line 2", "line 3", "line 4", "line 5", "line 6", "line 8", "line 9"], "{faults:?}");
}

#[test]
fn the_record_of_a_decision_is_decided_again_from_its_json() {
    let seen = SignInHistory::default()
        .after(&Attempt { network: Some("a".into()), place: Some(place("DE", berlin())), ..Attempt::at(NOW) })
        .observe(
            &Attempt {
                device: Some(DeviceStanding::New),
                network: Some("b".into()),
                place: Some(place("JP", tokyo())),
                account_failures: 20,
                password_changed_at: Some(NOW),
                ..Attempt::at(NOW + Duration::from_hours(2))
            },
            policy(),
        );
    let decision = policy().decide(&seen);
    assert_eq!(decision.outcome, RiskOutcome::Refuse);
    let json = EventData::of(&decision.record()).into_fields();
    assert!(!serde_json::to_string(&json).unwrap().contains("JP"), "no place");
    let read: SignInRisk = serde_json::from_value(json.into()).unwrap();
    assert_eq!(read.replay(policy()), decision);
}

#[test]
fn reasons_say_which_way_a_factor_went() {
    let decide = |device| policy().decide(&Observations::default().with_device(Some(device))).factors[0].reason();
    assert_eq!(decide(DeviceStanding::New), "The device was not seen before.");
    assert_eq!(decide(DeviceStanding::Known), "The device is known.");
    assert_eq!(decide(DeviceStanding::Trusted), "The device is trusted.");
}
