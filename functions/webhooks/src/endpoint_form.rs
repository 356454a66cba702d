//! The settings of an endpoint, as its owner sends them.

use serde::Deserialize;
use utoipa::ToSchema;
use verinym::{
    domain::{
        field::{FieldFault, Fields},
        role::{RequiredPermission, WebhooksManage},
        secret::Masked,
        webhook::{EndpointUrl, EventFilter, Network, Scope, parse_description, parse_filters},
    },
    error::{Internal, RequestError, Result},
    http::Principal,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// An https URL of a public host, at most 2,048 characters, without user name, password and fragment.
    #[schema(value_type = String, max_length = 2048, example = "https://hooks.your-company.net/verinym")]
    url: Masked<String>,
    /// 1 to 32 event types, beginnings of types with `.*` behind (`kyc.check.*`), or `*`.
    #[schema(min_items = 1, max_items = 32, example = json!(["kyc.check.*"]))]
    events: Vec<String>,
    /// At most 200 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, example = "Billing")]
    description: Option<Masked<String>>,
    /// `false` pauses: events that occur meanwhile are not delivered.
    #[serde(default = "enabled")]
    #[schema(default = true)]
    enabled: bool,
    /// `own`: events about the owner. `all`: events about everybody, for those with `webhooks:manage`. It cannot change.
    #[serde(default = "own")]
    #[schema(default = "own")]
    scope: Scope,
}

const fn enabled() -> bool {
    true
}

const fn own() -> Scope {
    Scope::Own
}

/// The settings after they were parsed.
#[derive(Debug)]
pub struct CheckedSettings {
    pub url: EndpointUrl,
    pub events: Vec<EventFilter>,
    pub description: Option<String>,
    pub enabled: bool,
    pub scope: Scope,
}

impl WebhookSettings {
    /// `kept`: the scope of an endpoint that exists.
    pub fn check(self, caller: &Principal, network: Network, kept: Option<Scope>) -> Result<CheckedSettings> {
        const NOT_CHANGEABLE: FieldFault = FieldFault::new("not_changeable", "The scope of an endpoint cannot change.");
        const OF_NOBODY: FieldFault =
            FieldFault::new("not_allowed", "A machine client has no events of its own. Must be: all.");
        let scope = self.scope;
        if scope == Scope::All && !caller.can::<WebhooksManage>() {
            return Err(RequestError::Forbidden(WebhooksManage::PERMISSION).into());
        }
        let mut fields = Fields::default();
        if kept.is_some_and(|kept| kept != scope) {
            fields.refuse("scope", NOT_CHANGEABLE);
        } else if scope == Scope::Own && caller.person().is_none() {
            fields.refuse("scope", OF_NOBODY);
        }
        let url = fields.check("url", EndpointUrl::parse(&self.url, network));
        let may_hear = |kind| scope.may_hear(kind, caller.permissions());
        let events = fields.check("events", parse_filters(&self.events, may_hear));
        let description =
            fields.check_optional("description", self.description, |text| parse_description(&text)).flatten();
        fields.done().map_err(RequestError::Invalid)?;
        let (Some(url), Some(events)) = (url, events) else {
            return Err(Internal::bug("settings without faults have all their values").into());
        };
        Ok(CheckedSettings { url, events, description, enabled: self.enabled, scope })
    }
}
