//! x
#[test]
fn it_is() {}
