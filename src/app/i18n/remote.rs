//! Words about images in registries and on web servers.

use super::super::remote::Cause;
use crate::registry::{GatewayTrouble, PlaceError, Pull, ReferenceError, Trouble, UrlError};

/// Words about images elsewhere.
pub struct RemoteWords {
    /// Title of the form on the first screen.
    pub title: &'static str,
    /// Button that opens the form while an image is open.
    pub open_another: &'static str,
    /// Label of the field for a name or URL.
    pub label: &'static str,
    /// What may be typed there.
    pub hint: &'static str,
    /// Button: fetch all of it.
    pub pull: &'static str,
    /// Button: fetch manifest and config only.
    pub look: &'static str,
    /// Button: list the tags.
    pub tags: &'static str,
    /// Button: list more tags.
    pub more_tags: &'static str,
    /// There are no tags.
    pub no_tags: &'static str,
    /// What was understood.
    pub registry: &'static str,
    /// See `registry`.
    pub repository: &'static str,
    /// See `registry`.
    pub tag: &'static str,
    /// See `registry`.
    pub digest: &'static str,
    /// See `registry`.
    pub layout: &'static str,
    /// See `registry`.
    pub archive: &'static str,
    /// What is wrong with what was typed.
    pub place_error: fn(&PlaceError) -> &'static str,
    /// Title of the choice of a platform.
    pub choose: &'static str,
    /// A platform that is not stated.
    pub no_platform: &'static str,
    /// Title of the form for a name and a password, with the host.
    pub log_in: fn(&str) -> String,
    /// How they are kept.
    pub log_in_note: &'static str,
    /// A field.
    pub user: &'static str,
    /// A field.
    pub password: &'static str,
    /// Button.
    pub submit: &'static str,
    /// A link wants to fetch a place from a host.
    pub link_asks: fn(&str, &str) -> String,
    /// Button: agree.
    pub fetch_it: &'static str,
    /// Button: not.
    pub not_now: &'static str,
    /// This page may not fetch.
    pub forbidden: fn(&str) -> String,
    /// Link to the page that may.
    pub open_remote: &'static str,
    /// What else there is.
    pub forbidden_note: &'static str,
    /// An archive is read while it comes; so many layers have been read.
    pub passed: fn(u32) -> String,
    /// Status line of the page that may fetch.
    pub status: &'static str,
    /// Stands before what a registry has to say to people.
    pub warns: &'static str,
    /// Title of the panel of layers.
    pub layers: fn(u32, u32) -> String,
    /// How far a layer is.
    pub state: fn(Pull) -> String,
    /// A layer whose digest is not the stated one.
    pub mismatch: &'static str,
    /// Button: fetch a layer.
    pub fetch_layer: fn(u32) -> String,
    /// Button: fetch all layers.
    pub fetch_all: &'static str,
    /// Button: try again.
    pub again: &'static str,
    /// Button: list what refers to the image.
    pub referrers: &'static str,
    /// There is nothing.
    pub no_referrers: &'static str,
    /// Not every list could be read.
    pub more_referrers: &'static str,
    /// A document that is too large to be read.
    pub too_large: &'static str,
    /// Button: show so many more of these.
    pub show_more: fn(u64) -> String,
    /// Title of a document as it is.
    pub raw: &'static str,
    /// Button: show more of so many further characters.
    pub raw_more: fn(u64) -> String,
    /// Button: read a document.
    pub read: &'static str,
    /// A trouble: what, and what to do.
    pub trouble: fn(Trouble) -> (&'static str, &'static str),
    /// Title of the doctor.
    pub doctor: &'static str,
    /// It is looking.
    pub looking: &'static str,
    /// A cause: what, and what to do.
    pub cause: fn(Cause) -> (&'static str, &'static str),
    /// Title of the configurations.
    pub recipes: &'static str,
    /// Title of the ways around.
    pub ways: &'static str,
    /// The first way.
    pub way_skopeo: &'static str,
    /// The second.
    pub way_gateway: &'static str,
}

pub(super) const EN: RemoteWords = RemoteWords {
    title: "From a registry or a web server",
    open_another: "Pull…",
    label: "Image name or URL",
    hint: "nginx:1.27, ghcr.io/owner/name@sha256:…, https://host/oci-layout/, https://host/image.tar",
    pull: "Pull",
    look: "Look without pulling",
    tags: "List tags",
    more_tags: "More tags",
    no_tags: "There are no tags.",
    registry: "registry",
    repository: "repository",
    tag: "tag",
    digest: "digest",
    layout: "OCI layout at",
    archive: "archive at",
    place_error: |error| match error {
        PlaceError::Reference(ReferenceError::Empty) => "Type the name of an image.",
        PlaceError::Reference(ReferenceError::Uppercase) => {
            "A repository has no capital letters in its name."
        }
        PlaceError::Reference(ReferenceError::TooLong) => "The name is longer than 255 characters.",
        PlaceError::Reference(ReferenceError::Identifier) => {
            "This is an image's id. A registry knows names only."
        }
        PlaceError::Reference(ReferenceError::Digest(_)) => {
            "What stands after @ is not a sha256 or sha512 digest."
        }
        PlaceError::Reference(ReferenceError::Format) => "This is not yet the name of an image.",
        PlaceError::Url(UrlError::Scheme) => "Only https and http can be fetched.",
        PlaceError::Url(UrlError::Host) => "The URL names no host.",
        PlaceError::Url(UrlError::Credentials) => {
            "Names and passwords do not belong in a URL. You will be asked."
        }
    },
    choose: "Several images have this name. Which one?",
    no_platform: "no platform stated",
    log_in: |host| format!("{host} asks who you are"),
    log_in_note: "Kept in this tab's memory only, sent to this host and to the token server that it names, forgotten when the tab closes.",
    user: "User name",
    password: "Password or access token",
    submit: "Log in and go on",
    link_asks: |place, host| format!("This link wants to fetch {place} from {host}."),
    fetch_it: "Fetch it",
    not_now: "Not now",
    forbidden: |host| format!("This page talks to nobody but its own server. {host} is another."),
    open_remote: "Open it on the page that may fetch",
    forbidden_note: "That is the same program under another policy. Or start “layerscope serve”, which fetches for this page.",
    passed: |layers| {
        let read = match layers {
            0 => "Reading it while it comes.".to_owned(),
            1 => "Reading it while it comes: 1 layer is read.".to_owned(),
            layers => format!("Reading it while it comes: {layers} layers are read."),
        };
        format!("{read} Its end says which images it holds.")
    },
    status: "this page may fetch from other hosts",
    warns: "The registry says:",
    layers: |done, all| format!("Layers fetched: {done} of {all}"),
    state: |pull| match pull {
        Pull::OnDemand => "not fetched".to_owned(),
        Pull::Waiting => "waiting".to_owned(),
        Pull::Downloading => "downloading".to_owned(),
        Pull::Retrying(ms) => format!("trying again in {} s", ms.div_ceil(1_000)),
        Pull::Verifying => "verifying".to_owned(),
        Pull::Exists => "already exists".to_owned(),
        Pull::Complete => "complete".to_owned(),
    },
    mismatch: "wrong digest",
    fetch_layer: |layer| format!("Fetch layer {layer}"),
    fetch_all: "Fetch all layers",
    again: "Try again",
    referrers: "Signatures and attestations",
    no_referrers: "Nothing there refers to this image.",
    more_referrers: "Whether there is more is not known:",
    too_large: "too large to be read here",
    show_more: |rest| format!("Show more of the {rest} others"),
    raw: "As it is stored",
    raw_more: |rest| format!("Show more of the {rest} further characters"),
    read: "Read",
    trouble: |trouble| match trouble {
        Trouble::Unreachable => (
            "The browser got no answer that it may show.",
            "Why is told below, as far as a page can find out.",
        ),
        Trouble::Redirected => (
            "The server leads to another host, and nothing came from there that the browser may show.",
            "What that means is told below.",
        ),
        Trouble::TokenUnreachable => (
            "The registry wants a token, and the server that gives it sent nothing that the browser may show.",
            "What that means is told below.",
        ),
        Trouble::Cut => ("The connection was cut again and again.", "Try again: what has come is kept."),
        Trouble::NotFound => (
            "There is no such image.",
            "Check the name and the tag. Some registries say so of what you may not see.",
        ),
        Trouble::Unauthorized => ("The registry wants to know who you are.", "Log in below."),
        Trouble::Credentials => (
            "The registry refuses this name and password.",
            "Check them, and that they may read this repository.",
        ),
        Trouble::HiddenChallenge => (
            "The registry wants a login, and hides from pages how.",
            "Its administrator has to expose a header: see below.",
        ),
        Trouble::Realm => (
            "The registry sends the login to an address that is not safe.",
            "Nothing was sent there: it is not https, or a private address.",
        ),
        Trouble::Forbidden => {
            ("The registry refuses access.", "Ask its owner for the right to read this repository.")
        }
        Trouble::TooMany => ("The registry was asked too often.", "Wait a while; logging in may allow more."),
        Trouble::Status(_) => ("The server answered with an error.", "Try again later."),
        Trouble::NotARegistry => (
            "What answers there is not a registry.",
            "It sent something else, a web page perhaps. Check the address.",
        ),
        Trouble::Digest => (
            "The bytes are not what was asked for.",
            "Their digest differs: nothing of it was used. Somebody changed them on the way, or at the source.",
        ),
        Trouble::TooLarge => ("More was sent than was stated.", "It was not read on."),
        Trouble::Manifest => {
            ("The manifest cannot be used.", "It may be of another kind of artifact, or contradict itself.")
        }
        Trouble::NoPlatform => ("The index holds no image.", "It may hold other artifacts only."),
        Trouble::NotFetched => ("This layer has not been fetched.", "Fetch it in the list of layers."),
        Trouble::BlobUnreachable => {
            ("The manifest came, a blob of it did not.", "Why is told below, as far as a page can find out.")
        }
        Trouble::Gateway(GatewayTrouble::NotAllowed) => {
            ("The gateway does not ask this host.", "Whoever started it can allow it:")
        }
        Trouble::Gateway(GatewayTrouble::NoCredentials) => (
            "The registry wants to know who you are, and Docker on the gateway's computer does not know it.",
            "Log in there, and try again:",
        ),
        Trouble::Gateway(GatewayTrouble::BadCredentials) => (
            "The registry refuses the login that Docker has on the gateway's computer.",
            "Log in there anew, and try again:",
        ),
        Trouble::Gateway(GatewayTrouble::Unreachable) => (
            "The gateway gets no answer from the registry.",
            "Check the name, and the network of the gateway's computer.",
        ),
        Trouble::Gateway(GatewayTrouble::Other) => {
            ("The gateway does not forward this.", "What it says stands in the particulars.")
        }
    },
    doctor: "Why nothing came",
    looking: "Looking for the cause…",
    cause: |cause| match cause {
        Cause::Offline => ("The browser is offline.", "Connect, and try again."),
        Cause::MixedContent => (
            "This page came by https and may not ask by http.",
            "Serve the registry by https, or open this page from http://localhost.",
        ),
        Cause::LocalNetwork => (
            "The address is in your own network, this page is not.",
            "Browsers ask before they allow that, and some forbid it. Look for their question at the address bar.",
        ),
        Cause::LocalNetworkDenied => (
            "The address is in your own network, and this page may not ask there.",
            "You have told the browser so, or somebody who manages it. Change it in the settings of this site, beside the address.",
        ),
        Cause::Unreachable => (
            "Nothing answers there.",
            "The host does not exist, nobody listens, or its certificate is wrong. Open the address in a tab to see.",
        ),
        Cause::NoCors => (
            "The server answers, and does not allow web pages to read it (CORS).",
            "Most public registries are like this. Its administrator can change that, or take one of the ways around.",
        ),
        Cause::Preflight => (
            "The server can be read, but refuses the question that goes before a login (OPTIONS).",
            "It has to answer OPTIONS without asking who is there.",
        ),
        Cause::Blobs => {
            ("The manifest can be read, and the blobs cannot (CORS).", "The server sends them without leave.")
        }
        Cause::Redirect => (
            "The server leads to another host, which most likely does not allow web pages to read it (CORS).",
            "Any origin (*) has to be allowed there: who asks is not told after a redirect. It may also be out of reach.",
        ),
        Cause::TokenServer => (
            "The registry can be read, and the server that gives its tokens most likely does not allow web pages to (CORS).",
            "It has to allow web pages to read it, too, and to be within reach. Its name stands in the particulars.",
        ),
        Cause::Passing => ("The server can be read now.", "Try again."),
        Cause::HiddenHeader => (
            "The server does not expose the header WWW-Authenticate.",
            "It has to stand in Access-Control-Expose-Headers.",
        ),
    },
    recipes: "What to set at the server",
    ways: "Ways around",
    way_skopeo: "Save it with skopeo, and drop the file here:",
    way_gateway: "Let this computer fetch it, with your Docker login:",
};

pub(super) const ZH: RemoteWords = RemoteWords {
    title: "来自镜像仓库或网页服务器",
    open_another: "拉取…",
    label: "镜像名称或 URL",
    hint: "nginx:1.27、ghcr.io/owner/name@sha256:…、https://host/oci-layout/、https://host/image.tar",
    pull: "拉取",
    look: "只看不拉取",
    tags: "列出标签",
    more_tags: "更多标签",
    no_tags: "没有标签。",
    registry: "注册服务器",
    repository: "仓库",
    tag: "标签",
    digest: "摘要",
    layout: "OCI 布局位于",
    archive: "归档位于",
    place_error: |error| match error {
        PlaceError::Reference(ReferenceError::Empty) => "请输入镜像名称。",
        PlaceError::Reference(ReferenceError::Uppercase) => "仓库名称不含大写字母。",
        PlaceError::Reference(ReferenceError::TooLong) => "名称超过 255 个字符。",
        PlaceError::Reference(ReferenceError::Identifier) => "这是镜像的 ID。注册服务器只认名称。",
        PlaceError::Reference(ReferenceError::Digest(_)) => "@ 之后不是 sha256 或 sha512 摘要。",
        PlaceError::Reference(ReferenceError::Format) => "这还不是镜像名称。",
        PlaceError::Url(UrlError::Scheme) => "只能获取 https 和 http。",
        PlaceError::Url(UrlError::Host) => "URL 中没有主机。",
        PlaceError::Url(UrlError::Credentials) => "用户名和密码不应写在 URL 中。需要时会询问。",
    },
    choose: "这个名称有多个镜像。要哪一个？",
    no_platform: "未说明平台",
    log_in: |host| format!("{host} 需要登录"),
    log_in_note: "只保存在本标签页的内存中，只发送给这台主机及其指定的令牌服务器，关闭标签页即忘记。",
    user: "用户名",
    password: "密码或访问令牌",
    submit: "登录并继续",
    link_asks: |place, host| format!("此链接要从 {host} 获取 {place}。"),
    fetch_it: "获取",
    not_now: "暂不",
    forbidden: |host| format!("本页面只与自己的服务器通信，而 {host} 是另一台。"),
    open_remote: "在可以获取的页面中打开",
    forbidden_note: "那是同一个程序，策略不同。也可以运行 “layerscope serve”，由它为本页面获取。",
    passed: |layers| match layers {
        0 => "正在边接收边读取。归档的末尾才说明其中有哪些镜像。".to_owned(),
        layers => format!("正在边接收边读取：已读 {layers} 层。归档的末尾才说明其中有哪些镜像。"),
    },
    status: "本页面可以从其他主机获取内容",
    warns: "注册服务器提示：",
    layers: |done, all| format!("已获取的层：{done} / {all}"),
    state: |pull| match pull {
        Pull::OnDemand => "未获取".to_owned(),
        Pull::Waiting => "等待中".to_owned(),
        Pull::Downloading => "下载中".to_owned(),
        Pull::Retrying(ms) => format!("{} 秒后重试", ms.div_ceil(1_000)),
        Pull::Verifying => "校验中".to_owned(),
        Pull::Exists => "已存在".to_owned(),
        Pull::Complete => "完成".to_owned(),
    },
    mismatch: "摘要不符",
    fetch_layer: |layer| format!("获取第 {layer} 层"),
    fetch_all: "获取所有层",
    again: "重试",
    referrers: "签名与证明",
    no_referrers: "那里没有引用此镜像的内容。",
    more_referrers: "是否还有更多，无法得知：",
    too_large: "过大，无法在此阅读",
    show_more: |rest| format!("显示其余 {rest} 项中的更多"),
    raw: "存储的原文",
    raw_more: |rest| format!("显示其余 {rest} 个字符中的更多"),
    read: "阅读",
    trouble: |trouble| match trouble {
        Trouble::Unreachable => ("浏览器没有得到可以显示的回答。", "原因见下，以页面能查明的为限。"),
        Trouble::Redirected => {
            ("服务器指向另一台主机，而从那里没有收到浏览器可以显示的内容。", "其含义见下。")
        }
        Trouble::TokenUnreachable => {
            ("注册服务器需要令牌，而发放令牌的服务器没有发送浏览器可以显示的内容。", "其含义见下。")
        }
        Trouble::Cut => ("连接一再中断。", "请重试：已收到的内容会保留。"),
        Trouble::NotFound => ("没有这个镜像。", "请检查名称和标签。有些服务器对无权查看的内容也这样回答。"),
        Trouble::Unauthorized => ("注册服务器需要登录。", "请在下面登录。"),
        Trouble::Credentials => ("注册服务器拒绝这个用户名和密码。", "请检查它们，以及是否有权读取此仓库。"),
        Trouble::HiddenChallenge => {
            ("注册服务器需要登录，却不让页面得知方式。", "管理员需要公开一个响应头：见下。")
        }
        Trouble::Realm => {
            ("注册服务器把登录指向不安全的地址。", "没有向那里发送任何内容：它不是 https，或是私有地址。")
        }
        Trouble::Forbidden => ("注册服务器拒绝访问。", "请向所有者申请读取此仓库的权限。"),
        Trouble::TooMany => ("请求过于频繁。", "请稍候；登录后可能允许更多。"),
        Trouble::Status(_) => ("服务器返回错误。", "请稍后重试。"),
        Trouble::NotARegistry => ("那里应答的不是注册服务器。", "它发送了别的内容，也许是网页。请检查地址。"),
        Trouble::Digest => {
            ("收到的字节不是所要的。", "摘要不同，没有使用其中任何内容。它们在途中或来源处被改动过。")
        }
        Trouble::TooLarge => ("发送的内容超过所声明的。", "没有继续读取。"),
        Trouble::Manifest => ("清单无法使用。", "它可能属于另一种制品，或者自相矛盾。"),
        Trouble::NoPlatform => ("索引中没有镜像。", "其中可能只有其他制品。"),
        Trouble::NotFetched => ("这一层尚未获取。", "请在层列表中获取它。"),
        Trouble::BlobUnreachable => {
            ("清单已收到，但其中的数据块没有收到。", "原因见下，以页面能查明的为限。")
        }
        Trouble::Gateway(GatewayTrouble::NotAllowed) => {
            ("网关不会向这台主机请求。", "启动网关的人可以允许它：")
        }
        Trouble::Gateway(GatewayTrouble::NoCredentials) => {
            ("注册服务器需要登录，而网关所在计算机的 Docker 没有登录信息。", "请在那里登录后重试：")
        }
        Trouble::Gateway(GatewayTrouble::BadCredentials) => {
            ("注册服务器拒绝网关所在计算机的 Docker 登录信息。", "请在那里重新登录后重试：")
        }
        Trouble::Gateway(GatewayTrouble::Unreachable) => {
            ("网关没有得到注册服务器的应答。", "请检查名称，以及网关所在计算机的网络。")
        }
        Trouble::Gateway(GatewayTrouble::Other) => ("网关没有转发此请求。", "它的说明见详情。"),
    },
    doctor: "为什么没有收到",
    looking: "正在查找原因…",
    cause: |cause| match cause {
        Cause::Offline => ("浏览器处于离线状态。", "请连接网络后重试。"),
        Cause::MixedContent => (
            "本页面通过 https 加载，不能用 http 请求。",
            "请以 https 提供注册服务器，或从 http://localhost 打开本页面。",
        ),
        Cause::LocalNetwork => {
            ("该地址在您自己的网络中，而本页面不在。", "浏览器会先询问，有的会禁止。请留意地址栏旁的询问。")
        }
        Cause::LocalNetworkDenied => (
            "该地址在您自己的网络中，而本页面无权访问。",
            "您或管理浏览器的人作了这样的设置。请在地址旁的网站设置中更改。",
        ),
        Cause::Unreachable => {
            ("那里没有应答。", "主机不存在、没有监听，或证书有误。可在标签页中打开该地址查看。")
        }
        Cause::NoCors => (
            "服务器有应答，但不允许网页读取（CORS）。",
            "大多数公共注册服务器都是如此。可由管理员修改，或采用其他办法。",
        ),
        Cause::Preflight => {
            ("服务器可以读取，但拒绝登录之前的询问（OPTIONS）。", "它必须不要求登录就回答 OPTIONS。")
        }
        Cause::Blobs => ("可以读取清单，但不能读取数据块（CORS）。", "服务器发送数据块时未给予许可。"),
        Cause::Redirect => (
            "服务器指向另一台主机，而那台主机很可能不允许网页读取（CORS）。",
            "那台主机必须允许任何来源（*）：重定向之后不再说明是谁在请求。也可能是无法连接到它。",
        ),
        Cause::TokenServer => (
            "可以读取注册服务器，而发放令牌的服务器很可能不允许网页读取（CORS）。",
            "后者也必须允许网页读取，并且能够连接。它的名称见详情。",
        ),
        Cause::Passing => ("现在可以读取服务器。", "请重试。"),
        Cause::HiddenHeader => {
            ("服务器没有公开响应头 WWW-Authenticate。", "它必须写在 Access-Control-Expose-Headers 中。")
        }
    },
    recipes: "服务器上的设置",
    ways: "其他办法",
    way_skopeo: "用 skopeo 保存，然后把文件拖到这里：",
    way_gateway: "让这台计算机用您的 Docker 登录去获取：",
};
