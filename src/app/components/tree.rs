//! The merged filesystem as a tree of which only what is seen is drawn.
//!
//! The tree has one Tab stop; `aria-activedescendant` names the focused row. What is drawn is decided by
//! [`TreeModel`]; the [`Driver`] moves rows from the worker into it and it onto the screen.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    rc::Rc,
};

use bstr::BString;
use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::{JsCast, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, HtmlElement, KeyboardEvent, WheelEvent};
use yew::prelude::*;

use super::{
    strata,
    tree_row::{self, TreeRow},
};
use crate::{
    app::{
        AppHandle, dom,
        hooks::use_style,
        i18n::use_words,
        row_cache::CHUNK,
        state, text,
        tree_keys::{self, Key, Place, Typed},
        tree_model::{Anchor, ROW_HEIGHT, Taken, TreeModel},
        use_app,
    },
    worker::protocol::{Expand, Node, Reply, Request, Rows, Sort, View, ViewSpec},
};

/// Rows looked through for a typed name with one request, and at most how often.
const FIND_STEP: u32 = 4_096;
const FIND_REQUESTS: usize = 64;
/// Directories above a path that are tried when the path itself has no row any more.
const FALLBACKS: usize = 32;

/// Properties of [`Tree`].
#[derive(Clone, PartialEq, Properties)]
pub struct TreeProps {
    /// What is shown.
    pub spec: ViewSpec,
    /// How many layers of the image are merged so far.
    pub merged: u32,
    /// Changes when the worker's view was changed by others.
    pub revision: u32,
    /// How many it has.
    pub layers: u32,
    /// Told of every view that the worker makes.
    pub on_view: Callback<View>,
    /// Takes the focus to the details of the selected path.
    pub on_activate: Callback<()>,
    /// Orders the rows.
    pub on_sort: Callback<Sort>,
}

/// The tree of the merged filesystem. Mount a new one for another archive or image.
#[component]
pub fn Tree(props: &TreeProps) -> Html {
    let words = &use_words().files;
    let app = use_app();
    let driver = use_driver(&app, props);
    use_style(&driver.frame, [("--strata", format!("{}px", strata::width(props.layers)))]);

    let model = driver.model.borrow();
    let active = (!model.is_empty()).then(|| tree_row::id(model.focus()));
    let upto = props.spec.upto;
    let selected = app.state.selection.node;
    // A row that comes takes the elements of one that goes: most of what is in them is the same.
    let slots = model.slots();
    let rows = model.drawn().map(|index| {
        let row = model.row(index).cloned();
        let selected = row.as_ref().is_some_and(|row| selected == Some(row.node));
        html! {
            <TreeRow key={index % slots} {index} {row} layers={props.layers} {upto} {selected} active={index == model.focus()}
                path={model.path(index).map(|path| AttrValue::from(text::visible(&path)))} />
        }
    });
    let (onkeydown, onclick, ondblclick) =
        (driver.on_key(props), driver.on_click(), driver.on_double_click());
    html! {
        <div class="tree-frame" ref={driver.frame.clone()}>
            {head(props, words)}
            <div class="tree" ref={driver.scroller.clone()} role="tree" tabindex="0" aria-label={words.tree}
                aria-activedescendant={active} data-testid="tree" data-rows={model.len().to_string()}
                data-generation={model.generation().to_string()} {onkeydown} {onclick} {ondblclick}>
                <div class="tree-sizer" ref={driver.sizer.clone()} role="presentation">
                    <div class="tree-block" ref={driver.block.clone()} role="presentation">{ for rows }</div>
                </div>
            </div>
        </div>
    }
}

/// The heads of the columns; two of them order the rows.
fn head(props: &TreeProps, words: &crate::app::i18n::files::FilesWords) -> Html {
    let sort = |by: Sort, class: &'static str, word: &'static str, testid: &'static str| {
        let pressed = props.spec.sort == by;
        let onclick = props.on_sort.reform(move |_: MouseEvent| by);
        html! {
            <button class={classes!("quiet", class)} aria-pressed={pressed.to_string()} data-testid={testid} {onclick}
                title={words.sort}>
                {word}<span class="sort-arrow" aria-hidden="true">{if pressed { if by == Sort::Size { "↓" } else { "↑" } } else { "" }}</span>
            </button>
        }
    };
    html! {
        <div class="tree-head" role="group" aria-label={words.sort} data-testid="sort">
            <span class="cell-strata" title={words.column_strata}>{strata::scale(props.layers, props.spec.upto)}</span>
            {sort(Sort::Name, "cell-name", words.column_name, "sort-name")}
            {sort(Sort::Size, "cell-size", words.column_size, "sort-size")}
            <span class="cell-mode">{words.column_mode}</span>
            <span class="cell-owner">{words.column_owner}</span>
            <span class="cell-time">{words.column_time}</span>
            <span class="cell-layer">{words.column_layer}</span>
            <span class="cell-change">{words.column_change}</span>
        </div>
    }
}

/// Moves rows from the worker to the screen. Cheap to clone; every clone is the same tree.
#[derive(Clone)]
struct Driver {
    model: Rc<RefCell<TreeModel>>,
    app: AppHandle,
    on_view: Callback<View>,
    redraw: Callback<()>,
    /// Counts what makes answers under way out of date.
    serial: Rc<Cell<u32>>,
    /// A scroll position to take on once the rows are laid out.
    scroll_to: Rc<Cell<Option<f64>>>,
    /// The focused row is to be selected once it is here.
    select: Rc<Cell<bool>>,
    /// The node that this tree selected last.
    selected: Rc<Cell<Option<Node>>>,
    typed: Rc<RefCell<Typed>>,
    spec: Rc<RefCell<Option<ViewSpec>>>,
    /// Whether the worker is making a view.
    asking: Rc<Cell<bool>>,
    /// What is to be shown once it has, and whether quietly.
    later: Rc<RefCell<Option<(ViewSpec, bool)>>>,
    frame: NodeRef,
    scroller: NodeRef,
    sizer: NodeRef,
    block: NodeRef,
}

#[hook]
fn use_driver(app: &AppHandle, props: &TreeProps) -> Driver {
    let redraw = use_force_update();
    let parts = use_memo((), |()| {
        let redraw = redraw.clone();
        Driver {
            model: Rc::default(),
            app: app.clone(),
            on_view: props.on_view.clone(),
            redraw: Callback::from(move |()| redraw.force_update()),
            serial: Rc::default(),
            scroll_to: Rc::default(),
            select: Rc::default(),
            selected: Rc::default(),
            typed: Rc::default(),
            spec: Rc::default(),
            asking: Rc::default(),
            later: Rc::default(),
            frame: NodeRef::default(),
            scroller: NodeRef::default(),
            sizer: NodeRef::default(),
            block: NodeRef::default(),
        }
    });
    let driver = Driver { app: app.clone(), on_view: props.on_view.clone(), ..(*parts).clone() };

    // After each rendering, before the browser paints.
    use_effect({
        let driver = driver.clone();
        move || driver.lay_out()
    });
    use_effect_with((), {
        let driver = driver.clone();
        move |()| driver.listen()
    });
    use_effect_with((props.spec.clone(), props.merged, props.revision), {
        let driver = driver.clone();
        move |(spec, ..)| driver.follow(spec.clone())
    });
    use_effect_with(app.state.selection.node, {
        let driver = driver.clone();
        move |node: &Option<Node>| driver.follow_selection(*node)
    });
    driver
}

impl Driver {
    /// Lays out what was rendered: the height of all rows, the place of those drawn, and the scroll position.
    fn lay_out(&self) {
        let model = self.model.borrow();
        let geometry = model.geometry();
        if let Some(sizer) = self.sizer.cast::<HtmlElement>() {
            set_style(&sizer, "height", &format!("{}px", geometry.height()));
        }
        self.place();
        if let (Some(top), Some(scroller)) = (self.scroll_to.take(), self.scroller.cast::<Element>()) {
            scroller.scroll_to_with_x_and_y(0.0, top);
        }
    }

    /// Puts the drawn rows where they are seen.
    fn place(&self) {
        let model = self.model.borrow();
        if let Some(block) = self.block.cast::<HtmlElement>() {
            let top = model.geometry().place(model.drawn().start, model.scroll_top());
            set_style(&block, "transform", &format!("translateY({top}px)"));
        }
    }

    /// Listens to scrolling and to the size of the viewport, until what is returned is dropped.
    fn listen(self) -> Box<dyn FnOnce()> {
        let Some(scroller) = self.scroller.cast::<HtmlElement>() else { return Box::new(|| {}) };
        let on_scroll = EventListener::new(&scroller, "scroll", {
            let driver = self.clone();
            move |_| driver.on_scroll()
        });
        let options = EventListenerOptions::enable_prevent_default();
        let on_wheel = EventListener::new_with_options(&scroller, "wheel", options, {
            let driver = self.clone();
            move |event| {
                if let Some(event) = event.dyn_ref::<WheelEvent>() {
                    driver.on_wheel(event);
                }
            }
        });
        // Calls back as soon as the page is laid out, too; to ask for the size here would lay it out at once.
        let observer = ResizeGuard::new(&scroller, {
            let driver = self.clone();
            move || driver.on_resize()
        });
        Box::new(move || drop((on_scroll, on_wheel, observer)))
    }

    fn on_resize(&self) {
        let Some(scroller) = self.scroller.cast::<HtmlElement>() else { return };
        if let Some(frame) = self.frame.cast::<HtmlElement>() {
            let bar = scroller.offset_width() - scroller.client_width();
            set_style(&frame, "--scrollbar", &format!("{bar}px"));
        }
        if self.model.borrow_mut().resize(f64::from(scroller.client_height())) {
            self.redraw.emit(());
        }
        self.pump();
    }

    fn on_scroll(&self) {
        let Some(scroller) = self.scroller.cast::<Element>() else { return };
        let top = f64::from(scroller.scroll_top());
        let (scaled, redraw) = {
            let mut model = self.model.borrow_mut();
            // The browser rounds positions that were set from here; what was meant is exacter.
            let redraw = (top - model.scroll_top()).abs() >= 1.0 && model.scroll(top);
            (model.geometry().is_scaled(), redraw)
        };
        if scaled {
            self.place();
        }
        if redraw {
            self.redraw.emit(());
        }
        self.pump();
    }

    /// In a scaled list, a pixel of the wheel is to be a pixel of the rows, not of the scroll bar.
    fn on_wheel(&self, event: &WheelEvent) {
        let Some(scroller) = self.scroller.cast::<Element>() else { return };
        let mut model = self.model.borrow_mut();
        let geometry = model.geometry();
        if !geometry.is_scaled() || event.ctrl_key() {
            return;
        }
        event.prevent_default();
        let unit = match event.delta_mode() {
            WheelEvent::DOM_DELTA_LINE => ROW_HEIGHT,
            WheelEvent::DOM_DELTA_PAGE => geometry.viewport,
            _ => 1.0,
        };
        let top = geometry.to_scroll(geometry.to_content(model.scroll_top()) + event.delta_y() * unit);
        let redraw = model.scroll(top);
        drop(model);
        scroller.scroll_to_with_x_and_y(0.0, top);
        self.place();
        if redraw {
            self.redraw.emit(());
        }
        self.pump();
    }

    /// Asks the worker for the rows that are wanted.
    fn pump(&self) {
        let wanted = self.model.borrow_mut().wanted();
        for start in wanted {
            let driver = self.clone();
            spawn_local(async move {
                let rows = driver.rows(start, CHUNK).await;
                let arrived = rows.is_some();
                let taken = driver.model.borrow_mut().take(start, rows);
                driver.take(taken);
                // After a failure asking on would fail again: the next scroll does.
                if arrived {
                    driver.pump();
                }
            });
        }
    }

    async fn rows(&self, start: u32, len: u32) -> Option<Rows> {
        match self.app.call(Request::Rows { start, len }).await {
            Ok(Reply::Rows(rows)) => Some(rows),
            _ => None,
        }
    }

    fn take(&self, taken: Taken) {
        match taken {
            Taken::Nothing => {}
            Taken::Drawn => self.redraw.emit(()),
            Taken::Swapped(top) => {
                // To scroll lays the page out.
                if top.is_some() {
                    self.scroll_to.set(top);
                }
                self.redraw.emit(());
            }
            // The view that is being made is as new as these rows.
            Taken::Stale if self.asking.get() => {}
            Taken::Stale => {
                if let Some(spec) = self.spec.borrow().clone() {
                    self.clone().show(spec, true);
                }
            }
        }
        self.select_focused();
    }

    /// Shows what `spec` says.
    fn follow(&self, spec: ViewSpec) {
        let before = self.spec.replace(Some(spec.clone()));
        let same_filter = before.is_some_and(|before| before.filter == spec.filter);
        self.clone().show(spec, same_filter);
    }

    /// Has the worker make the view, finds the selected path in it, and shows it. `quietly` leaves the rows where they
    /// are, as far as there is a choice: layers may be merged while the reader is scrolling.
    ///
    /// One view is asked for at a time. What is asked for meanwhile, as when somebody types, waits, and only the last of it
    /// is asked for: so the answer is as quick as the worker, and nothing is made that nobody sees.
    fn show(self, spec: ViewSpec, quietly: bool) {
        let serial = self.next_serial();
        if self.asking.replace(true) {
            let mut later = self.later.borrow_mut();
            // What was asked for loudly is not to become quiet.
            let quietly = quietly && later.as_ref().is_none_or(|(_, quietly)| *quietly);
            *later = Some((spec, quietly));
            return;
        }
        let path = match self.selected.get() {
            Some(_) => self.model.borrow().path(self.model.borrow().focus()),
            None => None,
        };
        spawn_local(async move {
            let tries = if spec.filter.is_empty() { FALLBACKS } else { 1 };
            let shown = match self.app.call(Request::Show(spec)).await {
                Ok(Reply::View(view)) => Some(match path {
                    Some(path) => self.find_path(path, view, tries).await,
                    None => (view, Anchor::Top),
                }),
                _ => None,
            };
            self.asking.set(false);
            let later = self.later.borrow_mut().take();
            if let Some((spec, quietly)) = later {
                return self.show(spec, quietly);
            }
            let Some((view, anchor)) = shown else { return };
            let anchor = match anchor {
                // The reader has gone elsewhere meanwhile.
                _ if self.serial.get() != serial => Anchor::Keep,
                Anchor::Row(row) if quietly => Anchor::Quietly(row),
                Anchor::Top if quietly => Anchor::Keep,
                loud => loud,
            };
            self.adopt(&view, anchor);
        });
    }

    /// The row of a path, or of the nearest directory above it that has one.
    async fn find_path(&self, mut path: BString, mut view: View, tries: usize) -> (View, Anchor) {
        for _ in 0..tries {
            match self.app.call(Request::Locate { path: path.clone() }).await {
                Ok(Reply::Located { view: now, found }) => {
                    view = now;
                    if let Some((_, row)) = found {
                        return (view, Anchor::Row(row));
                    }
                }
                _ => break,
            }
            match path.iter().rposition(|&byte| byte == b'/') {
                Some(slash) => path.truncate(slash),
                None => break,
            }
        }
        (view, Anchor::Top)
    }

    /// Takes on a view that the worker made, unless a newer one is known: answers to different questions overtake each other.
    fn adopt(&self, view: &View, anchor: Anchor) {
        if view.generation < self.model.borrow().newest() {
            return;
        }
        let taken = self.model.borrow_mut().show(view, anchor);
        self.on_view.emit(view.clone());
        self.take(taken);
        self.pump();
    }

    /// Goes to a path that was selected elsewhere.
    fn follow_selection(self, node: Option<Node>) {
        let Some(node) = node.filter(|node| self.selected.get() != Some(*node)) else { return };
        self.selected.set(Some(node));
        let image = self.app.state.selection.image;
        let serial = self.next_serial();
        spawn_local(async move {
            let Ok(Reply::Biography(biography)) = self.app.call(Request::Biography { image, node }).await
            else {
                return;
            };
            let Ok(Reply::Located { view, found: Some((_, row)) }) =
                self.app.call(Request::Locate { path: biography.path }).await
            else {
                return;
            };
            if self.serial.get() == serial {
                self.adopt(&view, Anchor::Row(row));
            }
        });
    }

    fn next_serial(&self) -> u32 {
        self.serial.set(self.serial.get().wrapping_add(1));
        self.serial.get()
    }

    fn on_key(&self, props: &TreeProps) -> Callback<KeyboardEvent> {
        let driver = self.clone();
        let on_activate = props.on_activate.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.ctrl_key() || event.alt_key() || event.meta_key() || event.is_composing() {
                return;
            }
            let Some(key) = Key::parse(&event.key()) else { return };
            let now = dom::now();
            let typing = driver.typed.borrow().is_open(now);
            let Some(action) = tree_keys::respond(key, driver.place_of_focus(), typing) else { return };
            event.prevent_default();
            match action {
                tree_keys::Action::Focus(row) => driver.focus(row),
                tree_keys::Action::Open => driver.expand_focused(true),
                tree_keys::Action::Close => driver.expand_focused(false),
                tree_keys::Action::Activate => {
                    let focus = driver.model.borrow().focus();
                    driver.focus(focus);
                    on_activate.emit(());
                }
                tree_keys::Action::Find => {
                    let char = if let Key::Char(char) = key { char } else { ' ' };
                    let typed = driver.typed.borrow_mut().push(char, now).to_owned();
                    driver.clone().find(typed);
                }
            }
        })
    }

    fn place_of_focus(&self) -> Place {
        let model = self.model.borrow();
        let row = model.row(model.focus());
        Place {
            row: model.focus(),
            rows: model.len(),
            page: model.geometry().page(),
            parent: row.and_then(|row| row.parent),
            expanded: row.and_then(|row| row.expanded),
        }
    }

    /// Moves the focus to a row and selects it, now or when it is here.
    fn focus(&self, row: u32) {
        let scroll = self.model.borrow_mut().move_focus(row);
        if let Some(top) = scroll {
            self.model.borrow_mut().scroll(top);
            self.scroll_to.set(Some(top));
        }
        self.select.set(true);
        self.select_focused();
        self.redraw.emit(());
        self.pump();
    }

    fn select_focused(&self) {
        let node = {
            let model = self.model.borrow();
            model.row(model.focus()).map(|row| row.node)
        };
        if let Some(node) = node.filter(|_| self.select.get()) {
            self.select.set(false);
            self.selected.set(Some(node));
            self.app.dispatch(state::Action::SelectNode(Some(node)));
        }
    }

    fn expand_focused(&self, open: bool) {
        let node = {
            let model = self.model.borrow();
            model.row(model.focus()).map(|row| row.node)
        };
        if let Some(node) = node {
            let driver = self.clone();
            let serial = driver.next_serial();
            spawn_local(async move {
                let expand = if open { Expand::Open(node) } else { Expand::Close(node) };
                if let Ok(Reply::View(view)) = driver.app.call(Request::Expand(expand)).await
                    && driver.serial.get() == serial
                {
                    driver.adopt(&view, Anchor::Keep);
                }
            });
        }
    }

    /// Moves the focus to the next row whose name begins with what was typed.
    fn find(self, typed: String) {
        let (focus, rows) = {
            let model = self.model.borrow();
            (model.focus(), model.len())
        };
        let serial = self.next_serial();
        spawn_local(async move {
            let mut requests = 0;
            for range in tree_keys::search_order(&typed, focus, rows) {
                let mut at = range.start;
                while at < range.end {
                    let (found, next) = match self.find_here(at..range.end, &typed) {
                        (None, next) if next == at => {
                            requests += 1;
                            let len = FIND_STEP.min(range.end - at);
                            let Some(rows) = self.rows(at, len).await.filter(|_| requests <= FIND_REQUESTS)
                            else {
                                return;
                            };
                            let found =
                                rows.rows.iter().position(|row| tree_keys::matches(&row.name, &typed));
                            (found.map(|place| at + place as u32), at + len)
                        }
                        here => here,
                    };
                    if self.serial.get() != serial {
                        return;
                    }
                    if let Some(row) = found {
                        self.focus(row);
                        return;
                    }
                    at = next;
                }
            }
        });
    }

    /// Looks through the rows that are here; the match, and where to look on.
    fn find_here(&self, range: Range<u32>, typed: &str) -> (Option<u32>, u32) {
        let model = self.model.borrow();
        for at in range.clone() {
            match model.row(at) {
                None => return (None, at),
                Some(row) if tree_keys::matches(&row.name, typed) => return (Some(at), at),
                Some(_) => {}
            }
        }
        (None, range.end)
    }

    fn on_click(&self) -> Callback<MouseEvent> {
        let driver = self.clone();
        Callback::from(move |event: MouseEvent| {
            let Some((row, on_twisty)) = clicked(&event) else { return };
            driver.focus(row);
            if on_twisty {
                driver.toggle_focused();
            }
        })
    }

    fn on_double_click(&self) -> Callback<MouseEvent> {
        let driver = self.clone();
        Callback::from(move |event: MouseEvent| {
            if let Some((_, false)) = clicked(&event) {
                driver.toggle_focused();
            }
        })
    }

    fn toggle_focused(&self) {
        if let Some(expanded) = self.place_of_focus().expanded {
            self.expand_focused(!expanded);
        }
    }
}

/// The row that was clicked, and whether its arrow was.
fn clicked(event: &MouseEvent) -> Option<(u32, bool)> {
    let element = event.target()?.dyn_into::<Element>().ok()?;
    // `closest` fails for malformed selectors only.
    let row = element.closest("[data-row]").ok()??.get_attribute("data-row")?.parse().ok()?;
    Some((row, matches!(element.closest("[data-twisty]"), Ok(Some(_)))))
}

fn set_style(element: &HtmlElement, name: &str, value: &str) {
    // Fails for read-only declarations only, and an element's own is not.
    let _ = element.style().set_property(name, value);
}

/// Watches an element's size until it is dropped.
struct ResizeGuard {
    observer: Option<web_sys::ResizeObserver>,
    _callback: Closure<dyn FnMut()>,
}

impl ResizeGuard {
    fn new(element: &Element, on_resize: impl FnMut() + 'static) -> Self {
        let callback = Closure::<dyn FnMut()>::new(on_resize);
        let observer = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()).ok();
        if let Some(observer) = &observer {
            observer.observe(element);
        }
        Self { observer, _callback: callback }
    }
}

impl Drop for ResizeGuard {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
    }
}
