//! What is asked, and whether it can be.

use serde::Deserialize;
use verinym_screening::readers::iso_country;
use verinym_screening::{AskedNumber, DEFAULT_THRESHOLD, Kind, ListInfo, NumberType, Options, Query, date};

use super::problem::{FieldProblem, Problem};

const LONGEST_NAME: usize = 300;
const MOST_COUNTRIES: usize = 10;
const MOST_NUMBERS: usize = 10;
const LONGEST_NUMBER: usize = 100;
const MOST_LISTS: usize = 64;
const MOST_HITS: usize = 50;
const LOWEST: f64 = 0.5;

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ScreenedKind {
    Person,
    Organization,
    Vessel,
    Aircraft,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Number {
    r#type: String,
    value: String,
    country: Option<String>,
}

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    name: String,
    date_of_birth: Option<String>,
    #[serde(default)]
    countries: Vec<String>,
    #[serde(default)]
    identifiers: Vec<Number>,
    kind: Option<ScreenedKind>,
    threshold: Option<f64>,
    #[serde(default)]
    lists: Vec<String>,
}

/// Reads a body. Serde's own messages may quote values, so only their kind is told.
pub fn parse(body: &[u8]) -> Result<Form, Problem> {
    // Serde would accept an array as a struct, with its fields by position.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(Problem::malformed("The body is not a JSON object."));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let form = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        if error.inner().is_data() {
            refusal(error.path().to_string(), &error.inner().to_string())
        } else {
            Problem::malformed("The body is not JSON.")
        }
    })?;
    json.end().map_err(|_| Problem::malformed("The body continues after the JSON object."))?;
    Ok(form)
}

fn refusal(path: String, message: &str) -> Problem {
    let quoted = |rest: &str| rest.split('`').next().unwrap_or_default().chars().take(64).collect();
    if let Some(rest) = message.strip_prefix("unknown field `") {
        return Problem::unknown_field(quoted(rest));
    }
    let (field, code, message) = if let Some(rest) = message.strip_prefix("missing field `") {
        (quoted(rest), "required", "This field is required.".into())
    } else if message.starts_with("duplicate field") {
        (path, "duplicate", "This field occurs twice.".into())
    } else if message.starts_with("unknown variant") {
        let known = message.rsplit_once(", expected ").map(|(_, known)| known.split('`').skip(1).step_by(2).collect());
        let known: Vec<&str> = known.unwrap_or_default();
        (path, "not_allowed", format!("Must be one of: {}.", known.join(", ")))
    } else {
        (path, "invalid", "The value has the wrong type or format.".into())
    };
    Problem::invalid(vec![FieldProblem { field, code, message }])
}

impl Form {
    /// The query and its options, or everything that is wrong with them.
    pub fn check(self, known: &[ListInfo]) -> Result<(Query, Options), Problem> {
        let mut errors = Vec::new();
        let mut refuse = |field: &str, code: &'static str, message: &str| {
            errors.push(FieldProblem { field: field.to_owned(), code, message: message.to_owned() });
        };
        let kind = self.kind.map(|kind| match kind {
            ScreenedKind::Person => Kind::Person,
            ScreenedKind::Organization => Kind::Organisation,
            ScreenedKind::Vessel => Kind::Vessel,
            ScreenedKind::Aircraft => Kind::Aircraft,
        });
        let query = Query { kind, ..Query::name(self.name) };
        if query.name.chars().count() > LONGEST_NAME || query.is_empty() {
            let message = "Must have 1 to 300 characters, among them a letter or digit that can be compared.";
            refuse("name", "invalid_name", message);
        }
        let date_of_birth = self.date_of_birth.as_deref().and_then(|text| {
            let dashed = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
            date::parse(text).filter(|span| dashed && span.from == span.to).map(|span| span.from)
        });
        if date_of_birth.is_none() && self.date_of_birth.is_some() {
            refuse("date_of_birth", "invalid_date", "Must be a date, YYYY-MM-DD, YYYY-MM or YYYY.");
        }
        if self.countries.len() > MOST_COUNTRIES {
            refuse("countries", "too_many", "Must hold at most 10 countries.");
        } else if self.countries.iter().any(|code| !is_country(code)) {
            refuse("countries", "invalid_country", "Must hold ISO 3166-1 alpha-2 codes.");
        }
        let mut identifiers = Vec::new();
        if self.identifiers.len() > MOST_NUMBERS {
            refuse("identifiers", "too_many", "Must hold at most 10 numbers.");
        }
        for (i, number) in self.identifiers.into_iter().take(MOST_NUMBERS).enumerate() {
            let Some(kind) = NumberType::parse(&number.r#type) else {
                refuse(&format!("identifiers[{i}].type"), "not_allowed", NUMBER_TYPES);
                continue;
            };
            if number.value.trim().is_empty() || number.value.chars().count() > LONGEST_NUMBER {
                refuse(&format!("identifiers[{i}].value"), "invalid_length", "Must have 1 to 100 characters.");
            }
            if number.country.as_deref().is_some_and(|code| !is_country(code)) {
                refuse(&format!("identifiers[{i}].country"), "invalid_country", "Must be an ISO 3166-1 alpha-2 code.");
            }
            identifiers.push(AskedNumber { kind, value: number.value, country: number.country });
        }
        let threshold = self.threshold.unwrap_or(DEFAULT_THRESHOLD);
        if !(LOWEST..=1.0).contains(&threshold) {
            refuse("threshold", "out_of_range", "Must be from 0.5 to 1.");
        }
        if self.lists.len() > MOST_LISTS || self.lists.iter().any(|id| known.iter().all(|list| list.id != *id)) {
            refuse("lists", "unknown_list", "Must hold ids of lists in force.");
        }
        if !errors.is_empty() {
            return Err(Problem::invalid(errors));
        }
        let query = Query { date_of_birth, countries: self.countries, identifiers, ..query };
        Ok((query, Options { threshold, lists: self.lists, limit: MOST_HITS }))
    }
}

const NUMBER_TYPES: &str =
    "Must be one of: passport, national_id, tax, registration, lei, imo, call_sign, aircraft, wallet, other.";

/// Two capitals that the table of countries has.
fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) && iso_country(code) == Some(code)
}
