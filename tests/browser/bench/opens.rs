//! How long it takes to open a file of a large layer: from the click to its text on the screen.

use std::{path::Path, time::Duration};

use tokio::time::sleep;

use crate::{
    app::id,
    support::{Options, run, say},
};

/// Files that are opened.
const OPENS: u32 = 60;

/// Goes to one place of the tree after the other, all over it, and opens the file that is there. The places are the same every time.
const OPEN: &str = "(async () => {
    const find = (selector) => document.querySelector(selector);
    const until = async (condition) => {
        const patience = performance.now() + 20000;
        for (;;) {
            const found = condition();
            if (found) return found;
            if (performance.now() > patience) throw new Error(`waited in vain for ${condition}`);
            await new Promise(requestAnimationFrame);
        }
    };
    const shown = () => find('[data-testid=text-view], [data-testid=hex-view]');
    const appears = () => new Promise((resolve) => {
        const observer = new MutationObserver(() => { if (shown()) { observer.disconnect(); resolve(performance.now()); } });
        observer.observe(document.body, { childList: true, subtree: true });
    });
    const tree = find('.tree');
    const times = [];
    for (let n = 0; times.length < COUNT && n < 4 * COUNT; n++) {
        tree.scrollTop = (tree.scrollHeight - tree.clientHeight) * ((n * 0.618034) % 1);
        await new Promise((resolve) => setTimeout(resolve, 200));
        const box = tree.getBoundingClientRect();
        const middle = (box.top + box.bottom) / 2;
        const rows = () => [...document.querySelectorAll('[data-testid=row]')].filter((row) => row.dataset.path && !row.classList.contains('placeholder'));
        const row = await until(() => rows().find((row) => row.getBoundingClientRect().top > middle));
        const path = row.dataset.path;
        row.click();
        await until(() => find('[data-testid=details]')?.getAttribute('aria-busy') === 'false' && find('.details-path h2')?.innerText.endsWith(path));
        const button = find('[data-testid=view-text]');
        if (!button) continue;
        const appeared = appears();
        const started = performance.now();
        button.click();
        times.push([await appeared - started, path]);
        find('[data-testid=viewer-close]').click();
        await until(() => !find('[data-testid=viewer]'));
    }
    return times;
})()";

/// Opens files all over an archive, and prints the median and the longest time.
pub fn measure(archive: &Path) {
    run("opens", Options::default(), async |page| {
        page.open_sample("hello").await;
        page.forget_marks().await;
        page.drop_file(archive).await;
        while !page.has_mark("layerscope:verified").await {
            assert_eq!(page.text("[data-testid=error]").await, "");
            sleep(Duration::from_millis(250)).await;
        }
        page.click(&id("expand-all")).await;
        page.wait_until_drawn().await;
        let opened = page.eval(&OPEN.replace("COUNT", &OPENS.to_string())).await;
        let mut times: Vec<(f64, String)> = serde_json::from_value(opened).unwrap();
        assert_eq!(times.len(), OPENS as usize, "files are opened");
        times.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (median, longest) = (&times[times.len() / 2], &times[times.len() - 1]);
        say(&format!(
            "opens: {}: median {:.0} ms, longest {:.0} ms ({})",
            archive.display(),
            median.0,
            longest.0,
            longest.1
        ));
    });
}
