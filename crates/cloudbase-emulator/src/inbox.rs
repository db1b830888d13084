//! The inbox: every message that the real service would send by SMS or e-mail.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::auth::normal_phone;

/// Messages kept; older ones are dropped.
const CAPACITY: usize = 1000;

/// The messages that the emulator "sent", oldest first. Clones share the content.
#[derive(Clone, Default)]
pub struct Inbox {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    messages: Mutex<Vec<InboxMessage>>,
    arrived: Notify,
}

/// One message with a verification code.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InboxMessage {
    /// The e-mail address, or the phone number as `+86 13900001111`.
    pub to: String,
    /// `sms` or `email`.
    pub channel: String,
    /// The six digits, leading zeros included.
    pub code: String,
    /// What the caller got to verify the code with.
    pub verification_id: String,
    /// The `usage` of the request, such as `recovery`; empty if it had none.
    pub usage: String,
    /// The link of a message that was asked for with `email_redirect_to`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub link: Option<String>,
    /// When it was sent, RFC 3339 on the emulator's clock.
    pub sent_at: String,
}

impl Inbox {
    /// All messages, oldest first.
    pub fn messages(&self) -> Vec<InboxMessage> {
        self.lock().clone()
    }

    /// The newest message for an address. A phone number may be given as to the sign-in: bare digits are a number of mainland
    /// China, and spaces do not matter.
    pub fn latest(&self, to: &str) -> Option<InboxMessage> {
        self.lock()
            .iter()
            .rev()
            .find(|message| same_address(&message.to, to))
            .cloned()
    }

    /// The code of the newest message for an address.
    pub fn code(&self, to: &str) -> Option<String> {
        self.latest(to).map(|message| message.code)
    }

    /// Waits for the first message for an address, if none has come yet.
    ///
    /// Cancel safe: a dropped call loses nothing.
    pub async fn wait_for(&self, to: &str) -> InboxMessage {
        loop {
            let arrived = self.shared.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            if let Some(message) = self.latest(to) {
                return message;
            }
            arrived.await;
        }
    }

    /// Forgets all messages.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn deliver(&self, message: InboxMessage) {
        tracing::info!(
            to = message.to,
            channel = message.channel,
            "verification code sent to the inbox"
        );
        let mut messages = self.lock();
        if messages.len() == CAPACITY {
            messages.remove(0);
        }
        messages.push(message);
        drop(messages);
        self.shared.arrived.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<InboxMessage>> {
        self.shared
            .messages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox")
            .field("messages", &self.lock().len())
            .finish()
    }
}

impl fmt::Debug for InboxMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxMessage")
            .field("to", &self.to)
            .field("channel", &self.channel)
            .field("usage", &self.usage)
            .field("sent_at", &self.sent_at)
            .finish_non_exhaustive()
    }
}

fn same_address(a: &str, b: &str) -> bool {
    let letters = |text: &'_ str| {
        text.chars()
            .filter(|c| !c.is_whitespace())
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    normal_phone(&letters(a)) == normal_phone(&letters(b))
}

#[cfg(test)]
mod tests {
    use super::same_address;

    #[test]
    fn addresses_are_the_same_in_every_form_that_a_sign_in_takes() {
        for (kept, given) in [
            ("+86 13800000000", "13800000000"),
            ("+86 13800000000", "+8613800000000"),
            ("+86 13800000000", " 138 0000 0000 "),
            ("+1 4155550100", "+14155550100"),
            ("lin@example.org", "Lin@Example.org"),
        ] {
            assert!(same_address(kept, given), "{given}");
        }
        for (kept, given) in [
            ("+86 13800000000", "13800000001"),
            ("+1 4155550100", "4155550100"),
            ("lin@example.org", "lin@example.com"),
        ] {
            assert!(!same_address(kept, given), "{given}");
        }
    }
}
