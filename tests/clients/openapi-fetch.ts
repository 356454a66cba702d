// Walks the journey of an applicant with the types of openapi-typescript and the client openapi-fetch.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const { API_URL, EMAIL, PASSWORD, PASSPORT } = process.env as Record<string, string>;
const api = createClient<paths>({ baseUrl: API_URL });

const login = await api.POST("/v1/auth/login", { body: { email: EMAIL, password: PASSWORD } });
// An account with a second factor gets a challenge instead.
assert(login.data && "access_token" in login.data, JSON.stringify(login.error));
const { access_token } = login.data;
api.use({ onRequest: ({ request }) => request.headers.set("Authorization", `Bearer ${access_token}`) });

const profile = await api.GET("/v1/users/profile");
const version = profile.response.headers.get("ETag")!;
const rename = (ifMatch: string) =>
  api.PATCH("/v1/users/profile", { params: { header: { "If-Match": ifMatch } }, body: { locale: "de-CH" } });
const renamed = await rename(version);
assert.equal(renamed.data?.locale, "de-CH");
assert.equal((await rename(version)).error?.code, "stale_version");

const documents: string[] = [];
for (let count = 0; count < 2; count++) {
  const body = new FormData();
  body.append("document_type", "passport");
  body.append("document_number", `OK-${randomUUID().slice(0, 8)}`);
  body.append("file", new Blob([readFileSync(PASSPORT)]));
  const upload = await api.POST("/v1/kyc/documents", {
    params: { header: { "Idempotency-Key": randomUUID() } },
    body: { document_type: "passport", file: "" },
    bodySerializer: () => body,
  });
  assert(upload.data, JSON.stringify(upload.error));
  documents.unshift(upload.data.id);
}

const listed: string[] = [];
let cursor: string | undefined;
do {
  const page = await api.GET("/v1/kyc/documents", { params: { query: { limit: 1, cursor } } });
  assert(page.data, JSON.stringify(page.error));
  listed.push(...page.data.items.map((document) => document.id));
  cursor = page.data.next_cursor ?? undefined;
} while (cursor);
assert.deepEqual(listed, documents);

const submitted = await api.POST("/v1/kyc/checks", {
  params: { header: { "Idempotency-Key": randomUUID() } },
  body: { document_ids: documents },
});
assert(submitted.data, JSON.stringify(submitted.error));
let check = submitted.data;
while (check.status === "processing") {
  await sleep(500);
  const read = await api.GET("/v1/kyc/checks/{id}", { params: { path: { id: check.id } } });
  assert(read.data, JSON.stringify(read.error));
  check = read.data;
}
assert.deepEqual([check.status, check.reasons], ["approved", []]);
console.log(check.status);
