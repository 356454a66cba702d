//! `GET /v1/admin/kyc/checks/{id}`: a check of somebody else, as staff sees it.

use verinym::{
    domain::{
        check::CheckForStaff,
        id::CheckId,
        role::{AmlRead, KycRead, UsersReadPii},
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{
        Call, Endpoint, NotOwner, Path, Route, Versioned,
        problem::types,
        reads::{commit_reads, hits_read},
    },
    store::{Table, kek::KeyPurpose},
};

pub fn endpoint() -> Endpoint {
    Route::get("admin-get-check", "/v1/admin/kyc/checks/{id}")
        .summary("Read a check")
        .description(
            "A check as staff sees it. Hits are included for staff with `aml:read`, and names in them are an event of their own.",
        )
        .problems(&[&types::OWN_CHECK, &types::NOT_FOUND])
        .opens_evidence_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .get(Table::Kyc)
                .get_many(Table::Kyc),
        )
        .handled_by(get_check)
}

async fn get_check(
    call: Call<NotOwner<KycRead, CheckId>>,
    Path(id): Path<CheckId>,
) -> Result<Versioned<CheckForStaff>> {
    let (now, owner) = (call.now(), call.caller.owner());
    let store = call.app.store().await;
    let stored = store.check(&owner, &id).await?.ok_or(RequestError::NotFound)?;
    let mut body = stored.check.for_staff(now);
    if call.caller.can::<AmlRead>() {
        let ids: Vec<_> = stored.check.screening.hits.iter().map(|hit| hit.id).collect();
        body.hits = Some(vec![]);
        if !ids.is_empty() {
            let (hits, evidence) = futures::try_join!(
                store.hits_of_check(&owner, &id, &ids),
                store.read_person_key(&owner, KeyPurpose::Evidence, now),
            )?;
            let unmasked = call.caller.can::<UsersReadPii>();
            if unmasked {
                commit_reads(&call, &hits_read(hits.iter())).await?;
            }
            body.hits = Some(hits.iter().map(|hit| hit.for_staff(&evidence, unmasked)).collect::<Result<_>>()?);
        }
    }
    Ok(Versioned { version: body.version, body })
}
