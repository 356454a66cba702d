//! How a machine goes on with a check: one step at a time, each a commit of its own upon the state it read, so that a
//! worker may die between any two of them and the next look goes on from there.

use std::time::Duration;

use verinym::{
    app::App,
    crypto::random,
    domain::{
        breaker,
        check::{CheckState, MANUAL, RetryPolicy},
        document::DocumentStatus,
        id::{CheckId, UserId},
        kyc::KycError,
        secret::Masked,
        time::Timestamp,
    },
    error::{Error, Internal, Result},
    providers::{Progress, ProviderError, Reference, Submission, TaskKey},
    run_command,
    store::{
        Table,
        check::StoredCheck,
        command::{Attempt, Decided},
        commit::CommitError,
        document::DocumentItem,
        item::read,
        kek::Purpose,
        user::Account,
    },
};

use crate::check_update::{CheckUpdate, failure, verification};

/// The policy's name of the step that the provider does.
const STEP: &str = "document";
/// Documents are looked at within seconds.
const DOCUMENTS_WAIT: Duration = Duration::from_secs(2);
/// The longest call of a provider, retries included; a batch of ten fits into the function's minute.
const LONGEST_CALL: Duration = Duration::from_secs(15);
/// Left for the commit that follows a call.
const FOR_THE_COMMIT: Duration = Duration::from_secs(5);

/// One run of the verification worker on one check.
#[derive(Debug)]
pub struct VerificationRun<'a> {
    pub app: &'a App,
    pub correlation_id: &'a str,
    pub user: UserId,
    pub check: CheckId,
    /// When the function must be done.
    pub deadline: Timestamp,
}

/// When the check is to be worked on next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextRun {
    /// Nothing is left for a machine to do.
    Never,
    /// The time of the next run.
    At(Timestamp),
}

/// What a step came to.
enum Step {
    /// The check moved on: the next step follows.
    Moved,
    Wait(Timestamp),
    /// Nothing is left for a machine to do.
    Settled,
}

/// What an attempt of a step decided; it may also find that somebody else wrote first.
type Stepped<'s> = std::result::Result<Decided<'s, Step>, CommitError>;

impl VerificationRun<'_> {
    /// Goes on as far as it can now.
    pub async fn go_on(&self) -> Result<NextRun> {
        loop {
            match self.step().await? {
                Step::Moved => {}
                Step::Wait(until) => return Ok(NextRun::At(until)),
                Step::Settled => return Ok(NextRun::Never),
            }
        }
    }

    /// One step, upon the check and account as they are now.
    async fn step(&self) -> Result<Step> {
        let store = self.app.store().await;
        run_command!(store.command(self.correlation_id, verification()), |attempt| {
            let Some((stored, auth)) = store.check_and_auth(&self.user, &self.check).await? else {
                return Ok(Decided::Unchanged(Step::Settled));
            };
            if stored.check.screening.since.is_some() {
                return Ok(Decided::Unchanged(Step::Settled));
            }
            match (stored.check.state, stored.check.provider_reference.as_deref()) {
                (CheckState::Submitted, _) => self.take_up(&attempt, &stored, &auth).await,
                (CheckState::Processing, None) => self.hand_over(&attempt, &stored, &auth).await,
                (CheckState::Processing, Some(reference)) => {
                    let reference = reference.parse().map_err(Internal::corrupt)?;
                    self.ask(&attempt, &stored, &auth, &reference).await
                }
                _ => Ok(Decided::Unchanged(Step::Settled)),
            }
        })
    }

    /// Once all its documents were looked at, the check is the machine's.
    async fn take_up<'s>(&self, attempt: &Attempt<'s>, stored: &StoredCheck, auth: &Account) -> Stepped<'s> {
        let now = Timestamp::now();
        let documents = self.documents(stored).await?;
        if !documents.iter().all(DocumentItem::is_settled) {
            return self.wait(stored, now + DOCUMENTS_WAIT).await;
        }
        let sound = documents.len() == stored.check.document_ids.len()
            && documents.iter().all(|document| document.status == DocumentStatus::Stored);
        let mut update = CheckUpdate::of(stored, now);
        update.start(sound)?;
        Ok(update.commit(attempt, auth).returning(Step::Moved))
    }

    /// Gives the check to the provider, under a name of its own: however often this is repeated, it is one task.
    async fn hand_over<'s>(&self, attempt: &Attempt<'s>, stored: &StoredCheck, auth: &Account) -> Stepped<'s> {
        let name = &stored.check.policy.provider;
        if name == MANUAL {
            let mut update = CheckUpdate::of(stored, Timestamp::now());
            update.manual()?;
            return Ok(update.commit(attempt, auth).returning(Step::Moved));
        }
        let provider = match self.app.provider(name).await {
            Ok(provider) => provider,
            Err(Error::Kyc(KycError::UnknownProvider)) => return Self::failed(attempt, stored, auth, None),
            Err(error) => return Err(error.into()),
        };
        let submission = self.submission(stored).await?;
        let called = self.guarded(name, |remaining| provider.submit(&submission, remaining)).await?;
        let now = Timestamp::now();
        match called {
            Called::NotNow(at) => self.wait(stored, at).await,
            Called::Answered(Err(error)) => Self::failed(attempt, stored, auth, Some(&error)),
            Called::Answered(Ok(submitted)) => {
                let mut update = CheckUpdate::of(stored, now);
                update.taken(&submitted.reference);
                let pending = match submitted.progress {
                    Progress::Done(outcome) => {
                        update.outcome(outcome)?;
                        false
                    }
                    Progress::Pending | Progress::Failed => true,
                };
                let next_look = update.next_look();
                // A failed task is read like any other, when it is looked at next.
                let step = if pending { Step::Wait(next_look) } else { Step::Moved };
                Ok(update.commit(attempt, auth).returning(step))
            }
        }
    }

    /// Reads how the task stands.
    async fn ask<'s>(
        &self,
        attempt: &Attempt<'s>,
        stored: &StoredCheck,
        auth: &Account,
        reference: &Reference,
    ) -> Stepped<'s> {
        let name = &stored.check.policy.provider;
        let provider = match self.app.provider(name).await {
            Ok(provider) => provider,
            Err(Error::Kyc(KycError::UnknownProvider)) => return Self::failed(attempt, stored, auth, None),
            Err(error) => return Err(error.into()),
        };
        let called = self.guarded(name, |remaining| provider.fetch(reference, remaining)).await?;
        let now = Timestamp::now();
        let mut update = CheckUpdate::of(stored, now);
        match called {
            Called::NotNow(at) => self.wait(stored, at).await,
            Called::Answered(Err(error)) => Self::failed(attempt, stored, auth, Some(&error)),
            Called::Answered(Ok(Progress::Pending)) => {
                let retries = RetryPolicy::with(name);
                if retries.has_run_out(stored.check.submitted_at.unwrap_or(now), now) {
                    update.give_up()?;
                    return Ok(update.commit(attempt, auth).returning(Step::Moved));
                }
                let age = now.since(stored.work.called_at.unwrap_or(now));
                self.wait(stored, now + retries.poll(age)).await
            }
            Called::Answered(Ok(Progress::Failed)) => {
                let wait = RetryPolicy::with(name).wait(stored.work.failures + 1, None, random_u64());
                update.task_failed(wait)?;
                Ok(Self::after_failure(attempt, update, auth))
            }
            Called::Answered(Ok(Progress::Done(outcome))) => {
                update.answered();
                update.outcome(outcome)?;
                Ok(update.commit(attempt, auth).returning(Step::Moved))
            }
        }
    }

    /// A call did not do what it should: later again, or the desk.
    fn failed<'s>(
        attempt: &Attempt<'s>,
        stored: &StoredCheck,
        auth: &Account,
        error: Option<&ProviderError>,
    ) -> Stepped<'s> {
        let retries = RetryPolicy::with(&stored.check.policy.provider);
        let asked = error.and_then(ProviderError::retry_after);
        let wait = retries.wait(stored.work.failures + 1, asked, random_u64());
        let hopeless = error.is_none_or(|error| !error.is_retryable());
        let mut update = CheckUpdate::of(stored, Timestamp::now());
        update.call_failed(error.map_or("not_configured", failure), hopeless, wait)?;
        Ok(Self::after_failure(attempt, update, auth))
    }

    fn after_failure<'s>(attempt: &Attempt<'s>, update: CheckUpdate, auth: &Account) -> Decided<'s, Step> {
        let (settled, next_look) = (update.is_settled(), update.next_look());
        let step = if settled { Step::Moved } else { Step::Wait(next_look) };
        update.commit(attempt, auth).returning(step)
    }

    /// Notes when to look again, so that a sweep leaves the check alone until then.
    async fn wait<'s>(&self, stored: &StoredCheck, until: Timestamp) -> Stepped<'s> {
        self.app.store().await.look_again_at(stored, until).await?;
        Ok(Decided::Unchanged(Step::Wait(until)))
    }

    /// Calls a provider through its breaker. Calls that the breaker holds back are no attempts.
    async fn guarded<T, F>(&self, name: &str, call: impl FnOnce(Duration) -> F) -> Result<Called<T>>
    where
        F: Future<Output = std::result::Result<T, ProviderError>>,
    {
        let (store, policy, now) = (self.app.store().await, breaker::Policy::default(), Timestamp::now());
        let remaining = self.deadline.since(now).saturating_sub(FOR_THE_COMMIT).min(LONGEST_CALL);
        if remaining < Duration::from_secs(1) {
            return Ok(Called::NotNow(now + Duration::from_secs(1)));
        }
        let permit = match store.breaker_admit(name, &policy, now).await? {
            Ok(permit) => permit,
            Err(retry_at) => return Ok(Called::NotNow(retry_at)),
        };
        let answer = call(remaining).await;
        let well = answer.as_ref().err().is_none_or(|error| !error.is_provider_failure());
        if let Err(error) = &answer {
            tracing::warn!(provider = name, check = %self.check, %error, "provider call failed");
        }
        store.breaker_report(name, permit, well, &policy, Timestamp::now()).await?;
        Ok(Called::Answered(answer))
    }

    async fn documents(&self, stored: &StoredCheck) -> Result<Vec<DocumentItem>> {
        let keys: Vec<_> = stored.check.document_ids.iter().map(|id| DocumentItem::key(&self.user, id)).collect();
        let wanted: Vec<_> = keys.iter().map(|key| (Table::Kyc, key.clone())).collect();
        let mut found = self.app.store().await.get_many(&wanted).await?;
        keys.iter().filter_map(|key| found.remove(key)).map(read).collect()
    }

    async fn submission(&self, stored: &StoredCheck) -> Result<Submission> {
        let store = self.app.store().await;
        let evidence = store.read_person_key(&self.user, Purpose::Evidence, Timestamp::now());
        let (documents, evidence) = futures::try_join!(self.documents(stored), evidence)?;
        let snapshot = stored.snapshot(&evidence)?;
        let document = leading(&documents).ok_or_else(|| Internal::corrupt("a submitted check without a document"))?;
        Ok(Submission {
            key: TaskKey { check: stored.check.id, step: STEP.to_owned(), attempt: stored.work.task },
            document_type: document.kind.as_str().to_owned(),
            document_number: document.number(&evidence)?.map(|number| Masked(number.as_str().to_owned())),
            document_sha256: document.sha256(&evidence)?,
            name: snapshot.name,
            date_of_birth: snapshot.date_of_birth,
            callback_url: format!(
                "{}/v1/providers/{}/webhook",
                self.app.config.public_url, stored.check.policy.provider
            ),
        })
    }
}

/// How a call through the breaker went.
enum Called<T> {
    Answered(std::result::Result<T, ProviderError>),
    /// Not made; to be tried then.
    NotNow(Timestamp),
}

/// The document the provider is asked about: the first that says by itself who somebody is, one with a number before
/// one without.
fn leading(documents: &[DocumentItem]) -> Option<&DocumentItem> {
    documents.iter().min_by_key(|document| (!document.kind.is_identity(), document.number.is_none()))
}

fn random_u64() -> u64 {
    u64::from_be_bytes(random::bytes())
}
