//! The three panes of an open archive.

use yew::prelude::*;

use crate::app::{
    components::{
        details::Details,
        image_picker,
        panes::PaneSwitch,
        splitter::Splitter,
        stack::Stack,
        tabs::{panel_id, tab_id},
    },
    i18n::use_words,
    pages::{
        container::ContainerPage, files::FilesPage, history::HistoryPage, image::ImagePage,
        overlay::OverlayPage, trust::TrustPage,
    },
    state::{Action, Page, Pane},
    text, use_app,
};

/// Stack, page and details side by side; one at a time in narrow windows (`data-pane`).
#[component]
pub fn Workspace() -> Html {
    let words = use_words();
    let app = use_app();
    let page = app.state.selection.page;
    let pane = match app.state.pane {
        Pane::Details if !page.has_details() => Pane::Page,
        pane => pane,
    };
    let image = app.state.image();
    let content = match page {
        Page::Trust => html! { <TrustPage /> },
        // There is nothing to show of it but why.
        _ if image.is_none() => html! {
            <div class="blank">
                <p><strong>{words.shell.no_image}</strong></p>
                <p>
                    <button type="button" class="link" onclick={app.on(|_| Action::SelectPage(Page::Trust))}>
                        {words.trust.see}
                    </button>
                </p>
            </div>
        },
        Page::Files => html! { <FilesPage /> },
        Page::Overlay => html! { <OverlayPage /> },
        Page::History => html! { <HistoryPage /> },
        Page::Image => html! { <ImagePage /> },
        Page::Container => html! { <ContainerPage /> },
    };
    let heading = match (image, &app.state.archive) {
        (Some(image), _) => image_picker::name(words, image, app.state.selection.image),
        (None, archive) => {
            archive.as_ref().map_or_else(String::new, |archive| text::visible(archive.name.as_bytes()))
        }
    };
    html! {
        <>
            <PaneSwitch />
            <main class={classes!("workspace", page.has_details().then_some("with-details"))} data-pane={pane.name()}
                id="content" tabindex="-1">
                <h1 class="sr-only"><bdi>{heading}</bdi>{": "}{(words.shell.page)(page)}</h1>
                <div class="pane pane-stack" id="pane-stack"><Stack /></div>
                <Splitter property="--stack-width" left={true} controls="pane-stack" min={220} max={640} default={320}
                    label={words.shell.resize_stack} />
                <div class="pane pane-page">
                    <div class="page" role="tabpanel" id={panel_id(page)} data-testid={format!("view-{}", page.name())}
                        aria-labelledby={tab_id(page)}>
                        {content}
                    </div>
                </div>
                if page.has_details() {
                    <Splitter property="--details-width" controls="pane-details" min={220} max={900} default={380}
                        label={words.shell.resize_details} />
                    <div class="pane pane-details" id="pane-details"><Details /></div>
                }
            </main>
        </>
    }
}
