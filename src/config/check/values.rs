//! Checks single values against AWS's rules: e-mail addresses, names, ids, …, each rule with its source. An error says why a value is refused.

/// Countries in which AWS wants the state or region of an address. Source: the API reference of Account Management, `ContactInformation`.
pub(crate) const WITH_STATE: [&str; 7] = ["US", "CA", "GB", "DE", "JP", "IN", "BR"];

/// A primary e-mail address. Source: CreateAccount's documentation of `Email`.
pub(crate) fn email(text: &str) -> Result<(), &'static str> {
    let (local, domain) = text.split_once('@').ok_or("it has no @")?;
    if !text.is_ascii() || text.bytes().any(|b| b.is_ascii_control()) {
        return Err("only printable ASCII characters are allowed");
    }
    if !(6..=64).contains(&text.len()) {
        return Err("it must be 6 to 64 characters long");
    }
    if domain.contains('@') {
        return Err("it has more than one @");
    }
    if local.is_empty() || local.starts_with('.') {
        return Err("the part before the @ must not be empty or begin with a dot");
    }
    if local.contains(|c: char| c.is_whitespace() || "\"'()<>[]:;,\\|%&".contains(c)) {
        return Err("the part before the @ must not contain white space or any of \" ' ( ) < > [ ] : ; , \\ | % &");
    }
    if domain.contains(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.') {
        return Err("the domain may hold only letters, digits, hyphens and dots");
    }
    if domain.starts_with(['-', '.']) || domain.ends_with(['-', '.']) {
        return Err("the domain must not begin or end with a hyphen or a dot");
    }
    if !domain.contains('.') {
        return Err("the domain must contain a dot");
    }
    Ok(())
}

/// An account id. Source: the pattern of AccountId.
pub(crate) fn account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// The id of a VPC: AWS's older ones are shorter.
pub(crate) fn vpc_id(text: &str) -> bool {
    let hexadecimal = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    text.strip_prefix("vpc-").is_some_and(|digits| matches!(digits.len(), 8 | 17) && hexadecimal(digits))
}

/// A Region's name by its shape. Which Regions there are: [`crate::limits::Regions`].
pub(crate) fn region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    match parts.as_slice() {
        [first, middle @ .., last] => {
            (2..=4).contains(&first.len())
                && !middle.is_empty()
                && [first].into_iter().chain(middle).all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase()))
                && !last.is_empty()
                && last.bytes().all(|b| b.is_ascii_digit())
        }
        [] | [_] => false,
    }
}

/// A role's name. Source: the pattern of CreateAccount's `RoleName`.
pub(crate) fn role(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b))
}

/// An external id of a role. Source: the pattern of AssumeRole's `ExternalId`.
pub(super) fn external_id(text: &str) -> bool {
    (2..=1224).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b))
}

/// A service principal, such as `config.amazonaws.com`. Source: the pattern of ServicePrincipal, and that all end so.
pub(crate) fn service(text: &str) -> bool {
    let name = text.strip_suffix(".amazonaws.com").or_else(|| text.strip_suffix(".amazonaws.com.cn"));
    name.is_some_and(|name| {
        text.len() <= 128
            && name.split('.').all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'))
    })
}

/// The name of an OU. Source: CreateOrganizationalUnit, 1 to 128 characters.
pub(crate) fn ou_name(text: &str) -> Result<(), &'static str> {
    // Blank ones are a nuisance, and AWS takes them: an organization that has one must be sayable.
    if (1..=128).contains(&text.chars().count()) { Ok(()) } else { Err("an OU's name is 1 to 128 characters long") }
}

/// The name of a policy. Source: CreatePolicy, 1 to 128 ASCII characters.
pub(crate) fn policy_name(text: &str) -> Result<(), &'static str> {
    if !text.is_ascii() {
        return Err("a policy's name is of ASCII characters");
    }
    between(text, 128, "a policy's name is 1 to 128 characters long")
}

/// The description of a policy. Source: CreatePolicy, at most 512 characters.
pub(crate) fn policy_description(text: &str) -> Result<(), &'static str> {
    if text.chars().count() > 512 { Err("a description is at most 512 characters long") } else { Ok(()) }
}

/// The name of an account. Source: CreateAccount, 1 to 50 characters from space to tilde.
pub(crate) fn account_name(text: &str) -> Result<(), &'static str> {
    if !text.bytes().all(|b| (0x20..=0x7e).contains(&b)) {
        return Err("an account's name is of printable ASCII characters");
    }
    between(text, 50, "an account's name is 1 to 50 characters long")
}

/// The alias of an account. Source: the pattern of the API reference of CreateAccountAlias, read 2026-12-01.
pub(crate) fn account_alias(text: &str) -> Result<(), &'static str> {
    if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err("an alias is of small letters, digits and hyphens");
    }
    if text.starts_with('-') || text.ends_with('-') || text.contains("--") {
        return Err("an alias neither begins nor ends with a hyphen, and has no two hyphens in a row");
    }
    if text.len() < 3 { Err("an alias is at least 3 characters long") } else { between(text, 63, "an alias is at most 63 characters long") }
}

/// A text of a contact. Source: the lengths in the API reference of Account Management.
pub(crate) fn at_most(text: &str, most: usize) -> Result<(), String> {
    between(text, most, "").map_err(|_| format!("it is 1 to {most} characters long"))
}

/// The e-mail address of a contact. Source: the pattern of the API's EmailAddress.
pub(crate) fn contact_email(text: &str) -> Result<(), &'static str> {
    let (local, domain) = text.split_once('@').ok_or("it has no @")?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.len() > 254 {
        return Err("it must be at most 254 characters long");
    }
    if local.is_empty() || !local.chars().all(|c| is_word(c) || "+=.#|!&-".contains(c)) {
        return Err("the part before the @ is of letters, digits and any of _ + = . # | ! & -");
    }
    match domain.rsplit_once('.') {
        Some((name, top))
            if !name.is_empty() && !top.is_empty() && name.chars().all(|c| is_word(c) || ".-".contains(c)) && top.chars().all(is_word) =>
        {
            Ok(())
        }
        Some(_) | None => Err("the part after the @ must be a domain name, such as example.org"),
    }
}

/// The telephone number of an alternate contact. Source: the pattern of the API's PhoneNumber.
pub(crate) fn phone(text: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_digit() || c.is_whitespace() || "()+-".contains(c);
    match (1..=25).contains(&text.len()) && text.chars().all(allowed) {
        true => Ok(()),
        false => Err("a telephone number is 1 to 25 digits, spaces and any of + - ( )"),
    }
}

/// That of a primary contact. Source: the pattern of the API's ContactInformationPhoneNumber.
pub(crate) fn phone_with_country(text: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_digit() || c.is_whitespace() || "()-".contains(c);
    let rest = text.strip_prefix('+').filter(|rest| (1..=19).contains(&rest.len()));
    match rest.is_some_and(|rest| rest.chars().all(allowed)) {
        true => Ok(()),
        false => Err("it begins with + and the number of the country, and is at most 20 characters long: `+49 30 1234`"),
    }
}

/// The code of a country. Source: the API's CountryCode, ISO 3166.
pub(crate) fn country(text: &str) -> Result<(), &'static str> {
    match text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()) {
        true => Ok(()),
        false => Err("write the two letters of ISO 3166, as in `DE`"),
    }
}

fn between(text: &str, most: usize, why: &'static str) -> Result<(), &'static str> {
    if text.trim().is_empty() || text.chars().count() > most { Err(why) } else { Ok(()) }
}

/// The key of a tag. Source: the API's Tag, 1 to 128 characters; `aws:` is reserved for AWS and `overlord:` for overlord.
pub(crate) fn tag_key(text: &str) -> Result<(), &'static str> {
    if text.get(..4).is_some_and(|p| p.eq_ignore_ascii_case("aws:")) {
        return Err("keys that begin with `aws:` belong to AWS");
    }
    if text.starts_with("overlord:") {
        return Err("keys that begin with `overlord:` belong to overlord itself");
    }
    if text.is_empty() || text.chars().count() > 128 {
        return Err("a tag's key is 1 to 128 characters long");
    }
    tag_characters(text)
}

/// The value of a tag. Source: the API's Tag, at most 256 characters.
pub(crate) fn tag_value(text: &str) -> Result<(), &'static str> {
    if text.chars().count() > 256 {
        return Err("a tag's value is at most 256 characters long");
    }
    tag_characters(text)
}

/// Source: the pattern of the API's Tag, `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`. Rust's alphabetic is a little wider than `\p{L}`: what slips
/// through, AWS refuses itself.
fn tag_characters(text: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c);
    if text.chars().all(allowed) { Ok(()) } else { Err("only letters, digits, spaces and _ . : / = + - @ are allowed") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails() {
        for good in ["a@b.co", "aws+x-y@example.org", "first.last@sub.example.com"] {
            assert_eq!(email(good), Ok(()), "{good}");
        }
        let long = format!("{}@example.org", "a".repeat(60));
        for bad in [
            "a@b.c",
            "ab.example",
            "a@@b.example",
            ".a@b.example",
            "a b@c.example",
            "a%b@c.example",
            "a@-b.example",
            "a@example",
            "ä@b.example",
            &long,
        ] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn regions_and_services() {
        for good in ["eu-west-1", "us-gov-east-1", "ap-southeast-12", "eusc-de-east-1"] {
            assert!(region(good), "{good}");
        }
        for bad in ["", "eu", "eu-1", "eu-west", "EU-west-1", "eu--1", "eu-west-1a"] {
            assert!(!region(bad), "{bad}");
        }
        assert!(service("member.org.stacksets.cloudformation.amazonaws.com"));
        for bad in ["config", ".amazonaws.com", "Config.amazonaws.com", "config.amazon.com", "a..b.amazonaws.com"] {
            assert!(!service(bad), "{bad}");
        }
    }

    #[test]
    fn tags() {
        assert_eq!(tag_key("kosten stelle:Ä"), Ok(()));
        assert_eq!(tag_value(""), Ok(()));
        for bad in ["", "AWS:x", "overlord:address", "a{b}", "a\nb"] {
            assert!(tag_key(bad).is_err(), "{bad}");
        }
    }
}
