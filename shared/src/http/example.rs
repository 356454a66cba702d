//! Examples of bodies, composed from the examples of the fields, so that they always have the form of the schema.

use serde_json::{Map, Value, json};

/// Schemas refer to each other at most this deep.
const MAX_DEPTH: usize = 12;

/// Adds an example to each JSON body and form that has none.
pub fn add_examples(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    add_to_paths(&mut document["paths"], &schemas);
}

fn add_to_paths(paths: &mut Value, schemas: &Value) {
    let paths = paths.as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        if let Some(content) = operation.get_mut("requestBody").map(|body| &mut body["content"]) {
            add(content, schemas);
        }
        for response in operation["responses"].as_object_mut().into_iter().flat_map(Map::values_mut) {
            if let Some(content) = response.get_mut("content") {
                add(content, schemas);
            }
        }
        let callbacks = operation.get_mut("callbacks").and_then(Value::as_object_mut);
        callbacks.into_iter().flat_map(Map::values_mut).for_each(|paths| add_to_paths(paths, schemas));
    }
}

fn add(content: &mut Value, schemas: &Value) {
    for (media_type, media) in content.as_object_mut().into_iter().flatten() {
        let has_form = media_type.ends_with("json") || media_type == "multipart/form-data";
        if has_form && media.get("examples").is_none() {
            media["example"] = example_of(&media["schema"], schemas, 0);
        }
    }
}

/// A value that the schema allows.
fn example_of(schema: &Value, schemas: &Value, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    let next = |schema: &Value| example_of(schema, schemas, depth + 1);
    if let Some(example) = schema.get("example").or_else(|| schema["examples"].get(0)).or_else(|| schema.get("const")) {
        return example.clone();
    }
    if let Some(value) = schema["enum"].get(0) {
        return value.clone();
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|pointer| pointer.rsplit('/').next()) {
        return next(&schemas[name]);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(next).filter_map(|part| part.as_object().cloned());
        return parts.flatten().collect::<Map<_, _>>().into();
    }
    for alternatives in ["oneOf", "anyOf"] {
        if let Some(chosen) =
            schema[alternatives].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null"))
        {
            return next(chosen);
        }
    }
    match type_of(schema) {
        "object" => object(schema, next),
        "array" => json!([next(&schema["items"])]),
        "boolean" => json!(true),
        "integer" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "number" => json!(0.92),
        "string" => json!(text(schema)),
        _ => Value::Null,
    }
}

fn type_of(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("null"),
        one => one.as_str().unwrap_or("null"),
    }
}

fn object(schema: &Value, example: impl Fn(&Value) -> Value) -> Value {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut members: Map<_, _> = properties.map(|(name, property)| (name.clone(), example(property))).collect();
    if members.is_empty() && schema["additionalProperties"].is_object() {
        members.insert("name".to_owned(), example(&schema["additionalProperties"]));
    }
    members.into()
}

fn text(schema: &Value) -> &str {
    match schema["format"].as_str() {
        Some("date-time") => "2026-03-01T09:30:00.000Z",
        Some("date") => "1990-04-23",
        Some("uri") => "https://app.your-company.net",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_composed_of_the_examples_of_the_fields() {
        let schemas = json!({
            "Person": {"type": "object", "properties": {
                "name": {"$ref": "#/components/schemas/Name"},
                "status": {"type": "string", "enum": ["active", "locked"]},
                "age": {"type": ["integer", "null"], "minimum": 18},
                "born": {"oneOf": [{"type": "null"}, {"type": "string", "format": "date"}]},
                "tags": {"type": "array", "items": {"type": "string", "example": "vip"}},
                "limits": {"type": "object", "additionalProperties": {"type": "boolean"}},
            }},
            "Name": {"type": "string", "examples": ["Ada"]},
            "Loop": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Loop"}}},
        });
        let person = json!({"name": "Ada", "status": "active", "age": 18, "born": "1990-04-23", "tags": ["vip"],
                            "limits": {"name": true}});
        assert_eq!(example_of(&json!({"$ref": "#/components/schemas/Person"}), &schemas, 0), person);
        assert!(example_of(&json!({"$ref": "#/components/schemas/Loop"}), &schemas, 0).is_object());
    }
}
