//! How long a token is valid.

use super::*;

fn token(lifetime: Option<Duration>) -> Token {
    Token::bearer(&"the-secret".into(), lifetime).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_token_expires_after_its_lifetime() {
    let token = token(Some(Duration::from_secs(10)));
    tokio::time::advance(Duration::from_secs(4)).await;
    assert_eq!(token.remaining(), Some(Duration::from_secs(6)));
    assert_eq!(token.lifetime(), Some(Duration::from_secs(10)));
    assert!(!token.is_expired());
    tokio::time::advance(Duration::from_secs(7)).await;
    assert_eq!(token.remaining(), Some(Duration::ZERO));
    assert!(token.is_expired());
}

#[test]
fn a_lifetime_beyond_the_clock_is_unlimited() {
    for unlimited in [None, Some(Duration::MAX)] {
        let token = token(unlimited);
        assert_eq!((token.remaining(), token.lifetime()), (None, None));
        assert!(!token.is_expired());
    }
}
