//! Writes the functions' part of `template.yaml`, and the functions' binaries, from what the code declares.

mod alarms;
pub mod configuration;
mod functions;
mod grants;
mod paths;

use std::{collections::BTreeMap, path::PathBuf};

use verinym::function::Function;

use crate::workspace::root;

/// The file that contains the generated parts.
pub fn template_path() -> PathBuf {
    root().join("template.yaml")
}

/// The template with its generated parts replaced.
///
/// # Panics
/// If a marker is missing.
pub fn template(text: &str, functions: &[Function]) -> String {
    let with_paths = between(text, "paths", &paths::paths(functions));
    between(&with_paths, "functions", &resources(functions))
}

fn resources(functions: &[Function]) -> String {
    let parts = [
        functions::queues(functions),
        grants::roles(functions),
        functions::functions(functions),
        functions::logs(functions),
        alarms::alarms(functions),
    ];
    parts.concat()
}

/// Replaces the text between the two markers of a name.
fn between(text: &str, name: &str, generated: &str) -> String {
    let marker = |word: &str| format!("# {word} make template: {name}\n");
    let (before, rest) = text.split_once(&marker("BEGIN")).expect("the template has the marker of a beginning");
    let (_, after) = rest.split_once(&marker("END")).expect("the template has the marker of an end");
    let indent = before.rsplit('\n').next().unwrap_or_default();
    format!("{before}{}{generated}{indent}{}{after}", marker("BEGIN"), marker("END"))
}

/// Path and text of each generated source file: the binary of each function, and the table of allowed methods.
pub fn sources(functions: &[Function]) -> BTreeMap<PathBuf, String> {
    let binary = |function: &Function| {
        let area = function.area();
        let module = function.name[area.len() + 1..].replace('-', "_");
        let call = match function.trigger {
            verinym::function::Trigger::Api(_) => format!("http::serve(verinym_{area}::{module}::endpoint())"),
            _ => format!("messaging::run(verinym_{area}::{module}::worker())"),
        };
        let path = root().join(format!("functions/{area}/src/bin/{}.rs", function.name));
        (path, format!("fn main() -> std::process::ExitCode {{\n    verinym::{call}\n}}\n"))
    };
    functions.iter().map(binary).chain([(allowed_methods_path(), paths::allowed_methods(functions))]).collect()
}

fn allowed_methods_path() -> PathBuf {
    root().join("functions/platform/src/allowed_methods.rs")
}

/// The committed files, by path; those of the sandbox provider are not generated.
pub fn kept_sources() -> BTreeMap<PathBuf, String> {
    let mut kept = BTreeMap::new();
    if let Ok(text) = std::fs::read_to_string(allowed_methods_path()) {
        kept.insert(allowed_methods_path(), text);
    }
    for area in std::fs::read_dir(root().join("functions")).expect("the directory of functions").flatten() {
        let Ok(binaries) = std::fs::read_dir(area.path().join("src/bin")) else { continue };
        if area.file_name() == "sandbox" {
            continue;
        }
        for path in binaries.flatten().map(|binary| binary.path()) {
            kept.insert(path.clone(), std::fs::read_to_string(&path).expect("a binary's text"));
        }
    }
    kept
}

/// The logical name of a function's resource: `auth-login` is `AuthLogin`.
fn logical(name: &str) -> String {
    let words = name.split('-').map(|word| word.split_at(1));
    words.flat_map(|(first, rest)| [first.to_uppercase(), rest.to_owned()]).collect()
}

/// The areas of functions, each once, in the functions' order.
fn areas(functions: &[Function]) -> Vec<&'static str> {
    let mut areas = Vec::new();
    for function in functions {
        if !areas.contains(&function.area()) {
            areas.push(function.area());
        }
    }
    areas
}

/// A text as a YAML scalar.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn title(text: &str) -> String {
    format!("  # ---- {text} {}\n\n", "-".repeat(110_usize.saturating_sub(text.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_markers_is_replaced_and_nothing_else() {
        let text = "a\n  # BEGIN make template: x\nold\n  # END make template: x\nb\n";
        let new = between(text, "x", "new\n");
        assert_eq!(new, "a\n  # BEGIN make template: x\nnew\n  # END make template: x\nb\n");
        assert_eq!(between(&new, "x", "new\n"), new);
    }

    #[test]
    fn names_are_words_joined() {
        assert_eq!(logical("kyc-get-document-content"), "KycGetDocumentContent");
    }
}
