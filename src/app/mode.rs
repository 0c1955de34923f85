//! File modes as `ls -l` writes them.

use crate::worker::protocol::Kind;

/// `drwxr-xr-x`: the kind and the permissions, with setuid, setgid and sticky bits.
pub fn text(kind: Kind, mode: u32) -> String {
    let first = match kind {
        Kind::Dir | Kind::Opaque => 'd',
        Kind::Symlink => 'l',
        Kind::Char | Kind::Whiteout => 'c',
        Kind::Block => 'b',
        Kind::Fifo => 'p',
        Kind::File | Kind::Hardlink => '-',
    };
    let mut text = String::from(first);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (bits & 1 != 0, mode & special != 0) {
            (true, true) => letter,
            (false, true) => letter.to_ascii_uppercase(),
            (true, false) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// `0755`.
pub fn octal(mode: u32) -> String {
    format!("{:04o}", mode & 0o7777)
}

/// Whether running or using it gives someone else's rights.
pub fn is_special(kind: Kind, mode: u32) -> bool {
    matches!(kind, Kind::File | Kind::Hardlink) && mode & 0o6000 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_written_as_ls_does() {
        assert_eq!(text(Kind::File, 0o644), "-rw-r--r--");
        assert_eq!(text(Kind::Dir, 0o1777), "drwxrwxrwt");
        assert_eq!(text(Kind::File, 0o4755), "-rwsr-xr-x");
        assert_eq!(text(Kind::File, 0o6644), "-rwSr-Sr--");
        assert_eq!(text(Kind::Symlink, 0o777), "lrwxrwxrwx");
        assert_eq!(octal(0o4755), "4755");
        assert_eq!(octal(0o20644), "0644");
        assert!(is_special(Kind::File, 0o2755) && !is_special(Kind::Dir, 0o2755));
    }
}
