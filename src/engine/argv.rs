//! What a container is started with: how an image's `ENTRYPOINT` and `CMD` and the words of `docker run` go together
//! (Dockerfile reference, "Understand how CMD and ENTRYPOINT interact").

use crate::oci::ContainerConfig;

/// What a container would run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argv {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// How they came about, one sentence each.
    pub reasons: Vec<String>,
}

/// The program and arguments of a container of an image: `entrypoint` is the value of `--entrypoint`, `arguments` what
/// follows the image on the command line.
pub fn argv(config: &ContainerConfig, entrypoint: Option<&str>, arguments: &[String]) -> Argv {
    let mut reasons = Vec::new();
    let own_entrypoint = config.entrypoint.as_deref().unwrap_or_default();
    let cmd = config.cmd.as_deref().unwrap_or_default();
    let head: Vec<String> = match entrypoint {
        Some("") => {
            reasons.push("--entrypoint \"\" takes the image's ENTRYPOINT away".to_owned());
            Vec::new()
        }
        Some(program) => {
            reasons.push("--entrypoint replaces the image's ENTRYPOINT, and its CMD goes with it".to_owned());
            vec![program.to_owned()]
        }
        None => own_entrypoint.to_vec(),
    };
    let tail: &[String] = if !arguments.is_empty() {
        if !cmd.is_empty() {
            reasons.push(format!("the arguments replace the image's CMD {}", json(cmd)));
        }
        arguments
    } else if entrypoint.is_some() {
        &[]
    } else {
        cmd
    };
    if is_shell_form(&head) && !tail.is_empty() {
        let what = if arguments.is_empty() { "CMD" } else { "the arguments" };
        reasons.push(format!(
            "ENTRYPOINT is in shell form, {}: the shell runs its one text, and {what} become $0, $1 … of it, which it ignores",
            json(&head)
        ));
    } else if entrypoint.is_none() && !head.is_empty() {
        let what = match (arguments.is_empty(), tail.is_empty()) {
            (_, true) => "and nothing is added to it".to_owned(),
            (true, false) => "and CMD is appended to it".to_owned(),
            (false, false) => "and the arguments are appended to it".to_owned(),
        };
        reasons.push(format!("ENTRYPOINT is in exec form, {}, {what}", json(&head)));
    } else if head.is_empty() && arguments.is_empty() && !tail.is_empty() {
        let form = if is_shell_form(tail) { "shell" } else { "exec" };
        reasons.push(format!("there is no ENTRYPOINT: the image's CMD, in {form} form, is the command"));
    }
    Argv { words: head.iter().chain(tail).cloned().collect(), reasons }
}

/// Whether a container of an image runs the text of its `ENTRYPOINT`, whatever arguments follow.
pub(super) fn ignores_arguments(config: &ContainerConfig) -> bool {
    config.entrypoint.as_deref().is_some_and(is_shell_form)
}

/// Whether words are what the shell form makes of a text: a shell, `-c` and the text.
fn is_shell_form(words: &[String]) -> bool {
    match words {
        [shell, flag, _] => {
            let name = shell.rsplit(['/', '\\']).next().unwrap_or_default();
            let is_shell = name.ends_with("sh") || ["cmd", "cmd.exe", "powershell"].contains(&name);
            is_shell && ["-c", "/S /C", "/c", "-ec", "-lc"].contains(&flag.as_str())
        }
        _ => false,
    }
}

/// Words in the exec form, `["a", "b"]`.
pub fn json(words: &[String]) -> String {
    serde_json::to_string(words).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    fn made(entrypoint: &[&str], cmd: &[&str], stated: Option<&str>, arguments: &[&str]) -> (String, String) {
        let some = |list: &[&str]| (!list.is_empty()).then(|| words(list));
        let config =
            ContainerConfig { entrypoint: some(entrypoint), cmd: some(cmd), ..ContainerConfig::default() };
        let argv = argv(&config, stated, &words(arguments));
        (argv.words.join(" "), argv.reasons.join("; "))
    }

    #[test]
    fn entrypoint_cmd_and_arguments() {
        let (all, why) = made(&[], &["bash"], None, &[]);
        assert_eq!(all, "bash");
        assert!(why.contains("no ENTRYPOINT"), "{why}");
        let (all, why) = made(&[], &["bash"], None, &["ls", "-l"]);
        assert_eq!(all, "ls -l");
        assert!(why.contains("replace the image's CMD [\"bash\"]"), "{why}");
        let (all, why) = made(&["nginx"], &["-g", "x"], None, &[]);
        assert_eq!(all, "nginx -g x");
        assert!(why.contains("CMD is appended"), "{why}");
        let (all, why) = made(&["nginx"], &["-g", "x"], None, &["-t"]);
        assert_eq!(all, "nginx -t");
        assert!(why.contains("arguments are appended"), "{why}");
        let (all, why) = made(&["/bin/sh", "-c", "exec top"], &["-b"], None, &["-H"]);
        assert_eq!(all, "/bin/sh -c exec top -H");
        assert!(why.contains("shell form") && why.contains("ignores"), "{why}");
        assert_eq!(made(&["nginx"], &["-g"], Some("sh"), &["-x"]).0, "sh -x");
        assert_eq!(made(&["nginx"], &["-g"], Some("sh"), &[]).0, "sh");
        assert_eq!(made(&["nginx"], &["-g"], Some(""), &["a"]).0, "a");
        assert_eq!(made(&[], &[], None, &[]).0, "");
    }
}
