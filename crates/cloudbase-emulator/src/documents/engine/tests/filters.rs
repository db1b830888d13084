//! Rules of filters that the vectors leave out.

use bson::{Bson, doc};
use serde_json::json;

use super::{
    super::{Filter, IndexBound},
    NOW, document, value,
};

/// Filters, and values of the field `a` that they find (true) or not. `null` as a document stands for a document without it.
#[test]
fn a_filter_finds_exactly_what_its_rule_says() {
    let cases = [
        // Type bracketing, and the ends of the order.
        (
            json!({ "a": { "$gt": { "$minKey": 1 } } }),
            json!("x"),
            true,
        ),
        (json!({ "a": { "$lt": { "$maxKey": 1 } } }), json!({}), true),
        (json!({ "a": { "$gte": null } }), json!(null), true),
        (json!({ "a": { "$gt": null } }), json!(null), false),
        (
            json!({ "a": { "$lt": { "$numberDouble": "NaN" } } }),
            json!(1),
            false,
        ),
        (
            json!({ "a": { "$gte": { "$numberDouble": "NaN" } } }),
            json!({ "$numberDouble": "NaN" }),
            true,
        ),
        (
            json!({ "a": { "$gte": 5 } }),
            json!({ "$numberDouble": "NaN" }),
            false,
        ),
        (
            json!({ "a": { "$gt": { "$numberDecimal": "0.1" } } }),
            json!({ "$numberDouble": "0.1" }),
            true,
        ),
        (
            json!({ "a": { "$numberDecimal": "1E+3" } }),
            json!(1000),
            true,
        ),
        (
            json!({ "a": { "$gt": { "$numberLong": "9007199254740992" } } }),
            json!({ "$numberDouble": "9007199254740992" }),
            false,
        ),
        (json!({ "a": { "$numberDouble": "-0.0" } }), json!(0), true),
        // Arrays.
        (json!({ "a": { "$in": [[1, 2]] } }), json!([1, 2]), true),
        (
            json!({ "a": { "$in": [[1, 2]] } }),
            json!([[1, 2], 3]),
            true,
        ),
        (
            json!({ "a": { "$size": { "$numberDouble": "2.0" } } }),
            json!([1, 2]),
            true,
        ),
        (json!({ "a": { "$all": [] } }), json!([]), false),
        (
            json!({ "a": { "$elemMatch": { "$elemMatch": { "$gt": 3 } } } }),
            json!([[1, 5]]),
            true,
        ),
        (
            json!({ "a": { "$elemMatch": { "$gt": 3 } } }),
            json!([[5]]),
            false,
        ),
        (json!({ "a": { "$elemMatch": {} } }), json!([{}]), true),
        (json!({ "a": { "$elemMatch": {} } }), json!([1]), false),
        (json!({ "a": { "$lt": [2] } }), json!([1, 9]), true),
        (json!({ "a": { "$type": "null" } }), json!([null]), true),
        (
            json!({ "a": { "$type": -1 } }),
            json!({ "$minKey": 1 }),
            true,
        ),
        // Numbers.
        (
            json!({ "a": { "$mod": [{ "$numberLong": "-9223372036854775808" }, 0] } }),
            json!(0),
            true,
        ),
        (
            json!({ "a": { "$mod": [-1, 0] } }),
            json!({ "$numberLong": "-9223372036854775808" }),
            true,
        ),
        (
            json!({ "a": { "$mod": [4, 0] } }),
            json!({ "$numberDouble": "Infinity" }),
            false,
        ),
        // Regular expressions, as PCRE reads them.
        (json!({ "a": { "$regex": "^\\d+$" } }), json!("12"), true),
        (json!({ "a": { "$regex": "^\\d+$" } }), json!("١٢"), false),
        (json!({ "a": { "$regex": "^.$" } }), json!("😀"), true),
        (
            json!({ "a": { "$regex": "É", "$options": "i" } }),
            json!("é"),
            true,
        ),
        (
            json!({ "a": { "$regex": "a b # c", "$options": "x" } }),
            json!("ab"),
            true,
        ),
        (
            json!({ "a": { "$regex": "^b", "$options": "m" } }),
            json!("a\nb"),
            true,
        ),
        (json!({ "a": { "$regex": "[[&&]" } }), json!("&"), true),
        (
            json!({ "a": { "$regex": "[\\w.]+@" } }),
            json!("a.b@"),
            true,
        ),
        (
            json!({ "a": { "$regex": "\\bcat\\b" } }),
            json!("a cat."),
            true,
        ),
        (
            json!({ "a": { "$in": [{ "$regex": "^a", "$options": "i" }] } }),
            json!("Ab"),
            true,
        ),
        (
            json!({ "a": { "$all": [{ "$regularExpression": { "pattern": "^a", "options": "" } }] } }),
            json!(["ab"]),
            true,
        ),
        (
            json!({ "a": { "$regularExpression": { "pattern": "x", "options": "" } } }),
            json!({ "$regularExpression": { "pattern": "x", "options": "" } }),
            true,
        ),
        (
            json!({ "a": { "$regex": "x", "$options": "mi" } }),
            json!({ "$regularExpression": { "pattern": "x", "options": "im" } }),
            true,
        ),
        (
            json!({ "a": { "$regex": "x" } }),
            json!({ "$regularExpression": { "pattern": "x", "options": "i" } }),
            false,
        ),
        (
            json!({ "a": { "$in": [{ "$regex": "x", "$options": "i" }] } }),
            json!([{ "$regularExpression": { "pattern": "x", "options": "i" } }]),
            true,
        ),
        (
            json!({ "a": { "$nin": [{ "$regex": "x" }] } }),
            json!({ "$regularExpression": { "pattern": "x", "options": "" } }),
            false,
        ),
        (
            json!({ "a": { "$all": [{ "$regex": "x" }] } }),
            json!({ "$regularExpression": { "pattern": "x", "options": "" } }),
            true,
        ),
        (
            json!({ "a": { "$regex": "^a b[ #]$", "$options": "x" } }),
            json!("ab#"),
            true,
        ),
        (
            json!({ "a": { "$regex": "^a b[ #]$", "$options": "x" } }),
            json!("ab "),
            true,
        ),
        (
            json!({ "a": { "$regex": "a\\ b\\#c", "$options": "x" } }),
            json!("a b#c"),
            true,
        ),
        (
            json!({ "a": { "$regex": "a # [( \\1\n b", "$options": "x" } }),
            json!("ab"),
            true,
        ),
        (
            json!({ "a": { "$regex": "^[\\w\\s-.]+$" } }),
            json!("a -."),
            true,
        ),
        (
            json!({ "a": { "$regex": "^[\\w-.]+$" } }),
            json!("a-."),
            true,
        ),
        (
            json!({ "a": { "$regex": "^[\\w-.]+$" } }),
            json!("/"),
            false,
        ),
        (
            json!({ "a": { "$regex": "^[a-c-e]+$" } }),
            json!("b-e"),
            true,
        ),
        (
            json!({ "a": { "$regex": "^[a-c-e]+$" } }),
            json!("d"),
            false,
        ),
        (json!({ "a": { "$regex": "a$" } }), json!("a\n"), true),
        (json!({ "a": { "$regex": "a$" } }), json!("a\nb"), false),
        (json!({ "a": { "$regex": "a$" } }), json!("a\n\n"), false),
        (
            json!({ "a": { "$regex": "a$", "$options": "m" } }),
            json!("a\nb"),
            true,
        ),
        (json!({ "a": { "$regex": "^[a$]$" } }), json!("$"), true),
        // Objects.
        (
            json!({ "a": { "$ref": "c", "$id": 1 } }),
            json!({ "$ref": "c", "$id": 1 }),
            true,
        ),
        (
            json!({ "a": { "$not": { "$all": [1, 2] } } }),
            json!([1]),
            true,
        ),
        (json!({ "$comment": "why", "a": 1 }), json!(1), true),
        (
            json!({ "$expr": { "$gt": ["$$NOW", "$a"] } }),
            json!({ "$date": "2000-01-01T00:00:00Z" }),
            true,
        ),
        (json!({ "$expr": "$a" }), json!(""), true),
        (json!({ "$expr": "$a" }), json!(0), false),
    ];
    for (filter, a, expected) in cases {
        let parsed = Filter::parse(&document(filter.clone()), NOW).expect("valid");
        let found = parsed
            .matches(&doc! { "a": value(a.clone()) })
            .expect("no failure");
        assert_eq!(found, expected, "{filter} on {a}");
    }
}

#[test]
fn an_invalid_filter_is_rejected_with_its_rule() {
    let cases = [
        (json!({ "a": { "$bitsAllSet": 1 } }), "not supported"),
        (json!({ "$where": "1" }), "not supported"),
        (json!({ "a": { "$gt": 1, "b": 1 } }), "unknown operator `b`"),
        (json!({ "a": { "b": 1, "$gt": 1 } }), "unknown operator `b`"),
        (
            json!({ "a": { "$in": [{ "$gt": 1 }] } }),
            "not allowed inside",
        ),
        (json!({ "a": { "$not": {} } }), "$not needs"),
        (json!({ "a": { "$not": 5 } }), "$not needs"),
        (json!({ "a": { "$size": 1.5 } }), "$size needs"),
        (json!({ "a": { "$mod": [1, 2, 3] } }), "exactly two"),
        (json!({ "a": { "$mod": [0.5, 0] } }), "cannot be 0"),
        (
            json!({ "a": { "$mod": [{ "$numberDouble": "NaN" }, 0] } }),
            "finite",
        ),
        (json!({ "a": { "$type": "text" } }), "unknown type"),
        (json!({ "a": { "$type": [] } }), "at least one"),
        (json!({ "a": { "$options": "i" } }), "needs a $regex"),
        (
            json!({ "a": { "$regex": "a", "$options": "q" } }),
            "unknown option",
        ),
        (json!({ "a": { "$regex": "(?=a)" } }), "look-around"),
        (json!({ "a": { "$regex": "(a)\\1" } }), "back-references"),
        (json!({ "a": { "$regex": "a++" } }), "possessive"),
        (json!({ "a": { "$regex": "\\012" } }), "octal"),
        (json!({ "a": { "$regex": "[\\01]" } }), "octal"),
        (
            json!({ "a": { "$ne": { "$regularExpression": { "pattern": "a", "options": "" } } } }),
            "use $not",
        ),
        (
            json!({ "a": { "$all": [1, { "$elemMatch": {} }] } }),
            "all members",
        ),
        (json!({ "$and": {} }), "must be an array"),
        (json!({ "$or": [1] }), "must be an object"),
        (
            json!({ "$or": [{ "a": { "$near": { "$geometry": { "type": "Point", "coordinates": [0, 0] } } } }] }),
            "at the top",
        ),
        (
            json!({ "$expr": { "$gt": ["$$x", 1] } }),
            "undefined variable",
        ),
        (json!({ "$expr": { "$nope": 1 } }), "unknown operator"),
    ];
    for (filter, reason) in cases {
        let rejection = Filter::parse(&document(filter.clone()), NOW).expect_err("invalid");
        assert!(
            rejection.message.contains(reason),
            "{filter}: {rejection} does not say `{reason}`"
        );
    }
}

#[test]
fn a_filter_lists_the_conditions_for_indexes() {
    let filter = document(json!({
        "a": 1,
        "b.c": { "$gte": 2, "$lt": 9 },
        "$and": [{ "d": { "$in": [1, null] } }],
        "$or": [{ "e": 1 }],
        "f": { "$ne": 1 },
        "g": { "$in": [{ "$regex": "x" }] },
    }));
    let filter = Filter::parse(&filter, NOW).expect("valid");
    let conditions: Vec<_> = filter
        .index_conditions()
        .into_iter()
        .map(|condition| (condition.path, condition.bound))
        .collect();
    let int = Bson::Int32;
    assert_eq!(
        conditions,
        [
            ("d".to_owned(), IndexBound::In(vec![&int(1), &Bson::Null])),
            ("a".to_owned(), IndexBound::Equal(&int(1))),
            ("b.c".to_owned(), IndexBound::GreaterOrEqual(&int(2))),
            ("b.c".to_owned(), IndexBound::Less(&int(9))),
        ]
    );
}
