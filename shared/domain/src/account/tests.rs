//! What each transition changes, and that versions, epoch and the part that the person sees move as they should.

use proptest::prelude::*;

use super::*;
use crate::{
    check::{Action, Check, CheckError, CheckTrigger, Policy},
    event::EventType,
    factor::{FactorError, FactorMethod},
    id::DocumentId,
    limit,
    person::{DateOfBirth, Email, Locale, PersonName},
    social::{MOST_LINKED_ACCOUNTS, SocialError},
};

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);
const LATER: Timestamp = Timestamp::from_unix_seconds(1_772_357_460);

fn index(text: &str) -> BlindIndex {
    BlindIndex::from_text(text.to_owned())
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash(text.to_owned())
}

fn mail(byte: u8) -> MailId {
    MailId::from_bytes([byte; 16])
}

fn registered() -> Account {
    let new = NewAccount {
        user: UserId::from_parts(NOW, [1; 10]),
        email_index: index("v1.email"),
        username_index: Some(index("v1.name")),
        password: hash("old"),
    };
    Account::register(new, NOW).0
}

fn verified() -> Account {
    registered().verify_email(NOW).unwrap().0
}

fn with_status(account: &Account, status: UserStatus) -> Account {
    let deactivated_at = (status == UserStatus::Deactivated).then_some(NOW);
    Account { state: AccountState { status, deactivated_at, ..account.state.clone() } }
}

fn draft(account: &Account) -> Check {
    let id = CheckId::from_parts(NOW, [2; 10]);
    Check::draft(id, account.user, Policy::document("manual", 0.85), CheckTrigger::Applicant, NOW)
}

/// A submitted check, and the account with it.
fn submitted(account: &Account) -> (Check, Account) {
    let ready = Check { document_ids: vec![DocumentId::from_parts(NOW, [4; 10])], ..draft(account) };
    let (sent, _) = ready.apply(Action::Submit(account.kyc_status), NOW).unwrap();
    let account = account.follow_check(&ready, &sent, NOW).unwrap().unwrap();
    (sent, account)
}

fn profile() -> Profile {
    Profile::new(Email::parse("ada@example.org").unwrap())
}

#[test]
fn a_new_account_may_be_replaced_until_its_address_is_confirmed() {
    let account = registered();
    assert_eq!((account.version, account.profile_version()), (1, 1));
    assert_eq!((account.email_verified, account.unverified_until), (false, Some(NOW + UNVERIFIED_LIFE)));
    let (account, kind) = account.record_mail(TokenPurpose::VerifyEmail, mail(1)).verify_email(LATER).unwrap();
    assert_eq!(kind, EventType::UserEmailVerified);
    assert_eq!((account.email_verified, account.unverified_until, account.updated_at), (true, None, LATER));
    assert!(account.mailed.is_empty());
    assert_eq!(account.verify_email(LATER), Err(AuthError::InvalidToken));
}

#[test]
fn an_address_is_confirmed_for_an_open_account_alone() {
    for (status, refusal) in
        [(UserStatus::Locked, AuthError::AccountLocked), (UserStatus::Deactivated, AuthError::AccountDeactivated)]
    {
        assert_eq!(with_status(&registered(), status).verify_email(NOW), Err(refusal));
    }
}

#[test]
fn a_new_password_ends_all_sessions_and_voids_the_tokens_to_set_one() {
    let account = verified().record_mail(TokenPurpose::ResetPassword, mail(1));
    let (changed, kind) = account.change_password(hash("new"), NOW);
    assert_eq!(kind, EventType::PasswordChanged);
    assert_eq!((changed.session_epoch, changed.password.as_ref()), (account.session_epoch + 1, Some(&hash("new"))));
    assert!(changed.mailed.is_empty());
}

#[test]
fn a_reset_ends_every_session_and_voids_what_was_mailed() {
    let account = verified().record_mail(TokenPurpose::VerifyEmail, mail(1));
    let account = account.record_mail(TokenPurpose::ResetPassword, mail(2));
    let (after, events) = account.reset_password(hash("new"), LATER).unwrap();
    assert_eq!(events, [(EventType::PasswordReset, account.version + 1)]);
    assert_eq!((after.session_epoch, after.version), (account.session_epoch + 1, account.version + 1));
    assert_eq!((after.profile_version(), after.updated_at), (account.profile_version(), account.updated_at));
    assert!(after.mailed.is_empty() && after.username_index.is_some());
}

#[test]
fn a_reset_proves_the_address_and_drops_the_name_that_an_unproven_registrant_took() {
    let account = registered().record_mail(TokenPurpose::VerifyEmail, mail(1));
    let (after, events) = account.reset_password(hash("new"), LATER).unwrap();
    // One version for each of its two events.
    let version = account.version;
    assert_eq!(events, [(EventType::PasswordReset, version + 1), (EventType::UserEmailVerified, version + 2)]);
    assert_eq!((after.version, after.profile_version()), (version + 2, account.profile_version() + 1));
    assert!(after.email_verified && after.unverified_until.is_none() && after.username_index.is_none());
    assert!(after.mailed.is_empty());
}

#[test]
fn no_password_is_set_for_an_account_that_is_being_erased() {
    for status in [UserStatus::Erasing, UserStatus::Erased] {
        let account = with_status(&verified(), status);
        assert_eq!(account.reset_password(hash("new"), NOW), Err(AuthError::InvalidToken));
    }
}

#[test]
fn sessions_go_on_when_a_password_is_hashed_anew() {
    let account = verified();
    let (after, kind) = account.rehash_password(hash("again"));
    assert_eq!(kind, EventType::PasswordRehashed);
    assert_eq!((after.session_epoch, after.password.as_ref()), (account.session_epoch, Some(&hash("again"))));
}

#[test]
fn a_newer_token_to_confirm_an_address_voids_the_one_before() {
    let (account, kind) = registered().request_mail(TokenPurpose::VerifyEmail, mail(1));
    assert_eq!(kind, EventType::UserVerificationRequested);
    let (account, kind) = account.request_mail(TokenPurpose::ResetPassword, mail(2));
    assert_eq!(kind, EventType::PasswordResetRequested);
    let (account, _) = account.request_mail(TokenPurpose::VerifyEmail, mail(3));
    assert_eq!(account.admit_mailed_token(TokenPurpose::VerifyEmail, &mail(1)), Err(AuthError::InvalidToken));
    assert_eq!(account.admit_mailed_token(TokenPurpose::VerifyEmail, &mail(3)), Ok(()));
    assert_eq!(account.admit_mailed_token(TokenPurpose::ResetPassword, &mail(2)), Ok(()));
}

#[test]
fn strangers_who_ask_for_mails_do_not_void_the_token_that_the_owner_holds() {
    let reset = TokenPurpose::ResetPassword;
    let (mut account, _) = verified().request_mail(reset, mail(0));
    // The limit of mails per address allows a burst, and as many again within the hour.
    let most = u8::try_from(2 * limit::MAIL_ADDRESS.rate.burst).unwrap();
    for other in 1..most {
        account = account.request_mail(reset, mail(other)).0;
    }
    assert!((0..most).all(|id| account.admit_mailed_token(reset, &mail(id)).is_ok()));
    let (account, _) = account.request_mail(reset, mail(most));
    assert_eq!(account.admit_mailed_token(reset, &mail(0)), Err(AuthError::InvalidToken), "the list is bounded");
    assert!(account.change_password(hash("new"), NOW).0.mailed_tokens(reset).is_empty());
}

#[test]
fn mails_are_sent_for_accounts_that_their_person_can_still_use() {
    for (status, verify, reset) in [
        (UserStatus::Active, true, true),
        (UserStatus::Locked, false, false),
        (UserStatus::Deactivated, false, true),
        (UserStatus::Erasing, false, false),
        (UserStatus::Erased, false, false),
    ] {
        let account = with_status(&registered(), status);
        let may = TokenPurpose::ALL.iter().map(|purpose| account.may_request_mail(*purpose, NOW)).collect::<Vec<_>>();
        assert_eq!(may, [verify, reset, false, false, false, false, false, false], "{status}");
    }
    assert!(!verified().may_request_mail(TokenPurpose::VerifyEmail, NOW));
    assert!(verified().may_request_mail(TokenPurpose::MagicLink, NOW));
}

#[test]
fn another_address_voids_what_was_mailed_to_the_old_one_and_sessions_go_on() {
    let (account, kind) = verified().request_mail(TokenPurpose::ConfirmEmailChange, mail(1));
    assert_eq!(kind, EventType::UserEmailChangeRequested);
    let account = account.record_mail(TokenPurpose::ResetPassword, mail(2));
    let (changed, kind) = account.change_email(index("v1.other"), LATER);
    assert_eq!((kind, changed.version), (EventType::UserEmailChanged, account.version + 1));
    assert_eq!(
        (changed.email_index.as_ref(), changed.session_epoch),
        (Some(&index("v1.other")), account.session_epoch)
    );
    assert!(changed.mailed.is_empty() && changed.email_verified && changed.password.is_some());
}

#[test]
fn a_disowned_sign_in_voids_the_password_and_leaves_what_undoes_a_change_of_the_address() {
    let account = verified().record_mail(TokenPurpose::UndoEmailChange, mail(1));
    let account = account.link_social_account().unwrap().0;
    let (account, kind) = account.request_mail(TokenPurpose::EndSession, mail(2));
    assert_eq!(kind, EventType::UserNewDevice);
    let (after, kind) = account.disown_sign_in(mail(3), false, NOW).unwrap();
    assert_eq!((kind, after.version), (EventType::UserSignInDisowned, account.version + 1));
    assert_eq!((after.password.as_ref(), after.ways_in()), (None, 0));
    assert_eq!(after.session_epoch, account.session_epoch + 1);
    assert_eq!(after.mailed_tokens(TokenPurpose::ResetPassword), [mail(3)]);
    assert_eq!(after.mailed_tokens(TokenPurpose::UndoEmailChange), [mail(1)]);
    assert!(after.mailed_tokens(TokenPurpose::EndSession).is_empty());
    // Whoever signed in may change the password; only the owner can reset it.
    let (changed, _) = account.change_password(hash("new"), NOW);
    assert_eq!(changed.mailed_tokens(TokenPurpose::EndSession), [mail(2)]);
    let reset = changed.reset_password(hash("newer"), NOW).unwrap().0;
    assert_eq!(reset.mailed_tokens(TokenPurpose::EndSession), [mail(2)]);
    let (enrolled, _) = account.enable_mfa(vec![FactorMethod::Totp, FactorMethod::BackupCode], NOW).unwrap();
    for drop_factors in [true, false] {
        assert_eq!(enrolled.disown_sign_in(mail(3), drop_factors, NOW).unwrap().0.mfa_enabled(), !drop_factors);
    }
    for status in [UserStatus::Erasing, UserStatus::Erased] {
        assert_eq!(with_status(&account, status).disown_sign_in(mail(4), false, NOW), Err(AuthError::InvalidToken));
    }
}

#[test]
fn an_undone_change_ends_all_sessions_and_leaves_only_the_link_to_set_a_password() {
    let (changed, _) = verified().change_email(index("v1.other"), NOW);
    let changed = changed.record_mail(TokenPurpose::ResetPassword, mail(1));
    let (undone, kind) = changed.undo_email_change(index("v1.email"), mail(2), false, LATER).unwrap();
    assert_eq!((kind, undone.version), (EventType::UserEmailChangeUndone, changed.version + 1));
    assert_eq!(
        (undone.email_index.as_ref(), undone.session_epoch),
        (Some(&index("v1.email")), changed.session_epoch + 1)
    );
    assert_eq!((undone.password.as_ref(), undone.mailed_tokens(TokenPurpose::ResetPassword)), (None, &[mail(2)][..]));
    assert_eq!(undone.undo_email_change(index("v1.email"), mail(3), false, LATER), Err(AuthError::InvalidToken));
    for status in [UserStatus::Erasing, UserStatus::Erased] {
        let ending = with_status(&changed, status);
        assert_eq!(ending.undo_email_change(index("v1.email"), mail(3), false, LATER), Err(AuthError::InvalidToken));
    }
}

#[test]
fn an_undone_change_removes_a_second_factor_only_if_asked_to() {
    let (enabled, kind) = verified().enable_mfa(vec![FactorMethod::Totp, FactorMethod::BackupCode], NOW).unwrap();
    assert_eq!((kind, enabled.mfa_enabled()), (EventType::MfaEnabled, true));
    assert_eq!(
        enabled.enable_mfa(vec![FactorMethod::Totp, FactorMethod::BackupCode], NOW),
        Err(FactorError::AlreadyEnabled)
    );
    let (changed, _) = enabled.change_email(index("v1.other"), NOW);
    for drop in [false, true] {
        let (undone, _) = changed.undo_email_change(index("v1.email"), mail(2), drop, LATER).unwrap();
        assert_eq!(undone.mfa_enabled(), !drop);
    }
    let (disabled, kind) = enabled.disable_mfa(vec![], LATER).unwrap();
    assert_eq!((kind, disabled.mfa_enabled()), (EventType::MfaDisabled, false));
    assert_eq!(disabled.disable_mfa(vec![], LATER), Err(FactorError::NotEnabled));
}

#[test]
fn a_new_password_keeps_the_second_factor() {
    let (enabled, _) = verified().enable_mfa(vec![FactorMethod::Totp, FactorMethod::BackupCode], NOW).unwrap();
    let (reset, _) = enabled.reset_password(hash("reset"), LATER).unwrap();
    assert!(reset.mfa_enabled() && enabled.change_password(hash("other"), NOW).0.mfa_enabled());
}

#[test]
fn a_role_is_given_once() {
    let (account, kind) = verified().grant_role("moderator", LATER).unwrap();
    assert_eq!((kind, account.roles.len()), (EventType::UserRolesChanged, 2));
    assert_eq!(account.grant_role("moderator", LATER), None);
}

#[test]
fn an_open_check_holds_the_name_and_another_name_ends_an_approval() {
    let named = Profile { given_name: Some(PersonName::parse("Ada").unwrap()), ..profile() };
    let (_, open) = submitted(&verified());
    assert_eq!(open.change_profile(&profile(), &named, None, NOW), Err(AccountError::CheckInProgress));
    let approved = Account { state: AccountState { kyc_status: KycStatus::Approved, ..verified().state } };
    let (after, kind) = approved.change_profile(&profile(), &named, Some(index("v1.other")), LATER).unwrap();
    assert_eq!((kind, after.kyc_status), (EventType::UserUpdated, KycStatus::Expired));
    assert_eq!((after.username_index.as_ref(), after.updated_at), (Some(&index("v1.other")), LATER));
}

#[test]
fn identity_may_not_change_during_a_check_and_ends_an_approval() {
    let before = Profile {
        given_name: Some(PersonName::parse("Ada").unwrap()),
        date_of_birth: Some(DateOfBirth::new("1985-12-10", NOW).unwrap()),
        ..profile()
    };
    let account =
        |kyc_status, open_check| Account { state: AccountState { kyc_status, open_check, ..verified().state } };
    let open = account(KycStatus::Pending, Some(draft(&verified()).id));
    let status = |kyc_status, after: &Profile| {
        account(kyc_status, None).change_profile(&before, after, None, LATER).unwrap().0.kyc_status
    };
    for changed in [
        Profile { given_name: Some(PersonName::parse("Eve").unwrap()), ..before.clone() },
        Profile { family_name: Some(PersonName::parse("Lovelace").unwrap()), ..before.clone() },
        Profile { date_of_birth: None, ..before.clone() },
    ] {
        assert_eq!(open.change_profile(&before, &changed, None, LATER), Err(AccountError::CheckInProgress));
        assert_eq!(status(KycStatus::Approved, &changed), KycStatus::Expired);
        assert_eq!(status(KycStatus::Rejected, &changed), KycStatus::Rejected);
    }
    let other = Profile { locale: Some(Locale::parse("en").unwrap()), ..before.clone() };
    assert_eq!(open.change_profile(&before, &other, None, LATER).unwrap().0.kyc_status, KycStatus::Pending);
    assert_eq!(status(KycStatus::Approved, &other), KycStatus::Approved);
}

#[test]
fn the_account_holds_its_open_check_and_lets_it_go() {
    let account = verified();
    let (check, open) = submitted(&account);
    assert_eq!((open.open_check, open.kyc_status), (Some(check.id), KycStatus::Pending));
    assert_eq!(open.follow_check(&check, &check, NOW), Ok(None));
    let (cancelled, _) = check.apply(Action::Cancel, NOW).unwrap();
    let closed = open.follow_check(&check, &cancelled, LATER).unwrap().unwrap();
    assert_eq!((closed.open_check, closed.kyc_status, closed.version), (None, KycStatus::None, open.version + 1));
}

#[test]
fn a_draft_is_no_open_check() {
    let account = verified();
    let draft = draft(&account);
    assert_eq!(account.follow_check(&draft, &draft, NOW), Ok(None));
    let named = Profile { given_name: Some(PersonName::parse("Ada").unwrap()), ..profile() };
    assert!(account.change_profile(&profile(), &named, None, NOW).is_ok());

    // Beside an open check: its end changes neither that check nor the status, and it is not submitted.
    let (open_check, open) = submitted(&account);
    let other = Check { id: CheckId::from_parts(NOW, [3; 10]), document_ids: open_check.document_ids, ..draft };
    assert_eq!(open.follow_check(&other, &other, NOW), Ok(None));
    let (cancelled, _) = other.apply(Action::Cancel, NOW).unwrap();
    assert_eq!(open.follow_check(&other, &cancelled, NOW), Ok(None));
    let (sent, _) = other.apply(Action::Submit(open.kyc_status), NOW).unwrap();
    assert_eq!(open.follow_check(&other, &sent, NOW), Err(CheckError::CheckInProgress));
    assert!(account.follow_check(&other, &sent, NOW).unwrap().is_some());
}

/// One of the transitions that an account may always make, with how many events it has and whether the person sees it.
fn step(account: &Account, which: u8) -> (Account, u64, bool) {
    match which {
        0 => (account.change_password(hash("new"), NOW).0, 1, false),
        1 => (account.rehash_password(hash("again")).0, 1, false),
        2 => (account.request_mail(TokenPurpose::ResetPassword, mail(which)).0, 1, false),
        3 => (account.record_mail(TokenPurpose::VerifyEmail, mail(which)), 1, false),
        4 => (account.change_profile(&profile(), &profile(), None, LATER).unwrap().0, 1, true),
        5 => match account.verify_email(LATER) {
            Ok((account, _)) => (account, 1, true),
            Err(_) => (account.clone(), 0, false),
        },
        6 => match account.grant_role("moderator", LATER) {
            Some((account, _)) => (account, 1, true),
            None => (account.clone(), 0, false),
        },
        7 => (account.change_email(index("v1.other"), LATER).0, 1, true),
        8 => match account.undo_email_change(index("v1.email"), mail(which), true, LATER) {
            Ok((account, _)) => (account, 1, true),
            Err(_) => (account.clone(), 0, false),
        },
        _ => {
            let (after, events) = account.reset_password(hash("reset"), LATER).unwrap();
            (after, events.len() as u64, events.len() == 2)
        }
    }
}

proptest! {
    #[test]
    fn the_version_rises_by_one_per_event_and_what_the_person_sees_by_one_if_they_see_it(
        steps in prop::collection::vec(0_u8..10, 1..40)
    ) {
        let mut account = registered();
        for which in steps {
            let (after, events, seen) = step(&account, which);
            prop_assert_eq!(after.version, account.version + events);
            prop_assert_eq!(after.profile_version(), account.profile_version() + u64::from(seen));
            // Sessions end with a password and with an undone change of the address, and with nothing else.
            let ends = matches!(which, 0 | 9) || (which == 8 && events == 1);
            prop_assert_eq!(after.session_epoch, account.session_epoch + u64::from(ends));
            let moves = events == 1 && matches!(which, 7 | 8);
            prop_assert!(moves || after.email_index == account.email_index);
            account = after;
        }
    }
}

#[test]
fn the_stored_form_reads_back_and_is_the_state_itself() {
    let (account, _) = registered().request_mail(TokenPurpose::VerifyEmail, mail(7));
    let json = serde_json::to_value(&account).unwrap();
    assert_eq!(json["mailed"]["verify_email"][0], mail(7).to_string());
    assert_eq!(json["email_index"], "v1.email");
    assert_eq!(serde_json::from_value::<Account>(json).unwrap(), account);
    assert!(!format!("{account:?}").contains("old"));
}

#[test]
fn an_account_of_a_vouching_provider_is_confirmed_and_has_one_way_in() {
    let new = NewVouchedAccount { user: UserId::from_parts(NOW, [1; 10]), email_index: index("v1.email") };
    let (account, kind) = Account::register_vouched(new, NOW);
    assert_eq!(kind, EventType::UserRegisteredByProvider);
    assert_eq!((account.email_verified, account.unverified_until, account.version), (true, None, 1));
    assert_eq!((account.password.clone(), account.links, account.ways_in()), (None, 1, 1));
    assert_eq!(account.unlink_social_account(), Err(AuthError::LastCredential));
    let (reset, _) = account.reset_password(hash("new"), LATER).unwrap();
    assert_eq!((reset.links, reset.ways_in()), (0, 1), "whoever linked them may not have been the owner");
}

proptest! {
    /// Whatever is linked and removed, one sign-in method stays, and each step is a version of its own.
    #[test]
    fn the_last_way_in_stays(has_password: bool, steps in proptest::collection::vec(any::<bool>(), 0..30)) {
        let new = NewVouchedAccount { user: UserId::from_parts(NOW, [1; 10]), email_index: index("v1.email") };
        let mut account = if has_password { verified() } else { Account::register_vouched(new, NOW).0 };
        for link in steps {
            let before = account.clone();
            if link && account.links == MOST_LINKED_ACCOUNTS {
                prop_assert_eq!(account.link_social_account(), Err(SocialError::TooManyLinkedAccounts));
                continue;
            }
            match if link { Ok(account.link_social_account().unwrap()) } else { account.unlink_social_account() } {
                Ok((after, _)) => {
                    prop_assert_eq!(after.version, before.version + 1);
                    prop_assert_eq!(after.profile_version(), before.profile_version());
                    account = after;
                }
                Err(refusal) => {
                    prop_assert_eq!(refusal, AuthError::LastCredential);
                    prop_assert!(before.links == 0 || before.ways_in() == 1);
                }
            }
            prop_assert!(account.ways_in() >= 1);
        }
    }
}
