"""Walks the journey of an applicant with the Python client that OpenAPI Generator generates."""

import os
import time
import uuid

from openapi_client import (
    AccountApi,
    ApiClient,
    AuthApi,
    Configuration,
    CreateCheck,
    DocumentType,
    KycApi,
    Login,
    ProfilePatch,
    PublicStatus,
    TokenSet,
)
from openapi_client.exceptions import ApiException

settings = Configuration(host=os.environ["API_URL"])
client = ApiClient(settings)
tokens = AuthApi(client).auth_login(Login(email=os.environ["EMAIL"], password=os.environ["PASSWORD"])).actual_instance
# An account with a second factor gets a challenge instead.
assert isinstance(tokens, TokenSet), tokens
settings.access_token = tokens.access_token

account = AccountApi(client)
# The generated client keeps the case in which the names of headers were sent.
headers = {name.lower(): value for name, value in account.account_get_profile_with_http_info().headers.items()}
version = headers["etag"]
renamed = account.account_update_profile(ProfilePatch(locale="de-CH"), if_match=version)
assert renamed.locale == "de-CH", renamed
try:
    account.account_update_profile(ProfilePatch(locale="de-CH"), if_match=version)
    raise AssertionError("a stale version was accepted")
except ApiException as problem:
    assert (problem.status, problem.data.code) == (412, "stale_version"), problem

kyc = KycApi(client)
documents: list[str] = []
for _ in range(2):
    with open(os.environ["PASSPORT"], "rb") as file:
        document = kyc.kyc_upload_document(
            DocumentType.DOCUMENT_TYPE_PASSPORT,
            ("passport.png", file.read()),
            idempotency_key=str(uuid.uuid4()),
            document_number=f"OK-{uuid.uuid4().hex[:8]}",
        )
    documents.insert(0, document.id)

listed: list[str] = []
cursor = None
while True:
    page = kyc.kyc_list_documents(limit=1, cursor=cursor)
    listed += [document.id for document in page.items]
    cursor = page.next_cursor
    if cursor is None:
        break
assert listed == documents, (listed, documents)

check = kyc.kyc_create_check(CreateCheck(document_ids=documents), idempotency_key=str(uuid.uuid4()))
while check.status == PublicStatus.PUBLIC_STATUS_PROCESSING:
    time.sleep(0.5)
    check = kyc.kyc_get_check(check.id)
assert (check.status, check.reasons) == (PublicStatus.PUBLIC_STATUS_APPROVED, []), check
print(check.status.value)
