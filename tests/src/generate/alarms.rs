//! Alarms of queues, schedules and the stream.

use std::fmt::Write;

use verinym::function::{Every, Function, Trigger};

use super::{
    functions::consumers,
    grants::{dead_letters_name, queue_name},
    logical, quoted, title,
};

/// One alarm; `dimension` is the name of the metric's dimension and what fills it.
struct Alarm {
    name: String,
    description: String,
    namespace: &'static str,
    metric: &'static str,
    dimension: (&'static str, String),
    statistic: &'static str,
    /// In seconds.
    period: u32,
    periods: u32,
    threshold: u32,
    comparison: &'static str,
    missing: &'static str,
}

const ABOVE: &str = "GreaterThanThreshold";
const BELOW: &str = "LessThanThreshold";

/// Missing data is `notBreaching` if there is usually nothing to count, and `breaching` if something must be counted at all times.
pub fn alarms(functions: &[Function]) -> String {
    let mut all = Vec::new();
    for (_, trigger) in consumers(functions) {
        let (queue, dead) = (queue_name(trigger.queue), dead_letters_name(trigger.queue));
        all.push(Alarm {
            name: format!("{dead}Alarm"),
            description: format!("A message of {queue} failed five times; see the runbook for dead letters"),
            ..of_queue("ApproximateNumberOfMessagesVisible", &dead, 1, 0)
        });
        all.push(Alarm {
            name: format!("{:?}AgeAlarm", trigger.queue),
            description: format!("The oldest message of {queue} waits too long (seconds)"),
            ..of_queue("ApproximateAgeOfOldestMessage", &queue, 5, trigger.late_after)
        });
    }
    for function in functions {
        match function.trigger {
            Trigger::Schedule(every) => all.extend(of_schedule(function, every)),
            Trigger::OutboxStream => all.push(Alarm {
                name: "DispatchDelayAlarm".to_owned(),
                description: "The dispatcher lags behind the outbox (milliseconds)".to_owned(),
                statistic: "Maximum",
                period: 60,
                periods: 5,
                threshold: 120_000,
                ..of_function(function, "IteratorAge")
            }),
            Trigger::Api(_) | Trigger::Queue(_) | Trigger::Operator | Trigger::Authorizer => {}
        }
    }
    title("Alarms of queues, schedules and the stream") + &all.iter().map(text).collect::<Vec<_>>().join("\n")
}

fn of_queue(metric: &'static str, resource: &str, periods: u32, threshold: u32) -> Alarm {
    Alarm {
        name: String::new(),
        description: String::new(),
        namespace: "AWS/SQS",
        metric,
        dimension: ("QueueName", format!("!GetAtt {resource}.QueueName")),
        statistic: "Maximum",
        period: 60,
        periods,
        threshold,
        comparison: ABOVE,
        missing: "notBreaching",
    }
}

fn of_function(function: &Function, metric: &'static str) -> Alarm {
    Alarm {
        name: String::new(),
        description: String::new(),
        namespace: "AWS/Lambda",
        metric,
        dimension: ("FunctionName", format!("!Ref {}", logical(function.name))),
        statistic: "Sum",
        period: 300,
        periods: 2,
        threshold: 1,
        comparison: ABOVE,
        missing: "notBreaching",
    }
}

/// One alarm when it fails, one when it is not invoked.
fn of_schedule(function: &Function, every: Every) -> [Alarm; 2] {
    let name = logical(function.name.strip_prefix("workers-").unwrap_or(function.name));
    // What runs every minute may fail once; what runs seldom may not.
    let (period, periods, threshold) = if every == Every::Minute { (300, 2, 1) } else { (3_600, 1, 0) };
    let errors = Alarm {
        name: format!("{name}ErrorsAlarm"),
        description: format!("{} fails: {}", function.name, function.summary),
        period,
        periods,
        threshold,
        ..of_function(function, "Errors")
    };
    let silence = Alarm {
        name: format!("{name}MissingAlarm"),
        description: format!("The schedule of {} does not invoke it", function.name),
        period: match every {
            Every::Minute => 300,
            Every::Hour => 3_600,
            Every::Day => 86_400,
        },
        comparison: BELOW,
        missing: "breaching",
        ..of_function(function, "Invocations")
    };
    [errors, silence]
}

fn text(alarm: &Alarm) -> String {
    let mut text = format!(
        "  {}:
    Type: AWS::CloudWatch::Alarm
    Condition: OnAws
    Properties:
      AlarmDescription: {}
      AlarmActions: *alarm-actions
",
        alarm.name,
        quoted(&alarm.description)
    );
    let (dimension, value) = &alarm.dimension;
    let _ = write!(
        text,
        "      Namespace: {}
      MetricName: {}
      Dimensions: [{{Name: {dimension}, Value: {value}}}]
      Statistic: {}
      Period: {}
      EvaluationPeriods: {}
      Threshold: {}
      ComparisonOperator: {}
      TreatMissingData: {}
",
        alarm.namespace,
        alarm.metric,
        alarm.statistic,
        alarm.period,
        alarm.periods,
        alarm.threshold,
        alarm.comparison,
        alarm.missing
    );
    text
}
