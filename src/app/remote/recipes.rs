//! Configurations that let a page read what a server has.

/// A configuration for one kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// The server's name.
    pub server: &'static str,
    /// What is to be pasted. `ORIGIN` stands for the page's origin, `HOST` for the server.
    pub text: &'static str,
}

/// Each exposes the headers that a page has to read. The tests run those for distribution and nginx.
pub const RECIPES: [Recipe; 6] = [
    Recipe { server: "distribution (config.yml)", text: include_str!("recipes/distribution.yml") },
    Recipe { server: "nginx", text: include_str!("recipes/nginx.conf") },
    Recipe { server: "Caddy", text: include_str!("recipes/Caddyfile") },
    Recipe { server: "Traefik (labels)", text: include_str!("recipes/traefik.txt") },
    Recipe { server: "S3 (CORS)", text: include_str!("recipes/s3.json") },
    Recipe { server: "GitHub Pages", text: include_str!("recipes/github-pages.sh") },
];

impl Recipe {
    /// The configuration for a page and a server.
    pub fn filled(&self, origin: &str, host: &str) -> String {
        self.text.replace("ORIGIN", origin).replace("HOST", host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_exposes_what_the_page_reads() {
        for recipe in RECIPES.iter().filter(|recipe| !recipe.server.contains("Pages")) {
            assert!(recipe.text.contains("Content-Range"), "{}", recipe.server);
            let filled = recipe.filled("https://page.example", "r.example");
            assert!(!filled.contains("ORIGIN") && !filled.contains("HOST"), "{filled}");
        }
        for header in ["Docker-Content-Digest", "WWW-Authenticate", "Link", "Retry-After", "Warning"] {
            let told = RECIPES.iter().filter(|recipe| recipe.text.contains(header)).count();
            assert_eq!(told, 4, "{header}: all but plain file servers");
        }
    }

    #[test]
    fn the_documentation_has_the_same() {
        let docs = include_str!("../../../docs/registries.md");
        for recipe in &RECIPES[..2] {
            assert!(docs.contains(&recipe.filled("*", "")), "{}", recipe.server);
        }
    }
}
