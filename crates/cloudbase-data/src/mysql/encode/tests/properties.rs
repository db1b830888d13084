//! The properties that make the encoder safe, for any filter and any value.

use proptest::prelude::*;

use super::{encoded, pairs};
use crate::mysql::encode::conditions::{Flat, LeafTest, simplify};
use crate::mysql::filter::{Node, parse_query};
use crate::mysql::{ColumnRef, Filter, Is, all, any, eq, in_, is, not};

/// What must not leave its place.
fn nasty() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a,b".to_owned()),
        Just(")".to_owned()),
        Just("(".to_owned()),
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("*".to_owned()),
        Just("%".to_owned()),
        Just("null".to_owned()),
        Just(",or(x.eq.1)".to_owned()),
        Just("\0".to_owned()),
        Just("\u{1F600}".to_owned()),
        Just("{a,b}".to_owned()),
        Just("not.".to_owned()),
        Just("&=+ ".to_owned()),
        Just(String::new()),
        Just("\r\n".to_owned()),
        Just("[1]".to_owned()),
        any::<String>(),
        "[a-z]{1,4}",
    ];
    use proptest::arbitrary::any;
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn column() -> impl Strategy<Value = ColumnRef> {
    prop_oneof![
        Just("id"),
        Just("title"),
        Just("a b"),
        Just("and"),
        Just("or"),
        Just("not"),
        Just("order"),
        Just("a.b"),
        Just("a,b"),
        Just("x(y)"),
        Just("\"q\""),
        Just("表"),
        Just("select"),
        Just("a\\b"),
        Just(" edge "),
        Just("a:b!c"),
    ]
    .prop_map(ColumnRef::literal)
}

fn tree() -> impl Strategy<Value = Filter> {
    let leaf = prop_oneof![
        (column(), nasty(), 0..9_usize).prop_map(|(column, value, operator)| {
            let operator = [
                "eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match",
            ][operator];
            Filter::operator(column, operator, value)
        }),
        (column(), proptest::collection::vec(nasty(), 0..4)).prop_map(|(c, values)| in_(c, values)),
        (column(), 0..4_usize).prop_map(|(column, at)| {
            is(column, [Is::Null, Is::True, Is::False, Is::Unknown][at])
        }),
    ];
    leaf.prop_recursive(5, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(all),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(any),
            inner.prop_map(not),
        ]
    })
}

/// The tree that the encoder writes: what reading its text must give again.
fn canonical(flat: &Flat<'_>) -> Filter {
    match flat {
        Flat::All(members) => all(members.iter().map(canonical)),
        Flat::Any(members) => any(members.iter().map(canonical)),
        Flat::Test(leaf) => {
            let column = leaf.column.clone();
            let filter = match &leaf.test {
                LeafTest::Is(value) => is(column, *value),
                LeafTest::In(values) => in_(column, values.iter().copied()),
                LeafTest::Operator(operator, value) => {
                    Filter::operator(column, (*operator).to_owned(), *value)
                }
            };
            if leaf.negated { not(filter) } else { filter }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn reading_what_was_written_gives_the_same_tree(filter in tree()) {
        let flat = simplify(&filter, false, 0).unwrap();
        let expected = match canonical(&flat).0 {
            Node::All(filters) => filters,
            other => vec![Filter(other)],
        };
        let wire = encoded(filter);
        let pairs = pairs(&wire);
        let read = parse_query(pairs.iter().map(|(k, v)| (k.as_str(), v.as_str()))).unwrap();
        // A group of one stands for a column whose name is reserved.
        let read: Vec<_> = read
            .into_iter()
            .map(|filter| match filter.0 {
                Node::All(mut filters) if filters.len() == 1 => filters.remove(0),
                other => Filter(other),
            })
            .collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn the_wire_is_plain_ascii_without_separators(value in nasty()) {
        let wire = encoded(eq("a", value));
        prop_assert!(wire.bytes().all(|b| b.is_ascii_graphic()));
        prop_assert!(!wire["a=".len()..].contains(['&', '=', '#', '?', '/']));
    }

    #[test]
    fn reading_never_panics(key in ".{0,12}", text in ".{0,40}") {
        let _ = Filter::parse(&key, &text);
        let _ = Filter::parse("or", &text);
        let _ = crate::mysql::Order::parse(&text);
        let _ = crate::mysql::Columns::from(text).encode();
    }
}
