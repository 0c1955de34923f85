//! The Container view in Simplified Chinese.

use super::ContainerWords;
use crate::{
    app::{lab::Part, text},
    build::{ProblemKind, Reason},
    container::{Answer, What, Why},
    layer::Kind,
    shell::Note,
    worker::containers::{State, Turn},
};

/// How long something took, about as precisely as docker says it.
fn duration(secs: i64) -> String {
    let (minutes, hours) = (secs / 60, (secs + 1800) / 3600);
    match secs {
        ..1 => "不到 1 秒".to_owned(),
        1..60 => format!("{secs} 秒"),
        _ if minutes < 60 => format!("{minutes} 分钟"),
        _ if hours < 48 => format!("{hours} 小时"),
        _ => format!("{} 天", hours / 24),
    }
}

/// Simplified Chinese.
pub const ZH: ContainerWords = ContainerWords {
    part: |part| match part {
        Part::Container => "容器",
        Part::Shelf => "镜像与容器",
        Part::Build => "构建",
    },
    parts: "本视图的各部分",
    none: "尚无容器",
    none_hint: "容器就是镜像加上最上面的一个可写层。启动一个容器，修改其中的文件，看联合文件系统做了什么。镜像本身从不改变，也没有进程在运行。",
    start: |image, upto, layers| match upto == layers {
        true => format!("用 {image} 启动容器"),
        false => format!("用 {image} 的第 1–{upto} 层启动容器"),
    },
    mount_options: "挂载选项",
    mount_options_hint: "容器引擎挂载时三项全部关闭。打开其中一项，启动容器，看内核有何不同。",
    metacopy: "chmod 和 chown 只向上复制元数据；写入内容时才复制内容。",
    index: "有多个名称的文件，其中一个被向上复制后仍是同一个文件。",
    redirect_dir: "下层的目录可以重命名：它会记住自己在下层的位置。",
    change_it: "在容器中修改",
    on: |image, layer| format!("基于 {image}；它自己的层是第 {layer} 层。"),
    nothing_runs: "其中没有进程在运行：您修改的是它的文件。",
    cost_upper: "容器层内容",
    cost_copied: "向上复制",
    cost_grows: "提交后镜像增大",
    terminal: "终端",
    command: "命令",
    command_hint: "Enter 执行，↑ 和 ↓ 调出先前的命令，Ctrl+R 查找命令，Tab 补全，Ctrl+C 中止正在执行的命令；命令行为空时，Ctrl+Z 撤销上一条命令，Ctrl+Y 重做；按 Escape 后再按 Tab 离开此行。",
    run: "执行",
    clear: "清屏",
    help: "帮助",
    undo: "撤销",
    redo: "重做",
    turned: |turn| match turn {
        Turn::Undo => "已撤销。",
        Turn::Redo => "已重做。",
    },
    busy: "正在执行…",
    stop: "中止",
    choose_for: |command| format!("为 {command} 选择文件"),
    found: "找到：",
    not_found: "先前的命令中没有。",
    steps: "逐步查看",
    no_steps: "修改一个文件，这里就会显示文件系统做了什么：查询了哪些层、向上复制了什么、写入了哪个删除标记。",
    step: |step, of| format!("第 {step} 步，共 {of} 步"),
    more_steps: |number| format!("另有 {number} 步未显示。"),
    first: "第一步",
    back: "上一步",
    play: "播放",
    pause: "暂停",
    next: "下一步",
    own_layer: "容器层",
    lookup: |path, answers| format!("查找 {path}：{answers}。"),
    then: "，然后",
    answer: |layer, answer| {
        let who = layer.map_or_else(|| "容器层".to_owned(), |layer| format!("第 {layer} 层"));
        match answer {
            Answer::Nothing => format!("{who}没有"),
            Answer::Has(_) => format!("在{who}找到"),
            Answer::Whiteout => format!("{who}有删除标记（whiteout）：已被删除"),
            Answer::Opaque => format!("{who}是不透明目录：其下各层不再计入"),
            Answer::Hidden => format!("自{who}起被隐藏"),
        }
    },
    copy_up: |copied| {
        let (path, bytes) = (copied.path, copied.bytes);
        let layer = copied.layer.map_or_else(|| "下层".to_owned(), |layer| format!("第 {layer} 层"));
        match (copied.kind, copied.why) {
            (Kind::Directory, _) => format!("在容器层中建立目录 {path}，与{layer}中的一样。"),
            (_, Why::Index) => format!("为容器层中已有的副本加上名称 {path}：它是同一文件的另一个名称。"),
            (Kind::Symlink, _) => format!("从{layer}向上复制符号链接 {path}。"),
            (Kind::File, Why::Truncated) => {
                format!("从{layer}向上复制 {path}，不含内容：内容即将被清空。")
            }
            (Kind::File, Why::MetadataOnly) => format!("从{layer}只向上复制 {path} 的元数据，不复制内容。"),
            (Kind::File, Why::Metadata) => {
                format!("从{layer}向上复制 {path}：只修改元数据，仍须复制整个文件，{bytes}。")
            }
            (Kind::File, Why::Name) => {
                format!("从{layer}向上复制 {path}，以便为它另起名称：整个文件，{bytes}。")
            }
            (Kind::File, _) => format!("从{layer}向上复制 {path}，以便写入：整个文件，{bytes}。"),
            _ => format!("从{layer}向上复制特殊文件 {path}。"),
        }
    },
    create: |path| format!("在容器层中新建 {path}。"),
    write: |path, bytes| format!("向容器层中的 {path} 写入 {bytes}。"),
    change: |path, what| {
        let what = match what {
            What::Mode => "权限",
            What::Owner => "属主和属组",
            What::Time => "修改时间",
            What::Xattr => "扩展属性",
            What::Size => "长度",
            What::Links => "名称数量",
        };
        format!("修改容器层中 {path} 的{what}。")
    },
    whiteout: |path| format!("写入 {path} 的删除标记（whiteout）：下层仍保留它，但不再可见。"),
    opaque: |path| format!("将 {path} 设为不透明目录：下层在其中的内容都不再显现。"),
    remove: |path| format!("从容器层中移除 {path}。"),
    moved: |from, to| format!("在容器层中将 {from} 移动到 {to}。"),
    redirect: |path, lower| format!("{path} 记住它是下层的 {lower}。"),
    note: |note| match note {
        Note::Failed(errno) => format!("失败：{}。", errno.name()),
        Note::CopiedToMove(path) => format!(
            "下层也有 {} 的一部分，因此 rename 返回 EXDEV：mv 将它整个向上复制，再删除原来的。",
            text::visible(path)
        ),
    },
    columns: "下层、上层、合并视图",
    only_changes: "仅显示容器涉及的内容",
    out: "导出结果",
    image_name: "镜像名称",
    commit: "提交",
    save: "保存镜像",
    export: "导出文件",
    out_hint: "提交使容器层成为新镜像的最上层。保存会写出该镜像及其各层和历史；导出只写出合并后的文件，即一个扁平的 tar。",
    images: "镜像",
    containers: "容器",
    no_containers: "没有容器。",
    name: "名称",
    id: "ID",
    size: "大小",
    shared: "共享",
    unique: "独有",
    image: "镜像",
    state: "状态",
    actions: "操作",
    dangling: "<none>",
    run_image: "运行",
    remove_it: |name| format!("删除 {name}"),
    remove_short: "删除",
    state_of: |state| match state {
        State::Created => "已创建".to_owned(),
        State::Up(secs) => format!("已运行 {}", duration(secs)),
        State::Exited(code, secs) => format!("{}前退出（{code}）", duration(secs)),
    },
    attach: |name| format!("进入 {name}"),
    attach_short: "进入",
    prune_containers: "清理容器",
    prune_images: "清理镜像",
    all_layers: |size| format!("全部层（每层只计一次）：{size}。"),
    keep_title: "重新加载之后",
    keep: "在此浏览器中保留容器和在此制作的镜像",
    keep_hint: "它们连同写入的内容保存在浏览器为本页提供的存储中；归档只保留 ID。再次打开同一归档，它们就会恢复。关闭此项则全部删除。",
    waits: "已保留，打开含有其镜像的归档后即恢复：",
    waits_for: |name, id| format!("{name}，基于镜像 {id}"),
    sharing: "各镜像包含哪些层",
    layer: "层",
    has: "包含",
    dockerfile: "Dockerfile",
    tag: "镜像名称",
    context: "供 COPY 和 ADD 使用的文件",
    context_hint: "将文件或目录拖放到这里，或自行选择。它们不会离开您的浏览器。",
    choose_files: "选择文件…",
    choose_directory: "选择目录…",
    no_files: "移除",
    context_files: |files, size| format!("{files} 个文件，{size}"),
    no_cache: "不使用缓存",
    build: "构建",
    building: "正在构建…",
    build_steps: "构建步骤",
    cached: "命中缓存",
    made: "新建",
    reason: |reason| match reason {
        Reason::Base => "原样使用该镜像",
        Reason::Scratch => "空镜像",
        Reason::NoImage => "不产生镜像",
        Reason::Built => "同一指令已在同一镜像上构建过",
        Reason::NoCache => "未使用缓存",
        Reason::AfterMiss => "前面有一步不在缓存中",
        Reason::New => "此前未在该镜像上构建过这条指令",
        Reason::Changed => "所复制的内容有变化",
    },
    problem: |kind| match kind {
        ProblemKind::Other => None,
        ProblemKind::UnknownInstruction(word) => Some(format!("未知指令：{word}")),
        ProblemKind::NoArgument(keyword) => Some(format!("{keyword} 至少需要一个参数")),
        ProblemKind::NotOpen(base) => {
            Some(format!("这里没有打开 {base}，也不会访问镜像仓库：请先打开或加载含有它的归档"))
        }
        ProblemKind::NotFound(source) => Some(format!("找不到要复制的文件：{source}")),
        ProblemKind::Remote(source) => {
            Some(format!("{source}：这里不会下载任何内容；请将文件放入构建上下文后再复制"))
        }
        ProblemKind::Failed { command, status, said } => {
            Some(format!("命令“{command}”以状态 {status} 失败：{said}"))
        }
        ProblemKind::TooLong(bytes) => Some(format!("Dockerfile 超过 {bytes} 字节")),
        ProblemKind::NoStage => Some("第一条指令必须是 FROM（之前只能有 ARG）".to_owned()),
        ProblemKind::HereDocument => {
            Some("这里不支持 here-document（<<）：请将文本写入文件，再用 COPY 复制".to_owned())
        }
        ProblemKind::Flag { instruction, flag } if instruction == "RUN" => {
            Some(format!("这里不支持 RUN --{flag}：没有进程在运行"))
        }
        ProblemKind::Flag { instruction, flag } => Some(format!("这里不支持 {instruction} --{flag}")),
        ProblemKind::NoSource(name) => {
            Some(format!("--from={name}：没有这个构建阶段，这里也没有打开这个镜像"))
        }
        ProblemKind::Layer(layer) => {
            Some(format!("镜像的第 {} 层缺失、损坏或尚未读完", u64::from(*layer) + 1))
        }
        ProblemKind::TooLarge(bytes) => Some(format!("内容超过 {bytes} 字节，内存中放不下")),
        ProblemKind::Unreadable => Some("有文件无法读到末尾，可能已损坏或已更改".to_owned()),
        ProblemKind::Interrupted => Some("构建已中止".to_owned()),
        ProblemKind::OwnedByRoot => Some("无论 USER 如何设置，RUN 创建的内容在这里都属于 root".to_owned()),
    },
    no_layer: "无层",
    layer_of: |size| format!("{size} 的层"),
    built: |id| format!("镜像 {id} 已构建，列在镜像之中。"),
    made_here: "在此制作",
    not_built: "构建在得到镜像之前就结束了。",
    at_line: |line| format!("第 {line} 行"),
};
