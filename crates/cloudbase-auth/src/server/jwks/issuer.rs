//! Whether an issuer is the service, for one environment.

use http::Uri;

/// What follows environment and region in the host of an issuer.
const ISSUER: &str = "tcb-api.tencentcloudapi.com";
/// What follows the environment in the hosts of its gateway.
const GATEWAY: [&str; 2] = [
    "api.tcloudbasegateway.com",
    "api.intl.tcloudbasegateway.com",
];

/// Whether `issuer` is a URL of the service for the environment. It is taken apart like any URL: as
/// a text, `https://env.@other.example` begins with the environment's id too.
pub(super) fn is_of(issuer: &str, env_id: &str) -> bool {
    // The parser drops a fragment without a word.
    if issuer.contains(['?', '#', '@', '\\']) {
        return false;
    }
    let Ok(url) = issuer.parse::<Uri>() else {
        return false;
    };
    let (Some(scheme @ ("https" | "http")), Some(authority)) = (url.scheme_str(), url.authority())
    else {
        return false;
    };
    let port = match scheme {
        "https" => ":443",
        _ => ":80",
    };
    let host = authority.as_str();
    let host = host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase();
    url.path() == "/" && is_host_of(&host, &env_id.to_ascii_lowercase())
}

fn is_host_of(host: &str, env_id: &str) -> bool {
    let Some(rest) = host
        .strip_prefix(env_id)
        .and_then(|rest| rest.strip_prefix('.'))
    else {
        return false;
    };
    let with_region = |(region, rest): (&str, &str)| !region.is_empty() && rest == ISSUER;
    GATEWAY.contains(&rest) || rest.split_once('.').is_some_and(with_region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_the_service_and_the_environment() {
        for good in [
            "https://env-x.ap-shanghai.tcb-api.tencentcloudapi.com",
            "http://env-x.ap-shanghai.tcb-api.tencentcloudapi.com",
            "https://env-x.ap-singapore.tcb-api.tencentcloudapi.com/",
            "https://ENV-x.ap-shanghai.TCB-api.tencentcloudapi.com:443",
            "https://env-x.api.tcloudbasegateway.com",
            "https://env-x.api.intl.tcloudbasegateway.com",
        ] {
            assert!(is_of(good, "env-x"), "{good}");
        }
        for bad in [
            "",
            "env-x",
            "env-x.ap-shanghai.tcb-api.tencentcloudapi.com",
            "https://env-x",
            "https://env-x.@evil.example",
            "https://env-x.ap-shanghai.tcb-api.tencentcloudapi.com@evil.example",
            "https://env-x.ap-shanghai.tcb-api.tencentcloudapi.com:x@evil.example/",
            "https://env-x.evil.example",
            "https://env-x.ap-shanghai.tcb-api.tencentcloudapi.com.evil.example",
            "https://env-x.ap-shanghaitcb-api.tencentcloudapi.com",
            "https://env-x.tcb-api.tencentcloudapi.com",
            "https://env-x..tcb-api.tencentcloudapi.com",
            "https://env-x.a.b.tcb-api.tencentcloudapi.com",
            "https://env-xy.ap-shanghai.tcb-api.tencentcloudapi.com",
            "https://evil.example/env-x.ap-shanghai.tcb-api.tencentcloudapi.com",
            "https://evil.example#env-x.ap-shanghai.tcb-api.tencentcloudapi.com",
            "https://env-x.ap-shanghai.tcb-api.tencentcloudapi.com?x",
            "https://env-x.ap-shanghai.tcb-api.tencentcloudapi.com/other",
            "https://env-x.ap-shanghai.tcb-api.tencentcloudapi.com:444",
            "ftp://env-x.ap-shanghai.tcb-api.tencentcloudapi.com",
            "://env-x.ap-shanghai.tcb-api.tencentcloudapi.com",
            "https://evil.example\\@env-x.api.tcloudbasegateway.com",
            "javascript:env-x.api.tcloudbasegateway.com",
        ] {
            assert!(!is_of(bad, "env-x"), "{bad}");
        }
    }
}
