// Splits a wasm in two where the source says so (`#[wasm_split]`), and runs wasm-bindgen on the first: what Trunk calls in place of
// wasm-bindgen, with its arguments (scripts/build.sh). The second, the code that is called later, is put into target/later, from
// where scripts/copy-later.sh takes it.
//
// Only what was split off together fits together, as addresses are all that one knows of the other. So the second is named by its
// content, and the first says its name: the page's glue as what it fetches, the worker's wasm in a custom section
// (src/platform/spawn.rs).
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The wasm-bindgen that is meant. */
const WASM_BINDGEN = process.env.LAYERSCOPE_WASM_BINDGEN;
/** Where the code that is called later goes. */
const LATER = "target/later";
/** Whom it is called by, how it is optimised (as index.html says of the first) and how its module or bytes are come by. */
const BINARIES = {
  app: { level: "-Oz", bytes: (name) => `fetch(new URL("./${name}", import.meta.url)).then((response) => {
    if (!response.ok) throw new Error(\`${name}: \${response.status} \${response.statusText}\`);
    return response.arrayBuffer();
  })` },
  worker: { level: "-O3", bytes: () => "self.later" },
};
/** What rustc emits for this target. wasm-opt is told of it by a section that only the first has. */
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
  const { level, bytes } = BINARIES[binary];

  run("wasm-split-cli", [input, scratch, "--out-name", binary]);
  const first = join(scratch, `${binary}.wasm`);
  // The table of functions is the linker's, and what both share.
  run(WASM_BINDGEN, [...args.map((arg) => (arg === input ? first : arg)), "--keep-lld-exports"]);

  // The splitter's own script imports the glue by its name, which a worker that is started from a blob has not. All that is
  // wanted of it is what it names.
  const script = readFileSync(join(scratch, "__wasm_split.js"), "utf8");
  const [, shared] = found(script, /const \{ ([\w, ]+?),? *\} = initSync/);
  const [, load, part] = found(script, /export const (__wasm_split_load_(\w+)) =/);

  const second = join(scratch, "later.wasm");
  run("wasm-opt", [level, "--mvp-features", ...FEATURES.map((name) => `--enable-${name}`), join(scratch, `split_${part}.wasm`), "-o", second]);
  const code = readFileSync(second);
  const name = `${binary}_${part}-${createHash("sha256").update(code).digest("hex").slice(0, 16)}.wasm`;
  mkdirSync(LATER, { recursive: true });
  writeFileSync(join(LATER, name), code);

  const gluePath = join(out, `${binary}.js`);
  const glue = readFileSync(gluePath, "utf8");
  const [line, variable] = found(glue, /^import \* as (\w+) from "\.\/__wasm_split\.js";?\n/m);
  writeFileSync(gluePath, glue.replace(line, "") + loader(variable, load, shared, bytes(name)));
  appendFileSync(join(out, `${binary}_bg.wasm`), customSection("later", name));
}

/** What is added to the glue: the import through which the first has the second loaded. It is told of the end by a callback. */
function loader(variable, load, shared, bytes) {
  return `
let later;
const ${variable} = {
  ${load}(callback, data) {
    const { ${shared} } = wasm;
    later ??= instantiated({ __wasm_split: { ${shared} } });
    later.then(() => true, (error) => {
      console.error(error);
      // It may be tried again.
      later = undefined;
      return false;
    }).then((loaded) => { __indirect_function_table.get(callback)(data, loaded); });
  },
};
async function instantiated(imports) { return WebAssembly.instantiate(await ${bytes}, imports); }
`;
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

function run(command, args) {
  execFileSync(command, args, { stdio: "inherit" });
}
