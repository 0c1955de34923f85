//! `docker build`.

use super::{Engine, short};
use crate::{
    build::{self, Build, Built},
    shell::{human, options::Arguments},
};

pub(super) fn build(engine: &mut Engine<'_, '_>, arguments: &Arguments) -> i32 {
    let path = arguments.operands[0].to_string();
    if path.contains("://") {
        return engine.fail(&format!(
            "unable to prepare context: {path}: nothing is fetched from here; name a directory"
        ));
    }
    // `docker build - < Dockerfile` has no context.
    let context = if path == "-" { Ok(Vec::new()) } else { engine.world.host.list(&path) };
    let context = match context {
        Ok(context) => context,
        Err(error) => {
            return engine.fail(&format!("unable to prepare context: path \"{path}\" not found: {error}"));
        }
    };
    let file = arguments.value("file").map(|file| file.to_string());
    let name = match file.filter(|_| path != "-").unwrap_or_else(|| match path.as_str() {
        "-" => "-".to_owned(),
        path => format!("{}/Dockerfile", path.trim_end_matches('/')),
    }) {
        name if name == "-" => match engine.input.clone() {
            Some(input) => input,
            None => {
                return engine
                    .fail("the Dockerfile is to come from standard input: docker build - < Dockerfile");
            }
        },
        name => name,
    };
    let dockerfile = engine.world.host.open(&name).and_then(|source| {
        let bytes = source.read_at(0..source.len().min(2 << 20)).map_err(|failure| failure.detail)?;
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())
    });
    let dockerfile = match dockerfile {
        Ok(text) => text,
        Err(error) => return engine.fail(&format!("failed to read dockerfile: open {name}: {error}")),
    };
    let pairs = |option: &str| {
        let pair = |pair: &bstr::BStr| {
            let text = pair.to_string();
            text.split_once('=')
                .map_or_else(|| (text.clone(), String::new()), |(name, value)| (name.into(), value.into()))
        };
        arguments.values(option).map(pair).collect::<Vec<(String, String)>>()
    };
    let order = Build {
        dockerfile,
        context,
        tags: arguments.values("tag").map(|tag| tag.to_string()).collect(),
        arguments: pairs("build-arg"),
        labels: pairs("label"),
        target: arguments.value("target").map(|target| target.to_string()),
        no_cache: arguments.has("no-cache"),
    };
    let built = build::build(engine.world, engine.cache, &order);
    let quiet = arguments.has("quiet");
    if !quiet {
        engine.print(&told(&built));
    }
    match (&built.problem, &built.image) {
        (Some(problem), _) => engine.fail(&format!("ERROR: {name}:{}: {}", problem.line, problem.message)),
        (None, Some(id)) if quiet => {
            engine.print(&format!("{id}\n"));
            0
        }
        (None, image) => {
            let id = image.as_ref().map_or_else(String::new, |id| short(id.hex()));
            let mut text = format!("Successfully built {id}\n");
            for tag in &order.tags {
                text.push_str(&format!("Successfully tagged {}\n", super::world::with_tag(tag)));
            }
            engine.print(&text);
            0
        }
    }
}

/// The steps as docker's own builder tells them, and of each whether the cache had it and why.
fn told(built: &Built) -> String {
    let mut text = String::new();
    let count = built.steps.len();
    for (step, number) in built.steps.iter().zip(1..) {
        text.push_str(&format!("Step {number}/{count} : {}\n", step.text));
        if step.cached {
            text.push_str(&format!(" ---> Using cache: {}\n", step.why));
        } else if step.image.is_some() {
            text.push_str(&format!(" ---> {}\n", step.why));
        }
        text.push_str(&step.output);
        if let Some(image) = &step.image {
            let layer = step.layer.map_or_else(
                || "no layer".to_owned(),
                |size| format!("layer of {}", human::decimal_size(size)),
            );
            text.push_str(&format!(" ---> {} ({layer})\n", short(image.hex())));
        }
    }
    for warning in &built.warnings {
        text.push_str(&format!("WARNING: line {}: {}\n", warning.line, warning.message));
    }
    text
}
