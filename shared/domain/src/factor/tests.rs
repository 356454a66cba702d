use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_772_357_400);

fn digest(n: usize) -> CodeDigest {
    CodeDigest(n.to_string())
}

fn later(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

fn enrolled() -> Factors {
    let setup = Factors::default().begin_setup(ByteBuf::from(vec![1]), NOW).unwrap();
    setup.activate(100, (0..BACKUP_CODES).map(digest).collect(), NOW).unwrap()
}

#[test]
fn a_setup_is_active_after_a_right_code_within_its_time_only() {
    let setup = Factors::default().begin_setup(ByteBuf::from(vec![1]), NOW).unwrap();
    assert!(!setup.is_enabled() && setup.methods().is_empty());
    assert!(setup.accept(&Presented::Totp(Some(100))).is_none(), "a setup proves nothing yet");
    let late = NOW + SETUP_LIFE;
    assert_eq!(setup.activate(100, vec![], late), Err(FactorError::NoSetup));
    let active = setup.activate(100, vec![digest(1)], NOW).unwrap();
    assert!(active.is_enabled());
    assert_eq!(active.methods(), [FactorMethod::Totp, FactorMethod::BackupCode]);
    assert_eq!(active.activate(101, vec![], NOW), Err(FactorError::AlreadyEnabled));
    assert_eq!(active.begin_setup(ByteBuf::new(), NOW), Err(FactorError::AlreadyEnabled));
    assert!(active.accept(&Presented::Totp(Some(100))).is_none(), "the code of the activation was used");
}

#[test]
fn a_later_setup_voids_the_one_before() {
    let first = Factors::default().begin_setup(ByteBuf::from(vec![1]), NOW).unwrap();
    let second = first.begin_setup(ByteBuf::from(vec![2]), NOW).unwrap();
    assert_eq!(second.setup(NOW).unwrap().secret, ByteBuf::from(vec![2]));
    assert_eq!(second.version(), 2);
}

#[test]
fn a_disabled_factor_leaves_no_way_back_in() {
    let disabled = enrolled().disable();
    assert!(!disabled.is_enabled() && disabled.methods().is_empty() && disabled.remaining_backup_codes() == 0);
    assert!(disabled.accept(&Presented::Totp(Some(500))).is_none());
    assert!(disabled.accept(&Presented::BackupCode(digest(1))).is_none());
    assert_eq!(disabled.renew_backup_codes(vec![digest(1)]), Err(FactorError::NotEnabled));
}

#[test]
fn new_backup_codes_void_the_old_ones() {
    let renewed = enrolled().renew_backup_codes(vec![digest(99)]).unwrap();
    assert!(renewed.accept(&Presented::BackupCode(digest(1))).is_none());
    assert!(renewed.accept(&Presented::BackupCode(digest(99))).is_some());
}

#[test]
fn the_tenth_wrong_code_of_an_hour_locks_until_the_first_is_an_hour_old() {
    let mut factors = enrolled();
    for second in 0..10 {
        assert_eq!(factors.admit_code(later(second)), Ok(()), "{second}");
        let (after, locked) = factors.refuse(later(second));
        assert_eq!(locked, second == 9);
        factors = after;
    }
    assert_eq!(factors.admit_code(later(10)), Err(FactorError::TooManyCodes { retry_after: 3590 }));
    assert_eq!(factors.admit_code(later(3599)), Err(FactorError::TooManyCodes { retry_after: 1 }));
    assert_eq!(factors.admit_code(later(3600)), Ok(()));
    let (again, locked) = factors.refuse(later(3600));
    assert!(locked && again.admit_code(later(3600)).is_err(), "one left the window, one came");
}

fn code(n: usize) -> SentCode {
    SentCode::new(FactorMethod::Sms, digest(n), crate::id::EventId::from_parts(NOW, [1; 10]), NOW)
}

fn with_number() -> Factors {
    let setup = Factors::default().begin_sms_setup(ByteBuf::from(vec![2]), code(1)).unwrap();
    setup.activate_sms((0..BACKUP_CODES).map(digest).collect(), NOW).unwrap()
}

#[test]
fn a_number_is_enrolled_by_the_code_of_its_last_setup() {
    let first = Factors::default().begin_sms_setup(ByteBuf::from(vec![1]), code(1)).unwrap();
    let setup = first.begin_sms_setup(ByteBuf::from(vec![2]), code(2)).unwrap();
    assert!(!setup.is_enabled() && setup.accept(&Presented::Sent(FactorMethod::Sms, true)).is_none());
    assert_eq!(setup.awaited(CodeUse::SmsSetup), Some(&code(2)));
    assert_eq!(setup.activate_sms(vec![], NOW + CODE_LIFE), Err(FactorError::NoSetup));
    let active = setup.activate_sms(vec![digest(1)], NOW).unwrap();
    assert_eq!(active.sms().unwrap().number, ByteBuf::from(vec![2]));
    assert_eq!(active.methods(), [FactorMethod::Sms, FactorMethod::BackupCode]);
    assert_eq!(active.begin_sms_setup(ByteBuf::new(), code(3)), Err(FactorError::AlreadyEnabled));
    assert_eq!(active.activate_sms(vec![], NOW), Err(FactorError::AlreadyEnabled));
    assert!(active.accept(&Presented::Sent(FactorMethod::EmailOtp, true)).is_none());
}

#[test]
fn removing_one_of_two_methods_leaves_the_other_and_its_backup_codes() {
    let both = with_number().begin_setup(ByteBuf::from(vec![1]), NOW).unwrap();
    let both = both.activate(100, vec![digest(7)], NOW).unwrap();
    assert_eq!(both.methods(), [FactorMethod::Totp, FactorMethod::Sms, FactorMethod::BackupCode]);
    assert!(both.accept(&Presented::BackupCode(digest(0))).is_none(), "those of before are void");
    let app = both.remove(FactorMethod::Sms);
    assert_eq!(app.methods(), [FactorMethod::Totp, FactorMethod::BackupCode]);
    assert!(app.accept(&Presented::Sent(FactorMethod::Sms, true)).is_none());
    let number = both.remove(FactorMethod::Totp);
    assert_eq!(number.methods(), [FactorMethod::Sms, FactorMethod::BackupCode]);
    assert!(number.remove(FactorMethod::Sms).methods().is_empty(), "the last one takes the backup codes along");
    assert!(both.remove(FactorMethod::BackupCode).methods().is_empty());
}

#[test]
fn five_wrong_codes_void_a_code_and_count_on_the_account() {
    let mut factors = with_number().await_sms_code(code(5)).unwrap();
    for _ in 0..CODE_TRIES {
        assert!(factors.awaited(CodeUse::Sms).unwrap().is(FactorMethod::Sms, &digest(5), NOW));
        factors = factors.refuse_awaited(CodeUse::Sms, NOW).0;
    }
    assert!(!factors.awaited(CodeUse::Sms).unwrap().is(FactorMethod::Sms, &digest(5), NOW));
    let mut factors = factors.await_phone_code(Some(code(6)));
    for wrong in 5..10 {
        assert_eq!(factors.admit_code(NOW), Ok(()), "{wrong}");
        factors = factors.refuse_awaited(CodeUse::Phone, NOW).0;
    }
    assert!(factors.admit_code(NOW).is_err(), "ten over both");
    assert!(factors.disable().admit_code(NOW).is_err(), "a removed factor clears no count");
}

#[test]
fn an_accepted_code_is_no_longer_awaited() {
    let factors = with_number().await_sms_code(code(5)).unwrap();
    let after = factors.accept(&Presented::Sent(FactorMethod::Sms, true)).unwrap();
    assert_eq!(after.awaited(CodeUse::Sms), None);
    assert_eq!(Factors::default().await_sms_code(code(5)), Err(FactorError::NotEnabled));
}

#[test]
fn a_mailed_code_counts_only_for_an_account_without_a_second_factor() {
    let right = Presented::Sent(FactorMethod::EmailOtp, true);
    let after = Factors::default().accept(&right).expect("no second factor");
    assert!(!after.is_enabled() && after.methods().is_empty(), "it enrolls nothing");
    assert!(enrolled().accept(&right).is_none());
    assert!(Factors::default().accept(&Presented::Sent(FactorMethod::EmailOtp, false)).is_none());
    assert!(!FactorMethod::EmailOtp.is_second_factor());
}

#[test]
fn wrong_mailed_codes_lock_an_account_that_has_no_second_factor() {
    let locked = (0..10).fold(Factors::default(), |factors, _| factors.refuse(NOW).0);
    assert!(matches!(locked.admit_code(NOW), Err(FactorError::TooManyCodes { .. })));
}

#[test]
fn a_sent_code_is_right_by_its_method_and_digest_until_its_end() {
    let event = crate::id::EventId::from_parts(NOW, [1; 10]);
    let sent = SentCode::new(FactorMethod::EmailOtp, digest(1), event, NOW);
    assert!(sent.is(FactorMethod::EmailOtp, &digest(1), later(299)));
    assert!(!sent.is(FactorMethod::EmailOtp, &digest(1), later(300)), "it has expired");
    assert!(!sent.is(FactorMethod::EmailOtp, &digest(2), NOW));
    assert!(!sent.is(FactorMethod::Totp, &digest(1), NOW));
}

proptest! {
    #[test]
    fn a_backup_code_works_once(order in Just((0..BACKUP_CODES).collect::<Vec<_>>()).prop_shuffle()) {
        let mut factors = enrolled();
        for n in order {
            let code = Presented::BackupCode(digest(n));
            factors = factors.accept(&code).expect("its first use");
            prop_assert!(factors.accept(&code).is_none(), "its second use");
        }
        prop_assert_eq!(factors.remaining_backup_codes(), 0);
    }

    #[test]
    fn each_time_step_is_accepted_once_and_none_before_it(steps in proptest::collection::vec(90_u64..130, 1..40)) {
        let (mut factors, mut last) = (enrolled(), 100);
        for step in steps {
            match factors.accept(&Presented::Totp(Some(step))) {
                Some(after) => {
                    prop_assert!(step > last);
                    (factors, last) = (after, step);
                }
                None => prop_assert!(step <= last),
            }
        }
    }

    #[test]
    fn a_right_code_clears_no_wrong_ones(wrong in 0_usize..10) {
        let mut factors = enrolled();
        for _ in 0..wrong {
            factors = factors.refuse(NOW).0;
        }
        factors = factors.accept(&Presented::Totp(Some(200))).unwrap();
        for _ in wrong..9 {
            let (after, locked) = factors.refuse(NOW);
            prop_assert!(!locked);
            factors = after;
        }
        prop_assert!(factors.refuse(NOW).1);
    }
}
