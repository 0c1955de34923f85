//! Commands that get an image which a page may not fetch.

use crate::registry::{PUBLIC_REGISTRIES, Reference};

/// Makes a file of it, to be dropped.
pub fn copy(reference: &Reference) -> String {
    let insecure = if reference.origin().is_secure { "" } else { "--src-tls-verify=false " };
    format!("skopeo copy {insecure}docker://{reference} oci-archive:image.tar")
}

/// Starts a gateway that may ask its registry.
pub fn serve(reference: &Reference) -> String {
    let host = &reference.registry;
    if PUBLIC_REGISTRIES.contains(&host.as_str()) {
        return "layerscope serve".to_owned();
    }
    format!("layerscope serve --allow-registry {host}")
}

/// Has docker know who asks the registry, and the gateway with it.
pub fn log_in(reference: &Reference) -> String {
    format!("docker login {}", reference.registry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_registry_where_they_have_to() {
        let reference = |text: &str| Reference::parse(text).unwrap();
        assert_eq!(
            copy(&reference("nginx:1")),
            "skopeo copy docker://docker.io/library/nginx:1 oci-archive:image.tar"
        );
        assert_eq!(
            copy(&reference("localhost:5000/a")),
            "skopeo copy --src-tls-verify=false docker://localhost:5000/a:latest oci-archive:image.tar"
        );
        assert_eq!(serve(&reference("nginx")), "layerscope serve");
        assert_eq!(serve(&reference("r.example:5000/a")), "layerscope serve --allow-registry r.example:5000");
        assert_eq!(log_in(&reference("r.example/a")), "docker login r.example");
    }
}
