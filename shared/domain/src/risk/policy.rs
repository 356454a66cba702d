//! The policy: how many points each factor has, and from how many points on what happens. It is data, a JSON file; the
//! embedded `default_policy.json` shows every member.

use std::{collections::BTreeMap, fmt, sync::LazyLock};

use serde_json::{Map, Value};

use super::Factor;
use crate::event::PublicWord;

/// Text of the policy that is in force where a deployment has none of its own.
const DEFAULT: &str = include_str!("default_policy.json");

/// The factors whose points rise with their measure.
pub(super) const RAMPED: [Factor; 4] =
    [Factor::AccountVelocity, Factor::AddressVelocity, Factor::RecentPassword, Factor::OldPassword];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskPolicy {
    /// Names this content. Whoever changes the file gives it another one, since recorded decisions name it.
    pub version: PublicWord,
    /// The most points of each factor, 0 to 100.
    pub(super) weights: BTreeMap<Factor, u32>,
    pub(super) ramps: BTreeMap<Factor, Ramp>,
    /// A faster journey is impossible.
    pub(super) impossible_over_kmh: u32,
    /// The uncertainty of a place whose database states none.
    pub unknown_radius_km: u32,
    /// The score from which a second factor is asked for; `None` is never.
    pub step_up_from: Option<u32>,
    /// The score from which the sign-in is refused; `None` is never.
    pub refuse_from: Option<u32>,
    pub(super) relief: ReliefPolicy,
    pub(super) trust: TrustPolicy,
}

/// What is subtracted from the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReliefPolicy {
    /// On a device that is trusted by its secret.
    pub trusted_device: u32,
    /// After a passkey that verified its user.
    pub passkey: u32,
}

/// The parts of a session's trust score: it begins with `base`, known devices and factors add to it, and the risk score is subtracted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustPolicy {
    pub base: u32,
    pub trusted_device: u32,
    pub second_factor: u32,
}

/// No points at `from`, all points at `to`, and in proportion between them; `from` may be the greater one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ramp {
    pub from: u32,
    pub to: u32,
}

impl Ramp {
    /// The points of a measure, rounded down.
    pub fn points(self, weight: u32, measure: u32) -> u32 {
        let (way, length) = if self.from < self.to {
            (measure.saturating_sub(self.from), self.to - self.from)
        } else {
            (self.from.saturating_sub(measure), self.from - self.to)
        };
        let share = u64::from(weight) * u64::from(way.min(length)) / u64::from(length.max(1));
        u32::try_from(share).unwrap_or(weight)
    }
}

/// Every fault of a policy, each by the name of its member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFaults(pub Vec<String>);

impl fmt::Display for PolicyFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "risk policy: {}", self.0.join("; "))
    }
}

impl std::error::Error for PolicyFaults {}

impl RiskPolicy {
    /// The embedded policy.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: LazyLock<RiskPolicy> = LazyLock::new(|| {
            // A test holds that it has no fault.
            RiskPolicy::read(&serde_json::from_str(DEFAULT).unwrap_or_default(), &mut Vec::new())
        });
        &EMBEDDED
    }

    /// Reads and checks a policy.
    ///
    /// # Errors
    /// All faults at once.
    pub fn parse(text: &str) -> Result<Self, PolicyFaults> {
        let json: Value = serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map_err(|error| PolicyFaults(vec![format!("not JSON: {error}")]))?;
        let mut faults = Vec::new();
        let policy = Self::read(&json, &mut faults);
        if faults.is_empty() { Ok(policy) } else { Err(PolicyFaults(faults)) }
    }

    fn read(json: &Value, faults: &mut Vec<String>) -> Self {
        let mut root = Members::of("", Some(json), faults);
        let version = root.text("version");
        let impossible_over_kmh = root.number("impossible_over_kmh", 1, 20_000);
        let unknown_radius_km = root.number("unknown_radius_km", 0, 20_000);
        let step_up_from = root.number_or_null("step_up_from", 1, 100);
        let refuse_from = root.number_or_null("refuse_from", 1, 100);
        let (weights, ramps) = (root.take("weights"), root.take("ramps"));
        let (relief, trust) = (root.take("relief"), root.take("trust"));
        root.done();
        if step_up_from.zip(refuse_from).is_some_and(|(step_up, refuse)| step_up > refuse) {
            faults.push("step_up_from must not be above refuse_from".to_owned());
        }

        let mut members = Members::of("weights.", weights.as_ref(), faults);
        let weights = Factor::ALL.iter().map(|factor| (*factor, members.number(factor.as_str(), 0, 100))).collect();
        members.done();

        let mut members = Members::of("ramps.", ramps.as_ref(), faults);
        let found = RAMPED.map(|factor| (factor, members.take(factor.as_str())));
        members.done();
        let ramps =
            found.into_iter().map(|(factor, ramp)| (factor, Ramp::read(factor, ramp.as_ref(), faults))).collect();

        let mut members = Members::of("relief.", relief.as_ref(), faults);
        let relief = ReliefPolicy {
            trusted_device: members.number("trusted_device", 0, 100),
            passkey: members.number("passkey", 0, 100),
        };
        members.done();

        let mut members = Members::of("trust.", trust.as_ref(), faults);
        let mut number = |name| members.number(name, 0, 100);
        let trust = TrustPolicy {
            base: number("base"),
            trusted_device: number("trusted_device"),
            second_factor: number("second_factor"),
        };
        members.done();
        Self {
            version: PublicWord::named(&version),
            weights,
            ramps,
            impossible_over_kmh,
            unknown_radius_km,
            step_up_from,
            refuse_from,
            relief,
            trust,
        }
    }
}

impl Ramp {
    fn read(factor: Factor, json: Option<&Value>, faults: &mut Vec<String>) -> Self {
        let mut members = Members::of(&format!("ramps.{factor}."), json, faults);
        let ramp = Self { from: members.number("from", 0, 1_000_000), to: members.number("to", 0, 1_000_000) };
        let whole = members.done();
        if whole && ramp.from == ramp.to {
            faults.push(format!("ramps.{factor}: from and to must differ"));
        }
        ramp
    }
}

/// The members of one object, each taken once; what is left at the end is unknown.
struct Members<'a> {
    path: String,
    left: Map<String, Value>,
    faults: &'a mut Vec<String>,
    before: usize,
    /// Whether there is an object: without one, its members are not missing too.
    is_object: bool,
}

impl<'a> Members<'a> {
    /// An object that is absent has its fault already, of its own name.
    fn of(path: &str, json: Option<&Value>, faults: &'a mut Vec<String>) -> Self {
        let before = faults.len();
        let left = match json {
            Some(Value::Object(found)) => found.clone(),
            Some(_) => {
                let name = if path.is_empty() { "the policy" } else { path.trim_end_matches('.') };
                faults.push(format!("{name} must be an object"));
                Map::new()
            }
            None => Map::new(),
        };
        Self { path: path.to_owned(), left, faults, before, is_object: matches!(json, Some(Value::Object(_))) }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let value = self.left.remove(name);
        if value.is_none() && self.is_object {
            self.faults.push(format!("{}{name} is missing", self.path));
        }
        value
    }

    fn number(&mut self, name: &str, least: u32, most: u32) -> u32 {
        let Some(value) = self.take(name) else { return least };
        self.in_range(name, &value, least, most).unwrap_or(least)
    }

    fn number_or_null(&mut self, name: &str, least: u32, most: u32) -> Option<u32> {
        let value = self.take(name)?;
        if value.is_null() { None } else { self.in_range(name, &value, least, most) }
    }

    fn in_range(&mut self, name: &str, value: &Value, least: u32, most: u32) -> Option<u32> {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.faults.push(format!("{}{name} must be an integer from {least} to {most}", self.path));
        }
        number
    }

    fn text(&mut self, name: &str) -> String {
        let value = self.take(name);
        let text = value.as_ref().and_then(Value::as_str);
        let is_word = |text: &str| (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if value.is_some() && text.is_none_or(|text| !is_word(text)) {
            self.faults.push(format!("{}{name} must be 1 to 64 printable ASCII characters without spaces", self.path));
        }
        text.unwrap_or_default().to_owned()
    }

    /// Reports what is left. Returns whether the object has no fault.
    fn done(self) -> bool {
        self.faults.extend(self.left.keys().map(|name| format!("{}{name} is unknown", self.path)));
        self.is_object && self.faults.len() == self.before
    }
}
