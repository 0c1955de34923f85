//! The tree of files: by keyboard alone, for those who do not see it, and with a hundred thousand rows.

use layerscope::{
    fixture::{Archive, Image, Shape, Tar},
    overlay::Mark,
    worker::protocol::{Change, ChangeFilter, Compare, Row, Sort, ViewSpec},
};
use serde_json::Value;

use crate::{
    app::{Folder, id, row},
    native::{Native, view},
    support::{Options, Page, run, say},
};

/// High enough for every row of the samples to be drawn.
const TALL: Options = Options { size: (1280, 3000), ..Options::DEFAULT };

/// The index of the topmost layer of the `whiteouts` sample.
const TOP: u32 = 9;

// --- The keyboard

#[test]
fn arrows_move_through_the_tree() {
    with_tree("arrows", async |page, native| {
        let rows = native.rows(0).len();
        assert_eq!(page.active_path().await, "app");
        page.key("ArrowDown").await;
        page.wait_for_active("app/.npmrc").await;
        assert_eq!(page.attribute(&row("app/.npmrc"), "aria-selected").await, "true");
        page.wait_for_details("app/.npmrc").await;
        page.key("ArrowUp").await;
        page.wait_for_active("app").await;
        page.key("End").await;
        let last = page.paths().await.pop().unwrap();
        page.wait_for_active(&last).await;
        assert_eq!(page.attribute(&row(&last), "data-row").await, (rows - 1).to_string());
        page.key("Home").await;
        page.wait_for_active("app").await;
        page.key("PageDown").await;
        page.until("a page further", async |page| page.active_path().await != "app").await;
    });
}

#[test]
fn left_and_right_close_and_open_directories() {
    with_tree("left-right", async |page, native| {
        let rows = native.rows(0);
        let inside = rows.iter().take_while(|row| row.name == "app" || row.level > 1).count() - 1;
        page.key("ArrowLeft").await;
        page.wait_for_rows(rows.len() - inside).await;
        assert_eq!(page.attribute(&row("app"), "aria-expanded").await, "false");
        page.key("ArrowRight").await;
        page.wait_for_rows(rows.len()).await;
        assert_eq!(page.attribute(&row("app"), "aria-expanded").await, "true");
        page.key("ArrowRight").await;
        page.wait_for_active("app/.npmrc").await;
        page.key("ArrowLeft").await;
        page.wait_for_active("app").await;
        page.key(" ").await;
        page.wait_for_rows(rows.len() - inside).await;
        page.key("*").await;
        page.wait_for_rows(rows.len()).await;
        page.key("e").await;
        page.wait_for_rows(rows.iter().filter(|row| row.level == 1).count()).await;
    });
}

#[test]
fn typed_letters_find_names() {
    with_tree("typing", async |page, _| {
        page.key("t").await;
        page.wait_for_active("tmp").await;
        // A letter that is a key begins a name with Shift.
        page.eval("new Promise((resolve) => setTimeout(resolve, 1000))").await;
        page.key("E").await;
        page.until("a name with e", async |page| {
            let active = page.active_path().await;
            active.rsplit('/').next().unwrap().starts_with('e')
        })
        .await;
    });
}

#[test]
fn slash_filters_and_escape_ends_it() {
    with_tree("filter", async |page, native| {
        let all = native.rows(0).len();
        let found = native.rows_of(ViewSpec { filter: "curl".into(), ..view(TOP) });
        page.key("/").await;
        assert_eq!(page.eval("document.activeElement.dataset.testid").await, "filter");
        page.type_keys("curl").await;
        page.wait_for_rows(found.len()).await;
        page.wait_for_text(&id("matches"), "2 paths").await;
        page.key("ArrowDown").await;
        assert_eq!(page.eval("document.activeElement.dataset.testid").await, "tree");
        page.key("/").await;
        page.key("Escape").await;
        page.wait_for_rows(all).await;
        // What matches nothing says so, and leads back.
        page.type_keys("no such name").await;
        page.wait_for_text(".files .blank", "No path matches").await;
        page.click(&id("show-all")).await;
        page.wait_for_rows(all).await;
    });
}

#[test]
fn letters_choose_which_changes_are_shown() {
    with_tree("changes", async |page, native| {
        let all = ChangeFilter::default();
        let cases: [(&str, &str, ViewSpec); 6] = [
            ("a", "toggle-added", ViewSpec { changes: ChangeFilter { added: false, ..all }, ..view(TOP) }),
            (
                "m",
                "toggle-modified",
                ViewSpec { changes: ChangeFilter { modified: false, ..all }, ..view(TOP) },
            ),
            (
                "d",
                "toggle-deleted",
                ViewSpec { changes: ChangeFilter { deleted: false, ..all }, ..view(TOP) },
            ),
            (
                "u",
                "toggle-unmodified",
                ViewSpec { changes: ChangeFilter { unmodified: false, ..all }, ..view(TOP) },
            ),
            ("h", "toggle-ghosts", ViewSpec { ghosts: false, ..view(TOP) }),
            ("c", "compare-layer", ViewSpec { compare: Compare::Aggregate, ..view(TOP) }),
        ];
        for (key, button, spec) in cases {
            let rows = native.rows_of(spec);
            page.key(key).await;
            page.wait_for(&format!("{}[aria-pressed=false]", id(button))).await;
            page.wait_for_rows(rows.len()).await;
            let changes = "[...document.querySelectorAll('[data-testid=row] .cell-change')].filter((c) => c.matches('[class*=mark-]')).length";
            // What took a ghost away stands in the same column.
            let is_marked = |row: &&Row| matches!(row.change, Change::Marked(_)) || row.ghost.is_some();
            let expected = rows.iter().filter(is_marked).count();
            page.until(&format!("{expected} marks after {key}"), async |page| {
                page.eval(changes).await == expected
            })
            .await;
            page.key(key).await;
            page.wait_for(&format!("{}[aria-pressed=true]", id(button))).await;
        }
        page.wait_for_rows(native.rows(0).len()).await;
    });
}

#[test]
fn rows_are_sorted_by_size() {
    with_tree("sort", async |page, native| {
        let rows = native.rows_of(ViewSpec { sort: Sort::Size, ..view(TOP) });
        page.key("s").await;
        page.wait_for(&format!("{}[aria-pressed=true]", id("sort-size"))).await;
        let names: Vec<String> = rows.iter().map(|row| row.name.to_string()).collect();
        page.until("the rows by size", async |page| {
            page.contents("[data-testid=row] .name bdi").await == names
        })
        .await;
        page.click(&id("sort-name")).await;
        page.wait_for(&format!("{}[aria-pressed=true]", id("sort-name"))).await;
    });
}

#[test]
fn brackets_step_through_the_layers() {
    with_tree("scrubber", async |page, native| {
        for upto in (5..TOP).rev() {
            page.key("[").await;
            let rows = native.rows_upto(0, upto).len();
            page.wait_for_text("label[for=scrubber]", &format!("{} / 10", upto + 1)).await;
            page.wait_for_rows(rows).await;
        }
        page.key("]").await;
        page.wait_for_text("label[for=scrubber]", "7 / 10").await;
        assert_eq!(page.eval("document.querySelector('#scrubber').value").await, "7");
        assert_eq!(page.attribute("#scrubber", "aria-valuetext").await, "layer 7 of 10");
        // Beyond the ends nothing happens.
        for _ in 0..12 {
            page.key("[").await;
        }
        page.wait_for_text("label[for=scrubber]", "1 / 10").await;
        page.wait_for_rows(native.rows_upto(0, 0).len()).await;
    });
}

#[test]
fn the_slider_is_moved_with_arrows() {
    with_tree("slider", async |page, native| {
        page.tab_to("[data-testid=scrubber]").await;
        page.key("ArrowLeft").await;
        page.key("ArrowLeft").await;
        page.wait_for_text("label[for=scrubber]", "8 / 10").await;
        page.wait_for_rows(native.rows_upto(0, 7).len()).await;
    });
}

#[test]
fn digits_choose_the_view() {
    with_tree("views", async |page, _| {
        for (key, view) in
            [("2", "overlay"), ("3", "history"), ("4", "image"), ("5", "trust"), ("1", "files")]
        {
            page.key(key).await;
            page.wait_for(&id(&format!("view-{view}"))).await;
            assert_eq!(page.attribute(&id(&format!("tab-{view}")), "aria-selected").await, "true");
        }
        // The tabs have one Tab stop, and arrows among them.
        page.tab_to("[role=tab]").await;
        page.key("ArrowRight").await;
        page.wait_for(&id("view-overlay")).await;
        assert_eq!(page.eval("document.activeElement.id").await, "tab-overlay");
        assert_eq!(page.count("[role=tab][tabindex='0']").await, 1);
    });
}

#[test]
fn help_opens_and_escape_closes_it() {
    with_tree("help", async |page, _| {
        page.key("?").await;
        page.wait_for(&format!("{}[open]", id("help-dialog"))).await;
        page.wait_for_text(&id("help-dialog"), "one layer down, one layer up").await;
        // Keys of the page rest meanwhile.
        page.key("3").await;
        assert_eq!(page.count(&id("view-files")).await, 1);
        page.key("Escape").await;
        page.wait_until_gone(&format!("{}[open]", id("help-dialog"))).await;
        page.key("?").await;
        page.wait_for(&format!("{}[open]", id("help-dialog"))).await;
    });
}

#[test]
fn enter_shows_the_details_of_a_path() {
    // In a narrow window the details are a pane of their own.
    run("enter", Options { size: (400, 800), ..Options::default() }, async |page| {
        page.open_sample("whiteouts").await;
        page.wait_until_drawn().await;
        page.tab_to("[data-testid=tree]").await;
        page.key("ArrowDown").await;
        page.key("Enter").await;
        page.wait_for_details("app/.npmrc").await;
        page.wait_for_text(&id("why"), "It is not visible").await;
    });
}

// --- Those who do not see it

#[test]
fn assistive_technology_gets_a_tree() {
    with_tree("aria", async |page, native| {
        let rows = native.rows(0);
        page.cdp("Accessibility.enable", serde_json::json!({})).await;
        let tree = page.cdp("Accessibility.getFullAXTree", serde_json::json!({})).await;
        let nodes: Vec<&Value> = tree["nodes"].as_array().unwrap().iter().collect();
        let by_role = |role: &str| {
            let of = |node: &&&Value| node["role"]["value"] == role && node["ignored"] != true;
            nodes.iter().filter(of).copied().collect::<Vec<_>>()
        };
        let property = |node: &Value, name: &str| {
            let properties = node["properties"].as_array().unwrap();
            properties.iter().find(|p| p["name"] == name).map(|p| p["value"]["value"].clone())
        };
        let trees = by_role("tree");
        assert_eq!(trees.len(), 1);
        assert_eq!(trees[0]["name"]["value"], "Files");
        assert!(property(trees[0], "activedescendant").is_some(), "{}", trees[0]);
        let items = by_role("treeitem");
        assert_eq!(items.len(), rows.len());
        for (item, row) in items.iter().zip(&rows) {
            let name = item["name"]["value"].as_str().unwrap();
            assert!(name.starts_with(&format!("{}, ", row.name)), "{name}");
            assert_eq!(property(item, "level"), Some(row.level.into()), "{name}");
            let expanded = property(item, "expanded").and_then(|value| value.as_bool());
            assert_eq!(expanded, row.expanded, "{name}");
        }
        let all = page.strings("[...document.querySelectorAll('[id]')].map((e) => e.id)").await;
        let mut unique = all.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), all.len(), "an id stands twice: {all:?}");
    });
}

#[test]
fn ghosts_say_which_layer_took_them_away() {
    with_tree("ghosts", async |page, native| {
        let expected = [
            ("app/.npmrc", "deleted by layer 5"),
            ("root/.aws", "deleted by layer 5"),
            ("root/.aws/credentials", "hidden by layer 5"),
            ("var/cache/apt/pkgcache.bin", "hidden by layer 6"),
            ("var/log/bootstrap.log", "deleted by layer 6"),
            ("etc/skel.d/10-umask", "hidden by layer 8"),
        ];
        for (path, words) in expected {
            let shown = page.contents(&format!("{} .gone", row(path))).await;
            assert_eq!(shown, [words], "{path}");
            let label = page.attribute(&row(path), "aria-label").await;
            assert!(label.as_str().unwrap().contains(words), "{label}");
        }
        let ghosts = native.rows(0).iter().filter(|row| row.ghost.is_some()).count();
        assert_eq!(page.count("[data-testid=row].ghost").await, ghosts);
    });
}

/// What is said of a ghost must not press its name together.
#[test]
fn names_keep_their_room() {
    with_tree("room", async |page, _| {
        for width in [1280, 900, 320] {
            page.resize(width, 3000).await;
            page.wait_until_drawn().await;
            let pressed = "[...document.querySelectorAll('.row .name')]
                .filter((name) => name.clientWidth < Math.min(name.scrollWidth, 48))
                .map((name) => name.textContent)";
            assert_eq!(page.strings(pressed).await, [""; 0], "at {width}");
        }
    });
}

#[test]
fn the_strata_strip_has_words() {
    with_tree("strata", async |page, native| {
        let rows = native.rows(0);
        let does = |mark: Mark| match mark {
            Mark::Added => "adds",
            Mark::Modified => "changes",
            Mark::Metadata => "repeats",
            Mark::Deleted => "deletes",
            Mark::Hidden => "hides",
        };
        let shown = page
            .strings("[...document.querySelectorAll('[data-testid=row]')].map((row) => row.querySelector('.cell-strata').title)")
            .await;
        for (title, row) in shown.iter().zip(&rows) {
            let words: Vec<String> = row
                .strata
                .iter()
                .map(|(layer, mark)| format!("layer {} {}", layer + 1, does(*mark)))
                .collect();
            assert_eq!(title, &words.join(", "), "{}", row.name);
        }
        let silent = "[...document.querySelectorAll('[data-testid=row]')].filter((row) =>
            !row.getAttribute('aria-label').includes(row.querySelector('.cell-strata').title)
            || row.querySelector('.strip').getAttribute('aria-hidden') !== 'true').length";
        assert_eq!(page.eval(silent).await, 0);
    });
}

// --- A hundred thousand rows

#[test]
fn a_directory_of_a_hundred_thousand_files_scrolls_to_its_end() {
    const FILES: usize = 100_000;
    let folder = Folder::new();
    let mut layer = Tar::new().dir("files", 0o755);
    for file in 0..FILES {
        layer = layer.file(format!("files/file-{file:06}.txt"), "");
    }
    let image = Image::new().name("many:1").layer(&layer, "COPY files /files");
    let path = folder.archive("many.tar", &Archive::new(Shape::DockerOci).image(image));
    run("many-files", Options::default(), async |page| {
        page.drop_archive(&path).await;
        page.wait_until_drawn().await;
        page.expand_all(FILES + 1).await;
        let script = "(async () => {
            const tree = document.querySelector('.tree');
            const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
            const long = [];
            new PerformanceObserver((list) => long.push(...list.getEntries().map((task) => Math.round(task.duration))))
                .observe({ entryTypes: ['longtask'] });
            let most = 0;
            const count = () => { most = Math.max(most, tree.querySelectorAll('.row').length); };
            // As a wheel does, then as one who drags the bar.
            for (let step = 0; step < 60; step++) { tree.scrollBy(0, 400); await frame(); count(); }
            for (let step = 1; step <= 60; step++) { tree.scrollTo(0, tree.scrollHeight * step / 60); await frame(); count(); }
            return { most, long };
        })()";
        let scrolled = page.eval(script).await;
        say(&format!("long tasks while scrolling 100,000 rows: {} ms", scrolled["long"]));
        let most = scrolled["most"].as_u64().unwrap();
        assert!((1..200).contains(&most), "{most} rows in the document");

        page.wait_until_drawn().await;
        let last = row(&format!("files/file-{:06}.txt", FILES - 1));
        page.wait_for(&last).await;
        assert_eq!(page.attribute(&last, "aria-posinset").await, FILES.to_string());
        let in_view = format!(
            "document.querySelector({last:?}).getBoundingClientRect().bottom <= document.querySelector('.tree').getBoundingClientRect().bottom + 1"
        );
        assert_eq!(page.eval(&in_view).await, true);

        // By keyboard as well, there and back.
        page.tab_to("[data-testid=tree]").await;
        page.key("Home").await;
        page.wait_for_active("files").await;
        page.key("End").await;
        page.wait_for_active(&format!("files/file-{:06}.txt", FILES - 1)).await;
        page.key("/").await;
        page.type_keys("file-077777").await;
        page.wait_for_rows(2).await;
    });
}

/// The tree of the `whiteouts` sample, all of it open and on the screen, with the focus.
fn with_tree(name: &str, test: impl AsyncFnOnce(&Page, &mut Native)) {
    let folder = Folder::new();
    let mut native = Native::read(&folder.sample("whiteouts"));
    run(&format!("tree-{name}"), TALL, async |page| {
        page.open_sample("whiteouts").await;
        page.wait_until_drawn().await;
        page.expand_all(native.rows(0).len()).await;
        page.tab_to("[data-testid=tree]").await;
        test(page, &mut native).await;
        page.assert_silent().await;
    });
}
