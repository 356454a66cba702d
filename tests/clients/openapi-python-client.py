"""Walks the journey of an applicant with the client that openapi-python-client generates."""

import os
import time
import uuid

from verinym_client import AuthenticatedClient, Client
from verinym_client.api.account import account_get_profile, account_update_profile
from verinym_client.api.auth import auth_login
from verinym_client.api.kyc import kyc_create_check, kyc_get_check, kyc_list_documents, kyc_upload_document
from verinym_client.models import (
    CheckForPerson,
    CreateCheck,
    DocumentType,
    DocumentView,
    DocumentViewPage,
    KycUploadDocumentBody,
    Login,
    Problem,
    ProfilePatch,
    PublicStatus,
    TokenSet,
)
from verinym_client.types import UNSET, File

base, email, password = os.environ["API_URL"], os.environ["EMAIL"], os.environ["PASSWORD"]
tokens = auth_login.sync(client=Client(base), body=Login(email=email, password=password))
assert isinstance(tokens, TokenSet), tokens
api = AuthenticatedClient(base, token=tokens.access_token)

version = account_get_profile.sync_detailed(client=api).headers["ETag"]
renamed = account_update_profile.sync(client=api, if_match=version, body=ProfilePatch(locale="de-CH"))
assert not isinstance(renamed, Problem) and renamed.locale == "de-CH", renamed
stale = account_update_profile.sync(client=api, if_match=version, body=ProfilePatch(locale="de-CH"))
assert isinstance(stale, Problem) and stale.code == "stale_version", stale

documents: list[str] = []
for _ in range(2):
    with open(os.environ["PASSPORT"], "rb") as file:
        body = KycUploadDocumentBody(
            document_type=DocumentType.DOCUMENT_TYPE_PASSPORT,
            document_number=f"OK-{uuid.uuid4().hex[:8]}",
            file=File(payload=file, file_name="passport.png"),
        )
        document = kyc_upload_document.sync(client=api, body=body, idempotency_key=str(uuid.uuid4()))
    assert isinstance(document, DocumentView), document
    documents.insert(0, document.id)

listed: list[str] = []
cursor = UNSET
while cursor is not None:
    page = kyc_list_documents.sync(client=api, limit=1, cursor=cursor)
    assert isinstance(page, DocumentViewPage), page
    listed += [document.id for document in page.items]
    cursor = page.next_cursor
assert listed == documents, (listed, documents)

check = kyc_create_check.sync(client=api, body=CreateCheck(document_ids=documents), idempotency_key=str(uuid.uuid4()))
assert isinstance(check, CheckForPerson), check
while check.status == PublicStatus.PUBLIC_STATUS_PROCESSING:
    time.sleep(0.5)
    check = kyc_get_check.sync(client=api, id=check.id)
    assert isinstance(check, CheckForPerson), check
assert (check.status, check.reasons) == (PublicStatus.PUBLIC_STATUS_APPROVED, []), check
print(check.status)
