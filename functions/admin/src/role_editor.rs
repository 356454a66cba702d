//! Whoever edits or gives roles, as of one attempt of a command: the decision rests on their own roles.

use verinym::{
    domain::{
        account::UserStatus,
        role::{
            ADMIN, PermissionSet, RequiredPermission,
            table::{Giver, RoleTable},
        },
    },
    error::{RequestError, Result},
    http::Principal,
    store::{Store, commit::Commit, user::Account},
};

/// The caller, with the permissions of this attempt.
pub struct Editor {
    /// `None` for a machine client, whose permissions are those of its token.
    account: Option<Account>,
    permissions: PermissionSet,
}

/// Whether these roles make an administrator.
pub fn is_admin(roles: &[String]) -> bool {
    roles.iter().any(|role| role == ADMIN)
}

impl Editor {
    /// `first`: whether the account that was read with the session still serves. Refuses who lost the permission `P` meanwhile.
    pub async fn of<P: RequiredPermission>(
        caller: &Principal,
        store: &Store,
        table: &RoleTable,
        first: bool,
    ) -> Result<Self> {
        let Some(person) = caller.person() else {
            return Ok(Self { account: None, permissions: caller.permissions().clone() });
        };
        let account = if first { Some(person.auth.clone()) } else { store.auth(&person.user).await? };
        let account = account.filter(|account| account.status == UserStatus::Active);
        let account = account.ok_or(RequestError::Unauthenticated)?;
        let permissions = table.permissions(&account.roles);
        if !permissions.meets::<P>() {
            return Err(RequestError::Forbidden(P::PERMISSION).into());
        }
        Ok(Self { account: Some(account), permissions })
    }

    /// Whether the caller is an administrator.
    pub fn is_admin(&self) -> bool {
        self.account.as_ref().is_some_and(|account| is_admin(&account.roles))
    }

    pub fn giver(&self) -> Giver<'_> {
        let roles = self.account.as_ref().map_or(&[][..], |account| &account.roles);
        Giver { permissions: &self.permissions, roles }
    }

    /// Makes the commit go through only while the caller's roles are those that the decision rests on.
    pub fn guard<'a>(&self, commit: Commit<'a>) -> Commit<'a> {
        match &self.account {
            Some(account) => commit.while_account(account),
            None => commit,
        }
    }
}
