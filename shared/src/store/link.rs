//! Accounts at identity providers that are linked to an account here: the item of the link, and the claim that keeps an identity
//! from being linked twice.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{
    Position, Store, Table,
    commit::{Commit, WriteExpression},
    item::{ItemQuery, Key, Sort, read, text},
    person_key::PersonKey,
    secrets::IndexSecrets,
};
use crate::{
    crypto::field::Place,
    domain::{
        id::{LinkId, UserId},
        secret::Masked,
        social::{MOST_LINKED_ACCOUNTS, SocialAccount, SocialIdentity},
        time::Timestamp,
    },
    error::{Internal, Result},
};

/// A link as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LinkItem {
    pub link: LinkId,
    pub user: UserId,
    /// Name of the provider in the configuration.
    pub provider: String,
    /// Digest of issuer and subject, which the claim is stored under.
    pub identity: String,
    pub linked_at: Timestamp,
    /// The address at the provider, encrypted with the person's profile key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<ByteBuf>,
}

/// The claim of an identity: the link that it has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LinkClaim {
    pub user: UserId,
    pub link: LinkId,
}

/// The digest of an identity. Issuer and subject together name a person; a subject alone is not unique.
pub fn identity_digest(indexes: &IndexSecrets, identity: &SocialIdentity) -> String {
    indexes.digest(&[b"social identity", identity.issuer.as_bytes(), identity.subject.as_bytes()])
}

impl LinkClaim {
    pub fn key(identity: &str) -> Key {
        Key::new(format!("IDENTITY#{identity}"), "CLAIM")
    }
}

impl LinkItem {
    fn key(user: &UserId, link: &LinkId) -> Key {
        Key::new(format!("U#{user}"), format!("O#{link}"))
    }

    /// A new link of the person with this profile key.
    pub fn new(link: LinkId, user: UserId, by: &IdentityOf<'_>, key: &PersonKey, now: Timestamp) -> Self {
        let at = Self::key(&user, &link);
        let email = by.identity.email.as_ref();
        Self {
            link,
            user,
            provider: by.provider.to_owned(),
            identity: by.digest.to_owned(),
            linked_at: now,
            email: email.map(|email| ByteBuf::from(key.seal(&place(&at), email.as_str().as_bytes()))),
        }
    }

    /// As the API shows it to its person.
    pub fn view(&self, key: &PersonKey) -> Result<SocialAccount> {
        let at = Self::key(&self.user, &self.link);
        let open = |sealed: &ByteBuf| -> Result<Masked<String>> {
            let plain = key.open(&place(&at), sealed)?;
            let text = String::from_utf8(plain.to_vec()).map_err(|_| Internal::corrupt("the address of a link"))?;
            Ok(Masked(text))
        };
        Ok(SocialAccount {
            id: self.link,
            provider: self.provider.clone(),
            email: self.email.as_ref().map(open).transpose()?,
            linked_at: self.linked_at,
        })
    }
}

/// An identity, the provider that it came from, and its digest.
#[derive(Debug, Clone, Copy)]
pub struct IdentityOf<'a> {
    pub provider: &'a str,
    pub digest: &'a str,
    pub identity: &'a SocialIdentity,
}

fn place(at: &Key) -> Place<'_> {
    Place { table: Table::Identity.logical(), partition: &at.pk, sort: &at.sk, attribute: "email" }
}

impl Commit<'_> {
    /// Adds a link. A conflict if the identity was linked meanwhile.
    pub fn add_link(self, link: &LinkItem) -> Self {
        let claim = LinkClaim { user: link.user, link: link.link };
        self.create(Table::Identity, &LinkItem::key(&link.user, &link.link), link, None).create(
            Table::Identity,
            &LinkClaim::key(&link.identity),
            &claim,
            None,
        )
    }

    /// Removes a link and frees its identity. A conflict if it is gone already.
    pub fn remove_link(self, link: &LinkItem) -> Self {
        let of_link = WriteExpression {
            condition: "#link = :link",
            names: &["link"],
            values: vec![(":link", text(link.link.to_string()))],
            ..WriteExpression::default()
        };
        self.delete(Table::Identity, &LinkItem::key(&link.user, &link.link), &of_link, None).delete(
            Table::Identity,
            &LinkClaim::key(&link.identity),
            &of_link,
            None,
        )
    }
}

impl Store {
    pub async fn link_claim(&self, identity: &str) -> Result<Option<LinkClaim>> {
        self.get_as(Table::Identity, &LinkClaim::key(identity)).await
    }

    pub async fn link(&self, user: &UserId, link: &LinkId) -> Result<Option<LinkItem>> {
        self.get_as(Table::Identity, &LinkItem::key(user, link)).await
    }

    /// All links of a person, who has [`MOST_LINKED_ACCOUNTS`] at most.
    pub async fn all_links(&self, user: &UserId) -> Result<Vec<LinkItem>> {
        Ok(self.links(user, MOST_LINKED_ACCOUNTS, None).await?.0)
    }

    /// One page of a person's links, newest first.
    pub async fn links(
        &self,
        user: &UserId,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<LinkItem>, Option<Position>)> {
        let partition = format!("U#{user}");
        let query = ItemQuery {
            table: Table::Identity,
            index: None,
            partition: ("pk", &partition),
            sort: Sort::Prefix("sk", "O#"),
            newest_first: true,
            limit,
            after,
        };
        let (items, next) = self.query(query).await?;
        Ok((items.into_iter().map(read).collect::<Result<_>>()?, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crypto::{DataKey, random::RandomId},
        domain::{event::Actor, person::Email, social::Offered},
        store::{commit::CommitError, testing},
    };

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn identity(subject: &str) -> SocialIdentity {
        SocialIdentity {
            issuer: "https://accounts.example".to_owned(),
            subject: Masked(subject.to_owned()),
            email: Some(Email::parse("ada@example.org").unwrap()),
            vouched: true,
            offered: Offered::default(),
        }
    }

    fn link(subject: &str, key: &PersonKey) -> LinkItem {
        let identity = identity(subject);
        let by = IdentityOf { provider: "google", digest: subject, identity: &identity };
        LinkItem::new(LinkId::new(NOW), UserId::new(NOW), &by, key, NOW)
    }

    #[tokio::test]
    async fn an_identity_is_linked_once_and_can_be_linked_again_after_it_was_removed() {
        let store = testing::store().await;
        let key = PersonKey::from_key("user_ada", DataKey::from_bytes([7; 32]));
        let (first, second) = (link("1", &key), link("1", &key));
        let add = |link: &LinkItem| store.commit(NOW, "c").by(Actor::Anonymous).add_link(link).run();
        add(&first).await.unwrap();
        assert!(matches!(add(&second).await, Err(CommitError::Conflict)));
        assert_eq!(store.link_claim("1").await.unwrap().unwrap().user, first.user);
        assert!(store.links(&second.user, 10, None).await.unwrap().0.is_empty());

        let remove = |link: &LinkItem| store.commit(NOW, "c").by(Actor::Anonymous).remove_link(link).run();
        remove(&first).await.unwrap();
        assert!(matches!(remove(&first).await, Err(CommitError::Conflict)));
        add(&second).await.unwrap();
        // The claim is now that of the second link: removing the first one again must not free it.
        assert!(matches!(remove(&first).await, Err(CommitError::Conflict)));
        assert_eq!(store.link_claim("1").await.unwrap().unwrap().link, second.link);
    }

    #[tokio::test]
    async fn the_address_at_the_provider_is_encrypted_for_its_person() {
        let key = PersonKey::from_key("user_ada", DataKey::from_bytes([7; 32]));
        let link = link("1", &key);
        assert!(!link.email.as_ref().unwrap().windows(3).any(|part| part == b"ada"));
        assert_eq!(link.view(&key).unwrap().email.unwrap().as_str(), "ada@example.org");
        assert!(link.view(&PersonKey::from_key("user_eve", DataKey::from_bytes([8; 32]))).is_err());
    }
}
