//! Why a check stands where it stands: what its person may be told, and what only staff may know.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::words::words;

words! {
    /// A reason by its code. The public ones are told to the person; the internal ones never are, in no form, since
    /// knowing of them can be tipping-off, or help to get around them.
    pub enum ReasonCode {
        DocumentForged = "document_forged",
        DocumentExpired = "document_expired",
        DocumentUnreadable = "document_unreadable",
        DocumentIncomplete = "document_incomplete",
        DocumentTypeNotAccepted = "document_type_not_accepted",
        DocumentNotFound = "document_not_found",
        NameMismatch = "name_mismatch",
        DateOfBirthMismatch = "date_of_birth_mismatch",
        SelfieMismatch = "selfie_mismatch",
        AdditionalDocument = "additional_document",
        ProofOfAddressNeeded = "proof_of_address_needed",
        SelfieNeeded = "selfie_needed",
        /// All a person is told where the true reasons are internal.
        VerificationFailed = "verification_failed",

        /// Internal: the provider did not answer, after all retries.
        ProviderUnavailable = "provider_unavailable",
        /// Internal: the provider could not decide.
        ProviderUnsure = "provider_unsure",
        /// Internal: the provider gave a reason that we have no word for.
        ProviderReason = "provider_reason",
        /// Internal: the check has no provider but reviewers.
        ManualReview = "manual_review",
        /// Internal: the provider approved, but a step of the policy has not passed.
        PolicyIncomplete = "policy_incomplete",
        /// Internal: another person uploaded the same document.
        DuplicateIdentity = "duplicate_identity",
        /// Internal: signs of fraud that do not stand in the document.
        SuspectedFraud = "suspected_fraud",
        /// Internal: a hit on a sanctions list.
        SanctionsMatch = "sanctions_match",
        /// Internal: a politically exposed person.
        PepMatch = "pep_match",
        /// Internal: a list was older than it may be, or missing, so that finding nothing cleared nobody.
        ListsStale = "lists_stale",
        /// Internal: no lists to screen against, after all retries.
        ScreeningUnavailable = "screening_unavailable",
        /// Internal: the name mixes scripts, so that a letter of one may pass for one of another.
        NameMixedScripts = "name_mixed_scripts",
        /// Internal: the name, or a part of it, cannot be compared with the lists.
        NameNotScreenable = "name_not_screenable",
        /// Internal: adverse media.
        AdverseMedia = "adverse_media",
        /// Internal: the assessment's level asks for a person's eyes.
        HighRisk = "high_risk",
    }
}

/// A reason as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    pub code: ReasonCode,
    #[schema(example = "The document could not be read.")]
    pub message: String,
}

impl From<ReasonCode> for Reason {
    fn from(code: ReasonCode) -> Self {
        Self { code, message: code.message().to_owned() }
    }
}

impl ReasonCode {
    /// A provider's word for a reason; one that we do not know, or that is ours to give, is [`Self::ProviderReason`].
    pub fn of_provider(word: &str) -> Self {
        match word.parse::<Self>() {
            Ok(code) if code == Self::ProviderUnsure || (code.is_public() && code != Self::VerificationFailed) => code,
            _ => Self::ProviderReason,
        }
    }

    /// Whether the person may be told.
    pub const fn is_public(self) -> bool {
        match self {
            Self::DocumentForged
            | Self::DocumentExpired
            | Self::DocumentUnreadable
            | Self::DocumentIncomplete
            | Self::DocumentTypeNotAccepted
            | Self::DocumentNotFound
            | Self::NameMismatch
            | Self::DateOfBirthMismatch
            | Self::SelfieMismatch
            | Self::AdditionalDocument
            | Self::ProofOfAddressNeeded
            | Self::SelfieNeeded
            | Self::VerificationFailed => true,
            Self::ProviderUnavailable
            | Self::ProviderUnsure
            | Self::ProviderReason
            | Self::ManualReview
            | Self::PolicyIncomplete
            | Self::DuplicateIdentity
            | Self::SuspectedFraud
            | Self::SanctionsMatch
            | Self::PepMatch
            | Self::ListsStale
            | Self::ScreeningUnavailable
            | Self::NameMixedScripts
            | Self::NameNotScreenable
            | Self::AdverseMedia
            | Self::HighRisk => false,
        }
    }

    /// Whether the person can remove the reason, so that a new check can have another result. Internal reasons are never removable for
    /// the person, who is told of none of them.
    pub const fn is_removable(self) -> bool {
        matches!(
            self,
            Self::DocumentExpired
                | Self::DocumentUnreadable
                | Self::DocumentIncomplete
                | Self::DocumentTypeNotAccepted
                | Self::NameMismatch
                | Self::DateOfBirthMismatch
                | Self::SelfieMismatch
                | Self::AdditionalDocument
                | Self::ProofOfAddressNeeded
                | Self::SelfieNeeded
        )
    }

    /// Words for whoever may see the code: the person for public ones, else staff.
    pub const fn message(self) -> &'static str {
        match self {
            Self::DocumentForged => "The document could not be accepted as genuine.",
            Self::DocumentExpired => "The document is no longer valid. Please upload a current one.",
            Self::DocumentUnreadable => "The document could not be read. Please upload a clear picture of all of it.",
            Self::DocumentIncomplete => "A page or side of the document is missing.",
            Self::DocumentTypeNotAccepted => "Documents of this type are not accepted here.",
            Self::DocumentNotFound => "The issuing authority does not know the document's number.",
            Self::NameMismatch => "The name in your profile is not the one in the document.",
            Self::DateOfBirthMismatch => "The date of birth in your profile is not the one in the document.",
            Self::SelfieMismatch => "Your photo does not match the one in the document.",
            Self::AdditionalDocument => "Please upload another identity document.",
            Self::ProofOfAddressNeeded => "Please upload a proof of your address.",
            Self::SelfieNeeded => "Please upload a photo of yourself.",
            Self::VerificationFailed => "Your identity could not be verified.",
            Self::ProviderUnavailable => "The provider did not answer.",
            Self::ProviderUnsure => "The provider could not decide.",
            Self::ProviderReason => "The provider gave a reason that has no code here.",
            Self::ManualReview => "A reviewer compares the documents with the person's data.",
            Self::PolicyIncomplete => "The provider approved, but a step of the policy has not passed.",
            Self::DuplicateIdentity => "Another account has the same document.",
            Self::SuspectedFraud => "There are signs of fraud.",
            Self::SanctionsMatch => "A sanctions list has a match.",
            Self::PepMatch => "A list of politically exposed persons has a match.",
            Self::ListsStale => "A list was older than it may be, or missing.",
            Self::ScreeningUnavailable => "The lists could not be searched.",
            Self::NameMixedScripts => "The name mixes letters of several scripts.",
            Self::NameNotScreenable => "The name cannot be compared with the lists in full.",
            Self::AdverseMedia => "Adverse media have a match.",
            Self::HighRisk => "The risk level asks for a reviewer.",
        }
    }

    /// What a person is told of these reasons: the public ones, or the general one where something has to be said
    /// and all of them are internal.
    pub fn for_applicant(codes: &[Self], at_least_one: bool) -> Vec<Reason> {
        let public: Vec<Reason> = codes.iter().filter(|code| code.is_public()).map(|code| (*code).into()).collect();
        if public.is_empty() && at_least_one { vec![Self::VerificationFailed.into()] } else { public }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_hears_public_reasons_only() {
        let told = ReasonCode::for_applicant(&[ReasonCode::SanctionsMatch, ReasonCode::DocumentForged], true);
        assert_eq!(told, [Reason::from(ReasonCode::DocumentForged)]);
        assert_eq!(
            ReasonCode::for_applicant(&[ReasonCode::PepMatch], true),
            [Reason::from(ReasonCode::VerificationFailed)]
        );
        assert!(ReasonCode::for_applicant(&[ReasonCode::PepMatch], false).is_empty());
    }

    #[test]
    fn only_public_reasons_are_removable() {
        for code in ReasonCode::ALL.iter().filter(|code| code.is_removable()) {
            assert!(code.is_public(), "{code}");
        }
        assert!(!ReasonCode::DocumentForged.is_removable() && !ReasonCode::VerificationFailed.is_removable());
    }

    #[test]
    fn providers_cannot_make_us_tell_what_is_ours() {
        assert_eq!(ReasonCode::of_provider("document_forged"), ReasonCode::DocumentForged);
        for word in ["sanctions_match", "verification_failed", "high_risk", "name_mixed_scripts", "weather", ""] {
            assert_eq!(ReasonCode::of_provider(word), ReasonCode::ProviderReason, "{word}");
        }
    }
}
