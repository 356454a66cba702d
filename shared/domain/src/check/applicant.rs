//! The person of a check, as reviewers see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    id::{CheckId, UserId},
    person::{Address, Country, NationalId, PersonName},
    secret::Masked,
    time::Timestamp,
};

/// The person of a check as they were when they submitted it: what is compared with the documents, and what was
/// screened. A later change of the profile is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ApplicantForStaff {
    pub check_id: CheckId,
    pub user_id: UserId,
    /// The whole name, as it was screened.
    #[schema(value_type = String, example = "Ada Lovelace")]
    pub name: Masked<String>,
    pub given_name: Option<PersonName>,
    pub family_name: Option<PersonName>,
    #[schema(value_type = Option<String>, format = Date, example = "1985-12-10")]
    pub date_of_birth: Option<Masked<String>>,
    pub address: Option<Address>,
    pub national_id: Option<NationalIdForStaff>,
    pub submitted_at: Timestamp,
}

/// A national id with its number masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NationalIdForStaff {
    pub country: Country,
    /// What number it is in that country: `ssn`, `pan`, `national_id` …
    #[serde(rename = "type")]
    #[schema(example = "nino")]
    pub kind: String,
    /// Masked: `***-**-6789`.
    #[schema(value_type = String, example = "*****456C")]
    pub value: Masked<String>,
}

impl NationalIdForStaff {
    pub fn of(id: &NationalId) -> Self {
        Self { country: id.country().clone(), kind: id.kind().to_owned(), value: Masked(id.masked()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_national_id_staff_see_country_type_and_the_end() {
        let id: NationalId = serde_json::from_str(r#"{"country":"US","type":"ssn","value":"123-45-6789"}"#).unwrap();
        let shown = serde_json::to_value(NationalIdForStaff::of(&id)).unwrap();
        assert_eq!(shown, serde_json::json!({"country": "US", "type": "ssn", "value": "***-**-6789"}));
    }
}
