use proptest::prelude::*;

use super::*;
use crate::role::{ADMIN, AUDITOR, KycRead, KycReview, MODERATOR};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

fn content(permissions: &[&str], inherits: &[&str]) -> RoleContent {
    let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    RoleContent { permissions: set(permissions), inherits: set(inherits) }
}

fn names(roles: &[&str]) -> Vec<String> {
    roles.iter().map(|&role| role.to_owned()).collect()
}

/// A table with these roles, made by an administrator.
fn table(roles: &[(&str, &[&str], &[&str])]) -> RoleTable {
    let admin = PermissionSet::of_roles(&[ADMIN]);
    let giver = Giver { permissions: &admin, roles: &[] };
    roles.iter().fold(RoleTable::default(), |table, (name, permissions, inherits)| {
        table.create(name, content(permissions, inherits), RoleId::new(NOW), giver, NOW).unwrap()
    })
}

/// What somebody with these roles does.
fn by<T>(table: &RoleTable, roles: &[&str], act: impl FnOnce(Giver<'_>) -> T) -> T {
    let roles = names(roles);
    let permissions = table.permissions(&roles);
    act(Giver { permissions: &permissions, roles: &roles })
}

#[test]
fn several_roles_add_up_and_inherited_ones_count() {
    let table = table(&[
        ("clerk", &["kyc:read"], &[]),
        ("senior", &["kyc:review"], &["clerk"]),
        ("lead", &["aml:*"], &["senior", AUDITOR]),
    ]);
    assert_eq!(table.permissions(&["clerk"]).list(), ["kyc:read"]);
    assert_eq!(table.permissions(&["senior"]).list(), ["kyc:read", "kyc:review"]);
    let lead = table.permissions(&["lead"]);
    assert!(lead.meets::<KycReview>() && lead.allows("audit:read") && lead.allows("aml:review"));
    assert!(table.permissions(&["clerk", MODERATOR, "gone"]).meets::<KycReview>());
    assert!(table.permissions(&["gone"]).list().is_empty());
}

#[test]
fn a_wildcard_covers_its_resource_and_nothing_by_name_only() {
    let table = table(&[("clients", &["clients:*"], &[])]);
    assert_eq!(table.permissions(&["clients"]).list(), ["clients:manage", "clients:read"]);
}

#[test]
fn permissions_are_known_ones_or_all_of_a_resource() {
    let parse = |texts: &[&str]| parse_permissions(&names(texts));
    assert!(parse(&["kyc:*", "aml:read", "tokens:introspect"]).is_ok() && parse(&[]).is_ok());
    for bad in
        ["*:*", "*:read", "kyc", "kyc:", "kyc:**", "kyc:re*", "nothing:*", "tokens:*", "retention:*", "kyc:read ", ":*"]
    {
        assert!(parse(&[bad]).is_err(), "{bad}");
    }
    assert!(parse(&["kyc:read"; MOST_PERMISSIONS + 1]).is_err());
}

#[test]
fn names_are_short_and_plain() {
    assert!(parse_name("kyc-clerk_2").is_ok());
    for bad in ["", "a", "Clerk", "2nd", "-x", "a b", "käse", "a:b", &"a".repeat(41)] {
        assert!(parse_name(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_cycle_is_refused_however_long() {
    let table = table(&[("a1", &[], &[]), ("b1", &[], &["a1"]), ("c1", &[], &["b1"])]);
    let check = |name: &str, inherits: &[&str]| {
        table.check_inherited(name, &content(&[], inherits).inherits).map_err(|fault| fault.code.to_string())
    };
    assert_eq!(check("a1", &["c1"]), Err("role_cycle".into()));
    assert_eq!(check("a1", &["a1"]), Err("role_cycle".into()));
    assert_eq!(check("new", &["new"]), Err("role_cycle".into()));
    assert_eq!(check("new", &["gone"]), Err("unknown_role".into()));
    assert_eq!(check("new", &["a1", "c1", ADMIN]), Ok(()));
    assert_eq!(check("a1", &[AUDITOR]), Ok(()));
}

#[test]
fn a_stored_cycle_ends() {
    let mut table = table(&[("a1", &["kyc:read"], &[]), ("b1", &["aml:read"], &["a1"])]);
    table.roles.get_mut("a1").unwrap().content.inherits.insert("b1".to_owned());
    assert_eq!(table.permissions(&["a1"]).list(), ["aml:read", "kyc:read"]);
}

#[test]
fn nobody_makes_a_role_with_more_than_they_have() {
    let table = table(&[("lead", &["roles:*", "kyc:read", "kyc:review"], &[]), ("full", &["kyc:*"], &[])]);
    let make = |permissions: &[&str], inherits: &[&str]| {
        let made = content(permissions, inherits);
        by(&table, &["lead"], |giver| table.create("new", made, RoleId::new(NOW), giver, NOW).map(|_| ()))
    };
    assert_eq!(make(&["kyc:read"], &[]), Ok(()));
    assert_eq!(make(&["roles:*"], &[]), Ok(()));
    assert_eq!(make(&["aml:read"], &[]), Err(RoleError::BeyondOwn));
    // Today's permissions of the resource are not all that a wildcard will ever cover.
    assert_eq!(make(&["kyc:*"], &[]), Err(RoleError::BeyondOwn));
    assert_eq!(make(&[], &["full"]), Err(RoleError::BeyondOwn));
    assert_eq!(make(&[], &[ADMIN]), Err(RoleError::BeyondOwn));
    assert_eq!(make(&["tokens:introspect"], &[]), Err(RoleError::BeyondOwn));
}

#[test]
fn nobody_edits_a_role_that_they_hold_or_inherit() {
    let table =
        table(&[("base", &["roles:*"], &[]), ("lead", &["kyc:read"], &["base"]), ("other", &["kyc:read"], &[])]);
    for own in ["base", "lead"] {
        let change = by(&table, &["lead"], |giver| table.change(own, content(&[], &[]), giver, NOW));
        assert_eq!(change, Err(RoleError::OwnRole), "{own}");
        assert_eq!(by(&table, &["lead"], |giver| table.delete(own, giver)), Err(RoleError::OwnRole), "{own}");
    }
    assert!(by(&table, &["lead"], |giver| table.change("other", content(&[], &[]), giver, NOW)).is_ok());
}

#[test]
fn who_lacks_what_a_role_permits_neither_changes_nor_deletes_it() {
    let table = table(&[("lead", &["roles:*"], &[]), ("money", &["aml:review"], &[])]);
    let change = by(&table, &["lead"], |giver| table.change("money", content(&[], &[]), giver, NOW));
    assert_eq!(change, Err(RoleError::BeyondOwn));
    assert_eq!(by(&table, &["lead"], |giver| table.delete("money", giver)), Err(RoleError::BeyondOwn));
}

#[test]
fn system_roles_stay() {
    let table = RoleTable::default();
    for role in [USER, MODERATOR, ADMIN, AUDITOR] {
        let create = by(&table, &[ADMIN], |giver| table.create(role, content(&[], &[]), RoleId::new(NOW), giver, NOW));
        assert_eq!(create, Err(RoleError::SystemRole));
        let change = by(&table, &[ADMIN], |giver| table.change(role, content(&[], &[]), giver, NOW));
        assert_eq!(change, Err(RoleError::SystemRole));
        assert_eq!(by(&table, &[ADMIN], |giver| table.delete(role, giver)), Err(RoleError::SystemRole));
    }
}

#[test]
fn a_role_in_use_is_not_deleted() {
    let table = table(&[("base", &["kyc:read"], &[]), ("more", &[], &["base"])]);
    let delete = |table: &RoleTable, name: &str| by(table, &[ADMIN], |giver| table.delete(name, giver));
    assert_eq!(delete(&table, "base"), Err(RoleError::InUse));
    let held = by(&table, &[ADMIN], |giver| table.assign(&names(&[USER]), &names(&[USER, "more"]), giver)).unwrap();
    assert_eq!(held.roles["more"].holders, 1);
    assert_eq!(delete(&held, "more"), Err(RoleError::InUse));
    let free = by(&held, &[ADMIN], |giver| held.assign(&names(&[USER, "more"]), &names(&[USER]), giver)).unwrap();
    let without = delete(&free, "more").unwrap();
    assert!(delete(&without, "base").unwrap().roles.is_empty());
    assert_eq!(delete(&without, "more"), Err(RoleError::Unknown));
}

#[test]
fn nobody_gives_or_takes_a_role_with_more_than_they_have() {
    let table = table(&[("lead", &["users:*", "kyc:read"], &[]), ("clerk", &["kyc:read"], &[])]);
    let assign = |before: &[&str], after: &[&str]| {
        by(&table, &["lead"], |giver| table.assign(&names(before), &names(after), giver).map(|_| ()))
    };
    assert_eq!(assign(&[USER], &[USER, "clerk"]), Ok(()));
    assert_eq!(assign(&[USER], &[USER, ADMIN]), Err(RoleError::BeyondOwn));
    assert_eq!(assign(&[USER, ADMIN], &[USER]), Err(RoleError::BeyondOwn));
    // What stays needs no right.
    assert_eq!(assign(&[USER, ADMIN], &[USER, ADMIN, "clerk"]), Ok(()));
}

#[test]
fn system_roles_alone_leave_the_table_as_it_is() {
    let table = table(&[("clerk", &["kyc:read"], &[])]);
    let after = by(&table, &[ADMIN], |giver| table.assign(&names(&[USER]), &names(&[USER, AUDITOR]), giver)).unwrap();
    assert_eq!(after, table);
    assert!(!has_custom(&names(&[USER, ADMIN])) && has_custom(&names(&[USER, "clerk"])));
}

#[test]
fn everybody_keeps_the_role_user() {
    assert_eq!(parse_roles(&names(&[USER, ADMIN, USER])).unwrap(), names(&[ADMIN, USER]));
    assert!(parse_roles(&names(&[ADMIN])).is_err() && parse_roles(&[]).is_err());
}

proptest! {
    /// Whatever somebody makes or gives permits no more than they have.
    #[test]
    fn what_somebody_gives_is_never_more_than_they_have(
        own in prop::collection::btree_set(prop::sample::select(PERMISSIONS), 0..12),
        given in prop::collection::btree_set(prop::sample::select(PERMISSIONS), 0..6),
    ) {
        let permissions = PermissionSet::of_permissions(own.iter().copied());
        let giver = Giver { permissions: &permissions, roles: &[] };
        let given: Vec<_> = given.iter().copied().collect();
        let made = RoleTable::default().create("new", content(&given, &[]), RoleId::new(NOW), giver, NOW);
        prop_assert_eq!(made.is_ok(), given.iter().all(|permission| permissions.may_give(permission)));
        if let Ok(table) = made {
            let holder = table.permissions(&["new"]);
            prop_assert!(PERMISSIONS.iter().all(|one| !holder.allows(one) || permissions.may_give(one)));
        }
    }
}

#[test]
fn the_table_round_trips() {
    let table = table(&[("clerk", &["kyc:read"], &[]), ("lead", &["kyc:review"], &["clerk"])]);
    let stored = serde_json::to_string(&table).unwrap();
    assert_eq!(serde_json::from_str::<RoleTable>(&stored).unwrap(), table);
    assert!(table.permissions(&["lead"]).meets::<KycRead>());
}
