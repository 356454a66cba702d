//! What happens to a check within one commit: several moves, each with its event, and what the workers note of it.

use std::time::Duration;

use verinym::{
    domain::{
        aml::HitMark,
        check::{Action, Check, CheckError, CheckState, Patience, ReasonCode, StepKind},
        event::{Actor, EventType},
        time::Timestamp,
    },
    error::{Error, Result},
    providers::{Outcome, ProviderError, Reference},
    store::{
        Store,
        check::{StoredCheck, check_event},
        commit::{Commit, CommitError},
        event::EventDraft,
        user::AuthItem,
    },
};

/// A check on its way; nothing is written before [`Course::commit`].
#[derive(Debug)]
pub struct Course {
    before: Check,
    after: StoredCheck,
    events: Vec<EventDraft>,
    task_taken: Option<Reference>,
    /// Whether the person's account stays as it is.
    account_stays: bool,
    now: Timestamp,
}

impl Course {
    pub fn of(stored: &StoredCheck, now: Timestamp) -> Self {
        Self {
            before: stored.check.clone(),
            after: stored.clone(),
            events: Vec::new(),
            task_taken: None,
            account_stays: false,
            now,
        }
    }

    /// The machine takes the check up; with a document that is not sound no provider is asked, and a person tells the
    /// applicant what is missing.
    pub fn start(&mut self, sound: bool) -> Result<()> {
        if sound {
            self.after.check.pass(StepKind::Documents);
        }
        self.take_up()?;
        if !sound {
            self.heard(false, vec![ReasonCode::DocumentUnreadable], verification())?;
        }
        Ok(())
    }

    /// From here on the check is the machine's.
    pub fn take_up(&mut self) -> Result<()> {
        self.act(Action::Start, verification())?;
        self.after.work.next_look = None;
        Ok(())
    }

    /// The check moves alone, since something else decides where its person stands.
    pub fn leave_account(&mut self) {
        self.account_stays = true;
    }

    /// There is no provider to ask: once its name is screened, a reviewer decides.
    pub fn manual(&mut self) -> Result<()> {
        self.heard(false, vec![ReasonCode::ManualReview], verification())
    }

    /// The provider has the task.
    pub fn taken(&mut self, reference: &Reference) {
        let (check, work) = (&mut self.after.check, &mut self.after.work);
        check.provider_reference = Some(reference.to_string());
        check.attempts += 1;
        work.called_at = Some(self.now);
        work.next_look = Some(self.now + Patience::with(&check.policy.provider).first_poll);
        self.task_taken = Some(reference.clone());
        self.note(EventType::CheckProviderCalled, |event| event.data("reference", reference.as_str()));
    }

    /// The provider's result was fetched.
    pub fn answered(&mut self) {
        self.note(EventType::CheckProviderAnswered, |event| event);
    }

    /// What the provider found: a rejection ends the check; else the lists are searched, whatever it said.
    pub fn outcome(&mut self, outcome: Outcome) -> Result<()> {
        let codes = |reasons: Vec<String>| reasons.iter().map(|word| ReasonCode::of_provider(word)).collect();
        let provider = Actor::Provider(self.after.check.policy.provider.clone());
        match outcome {
            Outcome::Approve => self.heard(true, vec![], provider),
            Outcome::Reject { reasons } => self.act(Action::ProviderRejected(codes(reasons)), provider),
            Outcome::Review { reasons } if reasons.is_empty() => {
                self.heard(false, vec![ReasonCode::ProviderUnsure], provider)
            }
            Outcome::Review { reasons } => self.heard(false, codes(reasons), provider),
        }
    }

    /// The provider is done with, one way or another.
    fn heard(&mut self, vouched: bool, doubts: Vec<ReasonCode>, actor: Actor) -> Result<()> {
        self.after.work.next_look = None;
        self.act_telling(Action::Screen { vouched, doubts }, actor, |event| event.data("vouched", vouched))
    }

    /// Notes when a closed check is to be looked at next; an open one is noted with its moves.
    pub fn look_at(&mut self, at: Timestamp) {
        self.after.work.next_look = Some(at);
    }

    /// The name was screened, and `doubts` say why a person has to look at it whatever was found; while a machine is at work,
    /// that was the last it had to do.
    pub fn screened(
        &mut self,
        found: Vec<HitMark>,
        clears: bool,
        doubts: Vec<ReasonCode>,
        tell: impl FnOnce(EventDraft) -> EventDraft,
    ) -> Result<()> {
        self.act_telling(Action::Screened { hits: found, clears, doubts }, screening(), tell)?;
        if self.after.check.state == CheckState::Processing { self.conclude() } else { Ok(()) }
    }

    /// The policy approves what passed in every step; anything else is for a person.
    fn conclude(&mut self) -> Result<()> {
        match self.act(Action::Pass, screening()) {
            Err(Error::Check(CheckError::StepsMissing)) if self.after.check.reasons.is_empty() => {
                self.act(Action::Doubt(vec![ReasonCode::PolicyIncomplete]), screening())
            }
            Err(Error::Check(CheckError::StepsMissing)) => self.act(Action::Doubt(vec![]), screening()),
            done => done,
        }
    }

    /// The provider gave a task up without a result: another one is made, or a person takes over.
    pub fn task_failed(&mut self, wait: Duration) -> Result<()> {
        self.after.work.task += 1;
        self.after.work.called_at = None;
        self.after.check.provider_reference = None;
        self.call_failed("no_result", false, wait)
    }

    /// A call failed: it is tried again after `wait`, or a person takes over.
    pub fn call_failed(&mut self, reason: &'static str, hopeless: bool, wait: Duration) -> Result<()> {
        let submitted_at = self.before.submitted_at.unwrap_or(self.now);
        let patience = Patience::with(&self.before.policy.provider);
        self.after.check.attempts += 1;
        self.after.work.failures += 1;
        self.after.work.next_look = Some(self.now + wait);
        self.note(EventType::CheckProviderFailed, |event| event.data("reason", reason));
        if hopeless || patience.is_over(self.after.work.failures) || patience.has_run_out(submitted_at, self.now) {
            self.give_up()?;
        }
        Ok(())
    }

    /// A technical failure never decides: a person does. Who could not be asked of the provider is screened still.
    pub fn give_up(&mut self) -> Result<()> {
        if self.after.check.screening.since.is_some() {
            return self.act(Action::Doubt(vec![ReasonCode::ScreeningUnavailable]), screening());
        }
        self.heard(false, vec![ReasonCode::ProviderUnavailable], verification())
    }

    /// Whether the provider has no more to do with it.
    pub fn is_settled(&self) -> bool {
        self.after.check.state != CheckState::Processing || self.after.check.screening.since.is_some()
    }

    pub fn state(&self) -> CheckState {
        self.after.check.state
    }

    pub fn next_look(&self) -> Timestamp {
        self.after.next_look()
    }

    pub fn act(&mut self, action: Action, actor: Actor) -> Result<()> {
        self.act_telling(action, actor, |event| event)
    }

    fn act_telling(&mut self, action: Action, actor: Actor, tell: impl FnOnce(EventDraft) -> EventDraft) -> Result<()> {
        let (after, kind) = self.after.check.apply(action, self.now)?;
        self.events.push(tell(check_event(kind, &after, actor)));
        self.after.check = after;
        Ok(())
    }

    /// An event of a check that stays where it is.
    fn note(&mut self, kind: EventType, data: impl FnOnce(EventDraft) -> EventDraft) {
        let check = &mut self.after.check;
        check.version += 1;
        check.updated_at = self.now;
        self.events.push(data(check_event(kind, check, verification())));
    }

    /// Writes all of it, or nothing if somebody else wrote first.
    pub async fn commit(self, store: &Store, auth: &AuthItem, correlation_id: &str) -> Result<(), CommitError> {
        self.commit_with(store, auth, correlation_id, |commit| commit).await
    }

    /// The same, with what else is to be written in the transaction.
    pub async fn commit_with(
        self,
        store: &Store,
        auth: &AuthItem,
        correlation_id: &str,
        more: impl FnOnce(Commit<'_>) -> Commit<'_>,
    ) -> Result<(), CommitError> {
        let commit = store.commit(self.now, correlation_id);
        let mut commit = if self.account_stays {
            commit.check_changes(&self.before, &self.after)
        } else {
            commit.check_moves(&self.before, &self.after, auth, self.now)
        };
        if let Some(reference) = &self.task_taken {
            commit = commit.task_taken(&self.before.policy.provider, reference, &self.before);
        }
        for event in self.events {
            commit = commit.event(event);
        }
        more(commit).run().await
    }
}

fn verification() -> Actor {
    Actor::system("verification")
}

fn screening() -> Actor {
    Actor::system("screening")
}

/// A failed call in one word, for the event.
pub fn failure(error: &ProviderError) -> &'static str {
    match error {
        ProviderError::Unavailable { .. } => "unavailable",
        ProviderError::RateLimited { .. } => "rate_limited",
        ProviderError::Timeout => "timeout",
        ProviderError::Refused(_) => "refused",
        ProviderError::Malformed(_) => "malformed",
        ProviderError::UnknownReference => "unknown_reference",
    }
}

#[cfg(test)]
mod tests {
    use verinym::domain::{
        aml::{HitDecision, ListKind},
        check::{Policy, Trigger},
        id::{CheckId, DocumentId, HitId, UserId},
        user::KycStatus,
    };

    use super::*;
    use verinym::crypto::random::RandomId;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

    fn submitted() -> StoredCheck {
        let (id, user) = (CheckId::new(NOW), UserId::new(NOW));
        let mut draft = Check::draft(id, user, Policy::document("sandbox", 0.85), Trigger::Applicant, NOW);
        draft.document_ids.push(DocumentId::new(NOW));
        StoredCheck::new(draft.apply(Action::Submit(KycStatus::None), NOW).unwrap().0)
    }

    fn processing() -> StoredCheck {
        let mut course = Course::of(&submitted(), NOW);
        course.start(true).unwrap();
        course.after
    }

    fn nothing_found(course: &mut Course) {
        course.screened(vec![], true, vec![], |event| event).unwrap();
    }

    fn kinds(course: &Course) -> Vec<&'static str> {
        course.events.iter().map(|event| event.kind.as_str().trim_start_matches("kyc.check.")).collect()
    }

    #[test]
    fn each_event_of_a_commit_has_a_version_of_its_own() {
        let mut course = Course::of(&processing(), NOW);
        course.taken(&"req-1".parse().unwrap());
        course.outcome(Outcome::Approve).unwrap();
        assert_eq!(kinds(&course), ["provider_called", "screening"]);
        let versions: Vec<_> = course.events.iter().map(|event| event.version).collect();
        assert_eq!(versions, [course.before.version + 1, course.before.version + 2]);
        assert_eq!(course.after.check.version, course.before.version + 2);
    }

    #[test]
    fn a_document_that_is_not_sound_is_a_matter_for_the_desk() {
        let mut course = Course::of(&submitted(), NOW);
        course.start(false).unwrap();
        nothing_found(&mut course);
        assert_eq!(kinds(&course), ["processing", "screening", "screened", "in_review"]);
        assert_eq!(course.after.check.steps_done, [StepKind::Screening]);
        assert_eq!(course.after.check.reasons, [ReasonCode::DocumentUnreadable]);
    }

    #[test]
    fn whom_the_provider_vouches_for_and_no_list_names_is_approved() {
        let mut course = Course::of(&processing(), NOW);
        course.outcome(Outcome::Approve).unwrap();
        assert_eq!(course.after.check.state, CheckState::Processing);
        nothing_found(&mut course);
        assert_eq!(kinds(&course), ["screening", "screened", "approved"]);
    }

    #[test]
    fn whom_a_list_names_goes_to_the_desk_whatever_the_provider_said() {
        for outcome in [Outcome::Approve, Outcome::Review { reasons: vec![] }] {
            let mut course = Course::of(&processing(), NOW);
            course.outcome(outcome).unwrap();
            let hit = HitMark { id: HitId::new(NOW), kind: ListKind::Sanctions, decision: HitDecision::Open };
            course.screened(vec![hit], true, vec![], |event| event).unwrap();
            assert_eq!(course.after.check.state, CheckState::InReview);
            assert!(course.after.check.reasons.contains(&ReasonCode::SanctionsMatch));
        }
    }

    #[test]
    fn a_name_that_cannot_be_trusted_goes_to_the_desk_though_no_list_names_it() {
        let mut course = Course::of(&processing(), NOW);
        course.outcome(Outcome::Approve).unwrap();
        course.screened(vec![], true, vec![ReasonCode::NameMixedScripts], |event| event).unwrap();
        assert_eq!(kinds(&course), ["screening", "screened", "in_review"]);
        assert_eq!(course.after.check.reasons, [ReasonCode::NameMixedScripts]);
    }

    #[test]
    fn what_could_not_be_screened_in_time_is_screened_at_the_desk() {
        let mut course = Course::of(&processing(), NOW);
        course.outcome(Outcome::Approve).unwrap();
        course.give_up().unwrap();
        assert_eq!(course.after.check.reasons, [ReasonCode::ScreeningUnavailable]);
        nothing_found(&mut course);
        assert_eq!(course.after.check.state, CheckState::InReview);
        assert!(course.after.check.is_passed() && course.after.check.reasons.is_empty());
    }

    #[test]
    fn an_approval_without_its_other_steps_goes_to_the_desk() {
        let mut stored = processing();
        stored.check.steps_done.clear();
        let mut course = Course::of(&stored, NOW);
        course.outcome(Outcome::Approve).unwrap();
        nothing_found(&mut course);
        assert_eq!(course.after.check.state, CheckState::InReview);
        assert_eq!(course.after.check.reasons, [ReasonCode::PolicyIncomplete]);
    }

    #[test]
    fn failed_calls_end_at_the_desk_and_never_in_a_decision() {
        let mut stored = processing();
        for left in [2, 1, 0] {
            let mut course = Course::of(&stored, NOW);
            course.call_failed("unavailable", false, Duration::from_secs(3)).unwrap();
            assert_eq!(course.is_settled(), left == 0);
            stored = course.after;
        }
        let mut course = Course::of(&stored, NOW);
        nothing_found(&mut course);
        let stored = course.after;
        assert_eq!(stored.check.state, CheckState::InReview);
        assert_eq!(stored.check.reasons, [ReasonCode::ProviderUnavailable]);
        assert_eq!((stored.check.attempts, stored.check.decision), (3, None));
    }

    #[test]
    fn a_refusal_is_not_repeated() {
        let mut course = Course::of(&processing(), NOW);
        course.call_failed("refused", true, Duration::ZERO).unwrap();
        assert!(course.is_settled());
    }

    #[test]
    fn a_task_given_up_is_made_anew_under_another_name() {
        let mut course = Course::of(&processing(), NOW);
        course.taken(&"req-1".parse().unwrap());
        let mut course = Course::of(&course.after, NOW);
        course.task_failed(Duration::from_secs(1)).unwrap();
        assert_eq!((course.after.work.task, course.after.check.provider_reference.as_deref()), (1, None));
        assert!(!course.is_settled());
    }
}
