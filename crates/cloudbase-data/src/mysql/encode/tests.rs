//! Golden strings of the encoder.

mod properties;

use super::*;
use crate::mysql::Is;
use crate::mysql::{
    all, any, eq, gt, gte, in_, is, is_not_null, is_null, like, lt, neq, not, regexp,
};

fn encode(filters: &[Filter]) -> Result<String> {
    let mut query = QueryString::of(PathBuilder::new("/t"));
    query.filters(&[], filters)?;
    Ok(query.text["/t".len()..].trim_start_matches('?').to_owned())
}

fn encoded(filter: Filter) -> String {
    encode(&[filter]).unwrap()
}

fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let mut out = Vec::new();
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            out.push(match byte {
                b'+' => b' ',
                b'%' => {
                    let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()
                }
                other => other,
            });
        }
        String::from_utf8(out).unwrap()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

#[test]
fn strings_are_those_of_the_official_builder() {
    for (filter, wire) in [
        (
            eq("title", "腾讯 云&x=1"),
            "title=eq.%E8%85%BE%E8%AE%AF+%E4%BA%91%26x%3D1",
        ),
        (like("n", "%张%"), "n=like.%25%E5%BC%A0%25"),
        (eq("d", None::<i64>), "d=is.null"),
        (is_null("d"), "d=is.null"),
        (is_not_null("note"), "note=not.is.null"),
        (in_("id", [1, 2, 2]), "id=in.%281%2C2%29"),
        (
            in_("id", ["1", "2", "2", "a,b", "c(d)"]),
            "id=in.%281%2C2%2C%22a%2Cb%22%2C%22c%28d%29%22%29",
        ),
        (
            any([eq("id", 1), like("name", "%x%")]),
            "or=%28id.eq.1%2Cname.like.%25x%25%29",
        ),
        (
            any([eq("cat.a", 1), eq("cat.b", 2)]),
            "cat.or=%28a.eq.1%2Cb.eq.2%29",
        ),
        (not(eq("age", 18)), "age=not.eq.18"),
        (not(in_("id", [1, 2, 3])), "id=not.in.%281%2C2%2C3%29"),
        (in_("t", ["a", "b"]), "t=in.%28a%2Cb%29"),
        (all([eq("x", 1), eq("y", "z")]), "x=eq.1&y=eq.z"),
        (
            any([gt("id", 1), all([eq("name", "Ann"), is("done", Is::True)])]),
            "or=%28id.gt.1%2Cand%28name.eq.Ann%2Cdone.is.true%29%29",
        ),
        (
            eq("at", "2024-01-02T03:04:05.000Z"),
            "at=eq.2024-01-02T03%3A04%3A05.000Z",
        ),
        (
            all([gte("id", 1), lt("id", 9), neq("id", 5)]),
            "id=gte.1&id=lt.9&id=neq.5",
        ),
        (eq("a b", 1), "a+b=eq.1"),
        (eq("data->>key", "v"), "data-%3E%3Ekey=eq.v"),
        (eq("users.name", "Ann"), "users.name=eq.Ann"),
        (regexp("name", "^[a-z]+$"), "name=match.%5E%5Ba-z%5D%2B%24"),
        (eq("price", 1.50), "price=eq.1.5"),
        (like("name", "*ann*"), "name=like.*ann*"),
    ] {
        assert_eq!(encoded(filter), wire);
    }
}

/// Where the official builder lets a value out of its place, ours differs on purpose.
#[test]
fn strings_differ_where_the_official_builder_is_unsafe() {
    for (filter, theirs, ours) in [
        (in_("id", ["e\"f"]), r#"in.(e"f)"#, r#"in.("e\"f")"#),
        (in_("id", ["a\"),b"]), r#"in.("a"),b")"#, r#"in.("a\"),b")"#),
        (in_("id", [r"a\,b"]), r#"in.("a\,b")"#, r#"in.("a\\,b")"#),
        (in_("id", [""]), "in.()", "eq."),
        (not(in_("id", [""])), "not.in.()", "not.eq."),
        (
            any([in_("id", [""]), not(in_("c", [""]))]),
            "(id.in.(),c.not.in.())",
            r#"(id.eq."",c.not.eq."")"#,
        ),
        (in_("id", ["", "a"]), "in.(,a)", r#"in.("",a)"#),
        (in_("id", [" a"]), "in.( a)", r#"in.(" a")"#),
        (in_("id", ["{a"]), "in.({a)", r#"in.("{a")"#),
        (
            any([eq("id", "1,b.eq.2"), eq("c", 3)]),
            "(id.eq.1,b.eq.2,c.eq.3)",
            r#"(id.eq."1,b.eq.2",c.eq.3)"#,
        ),
        (neq("d", None::<i64>), "neq.null", "not.is.null"),
    ] {
        let wire = encoded(filter);
        let value = &pairs(&wire)[0].1;
        assert_eq!(value, ours);
        assert_ne!(value, theirs);
    }
}

#[test]
fn negation_moves_down_to_the_tests() {
    let filter = not(any([eq("a", 1), all([not(gt("b", 2)), is_null("c")])]));
    let wire = encoded(filter);
    assert_eq!(
        pairs(&wire),
        [
            ("a".to_owned(), "not.eq.1".to_owned()),
            ("or".to_owned(), "(b.gt.2,c.not.is.null)".to_owned()),
        ]
    );
}

#[test]
fn names_that_mean_something_go_into_a_group() {
    for name in RESERVED {
        let wire = encoded(eq(*name, 1));
        let quoted = matches!(*name, "and" | "or" | "not");
        let expected = if quoted {
            format!("(\"{name}\".eq.1)")
        } else {
            format!("({name}.eq.1)")
        };
        assert_eq!(pairs(&wire), [("and".to_owned(), expected)]);
    }
    assert_eq!(encoded(eq("users.order", 1)), "users.and=%28order.eq.1%29");
    let literal = eq(ColumnRef::literal("a.b"), 1);
    assert_eq!(
        pairs(&encoded(literal)),
        [("\"a.b\"".to_owned(), "eq.1".to_owned())]
    );
}

#[test]
fn an_empty_list_matches_nothing_and_its_opposite_everything() {
    let none: [i64; 0] = [];
    assert_eq!(encoded(in_("id", none)), "id=is.null&id=not.is.null");
    assert_eq!(
        pairs(&encoded(not(in_("id", none))))[0].1,
        "(id.not.is.null,id.is.null)"
    );
}

#[test]
fn what_cannot_be_said_is_rejected_with_the_rule() {
    let deep = (0..40).fold(eq("a", 1), |inner, i| {
        if i % 2 == 0 {
            any([inner, eq("b", 1)])
        } else {
            all([inner, eq("b", 1)])
        }
    });
    for (filter, rule) in [
        (eq("", 1), "`column` must not be empty"),
        (
            eq("a\r\nb", 1),
            "`column` must not contain control characters",
        ),
        (eq(".a", 1), "`filter` must not have an empty part"),
        (eq("..", 1), "`filter` must not have an empty part"),
        (
            any([eq("a", 1), not(eq("b.", 1))]),
            "`filter` must not have an empty part",
        ),
        (gt("a", None::<i64>), "must not give null to `gt`"),
        (eq("a", f64::NAN), "must be a finite number"),
        (in_("a", [Some(1), None]), "must not give null to `in_`"),
        (any([]), "must not contain an empty group"),
        (
            all([eq("a", 1), any([all([])])]),
            "must not contain an empty group",
        ),
        (
            any([eq("a", 1), eq("cat.b", 2)]),
            "must not mix columns of several relations",
        ),
        (
            any([eq("cat.b", 2), eq("a", 1)]),
            "must not mix columns of several relations",
        ),
        (eq("not.and", 1), "must not be called `not`"),
        (deep, "must not nest deeper than 32"),
    ] {
        let error = encode(&[filter]).unwrap_err();
        assert!(error.message().contains(rule), "{error}");
    }
    assert_eq!(encoded(all([])), "");
}

#[test]
fn order_is_encoded_as_it_is_read() {
    let text = r#"id.desc,n.asc.nullsfirst,"a.b".asc.nullslast"#;
    assert_eq!(encode_order(&Order::parse(text).unwrap()).unwrap(), text);
    assert!(encode_order(&[crate::order::asc("users.name")]).is_err());
}

#[test]
fn a_megabyte_is_rejected_before_it_is_sent() {
    let mut query = QueryString::of(PathBuilder::new("/t"));
    query.filters(&[], &[eq("a", "x".repeat(1 << 20))]).unwrap();
    let error = query.into_uri().unwrap_err();
    assert!(
        error.message().contains("64 KiB") && error.message().len() < 200,
        "{error}"
    );
}

#[test]
fn documented_text_is_read_and_nonsense_rejected() {
    for (key, text, filter) in [
        ("age", "gt.18", gt("age", 18)),
        ("age", "not.eq.18", not(eq("age", 18))),
        ("id", "in.(3,\"4,5\")", in_("id", ["3", "4,5"])),
        ("id", "in.[3,4]", in_("id", [3, 4])),
        ("d", "is.NULL", is_null("d")),
        ("v", "eq.a.b,c", eq("v", "a.b,c")),
        (
            "or",
            "(id.eq.1, name.like.%x%)",
            any([eq("id", 1), like("name", "%x%")]),
        ),
        (
            "cat.or",
            "(a.eq.1,b.in.(1,2))",
            any([eq("cat.a", 1), in_("cat.b", [1, 2])]),
        ),
        (
            "not.and",
            "(a.eq.1,or(b.eq.2,not.and(c.eq.3,d.eq.4)))",
            not(all([
                eq("a", 1),
                any([eq("b", 2), not(all([eq("c", 3), eq("d", 4)]))]),
            ])),
        ),
    ] {
        assert_eq!(Filter::parse(key, text).unwrap(), filter, "{key}={text}");
    }
    for (key, text) in [
        ("a", ""),
        ("a", "1"),
        ("a", "xx.1"),
        ("a", "in.1,2"),
        ("a", "in.(1"),
        ("a", "in.(1)x"),
        ("a", "is.maybe"),
        ("or", "(a.eq.1"),
        ("or", "(a.eq.1))"),
        ("or", "(a)"),
        ("or", "()"),
    ] {
        assert!(Filter::parse(key, text).is_err(), "{key}={text}");
    }
    let deep = format!("{}a.eq.1{}", "or(".repeat(100), ")".repeat(100));
    assert!(Filter::parse("or", &format!("({deep})")).is_err());
}

#[test]
fn a_filter_of_any_depth_is_dropped_and_rejected() {
    const DEPTH: usize = 50_000;
    let grow: [fn(Filter) -> Filter; 5] = [
        |inner| all([inner]),
        |inner| any([inner, eq("b", 1)]),
        not,
        |inner| all([eq("b", 1)]).or(inner),
        |inner| not(eq("b", 1)).and(inner),
    ];
    for grow in grow {
        let deep = (0..DEPTH).fold(eq("a", 1), |inner, _| grow(inner));
        assert_eq!(deep, deep.clone());
        assert!(format!("{deep:?}").len() < 10_000);
        let error = encode(&[deep]).unwrap_err();
        assert!(
            error.message().contains("must not nest deeper than 32"),
            "{error}"
        );
        // The deepest that can be sent, and one more.
        let deepest = (0..MAX_DEPTH - 1).fold(eq("a", 1), |inner, _| grow(inner));
        assert!(encode(&[deepest]).is_ok());
        let one_more = (0..=MAX_DEPTH).fold(eq("a", 1), |inner, _| grow(inner));
        assert!(encode(&[one_more]).is_err());
    }
    // A long chain is not a deep one.
    let long = (0..2000).fold(all([]), |chain, i| chain.and(eq("a", i)));
    assert!(encode(&[long]).is_ok());
}
