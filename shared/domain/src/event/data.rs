//! The data of events, made of typed parts. The table of event types names the parts of each type.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::classified::{Class, Classified, ExternalId, PublicWord};
use crate::{
    aml::{HitDecision, ListKind, list::ListRefusal},
    check::{CheckState, ReasonCode},
    document::{ContentType, DocumentType, RejectReason},
    id::{CheckId, HitId, LinkId, PasskeyId, SessionId, UserId, WebhookId},
    kyc::KycStatus,
    notification::Notification,
    risk::{Proof, RiskOutcome},
    time::Timestamp,
    webhook::Scope,
};

/// A field of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataField {
    /// The name in the JSON.
    pub name: &'static str,
    pub class: Class,
}

/// A part of an event's data. The fields of all parts of an event are in one JSON object.
pub trait DataPart {
    const SHAPE: PartShape;

    fn insert_into(&self, data: &mut Map<String, Value>);
}

/// A part without its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartShape {
    /// The name of the Rust type.
    pub name: &'static str,
    pub fields: &'static [DataField],
}

/// The data of one event, made of typed parts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventData {
    fields: Map<String, Value>,
    parts: Vec<PartShape>,
}

impl EventData {
    pub fn of(part: &impl DataPart) -> Self {
        Self::default().with(part)
    }

    pub fn with<P: DataPart>(mut self, part: &P) -> Self {
        part.insert_into(&mut self.fields);
        self.parts.push(P::SHAPE);
        self
    }

    /// The parts, in the order in which they were added.
    pub fn parts(&self) -> &[PartShape] {
        &self.parts
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

        impl DataPart for $part {
            const SHAPE: PartShape = PartShape {
                name: stringify!($part),
                fields: &[$(DataField { name: parts!(@name $field $($wire)?), class: <$type as Classified>::CLASS },)+],
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
    /// Another effect of a change of the profile.
    pub struct ProfileEffect {
        /// The new status, if the change of the profile changed it.
        pub kyc_status: Option<KycStatus>,
    }

    /// A passkey.
    pub struct PasskeyOfPerson {
        pub passkey: PasskeyId,
    }

    /// An invitation.
    pub struct OfferedRoles {
        /// The roles that it offers.
        pub offered: Vec<PublicWord>,
    }

    /// Whose invitation was accepted.
    pub struct InvitingUser {
        pub invited_by: UserId,
    }

    /// A change of roles.
    pub struct RoleChange {
        /// The roles that it granted.
        pub granted: Vec<PublicWord>,
        /// All roles after it.
        pub roles: Vec<PublicWord>,
    }

    /// A role that an administrator makes, changes or deletes, as it is afterwards or was before its deletion.
    pub struct RoleContents {
        pub name: PublicWord,
        /// Names of permissions, or `resource:*`.
        pub permissions: Vec<PublicWord>,
        /// The roles that it inherits.
        pub inherits: Vec<PublicWord>,
        /// How many accounts have it.
        pub holders: u64,
    }

    /// What a machine client may ask for.
    pub struct ClientGrants {
        pub scopes: Vec<PublicWord>,
        /// `secret` or `private_key`.
        pub authentication: PublicWord,
    }

    /// The identity provider by which somebody signed in.
    pub struct IdentityProvider {
        /// Its name in the configuration.
        pub provider: PublicWord,
    }

    /// A linked account.
    pub struct LinkedAccount {
        pub account: LinkId,
    }

    /// Failed sign-ins that locked an identifier.
    pub struct FailedSignIns {
        /// How many.
        pub count: usize,
    }

    /// Accounts that an operator exported.
    pub struct ExportedUsers {
        /// How many.
        pub count: usize,
        /// Whether their password hashes were exported too.
        pub hashes: bool,
    }

    /// The period that one event represents.
    pub struct Period {
        pub from: Timestamp,
        pub to: Timestamp,
    }

    /// The methods of a sign-in.
    pub struct SignInMethods {
        /// By RFC 8176.
        pub amr: Vec<PublicWord>,
    }

    /// The session of a sign-in.
    pub struct SignedInSession {
        pub session: SessionId,
    }

    /// The decision on the risk of a sign-in (`crate::risk`), so that it can be decided again.
    pub struct SignInRisk {
        pub risk_outcome: RiskOutcome,
        /// 0 to 100.
        pub risk_score: u32,
        /// 0 to 100: the trust of the session.
        pub trust: u32,
        /// What was proved in addition to a first factor.
        pub risk_proof: Proof,
        /// Version of the policy.
        pub risk_policy: PublicWord,
        /// What was observed of each factor, in its unit; no address and no place.
        pub risk_measures: BTreeMap<PublicWord, u32>,
        /// What each factor adds to the score.
        pub risk_points: BTreeMap<PublicWord, u32>,
    }

    /// The reason why something ended or failed.
    pub struct Cause {
        pub reason: PublicWord,
    }

    /// An uploaded document.
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

    /// The state of a check after the event.
    pub struct CheckProgress {
        pub provider: PublicWord,
        pub state: CheckState,
        /// Including internal ones, for staff; left out if there are none.
        pub reasons: Option<Vec<ReasonCode>>,
    }

    /// The provider's name for its task.
    pub struct ProviderTask {
        pub reference: ExternalId,
    }

    /// The provider's result.
    pub struct ProviderVerdict {
        /// Whether the provider approved.
        pub passed: bool,
    }

    /// The versions and threshold of a screening, so that it can be repeated, and its result.
    pub struct ScreeningResult {
        pub engine_version: PublicWord,
        /// Versions by list.
        pub lists: BTreeMap<PublicWord, PublicWord>,
        /// The lowest score of a hit, 0 to 1.
        pub threshold: f64,
        /// The number of hits.
        pub hits: usize,
        /// Whether a screening without hits clears the name: no list is stale or missing, and the name has no doubts.
        pub clears: bool,
    }

    /// The data of a screening without a check, in addition to [`ScreeningResult`].
    pub struct NameScreening {
        /// The version of the compiled lists.
        pub artifact: u64,
        /// The reasons why the name cannot be compared completely.
        pub doubts: Vec<PublicWord>,
    }

    /// A reviewed hit of a check.
    pub struct ReviewedHit {
        pub hit: HitId,
        pub decision: HitDecision,
    }

    /// The check and the list of a hit.
    pub struct HitOrigin {
        pub check: CheckId,
        pub list: PublicWord,
        /// The kind of the list.
        pub kind: ListKind,
    }

    /// The versions that found a hit.
    pub struct HitVersions {
        pub list_version: PublicWord,
        pub engine_version: PublicWord,
    }

    /// The decision on a hit.
    pub struct HitRuling {
        pub decision: HitDecision,
    }

    /// Hits that staff read.
    pub struct HitsShown {
        pub hits: Vec<HitId>,
    }

    /// A check of which staff read the person's data or the notes.
    pub struct CheckShown {
        pub check: CheckId,
    }

    /// A request to refresh a list.
    pub struct RefreshRequest {
        /// Whether a list that is much smaller than before is accepted.
        pub accept_shrunken: bool,
    }

    /// The content of a loaded list.
    pub struct LoadedContent {
        pub version: PublicWord,
        pub entries: usize,
        /// Hex.
        pub sha256: PublicWord,
        /// True if the request accepted a much smaller list; otherwise left out.
        pub accept_shrunken: Option<bool>,
    }

    /// The reason why the content of a list was refused.
    pub struct RefusedContent {
        pub reason: ListRefusal,
    }

    /// The compiled lists, and the versions that they were compiled from.
    pub struct CompiledLists {
        /// Key of the artifact in its bucket.
        pub artifact: PublicWord,
        pub engine: PublicWord,
        /// Versions by list.
        pub lists: BTreeMap<PublicWord, PublicWord>,
    }

    /// A reading of addresses and devices in the event log.
    pub struct LogShown {
        pub people: Vec<UserId>,
        /// The number of events.
        pub events: usize,
    }

    /// What an endpoint of webhooks is told.
    pub struct EndpointSettings {
        pub scope: Scope,
        pub enabled: bool,
    }

    /// The endpoint of a delivery.
    pub struct DeliveryTo {
        pub webhook: WebhookId,
    }

    /// From when on deliveries are made again.
    pub struct RetriedSince {
        pub since: Timestamp,
    }

    /// The provider that called back.
    pub struct CallbackSender {
        pub provider: PublicWord,
    }

    /// The result of a callback.
    pub struct CallbackResult {
        pub outcome: PublicWord,
    }

    /// What a code that is sent is derived with.
    pub struct CodeKey {
        /// The version of the key.
        pub code_key: u64,
    }

    /// A mail or text message that was refused for good.
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
    fn parts_of_one_event_share_one_object_and_parse_back() {
        let standing = CheckProgress { provider: "sandbox".into(), state: CheckState::Processing, reasons: None };
        let task = ProviderTask { reference: ExternalId::new("req-1") };
        let data = Value::Object(EventData::of(&standing).with(&task).into_fields());
        assert_eq!(data, json!({"provider": "sandbox", "state": "processing", "reference": "req-1"}));
        assert_eq!(serde_json::from_value::<CheckProgress>(data.clone()).unwrap(), standing);
        assert_eq!(serde_json::from_value::<ProviderTask>(data).unwrap(), task);
    }

    #[test]
    fn fields_have_their_name_in_the_json_and_their_class() {
        let upload = UploadedDocument { kind: DocumentType::Passport, content_type: ContentType::Png, size: 7 };
        let data = Value::Object(EventData::of(&upload).into_fields());
        assert_eq!(data, json!({"type": "passport", "content_type": "image/png", "size": 7}));
        let names: Vec<_> = UploadedDocument::SHAPE.fields.iter().map(|field| field.name).collect();
        assert_eq!(names, ["type", "content_type", "size"]);
        let classes: Vec<_> = LogShown::SHAPE.fields.iter().map(|field| field.class).collect();
        assert_eq!(classes, [Class::Identifier, Class::Number]);
    }
}
