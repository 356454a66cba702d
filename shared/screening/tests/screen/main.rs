//! The command `screen` as its user runs it: words, output, exit codes, and the service over a socket.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod serve;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/samples");

fn screen(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_screen")).args(words).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A folder of this run that tests write to.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// The sample lists, compiled once for all tests.
fn artifact() -> &'static str {
    static ARTIFACT: OnceLock<String> = OnceLock::new();
    ARTIFACT.get_or_init(|| {
        let file = folder("artifact").join("samples.art").display().to_string();
        let built = screen(&["build", &format!("{SAMPLES}/lists"), "-o", &file]);
        assert_eq!(code(&built), 0, "{}", err(&built));
        file
    })
}

/// The first column of numbers below `to begin with`, added up, and the score that stands at the end.
fn added(text: &str) -> (i32, i32) {
    let thousandths = |word: &str| word.replace(['+', '.'], "").parse::<i32>().ok();
    let lines: Vec<&str> = text.lines().skip_while(|line| !line.contains("to begin with")).collect();
    let end = lines.iter().position(|line| line.contains("score; of the name alone")).unwrap();
    let number = |line: &str| line.split_whitespace().next().filter(|word| word.contains('.')).and_then(thousandths);
    (lines[..end].iter().filter_map(|line| number(line)).sum(), number(lines[end]).unwrap())
}

#[test]
fn every_verb_has_help_and_refuses_words_that_it_does_not_know() {
    for verb in ["build", "explain", "query", "compare", "serve"] {
        let help = screen(&[verb, "--help"]);
        assert_eq!(code(&help), 0);
        assert!(out(&help).starts_with(&format!("screen {verb}")) && out(&help).contains("Exit codes"), "{verb}");
        let unknown = screen(&[verb, "--no-such-option"]);
        assert_eq!(code(&unknown), 2, "{verb}");
        assert!(err(&unknown).contains("no option --no-such-option"), "{}", err(&unknown));
        assert_eq!(code(&screen(&[verb])), 2, "{verb} without arguments");
    }
    assert_eq!(code(&screen(&["--help"])), 0);
    assert_eq!(code(&screen(&[])), 2);
    assert_eq!(code(&screen(&["frobnicate"])), 2);
    let version = screen(&["--version"]);
    assert_eq!(out(&version), format!("screen {}\n", verinym_screening::ENGINE_VERSION));
}

#[test]
fn two_names_are_compared_line_by_line() {
    let found = screen(&["compare", "--kind", "person", "Alvaro Montenegor Ruiz", "MONTENEGRO RUIZ, Alvaro"]);
    assert_eq!(code(&found), 0, "{}", err(&found));
    let text = out(&found);
    assert!(text.contains("\"montenegor\" differs from \"montenegro\" in spelling"), "{text}");
    let (sum, score) = added(&text);
    assert_eq!(sum, score, "{text}");
    assert_eq!(text.lines().next().unwrap(), format!("0.{score}"));
    assert_eq!(code(&screen(&["compare", "--kind", "dragon", "A B", "C D"])), 2);
    assert_eq!(code(&screen(&["compare", "A", "B", "C"])), 2);
}

#[test]
fn a_file_of_pairs_is_printed_with_scores() {
    let file = folder("pairs").join("pairs.csv");
    fs::write(
        &file,
        "\u{feff}name1,name2,schema\nAlvaro Ruiz,Ruiz Alvaro,Person\nAlvaro Ruiz,Celdo Barovental,Person\n",
    )
    .unwrap();
    let found = screen(&["compare", file.to_str().unwrap()]);
    let text = out(&found);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["name1,name2,schema,score,match", "Alvaro Ruiz,Ruiz Alvaro,Person,0.970,true"]);
    assert!(lines[2].starts_with("Alvaro Ruiz,Celdo Barovental,Person,0.") && lines[2].ends_with(",false"), "{text}");
    let missing = screen(&["compare", "no-such-file.csv"]);
    assert_eq!(code(&missing), 1);
    assert!(err(&missing).contains("no-such-file.csv"), "{}", err(&missing));
}

#[test]
fn each_hit_is_explained_and_its_lines_add_up() {
    let words = ["explain", "--born", "1962-07-14", "--country", "Peru", artifact(), "Alvaro Montenegor Ruiz"];
    let found = screen(&words);
    assert_eq!(code(&found), 3, "{}", err(&found));
    let text = out(&found);
    assert!(text.contains("MONTENEGRO RUIZ, Alvaro  (ofac_sdn 7001)"), "{text}");
    assert!(text.contains("birth date 1962-07-14 agrees") && text.contains("a country agrees: PE"), "{text}");
    let (sum, score) = added(&text);
    assert_eq!(sum, score, "{text}");
}

#[test]
fn a_number_alone_finds_and_json_has_the_lines() {
    let found = screen(&["explain", "--json", "--number", "passport=P4455667", artifact(), "Brunhilde Xylander"]);
    assert_eq!(code(&found), 3);
    let json: serde_json::Value = serde_json::from_str(&out(&found)).unwrap();
    let hit = &json["hits"][0];
    assert_eq!(hit["entity_id"], "7001");
    let points: f64 = hit["lines"].as_array().unwrap().iter().map(|line| line["points"].as_f64().unwrap()).sum();
    assert!((1.0 + points - hit["score"].as_f64().unwrap()).abs() < 1e-6, "{json}");
}

#[test]
fn a_stranger_is_nothing_to_look_at_and_a_doubtful_name_is() {
    let stranger = screen(&["explain", artifact(), "Brunhilde Xylander"]);
    assert_eq!((code(&stranger), out(&stranger).as_str()), (0, "no hit from 0.850\n"));
    let doubtful = screen(&["explain", artifact(), "Brunhildе Xylander"]);
    assert_eq!(code(&doubtful), 3);
    assert!(out(&doubtful).contains("doubtful name: mixed_scripts"), "{}", out(&doubtful));
}

#[test]
fn explain_refuses_what_it_cannot_ask() {
    for words in [
        ["--threshold", "1.5"],
        ["--threshold", "x"],
        ["--limit", "0"],
        ["--born", "yesterday"],
        ["--country", "Atlantis"],
        ["--number", "shoe=44"],
        ["--list", "no_such_list"],
    ] {
        let found = screen(&["explain", words[0], words[1], artifact(), "Ingrid Solberg"]);
        assert_eq!(code(&found), 2, "{words:?}");
    }
    let broken = folder("broken").join("broken.art");
    fs::write(&broken, "not an artifact").unwrap();
    let found = screen(&["explain", broken.to_str().unwrap(), "Ingrid Solberg"]);
    assert_eq!(code(&found), 1);
    assert!(err(&found).contains("broken.art"), "{}", err(&found));
}

#[test]
fn names_of_a_file_are_asked_and_weaker_hits_are_shown_on_demand() {
    let file = format!("{SAMPLES}/names.csv");
    let found = screen(&["query", artifact(), &file]);
    assert_eq!(code(&found), 0, "{}", err(&found));
    assert!(out(&found).contains("Alvaro Montenegor Ruiz,1,0.97"), "{}", out(&found));
    assert!(err(&found).contains("queries=5"), "{}", err(&found));
    let fewer = screen(&["query", "--show-from", "0.97", artifact(), &file]);
    assert!(out(&fewer).lines().count() < out(&found).lines().count());
}

#[test]
fn a_broken_list_is_refused_and_nothing_is_written() {
    let lists = folder("broken-lists");
    fs::copy(format!("{SAMPLES}/lists/un_sample.xml"), lists.join("un.xml")).unwrap();
    fs::write(lists.join("sdn.csv"), "7,\"MONTENEGRO, Alvaro\",individual,").unwrap();
    let artifact = lists.join("all.art");
    let built = screen(&["build", lists.to_str().unwrap(), "-o", artifact.to_str().unwrap()]);
    assert_eq!(code(&built), 1);
    assert!(err(&built).contains("sdn.csv: refused"), "{}", err(&built));
    assert!(!artifact.exists());
    assert_eq!(code(&screen(&["build", "no-such-folder", "-o", "x.art"])), 1);
}

/// What the crate's page shows of the command is what it prints.
#[test]
fn the_readme_shows_what_the_command_prints() {
    let readme = include_str!("../../README.md");
    let shown = readme.split("```console\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mut lines = shown.splitn(3, '\n');
    assert!(lines.next().unwrap().starts_with("$ screen build samples/lists"));
    let asked = "$ screen explain samples.art \"Alvaro Montenegor Ruiz\" --born 1962-07-14 --country PE";
    assert_eq!(lines.next().unwrap(), asked);
    let words = ["explain", artifact(), "Alvaro Montenegor Ruiz", "--born", "1962-07-14", "--country", "PE"];
    assert_eq!(lines.next().unwrap(), out(&screen(&words)));
}
