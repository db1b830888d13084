//! A script means to the embedded engine what it means to MySQL, or is rejected by name.

use serde_json::{Value, json};

use crate::support::{Api, Engine, block_on};

/// The rows that `path` shows after the script.
fn rows(script: &str, path: &str) -> Value {
    block_on(async {
        let emulator = Engine::Sqlite.builder().schema_sql(script).start().await;
        let emulator = emulator.unwrap_or_else(|error| panic!("{script}: {error}"));
        Api::admin(&emulator).rows(path).await
    })
}

/// What is said of a script that cannot be used.
fn report(script: &str) -> String {
    block_on(async {
        let started = Engine::Sqlite.builder().schema_sql(script).start().await;
        match started {
            Ok(_) => panic!("{script} is taken"),
            Err(error) => error.to_string(),
        }
    })
}

#[track_caller]
fn assert_rejected(script: &str, words: &[&str]) {
    let report = report(script);
    for word in words {
        assert!(report.contains(word), "{word} is not in: {report}");
    }
}

#[test]
fn a_timestamp_beyond_the_calendar_is_rejected() {
    for seconds in ["999999999999", "1e300", "-1", "32536771200"] {
        let script = format!(
            "CREATE TABLE moments (id INT PRIMARY KEY, d DATE);\nSET timestamp = {seconds};\n\
             INSERT INTO moments VALUES (1, CURDATE());"
        );
        assert_rejected(&script, &["line 2, `SET timestamp", "'timestamp'"]);
    }
    assert_eq!(
        rows(
            "CREATE TABLE moments (id INT PRIMARY KEY, d DATE);\nSET timestamp = 32536771199;\n\
             INSERT INTO moments VALUES (1, CURDATE());",
            "moments?select=d"
        ),
        json!([{"d":"3001-01-18"}])
    );
}

#[test]
fn a_query_that_sets_something_is_rejected() {
    let table = "CREATE TABLE numbers (id INT PRIMARY KEY);\n";
    for query in [
        "SELECT @p := 7",
        "SELECT 1, (@q:=@q+1)",
        "SELECT LAST_INSERT_ID(5)",
        "SELECT 1 INTO @p",
    ] {
        let script = format!("{table}{query};\nINSERT INTO numbers VALUES (1);");
        assert_rejected(&script, &["line 2, `SELECT", "--mysql"]);
    }
    let script = format!("{table}SELECT @p = 7; SELECT LAST_INSERT_ID(), ':=';");
    assert_eq!(rows(&script, "numbers"), json!([]));
}

#[test]
fn numbers_begin_where_an_altered_table_says() {
    for (table, next_id, expected) in [
        ("id INT PRIMARY KEY AUTO_INCREMENT, n INT", 1, [1, 2]),
        ("id INT PRIMARY KEY AUTO_INCREMENT, n INT", 7, [7, 8]),
        ("id INT NOT NULL AUTO_INCREMENT, n INT, KEY (id)", 1, [1, 2]),
    ] {
        let script = format!(
            "CREATE TABLE numbered ({table});\nINSERT INTO numbered (n) VALUES (1),(2),(3),(4),(5),(6),(7),(8),(9);\n\
             DELETE FROM numbered;\nALTER TABLE numbered AUTO_INCREMENT={next_id};\nINSERT INTO numbered (n) VALUES (1),(2);"
        );
        let [one, two] = expected;
        assert_eq!(
            rows(&script, "numbered?select=id&order=id"),
            json!([{"id":one},{"id":two}]),
            "{table}"
        );
    }
    // Never below the rows that are there.
    assert_eq!(
        rows(
            "CREATE TABLE numbered (id INT PRIMARY KEY AUTO_INCREMENT);\nINSERT INTO numbered VALUES (4), (9);\n\
             ALTER TABLE numbered AUTO_INCREMENT=2;\nINSERT INTO numbered VALUES (NULL);",
            "numbered?select=id&order=id"
        ),
        json!([{"id":4},{"id":9},{"id":10}])
    );
}

#[test]
fn strings_have_the_escapes_of_mysql() {
    let script = r#"CREATE TABLE paths (id INT PRIMARY KEY, p VARCHAR(40) DEFAULT 'C:\fa');
        INSERT INTO paths VALUES (1, 'C:\app\files'), (2, "\a\\a\"\f"), (3, 'it''s\ta\\f'), (4, DEFAULT);"#;
    assert_eq!(
        rows(script, "paths?select=p&order=id"),
        json!([{"p":"C:appfiles"},{"p":"a\\a\"f"},{"p":"it's\ta\\f"},{"p":"C:fa"}])
    );
}

#[test]
fn modes_that_change_how_text_is_read_are_rejected() {
    let table = "CREATE TABLE texts (id INT PRIMARY KEY);\n";
    for (modes, name) in [
        ("'NO_BACKSLASH_ESCAPES'", "NO_BACKSLASH_ESCAPES"),
        (
            "'STRICT_ALL_TABLES,no_backslash_escapes'",
            "NO_BACKSLASH_ESCAPES",
        ),
        ("'ANSI_QUOTES'", "ANSI_QUOTES"),
        ("ANSI", "ANSI"),
        ("CONCAT(@@sql_mode, ',ANSI_QUOTES')", "ANSI_QUOTES"),
        ("4", "4"),
    ] {
        let script = format!("{table}SET sql_mode = {modes};\nINSERT INTO texts VALUES (1);");
        assert_rejected(&script, &["line 2, `SET sql_mode", name, "--mysql"]);
    }
    let script = format!("{table}SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'; SET sql_mode = 0;");
    assert_eq!(rows(&script, "texts"), json!([]));
}

#[test]
fn members_are_compared_by_the_collation_of_their_column() {
    let table = "CREATE TABLE sizes (id INT PRIMARY KEY, \
        e ENUM('M','m','é') COLLATE utf8mb4_bin, s SET('A','a') COLLATE utf8mb4_bin, i ENUM('M','é'), j SET('A','b'));\n";
    let script = format!(
        "{table}INSERT INTO sizes VALUES (1,'m','a','m','a'), (2,'M','A,a','e','B,a'), (3,'m ','a',NULL,'');"
    );
    assert_eq!(
        rows(&script, "sizes?order=id"),
        json!([
            {"id":1,"e":"m","s":"a","i":"M","j":"A"},
            {"id":2,"e":"M","s":"A,a","i":"é","j":"A,b"},
            {"id":3,"e":"m","s":"a","i":null,"j":""},
        ])
    );
    for values in ["1,'e','a','M','A'", "1,'m','B','M','A'"] {
        let script = format!("{table}INSERT INTO sizes VALUES ({values});");
        assert_rejected(&script, &["line 2, `INSERT", "Data truncated"]);
    }
}

#[test]
fn conditions_of_rows_mean_the_same_or_are_rejected() {
    let table = |check: &str| {
        format!(
            "CREATE TABLE checked (a INT PRIMARY KEY, b VARCHAR(9) COLLATE utf8mb4_bin,\n  n DECIMAL(5,2), CHECK ({check}));\n"
        )
    };
    for (check, kept, rejected) in [
        ("b = \"b\" OR b IN ('x', 'it''s')", "1,'b',1", "1,'c',1"),
        ("CHAR_LENGTH(b) <= 2", "1,'é张',1", "1,'abc',1"),
        (
            "a BETWEEN 1 AND 9 AND NOT (n < -1.5)",
            "9,'',-1.5",
            "9,'',-2",
        ),
        ("a > 0 && n < 9 && (a = 1) < 2", "1,'',8", "1,'',9"),
        ("b IS NULL OR b LIKE '%@%'", "1,'a@b',1", "1,'ab',1"),
        (
            "a * 2 - 1 + -1 <> 4 && json_valid(b)",
            "1,'[]',1",
            "1,'[',1",
        ),
        ("a IS NOT NULL AND b NOT IN ('x')", "1,'X',1", "1,'x',1"),
    ] {
        let table = table(check);
        let found = rows(
            &format!("{table}INSERT INTO checked VALUES ({kept});"),
            "checked?select=a",
        );
        assert_eq!(found.as_array().unwrap().len(), 1, "{check}");
        let script = format!("{table}INSERT INTO checked VALUES ({rejected});");
        assert_rejected(&script, &["line 3, `INSERT"]);
    }
    for (check, name) in [
        ("a / 2 > 0", "a / 2"),
        ("LENGTH(b) < 9", "LENGTH(b)"),
        ("b || 'x' = 'x'", "||"),
        ("a > 0 AND (a % 2 = 0)", "a % 2"),
        ("b LIKE 'A%'", "LIKE 'A%'"),
        ("b REGEXP '^a'", "REGEXP"),
        ("a <=> 1", "<=>"),
        ("CASE WHEN a THEN 1 END", "CASE"),
        ("a IN (a DIV 2, 1)", "a DIV 2"),
        ("(a > 0) IS TRUE", "IS TRUE"),
        ("a > 0 XOR a < 9", "XOR"),
        ("a = 1 < 2", "a = 1 < 2"),
        ("b = 'x' COLLATE utf8mb4_bin", "COLLATE"),
    ] {
        let report_words = ["line 1, `CREATE TABLE", "table `checked`", "CHECK", name];
        assert_rejected(&table(check), &report_words);
        // What is not enforced is not computed.
        let script = table(check).replace("));", ") NOT ENFORCED);");
        assert_eq!(rows(&script, "checked"), json!([]));
    }
    assert_rejected(
        "CREATE TABLE checked (a INT PRIMARY KEY CHECK (a / 2 > 1));",
        &["line 1", "column `a`", "a / 2"],
    );
    assert_rejected(
        "CREATE TABLE checked (a INT PRIMARY KEY);\nALTER TABLE checked ADD CHECK (a / 2 > 1);",
        &["line 2", "table `checked`", "a / 2"],
    );
}
