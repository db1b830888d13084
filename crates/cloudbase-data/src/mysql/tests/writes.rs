//! Which conditions a write needs, and what a count counts.

use super::*;

/// Forms of the same conditions: none of them chooses a row of the table.
#[test]
fn a_write_needs_a_condition_that_chooses_rows() {
    let change = json!({"a": 1});
    let none: Vec<Filter> = Vec::new();
    for filter in [
        all([]),
        all([all([])]),
        not(in_("id", none.iter().map(|_| 1))),
        any([eq("id", 1), not(in_("id", [0; 0]))]),
        all([not(in_("id", [0; 0])), not(all([in_("id", [0; 0])]))]),
        not(all([eq("id", 1), in_("id", [0; 0])])),
    ] {
        for operation in [
            t().delete().filter(filter.clone()).limit(1).operation(),
            t().update(&change).filter(filter.clone()).operation(),
            t().delete()
                .filter(filter.clone())
                .returning::<Row>("*")
                .operation(),
        ] {
            let Ok(operation) = operation else { continue };
            panic!("{filter:?} was sent: {}", operation.target());
        }
    }
    for filters in [
        vec![("id", "not.in.()")],
        vec![("or", "(id.eq.1,id.not.in.())")],
    ] {
        let error = mysql().delete("t", filters).operation().unwrap_err();
        assert!(
            error.message().starts_with("`filter` is required"),
            "{error}"
        );
    }
    assert!(t().delete().in_("id", [0; 0]).operation().is_ok());
    let some = all([eq("id", 1), not(in_("id", [0; 0]))]);
    assert!(t().delete().filter(some).operation().is_ok());
}

/// Operators that hold for every row because of the value beside them.
#[test]
fn a_test_that_every_row_passes_chooses_none() {
    for condition in [
        "like.%",
        "ilike.%%%",
        "like.*",
        "like(all).{}",
        "ilike(all).{ }",
        "like(all).{%,\"%%\"}",
        "like(any).{a,%}",
        "not.like(any).{}",
        "not.ilike(any).{}",
        "cs.{}",
        "cs.[ ]",
        "cs.empty",
        "not.ov.{}",
        "match.",
        "match.^",
        "match.$",
        "match..*",
        "match.^.*$",
        "cd.(,)",
        "cd.[ , ]",
        "cd.[-infinity,Infinity)",
        "ov.(,)",
        "nxl.(,)",
        "nxr.[,)",
        "not.sl.(,)",
        "not.sr.(,)",
        "not.adj.empty",
        "not.nxr.empty",
    ] {
        let negated = match condition.strip_prefix("not.") {
            Some(condition) => condition.to_owned(),
            None => format!("not.{condition}"),
        };
        for filters in [
            vec![("a", condition.to_owned())],
            vec![("or", format!("(id.eq.1,a.{})", quoted(condition)))],
            vec![("not.and", format!("(id.eq.1,a.{})", quoted(&negated)))],
        ] {
            let filters: Vec<_> = filters.iter().map(|(key, text)| (*key, &**text)).collect();
            let operation = mysql().delete("t", filters).operation();
            let error = operation.expect_err(condition);
            let rule = "`filter` is required";
            assert!(error.message().starts_with(rule), "{error}");
        }
        let chosen = [("a", negated.as_str())];
        assert!(mysql().delete("t", chosen).operation().is_ok(), "{negated}");
    }
    for filter in [
        like("a", "%"),
        postgres::like_all_of("a", [""; 0]),
        postgres::ilike_all_of("a", ["%"]),
        not(postgres::like_any_of("a", [""; 0])),
        postgres::contains("a", [0; 0]),
        postgres::contains("a", postgres::Collection::json(&json!({}))),
        not(postgres::overlaps("a", [0; 0])),
    ] {
        let operation = t().delete().filter(filter.clone()).operation();
        assert!(operation.is_err(), "{filter:?}");
    }
    for condition in [
        "like.",
        "like.%a%",
        "like._%",
        "like(all).{a,%}",
        "like(any).{a}",
        "cs.{a}",
        "cs.{{}}",
        "cd.{}",
        "ov.{}",
        "not.ov.{a}",
        "not.cs.{}",
        "match.a",
        "match.^a",
        "match.^$a",
        "match..+",
        "cd.(1,)",
        "cd.[,9]",
        "cd.{,}",
        "ov.[1,2)",
        "sl.(,)",
        "not.sl.(1,)",
        "nxl.empty",
    ] {
        let operation = mysql().delete("t", [("a", condition)]).operation();
        assert!(operation.is_ok(), "{condition}: {operation:?}");
    }
}

/// A condition as a member of a group: its value in quotes.
fn quoted(condition: &str) -> String {
    let (negation, test) = match condition.strip_prefix("not.") {
        Some(test) => ("not.", test),
        None => ("", condition),
    };
    let (operator, value) = test.split_once('.').unwrap();
    let value = value.replace('"', "\\\"");
    format!("{negation}{operator}.\"{value}\"")
}

#[test]
fn a_condition_on_a_relation_chooses_no_rows() {
    let change = json!({"a": 1});
    let literal = ColumnRef::literal("author.name");
    assert!(t().delete().eq(literal, "A").operation().is_ok());
    for operation in [
        t().delete().eq("author_id.name", "A").operation(),
        t().delete()
            .eq("author.name", "A")
            .returning::<Row>("*,author(name)")
            .operation(),
        t().update(&change).eq("author.name", "A").operation(),
        t().delete().filters([("author.name", "eq.A")]).operation(),
        mysql()
            .delete("t", [("author.or", "(name.eq.A,name.eq.B)")])
            .operation(),
        t().delete().eq("id", 1).eq("author.name", "A").operation(),
        t().update(&change)
            .filter(any([eq("a.b.c", 1), eq("a.b.d", 2)]))
            .operation(),
        t().delete()
            .filter(not(all([is_null("author.name")])))
            .operation(),
        t().delete().eq_all([("author.name", "A")]).operation(),
        mysql()
            .update("t", &change, [("author.not.and", "(name.eq.A,name.eq.B)")])
            .operation(),
    ] {
        let error = operation.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
        let rule = "chooses no rows";
        assert!(error.message().contains(rule), "{error}");
    }
    // What is shown of the relation may be narrowed down where the relation is named.
    let shown = Columns::all().relation(relation("author").filter(eq("name", "A")));
    let operation = t().delete().eq("id", 1).returning::<Row>(shown).operation();
    let target = operation.unwrap().target().to_string();
    assert!(
        target.ends_with("?id=eq.1&select=*%2Cauthor%28*%29&author.name=eq.A"),
        "{target}"
    );
}

#[test]
fn a_count_counts_what_a_select_would_give() {
    let inner = || relation("author_id").inner().filter(eq("name", "A"));
    let columns = || Columns::all().relation(inner());
    let line = "HEAD /t?select=*%2Cauthor_id%21inner%28*%29&author_id.name=eq.A";
    for count in [
        t().select::<Row>(columns()).count(),
        t().select::<Row>(columns())
            .order(desc("id"))
            .limit(1)
            .count(),
        t().count().select(columns()),
        t().count()
            .select("*,author_id!inner(*)")
            .related("author_id", Related::new().filter(eq("name", "A"))),
    ] {
        check(count.operation(), line, "count=exact", "");
    }
    let text = t()
        .select::<Row>("*,author_id!inner(name)")
        .eq("author_id.name", "A");
    let line = "HEAD /t?select=*%2Cauthor_id%21inner%28name%29&author_id.name=eq.A";
    check(text.count().operation(), line, "count=exact", "");
}

/// A tree of conditions and what each of its tests is: this knows nothing of the encoder.
#[derive(Clone, Debug)]
enum Tree {
    All(Vec<Tree>),
    Any(Vec<Tree>),
    Not(Box<Tree>),
    /// Depends on the row.
    Test,
    /// In a list of nothing: holds for no row.
    Listless,
    OnRelation,
}

impl Tree {
    /// Whether a row passes of which `facts` says what its tests find, from left to right.
    fn holds(&self, facts: &mut impl Iterator<Item = bool>) -> bool {
        match self {
            // Every member takes its facts, whatever came of those before.
            Self::All(members) => members.iter().fold(true, |all, one| all & one.holds(facts)),
            Self::Any(members) => members
                .iter()
                .fold(false, |any, one| any | one.holds(facts)),
            Self::Not(inner) => !inner.holds(facts),
            Self::Test | Self::OnRelation => facts.next().unwrap(),
            Self::Listless => false,
        }
    }

    fn count(&self, of: fn(&Tree) -> bool) -> usize {
        let below = match self {
            Self::All(members) | Self::Any(members) => {
                members.iter().map(|member| member.count(of)).sum()
            }
            Self::Not(inner) => inner.count(of),
            _ => 0,
        };
        below + usize::from(of(self))
    }

    /// Some row is left alone, and no test is about a relation.
    fn chooses_rows(&self) -> bool {
        let tests = self.count(|tree| matches!(tree, Tree::Test | Tree::OnRelation));
        let left_alone = (0..1_u32 << tests).any(|row| {
            let mut facts = (0..tests).map(|test| row >> test & 1 == 1);
            !self.holds(&mut facts)
        });
        left_alone && self.count(|tree| matches!(tree, Tree::OnRelation)) == 0
    }

    fn built(&self) -> Filter {
        let members = |members: &[Tree]| members.iter().map(Tree::built).collect::<Vec<_>>();
        match self {
            Self::All(inner) => all(members(inner)),
            Self::Any(inner) => any(members(inner)),
            Self::Not(inner) => not(inner.built()),
            Self::Test => eq("a", 1),
            Self::Listless => in_("a", [0; 0]),
            Self::OnRelation => eq("r.a", 1),
        }
    }

    /// As a member of a group in text; groups have one relation, so its tests are of the table.
    fn text(&self) -> String {
        let members = |members: &[Tree]| {
            let texts: Vec<String> = members.iter().map(Tree::text).collect();
            texts.join(",")
        };
        match self {
            Self::All(inner) => format!("and({})", members(inner)),
            Self::Any(inner) => format!("or({})", members(inner)),
            Self::Not(inner) => match &**inner {
                Self::Not(twice) => twice.text(),
                Self::All(_) | Self::Any(_) => format!("not.{}", inner.text()),
                test => test.text().replace("a.", "a.not."),
            },
            Self::Test | Self::OnRelation => "a.eq.1".to_owned(),
            Self::Listless => "a.in.()".to_owned(),
        }
    }
}

fn tree() -> impl proptest::strategy::Strategy<Value = Tree> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        4 => Just(Tree::Test),
        3 => Just(Tree::Listless),
        1 => Just(Tree::OnRelation),
    ];
    leaf.prop_recursive(4, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..3).prop_map(Tree::All),
            proptest::collection::vec(inner.clone(), 1..3).prop_map(Tree::Any),
            inner.prop_map(|inner| Tree::Not(Box::new(inner))),
        ]
    })
}

proptest::proptest! {
    #[test]
    fn only_what_chooses_rows_is_sent(tree in tree()) {
        let change = json!({"b": 1});
        let chooses = tree.chooses_rows();
        for operation in [
            t().delete().filter(tree.built()).operation(),
            t().update(&change).filter(tree.built()).limit(1).operation(),
        ] {
            assert_eq!(operation.is_ok(), chooses, "{operation:?}");
        }
        let of_the_table = Tree::All(vec![tree.clone()]);
        if tree.count(|tree| matches!(tree, Tree::OnRelation)) == 0 {
            let text = [("and", format!("({})", tree.text()))];
            let operation = mysql().delete("t", text).operation();
            assert_eq!(operation.is_ok(), of_the_table.chooses_rows(), "{operation:?}");
        }
    }
}

/// Whatever a select has, a table has: it is the same call.
#[test]
fn a_table_begins_every_condition() {
    let all = || t().select::<Row>(Columns::all());
    let targets = |select: Select| select.operation().unwrap().target().to_owned();
    macro_rules! same {
        ($($name:ident($($argument:expr),*);)+) => {$(
            assert_eq!(targets(t().$name($($argument),*)), targets(all().$name($($argument),*)));
        )+};
    }
    same! {
        filter(eq("a", 1)); filters([("a", "gt.1")]); eq_all([("a", 1)]); eq("a", 1); neq("a", 1);
        gt("a", 1); gte("a", 1); lt("a", 1); lte("a", 1); like("a", "x%"); ilike("a", "x%");
        regexp("a", "x"); in_("a", [1, 2]); is("a", Is::True); is_null("a"); is_not_null("a");
        not(eq("a", 1)); or([eq("a", 1), eq("b", 2)]); related("r", Related::new().limit(1));
        order(desc("a")); limit(3); offset(2); range(1, 4);
    }
    let counted = t().with_count::<Row>().operation().unwrap();
    assert_eq!(
        counted.target(),
        all().with_count().operation().unwrap().target()
    );
}
