//! Documents people hand in.

mod inspect;
mod pdf;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    field::FieldFault,
    id::{DocumentId, UserId},
    person::{comparable, in_printed_number, mask_tail, printed},
    secret::Masked,
    time::Timestamp,
    words::words,
};

pub use inspect::{Inspected, inspect, sniff};

/// The largest file taken by multipart: 4 MiB, since what passes through Lambda is bounded.
pub const MAX_MULTIPART: usize = 4 << 20;
/// The largest file taken by a presigned upload: 25 MiB.
pub const MAX_UPLOAD: usize = 25 << 20;

words! {
    /// What a document is.
    pub enum DocumentType {
        Passport = "passport",
        NationalId = "national_id",
        DriversLicense = "drivers_license",
        ResidencePermit = "residence_permit",
        PanCard = "pan_card",
        AadhaarCard = "aadhaar_card",
        ProofOfAddress = "proof_of_address",
        Selfie = "selfie",
    }

    /// Where a document stands.
    pub enum DocumentStatus {
        /// Handed in, in quarantine.
        Uploaded = "uploaded",
        /// Being looked at.
        Scanning = "scanning",
        /// Sound, and encrypted.
        Stored = "stored",
        /// Not what it should be; its content is gone.
        Rejected = "rejected",
    }

    /// Why a document was rejected.
    pub enum RejectReason {
        /// Neither JPEG, PNG, WebP nor PDF, by its content.
        UnsupportedType = "unsupported_type",
        /// Its content is not of the type that was declared.
        TypeMismatch = "type_mismatch",
        Empty = "empty",
        TooLarge = "too_large",
        /// Its content is not what was announced (SHA-256).
        DigestMismatch = "digest_mismatch",
        /// Cut off, or its parts do not fit together.
        Malformed = "malformed",
        /// More pixels than anybody needs: a decompression bomb.
        TooManyPixels = "too_many_pixels",
        /// A PDF that needs a password.
        Encrypted = "encrypted",
        /// A PDF with scripts, programs to launch or files inside.
        ActiveContent = "active_content",
        /// It never arrived.
        UploadMissing = "upload_missing",
    }

    /// The formats taken, by their media type.
    pub enum ContentType {
        Jpeg = "image/jpeg",
        Png = "image/png",
        Webp = "image/webp",
        Pdf = "application/pdf",
    }
}

/// Refusals of a change of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("a submitted check names the document")]
    InUse,
}

impl DocumentType {
    /// Whether it says by itself who somebody is.
    pub const fn is_identity(self) -> bool {
        !matches!(self, Self::ProofOfAddress | Self::Selfie)
    }
}

/// The number printed on a document: 1 to 64 letters, digits, blanks and `- / . ( ) + & < _`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, min_length = 1, max_length = 64, example = "OK-P1234567")]
pub struct DocumentNumber(String);

impl DocumentNumber {
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        const BAD: FieldFault =
            FieldFault::new("invalid_number", "Must be 1 to 64 letters, digits, blanks and any of -/.()+&<_.");
        let number = printed(text, 64).map_err(|_| BAD)?;
        let well_formed = number.chars().all(|c| in_printed_number(c) || "<_".contains(c))
            && number.chars().any(char::is_alphanumeric);
        if well_formed { Ok(Self(number)) } else { Err(BAD) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Letters, digits, `&` and `+` only: one number has one such form, for blind indexes.
    pub fn normalised(&self) -> String {
        comparable(&self.0)
    }

    /// All but the last four letters or digits hidden.
    pub fn masked(&self) -> String {
        mask_tail(&self.0)
    }
}

impl TryFrom<String> for DocumentNumber {
    type Error = FieldFault;
    fn try_from(text: String) -> Result<Self, FieldFault> {
        Self::parse(&text)
    }
}

impl std::fmt::Debug for DocumentNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// A document, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DocumentView {
    pub id: DocumentId,
    pub user_id: UserId,
    #[serde(rename = "type")]
    pub kind: DocumentType,
    #[schema(value_type = Option<String>, example = "*****4567")]
    pub number_masked: Option<Masked<String>>,
    pub content_type: Option<ContentType>,
    /// In bytes.
    pub size: u64,
    /// Of the content, hex.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: Option<String>,
    pub status: DocumentStatus,
    pub reject_reason: Option<RejectReason>,
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_upper_case_masked_and_have_one_normal_form() {
        let number = DocumentNumber::parse(" p12-345 678 ").unwrap();
        assert_eq!((number.as_str(), number.normalised().as_str()), ("P12-345 678", "P12345678"));
        assert_eq!(number.masked(), "***-**5 678");
        assert_eq!(format!("{number:?}"), "***");
        // As states print them: Hong Kong's identity card, digits of other scripts.
        for (printed, kept, normalised) in [
            ("a123456(3)", "A123456(3)", "A1234563"),
            ("۱۲۳-۴۵۶", "123-456", "123456"),
            ("АВ 123456", "АВ 123456", "АВ123456"),
        ] {
            let number = DocumentNumber::parse(printed).unwrap();
            assert_eq!((number.as_str(), number.normalised().as_str()), (kept, normalised));
        }
        for text in ["", " ", "---", "a\nb", "12\u{fffd}3", "1;2", &"1".repeat(65)] {
            assert!(DocumentNumber::parse(text).is_err(), "{text:?}");
        }
    }
}
