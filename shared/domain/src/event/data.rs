//! The data of events: typed parts. The table of event types names the parts that each event has.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    classified::{Class, Classified, ExternalId, PublicWord},
    kind::EventType,
};
use crate::{
    aml::{HitDecision, ListKind, list::ListRefusal},
    check::{CheckState, ReasonCode},
    document::{ContentType, DocumentType, RejectReason},
    id::{CheckId, HitId, UserId},
    notification::Notification,
    time::Timestamp,
    user::KycStatus,
};

/// A field of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name in the JSON.
    pub name: &'static str,
    pub class: Class,
}

/// A part of the data of an event. Its fields stand beside those of the event's other parts in one JSON object.
pub trait Part {
    const SHAPE: Shape;

    fn insert_into(&self, data: &mut Map<String, Value>);
}

/// A part without its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The name of the Rust type.
    pub name: &'static str,
    pub fields: &'static [Field],
}

/// The data of one event, put together from typed parts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Data {
    fields: Map<String, Value>,
    parts: Vec<Shape>,
}

impl Data {
    pub fn of(part: &impl Part) -> Self {
        Self::default().with(part)
    }

    pub fn with<P: Part>(mut self, part: &P) -> Self {
        part.insert_into(&mut self.fields);
        self.parts.push(P::SHAPE);
        self
    }

    /// Whether it has the parts of this type, all of them, once, and in the order of the table.
    pub fn fits(&self, kind: EventType) -> bool {
        self.parts == kind.row().data
    }

    /// The JSON object, as it is stored.
    pub fn into_fields(self) -> Map<String, Value> {
        self.fields
    }
}

macro_rules! parts {
    (@name $field:ident) => { stringify!($field) };
    (@name $field:ident $wire:literal) => { $wire };
    ($(
        $(#[$meta:meta])*
        pub struct $part:ident { $($(#[$doc:meta])* pub $field:ident $(as $wire:literal)?: $type:ty,)+ }
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        pub struct $part { $($(#[$doc])* $(#[serde(rename = $wire)])? pub $field: $type,)+ }

        impl Part for $part {
            const SHAPE: Shape = Shape {
                name: stringify!($part),
                fields: &[$(Field { name: parts!(@name $field $($wire)?), class: <$type as Classified>::CLASS },)+],
            };

            fn insert_into(&self, data: &mut Map<String, Value>) {
                $(if let Some(value) = self.$field.json() {
                    data.insert(parts!(@name $field $($wire)?).to_owned(), value);
                })+
            }
        }
    )+};
}

parts! {
    /// What else a change of the profile changed.
    pub struct ProfileEffect {
        /// The new status, where the change of the profile moved it.
        pub kyc_status: Option<KycStatus>,
    }

    /// A change of roles.
    pub struct RoleChange {
        /// The roles given with it.
        pub granted: Vec<PublicWord>,
        /// All roles after it.
        pub roles: Vec<PublicWord>,
    }

    /// Failed sign-ins that locked an identifier.
    pub struct FailedSignIns {
        /// How many.
        pub count: usize,
    }

    /// The time that one event stands for.
    pub struct Period {
        pub from: Timestamp,
        pub to: Timestamp,
    }

    /// How a person signed in.
    pub struct SignIn {
        /// Methods, by RFC 8176.
        pub amr: Vec<PublicWord>,
    }

    /// Why something ended or failed.
    pub struct Cause {
        pub reason: PublicWord,
    }

    /// A document that was handed in.
    pub struct UploadedDocument {
        pub kind as "type": DocumentType,
        pub content_type: ContentType,
        /// Bytes.
        pub size: u64,
    }

    /// Why a document was rejected.
    pub struct Rejection {
        pub reason: RejectReason,
    }

    /// Where a check stands after the event.
    pub struct CheckStanding {
        pub provider: PublicWord,
        pub state: CheckState,
        /// For staff, internal ones too; left out where there is none.
        pub reasons: Option<Vec<ReasonCode>>,
    }

    /// The provider's name for its task.
    pub struct ProviderTask {
        pub reference: ExternalId,
    }

    /// What the provider said of a check.
    pub struct ProviderVerdict {
        /// Whether the provider found nothing against the person.
        pub passed: bool,
    }

    /// What was compared with what, so that a screening can be repeated.
    pub struct ScreeningResult {
        pub engine_version: PublicWord,
        /// Versions by list.
        pub lists: BTreeMap<PublicWord, PublicWord>,
        /// The least score of a hit, 0 to 1.
        pub threshold: f64,
        /// How many hits there were.
        pub hits: usize,
        /// Whether the result clears the name.
        pub clears: bool,
    }

    /// What a screening outside of any check has beside [`ScreeningResult`].
    pub struct NameScreening {
        /// The version of the compiled lists.
        pub artifact: u64,
        /// Why the name cannot be compared in full.
        pub doubts: Vec<PublicWord>,
    }

    /// The hit of a check that was reviewed.
    pub struct ReviewedHit {
        pub hit: HitId,
        pub decision: HitDecision,
    }

    /// Which check and which list a hit belongs to.
    pub struct HitOrigin {
        pub check: CheckId,
        pub list: PublicWord,
        /// What being on the list means.
        pub kind: ListKind,
    }

    /// What found a hit.
    pub struct HitVersions {
        pub list_version: PublicWord,
        pub engine_version: PublicWord,
    }

    /// What was decided of a hit.
    pub struct HitRuling {
        pub decision: HitDecision,
    }

    /// The hits that were read.
    pub struct HitsShown {
        pub hits: Vec<HitId>,
    }

    /// A call for a list to be fetched.
    pub struct RefreshRequest {
        /// Whether a list that is much smaller than before is taken.
        pub accept_shrunken: bool,
    }

    /// The content of a list that was loaded.
    pub struct LoadedContent {
        pub version: PublicWord,
        pub entries: usize,
        /// Hex.
        pub sha256: PublicWord,
        /// True where somebody asked for a much smaller list to be taken; else left out.
        pub accept_shrunken: Option<bool>,
    }

    /// Why the content of a list was refused.
    pub struct RefusedContent {
        pub reason: ListRefusal,
    }

    /// What the lists in force were compiled to, and from.
    pub struct CompiledLists {
        /// Key of the artifact in its bucket.
        pub artifact: PublicWord,
        pub engine: PublicWord,
        /// Versions by list.
        pub lists: BTreeMap<PublicWord, PublicWord>,
    }

    /// Whose addresses and devices were read in the event log.
    pub struct LogShown {
        pub people: Vec<UserId>,
        /// How many events.
        pub events: usize,
    }

    /// The provider that called back.
    pub struct CallbackSender {
        pub provider: PublicWord,
    }

    /// What became of a callback.
    pub struct CallbackResult {
        pub outcome: PublicWord,
    }

    /// A mail that SES refused for good.
    pub struct RefusedMail {
        pub notification: Notification,
        pub reason: PublicWord,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_of_one_event_share_one_object_and_read_back() {
        let standing = CheckStanding { provider: "sandbox".into(), state: CheckState::Processing, reasons: None };
        let task = ProviderTask { reference: ExternalId::new("req-1") };
        let data = Value::Object(Data::of(&standing).with(&task).into_fields());
        assert_eq!(data, json!({"provider": "sandbox", "state": "processing", "reference": "req-1"}));
        assert_eq!(serde_json::from_value::<CheckStanding>(data.clone()).unwrap(), standing);
        assert_eq!(serde_json::from_value::<ProviderTask>(data).unwrap(), task);
    }

    #[test]
    fn fields_have_their_name_in_the_json_and_their_class() {
        let upload = UploadedDocument { kind: DocumentType::Passport, content_type: ContentType::Png, size: 7 };
        let data = Value::Object(Data::of(&upload).into_fields());
        assert_eq!(data, json!({"type": "passport", "content_type": "image/png", "size": 7}));
        let names: Vec<_> = UploadedDocument::SHAPE.fields.iter().map(|field| field.name).collect();
        assert_eq!(names, ["type", "content_type", "size"]);
        let classes: Vec<_> = LogShown::SHAPE.fields.iter().map(|field| field.class).collect();
        assert_eq!(classes, [Class::Identifier, Class::Number]);
    }

    #[test]
    fn data_fits_the_types_that_have_its_parts() {
        let cause = Data::of(&Cause { reason: "signed_out".into() });
        assert!(cause.fits(EventType::SessionRevoked));
        assert!(!cause.fits(EventType::SessionCreated));
        assert!(!cause.fits(EventType::CheckProviderFailed), "a part is missing");
        assert!(!cause.with(&SignIn { amr: vec![] }).fits(EventType::SessionRevoked), "a part too many");
        assert!(Data::default().fits(EventType::PasswordChanged));
    }
}
