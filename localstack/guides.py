"""Runs the snippets of the guides against the stack that is up, as their readers would.

    python -m localstack.guides

The `sh` blocks of docs/quickstart.md are one script. The `python` and `ts` blocks of docs/integrate.md get a short program behind them that
signs somebody up, has a passport approved and verifies the access token, and a tampered one. So do the `rust` blocks, as a
package of their own, with the versions of Cargo.lock. The `ts` blocks of docs/passkeys.md run in a headless Chromium, and the
templates of docs/authorizer.md are deployed.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from localstack import authorizer, node
from localstack.client import Client
from localstack.clients import confirmed_person
from localstack.mailbox import Mailbox
from localstack.passport import picture
from localstack.settings import ROOT, Settings, step
from localstack.snippets import blocks
from localstack.venv import ensure

# Seconds for one guide.
LIMIT = 600

PYTHON = '''
import http.server, os, re, secrets, subprocess, sys, threading

base, email, password = os.environ["API_URL"], os.environ["EMAIL"], secrets.token_urlsafe(18)
api = Verinym(base)
sign_up(api, email, password)
mail = subprocess.run([os.environ["STACK_PYTHON"], "-m", "localstack.mailbox"], env=os.environ | {"TO": email},
                      capture_output=True, text=True, check=True).stdout
confirm(api, re.search(r"token=(\\S+)", mail)[1], password)
person = sign_in(api, email, password)
with open(os.environ["PASSPORT"], "rb") as file:
    document = upload(person, "passport", "OK-" + secrets.token_hex(4), file.read(), secrets.token_hex(8))
print(verify(person, document, secrets.token_hex(8)))
refresh(person)
try:
    rename(person, "Augusta")
except Problem as problem:
    assert problem.code == "check_in_progress", problem
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(502)
        self.end_headers()
        self.wfile.write(b"<html>Bad gateway</html>")
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Page)
threading.Thread(target=server.serve_forever, daemon=True).start()
try:
    Verinym(f"http://127.0.0.1:{server.server_port}").call("GET", "/")
except Problem as problem:
    assert (problem.status, problem.code) == (502, None), problem
keys = jwt.PyJWKClient(base + "/.well-known/jwks.json")
claims = claims_of(person.access_token, base, keys)
assert claims["sub"] == person.call("GET", "/v1/auth/me")["user"]["id"]
head, body, signature = person.access_token.split(".")
for wrong in (f"{head}.{body}.{signature[::-1]}", f"{head}.{body}x.{signature}"):
    try:
        claims_of(wrong, base, keys)
    except jwt.InvalidTokenError:
        continue
    sys.exit("a tampered token was accepted")
try:
    claims_of(person.access_token, base + "/other", keys)
    sys.exit("a token of another issuer was accepted")
except jwt.InvalidTokenError:
    pass
try:
    person.call("GET", "/v1/kyc/checks/nonsense")
except Problem as problem:
    assert (problem.status, problem.code) == (404, "not_found"), problem
'''

TYPESCRIPT = '''
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Problem, Verinym, confirm, refresh, signIn, signUp, upload, verify } from "./verinym.ts";
import { claimsOf } from "./claims.ts";

const env = process.env as Record<string, string>;
const api = new Verinym(env.API_URL);
const password = randomUUID();
await signUp(api, env.EMAIL, password);
const mail = execFileSync(env.STACK_PYTHON, ["-m", "localstack.mailbox"], {
  cwd: env.ROOT, env: { ...env, TO: env.EMAIL }, encoding: "utf8",
});
await confirm(api, /token=(\\S+)/.exec(mail)![1], password);
const person = await signIn(api, env.EMAIL, password);
const file = new Blob([readFileSync(env.PASSPORT)]);
const document = await upload(person, "passport", "OK-" + randomUUID().slice(0, 8), file, randomUUID());
console.log(await verify(person, document, randomUUID()));
await refresh(person);
const claims = await claimsOf(person.accessToken!);
const me = await person.call<{ user: { id: string } }>("GET", "/v1/auth/me");
if (claims.sub !== me.user.id) throw new Error("the token is of somebody else");
const [head, body, signature] = person.accessToken!.split(".");
const tampered = `${head}.${body}.${[...signature].reverse().join("")}`;
const accepted = await claimsOf(tampered).then(() => true, () => false);
if (accepted) throw new Error("a tampered token was accepted");
try {
  await person.call("GET", "/v1/kyc/checks/nonsense");
} catch (problem) {
  if (!(problem instanceof Problem) || problem.code !== "not_found") throw problem;
}
'''


RUST = '''
fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

/// The token of the newest mail to an address. The local stack keeps its mails.
fn mailed_token(email: &str) -> String {
    let mailbox = ["-m", "localstack.mailbox"];
    let output = std::process::Command::new(variable("STACK_PYTHON")).args(mailbox).env("TO", email).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split("token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
}

#[tokio::main]
async fn main() -> Result<(), Problem> {
    let (base, email, password) = (variable("API_URL"), variable("EMAIL"), "a plain passage of seven words here");
    let api = Verinym::new(&base);
    sign_up(&api, &email, password).await?;
    confirm(&api, &mailed_token(&email), password).await?;
    let mut person = sign_in(&api, &email, password).await?;
    let file = std::fs::read(variable("PASSPORT")).unwrap();
    let document = upload(&person, "passport", &format!("OK-{}", std::process::id()), file, &format!("{email} u")).await;
    assert!(document.is_err_and(|problem| problem.status == 400 && problem.retry_after.is_none()), "a key with a blank was accepted");
    let file = std::fs::read(variable("PASSPORT")).unwrap();
    let document = upload(&person, "passport", &format!("OK-{}", std::process::id()), file, &format!("{email}-u")).await?;
    println!("{}", verify(&person, &document, &format!("{email}-c")).await?);
    refresh(&mut person).await?;

    let keys = send(api.request(Method::GET, "/.well-known/jwks.json")).await?;
    let keys: JwkSet = serde_json::from_value(keys).unwrap();
    let token = person.access_token.as_deref().unwrap();
    let me = send(person.request(Method::GET, "/v1/auth/me")).await?;
    assert_eq!(claims_of(token, &keys, &base).unwrap()["sub"], me["user"]["id"]);
    assert_eq!(claims_of(token, &keys, &format!("{base}/other")), None);
    let (rest, signature) = token.rsplit_once('.').unwrap();
    let tampered: String = signature.chars().rev().collect();
    assert_eq!(claims_of(&format!("{rest}.{tampered}"), &keys, &base), None);
    Ok(())
}
'''

MANIFEST = '''
[package]
name = "integrate"
edition = "2024"

[dependencies]
jsonwebtoken = { version = "11", features = ["aws_lc_rs"] }
reqwest = { version = "0.13", default-features = false, features = ["json", "multipart", "rustls"] }
serde_json = "1"
tokio = { version = "1", features = ["macros", "rt-multi-thread", "time"] }

[profile.dev]
debug = 0

[workspace]
'''


def run(name: str, command: list[str], cwd: Path, environment: dict[str, str]) -> None:
    """Runs a program, whose last word of output is the outcome of the check."""
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    if done.returncode != 0 or "approved" not in done.stdout:
        sys.exit(f"{name} failed ({done.returncode}):\n{done.stdout}\n{done.stderr}")
    step(f"{name}: approved after {time.monotonic() - began:.1f} s")


# The exit code of a program that this machine cannot run.
NOT_HERE = 3


def passkeys(settings: Settings, api_url: str) -> None:
    """Registers a passkey and signs in with it, as docs/passkeys.md says, in a browser with a virtual authenticator."""
    began = time.monotonic()
    binaries = node.node()
    modules = node.packages("browser", binaries)
    program = shutil.copy(ROOT / "localstack" / "passkeys.mjs", modules)
    person = confirmed_person(api_url, Mailbox(settings.mailbox), "passkeys")
    tokens = Client(api_url).post("/v1/auth/login", {"email": person["EMAIL"], "password": person["PASSWORD"]})
    variables = {
        "API_URL": api_url,
        "EMAIL": person["EMAIL"],
        "ACCESS_TOKEN": tokens["access_token"],
        "SNIPPETS": json.dumps(blocks("passkeys.md", "ts")),
    }
    done = subprocess.run(
        [str(binaries / "node"), str(program)],
        cwd=modules,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if done.returncode == NOT_HERE:
        step(f"docs/passkeys.md: skipped, {done.stdout.strip()}")
    elif done.returncode != 0:
        sys.exit(f"docs/passkeys.md failed ({done.returncode}):\n{done.stdout}\n{done.stderr}")
    else:
        step(f"docs/passkeys.md: signed in by a browser's passkey after {time.monotonic() - began:.1f} s")


def main() -> None:
    settings = Settings.read()
    stack = settings.variables()
    work = settings.data / "guides"
    work.mkdir(parents=True, exist_ok=True)
    (work / "passport.png").write_bytes(picture("guides"))
    mark = os.urandom(6).hex()
    environment = os.environ | {
        "API_URL": stack["API_URL"],
        "ROOT": str(ROOT),
        "PYTHONPATH": str(ROOT),
        "STACK_PYTHON": sys.executable,
        "PASSPORT": str(work / "passport.png"),
    }

    script = "\n".join(blocks("quickstart.md", "sh")).replace("target/stack.env", str(settings.env_file))
    run("docs/quickstart.md", ["bash", "-c", script], ROOT, environment)

    program = work / "integrate.py"
    program.write_text("\n".join([*blocks("integrate.md", "python"), PYTHON]))
    python = ensure("guides") / "bin" / "python"
    run("docs/integrate.md, Python", [str(python), str(program)], ROOT, environment | {"EMAIL": f"py-{mark}@example.org"})

    binaries = node.node()
    modules = node.packages("guides", binaries)
    for file, language, extra in (("verinym.ts", "ts", ""), ("claims.ts", "ts jose", ""), ("main.ts", None, TYPESCRIPT)):
        (modules / file).write_text(extra or "\n".join(blocks("integrate.md", language)))
    command = [str(binaries / "node"), str(modules / "main.ts")]
    run("docs/integrate.md, TypeScript", command, modules, environment | {"EMAIL": f"ts-{mark}@example.org"})

    passkeys(settings, stack["API_URL"])
    authorizer.check(settings, stack["API_URL"])

    package = work / "rust"
    (package / "src").mkdir(parents=True, exist_ok=True)
    (package / "Cargo.toml").write_text(MANIFEST)
    shutil.copy(ROOT / "Cargo.lock", package)
    program, claims = blocks("integrate.md", "rust")
    (package / "src" / "main.rs").write_text(f"{program}\nmod claims {{\n{claims}}}\nuse claims::claims_of;\nuse jsonwebtoken::jwk::JwkSet;\n{RUST}")
    # The build is kept, since `work` is not.
    variables = {"EMAIL": f"rs-{mark}@example.org", "CARGO_TARGET_DIR": str(ROOT / "target" / "guides")}
    run("docs/integrate.md, Rust", ["cargo", "run", "--quiet"], package, environment | variables)


if __name__ == "__main__":
    main()
