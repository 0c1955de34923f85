//! What a file is by its first bytes.

use std::fmt;

use bstr::{BStr, BString, ByteSlice};

use crate::codec::Compression;

/// What a file is by its first bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Magic {
    /// An executable, a library or an object (System V ABI, "Object Files").
    Elf {
        /// 32 or 64.
        bits: u8,
        /// What it is.
        kind: ElfKind,
        /// `e_machine`.
        machine: u16,
    },
    /// A Mach-O file of one architecture.
    MachO {
        /// 32 or 64.
        bits: u8,
        /// `cputype`.
        cpu: u32,
    },
    /// A Mach-O file of several architectures.
    MachOFat,
    /// A Windows executable or library (PE format, "COFF File Header").
    Pe {
        /// `Machine`.
        machine: u16,
    },
    /// A script, and what runs it.
    Script(BString),
    /// A compressed stream.
    Compressed(Compression),
    /// A tar.
    Tar,
    /// A zip, also a jar, a wheel, or an office document.
    Zip,
    /// A PDF document.
    Pdf,
    /// An SQLite database.
    Sqlite,
    /// A Java class of this major version.
    JavaClass(u16),
    /// Text of RFC 7468 with this label: `CERTIFICATE`, `PRIVATE KEY`.
    Pem(String),
    /// A picture that a browser may show.
    Image(ImageFormat, Option<(u32, u32)>),
    /// An `ar` archive: a static library, a Debian package.
    Ar,
    /// A WebAssembly module.
    Wasm,
    /// Compiled messages of gettext.
    Gettext,
    /// Compiled Python of the cache.
    Python,
}

/// What an ELF file is, its `e_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElfKind {
    /// `ET_REL`.
    Object,
    /// `ET_EXEC`.
    Executable,
    /// `ET_DYN`: a shared library, or an executable that can be anywhere in memory.
    Shared,
    /// `ET_CORE`.
    Core,
    /// Something else.
    Other(u16),
}

/// A format of pictures that runs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// GIF.
    Gif,
    /// WebP.
    WebP,
}

impl ImageFormat {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Gif => "GIF",
            Self::WebP => "WebP",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
        }
    }
}

/// What the file that begins with these bytes is; `None` if it is none of what is known. Of a picture the first 64 KiB tell its
/// size, mostly.
pub fn identify(head: &[u8]) -> Option<Magic> {
    if head.starts_with(b"\x7fELF") {
        return elf(head);
    }
    if let Some(line) = head.strip_prefix(b"#!") {
        return script(line);
    }
    if let Some((format, size)) = image(head) {
        return Some(Magic::Image(format, size));
    }
    let magic = match head {
        [0xcf, 0xfa, 0xed, 0xfe, ..] => Magic::MachO { bits: 64, cpu: u32::from_le_bytes(array(head, 4)?) },
        [0xce, 0xfa, 0xed, 0xfe, ..] => Magic::MachO { bits: 32, cpu: u32::from_le_bytes(array(head, 4)?) },
        // Java's classes begin alike; a fat file has few architectures, a class a version of 45 or more.
        [0xca, 0xfe, 0xba, 0xbe, ..] => match u16::from_be_bytes(array(head, 6)?) {
            version @ 45.. => Magic::JavaClass(version),
            _ => Magic::MachOFat,
        },
        [b'M', b'Z', ..] => return pe(head),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Magic::Zip,
        _ if head.starts_with(b"%PDF-") => Magic::Pdf,
        _ if head.starts_with(b"SQLite format 3\0") => Magic::Sqlite,
        _ if head.starts_with(b"!<arch>\n") => Magic::Ar,
        _ if head.starts_with(b"\0asm\x01\0\0\0") => Magic::Wasm,
        [0xde, 0x12, 0x04, 0x95, ..] | [0x95, 0x04, 0x12, 0xde, ..] => Magic::Gettext,
        // Python/importlib: a number that grows with the version, and then always a carriage return and a newline.
        [_, 0x0c..=0x0e, b'\r', b'\n', ..] if head.len() > 15 && !head[4..8].is_ascii_text() => Magic::Python,
        _ if crate::tar::looks_like(head) => Magic::Tar,
        _ => {
            return match Compression::sniff(head.get(..head.len().min(crate::codec::MAGIC_LEN))?) {
                Compression::None => pem(head),
                compression => Some(Magic::Compressed(compression)),
            };
        }
    };
    Some(magic)
}

trait Text {
    fn is_ascii_text(&self) -> bool;
}

impl Text for [u8] {
    fn is_ascii_text(&self) -> bool {
        self.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r'))
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

fn elf(head: &[u8]) -> Option<Magic> {
    let bits = match head.get(4)? {
        1 => 32,
        2 => 64,
        _ => return None,
    };
    let half = |at| {
        let bytes = array(head, at)?;
        Some(if head.get(5) == Some(&2) { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let kind = match half(16)? {
        1 => ElfKind::Object,
        2 => ElfKind::Executable,
        3 => ElfKind::Shared,
        4 => ElfKind::Core,
        other => ElfKind::Other(other),
    };
    Some(Magic::Elf { bits, kind, machine: half(18)? })
}

fn pe(head: &[u8]) -> Option<Magic> {
    let at = usize::try_from(u32::from_le_bytes(array(head, 0x3c)?)).ok()?;
    let header = head.get(at..)?.strip_prefix(b"PE\0\0")?;
    Some(Magic::Pe { machine: u16::from_le_bytes(array(header, 0)?) })
}

/// The interpreter of a script: what the kernel takes from the line (execve(2)), `env` looked through.
fn script(line: &[u8]) -> Option<Magic> {
    let line = line.lines().next()?;
    let line = &line[..line.len().min(256)];
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t' | b'\r')).filter(|word| !word.is_empty());
    let program = words.next()?;
    let name = program.rsplit(|&byte| byte == b'/').next()?;
    let run = match name {
        b"env" => words.find(|word| !word.starts_with(b"-") && !word.contains(&b'='))?,
        _ => program,
    };
    Some(Magic::Script(run.into()))
}

/// "-----BEGIN CERTIFICATE-----", at the start of a line near the beginning: explanatory text may stand before it (RFC 7468, 2).
fn pem(head: &[u8]) -> Option<Magic> {
    let head = head.get(..head.len().min(4 << 10))?;
    head.lines().find_map(|line| {
        let label = line.trim_ascii_end().strip_prefix(b"-----BEGIN ")?.strip_suffix(b"-----")?;
        let is_label = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ';
        let label = Some(label).filter(|label| label.iter().all(is_label))?;
        Some(Magic::Pem(label.to_str().ok()?.to_owned()))
    })
}

/// A picture and its width and height, if they stand in what is there.
fn image(head: &[u8]) -> Option<(ImageFormat, Option<(u32, u32)>)> {
    if head.starts_with(b"\x89PNG\r\n\x1a\n") {
        // The first chunk is IHDR (PNG, 5.6).
        let at = |at| array(head, at).map(u32::from_be_bytes);
        return Some((ImageFormat::Png, at(16).zip(at(20))));
    }
    if head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a") {
        let at = |at| array(head, at).map(|bytes| u32::from(u16::from_le_bytes(bytes)));
        return Some((ImageFormat::Gif, at(6).zip(at(8))));
    }
    if head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP") {
        return Some((ImageFormat::WebP, webp_size(head)));
    }
    head.starts_with(&[0xff, 0xd8, 0xff]).then(|| (ImageFormat::Jpeg, jpeg_size(head)))
}

/// WebP container specification, "Simple File Format" and "Extended File Format".
fn webp_size(head: &[u8]) -> Option<(u32, u32)> {
    match head.get(12..16)? {
        b"VP8X" => {
            let at = |at: usize| {
                let [a, b, c] = array(head, at)?;
                Some(u32::from_le_bytes([a, b, c, 0]) + 1)
            };
            at(24).zip(at(27))
        }
        b"VP8L" => {
            let bits = u32::from_le_bytes(array(head, 21)?);
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8 " => {
            let at = |at| array(head, at).map(|bytes| u32::from(u16::from_le_bytes(bytes) & 0x3fff));
            at(26).zip(at(28))
        }
        _ => None,
    }
}

/// The frame header of a JPEG (ITU T.81, B.2.2), found by hopping from segment to segment.
fn jpeg_size(head: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let [marker, kind] = array(head, at)?;
        if marker != 0xff {
            return None;
        }
        // Not a frame: tables of Huffman codes, a reserved code, and arithmetic coding.
        if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) {
            let half = |at| array(head, at).map(|bytes| u32::from(u16::from_be_bytes(bytes)));
            return half(at + 7).zip(half(at + 5));
        }
        at += if kind == 0xff { 1 } else { 2 + usize::from(u16::from_be_bytes(array(head, at + 2)?)) };
    }
}

/// The name of an `e_machine`, as the tools have it.
fn elf_machine(machine: u16) -> Option<&'static str> {
    Some(match machine {
        3 => "x86",
        8 => "MIPS",
        20 => "PowerPC",
        21 => "PowerPC 64",
        22 => "s390",
        40 => "ARM",
        62 => "x86-64",
        183 => "AArch64",
        243 => "RISC-V",
        247 => "eBPF",
        258 => "LoongArch",
        _ => return None,
    })
}

fn pe_machine(machine: u16) -> Option<&'static str> {
    Some(match machine {
        0x014c => "x86",
        0x01c4 => "ARM",
        0x8664 => "x86-64",
        0xaa64 => "ARM64",
        _ => return None,
    })
}

fn mach_cpu(cpu: u32) -> Option<&'static str> {
    Some(match cpu {
        7 => "x86",
        0x0100_0007 => "x86-64",
        12 => "ARM",
        0x0100_000c => "ARM64",
        _ => return None,
    })
}

impl Magic {
    /// The processor that it is for, as a name or a number; `None` if it is for none.
    pub fn machine(&self) -> Option<String> {
        let named = |name: Option<&str>, number: u32| {
            Some(name.map_or_else(|| format!("{number:#x}"), str::to_owned))
        };
        match self {
            Self::Elf { machine, .. } => named(elf_machine(*machine), u32::from(*machine)),
            Self::Pe { machine } => named(pe_machine(*machine), u32::from(*machine)),
            Self::MachO { cpu, .. } => named(mach_cpu(*cpu), *cpu),
            _ => None,
        }
    }
}

impl fmt::Display for Magic {
    /// In English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = self.machine().unwrap_or_default();
        match self {
            Self::Elf { bits, kind, .. } => write!(f, "ELF {bits}-bit {kind}, {machine}"),
            Self::MachO { bits, .. } => write!(f, "Mach-O {bits}-bit, {machine}"),
            Self::MachOFat => f.write_str("Mach-O for several processors"),
            Self::Pe { .. } => write!(f, "Windows executable (PE), {machine}"),
            Self::Script(program) => write!(f, "script for {:?}", BStr::new(program)),
            Self::Compressed(compression) => write!(f, "{compression} compressed data"),
            Self::Tar => f.write_str("tar archive"),
            Self::Zip => f.write_str("zip archive"),
            Self::Pdf => f.write_str("PDF document"),
            Self::Sqlite => f.write_str("SQLite database"),
            Self::JavaClass(version) => write!(f, "Java class, version {version}"),
            Self::Pem(label) => write!(f, "PEM text: {label}"),
            Self::Image(format, None) => write!(f, "{} image", format.name()),
            Self::Image(format, Some((width, height))) => {
                write!(f, "{} image, {width} × {height}", format.name())
            }
            Self::Ar => f.write_str("ar archive"),
            Self::Wasm => f.write_str("WebAssembly module"),
            Self::Gettext => f.write_str("gettext messages"),
            Self::Python => f.write_str("compiled Python"),
        }
    }
}

impl fmt::Display for ElfKind {
    /// In English.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object => f.write_str("object"),
            Self::Executable => f.write_str("executable"),
            Self::Shared => f.write_str("shared object or position-independent executable"),
            Self::Core => f.write_str("core dump"),
            Self::Other(kind) => write!(f, "of type {kind:#x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(head: &[u8]) -> Option<String> {
        identify(head).map(|magic| magic.to_string())
    }

    #[test]
    fn programs_are_told_with_their_processors() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let Some(Magic::Elf { bits: 64, kind: ElfKind::Shared | ElfKind::Executable, machine }) =
            identify(&own[..64])
        else {
            panic!("{:?}", identify(&own[..64]));
        };
        assert_eq!(
            elf_machine(machine),
            Some(std::env::consts::ARCH.replace("x86_64", "x86-64").replace("aarch64", "AArch64").as_str())
        );
        let mut big = b"\x7fELF\x01\x02\x01".to_vec();
        big.resize(16, 0);
        big.extend([0, 2, 0, 8]);
        assert_eq!(told(&big).as_deref(), Some("ELF 32-bit executable, MIPS"));
        let mut pe = b"MZ".to_vec();
        pe.resize(0x3c, 0);
        pe.extend(0x40u32.to_le_bytes());
        assert_eq!(told(&pe), None, "DOS only");
        pe.extend(b"PE\0\0\x64\x86");
        assert_eq!(told(&pe).as_deref(), Some("Windows executable (PE), x86-64"));
        assert_eq!(told(&[0xcf, 0xfa, 0xed, 0xfe, 12, 0, 0, 1]).as_deref(), Some("Mach-O 64-bit, ARM64"));
        assert_eq!(told(&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 65]).as_deref(), Some("Java class, version 65"));
        assert_eq!(
            told(&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2]).as_deref(),
            Some("Mach-O for several processors")
        );
    }

    #[test]
    fn scripts_name_what_runs_them() {
        let run = |line: &str| match identify(line.as_bytes()) {
            Some(Magic::Script(program)) => program.to_string(),
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(run("#!/bin/sh\nexit"), "/bin/sh");
        assert_eq!(run("#! /usr/bin/perl -w\r\n"), "/usr/bin/perl");
        assert_eq!(run("#!/usr/bin/env -S A=1 python3 -u\n"), "python3");
        assert_eq!(told(b"#!"), None);
    }

    #[test]
    fn pictures_are_told_with_their_sizes() {
        let png =
            [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &640u32.to_be_bytes(), &480u32.to_be_bytes()].concat();
        assert_eq!(told(&png).as_deref(), Some("PNG image, 640 × 480"));
        assert_eq!(told(b"GIF89a\x0a\0\x05\0").as_deref(), Some("GIF image, 10 × 5"));
        assert_eq!(told(&png[..9]).as_deref(), Some("PNG image"));
        let jpeg =
            [&[0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc2, 0, 17, 8][..], &[0, 20, 0, 30]].concat();
        assert_eq!(told(&jpeg).as_deref(), Some("JPEG image, 30 × 20"));
        let webp = [&b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0"[..], &[9, 0, 0, 4, 0, 0]].concat();
        assert_eq!(told(&webp).as_deref(), Some("WebP image, 10 × 5"));
        assert_eq!(told(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), None, "it may run scripts");
    }

    #[test]
    fn archives_documents_and_keys_are_told() {
        assert_eq!(told(&[0x1f, 0x8b, 8, 0, 0, 0]).as_deref(), Some("gzip compressed data"));
        assert_eq!(told(&[0x28, 0xb5, 0x2f, 0xfd, 0, 0]).as_deref(), Some("zstd compressed data"));
        let tar = crate::fixture::Tar::new().file("a", "b").bytes();
        assert_eq!(told(&tar).as_deref(), Some("tar archive"));
        for (head, wanted) in [
            (&b"PK\x03\x04"[..], "zip archive"),
            (b"%PDF-1.7", "PDF document"),
            (b"SQLite format 3\0", "SQLite database"),
            (b"!<arch>\ndebian", "ar archive"),
            (b"\0asm\x01\0\0\0", "WebAssembly module"),
            (b"subject=/CN=a\n-----BEGIN CERTIFICATE-----\nMII", "PEM text: CERTIFICATE"),
            (b"-----BEGIN RSA PRIVATE KEY-----\r\nMII", "PEM text: RSA PRIVATE KEY"),
        ] {
            assert_eq!(told(head).as_deref(), Some(wanted));
        }
        assert_eq!(told(b"hello, world\n"), None);
        assert_eq!(told(b""), None);
    }

    #[test]
    fn no_cut_of_a_head_is_a_panic() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let jpeg = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc2, 0, 17, 8, 0, 20, 0, 30];
        for head in
            [&own[..200], &jpeg, b"RIFF\0\0\0\0WEBPVP8L\x0a\0\0\0\x2f\0\0\0\0\0", b"#!/usr/bin/env -S"]
        {
            for len in 0..=head.len() {
                identify(&head[..len]);
            }
        }
    }
}
