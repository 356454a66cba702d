// Runs the snippets of docs/passkeys.md in a headless Chromium, whose virtual authenticator answers as a phone would.
//
// Environment: API_URL, EMAIL and ACCESS_TOKEN of a person who just signed in, and SNIPPETS: to register, and to sign in. Exit code 3 if
// this machine cannot run it, with the reason as output.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import chromium from "@sparticuz/chromium";
import puppeteer from "puppeteer-core";

const { API_URL, EMAIL, ACCESS_TOKEN, SNIPPETS } = process.env;
const [register, signIn] = JSON.parse(SNIPPETS);

function lacks(what, error) {
  console.log(`${what}: ${error.message}`);
  process.exit(3);
}

// The application's address: passkeys of the local stack are bound to it.
const application = createServer((_, response) => response.setHeader("content-type", "text/html").end("<title>App</title>"));
application.listen(3000, "localhost");
await once(application, "listening").catch((error) => lacks("the application's port is taken", error));
const executablePath = await chromium.executablePath().catch((error) => lacks("no Chromium for this machine", error));
const browser = await puppeteer
  .launch({ executablePath, args: [...chromium.args, "--no-sandbox"], headless: "shell" })
  .catch((error) => lacks("Chromium does not start here", error));

try {
  const page = await browser.newPage();
  const devtools = await page.createCDPSession();
  await devtools.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  await page.goto("http://localhost:3000/");

  /** Runs a snippet in the page, and returns one of its variables. */
  const run = (snippet, variable, token) =>
    page.evaluate(
      async (code, api, bearer) => {
        const call = async (method, path, body) => {
          const headers = { "content-type": "application/json", ...(bearer && { authorization: `Bearer ${bearer}` }) };
          const answer = await fetch(api + path, { method, headers, body: body && JSON.stringify(body) });
          const json = await answer.json();
          if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(json)}`);
          return json;
        };
        const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;
        return new AsyncFunction("call", code)(call);
      },
      `${snippet}\nreturn ${variable};`,
      API_URL,
      token,
    );

  await run(register, "null", ACCESS_TOKEN);
  const { credentials } = await devtools.send("WebAuthn.getCredentials", { authenticatorId });
  assert.equal(credentials.length, 1);
  assert(credentials[0].isResidentCredential, "it can be found without a name");
  const tokens = await run(signIn, "tokens");
  assert.deepEqual(tokens.session.amr, ["pop", "user", "mfa"]);

  const withEmail = signIn.replace('authenticate/options", {}', `authenticate/options", ${JSON.stringify({ email: EMAIL })}`);
  assert.notEqual(withEmail, signIn);
  assert.equal((await run(withEmail, "tokens")).user.id, tokens.user.id);

  // The same authenticator offers no second passkey of the same account.
  await assert.rejects(run(register, "null", tokens.access_token), /InvalidStateError/);
  await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await assert.rejects(run(signIn, "tokens"), /NotAllowedError/);
} finally {
  await browser.close();
  application.close();
}
