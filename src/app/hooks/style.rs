use yew::prelude::*;

/// Sets style properties of an element through CSSOM.
///
/// The page's Content-Security-Policy (`style-src 'self'`) makes the browser ignore `style` attributes
/// without a word, so `html! { <div style=…> }` is never used. Custom properties are the usual case:
/// `use_style(&list, [("--height", format!("{height}px"))])`.
#[hook]
pub fn use_style<const N: usize>(element: &NodeRef, properties: [(&'static str, String); N]) {
    let element = element.clone();
    use_effect_with(properties, move |properties| {
        if let Some(element) = element.cast::<web_sys::HtmlElement>() {
            for (name, value) in properties {
                // Fails for read-only declarations only, and an element's own is not.
                let _ = element.style().set_property(name, value);
            }
        }
    });
}
