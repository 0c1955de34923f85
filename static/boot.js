// Starts the page. Trunk writes the names of the app's files into this script's element (Trunk.toml), because an
// inline script would be against the page's Content-Security-Policy. A classic script, so that it also runs
// where modules do not: from a file:// address, to say why nothing works there. It stands in the head and blocks: what
// is painted first has the reader's theme already.
(() => {
  "use strict";

  const { js, wasm } = document.currentScript.dataset;

  // As src/app/theme.rs does once the app runs.
  try {
    const theme = localStorage.getItem("layerscope.theme");
    if (theme) document.documentElement.dataset.theme = theme;
  } catch {
    // The browser keeps nothing: the system's theme it is.
  }

  // A file that is dropped before the app listens must not make the browser leave the page for it.
  for (const kind of ["dragover", "drop"]) {
    addEventListener(kind, (event) => {
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
  }

  /** Says in place of the page what went wrong, in both languages: the translations live in the app. */
  function fail(en, zh, error) {
    if (error) console.error(error);
    const root = document.getElementById("app");
    const box = document.createElement("main");
    box.id = "boot";
    box.setAttribute("role", "alert");
    const title = document.createElement("h1");
    title.textContent = "Layerscope";
    box.append(title, paragraph("en", en), paragraph("zh-Hans", zh));
    if (error) {
      const detail = document.createElement("pre");
      detail.textContent = String(error);
      box.append(detail);
    }
    root.replaceChildren(box);
  }

  function paragraph(lang, text) {
    const p = document.createElement("p");
    p.lang = lang;
    p.textContent = text;
    return p;
  }

  addEventListener("DOMContentLoaded", start);

  // The app aborts on a panic: from then on it cannot answer, so the page says so rather than looking alive.
  addEventListener("error", ({ error }) => {
    if (error instanceof WebAssembly.RuntimeError) {
      fail(
        "Layerscope has stopped because of a fault of its own. Reload the page to go on.",
        "Layerscope 因自身错误而停止运行。请重新加载页面。",
        error,
      );
    }
  });

  function start() {
    if (location.protocol === "file:") {
      fail(
        "A browser does not run WebAssembly from a file. Open this page through a web server: make serve.",
        "浏览器不会从本地文件运行 WebAssembly。请通过 Web 服务器打开本页面：make serve。",
      );
      return;
    }
    if (typeof WebAssembly !== "object") {
      fail(
        "This browser has no WebAssembly, or it is switched off.",
        "此浏览器不支持 WebAssembly，或已将其禁用。",
      );
      return;
    }
    // Hidden until here: without scripts it would never come true.
    document.getElementById("boot-status").hidden = false;
    import(new URL(js, document.baseURI))
      .then((app) => app.default({ module_or_path: new URL(wasm, document.baseURI) }))
      .catch((error) =>
        fail(
          "Layerscope could not be loaded. Reload the page to try again.",
          "无法加载 Layerscope。请重新加载页面再试一次。",
          error,
        ),
      );
  }
})();
