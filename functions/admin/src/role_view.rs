//! A role as the API shows it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use verinym::{
    domain::{
        field::Fields,
        role::{
            SystemRole,
            table::{CustomRole, RoleContent, parse_permissions},
        },
        time::Timestamp,
    },
    error::{Internal, RequestError, Result},
};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RoleView {
    #[schema(example = "kyc-clerk")]
    name: String,
    /// Names of permissions, or `resource:*` for all of a resource.
    #[schema(example = json!(["kyc:read"]))]
    permissions: Vec<String>,
    /// Roles whose permissions it has as well.
    #[schema(example = json!(["user"]))]
    inherits: Vec<String>,
    /// Whether it comes with the system and cannot be changed.
    #[schema(example = false)]
    system: bool,
    /// How many accounts have it; null for a system role, as are the following.
    #[schema(example = 3)]
    holders: Option<u64>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    #[schema(example = 1)]
    version: Option<u64>,
}

impl RoleView {
    pub fn custom(name: &str, role: &CustomRole) -> Self {
        Self {
            name: name.to_owned(),
            permissions: role.content.permissions.iter().cloned().collect(),
            inherits: role.content.inherits.iter().cloned().collect(),
            system: false,
            holders: Some(role.holders),
            created_at: Some(role.created_at),
            updated_at: Some(role.updated_at),
            version: Some(role.version),
        }
    }

    pub fn system(role: &SystemRole) -> Self {
        Self {
            name: role.name.to_owned(),
            permissions: role.patterns.iter().map(|&pattern| pattern.to_owned()).collect(),
            inherits: role.inherits.iter().map(|&name| name.to_owned()).collect(),
            system: true,
            holders: None,
            created_at: None,
            updated_at: None,
            version: None,
        }
    }
}

/// What a role permits.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleForm {
    /// Names of permissions, or `resource:*` for all of a resource; at most 64. The caller must have each.
    #[schema(example = json!(["kyc:read"]))]
    permissions: Vec<String>,
    /// Roles whose permissions it gets as well; at most 10. The caller must have all that they permit.
    #[serde(default)]
    #[schema(example = json!([]))]
    inherits: Vec<String>,
}

impl RoleForm {
    pub fn new(permissions: Vec<String>, inherits: Vec<String>) -> Self {
        Self { permissions, inherits }
    }

    /// The content, with the faults of the form added to `fields`. Whether the inherited roles exist, the table knows.
    pub fn check(self, mut fields: Fields) -> Result<RoleContent> {
        let permissions = fields.check("permissions", parse_permissions(&self.permissions));
        fields.done().map_err(RequestError::Invalid)?;
        let permissions = permissions.ok_or_else(|| Internal::bug("a form without faults has all its values"))?;
        Ok(RoleContent { permissions, inherits: self.inherits.into_iter().collect() })
    }
}
