//! GET /v1/admin/roles: system roles and those that administrators made, by name.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::IntoParams;
use verinym::{
    domain::role::{RolesRead, SYSTEM_ROLES, table::RoleTable},
    error::Result,
    function::{Capability, Needs},
    http::{Call, Can, Endpoint, Page, Query, Route, list::List},
    store::{Position, Table},
};

use crate::role_view::RoleView;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ListRoles {
    limit: Option<u32>,
    cursor: Option<String>,
}

pub fn endpoint() -> Endpoint {
    Route::get("admin-list-roles", "/v1/admin/roles")
        .summary("List the roles")
        .description("System roles and roles that administrators made, by name.")
        .needs(Needs::new().with(Capability::UseTokenKeys).get_many(Table::Identity))
        .handled_by(list_roles)
}

const NAME: &str = "name";

async fn list_roles(call: Call<Can<RolesRead>>, Query(query): Query<ListRoles>) -> Result<Page<RoleView>> {
    let list = List::requested(&call, query.limit, query.cursor.as_deref(), &[]).await?;
    let table = call.app.store().await.role_table().await?;
    let after = list.after.as_ref().and_then(|position| position.0.get(NAME));
    let (roles, next) = page(&table, after.map(String::as_str), list.limit as usize);
    list.page(call.app, roles, next.as_ref()).await
}

/// So many roles after a name, and the position after them if there are more.
fn page(table: &RoleTable, after: Option<&str>, limit: usize) -> (Vec<RoleView>, Option<Position>) {
    let system = SYSTEM_ROLES.iter().map(|role| (role.name, RoleView::system(role)));
    let custom = table.roles.iter().map(|(name, role)| (name.as_str(), RoleView::custom(name, role)));
    let all: BTreeMap<&str, RoleView> = system.chain(custom).collect();
    let mut rest: Vec<_> = all.into_iter().filter(|(name, _)| after.is_none_or(|after| *name > after)).collect();
    let more = rest.len() > limit;
    rest.truncate(limit);
    let position = |(name, _): &(&str, RoleView)| Position(BTreeMap::from([(NAME.to_owned(), (*name).to_owned())]));
    let next = rest.last().filter(|_| more).map(position);
    (rest.into_iter().map(|(_, role)| role).collect(), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_by_name() {
        let table = RoleTable::default();
        let (first, next) = page(&table, None, 3);
        assert_eq!(first.len(), 3);
        let (second, end) = page(&table, next.unwrap().0.get(NAME).map(String::as_str), 3);
        assert_eq!((second.len(), end), (SYSTEM_ROLES.len() - 3, None));
        assert_eq!(page(&table, None, SYSTEM_ROLES.len()).1, None);
    }
}
