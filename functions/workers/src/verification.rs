//! How a machine goes on with a check: one step at a time, each a commit of its own upon the state it read, so that a
//! worker may die between any two of them and the next look goes on from there.

use std::time::Duration;

use verinym::{
    app::App,
    crypto::random,
    domain::{
        breaker,
        check::{CheckState, MANUAL, Patience},
        document::DocumentStatus,
        id::{CheckId, UserId},
        secret::Masked,
        time::Timestamp,
    },
    error::{Internal, Result},
    providers::{Progress, ProviderError, Reference, Submission, TaskKey, registry},
    store::{
        Table,
        check::StoredCheck,
        commit::{CommitError, Tries},
        document::DocumentItem,
        item::read,
        kek::Purpose,
        user::AuthItem,
    },
};

use crate::course::{Course, failure};

/// The policy's name of the step that the provider does.
const STEP: &str = "document";
/// Documents are looked at within seconds.
const DOCUMENTS_WAIT: Duration = Duration::from_secs(2);
/// The longest call of a provider, retries included; a batch of ten fits into the function's minute.
const LONGEST_CALL: Duration = Duration::from_secs(15);
/// Left for the commit that follows a call.
const FOR_THE_COMMIT: Duration = Duration::from_secs(5);

/// One look at a check.
#[derive(Debug)]
pub struct Look<'a> {
    pub app: &'a App,
    pub correlation_id: &'a str,
    pub user: UserId,
    pub check: CheckId,
    /// When the function must be done.
    pub deadline: Timestamp,
}

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Nothing is left for a machine to do.
    Settled,
    /// It is to be looked at again then.
    Again(Timestamp),
}

/// What a step came to.
enum Step {
    /// The check moved on: the next step follows.
    Moved,
    Wait(Timestamp),
}

/// A step may also find that somebody else wrote first.
type Stepped = std::result::Result<Step, CommitError>;

impl Look<'_> {
    /// Goes on as far as it can now.
    pub async fn go_on(&self) -> Result<Seen> {
        let store = self.app.store().await;
        let mut tries = Tries::new();
        loop {
            let Some((stored, auth)) = store.check_and_auth(&self.user, &self.check).await? else {
                return Ok(Seen::Settled);
            };
            if stored.check.screening.since.is_some() {
                return Ok(Seen::Settled);
            }
            let step = match (stored.check.state, stored.check.provider_reference.as_deref()) {
                (CheckState::Submitted, _) => self.take_up(&stored, &auth).await,
                (CheckState::Processing, None) => self.hand_over(&stored, &auth).await,
                (CheckState::Processing, Some(reference)) => {
                    let reference = reference.parse().map_err(Internal::corrupt)?;
                    self.ask(&stored, &auth, &reference).await
                }
                _ => return Ok(Seen::Settled),
            };
            match step {
                Ok(Step::Moved) => {}
                Ok(Step::Wait(until)) => return Ok(Seen::Again(until)),
                Err(error) => tries.again(error).await?,
            }
        }
    }

    /// Once all its documents were looked at, the check is the machine's.
    async fn take_up(&self, stored: &StoredCheck, auth: &AuthItem) -> Stepped {
        let (now, store) = (Timestamp::now(), self.app.store().await);
        let documents = self.documents(stored).await?;
        if !documents.iter().all(DocumentItem::is_settled) {
            return self.wait(stored, now + DOCUMENTS_WAIT).await;
        }
        let sound = documents.len() == stored.check.document_ids.len()
            && documents.iter().all(|document| document.status == DocumentStatus::Stored);
        let mut course = Course::of(stored, now);
        course.start(sound)?;
        course.commit(store, auth, self.correlation_id).await?;
        Ok(Step::Moved)
    }

    /// Gives the check to the provider, under a name of its own: however often this is repeated, it is one task.
    async fn hand_over(&self, stored: &StoredCheck, auth: &AuthItem) -> Stepped {
        let name = &stored.check.policy.provider;
        if name == MANUAL {
            let mut course = Course::of(stored, Timestamp::now());
            course.manual()?;
            course.commit(self.app.store().await, auth, self.correlation_id).await?;
            return Ok(Step::Moved);
        }
        let Some(provider) = registry::provider(self.app, name).await? else {
            return self.failed(stored, auth, None).await;
        };
        let submission = self.submission(stored).await?;
        let called = self.guarded(name, |remaining| provider.submit(&submission, remaining)).await?;
        let (now, store) = (Timestamp::now(), self.app.store().await);
        match called {
            Called::NotNow(at) => self.wait(stored, at).await,
            Called::Answered(Err(error)) => self.failed(stored, auth, Some(&error)).await,
            Called::Answered(Ok(submitted)) => {
                let mut course = Course::of(stored, now);
                course.taken(&submitted.reference);
                let pending = match submitted.progress {
                    Progress::Done(outcome) => {
                        course.outcome(outcome)?;
                        false
                    }
                    Progress::Pending | Progress::Failed => true,
                };
                let next_look = course.next_look();
                course.commit(store, auth, self.correlation_id).await?;
                // A failed task is read like any other, when it is looked at next.
                Ok(if pending { Step::Wait(next_look) } else { Step::Moved })
            }
        }
    }

    /// Reads how the task stands.
    async fn ask(&self, stored: &StoredCheck, auth: &AuthItem, reference: &Reference) -> Stepped {
        let name = &stored.check.policy.provider;
        let Some(provider) = registry::provider(self.app, name).await? else {
            return self.failed(stored, auth, None).await;
        };
        let called = self.guarded(name, |remaining| provider.fetch(reference, remaining)).await?;
        let (now, store) = (Timestamp::now(), self.app.store().await);
        let mut course = Course::of(stored, now);
        match called {
            Called::NotNow(at) => self.wait(stored, at).await,
            Called::Answered(Err(error)) => self.failed(stored, auth, Some(&error)).await,
            Called::Answered(Ok(Progress::Pending)) => {
                let patience = Patience::with(name);
                if patience.has_run_out(stored.check.submitted_at.unwrap_or(now), now) {
                    course.give_up()?;
                    course.commit(store, auth, self.correlation_id).await?;
                    return Ok(Step::Moved);
                }
                let age = now.since(stored.work.called_at.unwrap_or(now));
                self.wait(stored, now + patience.poll(age)).await
            }
            Called::Answered(Ok(Progress::Failed)) => {
                let wait = Patience::with(name).wait(stored.work.failures + 1, None, random_u64());
                course.task_failed(wait)?;
                self.after_failure(course, auth).await
            }
            Called::Answered(Ok(Progress::Done(outcome))) => {
                course.answered();
                course.outcome(outcome)?;
                course.commit(store, auth, self.correlation_id).await?;
                Ok(Step::Moved)
            }
        }
    }

    /// A call did not do what it should: later again, or the desk.
    async fn failed(&self, stored: &StoredCheck, auth: &AuthItem, error: Option<&ProviderError>) -> Stepped {
        let patience = Patience::with(&stored.check.policy.provider);
        let asked = error.and_then(ProviderError::retry_after);
        let wait = patience.wait(stored.work.failures + 1, asked, random_u64());
        let hopeless = error.is_none_or(|error| !error.is_retryable());
        let mut course = Course::of(stored, Timestamp::now());
        course.call_failed(error.map_or("not_configured", failure), hopeless, wait)?;
        self.after_failure(course, auth).await
    }

    async fn after_failure(&self, course: Course, auth: &AuthItem) -> Stepped {
        let (settled, next_look) = (course.is_settled(), course.next_look());
        course.commit(self.app.store().await, auth, self.correlation_id).await?;
        Ok(if settled { Step::Moved } else { Step::Wait(next_look) })
    }

    /// Notes when to look again, so that a sweep leaves the check alone until then.
    async fn wait(&self, stored: &StoredCheck, until: Timestamp) -> Stepped {
        self.app.store().await.look_again_at(stored, until).await?;
        Ok(Step::Wait(until))
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
