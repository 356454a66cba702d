// Walks the journey of an applicant with the client `typescript-fetch` of OpenAPI Generator.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { AccountApi, AuthApi, Configuration, DocumentType, KycApi, PublicStatus, ResponseError } from "./index.js";

const { API_URL, EMAIL, PASSWORD, PASSPORT } = process.env as Record<string, string>;
const auth = new AuthApi(new Configuration({ basePath: API_URL }));
const tokens = await auth.authLogin({ login: { email: EMAIL, password: PASSWORD } });
// An account with a second factor gets a challenge instead.
assert("accessToken" in tokens);
const settings = new Configuration({ basePath: API_URL, accessToken: tokens.accessToken });

const account = new AccountApi(settings);
const version = (await account.accountGetProfileRaw({})).raw.headers.get("ETag")!;
const rename = () => account.accountUpdateProfile({ ifMatch: version, profilePatch: { locale: "de-CH" } });
assert.equal((await rename()).locale, "de-CH");
const stale = await rename().then(() => undefined, (error) => error);
assert(stale instanceof ResponseError);
assert.equal((await stale.response.json()).code, "stale_version");

const kyc = new KycApi(settings);
const documents: string[] = [];
for (let count = 0; count < 2; count++) {
  const document = await kyc.kycUploadDocument({
    documentType: DocumentType.DOCUMENT_TYPE_PASSPORT,
    documentNumber: `OK-${randomUUID().slice(0, 8)}`,
    file: new Blob([readFileSync(PASSPORT)]),
    idempotencyKey: randomUUID(),
  });
  documents.unshift(document.id);
}

const listed: string[] = [];
let cursor: string | undefined;
do {
  const page = await kyc.kycListDocuments({ limit: 1, cursor });
  listed.push(...page.items.map((document) => document.id));
  cursor = page.nextCursor ?? undefined;
} while (cursor);
assert.deepEqual(listed, documents);

let check = await kyc.kycCreateCheck({ createCheck: { documentIds: documents }, idempotencyKey: randomUUID() });
while (check.status === PublicStatus.PUBLIC_STATUS_PROCESSING) {
  await sleep(500);
  check = await kyc.kycGetCheck({ id: check.id });
}
assert.deepEqual([check.status, check.reasons], [PublicStatus.PUBLIC_STATUS_APPROVED, []]);
console.log(check.status);
