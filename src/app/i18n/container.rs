//! Words of the Container view.

use crate::{app::lab::Part, build::Reason, container::Answer};

/// The words. Layers are given by the number they bear on the screen; `None` is the container's own.
pub struct ContainerWords {
    /// A part of the view.
    pub part: fn(Part) -> &'static str,
    /// Labels the choice of a part.
    pub parts: &'static str,
    /// There is no container yet.
    pub none: &'static str,
    /// What a container is.
    pub none_hint: &'static str,
    /// Starts a container over layers 1 to n of an image.
    pub start: fn(&str, u32, u32) -> String,
    /// Heads how the next container is mounted.
    pub mount_options: &'static str,
    /// What is said of it.
    pub mount_options_hint: &'static str,
    /// What an option does.
    pub metacopy: &'static str,
    /// What an option does.
    pub index: &'static str,
    /// What an option does.
    pub redirect_dir: &'static str,
    /// Turns to a container to change a path.
    pub change_it: &'static str,
    /// What the container stands on.
    pub on: fn(&str, u32) -> String,
    /// Said where a container is shown: nothing runs.
    pub nothing_runs: &'static str,
    /// "Content in its layer".
    pub cost_upper: &'static str,
    /// "Copied up".
    pub cost_copied: &'static str,
    /// "An image of it would grow by".
    pub cost_grows: &'static str,

    /// Labels the terminal.
    pub terminal: &'static str,
    /// Labels its line.
    pub command: &'static str,
    /// What its keys do.
    pub command_hint: &'static str,
    /// Gives the line to the shell.
    pub run: &'static str,
    /// Empties the terminal.
    pub clear: &'static str,
    /// Shows what there is.
    pub help: &'static str,
    /// Takes the last operation back.
    pub undo: &'static str,
    /// A command is under way.
    pub busy: &'static str,
    /// Ends it.
    pub stop: &'static str,
    /// Chooses the file that a command waits for.
    pub choose_for: fn(&str) -> String,
    /// Stands before what a search among earlier commands has found.
    pub found: &'static str,
    /// It has found nothing.
    pub not_found: &'static str,

    /// Heads the steps.
    pub steps: &'static str,
    /// There are none yet.
    pub no_steps: &'static str,
    /// Step n of m.
    pub step: fn(u32, u32) -> String,
    /// So many steps more.
    pub more_steps: fn(&str) -> String,
    /// Goes to the first step.
    pub first: &'static str,
    /// Goes to the step before.
    pub back: &'static str,
    /// Plays the steps.
    pub play: &'static str,
    /// Stops playing.
    pub pause: &'static str,
    /// Goes to the step after.
    pub next: &'static str,
    /// The container's own layer.
    pub own_layer: &'static str,
    /// A lookup of a path and the answers.
    pub lookup: fn(&str, &str) -> String,
    /// Stands between answers.
    pub then: &'static str,
    /// An answer.
    pub answer: fn(Option<u32>, Answer) -> String,
    /// A directory is copied up.
    pub copy_up_dir: fn(&str, Option<u32>) -> String,
    /// Something is copied up, so many bytes of it.
    pub copy_up: fn(&str, Option<u32>, &str) -> String,
    /// Something is made.
    pub create: fn(&str) -> String,
    /// So many bytes are written.
    pub write: fn(&str, &str) -> String,
    /// Metadata is changed.
    pub change: fn(&str) -> String,
    /// A whiteout is written.
    pub whiteout: fn(&str) -> String,
    /// A directory is made opaque.
    pub opaque: fn(&str) -> String,
    /// Something is taken out of the container's layer.
    pub remove: fn(&str) -> String,
    /// Something is moved in it.
    pub moved: fn(&str, &str) -> String,
    /// A directory remembers where it stands below.
    pub redirect: fn(&str, &str) -> String,

    /// Heads the columns.
    pub columns: &'static str,
    /// Only what the container touches.
    pub only_changes: &'static str,

    /// Heads what becomes of the container.
    pub out: &'static str,
    /// Labels the name of the image to be made.
    pub image_name: &'static str,
    /// Makes an image.
    pub commit: &'static str,
    /// Saves the image.
    pub save: &'static str,
    /// Saves the container's files.
    pub export: &'static str,
    /// Says what the difference is.
    pub out_hint: &'static str,

    /// Heads the images.
    pub images: &'static str,
    /// Heads the containers.
    pub containers: &'static str,
    /// There are none.
    pub no_containers: &'static str,
    /// A column head.
    pub name: &'static str,
    /// A column head.
    pub id: &'static str,
    /// A column head.
    pub size: &'static str,
    /// A column head.
    pub shared: &'static str,
    /// A column head.
    pub unique: &'static str,
    /// A column head.
    pub image: &'static str,
    /// A column head.
    pub state: &'static str,
    /// A column head of what can be done.
    pub actions: &'static str,
    /// An image without a name.
    pub dangling: &'static str,
    /// Starts a container.
    pub run_image: &'static str,
    /// Removes an image or a container, by its name.
    pub remove_it: fn(&str) -> String,
    /// The button's text.
    pub remove_short: &'static str,
    /// Goes into a container, by its name.
    pub attach: fn(&str) -> String,
    /// The button's text.
    pub attach_short: &'static str,
    /// Removes stopped containers.
    pub prune_containers: &'static str,
    /// Removes dangling images.
    pub prune_images: &'static str,
    /// All layers, each counted once.
    pub all_layers: fn(&str) -> String,
    /// Heads what the browser keeps.
    pub keep_title: &'static str,
    /// Has the browser keep it.
    pub keep: &'static str,
    /// Says what is kept, and where.
    pub keep_hint: &'static str,
    /// So much is kept and waits.
    pub waits: &'static str,
    /// One of it, and the id of the image that it waits for.
    pub waits_for: fn(&str, &str) -> String,
    /// Heads the picture of shared layers.
    pub sharing: &'static str,
    /// Heads the column of layers.
    pub layer: &'static str,
    /// The cell of a layer that an image has.
    pub has: &'static str,

    /// Labels the Dockerfile.
    pub dockerfile: &'static str,
    /// Labels the name of the image.
    pub tag: &'static str,
    /// Labels the files of the context.
    pub context: &'static str,
    /// What can be dropped there.
    pub context_hint: &'static str,
    /// Chooses files.
    pub choose_files: &'static str,
    /// Chooses a directory.
    pub choose_directory: &'static str,
    /// Takes the files out again.
    pub no_files: &'static str,
    /// So many files of so many bytes.
    pub context_files: fn(usize, &str) -> String,
    /// Leaves the cache out.
    pub no_cache: &'static str,
    /// Builds.
    pub build: &'static str,
    /// It is being built.
    pub building: &'static str,
    /// Heads the steps of the build.
    pub build_steps: &'static str,
    /// The cache had it.
    pub cached: &'static str,
    /// It was made.
    pub made: &'static str,
    /// Why the cache had a step, or had not.
    pub reason: fn(Reason) -> &'static str,
    /// A step without a layer.
    pub no_layer: &'static str,
    /// A layer of so many bytes.
    pub layer_of: fn(&str) -> String,
    /// The image is there.
    pub built: fn(&str) -> String,
    /// What the images are called that are made of nothing, where archives have their names.
    pub made_here: &'static str,
    /// The build ended before.
    pub not_built: &'static str,
    /// At line n.
    pub at_line: fn(u32) -> String,
}

/// English.
pub const EN: ContainerWords = ContainerWords {
    part: |part| match part {
        Part::Container => "Container",
        Part::Shelf => "Images and containers",
        Part::Build => "Build",
    },
    parts: "Parts of this view",
    none: "No container yet",
    none_hint: "A container is an image with one writable layer on top. Start one, change its files, and see what the union \
                filesystem does. The image itself never changes, and no process runs.",
    start: |image, upto, layers| match upto == layers {
        true => format!("Start a container of {image}"),
        false => format!("Start a container of {image}, layers 1–{upto}"),
    },
    mount_options: "Mount options",
    mount_options_hint: "Container engines mount with all three off. Turn one on, start a container, and see what the kernel does differently.",
    metacopy: "chmod and chown copy the metadata up alone; the content follows when it is written to.",
    index: "A file with several names stays one file when one of them is copied up.",
    redirect_dir: "A directory of the layers below can be renamed: it remembers where it stands there.",
    change_it: "Change it in a container",
    on: |image, layer| format!("On {image}; its own layer is number {layer}."),
    nothing_runs: "No process runs in it: what you change are its files.",
    cost_upper: "In its layer",
    cost_copied: "Copied up",
    cost_grows: "An image of it grows by",
    terminal: "Terminal",
    command: "Command",
    command_hint: "Enter runs the line, ↑ and ↓ call lines back, Ctrl+R looks for one, Tab completes, Ctrl+C ends what runs; Escape, then Tab leaves the line.",
    run: "Run",
    clear: "Clear",
    help: "Help",
    undo: "Undo",
    busy: "Running…",
    stop: "Stop",
    choose_for: |command| format!("Choose the file for {command}"),
    found: "Found:",
    not_found: "No earlier command has it.",
    steps: "Step by step",
    no_steps: "Change a file, and see here what the filesystem does: which layers it asks, what it copies up, which whiteout it writes.",
    step: |step, of| format!("Step {step} of {of}"),
    more_steps: |number| format!("{number} further steps are not shown."),
    first: "First step",
    back: "Step back",
    play: "Play",
    pause: "Pause",
    next: "Next step",
    own_layer: "the container's layer",
    lookup: |path, answers| format!("Look up {path}: {answers}."),
    then: ", then ",
    answer: |layer, answer| {
        let who = layer.map_or_else(|| "the container's layer".to_owned(), |layer| format!("layer {layer}"));
        match answer {
            Answer::Nothing => format!("not in {who}"),
            Answer::Has(_) => format!("found in {who}"),
            Answer::Whiteout => format!("a whiteout in {who}: it is deleted"),
            Answer::Opaque => format!("an opaque directory in {who}: nothing below counts"),
            Answer::Hidden => format!("hidden from {who} on"),
        }
    },
    copy_up_dir: |path, layer| match layer {
        Some(layer) => {
            format!("Make the directory {path} in the container's layer, as layer {layer} has it.")
        }
        None => format!("Make the directory {path} in the container's layer, as the layers below have it."),
    },
    copy_up: |path, layer, bytes| match layer {
        Some(layer) => format!("Copy {path} up from layer {layer}: the whole file, {bytes}."),
        None => format!("Copy {path} up from below: {bytes}."),
    },
    create: |path| format!("Make {path} in the container's layer."),
    write: |path, bytes| format!("Write {bytes} to {path} in the container's layer."),
    change: |path| format!("Change the metadata of {path} in the container's layer."),
    whiteout: |path| {
        format!("Write a whiteout of {path}: the layers below keep it, and it is no longer seen.")
    },
    opaque: |path| format!("Make {path} opaque: nothing that the layers below have in it shows through."),
    remove: |path| format!("Take {path} out of the container's layer."),
    moved: |from, to| format!("Move {from} to {to} in the container's layer."),
    redirect: |path, lower| format!("{path} remembers that it is {lower} of the layers below."),
    columns: "Lower, upper, merged",
    only_changes: "Only what the container touches",
    out: "Out again",
    image_name: "Name of the image",
    commit: "Commit",
    save: "Save image",
    export: "Export files",
    out_hint: "Commit makes the container's layer the topmost of a new image. Save writes that image with its layers and history; export \
               writes the merged files alone, as one flat tar.",
    images: "Images",
    containers: "Containers",
    no_containers: "There is no container.",
    name: "Name",
    id: "ID",
    size: "Size",
    shared: "Shared",
    unique: "Unique",
    image: "Image",
    state: "State",
    actions: "Actions",
    dangling: "<none>",
    run_image: "Run",
    remove_it: |name| format!("Remove {name}"),
    remove_short: "Remove",
    attach: |name| format!("Go into {name}"),
    attach_short: "Attach",
    prune_containers: "Prune containers",
    prune_images: "Prune images",
    all_layers: |size| format!("All layers, each counted once: {size}."),
    keep_title: "After a reload",
    keep: "Keep containers and the images made here in this browser",
    keep_hint: "They are kept in the browser's own storage for this page, with what was written in them; of the archives only ids are kept. \
                Open the same archive again, and they are back. Off, all of it is forgotten.",
    waits: "Kept, and back as soon as the archive with their image is open:",
    waits_for: |name, id| format!("{name}, on the image {id}"),
    sharing: "Which image has which layer",
    layer: "Layer",
    has: "has it",
    dockerfile: "Dockerfile",
    tag: "Name of the image",
    context: "Files for COPY and ADD",
    context_hint: "Drop files or a directory here, or choose them. They stay in your browser.",
    choose_files: "Choose files…",
    choose_directory: "Choose a directory…",
    no_files: "Take them out",
    context_files: |files, size| format!("{files} files, {size}"),
    no_cache: "Without the cache",
    build: "Build",
    building: "Building…",
    build_steps: "Steps of the build",
    cached: "cached",
    made: "made",
    reason: |reason| match reason {
        Reason::Base => "the image as it is",
        Reason::Scratch => "an empty image",
        Reason::NoImage => "it makes no image",
        Reason::Built => "the same instruction was built on the same image",
        Reason::NoCache => "the cache was left out",
        Reason::AfterMiss => "a step before it was not in the cache",
        Reason::New => "this instruction was not built on this image before",
        Reason::Changed => "what it copies has changed",
    },
    no_layer: "no layer",
    layer_of: |size| format!("a layer of {size}"),
    built: |id| format!("The image {id} is built. It stands among the images."),
    made_here: "Made here",
    not_built: "The build ended before there was an image.",
    at_line: |line| format!("Line {line}"),
};

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
    command_hint: "Enter 执行，↑ 和 ↓ 调出先前的命令，Ctrl+R 查找命令，Tab 补全，Ctrl+C 中止正在执行的命令；按 Escape 后再按 Tab 离开此行。",
    run: "执行",
    clear: "清屏",
    help: "帮助",
    undo: "撤销",
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
    copy_up_dir: |path, layer| match layer {
        Some(layer) => format!("在容器层中建立目录 {path}，与第 {layer} 层中的一样。"),
        None => format!("在容器层中建立目录 {path}，与下层中的一样。"),
    },
    copy_up: |path, layer, bytes| match layer {
        Some(layer) => format!("从第 {layer} 层向上复制 {path}：整个文件，{bytes}。"),
        None => format!("从下层向上复制 {path}：{bytes}。"),
    },
    create: |path| format!("在容器层中新建 {path}。"),
    write: |path, bytes| format!("向容器层中的 {path} 写入 {bytes}。"),
    change: |path| format!("修改容器层中 {path} 的元数据。"),
    whiteout: |path| format!("写入 {path} 的删除标记（whiteout）：下层仍保留它，但不再可见。"),
    opaque: |path| format!("将 {path} 设为不透明目录：下层在其中的内容都不再显现。"),
    remove: |path| format!("从容器层中移除 {path}。"),
    moved: |from, to| format!("在容器层中将 {from} 移动到 {to}。"),
    redirect: |path, lower| format!("{path} 记住它是下层的 {lower}。"),
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
    no_layer: "无层",
    layer_of: |size| format!("{size} 的层"),
    built: |id| format!("镜像 {id} 已构建，列在镜像之中。"),
    made_here: "在此制作",
    not_built: "构建在得到镜像之前就结束了。",
    at_line: |line| format!("第 {line} 行"),
};
