//! What is looked at, as the fragment of a URL: it is not sent to any server.

use yew::AttrValue;

use crate::{
    app::state::Page,
    registry::{decode, encode},
};

/// An image elsewhere, and what of it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Link {
    /// Where it is.
    pub place: AttrValue,
    /// The platform, or the digest of the manifest.
    pub choice: Option<AttrValue>,
    /// Whether its layers wait until they are asked for.
    pub look: bool,
    /// The page.
    pub view: Option<Page>,
    /// The image, of several.
    pub image: u32,
    /// The topmost layer looked at.
    pub layer: Option<u32>,
    /// The path whose life is told.
    pub path: Option<AttrValue>,
    /// The text in the search field.
    pub filter: AttrValue,
}

impl Link {
    /// Reads a fragment, with or without its `#`; `None` if it tells of no image.
    pub fn parse(fragment: &str) -> Option<Self> {
        let mut link = Self::default();
        for part in fragment.trim_start_matches('#').split('&') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = decode(value);
            match name {
                "pull" => link.place = value.into(),
                "look" => (link.look, link.place) = (true, value.into()),
                "platform" => link.choice = Some(value.into()),
                "view" => link.view = Page::ALL.into_iter().find(|page| page.name() == value),
                "image" => link.image = value.parse().unwrap_or_default(),
                "layer" => link.layer = value.parse::<u32>().ok().and_then(|layer| layer.checked_sub(1)),
                "path" => link.path = Some(value.into()),
                "filter" => link.filter = value.into(),
                _ => {}
            }
        }
        (!link.place.is_empty()).then_some(link)
    }

    /// The fragment, without its `#`. Layers are counted from 1, as the page does.
    pub fn fragment(&self) -> String {
        let mut text = format!("{}={}", if self.look { "look" } else { "pull" }, encode(&self.place));
        let mut add = |name: &str, value: &str| {
            text.push('&');
            text.push_str(name);
            text.push('=');
            text.push_str(&encode(value));
        };
        if let Some(choice) = &self.choice {
            add("platform", choice);
        }
        if let Some(view) = self.view {
            add("view", view.name());
        }
        if self.image > 0 {
            add("image", &self.image.to_string());
        }
        if let Some(layer) = self.layer {
            add("layer", &(layer + 1).to_string());
        }
        if let Some(path) = &self.path {
            add("path", path);
        }
        if !self.filter.is_empty() {
            add("filter", &self.filter);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_says_what_is_looked_at() {
        let link = Link {
            place: "r.example:5000/a/b@sha256:x".into(),
            choice: Some("linux/arm64/v8".into()),
            look: true,
            view: Some(Page::Overlay),
            image: 2,
            layer: Some(3),
            path: Some("etc/a b&c".into()),
            filter: "x=y#z".into(),
        };
        assert_eq!(Link::parse(&link.fragment()), Some(link.clone()));
        assert_eq!(Link::parse(&format!("#{}", link.fragment())), Some(link));
        let short = Link::parse("#pull=nginx").unwrap();
        assert_eq!((short.fragment().as_str(), short.layer), ("pull=nginx", None));
        for nothing in ["", "#", "#view=files", "#pull=", "#x"] {
            assert_eq!(Link::parse(nothing), None, "{nothing}");
        }
        let odd = Link::parse("#pull=a&view=none&layer=0&image=-1").unwrap();
        assert_eq!((odd.view, odd.layer, odd.image), (None, None, 0));
    }
}
