//! Faults as the control API takes and shows them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Fault, Faults, Outcome, Script, Scripted};
use crate::pattern::Pattern;

/// A fault as the control API takes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    /// `METHOD /path` with `*`.
    #[serde(rename = "match")]
    pattern: String,
    times: Option<u32>,
    #[serde(default)]
    skip: u32,
    #[serde(default)]
    delay_ms: u64,
    status: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    body: Option<String>,
    reset_after: Option<u64>,
    close_after: Option<u64>,
    stall_after: Option<u64>,
    #[serde(default)]
    reset: bool,
    #[serde(default)]
    lose_response: bool,
}

/// A fault as the control API shows it.
#[derive(Serialize)]
pub(crate) struct View {
    id: u64,
    hits: u32,
    fault: String,
}

impl Faults {
    pub(crate) fn views(&self) -> Vec<View> {
        let view = |script: &Script| View {
            id: script.id,
            hits: script.hits,
            fault: script.fault.to_string(),
        };
        self.lock().scripts.iter().map(view).collect()
    }
}

impl Spec {
    /// The fault; an error names what does not go together.
    pub(crate) fn into_fault(self) -> Result<Fault, String> {
        let responds = self.status.is_some()
            || self.code.is_some()
            || self.body.is_some()
            || self.message.is_some()
            || !self.headers.is_empty();
        let cuts = [
            responds,
            self.reset,
            self.lose_response,
            self.reset_after.is_some(),
            self.close_after.is_some(),
            self.stall_after.is_some(),
        ];
        if cuts.iter().filter(|&&set| set).count() > 1 {
            return Err(
                "give at most one of: a response (status, code, …), reset, lose_response, \
                        reset_after, close_after, stall_after"
                    .to_owned(),
            );
        }
        if self
            .status
            .is_some_and(|status| !(200..=599).contains(&status))
        {
            return Err("status must be between 200 and 599".to_owned());
        }
        Pattern::parse(&self.pattern)?;
        let mut fault = Fault::on(&self.pattern)
            .skip(self.skip)
            .delay(Duration::from_millis(self.delay_ms));
        fault.times = self.times;
        if responds {
            let default = Scripted::default();
            fault.outcome = Outcome::Respond(Scripted {
                status: self.status.unwrap_or(default.status),
                code: self.code.unwrap_or(default.code),
                message: self.message.unwrap_or(default.message),
                headers: self.headers.into_iter().collect(),
                body: self.body,
            });
        }
        Ok(
            match (self.reset_after, self.close_after, self.stall_after) {
                (Some(bytes), _, _) => fault.reset_after(bytes),
                (_, Some(bytes), _) => fault.close_after(bytes),
                (_, _, Some(bytes)) => fault.stall_after(bytes),
                _ if self.reset => fault.reset(),
                _ if self.lose_response => fault.lose_response(),
                _ => fault,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_has_one_outcome() {
        let spec = |json: &str| serde_json::from_str::<Spec>(json).unwrap().into_fault();
        assert!(spec(r#"{"match":"* *","reset":true,"status":500}"#).is_err());
        assert!(spec(r#"{"match":"* *","status":99}"#).is_err());
        assert!(spec(r#"{"match":"nonsense pattern"}"#).is_err());
        let fault = spec(r#"{"match":"* *","stall_after":4,"times":1}"#).unwrap();
        assert_eq!(fault.outcome, Outcome::Stall { bytes: 4 });
        assert!(serde_json::from_str::<Spec>(r#"{"match":"* *","typo":1}"#).is_err());
    }
}
