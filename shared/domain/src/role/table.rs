//! Roles that administrators make, beside the system roles.
//!
//! All of them are one table with one version. So an edit decides on the whole of it (names, inheritance, how many hold a role), and of two
//! edits at the same time one sees the other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{BY_NAME_ONLY, PERMISSIONS, PermissionSet, USER, system_role};
use crate::{field::FieldFault, id::RoleId, time::Timestamp};

/// So many custom roles at most: a table of this size is read at once.
pub const MOST_ROLES: usize = 100;
/// So many permissions of one role by name or pattern.
pub const MOST_PERMISSIONS: usize = 64;
/// So many roles that one role inherits.
pub const MOST_INHERITED: usize = 10;
/// The longest name.
pub const LONGEST_NAME: usize = 40;

/// Why an edit of roles is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    #[error("system roles stay as they are")]
    SystemRole,
    #[error("there is a role of this name")]
    NameTaken,
    #[error("there is no such role")]
    Unknown,
    /// Somebody holds it, or another role inherits it.
    #[error("the role is in use")]
    InUse,
    #[error("there are too many roles")]
    TooMany,
    /// Nobody edits a role that they hold.
    #[error("the caller holds the role")]
    OwnRole,
    /// Nobody gives or takes a permission that they lack.
    #[error("the caller lacks a permission of the role")]
    BeyondOwn,
    /// Nobody changes their own roles.
    #[error("the roles are the caller's own")]
    OwnAccount,
}

/// What a role permits: its own permissions, and those of the roles that it inherits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleContent {
    /// Names of permissions, or `resource:*`.
    pub permissions: BTreeSet<String>,
    /// Names of roles.
    pub inherits: BTreeSet<String>,
}

/// A role that an administrator made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomRole {
    pub id: RoleId,
    #[serde(flatten)]
    pub content: RoleContent,
    /// How many accounts have it.
    pub holders: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: u64,
}

/// All custom roles by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleTable {
    pub version: u64,
    pub roles: BTreeMap<String, CustomRole>,
}

/// Whoever edits roles, or gives them to others.
#[derive(Debug, Clone, Copy)]
pub struct Giver<'a> {
    pub permissions: &'a PermissionSet,
    /// The roles of a person; a machine client has none.
    pub roles: &'a [String],
}

/// The name of a new role: 2 to 40 of `a-z`, `0-9`, `_` and `-`, beginning with a letter.
pub fn parse_name(text: &str) -> Result<String, FieldFault> {
    const INVALID: FieldFault =
        FieldFault::new("invalid_name", "Must have 2 to 40 of a-z, 0-9, _ and -, beginning with a letter.");
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    let fits = (2..=LONGEST_NAME).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(allowed);
    if fits { Ok(text.to_owned()) } else { Err(INVALID) }
}

/// The permissions of a role: names of permissions, or `resource:*` for all of a resource that wildcards cover.
pub fn parse_permissions(texts: &[String]) -> Result<BTreeSet<String>, FieldFault> {
    const INVALID: FieldFault = FieldFault::new(
        "invalid_permission",
        "Must hold at most 64 permissions by name, or all of a resource as kyc:*.",
    );
    // What is given by name only, no wildcard covers.
    let by_wildcard =
        || PERMISSIONS.iter().filter(|one| !BY_NAME_ONLY.contains(one)).filter_map(|one| one.split_once(':'));
    let covers_some = |text: &str| {
        text.strip_suffix(":*").is_some_and(|wanted| by_wildcard().any(|(resource, _)| resource == wanted))
    };
    let known = |text: &String| PERMISSIONS.contains(&text.as_str()) || covers_some(text);
    if texts.len() <= MOST_PERMISSIONS && texts.iter().all(known) {
        Ok(texts.iter().cloned().collect())
    } else {
        Err(INVALID)
    }
}

impl RoleTable {
    /// What holders of these roles may do. A name that is no role adds nothing.
    pub fn permissions<S: AsRef<str>>(&self, roles: &[S]) -> PermissionSet {
        let reached = self.reached(roles.iter().map(AsRef::as_ref));
        let of_system =
            reached.iter().filter_map(|name| system_role(name)).flat_map(|role| role.patterns.iter().copied());
        let of_custom = reached.iter().filter_map(|name| self.roles.get(*name));
        let of_custom = of_custom.flat_map(|role| role.content.permissions.iter().map(String::as_str));
        PermissionSet::of_permissions(of_system.chain(of_custom))
    }

    /// These roles and all that they inherit. Each is visited once, so that even a stored cycle ends.
    fn reached<'t>(&'t self, roles: impl Iterator<Item = &'t str>) -> BTreeSet<&'t str> {
        let mut open: Vec<&str> = roles.collect();
        let mut reached = BTreeSet::new();
        while let Some(name) = open.pop() {
            if !reached.insert(name) {
                continue;
            }
            open.extend(system_role(name).and_then(|role| role.inherits));
            open.extend(
                self.roles.get(name).into_iter().flat_map(|role| role.content.inherits.iter().map(String::as_str)),
            );
        }
        reached
    }

    pub fn exists(&self, name: &str) -> bool {
        system_role(name).is_some() || self.roles.contains_key(name)
    }

    /// Refuses roles to inherit that do not exist, or that inherit the role of this name themselves.
    pub fn check_inherited(&self, name: &str, inherits: &BTreeSet<String>) -> Result<(), FieldFault> {
        const TOO_MANY: FieldFault = FieldFault::new("too_many", "Must hold at most 10 roles.");
        const UNKNOWN: FieldFault = FieldFault::new("unknown_role", "Must hold names of roles that exist.");
        const CYCLE: FieldFault =
            FieldFault::new("role_cycle", "A role cannot inherit itself, directly or through others.");
        if inherits.len() > MOST_INHERITED {
            return Err(TOO_MANY);
        }
        // A role that inherits itself does not exist yet when it is made.
        if self.reached(inherits.iter().map(String::as_str)).contains(name) {
            return Err(CYCLE);
        }
        if inherits.iter().all(|role| self.exists(role)) { Ok(()) } else { Err(UNKNOWN) }
    }

    /// With a new role.
    pub fn create(
        &self,
        name: &str,
        content: RoleContent,
        id: RoleId,
        giver: Giver<'_>,
        now: Timestamp,
    ) -> Result<Self, RoleError> {
        if system_role(name).is_some() {
            return Err(RoleError::SystemRole);
        }
        if self.roles.contains_key(name) {
            return Err(RoleError::NameTaken);
        }
        if self.roles.len() >= MOST_ROLES {
            return Err(RoleError::TooMany);
        }
        self.check_given(&content, giver)?;
        let role = CustomRole { id, content, holders: 0, created_at: now, updated_at: now, version: 1 };
        Ok(self.with(name, role))
    }

    /// With other content of a role. Who changes it must have all that it permits, before and after.
    pub fn change(
        &self,
        name: &str,
        content: RoleContent,
        giver: Giver<'_>,
        now: Timestamp,
    ) -> Result<Self, RoleError> {
        let role = self.editable(name, giver)?;
        self.check_given(&content, giver)?;
        Ok(self.with(name, CustomRole { content, updated_at: now, version: role.version + 1, ..role.clone() }))
    }

    /// Without a role that nobody holds and no role inherits.
    pub fn delete(&self, name: &str, giver: Giver<'_>) -> Result<Self, RoleError> {
        let role = self.editable(name, giver)?;
        if role.holders > 0 || self.roles.values().any(|other| other.content.inherits.contains(name)) {
            return Err(RoleError::InUse);
        }
        let mut roles = self.roles.clone();
        roles.remove(name);
        Ok(Self { version: self.version + 1, roles })
    }

    /// After an account's roles changed. Who gives or takes a role must have all that it permits. All roles must exist.
    pub fn assign(&self, before: &[String], after: &[String], giver: Giver<'_>) -> Result<Self, RoleError> {
        let mut roles = self.roles.clone();
        let (had, has): (BTreeSet<_>, BTreeSet<_>) = (before.iter().collect(), after.iter().collect());
        for name in had.symmetric_difference(&has) {
            if !giver.permissions.may_give_all(&self.permissions(&[name.as_str()])) {
                return Err(RoleError::BeyondOwn);
            }
            let Some(role) = roles.get_mut(name.as_str()) else { continue };
            role.holders = if has.contains(name) { role.holders + 1 } else { role.holders.saturating_sub(1) };
        }
        if roles == self.roles { Ok(self.clone()) } else { Ok(Self { version: self.version + 1, roles }) }
    }

    fn editable(&self, name: &str, giver: Giver<'_>) -> Result<&CustomRole, RoleError> {
        if system_role(name).is_some() {
            return Err(RoleError::SystemRole);
        }
        let role = self.roles.get(name).ok_or(RoleError::Unknown)?;
        if self.reached(giver.roles.iter().map(String::as_str)).contains(name) {
            return Err(RoleError::OwnRole);
        }
        self.check_given(&role.content, giver)?;
        Ok(role)
    }

    fn check_given(&self, content: &RoleContent, giver: Giver<'_>) -> Result<(), RoleError> {
        let inherited: Vec<_> = content.inherits.iter().collect();
        let own = PermissionSet::of_permissions(content.permissions.iter().map(String::as_str));
        let has_all =
            giver.permissions.may_give_all(&own) && giver.permissions.may_give_all(&self.permissions(&inherited));
        if has_all { Ok(()) } else { Err(RoleError::BeyondOwn) }
    }

    fn with(&self, name: &str, role: CustomRole) -> Self {
        let mut roles = self.roles.clone();
        roles.insert(name.to_owned(), role);
        Self { version: self.version + 1, roles }
    }
}

/// Whether these roles include one that an administrator made, so that the table decides what they permit.
pub fn has_custom(roles: &[String]) -> bool {
    roles.iter().any(|role| system_role(role).is_none())
}

/// The roles that an account is given: at least `user`, which everybody has; each once.
pub fn parse_roles(texts: &[String]) -> Result<Vec<String>, FieldFault> {
    const INVALID: FieldFault = FieldFault::new("invalid_roles", "Must hold user and at most 19 other roles.");
    let roles: BTreeSet<_> = texts.iter().cloned().collect();
    if roles.contains(USER) && roles.len() <= 20 && texts.len() <= 100 {
        Ok(roles.into_iter().collect())
    } else {
        Err(INVALID)
    }
}

#[cfg(test)]
mod tests;
