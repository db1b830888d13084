//! Parts and moments over the calendar.

use super::*;

#[test]
fn parts_and_moments_agree_over_the_calendar() {
    for day in (-800_000..3_000_000).step_by(97) {
        let millis = day * DAY + 45_296_789;
        let parts = DateTimeParts::from_unix_millis(millis);
        assert_eq!(parts.unix_millis(), Some(millis), "{parts:?}");
        assert!((1..=12).contains(&parts.month) && (1..=31).contains(&parts.day));
    }
    let parts = DateTimeParts::from_unix_millis(951_782_400_000);
    assert_eq!((parts.year, parts.month, parts.day), (2000, 2, 29));
}
