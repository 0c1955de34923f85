//! Every word on the screen, in English and Simplified Chinese.
//!
//! Each area of the page has a struct of words and two constants of it, `EN` and `ZH`, in a file of its
//! own; the compiler sees to it that nothing is missing. A word is a `&'static str`; where it depends on
//! something it is a plain function:
//!
//! ```ignore
//! pub struct FilesWords { pub name: &'static str, pub hidden_by: fn(u32) -> String }
//! pub const EN: FilesWords = FilesWords { name: "name", hidden_by: |layer| format!("hidden by {layer}") };
//! ```
//!
//! Components take them from [`use_words`]: `let words = use_words(); html! { {words.files.name} }`.
//! `words.lang` goes to the functions of [`super::format`]. The terms are those of the project's glossary; what is
//! code (`ENV`, `sha256`, `overlayfs`) stays as it is in both languages.

pub mod container;
pub mod details;
pub mod files;
pub mod image;
pub mod kept;
pub mod overlay;
pub mod remote;
pub mod saving;
pub mod shell;
pub mod trust;
pub mod viewing;

use yew::prelude::*;

use super::dom;

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// Its BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-Hans",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::En => Self::Zh,
            Self::Zh => Self::En,
        }
    }

    /// Its words.
    pub fn words(self) -> &'static Words {
        match self {
            Self::En => &EN,
            Self::Zh => &ZH,
        }
    }

    /// The first of `tags` (BCP 47, most wanted first) that the page speaks; English if it speaks none.
    pub fn choose<'a>(tags: impl IntoIterator<Item = &'a str>) -> Self {
        let spoken = |tag: &str| match tag.split('-').next()?.to_ascii_lowercase().as_str() {
            "en" => Some(Self::En),
            "zh" => Some(Self::Zh),
            _ => None,
        };
        tags.into_iter().find_map(spoken).unwrap_or_default()
    }

    /// The reader's choice of an earlier visit, else what the browser asks for.
    pub fn preferred() -> Self {
        let saved = dom::load(STORAGE_KEY);
        let asked = dom::languages();
        Self::choose(saved.iter().chain(&asked).map(String::as_str))
    }
}

const STORAGE_KEY: &str = "layerscope.language";

/// The words of all areas in one language.
pub struct Words {
    /// The language.
    pub lang: Lang,
    /// What is always there: header, start screen, stack, status.
    pub shell: shell::ShellWords,
    /// The image and history pages.
    pub image: image::ImageWords,
    /// The files page.
    pub files: files::FilesWords,
    /// The details of a path.
    pub details: details::DetailsWords,
    /// Images elsewhere.
    pub remote: remote::RemoteWords,
    /// The overlay page.
    pub overlay: overlay::OverlayWords,
    /// What is saved to disk.
    pub saving: saving::SavingWords,
    /// Contents and comparisons.
    pub viewing: viewing::ViewingWords,
    /// Indexes that the browser keeps.
    pub kept: kept::KeptWords,
    /// The trust page.
    pub trust: trust::TrustWords,
    /// The container page.
    pub container: container::ContainerWords,
}

/// English.
pub static EN: Words = Words {
    lang: Lang::En,
    shell: shell::EN,
    image: image::EN,
    files: files::EN,
    details: details::EN,
    remote: remote::EN,
    overlay: overlay::EN,
    saving: saving::EN,
    viewing: viewing::EN,
    kept: kept::EN,
    trust: trust::EN,
    container: container::EN,
};

/// Simplified Chinese.
pub static ZH: Words = Words {
    lang: Lang::Zh,
    shell: shell::ZH,
    image: image::ZH,
    files: files::ZH,
    details: details::ZH,
    remote: remote::ZH,
    overlay: overlay::ZH,
    saving: saving::ZH,
    viewing: viewing::ZH,
    kept: kept::ZH,
    trust: trust::ZH,
    container: container::ZH,
};

/// The language in use, and how to change it.
#[derive(Debug, Clone, PartialEq)]
pub struct Language {
    /// The language in use.
    pub lang: Lang,
    /// Changes it, and remembers the choice.
    pub choose: Callback<Lang>,
}

/// Properties of [`LanguageProvider`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct LanguageProviderProps {
    /// The language to begin with; [`Lang::preferred`] if none is given.
    #[prop_or_default]
    pub initial: Option<Lang>,
    /// What speaks it.
    pub children: Html,
}

/// Gives everything inside it a language.
#[component]
pub fn LanguageProvider(props: &LanguageProviderProps) -> Html {
    let initial = props.initial;
    let lang = use_state_eq(|| initial.unwrap_or_else(Lang::preferred));
    let choose = use_callback(lang.setter(), |chosen: Lang, set| {
        dom::save(STORAGE_KEY, chosen.tag());
        set.set(chosen);
    });
    use_effect_with(*lang, |lang| dom::set_root_attribute("lang", lang.tag()));
    let context = Language { lang: *lang, choose };
    html! { <ContextProvider<Language> {context}>{props.children.clone()}</ContextProvider<Language>> }
}

/// The language in use; English outside a [`LanguageProvider`].
#[hook]
pub fn use_language() -> Language {
    use_context::<Language>().unwrap_or_else(|| Language { lang: Lang::En, choose: Callback::noop() })
}

/// The words of the language in use.
#[hook]
pub fn use_words() -> &'static Words {
    use_language().lang.words()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_spoken_is_chosen() {
        assert_eq!(Lang::choose(["de-DE", "zh-CN", "en"]), Lang::Zh);
        assert_eq!(Lang::choose(["fr", "EN-gb"]), Lang::En);
        assert_eq!(Lang::choose(["zh-Hans"]), Lang::Zh);
        assert_eq!(Lang::choose([]), Lang::En);
        assert_eq!(Lang::choose(["eo"]), Lang::En);
    }
}
