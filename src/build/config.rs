//! What instructions make of the config of an image (OCI image spec, config.md; Dockerfile reference).

use serde_json::{Map, Value, json};

use super::{
    dockerfile::{Dockerfile, Instruction, Keyword},
    words::{self, Variables},
};

/// Changes the object `config` of an image config.
pub type Edit = dyn Fn(&mut Map<String, Value>);

/// The changes that instructions ask for, as `docker commit -c` takes them.
///
/// # Errors
///
/// If one is no instruction, or none that changes the config.
pub fn edit_of(lines: &[String]) -> Result<Box<Edit>, String> {
    if lines.is_empty() {
        return Ok(Box::new(|_| {}));
    }
    let file = Dockerfile::parse(&lines.join("\n")).map_err(|problem| problem.message)?;
    let mut tried = Map::new();
    for instruction in &file.instructions {
        if !changes_config(instruction.keyword) {
            return Err(format!("{} is not a valid change command", instruction.keyword.name()));
        }
        apply(&mut tried, instruction, file.escape, &|_| None)?;
    }
    Ok(Box::new(move |config| {
        for instruction in &file.instructions {
            let env = env_of(config);
            // It was tried before.
            let _ = apply(config, instruction, file.escape, &|name| find(&env, name));
        }
    }))
}

/// Whether an instruction changes the config and nothing else.
pub(super) fn changes_config(keyword: Keyword) -> bool {
    !matches!(
        keyword,
        Keyword::Add | Keyword::Arg | Keyword::Copy | Keyword::From | Keyword::Maintainer | Keyword::Run
    )
}

/// The variables that a config sets.
pub(super) fn env_of(config: &Map<String, Value>) -> Vec<(String, String)> {
    let pairs = config.get("Env").and_then(Value::as_array);
    let pair = |pair: &Value| {
        let (name, value) = pair.as_str()?.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    pairs.into_iter().flatten().filter_map(pair).collect()
}

/// The value of a variable.
pub(super) fn find(env: &[(String, String)], name: &str) -> Option<String> {
    env.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

/// Changes a config as an instruction says.
pub(super) fn apply(
    config: &mut Map<String, Value>,
    instruction: &Instruction,
    escape: char,
    variables: Variables<'_>,
) -> Result<(), String> {
    let Instruction { keyword, body, json: list, flags, .. } = instruction;
    let expand = |text: &str| words::expand(text, escape, variables).map_err(|error| error.to_string());
    let all = || words::split(body, escape).iter().map(|word| expand(word)).collect::<Result<Vec<_>, _>>();
    let form = |config: &Map<String, Value>| match list {
        Some(words) => json!(words),
        None => json!([shell_of(config), vec![body.clone()]].concat()),
    };
    match keyword {
        Keyword::Cmd => {
            let words = form(config);
            config.insert("Cmd".into(), words);
        }
        Keyword::Entrypoint => {
            let words = form(config);
            config.insert("Entrypoint".into(), words);
        }
        Keyword::Shell => {
            let words = list.clone().ok_or("SHELL requires the arguments to be in JSON form")?;
            config.insert("Shell".into(), json!(words));
        }
        Keyword::Env => {
            let pairs = words::pairs(body, escape, variables).map_err(|error| format!("ENV {error}"))?;
            let mut env = env_of(config);
            for (name, value) in pairs {
                match env.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, old)) => *old = value,
                    None => env.push((name, value)),
                }
            }
            let env: Vec<String> = env.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            config.insert("Env".into(), json!(env));
        }
        Keyword::Label => {
            let pairs = words::pairs(body, escape, variables).map_err(|error| format!("LABEL {error}"))?;
            for (name, value) in pairs {
                object(config, "Labels").insert(name, json!(value));
            }
        }
        Keyword::Expose => {
            for port in all()? {
                let (numbers, protocol) = port.split_once('/').unwrap_or((&port, "tcp"));
                let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
                let number =
                    |text: &str| text.parse::<u16>().map_err(|_| format!("invalid containerPort: {port}"));
                for number in number(first)?..=number(last)? {
                    object(config, "ExposedPorts")
                        .insert(format!("{number}/{}", protocol.to_ascii_lowercase()), json!({}));
                }
            }
        }
        Keyword::Volume => {
            let paths = match list {
                Some(paths) => paths.iter().map(|path| expand(path)).collect::<Result<_, _>>()?,
                None => all()?,
            };
            for path in paths {
                if path.is_empty() {
                    return Err("VOLUME specified can not be an empty string".into());
                }
                object(config, "Volumes").insert(path, json!({}));
            }
        }
        Keyword::Workdir => {
            let path = directory(config, &expand(body)?);
            config.insert("WorkingDir".into(), json!(path));
        }
        Keyword::User => {
            let user = expand(body)?;
            config.insert("User".into(), json!(user));
        }
        Keyword::Stopsignal => {
            let signal = expand(body)?;
            config.insert("StopSignal".into(), json!(signal));
        }
        Keyword::Onbuild => {
            let word = body.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            if ["ONBUILD", "FROM", "MAINTAINER"].contains(&word.as_str()) {
                return Err(format!("{word} isn't allowed as an ONBUILD trigger"));
            }
            match config.entry("OnBuild").or_insert_with(|| json!([])) {
                Value::Array(triggers) => triggers.push(json!(body)),
                other => *other = json!([body]),
            }
        }
        Keyword::Healthcheck => {
            let check = healthcheck(config, body, flags)?;
            config.insert("Healthcheck".into(), check);
        }
        other => return Err(format!("{} does not change the config", other.name())),
    }
    Ok(())
}

/// The shell of shell forms.
pub(super) fn shell_of(config: &Map<String, Value>) -> Vec<String> {
    let words = config.get("Shell").and_then(Value::as_array);
    let words: Vec<String> =
        words.into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect();
    if words.is_empty() { vec!["/bin/sh".into(), "-c".into()] } else { words }
}

/// A directory, from the one that the config is in.
pub(super) fn directory(config: &Map<String, Value>, path: &str) -> String {
    let here =
        config.get("WorkingDir").and_then(Value::as_str).filter(|path| !path.is_empty()).unwrap_or("/");
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{here}/{path}") };
    let mut names: Vec<&str> = Vec::new();
    for name in joined.split('/') {
        match name {
            "" | "." => {}
            ".." => _ = names.pop(),
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

fn object<'c>(config: &'c mut Map<String, Value>, name: &str) -> &'c mut Map<String, Value> {
    let value = config.entry(name).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    match value {
        Value::Object(fields) => fields,
        _ => unreachable!("it was made one"),
    }
}

fn healthcheck(config: &Map<String, Value>, body: &str, flags: &[(String, String)]) -> Result<Value, String> {
    let (kind, command) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
    let command = command.trim();
    match kind.to_ascii_uppercase().as_str() {
        "NONE" => Ok(json!({ "Test": ["NONE"] })),
        "CMD" if command.is_empty() => Err("Missing command after HEALTHCHECK CMD".into()),
        "CMD" => {
            let test: Vec<String> = match serde_json::from_str::<Vec<String>>(command) {
                Ok(words) => ["CMD".to_owned()].into_iter().chain(words).collect(),
                Err(_) => vec!["CMD-SHELL".into(), command.into()],
            };
            let mut check = Map::new();
            check.insert("Test".into(), json!(test));
            for (name, value) in flags {
                let field = match name.as_str() {
                    "interval" => "Interval",
                    "timeout" => "Timeout",
                    "start-period" => "StartPeriod",
                    "start-interval" => "StartInterval",
                    "retries" => {
                        let retries: u64 =
                            value.parse().map_err(|_| format!("invalid --retries: {value}"))?;
                        check.insert("Retries".into(), json!(retries));
                        continue;
                    }
                    other => return Err(format!("unknown flag: --{other}")),
                };
                let nanos =
                    duration(value).ok_or_else(|| format!("invalid duration {value:?} of --{name}"))?;
                check.insert(field.into(), json!(nanos));
            }
            let _ = config;
            Ok(Value::Object(check))
        }
        _ => Err(format!("Unknown type {kind:?} in HEALTHCHECK (try CMD)")),
    }
}

/// A span of time as Go writes it, `1m30s`, in nanoseconds.
fn duration(text: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        let factor: u64 = match &rest[digits..unit] {
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(factor)?)?;
        rest = &rest[unit..];
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_change_the_config() {
        let text = "ENV A=1 B=\"x y\"\nENV A=2 C=$A\nWORKDIR /a\nWORKDIR b/../c\nUSER me\nEXPOSE 80 8000-8001/UDP\nVOLUME /d /e\n\
            LABEL k=v\nCMD top -b\nENTRYPOINT [\"e\"]\nSTOPSIGNAL SIGQUIT\nSHELL [\"/bin/bash\", \"-c\"]\nCMD x\n\
            HEALTHCHECK --interval=1m30s --retries=3 CMD curl x\nONBUILD RUN y";
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut config = Map::new();
        edit_of(&lines).unwrap()(&mut config);
        let expected = json!({
            "Env": ["A=2", "B=x y", "C=1"],
            "WorkingDir": "/a/c",
            "User": "me",
            "ExposedPorts": { "80/tcp": {}, "8000/udp": {}, "8001/udp": {} },
            "Volumes": { "/d": {}, "/e": {} },
            "Labels": { "k": "v" },
            "Cmd": ["/bin/bash", "-c", "x"],
            "Entrypoint": ["e"],
            "StopSignal": "SIGQUIT",
            "Shell": ["/bin/bash", "-c"],
            "Healthcheck": { "Test": ["CMD-SHELL", "curl x"], "Interval": 90_000_000_000_u64, "Retries": 3 },
            "OnBuild": ["RUN y"],
        });
        assert_eq!(Value::Object(config), expected);
        for (line, message) in [
            ("RUN x", "RUN is not a valid change command"),
            ("EXPOSE x", "invalid containerPort"),
            ("SHELL x", "JSON form"),
            ("ENV a", "must have two arguments"),
            ("ONBUILD FROM x", "isn't allowed"),
            ("HEALTHCHECK x", "Unknown type"),
            ("HEALTHCHECK --interval=x CMD y", "invalid duration"),
        ] {
            let error = edit_of(&[line.to_owned()]).err().unwrap_or_default();
            assert!(error.contains(message), "{line}: {error}");
        }
    }
}
