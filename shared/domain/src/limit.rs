//! Rate limits: GCRA, the generic cell rate algorithm (ITU-T I.371, virtual scheduling).
//!
//! One number is kept per key, the theoretical arrival time (TAT): when the next call would come if calls came evenly.
//! A call at `now` conforms if `TAT <= now + tolerance`; then TAT becomes `max(TAT, now) + interval`. A store does that
//! in one conditional update out of two, each right by itself whatever others do at the same time:
//!
//! - *idle*: if there is no TAT or `TAT <= now`, set `TAT = now + interval`;
//! - *busy*: if `now < TAT <= now + tolerance`, set `TAT = TAT + interval`.
//!
//! If neither holds, the call is refused, and the TAT of the failed condition tells how long to wait. So `burst` calls
//! pass at once, and one more with each `interval = period / burst`; a refused call costs nothing of the allowance.

use std::{str::FromStr, time::Duration};

use super::time::Timestamp;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// So many calls in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub burst: u32,
    pub period: Duration,
}

/// The text is not a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a rate: calls/seconds, both at least 1, like 5/60")]
pub struct MalformedRate;

/// `calls/seconds`, as template parameters write it: `5/60` is five a minute.
impl FromStr for Rate {
    type Err = MalformedRate;
    fn from_str(text: &str) -> Result<Self, MalformedRate> {
        let (burst, seconds) = text.split_once('/').ok_or(MalformedRate)?;
        let burst: u32 = burst.parse().map_err(|_| MalformedRate)?;
        let seconds: u32 = seconds.parse().map_err(|_| MalformedRate)?;
        if burst == 0 || seconds == 0 {
            return Err(MalformedRate);
        }
        Ok(Self { burst, period: Duration::from_secs(seconds.into()) })
    }
}

/// Whether the installation's scale applies to a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitPurpose {
    /// Spares the system: scaled by the parameter `RateLimitScale`, doubled for trusted sessions.
    Throughput,
    /// Spares the account: bounds guesses, and is never scaled.
    Security,
}

/// A named limit. Its name is part of the key it is counted under and of the `RateLimit-Policy` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub name: &'static str,
    pub rate: Rate,
    pub purpose: LimitPurpose,
}

const fn throughput(name: &'static str, burst: u32, period: Duration) -> Limit {
    Limit { name, rate: Rate { burst, period }, purpose: LimitPurpose::Throughput }
}

const fn security(name: &'static str, burst: u32, period: Duration) -> Limit {
    Limit { name, rate: Rate { burst, period }, purpose: LimitPurpose::Security }
}

/// Registrations, per IP.
pub const REGISTER: Limit = throughput("register", 3, HOUR);
/// Logins, per IP.
pub const LOGIN_IP: Limit = throughput("login_ip", 5, MINUTE);
/// Logins, per submitted identifier.
pub const LOGIN_IDENTIFIER: Limit = throughput("login_identifier", 5, MINUTE);
/// Mails anybody can have sent (forgot, magic link, resend), per submitted address (known or not) and asker.
pub const MAIL_PAIR: Limit = throughput("mail_pair", 3, HOUR);
/// The same, per submitted address over all askers.
pub const MAIL_ADDRESS: Limit = throughput("mail_address", 20, HOUR);
/// Addresses that one person has a mail sent to, to change their own.
pub const ADDRESS_CHANGE: Limit = throughput("address_change", 10, HOUR);
/// Confirmation mails upon signing in with the right password of an unconfirmed address, per address.
pub const MAIL_SIGN_IN: Limit = throughput("mail_sign_in", 3, HOUR);
/// Codes mailed for sign-ins, per account. Whoever asks has proved a first factor.
pub const MAIL_CODE: Limit = throughput("mail_code", 5, HOUR);
/// Text messages, per number and hour.
pub const SMS_NUMBER_HOUR: Limit = throughput("sms_number_hour", 3, HOUR);
/// Text messages, per number and day.
pub const SMS_NUMBER_DAY: Limit = throughput("sms_number_day", 10, DAY);
/// Text messages that one account asks for, to whichever numbers.
pub const SMS_ACCOUNT: Limit = throughput("sms_account", 5, HOUR);
/// Text messages, per country and day.
pub const SMS_COUNTRY_DAY: Limit = throughput("sms_country_day", 1_000, DAY);
/// Aadhaar codes sent and verified, per user.
pub const AADHAAR_OTP: Limit = throughput("aadhaar_otp", 5, Duration::from_mins(15));
/// PAN and passport lookups, per user.
pub const LOOKUP: Limit = throughput("lookup", 5, DAY);
/// Documents handed in, per user.
pub const UPLOAD: Limit = throughput("upload", 10, Duration::from_mins(5));
/// Names screened, per caller.
pub const SCREENING: Limit = throughput("screening", 60, MINUTE);
/// Anything else of somebody signed in, per user.
pub const USER: Limit = throughput("user", 300, MINUTE);
/// Anything else of a stranger, per IP.
pub const ANONYMOUS: Limit = throughput("anonymous", 300, MINUTE);
/// Callbacks with a good signature, per provider: it calls for many people, and comes again when refused.
pub const CALLBACKS: Limit = throughput("callbacks", 3000, MINUTE);
/// Questions about tokens, per client: a service may ask at each of its calls.
pub const INTROSPECTION: Limit = throughput("introspection", 3000, MINUTE);
/// Wrong codes of one challenge, which does not live longer.
pub const WRONG_CODES_CHALLENGE: Limit = security("wrong_codes_challenge", 5, HOUR);
/// Wrong codes of one account, over all its challenges and sessions.
pub const WRONG_CODES_ACCOUNT: Limit = security("wrong_codes_account", 10, HOUR);
/// Wrong passwords from one network, for any account. Nothing is refused for it: it is a factor of the risk of a sign-in
/// ([`crate::risk`]), and one is forgotten each minute.
pub const WRONG_PASSWORDS_NETWORK: Limit = security("wrong_passwords_network", 300, Duration::from_hours(5));

/// Every limit, for configuration and documentation.
pub const ALL: &[Limit] = &[
    REGISTER,
    LOGIN_IP,
    LOGIN_IDENTIFIER,
    MAIL_PAIR,
    MAIL_ADDRESS,
    ADDRESS_CHANGE,
    MAIL_SIGN_IN,
    MAIL_CODE,
    SMS_NUMBER_HOUR,
    SMS_NUMBER_DAY,
    SMS_ACCOUNT,
    SMS_COUNTRY_DAY,
    AADHAAR_OTP,
    LOOKUP,
    UPLOAD,
    SCREENING,
    USER,
    ANONYMOUS,
    CALLBACKS,
    INTROSPECTION,
    WRONG_CODES_CHALLENGE,
    WRONG_CODES_ACCOUNT,
    WRONG_PASSWORDS_NETWORK,
];

impl Limit {
    /// The limit with `factor` times the calls in the same period; security counters stay as they are.
    pub fn scaled(self, factor: u32) -> Self {
        match self.purpose {
            LimitPurpose::Security => self,
            LimitPurpose::Throughput => {
                let burst = self.rate.burst.saturating_mul(factor.max(1));
                Self { rate: Rate { burst, ..self.rate }, ..self }
            }
        }
    }

    /// The limit at another rate, as the installation's parameters have it.
    pub const fn at(self, rate: Rate) -> Self {
        Self { rate, ..self }
    }

    /// The emission interval: an even call each so often. Whole milliseconds, rounded up (at least one), so that no
    /// more pass than stated.
    pub fn interval(&self) -> Duration {
        let millis = self.rate.period.as_millis().div_ceil(u128::from(self.rate.burst.max(1))).max(1);
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    /// The burst tolerance: how far TAT may lie ahead and a call still pass; `interval × (burst − 1)`.
    pub fn tolerance(&self) -> Duration {
        self.interval().saturating_mul(self.rate.burst.saturating_sub(1))
    }
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitDecision {
    pub allowed: bool,
    /// TAT from now on; unchanged by a refused call.
    pub tat: Timestamp,
    /// How long until a call passes; zero if this one did.
    pub retry_after: Duration,
    /// How many more would pass at once.
    pub remaining: u32,
    /// How long until the whole burst is there again.
    pub reset: Duration,
}

/// Decides on a call at `now`, given the TAT kept (`None`: no call yet).
pub fn decide(tat: Option<Timestamp>, now: Timestamp, limit: &Limit) -> LimitDecision {
    let due = tat.map_or(now, |tat| tat.max(now));
    let horizon = now + limit.tolerance();
    if due <= horizon {
        let tat = due + limit.interval();
        return LimitDecision { allowed: true, tat, ..outlook(tat, now, limit) };
    }
    LimitDecision { allowed: false, retry_after: due.since(horizon), ..outlook(due, now, limit) }
}

/// What the headers say of a TAT that was just written.
pub fn outlook(tat: Timestamp, now: Timestamp, limit: &Limit) -> LimitDecision {
    let whole = limit.tolerance() + limit.interval();
    let room = whole.saturating_sub(tat.since(now)).as_millis() / limit.interval().as_millis();
    LimitDecision {
        allowed: true,
        tat,
        retry_after: Duration::ZERO,
        remaining: u32::try_from(room).unwrap_or(u32::MAX),
        reset: tat.since(now),
    }
}

/// The longest wait repeated violations lead to.
pub const LONGEST_WAIT: Duration = HOUR;

/// How often in a row a source went on after it was refused: each time doubles its wait, up to an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Violations {
    pub count: u32,
    /// Until when calls are refused whatever the limit says.
    pub until: Option<Timestamp>,
}

impl Violations {
    /// How long the source still has to wait.
    pub fn wait(&self, now: Timestamp) -> Option<Duration> {
        self.until.filter(|until| *until > now).map(|until| until.since(now))
    }

    /// After one more refusal, whose own wait is `retry_after`. A source that kept quiet for an hour after its last
    /// wait starts anew.
    pub fn again(self, retry_after: Duration, now: Timestamp) -> Self {
        let forgotten = self.until.is_none_or(|until| now.since(until) >= LONGEST_WAIT);
        let count = if forgotten { 1 } else { self.count.saturating_add(1) };
        let doubling = 1u32.checked_shl(count - 1).unwrap_or(u32::MAX);
        Self { count, until: Some(now + retry_after.saturating_mul(doubling).min(LONGEST_WAIT)) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_unix_seconds(1_000_000);

    fn limit(burst: u32, period: Duration) -> Limit {
        throughput("test", burst, period)
    }

    /// The plain model: a bucket of `burst` calls that fills by one each interval.
    struct TokenBucket {
        millis: u128,
        at: Timestamp,
    }

    impl TokenBucket {
        fn call(&mut self, now: Timestamp, limit: &Limit) -> bool {
            let interval = limit.interval().as_millis();
            let full = interval * u128::from(limit.rate.burst);
            self.millis = full.min(self.millis + now.since(self.at).as_millis());
            self.at = now;
            if self.millis < interval {
                return false;
            }
            self.millis -= interval;
            true
        }
    }

    #[test]
    fn a_burst_passes_then_one_each_interval() {
        let limit = limit(3, Duration::from_mins(1));
        let mut tat = None;
        for left in [2, 1, 0] {
            let decision = decide(tat, START, &limit);
            assert_eq!((decision.allowed, decision.remaining), (true, left));
            tat = Some(decision.tat);
        }
        let refused = decide(tat, START, &limit);
        assert!(!refused.allowed);
        assert_eq!(refused.retry_after, Duration::from_secs(20));
        assert_eq!(refused.reset, Duration::from_mins(1));
        assert_eq!(Some(refused.tat), tat);
        assert!(decide(tat, START + Duration::from_secs(20), &limit).allowed);
        assert!(!decide(tat, START + Duration::from_millis(19_999), &limit).allowed);
    }

    #[test]
    fn scale_lifts_throughput_and_never_security() {
        assert_eq!(LOGIN_IP.scaled(10_000).rate.burst, 50_000);
        assert_eq!(WRONG_CODES_ACCOUNT.scaled(10_000), WRONG_CODES_ACCOUNT);
        assert_eq!(USER.scaled(0), USER);
        // Below a millisecond the interval stays at one; the burst alone is more than anybody can call.
        assert_eq!(USER.scaled(10_000).interval(), Duration::from_millis(1));
    }

    #[test]
    fn rates_read_from_parameters() {
        assert_eq!("5/60".parse(), Ok(Rate { burst: 5, period: Duration::from_mins(1) }));
        for text in ["", "5", "0/60", "5/0", "-1/60", "5/60/1", "5/1.5"] {
            assert_eq!(text.parse::<Rate>(), Err(MalformedRate), "{text}");
        }
    }

    #[test]
    fn names_are_unique_since_they_are_keys() {
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|limit| limit.name).collect();
        assert_eq!(names.len(), ALL.len());
    }

    #[test]
    fn violations_double_the_wait_up_to_an_hour_and_are_forgotten() {
        let wait = Duration::from_mins(5);
        let mut violations = Violations::default();
        let mut now = START;
        for minutes in [5, 10, 20, 40, 60, 60] {
            violations = violations.again(wait, now);
            assert_eq!(violations.wait(now), Some(Duration::from_mins(minutes)));
            now = now + Duration::from_mins(minutes);
            assert_eq!(violations.wait(now), None);
        }
        let later = now + LONGEST_WAIT;
        assert_eq!(violations.again(wait, later).wait(later), Some(wait));
    }

    proptest! {
        /// GCRA is the bucket, call by call.
        #[test]
        fn it_decides_as_a_bucket_does(
            burst in 1u32..20,
            period in 1u64..100_000,
            gaps in prop::collection::vec(0u64..10_000, 1..200),
        ) {
            let limit = limit(burst, Duration::from_millis(period));
            let full = limit.interval().as_millis() * u128::from(burst);
            let (mut tat, mut now, mut bucket) = (None, START, TokenBucket { millis: full, at: START });
            for gap in gaps {
                now = now + Duration::from_millis(gap);
                let decision = decide(tat, now, &limit);
                prop_assert_eq!(decision.allowed, bucket.call(now, &limit));
                prop_assert_eq!(u128::from(decision.remaining), bucket.millis / limit.interval().as_millis());
                tat = Some(decision.tat);
            }
        }

        /// By the log of what passed: never more than a burst and what the window's length adds.
        #[test]
        fn no_window_sees_more_than_the_burst_and_its_share(
            burst in 1u32..10,
            gaps in prop::collection::vec(0u64..3_000, 1..200),
            window in 1u64..60_000,
        ) {
            let limit = limit(burst, Duration::from_secs(10));
            let (mut tat, mut now, mut log) = (None, START, vec![]);
            for gap in gaps {
                now = now + Duration::from_millis(gap);
                let decision = decide(tat, now, &limit);
                tat = Some(decision.tat);
                if decision.allowed {
                    log.push(now);
                }
            }
            let share = u128::from(window) / limit.interval().as_millis();
            for first in &log {
                let within = log.iter().filter(|at| *at >= first && at.since(*first) <= Duration::from_millis(window));
                prop_assert!(within.count() as u128 <= u128::from(burst) + share);
            }
        }

        /// Whoever waits as told passes; a millisecond less does not.
        #[test]
        fn the_wait_told_is_the_wait_needed(burst in 1u32..20, period in 10u64..100_000, ahead in 0u64..500_000) {
            let limit = limit(burst, Duration::from_millis(period));
            let tat = Some(START + Duration::from_millis(ahead));
            let decision = decide(tat, START, &limit);
            if !decision.allowed {
                prop_assert!(decide(tat, START + decision.retry_after, &limit).allowed);
                let early = START + decision.retry_after.saturating_sub(Duration::from_millis(1));
                prop_assert!(!decide(tat, early, &limit).allowed);
            }
        }

        /// The two conditional updates of the store do what the rule says.
        #[test]
        fn the_two_branches_are_the_rule(burst in 1u32..20, period in 10u64..100_000, tat in 0i64..400_000) {
            let limit = limit(burst, Duration::from_millis(period));
            let (now, tat) = (Timestamp::from_unix_millis(200_000), Timestamp::from_unix_millis(tat));
            let idle = (tat <= now).then(|| now + limit.interval());
            let busy = (tat > now && tat <= now + limit.tolerance()).then(|| tat + limit.interval());
            let decision = decide(Some(tat), now, &limit);
            prop_assert_eq!(idle.or(busy), decision.allowed.then_some(decision.tat));
        }
    }
}
