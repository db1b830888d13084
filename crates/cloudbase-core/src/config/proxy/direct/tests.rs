//! Networks in a list of hosts.

#[test]
fn networks_of_any_width() {
    let contains = |network: &str, address| super::Direct::parse(network).contains(address, 1);
    assert!(contains("0.0.0.0/0", "8.8.8.8"));
    assert!(contains("::/0", "2001:db8::1"));
    assert!(!contains("::/0", "8.8.8.8"));
    assert!(contains("*", "8.8.8.8") && contains("*", "2001:db8::1"));
    assert!(contains("10.0.0.1/32", "10.0.0.1"));
    assert!(!contains("10.0.0.1/32", "10.0.0.2"));
    assert!(contains("10.0.0.0/8", "::ffff:10.9.9.9"));
    assert!(contains("::ffff:10.0.0.0/104", "10.9.9.9"));
    assert!(!contains("::ffff:10.0.0.0/104", "11.9.9.9"));
}
