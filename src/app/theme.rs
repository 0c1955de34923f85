//! Light, dark, or as the system prefers.
//!
//! The choice is the `data-theme` attribute of the root element; `static/css/base.css` does the rest.

use super::dom;

const STORAGE_KEY: &str = "layerscope.theme";

/// A choice of theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system prefers.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The choice of an earlier visit.
    pub fn saved() -> Self {
        dom::load(STORAGE_KEY).map_or(Self::Auto, |name| Self::from_name(&name))
    }

    /// The next one, as the switch goes round.
    pub fn next(self) -> Self {
        match self {
            Self::Auto => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::Auto,
        }
    }

    /// The stable name: what is saved, and the value of `data-theme`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn from_name(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::Auto,
        }
    }

    /// Puts it in force.
    pub fn apply(self) {
        dom::set_root_attribute("data-theme", self.name());
    }

    /// Puts it in force and remembers it.
    pub fn choose(self) {
        self.apply();
        dom::save(STORAGE_KEY, self.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_goes_round() {
        let mut theme = Theme::Auto;
        for _ in 0..3 {
            assert_eq!(Theme::from_name(theme.name()), theme);
            theme = theme.next();
        }
        assert_eq!(theme, Theme::Auto);
    }
}
