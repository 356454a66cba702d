//! Processes a check step by step. Each step is one commit on the state that it read, so that after a crash between two
//! steps the next run continues from there.

use std::time::Duration;

use verinym::{
    app::App,
    crypto::random,
    domain::{
        breaker,
        check::{CheckState, MANUAL, RetryPolicy},
        document::DocumentStatus,
        id::{CheckId, UserId},
        secret::Masked,
        time::Timestamp,
    },
    error::{Internal, Result},
    providers::{ProviderError, Reference, Submission, TaskKey, TaskProgress, registry},
    run_command,
    store::{
        Table,
        check::StoredCheck,
        command::{Attempt, Decided},
        commit::CommitError,
        document::DocumentItem,
        item::read,
        kek::KeyPurpose,
        user::Account,
    },
};

use crate::check_update::{CheckUpdate, failure, verification};

/// The name of the provider's step in the policy.
const STEP: &str = "document";
/// The wait for the inspection of documents, which takes seconds.
const DOCUMENTS_WAIT: Duration = Duration::from_secs(2);
/// The longest call of a provider, retries included. A batch of ten, four at a time, fits into the function's minute.
const LONGEST_CALL: Duration = Duration::from_secs(15);
/// Time kept for the commit after a call.
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

/// When the check is processed next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextRun {
    /// Never: the workers have finished with the check.
    Never,
    /// The time of the next run.
    At(Timestamp),
}

/// The result of a step.
enum StepResult {
    /// The check changed: the next step follows.
    Advanced,
    Wait(Timestamp),
    /// The workers have finished with the check.
    Finished,
}

/// The decision of one attempt of a step, or a conflict.
type StepDecision<'s> = std::result::Result<Decided<'s, StepResult>, CommitError>;

impl VerificationRun<'_> {
    /// Executes steps until one has to wait or none is left.
    pub async fn run(&self) -> Result<NextRun> {
        loop {
            match self.step().await? {
                StepResult::Advanced => {}
                StepResult::Wait(until) => return Ok(NextRun::At(until)),
                StepResult::Finished => return Ok(NextRun::Never),
            }
        }
    }

    /// Executes one step on the current check and account.
    async fn step(&self) -> Result<StepResult> {
        let store = self.app.store().await;
        run_command!(store.command(self.correlation_id, verification()), |attempt| {
            let Some((stored, auth)) = store.check_and_auth(&self.user, &self.check).await? else {
                return Ok(Decided::Unchanged(StepResult::Finished));
            };
            if stored.check.screening.since.is_some() {
                return Ok(Decided::Unchanged(StepResult::Finished));
            }
            match (stored.check.state, stored.check.provider_reference.as_deref()) {
                (CheckState::Submitted, _) => self.start_processing(&attempt, &stored, &auth).await,
                (CheckState::Processing, None) => self.submit_to_provider(&attempt, &stored, &auth).await,
                (CheckState::Processing, Some(reference)) => {
                    let reference = reference.parse().map_err(Internal::corrupt)?;
                    self.fetch_result(&attempt, &stored, &auth, &reference).await
                }
                _ => Ok(Decided::Unchanged(StepResult::Finished)),
            }
        })
    }

    /// Starts processing once all documents are inspected.
    async fn start_processing<'s>(
        &self,
        attempt: &Attempt<'s>,
        stored: &StoredCheck,
        auth: &Account,
    ) -> StepDecision<'s> {
        let now = Timestamp::now();
        let documents = self.documents(stored).await?;
        if !documents.iter().all(DocumentItem::is_settled) {
            return self.wait(stored, now + DOCUMENTS_WAIT).await;
        }
        let sound = documents.len() == stored.check.document_ids.len()
            && documents.iter().all(|document| document.status == DocumentStatus::Stored);
        let mut update = CheckUpdate::of(stored, now);
        update.start(sound)?;
        Ok(update.commit(attempt, auth).returning(StepResult::Advanced))
    }

    /// Submits the check to the provider under a fixed task id: repeating the call does not create a second task.
    async fn submit_to_provider<'s>(
        &self,
        attempt: &Attempt<'s>,
        stored: &StoredCheck,
        auth: &Account,
    ) -> StepDecision<'s> {
        let name = &stored.check.policy.provider;
        if name == MANUAL {
            let mut update = CheckUpdate::of(stored, Timestamp::now());
            update.manual()?;
            return Ok(update.commit(attempt, auth).returning(StepResult::Advanced));
        }
        let Some(provider) = registry::provider(self.app, name).await? else {
            return Self::call_failed(attempt, stored, auth, None);
        };
        let submission = self.submission(stored).await?;
        let called = self.call_through_breaker(name, |remaining| provider.submit(&submission, remaining)).await?;
        let now = Timestamp::now();
        match called {
            ProviderCall::Deferred(at) => self.wait(stored, at).await,
            ProviderCall::Answered(Err(error)) => Self::call_failed(attempt, stored, auth, Some(&error)),
            ProviderCall::Answered(Ok(submitted)) => {
                let mut update = CheckUpdate::of(stored, now);
                update.task_created(&submitted.reference);
                let pending = match submitted.progress {
                    TaskProgress::Done(outcome) => {
                        update.apply_result(outcome)?;
                        false
                    }
                    TaskProgress::Pending | TaskProgress::Failed => true,
                };
                let next_run_at = update.next_run_at();
                // The next run reads a failed task like any other.
                let step = if pending { StepResult::Wait(next_run_at) } else { StepResult::Advanced };
                Ok(update.commit(attempt, auth).returning(step))
            }
        }
    }

    /// Reads the state of the provider's task.
    async fn fetch_result<'s>(
        &self,
        attempt: &Attempt<'s>,
        stored: &StoredCheck,
        auth: &Account,
        reference: &Reference,
    ) -> StepDecision<'s> {
        let name = &stored.check.policy.provider;
        let Some(provider) = registry::provider(self.app, name).await? else {
            return Self::call_failed(attempt, stored, auth, None);
        };
        let called = self.call_through_breaker(name, |remaining| provider.fetch(reference, remaining)).await?;
        let now = Timestamp::now();
        let mut update = CheckUpdate::of(stored, now);
        match called {
            ProviderCall::Deferred(at) => self.wait(stored, at).await,
            ProviderCall::Answered(Err(error)) => Self::call_failed(attempt, stored, auth, Some(&error)),
            ProviderCall::Answered(Ok(TaskProgress::Pending)) => {
                let policy = RetryPolicy::of_provider(name);
                if policy.time_is_up(stored.check.submitted_at.unwrap_or(now), now) {
                    update.stop_asking_provider()?;
                    return Ok(update.commit(attempt, auth).returning(StepResult::Advanced));
                }
                let age = now.since(stored.work.called_at.unwrap_or(now));
                self.wait(stored, now + policy.wait_before_poll(age)).await
            }
            ProviderCall::Answered(Ok(TaskProgress::Failed)) => {
                let wait =
                    RetryPolicy::of_provider(name).wait_after_failure(stored.work.failures + 1, None, random_u64());
                update.task_failed(wait)?;
                Ok(Self::after_failure(attempt, update, auth))
            }
            ProviderCall::Answered(Ok(TaskProgress::Done(outcome))) => {
                update.result_fetched();
                update.apply_result(outcome)?;
                Ok(update.commit(attempt, auth).returning(StepResult::Advanced))
            }
        }
    }

    /// A call failed: it is retried later, or the check goes to review.
    fn call_failed<'s>(
        attempt: &Attempt<'s>,
        stored: &StoredCheck,
        auth: &Account,
        error: Option<&ProviderError>,
    ) -> StepDecision<'s> {
        let policy = RetryPolicy::of_provider(&stored.check.policy.provider);
        let retry_after = error.and_then(ProviderError::retry_after);
        let wait = policy.wait_after_failure(stored.work.failures + 1, retry_after, random_u64());
        let is_final = error.is_none_or(|error| !error.is_retryable());
        let mut update = CheckUpdate::of(stored, Timestamp::now());
        update.call_failed(error.map_or("not_configured", failure), is_final, wait)?;
        Ok(Self::after_failure(attempt, update, auth))
    }

    fn after_failure<'s>(attempt: &Attempt<'s>, update: CheckUpdate, auth: &Account) -> Decided<'s, StepResult> {
        let (settled, next_run_at) = (update.is_settled(), update.next_run_at());
        let step = if settled { StepResult::Advanced } else { StepResult::Wait(next_run_at) };
        update.commit(attempt, auth).returning(step)
    }

    /// Stores the time of the next run, so that the sweep skips the check until then.
    async fn wait<'s>(&self, stored: &StoredCheck, until: Timestamp) -> StepDecision<'s> {
        self.app.store().await.schedule_run(stored, until).await?;
        Ok(Decided::Unchanged(StepResult::Wait(until)))
    }

    /// Calls a provider through its circuit breaker. A call that the breaker refuses does not count as an attempt.
    async fn call_through_breaker<T, F>(&self, name: &str, call: impl FnOnce(Duration) -> F) -> Result<ProviderCall<T>>
    where
        F: Future<Output = std::result::Result<T, ProviderError>>,
    {
        let (store, policy, now) = (self.app.store().await, breaker::BreakerPolicy::default(), Timestamp::now());
        let remaining = self.deadline.since(now).saturating_sub(FOR_THE_COMMIT).min(LONGEST_CALL);
        if remaining < Duration::from_secs(1) {
            return Ok(ProviderCall::Deferred(now + Duration::from_secs(1)));
        }
        let permit = match store.breaker_admit(name, &policy, now).await? {
            Ok(permit) => permit,
            Err(retry_at) => return Ok(ProviderCall::Deferred(retry_at)),
        };
        let answer = call(remaining).await;
        let healthy = answer.as_ref().err().is_none_or(|error| !error.is_provider_failure());
        if let Err(error) = &answer {
            tracing::warn!(provider = name, check = %self.check, %error, "provider call failed");
        }
        store.breaker_report(name, permit, healthy, &policy, Timestamp::now()).await?;
        Ok(ProviderCall::Answered(answer))
    }

    async fn documents(&self, stored: &StoredCheck) -> Result<Vec<DocumentItem>> {
        let keys: Vec<_> = stored.check.document_ids.iter().map(|id| DocumentItem::key(&self.user, id)).collect();
        let wanted: Vec<_> = keys.iter().map(|key| (Table::Kyc, key.clone())).collect();
        let mut found = self.app.store().await.get_many(&wanted).await?;
        keys.iter().filter_map(|key| found.remove(key)).map(read).collect()
    }

    async fn submission(&self, stored: &StoredCheck) -> Result<Submission> {
        let store = self.app.store().await;
        let evidence = store.read_person_key(&self.user, KeyPurpose::Evidence, Timestamp::now());
        let (documents, evidence) = futures::try_join!(self.documents(stored), evidence)?;
        let snapshot = stored.snapshot(&evidence)?;
        let document =
            document_to_submit(&documents).ok_or_else(|| Internal::corrupt("a submitted check without a document"))?;
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

/// The result of a call through the breaker.
enum ProviderCall<T> {
    Answered(std::result::Result<T, ProviderError>),
    /// The call was not made; try it at this time.
    Deferred(Timestamp),
}

/// The document that is submitted to the provider: preferably an identity document, and one with a number.
fn document_to_submit(documents: &[DocumentItem]) -> Option<&DocumentItem> {
    documents.iter().min_by_key(|document| (!document.kind.is_identity(), document.number.is_none()))
}

fn random_u64() -> u64 {
    u64::from_be_bytes(random::bytes())
}
