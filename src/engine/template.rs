//! `--format`: the part of Go's templates that is used with docker: fields, `json`, and a few functions of one value.

use serde_json::Value;

use super::table;

/// Why a template is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template parsing error: {0}")]
pub(super) struct TemplateError(String);

enum Piece {
    Text(String),
    Field { path: Vec<String>, function: Option<Function> },
}

#[derive(Clone, Copy)]
enum Function {
    Json,
    Upper,
    Lower,
    Len,
}

/// A template.
pub(super) struct Template {
    pieces: Vec<Piece>,
    /// Columns with titles, as `table {{.ID}}\t{{.Names}}` asks for.
    is_table: bool,
}

impl Template {
    /// Reads one; `json` is `{{json .}}`.
    pub(super) fn read(text: &str) -> Result<Self, TemplateError> {
        let (is_table, text) = match text.strip_prefix("table ") {
            Some(text) => (true, text),
            None => (false, if text == "json" { "{{json .}}" } else { text }),
        };
        let text = text.replace("\\t", "\t").replace("\\n", "\n");
        let mut pieces = Vec::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find("{{") {
            pieces.push(Piece::Text(rest[..at].to_owned()));
            let body = &rest[at + 2..];
            let end = body.find("}}").ok_or_else(|| TemplateError("unclosed action".into()))?;
            pieces.push(field(body[..end].trim_matches('-').trim())?);
            rest = &body[end + 2..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self { pieces, is_table })
    }

    /// Each row by the template, a line each.
    pub(super) fn print(&self, rows: &[Value]) -> Result<String, TemplateError> {
        let mut lines = Vec::new();
        if self.is_table {
            let titles: String = self.pieces.iter().map(title).collect();
            lines.push(titles);
        }
        for row in rows {
            lines.push(self.pieces.iter().map(|piece| text(piece, row)).collect::<Result<String, _>>()?);
        }
        if self.is_table {
            let cells = |line: &String| line.split('\t').map(str::to_owned).collect();
            return Ok(table(&lines.iter().map(cells).collect::<Vec<_>>()));
        }
        Ok(lines.into_iter().map(|line| line + "\n").collect())
    }
}

fn field(action: &str) -> Result<Piece, TemplateError> {
    let unsupported = || {
        TemplateError(format!("{action:?}: only {{{{.Field}}}} and {{{{json .Field}}}} are supported here"))
    };
    let words: Vec<&str> = action.split_whitespace().filter(|word| *word != "|").collect();
    let (field, function) = match words.as_slice() {
        [field] => (*field, None),
        [function, field] if field.starts_with('.') => (*field, Some(*function)),
        [field, function] => (*field, Some(*function)),
        _ => return Err(unsupported()),
    };
    let function = match function {
        None => None,
        Some("json") => Some(Function::Json),
        Some("upper") => Some(Function::Upper),
        Some("lower") => Some(Function::Lower),
        Some("len") => Some(Function::Len),
        Some(_) => return Err(unsupported()),
    };
    let path = field.strip_prefix('.').ok_or_else(unsupported)?;
    let path = path.split('.').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    Ok(Piece::Field { path, function })
}

fn title(piece: &Piece) -> String {
    match piece {
        Piece::Text(text) => text.clone(),
        Piece::Field { path, .. } => match path.last().map_or("", String::as_str) {
            "ID" => "ID".into(),
            "CreatedAt" => "CREATED AT".into(),
            "CreatedSince" => "CREATED".into(),
            "CreatedBy" => "CREATED BY".into(),
            "RunningFor" => "CREATED".into(),
            name => name.to_uppercase(),
        },
    }
}

fn text(piece: &Piece, row: &Value) -> Result<String, TemplateError> {
    let (path, function) = match piece {
        Piece::Text(text) => return Ok(text.clone()),
        Piece::Field { path, function } => (path, function),
    };
    let mut value = row;
    for name in path {
        value = value.get(name).ok_or_else(|| TemplateError(format!("map has no entry for key {name:?}")))?;
    }
    Ok(match function {
        None => go(value),
        Some(Function::Json) => value.to_string(),
        Some(Function::Upper) => go(value).to_uppercase(),
        Some(Function::Lower) => go(value).to_lowercase(),
        Some(Function::Len) => match value {
            Value::Array(items) => items.len(),
            Value::Object(fields) => fields.len(),
            other => go(other).len(),
        }
        .to_string(),
    })
}

/// A value as Go prints it. What nests deeper than documents may does not come here.
fn go(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(go).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let pairs: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}:{}", go(value))).collect();
            format!("map[{}]", pairs.join(" "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_and_functions() {
        let row = json!({ "ID": "abc", "Config": { "Cmd": ["a", "b"], "Labels": { "x": "y" } }, "Size": 5 });
        for (template, expected) in [
            ("{{.ID}}: {{ .Size }}", "abc: 5\n"),
            ("{{json .Config.Cmd}}", "[\"a\",\"b\"]\n"),
            ("{{.Config.Cmd}}\\t{{.Config.Labels}}", "[a b]\tmap[x:y]\n"),
            ("{{.ID | upper}} {{len .Config.Cmd}}", "ABC 2\n"),
            ("table {{.ID}}\\t{{.Size}}", "ID        SIZE\nabc       5\n"),
        ] {
            assert_eq!(
                Template::read(template).unwrap().print(std::slice::from_ref(&row)).unwrap(),
                expected
            );
        }
        assert!(Template::read("{{range .X}}").is_err());
        assert!(Template::read("{{.X").is_err());
        assert!(Template::read("{{.None}}").unwrap().print(&[row]).is_err());
    }
}
