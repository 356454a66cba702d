//! Invitations of staff: roles that an administrator offers to an account, which its person accepts by a mailed token.

use serde::{Deserialize, Serialize};

use super::{
    account::{Account, MailId, UserStatus},
    auth::AuthError,
    event::EventType,
    id::UserId,
    mailed_token::TokenPurpose,
    role::{
        RequiredPermission, UsersManage,
        table::{Giver, RoleTable},
    },
    time::Timestamp,
};

/// The one invitation of an account. A further one takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub user: UserId,
    /// The roles that it offers, without `user`.
    pub roles: Vec<String>,
    pub invited_by: UserId,
    /// The token that accepts it.
    pub mailed_token: MailId,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

impl Invitation {
    pub fn new(user: UserId, roles: Vec<String>, invited_by: UserId, mailed_token: MailId, now: Timestamp) -> Self {
        let expires_at = now + TokenPurpose::Invitation.lifetime();
        Self { user, roles, invited_by, mailed_token, created_at: now, expires_at }
    }

    /// The account with the offered roles, and the table of roles with its holders. `inviter` and `table` are as of now: whoever
    /// invited must still be allowed to give each role.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`] if the inviter may not give the roles any more, or one of them is gone.
    pub fn accept(
        &self,
        account: &Account,
        inviter: &Account,
        table: &RoleTable,
        now: Timestamp,
    ) -> Result<(Account, EventType, RoleTable), AuthError> {
        let permissions = table.permissions(&inviter.roles);
        let may_invite = inviter.user == self.invited_by
            && inviter.status == UserStatus::Active
            && permissions.allows(UsersManage::PERMISSION)
            && self.roles.iter().all(|role| table.exists(role));
        if !may_invite {
            return Err(AuthError::InvalidToken);
        }
        let (after, kind) = account.accept_invitation(&self.roles, now);
        let giver = Giver { permissions: &permissions, roles: &inviter.roles };
        let table = table.assign(&account.roles, &after.roles, giver).map_err(|_| AuthError::InvalidToken)?;
        Ok((after, kind, table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{BlindIndex, NewVouchedAccount};

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn account(byte: u8, roles: &[&str]) -> Account {
        let new = NewVouchedAccount {
            user: UserId::from_parts(NOW, [byte; 10]),
            email_index: BlindIndex::from_text(format!("v1.{byte}")),
        };
        let account = Account::register_vouched(new, NOW).0;
        let roles: Vec<_> = roles.iter().map(|role| (*role).to_owned()).collect();
        account.set_roles(&roles, NOW).map_or(account, |(account, _)| account)
    }

    fn invitation(user: &Account, inviter: &Account, role: &str) -> Invitation {
        Invitation::new(user.user, vec![role.to_owned()], inviter.user, MailId::from_bytes([7; 16]), NOW)
    }

    #[test]
    fn accepted_roles_are_added_and_the_token_is_void() {
        let (inviter, person) = (account(1, &["user", "admin"]), account(2, &["user", "auditor"]));
        let (person, _) = person.request_mail(TokenPurpose::Invitation, MailId::from_bytes([7; 16]));
        let offered = invitation(&person, &inviter, "moderator");
        let (after, kind, _) = offered.accept(&person, &inviter, &RoleTable::default(), NOW).unwrap();
        assert_eq!((kind, after.version), (EventType::UserInvitationAccepted, person.version + 1));
        assert_eq!(after.roles, ["user", "auditor", "moderator"]);
        assert!(after.mailed_tokens(TokenPurpose::Invitation).is_empty());
        let (after, _) = person.revoke_invitation();
        assert!(after.mailed_tokens(TokenPurpose::Invitation).is_empty());
    }

    #[test]
    fn an_invitation_is_void_once_its_author_may_not_give_the_roles() {
        let (inviter, person) = (account(1, &["user", "admin"]), account(2, &["user"]));
        let table = RoleTable::default();
        let accept = |inviter: &Account, role| invitation(&person, inviter, role).accept(&person, inviter, &table, NOW);
        assert!(accept(&inviter, "admin").is_ok());
        let void = AuthError::InvalidToken;
        for roles in [&["user"][..], &["user", "moderator"], &["user", "auditor"]] {
            assert_eq!(accept(&account(1, roles), "moderator").unwrap_err(), void, "{roles:?}");
        }
        assert_eq!(accept(&inviter, "no-such-role").unwrap_err(), void);
        for closed in [inviter.lock(NOW).unwrap().0, inviter.deactivate(NOW).unwrap().0] {
            assert_eq!(accept(&closed, "moderator").unwrap_err(), void);
        }
        // Another administrator does not stand in for the one who invited.
        let other = account(3, &["user", "admin"]);
        assert_eq!(invitation(&person, &inviter, "moderator").accept(&person, &other, &table, NOW).unwrap_err(), void);
    }
}
