// Splits a wasm where the source says so (`#[wasm_split]`), and runs wasm-bindgen on the first part: what Trunk calls in place of
// wasm-bindgen, with its arguments (scripts/build.sh). The other parts are put into target/later, from where scripts/copy-later.sh
// takes them.
//
// Only what was split together fits together, as addresses are all that one part knows of another. So the others are named by their
// content, and the first says their names: the page's glue as what it fetches, the worker's wasm in a custom section
// (src/platform/spawn.rs).
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The wasm-bindgen that is meant. */
const WASM_BINDGEN = process.env.LAYERSCOPE_WASM_BINDGEN;
/** Where the other parts go. */
const LATER = "target/later";
/** How the parts of a binary are optimised (as index.html says of the first), and how the glue comes by the bytes or module of one. */
const BINARIES = {
  app: { level: "-Oz", part: (name) => `fetch(new URL("./${name}", import.meta.url)).then((response) => {
    if (!response.ok) throw new Error(\`${name}: \${response.status} \${response.statusText}\`);
    return response.arrayBuffer();
  })` },
  worker: { level: "-O3", part: (name) => `self.parts["${name}"] ?? self.later` },
};
/** As index.html says of the first: no function is inlined for having one caller (docs/adr/0009-small-wasm.md). */
const INLINING = "--one-caller-inline-max-function-size=0";
/** What rustc emits for this target. wasm-opt is told of it by a section that only the first part has. */
const FEATURES = [
  "bulk-memory", "bulk-memory-opt", "call-indirect-overlong", "multivalue", "mutable-globals", "nontrapping-float-to-int",
  "reference-types", "sign-ext",
];

const args = process.argv.slice(2);
const input = args.find((arg) => arg.endsWith(".wasm"));
if (input === undefined) {
  run(WASM_BINDGEN, args);
} else {
  const scratch = mkdtempSync(join("target", "split-"));
  try {
    split(input, scratch);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function split(input, scratch) {
  const out = option("--out-dir");
  const binary = option("--out-name");
  const { level, part } = BINARIES[binary];

  run("wasm-split-cli", [input, scratch, "--out-name", binary]);
  const first = join(scratch, `${binary}.wasm`);
  // The table of functions is the linker's, and what all share.
  run(WASM_BINDGEN, [...args.map((arg) => (arg === input ? first : arg)), "--keep-lld-exports"]);

  // The splitter's own script says what is loaded before what. It imports the glue by its name, which a worker that is started from
  // a blob has not: so it becomes a part of it.
  const names = [];
  let script = readFileSync(join(scratch, "__wasm_split.js"), "utf8").replace(/^import .*$/m, "");
  script = replaced(script, /const src = fetch\(new URL\("\.\/(\w+)\.wasm".*\n.*\n.*instantiateStreaming\(src, imports\)\);/g, (_, file) => {
    const name = named(file, binary, level, scratch);
    names.push(name);
    return `return async (imports) => WebAssembly.instantiate(await (${part(name)}), imports);`;
  });
  const loads = [];
  script = replaced(script, /^export const (\w+)/gm, (_, load) => {
    loads.push(load);
    return `const ${load}`;
  });

  const gluePath = join(out, `${binary}.js`);
  const glue = readFileSync(gluePath, "utf8");
  // It is imported once for each of its functions.
  const variables = [];
  const bare = replaced(glue, /^import \* as (\w+) from "\.\/__wasm_split\.js";?\n/gm, (_, variable) => {
    variables.push(variable);
    return "";
  });
  const tables = variables.map((variable) => `const ${variable} = { ${loads.join(", ")} };\n`);
  writeFileSync(gluePath, bare + script + tables.join(""));
  appendFileSync(join(out, `${binary}_bg.wasm`), customSection("parts", names.join("\n")));
}

/** Optimises a part that is not the first, puts it where the build takes it from, and says under which name. */
function named(file, binary, level, scratch) {
  const optimised = join(scratch, "optimised.wasm");
  run("wasm-opt", [level, INLINING, "--mvp-features", ...FEATURES.map((name) => `--enable-${name}`), join(scratch, `${file}.wasm`), "-o", optimised]);
  const code = readFileSync(optimised);
  const hash = createHash("sha256").update(code).digest("hex").slice(0, 16);
  const name = `${binary}_${file.replace(/^split_/, "")}-${hash}.wasm`;
  mkdirSync(LATER, { recursive: true });
  writeFileSync(join(LATER, name), code);
  return name;
}

/** A custom section of a wasm (WebAssembly core specification, 5.5.3). */
function customSection(name, content) {
  const body = Buffer.concat([leb128(name.length), Buffer.from(name), Buffer.from(content)]);
  return Buffer.concat([Buffer.of(0), leb128(body.length), body]);
}

function leb128(number) {
  const bytes = [];
  for (; number > 0x7f; number >>>= 7) bytes.push((number & 0x7f) | 0x80);
  return Buffer.from([...bytes, number]);
}

function option(name) {
  const [, value] = found(args.join("\n"), new RegExp(`^${name}=(.*)$`, "m"));
  return value;
}

function found(text, pattern) {
  const match = pattern.exec(text);
  if (match === null) throw new Error(`split-wasm: ${pattern} is not in what the tools emit`);
  return match;
}

function replaced(text, pattern, by) {
  found(text, pattern);
  pattern.lastIndex = 0;
  return text.replace(pattern, by);
}

function run(command, args) {
  execFileSync(command, args, { stdio: "inherit" });
}
