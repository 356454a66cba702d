//! Renewing key-encryption keys: a new generation by age, the keys of people re-wrapped under it in the background, and
//! old generations removed once nothing needs them.
//!
//! Every step is conditional and repeatable, so a run may be killed anywhere, and several may run at once:
//!
//! 1. A generation older than [`IN_USE_FOR`] gets a successor. Processes that have the old one in memory go on wrapping
//!    new keys with it for at most five minutes.
//! 2. From [`SETTLING`] on no process wraps with the old one any more: a pass over the table re-wraps each key that is
//!    not under the newest, on the condition that it has not changed. Where a pass has come to is noted on the way.
//! 3. Old generations go when a whole pass has ended and the last key of theirs was found at least [`SETTLING`] ago: a
//!    call that read a key before it was re-wrapped can still unwrap it.
//!
//! A key that does not open stays as it is, is reported, and keeps its generation in place.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::{
    error::SdkError, operation::update_item::UpdateItemError, primitives::Blob, types::AttributeValue,
};
use futures::future::join_all;

use super::{
    Store, Table,
    item::{Key, key_of, read, text},
    kek::{KeyPosition, KeyPurpose, generation_key},
    person_key::{self, KeyItem},
    rotation_cause::RotationCause,
};
use crate::{
    crypto::{field, wrap},
    domain::time::Timestamp,
    error::{Error, Internal, Result},
};

/// How long a generation wraps new keys.
pub const IN_USE_FOR: Duration = Duration::from_hours(90 * 24);

/// Twice as long as a process keeps KEKs in memory.
const SETTLING: Duration = Duration::from_secs(2 * wrap::MAX_AGE.as_secs());

/// Keys re-wrapped at the same time.
const AT_ONCE: usize = 16;

/// How much one run does.
#[derive(Debug, Clone, Copy)]
pub struct RenewalBounds {
    /// After this time no further page is begun; the next run goes on from there.
    pub run_for: Duration,
    /// Items read at a time.
    pub page: i32,
}

impl Default for RenewalBounds {
    /// Below the time-out of `workers-rotate-keys`.
    fn default() -> Self {
        Self { run_for: Duration::from_mins(10), page: 1000 }
    }
}

/// What a run did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct RenewalCounts {
    /// Generations made.
    pub made: u32,
    /// Keys re-wrapped.
    pub moved: u32,
    /// Generations removed.
    pub removed: u32,
    /// Keys that do not open.
    pub damaged: u32,
}

impl Store {
    /// One run over all purposes.
    pub(super) async fn renew_keks(
        &self,
        cause: RotationCause,
        now: Timestamp,
        bounds: RenewalBounds,
    ) -> Result<RenewalCounts> {
        let mut run =
            RenewalRun { store: self, cause, now, began: Instant::now(), bounds, renewed: RenewalCounts::default() };
        let mut failed = None;
        for purpose in KeyPurpose::ALL {
            // What stops one purpose does not stop the others.
            if let Err(error) = run.renew(purpose).await {
                tracing::error!(purpose = purpose.name(), %error, "key-encryption keys were not renewed");
                failed = failed.or(Some(error));
            }
        }
        failed.map_or(Ok(run.renewed), Err)
    }
}

struct RenewalRun<'a> {
    store: &'a Store,
    cause: RotationCause,
    /// When it began, by the clock and for measuring.
    now: Timestamp,
    began: Instant,
    bounds: RenewalBounds,
    renewed: RenewalCounts,
}

/// How a pass over the table ended.
enum PassEnd {
    /// All keys were looked at.
    Complete,
    /// The run's time was up.
    Interrupted,
}

/// Keys of a page that are not under the newest generation, and the place after which the next page begins.
struct KeyPage {
    found: Vec<(Key, Result<KeyItem>)>,
    next: Option<KeyPosition>,
}

/// What became of a key.
#[derive(Debug, PartialEq, Eq)]
enum RewrapResult {
    Done,
    ChangedMeanwhile,
    Damaged,
}

impl RenewalRun<'_> {
    /// The time now. KEKs in memory age by it, however long the run takes.
    fn time(&self) -> Timestamp {
        self.now + self.began.elapsed()
    }

    async fn renew(&mut self, purpose: KeyPurpose) -> Result<()> {
        let generations = self.store.generations(purpose).await?;
        let Some(((newest, item), older)) = generations.split_first() else {
            return self.make(purpose, 1).await;
        };
        let age = self.now.since(item.made_at);
        if older.is_empty() {
            let due = match self.cause {
                RotationCause::Age => age >= IN_USE_FOR,
                RotationCause::Order | RotationCause::Leak => age >= SETTLING,
            };
            return if due { self.make(purpose, newest + 1).await } else { Ok(()) };
        }
        if age < SETTLING {
            return Ok(());
        }
        match self.pass(purpose, *newest, item.resume_after.clone()).await? {
            PassEnd::Interrupted => Ok(()),
            PassEnd::Complete => {
                self.note(purpose, *newest, "REMOVE resume_after", None).await?;
                self.remove_old(purpose, *newest).await
            }
        }
    }

    async fn make(&mut self, purpose: KeyPurpose, number: u32) -> Result<()> {
        if self.store.make_generation(purpose, number, self.now).await? {
            tracing::info!(purpose = purpose.name(), generation = number, "key-encryption keys made");
            self.renewed.made += 1;
        }
        Ok(())
    }

    /// After a whole pass: removes what is older than the newest generation, if no key was found lately.
    async fn remove_old(&mut self, purpose: KeyPurpose, newest: u32) -> Result<()> {
        // Read again: this run or another one may have found a key since.
        let generations = self.store.generations(purpose).await?;
        let Some(((number, item), older)) = generations.split_first() else { return Ok(()) };
        let settled = item.last_found.is_none_or(|found| self.now.since(found) >= SETTLING);
        if *number != newest || !settled {
            return Ok(());
        }
        for (old, _) in older {
            self.remove(purpose, *old).await?;
            tracing::info!(purpose = purpose.name(), generation = old, "key-encryption keys removed");
            self.renewed.removed += 1;
        }
        Ok(())
    }

    /// Goes on with the pass that was begun, or begins one.
    async fn pass(&mut self, purpose: KeyPurpose, newest: u32, mut after: Option<KeyPosition>) -> Result<PassEnd> {
        loop {
            let page = self.keys_under_others(purpose, newest, after.as_ref()).await?;
            if !page.found.is_empty() {
                // Before they are moved, so that a run that dies has told of them.
                let at = text(self.time().to_string());
                self.note(purpose, newest, "SET last_found = :value", Some(at)).await?;
            }
            for some in page.found.chunks(AT_ONCE) {
                for moved in join_all(some.iter().map(|(at, item)| self.rewrap(purpose, newest, at, item))).await {
                    match moved? {
                        RewrapResult::Done => self.renewed.moved += 1,
                        RewrapResult::ChangedMeanwhile => {}
                        RewrapResult::Damaged => self.renewed.damaged += 1,
                    }
                }
            }
            let Some(next) = page.next else { return Ok(PassEnd::Complete) };
            let at = AttributeValue::M([("pk".into(), text(&next.pk)), ("sk".into(), text(&next.sk))].into());
            self.note(purpose, newest, "SET resume_after = :value", Some(at)).await?;
            if self.began.elapsed() >= self.bounds.run_for {
                return Ok(PassEnd::Interrupted);
            }
            after = Some(next);
        }
    }

    /// One page of the whole table. DynamoDB leaves out what is under the newest generation already, by the first bytes
    /// of the ciphertext: format and key version.
    async fn keys_under_others(
        &self,
        purpose: KeyPurpose,
        newest: u32,
        after: Option<&KeyPosition>,
    ) -> Result<KeyPage> {
        let prefix = field::prefix(newest);
        let answer = self
            .store
            .db
            .scan()
            .table_name(self.store.name(Table::Keys))
            .consistent_read(true)
            .limit(self.bounds.page)
            .filter_expression("#purpose = :purpose AND NOT begins_with(#wrapped, :newest)")
            .expression_attribute_names("#purpose", "purpose")
            .expression_attribute_names("#wrapped", "wrapped")
            .expression_attribute_values(":purpose", text(purpose.name()))
            .expression_attribute_values(":newest", AttributeValue::B(Blob::new(prefix)))
            .set_exclusive_start_key(after.map(|at| Key::new(&at.pk, &at.sk).to_item()))
            .send()
            .await
            .map_err(|error| Internal::aws("scan keys", &error))?;
        let mut found = Vec::new();
        for item in answer.items.unwrap_or_default() {
            let (at, item) = (key_of(&item), read::<KeyItem>(item));
            if !item.as_ref().is_ok_and(|item| item.wrapped.starts_with(&prefix)) {
                found.push((at, item));
            }
        }
        let next = answer.last_evaluated_key.filter(|key| !key.is_empty()).map(|key| key_of(&key));
        Ok(KeyPage { found, next: next.map(|key| KeyPosition { pk: key.pk, sk: key.sk }) })
    }

    /// Re-wraps one key under the newest generation.
    async fn rewrap(&self, purpose: KeyPurpose, newest: u32, at: &Key, item: &Result<KeyItem>) -> Result<RewrapResult> {
        let rewrapped = match item {
            Ok(item) => self.rewrapped(purpose, newest, item).await?.map(|rewrapped| (item, rewrapped)),
            Err(_) => None,
        };
        let Some((item, rewrapped)) = rewrapped else {
            tracing::error!(partition = at.pk, sort = at.sk, "a key does not open and was not re-wrapped");
            return Ok(RewrapResult::Damaged);
        };
        let update = self
            .store
            .db
            .update_item()
            .table_name(self.store.name(Table::Keys))
            .set_key(Some(at.to_item()))
            .update_expression("SET #wrapped = :new")
            // A key that was erased or re-wrapped meanwhile stays so.
            .condition_expression("#wrapped = :read")
            .expression_attribute_names("#wrapped", "wrapped")
            .expression_attribute_values(":new", AttributeValue::B(Blob::new(rewrapped)))
            .expression_attribute_values(":read", AttributeValue::B(Blob::new(item.wrapped.to_vec())))
            .send()
            .await;
        match update {
            Ok(_) => Ok(RewrapResult::Done),
            Err(error) if condition_failed(&error) => Ok(RewrapResult::ChangedMeanwhile),
            Err(error) => Err(Internal::aws("re-wrap key", &error).into()),
        }
    }

    /// `None` if the key does not open, or nothing is left to open it with.
    async fn rewrapped(&self, purpose: KeyPurpose, newest: u32, item: &KeyItem) -> Result<Option<Vec<u8>>> {
        let to = self.store.generation(purpose, newest, self.time()).await?;
        let Ok(old) = field::key_version(&item.wrapped) else { return Ok(None) };
        match self.store.generation(purpose, old, self.time()).await {
            Ok(from) => Ok(person_key::rewrapped(item, &from, &to).ok()),
            Err(Error::Internal(Internal::Corrupt(_))) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Notes at a generation how far re-wrapping has come; one that is gone does not come back by that.
    async fn note(
        &self,
        purpose: KeyPurpose,
        generation: u32,
        update: &str,
        value: Option<AttributeValue>,
    ) -> Result<()> {
        let values = value.map(|value| [(":value".to_owned(), value)].into());
        self.store
            .db
            .update_item()
            .table_name(self.store.name(Table::Keys))
            .set_key(Some(generation_key(purpose, generation).to_item()))
            .update_expression(update)
            .condition_expression("attribute_exists(pk)")
            .set_expression_attribute_values(values)
            .send()
            .await
            .map_err(|error| Internal::aws("note the progress of re-wrapping", &error))?;
        Ok(())
    }

    async fn remove(&self, purpose: KeyPurpose, generation: u32) -> Result<()> {
        self.store
            .db
            .delete_item()
            .table_name(self.store.name(Table::Keys))
            .set_key(Some(generation_key(purpose, generation).to_item()))
            // Another run may have removed it already.
            .condition_expression("attribute_not_exists(pk) OR attribute_exists(keks)")
            .send()
            .await
            .map_err(|error| Internal::aws("remove key-encryption keys", &error))?;
        Ok(())
    }
}

fn condition_failed<R>(error: &SdkError<UpdateItemError, R>) -> bool {
    error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}

#[cfg(test)]
mod tests;
