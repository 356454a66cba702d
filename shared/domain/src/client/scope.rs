//! Scopes of machine clients (RFC 6749 §3.3). Each scope is the name of a permission.

use std::collections::BTreeSet;

use super::{Client, ClientError};
use crate::{
    field::FieldFault,
    role::{PERMISSIONS, PermissionSet},
};

/// The requested scope is malformed, unknown, or more than the client has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the scope is not one of the client's")]
pub struct InvalidScope;

/// The scopes of a new client: permissions that exist, at least one.
pub fn parse_scopes(scopes: &[String]) -> Result<BTreeSet<String>, FieldFault> {
    const INVALID: FieldFault = FieldFault::new("invalid_scope", "Must hold names of permissions, at least one.");
    let known = scopes.iter().all(|scope| PERMISSIONS.contains(&scope.as_str()));
    if known && !scopes.is_empty() { Ok(scopes.iter().cloned().collect()) } else { Err(INVALID) }
}

/// The scope of a token: what was requested, or all scopes of the client if nothing was. A scope beyond those of the client
/// refuses the whole request, so that a client notices what it lacks.
pub fn granted_scope(client: &Client, requested: Option<&str>) -> Result<BTreeSet<String>, InvalidScope> {
    let Some(requested) = requested else { return Ok(client.scopes.clone()) };
    let granted: BTreeSet<_> = requested.split(' ').map(str::to_owned).collect();
    if granted.is_subset(&client.scopes) { Ok(granted) } else { Err(InvalidScope) }
}

impl Client {
    /// What a token of the client permits: its scope, as far as the client still has it.
    pub fn permissions(&self, scope: &str) -> PermissionSet {
        PermissionSet::of_permissions(scope.split(' ').filter(|scope| self.scopes.contains(*scope)))
    }

    /// Refuses scopes that the person who gives them lacks.
    pub fn check_granted_by(scopes: &BTreeSet<String>, giver: &PermissionSet) -> Result<(), ClientError> {
        if scopes.iter().all(|scope| giver.may_give(scope)) { Ok(()) } else { Err(ClientError::BeyondOwn) }
    }
}
