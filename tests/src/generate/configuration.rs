//! `docs/configuration.md`: the parameters of the template.

use std::fmt::Write;

use serde_json::Value;

use crate::template::Template;

const INTRODUCTION: &str = "# Configuration

Everything that you can set is a parameter of `template.yaml`. `samconfig.toml` has the values of each stage. This page is generated from the
template (`make template`).

A parameter without a default is required: CloudFormation refuses the deployment without it. Rules of the template refuse combinations
that would fail during the deployment or send alarms to nobody; they are listed at the end.

The local stack sets `Stage`, `PublicUrl`, `AppUrl`, `MailFrom`, `SandboxUrl`, `RedirectUris` and `LogRetention` by itself. You set these in the environment of
`make up`; the others have their defaults:

| variable | parameter | local default | why it differs from production |
|---|---|---|---|
| `PROFILE=convenient` | `EnumerationProtection=false`, `StaffMfa=false` | `true`, `true` | they do not differ; with this profile registering tells whether an address is taken, and staff sign in with a password alone |
| `RATE_LIMIT_SCALE` | `RateLimitScale` | `10000` | tests and demos would reach the limits; `1` rehearses production. A limit that was reached before the change stays until it ends; `make reset` clears it |
| `CORS_ORIGINS` | `CorsOrigins` | `http://localhost:3000,http://localhost:5173` | the development servers of most front ends |
";

/// The text of the page.
pub fn configuration(template: &Template) -> String {
    let body = template.body();
    let mut text = INTRODUCTION.to_owned();
    let groups = body["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].as_array();
    for group in groups.into_iter().flatten() {
        let label = group["Label"]["default"].as_str().unwrap_or_default();
        let _ = write!(text, "\n## {label}\n\n| parameter | default | values | meaning |\n|---|---|---|---|\n");
        for name in group["Parameters"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let parameter = &body["Parameters"][name];
            let meaning = parameter["Description"].as_str().unwrap_or_default().replace('|', "\\|");
            let _ = writeln!(text, "| `{name}` | {} | {} | {meaning} |", default_of(parameter), values_of(parameter));
        }
    }
    text.push_str("\n## Rules\n\n");
    for rule in body["Rules"].as_object().into_iter().flatten().map(|(_, rule)| rule) {
        for assertion in rule["Assertions"].as_array().into_iter().flatten() {
            let _ = writeln!(text, "- {}.", assertion["AssertDescription"].as_str().unwrap_or_default());
        }
    }
    text
}

fn default_of(parameter: &Value) -> String {
    match &parameter["Default"] {
        Value::Null => "**required**".to_owned(),
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

fn values_of(parameter: &Value) -> String {
    if let Some(values) = parameter["AllowedValues"].as_array() {
        let words = values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        return words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    }
    if let Some(pattern) = parameter["AllowedPattern"].as_str() {
        return format!("matches `{}`", pattern.replace('|', "\\|"));
    }
    match (&parameter["MinValue"], &parameter["MaxValue"]) {
        (Value::Null, Value::Null) => "any text".to_owned(),
        (least, Value::Null) => format!("from {least}"),
        (least, most) => format!("{least} to {most}"),
    }
}
