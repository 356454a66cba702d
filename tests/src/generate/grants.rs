//! Roles. Functions with equal grants share a role, which has the name of the first of them.

use std::{collections::BTreeMap, fmt::Write};

use verinym::{
    config::names::{Bucket, Queue, SecretId},
    function::{AwsResource, Function, Grant},
    store::Table,
};

use super::{logical, title};

fn grants(function: &Function) -> Vec<Grant> {
    function.settings.needs.grants().keys().copied().collect()
}

/// The functions of each role, by the role's logical name, in the order of the functions.
fn members(functions: &[Function]) -> Vec<(String, Vec<&Function>)> {
    let mut roles: Vec<(Vec<Grant>, Vec<&Function>)> = Vec::new();
    for function in functions {
        let wanted = grants(function);
        match roles.iter_mut().find(|(known, _)| *known == wanted) {
            Some((_, members)) => members.push(function),
            None => roles.push((wanted, vec![function])),
        }
    }
    roles.into_iter().map(|(_, members)| (format!("{}Role", logical(members[0].name)), members)).collect()
}

/// The logical name of the role of each function.
pub fn role_names(functions: &[Function]) -> BTreeMap<&'static str, String> {
    let roles = members(functions);
    roles.iter().flat_map(|(role, members)| members.iter().map(|one| (one.name, role.clone()))).collect()
}

pub fn roles(functions: &[Function]) -> String {
    let mut text = title("Roles: functions that need the same share one");
    for (number, (role, members)) in members(functions).into_iter().enumerate() {
        let names: Vec<_> = members.iter().map(|function| function.name).collect();
        let trust = if number == 0 {
            "&lambda
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]"
        } else {
            "*lambda"
        };
        let _ = write!(
            text,
            "  # {}
  {role}:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {trust}
      Policies:
        - PolicyName: needs
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
{}
",
            names.join(", "),
            indented(&statements_of(&grants(members[0])), 14)
        );
    }
    text
}

/// Policy statements for grants, one for resources with the same actions.
fn statements_of(grants: &[Grant]) -> String {
    let mut by_resource: BTreeMap<AwsResource, Vec<&str>> = BTreeMap::new();
    for grant in grants {
        by_resource.entry(grant.resource).or_default().push(grant.action);
    }
    let mut by_actions: Vec<(Vec<&str>, Vec<AwsResource>)> = Vec::new();
    for (resource, actions) in by_resource {
        let alone = matches!(resource, AwsResource::Anything | AwsResource::MailIdentities | AwsResource::TextMessages);
        let same = by_actions
            .iter_mut()
            .find(|(known, resources)| *known == actions && !alone && is_key(resources[0]) == is_key(resource));
        match same {
            Some((_, resources)) => resources.push(resource),
            None => by_actions.push((actions, vec![resource])),
        }
    }
    let text = |(actions, resources): &(Vec<&str>, Vec<AwsResource>)| {
        let purposes: Vec<_> = resources.iter().filter_map(purpose).collect();
        let arns: Vec<_> = if purposes.is_empty() {
            resources.iter().map(arn).collect()
        } else {
            vec!["!GetAtt DataKey.Arn".to_owned()]
        };
        // The emulator's IAM does not know encryption contexts and would deny every call.
        let condition = (!purposes.is_empty()).then(|| {
            let purposes = purposes.join(", ");
            format!(
                "!If [OnAws, {{StringEquals: {{'kms:EncryptionContext:purpose': [{purposes}]}}}}, !Ref AWS::NoValue]"
            )
        });
        let denied = if resources.contains(&AwsResource::TextMessages) { NO_TOPICS } else { "" };
        statement(actions, &arns, condition.as_deref()) + denied
    };
    by_actions.iter().map(text).collect()
}

/// A phone number has no ARN, so a message to one is published to `*` (Amazon SNS, "Publishing to a mobile phone"). Topics and
/// platform endpoints have one.
const NO_TOPICS: &str = "- Effect: Deny\n  Action: [sns:Publish]\n  Resource: !Sub 'arn:${AWS::Partition}:sns:*:*:*'\n";

fn statement(actions: &[&str], arns: &[String], condition: Option<&str>) -> String {
    let mut text = format!("- Effect: Allow\n  Action: [{}]\n", actions.join(", "));
    match arns {
        [one] => {
            let _ = writeln!(text, "  Resource: {one}");
        }
        several => {
            text.push_str("  Resource:\n");
            for arn in several {
                let _ = writeln!(text, "    - {arn}");
            }
        }
    }
    if let Some(condition) = condition {
        let _ = writeln!(text, "  Condition: {condition}");
    }
    text
}

fn purpose(resource: &AwsResource) -> Option<&'static str> {
    match resource {
        AwsResource::KeysOf(purpose) => Some(purpose.name()),
        _ => None,
    }
}

fn is_key(resource: AwsResource) -> bool {
    purpose(&resource).is_some()
}

fn arn(resource: &AwsResource) -> String {
    match resource {
        AwsResource::Table(table) => format!("!GetAtt {}.Arn", table_name(*table)),
        AwsResource::Index(table, index) => format!("!Sub '${{{}.Arn}}/index/{index}'", table_name(*table)),
        AwsResource::OutboxStream => format!("!GetAtt {}.StreamArn", table_name(Table::Outbound)),
        AwsResource::Anything | AwsResource::TextMessages => "'*'".to_owned(),
        AwsResource::Secret(secret) => format!("!GetAtt {}.Id", secret_name(*secret)),
        AwsResource::Queue(queue) => format!("!GetAtt {}.Arn", queue_name(*queue)),
        AwsResource::DeadLetters(queue) => format!("!GetAtt {}.Arn", dead_letters_name(*queue)),
        AwsResource::Bucket(bucket) => format!("!GetAtt {}.Arn", bucket_name(*bucket)),
        AwsResource::Folder(bucket, folder) => format!("!Sub '${{{}.Arn}}/{folder}/*'", bucket_name(*bucket)),
        AwsResource::KeysOf(_) | AwsResource::DataKey => "!GetAtt DataKey.Arn".to_owned(),
        AwsResource::Logs(area) => format!("!GetAtt {}Logs.Arn", logical(area)),
        // The emulator knows no identities as resources.
        AwsResource::MailIdentities => {
            "!If [OnAws, !Sub 'arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*', '*']".to_owned()
        }
    }
}

fn table_name(table: Table) -> String {
    format!("{table:?}Table")
}

fn secret_name(secret: SecretId) -> String {
    format!("{secret:?}Secret")
}

fn bucket_name(bucket: Bucket) -> String {
    format!("{bucket:?}Bucket")
}

pub fn queue_name(queue: Queue) -> String {
    format!("{queue:?}Queue")
}

pub fn dead_letters_name(queue: Queue) -> String {
    format!("{queue:?}DeadLetters")
}

fn indented(text: &str, spaces: usize) -> String {
    let indent = " ".repeat(spaces);
    text.lines().flat_map(|line| [indent.as_str(), line, "\n"]).collect()
}
