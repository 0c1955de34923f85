//! Who the numbers are: `/etc/passwd` and `/etc/group` of an image.

use bstr::ByteSlice;

use super::commands::id;

/// The users and groups of an image.
#[derive(Debug, Default)]
pub(crate) struct Users {
    /// Name, user id, group id, home directory.
    users: Vec<(String, u64, u64, String)>,
    groups: Vec<(String, u64)>,
}

impl Users {
    /// Reads the two files; a line that is none is passed over.
    pub(crate) fn read(passwd: &[u8], group: &[u8]) -> Self {
        let lines = |text: &[u8]| -> Vec<Vec<String>> {
            let fields =
                |line: &[u8]| line.split_str(":").map(|field| field.to_str_lossy().into_owned()).collect();
            text.lines().filter(|line| !line.starts_with(b"#")).map(fields).collect()
        };
        let user = |fields: Vec<String>| {
            let home = fields.get(5).cloned().unwrap_or_default();
            Some((fields.first()?.clone(), id(fields.get(2)?)?, id(fields.get(3)?)?, home))
        };
        let users = lines(passwd).into_iter().filter_map(user).collect();
        let named = |fields: Vec<String>| Some((fields.first()?.clone(), id(fields.get(2)?)?));
        Self { users, groups: lines(group).into_iter().filter_map(named).collect() }
    }

    /// A user's name, or the number where there is none.
    pub(crate) fn user_name(&self, uid: u64) -> String {
        let user = self.users.iter().find(|(_, known, ..)| *known == uid);
        user.map_or_else(|| if uid == 0 { "root".into() } else { uid.to_string() }, |(name, ..)| name.clone())
    }

    /// A group's name, or the number where there is none.
    pub(crate) fn group_name(&self, gid: u64) -> String {
        let group = self.groups.iter().find(|(_, known)| *known == gid);
        group.map_or_else(|| if gid == 0 { "root".into() } else { gid.to_string() }, |(name, _)| name.clone())
    }

    /// The ids of a user by name or number; a number that nobody has is its own.
    pub(crate) fn user(&self, name: &str) -> Option<(u64, u64)> {
        let named = self.users.iter().find(|(known, ..)| known == name).map(|(_, uid, gid, _)| (*uid, *gid));
        let root = (name == "root").then_some((0, 0));
        let numbered = || {
            let uid = id(name)?;
            let gid = self.users.iter().find(|(_, known, ..)| *known == uid).map_or(0, |(_, _, gid, _)| *gid);
            Some((uid, gid))
        };
        named.or(root).or_else(numbered)
    }

    /// The id of a group by name or number.
    pub(crate) fn group(&self, name: &str) -> Option<u64> {
        let named = self.groups.iter().find(|(known, _)| known == name).map(|(_, gid)| *gid);
        named.or((name == "root").then_some(0)).or_else(|| id(name))
    }

    /// What `USER[:GROUP]` names; see `chown`.
    ///
    /// # Errors
    /// In the words of `chown`.
    pub(crate) fn owner(&self, text: &str) -> Result<(Option<u64>, Option<u64>), String> {
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        let invalid = |what: &str| format!("invalid {what}: '{text}'");
        let ids = match user {
            "" => None,
            user => Some(self.user(user).ok_or_else(|| invalid("user"))?),
        };
        let gid = match group {
            None => None,
            // `user:` is the user's own group.
            Some("") => ids.map(|(_, gid)| gid),
            Some(group) => Some(self.group(group).ok_or_else(|| invalid("group"))?),
        };
        Ok((ids.map(|(uid, _)| uid), gid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        let users = Users::read(
            b"root:x:0:0:root:/root:/bin/sh\n# no\nbad\nwww:x:33:34::/var/www:/bin/false\n",
            b"www-data:x:34:\n",
        );
        assert_eq!((users.user_name(33), users.user_name(7)), ("www".into(), "7".into()));
        assert_eq!((users.group_name(34), users.group_name(0)), ("www-data".into(), "root".into()));
        for (text, expected) in [
            ("www", Ok((Some(33), None))),
            ("www:", Ok((Some(33), Some(34)))),
            ("1000:1001", Ok((Some(1000), Some(1001)))),
            (":www-data", Ok((None, Some(34)))),
            ("none", Err("invalid user: 'none'".to_owned())),
            ("www:none", Err("invalid group: 'www:none'".to_owned())),
        ] {
            assert_eq!(users.owner(text), expected, "{text}");
        }
    }
}
