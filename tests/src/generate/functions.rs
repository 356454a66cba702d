//! Functions, the queues that their triggers name, and their log groups.

use std::fmt::Write;

use verinym::function::{Concurrency, Every, Function, QueueTrigger, Settings, Trigger};

use super::{
    areas,
    grants::{dead_letters_name, queue_name, role_names},
    logical, quoted, title,
};

/// Visible again after six times the consumer's time-out, as AWS advises.
const VISIBILITY: u32 = 6;
/// Four days.
const KEPT: u32 = 345_600;
/// The longest that SQS keeps a message, 14 days.
const DEAD_LETTERS_KEPT: u32 = 1_209_600;
const MOST_RECEIVES: u32 = 5;
/// Unless concurrency is reserved: how many invocations a queue may have at once.
const AT_ONCE: u32 = 20;

pub fn queues(functions: &[Function]) -> String {
    let mut text = title("Queues, each with its dead letters");
    for (function, trigger) in consumers(functions) {
        let (queue, dead) = (queue_name(trigger.queue), dead_letters_name(trigger.queue));
        let _ = write!(
            text,
            "  # Consumed by {function}.
  {queue}:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub ${{AWS::StackName}}-{name}
      VisibilityTimeout: {visibility}
      MessageRetentionPeriod: {KEPT}
      SqsManagedSseEnabled: true
      RedrivePolicy: {{deadLetterTargetArn: !GetAtt {dead}.Arn, maxReceiveCount: {MOST_RECEIVES}}}

  {dead}:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub ${{AWS::StackName}}-{name}-dead
      MessageRetentionPeriod: {DEAD_LETTERS_KEPT}
      SqsManagedSseEnabled: true

",
            function = function.name,
            name = trigger.queue.as_str(),
            visibility = VISIBILITY * function.settings.timeout,
        );
    }
    text
}

/// The functions that consume queues, each with its trigger.
pub fn consumers(functions: &[Function]) -> impl Iterator<Item = (&Function, QueueTrigger)> {
    functions.iter().filter_map(|function| match function.trigger {
        Trigger::Queue(trigger) => Some((function, trigger)),
        _ => None,
    })
}

pub fn functions(functions: &[Function]) -> String {
    let roles = role_names(functions);
    let mut text = String::new();
    for area in areas(functions) {
        text.push_str(&title(&format!("Functions: {area}")));
        for function in functions.iter().filter(|function| function.area() == area) {
            text.push_str(&one(function, &roles[function.name]));
        }
    }
    text
}

fn one(function: &Function, role: &str) -> String {
    let (name, settings) = (function.name, &function.settings);
    let mut text = format!(
        "  {}:
    Type: AWS::Serverless::Function
    Properties:
      Description: {}
      FunctionName: !Sub ${{AWS::StackName}}-{name}
      CodeUri: target/lambda/{name}/
      Role: !GetAtt {role}.Arn
",
        logical(name),
        quoted(function.summary)
    );
    let mut property = |name: &str, value: String| {
        let _ = writeln!(text, "      {name}: {value}");
    };
    if let Some((condition, number)) = reserved(settings.concurrency) {
        property("ReservedConcurrentExecutions", format!("!If [{condition}, {number}, !Ref AWS::NoValue]"));
    }
    if settings.memory != Settings::MEMORY {
        property("MemorySize", settings.memory.to_string());
    }
    if settings.timeout != Settings::TIMEOUT {
        property("Timeout", settings.timeout.to_string());
    }
    let variables: Vec<_> = settings.needs.sections().iter().flat_map(|section| section.variables()).collect();
    if !variables.is_empty() {
        let variables: Vec<_> = variables.iter().map(|(name, parameter)| format!("{name}: !Ref {parameter}")).collect();
        property("Environment", format!("{{Variables: {{{}}}}}", variables.join(", ")));
    }
    property("LoggingConfig", format!("{{LogGroup: !Ref {}Logs}}", logical(function.area())));
    text.push_str(&events(function));
    text.push('\n');
    if function.trigger == Trigger::Authorizer {
        text.push_str(&gateways_may_invoke(&logical(name)));
    }
    text
}

/// The permission of the API Gateways of the account. The API of this template invokes its functions by a role of its own.
fn gateways_may_invoke(function: &str) -> String {
    format!(
        "  {function}Permission:
    Type: AWS::Lambda::Permission
    Properties:
      Action: lambda:InvokeFunction
      FunctionName: !GetAtt {function}.Arn
      Principal: apigateway.amazonaws.com
      SourceArn: !Sub arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:*

"
    )
}

/// The condition under which concurrency is reserved, and how much.
fn reserved(concurrency: Concurrency) -> Option<(&'static str, String)> {
    match concurrency {
        Concurrency::Unreserved => None,
        Concurrency::SignIn => Some(("ReservesSignIn", "!Ref SignInConcurrency".to_owned())),
        Concurrency::Worker => Some(("ReservesWorkers", "!Ref WorkerConcurrency".to_owned())),
        Concurrency::Mail => Some(("ReservesWorkers", "!Ref MailConcurrency".to_owned())),
        Concurrency::Fixed(number) => Some(("ReservesWorkers", number.to_string())),
    }
}

fn events(function: &Function) -> String {
    match &function.trigger {
        Trigger::Api(_) | Trigger::Operator | Trigger::Authorizer => String::new(),
        Trigger::Queue(trigger) => {
            // Never more than is reserved, or throttled messages would end as dead letters.
            let most = match function.settings.concurrency {
                Concurrency::Fixed(number) => number.to_string(),
                // The emulator passes a parameter on as text, and its poller compares it with a number.
                Concurrency::Mail => "!If [OnAws, !Ref MailConcurrency, 5]".to_owned(),
                _ => format!("!If [ReservesWorkers, !Ref WorkerConcurrency, {AT_ONCE}]"),
            };
            // RecursiveLoop: a message may be put back to wait, and Lambda would stop that after 16 rounds.
            format!(
                "      RecursiveLoop: Allow
      Events:
        {:?}:
          Type: SQS
          Properties:
            Queue: !GetAtt {}.Arn
            BatchSize: {}
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: {{MaximumConcurrency: {most}}}
",
                trigger.queue,
                queue_name(trigger.queue),
                trigger.batch
            )
        }
        Trigger::Schedule(every) => {
            let rate = match every {
                Every::Minute => "rate(1 minute)",
                Every::Hour => "rate(1 hour)",
                Every::Day => "rate(1 day)",
            };
            format!(
                "      Events:
        Every{every:?}: {{Type: Schedule, Properties: {{Schedule: {rate}}}}}
"
            )
        }
        // The sweep is the guarantee, so a failing batch is tried a few times only.
        Trigger::OutboxStream => r#"      Events:
        Outbox:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt OutboundTable.StreamArn
            StartingPosition: TRIM_HORIZON
            BatchSize: 100
            MaximumRetryAttempts: 3
            BisectBatchOnFunctionError: true
            FunctionResponseTypes: [ReportBatchItemFailures]
            FilterCriteria:
              Filters:
                - Pattern: '{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"OUT#"}]}}}}'
"#
        .to_owned(),
    }
}

pub fn logs(functions: &[Function]) -> String {
    let mut text = title("Logs: one group per area");
    for area in areas(functions) {
        let _ = write!(
            text,
            "  {}Logs:
    Type: AWS::Logs::LogGroup
    Properties: {{LogGroupName: !Sub '/${{AWS::StackName}}/{area}', RetentionInDays: !Ref LogRetention}}

",
            logical(area)
        );
    }
    text
}
