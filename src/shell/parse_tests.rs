//! What lines are parsed to.

use super::*;

fn text(text: &str) -> Part {
    Part::Text(text.into())
}

fn quoted(text: &str) -> Part {
    Part::Quoted(text.into())
}

fn words(line: &str) -> Vec<Word> {
    let script = parse(line).unwrap();
    assert_eq!(script.len(), 1, "{line}");
    script[0].1.words.clone()
}

#[test]
fn words_and_quotes() {
    assert_eq!(words("ls  -la\t/etc"), [[text("ls")], [text("-la")], [text("/etc")]]);
    assert_eq!(
        words("a 'b c'\"d e\"f\\ g"),
        [vec![text("a")], vec![quoted("b c"), quoted("d e"), text("f"), quoted(" "), text("g")]]
    );
    assert_eq!(words("echo '' \"\""), [[text("echo")], [quoted("")], [quoted("")]]);
    assert_eq!(words(r#"echo "a\"\$b\n""#), [[text("echo")], [quoted(r#"a"$b\n"#)]]);
    assert_eq!(words("echo a#b # rest | & ("), [[text("echo")], [text("a#b")]]);
    assert_eq!(words("ls \\\n -l"), [[text("ls")], [text("-l")]]);
}

#[test]
fn expansions() {
    let variable =
        |name: &str, modifier, quoted| Part::Variable(Variable { name: name.into(), modifier, quoted });
    assert_eq!(
        words("echo $A\"$B\"${C}d $?"),
        [
            vec![text("echo")],
            vec![
                variable("A", Modifier::None, false),
                variable("B", Modifier::None, true),
                variable("C", Modifier::None, false),
                text("d")
            ],
            vec![variable("?", Modifier::None, false)],
        ]
    );
    let default = Modifier::Default { word: "x ${B}".into(), colon: true };
    assert_eq!(words("echo ${A:-x ${B}}"), [vec![text("echo")], vec![variable("A", default, false)]]);
    let output = |script: &str, quoted| Part::Output { script: script.into(), quoted };
    assert_eq!(
        words("docker rm $(docker image ls -q) -f"),
        [vec![text("docker")], vec![text("rm")], vec![output("docker image ls -q", false)], vec![text("-f")],]
    );
    assert_eq!(
        words("a \"$(echo ')' $(b))\" `c`"),
        [vec![text("a")], vec![output("echo ')' $(b)", true)], vec![output("c", false)]]
    );
    assert_eq!(words("echo $ 5$"), [vec![text("echo")], vec![quoted("$")], vec![text("5"), quoted("$")]]);
}

#[test]
fn lists_redirections_and_assignments() {
    let script = parse("A=1 B= cmd x>f 2>>g<h && b || c;d\n\ne").unwrap();
    let when: Vec<_> = script.iter().map(|(when, _)| *when).collect();
    assert_eq!(when, [When::Always, When::Success, When::Failure, When::Always, When::Always]);
    let first = &script[0].1;
    assert_eq!(first.assignments, [("A".into(), vec![text("1")]), ("B".into(), vec![])]);
    assert_eq!(first.words, [[text("cmd")], [text("x")]]);
    let redirections: Vec<_> =
        first.redirections.iter().map(|r| (r.descriptor, r.direction, r.target.clone())).collect();
    assert_eq!(
        redirections,
        [
            (1, Direction::Output, vec![text("f")]),
            (2, Direction::Append, vec![text("g")]),
            (0, Direction::Input, vec![text("h")]),
        ]
    );
    assert_eq!(parse("a >&2").unwrap()[0].1.redirections[0].direction, Direction::Duplicate);
    assert_eq!(parse("> f").unwrap()[0].1.words, Vec::<Word>::new());
    assert_eq!(parse("a &&\n b").unwrap().len(), 2);
    assert_eq!(parse("  # nothing\n").unwrap(), []);
}

#[test]
fn what_is_not_there_is_named() {
    for (line, message) in [
        ("cat a | grep b", "no pipes here"),
        ("sleep 1 &", "no background jobs"),
        ("(a)", "no ( ) here"),
        ("cat << EOF", "no here-documents"),
        ("for x in a; do b; done", "no loops"),
        ("echo $((1+1))", "no arithmetic"),
        ("echo ${A%b}", "only ${NAME}"),
        ("echo 'a", "looking for matching '"),
        ("echo \"a", "looking for matching \""),
        ("echo $(a", "looking for matching )"),
        ("echo ${a", "looking for matching }"),
        ("a && ", "looking for matching command"),
        ("&& a", "unexpected token '&&'"),
        ("; a", "unexpected token ';'"),
        ("a ;; b", "unexpected token ';'"),
        ("echo >", "unexpected token 'newline'"),
        ("a )", "no ( ) here"),
    ] {
        let error = parse(line).expect_err(line).to_string();
        assert!(error.contains(message), "{line}: {error}");
    }
    assert_eq!(parse(&"a".repeat(limits::SHELL_LINE + 1)), Err(ParseError::TooLong));
}
