//! The account of somebody else, on which an administrator acts.

use verinym::{
    domain::{
        account::AccountError,
        id::UserId,
        role::{UsersManage, table::RoleTable},
        time::Timestamp,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{Can, Principal, Recent},
    store::{Store, Table, command::Command, commit::Commit, session::Ending, user::Account},
};

use crate::role_editor::Editor;

/// Who acts on the accounts of others: with the permission, and a recent authentication.
pub type Administrator = Recent<Can<UsersManage>>;

/// What reading and changing the account of somebody else needs.
pub fn needs() -> Needs {
    Needs::new()
        .with(Capability::Commit)
        .get(Table::Identity)
        .get_many(Table::Identity)
        .put(Table::Identity)
        .check(Table::Identity)
}

/// What [`delete_sessions`] needs.
pub fn needs_to_end_sessions() -> Needs {
    Needs::new().query(Table::Identity).delete(Table::Identity)
}

/// An account as of one attempt of a command, with the administrator who acts on it.
pub struct Administered {
    pub account: Account,
    editor: Editor,
    roles: RoleTable,
}

impl Administered {
    /// Refuses the caller's own account, and the account of somebody who may do more than the caller. `first`: whether what the call
    /// read of the caller still serves.
    pub async fn read(caller: &Principal, store: &Store, id: &UserId, first: bool) -> Result<Self> {
        // Nor does anybody do it by a machine client of theirs.
        if caller.person_behind() == Some(*id) {
            return Err(AccountError::OwnAccount.into());
        }
        let account = store.auth(id).await?.filter(|account| !account.is_ending()).ok_or(RequestError::NotFound)?;
        let roles = store.role_table().await?;
        let editor = Editor::of::<UsersManage>(caller, store, &roles, first).await?;
        if !editor.giver().permissions.may_give_all(&roles.permissions(&account.roles)) {
            return Err(AccountError::MorePermitted.into());
        }
        Ok(Self { account, editor, roles })
    }

    /// Whether the caller is an administrator.
    pub fn by_admin(&self) -> bool {
        self.editor.is_admin()
    }

    /// Adds the account's next state. The commit goes through only while the roles are those that the decision rests on.
    pub fn changes<'a>(&self, commit: Commit<'a>, after: &Account) -> Commit<'a> {
        let commit = commit.account_changes(&self.account, after).role_table_changes(&self.roles, &self.roles);
        self.editor.guard(commit)
    }
}

/// Deletes the sessions of an account whose epoch a commit has ended already. A failure has no effect.
pub async fn delete_sessions(
    store: &Store,
    command: &Command<'_>,
    ended: Option<Account>,
    cause: &'static str,
    now: Timestamp,
) {
    let Some(account) = ended else { return };
    if let Err(error) = store.end_sessions(command, &account, None, &Ending::revoked(cause), now).await {
        tracing::warn!(%error, user_id = %account.user, "sessions of an earlier epoch were not all cleaned away");
    }
}
