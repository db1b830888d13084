//! How many heads a connection may bring.

use super::*;

#[test]
fn an_old_connection_has_no_more_credit_than_its_requests_at_once_need() {
    let mut credit = Credit(ALLOWANCE);
    assert!(credit.spend(ALLOWANCE).is_ok());
    credit.earn(1);
    assert!(credit.spend(PER_REQUEST).is_ok() && credit.spend(1).is_err());

    for _ in 0..100_000 {
        credit.earn(1);
        credit.spend(1).unwrap();
    }
    assert!(credit.spend(MOST + 1).is_err());
    assert!(credit.spend(MOST - 1).is_ok() && credit.spend(1).is_err());
}

#[test]
fn a_head_in_the_payload_of_a_frame_does_not_count() {
    let head = |length: u8, kind: u8| [0, 0, length, kind, 0, 0, 0, 0, 1];
    let frames = [head(9, 0), head(0, HEADERS), head(0, HEADERS)].concat();
    for split in 0..frames.len() {
        let mut heads = Heads::after(0);
        let (first, second) = frames.split_at(split);
        assert_eq!(heads.follow(first) + heads.follow(second), 1, "{split}");
    }
}
