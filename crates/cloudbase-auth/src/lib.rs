//! Sign-in, sessions, accounts and verification for the CloudBase SDK.
