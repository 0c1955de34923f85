//! Numbers as coreutils and docker print them: modes, sizes, times.

use std::fmt::Write as _;

/// Seconds in a day.
const DAY: i64 = 86_400;

/// A moment in UTC: year, month, day, hour, minute, second.
pub(crate) fn civil(secs: i64) -> (i64, u32, u32, u32, u32, u32) {
    let (days, rest) = (secs.div_euclid(DAY), secs.rem_euclid(DAY) as u32);
    // Days since 0000-03-01, in eras of 400 years (Howard Hinnant, "chrono-compatible low-level date algorithms").
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 } as u32;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day, rest / 3600, rest / 60 % 60, rest % 60)
}

/// The seconds since 1970 of a date in UTC.
pub(crate) fn from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468) * DAY
}

/// A moment as RFC 3339 has it, `2026-03-02T09:00:00Z`.
pub(crate) fn rfc3339(secs: i64) -> String {
    let (year, month, day, hour, minute, second) = civil(secs);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The seconds since 1970 of a moment in RFC 3339; fractions are dropped.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<u32> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let time = match text.len() {
        10 => 0,
        _ => i64::from(number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?),
    };
    let zone =
        text.get(19..).unwrap_or_default().trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match zone.as_bytes() {
        [sign @ (b'+' | b'-'), ..] if zone.len() == 6 => {
            let part = |at: usize| zone.get(at..at + 2)?.parse::<i64>().ok();
            let secs = part(1)? * 3600 + part(4)? * 60;
            if *sign == b'+' { secs } else { -secs }
        }
        _ => 0,
    };
    Some(from_civil(i64::from(year), month, day) + time - offset)
}

/// When an image or a step of it was made; `None` if that is not said, for which Go's zero time stands (year 1).
pub(crate) fn created(text: Option<&str>) -> Option<i64> {
    text.and_then(parse_rfc3339).filter(|&secs| secs > from_civil(1, 1, 1))
}

/// A moment as `stat` prints it.
pub(crate) fn full_time((secs, nanos): (i64, u32)) -> String {
    let (year, month, day, hour, minute, second) = civil(secs);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{nanos:09} +0000")
}

/// A moment as `ls -l` prints it: with the time of day within the last half year, else with the year.
pub(crate) fn ls_time(secs: i64, now: i64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day, hour, minute, _) = civil(secs);
    let month = MONTHS[(month as usize).saturating_sub(1) % 12];
    // Half a year of 365.2425 days.
    if (now - 15_778_476..=now).contains(&secs) {
        format!("{month} {day:2} {hour:02}:{minute:02}")
    } else {
        format!("{month} {day:2}  {year}")
    }
}

/// Permissions as `ls -l` prints them, after the letter of the file's kind.
pub(crate) fn mode(kind: char, mode: u32) -> String {
    let mut text = String::from(kind);
    for (shift, special, letter) in [(6, 0o4000, 's'), (3, 0o2000, 's'), (0, 0o1000, 't')] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    text
}

/// A size as `ls -h` and `du -h` print it: powers of 1024, rounded up.
pub(crate) fn binary_size(bytes: u64) -> String {
    if bytes < 1024 {
        return bytes.to_string();
    }
    let units = b"KMGTPE";
    let mut unit = 0;
    // Tenths of the unit, rounded up.
    let mut scale = 1024_u128;
    let tenths = |scale: u128| (u128::from(bytes) * 10).div_ceil(scale);
    let shown = |scale: u128| {
        if tenths(scale) < 100 { tenths(scale) } else { u128::from(bytes).div_ceil(scale) * 10 }
    };
    while shown(scale) >= 10_240 && unit + 1 < units.len() {
        scale *= 1024;
        unit += 1;
    }
    let shown = shown(scale);
    let unit = units[unit] as char;
    if shown < 100 { format!("{}.{}{unit}", shown / 10, shown % 10) } else { format!("{}{unit}", shown / 10) }
}

/// A size as docker prints it: powers of 1000, three digits.
pub(crate) fn decimal_size(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 999.5 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    let decimals = if unit == 0 || size >= 99.95 {
        0
    } else if size >= 9.995 {
        1
    } else {
        2
    };
    let mut text = format!("{size:.decimals$}");
    if decimals > 0 {
        text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text.push_str(UNITS[unit]);
    text
}

/// A span of time in words, as docker prints it.
pub(crate) fn duration(secs: i64) -> String {
    let (minutes, hours) = (secs / 60, (secs + 1800) / 3600);
    match secs {
        ..1 => "Less than a second".into(),
        1 => "1 second".into(),
        2..60 => format!("{secs} seconds"),
        _ if minutes == 1 => "About a minute".into(),
        _ if minutes < 60 => format!("{minutes} minutes"),
        _ if hours == 1 => "About an hour".into(),
        _ if hours < 48 => format!("{hours} hours"),
        _ if hours < 24 * 14 => format!("{} days", hours / 24),
        _ if hours < 24 * 60 => format!("{} weeks", hours / 24 / 7),
        _ if hours < 24 * 365 * 2 => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", hours / 24 / 365),
    }
}

/// Rows in columns as docker prints them: at least 10 wide, 3 blanks between them, the last one as it is.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count() + 3).max().unwrap_or_default().max(10)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (i, cell) in row.iter().enumerate() {
            // A writer into a string cannot fail.
            let _ = if i + 1 == row.len() {
                writeln!(text, "{cell}")
            } else {
                write!(text, "{cell:<width$}", width = widths[i])
            };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_772_442_000), "2026-03-02T09:00:00Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(-1), "1969-12-31T23:59:59Z");
        for secs in [-86_400 * 365 * 80, -1, 0, 951_782_399, 1_772_442_000, 253_402_300_799] {
            assert_eq!(parse_rfc3339(&rfc3339(secs)), Some(secs));
        }
        assert_eq!(parse_rfc3339("2026-03-02T10:00:00.123456789+01:00"), Some(1_772_442_000));
        assert_eq!(created(Some("0001-01-01T00:00:00Z")), None);
        assert_eq!(created(Some("1970-01-01T00:00:00Z")), Some(0));
        assert_eq!(parse_rfc3339("nothing"), None);
        assert_eq!(full_time((0, 5)), "1970-01-01 00:00:00.000000005 +0000");
        assert_eq!(ls_time(1_772_442_000, 1_772_442_060), "Mar  2 09:00");
        assert_eq!(ls_time(1_772_442_000, 1_972_442_060), "Mar  2  2026");
    }

    #[test]
    fn modes_and_sizes() {
        assert_eq!(mode('-', 0o644), "-rw-r--r--");
        assert_eq!(mode('d', 0o1777), "drwxrwxrwt");
        assert_eq!(mode('-', 0o4755), "-rwsr-xr-x");
        assert_eq!(mode('-', 0o6644), "-rwSr-Sr--");
        for (bytes, text) in [
            (0, "0"),
            (1023, "1023"),
            (1024, "1.0K"),
            (1025, "1.1K"),
            (10_239, "10K"),
            (10_241, "11K"),
            (1_048_575, "1.0M"),
            (1_048_576, "1.0M"),
            (123_456_789, "118M"),
        ] {
            assert_eq!(binary_size(bytes), text, "{bytes}");
        }
        for (bytes, text) in [
            (0, "0B"),
            (999, "999B"),
            (1_000, "1kB"),
            (4_264_000, "4.26MB"),
            (77_840_000, "77.8MB"),
            (117_000_000, "117MB"),
            (999_900, "1MB"),
            (2_500_000_000, "2.5GB"),
        ] {
            assert_eq!(decimal_size(bytes), text, "{bytes}");
        }
    }

    #[test]
    fn spans_of_time() {
        for (secs, text) in [
            (0, "Less than a second"),
            (1, "1 second"),
            (59, "59 seconds"),
            (60, "About a minute"),
            (3_000, "50 minutes"),
            (3_600, "About an hour"),
            (90_000, "25 hours"),
            (86_400 * 3, "3 days"),
            (86_400 * 20, "2 weeks"),
            (86_400 * 200, "6 months"),
            (86_400 * 800, "2 years"),
        ] {
            assert_eq!(duration(secs), text);
        }
    }

    #[test]
    fn tables() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [row(["REPOSITORY", "TAG", "SIZE"]), row(["a", "latest", "1B"])];
        assert_eq!(table(&rows), "REPOSITORY   TAG       SIZE\na            latest    1B\n");
    }
}
