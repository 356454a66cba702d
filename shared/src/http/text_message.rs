//! Whether a text message may be sent: countries, health of the sender, limits.

use super::Call;
use crate::{
    domain::{factor::FactorError, id::UserId, limit, person::PhoneNumber},
    error::Result,
    messaging::text_message::BREAKER,
};

impl<A> Call<A> {
    /// Admits a text message to a number that a person asks for, and counts it. What a narrow limit refuses does not count against the
    /// limit of the country, which all share.
    ///
    /// # Errors
    /// [`FactorError::SmsNotOffered`] for a country that the deployment does not name, [`FactorError::SmsUnavailable`] while the breaker
    /// is open, 429 beyond a limit.
    pub async fn admit_text_message(&self, to: &PhoneNumber, user: &UserId) -> Result<()> {
        let country =
            to.country().filter(|country| self.app.config.sms().is_ok_and(|sms| sms.countries.contains(country)));
        let country = country.ok_or(FactorError::SmsNotOffered)?;
        if let Some(wait) = self.app.store().await.breaker_refuses_for(BREAKER, self.now()).await? {
            return Err(FactorError::SmsUnavailable { retry_after: wait.as_secs().max(1) }.into());
        }
        self.limit(&limit::SMS_ACCOUNT, &user.to_string()).await?;
        self.limit(&limit::SMS_NUMBER_HOUR, to.as_str()).await?;
        self.limit(&limit::SMS_NUMBER_DAY, to.as_str()).await?;
        self.limit(&limit::SMS_COUNTRY_DAY, country.as_str()).await
    }
}
