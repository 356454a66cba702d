//! Each function starts with the environment that the template gives it in each stage of `samconfig.toml`: its binary, as
//! `make build` leaves it, runs until its first poll of the runtime API.

#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use verinym_tests::samconfig::targets;

/// Only a process that hangs takes this long.
const WAIT_LIMIT: Duration = Duration::from_mins(1);

/// The directory with the binaries: this test lies in its `deps`.
fn binaries() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.parent().and_then(Path::parent).unwrap().to_owned()
}

/// Starts a function's process; returns the reason if it does not poll.
fn start(binary: &Path, environment: &BTreeMap<String, String>) -> Result<(), String> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut child = Command::new(binary)
        .env_clear()
        .envs(environment)
        // What Lambda adds.
        .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string())
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_LAMBDA_FUNCTION_NAME", "function")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("does not run ({error}); run make build first"))?;
    let began = Instant::now();
    let polled = loop {
        if let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(false).unwrap();
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).unwrap();
            break line.starts_with("GET /2018-06-01/runtime/invocation/next ").then_some(()).ok_or(line);
        }
        if child.try_wait().unwrap().is_some() {
            break Err("ended".to_owned());
        }
        if began.elapsed() > WAIT_LIMIT {
            break Err("never polled".to_owned());
        }
        thread::sleep(Duration::from_millis(1));
    };
    let _ = child.kill();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    child.wait().unwrap();
    polled.map_err(|what| format!("{what}: {said}"))
}

#[test]
fn each_function_of_each_stage_starts_until_its_first_poll() {
    let mut work = Vec::new();
    for target in targets() {
        for (function, environment) in target.deployment().environments() {
            work.push((target.name.clone(), function, environment));
        }
    }
    let count = work.len();
    assert!(count > 180, "only {count} functions in all stages");
    let (work, failed) = (Arc::new(Mutex::new(work)), Arc::new(Mutex::new(Vec::new())));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (work, failed) = (work.clone(), failed.clone());
            thread::spawn(move || {
                loop {
                    let next = work.lock().unwrap().pop();
                    let Some((stage, function, environment)) = next else { return };
                    if let Err(why) = start(&binaries().join(&function), &environment) {
                        failed.lock().unwrap().push(format!("{function} in {stage} {why}"));
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let failed = failed.lock().unwrap();
    assert!(failed.is_empty(), "{} of {count} do not start: {failed:#?}", failed.len());
}

/// Otherwise the test above would pass with any environment.
#[test]
fn a_function_with_a_broken_environment_does_not_start() {
    let target = targets().into_iter().find(|target| target.name == "prod").unwrap();
    let mut environment = target.deployment().environments()["auth-login"].clone();
    environment.insert("STAGE".to_owned(), "production".to_owned());
    let why = start(&binaries().join("auth-login"), &environment).unwrap_err();
    assert!(why.contains("STAGE"), "{why}");
}
