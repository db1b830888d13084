//! The settings that come from environment variables.

use secrecy::SecretString;

use super::ProxyVariables;
use super::key::ConfigKey;

/// What the environment says; read at once, looked at when the settings are checked.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    pub(super) values: Vec<Variable>,
    pub(super) proxies: Option<ProxyVariables>,
}

#[derive(Clone)]
pub(super) struct Variable {
    pub(super) key: ConfigKey,
    pub(super) name: &'static str,
    pub(super) value: SecretString,
}

impl Environment {
    /// Asks `lookup` for every variable that the SDK knows. An empty one counts as not set.
    pub(crate) fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let values = ConfigKey::ALL.iter().filter_map(|&key| {
            key.variables().iter().find_map(|name| {
                let value = lookup(name).filter(|value| !value.is_empty())?;
                let value = value.into();
                Some(Variable { key, name, value })
            })
        });
        Self {
            values: values.collect(),
            proxies: Some(ProxyVariables::read(&lookup)),
        }
    }

    /// Reads the variables of this process.
    pub(crate) fn of_process() -> Self {
        Self::read(variable)
    }
}

/// A variable of this process. What is not Unicode keeps a mark that no rule lets pass.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
