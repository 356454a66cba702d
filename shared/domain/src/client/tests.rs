use std::{collections::BTreeSet, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::role::{ADMIN, AUDITOR, PERMISSIONS, PermissionSet};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

fn hash(text: &str) -> SecretHash {
    SecretHash(text.to_owned())
}

fn client(scopes: &[&str]) -> Client {
    let secret = ClientSecret { hash: hash("first"), created_at: NOW, expires_at: None };
    Client {
        id: ClientId::new(NOW),
        name: "billing".to_owned(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        credentials: Credentials::Secrets(vec![secret]),
        created_by: None,
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    }
}

fn live(client: &Client, at: Timestamp) -> Vec<&str> {
    client.live_secrets(at).map(|hash| hash.0.as_str()).collect()
}

#[test]
fn the_previous_secret_works_for_a_day_after_a_rotation() {
    let (rotated, _) = client(&["kyc:read"]).rotate(hash("second"), NOW).unwrap();
    let end = NOW + SECRET_OVERLAP;
    assert_eq!(live(&rotated, NOW), ["second", "first"]);
    assert_eq!(live(&rotated, NOW + SECRET_OVERLAP.saturating_sub(Duration::from_millis(1))), ["second", "first"]);
    assert_eq!(live(&rotated, end), ["second"]);
    assert_eq!(rotated.version, 2);
}

#[test]
fn a_second_rotation_ends_the_oldest_secret_at_once() {
    let later = NOW + Duration::from_hours(1);
    let (rotated, _) = client(&["kyc:read"]).rotate(hash("second"), NOW).unwrap();
    let (rotated, _) = rotated.rotate(hash("third"), later).unwrap();
    assert_eq!(live(&rotated, later), ["third", "second"]);
}

#[test]
fn a_client_with_keys_has_no_secret_to_rotate() {
    let client = Client { credentials: Credentials::Keys(vec![]), ..client(&["kyc:read"]) };
    assert_eq!(client.rotate(hash("x"), NOW), Err(ClientError::NoSecret));
    assert!(live(&client, NOW).is_empty());
}

#[test]
fn a_scope_is_a_known_permission_without_wildcards() {
    let parse = |scopes: &[&str]| parse_scopes(&scopes.iter().map(|&scope| scope.to_owned()).collect::<Vec<_>>());
    assert!(parse(&["kyc:read", "tokens:introspect"]).is_ok());
    for bad in [&[][..], &["kyc:*"], &["kyc:read", "nothing:here"], &["kyc:read "], &[""]] {
        assert!(parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_malformed_scope_is_refused() {
    let client = client(&["kyc:read", "aml:screen"]);
    for bad in ["", " kyc:read", "kyc:read  aml:screen", "KYC:READ", "kyc:*", "kyc:read\taml:screen"] {
        assert_eq!(granted_scope(&client, Some(bad)), Err(InvalidScope), "{bad:?}");
    }
    assert_eq!(granted_scope(&client, None).unwrap(), client.scopes);
}

#[test]
fn nobody_gives_a_client_what_they_lack() {
    let scopes = |scope: &str| BTreeSet::from([scope.to_owned()]);
    let (admin, auditor) = (PermissionSet::of_roles(&[ADMIN]), PermissionSet::of_roles(&[AUDITOR]));
    assert_eq!(Client::check_granted_by(&scopes("kyc:read"), &auditor), Ok(()));
    assert_eq!(Client::check_granted_by(&scopes("kyc:review"), &auditor), Err(ClientError::BeyondOwn));
    // Held by nobody, given by name by whoever holds everything else.
    for by_name in ["tokens:introspect", "clients:forward_address", "retention:read"] {
        assert_eq!(Client::check_granted_by(&scopes(by_name), &admin), Ok(()));
        assert_eq!(Client::check_granted_by(&scopes(by_name), &auditor), Err(ClientError::BeyondOwn));
    }
}

#[test]
fn names_are_short_and_printable() {
    assert_eq!(parse_name(" Billing service ").unwrap(), "Billing service");
    for bad in ["", "   ", "a\nb", &"x".repeat(101)] {
        assert!(parse_name(bad).is_err());
    }
}

proptest! {
    /// A token never permits more than both its scope and the client of now.
    #[test]
    fn a_token_permits_what_its_scope_and_the_client_of_now_name(
        has in prop::collection::btree_set(prop::sample::select(PERMISSIONS), 0..8),
        asked in prop::collection::btree_set(prop::sample::select(PERMISSIONS), 1..8),
    ) {
        let client = client(&has.iter().copied().collect::<Vec<_>>());
        let scope = asked.iter().copied().collect::<Vec<_>>().join(" ");
        let permitted = client.permissions(&scope);
        for permission in PERMISSIONS {
            prop_assert_eq!(permitted.allows(permission), has.contains(permission) && asked.contains(permission));
        }
        prop_assert_eq!(granted_scope(&client, Some(&scope)).is_ok(), asked.is_subset(&has));
    }
}
