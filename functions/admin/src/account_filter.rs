//! The filters of the list of accounts.

use futures::{StreamExt, TryStreamExt, stream};
use verinym::{
    domain::{
        account::UserStatus,
        field::{FieldFault, Fields},
        kyc::KycStatus,
        role::{UsersRead, table},
        time::Timestamp,
    },
    error::{RequestError, Result},
    http::{Call, Can, Page, list::List},
    store::account_list::ListedAccount,
};

use crate::user_view::StaffUser;

/// Accounts read at the same time.
const AT_ONCE: usize = 8;

/// The filters, as they were sent.
#[derive(Debug, Default)]
pub struct FilterForm {
    pub status: Option<String>,
    pub role: Option<String>,
    pub kyc_status: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
}

#[derive(Debug, Clone)]
struct AccountFilter {
    status: Option<UserStatus>,
    role: Option<String>,
    kyc_status: Option<KycStatus>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl FilterForm {
    /// The values that a cursor is bound to.
    pub fn values(&self) -> [Option<&str>; 5] {
        [&self.status, &self.role, &self.kyc_status, &self.from, &self.to].map(|value| value.as_deref())
    }

    fn check(self) -> Result<AccountFilter> {
        const NOT_A_TIME: FieldFault = FieldFault::new("invalid_time", "Must be an RFC 3339 time.");
        let mut fields = Fields::default();
        let f = &mut fields;
        let filter = AccountFilter {
            status: f.check_optional("status", self.status, UserStatus::parse_field),
            role: f.check_optional("role", self.role, |text| table::parse_name(&text)),
            kyc_status: f.check_optional("kyc_status", self.kyc_status, KycStatus::parse_field),
            from: f.check_optional("from", self.from, |text| text.parse().map_err(|_| NOT_A_TIME)),
            to: f.check_optional("to", self.to, |text| text.parse().map_err(|_| NOT_A_TIME)),
        };
        fields.done().map_err(RequestError::Invalid)?;
        Ok(filter)
    }
}

impl AccountFilter {
    /// Whether it leaves out accounts beside those of another time.
    const fn narrows(&self) -> bool {
        self.status.is_some() || self.role.is_some() || self.kyc_status.is_some()
    }

    fn admits(&self, status: UserStatus, roles: &[String], kyc_status: KycStatus) -> bool {
        self.status.is_none_or(|wanted| wanted == status)
            && self.role.as_ref().is_none_or(|wanted| roles.contains(wanted))
            && self.kyc_status.is_none_or(|wanted| wanted == kyc_status)
    }
}

/// A page of the accounts that the filters admit, masked. What changed since the index had it is left out, so a page may be shorter.
pub async fn page(call: &Call<Can<UsersRead>>, list: &List, form: FilterForm) -> Result<Page<StaffUser>> {
    let (store, filter) = (call.app.store().await, form.check()?);
    let (filter, from, to) = (&filter, filter.from, filter.to);
    let (found, next) = list
        .fill(
            filter.narrows(),
            |limit, after| async move { store.listed_accounts(from, to, limit, after.as_ref()).await },
            |one| filter.admits(one.status, &one.roles, one.kyc_status),
            ListedAccount::position,
        )
        .await?;
    let accounts: Vec<_> = stream::iter(found)
        .map(|one| async move { store.account(&one.user, call.now()).await })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let still = accounts.into_iter().flatten().filter(|account| {
        let auth = &account.auth;
        !auth.is_ending() && filter.admits(auth.status, &auth.roles, auth.kyc_status)
    });
    let items = still.map(|account| StaffUser::masked(&account.auth, &account.profile, &call.caller)).collect();
    list.page(call.app, items, next.as_ref()).await
}
