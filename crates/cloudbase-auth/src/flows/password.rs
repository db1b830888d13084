//! Passwords: forgotten ones, and new ones.

mod change;
mod reauthenticate;
mod reset;
mod sudo;

pub use self::change::{ResetPasswordForOld, SetPassword};
pub use self::reauthenticate::{
    PendingReauthentication, PendingReauthenticationResend, PendingReauthenticationUpdateUser,
    PendingReauthenticationVerify, Reauthenticate,
};
pub use self::reset::{
    PendingPasswordReset, PendingPasswordResetResend, PendingPasswordResetUpdateUser,
    ResetPasswordForEmail,
};
pub use self::sudo::{SudoToken, SudoWithPassword, SudoWithVerification};
pub(crate) use self::sudo::{password_sudo_call, sudo};
