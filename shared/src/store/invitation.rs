//! Invitations of staff (`INVITATIONS` · `U#<user>`), one for each invited account.

use serde::{Deserialize, Serialize};

use super::{
    Position, Store, Table,
    commit::{Commit, WriteExpression},
    item::{ItemQuery, Key, Sort, keyed, read, text},
};
use crate::{
    domain::{id::UserId, invitation::Invitation},
    error::Result,
};

const LIST: &str = "INVITATIONS";

fn key(user: &UserId) -> Key {
    Key::new(LIST, format!("U#{user}"))
}

#[derive(Debug, Serialize, Deserialize)]
struct InvitationItem {
    #[serde(flatten)]
    invitation: Invitation,
    /// Unix seconds, for the table's own cleaning.
    expires: i64,
}

/// The condition that the stored invitation is this one.
fn is_stored(invitation: &Invitation) -> WriteExpression<'static> {
    WriteExpression {
        condition: "mailed_token = :read",
        values: vec![(":read", text(invitation.mailed_token.to_string()))],
        ..WriteExpression::default()
    }
}

impl Commit<'_> {
    /// An invitation in place of the one that was read, if there was one.
    pub fn invite(self, before: Option<&Invitation>, invitation: &Invitation) -> Self {
        let item = InvitationItem { invitation: invitation.clone(), expires: invitation.expires_at.unix_seconds() };
        let item = keyed(&key(&invitation.user), &item);
        match before.map(is_stored) {
            Some(stored) => self.put_if(Table::Identity, item, stored.condition, &stored.values, None),
            None => self.put_if(Table::Identity, item, "attribute_not_exists(pk)", &[], None),
        }
    }

    /// Deletes an invitation that was accepted or revoked.
    pub fn end_invitation(self, invitation: &Invitation) -> Self {
        self.delete(Table::Identity, &key(&invitation.user), &is_stored(invitation), None)
    }
}

/// The position of the page that starts after the invitation of this account.
pub fn position_after(user: &UserId) -> Position {
    let key = key(user);
    Position([("pk".to_owned(), key.pk), ("sk".to_owned(), key.sk)].into())
}

impl Store {
    /// The invitation of an account. It may have expired.
    pub async fn invitation(&self, user: &UserId) -> Result<Option<Invitation>> {
        let item: Option<InvitationItem> = self.get_as(Table::Identity, &key(user)).await?;
        Ok(item.map(|item| item.invitation))
    }

    /// A page of the invitations, the newest account first.
    pub async fn invitations(
        &self,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<Invitation>, Option<Position>)> {
        let query = ItemQuery {
            table: Table::Identity,
            index: None,
            partition: ("pk", LIST),
            sort: Sort::Prefix("sk", "U#"),
            newest_first: true,
            limit,
            after,
        };
        let (items, next) = self.query(query).await?;
        let items = items.into_iter().map(|item| Ok(read::<InvitationItem>(item)?.invitation));
        Ok((items.collect::<Result<_>>()?, next))
    }
}
