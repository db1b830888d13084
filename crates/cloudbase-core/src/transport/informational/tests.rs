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
