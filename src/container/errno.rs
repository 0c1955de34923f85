//! What the kernel answers when an operation cannot be done.

macro_rules! errnos {
    ($($name:ident $number:literal $text:literal),* $(,)?) => {
        /// An error by the kernel's name for it (errno(3)).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error, serde::Serialize, serde::Deserialize)]
        pub enum Errno {
            $(#[doc = $text] #[error($text)] $name = $number),*
        }

        impl Errno {
            /// Its name: `ENOENT`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }
        }
    };
}

// Numbers and texts are those of Linux and of its C library.
errnos! {
    EPERM 1 "Operation not permitted",
    ENOENT 2 "No such file or directory",
    EINTR 4 "Interrupted system call",
    EIO 5 "Input/output error",
    ENXIO 6 "No such device or address",
    EBUSY 16 "Device or resource busy",
    EEXIST 17 "File exists",
    EXDEV 18 "Invalid cross-device link",
    ENOTDIR 20 "Not a directory",
    EISDIR 21 "Is a directory",
    EINVAL 22 "Invalid argument",
    EFBIG 27 "File too large",
    ENOSPC 28 "No space left on device",
    EMLINK 31 "Too many links",
    ENAMETOOLONG 36 "File name too long",
    ENOTEMPTY 39 "Directory not empty",
    ERANGE 34 "Numerical result out of range",
    ELOOP 40 "Too many levels of symbolic links",
    ENODATA 61 "No data available",
    EOPNOTSUPP 95 "Operation not supported",
}

impl Errno {
    /// Its number on Linux.
    pub fn number(self) -> i32 {
        self as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_name_number_and_text() {
        assert_eq!((Errno::EXDEV.name(), Errno::EXDEV.number()), ("EXDEV", 18));
        assert_eq!(Errno::ENOENT.to_string(), "No such file or directory");
    }
}
