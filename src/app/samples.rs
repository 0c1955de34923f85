//! A made-up archive, for tests of the page.

use crate::{
    anomaly::Code,
    codec::Compression,
    digest::Digest,
    image::{DocumentKind, Format, HistoryRow},
    report::{AnomalyReport, DocumentReport, ImageReport, LayerReport, Report, UnusedReport},
    worker::protocol::Job,
};

use super::state::Archive;

/// An image of three layers and five steps.
pub fn image_report() -> ImageReport {
    let step = |created_by: &str, layer: Option<u32>| HistoryRow {
        created: Some("2024-02-29T12:34:56Z".into()),
        created_by: Some(created_by.into()),
        instruction: created_by.into(),
        comment: None,
        empty_layer: layer.is_none(),
        layer,
    };
    ImageReport {
        names: vec!["docker.io/library/hello:latest".into()],
        platform: Some("linux/amd64".into()),
        id: Some(Digest::sha256(b"config")),
        manifest_digest: Some(Digest::sha256(b"manifest")),
        annotations: [("org.opencontainers.image.title".into(), "<script>alert(1)</script>".into())].into(),
        layers: (0..3).map(layer_report).collect(),
        config: Some(serde_json::json!({
            "created": "2024-02-29T12:34:56Z", "author": "someone", "os": "linux", "architecture": "amd64",
            "config": {
                "Env": ["PATH=/usr/bin", "EVIL=a\u{202E}b"], "Entrypoint": ["/bin/hello", "two words"], "Cmd": ["world"],
                "WorkingDir": "/home", "User": "greeter", "ExposedPorts": {"80/tcp": {}}, "Volumes": {"/data": {}},
                "Labels": {"maintainer": "someone <a@b.example>"}
            }
        })),
        history: vec![
            step("ADD file:9f1b in /", Some(0)),
            step("ENV A=b", None),
            step("RUN apt-get update", Some(1)),
            step("COPY hello /usr/bin/hello", Some(2)),
            step("CMD [\"world\"]", None),
        ],
        attestations: Vec::new(),
        dive: None,
        reclaimable: None,
    }
}

/// A layer that nothing is computed of yet.
pub fn layer_report(index: u32) -> LayerReport {
    LayerReport {
        index,
        diff_id: None,
        digest: None,
        media_type: Some("application/vnd.oci.image.layer.v1.tar+gzip".into()),
        stated_digest: Some(Digest::sha256(&[index as u8])),
        stated_diff_id: Some(Digest::sha256(&[index as u8, 1])),
        annotations: Default::default(),
        urls: Vec::new(),
        foreign: false,
        stated_compression: Some(Compression::Gzip),
        compression: None,
        stated_size: Some(1_000 * u64::from(index + 1)),
        lazy: None,
        unreadable: None,
        stored_size: Some(1_000 * u64::from(index + 1)),
        size_verified: None,
        limit: None,
        size: None,
        entries: None,
        digest_verified: None,
        diff_id_verified: None,
    }
}

/// A document of the first image with these bytes, which are what is stated or not.
pub fn document(kind: DocumentKind, bytes: &[u8], agrees: bool) -> DocumentReport {
    let digest = Digest::sha256(bytes);
    DocumentReport {
        kind,
        image: Some(0),
        path: Some(format!("blobs/sha256/{}", digest.hex())),
        stated_digest: Some(if agrees { digest.clone() } else { Digest::sha256(b"stated") }),
        digest: Some(digest),
        digest_verified: Some(agrees),
        stated_size: Some(bytes.len() as u64),
        size: Some(bytes.len() as u64),
        size_verified: Some(true),
    }
}

/// A report of one image.
pub fn report() -> Report {
    Report {
        version: 1,
        format: Format::DockerOci,
        outer_compression: Compression::None,
        images: vec![image_report()],
        documents: vec![
            document(DocumentKind::Manifest, b"manifest", true),
            document(DocumentKind::Config, b"config", true),
        ],
        unused: vec![UnusedReport { path: "notes.txt".into(), size: 42, offset: 3_584 }],
        anomalies: vec![AnomalyReport {
            code: Code::TarTrailingData,
            severity: Code::TarTrailingData.severity(),
            message: "512 bytes follow the end".into(),
            image: Some(0),
            layer: Some(1),
            offset: Some(10_240),
        }],
    }
}

/// An archive with that report, just opened.
pub fn archive() -> Archive {
    Archive::new(Job(1), "hello.tar".into(), 12_345, 0.0, report())
}

/// Renders a component on the host, in a language, on a state.
#[cfg(feature = "ssr")]
pub fn render<C: yew::BaseComponent<Properties = ()>>(
    lang: super::i18n::Lang,
    state: super::state::State,
) -> String {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use yew::prelude::*;

    use super::{AppHandle, i18n::LanguageProvider};

    #[derive(Clone, PartialEq, Properties)]
    struct StageProps {
        lang: super::i18n::Lang,
        app: AppHandle,
    }

    #[component]
    fn Stage<C: BaseComponent<Properties = ()>>(props: &StageProps) -> Html {
        html! {
            <LanguageProvider initial={props.lang}>
                <ContextProvider<AppHandle> context={props.app.clone()}><C /></ContextProvider<AppHandle>>
            </LanguageProvider>
        }
    }

    let props = StageProps { lang, app: AppHandle::fixed(state) };
    let renderer = yew::LocalServerRenderer::<Stage<C>>::with_props(props).hydratable(false);
    // Nothing in here waits for anything: the first poll renders.
    let mut rendering = pin!(renderer.render());
    match rendering.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(html) => html,
        Poll::Pending => panic!("rendering waits for something"),
    }
}
