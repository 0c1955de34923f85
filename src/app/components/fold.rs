//! Long commands, folded after three lines.

use bstr::BString;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{HtmlElement, ResizeObserver};
use yew::prelude::*;

use crate::app::{
    i18n::use_words,
    text::{Breaks, Text},
};

/// Properties of [`Command`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct CommandProps {
    /// The command, from the archive.
    pub command: AttrValue,
}

/// A command that wraps; past three lines it is folded, and a button unfolds it.
#[component]
pub fn Command(props: &CommandProps) -> Html {
    let words = use_words();
    let code = use_node_ref();
    let open = use_state_eq(|| false);
    let overflows = use_overflows(&code, &props.command);
    let onclick = {
        let open = open.clone();
        move |_| open.set(!*open)
    };
    html! {
        <div class={classes!("command", (*open).then_some("command-open"))}>
            <code ref={code}><Text bytes={BString::from(props.command.as_str())} breaks={Breaks::Keep} /></code>
            if overflows || *open {
                <button type="button" class="link" aria-expanded={open.to_string()} {onclick}>
                    {if *open { words.shell.less } else { words.shell.more }}
                </button>
            }
        </div>
    }
}

/// Whether an element's content is higher than the element. Measured anew when its size or `content` changes.
#[hook]
fn use_overflows(element: &NodeRef, content: &AttrValue) -> bool {
    let overflows = use_state_eq(|| false);
    let element = element.clone();
    let setter = overflows.setter();
    use_effect_with(content.clone(), move |_| {
        let observed = element.cast::<HtmlElement>();
        let measure = Closure::<dyn Fn()>::new({
            let observed = observed.clone();
            move || {
                if let Some(element) = &observed {
                    setter.set(element.scroll_height() > element.client_height() + 1);
                }
            }
        });
        let observer = ResizeObserver::new(measure.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(element)) = (&observer, &observed) {
            // Calls back at once, and then whenever the size changes.
            observer.observe(element);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(measure);
        }
    });
    *overflows
}
