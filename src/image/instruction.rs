//! Makes `created_by` readable.
//!
//! There is no specification of this text. What is undone here is what the classic builder, BuildKit and Buildah
//! wrap around an instruction; the free texts of kaniko, bazel, jib, nix and others stay as they are.

/// Makes `created_by` readable: a Dockerfile instruction without the builder's wrapping.
pub fn instruction(created_by: &str) -> String {
    let text = created_by.trim();
    let buildkit = text.strip_suffix("# buildkit").map(str::trim_end);
    let text = buildkit.unwrap_or(text);
    if let Some(rest) = no_operation(text) {
        return plain(rest);
    }
    if let Some(command) = keyword(text, "RUN").filter(|_| buildkit.is_some()) {
        let command = without_args(command);
        return format!("RUN {}", shell_command(command).map_or(command, without_preferences));
    }
    if let Some(command) = shell_command(without_args(text)) {
        return format!("RUN {}", without_preferences(command));
    }
    match without_args(text) {
        whole if whole.len() == text.len() => plain(text),
        // Exec form with build arguments: no shell between.
        command => format!("RUN {command}"),
    }
}

/// What follows `#(nop)`, the classic builder's mark of a step that ran nothing: it stands where the shell's
/// command would, behind PowerShell's preamble if there is one.
fn no_operation(text: &str) -> Option<&str> {
    const MARK: &str = "#(nop)";
    let command = shell_command(without_args(text)).map_or(text, without_preferences);
    command.strip_prefix(MARK).map(str::trim)
}

/// Leaves out the preferences that Windows images set in the `SHELL` of PowerShell, and which then stand before every
/// command: `$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue';`.
fn without_preferences(command: &str) -> &str {
    let after_one = |text: &'_ str| -> Option<usize> {
        let rest = ["$ErrorActionPreference", "$ProgressPreference"]
            .iter()
            .find_map(|name| text.strip_prefix(name))?;
        let value = rest.trim_start().strip_prefix('=')?.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (word, rest) = value[1..].split_once(quote)?;
        let rest =
            rest.trim_start().strip_prefix(';').filter(|_| word.bytes().all(|b| b.is_ascii_alphabetic()))?;
        Some(text.len() - rest.trim_start().len())
    };
    let mut command = command;
    while let Some(end) = after_one(command) {
        command = &command[end..];
    }
    command
}

/// What follows the word `word` and white space.
fn keyword<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.strip_prefix(word).filter(|rest| rest.starts_with(char::is_whitespace)).map(str::trim_start)
}

/// Leaves out the build arguments in front, `|2 A=1 B=2 /bin/sh -c …`. Their values are not quoted, so they are taken
/// to end where a shell begins, or else to hold no spaces.
fn without_args(text: &str) -> &str {
    let counted = || {
        let (count, rest) = text.strip_prefix('|')?.split_once(' ')?;
        Some((count.parse::<usize>().ok()?, rest))
    };
    let Some((count, args)) = counted() else { return text };
    let spaces = || args.match_indices(' ').map(|(at, _)| &args[at + 1..]);
    if let Some(command) = spaces().find(|rest| shell_command(rest).is_some()) {
        return command;
    }
    match count.checked_sub(1) {
        None if shell_command(args).is_some() => args,
        None => args,
        Some(index) => spaces().nth(index).unwrap_or(text),
    }
}

/// The command that a shell is given: after `/bin/sh -c`, `/bin/bash -eo pipefail -c`, `cmd /S /C`,
/// `powershell -Command` and their like.
fn shell_command(text: &str) -> Option<&str> {
    let (program, mut rest) = text.split_once(' ')?;
    let name = program.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
    let is_last: fn(&str) -> bool = match name.strip_suffix(".exe").unwrap_or(&name) {
        "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh" if program.starts_with('/') => {
            |flag| flag.starts_with('-') && !flag.starts_with("--") && flag.ends_with('c')
        }
        "cmd" => |flag| flag.eq_ignore_ascii_case("/c"),
        "powershell" | "pwsh" => {
            |flag| flag.eq_ignore_ascii_case("-command") || flag.eq_ignore_ascii_case("-c")
        }
        _ => return None,
    };
    // Flags, each perhaps with one word that is not a flag (`-o pipefail`), up to the one before the command. A shell
    // with more of them is none: the search for it begins at every word of a text, which may be long.
    const FLAGS: usize = 8;
    let mut values = 0;
    for _ in 0..FLAGS {
        let (word, after) = rest.split_once(' ')?;
        rest = after.trim_start_matches(' ');
        if is_last(word) {
            return Some(rest.trim());
        }
        values = if word.starts_with(['-', '/']) { 0 } else { values + 1 };
        if values > 1 {
            return None;
        }
    }
    None
}

/// An instruction that stands there by itself: Go's ways of printing its arguments are undone.
fn plain(text: &str) -> String {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim();
    let arguments = match word {
        "CMD" | "ENTRYPOINT" | "RUN" => exec_form(rest),
        "SHELL" | "VOLUME" => exec_form(rest).or_else(|| go_list(rest)),
        "EXPOSE" => go_set(rest),
        "ADD" | "COPY" => classic_source(rest),
        "HEALTHCHECK" => healthcheck(rest),
        _ => None,
    };
    arguments.map_or_else(|| text.to_owned(), |arguments| format!("{word} {arguments}"))
}

/// `["a" "b"]`, as Go prints strings, or JSON with any white space: as JSON.
fn exec_form(text: &str) -> Option<String> {
    let mut rest = text.strip_prefix('[')?.strip_suffix(']')?.trim_start();
    let mut words = Vec::new();
    while !rest.is_empty() {
        let (word, after) = quoted(rest)?;
        words.push(word);
        let after = after.trim_start();
        rest = after.strip_prefix(',').unwrap_or(after).trim_start();
    }
    Some(json_list(words))
}

/// A double-quoted string with JSON's escapes, which are most of Go's, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut escaped = false;
    let closing = |&(_, byte): &(usize, u8)| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    };
    let body = text.strip_prefix('"')?;
    let (end, _) = body.bytes().enumerate().find(closing)?;
    let (literal, after) = text.split_at(end + 2);
    Some((serde_json::from_str(literal).ok()?, after))
}

/// `[/bin/bash -c]`, as Go prints a list: as JSON. What it holds behind PowerShell's `-Command` was one word, as far as
/// Dockerfiles go.
fn go_list(text: &str) -> Option<String> {
    let words = text.strip_prefix('[')?.strip_suffix(']')?.trim();
    let last = shell_command(words).filter(|command| command.contains(';'));
    let split = last.map_or(words, |last| &words[..words.len() - last.len()]);
    Some(json_list(split.split_whitespace().chain(last).map(str::to_owned).collect()))
}

/// Exec form as people write it, with a space behind each comma.
fn json_list(words: Vec<String>) -> String {
    let words: Vec<String> =
        words.into_iter().map(|word| serde_json::Value::from(word).to_string()).collect();
    format!("[{}]", words.join(", "))
}

/// `map[443/tcp:{} 80/tcp:{}]`, as Go prints a set: its keys.
fn go_set(text: &str) -> Option<String> {
    let entries = text.strip_prefix("map[")?.strip_suffix(']')?.split_whitespace();
    let keys: Option<Vec<&str>> = entries.map(|entry| entry.strip_suffix(":{}")).collect();
    keys.map(|keys| keys.join(" "))
}

/// `file:HASH in /dest`, by which the classic builder names what was copied: as source and destination.
fn classic_source(text: &str) -> Option<String> {
    let source = text.split(' ').find(|word| !word.starts_with("--"))?;
    let (kind, _) = source.split_once(':')?;
    if !matches!(kind, "file" | "dir" | "multi") {
        return None;
    }
    let (before, destination) = text.split_once(" in ")?;
    before.ends_with(source).then(|| format!("{before} {}", destination.trim()))
}

/// `&{["CMD-SHELL" "true"] "30s" "3s" "0s" "0s" '\x03'}`, Go's print of the structure: as flags and a command. The
/// fields are test, interval, timeout, start period, since Docker 25 the start interval, and retries.
fn healthcheck(text: &str) -> Option<String> {
    let fields = text.strip_prefix("&{")?.strip_suffix('}')?;
    let (test, numbers) = fields.split_at(fields.find("] ")? + 1);
    let test: Vec<String> = serde_json::from_str(&exec_form(test)?).ok()?;
    let numbers: Vec<&str> = numbers.split_whitespace().collect();
    let (retries, durations) = numbers.split_last()?;
    let flags: &[&str] = match durations.len() {
        3 => &["interval", "timeout", "start-period"],
        4 => &["interval", "timeout", "start-period", "start-interval"],
        _ => return None,
    };
    let mut words: Vec<String> = Vec::new();
    for (flag, duration) in flags.iter().zip(durations) {
        let duration = duration.trim_matches('"');
        if duration != "0s" {
            words.push(format!("--{flag}={duration}"));
        }
    }
    if let Some(retries) = go_rune(retries).filter(|n| *n != 0) {
        words.push(format!("--retries={retries}"));
    }
    words.push(match test.as_slice() {
        [none] if none == "NONE" => "NONE".to_owned(),
        [shell, command] if shell == "CMD-SHELL" => format!("CMD {command}"),
        [exec, command @ ..] if exec == "CMD" => format!("CMD {}", json_list(command.to_vec())),
        _ => return None,
    });
    Some(words.join(" "))
}

/// A number that Go printed as a character: `'\x03'`, `'\n'`, `'5'`.
fn go_rune(text: &str) -> Option<u32> {
    let body = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let escape = match body.strip_prefix('\\') {
        None => return body.chars().next().map(u32::from),
        Some(escape) => escape,
    };
    match escape {
        "a" => Some(7),
        "b" => Some(8),
        "t" => Some(9),
        "n" => Some(10),
        "v" => Some(11),
        "f" => Some(12),
        "r" => Some(13),
        _ => u32::from_str_radix(escape.strip_prefix(['x', 'u', 'U'])?, 16).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::instruction;

    #[track_caller]
    fn reads(created_by: &str, expected: &str) {
        assert_eq!(instruction(created_by), expected, "{created_by}");
    }

    #[test]
    fn the_classic_builder() {
        reads("/bin/sh -c #(nop)  CMD [\"sh\"]", "CMD [\"sh\"]");
        reads(
            "/bin/sh -c #(nop) CMD [\"nginx\" \"-g\" \"daemon off;\"]",
            r#"CMD ["nginx", "-g", "daemon off;"]"#,
        );
        reads(
            r#"/bin/sh -c #(nop) CMD ["/bin/sh" "-c" "echo \"hi\""]"#,
            r#"CMD ["/bin/sh", "-c", "echo \"hi\""]"#,
        );
        reads("/bin/sh -c #(nop) ENTRYPOINT [\"/bin/opm\"]", "ENTRYPOINT [\"/bin/opm\"]");
        reads("/bin/sh -c #(nop) ADD file:ab89 in / ", "ADD file:ab89 /");
        reads("/bin/sh -c #(nop) COPY --chown=1:1 dir:ab in /a in b ", "COPY --chown=1:1 dir:ab /a in b");
        reads("/bin/sh -c #(nop) COPY multi:1f in /x/ ", "COPY multi:1f /x/");
        reads("/bin/sh -c #(nop)  ENV PATH=/bin:/usr/bin", "ENV PATH=/bin:/usr/bin");
        reads("/bin/sh -c #(nop)  EXPOSE 80", "EXPOSE 80");
        reads("/bin/sh -c #(nop)  VOLUME [/var/lib/x /data]", r#"VOLUME ["/var/lib/x", "/data"]"#);
        reads(
            "/bin/sh -c #(nop)  SHELL [/bin/bash -o pipefail -c]",
            r#"SHELL ["/bin/bash", "-o", "pipefail", "-c"]"#,
        );
        reads("/bin/sh -c apt-get update \t&& true", "RUN apt-get update \t&& true");
        reads("/bin/sh -c echo '#(nop) x'", "RUN echo '#(nop) x'");
        reads("|2 A=1 B=two words /bin/sh -c make $A", "RUN make $A");
        reads("|1 A=1 make all", "RUN make all");
        reads("|0 /bin/sh -c x", "RUN x");
        reads("/bin/bash -eo pipefail -c curl x | tar x", "RUN curl x | tar x");
        reads("/bin/bash -o pipefail -ec y", "RUN y");
    }

    #[test]
    fn buildkit() {
        reads("RUN /bin/sh -c apk add --no-cache curl # buildkit", "RUN apk add --no-cache curl");
        reads("RUN |1 V=3 /bin/sh -c make V=$V # buildkit", "RUN make V=$V");
        reads("RUN /app/install --all # buildkit", "RUN /app/install --all");
        reads("COPY hello / # buildkit", "COPY hello /");
        reads("COPY /a in /b / # buildkit", "COPY /a in /b /");
        reads("ENTRYPOINT [\"npm\" \"start\"]", r#"ENTRYPOINT ["npm", "start"]"#);
        reads("EXPOSE map[443/tcp:{} 80/tcp:{}]", "EXPOSE 443/tcp 80/tcp");
        reads("ENV A=b", "ENV A=b");
        reads("WORKDIR /app", "WORKDIR /app");
        reads("RUN /bin/sh -c <<EOF\necho a\nEOF # buildkit", "RUN <<EOF\necho a\nEOF");
        reads(
            r#"HEALTHCHECK &{["CMD-SHELL" "curl -f http://localhost/ || exit 1"] "30s" "3s" "0s" "0s" '\x03'}"#,
            "HEALTHCHECK --interval=30s --timeout=3s --retries=3 CMD curl -f http://localhost/ || exit 1",
        );
        reads(
            r#"HEALTHCHECK &{["CMD" "/check" "a] b"] "0s" "0s" "5s" '\n'}"#,
            r#"HEALTHCHECK &{["CMD" "/check" "a] b"] "0s" "0s" "5s" '\n'}"#,
        );
        reads(
            r#"HEALTHCHECK &{["CMD" "/check"] "0s" "0s" "5s" '\n'}"#,
            r#"HEALTHCHECK --start-period=5s --retries=10 CMD ["/check"]"#,
        );
        reads(r#"HEALTHCHECK &{["NONE"] "0s" "0s" "0s" '\x00'}"#, "HEALTHCHECK NONE");
    }

    #[test]
    fn windows() {
        reads("cmd /S /C #(nop)  ENV A=b", "ENV A=b");
        reads("cmd /S /C dir C:\\", "RUN dir C:\\");
        reads("powershell -Command Write-Host hi", "RUN Write-Host hi");
        reads("RUN powershell -Command Write-Host hi # buildkit", "RUN Write-Host hi");
        reads("C:\\Windows\\System32\\cmd.exe /S /C dir", "RUN dir");
        let preamble =
            "powershell -Command $ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue';";
        reads(&format!("{preamble} #(nop)  CMD [\"x\"]"), "CMD [\"x\"]");
        reads(
            &format!("{preamble} Invoke-WebRequest $url -OutFile a.zip"),
            "RUN Invoke-WebRequest $url -OutFile a.zip",
        );
        reads(&format!("RUN |1 A=1 {preamble} Remove-Item a.zip # buildkit"), "RUN Remove-Item a.zip");
        reads(
            &format!("cmd /S /C #(nop)  SHELL [{preamble}]"),
            "SHELL [\"powershell\", \"-Command\", \"$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue';\"]",
        );
        reads("powershell -Command $ProgressPreference = $x; y", "RUN $ProgressPreference = $x; y");
        reads("Apply image 1809-RTM-amd64", "Apply image 1809-RTM-amd64");
    }

    #[test]
    fn texts_of_others_stay_as_they_are() {
        for text in [
            "",
            "bazel build ...",
            "jib-gradle-plugin:1.4.1-SNAPSHOT",
            "RUN mkdir -p /root/example",
            "ADD README.md /somefile.txt",
            "Layer: 'RUN mkdir /x', Created by extension: first-extension",
            "BusyBox 1.37.0 (glibc), Debian 12",
            "#(imagebuilder)\nsleep 86400",
            "FROM some-base-image",
            "ENTRYPOINT exec \"$@\"",
            "EXPOSE &{[{{4 0} {4 0}}] 0xc000}",
            "HEALTHCHECK &{}",
            "CMD [\"unclosed]",
            "CMD []",
            "|",
            "|x",
            "|9",
            "|9 A=b",
            "/bin/sh",
            "/bin/sh -c",
        ] {
            reads(text, text);
        }
    }

    #[test]
    fn long_texts_take_no_longer_than_they_are() {
        let text = format!("|1 {}", "/bin/sh -x ".repeat(300_000));
        assert!(instruction(&text).len() > 3_000_000);
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_odd(text in r#"(\|\d )?(RUN |/bin/sh -c |cmd /S /C |#\(nop\) )?(CMD|HEALTHCHECK|EXPOSE|COPY|SHELL|x) ?\PC{0,20}[\[\]"'{}& ]{0,8}\PC{0,9}( # buildkit)?"#) {
            let readable = instruction(&text);
            proptest::prop_assert!(!readable.contains("/bin/sh -c #(nop)"), "{readable}");
        }

        #[test]
        fn exec_form_keeps_its_words(words in proptest::collection::vec("[ -~]{0,8}", 0..4)) {
            let json = serde_json::to_string(&words).unwrap();
            let readable = instruction(&format!("/bin/sh -c #(nop)  CMD {json}"));
            let read: Vec<String> = serde_json::from_str(readable.strip_prefix("CMD ").unwrap()).unwrap();
            proptest::prop_assert_eq!(read, words);
        }
    }
}
