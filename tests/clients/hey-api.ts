// Walks the journey of an applicant with the client that @hey-api/openapi-ts generates.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { client } from "./client.gen.js";
import {
  accountGetProfile,
  accountUpdateProfile,
  authLogin,
  kycCreateCheck,
  kycGetCheck,
  kycListDocuments,
  kycUploadDocument,
} from "./sdk.gen.js";

const { API_URL, EMAIL, PASSWORD, PASSPORT } = process.env as Record<string, string>;
client.setConfig({ baseUrl: API_URL });
const login = await authLogin({ body: { email: EMAIL, password: PASSWORD }, throwOnError: true });
// An account with a second factor gets a challenge instead.
assert("access_token" in login.data);
client.setConfig({ auth: login.data.access_token });

const profile = await accountGetProfile({ throwOnError: true });
const version = profile.response.headers.get("ETag")!;
const rename = () => accountUpdateProfile({ headers: { "If-Match": version }, body: { locale: "de-CH" } });
assert.equal((await rename()).data?.locale, "de-CH");
assert.equal((await rename()).error?.code, "stale_version");

const documents: string[] = [];
for (let count = 0; count < 2; count++) {
  const upload = await kycUploadDocument({
    headers: { "Idempotency-Key": randomUUID() },
    body: {
      document_type: "passport",
      document_number: `OK-${randomUUID().slice(0, 8)}`,
      file: new Blob([readFileSync(PASSPORT)]),
    },
    throwOnError: true,
  });
  documents.unshift(upload.data.id);
}

const listed: string[] = [];
let cursor: string | undefined;
do {
  const page = await kycListDocuments({ query: { limit: 1, cursor }, throwOnError: true });
  listed.push(...page.data.items.map((document) => document.id));
  cursor = page.data.next_cursor ?? undefined;
} while (cursor);
assert.deepEqual(listed, documents);

const submitted = await kycCreateCheck({
  headers: { "Idempotency-Key": randomUUID() },
  body: { document_ids: documents },
  throwOnError: true,
});
let check = submitted.data;
while (check.status === "processing") {
  await sleep(500);
  check = (await kycGetCheck({ path: { id: check.id }, throwOnError: true })).data;
}
assert.deepEqual([check.status, check.reasons], ["approved", []]);
console.log(check.status);
