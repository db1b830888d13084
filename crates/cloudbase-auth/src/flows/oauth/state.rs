//! Remembers who was sent to an identity source, for ten minutes and one way back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cloudbase_core::{EnvId, Result};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::STATE_LIFETIME;
use crate::flows::sign_in::provider::Options;
use crate::store::{SessionStore, StoreLock};
use crate::value::clock;
use crate::value::oauth_purpose::OAuthPurpose;
use cloudbase_core::Timestamp;

/// How many ways back are open at once; the oldest closes for a new one.
const OPEN: usize = 8;

/// What is kept under a state. Not to be shown: the parameters are secrets.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    pub(crate) provider: String,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) redirect_to: Option<String>,
    #[serde(rename = "type")]
    pub(crate) purpose: OAuthPurpose,
    /// How the provider token signs in.
    #[serde(default, skip_serializing_if = "Options::is_default")]
    pub(crate) options: Options,
    /// The user to whose account an identity is bound, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    /// For the way back.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) params: Map<String, Value>,
}

impl Remembered {
    /// A sign-in that has begun elsewhere.
    pub(crate) fn sign_in_at(provider: String) -> Self {
        Self {
            provider,
            redirect_uri: None,
            redirect_to: None,
            purpose: OAuthPurpose::SignIn,
            options: Options::default(),
            sub: None,
            params: Map::new(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    remembered: Remembered,
    until: Timestamp,
    /// Grows with every way that is opened: times can be equal, and clocks set back.
    #[serde(default)]
    serial: u64,
}

type Entries = BTreeMap<String, Entry>;

pub(crate) struct OAuthStates {
    store: Arc<dyn SessionStore>,
    key: String,
}

impl OAuthStates {
    pub(crate) fn new(store: Arc<dyn SessionStore>, env_id: &EnvId) -> Self {
        Self {
            store,
            key: format!("oauth_{env_id}"),
        }
    }

    pub(crate) async fn remember(&self, state: &str, remembered: Remembered) -> Result<()> {
        let until = clock::wall() + STATE_LIFETIME;
        self.change(|entries| {
            while entries.len() >= OPEN {
                let oldest = entries.iter().min_by_key(|(_, entry)| entry.serial);
                let Some(oldest) = oldest.map(|(state, _)| state.clone()) else {
                    break;
                };
                entries.remove(&oldest);
            }
            let newest = entries.values().map(|entry| entry.serial).max();
            let entry = Entry {
                remembered: remembered.clone(),
                until: until.into(),
                serial: newest.unwrap_or_default().saturating_add(1),
            };
            entries.insert(state.to_owned(), entry);
        })
        .await
    }

    /// What was remembered under `state`, which is forgotten by this.
    pub(crate) async fn take(&self, state: &str) -> Result<Option<Remembered>> {
        let mut found = None;
        self.change(|entries| found = entries.remove(state)).await?;
        Ok(found.map(|entry| entry.remembered))
    }

    /// Changes what is stored. If the lock is lost on the way, what is stored by then is changed.
    async fn change(&self, mut change: impl FnMut(&mut Entries) + Send) -> Result<()> {
        let mut tries = 3;
        loop {
            tries -= 1;
            let lock = self.store.lock(&self.key).await?;
            let result = self.change_locked(&mut change, &lock).await;
            let was_lost = matches!(&result, Err(error) if lock.was_lost(error));
            lock.release().await;
            if !was_lost || tries == 0 {
                return result;
            }
        }
    }

    async fn change_locked(
        &self,
        change: &mut (impl FnMut(&mut Entries) + Send),
        lock: &StoreLock,
    ) -> Result<()> {
        let stored = self.store.load(&self.key).await?;
        let mut entries: Entries = stored
            .and_then(|json| serde_json::from_str(json.expose_secret()).ok())
            .unwrap_or_default();
        let now = clock::wall();
        // A clock that was set back must not keep a state for ever.
        entries.retain(|_, entry| {
            let left = entry.until.as_system_time().duration_since(now);
            left.is_ok_and(|left| left <= STATE_LIFETIME + Duration::from_secs(1))
        });
        change(&mut entries);
        if entries.is_empty() {
            return self.store.remove(&self.key, lock).await;
        }
        let json = serde_json::to_string(&entries).unwrap_or_default();
        self.store.save(&self.key, &json.into(), lock).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;
    use crate::store::conformance::Fenced;

    fn remembered(provider: &str) -> Remembered {
        Remembered {
            provider: provider.to_owned(),
            redirect_uri: None,
            redirect_to: Some("https://a.example/?x=1".to_owned()),
            purpose: OAuthPurpose::BindIdentity,
            options: Options::default(),
            sub: Some("u1".to_owned()),
            params: Map::from_iter([("code_verifier".to_owned(), "v".into())]),
        }
    }

    #[tokio::test]
    async fn a_state_is_good_once_and_the_oldest_gives_way() {
        let store = Arc::new(MemoryStore::new());
        let states = OAuthStates::new(store.clone(), &EnvId::new("e").unwrap());
        states.remember("s", remembered("github")).await.unwrap();
        assert!(states.take("other").await.unwrap().is_none());
        assert!(states.take("s").await.unwrap() == Some(remembered("github")));
        assert!(states.take("s").await.unwrap().is_none());
        assert!(store.load("oauth_e").await.unwrap().is_none());
        // Names that sort the other way round, all within a millisecond or two.
        let name = |n: usize| format!("s{}", 2 * OPEN - n);
        for n in 0..=OPEN + 1 {
            states
                .remember(&name(n), remembered("github"))
                .await
                .unwrap();
        }
        for n in 0..=OPEN + 1 {
            let kept = states.take(&name(n)).await.unwrap().is_some();
            assert_eq!(kept, n >= 2, "{n}");
        }
    }

    #[tokio::test]
    async fn a_lock_that_is_lost_on_the_way_loses_no_state() {
        let store = Arc::new(Fenced::default());
        let (ours, theirs) = (
            OAuthStates::new(store.clone(), &EnvId::new("e").unwrap()),
            OAuthStates::new(store.clone(), &EnvId::new("e").unwrap()),
        );
        // While ours is on its way, another process remembers one, too.
        store.lose_the_next_lock(async move {
            theirs
                .remember("theirs", remembered("gitee"))
                .await
                .unwrap();
        });
        ours.remember("ours", remembered("github")).await.unwrap();
        // And while it is taken back, another one takes its own.
        let thief = OAuthStates::new(store.clone(), &EnvId::new("e").unwrap());
        store.lose_the_next_lock(async move {
            assert!(thief.take("ours").await.unwrap().is_some());
        });
        assert!(ours.take("ours").await.unwrap().is_none(), "good once");
        assert!(ours.take("theirs").await.unwrap() == Some(remembered("gitee")));
    }

    #[tokio::test]
    async fn a_state_is_good_for_ten_minutes_whatever_the_clock_does() {
        use crate::value::clock::tests::shift;
        let states = OAuthStates::new(Arc::new(MemoryStore::new()), &EnvId::new("e").unwrap());
        for (seconds, good) in [(0, true), (590, true), (601, false), (-36_000, false)] {
            states.remember("s", remembered("github")).await.unwrap();
            shift(seconds);
            let kept = states.take("s").await.unwrap().is_some();
            assert_eq!(kept, good, "after {seconds} s");
        }
    }
}
