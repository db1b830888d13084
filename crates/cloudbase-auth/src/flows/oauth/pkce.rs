//! Proof that a code is traded by the program that asked for it (RFC 7636).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use super::OAuth;
use crate::flows::identities::LinkIdentity;

impl OAuth {
    /// Binds the code that comes back to this attempt (PKCE, `S256`): a program that
    /// intercepts it on the way cannot trade it.
    ///
    /// The verifier is made here, remembered with the state for ten minutes and one use, and sent
    /// when the code is traded. The identity source must know PKCE, and the service must pass
    /// `other_params` and `provider_params` on to it.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
    /// use cloudbase_auth::{OAuth, OAuthLoopback};
    ///
    /// let way = OAuthLoopback::new(&auth).begin(OAuth::new("my-provider").pkce()).await?;
    /// println!("open {}", way.page().url);
    /// let done = way.finish().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "pkce")))]
    #[must_use]
    pub fn pkce(self) -> Self {
        let verifier = verifier();
        self.other_param("code_challenge", challenge(&verifier))
            .other_param("code_challenge_method", "S256")
            .provider_param("code_verifier", verifier)
    }
}

impl LinkIdentity {
    /// Binds the code that comes back to this attempt; see [`OAuth::pkce`].
    #[cfg_attr(docsrs, doc(cfg(feature = "pkce")))]
    pub fn pkce(self) -> Self {
        self.map(OAuth::pkce)
    }
}

/// 64 characters with 244 bits of the system's randomness; 43 to 128 are allowed.
fn verifier() -> String {
    let half = || uuid::Uuid::new_v4().simple().to_string();
    half() + &half()
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfc_and_no_verifier_comes_twice() {
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        let (one, other) = (verifier(), verifier());
        assert_ne!(one, other);
        assert!((43..=128).contains(&one.len()) && one.bytes().all(|b| b.is_ascii_alphanumeric()));
    }
}
