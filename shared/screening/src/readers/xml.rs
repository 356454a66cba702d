//! XML, one record at a time: each wanted element becomes a small tree, everything else streams by.
//!
//! A document type declaration is refused outright, and with it entity expansion and external entities (the "billion
//! laughs" and XXE). Depth, size and count of a record are bounded.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::ReadError;
use super::encoding::NOT_DECODED;
use super::guard::{Guarded, TOO_LONG};

const MAX_DEPTH: usize = 40;
const MAX_NODES: usize = 50_000;
const MAX_ATTRIBUTES: usize = 100;

/// An element of a record.
#[derive(Debug, Default, Clone)]
pub struct Node {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Node>,
}

impl Node {
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.trim())
    }

    /// Direct children of a name.
    pub fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Node> {
        self.children.iter().filter(move |c| c.name == name)
    }

    pub fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|c| c.name == name)
    }

    /// Text of a direct child, trimmed; empty where there is none.
    pub fn value(&self, name: &str) -> &str {
        self.child(name).map_or("", |c| c.text.trim())
    }
}

/// Streams the file: calls `on_record` for every element called one of `records`, and answers the root's attributes.
pub fn each(
    input: &mut dyn BufRead,
    root: &str,
    records: &[&str],
    mut on_record: impl FnMut(Node) -> Result<(), ReadError>,
) -> Result<Node, ReadError> {
    let (guarded, meter) = Guarded::new(input);
    let mut reader = Reader::from_reader(guarded);
    let mut buffer = Vec::new();
    let mut stack: Vec<Node> = Vec::new();
    let (mut depth, mut nodes) = (0usize, 0usize);
    let mut root_node: Option<Node> = None;
    loop {
        buffer.clear();
        let at = reader.buffer_position();
        let bad = |problem: String| ReadError::BadXml { at, problem };
        let event = reader.read_event_into(&mut buffer).map_err(|e| refusal(&e, at))?;
        if !Guarded::within(&meter) {
            return Err(ReadError::TooLarge(TOO_LONG.into()));
        }
        if stack.is_empty() {
            meter.record_done();
        }
        match event {
            Event::DocType(_) => return Err(bad("a document type declaration is not accepted".into())),
            Event::Start(_) | Event::Empty(_) if depth == 0 && root_node.is_some() => {
                return Err(bad("a second root element: two files in one".into()));
            }
            Event::Start(start) => {
                depth += 1;
                let node = open(&start, at)?;
                if depth > MAX_DEPTH {
                    return Err(ReadError::TooLarge(format!("elements nested deeper than {MAX_DEPTH}")));
                }
                if root_node.is_none() {
                    check_root(&node, root)?;
                    root_node = Some(node);
                } else if !stack.is_empty() || records.contains(&node.name.as_str()) {
                    nodes += 1;
                    if nodes > MAX_NODES {
                        return Err(ReadError::TooLarge(format!("a record of more than {MAX_NODES} elements")));
                    }
                    stack.push(node);
                }
            }
            Event::Empty(start) => {
                let node = open(&start, at)?;
                if root_node.is_none() {
                    check_root(&node, root)?;
                    root_node = Some(node);
                } else if let Some(parent) = stack.last_mut() {
                    nodes += 1;
                    if nodes > MAX_NODES {
                        return Err(ReadError::TooLarge(format!("a record of more than {MAX_NODES} elements")));
                    }
                    parent.children.push(node);
                } else if records.contains(&node.name.as_str()) {
                    on_record(node)?;
                }
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                if let Some(done) = stack.pop() {
                    if let Some(parent) = stack.last_mut() {
                        parent.children.push(done);
                    } else {
                        nodes = 0;
                        on_record(done)?;
                        meter.record_done();
                    }
                }
            }
            Event::Text(text) => {
                if let Some(node) = stack.last_mut() {
                    node.text.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let Some(node) = stack.last_mut() {
                    node.text.push_str(&text);
                }
            }
            Event::GeneralRef(name) => {
                let resolved = match name.resolve_char_ref() {
                    Ok(Some(c)) => c,
                    _ => predefined(&name).ok_or_else(|| bad("an entity that XML does not define".into()))?,
                };
                if let Some(node) = stack.last_mut() {
                    node.text.push(resolved);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if depth > 0 {
        return Err(ReadError::Truncated("elements are still open".into()));
    }
    root_node.ok_or(ReadError::Empty)
}

fn refusal(error: &quick_xml::Error, at: u64) -> ReadError {
    let problem = error.to_string();
    if problem.contains(TOO_LONG) {
        ReadError::TooLarge(TOO_LONG.into())
    } else if problem.contains(NOT_DECODED) {
        ReadError::WrongFormat(problem)
    } else {
        ReadError::BadXml { at, problem }
    }
}

fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => return None,
    })
}

fn check_root(node: &Node, root: &str) -> Result<(), ReadError> {
    if node.name == root {
        Ok(())
    } else {
        Err(ReadError::WrongFormat(format!("the root is <{}>, not <{root}>", node.name)))
    }
}

fn open(start: &BytesStart<'_>, at: u64) -> Result<Node, ReadError> {
    let name = start.local_name().as_ref().to_owned();
    let mut attributes = Vec::new();
    // The parser's own check for repeated names takes quadratic time.
    for attribute in start.attributes().with_checks(false) {
        if attributes.len() >= MAX_ATTRIBUTES {
            return Err(ReadError::TooLarge(format!("an element of more than {MAX_ATTRIBUTES} attributes")));
        }
        let attribute = attribute.map_err(|e| ReadError::BadXml { at, problem: e.to_string() })?;
        let key = attribute.key.local_name().as_ref().to_owned();
        let value = quick_xml::escape::unescape(&attribute.value)
            .map_err(|e| ReadError::BadXml { at, problem: e.to_string() })?;
        attributes.push((key, value.into_owned()));
    }
    Ok(Node { name, attributes, text: String::new(), children: Vec::new() })
}
