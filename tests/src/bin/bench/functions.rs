//! Cold starts, memory and packages of release functions.

use std::{cell::RefCell, collections::BTreeMap, process::Command};

use serde_json::Value;
use verinym::config::{Config, Section};
use verinym_tests::{Stack, contract};

use crate::{
    BudgetRow, binaries,
    harness::{Running, gateway_event},
    median,
};

const STARTS: usize = 30;
const CALLS: usize = 1_000;
/// A simple function, typical ones, the one with the most clients, and a worker.
const SAMPLE: [&str; 5] = ["platform-health", "auth-me", "auth-login", "kyc-upload-document", "workers-verify"];

const COLD_BUDGET: f64 = 6.0;
const FIRST_BUDGET: f64 = 10.0;
const LOADED_BUDGET: f64 = 20.0;
const PACKAGE_BUDGET: f64 = 5.0;
const LARGEST_PACKAGE_BUDGET: f64 = 7.0;

pub async fn rows(stack: Option<&Stack>) -> Vec<BudgetRow> {
    let variables = variables(stack).await;
    let mut rows = Vec::new();
    for name in SAMPLE {
        let binary = binaries().join(name);
        let (mut cold, mut memory) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            let running = Running::start(&binary, &variables).await;
            cold.push(running.cold.as_secs_f64() * 1e3);
            memory.push(running.memory());
            running.end().await;
        }
        let (cold, memory) = (median(cold), median(memory));
        rows.push(row(format!("cold start, {name}"), COLD_BUDGET, cold, "ms"));
        rows.push(row(format!("memory at first poll, {name}"), FIRST_BUDGET, memory, "MB"));
    }
    rows.push(under_load("platform-health", &variables, gateway_event("GET", "/v1/health", None, &Value::Null)).await);
    if let Some(stack) = stack {
        let person = stack.person().await;
        let event = gateway_event("GET", "/v1/auth/me", Some(person.api.token()), &Value::Null);
        rows.push(under_load("auth-me", &variables, event).await);
    }
    rows
}

async fn under_load(name: &str, variables: &BTreeMap<String, String>, event: Value) -> BudgetRow {
    let running = Running::start(&binaries().join(name), variables).await;
    for _ in 0..CALLS {
        let answer = running.invoke(event.clone()).await;
        assert_eq!(answer["statusCode"], 200, "{name}: {answer}");
    }
    let memory = running.memory();
    running.end().await;
    row(format!("memory after {CALLS} calls, {name}"), LOADED_BUDGET, memory, "MB")
}

fn row(what: String, budget: f64, measured: f64, unit: &str) -> BudgetRow {
    BudgetRow {
        what,
        budget: format!("≤ {budget} {unit}"),
        measured: format!("{measured:.1} {unit}"),
        kept: measured <= budget,
    }
}

/// The variables of a deployed function, or a complete set of plausible ones if no stack runs.
pub async fn variables(stack: Option<&Stack>) -> BTreeMap<String, String> {
    if let Some(stack) = stack {
        return with_platform(stack, stack.aws().whole_environment().await);
    }
    let mut variables = BTreeMap::new();
    let read = RefCell::new(&mut variables);
    let complete = Config::from_lookup(&Section::ALL, |name| {
        read.borrow_mut().insert(name.to_owned(), plausible(name));
        Some(plausible(name))
    });
    complete.expect("a complete set of variables");
    variables
}

/// A deployed function's variables.
pub async fn variables_of(stack: &Stack, function: &str) -> BTreeMap<String, String> {
    let deployed = stack.aws().environment(function).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    with_platform(
        stack,
        deployed.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect(),
    )
}

/// With what the platform adds to a function's variables.
fn with_platform(stack: &Stack, mut variables: BTreeMap<String, String>) -> BTreeMap<String, String> {
    for name in ["AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        variables.insert(name.to_owned(), stack.var(name).to_owned());
    }
    variables
}

fn plausible(name: &str) -> String {
    match name {
        "STAGE" => "dev",
        "CORS_ORIGINS" | "REDIRECT_URIS" | "PASSKEY_RP_ID" => "",
        "ENUMERATION_PROTECTION" | "FOUR_EYES" | "STAFF_MFA" | "STALE_LISTS_CLEAR_NOBODY" => "true",
        "MAIL_COLOR" => "#1f4fd8",
        "SCREENING_THRESHOLD" => "0.85",
        "PASSWORD_POLICY" => "nist",
        "RATE_LIMIT_SCALE" => "1",
        "AWS_REGION" => "eu-central-1",
        "URL_SUFFIX" => "amazonaws.com",
        "AWS_ENDPOINT_URL" | "SANDBOX_URL" => "",
        name if name.ends_with("_URL") || name == "ISSUER" => "https://id.example",
        _ => "value",
    }
    .to_owned()
}

/// Every function, zipped as it is deployed.
pub fn packages() -> Vec<BudgetRow> {
    let names: Vec<_> = contract::endpoints()
        .iter()
        .map(|endpoint| endpoint.route.function)
        .chain(contract::workers().iter().map(|worker| worker.function))
        .collect();
    let mut sizes: Vec<_> = names.iter().map(|name| (zipped(name), *name)).collect();
    sizes.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (largest, name) = sizes[sizes.len() - 1];
    let middle = sizes[sizes.len() / 2].0;
    vec![
        row(format!("package, median of {} functions", sizes.len()), PACKAGE_BUDGET, middle, "MB"),
        row(format!("package, largest ({name})"), LARGEST_PACKAGE_BUDGET, largest, "MB"),
    ]
}

/// Megabytes of a function's package.
fn zipped(name: &str) -> f64 {
    const SCRIPT: &str = "import io, sys, zipfile\nout = io.BytesIO()\n\
        zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED).write(sys.argv[1], 'bootstrap')\nprint(len(out.getvalue()))";
    let output = Command::new("python3").args(["-c", SCRIPT]).arg(binaries().join(name)).output().unwrap();
    let bytes: f64 = String::from_utf8_lossy(&output.stdout)
        .trim()
        .parse()
        .unwrap_or_else(|_| panic!("{name}: {}", String::from_utf8_lossy(&output.stderr)));
    bytes / 1e6
}
