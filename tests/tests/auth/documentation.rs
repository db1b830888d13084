//! Users of the other SDKs find every method by the name that they know, with its errors and an
//! example.

use std::path::Path;

/// Every auth method of the Flutter SDK, and those of the JavaScript SDK that this one has besides.
const METHODS: &[&str] = &[
    "signUp",
    "signInAnonymously",
    "signInWithPassword",
    "signInWithOtp",
    "signInWithOAuth",
    "signInWithIdToken",
    "signInWithCustomTicket",
    "getSession",
    "refreshSession",
    "setSession",
    "signOut",
    "onAuthStateChange",
    "getClaims",
    "getUser",
    "refreshUser",
    "updateUser",
    "deleteUser",
    "getUserIdentities",
    "linkIdentity",
    "unlinkIdentity",
    "resetPasswordForEmail",
    "resetPasswordForOld",
    "reauthenticate",
    "getVerification",
    "verify",
    "verifyOAuth",
    "verifyOtp",
    "resend",
    "getCaptchaToken",
    "createCaptchaData",
    "verifyCaptchaData",
    "detectSessionInUrl",
    "queryUser",
    "isUsernameRegistered",
    "sudo",
    "grantProviderToken",
    "bindWithProvider",
    "getProviders",
];

/// What stands above a public method, and its name.
struct Method {
    above: String,
    name: String,
}

impl Method {
    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.above.contains(&format!("doc(alias = \"{name}\")"))
    }
}

/// The public methods of every `impl Auth`.
fn methods(directory: &Path, found: &mut Vec<Method>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            methods(&path, found);
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for block in source.split("\nimpl Auth {\n").skip(1) {
            let block = block.split("\n}\n").next().unwrap();
            let mut above = String::new();
            for line in block.lines() {
                let rest = line
                    .strip_prefix("    pub fn ")
                    .or_else(|| line.strip_prefix("    pub async fn "));
                if let Some(rest) = rest {
                    let name = rest.split(['(', '<']).next().unwrap().to_owned();
                    let above = std::mem::take(&mut above);
                    found.push(Method { above, name });
                } else if line.starts_with("    ///") || line.starts_with("    #[") {
                    above.push_str(line);
                    above.push('\n');
                } else {
                    above.clear();
                }
            }
        }
    }
}

#[test]
fn every_method_has_its_other_name_its_errors_and_an_example() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/cloudbase-auth/src");
    let mut found = Vec::new();
    methods(&sources, &mut found);
    for name in METHODS {
        let method = found.iter().find(|method| method.is_called(name));
        let method = method.unwrap_or_else(|| panic!("no method is found by `{name}`"));
        assert!(method.above.contains("/// ```"), "`{name}` has no example");
        // To subscribe cannot fail.
        let fails = *name != "onAuthStateChange";
        assert_eq!(method.above.contains("# Errors"), fails, "`{name}`");
    }
}
