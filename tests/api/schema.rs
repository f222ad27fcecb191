//! The part of JSON Schema that the description uses. A keyword that is not known here fails.

use serde_json::Value;

/// Checks a value against a schema of a document, and returns what is wrong.
pub(crate) fn mistakes(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut mistakes = Vec::new();
    check(document, schema, value, "$", &mut mistakes);
    mistakes
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, mistakes: &mut Vec<String>) {
    let Some(keywords) = schema.as_object() else {
        assert!(schema.is_boolean(), "a schema: {schema}");
        return;
    };
    for (keyword, rule) in keywords {
        match keyword.as_str() {
            "description" | "default" | "title" | "examples" | "format" => {}
            "$ref" => check(document, resolve(document, rule), value, at, mistakes),
            "type" => {
                let types = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                if !types.iter().any(|kind| is_of(kind, value)) {
                    mistakes.push(format!("{at}: {value} is not {rule}"));
                }
            }
            "enum" => {
                if !rule.as_array().expect("a list").contains(value) {
                    mistakes.push(format!("{at}: {value} is not one of {rule}"));
                }
            }
            "minimum" => {
                if value.as_f64().is_some_and(|number| number < rule.as_f64().expect("a number")) {
                    mistakes.push(format!("{at}: {value} is below {rule}"));
                }
            }
            "required" => {
                for name in rule.as_array().expect("names") {
                    if value.get(name.as_str().expect("a name")).is_none() {
                        mistakes.push(format!("{at}: {name} is missing"));
                    }
                }
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, rule, item, &format!("{at}[{index}]"), mistakes);
                }
            }
            "properties" | "additionalProperties" | "propertyNames" => {}
            "oneOf" => {
                let fits = |one: &&Value| self::mistakes(document, one, value).is_empty();
                let fitting = rule.as_array().expect("schemas").iter().filter(fits).count();
                if fitting != 1 {
                    mistakes.push(format!("{at}: {value} fits {fitting} of {rule}"));
                }
            }
            other => panic!("{at}: the keyword {other} is not known here"),
        }
    }
    members(document, schema, value, at, mistakes);
}

/// Checks the members of an object.
fn members(document: &Value, schema: &Value, value: &Value, at: &str, mistakes: &mut Vec<String>) {
    let (properties, others) = (schema.get("properties"), schema.get("additionalProperties"));
    for (name, member) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        match (properties.and_then(|known| known.get(name)), others) {
            (Some(schema), _) => check(document, schema, member, &at, mistakes),
            (None, Some(Value::Bool(false))) => mistakes.push(format!("{at}: not allowed")),
            (None, Some(schema)) => check(document, schema, member, &at, mistakes),
            // An answer has no member that the description lacks.
            (None, None) if properties.is_some() => mistakes.push(format!("{at}: not described")),
            (None, None) => {}
        }
    }
}

fn resolve<'a>(document: &'a Value, reference: &Value) -> &'a Value {
    let path = reference.as_str().and_then(|reference| reference.strip_prefix('#'));
    document.pointer(path.expect("a reference within")).expect("it leads somewhere")
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str().expect("a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the type {other} is not known here"),
    }
}
