//! Concurrency, loops and alarms.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use verinym::{config::names::Queue, function::Trigger};
use verinym_tests::{
    contract,
    deployment::{Deployment, text_of, texts},
    samconfig::main_targets,
};

use crate::{FUNCTION, local, prod};

fn schedules_and_queues(deployment: &Deployment) -> BTreeMap<String, (Value, Vec<Value>)> {
    let functions = deployment.of_type(FUNCTION).into_iter();
    let events = |function: &Value| -> Vec<Value> {
        function["Events"].as_object().into_iter().flat_map(|events| events.values().cloned()).collect()
    };
    functions.map(|(name, function)| (name, (function.clone(), events(&function)))).collect()
}

/// A new account's quota is often 10, and reserving anything then fails.
#[test]
fn concurrency_is_reserved_only_by_parameter() {
    for target in main_targets() {
        let functions = target.deployment().of_type(FUNCTION);
        assert!(functions.values().all(|function| function.get("ReservedConcurrentExecutions").is_none()));
    }
    let given = [("SignInConcurrency", "20"), ("WorkerConcurrency", "8"), ("MailConcurrency", "3")];
    let deployment = prod().deployment_with(&given);
    let sign_in = [
        "register",
        "verify-email",
        "resend-verification",
        "login",
        "magic-link",
        "magic-link-verify",
        "mfa-send-code",
        "mfa-verify",
        "passkey-sign-in",
        "passkey-sign-in-options",
        "reauthenticate",
        "refresh",
        "forgot-password",
        "reset-password",
        "accept-invitation",
    ];
    for (name, (function, events)) in schedules_and_queues(&deployment) {
        let reserved =
            function.get("ReservedConcurrentExecutions").map(|number| text_of(number).parse::<u64>().unwrap());
        let binary = text_of(&function["CodeUri"]);
        let is_sign_in = sign_in.iter().any(|one| binary.contains(&format!("/auth-{one}/")));
        if is_sign_in {
            assert_eq!(reserved, Some(20), "{name}");
        }
        assert_eq!(reserved.is_some(), is_sign_in || binary.contains("/workers-"), "{name}");
        for event in events.iter().filter(|event| event["Type"] == "SQS") {
            let most = text_of(&event["Properties"]["ScalingConfig"]["MaximumConcurrency"]).parse::<u64>().unwrap();
            // The rest would be throttled, and its messages would end as dead letters.
            assert!((2..=reserved.unwrap()).contains(&most), "{name}: {most} of {reserved:?}");
        }
    }
}

#[test]
fn mail_senders_are_as_many_as_the_parameter_says() {
    let deployment = prod().deployment_with(&[("MailConcurrency", "3")]);
    let mapping = &deployment.of_type(FUNCTION)["WorkersSendMail"]["Events"]["Notification"]["Properties"];
    assert_eq!(mapping["ScalingConfig"]["MaximumConcurrency"], "3");
}

/// Lambda stops a function that answers its own queue for the sixteenth time, unless it is told that this is meant.
#[test]
fn workers_of_queues_may_put_a_message_back() {
    let deployment = prod().deployment();
    let mut workers = 0;
    for (name, (function, events)) in schedules_and_queues(&deployment) {
        let consumes = events.iter().any(|event| event["Type"] == "SQS");
        assert_eq!(function["RecursiveLoop"] == "Allow", consumes, "{name}");
        workers += usize::from(consumes);
    }
    assert_eq!(workers, Queue::ALL.len());
}

#[test]
fn each_schedule_alarms_when_it_fails_and_when_it_is_silent() {
    let deployment = prod().deployment();
    let alarms = deployment.of_type("AWS::CloudWatch::Alarm");
    let alarm = |metric: &str, function: &str| {
        let name = deployment.name_of(function);
        let of = |alarm: &&Value| alarm["MetricName"] == metric && alarm["Dimensions"][0]["Value"] == name.as_str();
        alarms.values().find(of).unwrap_or_else(|| panic!("{function} has no alarm of {metric}")).clone()
    };
    let mut schedules = 0;
    for (name, (_, events)) in schedules_and_queues(&deployment) {
        let Some(event) = events.iter().find(|event| event["Type"] == "Schedule") else { continue };
        schedules += 1;
        assert_eq!(alarm("Errors", &name)["TreatMissingData"], "notBreaching", "{name}");
        let silence = alarm("Invocations", &name);
        assert_eq!(silence["TreatMissingData"], "breaching", "{name}");
        assert_eq!((&silence["ComparisonOperator"], &silence["Threshold"]), (&json!("LessThanThreshold"), &json!(1)));
        let seconds = match text_of(&event["Properties"]["Schedule"]).as_str() {
            "rate(1 minute)" => 60,
            "rate(1 hour)" => 3_600,
            "rate(1 day)" => 86_400,
            other => panic!("say how often {other} is"),
        };
        let window = silence["Period"].as_u64().unwrap() * silence["EvaluationPeriods"].as_u64().unwrap();
        assert!(window >= 2 * seconds && window <= 604_800, "{name}: {window} s");
    }
    let declared = contract::functions().iter().filter(|of| matches!(of.trigger, Trigger::Schedule(_))).count();
    assert_eq!(schedules, declared);
    let throttles = alarms.values().find(|alarm| alarm["MetricName"] == "Throttles").unwrap();
    assert!(throttles.get("Dimensions").is_none(), "throttles of the whole account");
}

#[test]
fn alarms_go_to_the_topic_that_is_created_or_given() {
    let arn = "arn:aws:sns:eu-central-1:123456789012:ours";
    let made = prod().deployment();
    let topic = made.resources()["AlarmTopic"]["Properties"]["TopicName"].clone();
    assert_eq!(topic, "verinym-alarms");
    let given = prod().deployment_with(&[("AlarmTopicArn", arn)]);
    assert!(!given.resources().contains_key("AlarmTopic"));
    for (deployment, end) in [(&made, "verinym-alarms"), (&given, arn)] {
        for (name, alarm) in deployment.of_type("AWS::CloudWatch::Alarm") {
            let actions = texts(&alarm["AlarmActions"]);
            assert!(actions.len() == 1 && actions.iter().all(|action| action.ends_with(end)), "{name}: {actions:?}");
        }
        let subscription = &deployment.of_type("AWS::SNS::Subscription")["AlarmSubscription"];
        assert_eq!(subscription["Endpoint"], made.parameter("AlarmEmail"));
    }
    assert!(local("verinym").of_type("AWS::CloudWatch::Alarm").is_empty());
}

/// An alarm on a metric of ours names the dimensions that the log line gives it.
#[test]
fn alarms_on_the_functions_metrics_watch_this_stack_only() {
    for (name, alarm) in prod().deployment().of_type("AWS::CloudWatch::Alarm") {
        if alarm["Namespace"] == "Verinym" {
            assert_eq!(alarm["Dimensions"], json!([{"Name": "stack", "Value": "verinym"}]), "{name}");
        }
    }
}
