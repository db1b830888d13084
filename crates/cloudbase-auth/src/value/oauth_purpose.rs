//! What an OAuth flow is for.

/// What the user is sent to the identity source for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OAuthPurpose {
    /// To sign in.
    SignIn,
    /// To bind the identity to the account that is signed in.
    BindIdentity,
}
