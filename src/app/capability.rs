//! File capabilities, as the extended attribute `security.capability` holds them (Linux
//! `include/uapi/linux/capability.h`, `struct vfs_cap_data` and `vfs_ns_cap_data`).

/// Names by number, as `cap_to_text(3)` writes them.
const NAMES: [&str; 41] = [
    "cap_chown",
    "cap_dac_override",
    "cap_dac_read_search",
    "cap_fowner",
    "cap_fsetid",
    "cap_kill",
    "cap_setgid",
    "cap_setuid",
    "cap_setpcap",
    "cap_linux_immutable",
    "cap_net_bind_service",
    "cap_net_broadcast",
    "cap_net_admin",
    "cap_net_raw",
    "cap_ipc_lock",
    "cap_ipc_owner",
    "cap_sys_module",
    "cap_sys_rawio",
    "cap_sys_chroot",
    "cap_sys_ptrace",
    "cap_sys_pacct",
    "cap_sys_admin",
    "cap_sys_boot",
    "cap_sys_nice",
    "cap_sys_resource",
    "cap_sys_time",
    "cap_sys_tty_config",
    "cap_mknod",
    "cap_lease",
    "cap_audit_write",
    "cap_audit_control",
    "cap_setfcap",
    "cap_mac_override",
    "cap_mac_admin",
    "cap_syslog",
    "cap_wake_alarm",
    "cap_block_suspend",
    "cap_audit_read",
    "cap_perfmon",
    "cap_bpf",
    "cap_checkpoint_restore",
];

/// Reads the value of `security.capability` as `getcap(8)` prints it, such as `cap_net_raw=ep`.
/// `None` if it is none of the known versions.
pub fn describe(value: &[u8]) -> Option<String> {
    let word = |at: usize| value.get(at * 4..at * 4 + 4)?.try_into().ok().map(u32::from_le_bytes);
    let magic = word(0)?;
    let (words, root) = match (magic >> 24, value.len()) {
        (1, 12) => (1, None),
        (2, 20) => (2, None),
        (3, 24) => (2, Some(word(5)?)),
        _ => return None,
    };
    let effective = magic & 1 == 1;
    let (mut permitted, mut inheritable) = (0u64, 0u64);
    for at in 0..words {
        permitted |= u64::from(word(1 + 2 * at)?) << (32 * at);
        inheritable |= u64::from(word(2 + 2 * at)?) << (32 * at);
    }
    let flags = |bit: u64| {
        let mut flags = String::new();
        if effective && (permitted | inheritable) & bit != 0 {
            flags.push('e');
        }
        if inheritable & bit != 0 {
            flags.push('i');
        }
        if permitted & bit != 0 {
            flags.push('p');
        }
        flags
    };
    // Capabilities with the same flags stand together, in the order of their numbers.
    let mut groups: Vec<(String, Vec<String>)> = vec![];
    for number in (0..64).filter(|number| (permitted | inheritable) >> number & 1 == 1) {
        let name = NAMES.get(number).map_or_else(|| number.to_string(), |name| (*name).to_owned());
        let flags = flags(1 << number);
        match groups.iter_mut().find(|group| group.0 == flags) {
            Some(group) => group.1.push(name),
            None => groups.push((flags, vec![name])),
        }
    }
    let mut text: Vec<String> =
        groups.into_iter().map(|(flags, names)| format!("{}={flags}", names.join(","))).collect();
    if text.is_empty() {
        text.push("=".to_owned());
    }
    if let Some(root) = root {
        text.push(format!("[rootid={root}]"));
    }
    Some(text.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `setcap cap_net_raw+ep` writes these bytes.
    const PING: [u8; 20] = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    #[test]
    fn the_versions_of_the_kernel_are_read() {
        assert_eq!(describe(&PING).unwrap(), "cap_net_raw=ep");
        let mut third = PING.to_vec();
        third[3] = 3;
        third.extend(1_000u32.to_le_bytes());
        assert_eq!(describe(&third).unwrap(), "cap_net_raw=ep [rootid=1000]");
    }

    #[test]
    fn capabilities_with_the_same_flags_stand_together() {
        let mut value = PING.to_vec();
        value[0] = 0;
        value[4] |= 1;
        value[8] = 2;
        value[12] = 0x80; // The second permitted word: 39, cap_bpf.
        assert_eq!(describe(&value).unwrap(), "cap_chown,cap_net_raw,cap_bpf=p cap_dac_override=i");
    }

    #[test]
    fn what_is_not_one_is_left_as_it_is() {
        assert_eq!(describe(b""), None);
        assert_eq!(describe(&PING[..19]), None);
        assert_eq!(describe(&[0; 20]), None);
        assert_eq!(describe(&[9; 24]), None);
    }
}
