//! `cargo xtask interop`: our code judged by others. Official SDKs call the emulator; a gateway on Node cuts its responses;
//! the suites for MySQL, Redis and the Secret Service run on real servers, which are started here on free ports unless
//! the environment names others.

mod official;
mod server;
mod suites;

use anyhow::{Context, Result, bail};

use self::server::Server;
use crate::{
    flags::{Interop, Judge},
    project::{Project, timed},
    tools::{DBUS, DBUS_SEND, GNOME_KEYRING, MARIADB_INSTALL, MARIADBD, NODE, NPM, REDIS, Tool},
};

/// The servers that suites of ours can run on.
const SERVICES: &[Service] = &[
    Service {
        judge: Judge::Mysql,
        variable: "CLOUDBASE_TEST_MYSQL_URL",
        tools: &[MARIADBD, MARIADB_INSTALL],
        start: Server::mariadb,
    },
    Service {
        judge: Judge::Redis,
        variable: "CLOUDBASE_TEST_REDIS_URL",
        tools: &[REDIS],
        start: Server::redis,
    },
    Service {
        judge: Judge::Keyring,
        variable: "CLOUDBASE_TEST_SECRET_SERVICE",
        tools: &[DBUS, DBUS_SEND, GNOME_KEYRING],
        start: Server::secret_service,
    },
];

/// Where a test that starts Node itself finds it.
const NODE_VARIABLE: &str = "CLOUDBASE_TEST_NODE";

struct Service {
    judge: Judge,
    /// Where tests read the server's address; when it is set, that server is used.
    variable: &'static str,
    tools: &'static [Tool],
    start: fn() -> Result<Server>,
}

pub(crate) fn run(project: &Project, options: &Interop) -> Result<()> {
    // A Secret Service is what a desktop on Linux has.
    let is_possible = |judge: Judge| judge != Judge::Keyring || cfg!(target_os = "linux");
    let is_chosen = |judge: Judge| match options.only.is_empty() {
        true => is_possible(judge),
        false => options.only.contains(&judge),
    };

    let mut services = Vec::new();
    let mut sources = Vec::new();
    for service in SERVICES.iter().filter(|service| is_chosen(service.judge)) {
        let readers = suites::readers(project, service.variable)?;
        if !readers.is_empty() {
            services.push(service);
            sources.extend(readers);
        } else if options.only.is_empty() {
            println!(
                "no test reads {}: its server is not needed",
                service.variable
            );
        } else {
            bail!("no test reads {}", service.variable);
        }
    }

    // Everything that is missing is said before anything is built.
    let started = services
        .iter()
        .filter(|service| std::env::var_os(service.variable).is_none());
    for tool in started.flat_map(|service| service.tools) {
        tool.find()?;
    }
    if is_chosen(Judge::Sdks) {
        NODE.find()?;
        NPM.find()?;
        timed("official SDKs", || official::run(project))?;
    }
    let mut variables = Vec::new();
    if is_chosen(Judge::Gateway) {
        sources.extend(suites::readers(project, NODE_VARIABLE)?);
        variables.push((NODE_VARIABLE, NODE.find()?.display().to_string()));
    }
    if services.is_empty() && variables.is_empty() {
        return Ok(());
    }

    let mut servers = Vec::new();
    for service in services {
        let address = match std::env::var(service.variable) {
            Ok(address) => address,
            Err(_) => {
                let server = (service.start)()
                    .with_context(|| format!("no server for {}", service.variable))?;
                let address = server.address.clone();
                servers.push(server);
                address
            }
        };
        variables.push((service.variable, address));
    }
    timed("suites on real servers", || {
        suites::run(project, &variables, &sources)
    })
}
