//! GET /v1/kyc/checks/{id}: a check, as its person or as staff sees it.

use verinym::{
    domain::{
        check::{CheckForPerson, CheckForStaff},
        id::CheckId,
        role::{AmlRead, KycRead, UsersReadPii},
    },
    error::Result,
    function::{Capability, Needs},
    http::{
        Call, Either, Endpoint, OwnerOr, Path, Route, Versioned,
        reads::{commit_reads, hits_read},
    },
    store::Table,
    store::{check::StoredCheck, kek::Purpose},
};

type Reader = OwnerOr<KycRead, StoredCheck>;
type Answer = Either<Versioned<CheckForPerson>, Versioned<CheckForStaff>>;

pub fn endpoint() -> Endpoint {
    Route::get("kyc-get-check", "/v1/kyc/checks/{id}")
        .summary("One check")
        .problems(&[(404, "not_found")])
        .opens_evidence_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .get(Table::Kyc)
                .get_many(Table::Kyc),
        )
        .handled_by(get)
}

async fn get(call: Call<Reader>, _: Path<CheckId>) -> Result<Answer> {
    // Staff see their own checks as anybody sees theirs. The entity tag is of the view: the check's own version moves
    // with every claim and hit.
    Ok(if call.caller.is_owner() {
        let body = call.caller.resource.check.for_person();
        Either::One(Versioned { version: body.version, body })
    } else {
        let body = for_staff(&call).await?;
        Either::Other(Versioned { version: body.version, body })
    })
}

/// With its hits, for whom may read those.
async fn for_staff(call: &Call<Reader>) -> Result<CheckForStaff> {
    let (check, now) = (&call.caller.resource.check, call.now());
    let mut view = check.for_staff(now);
    if !call.caller.can::<AmlRead>() {
        return Ok(view);
    }
    let ids: Vec<_> = check.screening.hits.iter().map(|hit| hit.id).collect();
    if ids.is_empty() {
        view.hits = Some(vec![]);
        return Ok(view);
    }
    let store = call.app.store().await;
    let (hits, evidence) = futures::try_join!(
        store.hits_of_check(&check.user_id, &check.id, &ids),
        store.read_person_key(&check.user_id, Purpose::Evidence, now),
    )?;
    let plain = call.caller.can::<UsersReadPii>();
    if plain {
        commit_reads(call, &hits_read(hits.iter())).await?;
    }
    view.hits = Some(hits.iter().map(|hit| hit.for_staff(&evidence, plain)).collect::<Result<_>>()?);
    Ok(view)
}
