//! `GET /v1/admin/kyc/checks/{id}/applicant`: who was submitted with a check, for the reviewer who compares the documents
//! with it. The event of the read is committed before the answer.

use verinym::{
    domain::{
        check::{ApplicantForStaff, CheckError},
        event::EventType,
        id::CheckId,
        role::KycReview,
    },
    error::{RequestError, Result},
    function::{Capability, Needs},
    http::{
        Call, Endpoint, NotOwner, Path, Plain, Route,
        problem::types,
        reads::{PersonalDataRead, commit_reads},
    },
    store::{Table, kek::KeyPurpose},
};

pub fn endpoint() -> Endpoint {
    Route::get("admin-get-applicant", "/v1/admin/kyc/checks/{id}/applicant")
        .summary("Read the applicant of a check")
        .description(
            "Name, birth date, address and national id (masked) as they were when the check was submitted; later changes of the profile are not in it. An event records the read first.",
        )
        .problems(&[&types::OWN_CHECK, &types::NOT_FOUND, &types::NOT_SUBMITTED])
        .opens_evidence_keys()
        .needs(
            Needs::new()
                .with(Capability::Commit)
                .with(Capability::UnwrapProfileKeys)
                .get(Table::Kyc),
        )
        .handled_by(get_applicant)
}

async fn get_applicant(
    call: Call<NotOwner<KycReview, CheckId>>,
    Path(id): Path<CheckId>,
) -> Result<Plain<ApplicantForStaff>> {
    let (now, owner) = (call.now(), call.caller.owner());
    let store = call.app.store().await;
    let stored = store.check(&owner, &id).await?.ok_or(RequestError::NotFound)?;
    if stored.check.submitted_at.is_none() {
        return Err(CheckError::NotSubmitted.into());
    }
    let evidence = store.read_person_key(&owner, KeyPurpose::Evidence, now).await?;
    let applicant = stored.snapshot(&evidence)?.for_staff(&stored.check);
    commit_reads(&call, &[PersonalDataRead::of_check(EventType::CheckApplicantRead, owner, id)]).await?;
    Ok(Plain(applicant))
}
