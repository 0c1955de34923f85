//! Numbers, sizes, times and digests as people read them.
//!
//! In the browser all goes through `Intl`; on the host (tests, rendering without a browser) plain
//! fallbacks of the same shape stand in.

use yew::prelude::*;

use super::i18n::{Lang, use_words};
use crate::digest::Digest;

/// A whole number with its thousands grouped.
pub fn number(lang: Lang, n: u64) -> String {
    // Beyond 2^53 the last digits are rounded; no archive is that large.
    intl::number(lang, n as f64, 0)
}

/// A size in bytes as `812 B`, `1.2 kB`, `34.5 MB`, `678 GB`: decimal units, one digit after the point
/// below 100.
pub fn size(lang: Lang, bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    // 999.5 would be shown as 1000: the next unit says it shorter.
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = if value < 99.95 { 1 } else { 0 };
    format!("{} {}", intl::number(lang, value, decimals), UNITS[unit])
}

/// A difference of sizes with its sign: `+1.2 kB`, `−34.5 MB`, `±0 B`.
pub fn signed_size(lang: Lang, bytes: i64) -> String {
    let sign = match bytes {
        0 => "±",
        1.. => "+",
        _ => "−",
    };
    format!("{sign}{}", size(lang, bytes.unsigned_abs()))
}

/// A size to the byte: `1,234,567 bytes`.
pub fn exact_bytes(lang: Lang, bytes: u64) -> String {
    let number = number(lang, bytes);
    match lang {
        Lang::En if bytes == 1 => format!("{number} byte"),
        Lang::En => format!("{number} bytes"),
        Lang::Zh => format!("{number} 字节"),
    }
}

/// A rate: `12.3 MB/s`.
pub fn rate(lang: Lang, bytes_per_second: f64) -> String {
    format!("{}/s", size(lang, bytes_per_second.max(0.0) as u64))
}

/// A time left, roughly: `5 s`, `2 min`, `1 h 10 min`.
pub fn duration(lang: Lang, seconds: f64) -> String {
    let seconds = seconds.max(0.0).ceil() as u64;
    let (hour, minute, second) = match lang {
        Lang::En => ("h", "min", "s"),
        Lang::Zh => ("小时", "分钟", "秒"),
    };
    match seconds {
        0..=90 => format!("{seconds} {second}"),
        91..=5_400 => format!("{} {minute}", seconds.div_ceil(60)),
        _ => format!("{} {hour} {} {minute}", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A time in seconds since 1970 as a date and time in UTC: images are the same everywhere, and so are
/// their times.
pub fn time(lang: Lang, unix_seconds: i64) -> String {
    intl::time(lang, unix_seconds)
}

/// A time in seconds since 1970 as `2024-05-01T12:34:56Z`, for `datetime` attributes and titles.
/// Years beyond what the calendar functions hold are given as plain seconds.
pub fn iso_time(unix_seconds: i64) -> String {
    match Civil::from_unix(unix_seconds) {
        Some(c) => {
            format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                c.year, c.month, c.day, c.hour, c.minute, c.second
            )
        }
        None => format!("{unix_seconds} s"),
    }
}

/// Seconds since 1970 of an RFC 3339 time as image configs state it (OCI image spec, config.md, "created").
/// `None` if it is not one.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let digits = |range: std::ops::Range<usize>| -> Option<i64> {
        let part = text.get(range)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let byte = |at: usize| text.as_bytes().get(at).copied();
    if byte(4)? != b'-' || byte(7)? != b'-' || !matches!(byte(10)?, b'T' | b't' | b' ') || byte(13)? != b':' {
        return None;
    }
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    let (hour, minute, second) = (digits(11..13)?, digits(14..16)?, digits(17..19)?);
    if byte(16)? != b':' || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    let offset = match rest.as_bytes() {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let digit = |b: &u8| b.is_ascii_digit().then(|| i64::from(b - b'0'));
            let minutes = (digit(h1)? * 10 + digit(h2)?) * 60 + digit(m1)? * 10 + digit(m2)?;
            if *sign == b'+' { minutes * 60 } else { -minutes * 60 }
        }
        _ => return None,
    };
    Some(days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset)
}

/// A digest cut to its algorithm and first twelve digits, as Docker shows ids.
pub fn short_digest(digest: &Digest) -> String {
    // The hex of a digest is at least 64 ASCII digits.
    digest.hex().get(..12).unwrap_or(digest.hex()).to_owned()
}

/// Properties of [`Size`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct SizeProps {
    /// The size in bytes.
    pub bytes: u64,
}

/// A size as people read it; the exact bytes on hover and for screen readers.
#[component]
pub fn Size(props: &SizeProps) -> Html {
    let lang = use_words().lang;
    let exact = exact_bytes(lang, props.bytes);
    html! {
        <span class="size" title={exact.clone()}>
            <span aria-hidden="true">{size(lang, props.bytes)}</span><span class="sr-only">{exact}</span>
        </span>
    }
}

/// Properties of [`Time`].
#[derive(Debug, Clone, PartialEq, Properties)]
pub struct TimeProps {
    /// Seconds since 1970.
    pub seconds: i64,
}

/// A time in UTC; to the second on hover.
#[component]
pub fn Time(props: &TimeProps) -> Html {
    let lang = use_words().lang;
    let iso = iso_time(props.seconds);
    html! { <time datetime={iso.clone()} title={iso}>{time(lang, props.seconds)}</time> }
}

/// A date and time of the proleptic Gregorian calendar.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Civil {
    /// `None` for years beyond four digits.
    fn from_unix(seconds: i64) -> Option<Self> {
        let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": civil_from_days.
        let shifted = days.checked_add(719_468)?;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (0..=9999).contains(&year).then_some(Self {
            year,
            month,
            day,
            hour: of_day / 3_600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
        })
    }
}

/// Days since 1970-01-01 (the inverse of [`Civil::from_unix`], same source).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(target_arch = "wasm32")]
mod intl {
    use std::{cell::RefCell, collections::HashMap};

    use js_sys::{Array, Function, Intl, Object, Reflect};
    use wasm_bindgen::JsValue;

    use super::Lang;

    #[derive(PartialEq, Eq, Hash)]
    enum Formatter {
        Number(Lang, u8),
        Time(Lang),
    }

    thread_local! {
        // Making a formatter is slow, using one is quick, and a list of files uses thousands.
        static FORMATTERS: RefCell<HashMap<Formatter, Function>> = RefCell::default();
    }

    pub fn number(lang: Lang, value: f64, decimals: u8) -> String {
        let format = || {
            let options = [
                ("minimumFractionDigits", JsValue::from(decimals)),
                ("maximumFractionDigits", JsValue::from(decimals)),
            ];
            Intl::NumberFormat::new(&locales(lang), &object(&options)).format()
        };
        apply(Formatter::Number(lang, decimals), format, &JsValue::from(value))
            .unwrap_or_else(|| value.to_string())
    }

    pub fn time(lang: Lang, seconds: i64) -> String {
        let format = || {
            let options =
                [("timeZone", "UTC".into()), ("dateStyle", "medium".into()), ("timeStyle", "short".into())];
            Intl::DateTimeFormat::new(&locales(lang), &object(&options)).format()
        };
        // Beyond ±8.64e15 ms there are no dates (ECMA-262, "Time Values and Time Range"): the call throws.
        let milliseconds = JsValue::from(seconds as f64 * 1000.0);
        apply(Formatter::Time(lang), format, &milliseconds).unwrap_or_else(|| super::iso_time(seconds))
    }

    fn apply(key: Formatter, make: impl FnOnce() -> Function, value: &JsValue) -> Option<String> {
        FORMATTERS.with_borrow_mut(|formatters| {
            let formatter = formatters.entry(key).or_insert_with(make);
            formatter.call1(&JsValue::UNDEFINED, value).ok()?.as_string()
        })
    }

    fn locales(lang: Lang) -> Array {
        Array::of1(&JsValue::from(lang.tag()))
    }

    fn object(options: &[(&str, JsValue)]) -> Object {
        let object = Object::new();
        for (name, value) in options {
            // Setting a property of a fresh object cannot fail.
            let _ = Reflect::set(&object, &JsValue::from(*name), value);
        }
        object
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod intl {
    use super::{Civil, Lang};

    pub fn number(_lang: Lang, value: f64, decimals: u8) -> String {
        let text = format!("{value:.*}", usize::from(decimals));
        let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
        let mut grouped = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        match fraction {
            Some(fraction) => format!("{grouped}.{fraction}"),
            None => grouped,
        }
    }

    pub fn time(_lang: Lang, seconds: i64) -> String {
        match Civil::from_unix(seconds) {
            Some(c) => format!("{:04}-{:02}-{:02} {:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute),
            None => super::iso_time(seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_decimal_and_short() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (1_234, "1.2 kB"),
            (99_949, "99.9 kB"),
            (99_951, "100 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (34_500_000, "34.5 MB"),
            (1_200_000_000, "1.2 GB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (bytes, shown) in cases {
            assert_eq!(size(Lang::En, bytes), shown, "{bytes}");
        }
    }

    #[test]
    fn differences_carry_their_sign() {
        assert_eq!(signed_size(Lang::En, 1_500), "+1.5 kB");
        assert_eq!(signed_size(Lang::En, -1_500), "−1.5 kB");
        assert_eq!(signed_size(Lang::En, 0), "±0 B");
        assert_eq!(signed_size(Lang::En, i64::MIN), "−9.2 EB");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(Lang::En, 1_234_567), "1,234,567");
        assert_eq!(number(Lang::Zh, 12), "12");
        assert_eq!(exact_bytes(Lang::En, 1), "1 byte");
        assert_eq!(exact_bytes(Lang::Zh, 12_345), "12,345 字节");
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(iso_time(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso_time(1_709_210_096), "2024-02-29T12:34:56Z");
        assert_eq!(iso_time(-1), "1969-12-31T23:59:59Z");
        assert_eq!(time(Lang::En, 1_709_210_096), "2024-02-29 12:34");
        assert_eq!(iso_time(i64::MAX), format!("{} s", i64::MAX));
        assert_eq!(iso_time(i64::MIN), format!("{} s", i64::MIN));
    }

    #[test]
    fn stated_times_are_read() {
        assert_eq!(parse_rfc3339("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse_rfc3339("2024-02-29T12:34:56.123456789Z"), Some(1_709_210_096));
        assert_eq!(parse_rfc3339("2024-02-29T14:34:56+02:00"), Some(1_709_210_096));
        assert_eq!(parse_rfc3339("0001-01-01T00:00:00Z"), Some(-62_135_596_800));
        for bad in ["", "yesterday", "2024-02-29", "2024-13-01T00:00:00Z", "2024-02-29T12:34:56", "２０２４"]
        {
            assert_eq!(parse_rfc3339(bad), None, "{bad}");
        }
    }

    #[test]
    fn calendar_and_its_inverse_agree() {
        for days in (-700_000..2_900_000).step_by(397) {
            let civil = Civil::from_unix(days * 86_400).unwrap();
            assert_eq!(days_from_civil(civil.year, civil.month, civil.day), days);
        }
    }

    #[test]
    fn durations_are_rough() {
        assert_eq!(duration(Lang::En, 4.2), "5 s");
        assert_eq!(duration(Lang::En, 119.0), "2 min");
        assert_eq!(duration(Lang::Zh, 7_200.0), "2 小时 0 分钟");
    }

    #[test]
    fn digests_are_cut() {
        assert_eq!(short_digest(&Digest::sha256(b"")), "e3b0c44298fc");
    }
}
