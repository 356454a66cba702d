//! The page: what the document says, in the order of its areas and paths.

use std::collections::BTreeMap;

use askama::Template;
use serde_json::Value;

pub const STYLE: &str = include_str!("../../templates/docs.css");

#[derive(Template)]
#[template(path = "docs.html")]
struct Page<'a> {
    style: &'a str,
    title: &'a str,
    version: &'a str,
    areas: Vec<Area<'a>>,
    schemas: Vec<Schema<'a>>,
}

struct Area<'a> {
    name: &'a str,
    operations: Vec<Operation<'a>>,
}

struct Operation<'a> {
    id: &'a str,
    method: String,
    path: &'a str,
    summary: &'a str,
    needs: String,
    limit: String,
    parameters: Vec<Field<'a>>,
    body: Option<Shape<'a>>,
    answers: Vec<Shape<'a>>,
}

struct Field<'a> {
    name: &'a str,
    kind: Kind<'a>,
    required: bool,
    place: &'a str,
    text: &'a str,
}

/// A body or an answer: its status, if it is one, its content and what is said of it.
struct Shape<'a> {
    status: &'a str,
    text: &'a str,
    content: &'a str,
    kind: Kind<'a>,
}

struct Schema<'a> {
    name: &'a str,
    text: &'a str,
    fields: Vec<Field<'a>>,
    kind: Kind<'a>,
}

/// A type in words, with the schema it leads to.
#[derive(Default)]
struct Kind<'a> {
    words: String,
    link: Option<&'a str>,
}

/// The whole page; `None` if the document is not of the form we write.
pub fn render(document: &Value) -> Option<String> {
    let mut areas: BTreeMap<&str, Vec<Operation<'_>>> = BTreeMap::new();
    for (path, methods) in document["paths"].as_object()? {
        for (method, operation) in methods.as_object()? {
            let area = operation["tags"][0].as_str().unwrap_or_default();
            areas.entry(area).or_default().push(self::operation(method, path, operation));
        }
    }
    let schemas = document["components"]["schemas"].as_object()?;
    let page = Page {
        style: STYLE,
        title: document["info"]["title"].as_str()?,
        version: document["info"]["version"].as_str()?,
        areas: areas.into_iter().map(|(name, operations)| Area { name, operations }).collect(),
        schemas: schemas.iter().map(|(name, schema)| self::schema(name, schema)).collect(),
    };
    page.render().ok()
}

fn operation<'a>(method: &str, path: &'a str, operation: &'a Value) -> Operation<'a> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let answers = operation["responses"].as_object().into_iter().flatten();
    Operation {
        id: text(operation, "operationId"),
        method: method.to_uppercase(),
        path,
        summary: text(operation, "summary"),
        needs: needs(operation),
        limit: limit(&operation["x-limit"]),
        parameters: parameters
            .map(|parameter| Field {
                name: text(parameter, "name"),
                kind: kind(&parameter["schema"]),
                required: parameter["required"] == true,
                place: text(parameter, "in"),
                text: text(parameter, "description"),
            })
            .collect(),
        body: operation.get("requestBody").map(|body| shape("", body)),
        answers: answers.map(|(status, answer)| shape(status, answer)).collect(),
    }
}

fn needs(operation: &Value) -> String {
    let flags = operation["x-permission-if"].as_object().into_iter().flatten();
    let more = flags.map(|(flag, permission)| format!("; {} with {flag}", text_of(permission)));
    std::iter::once(text(operation, "x-permission").to_owned()).chain(more).collect()
}

fn limit(limit: &Value) -> String {
    let Some(limits) = limit.as_array() else { return text_of(limit).to_owned() };
    let spelt = limits
        .iter()
        .map(|limit| format!("{} in {} s by {}", limit["quota"], limit["window_seconds"], text(limit, "by")));
    spelt.collect::<Vec<_>>().join(", ")
}

fn shape<'a>(status: &'a str, body: &'a Value) -> Shape<'a> {
    let (content, schema) = body["content"]
        .as_object()
        .and_then(|content| content.iter().next())
        .map_or(("", &Value::Null), |(content, media)| (content.as_str(), &media["schema"]));
    Shape { status, text: text(body, "description"), content, kind: kind(schema) }
}

fn schema<'a>(name: &'a str, schema: &'a Value) -> Schema<'a> {
    let required = |field: &str| schema["required"].as_array().into_iter().flatten().any(|name| name == field);
    let fields = schema["properties"].as_object().into_iter().flatten().map(|(name, of)| Field {
        name,
        kind: kind(of),
        required: required(name),
        place: "",
        text: text(of, "description"),
    });
    Schema { name, text: text(schema, "description"), fields: fields.collect(), kind: kind(schema) }
}

/// A type in words: `string (date-time)`, `list of Check`, `one of a, b`.
fn kind(schema: &Value) -> Kind<'_> {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return Kind { words: name.to_owned(), link: Some(name) };
    }
    if let Some(choices) = schema["enum"].as_array() {
        let words: Vec<_> = choices.iter().map(text_of).collect();
        return Kind { words: format!("one of {}", words.join(", ")), link: None };
    }
    for together in ["oneOf", "anyOf", "allOf"] {
        if let Some(parts) = schema[together].as_array() {
            let parts: Vec<_> = parts.iter().map(kind).collect();
            let words: Vec<_> = parts.iter().map(|part| part.words.as_str()).collect();
            return Kind { words: words.join(" or "), link: parts.iter().find_map(|part| part.link) };
        }
    }
    if schema["type"] == "array" {
        let items = kind(&schema["items"]);
        return Kind { words: format!("list of {}", items.words), link: items.link };
    }
    let words = match &schema["type"] {
        Value::Array(several) => several.iter().map(text_of).collect::<Vec<_>>().join(" or "),
        one => text_of(one).to_owned(),
    };
    match schema["format"].as_str() {
        Some(format) => Kind { words: format!("{words} ({format})"), link: None },
        None => Kind { words, link: None },
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    text_of(&value[name])
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_document_stands_in_the_page() {
        let document: Value = serde_json::from_str(crate::openapi::DOCUMENT).unwrap();
        let html = render(&document).unwrap();
        for (path, methods) in document["paths"].as_object().unwrap() {
            assert!(html.contains(&format!("<code>{path}</code>")), "{path}");
            for operation in methods.as_object().unwrap().values() {
                assert!(html.contains(&format!("id=\"{}\"", operation["operationId"].as_str().unwrap())));
            }
        }
        for schema in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(html.contains(&format!("id=\"schema-{schema}\"")), "{schema}");
        }
    }

    #[test]
    fn the_page_runs_nothing_and_its_style_is_the_one_in_the_policy() {
        let html = render(&serde_json::from_str(crate::openapi::DOCUMENT).unwrap()).unwrap();
        assert!(!html.contains("<script") && !html.contains(" style=") && !html.contains("http://"));
        assert!(html.contains(&format!("<style>{STYLE}</style>")));
    }

    #[test]
    fn what_the_document_says_cannot_become_markup() {
        let document = serde_json::json!({
            "info": {"title": "<b>", "version": "1"},
            "paths": {"/a": {"get": {"operationId": "a", "tags": ["<i>"], "summary": "<script>", "responses": {}}}},
            "components": {"schemas": {}},
        });
        let html = render(&document).unwrap();
        for markup in ["<b>", "<i>", "<script>"] {
            assert!(!html.contains(markup), "{markup}");
        }
    }

    #[test]
    fn types_are_put_into_words() {
        let words = |schema| kind(&schema).words;
        assert_eq!(words(serde_json::json!({"$ref": "#/components/schemas/Check"})), "Check");
        assert_eq!(words(serde_json::json!({"type": "array", "items": {"type": "string"}})), "list of string");
        assert_eq!(words(serde_json::json!({"type": ["string", "null"], "format": "date"})), "string or null (date)");
        assert_eq!(words(serde_json::json!({"type": "string", "enum": ["a", "b"]})), "one of a, b");
    }
}
