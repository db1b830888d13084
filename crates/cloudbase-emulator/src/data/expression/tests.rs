//! Expressions and what they are, at 2023-11-14 22:13:20.123.

use super::*;

const NOW_MS: i64 = 1_700_000_000_123;

fn value(sql: &str) -> Result<SqlValue, DataError> {
    evaluate(&parse(sql).unwrap(), &SqlSession::new(NOW_MS))
}

#[track_caller]
fn assert_values(cases: &[(&str, SqlValue)]) {
    for (sql, expected) in cases {
        assert_eq!(value(sql).as_ref(), Ok(expected), "{sql}");
    }
}

fn number(text: &str) -> SqlValue {
    SqlValue::Number(text.to_owned())
}

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.to_owned())
}

fn moment(text: &str) -> SqlValue {
    SqlValue::Moment(text.to_owned())
}

#[test]
fn literals() {
    assert_values(&[
        ("b'101'", SqlValue::Bits(vec![5])),
        ("B'100000001'", SqlValue::Bits(vec![1, 1])),
        ("b''", SqlValue::Bits(vec![])),
        ("0xABC", SqlValue::Bits(vec![0x0a, 0xbc])),
        ("x'41'", SqlValue::Bits(vec![0x41])),
        ("_binary 'a\\0'", SqlValue::Bytes(vec![b'a', 0])),
        ("_binary 0xff00", SqlValue::Bytes(vec![0xff, 0])),
        ("_utf8mb4'é'", text("é")),
        ("_utf8mb4 0xC3A9", text("é")),
        ("N'x'", text("x")),
        ("-5", number("-5")),
        ("- -1.50", number("1.50")),
        ("DATE '2024-1-2'", moment("2024-01-02")),
        (
            "TIMESTAMP '2024-01-02 03:04'",
            moment("2024-01-02 03:04:00"),
        ),
        ("'a' COLLATE utf8mb4_bin", text("a")),
    ]);
    for sql in [
        "_utf8mb4 0xFF",
        "_latin1 0xE9",
        "_koi8r 'x'",
        "DATE '2024-02-30'",
    ] {
        assert!(value(sql).is_err(), "{sql}");
    }
}

#[test]
fn numbers_stay_exact() {
    assert_values(&[
        ("60*60", number("3600")),
        ("1 + 2 * 3", number("7")),
        ("(1 + 2) * 3", number("9")),
        ("0.1 + 0.2", number("0.3")),
        ("1.50 * 2", number("3.00")),
        ("7 / 2", number("3.500000000")),
        ("-7 / 3", number("-2.333333333")),
        ("7 DIV 2", number("3")),
        ("-7 % 3", number("-1")),
        ("TRUE + 1", number("2")),
        ("0x10 + 0", number("16")),
        ("007", number("7")),
        (".50", number("0.50")),
        ("1.5 / 7", number("0.214285714")),
        ("1e2 / 4", SqlValue::Real(25.0)),
        ("CONCAT(1e3, 1e15, 1e-20)", text("10001e151e-20")),
        ("NULL + 1", SqlValue::Null),
        ("CURDATE() + 0", number("20231114")),
        ("9223372036854775807 + 1", number("9223372036854775808")),
        ("FLOOR(-1.5)", number("-2")),
        ("CEIL(-1.5)", number("-1")),
    ]);

    assert_eq!(value("'1.5' + 1"), Ok(SqlValue::Real(2.5)));
    for sql in [
        "1 / 0",
        "'a' + 1",
        "18446744073709551615 + 1",
        "-9223372036854775808 - 1",
        "1 DIV 0",
    ] {
        assert!(value(sql).is_err(), "{sql}");
    }
}

#[test]
fn moments() {
    assert_values(&[
        ("NOW()", moment("2023-11-14 22:13:20")),
        ("now(3)", moment("2023-11-14 22:13:20.123")),
        ("CURRENT_TIMESTAMP", moment("2023-11-14 22:13:20")),
        ("SYSDATE()", moment("2023-11-14 22:13:20")),
        ("CURDATE()", moment("2023-11-14")),
        ("CURRENT_DATE", moment("2023-11-14")),
        ("CURTIME()", moment("22:13:20")),
        ("UNIX_TIMESTAMP()", number("1700000000")),
        ("UNIX_TIMESTAMP('1970-01-02')", number("86400")),
        ("FROM_UNIXTIME(86400)", moment("1970-01-02 00:00:00")),
        ("NOW() - INTERVAL 1 DAY", moment("2023-11-13 22:13:20")),
        ("INTERVAL 1 HOUR + NOW()", moment("2023-11-14 23:13:20")),
        (
            "DATE_ADD(NOW(), INTERVAL 1 DAY)",
            moment("2023-11-15 22:13:20"),
        ),
        (
            "DATE_SUB('2024-03-31', INTERVAL 1 MONTH)",
            moment("2024-02-29"),
        ),
        (
            "DATE_ADD('2024-02-29', INTERVAL 1 YEAR)",
            moment("2025-02-28"),
        ),
        (
            "DATE_ADD('2024-01-01', INTERVAL 90 MINUTE)",
            moment("2024-01-01 01:30:00"),
        ),
        (
            "DATE_ADD('2024-01-01', INTERVAL '1' WEEK)",
            moment("2024-01-08"),
        ),
        (
            "DATE_ADD('2024-01-01', INTERVAL 1.5 SECOND)",
            moment("2024-01-01 00:00:01.500000"),
        ),
        ("DATE_ADD(NULL, INTERVAL 1 DAY)", SqlValue::Null),
    ]);
    for sql in [
        "DATE_ADD('9999-12-31', INTERVAL 1 DAY)",
        "DATE_ADD('0000-01-01', INTERVAL -1 YEAR)",
        "DATE_ADD('soon', INTERVAL 1 DAY)",
        "DATE_ADD('2024-01-01', INTERVAL 9e18 DAY)",
        "FROM_UNIXTIME(1e300)",
    ] {
        assert!(value(sql).is_err(), "{sql}");
    }
}

#[test]
fn functions() {
    let json = |text: &str| SqlValue::Json(serde_json::from_str(text).unwrap());
    assert_values(&[
        ("CONCAT('a', 1, NULL)", SqlValue::Null),
        ("CONCAT('a', 1, 'b')", text("a1b")),
        ("CONCAT(_binary 'a', 'b')", SqlValue::Bytes(b"ab".to_vec())),
        ("CONCAT_WS('-', 'a', NULL, 'b')", text("a-b")),
        (
            "JSON_OBJECT('a', 1, 'b', TRUE, 'c', JSON_ARRAY('x', NULL))",
            json(r#"{"a":1,"b":true,"c":["x",null]}"#),
        ),
        ("CAST('[1]' AS JSON)", json("[1]")),
        ("MD5('x')", text("9dd4e461268c8034f5c8564e155c67a6")),
        (
            "SHA1('abc')",
            text("a9993e364706816aba3e25717850c26c9cd0d89d"),
        ),
        (
            "SHA2('abc', 256)",
            text("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ),
        ("UNHEX('41')", SqlValue::Bytes(vec![0x41])),
        ("HEX('A')", text("41")),
        ("UPPER('éß')", text("Éß")),
        ("REPEAT('ab', 2)", text("abab")),
        ("IFNULL(NULL, 2)", number("2")),
        ("COALESCE(NULL, NULL, 'x')", text("x")),
        ("LAST_INSERT_ID()", number("0")),
        ("@nothing", SqlValue::Null),
    ]);
    for sql in ["UUID()", "UUID_TO_BIN(UUID())", "RAND()"] {
        assert_ne!(value(sql), value(sql), "{sql}");
    }
    for (sql, name) in [
        ("ST_GeomFromText('POINT(1 1)')", "ST_GEOMFROMTEXT"),
        ("REPEAT('a', 1e12)", "repeat"),
        ("CASE WHEN 1 THEN 2 END", "CASE"),
        ("(SELECT 1)", "SELECT 1"),
        ("a + 1", "`A("),
        ("@@version", "@@version"),
        ("JSON_OBJECT(NULL, 1)", "NULL"),
        ("DATE_ADD(NOW(), INTERVAL 1 CENTURY)", "INTERVAL 1 CENTURY"),
    ] {
        let error = value(sql).unwrap_err();
        assert!(error.message.contains(name), "{sql}: {error}");
    }
}

#[test]
fn an_expression_of_the_catalog_reads_as_it_was_written() {
    for sql in [
        r"CONCAT('a\\b', 'it''s', '\n')",
        "UUID()",
        "NOW() - INTERVAL 1 DAY",
        "JSON_ARRAY('\"')",
    ] {
        let written = parse(sql).unwrap();
        assert_eq!(parse(&to_sql(&written)).unwrap(), written, "{sql}");
    }
}

#[test]
fn a_session_remembers() {
    let mut session = SqlSession::new(NOW_MS);
    let mut set = |name: &str, sql: &str| {
        session
            .set(&[(name.to_owned(), parse(sql).unwrap())])
            .unwrap();
        session.clone()
    };
    assert!(!set("@OLD_SQL_MODE", "@@SQL_MODE").mode.takes_zero_dates());
    let dump = set("SQL_MODE", "'NO_AUTO_VALUE_ON_ZERO'").mode;
    assert!(dump.takes_zero_dates() && dump.takes_zeros_in_dates() && !dump.zero_is_next_id());
    assert_eq!(set("SQL_MODE", "@OLD_SQL_MODE").mode, SqlMode::default());
    assert!(
        set("@@session.sql_mode", "'STRICT_ALL_TABLES'")
            .mode
            .takes_zero_dates()
    );
    assert!(!set("sql_mode", "'TRADITIONAL'").mode.takes_zero_dates());
    assert_eq!(set("timestamp", "5").now_ms(), 5_000);
    assert_eq!(set("timestamp", "DEFAULT").now_ms(), NOW_MS);
    let session = set("@a", "1 + 1");
    assert_eq!(
        evaluate(&parse("@A * 2").unwrap(), &session),
        Ok(number("4"))
    );
}
