//! Roles and permissions.
//!
//! A permission is `resource:action`; a role holds patterns of them, where `*` matches one whole part. Several roles
//! add up. What everyone may do with what is their own needs no permission.

pub mod table;

use std::collections::BTreeSet;

/// A permission as a type, so that a handler's signature can require it.
pub trait RequiredPermission {
    /// `resource:action`.
    const PERMISSION: &'static str;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub struct $name;
            impl RequiredPermission for $name { const PERMISSION: &'static str = $text; }
        )+
        /// Every permission there is.
        pub const PERMISSIONS: &[&str] = &[$($text,)+];
    };
}

permissions! {
    /// Read checks and documents of others, and the review queue.
    KycRead = "kyc:read";
    /// Claim and decide checks.
    KycReview = "kyc:review";
    /// Override what the policy chooses.
    KycConfigure = "kyc:configure";
    /// Screen a name.
    AmlScreen = "aml:screen";
    /// Read assessments, hits and lists.
    AmlRead = "aml:read";
    /// Decide hits.
    AmlReview = "aml:review";
    /// Refresh lists.
    AmlConfigure = "aml:configure";
    /// Find and read accounts, masked.
    UsersRead = "users:read";
    /// Read personal data of accounts in full; each such read is an event.
    UsersReadPii = "users:read_pii";
    /// Create accounts for others.
    UsersCreate = "users:create";
    /// Lock accounts, set roles, end sessions.
    UsersManage = "users:manage";
    /// Read roles and what they hold.
    RolesRead = "roles:read";
    /// Make, change and delete roles.
    RolesManage = "roles:manage";
    /// Read machine clients, without secrets.
    ClientsRead = "clients:read";
    /// Make and delete machine clients, and rotate their secrets.
    ClientsManage = "clients:manage";
    /// State the address of the person on whose behalf it calls; for machine clients.
    ClientsForwardAddress = "clients:forward_address";
    /// Ask whether a token is valid now; for machine clients.
    TokensIntrospect = "tokens:introspect";
    /// Read the event log.
    AuditRead = "audit:read";
    /// Read what only legal retention keeps.
    RetentionRead = "retention:read";
    /// Read webhook endpoints and deliveries of everyone, and received callbacks.
    WebhooksRead = "webhooks:read";
    /// Register endpoints that hear of everyone; replay received callbacks.
    WebhooksManage = "webhooks:manage";
    /// Read queue depths.
    QueuesRead = "queues:read";
    /// Send dead letters back to work.
    QueuesManage = "queues:manage";
    /// Read statistics and reports.
    ReportsRead = "reports:read";
    /// Ask for new reports.
    ReportsManage = "reports:manage";
    /// Read the deep health check.
    HealthRead = "health:read";
    /// Read metrics.
    MetricsRead = "metrics:read";
}

/// Permissions that no wildcard covers: they are given by name only.
pub const BY_NAME_ONLY: &[&str] =
    &[RetentionRead::PERMISSION, ClientsForwardAddress::PERMISSION, TokensIntrospect::PERMISSION];

/// A role that comes with the system and cannot be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemRole {
    pub name: &'static str,
    /// The role whose patterns it holds as well.
    pub inherits: Option<&'static str>,
    pub patterns: &'static [&'static str],
}

/// What everybody has who registered.
pub const USER: &str = "user";
/// Reviews checks.
pub const MODERATOR: &str = "moderator";
/// Runs the installation.
pub const ADMIN: &str = "admin";
/// Reads everything masked and changes nothing.
pub const AUDITOR: &str = "auditor";

/// `user` < `moderator` < `admin`, and `auditor` beside them.
///
/// Neither `users:read_pii` nor `retention:read` matches `*:read`: the auditor sees no plain personal data. What
/// legal retention holds is closed to all but those who are given it by name.
pub const SYSTEM_ROLES: &[SystemRole] = &[
    SystemRole { name: USER, inherits: None, patterns: &[] },
    SystemRole {
        name: MODERATOR,
        inherits: Some(USER),
        patterns: &["kyc:read", "kyc:review", "aml:screen", "aml:read", "aml:review", "users:read", "users:read_pii"],
    },
    SystemRole {
        name: ADMIN,
        inherits: Some(MODERATOR),
        patterns: &[
            "kyc:*",
            "aml:*",
            "users:*",
            "roles:*",
            "clients:*",
            "audit:*",
            "webhooks:*",
            "queues:*",
            "reports:*",
            "health:*",
            "metrics:*",
        ],
    },
    SystemRole {
        name: AUDITOR,
        inherits: Some(USER),
        patterns: &[
            "kyc:read",
            "aml:read",
            "users:read",
            "roles:read",
            "clients:read",
            "audit:read",
            "webhooks:read",
            "queues:read",
            "reports:read",
            "health:read",
            "metrics:read",
        ],
    },
];

/// The system role of this name.
pub fn system_role(name: &str) -> Option<&'static SystemRole> {
    SYSTEM_ROLES.iter().find(|role| role.name == name)
}

/// Whether a pattern covers a permission: part by part, `*` for one whole part.
fn covers(pattern: &str, permission: &str) -> bool {
    let (mut pattern, mut permission) = (pattern.split(':'), permission.split(':'));
    loop {
        match (pattern.next(), permission.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == "*" || a == b => {}
            _ => return false,
        }
    }
}

/// What somebody may do: the patterns of all their roles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PermissionSet {
    patterns: BTreeSet<String>,
}

impl PermissionSet {
    /// The sum of system roles. A name that is none of them adds nothing.
    pub fn of_roles<S: AsRef<str>>(roles: &[S]) -> Self {
        let mut patterns = BTreeSet::new();
        for name in roles {
            let mut role = system_role(name.as_ref());
            while let Some(held) = role {
                patterns.extend(held.patterns.iter().map(|&pattern| pattern.to_owned()));
                role = held.inherits.and_then(system_role);
            }
        }
        Self { patterns }
    }

    /// Permissions by name.
    pub fn of_permissions<'a>(permissions: impl Iterator<Item = &'a str>) -> Self {
        Self { patterns: permissions.map(str::to_owned).collect() }
    }

    /// Whether a permission (`resource:action`, no pattern) is held.
    pub fn allows(&self, permission: &str) -> bool {
        if BY_NAME_ONLY.contains(&permission) {
            return self.patterns.contains(permission);
        }
        self.patterns.iter().any(|pattern| covers(pattern, permission))
    }

    /// Whether its holder may give a permission to others: what they hold. What is given by name only, nobody may hold at first:
    /// who holds everything else may give it.
    pub fn may_give(&self, permission: &str) -> bool {
        let holds_all_else = || PERMISSIONS.iter().all(|one| BY_NAME_ONLY.contains(one) || self.allows(one));
        self.allows(permission) || BY_NAME_ONLY.contains(&permission) && holds_all_else()
    }

    /// The same for a pattern. A wildcard must be one of the holder's own: it also covers what later releases add.
    fn may_give_pattern(&self, pattern: &str) -> bool {
        if pattern.contains('*') {
            self.patterns.iter().any(|own| covers(own, pattern))
        } else {
            self.may_give(pattern)
        }
    }

    /// Whether its holder may give all of these to others.
    pub fn may_give_all(&self, given: &Self) -> bool {
        given.patterns.iter().all(|pattern| self.may_give_pattern(pattern))
    }

    /// Whether the permission a type stands for is held.
    pub fn meets<P: RequiredPermission>(&self) -> bool {
        self.allows(P::PERMISSION)
    }

    /// Every permission held, patterns spelt out, sorted.
    pub fn list(&self) -> Vec<&'static str> {
        let mut held: Vec<_> = PERMISSIONS.iter().copied().filter(|permission| self.allows(permission)).collect();
        held.sort_unstable();
        held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(roles: &[&str]) -> PermissionSet {
        PermissionSet::of_roles(roles)
    }

    #[test]
    fn a_star_matches_one_whole_part() {
        assert!(covers("kyc:*", "kyc:review"));
        assert!(covers("*:read", "aml:read"));
        assert!(!covers("kyc:*", "kyc"));
        assert!(!covers("kyc:*", "kyc:check:read"));
        assert!(!covers("kyc:re*", "kyc:read"));
        assert!(!covers("*:read", "users:read_pii"));
    }

    #[test]
    fn each_higher_role_holds_all_of_the_lower() {
        let (user, moderator, admin) = (of(&[USER]).list(), of(&[MODERATOR]).list(), of(&[ADMIN]).list());
        assert!(user.is_empty());
        assert!(moderator.iter().all(|p| admin.contains(p)));
        assert!(moderator.contains(&KycReview::PERMISSION));
        assert!(!moderator.contains(&AuditRead::PERMISSION));
        assert!(!moderator.contains(&UsersManage::PERMISSION));
    }

    #[test]
    fn the_auditor_reads_and_changes_nothing() {
        let held = of(&[AUDITOR]).list();
        assert!(held.iter().all(|permission| permission.ends_with(":read")), "{held:?}");
        let readable: BTreeSet<_> = PERMISSIONS.iter().copied().filter(|p| p.ends_with(":read")).collect();
        let closed: Vec<_> = readable.into_iter().filter(|p| !held.contains(p)).collect();
        assert_eq!(closed, [RetentionRead::PERMISSION]);
    }

    #[test]
    fn nobody_holds_by_a_system_role_what_is_given_by_name_only() {
        for permission in BY_NAME_ONLY {
            assert!(SYSTEM_ROLES.iter().all(|role| !of(&[role.name]).allows(permission)), "{permission}");
        }
    }

    #[test]
    fn no_wildcard_covers_what_is_given_by_name_only() {
        let every = PermissionSet::of_permissions(["*:*", "clients:*", "tokens:*", "retention:*"].into_iter());
        assert!(every.allows("kyc:read"));
        assert!(BY_NAME_ONLY.iter().all(|permission| !every.allows(permission)));
        assert!(PermissionSet::of_permissions(["tokens:introspect"].into_iter()).meets::<TokensIntrospect>());
    }

    #[test]
    fn roles_add_up_and_unknown_ones_add_nothing() {
        let both = of(&[MODERATOR, AUDITOR, "unheard-of"]);
        assert!(both.meets::<KycReview>() && both.meets::<AuditRead>());
        assert_eq!(of(&["unheard-of"]), PermissionSet::default());
    }
}
