//! Configurations that let a page read what a server has.

/// A configuration for one kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// The server's name.
    pub server: &'static str,
    /// What is to be pasted. `ORIGIN` stands for the page's origin, `HOST` for the server.
    pub text: &'static str,
}

/// Headers are those that a page has to read: `Docker-Content-Digest, WWW-Authenticate, Link, Content-Range, Retry-After`.
pub const RECIPES: [Recipe; 6] = [
    Recipe {
        server: "distribution (config.yml)",
        text: "http:\n  headers:\n    Access-Control-Allow-Origin: ['ORIGIN']\n    Access-Control-Allow-Methods: ['GET, HEAD, OPTIONS']\n    Access-Control-Allow-Headers: ['Authorization, Accept, Range']\n    Access-Control-Expose-Headers: ['Docker-Content-Digest, WWW-Authenticate, Link, Content-Range, Retry-After']\n    Access-Control-Max-Age: ['600']\n# With `auth:` it answers OPTIONS with 401: put nginx, Caddy or Traefik in front.\n",
    },
    Recipe {
        server: "nginx",
        text: "location /v2/ {\n  if ($request_method = OPTIONS) {\n    add_header Access-Control-Allow-Origin 'ORIGIN' always;\n    add_header Access-Control-Allow-Methods 'GET, HEAD' always;\n    add_header Access-Control-Allow-Headers 'Authorization, Accept, Range' always;\n    add_header Access-Control-Max-Age 600 always;\n    return 204;\n  }\n  add_header Access-Control-Allow-Origin 'ORIGIN' always;\n  add_header Access-Control-Expose-Headers 'Docker-Content-Digest, WWW-Authenticate, Link, Content-Range, Retry-After' always;\n  proxy_pass http://127.0.0.1:5000;\n  proxy_set_header Host $http_host;\n  proxy_set_header X-Forwarded-Proto $scheme;\n}\n",
    },
    Recipe {
        server: "Caddy",
        text: "HOST {\n  @preflight method OPTIONS\n  header {\n    Access-Control-Allow-Origin ORIGIN\n    Access-Control-Allow-Methods \"GET, HEAD\"\n    Access-Control-Allow-Headers \"Authorization, Accept, Range\"\n    Access-Control-Expose-Headers \"Docker-Content-Digest, WWW-Authenticate, Link, Content-Range, Retry-After\"\n  }\n  respond @preflight 204\n  reverse_proxy 127.0.0.1:5000\n}\n",
    },
    Recipe {
        server: "Traefik (labels)",
        text: "traefik.http.middlewares.cors.headers.accessControlAllowOriginList=ORIGIN\ntraefik.http.middlewares.cors.headers.accessControlAllowMethods=GET,HEAD,OPTIONS\ntraefik.http.middlewares.cors.headers.accessControlAllowHeaders=Authorization,Accept,Range\ntraefik.http.middlewares.cors.headers.accessControlExposeHeaders=Docker-Content-Digest,WWW-Authenticate,Link,Content-Range,Retry-After\ntraefik.http.middlewares.cors.headers.accessControlMaxAge=600\ntraefik.http.routers.registry.middlewares=cors\n",
    },
    Recipe {
        server: "S3 (CORS)",
        text: "[{\n  \"AllowedOrigins\": [\"*\"],\n  \"AllowedMethods\": [\"GET\", \"HEAD\"],\n  \"AllowedHeaders\": [\"Range\"],\n  \"ExposeHeaders\": [\"Content-Range\", \"Content-Length\"],\n  \"MaxAgeSeconds\": 600\n}]\n",
    },
    Recipe {
        server: "GitHub Pages",
        text: "# Nothing to set: it sends Access-Control-Allow-Origin: * with every file.\nskopeo copy docker://HOST/NAME:TAG oci:docs/image:latest\ngit add docs/image && git commit -m 'Publish an image layout' && git push\n# Then open https://USER.github.io/REPOSITORY/image/\n",
    },
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
        for header in ["Docker-Content-Digest", "WWW-Authenticate", "Link", "Retry-After"] {
            let told = RECIPES.iter().filter(|recipe| recipe.text.contains(header)).count();
            assert_eq!(told, 4, "{header}: all but plain file servers");
        }
    }
}
