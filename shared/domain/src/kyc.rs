//! A person's verification status.

use super::words::words;

words! {
    /// Whether a person's identity is verified.
    pub enum KycStatus {
        /// Never asked for.
        None = "none",
        /// A submitted check is open.
        Pending = "pending",
        /// Verified, and still valid.
        Approved = "approved",
        Rejected = "rejected",
        /// Was approved; the validity is over, or name, birth date or national id changed since.
        Expired = "expired",
    }
}
