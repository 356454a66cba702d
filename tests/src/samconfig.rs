//! The deployments that `samconfig.toml` describes.

use crate::{deployment::Deployment, template::Template, workspace::root};

/// One `[<name>.deploy.parameters]` table.
#[derive(Debug, Clone, Default)]
pub struct Target {
    pub name: String,
    pub stack_name: String,
    pub region: String,
    /// Path of the template, from the workspace.
    pub template: String,
    pub overrides: Vec<(String, String)>,
}

impl Target {
    /// The deployment, as `CloudFormation` evaluates it.
    pub fn deployment(&self) -> Deployment {
        self.deployment_with(&[])
    }

    /// The same with these parameters changed.
    pub fn deployment_with(&self, given: &[(&str, &str)]) -> Deployment {
        let mut all: Vec<(&str, &str)> = given.to_vec();
        let own = self.overrides.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.extend(own.filter(|(name, _)| given.iter().all(|(other, _)| other != name)));
        Deployment::new(&Template::load(&self.template), &self.stack_name, &self.region, &all)
    }
}

/// The targets, in the file's order.
///
/// # Panics
/// If the file has a line of a form that is not used there.
pub fn targets() -> Vec<Target> {
    parse(&std::fs::read_to_string(root().join("samconfig.toml")).expect("samconfig.toml"))
}

/// The targets of the main template.
pub fn main_targets() -> Vec<Target> {
    targets().into_iter().filter(|target| target.template == "template.yaml").collect()
}

/// The small part of TOML that the file uses: tables, texts, truth values, and arrays of one text a line.
fn parse(text: &str) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    let mut in_overrides = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if line == "]" {
            in_overrides = false;
        } else if in_overrides {
            let (name, value) = line.trim_end_matches(',').trim_matches('"').split_once('=').expect("name=value");
            let target = targets.last_mut().expect("a table");
            target.overrides.push((name.to_owned(), value.to_owned()));
        } else if let Some(table) = line.strip_prefix('[') {
            let name = table.strip_suffix(".deploy.parameters]").unwrap_or_else(|| panic!("the table {line}"));
            let template = "template.yaml".to_owned();
            targets.push(Target { name: name.to_owned(), template, ..Target::default() });
        } else {
            let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("the line {line}"));
            let value = value.trim().trim_matches('"').to_owned();
            match (name.trim(), targets.last_mut()) {
                ("parameter_overrides", _) if value == "[" => in_overrides = true,
                ("stack_name", Some(target)) => target.stack_name = value,
                ("region", Some(target)) => target.region = value,
                ("template_file", Some(target)) => target.template = value,
                ("version", None) => {}
                ("resolve_s3" | "s3_prefix" | "capabilities" | "confirm_changeset" | "fail_on_empty_changeset", _) => {}
                (other, _) => panic!("samconfig.toml sets {other}, which this reader does not know"),
            }
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_overrides_are_read() {
        let text = "version = 0.1\n# note\n[dev.deploy.parameters]\nstack_name = \"a\"\nregion = \"r\"\n\
                    parameter_overrides = [\n  \"Stage=dev\",\n  # note\n  \"Url=https://x/?a=b\",\n]\n\
                    [two.deploy.parameters]\ntemplate_file = \"t.yaml\"\n";
        let targets = parse(text);
        assert_eq!(targets.iter().map(|target| target.name.as_str()).collect::<Vec<_>>(), ["dev", "two"]);
        assert_eq!(targets[0].overrides[1], ("Url".to_owned(), "https://x/?a=b".to_owned()));
        assert_eq!(targets[1].template, "t.yaml");
    }
}
