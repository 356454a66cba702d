//! Hits: `U#<user>` · `HIT#<id>`, and `HIT#<id>` · `REF` (whose it is). An open one is in the index `by_state`.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zeroize::Zeroizing;

use super::{
    Position, Store, Table,
    commit::Commit,
    item::{Item, ItemQuery, Key, Sort, keyed, number, read},
    kek::KeyPurpose,
    owner::{OwnedResource, Owner},
    person_key::{self, KeyItem, PersonKey},
    state_index::{StateKey, rank},
};
use crate::{
    crypto::field::Place,
    domain::{
        aml::{Hit, HitDecision, HitForStaff, ListKind, Match, Reasons},
        check::RiskLevel,
        id::{CheckId, HitId, UserId},
        secret::Masked,
        time::Timestamp,
    },
    error::{Internal, Result},
};

/// A hit with what stands encrypted beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHit {
    pub hit: Hit,
    sealed: Sealed,
}

/// Ciphertexts under the person's evidence key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sealed {
    /// A [`Match`].
    found: ByteBuf,
    /// What the last reviewer wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<ByteBuf>,
    /// What the first of two reviewers wrote, once the second has decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_reason: Option<ByteBuf>,
}

/// State of open hits in the index.
const OPEN: &str = "hit_open";

impl StoredHit {
    pub fn key(user: &UserId, id: &HitId) -> Key {
        Key::new(format!("U#{user}"), format!("HIT#{id}"))
    }

    fn own_key(&self) -> Key {
        Self::key(&self.hit.user_id, &self.hit.id)
    }

    pub fn new(hit: Hit, found: &Match, evidence: &PersonKey) -> Result<Self> {
        let key = Self::key(&hit.user_id, &hit.id);
        let plain = Zeroizing::new(serde_json::to_vec(found).map_err(Internal::bug)?);
        let found = ByteBuf::from(evidence.seal(&place(&key, "found"), &plain));
        Ok(Self { hit, sealed: Sealed { found, reason: None, first_reason: None } })
    }

    fn from_item(item: Item) -> Result<Self> {
        Ok(Self { sealed: read(item.clone())?, hit: read(item)? })
    }

    /// The hit after a decision, with what the reviewer wrote.
    pub fn decided(&self, hit: Hit, reason: &Masked<String>, evidence: &PersonKey) -> Self {
        let key = self.own_key();
        let reason = Some(ByteBuf::from(evidence.seal(&place(&key, "reason"), reason.as_bytes())));
        // Sealed as a reason, it stays one.
        let first_reason = self.hit.proposal.as_ref().and(self.sealed.reason.clone());
        Self { hit, sealed: Sealed { found: self.sealed.found.clone(), reason, first_reason } }
    }

    pub fn found(&self, evidence: &PersonKey) -> Result<Match> {
        let plain = evidence.open(&place(&self.own_key(), "found"), &self.sealed.found)?;
        serde_json::from_slice(&plain).map_err(|_| Internal::corrupt("a hit's match").into())
    }

    fn reasons(&self, evidence: &PersonKey) -> Result<Reasons> {
        Ok(Reasons {
            last: self.reason(self.sealed.reason.as_ref(), evidence)?,
            first: self.reason(self.sealed.first_reason.as_ref(), evidence)?,
        })
    }

    fn reason(&self, sealed: Option<&ByteBuf>, evidence: &PersonKey) -> Result<Option<Masked<String>>> {
        let Some(sealed) = sealed else { return Ok(None) };
        let plain = evidence.open(&place(&self.own_key(), "reason"), sealed)?;
        let text = std::str::from_utf8(&plain).map_err(|_| Internal::corrupt("a hit's reason"))?;
        Ok(Some(Masked(text.to_owned())))
    }

    /// As staff sees it; `plain` is whether they may see personal data.
    pub fn for_staff(&self, evidence: &PersonKey, plain: bool) -> Result<HitForStaff> {
        Ok(self.hit.for_staff(&self.found(evidence)?, &self.reasons(evidence)?, plain))
    }

    /// Its key in the index, which it is in while it is open.
    fn state_key(&self) -> StateKey {
        let level = match self.hit.kind {
            ListKind::Sanctions => RiskLevel::High,
            ListKind::Pep | ListKind::AdverseMedia => RiskLevel::Medium,
        };
        let order = format!("{}#{}", rank(level), self.hit.created_at);
        StateKey::new(OPEN, &order, &self.hit.id.to_string())
    }

    /// Where the list of open hits goes on after it.
    pub fn position_in_queue(&self) -> Position {
        self.state_key().position()
    }

    /// Where the list of its person's hits goes on after it.
    pub fn position_of_person(&self) -> Position {
        Position::of(self.own_key())
    }

    fn item(&self) -> Result<Item> {
        let mut item = keyed(&self.own_key(), &self.hit)?;
        item.extend(keyed(&self.own_key(), &self.sealed)?);
        if self.hit.decision == HitDecision::Open {
            self.state_key().add_to(&mut item);
        }
        Ok(item)
    }
}

/// A hit that need not be read: its id and the person it is on are enough.
impl OwnedResource for HitId {
    type Id = Self;

    fn owner_key(id: &Self) -> Key {
        Key::new(format!("HIT#{id}"), "REF")
    }

    async fn load(_: &Store, _: &UserId, id: Self, _: Timestamp) -> Result<Option<Self>> {
        Ok(Some(id))
    }
}

fn place<'a>(at: &'a Key, attribute: &'a str) -> Place<'a> {
    Place { table: Table::Kyc.logical(), partition: &at.pk, sort: &at.sk, attribute }
}

impl Commit<'_> {
    /// A new hit, and whose it is.
    pub fn new_hit(self, stored: &StoredHit) -> Self {
        let owner = HitId::owner_key(&stored.hit.id);
        self.put_if(Table::Kyc, stored.item(), "attribute_not_exists(pk)", &[], None).create(
            Table::Kyc,
            &owner,
            &Owner { owner: stored.hit.user_id },
            None,
        )
    }

    /// A hit in its next state.
    pub fn hit_changes(self, before: &Hit, after: &StoredHit) -> Self {
        self.put_if(Table::Kyc, after.item(), "version = :read", &[(":read", number(before.version))], None)
    }
}

impl Store {
    pub async fn hit(&self, user: &UserId, id: &HitId) -> Result<Option<StoredHit>> {
        self.get(Table::Kyc, &StoredHit::key(user, id)).await?.map(StoredHit::from_item).transpose()
    }

    /// One page of a person's hits, newest first.
    pub async fn hits_of(
        &self,
        user: &UserId,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<StoredHit>, Option<Position>)> {
        let partition = format!("U#{user}");
        let (items, next) = self
            .query(ItemQuery {
                table: Table::Kyc,
                index: None,
                partition: ("pk", &partition),
                sort: Sort::Prefix("sk", "HIT#"),
                newest_first: true,
                limit,
                after,
            })
            .await?;
        Ok((items.into_iter().map(StoredHit::from_item).collect::<Result<_>>()?, next))
    }

    /// The hits of a check, in the order they were found.
    pub async fn hits_of_check(&self, user: &UserId, check: &CheckId, ids: &[HitId]) -> Result<Vec<StoredHit>> {
        let keys: Vec<_> = ids.iter().map(|id| StoredHit::key(user, id)).collect();
        let wanted: Vec<_> = keys.iter().map(|key| (Table::Kyc, key.clone())).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self.get_many(&wanted).await?;
        let hits =
            keys.iter().filter_map(|key| found.remove(key)).map(StoredHit::from_item).collect::<Result<Vec<_>>>()?;
        Ok(hits.into_iter().filter(|stored| stored.hit.check_id == *check).collect())
    }

    /// One page of the hits that nobody has decided: sanctions first, then the oldest. Those on the `reader` are left out
    /// as if there were none. The index may be a little behind.
    pub async fn open_hits(
        &self,
        reader: Option<&UserId>,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<(Vec<StoredHit>, Option<Position>)> {
        let (items, next) = self.page_of_states(&[OPEN], reader, limit, after).await?;
        Ok((items.into_iter().map(StoredHit::from_item).collect::<Result<_>>()?, next))
    }

    /// The evidence keys of people, by person; those that were destroyed are not among them.
    pub async fn evidence_keys(
        &self,
        users: impl IntoIterator<Item = UserId>,
        now: Timestamp,
    ) -> Result<HashMap<UserId, PersonKey>> {
        let users: std::collections::BTreeSet<_> = users.into_iter().collect();
        let keys: Vec<_> = users.iter().map(|user| (*user, person_key::key(user, KeyPurpose::Evidence))).collect();
        let wanted: Vec<_> = keys.iter().map(|(_, key)| (Table::Keys, key.clone())).collect();
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let mut found = self.get_many(&wanted).await?;
        let mut opened = HashMap::new();
        for (user, key) in keys {
            if let Some(item) = found.remove(&key) {
                let item: KeyItem = read(item)?;
                opened.insert(user, self.person_key(Some(&item), now).await?);
            }
        }
        Ok(opened)
    }
}
