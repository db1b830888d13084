//! Regions, sites and hosts.

use super::*;
use crate::config::{Endpoint, EnvId};

#[test]
fn regions_choose_the_host() {
    let env_id = EnvId::new("demo-1a2b3c").unwrap();
    for (region, host) in [
        ("ap-shanghai", "demo-1a2b3c.api.tcloudbasegateway.com"),
        ("ap-guangzhou", "demo-1a2b3c.api.tcloudbasegateway.com"),
        ("ap-hongkong", "demo-1a2b3c.api.tcloudbasegateway.com"),
        ("ap-singapore", "demo-1a2b3c.api.intl.tcloudbasegateway.com"),
        ("na-ashburn", "demo-1a2b3c.api.intl.tcloudbasegateway.com"),
    ] {
        let site = Region::new(region).unwrap().site().unwrap();
        assert_eq!(
            Endpoint::of(&env_id, site).unwrap().host(),
            host,
            "{region}"
        );
    }
    assert_eq!(Region::default().as_str(), "ap-shanghai");
    for bad in [
        "",
        "AP-SHANGHAI",
        "a b",
        "ap_shanghai",
        "a/b",
        &"a".repeat(33),
    ] {
        assert!(Region::new(bad).is_err(), "{bad}");
    }
}
