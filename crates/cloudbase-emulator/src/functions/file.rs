//! The JSON file that names functions, services and APIs for the stand-alone emulator.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use super::{
    command::LocalCommand,
    function::{Access, Function, Service},
    route::is_name,
};
use crate::error::StartError;

/// What a file holds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    functions: BTreeMap<String, FunctionSpec>,
    services: BTreeMap<String, TargetSpec>,
    apis: BTreeMap<String, TargetSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FunctionSpec {
    url: Option<String>,
    command: Option<Vec<String>>,
    dir: Option<PathBuf>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    port_env: Option<String>,
    port: Option<u16>,
    timeout_seconds: Option<f64>,
    access: Option<Access>,
    #[serde(default)]
    web: bool,
    concurrency: Option<usize>,
    #[serde(default)]
    versions: BTreeMap<String, FunctionSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TargetSpec {
    url: Option<String>,
    command: Option<Vec<String>>,
    dir: Option<PathBuf>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    port_env: Option<String>,
    port: Option<u16>,
    timeout_seconds: Option<f64>,
    access: Option<Access>,
}

/// The content of a file, ready to be called.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) functions: Vec<(String, Function)>,
    pub(super) services: Vec<(String, Service)>,
    pub(super) apis: Vec<(String, Service)>,
}

/// Reads a file; folders in it are relative to the file's own.
pub(super) fn load(path: &Path) -> Result<Loaded, StartError> {
    let at = |what: &str| format!("{}: {what}", path.display());
    let text = std::fs::read_to_string(path)
        .map_err(|error| StartError::caused_by(format!("cannot read {}", path.display()), error))?;
    let file: File = serde_json::from_str(&text)
        .map_err(|error| StartError::caused_by(at("not a functions file"), error))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut loaded = Loaded::default();
    for (name, spec) in file.functions {
        check_name(&name).map_err(|error| StartError::new(at(&error)))?;
        let function = spec.function(folder);
        let function = function.map_err(|error| StartError::caused_by(at(&name), error))?;
        loaded.functions.push((name, function));
    }
    for (specs, services) in [
        (file.services, &mut loaded.services),
        (file.apis, &mut loaded.apis),
    ] {
        for (name, spec) in specs {
            check_name(&name).map_err(|error| StartError::new(at(&error)))?;
            let service = spec.service(folder);
            let service = service.map_err(|error| StartError::caused_by(at(&name), error))?;
            services.push((name, service));
        }
    }
    Ok(loaded)
}

fn check_name(name: &str) -> Result<(), String> {
    if is_name(name) {
        return Ok(());
    }
    Err(format!(
        "`{name}` is not a valid name (2 to 60 letters, digits, `-` and `_`, starting with a letter and \
         ending with a letter or digit)"
    ))
}

impl FunctionSpec {
    fn function(self, folder: &Path) -> Result<Function, StartError> {
        let target = TargetSpec {
            url: self.url,
            command: self.command,
            dir: self.dir,
            env: self.env,
            port_env: self.port_env,
            port: self.port,
            timeout_seconds: self.timeout_seconds,
            access: self.access,
        };
        let timeout = target.timeout()?;
        let access = target.access;
        let mut function = match target.place(folder)? {
            Place::Url(url) => Function::url(&url)?,
            Place::Command(command) => Function::command(command),
        };
        if self.web {
            function = function.web();
        }
        if let Some(timeout) = timeout {
            function = function.timeout(timeout);
        }
        if let Some(access) = access {
            function = function.access(access);
        }
        if let Some(calls) = self.concurrency {
            function = function.concurrency(calls);
        }
        for (qualifier, spec) in self.versions {
            function = function.version(qualifier, spec.function(folder)?);
        }
        Ok(function)
    }
}

enum Place {
    Url(String),
    Command(LocalCommand),
}

impl TargetSpec {
    fn service(self, folder: &Path) -> Result<Service, StartError> {
        let timeout = self.timeout()?;
        let access = self.access;
        let mut service = match self.place(folder)? {
            Place::Url(url) => Service::url(&url)?,
            Place::Command(command) => Service::command(command),
        };
        if let Some(timeout) = timeout {
            service = service.timeout(timeout);
        }
        if let Some(access) = access {
            service = service.access(access);
        }
        Ok(service)
    }

    fn timeout(&self) -> Result<Option<Duration>, StartError> {
        let Some(seconds) = self.timeout_seconds else {
            return Ok(None);
        };
        match Duration::try_from_secs_f64(seconds) {
            Ok(timeout) if !timeout.is_zero() => Ok(Some(timeout)),
            _ => Err(StartError::new("timeoutSeconds must be a positive number")),
        }
    }

    fn place(self, folder: &Path) -> Result<Place, StartError> {
        let mut words = match (self.url, self.command) {
            (Some(url), None) => return Ok(Place::Url(url)),
            (None, Some(words)) => words.into_iter(),
            _ => return Err(StartError::new("give either `url` or `command`")),
        };
        let program = words
            .next()
            .ok_or_else(|| StartError::new("`command` must name a program"))?;
        let dir = self
            .dir
            .map_or_else(|| folder.to_path_buf(), |dir| folder.join(dir));
        let mut command = LocalCommand::new(program).args(words);
        if !dir.as_os_str().is_empty() {
            command = command.dir(dir);
        }
        for (name, value) in self.env {
            command = command.env(name, value);
        }
        if let Some(name) = self.port_env {
            command = command.port_env(name);
        }
        if let Some(port) = self.port {
            command = command.port(port);
        }
        Ok(Place::Command(command))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Loaded, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("functions.json");
        std::fs::write(&path, json).unwrap();
        load(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn a_full_file() {
        let loaded = read(
            r#"{
                "functions": {
                    "sum": {"url": "http://127.0.0.1:3000", "timeoutSeconds": 3, "concurrency": 2,
                            "versions": {"1": {"url": "http://127.0.0.1:3001"}}},
                    "hello": {"command": ["npx", "tcb-ff"], "dir": "hello", "env": {"A": "b"}},
                    "site": {"command": ["./scf_bootstrap"], "port": 9000, "web": true, "access": "signedIn"}
                },
                "services": {"api": {"url": "http://127.0.0.1:8080"}},
                "apis": {"pay_x1": {"url": "http://127.0.0.1:8081/base", "access": "admin"}}
            }"#,
        )
        .unwrap();
        assert_eq!(
            (
                loaded.functions.len(),
                loaded.services.len(),
                loaded.apis.len()
            ),
            (3, 1, 1)
        );
        let sum = &loaded
            .functions
            .iter()
            .find(|(name, _)| name == "sum")
            .unwrap()
            .1;
        assert!(sum.qualified(Some("1")).is_some());
        assert_eq!(sum.timeout, Duration::from_secs(3));
    }

    #[test]
    fn mistakes_are_named() {
        for (json, part) in [
            (r#"{"functons": {}}"#, "functons"),
            (r#"{"functions": {"a b": {"url": "http://x"}}}"#, "a b"),
            (r#"{"functions": {"ab": {}}}"#, "`url` or `command`"),
            (
                r#"{"functions": {"ab": {"url": "http://x", "command": ["y"]}}}"#,
                "`url` or `command`",
            ),
            (
                r#"{"functions": {"ab": {"command": []}}}"#,
                "name a program",
            ),
            (r#"{"services": {"ab": {"url": "https://x"}}}"#, "http://"),
            (
                r#"{"services": {"ab": {"url": "http://x", "timeoutSeconds": -1}}}"#,
                "timeoutSeconds",
            ),
            ("[", "not a functions file"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
