//! The page.

fn main() {
    yew::Renderer::<layerscope::app::Root>::new().render();
}
