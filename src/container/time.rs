//! Times as texts.

use crate::tar::Timestamp;

/// A time as RFC 3339 has it, in UTC: `2024-02-29T12:34:56Z`, with nanoseconds where there are any.
pub fn rfc3339(time: Timestamp) -> String {
    let days = time.secs.div_euclid(86_400);
    let seconds = time.secs.rem_euclid(86_400);
    // Years begin in March, so that the leap day is the last one; eras of 400 years have the same number of days.
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let fraction = if time.nanos == 0 { String::new() } else { format!(".{:09}", time.nanos) };
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        let at = |secs, nanos| rfc3339(Timestamp { secs, nanos });
        assert_eq!(at(0, 0), "1970-01-01T00:00:00Z");
        assert_eq!(at(1_709_210_096, 123_456_789), "2024-02-29T12:34:56.123456789Z");
        assert_eq!(at(951_782_400, 0), "2000-02-29T00:00:00Z");
        assert_eq!(at(-1, 0), "1969-12-31T23:59:59Z");
        assert_eq!(at(4_107_542_400, 0), "2100-03-01T00:00:00Z");
        assert_eq!(at(-62_135_596_800, 0), "0001-01-01T00:00:00Z");
    }
}
